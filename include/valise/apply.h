#ifndef VALISE_APPLY_H
#define VALISE_APPLY_H

/*
 * One import: a bundle into a site in one transaction, or a preview of it;
 * and what the next run does about one that was killed
 * (docs/transaction.md).
 */

#include <valise/cage.h>
#include <valise/keys.h>
#include <valise/plan.h>
#include <valise/pool.h>
#include <valise/sealform.h>
#include <valise/site.h>
#include <valise/state.h>
#include <valise/target.h>

/* A row that an import changes. */
struct vl_row_told {
	const char *resource;
	const char *table;
	enum vl_change change;
	struct vl_slice key; /* canonical JSON, an array */
	const char *detail;  /* the columns that differ, or why not */
	/* What differs inside their values, as vl_fields_differ() (fields.h)
	 * says it, in an array; n is 0: nothing is told. */
	struct vl_slice values;
};

/* What an import asks and says; `arg` is handed to each. None is NULL. */
struct vl_apply_ui {
	void *arg;
	bool interactive; /* somebody is there to be asked */
	/* Long work, in bytes: `total` 0 where it is not known. */
	void (*progress)(
	    void *arg, const char *what, uint64_t done, uint64_t total);
	/* True once a signal asked to stop. */
	bool (*stop)(void *arg);
	/* Signals are held (after the decision) or released. */
	void (*hold)(void *arg, bool held);
	/* One line for the operator, without name of program or LF. */
	void (*note)(void *arg, const char *text);
	/* A damaged or unlisted file of the bundle. */
	void (*wrong_file)(void *arg, const char *name, const char *why);
	/* A changed record, in order (preview; also of an import). */
	void (*change)(void *arg, const char *resource, enum vl_change change,
	    struct vl_slice path, const char *detail);
	/* Behind that of a file: a member of an object in it that changes, as
	 * a path, of raw bytes. */
	void (*member)(void *arg, const char *resource, enum vl_change change,
	    struct vl_slice path, struct vl_slice member);
	/* The same of a row; or NULL. */
	void (*row)(void *arg, const struct vl_row_told *row);
	/* Before the table: a name of an owner that is unknown here, and the
	 * number used in its place. */
	void (*owner)(void *arg, const char *resource, bool group,
	    const char *name, uint32_t number);
	/* Before the table: text that `rewrite` replaced, in how many files. */
	void (*rewritten)(void *arg, const char *resource, uint64_t files,
	    uint64_t replacements);
	/* The table: once for each resource, at the end of comparing. */
	void (*counts)(void *arg, const char *resource,
	    const struct vl_target_counts *counts);
	/* Of a preview, behind counts() of a database: the same of each of its
	 * tables. */
	void (*table)(void *arg, const char *resource, const char *table,
	    const struct vl_target_counts *counts);
	/* An entry that is blocked, diverged, or was kept. */
	void (*entry)(void *arg, const char *path, const char *why);
	/* An unknown sender on a terminal: accept it? False elsewhere. */
	bool (*accept_sender)(void *arg, const char *fingerprint);
	/* The summary was shown: go on?  `deletes`: it needs the right to
	 * delete, and why.  False without a terminal. */
	bool (*confirm)(void *arg, const char *deletes);
	/* The key, asked for once it is needed. */
	enum vl_status (*opener)(
	    void *arg, struct vl_opener *opener, struct vl_err *err);
	/* It was used, or did not fit: what opener() gave can be wiped. */
	void (*opened)(void *arg);
};

struct vl_import_opts {
	const struct vl_site *site;
	const char *profiles;    /* where the shipped ones are */
	struct vl_state *state;  /* opened; locked by the import */
	const char *bundle;      /* its directory on the medium */
	const char *const *only; /* names of resources; none: all */
	size_t nonly;
	const enum vl_on_match *on_match; /* NULL: as site.yaml says */
	const struct vl_map_record *map;  /* all that hold, the site's too */
	size_t nmap;
	struct vl_plan *plan; /* what is done, and no more; or NULL */
	const char *plan_to;  /* a preview writes one there; or NULL */
	bool allow_delete;
	bool allow_drift; /* of schemas, as struct vl_rows_put_opts has it */
	bool preview;
	bool yes;                 /* no question */
	unsigned wait;            /* seconds for locks */
	const char *const *trust; /* public key files besides site.yaml's */
	size_t ntrust;
	struct vl_pool *pool;
	struct vl_cage *cage; /* where the bundle is read; NULL: here */
	const struct vl_apply_ui *ui;
};

struct vl_import_result {
	bool unchanged; /* nothing differed; nothing was written */
	bool changed;   /* a preview found differences */
	uint64_t seq;
	uint8_t head[VL_HASH_SIZE];
	uint64_t lines;
	uint64_t bytes; /* of the bundle's files */
	uint64_t unused_chunks;
	uint64_t proved;      /* staged files read back and compared */
	uint64_t proved_rows; /* the same of written rows */
	double prove_seconds; /* what rows took that were proved */
	double apply_seconds; /* from the decision to the last sync */
};

/*
 * Recover what a killed run left, then import (or preview).
 *
 * VL_OK	all of the bundle is in the target and durable, or nothing
 *		differed; of a preview: it was shown
 * VL_EPENDING	decided, and not finished: the next run goes on
 * else		nothing changed
 */
enum vl_status vl_apply_import(const struct vl_import_opts *opts,
    struct vl_import_result *result, struct vl_err *err);

/* What recovery found and did. */
enum vl_recovered {
	VL_RECOVERED_NOTHING, /* idle */
	VL_RECOVERED_UNDONE,
	VL_RECOVERED_FINISHED,
	VL_RECOVERED_ABANDONED
};

struct vl_recover_opts {
	struct vl_state *state;         /* opened */
	const struct vl_site *site;     /* NULL with --state */
	const char *const *keep_theirs; /* absolute paths */
	size_t nkeep;
	const char *const *take_ours;
	size_t ntake;
	bool abandon;
	bool state_lost; /* the staging directories stand in for the state */
	unsigned wait;
	const struct vl_apply_ui *ui;
};
enum vl_status vl_apply_recover(const struct vl_recover_opts *opts,
    enum vl_recovered *what, struct vl_err *err);

/* What stands there, without changing anything. */
enum vl_standing {
	VL_STANDING_IDLE,
	VL_STANDING_STAGING,  /* killed before it was prepared */
	VL_STANDING_PREPARED, /* killed before the decision */
	VL_STANDING_DECIDED,  /* to be finished */
	VL_STANDING_ENDING    /* applied; to be cleaned */
};
struct vl_status_report {
	enum vl_standing standing;
	bool locked; /* a run works right now */
	char site[65];
	uint64_t seq;            /* of the import in hand; 0: none */
	int64_t began;           /* seconds; 0: none is in hand */
	struct vl_ledger ledger; /* owned; vl_ledger_free() */
};
/* `site` is NULL with --state: its trees are not looked at then. */
enum vl_status vl_apply_status(struct vl_state *state,
    const struct vl_site *site, struct vl_status_report *report,
    struct vl_err *err);

/*
 * Before a state directory is made: a staging of the site tells of one that
 * is lost (VL_EPENDING), or of another one (VL_ELOCKED).
 */
enum vl_status vl_apply_check_strays(
    const struct vl_site *site, struct vl_err *err);

#endif
