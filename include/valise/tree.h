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
#include <valise/text.h>

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

/* Under which name an entry of a directory travels. */
enum vl_naming {
	VL_NAMING_TAKE,  /* the one given */
	VL_NAMING_LEAVE, /* the same, and as LEFT_OUT: excluded */
	VL_NAMING_PASS   /* none: it is not yielded */
};
struct vl_namer {
	void *arg;
	/* The name of `name` in the directory `dir`, both as they are here:
	 * appended to `out`, without NUL or slash, at most VL_PATH_MAX. */
	enum vl_status (*name)(void *arg, struct vl_slice dir,
	    struct vl_slice name, struct vl_buf *out, enum vl_naming *how,
	    struct vl_err *err);
};

/* One path of a walk; slices and descriptors are valid until the next. */
struct vl_node {
	struct vl_slice path;    /* as it travels */
	struct vl_slice here;    /* as it is; the same without a namer */
	struct vl_slice name;    /* last component here; "" for the root */
	enum vl_entry_type type; /* never HARD; LEFT_OUT: why says it */
	int fd;                  /* DIR: itself, open to be read; else -1 */
	enum vl_why why;
	struct stat st;       /* zero where it could not be had */
	struct vl_slice link; /* LINK: target */
	int parentfd;         /* O_PATH or O_RDONLY directory; -1: root */
	const char *cause;    /* of UNREADABLE: text of errno; else NULL */
};

/* What it points to is borrowed until the walk is freed. */
struct vl_walk_opts {
	const char *root;                 /* path of the tree */
	const struct vl_exclude *exclude; /* or NULL */
	bool cross_mounts;                /* enter other file systems */
	/* Yield FIFOs and devices as what they are, never opened. */
	bool special;
	/* What vl_path_hidden() says of it is never seen; or NULL. */
	const char *hidden;
	/* For names of very large directories; NULL keeps them in memory. */
	const char *tempdir;
	/* Other names, by which the walk is ordered; or NULL.  Of two that
	 * become one the one that is not left out is yielded. */
	const struct vl_namer *namer;
};

/*
 * A walk yields the root (path ""), then everything below in the order of
 * vl_path_cmp().  What cannot be carried is yielded as LEFT_OUT: a directory
 * that cannot be listed, a socket, without `special` a FIFO or device (why:
 * kind), an excluded path, a mount point (also a bind mount; with
 * `cross_mounts` only one that leads back into a directory above it), a
 * directory with a name or path in
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
 * Look anew at what was just yielded, no directory (it changed, or would not
 * open): it may be anything now, and `*there` is false when it vanished.
 */
enum vl_status vl_walk_again(
    struct vl_walk *w, struct vl_node *node, bool *there, struct vl_err *err);
/* From here on nothing below `path` is excluded. */
enum vl_status vl_walk_all_below(
    struct vl_walk *w, struct vl_slice path, struct vl_err *err);
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

/*
 * Names of owners and groups, both ways, remembered (libarchive's lookup).
 * `map` (borrowed, may be empty): a name that comes from elsewhere, or a
 * number as text where there is no name, is another name or number here;
 * it applies to users and groups alike.
 */
enum vl_status vl_owners_new(struct vl_owners **out, const struct vl_pair *map,
    size_t nmap, struct vl_err *err);
/* Empty when the number has no name or it is not UTF-8; valid until free. */
struct vl_slice vl_owners_user(struct vl_owners *o, uint32_t uid);
struct vl_slice vl_owners_group(struct vl_owners *o, uint32_t gid);
/* The number of `name` (or of `fallback`, without one) here, by the map and
 * by this machine, else `fallback`. */
uint32_t vl_owners_uid(
    struct vl_owners *o, struct vl_slice name, uint32_t fallback);
uint32_t vl_owners_gid(
    struct vl_owners *o, struct vl_slice name, uint32_t fallback);
/* A name that was asked for and that the map gives to nobody here: `to` is no
 * number and no name of a user (or group).  Each is told of once; false: no
 * more.  Nothing may be given to a number in its place. */
