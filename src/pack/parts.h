#ifndef VALISE_PACK_PARTS_H
#define VALISE_PACK_PARTS_H

/*
 * What the files of this room share.
 *
 *	pack.c    open, records and bodies into batches, free
 *	batch.c   a batch: bytes, the steps to take, ids computed by a job
 *	drain.c   the steps of a batch in order: manifest lines, blocks
 *	lists.c   chunk lists of the bodies of one manifest record
 *	tokens.c  secrets of its lines
 *	dedup.c   which chunks were seen
 *	map.c     the chunk map
 *	inner.c   the inner head, and whether it has room
 *	commit.c  the rest of the index, head, keys, seal, name
 */

#include <valise/pack.h>
#include <valise/row.h>
#include <valise/seal.h>
#include <valise/sort.h>
#include <valise/stream.h>

#define BATCH_TARGET (1u << 20) /* bytes, after which a batch is closed */
#define BATCH_STEPS  8192
#define LINES_TARGET (1u << 20) /* bytes of a manifest record */
#define PAR_SIZE     16         /* "4g2mzjw2.par" */
/* Of secrets: then what one more line may have still fits into their record.
 * No line has as many slots. */
#define LINE_SLOTS_MAX 2048
#define TOKENS_TARGET  (VL_RECORD_PLAIN_MAX - VL_LINE_SECRETS_MAX)

/* batch.c */
enum step_kind {
	STEP_BODY,   /* a body of `at` bytes begins */
	STEP_CHUNK,  /* its next chunk */
	STEP_DROP,   /* the body and its line are given up */
	STEP_TOKENS, /* `at` secrets of the next line */
	STEP_LINE    /* a line; of the body, when `hash_at` is not 0 */
};

struct step {
	enum step_kind kind;
	uint32_t group; /* BODY: of its source */
	uint64_t at;    /* BODY: size; CHUNK: place in the body; TOKENS: n */
	uint64_t zeros; /* CHUNK: zero blocks before it */
	size_t from;    /* CHUNK: in bytes; LINE: in text; TOKENS: in tokens */
	size_t n;
	size_t hash_at; /* LINE: in the line */
	uint8_t id[VL_HASH_SIZE];
};

struct batch {
	struct vl_job job; /* computes the ids, and hashes the lines */
	const struct vl_ids *ids;
	bool busy; /* submitted and not drained */
	struct step *steps;
	size_t nsteps;
	size_t cap_steps;
	struct vl_buf text; /* lines */
	struct vl_buf tokens;
	size_t nlines;
	bool late;  /* some line gets its hash when the batch is drained */
	bool doubt; /* some line may want tokens that did not come with it */
	struct vl_merkle merkle; /* else of its lines */
	uint8_t *bytes;          /* of bodies */
	size_t cap;
	size_t cut;  /* decided: chunks, or dropped zeros */
	size_t used; /* undecided bytes of the body behind */
};

enum vl_status batch_init(
    struct batch *b, const struct vl_ids *ids, struct vl_err *err);
void batch_free(struct batch *b);
void batch_clear(struct batch *b);
/* A new step at the end, zeroed. */
enum vl_status batch_step(struct batch *b, enum step_kind kind,
    struct step **out, struct vl_err *err);
enum vl_status batch_line(
    struct batch *b, struct vl_slice line, size_t hash_at, struct vl_err *err);
/* Before the line: `items`, `n` of them, that tokens_encode() made. */
enum vl_status batch_tokens(
    struct batch *b, struct vl_slice items, size_t n, struct vl_err *err);
/* No tokens came with the line of that step, nor a body, before which that is
 * looked at. */
bool batch_has_none(const struct batch *b, size_t line);
/* Turn undecided bytes into chunk steps as far as they decide. */
enum vl_status batch_cut(
    struct batch *b, struct vl_split *split, struct vl_err *err);
bool batch_full(const struct batch *b);

/* dedup.c: a table that may forget, but always forgets the same. */
struct dedup {
	uint8_t *ids;
};
enum vl_status dedup_init(struct dedup *d, struct vl_err *err);
void dedup_free(struct dedup *d);
/* True when `id` is known; else it is from now on. */
bool dedup_seen(struct dedup *d, const uint8_t id[VL_HASH_SIZE]);

/* lists.c */
struct spilled {
	uint32_t items;
	size_t n;
	off_t at;
};

struct lists {
	const char *tempdir;
	struct vl_buf bytes; /* of the list record that is being filled */
	uint32_t items;
	size_t item_at; /* of the current item in bytes */
	uint32_t item_n;
	uint64_t line;
	int fd; /* full list records, in a temporary file */
	struct spilled *spilled;
	size_t nspilled;
	size_t cap;
	size_t base; /* spilled records before the current body's own */
};

void lists_init(struct lists *l, const char *tempdir);
void lists_free(struct lists *l);
enum vl_status lists_begin(struct lists *l, uint64_t line, struct vl_err *err);
enum vl_status lists_add(struct lists *l, uint32_t zeros,
    const uint8_t id[VL_HASH_SIZE], struct vl_err *err);
void lists_end(struct lists *l);
/* Forget the current body. */
void lists_drop(struct lists *l);
/* Put all list records and start anew. */
enum vl_status lists_flush(
    struct lists *l, struct vl_stream_w *w, struct vl_err *err);

/* tokens.c */
/* A look that a worker takes: false where the line certainly has no secret. */
bool tokens_may_want(struct vl_slice line);
/* VL_EUSAGE: the line has not `n` secrets. */
enum vl_status tokens_count(
    struct vl_pack *p, struct vl_slice line, size_t n, struct vl_err *err);
