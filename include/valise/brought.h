#ifndef VALISE_BROUGHT_H
#define VALISE_BROUGHT_H

/*
 * What imports of a series created in a resource, for `target_only: brought`:
 * a list in the state directory with a hash at its end (docs/transaction.md,
 * "What was brought"): paths in the order of vl_path_cmp(), or rows, each a
 * text of its own; or members of objects in files of a tree, each the path in
 * base64url, a blank, and a text.
 *
 * An import writes a list of its own beside the one that holds, and makes it
 * durable before it is decided; at its end that takes the place of the old.
 *
 *	w_open -> add* -> finish -> w_free	it waits for the decision
 *	w_open -> add* -> w_free		nothing
 *	keep or drop				what comes after that
 */

#include <valise/journal.h>

struct vl_brought_r;
struct vl_brought_w;

/* Names a list; all borrowed. */
struct vl_brought {
	struct vl_state *state;
	const uint8_t *series; /* 16 bytes */
	const char *resource;
	const uint8_t *import; /* VL_IMPORT_ID_SIZE bytes: the one in hand */
	bool rows;             /* else paths, */
	bool members;          /* or members of objects in files */
};
#define VL_BROUGHT_ROW_MAX 65536 /* bytes of the text of a row */
struct vl_brought vl_brought_of(
    struct vl_state *s, const struct vl_header *h, const char *resource);

/* A line about a member: the path of its file, and the text of its own. */
struct vl_brought_member {
	struct vl_slice path; /* of the line that was read: in `memory` */
	struct vl_slice text;
	uint8_t memory[VL_PATH_MAX + 3];
};
/* False where it is none. */
bool vl_brought_member_read(struct vl_brought_member *m, struct vl_slice line);
enum vl_status vl_brought_member_line(
    struct vl_buf *line, const struct vl_brought_member *m, struct vl_err *err);

/*
 * Open the list that holds.  `*out` is NULL where there is none.  A list that
 * is not whole is refused before anything of it is read, VL_EIO; so is one
 * with a path in it that none of ours has, by next.  A row is any text.
 */
enum vl_status vl_brought_r_open(
    struct vl_brought_r **out, const struct vl_brought *b, struct vl_err *err);
/* `*more` is false behind the last; `path` is valid until the next call. */
enum vl_status vl_brought_r_next(struct vl_brought_r *r, struct vl_slice *path,
    bool *more, struct vl_err *err);
void vl_brought_r_free(struct vl_brought_r *r);

/* Begin the list of the import. */
enum vl_status vl_brought_w_open(
    struct vl_brought_w **out, const struct vl_brought *b, struct vl_err *err);
/* `path` is not "" and comes behind the one before.  A row is a text without
 * LF; VL_ELIMIT where it is too long. */
enum vl_status vl_brought_w_add(
    struct vl_brought_w *w, struct vl_slice path, struct vl_err *err);
/* Close the list, durably. */
enum vl_status vl_brought_w_finish(struct vl_brought_w *w, struct vl_err *err);
/* What is not finished is removed.  NULL is allowed. */
void vl_brought_w_free(struct vl_brought_w *w);

/* Paths that somebody else's things stand at. */
struct vl_brought_theirs {
	bool (*is)(void *arg, struct vl_slice path);
	void *arg;
};
/*
 * From now on the list of the import holds, without what `theirs` (or NULL)
 * names; durable.  Nothing where the import has none, so that it may be
 * repeated.
 */
enum vl_status vl_brought_keep(const struct vl_brought *b,
    const struct vl_brought_theirs *theirs, struct vl_err *err);
/* The import has no list. */
enum vl_status vl_brought_drop(const struct vl_brought *b, struct vl_err *err);

#endif
