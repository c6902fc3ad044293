#ifndef UNPACK_PARTS_H
#define UNPACK_PARTS_H

/*
 * What the files of this room share.
 *
 *	open.c    inner head, commitments, maps, teardown
 *	map.c     the chunk map on disk and its lookups
 *	index.c   the records of the index files, one after the other
 *	lines.c   manifest lines: form, order, count, root
 *	order.c   what may follow what in a tree, and in a database
 *	tokens.c  the secrets of a line
 *	lists.c   chunk lists of bodies
 *	sweep.c   the one pass over all packs
 *	blocks.c  decoded blocks, shared and counted
 *	fetch.c   chunks out of them
 *	body.c    a body out of these
 *	proxy.c   the same reader where it runs in a cage: the parent's side
 *	inside.c  and the child's
 *	small.c   head.jsn and keys.jsn by the child
 *	wire.c    what both say to each other, wire_entry.c: records
 */

#include <pthread.h>
#include <stdatomic.h>

#include <valise/stream.h>
#include <valise/tokens.h>
#include <valise/unpack.h>

/* map.c: rows in order of ids in an unlinked file, which it takes over, found
 * by their first two bytes and one read. */
struct vl_unpack_map {
	int fd;
	uint64_t rows;
	uint32_t *first; /* 65,537 row numbers, by the first two bytes */
	unsigned filled; /* entries of `first` that are set */
	uint8_t last[VL_HASH_SIZE];
	pthread_mutex_t mutex;
	struct vl_unpack_recent *recent;
};

enum vl_status vl_unpack_map_open(
    struct vl_unpack_map *m, int fd, struct vl_err *err);
/* Append the rows of one record; `inner` says where chunks can be. */
enum vl_status vl_unpack_map_add(struct vl_unpack_map *m, struct vl_slice rows,
    const struct vl_inner_head *inner, struct vl_err *err);
void vl_unpack_map_done(struct vl_unpack_map *m);
/* Thread-safe.  `*number` is the row's place in the map. */
enum vl_status vl_unpack_map_find(struct vl_unpack_map *m,
    const uint8_t id[VL_HASH_SIZE], struct vl_map_row *row, uint64_t *number,
    bool *found, struct vl_err *err);
void vl_unpack_map_close(struct vl_unpack_map *m);

/* blocks.c */
enum vl_block_state {
	VL_BLOCK_PENDING,
	VL_BLOCK_READY,
	VL_BLOCK_FAILED
};

/* A decoded block; a hold is one count of it. */
struct vl_chunk_hold {
	uint32_t pack;
	uint64_t offset;
	enum vl_block_state state;
	unsigned holds;
	uint64_t used; /* when, by the clock of the cache */
	const uint8_t *bytes;
	uint32_t *ends; /* of each chunk in bytes */
	uint32_t slot;  /* where bytes are shared */
	uint32_t items;
	struct vl_err err; /* of a failed one */
};

/* What a parent keeps of blocks that are of no use right now, beside one for
 * each worker. */
#define VL_BLOCKS_KEPT 8

#define LEAVES_AT_ONCE 256 /* that are hashed */

/* Memory that a child shares with its parent, in pieces of one block. */
struct vl_unpack_slots {
	pthread_mutex_t mutex;
	uint8_t *memory;
	uint32_t *free;
	size_t nfree;
};

struct vl_unpack_blocks {
	struct vl_unpack_slots *slots; /* where bytes are; NULL: anywhere */
	/* Of a parent: bytes are another's, who is told of slots that are of
	 * use no more. */
	bool borrowed;
	uint32_t *gone;
	size_t ngone;
	size_t gone_cap;
	pthread_mutex_t mutex;
	pthread_cond_t settled; /* some block is pending no more */
	struct vl_chunk_hold **list;
	size_t n;
	size_t cap;
	size_t limit; /* of what is kept; held ones may be more */
	uint64_t clock;
};

