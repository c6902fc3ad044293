#ifndef VALISE_TARGET_HOLDS_H
#define VALISE_TARGET_HOLDS_H

/*
 * What the file system of a target can hold, found without writing anything:
 * a preview asks it, so that what cannot exist there is listed before the
 * decision (docs/decisions/0004-a-target-is-known-without-writing.md).
 *
 * One that is not known is taken to hold everything: the staging, which
 * reads back what it wrote, and prepare, which tries what the redo will set,
 * then find out, still before the decision.
 */

#include <valise/entry.h>
#include <valise/table.h>

/* Which names there are. */
enum vl_names {
	VL_NAMES_ANY,   /* bytes */
	VL_NAMES_UTF8,  /* in name_max bytes */
	VL_NAMES_NTFS,  /* UTF-8, in name_max UTF-16 units */
	VL_NAMES_EXFAT, /* the same, without some characters */
	VL_NAMES_FAT    /* the same, and no space at the end */
};

/* Which names are one. */
enum vl_folds {
	VL_FOLDS_NONE,
	VL_FOLDS_CASE,   /* each code point to upper case */
	VL_FOLDS_UNICODE /* full case folding, and one normal form */
};

struct vl_holds {
	char name[32]; /* "exFAT", for messages */
	bool hard_links;
	bool symlinks;
	bool special; /* FIFOs and devices */
	bool owners;
	bool modes;
	bool acl;
	bool user_xattrs;
	bool trusted_xattrs;
	bool security_xattrs;
	bool holes;     /* false: zeros take room like anything else */
	bool root_time; /* false: the root directory has no time of its own */
	uint32_t flags; /* VL_FLAG_* that it keeps */
	enum vl_names names;
	enum vl_folds folds;
	unsigned name_max;
	unsigned link_max;  /* bytes of a symbolic link */
	uint64_t file_max;  /* bytes of a file */
	uint32_t time_step; /* nanoseconds, at least 1 */
	int64_t time_min;   /* seconds since 1970 */
	int64_t time_max;
};

/* What of an entry has no room. */
#define VL_LACKS_OWNER  0x01u
#define VL_LACKS_MODE   0x02u
#define VL_LACKS_ACL    0x04u /* of either kind */
#define VL_LACKS_XATTRS 0x08u /* those that vl_holds_xattr() says */
#define VL_LACKS_FLAGS  0x10u /* those that are not in vl_holds.flags */
#define VL_LACKS_TIME   0x20u /* out of range: vl_holds_time() */
/* The root without root_time: what it has stays, set nor compared. */
#define VL_LACKS_ANY_TIME 0x40u

/*
 * Find out about the file system of directory `dirfd` (O_PATH will do): the
 * root, or where that is absent the directory above it, which `above` says.
 * VL_EIO when it cannot be asked.
 */
enum vl_status vl_holds_probe(
    struct vl_holds *h, int dirfd, bool above, struct vl_err *err);

/* By what the system calls it ("vfat", "fuseblk.exfat"): what any such file
 * system holds.  False: it is not known, and holds everything. */
bool vl_holds_of_type(struct vl_holds *h, const char *type);

/*
 * Why `e` (of any type; of its path the last component counts) cannot exist
 * there, written to `text` and returned; NULL: it can.
 */
const char *vl_holds_refuses(const struct vl_holds *h, const struct vl_entry *e,
    char *text, size_t size);
/*
 * VL_LACKS_*: what of `e` has no room there, with words for a person in
 * `text` ("owner, ACL"; "" for none).  A time that is only rounded lacks
 * nothing.
 */
unsigned vl_holds_lacks(const struct vl_holds *h, const struct vl_entry *e,
    char *text, size_t size);
/* There is room for attributes of this name (an ACL by its kernel name). */
bool vl_holds_xattr(const struct vl_holds *h, struct vl_slice name);
/* The time as it will read back: kept in range, rounded down to a step. */
void vl_holds_time(const struct vl_holds *h, struct vl_time *t);

/*
 * Names that are one name there.  Every path that will exist is added: those
 * of the bundle, and what the target has besides.  Memory is bounded.  Where
 * the file system does not fold nothing is found, and nothing is stored.
 */
struct vl_fold;
/* `h` is copied from; files go to directory `tempdir`. */
enum vl_status vl_fold_new(struct vl_fold **out, const struct vl_holds *h,
    const char *tempdir, struct vl_err *err);
/*
 * `*other` becomes the path that was added before and is the same one there
 * (valid until the next call); p is NULL when there is none, or only `path`
 * itself, which may be added again.
 */
enum vl_status vl_fold_add(struct vl_fold *f, struct vl_slice path,
    struct vl_slice *other, struct vl_err *err);
void vl_fold_free(struct vl_fold *f);

#endif
