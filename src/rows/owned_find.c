/*
 * Which files the rows of a target own, and those of the bundle, as notes.
 */

#include <stdlib.h>
#include <string.h>

#include "owned_name.h"
#include "put.h"

/* ---- A row of the bundle ---- */

struct rows_owning {
	struct vl_rows_put *p;
	size_t table;
	const struct rows_table *t;
	struct vl_probe *probe; /* NULL: no line has a condition */
	bool *holds;            /* of each line */
	struct vl_cell *cells;  /* of each column */
	struct vl_buf *texts;
	struct vl_row_store store;
	struct naming own;   /* of the bundle's row */
	struct naming there; /* of the one here */
	int64_t n;           /* that was asked for last */
	bool both;
};

static enum vl_status
open_probe(struct rows_owning *w, struct vl_err *err)
{
	const struct rows_table *t = w->t;
	const char **columns = calloc(t->schema->ncolumns + 1, sizeof(char *));
	const char **conditions = calloc(t->nfiles + 1, sizeof(char *));
	struct vl_scan_opts opts = { .table = t->schema->name,
		.columns = columns,
		.ncolumns = t->schema->ncolumns,
		.conditions = conditions };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (columns == NULL || conditions == NULL)
		st = vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < t->schema->ncolumns; i++)
		columns[i] = t->schema->columns[i].name;
	for (i = 0; st == VL_OK && i < t->nfiles; i++)
		if (t->files[i].condition != NONE)
			conditions[opts.nconditions++] =
			    t->conditions[t->files[i].condition];
	if (st == VL_OK && opts.nconditions > 0)
		st = vl_probe_open(&w->probe, w->p->here->opts.db, &opts, err);
	free(columns);
	free(conditions);
	return st;
}

enum vl_status
rows_owning_open(struct rows_owning **out, struct vl_rows_put *p, size_t table,
    struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_owning *w = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (!naming_any(t))
		return VL_OK;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return vl_fail_memory(err);
	*out = w;
	*w = (struct rows_owning){ .p = p,
		.table = table,
		.t = t,
		.own = { .o = p->opts.rows.owned, .err = err },
		.there = { .o = p->opts.rows.owned, .err = err } };
	w->holds = calloc(t->nfiles + 1, sizeof(*w->holds));
	w->cells = calloc(t->schema->ncolumns + 1, sizeof(*w->cells));
	w->texts = calloc(t->schema->ncolumns + 1, sizeof(*w->texts));
	if (w->holds == NULL || w->cells == NULL || w->texts == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = naming_open(&w->own, t);
	if (st == VL_OK)
		st = naming_open(&w->there, t);
	return st == VL_OK ? open_probe(w, err) : st;
}

void
rows_owning_free(struct rows_owning *w)
{
	size_t i = 0;

	if (w == NULL)
		return;
	vl_probe_free(w->probe);
	for (i = 0; w->texts != NULL && i < w->t->schema->ncolumns; i++)
		vl_buf_free(&w->texts[i]);
	free(w->texts);
	free(w->cells);
	free(w->holds);
	vl_row_store_free(&w->store);
	naming_close(&w->own);
	naming_close(&w->there);
	free(w);
}

/* The row's values as they would be here: those of paths, and where a
 * condition asks for them all; ids that are not given yet are NULL. */
static enum vl_status
fill(struct rows_owning *w, const struct rows_staged *row, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&w->store, row->row, err);
	size_t column = 0;
	size_t at = 0;

	memset(w->cells, 0, w->t->schema->ncolumns * sizeof(*w->cells));
	w->p->probing = true;
	while (st == VL_OK && vl_row_next(&w->store, 0, &at, &name, &v)) {
		column = rows_column(w->t, name);
		if (column != NONE &&
		    (w->probe != NULL || rows_owned_names(w->t, column)))
			st = rows_fill(w->p, w->table, column, row, &w->store,
			    &v, &w->texts[column], &w->cells[column], err);
	}
	w->p->probing = false;
	if (st == VL_OK && w->probe != NULL)
		st = vl_probe_run(w->probe, w->cells, w->holds, err);
	return st;
}

/* The path of a row of the bundle into w->own. */
static enum vl_status
name_staged(struct rows_owning *w, const struct rows_staged *row)
{
	struct naming *n = &w->own;
	const struct rows_file *f = NULL;
	enum vl_status st = fill(w, row, n->err);
	size_t asked = 0;
	size_t i = 0;

	vl_buf_clear(&n->path);
	n->f = NULL;
	for (i = 0; st == VL_OK && i < w->t->nfiles; i++) {
		f = &w->t->files[i];
		if (f->condition != NONE && !w->holds[asked++])
			continue;
		if (n->f != NULL)
			st = vl_fail(n->err, VL_EREFUSED,
			    "two lines of the profile say which file it owns: "
			    "'%s' and '%s'",
			    n->f->words->file, f->words->file);
		n->f = f;
	}
	if (st != VL_OK || n->f == NULL || n->f->tree == NONE)
		return st;
	for (i = 0; i < n->f->nparts; i++)
		if (n->f->parts[i].column != NONE)
			n->cells[i] = w->cells[n->f->parts[i].column];
	return rows_owned_path(&n->path, w->t, n->f, n->cells, n->err);
}