/* That `rec` has a token for each secret of its line. */
enum vl_status tokens_check(
    struct vl_pack *p, const struct vl_record *rec, struct vl_err *err);
/* As items, whose line is 0 for now. */
enum vl_status tokens_encode(
    struct vl_buf *out, const struct vl_record *rec, struct vl_err *err);
struct tokens { /* of the manifest record that is being filled */
	struct vl_buf bytes;
	uint32_t items;
};
enum vl_status tokens_add(struct tokens *t, uint64_t line,
    struct vl_slice items, size_t n, struct vl_err *err);
bool tokens_full(const struct tokens *t);
enum vl_status tokens_flush(struct vl_pack *p, struct vl_err *err);

/* map.c */
struct map_piece { /* one record of a map file */
	uint8_t first_id[VL_HASH_SIZE];
	uint32_t rows;
};

struct map {
	struct vl_sort *sort;
	uint64_t added;
	uint64_t taken;
	struct vl_map_row held; /* not written yet */
	bool holding;
	bool last;          /* rows go to i0000001 from now on */
	bool split;         /* map files were begun */
	struct vl_buf rows; /* of the record being filled */
	uint32_t nrows;
	uint8_t first_id[VL_HASH_SIZE];
	struct map_piece *pieces;
	size_t npieces;
	struct vl_map_file *files; /* of the inner head */
	size_t nfiles;
};

enum vl_status map_init(struct map *m, const char *tempdir, struct vl_err *err);
void map_free(struct map *m);
enum vl_status map_add(
    struct map *m, const struct vl_map_row *row, struct vl_err *err);
/* Write it: what i0000001 cannot hold goes to files of `index`. */
enum vl_status map_write(struct map *m, struct vl_stream_w *index,
    struct vl_stream_w *first, unsigned frame_log2, struct vl_err *err);

/* Files that the rows so far may take at most. */
size_t map_files_most(const struct map *m, unsigned frame_log2);

/* drain.c */
struct block_row {
	uint8_t id[VL_HASH_SIZE];
	uint32_t length;
};

struct block { /* a solid block, filled or on its way into a pack */
	struct block *next;
	size_t n;
	struct block_row rows[VL_RECORD_ITEMS_MAX];
};

struct drain {
	struct vl_content_hash content;
	uint32_t group; /* of the current body */
	uint32_t block_group;
	struct vl_buf block_bytes;
	struct block *block;  /* being filled */
	struct block *placed; /* put and not placed yet, oldest first */
	struct block *spare;
	struct vl_buf lines; /* the manifest record being filled */
	uint32_t nlines;     /* in it */
	struct vl_merkle merkle;
	struct lists lists;
	struct tokens tokens;
};

struct vl_pack {
	struct drain drain; /* first: its hash wants the alignment */
	struct vl_pack_opts opts;
	struct vl_err failed; /* its status once anything failed */
	uint8_t *root;        /* KDF(BK,2), locked memory */
	int parent;
	int dirfd;
	char par[PAR_SIZE];
	bool made; /* `par` is there */
	struct vl_buf keys_text;

	struct batch *batches; /* a ring */
	size_t nbatches;
	size_t current;

	struct vl_buf line;   /* of the open body */
	struct vl_buf tokens; /* of the line at hand */
	size_t ntokens;
	size_t hash_at;
	bool in_body;
	struct vl_split split;
	uint64_t got;      /* bytes of the body so far */
	uint64_t leaves;   /* of the manifest in closed batches */
	bool begun_before; /* in a batch before the current one */
	size_t mark_steps; /* of the current batch when the body began */
	size_t mark_bytes;
	struct vl_json json;
	struct vl_row_store row;
	struct vl_entry_store entry;
	struct vl_buf group_name;
	uint32_t group;

	struct dedup dedup;
	struct map map;
	struct vl_stream_w *packs; /* NULL before the first block */
	struct vl_stream_w *index; /* i0000002 and on */
	struct vl_stream_w *first; /* i0000001 */
	size_t nfiles;             /* of packs and index, when last asked */
	uint64_t written;
	struct vl_pack_totals totals;
};

/* inner.c */
#define SMALL_FILES 4 /* readme, head, keys, i0000001 */
/* What it says when all but i0000001 is written. */
enum vl_status inner_encode(struct vl_pack *p, struct vl_buf *out,
    const uint8_t root[VL_ROOT_SIZE], struct vl_err *err);
/* With the packs and index files that were begun so far a bundle is still
 * within its limits.  VL_ELIMIT. */
enum vl_status inner_has_room(struct vl_pack *p, struct vl_err *err);

/* The first lines of the manifest. */
enum vl_status drain_begin(struct vl_pack *p, struct vl_err *err);
/* Wait for the ids of `b`, take its steps, clear it. */
enum vl_status drain_batch(
    struct vl_pack *p, struct batch *b, struct vl_err *err);
/* The last block, the last lines; `root` is the manifest's. */
enum vl_status drain_end(
    struct vl_pack *p, uint8_t root[VL_ROOT_SIZE], struct vl_err *err);
void drain_free(struct drain *d);
/* A stream of the bundle's files, the first of them `number`. */
enum vl_status pack_stream(struct vl_pack *p, enum vl_file_type type,
    uint32_t number, struct vl_stream_w **out, struct vl_err *err);
/* Submit and drain all batches. */
enum vl_status pack_flush(struct vl_pack *p, struct vl_err *err);

#endif
