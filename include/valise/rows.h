#ifndef VALISE_ROWS_H
#define VALISE_ROWS_H

/*
 * One database as rows that have names: its schema and the words of a
 * profile are brought together (formats/profile.md), the key of every row is
 * found, and references become keys.  The same at the source, where lines
 * come out, and at the target, where they are compared with what is there.
 *
 *	open -> (next -> read*)* -> free
 *
 * What is known of the rows lies in `tempdir`, in unnamed files and a private
 * SQLite database, whatever engine the rows are in (docs/decisions/0008).
 */

#include <valise/db.h>
#include <valise/needles.h>
#include <valise/owned.h>
#include <valise/profile.h>
#include <valise/record.h>
#include <valise/row.h>
#include <valise/slot.h>
#include <valise/ties.h>

struct vl_rows;

struct vl_rows_report {
	void *arg;
	/* One line for the operator; or NULL. */
	void (*note)(void *arg, const char *text);
};

/* Secrets in columns: how this side keeps them, and how they travel. */
struct vl_rows_secrets {
	const struct vl_secret_ops *ops; /* NULL: nothing is to travel */
	/* Those of a source, by vl_rows_open(): what is looked for in all else
	 * that travels; or NULL. */
	struct vl_needles *needles;
	void *arg;
	/* By which cipher and with which key values of these words are kept;
	 * borrowed.  VL_EUSAGE: there is none, or it cannot be read. */
	enum vl_status (*key)(void *arg, const struct vl_secret_words *words,
	    const struct vl_cipher **cipher, struct vl_slice *key,
	    struct vl_err *err);
	/* Of this side: those that have a `check` are tried by it. */
	const struct vl_master_words *masters;
	size_t nmasters;
};

/* What it points to is borrowed until vl_rows_free(). */
struct vl_rows_opts {
	struct vl_db *db;
	const struct vl_profile *profile; /* or NULL */
	const char *resource;             /* its name, in lines and profile */
	const char *tempdir;
	bool warn_secrets;    /* what looks like one is told, and travels */
	bool warn_undeclared; /* else such references are refused */
	/* Tables are read ahead, and new rows of a target inserted, by
	 * workers; or NULL. */
	struct vl_pool *pool;
	/* Of an import: what the site says of values that differ from side to
	 * side, and the words that came with the bundle, by which they are
	 * those of the source.  Else NULL: the profile says what they are. */
	const struct vl_pair *here;
	size_t nhere;
	const struct vl_profile *there;
	struct vl_owned *owned; /* files that its rows own; or NULL */
	/* And texts that are others on this occasion; those of this resource
	 * count. */
	const struct vl_rewrite_rows *rewrite;
	size_t nrewrite;
	const char *site_file;                 /* in which they stand */
	const struct vl_rows_secrets *secrets; /* NULL: none is opened */
	struct vl_rows_report report;
};

struct vl_rows_counts {
	uint64_t tables;
	uint64_t rows;     /* carried */
	uint64_t skipped;  /* left out by words of the profile */
	uint64_t dropped;  /* by on_dangling: drop */
	uint64_t suspects; /* places that look as if they held secrets, each
	                    * told, and of which no line speaks */
	uint64_t leaks; /* columns in which secrets stand in clear, and nobody
	                 * says what becomes of them; each is told */
	uint64_t bytes; /* of bodies */
};

/*
 * The keys that others need are found here, the rest by vl_rows_next(), which
 * refuses rows by them in the same way.
 *
 * VL_EUSAGE    the profile names what is not there (file, line), or no value
 *              opens with the master key
 * VL_EREFUSED  a table without a key, two rows with one, a reference that is
 *              not declared, one to a row that is not there, a cycle of keys
 */
enum vl_status vl_rows_open(
    struct vl_rows **out, const struct vl_rows_opts *opts, struct vl_err *err);
/* The next line, in manifest order: that of the profile, then each table's
 * with those of its rows; `rec->line.p` is NULL behind the last.  Valid until
 * the next call. */
enum vl_status vl_rows_next(
    struct vl_rows *r, struct vl_record *rec, struct vl_err *err);
