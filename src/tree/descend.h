#ifndef VALISE_TREE_DESCEND_H
#define VALISE_TREE_DESCEND_H

/*
 * The directories from the root down to where a walk stands.
 *
 * However deep that is, few of them are open and the names they still owe
 * fill a bounded amount of memory: outer ones are closed and their names
 * dropped, and both are had again on the way back.
 */

#include "look.h"
#include "names.h"

struct level {
	struct names names;
	struct look look;
	size_t path_n; /* bytes of its path */
	size_t as_n;   /* and of the one it travels by */
	int fd;        /* -1: closed for the time being, or lost */
	int lost;      /* errno: it could not be opened again */
	bool dropped;  /* its names have to be read again */
};

struct descend {
	struct level *level;
	size_t depth; /* levels in use; the last is where the walk stands */
	size_t cap;
	struct vl_buf path; /* of the walk: every level's is a part of it */
	struct vl_buf as;   /* as it travels; with a namer */
	const struct vl_namer *namer; /* or NULL */
	size_t names_max; /* bytes of names of all levels together */
	const char *tempdir;
	void *block;
};

enum vl_status vl_descend_init(
    struct descend *d, const char *tempdir, struct vl_err *err);
void vl_descend_free(struct descend *d);
struct level *vl_descend_top(struct descend *d);

/*
 * Go into the directory `fd` (taken over, also on failure), whose path is
 * d->path, and read its names; *cause as vl_names_load() has it.
 */
enum vl_status vl_descend_push(struct descend *d, int fd,
    const struct look *look, int *cause, struct vl_err *err);
/* Leave the last directory for the one above it. */
void vl_descend_pop(struct descend *d);
/* Next name of the last directory; here.p is NULL at its end. */
enum vl_status vl_descend_next(
    struct descend *d, struct name *name, struct vl_err *err);
/* Make d->path that of `name` in the last directory, with a NUL behind; and
 * d->as. */
enum vl_status vl_descend_name(
    struct descend *d, const struct name *name, struct vl_err *err);
/* The path of the walk as it travels. */
struct vl_slice vl_descend_as(const struct descend *d);

#endif
