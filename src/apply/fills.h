#ifndef VALISE_APPLY_FILLS_H
#define VALISE_APPLY_FILLS_H

/*
 * Secrets of files: in the bundle they stand beside the body of a file, here
 * they are put back into it, kept as this side keeps them
 * (include/valise/secretfile.h).  Of one tree.
 *
 *	new -> try -> (keep* | ask make settle)* -> end -> free
 */

#include <valise/target.h>
#include <valise/unpack.h>

struct vl_fills;
struct vl_fills_opts {
	const struct vl_site *site; /* borrowed until free, as all here */
	const char *profiles;
	const char *resource;
	const char *root;
	bool absent; /* there is no root yet */
	const char *tempdir;
	struct vl_secret_ops ops;
	/* A file that stays as it is here, whatever comes. */
	bool (*leaves)(void *arg, struct vl_slice path);
	void (*note)(void *arg, const char *text);
	void *arg;
};

/* `*out` is NULL where the profile of this side names no secrets of files. */
enum vl_status vl_fills_new(struct vl_fills **out,
    const struct vl_fills_opts *opts, struct vl_err *err);
/* Every secret that is here, with the master keys of this side; a directory
 * that cannot be read is noted.  VL_EREFUSED: one is the wrong one. */
enum vl_status vl_fills_try(struct vl_fills *f, struct vl_err *err);
/* The tokens of a line, for vl_fills_make(): of the next one, or with `later`
 * of any.  VL_EREFUSED with `f` NULL: this side does not know of secrets. */
enum vl_status vl_fills_keep(struct vl_fills *f, const struct vl_unpacked *rec,
    bool later, struct vl_err *err);
/* Whether there are secrets to put into it, or some that stay. */
bool vl_fills_ask(const struct vl_fills *f, const struct vl_entry *e);
/* Append `body` of the bundle, with its secrets, to `out`. */
enum vl_status vl_fills_make(struct vl_fills *f, const struct vl_entry *e,
    struct vl_slice body, struct vl_buf *out, struct vl_err *err);
/* What came of that, when all else was done to it: `e` gets the time that the
 * file has here where nothing in it changes. */
enum vl_status vl_fills_settle(struct vl_fills *f, struct vl_entry *e,
    struct vl_slice text, struct vl_err *err);
/* What to say of the file, whose contents are to be other ones: `*change` and
 * the detail.  NULL: it has no secrets. */
const char *vl_fills_told(
    struct vl_fills *f, struct vl_slice path, enum vl_change *change);
/* What is to be said of all of them. */
void vl_fills_end(const struct vl_fills *f);
void vl_fills_free(struct vl_fills *f);

#endif