void vl_unpack_blocks_init(struct vl_unpack_blocks *b); /* sets no limit */
/* A new pending block with one hold. */
enum vl_status vl_unpack_block_take(struct vl_unpack_blocks *b, uint32_t pack,
    uint64_t offset, struct vl_chunk_hold **out, struct vl_err *err);
/* The block of this place with one more hold; a new one when `*fresh`. */
enum vl_status vl_unpack_block_find(struct vl_unpack_blocks *b,
    const struct vl_chunk_ref *ref, struct vl_chunk_hold **out, bool *fresh,
    struct vl_err *err);
/* Decompress into `h` and read the chunk lengths. */
enum vl_status vl_unpack_block_decode(struct vl_unpack_blocks *b,
    struct vl_chunk_hold *h, const struct vl_stored *s,
    struct vl_unzip *scratch, struct vl_err *err);
/* Pending no more: ready, or failed with `err`. */
void vl_unpack_block_settle(struct vl_unpack_blocks *b, struct vl_chunk_hold *h,
    enum vl_status st, const struct vl_err *err);
enum vl_status vl_unpack_block_wait(
    struct vl_unpack_blocks *b, struct vl_chunk_hold *h, struct vl_err *err);
void vl_unpack_block_drop(struct vl_unpack_blocks *b, struct vl_chunk_hold *h);
void vl_unpack_blocks_free(struct vl_unpack_blocks *b);

/* sweep.c */
struct vl_sweep_job {
	struct vl_job job;
	struct vl_unpack *u;
	uint32_t pack;
	struct vl_stored stored; /* in `bytes` */
	struct vl_buf bytes;
	struct vl_chunk_hold *block;
	uint64_t confirmed; /* rows that name a chunk of this block */
	bool submitted;
	atomic_bool done;
};

struct vl_sweep {
	struct vl_sweep_job *jobs; /* a ring */
	size_t njobs;
	size_t next;              /* job to be used next */
	struct vl_unzip **unzips; /* one a worker */
	unsigned nunzips;
	struct vl_stream_r *r; /* of `pack`, or NULL before it is opened */
	uint32_t pack;
	uint64_t reached; /* blocks of `pack` below are submitted */
	bool ended;
	uint64_t chunks;
	uint64_t confirmed;
};

enum vl_status vl_sweep_init(struct vl_unpack *u, struct vl_err *err);
/* Submit every block up to this one, and a few more while workers idle. */
enum vl_status vl_sweep_to(
    struct vl_unpack *u, uint32_t pack, uint64_t offset, struct vl_err *err);
/* The ids of the chunks of a decoded block, recomputed: the map knows each, and
 * names this copy or a lower one.  `*confirmed` counts those of this one.
 * Thread-safe. */
enum vl_status vl_unpack_block_confirm(struct vl_unpack *u,
    const struct vl_chunk_hold *h, uint64_t *confirmed, struct vl_err *err);
/* The rest; then every block has been confirmed. */
enum vl_status vl_sweep_end(struct vl_unpack *u, struct vl_err *err);
void vl_sweep_free(struct vl_unpack *u);

/* index.c: the records of i0000002 and on, but maps. */
struct vl_index {
	struct vl_stream_r *r;
	uint32_t file; /* of `r`, or the last one before */
	uint32_t last;
	struct vl_stored stored;
	bool pending; /* `stored` is read and not taken */
};

/* The next record without taking it; NULL behind the last. */
enum vl_status vl_index_peek(
    struct vl_unpack *u, const struct vl_stored **s, struct vl_err *err);
/* Take it: decode it into `out`. */
enum vl_status vl_index_take(
    struct vl_unpack *u, struct vl_buf *out, struct vl_err *err);
/* Take it without a look at its content. */
void vl_index_skip(struct vl_unpack *u);
/* Put file and `what` before a message, where it is not of the file itself. */
enum vl_status vl_index_within(
    const struct vl_unpack *u, const char *what, struct vl_err *err);

