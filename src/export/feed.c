/*
 * The way of records from their sources into the pack.  A body that changed
 * while it was read is given up together with its record; the source then
 * yields it anew, or as left out.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <valise/check.h>
#include <valise/text.h>

#include "export.h"

#define SHOWN      512
#define LOOK_BYTES (256u << 10)

/* A source that is not there must not look like an empty one. */
static enum vl_status
check_root(const struct vl_resource *r, struct vl_err *err)
{
	struct stat st = { 0 };
	char shown[SHOWN];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(r->path));
	if (stat(r->path, &st) != 0)
		return vl_fail(err, VL_EUSAGE, "resource '%s', '%s': %s",
		    r->name, shown, strerror(errno));
	if (r->kind == VL_KIND_FILES && !S_ISDIR(st.st_mode))
		return vl_fail(err, VL_EUSAGE,
		    "resource '%s', '%s', is not a directory", r->name, shown);
	return VL_OK;
}

static struct vl_one_source *
find_source(const struct vl_feed *f, const char *resource)
{
	struct vl_one_source *one = f->sources;

	while (one < f->sources + f->n &&
	    strcmp(one->resource->name, resource) != 0)
		one++;
	return one < f->sources + f->n ? one : NULL;
}

/* A tree in whose paths ids stand says nothing without the rows. */
static enum vl_status
check_ties(const struct vl_feed *f, struct vl_err *err)
{
	const struct vl_one_source *one = f->sources;
	const char *database = NULL;
	struct vl_ties *t = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (; st == VL_OK && one < f->sources + f->n; one++) {
		if (one->resource->kind != VL_KIND_FILES)
			continue;
		st =
		    vl_ties_add(&t, f->profile, NULL, one->resource->name, err);
		for (i = 0; st == VL_OK && t != NULL; i++) {
			database = vl_ties_database(t, i);
			if (database == NULL)
				break;
			if (find_source(f, database) == NULL)
				st = vl_fail(err, VL_EUSAGE,
				    "paths of resource '%s' hold ids of rows "
				    "of '%s': export both",
				    one->resource->name, database);
		}
		vl_ties_free(t);
		t = NULL;
	}
	return st;
}

enum vl_status
vl_files_no_tree(const struct vl_file_reference *line, struct vl_err *err)
{
	return vl_fail(err, VL_EUSAGE,
	    "rows of table '%s' own files of '%s', which is no resource of "
	    "this site: add it, or say 'missing: allow'",
	    line->table, line->in);
}

/* Where rows own the files of a tree both travel, or neither. */
static enum vl_status
check_line(struct vl_feed *f, const struct vl_site *site,
    const struct vl_profile_resource *r, const struct vl_file_reference *line,
    struct vl_err *err)
{
	struct vl_one_source *database = find_source(f, r->resource);
	const struct vl_one_source *files = find_source(f, line->in);
	enum vl_status st = VL_OK;

	if (database == NULL && files == NULL)
		return VL_OK;
	if (database != NULL && files == NULL &&
	    vl_site_resource(site, line->in) == NULL) {
		if (line->missing == VL_MISSING_ALLOW)
			return VL_OK;
		return vl_files_no_tree(line, err);
	}
	if (database == NULL || files == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "files of resource '%s' belong to rows of '%s': export "
		    "both",
		    line->in, r->resource);
	if (database->owned == NULL)
		st = vl_owned_new(&database->owned, err);
	return st == VL_OK ? vl_owned_tree(database->owned, line->in, err) : st;
}

static enum vl_status
check_files(struct vl_feed *f, const struct vl_site *site, struct vl_err *err)
{
	const struct vl_profile_resource *r = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < f->profile->nresources; i++) {
		r = &f->profile->resources[i];
		for (k = 0; st == VL_OK && k < r->nfiles; k++)
			st = check_line(f, site, r, &r->files[k], err);
	}
	return st;
}

static void
note_key(void *arg, const char *text)
{
	(void)arg;
	vl_cli_note("%s", text);
}

static enum vl_status
open_masters(struct vl_feed *f, const struct vl_site *site, struct vl_err *err)
{
	enum vl_status st = vl_masters_new(&f->masters, site,
	    &(struct vl_masters_report){ NULL, note_key }, err);

	if (st == VL_OK)
		vl_masters_profile(f->masters, f->profile);
	if (st == VL_OK)
		st = vl_needles_new(&f->needles, err);
	f->secrets.needles = f->needles;
	f->secrets.arg = f->masters;
	f->secrets.key = vl_masters_key;
	f->secrets.masters = site->masters;
	f->secrets.nmasters = site->nmasters;
	return st;
}

