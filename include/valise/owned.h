#ifndef VALISE_OWNED_H
#define VALISE_OWNED_H

/*
 * Files that rows own (formats/profile.md, "Rows that own files"): which paths
 * of a tree the rows of a database name.  Filled by vl_rows_open() and
 * vl_rows_put_compare() of those that are given it; asked by who goes through
 * the tree.  What is known lies in a private SQLite database.
 *
 *	new -> tree* -> (rows are opened) -> (by -> came)* -> missing	source
 *	new -> tree* -> came* -> (rows are compared) -> (to | after)*	target
 */

#include <valise/entry.h>
#include <valise/ties.h>

struct vl_owned;

enum vl_status vl_owned_new(struct vl_owned **out, struct vl_err *err);
void vl_owned_free(struct vl_owned *o);
/* A tree that travels; lines about others are about nothing. */
enum vl_status vl_owned_tree(
    struct vl_owned *o, const char *tree, struct vl_err *err);

/* A file of the tree travels; `hash` of its content, or NULL where it has
 * none of its own. */
enum vl_status vl_owned_came(struct vl_owned *o, const char *tree,
    struct vl_slice path, const uint8_t *hash, struct vl_err *err);
/* One more name of the file at `first`, which came before it. */
enum vl_status vl_owned_linked(struct vl_owned *o, const char *tree,
    struct vl_slice path, struct vl_slice first, struct vl_err *err);
/* At the source, who owns it: TIED a row that travels, LEFT one that does
 * not, NONE nobody. */
enum vl_status vl_owned_by(struct vl_owned *o, const char *tree,
    struct vl_slice path, enum vl_tied *how, struct vl_err *err);
/* VL_EREFUSED: a row whose file has to travel and does not. */
enum vl_status vl_owned_missing(struct vl_owned *o, struct vl_err *err);

/* At the source, without a look at the tree: paths that rows which travel
 * name, ascending; `must`: a file has to be there. */
struct vl_owned_path {
	struct vl_slice path;
	struct vl_slice row; /* one of those that name it */
	bool must;
};
enum vl_status vl_owned_each(struct vl_owned *o, const char *tree,
    enum vl_status (*each)(
        void *arg, const struct vl_owned_path *path, struct vl_err *err),
    void *arg, struct vl_err *err);

/* At the target: where the file of the bundle goes, each path with a NUL
 * behind it, appended.  LEFT: nowhere. */
enum vl_status vl_owned_to(struct vl_owned *o, const char *tree,
    struct vl_slice path, struct vl_buf *out, enum vl_tied *how,
    struct vl_err *err);

/* What becomes of a file that only the target has. */
enum vl_owned_after {
	VL_OWNED_NOT,   /* no row named it */
	VL_OWNED_STAYS, /* one still names it */
	VL_OWNED_GOES,  /* none does any more */
	VL_OWNED_BELOW  /* a directory in which one goes */
};
enum vl_status vl_owned_after(struct vl_owned *o, const char *tree,
    struct vl_slice path, enum vl_owned_after *after, struct vl_err *err);

/* What stands at a path of the target. */
struct vl_owned_seen {
	bool there;
	bool hashed; /* it is a file, and `hash` that of its content */
	uint8_t hash[VL_CONTENT_HASH_SIZE];
};
struct vl_owned_look {
	void *arg;
	enum vl_status (*look)(void *arg, const char *tree,
	    struct vl_slice path, struct vl_owned_seen *seen,
	    struct vl_err *err);
};
/* Whom the target asks, before rows are compared. */
void vl_owned_ask(struct vl_owned *o, const struct vl_owned_look *look);

#endif
