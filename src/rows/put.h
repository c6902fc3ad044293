#ifndef ROWS_PUT_H
#define ROWS_PUT_H

/*
 * What the files share that bring rows into a target:
 *
 *	shape.c, make.c
 *	           tables that are made
 *	drift.c    the schema of a table there and here
 *	take.c     lines of the bundle as they come
 *	once.c     no two rows of a table with one id
 *	stage.c, aside.c, fate.c, staging.c, body.c
 *	           rows of the bundle, put aside
 *	here_row.c values of the source become those of this side
 *	compare.c, differ.c
 *	           those beside the target's
 *	prove.c    what is not as it was decided
 *	same.c     two values
 *	follow.c   one that names a row by a column which changes
 *	tell.c     what differs inside them
 *	settle.c   what becomes of them
 *	decide.c   or what a plan says
 *	brought.c  rows that earlier imports created
 *	match.c    how rows of the bundle find theirs
 *	ids.c      new ids, and from a key to an id
 *	idmap.c    the latter in memory
 *	map.c, map_row.c, mapped.c
 *	           records that have another name here
 *	fill.c, fill_ref.c
 *	           the cells of a row that is written
 *	slot.c     those that are secrets
 *	version.c  that of the application
 *	dangling.c references that name no row
 *	unmet.c    foreign keys that name none, before and after
 *	drop.c     rows that are left out with them
 *	delete.c   rows that go
 *	write.c, give_up.c, behind.c, taken.c
 *	           changes and additions
 *	derive.c, nest.c
 *	           columns that follow from other rows
 *	counts.c   how many rows there are
 *	put.c      the order of all that
 */

#include "here.h"
#include "staged.h"

/* The table whose rows are being put. */
struct rows_told {
	struct vl_buf name;
	bool *columns;        /* of the table here: its rows have them */
	struct vl_buf absent; /* names of others that they have */
	size_t n;             /* how many columns they have */
	struct vl_json json;
	struct vl_buf text;
};

/* What differs inside the values of the row at hand. */
struct rows_telling {
	struct vl_fields *fields;
	struct vl_json_w w;
	struct vl_buf said;
};

/* The schema of a table that is called by a row: looked at when it is found. */
struct rows_later {
	struct vl_buf name;
	struct vl_buf schema;
	struct vl_buf shape;
};

/* put.c */
struct vl_rows_put {
	struct vl_rows_put_opts opts;
	struct vl_rows *here; /* rows of the target, by name */
	struct rows_brought *brought;
	struct rows_stage *stage;
	struct vl_rows_put_counts counts;
	struct vl_rows_put_counts *per; /* by table */
	struct vl_row_store store;
	struct rows_told told;
	struct rows_later *later;
	size_t nlater;
	struct rows_make *makes; /* ascending by name */
	size_t nmakes;
	size_t told_makes;
	struct vl_hash hash; /* of the row that is being put */
	struct rows_staged row;
	size_t table;     /* of it */
	bool *seen;       /* by table: the bundle has it */
	bool *settled;    /* by table: it is known which new rows are made */
	bool unsettled;   /* one that is not was asked for */
	bool moves;       /* a row changes in a column that others refer by */
	uint64_t *bytes;  /* by table: of its lines and bodies; the last is of
	                   * those that are found later */
	uint64_t missing; /* bytes of its body */
	bool open;        /* it is not put aside yet */
	struct rows_once *once;
	struct rows_unmet *unmet;
	bool whole_row; /* its body is kept in `whole` until it is there */
	struct vl_buf whole;
	struct rows_heres heres;
	uint64_t left;      /* rows of the bundle that are not written */
	uint64_t dropped;   /* of them: by on_dangling */
	uint64_t strangers; /* ids that are kept, and name other rows here */
	/* Tables that cannot be taken: all are told before it ends. */
	bool passing;  /* the rows of one */
	bool versions; /* the application is of two: so is every table */
	size_t nrefused;
	struct vl_err refused; /* the first */
	bool triggers_off;
	struct rows_idmap *idmap;
	bool given;   /* every new row has its id */
	bool dangled; /* a key that was to be filled in names no row */
	bool probing; /* ids that are not given yet are NULL */
	struct vl_buf line;
	/* compare.c, write.c */
	struct vl_row_store theirs;
	struct rows_telling telling;
	struct vl_buf detail;
	struct vl_buf text;
	struct rows_values values;
	struct vl_buf tokens; /* of the row at hand */
};

