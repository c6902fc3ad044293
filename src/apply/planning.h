#ifndef VALISE_APPLY_PLANNING_H
#define VALISE_APPLY_PLANNING_H

/*
 * Plans from inside the room (formats/plan.md).
 *
 *	plan.c        lines from bytes
 *	plan_line.c   a line to bytes, and what names it
 *	plan_paths.c  paths that stay as they are
 *	plan_obey.c   what an import finds against what its plan says
 *	plan_write.c  what a preview finds to a file
 */

#include <valise/json.h>
#include <valise/plan.h>
#include <valise/sort.h>
#include <valise/target.h>

#include "apply.h"

#define PLAN_ID_SIZE 16

/* The members of a line, as they stand in it. */
enum plan_part {
	PLAN_ACTION,
	PLAN_CHANGE,
	PLAN_DETAIL,
	PLAN_FIELDS,
	PLAN_HERE,
	PLAN_ID,
	PLAN_KEY,
	PLAN_PATH,
	PLAN_RESOURCE,
	PLAN_TABLE,
	PLAN_TO,
	PLAN_PARTS
};
extern const char *const plan_names[PLAN_PARTS];

/* Canonical JSON; n is 0: not there. */
struct plan_members {
	struct vl_slice part[PLAN_PARTS];
};

/* A record that differs. */
struct plan_change {
	const char *resource;
	const char *table; /* NULL: `key` is a path */
	enum vl_change what;
	struct vl_slice key;
	const uint8_t *here;    /* hash of the row that is here; or NULL */
	struct vl_slice fields; /* JSON; or n is 0 */
	const char *detail;     /* of a path */
	bool again;             /* only its fields are others than before */
};

enum plan_action {
	PLAN_DO, /* insert, overwrite, delete: as `change` says */
	PLAN_SKIP,
	PLAN_MAP
};

struct plan_line {
	uint8_t id[PLAN_ID_SIZE];
	struct vl_slice text;
	size_t number;
	enum plan_action action;
	bool path; /* it is about one */
	bool seen;
};

/* Both as they stand in the line. */
struct plan_path {
	struct vl_slice resource;
	struct vl_slice path;
};

struct vl_plan {
	char *file;
	struct vl_buf text;
	uint8_t bundle[VL_HASH_SIZE];
	char site[65];
	uint64_t records;
	struct vl_slice resources; /* canonical JSON */
	struct plan_line *lines;   /* sorted by id */
	size_t n;
	struct plan_path *paths; /* that are skipped, sorted */
	size_t npaths;
	struct vl_map_record *maps;
	size_t nmaps;
	struct vl_json json;
	struct vl_buf line;
	uint64_t moved; /* records that are not as they were */
};

/* plan_line.c */
/* `fixed`: only what a person may not change. */
enum vl_status plan_encode(struct vl_buf *out, const struct plan_members *m,
    bool fixed, struct vl_err *err);
enum vl_status plan_members_of(struct plan_members *m, struct vl_buf *memory,
    const struct plan_change *c, struct vl_err *err);
/* What names a line of the plan for that bundle. */
enum vl_status plan_id(uint8_t id[PLAN_ID_SIZE],
    const uint8_t bundle[VL_HASH_SIZE], const struct plan_members *m,
    struct vl_buf *memory, struct vl_err *err);
const char *plan_change_word(enum vl_change what);
const char *plan_action_word(enum vl_change what);

/* plan_paths.c */
enum vl_status plan_paths_add(
    struct vl_plan *p, const struct plan_members *m, struct vl_err *err);
void plan_paths_sort(struct vl_plan *p);
/* `arg`: the run, which has a plan.  Memory that is missing is noted there. */
bool plan_paths_stay(void *arg, const char *resource, struct vl_slice path);

/* plan_obey.c; NULL is no plan, and says nothing. */
/* The plan is for this bundle, this site, and what of it is imported. */
enum vl_status plan_fits(const struct vl_run *run, struct vl_err *err);
/* `*go`: as it would be without; then as the plan says. */
enum vl_status plan_ask(struct vl_run *run, const struct plan_change *c,
    bool *go, struct vl_err *err);
/* All records of the resource were asked about.  VL_EREFUSED: it moved. */
enum vl_status plan_end(
    struct vl_run *run, const char *resource, struct vl_err *err);

/* plan_write.c; of NULL nothing */
struct plan_writer;
enum vl_status plan_write_open(struct vl_run *run, struct vl_err *err);
enum vl_status plan_write_add(struct plan_writer *w, const struct vl_run *run,
    const struct plan_change *c, struct vl_err *err);
enum vl_status plan_write_finish(struct vl_run *run, struct vl_err *err);
void plan_write_free(struct plan_writer *w);
/* Append the names of what is imported, as JSON. */
enum vl_status plan_resources(
    const struct vl_run *run, struct vl_buf *out, struct vl_err *err);

#endif