enum vl_status
rows_owning_both(struct rows_owning *w, const struct rows_reader *rd,
    const struct rows_staged *row, bool *both, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*both = w->both;
	if (w->n == row->n)
		return VL_OK;
	w->own.err = w->there.err = err;
	st = name_staged(w, row);
	if (st == VL_OK)
		st = naming_read(&w->there, rd);
	w->n = row->n;
	w->both = *both = st == VL_OK && w->own.path.n > 0 &&
	    w->there.path.n > 0 && w->own.f == w->there.f;
	return st;
}

/* ---- All of them ---- */

static enum vl_status
note_held(struct rows_owning *w, int64_t number, enum owned_held kind)
{
	const struct naming *n = &w->there;
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(n->o, OWNED_HELD, &q, n->err);
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)n->f->tree);
	bound |= lite_bind_bytes(q, 2, vl_buf_slice(&n->path));
	bound |= sqlite3_bind_int64(q, 3, (int64_t)w->table);
	bound |= sqlite3_bind_int64(q, 4, n->f - w->t->files);
	bound |= sqlite3_bind_int64(q, 5, number);
	bound |= sqlite3_bind_int(q, 6, (int)kind);
	bound |= lite_bind_bytes(q, 7, vl_buf_slice(&n->name));
	bound |= lite_bind_bytes(q, 8, vl_buf_slice(&n->at));
	bound |= lite_bind_bytes(q, 9, vl_buf_slice(&n->json));
	bound |= lite_bind_bytes(q, 10, (struct vl_slice){ n->here, n->nhere });
	return lite_done(n->o->db, q, bound, OWNED_WHAT, n->err);
}

/* Its cells by lines of the profile by which it owns no file, but may get one:
 * without a path. */
static enum vl_status
note_bare(struct rows_owning *w, const struct rows_reader *rd, int64_t number)
{
	struct naming *n = &w->there;
	const struct rows_file *own = n->path.n > 0 ? n->f : NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_buf_clear(&n->path);
	for (i = 0; st == VL_OK && i < w->t->nfiles; i++) {
		n->f = &w->t->files[i];
		if (n->f == own || n->f->tree == NONE)
			continue;
		rows_owned_cells(rd, n->f, n->cells);
		st = naming_cells(n);
		if (st == VL_OK)
			st = note_held(w, number, OWNED_MET);
	}
	return st;
}

/* What becomes of the reader's row. */
static enum vl_status
hold_row(struct rows_owning *w, const struct rows_reader *rd,
    const struct rows_note *note)
{
	struct naming *n = &w->there;
	struct rows_staged row = { 0 };
	enum owned_held kind = OWNED_KEPT;
	bool found = false;
	bool gone = false;
	enum vl_status st = naming_read(n, rd);

	if (st != VL_OK)
		return rows_reader_within(rd, n->err);
	st = rows_stage_find(
	    w->p->stage, w->table, note->key, &row, &found, n->err);
	if (st == VL_OK && !found)
		st = rows_stage_is_gone(
		    w->p->stage, w->table, note->key, &gone, n->err);
	if (st != VL_OK)
		return st;
	if (gone)
		kind = OWNED_GOES;
	if (found && row.act != ROWS_LEFT && note->state == ROWS_CARRIED)
		kind = OWNED_MET;
	if (n->path.n == 0 && kind != OWNED_MET)
		return VL_OK;
	st = naming_call(n, rd->t, note->key);
	vl_buf_clear(&n->at);
	n->nhere = 0;
	if (kind == OWNED_MET && w->p->opts.decide != NULL) {
		rows_hash_here(n->here, rd);
		n->nhere = sizeof(n->here);
	}
	if (st == VL_OK && kind == OWNED_MET && rd->t->schema->without_rowid)
		st = rows_reader_primary(rd, &n->at, n->err);
	if (st == VL_OK && n->path.n > 0)
		st = naming_cells(n);
	if (st == VL_OK && n->path.n > 0)
		st = note_held(w, found ? row.n : 0, kind);
	return st == VL_OK && kind == OWNED_MET ? note_bare(w, rd, row.n) : st;
}

