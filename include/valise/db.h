#ifndef VALISE_DB_H
#define VALISE_DB_H

/*
 * One database: opened for export as a private consistent copy, or as the
 * target of an import; its schema; scans of its tables as cells; writes by
 * key inside one transaction.
 *
 * What rows mean is above.  SQLite is the first engine; a second one brings
 * a table of functions with these calls as its columns.
 *
 *	vl_db_open_copy | vl_db_open_read -> schema, conditions, scans -> free
 *
 * A database and all that was opened on it belong to one thread at a time; what
 * workers do for it they do over connections and rows of their own.
 * SQLite alone opens its files: closing another descriptor of one drops
 * every lock that this process holds on it.
 */

#include <valise/bytes.h>
#include <valise/crypt.h>
#include <valise/pool.h>
#include <valise/value.h>

/* Our own table in a target: in no schema, scan or fingerprint. */
#define VL_DB_OWN_TABLE "valise_import"

struct vl_column {
	char *name;
	char *type;      /* as declared, "" when not */
	char *collation; /* of its definition: "BINARY" ... */
	char *fallback;  /* DEFAULT as SQL text, or NULL */
	bool not_null;
	bool generated;
	bool integer_id; /* the rowid by another name: INTEGER PRIMARY KEY */
	unsigned key;    /* place in the primary key, from 1; 0: not in it */
};

/* A unique key that is neither partial nor over expressions. */
struct vl_unique {
	size_t *columns; /* index into the table's */
	char **collations;
	size_t n;
	bool primary;
};

struct vl_foreign {
	size_t *columns;
	size_t n;
	char *to;          /* table, as that one spells itself */
	char **to_columns; /* also where the schema leaves them out; NULL
	                    * where it names what is not there */
	bool cascade;      /* ON DELETE CASCADE */
};

struct vl_table {
	char *name; /* without the prefix of the database */
	char *real; /* as the engine has it */
	bool without_rowid;
	bool strict;
	bool autoincrement;
	struct vl_column *columns; /* in table order */
	size_t ncolumns;
	struct vl_unique *uniques; /* primary first, then by columns; none
	                            * twice */
	size_t nuniques;
	struct vl_foreign *foreigns; /* in the order of the definition */
	size_t nforeigns;
	char **triggers; /* ascending */
	size_t ntriggers;
	char **indexes; /* of CREATE INDEX, ascending */
	size_t nindexes;
	char *sql;    /* as the schema keeps it */
	char **lines; /* what its rows depend on, see below; sorted */
	size_t nlines;
	uint8_t fingerprint[VL_HASH_SIZE]; /* of the lines */
};

/* What is named, and not carried. */
struct vl_uncarried {
	char *name;
	const char *kind; /* "view", "virtual table", "shadow table" */
};

struct vl_schema {
	struct vl_table *tables; /* ascending by name; no engine tables */
	size_t ntables;
	struct vl_uncarried *others; /* ascending by name */
	size_t nothers;
};

struct vl_db;

/* Told, once it is whole, of a copy that began anew because an application
 * wrote meanwhile: how often, and whether it kept the lock in the end, so that
 * writers waited.  `note` may be NULL. */
struct vl_db_report {
	void *arg;
	void (*note)(void *arg, const char *text);
};

struct vl_db_opts {
	const char *path; /* absolute */
	/* Of the names of its tables: there are no others, and `{prefix}` in
	 * SQL of a profile is this; or NULL. */
	const char *prefix;
	const char *tempdir; /* for the private copy and temporary files; the
	                      * last one opened decides for the process */
	unsigned wait;       /* seconds for locks */
	/* Asked now and then, by workers, too: VL_ESIGNAL; or NULL. */
	bool (*stop)(void *arg);
	void *arg;
	struct vl_pool *pool; /* checks pages of a copy beside what follows; or
	                       * NULL: they are checked when it is opened */
	struct vl_db_report report;
};

/*
 * For export: a private, consistent copy in `tempdir`, without a name; the
 * application may go on writing.  What a killed application left half written
 * is rolled back first, as by its own next start.  The file of the source is
 * not kept open.
 *
 * VL_EUSAGE  absent, empty, no database, encrypted (what is wrong)
 * VL_EFORMAT damaged: quick_check says where
 * VL_ETEMP   locked for longer than `wait`
 */
enum vl_status vl_db_open_copy(
    struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err);
/*
 * Of a copy whose pages are checked by a pool: waits for what is found.  Before
 * that nothing counts that was read; and where reading fails, this is why.
 *
 * VL_EFORMAT as vl_db_open_copy()
 * VL_ESIGNAL as `stop` says
 */
enum vl_status vl_db_checked(struct vl_db *db, struct vl_err *err);
/* For reading it in place, inside one read transaction: a database in
 * rollback mode cannot be written by others meanwhile. */