/* The words about rows, and about paths that hold ids of them. */
static enum vl_status
load_profile(struct vl_feed *f, const struct vl_site *site, struct vl_err *err)
{
	char dir[PATH_MAX];
	enum vl_status st = VL_OK;
	size_t i = 0;

	f->warn_undeclared = site->undeclared == VL_UNDECLARED_WARN;
	f->warn_secrets = site->undeclared_secrets == VL_UNDECLARED_WARN;
	while (i < f->n && f->sources[i].resource->kind == VL_KIND_FILES)
		i++;
	if (i < f->n && vl_profile_of_bundle(site))
		return vl_fail(err, VL_EUSAGE,
		    "'profile: bundle' is for a target: it takes what a bundle "
		    "brings; name the profile that this site exports by");
	st = vl_profile_of_site(
	    &f->profile, site, vl_cli_profiles(dir, sizeof(dir)), err);
	if (st == VL_OK)
		st = open_masters(f, site, err);
	if (st == VL_OK && f->profile != NULL)
		st = check_ties(f, err);
	return st == VL_OK && f->profile != NULL ? check_files(f, site, err) :
	                                           st;
}

enum vl_status
vl_feed_choose(struct vl_feed *f, const struct vl_site *site,
    const struct vl_texts *only, struct vl_err *err)
{
	enum vl_status st = vl_site_only_check(site, only->list, only->n, err);
	size_t i = 0;

	if (st != VL_OK)
		return st;
	f->sources = calloc(site->nresources, sizeof(*f->sources));
	if (f->sources == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < site->nresources; i++) {
		if (!vl_site_only_has(
		        only->list, only->n, site->resources[i].name))
			continue;
		f->sources[f->n++].resource = &site->resources[i];
		st = check_root(&site->resources[i], err);
	}
	return st == VL_OK ? load_profile(f, site, err) : st;
}

static void
note_problem(
    void *arg, const char *resource, struct vl_slice key, const char *why)
{
	struct vl_feed *f = arg;
	struct vl_msg m = { 0 };
	char shown[SHOWN];

	f->problems++;
	vl_cli_note("not exported: '%s' of resource '%s': %s",
	    vl_escape_text(shown, sizeof(shown), key), resource, why);
	if (!f->json)
		return;
	vl_msg_begin(&m, "error");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "path", key);
	vl_msg_text(&m, "why", vl_slice_of(why));
	vl_msg_end(&m);
}

/* The first ones are kept for the summary; whoever reads JSON gets all. */
static void
note_mount(void *arg, const char *resource, struct vl_slice key)
{
	struct vl_feed *f = arg;
	struct vl_one_source *one = find_source(f, resource);
	struct vl_msg m = { 0 };
	char shown[SHOWN];

	if (one->nmounts < VL_MOUNTS_SHOWN) {
		(void)vl_escape_text(shown, sizeof(shown), key);
		one->mounts[one->nmounts] = strdup(shown);
		one->nmounts += one->mounts[one->nmounts] != NULL;
	}
	if (!f->json)
		return;
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "left_out", vl_slice_of(vl_why_words[VL_WHY_MOUNT]));
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "path", key);
	vl_msg_end(&m);
}

/* The same. */
static void
note_uncarried(
    void *arg, const char *resource, const char *kind, const char *name)
{
	struct vl_feed *f = arg;
	struct vl_one_source *one = find_source(f, resource);
	struct vl_uncarried_kind *u = one->uncarried;
	struct vl_msg m = { 0 };
	char shown[SHOWN];

	while (u->kind != NULL && strcmp(u->kind, kind) != 0)
		u++;
	u->kind = kind;
	if (u->n++ < VL_NAMES_SHOWN) {
		(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(name));
		u->names[u->nnames] = strdup(shown);
		u->nnames += u->names[u->nnames] != NULL;
	}
	if (!f->json)
		return;
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "not_carried", vl_slice_of(kind));
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "name", vl_slice_of(name));
	vl_msg_end(&m);
}

void
vl_export_note(void *arg, const char *resource, const char *text)
{
	(void)arg;
	vl_cli_note("note: resource '%s': %s", resource, text);
}

/* The key of the row whose id stands in a name. */
static enum vl_status
find_key(void *arg, const struct vl_tie *tie, struct vl_slice id,
    struct vl_buf *key, enum vl_tied *how, struct vl_err *err)
{
	const struct vl_one_source *one = find_source(arg, tie->database);

	return vl_source_key(one->source, tie, id, key, how, err);
}

/* The notes on who owns what: of a tree those of its owners. */
static struct vl_owned *
owned_of(const struct vl_feed *f, const struct vl_one_source *one)
{
	const char *owner = vl_profile_owner(f->profile, one->resource->name);
	const struct vl_one_source *database =
	    owner == NULL ? NULL : find_source(f, owner);

	if (one->resource->kind != VL_KIND_FILES)
		return one->owned;
	return database == NULL ? NULL : database->owned;
}

