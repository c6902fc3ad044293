/*
 * Tables that the bundle has and the target lacks, of those that the profile
 * says to make: each is called by the id that a row has here, and is made when
 * that row has it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

struct rows_make {
	const struct rows_later *line;
	struct rows_pattern pattern;
	const struct vl_table_words *words;
	size_t number; /* of its rows in the stage */
	size_t of;     /* the table of the row that names it */
	size_t column;
	struct vl_buf key; /* of that row */
	bool stays;        /* it is not made */
	uint64_t rows;     /* that are brought */
};

void
rows_make_free(struct vl_rows_put *p)
{
	size_t i = 0;

	for (i = 0; i < p->nmakes; i++)
		vl_buf_free(&p->makes[i].key);
	free(p->makes);
}

/* The entry of the profile that says to make it. */
static enum vl_status
find_words(
    struct vl_rows_put *p, struct rows_make *m, bool *found, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	const struct vl_table_words *w = NULL;
	char column[VL_COLUMN_MAX + 1] = "";
	enum vl_status st = VL_OK;
	size_t i = 0;

	*found = false;
	for (i = 0; plan->words != NULL && st == VL_OK && !*found &&
	     i < plan->words->ntables;
	     i++) {
		w = &plan->words->tables[i];
		if (!w->create || w->where != NULL ||
		    !rows_named_pattern(&m->pattern, w->tables[0]) ||
		    m->pattern.column_n > VL_COLUMN_MAX)
			continue;
		m->words = w;
		m->of = rows_plan_table(plan, m->pattern.table);
		if (m->of == NONE)
			continue;
		memcpy(column, m->pattern.column, m->pattern.column_n);
		column[m->pattern.column_n] = '\0';
		m->column = vl_table_column(plan->tables[m->of].schema, column);
		if (m->column == NONE)
			continue;
		vl_buf_clear(&m->key);
		st = rows_named_key(&m->pattern, vl_buf_slice(&m->line->name),
		    &m->key, found, err);
	}
	return st;
}

static enum vl_status
add_make(struct vl_rows_put *p, const struct rows_later *line, size_t number,
    struct vl_err *err)
{
	struct rows_make *makes =
	    reallocarray(p->makes, p->nmakes + 1, sizeof(*makes));
	struct rows_make *m = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	char shown[256];
	bool found = false;

	if (makes == NULL)
		return vl_fail_memory(err);
	p->makes = makes;
	m = &makes[p->nmakes++];
	*m = (struct rows_make){ .line = line, .number = number };
	(void)vl_escape_text(shown, sizeof(shown), vl_buf_slice(&line->name));
	st = find_words(p, m, &found, err);
	if (st == VL_OK && !found)
		return vl_fail(err, VL_EREFUSED,
		    "the bundle has table '%s', which is not here", shown);
	if (st == VL_OK && line->shape.n == 0)
		return vl_fail(err, VL_EREFUSED,
		    "the bundle has table '%s', which is not here, and does "
		    "not say how it is made: the export says why",
		    shown);
	if (st == VL_OK)
		st = rows_stage_find(
		    p->stage, m->of, vl_buf_slice(&m->key), &row, &found, err);
	return st == VL_OK && !found ?
	    vl_fail(err, VL_EFORMAT,
	        "table '%s' is called by a row that the bundle has not",
	        shown) :
	    st;
}

enum vl_status
rows_make_find(struct vl_rows_put *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	const char *name = NULL;
	size_t number = 0;
	size_t i = 0;

	for (; st == VL_OK; number++) {
		name = rows_stage_uncalled(p->stage, &number);
		if (name == NULL)
			break;
		for (i = 0; i < p->nlater; i++)
			if (vl_slice_equal(vl_slice_of(name),
			        vl_buf_slice(&p->later[i].name)))
				st = add_make(p, &p->later[i], number, err);
	}
	return st;
}

/* Row by row, where somebody may say otherwise. */
static enum vl_status
decide(struct vl_rows_put *p, const struct rows_make *m, struct vl_err *err)
{
	struct vl_rows_differs d = { .what = VL_ROW_ADD,
		.table = rows_stage_name(p->stage, m->number) };
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;
	bool go = true;

	st = rows_staging_open(&g, p->stage, m->number, ROWS_NEW, err);
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		go = true;
		d.key = row.key;
		st = p->opts.decide(p->opts.arg, &d, &go, err);
		if (st != VL_OK || go)
			continue;
		p->left++;
		row.act = ROWS_LEFT;
		row.r = ROWS_NOWHERE;
		st = rows_stage_set(p->stage, m->number, &row, err);
	}
	rows_staging_free(g);
	return st;
}

void
rows_make_count(const struct vl_rows_put *p,
    void (*table)(
        void *arg, const char *name, const struct vl_rows_put_counts *counts),
    void *arg)
{
	struct vl_rows_put_counts n = { 0 };
	const struct rows_make *m = NULL;
	size_t i = 0;

	for (i = 0; i < p->nmakes; i++) {
		m = &p->makes[i];
		n.add = m->rows;
		n.skip = rows_stage_rows(p->stage, m->number) - m->rows;
		table(arg, rows_stage_name(p->stage, m->number), &n);
	}
}

