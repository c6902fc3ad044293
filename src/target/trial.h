#ifndef VALISE_TARGET_TRIAL_H
#define VALISE_TARGET_TRIAL_H

/* Attributes tried on scratch entries of the staging, before the decision. */

#include "steps.h"

struct vl_trial {
	int fd;          /* the staging directory, not owned */
	bool privileged; /* as in the header */
	bool dir;
	bool file;
	bool link;
	bool fifo;
	bool locks_tried;
	bool locks;
	int locks_why;
};

/*
 * Set and read back what the step sets by name, but for VL_FLAGS_LOCK; refused
 * where the file system does not keep it, or has no room for it beside
 * `others`: attributes of the entry that are not ours, as struct vl_attrs has
 * them.  `path` is for the message.
 */
enum vl_status vl_trial_step(struct vl_trial *t, const struct vl_step *s,
    struct vl_slice others, const char *path, struct vl_err *err);
/* This user may put VL_FLAGS_LOCK on and take them off here.  False with errno
 * 0: that is refused; with any other it could not be tried. */
bool vl_trial_locks(struct vl_trial *t);
/* The scratch entries go. */
enum vl_status vl_trial_end(struct vl_trial *t, struct vl_err *err);

#endif