enum vl_status vl_db_open_read(
    struct vl_db **out, const struct vl_db_opts *opts, struct vl_err *err);
void vl_db_free(struct vl_db *db);

const char *vl_db_path(const struct vl_db *db);
const struct vl_schema *vl_db_schema(const struct vl_db *db);
/* By name, ASCII letters of either case; NULL when there is none. */
const struct vl_table *vl_db_table(const struct vl_db *db, const char *name);
size_t vl_table_column(
    const struct vl_table *t, const char *name); /* or SIZE_MAX */

/*
 * The fingerprint is the BLAKE2b-256 (personal "valise-schema") of these
 * lines, sorted by bytes, none twice, each with LF; names as "n", with a
 * quote in them doubled:
 *
 *	column "n" TYPE [not null] [generated] [integer id] collate COLLATION
 *	key "n" COLLATION, "n" COLLATION ...		every struct vl_unique
 *	strict						where it is
 *
 * TYPE and COLLATION in upper case; in TYPE one space where there was white
 * space, none beside parentheses and commas.  So it tells an added column,
 * another type, collation, NOT NULL or unique key, and neither names of
 * indexes and of the table, order of columns, defaults, checks nor layout.
 */

/*
 * A condition of a profile: one read-only expression over the columns of
 * `table`, subqueries over tables of this database allowed; checked by the
 * engine's own parser and authorizer.  VL_EUSAGE says what is wrong with it.
 */
enum vl_status vl_db_check_condition(struct vl_db *db, const char *table,
    const char *condition, struct vl_err *err);

/*
 * Scan a table: the columns wanted, then one cell (integer 0 or 1) for each
 * condition, in order of the primary key (rowid).  Cells are valid until the
 * next call.  Conditions are checked as above.
 */
struct vl_scan;
struct vl_scan_at {
	size_t block; /* 0 or 1 */
	size_t row;
};
struct vl_scan_opts {
	const char *table;
	const char *const *columns; /* NULL in it: the rowid */
	size_t ncolumns;
	const char *const *conditions; /* NULL in it: the constant 1 */
	size_t nconditions;
	/* Columns that they are sorted by, as the database compares them,
	 * before the primary key; or none. */
	const char *const *order;
	size_t norder;
	/* Its workers read ahead, and nobody else may use the database until
	 * the scan is freed; or NULL. */
	struct vl_pool *pool;
	/* With a pool, or NULL: told of each row by the worker that has read
	 * it, one at a time and in order, before the row is given.  The cells
	 * stay where they are until then.  Rows of a block are counted from 0;
	 * when a block begins, all rows of the other one of its number have
	 * been given. */
	void (*seen)(void *arg, const struct vl_scan_at *at,
	    const struct vl_cell *cells);
	void *arg;
};
/* VL_EUSAGE: no such table or column. */
enum vl_status vl_scan_open(struct vl_scan **out, struct vl_db *db,
    const struct vl_scan_opts *opts, struct vl_err *err);
/* VL_EFORMAT: damaged pages.  VL_EREFUSED: text that is not valid in the
 * encoding of a UTF-16 database. */
enum vl_status vl_scan_next(struct vl_scan *s, const struct vl_cell **cells,
    bool *row, struct vl_err *err);
/* Where the row stood that was given last, of a scan that reads ahead. */
struct vl_scan_at vl_scan_at(const struct vl_scan *s);
void vl_scan_free(struct vl_scan *s);

/*
 * The conditions over a row that is in no table: `columns` are those whose
 * values are given, the others are NULL.  What it would be compared by in the
 * table holds.  VL_EUSAGE as for a scan, and for a condition that asks for
 * a rowid that is no column, or for a generated column.
 */
struct vl_probe;
enum vl_status vl_probe_open(struct vl_probe **out, struct vl_db *db,
    const struct vl_scan_opts *opts, struct vl_err *err);
enum vl_status vl_probe_run(struct vl_probe *p, const struct vl_cell *cells,
    bool *holds, struct vl_err *err);
void vl_probe_free(struct vl_probe *p);

/* One value by a query of the profile (version): its text, appended.
 * VL_EUSAGE where it is no such query, or answers with no or many rows. */
enum vl_status vl_db_ask(
    struct vl_db *db, const char *sql, struct vl_buf *out, struct vl_err *err);

/*
 * The SQLite files of a site as the target of an import, in one connection
 * and one transaction.  They are the decider of the import: the row that
 * vl_dbs_row_put() writes is there in every file, or in none.
 *
 *	open -> vl_dbs_at() ... -> free				 look only
 *	open -> begin -> writes -> rollback -> free			preview
 *	open -> take -> begin -> writes, row_put -> commit -> settle
 *		-> give_back -> free					import
 *	open (recovery) -> row_ask -> settle -> give_back -> free
 *
 * Free without commit rolls back.
 */
