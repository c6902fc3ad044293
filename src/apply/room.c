/*
 * Room for the import, computed and compared with every file system before
 * the first write.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <valise/text.h>

#include "databases.h"

#define MARGIN (1u << 20) /* journal, steps, headers */
#define PAGE   4096u      /* of a database */

/* One tree beside the lines. */
struct place {
	struct vl_survey *survey;
	struct vl_map_sort *map; /* NULL: paths stay as they are */
};

struct need {
	dev_t dev;
	uint64_t bytes;
	uint64_t files;
	uint64_t free_bytes;
	uint64_t free_files;
};

static enum vl_status
fail_room(const char *what, const char *path, uint64_t need, uint64_t have,
    struct vl_err *err)
{
	char a[32];
	char b[32];

	return vl_fail(err, VL_EIO,
	    "no room for %s: %s needed, %s free on the file system of '%s'",
	    what, vl_format_bytes(a, sizeof(a), need),
	    vl_format_bytes(b, sizeof(b), have), path);
}

enum vl_status
vl_room_spool(struct vl_run *run, struct vl_err *err)
{
	const char *path = vl_state_path(run->opts->state);
	struct statvfs vfs;
	/* The sum of the files is only known, and held against this, once
	 * they are copied. */
	uint64_t need = run->intake.seal.sig.comment.bytes;
	uint64_t have = 0;

	if (statvfs(path, &vfs) != 0)
		return vl_fail_errno(err, "cannot ask for room at '%s'", path);
	/* The chunk map stands beside the spool while the import runs. */
	need = need > UINT64_MAX / 2 ? need : need + need / 16 + MARGIN;
	have = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (have < need)
		return fail_room(
		    "the copy of the bundle", path, need, have, err);
	return VL_OK;
}

/* Of each file system once. */
struct needs {
	struct need *each;
	size_t n;
};

/* Add what one tree needs to its file system. */
static enum vl_status
add_need(struct needs *needs, const struct vl_header_tree *t,
    const struct vl_survey *survey, struct vl_err *err)
{
	struct need *need = needs->each;
	char *parent = strdup(t->staging);
	char *slash = parent == NULL ? NULL : strrchr(parent, '/');
	struct statvfs vfs;
	struct stat st;
	uint64_t bytes = 0;
	uint64_t files = 0;

	if (slash == NULL) {
		free(parent);
		return vl_fail_memory(err);
	}
	slash[slash == parent ? 1 : 0] = '\0';
	if (stat(parent, &st) != 0 || statvfs(parent, &vfs) != 0) {
		vl_fail_errno(err, "cannot ask for room at '%s'", parent);
		free(parent);
		return err->status;
	}
	free(parent);
	vl_survey_need(survey, &bytes, &files);
	while (need < needs->each + needs->n && need->dev != st.st_dev)
		need++;
	if (need == needs->each + needs->n) {
		need->dev = st.st_dev;
		/* What lives in memory alone may not count its blocks. */
		need->free_bytes = vfs.f_blocks == 0 ?
		    UINT64_MAX :
		    (uint64_t)vfs.f_bavail * vfs.f_frsize;
		need->free_files = vfs.f_files == 0 ? UINT64_MAX : vfs.f_favail;
		need->bytes = MARGIN;
		needs->n++;
	}
	need->bytes += bytes;
	need->files += files;
	if (need->bytes > need->free_bytes)
		return fail_room("what changes", t->root, need->bytes,
		    need->free_bytes, err);
	if (need->files > need->free_files)
		return vl_fail(err, VL_EIO,
		    "no room for what changes: %llu files needed, %llu free on "
		    "the file system of '%s'",
		    (unsigned long long)need->files,
		    (unsigned long long)need->free_files, t->root);
	return VL_OK;
}

/* About: rows as JSON take what they take in pages and indexes, and of what
 * changes or goes a page is kept until the end. */
static enum vl_status
rows_need(struct vl_base *b, const char *path, struct vl_err *err)
{
	const struct vl_target_counts *n = &b->counts;
	uint64_t kept = n->change + n->deletions;
	struct stat st;

	if (stat(path, &st) != 0)
		return vl_fail_errno(err, "cannot ask for room at '%s'", path);
	kept = kept > (uint64_t)st.st_size / PAGE ? (uint64_t)st.st_size :
	                                            kept * PAGE;
	b->dev = st.st_dev;
	b->need = vl_rows_put_need(b->put) + kept + MARGIN;
	return VL_OK;
}