/* "table 't', KEY: " before what is said of a row. */
enum vl_status rows_within(
    const struct rows_table *t, struct vl_slice key, struct vl_err *err);

/* rows.c: the rows of the target, by the names that the source gives them;
 * with `like`, its tables have the numbers that they have there; their keys are
 * found by the second call. */
enum vl_status rows_open_here(struct vl_rows **out,
    const struct vl_rows_put_opts *opts, const struct rows_plan *like,
    struct vl_err *err);
enum vl_status rows_find_keys(struct vl_rows *r, struct vl_err *err);

/* counts.c: what came to the counts since is of this table. */
void rows_count_for(struct vl_rows_put *p, size_t table,
    const struct vl_rows_put_counts *before);
/* Of what is told one by one, the first so many; then how many there are in
 * all, where that is more. */
#define ROWS_TOLD 10
void rows_count_tell(const struct vl_rows_put *p, uint64_t n, const char *one,
    const char *many, const char *what);
/* Told: what triggers and cascades of the target do is no line of a preview. */
void rows_beside_tell(const struct vl_rows_put *p, int64_t rows);
/* A table that the bundle has not: it is left alone. */
bool rows_put_extra(const struct vl_rows_put *p, size_t table);
/* drift.c: whether rows with that schema fit the table here; which columns
 * they have, in p->told. */
enum vl_status rows_drift(struct vl_rows_put *p, size_t table,
    struct vl_slice schema, struct vl_err *err);
/* The rows have a column of that name, and the table here has not. */
bool rows_drift_absent(const struct vl_rows_put *p, struct vl_slice name);

/* A line of a schema, taken apart. */
enum rows_line_kind {
	ROWS_LINE_COLUMN,
	ROWS_LINE_KEY,
	ROWS_LINE_STRICT
};

struct rows_line {
	struct vl_slice text;
	enum rows_line_kind kind;
	struct vl_slice name; /* COLUMN: as it stands, in quotes */
	struct vl_slice type;
	struct vl_slice collation;
	bool not_null;
	bool generated;
	bool integer_id;
};
bool rows_line_split(struct rows_line *line, struct vl_slice text);
/* The name without its quotes; `out` has room for as many bytes. */
struct vl_slice rows_line_unquote(struct vl_slice name, char *out);
/* The next column of a line about a key, behind its word. */
bool rows_line_part(
    struct vl_slice *rest, struct vl_slice *name, struct vl_slice *collation);

/* shape.c: what of a table its schema does not say; both together.  `t` is
 * freed by vl_table_clear() also after a failure. */
enum vl_status rows_shape_write(
    struct vl_buf *out, const struct vl_table *t, struct vl_err *err);
enum vl_status rows_shape_read(struct vl_table *t, struct vl_slice schema,
    struct vl_slice shape, struct vl_err *err);

/* make.c: tables that are absent here, found among those of the bundle ... */
enum vl_status rows_make_find(struct vl_rows_put *p, struct vl_err *err);
/* ... settled when it is known what becomes of the rows that name them ... */
enum vl_status rows_make_settle(struct vl_rows_put *p, struct vl_err *err);
/* ... told as far as their names are before that one; NULL: the rest ... */
enum vl_status rows_make_tell(
    struct vl_rows_put *p, const char *before, struct vl_err *err);
/* ... and made, when those rows have ids. */
enum vl_status rows_make_tables(struct vl_rows_put *p, struct vl_err *err);
/* What vl_rows_put_tables() says of them. */
void rows_make_count(const struct vl_rows_put *p,
    void (*table)(
        void *arg, const char *name, const struct vl_rows_put_counts *counts),
    void *arg);
void rows_make_free(struct vl_rows_put *p);

/* The values of a row, or its `x`: for vl_row_next() with item 0. */
enum vl_status rows_row_parse(
    struct vl_row_store *store, struct vl_slice json, struct vl_err *err);

/* mapped.c: rows of the bundle whose tables are matched by a column. */
enum vl_status rows_mapped_load(struct vl_rows_put *p, struct vl_err *err);
/* For the proof: the same, and none was met yet. */
void rows_mapped_lend(struct vl_rows_put *p, struct vl_rows *after);
/* What was mapped and is not there, told. */
enum vl_status rows_mapped_say(struct vl_rows_put *p, struct vl_err *err);

