/*
 * A SQLite database as records (formats/manifest.md, "Lines of a database").
 *
 * They are read from a private copy that is made when the source is opened:
 * nothing changes under the reader, and the application goes on.
 */

#include <stdio.h>
#include <stdlib.h>

#include <valise/check.h>

#include "kind.h"

#define FINDINGS_TOLD 10

struct sqlite {
	struct vl_source base;
	const struct vl_resource *resource;
	struct vl_source_opts opts;
	char *path; /* real */
	struct vl_db *db;
	struct vl_rows *rows;
	uint64_t bytes; /* of lines and bodies */
};

static struct sqlite *
sqlite_of(struct vl_source *s)
{
	return (struct sqlite *)s;
}

static void
sqlite_free(struct vl_source *s)
{
	struct sqlite *q = sqlite_of(s);

	vl_rows_free(q->rows);
	vl_db_free(q->db);
	free(q->path);
	free(q);
}

static void
note(void *arg, const char *text)
{
	const struct sqlite *q = arg;
	const struct vl_source_report *r = &q->opts.report;

	if (r->note != NULL)
		r->note(r->arg, q->resource->name, text);
}

static enum vl_status
sqlite_open(struct vl_source **out, const struct vl_resource *resource,
    const struct vl_source_opts *opts, struct vl_err *err)
{
	struct sqlite *q = calloc(1, sizeof(*q));
	const struct vl_db_opts from = {
		.path = resource->path,
		.prefix = resource->prefix,
		.tempdir = opts->tempdir,
		.wait = opts->wait,
		.stop = opts->stop,
		.arg = opts->report.arg,
		.pool = opts->pool,
		.report = { q, note },
	};
	enum vl_status st = VL_OK;

	if (q == NULL)
		return vl_fail_memory(err);
	q->resource = resource;
	q->opts = *opts;
	st = vl_db_open_copy(&q->db, &from, err);
	if (st == VL_OK) {
		q->path = realpath(resource->path, NULL);
		if (q->path == NULL)
			st = vl_fail_errno(err, "cannot resolve its path");
	}
	if (st != VL_OK)
		sqlite_free(&q->base);
	else
		*out = &q->base;
	return st;
}

static void
report_names(
    const struct sqlite *q, const char *kind, char *const *names, size_t n)
{
	const struct vl_source_report *r = &q->opts.report;
	size_t i = 0;

	for (i = 0; i < n; i++)
		r->uncarried(r->arg, q->resource->name, kind, names[i]);
}

/* What the schema has besides tables. */
static void
report_uncarried(const struct sqlite *q)
{
	const struct vl_schema *s = vl_db_schema(q->db);
	size_t i = 0;

	if (q->opts.report.uncarried == NULL)
		return;
	for (i = 0; i < s->nothers; i++)
		report_names(q, s->others[i].kind, &s->others[i].name, 1);
	for (i = 0; i < s->ntables; i++) {
		report_names(
		    q, "index", s->tables[i].indexes, s->tables[i].nindexes);
		report_names(q, "trigger", s->tables[i].triggers,
		    s->tables[i].ntriggers);
	}
}

static struct vl_rows_opts
rows_opts(struct sqlite *q)
{
	return (struct vl_rows_opts){
		.db = q->db,
		.profile = q->opts.profile,
		.resource = q->resource->name,
		.tempdir = q->opts.tempdir,
		/* Each is told; who counts them all refuses. */
		.warn_secrets = true,
		.warn_undeclared = q->opts.warn_undeclared,
		.pool = q->opts.pool,
		.owned = q->opts.owned,
		.secrets = q->opts.secrets,
		.report = { q, note },
	};
}

/* What stands against an export, each table and column of it. */
struct findings {
	struct sqlite *q;
	size_t n;
};

static void
take_finding(void *arg, const struct vl_check_finding *f)
{
	struct findings *found = arg;
	char text[2048];

	if (f->kind == VL_CHECK_HINT || found->n++ >= FINDINGS_TOLD)
		return;
	if (f->error || f->table == NULL)
		(void)snprintf(text, sizeof(text), "%s", f->text);
	else
		(void)snprintf(text, sizeof(text), "table '%s'%s%s%s: %s",
		    f->table, f->column == NULL ? "" : ", column '",
		    f->column == NULL ? "" : f->column,
		    f->column == NULL ? "" : "'", f->text);
	note(found->q, text);
}

