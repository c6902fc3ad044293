#ifndef ROWS_PARTS_H
#define ROWS_PARTS_H

/*
 * What the files of this room share.
 *
 *	plan.c     schema and profile brought together
 *	entry.c    what a table's rows are called
 *	named.c    tables whose name holds an id
 *	key.c      a key for a table that the profile gives none
 *	refer.c    which columns hold ids, and of what
 *	mark.c     by which columns rows are looked up
 *	stem.c     which table a name may mean
 *	names.c    whether what the profile names is there
 *	derived.c  columns that follow from other rows
 *	here.c, swap.c, swap_php.c
 *	           values that differ from side to side
 *	order.c    whose keys need whose first
 *	lite.c     private SQLite databases
 *	spill.c    files without a name
 *	scratch.c, known.c, each.c, kept.c
 *	           the one about rows: keys by id, large values
 *	lookup.c   from an id to the key of its row
 *	by.c       tables that a value names
 *	said.c     parts of keys that other rows say
 *	keys.c     the key of every row
 *	equal.c    rows that have one
 *	tree.c     those of trees
 *	circle.c   rows that own each other
 *	tied.c     ids that stand in names of files
 *	owned.c, owned_plan.c, owned_name.c, owned_collect.c,
 *	owned_find.c, owned_place.c, owned_number.c, owned_change.c
 *	           files that rows own
 *	secret.c, slot.c, leak.c
 *	           columns that are encrypted with a key of each side
 *	values.c   a row's values as canonical JSON
 *	inside.c   those in which ids stand
 *	pieces.c   such a value in pieces
 *	early.c    where they stand, found ahead
 *	rows.c     tables in order, lines out
 *	ear.c      going on where an export ends, so that all is found
 */

#include <valise/crypt.h>
#include <valise/place.h>
#include <valise/row.h>
#include <valise/rows.h>
#include <valise/sort.h>

#include "plan.h"

/* scratch.c: what is known of each row; a private SQLite database that goes
 * with its connection. */
enum rows_state {
	ROWS_CARRIED,
	ROWS_SKIPPED,
	ROWS_DROPPED,   /* refers to what is not there: on_dangling: drop */
	ROWS_UNRESOLVED /* of a tree: its parent comes later */
};

struct rows_note {
	size_t table;
	int64_t r; /* its rowid where that is its primary key, else a count */
	size_t entry;
	enum rows_state state;
	struct vl_slice key;   /* canonical JSON; of a tree's row until it is
	                        * resolved: of its own parts */
	struct vl_cell parent; /* id of the row above it in a tree; or null */
	const struct vl_cell *ordinal; /* as many as the table has; NULL */
	const struct vl_cell *slots;   /* as many as the table has */
};

struct rows_scratch;
/* `tempdir` is borrowed. */
enum vl_status rows_scratch_open(struct rows_scratch **out,
    const struct rows_plan *p, const char *tempdir, struct vl_err *err);
void rows_scratch_free(struct rows_scratch *s);
/* It is seldom asked from here on: its memory is given back. */
enum vl_status rows_scratch_rest(struct rows_scratch *s, struct vl_err *err);
enum vl_status rows_scratch_put(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err);
uint64_t rows_scratch_rows(const struct rows_scratch *s, size_t table);
/* All rows of the table are there: they can be looked up now. */
enum vl_status rows_scratch_done(
    struct rows_scratch *s, size_t table, struct vl_err *err);
/* A new key, and what became of it. */
enum vl_status rows_scratch_set(struct rows_scratch *s, size_t table,
    const struct rows_note *note, struct vl_err *err);

/* The row whose `column` (NONE: primary key) has this id; `*found` false
 * where there is none.  `note` is valid until the next call about the
 * table, and is not filled behind `parent`. */
enum vl_status rows_scratch_find(struct rows_scratch *s, size_t table,
    size_t column, const struct vl_cell *id, struct rows_note *note,
    bool *found, struct vl_err *err);

/* The row of that number. */
enum vl_status rows_scratch_row(struct rows_scratch *s, size_t table, int64_t r,
    struct rows_note *note, bool *found, struct vl_err *err);

