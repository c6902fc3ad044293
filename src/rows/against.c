/*
 * Two databases of this machine against each other: the rows of one are put
 * into a private copy of the other as an import does it, and what that says is
 * told.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/against.h>
#include <valise/text.h>

#include "check.h"
#include "put.h"

#define PIECE      65536
#define KEYS_SHOWN 3
#define KEY_SHOWN  160

/* Keys of one table that are shown. */
struct shown {
	char *table;
	struct vl_buf keys[2]; /* new; gone */
	size_t n[2];
};

struct against {
	const struct vl_against *o;
	struct vl_dbs *dbs;
	struct vl_rows *rows;
	struct vl_rows_put *put;
	struct vl_profile *there;
	struct vl_profile *profile; /* the target's own, or `there` */
	char *version;
	struct vl_row_store store;
	struct shown *shown;
	size_t nshown;
	enum vl_status verdict;
	struct vl_err *err;
	struct vl_rows_secrets secrets; /* of the target */
};

static void
tell(struct against *a, enum vl_check_kind kind, const char *table,
    const char *column, const char *text)
{
	const struct vl_check_finding f = {
		.kind = kind, .table = table, .column = column, .text = text
	};

	a->o->finding(a->o->arg, &f);
	if (kind == VL_CHECK_WRONG)
		a->verdict = VL_EUSAGE;
	else if (kind == VL_CHECK_REFUSED && a->verdict == VL_OK)
		a->verdict = VL_EREFUSED;
}

/* What an import would end with is told; what this machine lacks is not. */
static enum vl_status
judge(struct against *a, enum vl_status st)
{
	if (st != VL_EUSAGE && st != VL_EREFUSED && st != VL_ELIMIT)
		return st;
	tell(a, st == VL_EUSAGE ? VL_CHECK_WRONG : VL_CHECK_REFUSED, NULL, NULL,
	    a->err->text);
	*a->err = (struct vl_err){ 0 };
	return VL_OK;
}

static void
note(void *arg, const char *text)
{
	tell(arg, VL_CHECK_HINT, NULL, NULL, text);
}

/* ---- What an import would change ---- */

