/*
 * Rows of the bundle against those of the site's databases, all inside the
 * one transaction: what a preview shows was written and read again, and is
 * rolled back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/check.h>
#include <valise/text.h>

#include "databases.h"
#include "planning.h"

struct vl_base *
vl_base_of(struct vl_run *run, struct vl_slice resource)
{
	size_t i = 0;

	for (i = 0; i < run->header.ndbs; i++)
		if (vl_slice_equal(
		        resource, vl_slice_of(run->header.dbs[i].resource)))
			return &run->bases[i];
	return NULL;
}

static bool
asked_to_stop(void *arg)
{
	const struct vl_run *run = arg;

	return run->opts->ui->stop(run->opts->ui->arg);
}

/* A mistake in the words is told before anything is begun. */
static enum vl_status
check_profile(const struct vl_import_opts *o, struct vl_err *err)
{
	struct vl_profile *p = NULL;
	enum vl_status st = vl_profile_of_site(&p, o->site, o->profiles, err);

	vl_profile_free(p);
	return st;
}

enum vl_status
vl_bases_open(struct vl_run *run, struct vl_err *err)
{
	const char *paths[VL_DBS_MAX] = { NULL };
	const char *prefixes[VL_DBS_MAX] = { NULL };
	const struct vl_resource *r = NULL;
	struct vl_header *h = &run->header;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (h->ndbs == 0)
		return VL_OK;
	for (i = 0; i < h->ndbs && i < VL_DBS_MAX; i++) {
		paths[i] = h->dbs[i].path;
		r = vl_site_resource(run->opts->site, h->dbs[i].resource);
		prefixes[i] = r == NULL ? NULL : r->prefix;
	}
	st = check_profile(run->opts, err);
	if (st == VL_OK)
		st = vl_dbs_open(&run->dbs,
		    &(struct vl_dbs_opts){ .paths = paths,
		        .prefixes = prefixes,
		        .n = h->ndbs,
		        .tempdir = vl_state_path(run->opts->state),
		        .wait = run->opts->wait,
		        .stop = asked_to_stop,
		        .arg = run },
		    err);
	for (i = 0; i < h->ndbs && st == VL_OK; i++) {
		run->bases[i].run = run;
		run->bases[i].db = vl_dbs_at(run->dbs, i);
		h->dbs[i].was_wal = vl_dbs_was_wal(run->dbs, i);
	}
	return st;
}

static void
base_reset(struct vl_base *b)
{
	vl_rows_put_free(b->put);
	vl_created_free(b);
	if (b->there != b->profile)
		vl_profile_free(b->there);
	vl_profile_free(b->profile);
	free(b->version);
	vl_masters_free(b->masters);
	b->masters = NULL;
	b->put = NULL;
	b->there = NULL;
	b->profile = NULL;
	b->version = NULL;
	b->begun = b->ended = false;
}

void
vl_bases_reset(struct vl_run *run)
{
	size_t i = 0;

	for (i = 0; run->bases != NULL && i < run->header.ndbs; i++)
		base_reset(&run->bases[i]);
	/* What fails here ends with the connection. */
	if (run->dbs != NULL)
		(void)vl_dbs_rollback(run->dbs, &(struct vl_err){ 0 });
}

enum vl_status
vl_bases_begin(struct vl_run *run, bool meant, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (run->dbs == NULL)
		return VL_OK;
	if (meant)
		st = vl_dbs_take(run->dbs, err);
	if (st == VL_OK)
		st = vl_dbs_begin(run->dbs, err);
	if (st == VL_OK)
		run->changes = vl_dbs_changes(run->dbs);
	return st;
}

bool
vl_bases_changed(const struct vl_run *run)
{
	return run->dbs != NULL && vl_dbs_changes(run->dbs) != run->changes;
}

/* ---- What is told ---- */

static void
note(void *arg, const char *text)
{
	const struct vl_base *b = arg;

	vl_run_note(b->run, text);
}

