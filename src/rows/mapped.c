/*
 * Rows of the bundle whose tables are matched by a column: each is noted by
 * what it has there, before the rows here are read.  And what was mapped but
 * is nowhere, or found nothing.
 */

#include <string.h>

#include <valise/text.h>

#include "map.h"
#include "put.h"

/* As many are named of those that found nothing. */
#define NAMED_MAX 5

/* A row with a value in the column. */
static enum vl_status
add_row(struct vl_rows_put *p, const struct mapped_by *by, struct vl_slice key,
    const struct vl_cell *value, struct vl_err *err)
{
	struct vl_slice kept = { NULL, key.n };
	struct mapped *m = NULL;
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;

	st = mapped_new(&p->here->plan, by->words, by->table, &m, err);
	if (st == VL_OK)
		st = vl_buf_add(&m->key, key, err);
	if (st == VL_OK)
		st = vl_buf_reserve(&m->memory, 3 * key.n, err);
	if (st == VL_OK)
		st = vl_buf_add(&m->memory, key, err);
	kept.p = m->memory.p;
	if (st == VL_OK)
		st = mapped_cells(m->from, m->n, kept, &m->memory, err);
	if (st == VL_OK)
		st = vl_buf_printf(&m->look, err, "%c", LOOK_COLUMN);
	vl_json_w_init(&w, &m->look);
	vl_cell_write(&w, value);
	return st == VL_OK ? vl_json_w_end(&w, err) : st;
}

static enum vl_status
look_at_row(struct vl_rows_put *p, const struct mapped_by *by,
    struct rows_staged *row, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = rows_row_parse(&p->store, row->row, err);
	size_t at = 0;

	while (st == VL_OK && vl_row_next(&p->store, 0, &at, &name, &v)) {
		if (!vl_slice_equal(name, vl_slice_of(by->words->by)))
			continue;
		if (v.kind != VL_VALUE_CELL)
			return mapped_fail(by->words, VL_EREFUSED, err,
			    "'%s' of row %.*s has more than %d bytes",
			    by->words->by, (int)row->key.n,
			    (const char *)row->key.p, VL_VALUE_INLINE_MAX);
		return v.cell.type == VL_CELL_NULL ?
		    VL_OK :
		    add_row(p, by, row->key, &v.cell, err);
	}
	return st;
}