/* Bytes of the body of that record; `*got` is 0 at its end. */
enum vl_status vl_rows_read(
    struct vl_rows *r, uint8_t *p, size_t n, size_t *got, struct vl_err *err);
/* For names of files, once it is open: the key of the row that has this id.
 * LEFT: the row does not travel, and its key is given. */
enum vl_status vl_rows_key_of(struct vl_rows *r, const struct vl_tie *tie,
    struct vl_slice id, struct vl_buf *key, enum vl_tied *how,
    struct vl_err *err);
void vl_rows_counts(const struct vl_rows *r, struct vl_rows_counts *counts);
void vl_rows_free(struct vl_rows *r);

/*
 * The version of the application, as the profile asks this database for it:
 * appended; nothing where it asks another one, or none.  VL_EUSAGE for a
 * question that has no one answer.
 */
enum vl_status vl_rows_version(
    struct vl_buf *out, const struct vl_rows_opts *opts, struct vl_err *err);

/*
 * The same database as the target of an import, inside one transaction of
 * the caller (vl_dbs_begin).
 *
 *	open -> (table -> (row -> body*)*)* -> compare -> write -> prove -> free
 *
 * Rows are put aside first, compared when all are there, and written when it
 * is known which id every one of them has here.  Nothing is written twice,
 * and what is as the bundle says is not written at all.
 */
struct vl_rows_put;

enum vl_row_change {
	VL_ROW_ADD,
	VL_ROW_MODIFY,
	VL_ROW_DELETE,
	VL_ROW_CONFLICT,
	VL_ROW_DERIVE, /* columns that follow from other rows */
	VL_ROW_SECRET  /* secrets; where more differs, behind a MODIFY */
};

/*
 * A row that an import of the series created, as the caller keeps it from
 * one import to the next (with the shadow): `match: brought` and
 * `target_only: brought` know rows by these.  Slices are borrowed for the
 * call.
 */
struct vl_rows_brought {
	struct vl_slice table; /* as in lines */
	struct vl_slice key;   /* at the source, when it was created */
	struct vl_slice from;  /* its id there, as JSON; or n is 0 */
	struct vl_slice here;  /* its primary key here, as JSON; or n is 0 */
};

/* A record that differs, before it is known what becomes of it. */
struct vl_rows_differs {
	const char *table; /* as in lines */
	enum vl_row_change what;
	struct vl_slice key;    /* as JSON */
	const uint8_t *here;    /* hash of the row here as it stands; or NULL */
	struct vl_slice fields; /* MODIFY: the columns that differ, as JSON */
	bool again; /* asked before, and more columns differ; it is decided */
};

struct vl_rows_put_opts {
	struct vl_rows_opts rows;         /* `profile`: meaning and policy */
	struct vl_dbs *dbs;               /* that rows.db is one of */
	const enum vl_on_match *on_match; /* NULL: as the profile says */
	const struct vl_map_record *map;  /* those of this resource count */
	size_t nmap;
	const char *version; /* the source's, by vl_rows_version(); or NULL */
	/* The table here may have columns that need no value, unique keys by
	 * which no row is named, and wider types; it may lack columns in which
	 * all rows of the bundle have NULL; tables that only the target has
	 * are left alone. */
	bool allow_drift;
	void *arg;
	/* What earlier imports created, in any order; `*more` is false behind
	 * the last, and then it begins again.  Or NULL. */
	enum vl_status (*brought)(void *arg, struct vl_rows_brought *b,
	    bool *more, struct vl_err *err);
	/* What the next import is to be told: what this one created, and what
	 * earlier ones did and is still there.  Called by the proof, in any
	 * order; what it was told counts when the import does.  Or NULL. */
	enum vl_status (*created)(
	    void *arg, const struct vl_rows_brought *b, struct vl_err *err);
	/* Whether it is done; `*go` is what the profile says.  Asked of rows
	 * that differ or are on one side, but for those that keep_here or a
	 * conflict keeps.  Or NULL. */
	enum vl_status (*decide)(void *arg, const struct vl_rows_differs *d,
	    bool *go, struct vl_err *err);
	/* A record that an import changes: `key` as JSON, `detail` the columns
	 * that differ, or why it cannot be.  DERIVE is told while rows are
	 * written, of rows that were here. */
	void (*change)(void *arg, const char *table, enum vl_row_change what,
	    struct vl_slice key, const char *detail);
	/* Before change() of a record of which values differ inside: where, as
	 * an array of JSON (vl_fields_differ(), fields.h), borrowed until
	 * change() is back.  Or NULL. */
	void (*values)(void *arg, struct vl_slice json);
	bool conflicts_only; /* no other change is told */
};

