#ifndef VALISE_TARGET_H
#define VALISE_TARGET_H

/*
 * One tree as the target of an import: records in manifest order are
 * compared with it, and what differs is staged.  Nothing of the tree itself
 * changes here; that is stage.h's, after the decision.
 *
 *	open -> put* -> end -> prepare	-> free
 *
 * Comparing and staging run on the pool; what is said and written down comes
 * in manifest order.
 */

#include <valise/brought.h>
#include <valise/links.h>
#include <valise/pool.h>
#include <valise/record.h>
#include <valise/site.h>
#include <valise/stage.h>

struct vl_target;

enum vl_change {
	VL_CHANGE_ADD,
	VL_CHANGE_MODIFY,
	VL_CHANGE_DELETE,
	VL_CHANGE_CONFLICT,
	VL_CHANGE_KEEP, /* keep_here says so, or it is one more name of what is
	                 * left alone */
	VL_CHANGE_DROP, /* the target cannot hold what `detail` names */
	VL_CHANGE_DERIVE, /* a row whose `detail` follows from other rows */
	VL_CHANGE_SECRET  /* a row, of which secrets change */
};

/* One changed record, for the preview. `detail` may be "". */
struct vl_target_report {
	void *arg;
	void (*change)(void *arg, const char *resource, enum vl_change change,
	    struct vl_slice path, const char *detail);
	/* Before the counts: a name of an owner that is unknown here, and
	 * the number used in its place. */
	void (*owner)(void *arg, const char *resource, bool group,
	    const char *name, uint32_t number);
};

struct vl_target_counts {
	uint64_t add;
	uint64_t change;
	uint64_t deletions;
	uint64_t same;
	uint64_t skip; /* left alone by policy or because not carried */
	uint64_t conflict;
	uint64_t before; /* records of the target before, but its root */
	uint64_t staged_bytes;
	uint64_t outside; /* symbolic links that may lead out of the tree, by
	                   * each of their names */
	uint64_t dropped; /* records brought without something */
	uint64_t proved;  /* staged files read back and found right */
};

/* What rows that own files say of a path that only the target has. */
enum vl_named {
	VL_NAMED_NOT,   /* nothing */
	VL_NAMED_STAYS, /* it is the file of one */
	VL_NAMED_GOES,  /* it was, and is not any more */
	VL_NAMED_BELOW  /* a directory in which one goes */
};

struct vl_target_opts {
	const struct vl_resource *resource;
	enum vl_on_match on_match;
	const struct vl_header_tree *tree;
	struct vl_stage *stage; /* NULL: a preview, nothing is staged */
	struct vl_hasher_maker hashers;
	struct vl_pool *pool;
	const char *tempdir;
	struct vl_links *links; /* a survey adds to it, a target asks it */
	const char *const *keep_here; /* patterns */
	size_t nkeep_here;
	/* Asked of each path: it stays as it is here, with report.arg.  Or
	 * NULL. */
	bool (*stays)(void *arg, const char *resource, struct vl_slice path);
	/* The same of what only the target has: which rows own it.  Or
	 * NULL. */
	enum vl_status (*named)(void *arg, const char *resource,
	    struct vl_slice path, enum vl_named *what, struct vl_err *err);
	/* The list of what imports of the series created here; a preview only
	 * reads it.  NULL: nothing was. */
	const struct vl_brought *brought;
	bool keep_owner; /* owners cannot be set: neither compared nor set */
	struct vl_target_report report;
};

enum vl_status vl_target_open(struct vl_target **out,
    const struct vl_target_opts *opts, struct vl_err *err);
/* `body` is valid for this call and the chunk/release of its refs until
 * vl_target_end(). */
enum vl_status vl_target_put(struct vl_target *t, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err);
/* A file that comes to `path`, behind the records so far, would stay as it is
 * here, whatever it holds: by exclude, keep_here, on_match or the plan. */
bool vl_target_leaves(const struct vl_target *t, struct vl_slice path);
/* No further records: what only the target has, and all jobs done. */
enum vl_status vl_target_end(struct vl_target *t, struct vl_err *err);
void vl_target_counts(
    const struct vl_target *t, struct vl_target_counts *counts);
/* True when nothing at all differs. */
bool vl_target_unchanged(const struct vl_target *t);
/*
 * Everything that can be refused is refused now: what will be replaced or
 * deleted is linked aside, rights, flags and a probe are tried, the steps are
 * closed.  Then vl_stage_seal().
 */
enum vl_status vl_target_prepare(struct vl_target *t, struct vl_err *err);
void vl_target_free(struct vl_target *t);

/*
 * Bytes and files that an import would stage at most, from the records
 * alone: compared by type, size and time.  One walk beside the records.
 */
struct vl_survey;
enum vl_status vl_survey_open(struct vl_survey **out,
    const struct vl_target_opts *opts, struct vl_err *err);
enum vl_status vl_survey_put(
    struct vl_survey *s, const struct vl_entry *e, struct vl_err *err);
void vl_survey_need(
    const struct vl_survey *s, uint64_t *bytes, uint64_t *files);
void vl_survey_free(struct vl_survey *s);

#endif
