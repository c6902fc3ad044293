#ifndef VALISE_UNPACK_H
#define VALISE_UNPACK_H

/*
 * Bundle reader: an unlocked bundle directory in, verified records out, in
 * manifest order.
 *
 *	open -> (next -> (part)*)* -> end -> free
 *
 * While records are read, the packs are swept once from their first byte to
 * their last on the pool: decrypted, decompressed, every id recomputed and
 * compared with the chunk map.  A record is released with its line checked
 * and its content hash shown to follow from its chunk list; but nothing may
 * count before vl_unpack_end() has returned VL_OK: only then is every frame,
 * chunk, record, count and root verified.
 */

#include <valise/cage.h>
#include <valise/entry.h>
#include <valise/format.h>
#include <valise/ids.h>
#include <valise/keys.h>
#include <valise/pool.h>
#include <valise/record.h>
#include <valise/row.h>

struct vl_unpack;
struct vl_chunk_hold;

struct vl_unpack_opts {
	int dirfd; /* the spool, or the medium; borrowed */
	const struct vl_head *head;
	const struct vl_key_set *keys;
	enum vl_role role;
	const uint8_t *sender; /* public key that made the seal; or NULL */
	const char *tempdir;   /* for the chunk map */
	struct vl_pool *pool;  /* with a cage only its size is of interest */
	uint64_t max_plain;    /* policy on total_plain; 0 is no limit */
	/* Where all that parses is done, by vl_unpack_cage_open(); it outlives
	 * the reader.  NULL: in this process. */
	struct vl_cage *cage;
};

/*
 * A child without rights for the readers of one bundle: a few at a time, and
 * each of which only one thread reads records of.  While the process has no
 * other threads.  `workers` as for the pool.
 */
enum vl_status vl_unpack_cage_open(
    struct vl_cage **out, unsigned workers, struct vl_err *err);

/* head.jsn and keys.jsn, decoded in the cage. */
struct vl_small_reader vl_unpack_small_reader(struct vl_cage *cage);

/* VL_EFORMAT, VL_EAUTH, VL_ELIMIT; VL_ETRUST when the inner sender is
 * another than `sender`. */
enum vl_status vl_unpack_open(struct vl_unpack **out,
    const struct vl_unpack_opts *opts, struct vl_err *err);
const struct vl_inner_head *vl_unpack_inner(const struct vl_unpack *u);
const struct vl_ids *vl_unpack_ids(const struct vl_unpack *u);
/* What opens the tokens of its records, as long as the reader is there; NULL
 * in the role audit. */
const struct vl_secret_ops *vl_unpack_secrets(const struct vl_unpack *u);

/*
 * The next record; `rec->line.p` is NULL behind the last.  Lines are
 * canonical, in order, unique.
 *
 * Of a tree (kind "files") they are entries: parents precede and are
 * directories; nothing stands below a link, a file or a left-out path.
 *
 * Of a database (kind "sqlite") the first is its profile; tables ascend by
 * name, and behind each come its rows, ascending by the bytes of their keys.
 * What keys, values and words mean is for the caller to check.  In the role
 * full each token of a line was opened, and is what the line says of it; not
 * so unswept (below).
 */
struct vl_unpacked {
	struct vl_slice line; /* with LF */
	uint64_t number;      /* 0-based */
	enum vl_line_kind kind;
	/* Of every kind. */
	struct vl_slice resource;
	bool has_body;
	uint64_t size; /* of the body; 0 without one */
	/* What it says, decoded; all but that of its kind is zero. */
	struct vl_entry entry;
	struct vl_profile_line profile;
	struct vl_table_line table;
	struct vl_row row;
	struct vl_row_store *store; /* what `row` points into */
	/* A token for each secret of the line, in the order in which they
	 * stand in it (vl_row_next_slot()); until the next record, as all. */
	const struct vl_slice *tokens;
	size_t ntokens;
};
enum vl_status vl_unpack_next(
    struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err);

/*
 * The next chunks of the current record's body, at most `max`, ascending;
 * `*n` is 0 when there are no more: then the content hash was found right.
 * What no chunk covers is zero.  vl_unpack_next() skips (and checks) what
 * was not asked for.
 */
enum vl_status vl_unpack_part(struct vl_unpack *u, struct vl_chunk_ref *refs,
    size_t max, size_t *n, struct vl_err *err);

/*
 * The bytes of a chunk; thread-safe, also from jobs of the pool.  Decoded
 * blocks are shared and kept a while.  Its id is that of the bytes, swept or
 * not.  Release every hold.
 */
enum vl_status vl_unpack_chunk(struct vl_unpack *u,
    const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    struct vl_chunk_hold **hold, struct vl_err *err);
void vl_unpack_release(struct vl_unpack *u, struct vl_chunk_hold *hold);

struct vl_body_sink {
	enum vl_status (*put)(
	    void *arg, struct vl_slice bytes, struct vl_err *err);
	void *arg;
};
/*
 * The body of the record that was read last, from its first byte to its last,
 * in place of vl_unpack_part(); also unswept.  VL_EAUTH behind that where it is
 * not what the line says; VL_EFORMAT for chunks that gear1 does not cut.
 */
enum vl_status vl_unpack_body(struct vl_unpack *u,
    const struct vl_unpacked *rec, const struct vl_body_sink *sink,
    struct vl_err *err);

struct vl_unpack_totals {
	uint64_t lines;
	uint64_t chunks;
	uint64_t unused_chunks; /* in packs, named by no list */
	uint64_t plain;
	uint64_t secrets; /* of all lines; opened where vl_unpack_secrets() */
};

/* After the last record: the rest of the packs, counts, root, total_plain. */
enum vl_status vl_unpack_end(
    struct vl_unpack *u, struct vl_unpack_totals *totals, struct vl_err *err);
/* The last line of the manifest, for `ls`; valid after the last record. */
struct vl_slice vl_unpack_tail(const struct vl_unpack *u);
/* The first line. */
struct vl_slice vl_unpack_first(const struct vl_unpack *u);
/*
 * Before the first record: packs are not swept, bodies that are not asked
 * for are passed over, and end refuses.  For looking at lines, or at one
 * body: its chunks come from authenticated frames, but their ids are not
 * compared with the map, so whoever uses the bytes recomputes the content
 * hash.
 */
void vl_unpack_unswept(struct vl_unpack *u);
/* The same, and no body will be asked for. */
void vl_unpack_lines_only(struct vl_unpack *u);
void vl_unpack_free(struct vl_unpack *u);

#endif
