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

#define VL_LINE_MAX          65536 /* bytes of a manifest line with its LF */
#define VL_PATH_MAX          8192  /* bytes of a path in a manifest */
#define VL_NAME_MAX          255   /* bytes of one component */
#define VL_PATH_DEPTH_MAX    1000  /* components */
#define VL_TARGET_MAX        4095 /* bytes of a symbolic link, as Linux has it */
#define VL_CONTENT_HASH_SIZE 32
#define VL_CONTENT_HASH_TEXT 46 /* "k1." and 43 base64url characters */

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
 * Members that a type does not have are zero.  Slices are borrowed.
 * `owner` and `group` are empty where the number has no name.
 */
struct vl_entry {
	enum vl_entry_type type;
	enum vl_why why; /* LEFT_OUT */
	struct vl_slice resource;
	struct vl_slice path;
	struct vl_slice target; /* LINK: where to; HARD: the path linked to */
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
};

extern const char *const vl_entry_type_words[]; /* "dir", "file" ... */
extern const char *const vl_why_words[];        /* "unreadable" ... */

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
/* Refuses what formats/manifest.md refuses; "" passes.  VL_EPATH. */
enum vl_status vl_path_check(struct vl_slice path, struct vl_err *err);

#endif
