/*
 * Trees and the state directory must lie apart: what one resource writes
 * another would read, or delete.  A database may lie in a tree that excludes
 * it, and then what its engine puts beside it is excluded, too.
 */

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/site.h>
#include <valise/text.h>
#include <valise/tree.h>

#define SHOWN 512

/* A directory that a place is, or lies in. */
struct above {
	dev_t dev;
	ino_t ino;
	const char *rest; /* of the place's path behind it: "" or "/..." */
};

/* One place that must not lie in another. */
struct place {
	struct vl_resource *of; /* NULL: the state */
	char *real;
	struct above *above; /* what exists of it, from the deepest to "/" */
	size_t n;
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
find_place(struct place *p, struct vl_resource *of, const char *path,
    struct vl_err *err)
{
	enum vl_status status = resolve(&p->real, path, err);
	struct stat st = { 0 };
	char *head = NULL;
	size_t slashes = 0;
	size_t n = 0;

	p->of = of;
	if (status != VL_OK)
		return status;
	for (n = 0; p->real[n] != '\0'; n++)
		slashes += p->real[n] == '/';
	head = strdup(p->real);
	p->above = calloc(slashes + 1, sizeof(*p->above));
	if (head == NULL || p->above == NULL) {
		free(head);
		return vl_fail_memory(err);
	}
	if (n == 1)
		n = 0; /* "/" is the empty head */
	for (;;) {
		head[n] = '\0';
		if (stat(n > 0 ? head : "/", &st) == 0)
			p->above[p->n++] = (struct above){ st.st_dev, st.st_ino,
				p->real + n + (p->real[1] == '\0') };
		if (n == 0)
			break;
		while (n > 0 && head[--n] != '/')
			;
	}
	free(head);
	return VL_OK;
}

/*
 * What of the path of `inner` stands behind that of `outer`: "" where it is
 * the same, "/..." below it; else NULL.  Directories are compared by what they
 * are, since a bind mount gives one a second path; of `outer` that is the
 * deepest that exists, and the rest by name.
 */
static const char *
below(const struct place *inner, const struct place *outer)
{
	const char *rest = NULL;
	size_t n = 0;
	size_t i = 0;

	if (outer->n == 0)
		return NULL;
	n = strlen(outer->above[0].rest);
	for (i = 0; i < inner->n; i++) {
		rest = inner->above[i].rest;
		if (inner->above[i].dev == outer->above[0].dev &&
		    inner->above[i].ino == outer->above[0].ino &&
		    strncmp(rest, outer->above[0].rest, n) == 0 &&
		    (rest[n] == '\0' || rest[n] == '/'))
			return rest + n;
	}
	return NULL;
}

/* `rel` and `end` as a pattern that fits nothing but that; `end` is one. */
static enum vl_status
add_exclude(struct vl_resource *tree, const char *rel, const char *end,
    struct vl_err *err)
{
	char **list = realloc(
	    tree->exclude, (tree->nexclude + 1) * sizeof(*tree->exclude));
	char *text = malloc(2 * strlen(rel) + strlen(end) + 1);
	size_t n = 0;

	if (list != NULL)
		tree->exclude = list;
	if (list == NULL || text == NULL) {
		free(text);
		return vl_fail_memory(err);
	}
	for (; *rel != '\0'; rel++) {
		if (strchr("\\*?[", *rel) != NULL)
			text[n++] = '\\';
		text[n++] = *rel;
	}
	memcpy(text + n, end, strlen(end) + 1);
	list[tree->nexclude++] = text;
	return VL_OK;
}

/* The database at `rel` ("/...") of the tree: it is none of its files. */
static enum vl_status
check_inside(const struct vl_site *site, const struct place *db,
    const struct place *tree, const char *rel, struct vl_err *err)
{
	static const char *const beside[] = { "-wal", "-shm", "-journal",
		"-mj*" };
	struct vl_resource *r = tree->of;
	struct vl_exclude *x = NULL;
	enum vl_status st = vl_exclude_new(
	    &x, (const char *const *)r->exclude, r->nexclude, err);
	bool apart = false;
	char shown[SHOWN];
	char file[SHOWN];
	size_t i = 0;

	(void)vl_escape_text(file, sizeof(file), vl_slice_of(site->file));
	if (st != VL_OK)
		return vl_within(err, "%s: resource '%s'", file, r->name);
	apart = vl_exclude_match(x, vl_slice_of(rel + 1), false);
	vl_exclude_free(x);
	if (!apart)
		return vl_fail(err, VL_EUSAGE,
		    "%s: the database of resource '%s' lies in the tree of "
		    "resource '%s', as '%s'; 'exclude' it there",
		    file, db->of->name, r->name,
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(rel)));
	for (i = 0; st == VL_OK && i < sizeof(beside) / sizeof(*beside); i++)
		st = add_exclude(r, rel, beside[i], err);
	return st;
}

/* Refuse `a` in `b`; both orders are asked by the caller. */
static enum vl_status
check_pair(const struct vl_site *site, const struct place *a,
    const struct place *b, struct vl_err *err)
{
	const char *rel = below(a, b);
	char shown[SHOWN];
	char file[SHOWN];

	if (rel == NULL)
		return VL_OK;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(a->real));
	(void)vl_escape_text(file, sizeof(file), vl_slice_of(site->file));
	if (a->of == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "%s: the state directory '%s' lies in the tree of "
		    "resource '%s'; give another 'state'",
		    file, shown, b->of->name);
	if (b->of == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "%s: resource '%s', '%s', lies in the state directory",
		    file, a->of->name, shown);
	if (rel[0] == '\0')
		return vl_fail(err, VL_EUSAGE,
		    "%s: resources '%s' and '%s' have one path, '%s'", file,
		    b->of->name, a->of->name, shown);
	if (a->of->kind != VL_KIND_FILES && b->of->kind == VL_KIND_FILES)
		return check_inside(site, a, b, rel, err);
	return vl_fail(err, VL_EUSAGE,
	    "%s: resource '%s', '%s', lies in the tree of resource '%s'", file,
	    a->of->name, shown, b->of->name);
}

enum vl_status
vl_site_check_overlap(struct vl_site *site, struct vl_err *err)
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
			st = find_place(&places[i], &site->resources[i],
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
	for (i = 0; i < n; i++) {
		free(places[i].above);
		free(places[i].real);
	}
	free(places);
	return st;
}