/* order.c */
struct vl_order {
	size_t resources; /* begun, of those in the inner head */
	bool database;    /* the last of them is one */
	/* Of a database: the table of the line before, and the key of its
	 * row, empty before the first. */
	struct vl_buf table;
	struct vl_buf key;
	/* Of a tree. */
	struct vl_buf path; /* of the line before */
	struct vl_buf dir;  /* deepest directory above the line before */
	size_t depth;
	uint16_t ends[VL_PATH_DEPTH_MAX + 1]; /* of each one above, in `dir` */
};

enum vl_status vl_order_check(struct vl_order *o,
    const struct vl_inner_head *inner, const struct vl_unpacked *rec,
    struct vl_err *err);
void vl_order_free(struct vl_order *o);

/* lists.c */
struct vl_body_state {
	struct vl_content_hash hash;
	bool open;  /* the current record has a body not yet at its end */
	bool begun; /* its first item is taken */
	uint64_t size;
	uint64_t at;
	uint8_t want[VL_CONTENT_HASH_SIZE];
	struct vl_list_item item;
	struct vl_slice refs; /* of `item`, not yet read */
};

struct vl_lists {
	struct vl_buf bytes;
	struct vl_rd rd;
	uint32_t left; /* items in rd */
	struct vl_list_item next;
	bool peeked; /* `next` is read and not taken */
};

/* Skip, and check, what is left of the current body. */
enum vl_status vl_lists_skip_body(struct vl_unpack *u, struct vl_err *err);
/* Unswept: what is left of the lists of the lines before is of no use. */
void vl_lists_forget(struct vl_unpack *u);
/* No list may be left of the lines before. */
enum vl_status vl_lists_check_none(struct vl_unpack *u, struct vl_err *err);

/* tokens.c: those of the lines of one record. */
struct vl_line_tokens {
	struct vl_buf bytes;
	struct vl_rd rd;
	uint32_t left;      /* items in rd */
	struct vl_buf list; /* slices: of the current line */
};

/* The record that comes next, if it is one of secrets. */
enum vl_status vl_line_tokens_load(struct vl_unpack *u, struct vl_err *err);
/* Those of `rec`, which is line u->number. */
enum vl_status vl_line_tokens_take(
    struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err);
/* How many it has to have. */
size_t vl_line_slots(const struct vl_unpacked *rec);
/* None may be left of the lines before. */
enum vl_status vl_line_tokens_check_none(
    struct vl_unpack *u, struct vl_err *err);
/* Where the transfer key is held: that each opens, and is what the line says.
 */
enum vl_status vl_line_tokens_open(
    struct vl_unpack *u, const struct vl_unpacked *rec, struct vl_err *err);
void vl_line_tokens_free(struct vl_unpack *u);

/* lines.c */
/* One line by the decoder of its kind: all of `rec` but its number. */
enum vl_status vl_line_decode(struct vl_unpack *u, struct vl_unpacked *rec,
    struct vl_slice line, struct vl_err *err);
/* What an entry says of its record. */
void vl_line_of_entry(struct vl_unpacked *rec);
/* Read up to the first record line. */
enum vl_status vl_lines_begin(struct vl_unpack *u, struct vl_err *err);
enum vl_status vl_line_within(
    const struct vl_unpack *u, uint64_t number, struct vl_err *err);

struct vl_proxy;

struct vl_unpack {
	/* First: its hash state wants the alignment. */
	struct vl_body_state body;
	/* The reader is in a cage, and of what follows only ids, inner head,
	 * order, store, blocks and the ends of the manifest are used. */
	struct vl_proxy *proxy;
	struct vl_stream_expect expect; /* type and number are set a file */
	uint8_t id[VL_ID_SIZE];
	uint8_t *root; /* KDF(BK,2), locked memory */
	struct vl_pool *pool;
	struct vl_ids *ids;
	struct vl_inner_head inner;
	bool unswept;