/* Parts of keys that other rows say (struct rows_of): as canonical JSON, by
 * the id of the row they are for; or the id of the row `above` it, else null.
 * `rows` say it, of which these are the first and the last; one that says it
 * twice counts once. */
struct rows_said {
	struct vl_slice part;
	struct vl_cell above;
	int64_t first;
	int64_t last;
	uint64_t rows;
};
enum vl_status rows_scratch_say(struct rows_scratch *s, size_t number,
    const struct vl_cell *id, const struct rows_said *said, struct vl_err *err);
/* Nothing, where none says it; its bytes are in `bytes`. */
enum vl_status rows_scratch_said(struct rows_scratch *s, size_t number,
    const struct vl_cell *id, struct rows_said *said, struct vl_buf *bytes,
    struct vl_err *err);

/* In which order rows are gone through. */
enum rows_by_what {
	ROWS_BY_ROW,
	ROWS_BY_KEY,   /* carried ones, and within a key by ordinal */
	ROWS_BY_PARENT /* unresolved ones */
};
struct rows_each;
/* A key that more rows than one have; multisets have none yet. */
enum vl_status rows_scratch_double(struct rows_scratch *s, size_t table,
    struct vl_buf *key, bool *found, struct vl_err *err);
/* The rows that have it, by their numbers, ascending: `*n` is how many `r` has
 * room for, and becomes how many there are. */
enum vl_status rows_scratch_named(struct rows_scratch *s, size_t table,
    struct vl_slice key, int64_t *r, size_t *n, struct vl_err *err);

enum vl_status rows_each_open(struct rows_each **out, struct rows_scratch *s,
    size_t table, enum rows_by_what what, struct vl_err *err);
enum vl_status rows_each_next(
    struct rows_each *e, struct rows_note *note, bool *row, struct vl_err *err);
void rows_each_free(struct rows_each *e);

/* Values that are too large for a line. */
enum vl_status rows_scratch_keep(struct rows_scratch *s, struct vl_slice value,
    int64_t *number, struct vl_err *err);
enum vl_status rows_scratch_kept(struct rows_scratch *s, int64_t number,
    struct vl_slice *value, struct vl_err *err);
enum vl_status rows_scratch_forget(struct rows_scratch *s, struct vl_err *err);

/* The row of this key, and its id in `column` (NONE: primary key). */
enum vl_status rows_scratch_by_key(struct rows_scratch *s, size_t table,
    struct vl_slice key, struct rows_note *note, bool *found,
    struct vl_err *err);
/* Another row with that key than `r`. */
enum vl_status rows_scratch_namesake(struct rows_scratch *s, size_t table,
    struct vl_slice key, int64_t r, struct rows_note *note, bool *found,
    struct vl_err *err);
/* What `column` of row `r` holds, of those that are looked up; `id` is valid
 * until the next call. */
enum vl_status rows_scratch_id(struct rows_scratch *s, size_t table,
    size_t column, int64_t r, struct vl_cell *id, bool *found,
    struct vl_err *err);

/*
 * early.c: places of ids, found by the worker that reads rows ahead.  `early`
 * belongs to the reader; NULL where there is nothing to look for.
 */
struct rows_reader;
struct rows_early;
struct rows_early_spot {
	struct vl_place place;
	const struct rows_ref *ref;
};
enum vl_status rows_early_new(
    struct rows_early **out, const struct rows_reader *rd, struct vl_err *err);
void rows_early_seen(
    void *early, const struct vl_scan_at *at, const struct vl_cell *cells);
/* Those in the value of the reader's row, by each line in turn; false: look
 * for them. */
bool rows_early_spots(const struct rows_reader *rd, size_t column,
    const struct vl_cell *cell, const struct rows_early_spot **spots,
    size_t *n);
void rows_early_free(struct rows_early *early);