/* An export ends at the first thing that is wrong; all are to be mended. */
static void
tell_findings(struct sqlite *q)
{
	struct findings found = { .q = q };
	const struct vl_check to = { .arg = &found, .finding = take_finding };
	struct vl_rows_opts opts = rows_opts(q);
	enum vl_status verdict = VL_OK;
	struct vl_err ignored = { 0 };
	char text[128];

	opts.report = (struct vl_rows_report){ 0 };
	(void)vl_rows_check(&opts, &to, &verdict, &ignored);
	(void)snprintf(text, sizeof(text),
	    "and %zu more like that: see 'valise check-profile'",
	    found.n - FINDINGS_TOLD);
	if (found.n > FINDINGS_TOLD)
		note(q, text);
}

/* Whatever a damaged page made of a row, that it is damaged is told. */
static enum vl_status
check_pages(struct sqlite *q, enum vl_status st, struct vl_err *err)
{
	struct vl_err found = { 0 };

	if (vl_db_checked(q->db, &found) == VL_OK)
		return st;
	*err = found;
	return vl_within(err, "resource '%s' (line %u of the site file)",
	    q->resource->name, q->resource->line);
}

static enum vl_status
told(struct sqlite *q, enum vl_status st, struct vl_err *err)
{
	if (st != VL_OK)
		st = check_pages(q, st, err);
	if (st == VL_EREFUSED)
		tell_findings(q);
	return st;
}

static enum vl_status
sqlite_ready(struct vl_source *s, struct vl_err *err)
{
	struct sqlite *q = sqlite_of(s);
	const struct vl_rows_opts opts = rows_opts(q);

	report_uncarried(q);
	return told(q, vl_rows_open(&q->rows, &opts, err), err);
}

static enum vl_status
sqlite_next(struct vl_source *s, struct vl_record *rec, struct vl_err *err)
{
	struct sqlite *q = sqlite_of(s);
	enum vl_status st = told(q, vl_rows_next(q->rows, rec, err), err);

	/* Behind the last row: all of them count, or none. */
	if (st == VL_OK && rec->line.p == NULL)
		st = check_pages(q, st, err);
	if (st == VL_OK)
		q->bytes += rec->line.n + rec->body_size;
	return st;
}

static enum vl_status
sqlite_hole(struct vl_source *s, uint64_t *n, struct vl_err *err)
{
	(void)s;
	(void)err;
	*n = 0;
	return VL_OK;
}

static enum vl_status
sqlite_read(
    struct vl_source *s, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	struct sqlite *q = sqlite_of(s);
	enum vl_status st = vl_rows_read(q->rows, p, n, got, err);

	return st == VL_OK ? st : check_pages(q, st, err);
}

static enum vl_status
sqlite_settle(struct vl_source *s, enum vl_settled *how, struct vl_err *err)
{
	(void)s;
	(void)err;
	*how = VL_SETTLED;
	return VL_OK;
}

static enum vl_status
sqlite_key(struct vl_source *s, const struct vl_tie *tie, struct vl_slice id,
    struct vl_buf *key, enum vl_tied *how, struct vl_err *err)
{
	struct sqlite *q = sqlite_of(s);
	enum vl_status st = vl_rows_key_of(q->rows, tie, id, key, how, err);

	return st == VL_OK ? st : check_pages(q, st, err);
}

static void
sqlite_counts(const struct vl_source *s, struct vl_source_counts *counts)
{
	const struct sqlite *q = (const struct sqlite *)s;
	struct vl_rows_counts rows = { 0 };

	if (q->rows != NULL)
		vl_rows_counts(q->rows, &rows);
	*counts = (struct vl_source_counts){ .bytes = q->bytes,
		.tables = rows.tables,
		.rows = rows.rows,
		.skipped = rows.skipped,
		.dropped = rows.dropped,
		.suspects = rows.suspects,
		.leaks = rows.leaks };
}

static const char *
sqlite_path(const struct vl_source *s)
{
	const struct sqlite *q = (const struct sqlite *)s;

	return q->path;
}

const struct source_kind vl_source_sqlite = {
	.open = sqlite_open,
	.ready = sqlite_ready,
	.next = sqlite_next,
	.hole = sqlite_hole,
	.read = sqlite_read,
	.settle = sqlite_settle,
	.key = sqlite_key,
	.counts = sqlite_counts,
	.path = sqlite_path,
	.free = sqlite_free,
};
