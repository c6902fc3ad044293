#ifndef VALISE_ENTRY_H
#define VALISE_ENTRY_H

/*
 * One path of a tree, and its manifest line (formats/manifest.md).
 *
 * Paths are raw bytes relative to the root, "" for the root itself, without
 * a leading or trailing slash.  In a line a path that is not UTF-8 stands as
 * path_b in base64url; that is the codec's business and shows nowhere else.
 */

#include <valise/bytes.h>
#include <valise/json.h>
#include <valise/slot.h>

#define VL_LINE_MAX          65536 /* bytes of a manifest line with its LF */
#define VL_PATH_MAX          8192  /* bytes of a path in a manifest */
#define VL_NAME_MAX          255   /* bytes of one component, but for a key */
#define VL_PATH_DEPTH_MAX    1000  /* components */
#define VL_TARGET_MAX        4095 /* bytes of a symbolic link, as Linux has it */
#define VL_CONTENT_HASH_SIZE 32
#define VL_CONTENT_HASH_TEXT 46          /* "k1." and 43 base64url characters */
#define VL_FILE_SLOTS_MAX    (16u << 20) /* bytes of a file with secrets */

enum vl_entry_type {
	VL_ENTRY_DIR,
	VL_ENTRY_FILE,
	VL_ENTRY_LINK, /* symbolic */
	VL_ENTRY_HARD,
	VL_ENTRY_FIFO,
	VL_ENTRY_CHAR,
	VL_ENTRY_BLOCK,
	VL_ENTRY_LEFT_OUT
};

/* Why a path is not carried. */
enum vl_why {
	VL_WHY_UNREADABLE,
	VL_WHY_UNSTABLE,
	VL_WHY_EXCLUDED,
	VL_WHY_KIND,
	VL_WHY_MOUNT,
	VL_WHY_NAME
};

struct vl_time {
	int64_t sec;  /* since 1970, may be negative */
	int32_t nsec; /* 0 .. 999,999,999 */
};

/* A stretch without data: recorded, outside "same" and the content hash. */
struct vl_hole {
	uint64_t at;
	uint64_t n;
};

/*
 * A secret of a file.  Its bytes are taken out of the body, and nothing stands
 * for them there.
 */
struct vl_file_slot {
	uint64_t at;         /* in the body, of what followed it */
	struct vl_slot slot; /* never a blob */
	struct vl_slice
	    inside; /* where in the file it is, to VL_SLOT_INSIDE_MAX
	             * bytes; empty: it is the whole file */
};

/* Whom an entry of an ACL is about, in the order in which they stand. */
enum vl_acl_tag {
	VL_ACL_USER_OBJ, /* the owner; no id */
	VL_ACL_USER,
	VL_ACL_GROUP_OBJ, /* the group; no id */
	VL_ACL_GROUP,
	VL_ACL_MASK,
	VL_ACL_OTHER
};

/* One entry of a POSIX.1e ACL. */
struct vl_acl_entry {
	enum vl_acl_tag tag;
	uint8_t perm;         /* 0 .. 7: read 4, write 2, execute 1 */
	uint32_t id;          /* USER, GROUP; never 4294967295 */
	struct vl_slice name; /* USER, GROUP; empty where it has none */
};

/* One extended attribute. */
struct vl_xattr {
	struct vl_slice name; /* "user.mime"; no NUL */
	struct vl_slice value;
};

/* Flags of files and directories that are carried; the words of a line are
 * their names in lower case. */
#define VL_FLAG_APPEND        0x0001u
#define VL_FLAG_COMPRESS      0x0002u
#define VL_FLAG_DIRSYNC       0x0004u
#define VL_FLAG_IMMUTABLE     0x0008u
#define VL_FLAG_JOURNAL_DATA  0x0010u
#define VL_FLAG_NOATIME       0x0020u
#define VL_FLAG_NOCOW         0x0040u
#define VL_FLAG_NODUMP        0x0080u
#define VL_FLAG_NOTAIL        0x0100u
#define VL_FLAG_SECURE_DELETE 0x0200u
#define VL_FLAG_SYNC          0x0400u
#define VL_FLAG_TOPDIR        0x0800u
#define VL_FLAG_UNDELETE      0x1000u
/* With these nothing can be changed any more: set last, taken off first. */
#define VL_FLAGS_LOCK (VL_FLAG_APPEND | VL_FLAG_IMMUTABLE)
/* A file system takes these of a file that is empty, and of one with content
 * perhaps not, without a word: set first. */
#define VL_FLAGS_EMPTY (VL_FLAG_COMPRESS | VL_FLAG_NOCOW)
#define VL_FLAGS_ALL   0x1fffu

/*
 * Members that a type does not have are zero.  Slices are borrowed.
 * `owner` and `group` are empty where the number has no name.
 */
