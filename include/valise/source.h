#ifndef VALISE_SOURCE_H
#define VALISE_SOURCE_H

/*
 * Records of one resource, read for export in manifest order.
 *
 *	open -> ready -> (next -> ((hole | read)* -> settle)? )* -> free
 *
 * A kind is a table of functions in one file of src/source; the list of kinds
 * is in source.c.  Of several resources those that are copied are opened
 * first, so that all are of one moment, as near as may be.
 */

#include <valise/masters.h>
#include <valise/owned.h>
#include <valise/profile.h>
#include <valise/record.h>
#include <valise/rows.h>
#include <valise/site.h>
#include <valise/ties.h>

struct vl_source;

/* What a source says while it reads; any may be NULL. */
struct vl_source_report {
	void *arg;
	/* A path that is not carried although it should be (exit 3). */
	void (*problem)(void *arg, const char *resource, struct vl_slice key,
	    const char *why);
	/* A mount point that was not entered. */
	void (*mount)(void *arg, const char *resource, struct vl_slice key);
	/* Something of a database that is no row: a "view", a "trigger". */
	void (*uncarried)(void *arg, const char *resource, const char *kind,
	    const char *name);
	/* A line for the operator. */
	void (*note)(void *arg, const char *resource, const char *text);
};

struct vl_source_opts {
	const char *tempdir;
	struct vl_source_report report;
	const struct vl_profile *profile; /* or NULL */
	/* Of trees in whose paths ids of rows stand: from an id to the key. */
	struct vl_tie_finder keys;
	/* Files that rows own: of a database of its rows, of a tree of those
	 * who own its files; or NULL. */
	struct vl_owned *owned;
	/* Of databases: */
	struct vl_pool *pool;                  /* reads ahead; or NULL */
	bool warn_undeclared;                  /* else refuse such references */
	const struct vl_rows_secrets *secrets; /* NULL: none is opened */
	/* Of trees: what their `key` asks; NULL: none is opened. */
	struct vl_masters *masters;
	unsigned wait;           /* seconds for locks */
	bool (*stop)(void *arg); /* of the report; or NULL */
};

/*
 * What was and was not exported; each a number of records.  A file counts
 * when it settled, or when `next` went on without asking that.
 */
struct vl_source_counts {
	uint64_t dirs;
	uint64_t files;
	uint64_t links;
	uint64_t bytes;       /* of files; of rows, as lines and bodies */
	uint64_t left_out[6]; /* by enum vl_why */
	uint64_t outward;     /* of these, links that lead out of the tree */
	uint64_t hard_links;  /* names beyond the first of an inode */
	uint64_t specials;    /* FIFOs and devices */
	uint64_t sparse;      /* files with holes */
	uint64_t attributes;  /* records with ACL, xattrs or flags */
	/* Carried, but without something: */
	uint64_t cut;        /* inodes with names outside of what travels */
	uint64_t privileged; /* setuid, setgid, security.*, trusted.* */
	uint64_t porous;     /* files; holes that a line had no room for */
	uint64_t rowless;    /* names with ids of no row that travels */
	/* Of a database: */
	uint64_t tables;
	uint64_t rows;
	uint64_t skipped;  /* rows left out by words of the profile */
	uint64_t dropped;  /* rows left out with what they refer to */
	uint64_t suspects; /* places, each told, that look as if they held
	                    * secrets, and of which no line speaks */
	uint64_t leaks; /* columns or files, each told, in which secrets stand
	                 * in clear and nobody says what becomes of them */
};

/*
 * `resource` and what `opts` points to are borrowed until free.  Of a
 * database a private copy is made.  VL_EUSAGE when the root of the tree is
 * absent or no directory, a pattern cannot be read, or the file is no
 * database; VL_EFORMAT, VL_ETEMP as vl_db_open_copy().
 */
enum vl_status vl_source_open(struct vl_source **out,
    const struct vl_resource *resource, const struct vl_source_opts *opts,
    struct vl_err *err);
/* What takes its time and can be refused before the first record: as
 * vl_rows_open(). */
enum vl_status vl_source_ready(struct vl_source *s, struct vl_err *err);
/* `rec->line.p` is NULL behind the last; valid until the next call. */
enum vl_status vl_source_next(
    struct vl_source *s, struct vl_record *rec, struct vl_err *err);
/*
 * How many bytes of a hole come next in the body of the record that was just
 * yielded; 0: data, or its end.  They are passed over by this, not read.
 */
enum vl_status vl_source_hole(
    struct vl_source *s, uint64_t *n, struct vl_err *err);
/* Body bytes of the record that was just yielded; *got 0 at its end. */
enum vl_status vl_source_read(
    struct vl_source *s, uint8_t *p, size_t n, size_t *got, struct vl_err *err);

enum vl_settled {
	VL_SETTLED, /* the body is as the line says */
	VL_AGAIN    /* it changed: forget this record; next yields it anew
	             * (or, after three tries, left out as unstable) */
};
/* After the body's end, or instead of it when the bytes did not fit. */
enum vl_status vl_source_settle(
    struct vl_source *s, enum vl_settled *how, struct vl_err *err);
/* Of a database that is ready: as vl_rows_key_of(). */
enum vl_status vl_source_key(struct vl_source *s, const struct vl_tie *tie,
    struct vl_slice id, struct vl_buf *key, enum vl_tied *how,
    struct vl_err *err);
void vl_source_counts(
    const struct vl_source *s, struct vl_source_counts *counts);
/* Real path of the resource, for its identity in the inner head. */
const char *vl_source_path(const struct vl_source *s);
void vl_source_free(struct vl_source *s);

#endif
