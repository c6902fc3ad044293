#ifndef VALISE_LISTFILE_H
#define VALISE_LISTFILE_H

/*
 * A list in a file: lines, and behind them one that says "end <count>
 * <BLAKE2b-256 of all bytes before it>".  Of a list that does not fit its end
 * nothing is handed out.
 *
 *	w_new -> add* -> finish -> w_free	the file holds a whole list
 *	r_open -> (next* rewind)* -> r_free
 *
 * The file is opened, synced and closed by the caller.  Memory is bounded, no
 * matter how long the list is.
 */

#include <valise/bytes.h>

struct vl_listfile_w;
struct vl_listfile_r;

/* What a list looks like; all borrowed, `fd` until the free. */
struct vl_listfile {
	int fd;               /* at the begin of the file */
	const char *lines;    /* "the steps": what messages call them */
	const char *head;     /* a first line that does not count, or NULL */
	const char *personal; /* of the hash, or NULL */
	size_t line_max;      /* bytes without LF, also of the head */
};

/* Begin a list in an empty file. */
enum vl_status vl_listfile_w_new(struct vl_listfile_w **out,
    const struct vl_listfile *f, struct vl_err *err);
/* `line` has no LF, at most line_max bytes and does not begin as the end. */
enum vl_status vl_listfile_w_add(
    struct vl_listfile_w *w, struct vl_slice line, struct vl_err *err);
/* Write the end; no sync. */
enum vl_status vl_listfile_w_finish(
    struct vl_listfile_w *w, struct vl_err *err);
void vl_listfile_w_free(struct vl_listfile_w *w);

/*
 * Read the whole list once, then stand before its first line.  VL_EFORMAT
 * when it is damaged or a line is too long; VL_EIO when it cannot be read.
 */
enum vl_status vl_listfile_r_open(struct vl_listfile_r **out,
    const struct vl_listfile *f, struct vl_err *err);
/* How many lines the list holds. */
uint64_t vl_listfile_r_count(const struct vl_listfile_r *r);
/* `*more` is false behind the last; `line` is valid until the next call. */
enum vl_status vl_listfile_r_next(struct vl_listfile_r *r,
    struct vl_slice *line, bool *more, struct vl_err *err);
/* Before the first line again. */
void vl_listfile_r_rewind(struct vl_listfile_r *r);
void vl_listfile_r_free(struct vl_listfile_r *r);

#endif