/* compare.c; `proof`: the second time, when nothing may differ. */
enum vl_status rows_compare(struct vl_rows_put *p, struct vl_rows *here,
    bool proof, struct vl_err *err);
/* prove.c: VL_EREFUSED, with the line of the profile at fault.  The reader's
 * row fits no entry any more. */
enum vl_status rows_prove_stray(
    struct vl_rows_put *p, const struct rows_reader *rd, struct vl_err *err);
/* The new row of the bundle that got this id: its key is added. */
enum vl_status rows_stage_new(struct vl_rows_put *p, size_t table,
    const struct vl_cell *id, struct vl_buf *key, bool *found,
    struct vl_err *err);
/* VL_OK: what was done with `row` is what the entry of the reader's row, which
 * is that one as it was written, says. */
enum vl_status rows_prove_entry(struct vl_rows_put *p,
    const struct rows_reader *rd, const struct rows_staged *row,
    struct vl_slice key, struct vl_err *err);
/* The column is not as it was written. */
enum vl_status rows_prove_differs(struct vl_rows_put *p,
    const struct rows_reader *rd, struct vl_slice key, size_t column,
    struct vl_err *err);
/* The row is not there, or not under its name. */
enum vl_status rows_prove_missing(struct vl_rows_put *p, struct vl_rows *after,
    size_t table, const struct rows_staged *row, struct vl_err *err);
/* The row is not there, and is to be, by its entry. */
enum vl_status rows_prove_left(struct vl_rows_put *p, size_t table,
    const struct rows_staged *row, struct vl_err *err);
/* As the run says, else the entry. */
enum vl_on_match rows_on_match(
    const struct vl_rows_put *p, const struct rows_entry *e);
/* brought.c: rows that imports of the series created. */
struct rows_brought;
enum vl_status rows_brought_open(struct rows_brought **out, struct vl_err *err);
void rows_brought_free(struct rows_brought *b);
/* Once, before anything below is asked. */
enum vl_status rows_brought_load(struct vl_rows_put *p, struct vl_err *err);
bool rows_brought_any(const struct rows_brought *b);
/* Until it is loaded: the list beside the target's rows, from its begin; the
 * reader's row, of this name, in the order of a proof; whether all of it was
 * met. */
enum vl_status rows_brought_follow(struct vl_rows_put *p, struct vl_err *err);
enum vl_status rows_brought_step(struct vl_rows_put *p,
    const struct rows_reader *rd, struct vl_slice key, struct vl_err *err);
bool rows_brought_all_here(const struct rows_brought *b);
/* A row of the bundle and its id at the source. */
enum vl_status rows_brought_stage(struct rows_brought *b, size_t table,
    const struct vl_cell *id, struct vl_slice key, struct vl_err *err);
/* The reader's row, of this name, was created by an earlier import. */
enum vl_status rows_brought_has(struct rows_brought *b,
    const struct rows_reader *rd, struct vl_slice key, bool *has,
    struct vl_err *err);
/* opts.created() for the reader's row, which is the one of the bundle with
 * that id (or NULL). */
enum vl_status rows_brought_new(struct vl_rows_put *p,
    const struct rows_reader *rd, const struct vl_cell *id, struct vl_slice key,
    struct vl_err *err);
/* The same where the reader's row was brought earlier. */
enum vl_status rows_brought_seen(struct vl_rows_put *p,
    const struct rows_reader *rd, struct vl_slice key, struct vl_err *err);

/* same.c: a value of the bundle's row and one of the row that was read. */
struct rows_beside {
	size_t table;
	size_t column;
	const struct rows_staged *row;
	const struct rows_reader *rd; /* at the row that was read */
	const struct vl_value *ours;
	const struct vl_value *theirs;
};
enum vl_status rows_same(struct vl_rows_put *p, struct rows_scratch *scratch,
    const struct rows_beside *b, bool *same, struct vl_err *err);
/* follow.c: a value of a row of the bundle names the row that it names here;
 * `*same` becomes false where that one gets another value in the column by
 * which it is named.  p->unsettled is set where that is not known yet. */
enum vl_status rows_follow(struct vl_rows_put *p, const struct rows_beside *b,
    bool *same, struct vl_err *err);