enum vl_status
vl_room_rows(struct vl_base *b, struct vl_err *err)
{
	const struct vl_run *run = b->run;
	const char *path = run->header.dbs[b - run->bases].path;
	enum vl_status st = VL_OK;
	struct statvfs vfs;
	uint64_t need = 0;
	uint64_t have = 0;
	size_t i = 0;

	/* Nothing is written, so nothing is needed. */
	b->need = 0;
	if (vl_base_unchanged(b))
		return VL_OK;
	st = rows_need(b, path, err);
	if (st != VL_OK)
		return st;
	if (statvfs(path, &vfs) != 0)
		return vl_fail_errno(err, "cannot ask for room at '%s'", path);
	/* Others of this import may still be in memory. */
	for (i = 0; i < run->header.ndbs; i++)
		if (run->bases[i].need > 0 && run->bases[i].dev == b->dev)
			need += run->bases[i].need;
	have = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (vfs.f_blocks > 0 && have < need)
		return fail_room("its rows", path, need, have, err);
	return VL_OK;
}

/* Bodies are of no interest here. */
static enum vl_status
no_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	(void)arg;
	(void)refs;
	(void)max;
	(void)err;
	*n = 0;
	return VL_OK;
}

/* The records under the paths of the target. */
static enum vl_status
survey_mapped(struct place *place, struct vl_err *err)
{
	struct vl_entry e = { 0 };
	struct vl_body body = { 0 };
	bool more = true;
	enum vl_status st = vl_map_finish(place->map, err);

	while (st == VL_OK) {
		st = vl_map_next(place->map, &e, &body, &more, err);
		if (st != VL_OK || !more)
			break;
		st = vl_survey_put(place->survey, &e, err);
	}
	return st;
}

/* Every record beside the walk of its tree. */
static enum vl_status
survey_lines(struct vl_run *run, struct vl_unpack *u, struct place *places,
    struct vl_err *err)
{
	const struct vl_body none = { .part = no_part };
	struct vl_unpacked rec = { 0 };
	struct vl_part *p = NULL;
	struct place *place = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = vl_run_goes_on(run, rec.number, "surveying", err);
		if (st != VL_OK)
			break;
		p = vl_part_of(run, rec.resource);
		if (p == NULL || rec.kind != VL_LINE_ENTRY)
			continue;
		/* Which paths it has here is not known yet.  What it stages
		 * may find the disk full, and nothing has changed. */
		if (vl_tied_waits(p)) {
			run->done += rec.size;
			continue;
		}
		place = &places[p - run->parts];
		run->done += rec.size;
		st = place->map != NULL ?
		    vl_map_add(place->map, &rec.entry, &none, err) :
		    vl_survey_put(place->survey, &rec.entry, err);
		if (st != VL_OK)
			vl_within(err, "resource '%s'", p->resource->name);
	}
	run->total = run->done;
	run->done = 0;
	for (i = 0; i < run->header.ntrees && st == VL_OK; i++)
		if (places[i].map != NULL &&
		    survey_mapped(&places[i], err) != VL_OK)
			st = vl_within(err, "resource '%s'",
			    run->header.trees[i].resource);
	return st;
}

static enum vl_status
open_places(struct vl_run *run, struct place *places, struct vl_err *err)
{
	const char *tempdir = vl_state_path(run->opts->state);
	struct vl_filter_opts filter = { 0 };
	struct vl_part *p = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < run->header.ntrees && st == VL_OK; i++) {
		p = &run->parts[i];
		filter = vl_part_filter(run, p);
		st = vl_links_new(&p->links, tempdir, err);
		if (st == VL_OK)
			st = vl_map_new(&places[i].map, &filter, err);
		if (st == VL_OK)
			st = vl_survey_open(&places[i].survey,
			    &(struct vl_target_opts){ .resource = p->resource,
			        .tree = &run->header.trees[i],
			        .links = p->links,
			        .tempdir = tempdir },
			    err);
	}
	return st;
}

enum vl_status
vl_room_targets(struct vl_run *run, bool *differs, struct vl_err *err)
{
	size_t ntrees = run->header.ntrees;
	struct place *places = calloc(ntrees + 1, sizeof(*places));
	struct needs needs = { calloc(ntrees + 1, sizeof(*needs.each)), 0 };
	struct vl_unpack *u = NULL;
	uint64_t bytes = 0;
	uint64_t files = 0;
	size_t i = 0;
	enum vl_status st = VL_OK;

	*differs = false;
	if (places == NULL || needs.each == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = open_places(run, places, err);
	/* Rows need what the transaction takes; without a tree nothing is
	 * read twice. */
	if (st == VL_OK && ntrees > 0)
		st = vl_intake_lines(run, &u, err);
	if (st == VL_OK && ntrees > 0)
		st = survey_lines(run, u, places, err);
	run->surveyed = st == VL_OK;
	for (i = 0; i < ntrees && st == VL_OK; i++) {
		vl_survey_need(places[i].survey, &bytes, &files);
		*differs = *differs || files > 0;
		st = add_need(
		    &needs, &run->header.trees[i], places[i].survey, err);
	}
	vl_unpack_free(u);
	for (i = 0; places != NULL && i < ntrees; i++) {
		vl_survey_free(places[i].survey);
		vl_map_free(places[i].map);
	}
	free(places);
	free(needs.each);
	return st;
}
