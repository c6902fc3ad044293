#ifndef VALISE_EXPORT_EXPORT_H
#define VALISE_EXPORT_EXPORT_H

/* Between the files of valise-export. */

#include <valise/db.h>
#include <valise/masters.h>
#include <valise/openers.h>
#include <valise/pack.h>
#include <valise/source.h>
#include <valise/state.h>

/* Seconds that the lock of an application is waited for. */
#define VL_DATABASE_WAIT 10

/* copy.c: TMPDIR, where it is absolute, else /var/tmp. */
const char *vl_export_tempdir(void);
/* vl_cli_stop(), as rooms ask it. */
bool vl_export_stop(void *arg);
/* vl_db_open_copy() there; a note where applications made it begin anew. */
enum vl_status vl_export_copy(struct vl_db **out, const char *resource,
    const char *path, const char *prefix, struct vl_err *err);

extern const struct vl_cmd vl_cmd_export;
extern const struct vl_cmd vl_cmd_init;
extern const struct vl_cmd vl_cmd_check;
extern const struct vl_cmd vl_cmd_inventory;

struct vl_export_opts {
	const char *to;
	struct vl_texts only;
	struct vl_key_opts keys;
	struct vl_texts recipients;
	struct vl_texts audit_recipients;
	const char *sign_key;
	struct vl_key_password sign_password;
	struct vl_number level;
	unsigned kdf; /* enum vl_kdf_preset */
	struct vl_number frame_log2;
	struct vl_number workers;
	bool full;
	bool allow_empty;
	bool dry_run;
	bool json;
};

/* ---- sender.c: who signs ---- */

struct vl_sender_from {
	const char *file; /* NULL: the site's own, made on first use */
	const struct vl_key_password *password;
	bool asked; /* for the password, at the terminal */
};

/* The key, in locked memory.  Says on stderr which it is.  VL_EUSAGE when
 * another key signed the series before. */
enum vl_status vl_sender_get(struct vl_sender_secret **out, struct vl_state *s,
    const struct vl_series *series, struct vl_sender_from *from,
    struct vl_err *err);
/* Durable: this is the key that signs the series. */
enum vl_status vl_sender_note(
    const struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err);

/* ---- feed.c: records from sources to a pack ---- */

/* "note: resource 'r': text"; `arg` is ignored. */
void vl_export_note(void *arg, const char *resource, const char *text);

#define VL_MOUNTS_SHOWN    10
#define VL_NAMES_SHOWN     5
#define VL_UNCARRIED_KINDS 6 /* one more than there are */

/* What of a database is not carried, of one kind. */
struct vl_uncarried_kind {
	const char *kind; /* NULL behind the last */
	uint64_t n;
	char *names[VL_NAMES_SHOWN]; /* the first ones, escaped */
	size_t nnames;
};

struct vl_one_source {
	const struct vl_resource *resource;
	struct vl_source *source;
	struct vl_owned *owned;         /* of a database whose rows own files */
	struct vl_source_counts counts; /* once it is read */
	/* Mount points that were not entered: the first ones, escaped. */
	char *mounts[VL_MOUNTS_SHOWN];
	size_t nmounts;
	struct vl_uncarried_kind uncarried[VL_UNCARRIED_KINDS];
};

struct vl_feed {
	struct vl_job close; /* first member */
	struct vl_one_source *sources;
	size_t n;
	struct vl_profile *profile; /* of the databases; or NULL */
	bool warn_undeclared;
	bool warn_secrets;
	struct vl_masters *masters; /* of the site */
	struct vl_rows_secrets secrets;
	struct vl_needles *needles; /* secrets, looked for in all else */
	bool looks;         /* nothing is written, and bodies are searched */
	struct vl_buf room; /* for these */
	uint64_t problems;  /* paths that should have been carried */
	uint64_t bytes;     /* of bodies so far, without holes */
	struct vl_progress progress;
	bool json;
};

/* Every resource of `site`, or those named by `only`; paths are looked at,
 * not opened, and the profile is read. */
enum vl_status vl_feed_choose(struct vl_feed *f, const struct vl_site *site,
    const struct vl_texts *only, struct vl_err *err);
/* `pool`: reads databases ahead; or NULL.  `ops`: what makes tokens; NULL:
 * nothing is to travel.  Both are borrowed. */
enum vl_status vl_feed_open(struct vl_feed *f, const char *tempdir,
    struct vl_pool *pool, const struct vl_secret_ops *ops, struct vl_err *err);
/* All records of all sources into `pack`; NULL: read lines only. */
enum vl_status vl_feed_run(struct vl_feed *f, struct vl_pack *pack,
    bool allow_empty, struct vl_err *err);
/* Let go of the sources, on a worker of `pool`, until vl_feed_closed(): their
 * files without names, which may be on the file system of the medium, are not
 * to be synced with it.  What was counted stays. */
void vl_feed_close(struct vl_feed *f, struct vl_pool *pool);
void vl_feed_closed(struct vl_feed *f, struct vl_pool *pool);
void vl_feed_free(struct vl_feed *f);

/* Rows own files of a tree that the site does not have: VL_EUSAGE. */
enum vl_status vl_files_no_tree(
    const struct vl_file_reference *line, struct vl_err *err);

/* ---- check_files.c: files that rows own, for check-profile ---- */

/* Notes for the rows of a database to fill; NULL where they own no files. */
enum vl_status vl_check_files_open(struct vl_owned **out,
    const struct vl_profile *profile, const struct vl_site *site,
    const char *database, struct vl_err *err);

struct vl_files_counted {
	const char *tree;
	uint64_t files; /* that rows name */
	uint64_t missing;
	uint64_t must;     /* of them: an export is refused */
	const char *first; /* that is missing, escaped; or NULL */
	const char *row;   /* that names it */
};
struct vl_check_files {
	void *arg;
	void (*counted)(void *arg, const struct vl_files_counted *n);
};
/* Of each tree once. */
enum vl_status vl_check_files(const struct vl_check_files *to,
    struct vl_owned *owned, const struct vl_site *site,
    const struct vl_profile_resource *r, struct vl_err *err);

/* ---- check_values.c: values in files, for check-profile ---- */

/* One line of `keep_here` or `members` about a tree. */
struct vl_values_counted {
	const char *word;
	const char *file; /* the pattern */
	const char *path; /* into it */
	uint64_t files;
	uint64_t values;    /* or members */
	const char *broken; /* of the first that cannot be read, why; or NULL */
};
struct vl_check_values {
	void *arg;
	void (*counted)(void *arg, const struct vl_values_counted *n);
};
/* VL_EUSAGE: a path is none.  `*any`: there are such lines. */
enum vl_status vl_check_values(const struct vl_check_values *to,
    const struct vl_site *site, const struct vl_resource *r, bool *any,
    struct vl_err *err);

/* ---- summary.c ---- */

struct vl_summary {
	const struct vl_feed *feed;
	const struct vl_openers *openers;
	const struct vl_pack_totals *totals; /* NULL: nothing was written */
	const char *bundle;
	uint64_t seq;
	bool json;
};

/* What was exported and what was not. */
void vl_summary_show(const struct vl_summary *s);

/* leftover.c: the unfinished bundle that a killed export leaves. */
enum vl_status vl_leftover_note(struct vl_state *state, const char *to,
    const uint8_t id[VL_ID_SIZE], struct vl_err *err);
void vl_leftover_clear(struct vl_state *state);
enum vl_status vl_leftover_remove(struct vl_state *state, struct vl_err *err);

#endif