/* VL_EREFUSED: so does the row by which a table here is called. */
enum vl_status rows_follow_tables(struct vl_rows_put *p, struct vl_err *err);
/* A stretch of the body of the row that was read. */
enum vl_status rows_same_piece(struct vl_rows_put *p,
    struct rows_scratch *scratch, uint64_t at, uint64_t n, struct vl_buf *out,
    struct vl_err *err);

/* tell.c: of a row that differs, each value that does; what is told of them
 * goes to p->detail in the end. */
void rows_tell_begin(struct vl_rows_put *p);
enum vl_status rows_tell_value(struct vl_rows_put *p,
    struct rows_scratch *scratch, const struct rows_beside *b,
    struct vl_err *err);
enum vl_status rows_tell_end(struct vl_rows_put *p, struct vl_err *err);
void rows_tell_free(struct vl_rows_put *p);

/* decide.c: what opts.decide says of a record. */
struct rows_question {
	size_t table;
	enum vl_row_change what;
	struct vl_slice key;
	const struct rows_reader *rd; /* the row here; or NULL */
	const uint8_t *here;          /* without `rd`: its hash; or NULL */
	struct vl_slice columns;      /* `what` of a staged row */
	bool again;
};
/* Of the reader's row as it stands, ids and all. */
void rows_hash_here(uint8_t hash[VL_HASH_SIZE], const struct rows_reader *rd);
enum vl_status rows_decide(struct vl_rows_put *p, const struct rows_question *q,
    bool *go, struct vl_err *err);

/* settle.c */
struct rows_settling;
enum vl_status rows_settling_open(struct rows_settling **out,
    struct vl_rows_put *p, size_t table, struct vl_err *err);
/* The entry of a row of the bundle, and whether the target keeps its own. */
enum vl_status rows_settling_look(struct rows_settling *s,
    struct rows_staged *row, bool *kept, struct vl_err *err);
/* Whether an owner of it is left alone. */
enum vl_status rows_settling_owner(struct rows_settling *s,
    const struct rows_staged *row, bool *left, struct vl_err *err);
void rows_settling_free(struct rows_settling *s);
/* The rows that are not here. */
enum vl_status rows_settle_new(
    struct vl_rows_put *p, size_t table, struct vl_err *err);
/* Once all is written: those of the table that are not are not to be. */
enum vl_status rows_settle_again(
    struct vl_rows_put *p, size_t table, struct vl_err *err);
/* Those of the table may be left out, and it is not known yet which. */
bool rows_unsettled(const struct vl_rows_put *p, size_t table);

/* ids.c */
/* The id that a row of the bundle had at the source; NULL where that means
 * something and is no id. */
enum vl_status rows_ids_source(struct vl_rows_put *p, size_t table,
    struct vl_slice x, struct vl_cell *id, struct vl_err *err);
/* Once: a second call does nothing. */
enum vl_status rows_ids_give(struct vl_rows_put *p, struct vl_err *err);
enum vl_status rows_ids_give_table(
    struct vl_rows_put *p, size_t table, struct vl_err *err);
enum vl_status rows_ids_find(struct vl_rows_put *p, size_t table, size_t column,
    struct vl_slice key, struct vl_buf *text, struct vl_cell *id, bool *found,
    struct vl_err *err);
/* idmap.c: integer ids of the bundle's rows in memory, once they are given. */
enum vl_status rows_idmap_open(
    struct rows_idmap **out, size_t ntables, struct vl_err *err);
/* `*found` false: ask the stage. */
enum vl_status rows_idmap_find(struct vl_rows_put *p, size_t table,
    struct vl_slice key, int64_t *id, bool *found, struct vl_err *err);
void rows_idmap_free(struct rows_idmap *m);
/* fill.c: the cell of a column for a value of a line. */
enum vl_status rows_fill(struct vl_rows_put *p, size_t table, size_t column,
    const struct rows_staged *row, struct vl_row_store *store,
    const struct vl_value *value, struct vl_buf *text, struct vl_cell *cell,
    struct vl_err *err);
/* Of which table and column (NONE: primary key) a piece of a text is an id. */
void rows_fill_aim(struct vl_rows_put *p, size_t table, size_t column,
    const struct vl_text_part *part, size_t *to, size_t *by);
/* fill_ref.c: the table that a value of the line, or of a row it refers to,
 * names. */