/* reader.c: a table's rows with those columns that are wanted; NULL: all. */
struct rows_reader {
	const struct rows_plan *plan;
	const struct rows_table *t;
	size_t table;
	struct vl_scan *scan;
	size_t *at;        /* of each column in `cells`; NONE: not wanted */
	size_t conditions; /* of the first condition in `cells` */
	const struct vl_cell *cells;
	struct vl_cell *mapped; /* a copy, where the table has such rows */
	size_t ncells;
	struct rows_early *early; /* or NULL */
	int64_t r;
	size_t entry;        /* that fits the row */
	bool stray;          /* none fits it: with an ear, or in the proof */
	struct vl_slice key; /* of the row, where a walk has found it */
};
enum vl_status rows_reader_open(struct rows_reader *rd, struct vl_db *db,
    const struct rows_plan *p, size_t table, const bool *wanted,
    struct vl_err *err);
/* Refuses a row that no entry fits. */
enum vl_status rows_reader_next(
    struct rows_reader *rd, bool *row, struct vl_err *err);
const struct vl_cell *rows_reader_cell(
    const struct rows_reader *rd, size_t column);
bool rows_reader_holds(const struct rows_reader *rd, size_t condition);
/* The cells of its primary key, in table order, as JSON: into `out`. */
enum vl_status rows_reader_primary(
    const struct rows_reader *rd, struct vl_buf *out, struct vl_err *err);
/* "table 't', row 17 ["key"]" before a message. */
enum vl_status rows_reader_within(
    const struct rows_reader *rd, struct vl_err *err);
void rows_reader_close(struct rows_reader *rd);

/* by.c: the paths of `to_by` in lines about the table, once all of the plan
 * know what they refer to.  VL_EUSAGE: it is none. */
enum vl_status rows_by_follow(struct rows_plan *p,
    const struct vl_rows_opts *opts, size_t table, struct vl_err *err);
/* The table that the value names, or by->otherwise. */
size_t rows_by_pick(const struct rows_by *by, const struct vl_cell *value);
/* The value for the reader's row; NULL where the path ends before it.  Valid
 * until the next look-up. */
enum vl_status rows_by_value(struct rows_scratch *s,
    const struct rows_reader *rd, const struct rows_by *by,
    struct vl_cell *value, struct vl_err *err);
/* The same from row `r` of a step's table. */
enum vl_status rows_by_from(struct rows_scratch *s, const struct rows_by *by,
    size_t step, int64_t r, struct vl_cell *value, struct vl_err *err);

/* lookup.c: what an id means. */
enum rows_meaning {
	ROWS_MEANS_ROW,     /* `note` */
	ROWS_MEANS_NOTHING, /* NULL, one of `none`, or kept: as it is */
	ROWS_MEANS_NULL     /* dangling, and cleared */
};
/* `id` in `column` of the reader's row, by `ref`.  A dangling one ends as
 * on_dangling says: refused, `*drop` the row, or null or plain. */
enum vl_status rows_lookup(struct rows_scratch *s, const struct rows_reader *rd,
    size_t column, const struct rows_ref *ref, const struct vl_cell *id,
    struct rows_note *note, enum rows_meaning *meaning, bool *drop,
    struct vl_err *err);
/* The same without an end: what there is of `id`, and in which table (NONE:
 * the value that names it names none). */
enum rows_met {
	ROWS_MET_NOTHING, /* it refers to nothing */
	ROWS_MET_ROW,
	ROWS_MET_NONE /* no row has it */
};
enum vl_status rows_meet(struct rows_scratch *s, const struct rows_reader *rd,
    const struct rows_ref *ref, const struct vl_cell *id, enum rows_met *met,
    size_t *to, struct vl_err *err);
/* An id, or what stands in its place, for messages. */
#define ROWS_SHOWN 256
void rows_show_id(char shown[ROWS_SHOWN], const struct vl_cell *id);
/* An id as JSON, in an array of one: equal ones have equal texts. */
enum vl_status rows_id_text(
    struct vl_buf *out, const struct vl_cell *id, struct vl_err *err);
/* What the column has where it refers to nothing: NULL, or the first `none`;
 * false where it can have neither. */
