#ifndef VALISE_TIES_H
#define VALISE_TIES_H

/*
 * Paths of a tree in which ids of rows stand, as `path` of a profile says
 * (formats/profile.md, "References"; formats/manifest.md, "Paths that hold
 * keys").  In a manifest the row's key stands in the place of its id; here is
 * one way and the other.  Pure: what a row is called is asked of the caller.
 *
 *	add* -> ask -> (name | path)* -> free
 */

#include <valise/profile.h>

struct vl_ties;

/* What an id in a name is the id of; its column tells rows apart. */
struct vl_tie {
	const char *database; /* resource of the site */
	struct vl_slice table;
	struct vl_slice column;
};

enum vl_tied {
	VL_TIED,      /* by what was found */
	VL_TIED_LEFT, /* the row is left alone, and so is what is tied to it */
	VL_TIED_NONE  /* there is no such row */
};

/* From an id to the key of its row, or from the key to the id: what is found
 * is appended to `out`. */
struct vl_tie_finder {
	void *arg;
	enum vl_status (*find)(void *arg, const struct vl_tie *tie,
	    struct vl_slice what, struct vl_buf *out, enum vl_tied *how,
	    struct vl_err *err);
};

/*
 * The lines of `p` about `tree` in its words of `database` (of NULL: of all).
 * `*t` is NULL as long as there are none.  VL_EUSAGE with the line: two by
 * which one name may be of either, or two ids in one name.
 */
enum vl_status vl_ties_add(struct vl_ties **t, const struct vl_profile *p,
    const char *database, const char *tree, struct vl_err *err);
void vl_ties_free(struct vl_ties *t);
/* Whom to ask from now on; what was found is forgotten. */
void vl_ties_ask(struct vl_ties *t, const struct vl_tie_finder *finder);
/* The database of line `i`; NULL behind the last. */
const char *vl_ties_database(const struct vl_ties *t, size_t i);
/* The next {table.column} of a `path`; `*text` goes behind it. */
bool vl_tie_next(const char **text, struct vl_tie *tie);

/*
 * At the source: what `name` in the directory `dir` is called in a manifest,
 * appended to `out`.  NONE: nothing there tells of it.  LEFT: as left out.
 */
enum vl_status vl_ties_name(struct vl_ties *t, struct vl_slice dir,
    struct vl_slice name, struct vl_buf *out, enum vl_tied *how,
    struct vl_err *err);
/*
 * At the target: which path here the one of a manifest is; it replaces what
 * `out` holds, and has passed vl_path_check() where `*how` is VL_TIED.
 *
 * VL_EFORMAT   it is not spelled as in a tree with ids in paths; a key where
 *              no line has an id; an id where a line wants a key
 * VL_EREFUSED  the path that it becomes cannot be
 */
enum vl_status vl_ties_path(struct vl_ties *t, struct vl_slice path,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err);

#endif