enum vl_status rows_fill_by(struct vl_rows_put *p, size_t table,
    const struct rows_by *by, struct vl_slice line, size_t *to,
    struct vl_err *err);
/* The row of the bundle that `key` in `column` names; `line` has the values
 * that may say of which table. */
enum vl_status rows_fill_staged(struct vl_rows_put *p, size_t table,
    size_t column, struct vl_slice line, struct vl_slice key,
    struct rows_staged *row, bool *found, struct vl_err *err);
/* What the column of a row of the bundle gets whose key names no row, neither
 * in the bundle nor here; `*loose` false where it names one, or where that is
 * not known yet, and then p->unsettled is set. */
enum vl_status rows_fill_loose(struct vl_rows_put *p, size_t table,
    size_t column, const struct rows_staged *row, struct vl_slice key,
    struct vl_cell *cell, bool *loose, struct vl_err *err);
/* owned_find.c: the file that a row of the bundle owns, one row of a table
 * after the other; `*out` is NULL where rows of the table own none. */
struct rows_owning;
enum vl_status rows_owning_open(struct rows_owning **out, struct vl_rows_put *p,
    size_t table, struct vl_err *err);
/* It and the reader's own one by the same line of the profile. */
enum vl_status rows_owning_both(struct rows_owning *w,
    const struct rows_reader *rd, const struct rows_staged *row, bool *both,
    struct vl_err *err);
void rows_owning_free(struct rows_owning *w);
/* All rows of both sides, as notes. */
enum vl_status rows_owned_find(struct vl_rows_put *p, struct vl_err *err);
/* owned_place.c: where each file goes, and what that changes in rows that were
 * compared.  VL_EREFUSED: a name that another row here has. */
enum vl_status rows_owned_settle(struct vl_rows_put *p, struct vl_err *err);
/* The column of a row of the bundle has another value here, then. */
struct rows_owned_cell {
	size_t table;
	size_t column;
	int64_t n; /* of the row */
};
/* owned_change.c: that value, if it has one. */
enum vl_status rows_owned_out(struct vl_rows_put *p,
    const struct rows_owned_cell *of, struct vl_buf *text, struct vl_cell *cell,
    struct vl_err *err);
/* slot.c: the tokens of a line's slots, put aside with it.  VL_EFORMAT: a slot
 * where no secret is. */
enum vl_status rows_slots_take(struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err);
/* What is written for a slot, encrypted as this side does; in locked memory
 * until the next one of the column. */
struct rows_slot_of {
	size_t table;
	size_t column;
	size_t number; /* among those of the column */
	struct vl_slice inside;
	const struct vl_slot *slot;
};
enum vl_status rows_fill_secret(struct vl_rows_put *p,
    const struct rows_staged *row, const struct rows_slot_of *of,
    struct vl_slice *sealed, struct vl_err *err);
/* What does not open of the rows here that were compared, and what new rows
 * lack: as notes. */
enum vl_status rows_secret_tell_here(struct vl_rows_put *p, struct vl_err *err);
/* dangling.c: after a write that ended at one, all of them, as notes; `first`
 * says how many. */
void rows_dangling_tell(struct vl_rows_put *p, struct vl_err *first);
/* drop.c: a row of the bundle refers by `on_dangling: drop` to what is not
 * here.  p->unsettled is set where that is not known yet. */
#define ROWS_DROP_WHY 512
struct rows_drop {
	size_t table;
	const struct rows_staged *row;
	struct vl_slice line; /* of it, while it is looked at */
	bool drop;
	char why[ROWS_DROP_WHY];
};
enum vl_status rows_drop_look(
    struct vl_rows_put *p, struct rows_drop *d, struct vl_err *err);
/* Once for each row. */
void rows_drop_tell(
    struct vl_rows_put *p, const struct rows_drop *d, struct vl_slice key);
bool rows_drop_any(const struct rows_table *t);
/* By a reference to a row of the same table. */
bool rows_drop_above(const struct rows_table *t, size_t table);
/* fill_ref.c: the same of one key, in a part of a text or a whole value. */
enum vl_status rows_fill_drops(struct vl_rows_put *p, struct rows_drop *d,
    size_t column, const struct vl_text_part *part, struct vl_slice key,
    struct vl_err *err);
