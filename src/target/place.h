#ifndef VALISE_TARGET_PLACE_H
#define VALISE_TARGET_PLACE_H

/* Where a step acts: an open directory and a name in it. */

#include <valise/tree.h>

#include "stage.h"
#include "steps.h"

struct vl_places {
	const struct vl_stage *stage;
	int rootfd;  /* -1 while the root is absent */
	int upperfd; /* the directory that holds the root; -1 for "/" */
	const char *root_name;
	uint64_t mount; /* of the staging, and so of the tree; 0: unknown */
	uint32_t dev[2];
	struct vl_dirs *dirs;
	char name[VL_NAME_MAX + 1];
};

enum vl_status vl_places_open(
    struct vl_places *p, const struct vl_stage *stage, struct vl_err *err);
/* Open the root again after it came into being. */
enum vl_status vl_places_reopen(struct vl_places *p, struct vl_err *err);
/*
 * The directory of `path` and p->name.  *dirfd is -1 when that directory is
 * not there (or something on the way is no directory).
 */
enum vl_status vl_places_get(
    struct vl_places *p, struct vl_slice path, int *dirfd, struct vl_err *err);
/* dirfd/name is there, and nothing of another mount covers it.  False with
 * errno as of vl_meta_is_inode(). */
bool vl_places_ours(const struct vl_places *p, int dirfd, const char *name);
/* "<root>/<path>", malloc'd; NULL when memory is exhausted. */
char *vl_places_text(const struct vl_places *p, struct vl_slice path);
void vl_places_close(struct vl_places *p);

#endif
