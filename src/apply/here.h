#ifndef VALISE_APPLY_HERE_H
#define VALISE_APPLY_HERE_H

/* What stands at a path of a tree of the target, where it is a file. */

#include <valise/entry.h>

struct vl_text_here {
	struct vl_buf text; /* wiped by clear and free */
	bool there;
	struct vl_time time;
};

/* The directory that holds what stands at `path` below the root, and what that
 * is called in it; no link is followed.  -1 with errno. */
int vl_here_parent(
    const char *root, struct vl_slice path, char name[VL_NAME_MAX + 1]);
/* The file itself, no link either, to be read; -1 with errno. */
int vl_here_open(const char *root, struct vl_slice path);
/* realpath(), malloc'd; NULL where nothing is, or nobody may look. */
enum vl_status vl_here_real(char **out, const char *path, struct vl_err *err);
/* With this errno there is no such file; with any other nobody knows. */
bool vl_here_absent(int why);
/* In place of what it had.  VL_EREFUSED: it is longer than `max` bytes; VL_EIO:
 * it cannot be read. */
enum vl_status vl_here_read(struct vl_text_here *h, const char *root,
    struct vl_slice path, size_t max, struct vl_err *err);
void vl_here_clear(struct vl_text_here *h);
void vl_here_free(struct vl_text_here *h);

/* Wipe what a buffer holds, and empty it. */
void vl_here_wipe(struct vl_buf *b);

#endif