/* version.c */
enum vl_status rows_version_check(
    const struct vl_rows_put_opts *opts, struct vl_err *err);
/* delete.c */
/* The columns of the primary key, in table order, or NULL for the rowid; how
 * many. */
size_t rows_key_names(const struct rows_table *t, const char **names);
/* Their cells in a row of the target, as compare.c noted them. */
enum vl_status rows_key_cells(const struct rows_table *t,
    const struct rows_staged *row, struct vl_row_store *store,
    struct vl_cell *cells, struct vl_err *err);
/* As `triggers` of the table says, for all its rows; NULL: they run. */
enum vl_status rows_triggers(
    struct vl_rows_put *p, const struct rows_table *t, struct vl_err *err);
enum vl_status rows_delete(
    struct vl_rows_put *p, size_t table, struct vl_err *err);
/* derive.c: columns that follow from other rows, of one table after the other.
 */
struct rows_deriving {
	struct vl_rows_put *p;
	size_t table;
	const struct rows_table *t;
	const char **columns; /* that are derived */
	size_t ncolumns;
	uint64_t told; /* rows */
	struct vl_err *err;
};
enum vl_status rows_derive(struct vl_rows_put *p, struct vl_err *err);
/* `columns` of each row by its place in those; NULL: they are only counted. */
enum vl_status rows_derive_tell(
    struct rows_deriving *d, const struct vl_derived *rows, size_t n);
/* nest.c: places in a tree. */
enum vl_status rows_nest(struct rows_deriving *d);
/* behind.c: rows inserted by a worker, which alone uses the connection until
 * the end. */
struct rows_behind_opts {
	struct vl_pool *pool;
	struct vl_write *insert;
	const char *table;
	size_t ncells;
	size_t id; /* which of them is the id; or NONE */
	/* The row has met a unique key: its n, key, entry and id. */
	enum vl_status (*leave)(
	    void *arg, const struct rows_staged *row, struct vl_err *err);
	void *arg;
};
struct rows_behind;
enum vl_status rows_behind_open(struct rows_behind **out,
    const struct rows_behind_opts *opts, struct vl_err *err);
/* `*taken` false: it is too large; end, and insert it. */
enum vl_status rows_behind_add(struct rows_behind *w,
    const struct rows_staged *row, const struct vl_cell *cells, bool *taken,
    struct vl_err *err);
/* All are written, `*left` of them not; more may be added.  Nothing after a
 * failure that was told. */
enum vl_status rows_behind_end(
    struct rows_behind *w, uint64_t *left, struct vl_err *err);
void rows_behind_free(struct rows_behind *w);
/* taken.c: a write with these cells has met a unique key: the row that has it
 * is said behind the failure. */
struct rows_tried {
	const struct vl_write *write;
	const struct vl_cell *cells;
};
enum vl_status rows_taken(struct vl_rows_put *p, size_t table,
    const struct rows_tried *tried, struct vl_err *err);
/* unmet.c: foreign keys that name no row, before anything is written, and then:
 * VL_EREFUSED with one that did not do so before. */
struct rows_unmet;
enum vl_status rows_unmet_before(struct vl_rows_put *p, struct vl_err *err);
enum vl_status rows_unmet_check(struct vl_rows_put *p, struct vl_err *err);
void rows_unmet_free(struct rows_unmet *u);
/* once.c: the id at the source of the row that is put aside next, and whether
 * two of the table have one: VL_EFORMAT. */
enum vl_status rows_once_add(struct vl_rows_put *p, size_t table,
    const struct vl_cell *id, struct vl_err *err);
enum vl_status rows_once_check(struct vl_rows_put *p, struct vl_err *err);
void rows_once_free(struct rows_once *o);
/* take.c: the row that came last is whole: aside with it. */
enum vl_status rows_take_end(struct vl_rows_put *p, struct vl_err *err);
/* All came: VL_EREFUSED with what was against their tables, or with those that
 * are only here. */
enum vl_status rows_take_tables(struct vl_rows_put *p, struct vl_err *err);
/* give_up.c: what is unique in the row and changes gets a value that no row
 * has. */
enum vl_status rows_give_up(struct vl_rows_put *p, size_t table,
    const struct rows_staged *row, struct vl_err *err);
/* write.c */
enum vl_status rows_write(struct vl_rows_put *p, struct vl_err *err);

#endif
