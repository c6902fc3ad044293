#ifndef VALISE_TARGET_META_H
#define VALISE_TARGET_META_H

/* Attributes of one path, as planned, as found, and how they are set. */

#include <sys/stat.h>

#include <valise/entry.h>

struct vl_meta {
	enum vl_entry_type type; /* DIR, FILE or LINK; else LEFT_OUT */
	uint32_t mode;           /* 07777; 0 of a LINK */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* of a FILE */
	struct vl_time mtime;
};

void vl_meta_of_stat(struct vl_meta *m, const struct stat *st);
/* fstatat without following; false (and errno) when it is not there. */
bool vl_meta_at(struct vl_meta *m, int dirfd, const char *name);
/* What the attributes are of, and when it was last written, agree. */
bool vl_meta_same_content(const struct vl_meta *a, const struct vl_meta *b);
/* Mode, owner and time agree (owner not with `keep_owner`). */
bool vl_meta_same_attributes(
    const struct vl_meta *a, const struct vl_meta *b, bool keep_owner);
/* Refused unless what was set to `want` reads back as `now` like it. */
enum vl_status vl_meta_kept(const struct vl_meta *now,
    const struct vl_meta *want, const char *path, struct vl_err *err);
/* This process may give the group's setgid bit: it belongs to the group. */
bool vl_meta_our_group(uint32_t gid);
/* Immutable or append-only. */
bool vl_meta_flagged(int dirfd, const char *name);
/* Set mode, owner and time of dirfd/name, whatever it is, without following;
 * owner first, since chown takes setuid off. */
enum vl_status vl_meta_set_at(
    int dirfd, const char *name, const struct vl_meta *m, struct vl_err *err);
/* The same for an open file. */
enum vl_status vl_meta_set_fd(
    int fd, const struct vl_meta *m, struct vl_err *err);

#endif