static void
take_values(void *arg, struct vl_slice json)
{
	((struct vl_base *)arg)->values = json;
}

static void
take_row(void *arg, const char *table, enum vl_row_change what,
    struct vl_slice key, const char *detail)
{
	static const enum vl_change changes[] = {
		[VL_ROW_ADD] = VL_CHANGE_ADD,
		[VL_ROW_MODIFY] = VL_CHANGE_MODIFY,
		[VL_ROW_DELETE] = VL_CHANGE_DELETE,
		[VL_ROW_CONFLICT] = VL_CHANGE_CONFLICT,
		[VL_ROW_DERIVE] = VL_CHANGE_DERIVE,
		[VL_ROW_SECRET] = VL_CHANGE_SECRET,
	};
	struct vl_base *b = arg;
	struct vl_run *run = b->run;
	const struct vl_apply_ui *ui = run->opts->ui;
	char shown[512];

	if (what == VL_ROW_CONFLICT && run->conflict[0] == '\0')
		(void)snprintf(run->conflict, sizeof(run->conflict),
		    "row %s of table '%s' of resource '%s': %s",
		    vl_escape_text(shown, sizeof(shown), key), table,
		    b->resource->name, detail);
	if (!run->quiet && ui->row != NULL)
		ui->row(ui->arg,
		    &(struct vl_row_told){ .resource = b->resource->name,
		        .table = table,
		        .change = changes[what],
		        .key = key,
		        .detail = detail,
		        .values = b->values });
	b->values = (struct vl_slice){ 0 };
}

static enum vl_status
decide(void *arg, const struct vl_rows_differs *d, bool *go, struct vl_err *err)
{
	static const enum vl_change changes[] = {
		[VL_ROW_ADD] = VL_CHANGE_ADD,
		[VL_ROW_MODIFY] = VL_CHANGE_MODIFY,
		[VL_ROW_DELETE] = VL_CHANGE_DELETE,
	};
	const struct vl_base *b = arg;

	return plan_ask(b->run,
	    &(struct plan_change){ .resource = b->resource->name,
	        .table = d->table,
	        .what = changes[d->what],
	        .key = d->key,
	        .here = d->here,
	        .fields = d->fields,
	        .again = d->again },
	    go, err);
}

/* ---- Lines ---- */

static enum vl_status
keep_version(struct vl_base *b, struct vl_slice text, struct vl_err *err)
{
	if (text.n == 0)
		return VL_OK;
	b->version = strndup((const char *)text.p, text.n);
	return b->version != NULL ? VL_OK : vl_fail_memory(err);
}

/* What opens the secrets of the bundle, and keeps them here. */
static enum vl_status
open_masters(struct vl_base *b, struct vl_err *err)
{
	enum vl_status st = vl_masters_new(&b->masters, b->run->opts->site,
	    &(struct vl_masters_report){ b, note }, err);

	if (st != VL_OK)
		return st;
	vl_masters_profile(b->masters, b->profile);
	b->ops = vl_tokens_ops(b->run->intake.tokens);
	b->secrets = (struct vl_rows_secrets){ .ops = &b->ops,
		.arg = b->masters,
		.key = vl_masters_key,
		.masters = b->run->opts->site->masters,
		.nmasters = b->run->opts->site->nmasters };
	return VL_OK;
}

static enum vl_status
begin_base(
    struct vl_base *b, const struct vl_profile_line *line, struct vl_err *err)
{
	const struct vl_import_opts *o = b->run->opts;
	enum vl_status st = vl_base_profile(b, line, err);