/* Once it is known what becomes of the rows that name them. */
enum vl_status
rows_make_settle(struct vl_rows_put *p, struct vl_err *err)
{
	const struct vl_rows_report *report = &p->opts.rows.report;
	struct rows_make *m = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	char shown[256];
	char text[512];
	uint64_t rows = 0;
	bool found = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < p->nmakes; i++) {
		m = &p->makes[i];
		rows = rows_stage_rows(p->stage, m->number);
		st = rows_stage_find(
		    p->stage, m->of, vl_buf_slice(&m->key), &row, &found, err);
		if (st != VL_OK)
			break;
		/* Without rows, and of a row that is here, there is nothing
		 * to bring. */
		m->stays = !found || row.act == ROWS_LEFT ||
		    m->words->on_new != VL_ON_NEW_CREATE ||
		    (rows == 0 && row.act != ROWS_NEW);
		if (!m->stays && p->opts.decide != NULL)
			st = decide(p, m, err);
		if (!m->stays)
			m->rows =
			    rows_stage_count(p->stage, m->number, ROWS_NEW);
		p->counts.add += m->rows;
		p->counts.skip += rows - m->rows;
		(void)vl_escape_text(
		    shown, sizeof(shown), vl_buf_slice(&m->line->name));
		(void)snprintf(text, sizeof(text), "table '%s' is %s", shown,
		    m->stays ? "not here, and is not made" :
		               "made: the target has none");
		if (report->note != NULL)
			report->note(report->arg, text);
	}
	return st;
}

enum vl_status
rows_make_tell(struct vl_rows_put *p, const char *before, struct vl_err *err)
{
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	const struct rows_make *m = NULL;
	const char *name = NULL;
	enum vl_status st = VL_OK;
	bool more = true;

	for (; st == VL_OK && p->told_makes < p->nmakes; p->told_makes++) {
		m = &p->makes[p->told_makes];
		name = rows_stage_name(p->stage, m->number);
		if (before != NULL && strcmp(name, before) > 0)
			break;
		if (m->stays)
			continue;
		st = rows_staging_open(&g, p->stage, m->number, ROWS_NEW, err);
		for (more = true; st == VL_OK;) {
			st = rows_staging_next(g, &row, &more, err);
			if (st != VL_OK || !more)
				break;
			p->opts.change(
			    p->opts.arg, name, VL_ROW_ADD, row.key, "");
		}
		rows_staging_free(g);
		g = NULL;
	}
	return st;
}

/* Its name: the id that the row has here, or gets. */
static enum vl_status
make_name(struct vl_rows_put *p, const struct rows_make *m, struct vl_buf *name,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_cell id = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	st = rows_ids_find(p, m->of, m->column, vl_buf_slice(&m->key), &text,
	    &id, &found, err);
	if (st == VL_OK &&
	    (!found || (id.type != VL_CELL_TEXT && id.type != VL_CELL_INT) ||
	        (id.type == VL_CELL_TEXT &&
	            memchr(id.bytes.p, 0, id.bytes.n) != NULL)))
		st = vl_fail(err, VL_EREFUSED,
		    "the row that names it has no id that could");
	if (st == VL_OK)
		st = vl_buf_add(name, m->pattern.before, err);
	if (st == VL_OK && id.type == VL_CELL_INT)
		st = vl_buf_printf(name, err, "%lld", (long long)id.integer);
	else if (st == VL_OK)
		st = vl_buf_add(name, id.bytes, err);
	if (st == VL_OK)
		st = vl_buf_printf(name, err, "%s%c", m->pattern.after, 0);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
make_one(struct vl_rows_put *p, const struct rows_make *m, struct vl_err *err)
{
	struct rows_plan *plan = &p->here->plan;
	const struct vl_table *made = NULL;
	struct vl_table like = { 0 };
	struct vl_buf name = { 0 };
	enum vl_status st = make_name(p, m, &name, err);

	if (st == VL_OK)
		st = rows_shape_read(&like, vl_buf_slice(&m->line->schema),
		    vl_buf_slice(&m->line->shape), err);
	if (st == VL_OK) {
		like.name = (char *)name.p;
		name = (struct vl_buf){ 0 };
		st = vl_db_make_table(p->here->opts.db, &like, &made, err);
	}
	if (st == VL_OK)
		st = rows_plan_extend(plan, &p->opts.rows, made, err);
	if (st == VL_OK && plan->tables[plan->ntables - 1].nentries != 1)
		st = vl_fail(err, VL_EREFUSED,
		    "the profile has several entries for it: one that it may "
		    "be made by stands alone");
	if (st == VL_OK) {
		rows_stage_use(p->stage, plan->ntables - 1, m->number);
		st = rows_drift(
		    p, plan->ntables - 1, vl_buf_slice(&m->line->schema), err);
	}
	if (st == VL_OK)
		st = rows_ids_give_table(p, plan->ntables - 1, err);
	vl_table_clear(&like);
	vl_buf_free(&name);
	return st;
}

enum vl_status
rows_make_tables(struct vl_rows_put *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char shown[256];
	size_t i = 0;

	for (i = 0; st == VL_OK && i < p->nmakes; i++) {
		if (p->makes[i].stays)
			continue;
		st = make_one(p, &p->makes[i], err);
		if (st != VL_OK)
			return vl_within(err, "table '%s'",
			    vl_escape_text(shown, sizeof(shown),
			        vl_buf_slice(&p->makes[i].line->name)));
	}
	return st == VL_OK && p->nmakes > 0 ?
	    rows_order(&p->here->plan, &p->opts.rows, err) :
	    st;
}