struct vl_entry {
	enum vl_entry_type type;
	enum vl_why why; /* LEFT_OUT */
	struct vl_slice resource;
	struct vl_slice path;
	struct vl_slice target; /* LINK: where to; HARD: an earlier path, of
	                         * any type but DIR, HARD, LEFT_OUT */
	struct vl_slice owner;
	struct vl_slice group;
	uint32_t uid; /* never 4294967295 */
	uint32_t gid;
	uint32_t mode; /* 07777 */
	struct vl_time mtime;
	uint64_t size;                      /* FILE, below 10^15 */
	uint8_t hash[VL_CONTENT_HASH_SIZE]; /* FILE */
	uint32_t major;                     /* CHAR, BLOCK */
	uint32_t minor;
	const struct vl_hole *holes; /* FILE */
	size_t nholes;
	/* In kernel order: by tag, then by id; none, or at least one USER,
	 * GROUP or MASK.  The permission bits of `mode` agree with `acl`:
	 * owner, mask and other. */
	const struct vl_acl_entry *acl; /* all that have a mode */
	size_t nacl;
	const struct vl_acl_entry *acl_default; /* DIR; may be the bare three */
	size_t nacl_default;
	const struct vl_xattr *xattrs; /* ascending by name */
	size_t nxattrs;
	uint32_t flags; /* VL_FLAG_*, of FILE and DIR */
	/* Ascending by `at`; then the body has at most VL_FILE_SLOTS_MAX bytes
	 * and no holes.  One that is the whole file is alone, `size` is 0. */
	const struct vl_file_slot *slots; /* FILE */
	size_t nslots;
};

extern const char *const vl_entry_type_words[]; /* "dir", "file" ... */
extern const char *const vl_why_words[];        /* "unreadable" ... */
/* Bit i of `flags` has the word i: ascending. NULL at the end. */
extern const char *const vl_flag_words[];

/*
 * Append the canonical line of `e`, with LF, to `out`.  `*hash_at`, where
 * not NULL, gets the offset in the line of the VL_CONTENT_HASH_TEXT bytes of
 * the content hash (0 for other types), so that it can be set later.
 * VL_ELIMIT when the line would be longer than VL_LINE_MAX.
 */
enum vl_status vl_entry_encode(struct vl_buf *out, const struct vl_entry *e,
    size_t *hash_at, struct vl_err *err);
/* Write the text of `hash` where vl_entry_encode() left room for it. */
void vl_entry_set_hash(
    uint8_t *line, size_t hash_at, const uint8_t hash[VL_CONTENT_HASH_SIZE]);

/*
 * Memory that a decoded entry points into besides the line; reuse one.
 */
struct vl_entry_store {
	struct vl_json json;
	struct vl_buf text;
	struct vl_buf holes;
	struct vl_buf acl; /* both */
	struct vl_buf xattrs;
	struct vl_buf slots;
};

/*
 * Decode one line (with its LF).  All rules of the manifest that one line
 * can break are checked: canonical form, members of its type, ranges, path
 * form.  VL_EFORMAT, VL_EPATH, VL_ELIMIT.
 * `e` borrows from `line` and `store` until either changes.
 */
enum vl_status vl_entry_decode(struct vl_entry *e, struct vl_entry_store *store,
    struct vl_slice line, struct vl_err *err);
void vl_entry_store_free(struct vl_entry_store *store);
/* All rules of an entry but those of vl_path_check(), for one that was not
 * decoded from a line here.  VL_EFORMAT, VL_EPATH, VL_ELIMIT. */
enum vl_status vl_entry_check(const struct vl_entry *e, struct vl_err *err);
/* What fingerprint and token of e->slots[i] are bound to; borrows from `e`. */
struct vl_slot_place vl_entry_slot_place(const struct vl_entry *e, size_t i);

/*
 * Order of paths: by bytes with '/' below every other byte, so that a
 * directory is followed at once by all it contains.  <0, 0, >0.
 */
int vl_path_cmp(struct vl_slice a, struct vl_slice b);
/* True when `path` is `dir` or below it; everything is below "". */
bool vl_path_below(struct vl_slice path, struct vl_slice dir);
/* The path without its last component ("" of a single one), and that one. */
struct vl_slice vl_path_parent(struct vl_slice path);
struct vl_slice vl_path_name(struct vl_slice path);
/* What valise names so itself in a root: the first component is VL_STAGING or
 * another `word`, alone or with ".ID", ".theirs.ID", ".abandoned.ID" or
 * ".probe.ID" behind it, where ID is 32 lower-case hex digits.  A user's
 * `.valise.yaml` is a path like others. */
#define VL_STAGING ".valise"
bool vl_path_hidden(struct vl_slice path, const char *word);
/* Refuses what formats/manifest.md refuses; "" passes.  VL_EPATH. */
enum vl_status vl_path_check(struct vl_slice path, struct vl_err *err);
/* The same of a line, where a component with a '{' or '%' in it, which may
 * hold a key or be spelled longer than it is, has no limit of its own. */
enum vl_status vl_path_check_line(struct vl_slice path, struct vl_err *err);
/*
 * A symbolic link at `path` with this target cannot lead out of the tree,
 * whatever stands on its way, if all links of the tree obey: relative, and
 * ".." only at its start, not more often than `path` has directories.
 */
bool vl_link_stays_inside(struct vl_slice path, struct vl_slice target);

#endif