struct vl_rows_put_counts {
	uint64_t add;
	uint64_t change;
	uint64_t deletions;
	uint64_t same;
	uint64_t skip;
	uint64_t conflict;
	uint64_t before; /* rows of the target that a bundle could carry */
	uint64_t proved; /* written rows read again and found as they should */
};

/* The target's schema and the profile; what it refuses in rows it says in
 * vl_rows_put_compare().  VL_EREFUSED: another version of the application. */
enum vl_status vl_rows_put_open(struct vl_rows_put **out,
    const struct vl_rows_put_opts *opts, struct vl_err *err);
/*
 * Lines of this resource, decoded; what they say is borrowed for the call.  A
 * table that is not here, or differs in what allow_drift does not let pass, is
 * named column by column (report.note), and refused by vl_rows_put_compare(),
 * when all are.  VL_EFORMAT: a row that is not as its table's line says.
 */
enum vl_status vl_rows_put_table(struct vl_rows_put *p,
    const struct vl_table_line *line, struct vl_err *err);
/* VL_EFORMAT: a row that is there already.  Tokens were opened by whoever read
 * them, and so are known to be those of their slots. */
struct vl_tokens_of {
	const struct vl_slice *list; /* in the order of the line's slots */
	size_t n;
};
enum vl_status vl_rows_put_row(struct vl_rows_put *p, const struct vl_row *row,
    struct vl_row_store *store, const struct vl_tokens_of *tokens,
    struct vl_err *err);
/* The next bytes of its body. */
enum vl_status vl_rows_put_body(
    struct vl_rows_put *p, struct vl_slice bytes, struct vl_err *err);
/* All rows are there.  What differs is told, in order of keys by table.
 * VL_EREFUSED: a table that one side has not, or has otherwise.  As
 * vl_rows_open() for the target's rows; VL_EREFUSED also for a row whose key is
 * that of another owner's here. */
enum vl_status vl_rows_put_compare(struct vl_rows_put *p, struct vl_err *err);
/* Bytes that a write adds at the target, about: what lines and bodies say of
 * the rows that are new or change. */
uint64_t vl_rows_put_need(const struct vl_rows_put *p);
/* VL_EREFUSED: a conflict; a row refers to one that is neither in the bundle
 * nor here; a constraint of the target, with the row in question. */
enum vl_status vl_rows_put_write(struct vl_rows_put *p, struct vl_err *err);
/* Read the database again: every row is as the bundle and the policies say,
 * every reference names a row, but for foreign keys that named none before,
 * which are told.  VL_EREFUSED with the first that is not. */
enum vl_status vl_rows_put_prove(struct vl_rows_put *p, struct vl_err *err);
/* Once it is written: nothing was, and all that earlier imports created is
 * here.  created() is told none of it: what opts.brought() said is the list. */
bool vl_rows_put_brought_stays(const struct vl_rows_put *p);
/*
 * For names of files, once all is compared: the id that the row of this key
 * has here, or will have.  LEFT: it is in the bundle and is not to be here.
 * NONE: it is neither in the bundle nor here, or goes.
 */
enum vl_status vl_rows_put_id_of(struct vl_rows_put *p,
    const struct vl_tie *tie, struct vl_slice key, struct vl_buf *id,
    enum vl_tied *how, struct vl_err *err);
void vl_rows_put_counts(
    const struct vl_rows_put *p, struct vl_rows_put_counts *counts);
/* The same of each table that was compared, in the order of lines; `proved` of
 * one is 0. */
void vl_rows_put_tables(const struct vl_rows_put *p,
    void (*table)(
        void *arg, const char *name, const struct vl_rows_put_counts *counts),
    void *arg);
void vl_rows_put_free(struct vl_rows_put *p);

#endif