	b->begun = true;
	if (st == VL_OK)
		st = keep_version(b, line->version, err);
	if (st == VL_OK)
		st = vl_created_open(b, err);
	if (st == VL_OK)
		st = open_masters(b, err);
	if (st != VL_OK)
		return st;
	return vl_rows_put_open(&b->put,
	    &(struct vl_rows_put_opts){
	        .rows = { .db = b->db,
	            .profile = b->profile,
	            .resource = b->resource->name,
	            .tempdir = vl_state_path(o->state),
	            .pool = o->pool,
	            .here = o->site->here,
	            .nhere = o->site->nhere,
	            .there = b->there,
	            .owned = b->owned,
	            .rewrite = o->site->rewrite_rows,
	            .nrewrite = o->site->nrewrite_rows,
	            .site_file = o->site->file,
	            .secrets = &b->secrets,
	            .warn_undeclared =
	                o->site->undeclared == VL_UNDECLARED_WARN,
	            .report = { .arg = b, .note = note } },
	        .dbs = b->run->dbs,
	        .on_match = o->on_match,
	        .map = o->map,
	        .nmap = o->nmap,
	        .version = b->version,
	        .allow_drift = o->allow_drift,
	        .arg = b,
	        .brought = vl_created_next,
	        .created = b->run->depth == VL_STAGE ? vl_created_add : NULL,
	        .decide =
	            o->plan != NULL || b->run->writer != NULL ? decide : NULL,
	        .change = take_row,
	        .values = take_values,
	        .conflicts_only = b->run->quiet || o->ui->row == NULL },
	    err);
}

static enum vl_status
put_bytes(void *arg, struct vl_slice bytes, struct vl_err *err)
{
	const struct vl_base *b = arg;

	return vl_rows_put_body(b->put, bytes, err);
}

static enum vl_status
take_line(struct vl_base *b, const struct vl_unpacked *rec, struct vl_err *err)
{
	const struct vl_body_sink sink = { put_bytes, b };
	enum vl_status st = VL_OK;

	if (rec->kind == VL_LINE_PROFILE && !b->begun)
		return begin_base(b, &rec->profile, err);
	if (b->put == NULL)
		return vl_fail(err, VL_EFORMAT,
		    "the bundle does not say by which words it is read");
	if (rec->kind == VL_LINE_TABLE)
		return vl_rows_put_table(b->put, &rec->table, err);
	if (rec->kind != VL_LINE_ROW)
		return vl_fail(err, VL_EFORMAT,
		    "a record of the bundle is none of a database");
	st = vl_rows_put_row(b->put, &rec->row, rec->store,
	    &(struct vl_tokens_of){ rec->tokens, rec->ntokens }, err);
	if (st == VL_OK && rec->has_body)
		st = vl_unpack_body(b->run->intake.unpack, rec, &sink, err);
	return st;
}

enum vl_status
vl_base_line(
    struct vl_base *b, const struct vl_unpacked *rec, struct vl_err *err)
{
	enum vl_status st = take_line(b, rec, err);

	return st == VL_OK ? VL_OK :
	                     vl_within(err, "resource '%s'", b->resource->name);
}

/* ---- The end of a resource ---- */

/* What stands against all rows of a table: its keys.  Of references it is the
 * import that knows which it needs. */
static void
take_finding(void *arg, const struct vl_check_finding *f)
{
	const struct vl_base *b = arg;
	const struct vl_apply_ui *ui = b->run->opts->ui;
	char text[2048];

	if (f->kind != VL_CHECK_REFUSED || f->column != NULL)
		return;
	(void)snprintf(text, sizeof(text), "resource '%s'%s%s%s, here: %s",
	    b->resource->name, f->table == NULL ? "" : ", table '",
	    f->table == NULL ? "" : f->table, f->table == NULL ? "" : "'",
	    f->text);
	ui->note(ui->arg, text);
}

/* A preview that is refused tells all that is wrong with names here, not only
 * what it met first. */