	struct vl_unpack_map map;
	uint8_t *named; /* a bit for each row of the map, set by lists */
	uint64_t nnamed;
	uint64_t plain; /* of all records so far, but the inner head */

	struct vl_index index;
	struct vl_buf lines;  /* the record being read */
	struct vl_slice rest; /* of it */
	uint32_t left;        /* lines in rest, by its header */
	struct vl_buf first;
	struct vl_buf tail; /* set: the manifest is at its end, root checked */
	uint64_t number;    /* of the next record line */
	struct vl_merkle merkle;
	struct vl_slice leaves[LEAVES_AT_ONCE]; /* lines it does not know yet */
	size_t nleaves;
	struct vl_order order;
	struct vl_entry_store store;
	struct vl_row_store rows;
	struct vl_lists lists;
	struct vl_line_tokens tokens;
	/* In the role full, and never of a child: */
	struct vl_tokens *transfer;
	struct vl_secret_ops secrets; /* of it */
	struct vl_locked plain_text;  /* of a secret that is looked at */
	uint64_t nsecrets;            /* handed on */

	struct vl_sweep sweep;
	struct vl_unpack_blocks blocks;
	pthread_mutex_t again_mutex; /* of the two below */
	struct vl_stream_r *again;   /* to decode an evicted block once more */
	uint32_t again_pack;

	struct vl_err failed; /* its status once anything failed */
};

/* What a reader is opened with: keys come as what is derived of them. */
struct vl_unpack_source {
	const struct vl_head *head;
	const uint8_t *root;      /* of the file keys; locked memory */
	const uint8_t *sk;        /* series key; locked memory */
	const uint8_t *tk_commit; /* NULL: the transfer key is not held */
	const uint8_t *sender;    /* NULL: any */
	uint64_t max_plain;       /* 0: no limit */
	struct vl_pool *pool;
	int dirfd;
	struct vl_stream_expect files; /* find, or dirfd */
	int mapfd;                     /* of the chunk map; taken over */
	struct vl_unpack_slots *slots;
};
enum vl_status vl_unpack_open_source(struct vl_unpack **out,
    const struct vl_unpack_source *s, struct vl_err *err);
/* An inner head against head, seal, keys and policy; makes u->ids. */
enum vl_status vl_unpack_check_inner(
    struct vl_unpack *u, const struct vl_unpack_source *s, struct vl_err *err);
/* The block of `ref`, decoded, with one more hold. */
enum vl_status vl_unpack_block(struct vl_unpack *u,
    const struct vl_chunk_ref *ref, struct vl_chunk_hold **out,
    struct vl_err *err);

/* proxy.c */
enum vl_status vl_proxy_open(struct vl_unpack *u,
    const struct vl_unpack_source *s, struct vl_cage *cage, struct vl_err *err);
enum vl_status vl_proxy_next(
    struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err);
enum vl_status vl_proxy_part(struct vl_unpack *u, struct vl_chunk_ref *refs,
    size_t max, size_t *n, struct vl_err *err);
enum vl_status vl_proxy_block(
    struct vl_unpack *u, struct vl_chunk_hold *h, struct vl_err *err);
enum vl_status vl_proxy_end(
    struct vl_unpack *u, struct vl_unpack_totals *totals, struct vl_err *err);
void vl_proxy_unswept(struct vl_unpack *u, bool lines);
void vl_proxy_free(struct vl_unpack *u);

/* Open file `number` as the bundle has it. */
enum vl_status vl_unpack_file(struct vl_unpack *u, enum vl_file_type type,
    uint32_t number, struct vl_stream_r **out, struct vl_err *err);
/* Count the plain length of a record against total_plain. */
enum vl_status vl_unpack_count(
    struct vl_unpack *u, const struct vl_stored *s, struct vl_err *err);
/* Latch a failure of the caller's thread; returns `st`. */
enum vl_status vl_unpack_latch(
    struct vl_unpack *u, enum vl_status st, const struct vl_err *err);

#endif
