#ifndef ROWS_PLAN_H
#define ROWS_PLAN_H

/*
 * What schema and profile say of the rows of a database: for each table its
 * entries, what its columns are, and what they refer to.  A name that is not
 * there is VL_EUSAGE with the line of the profile.
 */

#include <valise/place.h>
#include <valise/rows.h>

#define NONE ((size_t)-1)

/* From a row to one that it refers to. */
struct rows_step {
	size_t to;     /* that one's table */
	size_t by;     /* its column that ids are compared with; NONE: its
	                * primary key */
	size_t column; /* of it: the next reference, at last the value */
};

/* A value names the table that an id is of. */
struct rows_by {
	size_t column; /* that has the value; with steps: the first reference */
	struct rows_step *steps;
	size_t nsteps;
	struct {
		struct vl_slice value;
		size_t to;
	} * values;
	size_t n;
	size_t otherwise; /* a table; NONE: refused, or as it stands */
	bool plain;       /* as it stands */
};

/* One way in which a column refers to rows. */
struct rows_ref {
	size_t to; /* table of the plan; NONE: `by` says */
	struct rows_by *by;
	size_t column; /* of it: what ids are compared with; NONE: its primary
	                * key */
	const struct vl_reference *words; /* NULL: a foreign key */
	struct vl_finder *finder;         /* NULL: the whole value is an id */
	struct vl_finder *early; /* the same, for a worker (early.c); or NULL */
	size_t condition;        /* of the table; NONE: always */
};

enum rows_role {
	ROWS_PLAIN,
	ROWS_ID,      /* means nothing: under `x`, not in the row */
	ROWS_DERIVED, /* follows from other rows: nowhere in a line */
	ROWS_REF,     /* the whole value is an id */
	ROWS_INSIDE   /* ids stand inside the value */
};

struct rows_column {
	const struct vl_column *schema;
	enum rows_role role;
	struct rows_ref *refs;
	size_t nrefs;
	bool undeclared;   /* at the target: named like a reference, and the
	                    * profile does not say what it is */
	bool drops;        /* a row whose id dangles here does not travel */
	bool drops_inside; /* the same of ids inside the value */
	bool followed;     /* others refer by it, and an import may change it */
	bool secret;       /* values may be secrets */
	bool secret_inside;      /* or hold some */
	bool leaky;              /* or have some in clear, which travel so */
	struct rows_here *heres; /* values that differ from side to side */
	size_t nheres;
	size_t slot; /* ids are looked up by it: number of its column in the
	              * scratch; NONE */
};

/* A part of a key that the one row says which points here. */
struct rows_of {
	size_t child;     /* its table; NONE: a part like others */
	size_t point;     /* its column that refers to this table */
	size_t column;    /* its column that is the part */
	size_t condition; /* of the child; NONE */
	size_t number;    /* of all of the database */
};

/* An entry of the profile, or one made from the schema. */
struct rows_entry {
	const struct vl_table_words *words; /* or NULL */
	size_t condition;                   /* its `where`; NONE */
	size_t skip;                        /* its `skip` condition; NONE */
	size_t *key;                        /* columns; NONE: see `ofs` */
	struct rows_of *ofs;                /* as many as `key`; or NULL */
	size_t nkey;
	size_t *owners; /* columns */
	size_t nowners;
	size_t *ordinal; /* columns */
	size_t nordinal;
	bool skipped;  /* all of them */
	bool multiset; /* named by owner and content */
	bool called;   /* found in more ways than by the key, rows here are
	                * called as the bundle calls them */
	bool by_id;    /* one of those is the id */
};

/* Files that rows of a table own: their path, part by part. */
struct rows_file_part {
	struct vl_slice text;
	size_t column; /* NONE: the text */
};
struct rows_file {
	const struct vl_file_reference *words;
	size_t condition; /* of the table; NONE: all rows */
	size_t tree;      /* of the notes; NONE: it does not travel */
	struct rows_file_part *parts;
	size_t nparts;
};