static enum vl_status
hold_rows(struct rows_owning *w)
{
	struct vl_rows *here = w->p->here;
	struct rows_reader rd = { 0 };
	struct rows_walk *walk = NULL;
	struct rows_note note = { 0 };
	struct vl_err *err = w->own.err;
	enum vl_status st = rows_scratch_forget(here->scratch, err);
	bool row = true;

	if (st == VL_OK)
		st = rows_reader_open(
		    &rd, here->opts.db, &here->plan, w->table, NULL, err);
	if (st == VL_OK)
		st =
		    rows_walk_open(&walk, &rd, &here->plan, here->scratch, err);
	while (st == VL_OK) {
		st = rows_walk_next(walk, &note, &row);
		if (st != VL_OK || !row)
			break;
		st = hold_row(w, &rd, &note);
	}
	rows_walk_free(walk);
	rows_reader_close(&rd);
	return st;
}

static enum vl_status
note_want(
    struct rows_owning *w, const struct rows_staged *row, enum owned_want kind)
{
	const struct naming *n = &w->own;
	sqlite3_stmt *q = NULL;
	enum vl_status st = owned_statement(n->o, OWNED_WANT, &q, n->err);
	bool came = false;
	int bound = 0;

	if (st != VL_OK)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)n->f->tree);
	bound |= lite_bind_bytes(q, 2, vl_buf_slice(&n->path));
	bound |= sqlite3_bind_int64(q, 3, (int64_t)w->table);
	bound |= sqlite3_bind_int64(q, 4, n->f - w->t->files);
	bound |= sqlite3_bind_int64(q, 5, row->n);
	bound |= sqlite3_bind_int(q, 6, (int)kind);
	bound |= lite_bind_bytes(q, 7, vl_buf_slice(&n->name));
	bound |= lite_bind_bytes(q, 8, row->key);
	bound |= lite_bind_bytes(q, 9, vl_buf_slice(&n->json));
	st = lite_done(n->o->db, q, bound, OWNED_WHAT, n->err);
	if (st != VL_OK || kind != OWNED_HERE)
		return st;
	/* Without a file in the bundle it keeps the one that it has here. */
	st = owned_ask(n->o, OWNED_DROPPED, n->f->tree, vl_buf_slice(&n->path),
	    &q, &came, n->err);
	if (q != NULL)
		(void)sqlite3_reset(q);
	if (st == VL_OK && !came)
		st = owned_statement(n->o, OWNED_KEEP, &q, n->err);
	if (st != VL_OK || came)
		return st;
	bound = sqlite3_bind_int64(q, 1, (int64_t)w->table);
	bound |= sqlite3_bind_int64(q, 2, row->n);
	return lite_done(n->o->db, q, bound, OWNED_WHAT, n->err);
}

static enum vl_status
want_rows(struct rows_owning *w)
{
	struct naming *n = &w->own;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct rows_staged held = { 0 };
	struct vl_buf memory = { 0 };
	enum vl_status st = rows_staging_all(&g, w->p->stage, w->table, n->err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, n->err);
		if (st != VL_OK || !more)
			break;
		st = rows_staged_hold(&held, &row, &memory, n->err);
		if (st == VL_OK)
			st = naming_call(n, w->t, held.key);
		if (st == VL_OK)
			st = name_staged(w, &held);
		if (st != VL_OK)
			(void)vl_within(n->err, "%.*s", (int)n->name.n,
			    (const char *)n->name.p);
		if (st != VL_OK || n->path.n == 0)
			continue;
		st = naming_cells(n);
		if (st == VL_OK)
			st = note_want(w, &held,
			    held.act == ROWS_LEFT    ? OWNED_LEFT :
			        held.act == ROWS_NEW ? OWNED_NEW :
			                               OWNED_HERE);
	}
	rows_staging_free(g);
	vl_buf_free(&memory);
	return st;
}

/* A record that is another one here has another key, which the names of files
 * would have to follow. */
static enum vl_status
check_maps(const struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	size_t i = 0;
	size_t k = 0;

	for (i = 0; rows_map_has(&p->here->plan, table) && i < t->nentries; i++)
		for (k = 0; k < t->entries[i].nkey; k++)
			if (rows_owned_names(t, t->entries[i].key[k]))
				return vl_fail(err, VL_EREFUSED,
				    "'map' of table '%s': its key stands in "
				    "names of files, which this version does "
				    "not map",
				    t->schema->name);
	return VL_OK;
}

static enum vl_status
find_table(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	struct rows_owning *w = NULL;
	enum vl_status st = rows_owning_open(&w, p, table, err);

	if (st == VL_OK && w != NULL)
		st = check_maps(p, table, err);
	if (st == VL_OK && w != NULL)
		st = hold_rows(w);
	if (st == VL_OK && w != NULL)
		st = want_rows(w);
	rows_owning_free(w);
	return st;
}

enum vl_status
rows_owned_find(struct vl_rows_put *p, struct vl_err *err)
{
	enum vl_status st = owned_forget(p->opts.rows.owned, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < p->here->plan.ntables; i++)
		st = find_table(p, i, err);
	return st;
}
