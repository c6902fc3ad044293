/*
 * Trees and the state directory must lie apart: what one resource writes
 * another would read, or delete.
 */

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/site.h>
#include <valise/text.h>

#define SHOWN 512

/* One place that must not lie in another. */
struct place {
	const char *what; /* resource's name; NULL is the state */
	char *real;
	bool there;
	dev_t dev;
	ino_t ino;
};

/*
 * The real path of `path`, of which the last components may not exist yet:
 * what exists is resolved, the rest is put behind it.
 */
static enum vl_status
resolve(char **out, const char *path, struct vl_err *err)
{
	char head[PATH_MAX];
	char shown[SHOWN];
	char *real = NULL;
	size_t n = strlen(path);
	size_t room = 0;

	*out = NULL;
	if (n < sizeof(head)) {
		for (;;) {
			memcpy(head, path, n);
			head[n] = '\0';
			real = realpath(n > 0 ? head : "/", NULL);
			if (real != NULL || errno != ENOENT || n == 0)
				break;
			while (n > 0 && path[n - 1] != '/')
				n--;
			n -= n > 0;
		}
	} else {
		errno = ENAMETOOLONG;
	}
	if (real == NULL)
		return vl_fail(err, VL_EUSAGE, "cannot resolve '%s': %s",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)),
		    strerror(errno));
	room = strlen(real) + strlen(path + n) + 1;
	*out = malloc(room);
	if (*out != NULL)
		(void)snprintf(*out, room, "%s%s",
		    strcmp(real, "/") == 0 && path[n] != '\0' ? "" : real,
		    path + n);
	free(real);
	return *out != NULL ? VL_OK : vl_fail_memory(err);
}

/*
 * A folder may be called `~`.  Where none is, somebody took a site file for a
 * shell; as the end of the path it may be a root that is still to be made.
 */
static enum vl_status
check_home_sign(
    const struct vl_site *site, const struct vl_resource *r, struct vl_err *err)
{
	const char *at = strstr(r->path, "/~/");
	char *folder = NULL;
	bool there = false;
	char shown[SHOWN];
	char file[SHOWN];

	if (at == NULL)
		return VL_OK;
	folder = strndup(r->path, (size_t)(at + 2 - r->path));
	if (folder == NULL)
		return vl_fail_memory(err);
	there = access(folder, F_OK) == 0 || errno != ENOENT;
	free(folder);
	if (there)
		return VL_OK;
	return vl_fail(err, VL_EUSAGE,
	    "%s: resource '%s', '%s': there is no folder '~', and ~ is not "
	    "expanded; give the path in full",
	    vl_escape_text(file, sizeof(file), vl_slice_of(site->file)),
	    r->name,
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(r->path)));
}

static enum vl_status
find_place(
    struct place *p, const char *what, const char *path, struct vl_err *err)
{
	struct stat st = { 0 };
	enum vl_status status = resolve(&p->real, path, err);

	p->what = what;
	if (status == VL_OK && stat(p->real, &st) == 0) {
		p->there = true;
		p->dev = st.st_dev;
		p->ino = st.st_ino;
	}
	return status;
}

/* `inner` is `outer` or below it. */
static bool
is_below(const char *inner, const char *outer)
{
	size_t n = strlen(outer);

	if (strcmp(outer, "/") == 0)
		return true;
	return strncmp(inner, outer, n) == 0 &&
	    (inner[n] == '\0' || inner[n] == '/');
}

/* Refuse `a` in `b`; both orders are asked by the caller. */
static enum vl_status
check_pair(const struct vl_site *site, const struct place *a,
    const struct place *b, struct vl_err *err)
{
	bool same = strcmp(a->real, b->real) == 0 ||
	    (a->there && b->there && a->dev == b->dev && a->ino == b->ino);
	char shown[SHOWN];
	char file[SHOWN];

	if (!same && !is_below(a->real, b->real))
		return VL_OK;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(a->real));
	(void)vl_escape_text(file, sizeof(file), vl_slice_of(site->file));
	if (a->what == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "%s: the state directory '%s' lies in the tree of "
		    "resource '%s'; give another 'state'",
		    file, shown, b->what);
	if (b->what == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "%s: resource '%s', '%s', lies in the state directory",
		    file, a->what, shown);
	if (same)
		return vl_fail(err, VL_EUSAGE,
		    "%s: resources '%s' and '%s' are the same tree, '%s'", file,
		    b->what, a->what, shown);
	return vl_fail(err, VL_EUSAGE,
	    "%s: resource '%s', '%s', lies in the tree of resource '%s'", file,
	    a->what, shown, b->what);
}

enum vl_status
vl_site_check_overlap(const struct vl_site *site, struct vl_err *err)
{
	size_t n = site->nresources + 1;
	struct place *places = calloc(n, sizeof(*places));
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t j = 0;

	if (places == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		st = check_home_sign(site, &site->resources[i], err);
		if (st == VL_OK)
			st = find_place(&places[i], site->resources[i].name,
			    site->resources[i].path, err);
	}
	if (st == VL_OK)
		st = find_place(&places[n - 1], NULL, site->state, err);
	for (i = 0; st == VL_OK && i < n; i++)
		for (j = 0; st == VL_OK && j < i; j++) {
			st = check_pair(site, &places[i], &places[j], err);
			if (st == VL_OK)
				st = check_pair(
				    site, &places[j], &places[i], err);
		}
	for (i = 0; i < n; i++)
		free(places[i].real);
	free(places);
	return st;
}