static void
tell_findings(struct vl_base *b)
{
	const struct vl_check to = { .arg = b, .finding = take_finding };
	struct vl_err ignored = { 0 };
	enum vl_status verdict = VL_OK;

	(void)vl_rows_check(&(struct vl_rows_opts){ .db = b->db,
	                        .profile = b->profile,
	                        .resource = b->resource->name,
	                        .here = b->run->opts->site->here,
	                        .nhere = b->run->opts->site->nhere,
	                        .there = b->there,
	                        .rewrite = b->run->opts->site->rewrite_rows,
	                        .nrewrite = b->run->opts->site->nrewrite_rows,
	                        .site_file = b->run->opts->site->file,
	                        .tempdir = vl_state_path(b->run->opts->state),
	                        .warn_undeclared = true },
	    &to, &verdict, &ignored);
}

static struct vl_target_counts
counts_of(const struct vl_rows_put_counts *n)
{
	return (struct vl_target_counts){ .add = n->add,
		.change = n->change,
		.deletions = n->deletions,
		.same = n->same,
		.skip = n->skip,
		.conflict = n->conflict,
		.before = n->before,
		.proved = n->proved };
}

static void
take_counts(struct vl_base *b)
{
	struct vl_rows_put_counts n = { 0 };

	vl_rows_put_counts(b->put, &n);
	b->counts = counts_of(&n);
}

static void
take_table(void *arg, const char *name, const struct vl_rows_put_counts *n)
{
	const struct vl_base *b = arg;
	const struct vl_apply_ui *ui = b->run->opts->ui;
	const struct vl_target_counts counts = counts_of(n);

	ui->table(ui->arg, b->resource->name, name, &counts);
}

bool
vl_base_unchanged(const struct vl_base *b)
{
	return b->counts.add + b->counts.change + b->counts.deletions == 0;
}

static enum vl_status
write_rows(struct vl_base *b, struct vl_err *err)
{
	enum vl_status st = vl_room_rows(b, err);
	double start = 0;

	if (st == VL_OK)
		st = vl_rows_put_write(b->put, err);
	start = vl_seconds();
	if (st == VL_OK)
		st = vl_rows_put_prove(b->put, err);
	b->run->result->prove_seconds += vl_seconds() - start;
	if (st == VL_OK && b->run->depth == VL_STAGE &&
	    !vl_rows_put_brought_stays(b->put))
		st = vl_created_finish(b, err);
	if (st == VL_OK)
		take_counts(b);
	return st;
}

enum vl_status
vl_base_end(struct vl_base *b, struct vl_err *err)
{
	const struct vl_apply_ui *ui = NULL;
	enum vl_status st = VL_OK;

	if (b == NULL || b->ended)
		return VL_OK;
	ui = b->run->opts->ui;
	st = vl_rows_put_compare(b->put, err);
	if (st == VL_EREFUSED && b->run->depth == VL_TRY && !b->run->quiet)
		tell_findings(b);
	if (st == VL_OK)
		st = plan_end(b->run, b->resource->name, err);
	if (st == VL_OK)
		take_counts(b);
	/* Conflicts are refused once all of them are told. */
	if (st == VL_OK && b->run->depth != VL_COMPARE &&
	    b->counts.conflict == 0)
		st = write_rows(b, err);
	if (st != VL_OK)
		return vl_within(err, "resource '%s'", b->resource->name);
	b->ended = true;
	b->run->result->proved_rows += b->counts.proved;
	if (!b->run->quiet)
		ui->counts(ui->arg, b->resource->name, &b->counts);
	if (!b->run->quiet && b->run->depth == VL_TRY)
		vl_rows_put_tables(b->put, take_table, b);
	/* Trees may ask for ids. */
	if (!vl_tied_any(b->run)) {
		vl_rows_put_free(b->put);
		b->put = NULL;
	}
	vl_created_free(b);
	return VL_OK;
}

void
vl_bases_rest(struct vl_run *run)
{
	size_t i = 0;

	for (i = 0; i < run->header.ndbs; i++) {
		vl_rows_put_free(run->bases[i].put);
		run->bases[i].put = NULL;
	}
}
