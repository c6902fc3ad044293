#ifndef VALISE_TARGET_META_H
#define VALISE_TARGET_META_H

/* Attributes of one path, as planned, as found, and how they are set. */

#include <sys/stat.h>

#include <valise/entry.h>
#include <valise/tree.h>

/* Of what is wanted: neither set nor compared, because this user may not, or
 * the file system has no room for it. */
#define VL_WITHOUT_OWNER 1u
#define VL_WITHOUT_MODE  2u

struct vl_meta {
	enum vl_entry_type type; /* never HARD; LEFT_OUT: a socket */
	uint32_t mode;           /* 07777; 0 of a LINK */
	uint32_t uid;
	uint32_t gid;
	uint64_t size; /* of a FILE */
	struct vl_time mtime;
	uint32_t major; /* CHAR, BLOCK */
	uint32_t minor;
	uint32_t flags;        /* VL_FLAG_* */
	struct vl_slice attrs; /* as struct vl_attrs has them; borrowed */
	unsigned without;      /* VL_WITHOUT_* */
};

/* All but flags, attrs and without, which are none. */
void vl_meta_of_stat(struct vl_meta *m, const struct stat *st);
/* fstatat without following; false (and errno) when it is not there. */
bool vl_meta_at(struct vl_meta *m, int dirfd, const char *name);
/* The same with flags and attributes, which stay in `attrs`. */
bool vl_meta_read(struct vl_meta *m, struct vl_attrs *attrs, int dirfd,
    const char *name, bool privileged);
/* With this errno there is no such entry, or none that this user may know of;
 * with any other nobody knows. */
bool vl_meta_absent(int why);
/* dirfd/name is that inode; two names are of one.  False with errno 0: it is
 * another one; with any other errno that could not be told. */
bool vl_meta_is_inode(int dirfd, const char *name, dev_t dev, ino_t ino);
bool vl_meta_same_inode(int adir, const char *a, int bdir, const char *b);
/* What the attributes are of, and when it was last written, agree; a FIFO or
 * device, whose time goes with its use, by what it is alone. */
bool vl_meta_same_content(const struct vl_meta *a, const struct vl_meta *b);
/* Mode, owner, time, flags and attributes are as `want` has them, but for what
 * it is without. */
bool vl_meta_same_attributes(
    const struct vl_meta *now, const struct vl_meta *want);
/* dirfd/name is all that `want` says; what this user may not read of it counts
 * as being so.  False with errno as of vl_meta_is_inode(). */
bool vl_meta_stands(
    int dirfd, const char *name, const struct vl_meta *want, bool privileged);
/* This process may give the group's setgid bit: it belongs to the group. */
bool vl_meta_our_group(uint32_t gid);
/* A file or directory, open to be read; -1 and errno, ENXIO where it is
 * something else: that is never opened.  `st` is filled where it is there. */
int vl_meta_open(int dirfd, const char *name, struct stat *st);
/* Immutable or append-only, as far as this user may know.  False with errno as
 * of vl_meta_is_inode(). */
bool vl_meta_flagged(int dirfd, const char *name);
/* Of a file or directory: the flags `off` go, `on` come. */
enum vl_status vl_meta_flags(
    int dirfd, const char *name, uint32_t off, uint32_t on, struct vl_err *err);
/*
 * Everything of `want`, in the order in which nothing takes back what was
 * set: owner, attributes, mode, time, flags; VL_FLAGS_LOCK come off first.
 * dirfd/name may be anything and is not followed.
 */
enum vl_status vl_meta_set_at(int dirfd, const char *name,
    const struct vl_meta *want, bool privileged, struct vl_err *err);
/* What was just made in the staging: `fd` itself or (where `name` is not "")
 * `name` in directory `fd`. */
struct vl_meta_place {
	int fd;
	const char *name;
	bool privileged;
	const char *path; /* for messages */
};
/*
 * Give it `want`, all but VL_FLAGS_LOCK, which nobody could move; read it
 * back.  VL_EREFUSED where the file system does not keep it.
 */
enum vl_status vl_meta_stage(const struct vl_meta_place *at,
    const struct vl_meta *want, struct vl_err *err);

#endif
