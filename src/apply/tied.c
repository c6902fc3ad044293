/*
 * Trees in whose paths ids of rows stand (formats/profile.md, "References"):
 * their paths are known once the rows are compared and new ones have their
 * ids.  A tree whose name comes before that of its database is held until
 * then.
 */
#include <string.h>

#include "databases.h"

/* The lines of `p` about each of the trees. */
static enum vl_status
add_ties(struct vl_run *run, const struct vl_profile *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < run->header.ntrees; i++)
		st = vl_ties_add(&run->parts[i].ties, p, NULL,
		    run->parts[i].resource->name, err);
	return st == VL_OK && p != NULL ? vl_owned_add(run, p, err) : st;
}

static enum vl_status
add_line(struct vl_run *run, struct vl_slice words, struct vl_err *err)
{
	struct vl_profile *p = NULL;
	enum vl_status st = vl_profile_from_meaning(&p, words, err);

	if (st == VL_OK)
		st = add_ties(run, p, err);
	/* The operator has not written it. */
	if (st == VL_EUSAGE)
		st = err->status = VL_EFORMAT;
	vl_profile_free(p);
	return st;
}

static size_t
count_databases(const struct vl_inner_head *inner)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < inner->nresources; i++)
		n += strcmp(inner->resources[i].kind,
		         vl_kind_words[VL_KIND_FILES]) != 0;
	return n;
}

/* The first line of each database, up to the last one's. */
static enum vl_status
read_profiles(struct vl_run *run, struct vl_err *err)
{
	const struct vl_inner_head *inner = vl_unpack_inner(run->intake.unpack);
	size_t n = count_databases(inner);
	struct vl_unpack *u = NULL;
	struct vl_unpacked rec = { 0 };
	enum vl_status st = VL_OK;
	uint64_t lines = 0;

	if (n > 0 && inner->nresources > n)
		st = vl_intake_lines(run, &u, err);
	while (st == VL_OK && u != NULL && n > 0) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = vl_run_goes_on(run, lines++, "reading", err);
		if (st != VL_OK || rec.kind != VL_LINE_PROFILE)
			continue;
		n--;
		if (rec.profile.words.n > 0)
			st = add_line(run, rec.profile.words, err);
	}
	vl_unpack_free(u);
	return st;
}

static enum vl_status
check_part(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	const char *database = NULL;
	size_t i = 0;

	if (p->ties != NULL && p->owner != NULL)
		return vl_fail(err, VL_EREFUSED,
		    "resource '%s' has ids of rows in its paths, and files "
		    "that rows own, which this version does not do together",
		    p->resource->name);
	for (i = 0; p->ties != NULL; i++) {
		database = vl_ties_database(p->ties, i);
		if (database == NULL)
			break;
		if (vl_base_of(run, vl_slice_of(database)) == NULL)
			return vl_fail(err, VL_EREFUSED,
			    "paths of resource '%s' hold ids of rows of '%s': "
			    "they are imported together",
			    p->resource->name, database);
	}
	p->own = *p->resource;
	if (!p->own.has_target_only)
		p->own.target_only = VL_TARGET_ONLY_BROUGHT;
	p->resource = &p->own;
	return VL_OK;
}

enum vl_status
vl_tied_find(struct vl_run *run, struct vl_err *err)
{
	const struct vl_import_opts *o = run->opts;
	struct vl_profile *p = NULL;
	enum vl_status st = vl_profile_of_site(&p, o->site, o->profiles, err);
	size_t i = 0;

	if (st == VL_OK)
		st =
		    p != NULL ? add_ties(run, p, err) : read_profiles(run, err);
	vl_profile_free(p);
	for (i = 0; st == VL_OK && i < run->header.ntrees; i++)
		if (vl_tied_waits(&run->parts[i]))
			st = check_part(run, &run->parts[i], err);
	return st == VL_OK ? vl_owned_read(run, err) : st;
}

bool
vl_tied_waits(const struct vl_part *p)
{
	return p->ties != NULL || p->owner != NULL;
}

bool
vl_tied_any(const struct vl_run *run)
{
	size_t i = 0;

	for (i = 0; i < run->header.ntrees; i++)
		if (run->parts[i].ties != NULL)
			return true;
	return false;
}

static bool
is_compared(struct vl_run *run, const struct vl_part *p)
{
	const char *database = NULL;
	size_t i = 0;

	if (p->owner != NULL)
		return p->owner->ended;
	for (i = 0; (database = vl_ties_database(p->ties, i)) != NULL; i++)
		if (!vl_base_of(run, vl_slice_of(database))->ended)
			return false;
	return true;
}

static enum vl_status
find_id(void *arg, const struct vl_tie *tie, struct vl_slice key,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	const struct vl_base *b = vl_base_of(arg, vl_slice_of(tie->database));

	return vl_rows_put_id_of(b->put, tie, key, out, how, err);
}

/* The sort of the target's paths. */
static enum vl_status
open_map(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	struct vl_filter_opts filter = vl_part_filter(run, p);

	filter.ties = p->ties;
	filter.links = p->links;
	if (p->ties != NULL)
		vl_ties_ask(p->ties, &(struct vl_tie_finder){ run, find_id });
	if (p->owner != NULL)
		filter.owned = p->owner->owned;
	return vl_map_new(&p->map, &filter, err);
}

enum vl_status
vl_tied_begin(struct vl_run *run, struct vl_part *p, struct vl_err *err)
{
	struct vl_filter_opts filter = vl_part_filter(run, p);
	enum vl_status st = VL_OK;

	/* Their paths here were not known when space was surveyed. */
	vl_links_free(p->links);
	p->links = NULL;
	st = vl_links_new(&p->links, filter.tempdir, err);
	if (st != VL_OK || is_compared(run, p))
		return st == VL_OK ? open_map(run, p, err) : st;
	filter.hold = true;
	return vl_map_new(&p->held, &filter, err);
}

enum vl_status
vl_tied_release(
    struct vl_run *run, struct vl_part *p, bool *ready, struct vl_err *err)
{
	struct vl_entry e = { 0 };
	struct vl_body body = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	*ready = p->held == NULL || is_compared(run, p);
	if (p->held == NULL || !*ready)
		return VL_OK;
	st = open_map(run, p, err);
	if (st == VL_OK)
		st = vl_map_finish(p->held, err);
	while (st == VL_OK) {
		st = vl_map_next(p->held, &e, &body, &more, err);
		if (st != VL_OK || !more)
			break;
		st = vl_map_add(p->map, &e, &body, err);
	}
	return st;
}