struct vl_dbs;

#define VL_DBS_MAX 11 /* files: what SQLite attaches, and its first */

struct vl_dbs_opts {
	const char *const *paths;    /* absolute */
	const char *const *prefixes; /* as in vl_db_opts; or NULL */
	size_t n;
	const char *tempdir;
	unsigned wait;
	bool recovery; /* neither checked nor is the schema read */
	bool (*stop)(void *arg);
	void *arg;
};

/*
 * Open what is there: nothing is made.  Directories are synced first, so that
 * no journal which SQLite then takes for finished can come back.
 *
 * VL_EUSAGE   as vl_db_open_copy(); too many; one file twice
 * VL_EREFUSED their text encodings differ
 * VL_EFORMAT, VL_ETEMP  as above
 */
enum vl_status vl_dbs_open(
    struct vl_dbs **out, const struct vl_dbs_opts *opts, struct vl_err *err);
/* A private copy of one of them (vl_db_open_copy()) in their place: it is
 * never committed or taken, and the file stays as it is. */
enum vl_status vl_dbs_open_copy(
    struct vl_dbs **out, const struct vl_db_opts *opts, struct vl_err *err);
/* Borrowed; in the order of the paths. */
struct vl_db *vl_dbs_at(const struct vl_dbs *d, size_t i);
/* Whether file `i` was in WAL mode when it was opened. */
bool vl_dbs_was_wal(const struct vl_dbs *d, size_t i);
void vl_dbs_free(struct vl_dbs *d);

/*
 * Before a transaction that is meant: every commit is synced with its
 * directory, and several files are taken from all other programs and out of
 * WAL mode, in which they would not change together.  The caller has noted
 * vl_dbs_was_wal() durably.  VL_ETEMP when another program has one open.
 */
enum vl_status vl_dbs_take(struct vl_dbs *d, struct vl_err *err);
/*
 * Put back into WAL mode the files for which `wal` says so; after it only
 * free.  What fails is no failure of the import.
 */
enum vl_status vl_dbs_give_back(
    struct vl_dbs *d, const bool *wal, struct vl_err *err);

/*
 * Writers are kept out from here on.  Foreign keys act from the first write on
 * that could make them change a row (vl_write_open()), and are checked at
 * commit where those writes broke them.  The check of all is
 * vl_db_dangling_open(): without it nothing is to be committed.
 * VL_ETEMP: locked for longer than `wait`, or the schema is another than when
 * it was read.
 */
enum vl_status vl_dbs_begin(struct vl_dbs *d, struct vl_err *err);
/*
 * VL_EREFUSED  foreign keys are broken; VL_ETEMP  a reader is in the way:
 *              the transaction is still open; or it was rolled back before
 * VL_EPENDING  unknown: ask for the row
 */
enum vl_status vl_dbs_commit(struct vl_dbs *d, struct vl_err *err);
enum vl_status vl_dbs_rollback(struct vl_dbs *d, struct vl_err *err);
/*
 * Make durable what a reader sees: files, logs, directories.  Not to be
 * repeated: VL_EPENDING, and nothing may be believed in this boot.
 */
enum vl_status vl_dbs_settle(struct vl_dbs *d, struct vl_err *err);
/* What was written takes most of the memory for pages until the commit, and
 * leaves little to what is read.  Where it did not fit, and so was written out
 * in part, the rest is, too. */
enum vl_status vl_dbs_make_room(struct vl_dbs *d, struct vl_err *err);
/* Rows inserted, changed and deleted so far, those of triggers and cascades
 * among them. */
int64_t vl_dbs_changes(const struct vl_dbs *d);
/* Triggers of the target run (as at first) or not; foreign keys still act.
 * Each change costs every open write a new preparation. */
enum vl_status vl_dbs_triggers(struct vl_dbs *d, bool on, struct vl_err *err);

/* The row of an import. */
struct vl_dbs_row {
	const char *id;
	const char *site;
	const char *series;
	int64_t seq;
	const char *root;
};
enum vl_status vl_dbs_row_put(
    struct vl_dbs *d, const struct vl_dbs_row *row, struct vl_err *err);
/* In how many of the files the row of `id` is. */
enum vl_status vl_dbs_row_ask(
    struct vl_dbs *d, const char *id, size_t *in, struct vl_err *err);

/*
 * Writes of one kind to one table.  A row is written as it is or not at all:
 * what a table says to do on conflict, or a trigger that drops it, is an
 * error.
 */
enum vl_write_kind {
	VL_WRITE_INSERT,
	VL_WRITE_UPDATE,
	VL_WRITE_DELETE
};

