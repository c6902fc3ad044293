/* Master keys that a site has (formats/site.md): what of an entry one value
 * alone does not show. */

#include <string.h>

#include <valise/family.h>
#include <valise/master.h>

#include "read.h"

const struct vl_master_words *
vl_site_master(const struct vl_site *site, const char *name)
{
	size_t i = 0;

	for (i = 0; i < site->nmasters; i++)
		if (strcmp(site->masters[i].name, name) == 0)
			return &site->masters[i];
	return NULL;
}

enum vl_status
vl_site_master_find(const struct vl_master_words **out,
    const struct vl_site *site, const char *name, struct vl_err *err)
{
	const char *quote = vl_family_is(name) ? "\"" : "";

	*out = vl_site_master(site, name);
	if (*out != NULL)
		return VL_OK;
	return vl_fail(err, VL_EUSAGE,
	    "%s: master key '%s' is not named; add 'master_keys: "
	    "[{name: %s%s%s, file: PATH}]'",
	    site->file, name, quote, name, quote);
}

enum vl_status
vl_site_master_read(struct vl_locked *out, struct vl_master_found *found,
    const struct vl_site *site, const struct vl_master_words *words,
    struct vl_err *err)
{
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;

	st = vl_master_read(out, found, words, &why);
	if (st == VL_EUSAGE)
		return vl_fail(err, VL_EUSAGE, "%s:%u:%u: %s", site->file,
		    words->line, words->column, why.text);
	if (st != VL_OK && err != NULL)
		*err = why;
	return st;
}

static bool
selects_keys(const char *path)
{
	return path != NULL && path[strlen(path) - 1] == '~';
}

/* What is wrong with where it is, or NULL. */
static const char *
wrong_place(const struct vl_master_words *m)
{
	const int from =
	    (m->file != NULL) + (m->ncommand > 0) + (m->credential != NULL);
	const int in = (m->json != NULL) + (m->yaml != NULL) +
	    (m->keyed != NULL) + (m->define != NULL);

	if (from > 1)
		return "one of 'file', 'command' and 'credential' has the key";
	if (from == 0 && (m->cipher == NULL || strcmp(m->cipher, "plain") != 0))
		return "this key has no 'file', 'command' or 'credential'";
	if (in > 0 && m->file == NULL)
		return "'json', 'yaml', 'line' and 'define' say where in a "
		       "'file' the key stands";
	if (in > 1)
		return "one of 'json', 'yaml', 'line' and 'define' reads the "
		       "file";
	if (selects_keys(m->json) || selects_keys(m->yaml))
		return "a path with '~' selects names, and a key is a value";
	if (m->credential != NULL &&
	    (strchr(m->credential, '/') != NULL || m->credential[0] == '.'))
		return "'credential' is a name, without '/' and not with '.' "
		       "first";
	if (m->optional && m->ncommand > 0)
		return "'optional' is about a file or a credential that may "
		       "be absent; a command prints a key or fails";
	return NULL;
}

static enum vl_status
check_values(const struct vl_site_reader *r, const struct vl_site *site,
    const struct vl_master_words *m, struct vl_err *err)
{
	const struct vl_site_node at = { .line = m->line, .column = m->column };
	const struct vl_resource *of = NULL;

	if (m->check == NULL)
		return VL_OK;
	of = vl_site_resource(site, m->check->resource);
	if (of == NULL || of->kind == VL_KIND_FILES)
		return vl_site_fail(r->file, &at, err,
		    "'check': '%s' is no database of this file",
		    m->check->resource);
	return VL_OK;
}

enum vl_status
vl_site_check_masters(const struct vl_site_reader *r,
    const struct vl_site *site, struct vl_err *err)
{
	const struct vl_master_words *m = NULL;
	struct vl_site_node at = { 0 };
	const char *wrong = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < site->nmasters; i++) {
		m = &site->masters[i];
		at.line = m->line;
		at.column = m->column;
		wrong = wrong_place(m);
		if (wrong == NULL)
			wrong = vl_family_wrong(m);
		if (wrong == NULL && vl_site_master(site, m->name) != m)
			wrong = "a key of this name stands here twice";
		if (wrong != NULL)
			return vl_site_fail(r->file, &at, err, "%s", wrong);
		st = check_values(r, site, m, err);
	}
	return st;
}