bool rows_none(const struct rows_plan *p, const struct rows_ref *ref,
    const struct vl_column *c, struct vl_cell *cell);
/* The column is a reference to a row above, in the same `table`: `*above` is
 * its id, or null at the top. */
bool rows_above(const struct rows_reader *rd, size_t column, size_t table,
    struct vl_cell *above);
/* The reference that holds for the row and takes the whole value, or NULL. */
const struct rows_ref *rows_whole(const struct rows_reader *rd, size_t column);

/* Part of a key: a key of one part that is not null stands as that part. */
void rows_key_ref(struct vl_json_w *w, struct vl_slice key);
/* `key` with the parts of `more` behind its own, both arrays. */
enum vl_status rows_key_join(struct vl_buf *out, struct vl_slice key,
    struct vl_slice more, struct vl_err *err);

/* said.c: scan the rows that say parts of this table's keys. */
enum vl_status rows_said_collect(const struct rows_plan *p,
    struct rows_scratch *s, struct vl_db *db, size_t table, struct vl_err *err);
/* What is said is the row above, in the same table; nothing: the top. */
bool rows_said_above(
    const struct rows_plan *p, const struct rows_of *of, size_t table);
/* Find table and columns of such parts, from table `first` on; after refer.c.
 */
enum vl_status rows_said_plan(struct rows_plan *p,
    const struct vl_rows_opts *opts, size_t first, struct vl_err *err);

/* The value of a column of the reader's row as a part of a key. */
enum vl_status rows_key_part(struct rows_scratch *s,
    const struct rows_reader *rd, size_t column, struct vl_json_w *w,
    bool *drop, struct vl_err *err);

/* tree.c: names of the table's rows that stand above one another. */
enum vl_status rows_tree_find(const struct rows_plan *p, struct rows_scratch *s,
    size_t table, struct vl_err *err);
/* Its rows are called by those above them. */
bool rows_tree_is(const struct rows_plan *p, size_t table);
/* circle.c: VL_EREFUSED: rows of the table own each other; in the proof, where
 * the import wrote who owns one of them.  Once its keys are found. */
enum vl_status rows_circle_find(const struct rows_plan *p,
    struct rows_scratch *s, struct vl_db *db, size_t table, struct vl_err *err);
/* equal.c: a unique key of the schema lets no two rows have one key. */
bool rows_equal_none(const struct rows_plan *p, const struct rows_table *t);
/* `ordinal`, and of a multiset: rows of an equal key get their position among
 * them, from 1. */
enum vl_status rows_equal_place(const struct rows_plan *p,
    struct rows_scratch *s, size_t table, struct vl_err *err);
/* VL_EREFUSED: rows have one key; where there is an ear, it is told of all. */
enum vl_status rows_equal_check(const struct rows_plan *p,
    struct rows_scratch *s, size_t table, struct vl_err *err);
/* keys.c */
/* The column is a part of the key. */
bool rows_in_key(const struct rows_entry *e, size_t column);
enum vl_status rows_keys_find(struct rows_plan *p, struct rows_scratch *s,
    struct vl_db *db, struct vl_err *err);

/* The rows of an open reader, all of its columns wanted, each with what is
 * known of it. */
struct rows_walk;
enum vl_status rows_walk_open(struct rows_walk **out, struct rows_reader *rd,
    struct rows_plan *p, struct rows_scratch *s, struct vl_err *err);
enum vl_status rows_walk_next(
    struct rows_walk *w, struct rows_note *note, bool *row);
void rows_walk_free(struct rows_walk *w);

/* Of the values of a line: what is left of VL_LINE_MAX beside key, names of
 * resource and table, ids and hash. */
#define ROWS_LINE_MAX   56000
#define ROWS_INLINE_MIN 64

/* values.c: one row as a line without its key. */
/* inside.c */
/* The line looks into the value; then VL_EFORMAT: it cannot be unpacked. */
bool rows_ref_reads(const struct rows_ref *ref, const struct vl_cell *cell);
enum vl_status rows_ref_unpack(struct vl_buf *room, const struct rows_ref *ref,
    const struct vl_cell *cell, struct vl_slice *bytes, struct vl_err *err);