struct vl_lost_owner {
	const char *from;
	const char *to;
	bool group;
};
bool vl_owners_lost(struct vl_owners *o, struct vl_lost_owner *lost);
/* Names besides these that were asked for and have no number here, each once,
 * in the order they came; at most 1,024 are kept, and 255 bytes of each. */
struct vl_unknown_owner {
	char *name;
	bool group;
	uint32_t number; /* used in its place */
};
const struct vl_unknown_owner *vl_owners_unknown(
    const struct vl_owners *o, size_t *n);
void vl_owners_free(struct vl_owners *o);

/*
 * Extended attributes of one path, ACLs among them as the kernel keeps them,
 * as one string of bytes: for each, ascending by name, the lengths of name
 * (le16) and value (le32), name, value.  So two of them are the same where the
 * bytes are.
 */
#define VL_ATTR_ACL_ACCESS  "system.posix_acl_access"
#define VL_ATTR_ACL_DEFAULT "system.posix_acl_default"
struct vl_attrs {
	struct vl_buf bytes;
	uint32_t flags;  /* VL_FLAG_* */
	unsigned others; /* names seen that were not asked for */
};
/* Which to look at; security.selinux, a machine's own label, is in none. */
#define VL_ATTRS_PLAIN      1u /* user.* and ACLs */
#define VL_ATTRS_PRIVILEGED 2u /* security.*, trusted.* */
#define VL_ATTRS_FLAGS      4u /* of an open file or directory */
/* All that a side carries, by its word `privileged`. */
unsigned vl_attrs_which(bool privileged);
/* The name of an ACL, of either kind. */
bool vl_attrs_is_acl(struct vl_slice name);

/*
 * Read them (replacing what `a` holds) of what `fd` has open (`name` ""), or
 * of `name` in directory `fd`, which is neither opened nor followed.  What
 * the file system has no room for is absent.  False: errno.
 */
bool vl_attrs_read(
    struct vl_attrs *a, int fd, const char *name, unsigned which);
/* The next of `*rest`; false at its end (or where it is malformed). */
bool vl_attrs_next(struct vl_slice *rest, struct vl_xattr *x);
/* Append one; names must come ascending. */
enum vl_status vl_attrs_add(struct vl_buf *bytes, struct vl_slice name,
    struct vl_slice value, struct vl_err *err);
/* Well-formed and in order: for bytes that were stored. */
bool vl_attrs_valid(struct vl_slice bytes);
/*
 * From `now` (as read) to `want`: what is not in it goes, what differs is
 * set.  fd and name as above.  VL_EREFUSED where the file system has no room
 * for such a thing, VL_EIO for what else refuses.
 */
enum vl_status vl_attrs_set(int fd, const char *name, struct vl_slice now,
    struct vl_slice want, struct vl_err *err);
void vl_attrs_free(struct vl_attrs *a);

/* Flags of an open file or directory.  get: none where there is no such
 * thing; set: those not carried stay as they are.  False: errno. */
bool vl_flags_get(int fd, uint32_t *flags);
bool vl_flags_set(int fd, uint32_t flags);
/* All of them as the kernel numbers them (FS_*_FL).  False: errno. */
bool vl_flags_raw(int fd, unsigned *flags);

/* A kernel's ACL value to entries with names, appended to `out` as
 * struct vl_acl_entry; VL_EFORMAT where it is none. */
enum vl_status vl_acl_decode(struct vl_buf *out, struct vl_slice value,
    struct vl_owners *owners, struct vl_err *err);
/* Entries to a kernel's value with this machine's numbers, appended.
 * VL_EREFUSED when two of them become one. */
enum vl_status vl_acl_encode(struct vl_buf *out, const struct vl_acl_entry *acl,
    size_t n, struct vl_owners *owners, struct vl_err *err);

/*
 * Stretches without data of an open file of `size` bytes, as struct vl_hole
 * in `out` (replaced), ascending.  Of more than `max` see vl_holes_thin().
 * Nothing is read.  False: errno.
 */
bool vl_holes_read(struct vl_buf *out, int fd, uint64_t size, size_t max);
/* Of ascending holes the `max` largest stay, of equal ones the first. */
void vl_holes_thin(struct vl_buf *holes, size_t max);

#endif