/* Rows of the target that stay as they are, or columns of them. */
struct rows_keep {
	const struct vl_keep_rows *words;
	size_t condition; /* of the table; NONE: all its rows */
};

struct rows_table {
	const struct vl_table *schema;
	struct rows_column *columns; /* as in the schema */
	struct rows_entry *entries;
	size_t nentries;
	const char **conditions; /* SQL, for the scan */
	size_t nconditions;
	size_t primary;          /* the one column of the primary key; NONE */
	struct rows_keep *keeps; /* at the target: what stays as it is */
	size_t nkeeps;
	struct rows_file *files;
	size_t nfiles;
	struct vl_finder *json; /* where a column has heres; or NULL */
	struct vl_finder *php;  /* the same */
	/* Its name holds the id of a row: of which table and column. */
	size_t of; /* or NONE */
	size_t of_column;
	struct vl_slice of_id;  /* in its name */
	const char *collection; /* its name in lines */
	char *made;             /* `collection` where it is not the name */
	bool left;              /* that row does not travel */
	size_t nslots;
	size_t nordinal; /* the most of an entry */
	bool called;     /* those of an entry are, as above */
	bool loose;      /* on_dangling: keep of a column */
	bool follows;    /* some column of it refers by one that is followed */
	bool far;        /* another row's value names a table (to_by) */
	bool direct;     /* nothing is kept of its rows: rows_walk */
	bool referred;   /* some column holds ids of it */
	bool alone;      /* at the target: the bundle has it not */
	bool keyless;    /* at the target: nothing names its rows, and they are
	                  * left alone; or VL_EREFUSED, where the bundle has it */
	bool unsure;     /* with an ear: what it says of its keys is wrong */
	bool keyed;      /* its keys are looked for */
	bool found;      /* and found, but for paths and positions */
};

struct rows_secret;

struct rows_plan {
	const char *resource;
	const struct vl_profile_resource *words; /* or NULL */
	struct rows_secret *secrets;             /* as in `words` */
	size_t nsecrets;
	const struct vl_secret_ops *ops; /* fingerprints, tokens; or NULL */
	struct vl_needles *needles;      /* of a source; or NULL */
	struct rows_leak *leaks;         /* lines of `leaks` by columns */
	size_t nleaks;
	struct rows_leaking *leaking; /* what was found and is in none */
	struct rows_table *tables;    /* as in the schema */
	size_t ntables;
	size_t nsorted; /* of them, by name; those behind were made */
	/* Tables that were made are those of this plan, in its order; NULL:
	 * there are none. */
	const struct rows_plan *like;
	size_t *order; /* in which keys are found */
	size_t norder;
	size_t *lines; /* all tables in the order of their lines */
	size_t nofs;
	bool lenient;                 /* an id that dangles stands as it is */
	bool finding;                 /* keys: not all are there yet */
	struct rows_brought *brought; /* at the target; or NULL */
	/* In the proof: what was there before; an id of it that dangles now
	 * is refused.  Or NULL. */
	struct rows_scratch *before;
	struct rows_stage *written; /* the same: rows of the bundle; or NULL */
	/* Hears what would end an export, which then goes on (check.c); or
	 * NULL. */
	const struct rows_ear *ear;
	struct vl_pool *pool;   /* by which tables are read; or NULL */
	struct rows_maps *maps; /* what operator and site file map; or NULL */
	bool maps_lent;
};