/* Copies of databases first, as near to one moment as may be, and near to the
 * reading of the trees. */
enum vl_status
vl_feed_open(struct vl_feed *f, const char *tempdir, struct vl_pool *pool,
    const struct vl_secret_ops *ops, struct vl_err *err)
{
	struct vl_source_opts opts = { .tempdir = tempdir,
		.report = { .arg = f,
		    .problem = note_problem,
		    .mount = note_mount,
		    .uncarried = note_uncarried,
		    .note = vl_export_note },
		.profile = f->profile,
		.keys = { f, find_key },
		.pool = pool,
		.warn_undeclared = f->warn_undeclared,
		.secrets = &f->secrets,
		.masters = f->masters,
		.wait = VL_DATABASE_WAIT,
		.stop = vl_export_stop };
	enum vl_status st = VL_OK;
	struct vl_one_source *one = NULL;
	bool copied = true;

	f->secrets.ops = ops;
	for (;;) {
		for (one = f->sources; st == VL_OK && one < f->sources + f->n;
		     one++) {
			if ((one->resource->kind != VL_KIND_FILES) != copied)
				continue;
			opts.owned = owned_of(f, one);
			st = vl_source_open(
			    &one->source, one->resource, &opts, err);
		}
		if (!copied)
			break;
		copied = false;
	}
	for (one = f->sources; st == VL_OK && one < f->sources + f->n; one++)
		st = vl_source_ready(one->source, err);
	return st == VL_OK ? vl_needles_ready(f->needles, err) : st;
}

/* A hole or some bytes of the body; neither at its end. */
static enum vl_status
feed_piece(struct vl_source *source, struct vl_pack *pack, uint64_t *hole,
    size_t *got, struct vl_err *err)
{
	uint8_t *room = NULL;
	size_t n = 0;
	enum vl_status st = vl_source_hole(source, hole, err);

	*got = 0;
	if (st != VL_OK)
		return st;
	if (*hole > 0)
		return vl_pack_body_skip(pack, *hole, err);
	st = vl_pack_body_room(pack, &room, &n, err);
	if (st == VL_OK)
		st = vl_source_read(source, room, n, got, err);
	if (st == VL_OK && *got > 0)
		st = vl_pack_body_fill(pack, *got, err);
	return st;
}

/* The body of the record that was just announced. */
static enum vl_status
feed_body(struct vl_feed *f, const struct vl_one_source *one,
    struct vl_pack *pack, struct vl_err *err)
{
	enum vl_settled how = VL_AGAIN;
	enum vl_status st = VL_OK;
	uint64_t hole = 0;
	size_t got = 1;

	while (got > 0 || hole > 0) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		st = feed_piece(one->source, pack, &hole, &got, err);
		if (st != VL_OK)
			return st;
		f->bytes += got;
		vl_progress_show(&f->progress, vl_slice_of(one->resource->name),
		    f->bytes, 0);
	}
	st = vl_source_settle(one->source, &how, err);
	if (st != VL_OK)
		return st;
	return how == VL_SETTLED ? vl_pack_body_end(pack, err) :
	                           vl_pack_body_abort(pack, err);
}

/* Of a dry run: only what is secret is looked for in it. */
static enum vl_status
look_body(
    struct vl_feed *f, const struct vl_one_source *one, struct vl_err *err)
{
	enum vl_settled how = VL_AGAIN;
	enum vl_status st = vl_buf_reserve(&f->room, LOOK_BYTES, err);
	uint64_t hole = 0;
	size_t got = 1;

	while (st == VL_OK && (got > 0 || hole > 0)) {
		got = 0;
		if (vl_cli_stop())
			st = vl_cli_stopped(err);
		if (st == VL_OK)
			st = vl_source_hole(one->source, &hole, err);
		if (st == VL_OK && hole == 0)
			st = vl_source_read(
			    one->source, f->room.p, LOOK_BYTES, &got, err);
		f->bytes += got;
		vl_progress_show(&f->progress, vl_slice_of(one->resource->name),
		    f->bytes, 0);
	}
	return st == VL_OK ? vl_source_settle(one->source, &how, err) : st;
}

static bool
is_empty(const struct vl_source_counts *c)
{
	uint64_t left_out = 0;
	size_t i = 0;

	for (i = 0; i < sizeof(c->left_out) / sizeof(c->left_out[0]); i++)
		left_out += c->left_out[i];
	return c->dirs <= 1 &&
	    c->files + c->links + c->specials + c->rows + left_out == 0;
}