struct vl_write_opts {
	enum vl_write_kind kind;
	const char *table;
	const char *const *columns; /* to be set; NULL in it: the rowid */
	size_t ncolumns;            /* DELETE: none */
	const char *const *key;     /* which row; NULL in it: the rowid */
	size_t nkey;                /* INSERT: none */
};

struct vl_write;

enum vl_status vl_write_open(struct vl_write **out, struct vl_db *db,
    const struct vl_write_opts *opts, struct vl_err *err);
/*
 * `cells`: the columns, then the key.  VL_EREFUSED: a constraint, which is
 * named; not exactly one row; text that the encoding cannot hold; the
 * transaction is over.
 */
enum vl_status vl_write_run(
    struct vl_write *w, const struct vl_cell *cells, struct vl_err *err);
/* The last run was refused because a unique key is taken. */
bool vl_write_in_the_way(const struct vl_write *w);
/*
 * After such a run: the row that has the key, as a scan.  There is one; with
 * a key of some rows alone (a partial index) it is one of those that are found.
 * `*out` is NULL where the key cannot be asked for: it is over an expression
 * or a generated column, or is that of another table, which a trigger writes.
 */
struct vl_taken_opts {
	const struct vl_cell
	    *cells;                 /* of the run; kept until the scan's free */
	const char *const *columns; /* wanted; NULL in it: the rowid */
	size_t n;
};
enum vl_status vl_write_taken(struct vl_scan **out, const struct vl_write *w,
    const struct vl_taken_opts *asked, struct vl_err *err);
void vl_write_free(struct vl_write *w);
/* Rows that triggers and cascades changed while such writes ran, since the
 * database was opened. */
int64_t vl_db_beside(const struct vl_db *db);

/*
 * SQL of a profile that works out columns of a table: one UPDATE of it, which
 * sets `columns` alone.  It may read all of this database; neither it nor a
 * trigger that it sets off may write anything else.
 */
struct vl_derive {
	const char *table;
	const char *const *columns;
	size_t ncolumns;
	const char *sql;
};

/* A row that has other values than before. */
struct vl_derived {
	int64_t r;        /* its rowid */
	uint64_t columns; /* bit i: the i-th one, of the first 64 */
};

/* What the text itself says: VL_EREFUSED where it is no such UPDATE. */
enum vl_status vl_derive_check(
    struct vl_db *db, const struct vl_derive *d, struct vl_err *err);
/*
 * Run, in the transaction of vl_dbs_begin().  `rows`: `*n` of them, ascending,
 * none twice, for the caller to free; of a table without a rowid `*rows` is
 * NULL and `*n` only counts.  VL_EREFUSED: it fails, or it would write
 * something else.
 */
enum vl_status vl_derive_run(struct vl_db *db, const struct vl_derive *d,
    struct vl_derived **rows, size_t *n, struct vl_err *err);

/*
 * Make a table like another, in the transaction of vl_dbs_begin(): built of
 * the parts of `like`, each of which is checked, as they are a bundle's.  What
 * it has of name, without_rowid, strict, autoincrement, columns and uniques
 * counts.  The schema is read again; what was read before stays until the end,
 * and holds again after a rollback.  VL_EREFUSED: it cannot be made, and why.
 */
enum vl_status vl_db_make_table(struct vl_db *db, const struct vl_table *like,
    const struct vl_table **made, struct vl_err *err);
/* What of a table a copy would lack or not be let have; or NULL. */
const char *vl_table_unmakeable(const struct vl_table *t);
/* Free what is in it. */
void vl_table_clear(struct vl_table *t);

/*
 * The id that SQLite would give the next row of a table with an integer id:
 * above all there are, and with AUTOINCREMENT above all there were.
 * VL_EREFUSED when there is none left.
 */
enum vl_status vl_db_next_id(
    struct vl_db *db, const char *table, int64_t *id, struct vl_err *err);

/*
 * The pages, and each index against its table (integrity_check); where some
 * ask for what only the application has, which nobody here can write either,
 * the others.  VL_EFORMAT with what does not fit.
 */
enum vl_status vl_db_check_indexes(struct vl_db *db, struct vl_err *err);
/*
 * Rows whose foreign keys name no row; cells: table, rowid (or NULL), table
 * that is referred to, number of the foreign key in its table.  Sooner known
 * after vl_db_check_indexes(), as long as nothing is written in between; or
 * `before` anything is, where an index is believed: what it hides is found by
 * that check.
 */
enum vl_status vl_db_dangling_open(
    struct vl_scan **out, struct vl_db *db, bool before, struct vl_err *err);
/*
 * What its row at hand holds in the columns of that foreign key is appended:
 * other bytes where they hold other values.  Nothing of a row without a rowid,
 * or of a table that is not of the schema.
 */
enum vl_status vl_dangling_held(
    struct vl_scan *s, struct vl_buf *out, struct vl_err *err);

#endif