enum vl_status rows_plan_make(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
void rows_plan_free(struct rows_plan *p);
/* One more table, which was made: the last one.  rows_order() comes next. */
enum vl_status rows_plan_extend(struct rows_plan *p,
    const struct vl_rows_opts *opts, const struct vl_table *schema,
    struct vl_err *err);
/* The table of that name, or NONE. */
size_t rows_plan_table(const struct rows_plan *p, struct vl_slice name);
/* A condition of the profile, checked, in the list of the table. */
enum vl_status rows_plan_condition(struct rows_table *t, struct vl_db *db,
    const char *sql, size_t *number, struct vl_err *err);
/* derived.c: mark the columns that the entries of the table call derived. */
enum vl_status rows_derived_mark(struct rows_table *t,
    const struct rows_plan *p, const struct vl_rows_opts *opts,
    struct vl_err *err);
/* One of them is called so; it need not be here. */
bool rows_derived_names(const struct rows_table *t, struct vl_slice name);
/* What the profile says of places in a tree; NULL: nothing. */
const struct vl_table_words *rows_nested_set(const struct rows_table *t);
/* An import works out some of them. */
bool rows_works_out(const struct rows_table *t);
/* Their names, in table order; how many. */
size_t rows_derived_columns(const struct rows_table *t, const char **names);
/* Once it is known what columns refer to: what works them out can. */
enum vl_status rows_derived_check(const struct rows_plan *p,
    const struct rows_table *t, const struct vl_rows_opts *opts,
    struct vl_err *err);
/* A new row gets this in a derived column: it may not be NULL, and has no
 * default. */
bool rows_derived_empty(
    const struct rows_table *t, size_t column, struct vl_cell *cell);
/* The column stands in lines. */
bool rows_in_line(const struct rows_table *t, size_t column);
/* here.c: which columns of the table hold values that differ from side to
 * side, and what they are.  VL_EUSAGE: the site file does not say it. */
enum vl_status rows_here_plan(struct rows_plan *p, struct rows_table *t,
    const struct vl_rows_opts *opts, struct vl_err *err);
/* VL_EUSAGE: an entry of `rewrite` speaks of a column that is not there. */
enum vl_status rows_rewrite_check(const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err);
bool rows_here_any(const struct rows_table *t);
/* This side's value of that name, or NULL. */
const char *rows_here_value(const struct vl_rows_opts *opts, const char *name);
/* The pattern with this side's values in it, and a NUL. */
enum vl_status rows_here_pattern(struct vl_buf *out,
    const struct vl_rows_opts *opts, const char *pattern, struct vl_err *err);
/* The cell of the reader's row as it is called: in a text with such values
 * those of the source, in `text`. */
struct rows_reader;
enum vl_status rows_here_there(const struct rows_reader *rd, size_t column,
    struct vl_buf *text, struct vl_cell *cell, struct vl_err *err);
/* The column of that very name, or NONE. */
size_t rows_column(const struct rows_table *t, struct vl_slice name);
/* A word of the profile as the column has it: a number where it keeps
 * numbers. */
struct vl_cell rows_word_cell(const struct vl_column *c, const char *text);
/* Where an entry stands. */
#define ROWS_AT(w) ((struct vl_word_at){ (w)->line, (w)->column, (w)->in_site })
/* "file:line:column: " before what the profile has wrong. */
enum vl_status rows_plan_fail(const struct vl_rows_opts *opts,
    struct vl_word_at at, struct vl_err *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same before what is said of rows that these words are about. */
enum vl_status rows_plan_within(
    const struct vl_rows_opts *opts, struct vl_word_at at, struct vl_err *err);
void rows_ref_free(struct rows_ref *ref);
/* No row of it travels. */
bool rows_table_skipped(const struct rows_table *t);

/* entry.c: the entries of one table, the one without `where` last; at least
 * one. */
enum vl_status rows_entries_read(struct rows_table *t, struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err);
/* Nothing names its rows. */
enum vl_status rows_plan_keyless(
    const struct rows_table *t, struct vl_err *err);
/* The columns of the primary key, in its order; or none. */
enum vl_status rows_primary_key(
    const struct vl_table *t, size_t **columns, size_t *n, struct vl_err *err);

/* named.c: tables whose name holds an id, "data_{project.id}". */
/* "before{table.column}after" */
struct rows_pattern {
	struct vl_slice before;
	struct vl_slice table;
	const char *column; /* up to the brace */
	size_t column_n;
	const char *after;
};
bool rows_named_pattern(struct rows_pattern *p, const char *text);
/* The key in a name in lines, `*fits` where that is one of the pattern. */
enum vl_status rows_named_key(const struct rows_pattern *p,
    struct vl_slice name, struct vl_buf *key, bool *fits, struct vl_err *err);
/* The entry of the profile is about this table; `t` is told whose. */
enum vl_status rows_named_fits(const struct rows_plan *p,
    const struct vl_rows_opts *opts, const struct vl_table_words *w,
    struct rows_table *t, bool *fits, struct vl_err *err);
/* Once keys are found: what they are called in lines. */
struct rows_scratch;
enum vl_status rows_named_call(
    struct rows_plan *p, struct rows_scratch *s, struct vl_err *err);

/* map.c, map_row.c: records that are others here, by their keys or by a column.
 */
enum vl_status rows_map_plan(struct rows_plan *p,
    const struct vl_map_record *map, size_t n, struct vl_err *err);
void rows_map_free(struct rows_plan *p);
/* Rows of the table may be called otherwise. */
bool rows_map_has(const struct rows_plan *p, size_t table);
/* They are known by this column, whose value has to be read. */
bool rows_map_by(const struct rows_plan *p, size_t table, size_t column);
struct rows_reader;
/* The reader's row gets the source's values in the columns of its key.
 * VL_EREFUSED: by a column it is two rows, or another than by its key. */
enum vl_status rows_map_in(
    const struct rows_reader *rd, struct vl_cell *cells, struct vl_err *err);
/* A row of the bundle that is one of these keeps the value it has here. */
void rows_map_out(const struct rows_plan *p, size_t table, size_t column,
    struct vl_slice key, struct vl_cell *cell);

/* key.c: the columns of the best unique key, or none (`*n` is 0). */
enum vl_status rows_key_choose(const struct rows_table *t, size_t **columns,
    size_t *n, struct vl_err *err);
/* A primary key of one column that only counts or is drawn by lot. */
bool rows_key_surrogate(const struct vl_table *t, size_t column);

/* How little a column reads like a name. */
unsigned rows_key_score(const struct vl_column *c);

/* refer.c */
/* The column is named like a reference and is not declared. */
enum vl_status rows_undeclared(const struct rows_plan *p,
    const struct rows_table *t, size_t column, struct vl_err *err);
enum vl_status rows_refer(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
/* follow.c: who refers by the column (NONE: primary key) follows it; false
 * where an import does not change it. */
bool rows_follow_column(struct rows_plan *p, size_t to, size_t column);
/* Which columns the table's references follow. */
void rows_follow_mark(struct rows_plan *p, struct rows_table *t);
/* mark.c: once all references are known.  VL_EUSAGE: a path holds the ids of a
 * column by which rows are not told apart. */
enum vl_status rows_mark(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
/* Of one table that came last. */
void rows_mark_table(struct rows_plan *p, struct rows_table *t);
/* Of the last table alone. */
enum vl_status rows_refer_last(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
/* tied.c: what an id in a name is the id of; false where it is not here. */
bool rows_tie_find(const struct rows_plan *p, const struct vl_tie *tie,
    size_t *table, size_t *column);
/* "table.column" is one of the list; `wild`: those with a star in them. */
bool rows_names_column(
    char *const *list, size_t n, const char *name, bool wild);
bool rows_looks_like_reference(const char *column);
/* check_clue.c: of a table of names and values, the column that has the name of
 * the value in `column`; else NONE. */
size_t rows_value_name(const struct vl_table *t, size_t column);
/* stem.c: of a name that looks so: "authorId", "author_id" -> "author"; and
 * how well a stem may mean a table: 1 is best, 0 not at all.  `self`: it stands
 * in that very table. */
#define ROWS_STEM_MAX 256
void rows_stem(char stem[ROWS_STEM_MAX], const char *name);
unsigned rows_stem_rank(const char *stem, const char *table, bool self);
/* It says how many there are, and no id. */
bool rows_names_amount(const char *name);
/* names.c: some column is called so; a star stands for any characters. */
bool rows_names_any(const struct rows_plan *p, char *const *pattern);
/* VL_EUSAGE: a column in a list of the profile is not one of the table. */
struct rows_named {
	const char *word;
	char *const *columns;
	const struct vl_word_at *at;
	size_t n;
};
enum vl_status rows_names_columns(const struct rows_table *t,
    const struct vl_rows_opts *opts, const struct rows_named *w,
    struct vl_err *err);
/* VL_EUSAGE: a line speaks of a column that is not there. */
enum vl_status rows_names_check(const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err);
/* VL_EUSAGE: what owns rows is no reference; after rows_refer(). */
enum vl_status rows_owners_check(const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err);
/* ear.c: whether somebody hears this failure of the profile or of rows; then
 * it is none any more.  `t` may be NULL; `line`: what mends it, or NULL. */
struct rows_ear;
bool rows_heard(const struct rows_plan *p, const struct rows_table *t,
    const char *line, struct vl_err *err);
/* The same of one row of many. */
bool rows_heard_row(
    const struct rows_plan *p, const struct rows_table *t, struct vl_err *err);
/* Rows of that entry go by their primary key, so that the rest is looked at. */
enum vl_status rows_ear_key(
    struct rows_table *t, struct rows_entry *e, struct vl_err *err);
/* Keys that need each other: no rows can be looked at. */
void rows_ear_blind(const struct rows_plan *p);

/* secret.c: which columns hold secrets, and their vaults.  VL_EUSAGE: a column
 * that is not there or cannot, a key or cipher that is not. */
enum vl_status rows_secret_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
void rows_secret_free(struct rows_plan *p);
/* Some value of each opens, if any is there; VL_EUSAGE, of a target
 * VL_EREFUSED: the master key is another one. */
enum vl_status rows_secret_try(
    const struct rows_plan *p, struct vl_db *db, struct vl_err *err);
/* secret_check.c: the same of values that `check` of a master key names, where
 * the key is used here. */
enum vl_status rows_secret_check(const struct rows_plan *p,
    const struct vl_rows_opts *opts, struct vl_err *err);
/* What is about the column in the reader's row, or NULL. */
struct rows_reader;
struct rows_secret *rows_secret_for(
    const struct rows_reader *rd, size_t column);
/* The target's row keeps its own. */
bool rows_secret_kept(const struct rows_reader *rd, size_t column);
bool rows_secret_any(const struct rows_plan *p, size_t table);
/* Values of the column may have secrets in clear, which travel as such. */
enum vl_status rows_secret_leak(
    struct rows_plan *p, size_t table, size_t column, struct vl_err *err);
/* leak.c: lines of `leaks`.  VL_EUSAGE: a column that is not there. */
enum vl_status rows_leak_plan(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);
void rows_leak_free(struct rows_plan *p);
/* Some secret stands in the value in clear, decided or not. */
bool rows_leak_any(const struct rows_reader *rd, const struct vl_cell *cell);
/* Columns of the table in which some were found, and nobody says what becomes
 * of them: told, and how many. */
uint64_t rows_leak_tell(const struct rows_plan *p, size_t table,
    const struct vl_rows_report *report);
/* slot.c: what is not carried of the table's rows, which are all read. */
void rows_secret_tell(const struct rows_plan *p, size_t table,
    const struct vl_rows_report *report);

/* order.c */
enum vl_status rows_order(
    struct rows_plan *p, const struct vl_rows_opts *opts, struct vl_err *err);

#endif
