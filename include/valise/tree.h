#ifndef VALISE_TREE_H
#define VALISE_TREE_H

/*
 * One file tree, read without ever following a symbolic link: a walk in
 * manifest order, directories opened below a root, exclusion, and the names
 * behind uid and gid.  Shared by the source, the target and the proof, so
 * that both sides see a tree alike.
 */

#include <stdbool.h>
#include <sys/stat.h>

#include <valise/entry.h>

struct vl_exclude;
struct vl_walk;
struct vl_dirs;
struct vl_owners;

/*
 * Exclusion by the grammar of gitignore, of paths relative to the root; `!`
 * re-includes also below an excluded directory (a directory that a `!`
 * could reach into is carried and its content decided one by one).
 */
enum vl_status vl_exclude_new(struct vl_exclude **out,
    const char *const *patterns, size_t n, struct vl_err *err);
bool vl_exclude_match(
    const struct vl_exclude *x, struct vl_slice path, bool dir);
void vl_exclude_free(struct vl_exclude *x);

/* One path of a walk; slices and descriptors are valid until the next. */
struct vl_node {
	struct vl_slice path;
	struct vl_slice name;    /* last component; "" for the root */
	enum vl_entry_type type; /* never HARD; LEFT_OUT: why says it */
	enum vl_why why;
	struct stat st;       /* zero where it could not be had */
	struct vl_slice link; /* LINK: target */
	int parentfd;         /* O_PATH or O_RDONLY directory; -1: root */
	bool has_attributes;  /* of DIR, LINK; see vl_has_attributes() */
	const char *cause;    /* of UNREADABLE: text of errno; else NULL */
};

/* What it points to is borrowed until the walk is freed. */
struct vl_walk_opts {
	const char *root;                 /* path of the tree */
	const struct vl_exclude *exclude; /* or NULL */
	bool cross_mounts;                /* enter other file systems */
	/* Look for attributes of directories and links; a target need not. */
	bool attributes;
	/* A first component that is never seen (".valise"), nor is it with
	 * ".ID", ".theirs.ID", ".abandoned.ID" or ".probe.ID" behind it, where
	 * ID is 32 lower-case hex digits; or NULL. */
	const char *hidden;
	/* For names of very large directories; NULL keeps them in memory. */
	const char *tempdir;
};

/*
 * A walk yields the root (path ""), then everything below in the order of
 * vl_path_cmp().  What cannot be carried is yielded as LEFT_OUT: a directory
 * that cannot be listed, a socket, FIFO or device (why: kind), an excluded
 * path, a mount point (also a bind mount), a directory with a name or path in
 * it that is over the limits of entry.h, a path that turns into something
 * else at every look (why: unstable).  Nothing is yielded below it.  A path
 * that vanishes between listing and looking is not yielded.  Where the walk
 * cannot get back into a directory that was closed on the way down (it was
 * moved meanwhile), the rest of its names is LEFT_OUT as unreadable.
 * Bounded: at most about 64 descriptors and 48 MiB, however many and deep;
 * beyond 64 k names in a directory, sorted on disk.
 *
 * Regular files only become FILE when vl_walk_file() can open them; that
 * they can be read is known then.
 *
 * open: VL_EUSAGE when the root is absent or no directory; it is resolved
 * once, so that a link as root is followed.
 */
enum vl_status vl_walk_open(
    struct vl_walk **out, const struct vl_walk_opts *opts, struct vl_err *err);
/* `*more` is false behind the last. */
enum vl_status vl_walk_next(
    struct vl_walk *w, struct vl_node *node, bool *more, struct vl_err *err);
/*
 * Look anew at the FILE that was just yielded (it changed, or would not
 * open): it may be anything now, and `*there` is false when it vanished.
 */
enum vl_status vl_walk_again(
    struct vl_walk *w, struct vl_node *node, bool *there, struct vl_err *err);
/* Do not descend into the directory that was just yielded. */
void vl_walk_skip(struct vl_walk *w);
/*
 * Open the FILE that was just yielded for reading, without following links
 * or waiting, and see that it is the same inode; the caller closes.  On
 * failure *fd is -1 and errno says why (no err: the caller decides).
 */
bool vl_walk_file(struct vl_walk *w, int *fd);
/* What it was when vl_walk_file() had opened it; valid until the next. */
const struct stat *vl_walk_stat(const struct vl_walk *w);
/* Does what `fd` has open have extended attributes or ACLs?  An SELinux
 * label, which every file of such a machine has, does not count. */
bool vl_has_attributes(int fd);
void vl_walk_free(struct vl_walk *w);

/*
 * Directories below a root, opened component by component with O_NOFOLLOW
 * (openat2 RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV where the
 * kernel has it), the last ones kept open.  Not thread-safe.
 */
enum vl_status vl_dirs_new(
    struct vl_dirs **out, int rootfd, struct vl_err *err);
/* The directory at `path` ("" is the root); borrowed until the next call. */
enum vl_status vl_dirs_get(
    struct vl_dirs *d, struct vl_slice path, int *fd, struct vl_err *err);
/* Forget what is cached at and below `path` (it was renamed or removed). */
void vl_dirs_forget(struct vl_dirs *d, struct vl_slice path);
void vl_dirs_free(struct vl_dirs *d);

/* Names of owners and groups, both ways, remembered (libarchive's lookup). */
enum vl_status vl_owners_new(struct vl_owners **out, struct vl_err *err);
/* Empty when the number has no name or it is not UTF-8; valid until free. */
struct vl_slice vl_owners_user(struct vl_owners *o, uint32_t uid);
struct vl_slice vl_owners_group(struct vl_owners *o, uint32_t gid);
/* The number of `name` here, else `fallback`. */
uint32_t vl_owners_uid(
    struct vl_owners *o, struct vl_slice name, uint32_t fallback);
uint32_t vl_owners_gid(
    struct vl_owners *o, struct vl_slice name, uint32_t fallback);
void vl_owners_free(struct vl_owners *o);

#endif