static enum vl_status
feed_source(struct vl_feed *f, struct vl_one_source *one, struct vl_pack *pack,
    bool allow_empty, struct vl_err *err)
{
	struct vl_record rec = { 0 };
	enum vl_status st = VL_OK;

	for (;;) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		st = vl_source_next(one->source, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		if (pack != NULL)
			st = vl_pack_record(pack, &rec, err);
		if (st == VL_OK && pack != NULL && rec.has_body)
			st = feed_body(f, one, pack, err);
		if (st == VL_OK && f->looks && rec.has_body &&
		    one->resource->kind == VL_KIND_FILES &&
		    (rec.body_size <= VL_CHECK_TEXT_MAX ||
		        vl_needles_any(f->needles)))
			st = look_body(f, one, err);
		if (st != VL_OK)
			break;
		vl_progress_show(&f->progress, vl_slice_of(one->resource->name),
		    f->bytes, 0);
	}
	vl_source_counts(one->source, &one->counts);
	if (st == VL_OK && !allow_empty && is_empty(&one->counts))
		st = vl_fail(err, VL_EREFUSED,
		    "resource '%s' is empty, and importing it would empty the "
		    "target; --allow-empty if that is meant",
		    one->resource->name);
	return st;
}

static enum vl_status
check_leaks(const struct vl_feed *f, struct vl_err *err)
{
	uint64_t n = 0;
	size_t i = 0;
	char count[40];

	for (i = 0; i < f->n; i++)
		n += f->sources[i].counts.leaks;
	return n == 0 ? VL_OK :
	                vl_fail(err, VL_EREFUSED,
	                    "%s in clear what is declared a secret elsewhere, "
	                    "as told above: nothing is exported until that is "
	                    "decided",
	                    vl_format_counted(count, sizeof(count), n,
	                        "place has", "places have"));
}

/* Of all resources at once. */
static enum vl_status
check_suspects(const struct vl_feed *f, struct vl_err *err)
{
	uint64_t n = 0;
	size_t i = 0;
	char count[40];

	for (i = 0; i < f->n; i++)
		n += f->sources[i].counts.suspects;
	if (n == 0 || f->warn_secrets)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "%s may hold secrets, which would travel as they stand, as told "
	    "above: name them in 'secrets', or in 'not_secret' what is none, "
	    "or say 'secrets: {undeclared: warn}' in the site file",
	    vl_format_counted(count, sizeof(count), n, "place", "places"));
}

enum vl_status
vl_feed_run(struct vl_feed *f, struct vl_pack *pack, bool allow_empty,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < f->n; i++)
		if (f->sources[i].source != NULL) /* else it was read */
			st = feed_source(
			    f, &f->sources[i], pack, allow_empty, err);
	if (st == VL_OK)
		st = check_leaks(f, err);
	if (st == VL_OK)
		st = check_suspects(f, err);
	for (i = 0; st == VL_OK && i < f->n; i++)
		if (f->sources[i].owned != NULL &&
		    vl_owned_missing(f->sources[i].owned, err) != VL_OK)
			st = vl_within(
			    err, "resource '%s'", f->sources[i].resource->name);
	return st;
}

static enum vl_status
close_sources(struct vl_job *job, unsigned worker)
{
	struct vl_feed *f = (struct vl_feed *)job;
	size_t i = 0;

	(void)worker;
	for (i = 0; i < f->n; i++) {
		vl_source_free(f->sources[i].source);
		f->sources[i].source = NULL;
	}
	return VL_OK;
}

void
vl_feed_close(struct vl_feed *f, struct vl_pool *pool)
{
	f->close = (struct vl_job){ .run = close_sources };
	vl_pool_submit(pool, &f->close);
}

void
vl_feed_closed(struct vl_feed *f, struct vl_pool *pool)
{
	struct vl_err none = { 0 };

	(void)vl_pool_wait(pool, &f->close, &none);
}

void
vl_feed_free(struct vl_feed *f)
{
	struct vl_uncarried_kind *u = NULL;
	size_t i = 0;
	size_t j = 0;

	for (i = 0; i < f->n; i++) {
		vl_source_free(f->sources[i].source);
		vl_owned_free(f->sources[i].owned);
		for (j = 0; j < f->sources[i].nmounts; j++)
			free(f->sources[i].mounts[j]);
		for (u = f->sources[i].uncarried; u->kind != NULL; u++)
			for (j = 0; j < u->nnames; j++)
				free(u->names[j]);
	}
	vl_buf_free(&f->room);
	vl_needles_free(f->needles);
	f->needles = NULL;
	vl_masters_free(f->masters);
	f->masters = NULL;
	vl_profile_free(f->profile);
	f->profile = NULL;
	free(f->sources);
	f->sources = NULL;
	f->n = 0;
}
