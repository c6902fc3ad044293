#ifndef VALISE_STREAM_H
#define VALISE_STREAM_H

/*
 * A numbered series of encrypted files (packs, or index files) as a stream
 * of records: compress, frame, encrypt, hash, write, sync, read back; and
 * reading such a file again (formats/bundle.md, "Files of frames" and
 * "Records").
 */

#include <valise/crypt.h>
#include <valise/format.h>
#include <valise/pool.h>

struct vl_stream_w;
struct vl_stream_r;

/* What the seal, files_root and inner head want to know of a file. */
struct vl_stream_file {
	uint32_t number;
	uint32_t frames;
	uint64_t size;
	uint8_t hash[VL_HASH_SIZE]; /* plain BLAKE2b-256 of the file */
};

struct vl_stream_opts {
	int dirfd; /* where the files go; borrowed */
	enum vl_file_type type;
	unsigned frame_log2;
	uint32_t first;       /* number of the first file */
	const uint8_t *id;    /* bundle id, borrowed */
	const uint8_t *root;  /* KDF(BK,2), borrowed, locked */
	int level;            /* zstd level 1 .. 12 */
	struct vl_pool *pool; /* compresses and encrypts */
	uint64_t *written;    /* bytes, for progress; or NULL */
};

/*
 * Writer.  Records come out in the order they went in; files are closed
 * (fdatasync, read back and compared) as they fill.
 *
 *	open -> (next -> put)* -> finish -> files -> free
 */
enum vl_status vl_stream_w_open(struct vl_stream_w **out,
    const struct vl_stream_opts *opts, struct vl_err *err);

/* One record to be; `table` is the chunk lengths of kind 1, else empty. */
struct vl_stream_record {
	enum vl_record_kind kind;
	bool compress; /* else raw; raw also when little is gained */
	uint32_t items;
	struct vl_slice table;
	struct vl_slice plain;
	/* NULL; or what holds `plain`, and no table: it is taken, and another
	 * buffer given for it. */
	struct vl_buf *taken;
	uint64_t tag; /* the caller's, given back by `placed` */
};

/* Where a record came to stand; called in order, from put and finish. */
struct vl_stream_placed {
	void *arg;
	enum vl_status (*fn)(void *arg, uint64_t tag, uint32_t file,
	    uint64_t offset, struct vl_err *err);
};

/* Copy `r` in, or take it; may wait for older ones. `placed` may be NULL. */
enum vl_status vl_stream_w_put(struct vl_stream_w *w,
    const struct vl_stream_record *r, const struct vl_stream_placed *placed,
    struct vl_err *err);
/* Close the current file, so that the next record starts a new one. */
enum vl_status vl_stream_w_split(struct vl_stream_w *w, struct vl_err *err);
/* Every record so far is placed. */
enum vl_status vl_stream_w_settle(struct vl_stream_w *w, struct vl_err *err);
/* Everything written, synced, read back. At least one file exists after. */
enum vl_status vl_stream_w_finish(struct vl_stream_w *w, struct vl_err *err);
const struct vl_stream_file *vl_stream_w_files(
    const struct vl_stream_w *w, size_t *n);
/* Sum of the plain lengths of all records so far. */
uint64_t vl_stream_w_plain(const struct vl_stream_w *w);
/* Some record that stands in a file is stored with zstd. */
bool vl_stream_w_zstd(const struct vl_stream_w *w);
void vl_stream_w_free(struct vl_stream_w *w);

/*
 * Reader of one file.  Opening checks size and header against what is
 * expected; every frame is authenticated before a byte of it is used.
 */
struct vl_stream_found {
	int fd; /* the reader's to close */
	bool regular;
	uint64_t size;
};

struct vl_stream_expect {
	int dirfd;
	/* Opens the file for who may not open anything; false with errno.
	 * NULL: it is opened in `dirfd`. */
	bool (*find)(void *arg, enum vl_file_type type, uint32_t number,
	    struct vl_stream_found *found);
	void *arg;
	enum vl_file_type type;
	uint32_t number;
	unsigned frame_log2;
	const uint8_t *id;
	const uint8_t *root;
};

enum vl_status vl_stream_r_open(struct vl_stream_r **out,
    const struct vl_stream_expect *expect, struct vl_err *err);
/* What `find` of somebody else should do. */
bool vl_stream_find(int dirfd, enum vl_file_type type, uint32_t number,
    struct vl_stream_found *found);
uint32_t vl_stream_r_frames(const struct vl_stream_r *r);

/* A record as it is stored, not yet decoded. */
struct vl_stored {
	struct vl_record_header head;
	uint64_t offset;        /* of its header in the plaintext */
	struct vl_slice table;  /* kind 1: items * 4 bytes */
	struct vl_slice stored; /* both valid until the next call */
};

/*
 * The records one after the other; ordinals are checked, and at the end
 * that padding is zero and that no frame is superfluous.  `*end` is set
 * when there is no further one.
 */
enum vl_status vl_stream_r_next(
    struct vl_stream_r *r, struct vl_stored *s, bool *end, struct vl_err *err);
/* The record at `offset`, wherever next stands (and without moving it). */
enum vl_status vl_stream_r_at(struct vl_stream_r *r, uint64_t offset,
    struct vl_stored *s, struct vl_err *err);
void vl_stream_r_free(struct vl_stream_r *r);

/*
 * Decode a stored record into `plain` (head.plain bytes): codec rules, XXH3.
 * `scratch` is a decompressor that one thread reuses; NULL makes one.
 */
struct vl_unzip;
enum vl_status vl_unzip_new(struct vl_unzip **out, struct vl_err *err);
void vl_unzip_free(struct vl_unzip *u);
enum vl_status vl_stored_decode(uint8_t *plain, const struct vl_stored *s,
    struct vl_unzip *scratch, struct vl_err *err);

#endif
