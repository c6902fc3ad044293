#ifndef UNPACK_WIRE_H
#define UNPACK_WIRE_H

/*
 * What a reader in a cage and its parent say to each other: numbers
 * little-endian and fixed, bytes behind their length.  Pure: struct to bytes
 * and back.
 *
 * The parent believes nothing of what it decodes here.  Each length and count
 * is held against the bytes that are left before anything is made of it, and
 * each value against the rules of formats/ that one record, or one head, can
 * break.
 */

#include <valise/entry.h>
#include <valise/format.h>
#include <valise/record.h>
#include <valise/unpack.h>

#define WIRE_MAX    (1536u << 10) /* bytes of any message */
#define WIRE_BATCH  (192u << 10)  /* where a batch ends, behind an item */
#define WIRE_AHEAD  (4u << 20)    /* bytes of bodies in one batch */
#define WIRE_SECRET (3 * 32)

/* Kinds of messages. */
enum {
	/* The parent asks, of the reader in the first number but for OPEN. */
	WIRE_OPEN = 1, /* head; then KEYS, then its inner head */
	WIRE_KEYS,     /* root of the file keys, series key, tk commitment */
	WIRE_NEXT,     /* a batch of records */
	WIRE_PART,     /* more of the body in hand, where NEXT gives none */
	WIRE_BLOCK,    /* pack, offset, slots that are free again */
	WIRE_END,
	WIRE_CLOSE,   /* no answer */
	WIRE_FILE,    /* of the bundle: as the child asked */
	WIRE_HEAD,    /* text of head.jsn, of no reader */
	WIRE_STANZAS, /* of keys.jsn; then the input of its MAC */
	/* The child answers. */
	WIRE_DONE = 32,
	WIRE_FAILED,
	WIRE_WANTS,   /* a file of the bundle, before it can answer */
	WIRE_UNLOCKED /* before an answer: its keys could not be locked */
};

/* Items of a batch. */
enum {
	WIRE_ENTRY = 1, /* what it says, and its tokens */
	WIRE_REFS,
	WIRE_BODY_END,
	WIRE_TAIL,
	WIRE_FAILURE,
	WIRE_LINE /* of a database: as it is, and its tokens */
};

/* How far a reader goes. */
enum wire_mode {
	WIRE_SWEPT, /* records and bodies */
	WIRE_STEPS, /* unswept, a record at a time, bodies when asked for */
	WIRE_LINES  /* unswept, records alone */
};

/* What opens a reader. */
struct wire_open {
	struct vl_head head;
	uint64_t max_plain;
	bool has_sender;
	uint8_t sender[VL_SIGN_PUBLIC_SIZE];
	bool has_tk;
};

/* What is known of a file that the child asked for. */
struct wire_file {
	uint32_t error; /* errno; 0: a descriptor came along */
	bool regular;
	uint64_t size;
};

/* A block; the ends follow. */
struct wire_block {
	uint32_t slot;
	uint32_t items;
	struct vl_slice ends; /* items * 4 bytes */
};

enum vl_status wire_put_u32(struct vl_buf *out, uint32_t v, struct vl_err *err);
enum vl_status wire_put_bytes(
    struct vl_buf *out, struct vl_slice bytes, struct vl_err *err);
struct vl_slice wire_take_bytes(struct vl_rd *rd);

enum vl_status wire_put_open(
    struct vl_buf *out, const struct wire_open *o, struct vl_err *err);
enum vl_status wire_put_file(
    struct vl_buf *out, const struct wire_file *f, struct vl_err *err);
bool wire_take_file(struct wire_file *f, struct vl_slice bytes);

enum vl_status wire_put_inner(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err);
/* From here on `false` and VL_EFORMAT mean: this cannot be.  Memory that is
 * exhausted is VL_EIO. */
enum vl_status wire_take_inner(
    struct vl_inner_head *h, struct vl_rd *rd, struct vl_err *err);
enum vl_status wire_put_entry(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err);
/* Of a slice behind the kind; borrows from `rd` and `store`. */
enum vl_status wire_take_entry(struct vl_unpacked *rec,
    struct vl_entry_store *store, struct vl_rd *rd, struct vl_err *err);
/* A line of a database, which the parent decodes. */
enum vl_status wire_put_line(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err);
bool wire_take_line(struct vl_slice *line, uint64_t *number, struct vl_rd *rd);
/* What is behind an entry or a line, once that is in `rec`: as many tokens as
 * it has `slots`; `list` holds them as slices. */
enum vl_status wire_put_tokens(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err);
enum vl_status wire_take_tokens(struct vl_unpacked *rec, size_t slots,
    struct vl_buf *list, struct vl_rd *rd, struct vl_err *err);
/* One line with its LF, in which nothing moves a terminal. */
bool wire_is_line(struct vl_slice line);
enum vl_status wire_put_refs(struct vl_buf *out,
    const struct vl_chunk_ref *refs, size_t n, struct vl_err *err);
void wire_take_ref(struct vl_chunk_ref *ref, struct vl_rd *rd);
enum vl_status wire_put_failure(
    struct vl_buf *out, const struct vl_err *failure, struct vl_err *err);
bool wire_take_failure(struct vl_rd *rd, struct vl_err *failure);
enum vl_status wire_put_block(struct vl_buf *out, uint32_t slot,
    const uint32_t *ends, uint32_t items, struct vl_err *err);
/* The ends are for the taker to check (proxy.c). */
bool wire_take_block(struct wire_block *b, struct vl_slice bytes);
enum vl_status wire_put_totals(
    struct vl_buf *out, const struct vl_unpack_totals *t, struct vl_err *err);
bool wire_take_totals(struct vl_unpack_totals *t, struct vl_slice bytes);

#define WIRE_REF_SIZE 26

#endif