static enum vl_status
shown_of(struct against *a, const char *table, struct shown **out)
{
	struct shown *grown = NULL;

	if (a->nshown > 0 &&
	    strcmp(a->shown[a->nshown - 1].table, table) == 0) {
		*out = &a->shown[a->nshown - 1];
		return VL_OK;
	}
	grown = reallocarray(a->shown, a->nshown + 1, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(a->err);
	a->shown = grown;
	grown[a->nshown] = (struct shown){ .table = strdup(table) };
	if (grown[a->nshown].table == NULL)
		return vl_fail_memory(a->err);
	*out = &grown[a->nshown++];
	return VL_OK;
}

static bool
hides_keys(const struct against *a, const char *table)
{
	const struct rows_plan *p = &a->put->here->plan;
	size_t i = 0;

	for (i = 0; i < p->ntables; i++)
		if (strcmp(p->tables[i].collection, table) == 0)
			return check_key_is_secret(&p->tables[i]);
	return false;
}

/* What fails here is a name that is not shown. */
static void
take_change(void *arg, const char *table, enum vl_row_change what,
    struct vl_slice key, const char *detail)
{
	struct against *a = arg;
	struct shown *s = NULL;
	const size_t which = what == VL_ROW_DELETE;
	struct vl_err ignored = { 0 };
	char text[KEY_SHOWN];
	char why[2 * KEY_SHOWN];

	(void)vl_escape_text(text, sizeof(text), key);
	if (hides_keys(a, table))
		(void)snprintf(text, sizeof(text), "(not shown)");
	if (what == VL_ROW_CONFLICT) {
		(void)snprintf(why, sizeof(why), "row %s: %s", text, detail);
		tell(a, VL_CHECK_REFUSED, table, NULL, why);
	}
	if ((what != VL_ROW_ADD && what != VL_ROW_DELETE) ||
	    shown_of(a, table, &s) != VL_OK || s->n[which]++ >= KEYS_SHOWN)
		return;
	(void)vl_buf_printf(&s->keys[which], &ignored, "%s%s",
	    s->n[which] == 1 ? "" : ", ", text);
}

static const char *
keys_of(struct vl_buf *b)
{
	struct vl_err ignored = { 0 };

	return b->n == 0 || vl_buf_printf(b, &ignored, "%c", 0) != VL_OK ?
	    NULL :
	    (const char *)b->p;
}

static void
tell_table(void *arg, const char *name, const struct vl_rows_put_counts *n)
{
	struct against *a = arg;
	struct vl_against_table t = { .name = name, .counts = *n };
	size_t i = 0;

	if (n->same + n->change + n->add + n->deletions + n->skip +
	        n->conflict ==
	    0)
		return;
	for (i = 0; i < a->nshown; i++) {
		if (strcmp(a->shown[i].table, name) != 0)
			continue;
		t.news = keys_of(&a->shown[i].keys[0]);
		t.fewer = keys_of(&a->shown[i].keys[1]);
	}
	a->o->table(a->o->arg, &t);
}

/* ---- The target by itself ---- */

/* Its keys, and names that are not there: of the rest the import says what it
 * needs. */
static void
take_finding(void *arg, const struct vl_check_finding *f)
{
	struct against *a = arg;
	char text[2048];

	if (f->kind == VL_CHECK_HINT || f->column != NULL)
		return;
	(void)snprintf(text, sizeof(text), "at the target: %s", f->text);
	tell(a, f->kind, f->table, NULL, text);
}

static struct vl_rows_opts
target_opts(struct against *a)
{
	return (struct vl_rows_opts){ .db = vl_dbs_at(a->dbs, 0),
		.profile = a->profile,
		.resource = a->o->source.resource,
		.tempdir = a->o->source.tempdir,
		.here = a->o->site->here,
		.nhere = a->o->site->nhere,
		.there = a->there,
		.rewrite = a->o->site->rewrite_rows,
		.nrewrite = a->o->site->nrewrite_rows,
		.site_file = a->o->site->file,
		.secrets = a->secrets.key == NULL ? NULL : &a->secrets,
		.warn_undeclared = true };
}

/* Called where the comparison could not be made. */
static enum vl_status
look_at_target(struct against *a)
{
	const struct vl_check to = { .arg = a, .finding = take_finding };
	const struct vl_rows_opts opts = target_opts(a);
	enum vl_status verdict = VL_OK;

	return vl_rows_check(&opts, &to, &verdict, a->err);
}

/* ---- Rows ---- */

/* The words and the version, as a bundle would bring them. */
static enum vl_status
take_words(struct against *a, struct vl_slice text)
{
	const char *name = a->o->source.resource;
	struct vl_profile_line line = { 0 };
	struct vl_profile *over = NULL;
	enum vl_status st =
	    vl_profile_line_decode(&line, &a->store, text, a->err);

	if (st == VL_OK && line.words.n > 0)
		st = vl_profile_from_meaning(&a->there, line.words, a->err);
	if (st == VL_OK && line.version.n > 0) {
		a->version =
		    strndup((const char *)line.version.p, line.version.n);
		st = a->version == NULL ? vl_fail_memory(a->err) : VL_OK;
	}
	if (st == VL_OK)
		st = vl_profile_of_site(
		    &a->profile, a->o->site, a->o->profiles, a->err);
	if (st == VL_OK && a->profile != NULL)
		st = vl_profile_same(a->profile, a->there, name, a->err);
	/* What a bundle would bring runs nothing. */
	if (st == VL_OK && a->profile == NULL && a->there != NULL) {
		a->profile = a->there;
		if (a->there->nversion_command > 0) {
			free(a->there->version_resource);
			a->there->version_resource = NULL;
		}
		st = vl_profile_beside(a->there, a->o->site, a->err);
	}
	if (st == VL_OK && (a->profile == NULL || a->profile == a->there))
		st = vl_profile_over_bundle(
		    &over, a->there, a->o->site, name, a->err);
	if (over != NULL)
		a->profile = over;
	if (st == VL_OK && a->o->masters != NULL) {
		vl_masters_profile(a->o->masters, a->profile);
		a->secrets.ops = a->o->source.secrets->ops;
		a->secrets.arg = a->o->masters;
		a->secrets.key = vl_masters_key;
		a->secrets.masters = a->o->site->masters;
		a->secrets.nmasters = a->o->site->nmasters;
	}
	return st == VL_OK ?
	    vl_profile_keep_rows(&a->profile, a->o->site, name, a->err) :
	    st;
}

static enum vl_status
open_put(struct against *a)
{
	struct vl_rows_put_opts opts = { .rows = target_opts(a),
		.dbs = a->dbs,
		.map = a->o->site->map_records,
		.nmap = a->o->site->nmap_records,
		.version = a->version,
		.arg = a,
		.change = take_change };

	opts.rows.report = (struct vl_rows_report){ .arg = a, .note = note };
	return vl_rows_put_open(&a->put, &opts, a->err);
}

static enum vl_status
put_line(struct against *a, const struct vl_record *rec)
{
	const struct vl_tokens_of tokens = { rec->tokens, rec->ntokens };
	const struct vl_slice text = rec->line;
	struct vl_table_line table = { 0 };
	struct vl_row row = { 0 };
	enum vl_status st = VL_OK;

	if (vl_line_kind(text) == VL_LINE_TABLE) {
		st = vl_table_line_decode(&table, &a->store, text, a->err);
		return st == VL_OK ? vl_rows_put_table(a->put, &table, a->err) :
		                     st;
	}
	st = vl_row_decode(&row, &a->store, text, a->err);
	return st == VL_OK ?
	    vl_rows_put_row(a->put, &row, &a->store, &tokens, a->err) :
	    st;
}

static enum vl_status
put_record(struct against *a, const struct vl_record *rec, uint8_t piece[PIECE])
{
	enum vl_status st = put_line(a, rec);
	size_t got = 1;

	while (st == VL_OK && rec->has_body && got > 0) {
		st = vl_rows_read(a->rows, piece, PIECE, &got, a->err);
		if (st == VL_OK && got > 0)
			st = vl_rows_put_body(
			    a->put, (struct vl_slice){ piece, got }, a->err);
	}
	return st;
}

static enum vl_status
put_all(struct against *a)
{
	uint8_t *piece = malloc(PIECE);
	struct vl_record rec = { 0 };
	enum vl_status st = piece == NULL ? vl_fail_memory(a->err) : VL_OK;

	while (st == VL_OK) {
		st = vl_rows_next(a->rows, &rec, a->err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		st = put_record(a, &rec, piece);
	}
	free(piece);
	return st;
}

static enum vl_status
compare(struct against *a)
{
	struct vl_rows_put_counts n = { 0 };
	enum vl_status st = open_put(a);

	if (st == VL_OK)
		st = put_all(a);
	if (st == VL_OK)
		st = vl_rows_put_compare(a->put, a->err);
	if (st != VL_OK)
		return st;
	vl_rows_put_tables(a->put, tell_table, a);
	vl_rows_put_counts(a->put, &n);
	/* A conflict is told, and nothing would be written. */
	if (n.conflict > 0)
		return VL_OK;
	st = vl_rows_put_write(a->put, a->err);
	return st == VL_OK ? vl_rows_put_prove(a->put, a->err) : st;
}

static enum vl_status
run(struct against *a)
{
	struct vl_record rec = { 0 };
	enum vl_status st = vl_rows_open(&a->rows, &a->o->source, a->err);
	bool compared = false;

	if (st == VL_OK)
		st = vl_rows_next(a->rows, &rec, a->err);
	if (st == VL_OK)
		st = vl_dbs_open_copy(&a->dbs, &a->o->target, a->err);
	if (st == VL_OK)
		st = vl_dbs_begin(a->dbs, a->err);
	if (st != VL_OK)
		return st;
	st = take_words(a, rec.line);
	if (st == VL_OK) {
		st = compare(a);
		compared = st == VL_OK;
	}
	st = judge(a, st);
	vl_rows_put_free(a->put);
	a->put = NULL;
	/* All that stands against it, not what was met first alone. */
	if (st == VL_OK && !compared && a->profile != NULL) {
		st = vl_dbs_rollback(a->dbs, a->err);
		if (st == VL_OK)
			st = look_at_target(a);
	}
	return st;
}

enum vl_status
vl_rows_against(
    const struct vl_against *o, enum vl_status *verdict, struct vl_err *err)
{
	struct against a = { .o = o, .err = err };
	enum vl_status st = run(&a);
	size_t i = 0;

	*verdict = a.verdict;
	vl_rows_put_free(a.put);
	vl_rows_free(a.rows);
	if (a.there != a.profile)
		vl_profile_free(a.there);
	vl_profile_free(a.profile);
	vl_dbs_free(a.dbs);
	free(a.version);
	vl_row_store_free(&a.store);
	for (i = 0; i < a.nshown; i++) {
		free(a.shown[i].table);
		vl_buf_free(&a.shown[i].keys[0]);
		vl_buf_free(&a.shown[i].keys[1]);
	}
	free(a.shown);
	return st;
}
