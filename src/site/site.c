/* A site file, loaded: defaults, order and the checks that need the whole. */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "profile_use.h"
#include "read.h"

static enum vl_status
default_state(struct vl_buf *path, struct vl_err *err)
{
	const char *home = getenv("XDG_STATE_HOME");

	if (geteuid() == 0)
		return vl_buf_printf(path, err, "/var/lib/valise");
	/* The XDG specification: a relative value is to be ignored. */
	if (home != NULL && home[0] == '/')
		return vl_buf_printf(path, err, "%s/valise", home);
	home = getenv("HOME");
	if (home == NULL || home[0] != '/')
		return vl_fail(err, VL_EUSAGE,
		    "no place for the state: HOME is not set; give 'state' in "
		    "the site file");
	return vl_buf_printf(path, err, "%s/.local/state/valise", home);
}

void
vl_site_free(struct vl_site *site)
{
	struct vl_resource *r = NULL;
	size_t i = 0;

	if (site == NULL)
		return;
	for (r = site->resources; i < site->nresources; i++, r++) {
		/* A word of profiles. */
		while (r->nunit > 0)
			free(r->unit[--r->nunit]);
		free(r->unit);
		r->unit = NULL;
	}
	for (i = 0; i < site->nmembers; i++) {
		vl_site_clear(VL_SCOPE_MEMBERS, &site->members[i]);
		free(site->members[i].resource);
	}
	free(site->members);
	vl_site_clear(VL_SCOPE_SITE, site);
	free(site->file);
	free(site->dir);
	free(site);
}

const struct vl_resource *
vl_site_resource(const struct vl_site *site, const char *name)
{
	size_t i = 0;

	for (i = 0; i < site->nresources; i++)
		if (strcmp(site->resources[i].name, name) == 0)
			return &site->resources[i];
	return NULL;
}

static int
by_name(const void *a, const void *b)
{
	const struct vl_resource *x = a;
	const struct vl_resource *y = b;
	int order = strcmp(x->name, y->name);

	/* Of two with one name the later one is the one to complain of. */
	if (order == 0)
		return (x->line > y->line) - (x->line < y->line);
	return order;
}

static enum vl_status
sort_resources(struct vl_site *site, struct vl_err *err)
{
	struct vl_resource *r = site->resources;
	size_t i = 0;

	qsort(r, site->nresources, sizeof(*r), by_name);
	for (i = 1; i < site->nresources; i++)
		if (strcmp(r[i - 1].name, r[i].name) == 0)
			return vl_fail(err, VL_EUSAGE,
			    "%s:%u:%u: resource '%s' stands here twice; first "
			    "in line %u",
			    site->file, r[i].line, r[i].column, r[i].name,
			    r[i - 1].line);
	return VL_OK;
}

static enum vl_status
set_state(struct vl_site *site, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	enum vl_status st = VL_OK;

	if (site->state != NULL)
		return VL_OK;
	st = default_state(&path, err);
	if (st == VL_OK) {
		site->state = strndup((const char *)path.p, path.n);
		if (site->state == NULL)
			st = vl_fail_memory(err);
	}
	vl_buf_free(&path);
	return st;
}

/* The absolute directory of `file`. */
static enum vl_status
file_dir(char **out, const char *file, struct vl_err *err)
{
	char *copy = strdup(file);
	/* Who names all from the root may stand where nothing is any more. */
	char *here = file[0] == '/' ? strdup("/") : getcwd(NULL, 0);
	enum vl_status st = VL_OK;

	*out = NULL;
	if (here == NULL)
		st = vl_fail_errno(err, "cannot tell the current directory");
	else if (copy != NULL)
		*out = vl_site_join(here, dirname(copy));
	if (st == VL_OK && *out == NULL)
		st = vl_fail_memory(err);
	free(here);
	free(copy);
	return st;
}

enum vl_status
vl_site_parse(struct vl_site **out, const char *file, struct vl_slice text,
    struct vl_err *err)
{
	struct vl_site *site = NULL;
	struct vl_site_node *root = NULL;
	struct vl_site_reader reader = { 0 };
	char shown[PATH_MAX];
	char *dir = NULL; /* the site's */
	enum vl_status st = VL_OK;
	size_t i = 0;

	*out = NULL;
	reader.file = vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	site = calloc(1, sizeof(*site));
	if (site != NULL)
		site->file = strdup(file);
	if (site == NULL || site->file == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	site->keep_shadow = true;
	st = file_dir(&dir, file, err);
	if (st != VL_OK)
		goto out;
	site->dir = dir;
	reader.dir = dir;
	st = vl_site_yaml(&root, reader.file, text, err);
	if (st == VL_OK)
		st = vl_site_read_map(&reader, VL_SCOPE_SITE, site, root, err);
	if (st == VL_OK)
		st = sort_resources(site, err);
	if (st == VL_OK) {
		vl_profile_use_prefixes(site);
		st = vl_site_check_rules(&reader, site, root, err);
	}
	if (st == VL_OK)
		st = vl_site_check_masters(&reader, site, err);
	if (st == VL_OK)
		st = vl_site_check_ciphers(
		    &(struct vl_declarations){
		        site->ciphers, site->nciphers, reader.file, NULL },
		    err);
	if (st == VL_OK)
		st = set_state(site, err);
	if (st != VL_OK)
		goto out;
	for (i = 0; i < site->nmap_records; i++)
		site->map_records[i].site_file = site->file;
	*out = site;
	site = NULL;
out:
	vl_site_node_free(root);
	vl_site_free(site);
	return st;
}

enum vl_status
vl_site_load(struct vl_site **out, const char *file, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_err why = { 0 };
	char shown[PATH_MAX];
	char *real = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	/* A link to a site file is followed: whoever names it chose it. */
	real = realpath(file, NULL);
	if (real != NULL)
		st =
		    vl_read_file(AT_FDCWD, real, VL_SITE_FILE_MAX, &text, &why);
	if (real == NULL || st != VL_OK)
		st = vl_fail(err, VL_EUSAGE, "cannot read site file '%s': %s",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(file)),
		    real == NULL ? strerror(errno) : why.text);
	else
		st = vl_site_parse(out, file, vl_buf_slice(&text), err);
	free(real);
	vl_buf_free(&text);
	return st;
}