struct rows_inside { /* of a value while it is written */
	struct vl_buf text;
	struct vl_buf keys; /* of the rows that it names; paths to secrets */
	struct vl_buf unpacked;
	struct vl_places places;
	struct rows_spot *spots;
	size_t nspots;
	size_t cap_spots;
	struct rows_piece *pieces;
	size_t npieces;
	size_t cap_pieces;
};
struct rows_values {
	struct vl_buf row;
	struct vl_buf ids;    /* `x`; empty: none */
	struct vl_buf tokens; /* of its slots, each with its length in 4 bytes
	                       * before it */
	int64_t *large;       /* kept values, in order of the body */
	size_t nlarge;
	size_t cap;
	uint64_t size; /* of the body */
	struct rows_inside inside;
	size_t *order;       /* columns by name */
	struct vl_buf names; /* theirs, as they stand in a row */
	size_t *ends;        /* of each in `names` */
	size_t table;        /* of `order` */
};
enum vl_status rows_values_make(struct rows_values *v, struct rows_scratch *s,
    const struct rows_reader *rd, bool *drop, struct vl_err *err);
/* Equal rows have equal hashes: of their values and what is in the body. */
enum vl_status rows_values_hash(const struct rows_values *v,
    struct rows_scratch *s, uint8_t hash[VL_HASH_SIZE], struct vl_err *err);
void rows_values_free(struct rows_values *v);

/* owned_plan.c: lines about files that rows own.  VL_EUSAGE: a column that is
 * not there, or cannot stand in one. */
enum vl_status rows_owned_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
void rows_owned_plan_free(struct rows_table *t);
/* The path that these cells make, one for each part, into `out`; where none
 * of its columns has a value, none. */
enum vl_status rows_owned_path(struct vl_buf *out, const struct rows_table *t,
    const struct rows_file *f, const struct vl_cell *cells, struct vl_err *err);
/* The line that holds for the reader's row, or NULL; VL_EREFUSED: two do. */
enum vl_status rows_owned_line(const struct rows_reader *rd,
    const struct rows_file **f, struct vl_err *err);
/* Its cells, as many as parts. */
void rows_owned_cells(const struct rows_reader *rd, const struct rows_file *f,
    struct vl_cell *cells);
/* The column stands in the path of some line. */
bool rows_owned_names(const struct rows_table *t, size_t column);
/* owned_collect.c: the files that rows of a source own. */
struct vl_rows;
enum vl_status rows_owned_collect(struct vl_rows *r, struct vl_err *err);

/* rows.c */
struct rows_suspects;
struct vl_rows {
	struct vl_rows_opts opts;
	struct rows_plan plan;
	struct rows_scratch *scratch;
	struct rows_values values;
	struct vl_rows_counts counts;
	bool begun;   /* the first line is out */
	size_t place; /* in plan.lines */
	size_t table; /* there */
	bool told;    /* its own line is out */
	struct vl_sort *sort;
	bool sorted; /* its rows are there */
	struct vl_buf item;
	struct vl_buf line;
	struct rows_suspects *suspects;
	/* Of the record that was yielded. */
	struct vl_slice large; /* numbers of kept values, not read yet */
	struct vl_slice rest;  /* of the kept value being read */
	struct vl_slice *tokens;
	size_t cap_tokens;
};

/* match.c, at the target: rows of the table that are found otherwise than by
 * their key are called as the bundle calls them. */
struct rows_brought;
enum vl_status rows_match_call(const struct rows_plan *p,
    struct rows_scratch *s, size_t table, struct vl_err *err);
/* Others that have such a name lose it. */
enum vl_status rows_match_rest(const struct rows_plan *p,
    struct rows_scratch *s, size_t table, struct vl_err *err);
/* VL_EUSAGE: `match` says what the table does not allow. */
enum vl_status rows_match_check(const struct rows_plan *p,
    const struct vl_rows_opts *opts, size_t table, struct vl_err *err);

#endif