static enum vl_status
load_table(
    struct vl_rows_put *p, const struct mapped_by *by, struct vl_err *err)
{
	struct rows_maps *maps = p->here->plan.maps;
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st =
	    rows_staging_open(&g, p->stage, by->table, ROWS_NEW, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		/* One that is named by a line of its own goes by that. */
		if (mapped_find_key(maps, by->table, row.key) == NULL)
			st = look_at_row(p, by, &row, err);
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_mapped_load(struct vl_rows_put *p, struct vl_err *err)
{
	struct rows_maps *maps = p->here->plan.maps;
	enum vl_status st = VL_OK;
	uint64_t rows = 0;
	size_t i = 0;

	if (maps == NULL || maps->nbys == 0)
		return VL_OK;
	for (i = 0; i < maps->nbys; i++)
		rows += rows_stage_rows(p->stage, maps->bys[i].table);
	if (rows > MAPPED_MAX)
		return mapped_fail(maps->bys[0].words, VL_EREFUSED, err,
		    "more than %u rows are to be matched by a column",
		    MAPPED_MAX);
	/* The index holds while they are added: none moves. */
	st = mapped_reserve(maps, (size_t)rows + 1, err);
	if (st == VL_OK)
		st = mapped_index(maps, err);
	for (i = 0; st == VL_OK && i < maps->nbys; i++)
		st = load_table(p, &maps->bys[i], err);
	return st == VL_OK ? mapped_index(maps, err) : st;
}

void
rows_mapped_lend(struct vl_rows_put *p, struct vl_rows *after)
{
	struct rows_maps *maps = p->here->plan.maps;
	size_t i = 0;

	rows_map_free(&after->plan);
	after->plan.maps = maps;
	after->plan.maps_lent = true;
	for (i = 0; maps != NULL && i < maps->n; i++)
		maps->list[i].met = false;
}

/* "note: ", and where the line stands. */
static enum vl_status
note_of(
    struct vl_buf *text, const struct vl_map_record *words, struct vl_err *err)
{
	if (words->file == NULL)
		return vl_buf_printf(text, err, "note: map: ");
	return vl_buf_printf(
	    text, err, "note: %s:%u: ", words->file, words->line);
}

static enum vl_status
give(struct vl_rows_put *p, struct vl_buf *text, struct vl_err *err)
{
	enum vl_status st = vl_buf_printf(text, err, "%c", 0);

	if (st == VL_OK && p->opts.rows.report.note != NULL)
		p->opts.rows.report.note(
		    p->opts.rows.report.arg, (const char *)text->p);
	return st;
}

static enum vl_status
say(struct vl_rows_put *p, const struct mapped *m, bool staged,
    struct vl_err *err)
{
	char from[256];
	char to[256];
	struct vl_buf text = { 0 };
	struct vl_slice here = { m->look.p + 1, m->look.n - 1 };
	enum vl_status st = note_of(&text, m->words, err);

	if (st == VL_OK)
		st = vl_buf_printf(&text, err,
		    "table '%s' has no row %s %s: %s is not mapped",
		    m->words->table,
		    staged ? vl_escape_text(to, sizeof(to), here) :
		             vl_escape_text(
		                 from, sizeof(from), vl_buf_slice(&m->key)),
		    staged ? "here" : "in the bundle",
		    staged ? vl_escape_text(
		                 from, sizeof(from), vl_buf_slice(&m->key)) :
		             vl_escape_text(to, sizeof(to), here));
	if (st == VL_OK)
		st = give(p, &text, err);
	vl_buf_free(&text);
	return st;
}

/* Rows of the bundle whose value no row here has: how many, and the names of
 * the first, as people who were to be known by a column are asked for. */
static enum vl_status
say_by(struct vl_rows_put *p, const struct mapped_by *by, struct vl_err *err)
{
	const struct rows_maps *maps = p->here->plan.maps;
	const struct mapped *m = NULL;
	struct vl_buf names = { 0 };
	struct vl_buf text = { 0 };
	char name[256];
	enum vl_status st = VL_OK;
	size_t alone = 0;
	size_t all = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < maps->n; i++) {
		m = &maps->list[i];
		if (m->words != by->words)
			continue;
		all++;
		if (!m->met && alone++ < NAMED_MAX)
			st = vl_buf_printf(&names, err, "%s%s",
			    alone == 1 ? "" : ", ",
			    vl_escape_text(
			        name, sizeof(name), vl_buf_slice(&m->key)));
	}
	if (st == VL_OK && alone > NAMED_MAX)
		st = vl_buf_printf(
		    &names, err, ", and %zu more", alone - NAMED_MAX);
	if (st == VL_OK && alone > 0)
		st = note_of(&text, by->words, err);
	if (st == VL_OK && alone > 0)
		st = vl_buf_printf(&text, err,
		    "table '%s': of %zu rows of the bundle matched by '%s' %zu "
		    "found none here: %.*s",
		    by->words->table, all, by->words->by, alone, (int)names.n,
		    (const char *)names.p);
	if (st == VL_OK && alone > 0)
		st = give(p, &text, err);
	vl_buf_free(&names);
	vl_buf_free(&text);
	return st;
}

enum vl_status
rows_mapped_say(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_maps *maps = p->here->plan.maps;
	const struct mapped *m = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool staged = false;
	size_t i = 0;

	for (i = 0; maps != NULL && st == VL_OK && i < maps->n; i++) {
		m = &maps->list[i];
		if (m->words->by != NULL || m->over)
			continue;
		st = rows_stage_find(p->stage, m->table, vl_buf_slice(&m->key),
		    &row, &staged, err);
		if (st == VL_OK && (!staged || !m->met))
			st = say(p, m, staged, err);
	}
	for (i = 0; maps != NULL && st == VL_OK && i < maps->nbys; i++)
		st = say_by(p, &maps->bys[i], err);
	return st;
}
