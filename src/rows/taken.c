/* What is said of the row that has a unique key which a row of the bundle is
 * to have. */

#include <stdlib.h>

#include <valise/text.h>

#include "put.h"

/* That row. */
struct in_the_way {
	const struct vl_cell *cells; /* as columns_of() has them */
	size_t n;
	struct vl_buf primary; /* its primary key as an array; or none */
	struct vl_buf key;
	const char *what; /* the key is one of these */
	bool found;
	bool more; /* it may be another one */
};

static enum vl_status
read_primary(
    const struct rows_table *t, struct in_the_way *r, struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t i = !t->schema->without_rowid;

	if (i == r->n)
		return VL_OK;
	vl_json_w_init(&w, &r->primary);
	vl_json_w_open(&w, '[');
	for (; i < r->n; i++)
		vl_cell_write(&w, &r->cells[i]);
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

/* The reader is at it. */
static enum vl_status
is_it(const struct rows_reader *rd, const struct in_the_way *r,
    struct vl_buf *text, bool *is, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*is = rd->r == r->cells[0].integer;
	if (!rd->t->schema->without_rowid)
		return VL_OK;
	st = rows_reader_primary(rd, text, err);
	*is = vl_slice_equal(vl_buf_slice(text), vl_buf_slice(&r->primary));
	return st;
}

/* Its key, where keys of the table are nowhere but in its rows. */
static enum vl_status
walk_to(struct vl_rows_put *p, size_t table, struct in_the_way *r,
    struct vl_err *err)
{
	struct rows_reader rd = { 0 };
	struct rows_walk *walk = NULL;
	struct rows_note note = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	bool row = true;
	bool is = false;

	st = rows_reader_open(
	    &rd, p->here->opts.db, &p->here->plan, table, NULL, err);
	if (st == VL_OK)
		st = rows_walk_open(
		    &walk, &rd, &p->here->plan, p->here->scratch, err);
	while (st == VL_OK && !is) {
		st = rows_walk_next(walk, &note, &row);
		if (st != VL_OK || !row)
			break;
		st = is_it(&rd, r, &text, &is, err);
	}
	if (st == VL_OK && is && note.state == ROWS_CARRIED)
		st = vl_buf_add(&r->key, note.key, err);
	rows_walk_free(walk);
	rows_reader_close(&rd);
	vl_buf_free(&text);
	return st;
}

/* Its key by the note that was made before anything was written. */
static enum vl_status
ask_note(struct vl_rows_put *p, size_t table, struct in_the_way *r,
    struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_note note = { 0 };
	bool found = false;
	enum vl_status st = rows_scratch_row(
	    p->here->scratch, table, r->cells[0].integer, &note, &found, err);

	if (st == VL_OK && found && note.state == ROWS_CARRIED)
		return vl_buf_add(&r->key, note.key, err);
	if (st == VL_OK && !found && t->primary != NONE)
		st = rows_stage_new(
		    p, table, &r->cells[r->n - 1], &r->key, &found, err);
	return st;
}

static enum vl_status
name_it(struct vl_rows_put *p, size_t table, struct in_the_way *r,
    struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_staged row = { 0 };
	bool found = false;
	enum vl_status st = read_primary(t, r, err);

	r->what = "row";
	if (st == VL_OK && t->direct)
		st = walk_to(p, table, r, err);
	else if (st == VL_OK && !t->schema->without_rowid)
		st = ask_note(p, table, r, err);
	if (st == VL_OK && r->key.n > 0) {
		st = rows_stage_find(
		    p->stage, table, vl_buf_slice(&r->key), &row, &found, err);
		if (found && (row.act == ROWS_NEW || row.act == ROWS_AGAIN_NEW))
			r->what = "the new row";
		return st;
	}
	if (st == VL_OK && r->primary.n > 0) {
		r->what = "the row with the primary key";
		return vl_buf_add(&r->key, vl_buf_slice(&r->primary), err);
	}
	return st == VL_OK ? vl_buf_printf(&r->key, err, "%lld",
	                         (long long)r->cells[0].integer) :
	                     st;
}

/* The columns that a row is asked for. */
static size_t
columns_of(const struct rows_table *t, const char **names)
{
	size_t n = 0;
	size_t i = 0;

	if (!t->schema->without_rowid)
		names[n++] = NULL;
	for (i = 0; i < t->schema->ncolumns; i++)
		if (t->schema->columns[i].key > 0)
			names[n++] = t->schema->columns[i].name;
	return n;
}

static enum vl_status
find(struct vl_rows_put *p, size_t table, const struct rows_tried *tried,
    struct in_the_way *r, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	const char **names = calloc(t->schema->ncolumns + 1, sizeof(*names));
	struct vl_taken_opts opts = { .cells = tried->cells, .columns = names };
	struct vl_scan *scan = NULL;
	enum vl_status st = VL_OK;

	if (names == NULL)
		return vl_fail_memory(err);
	opts.n = r->n = columns_of(t, names);
	st = vl_write_taken(&scan, tried->write, &opts, err);
	if (st == VL_OK && scan != NULL)
		st = vl_scan_next(scan, &r->cells, &r->found, err);
	if (st == VL_OK && r->found)
		st = name_it(p, table, r, err);
	if (st == VL_OK && r->found)
		st = vl_scan_next(scan, &r->cells, &r->more, err);
	vl_scan_free(scan);
	free(names);
	return st;
}

enum vl_status
rows_taken(struct vl_rows_put *p, size_t table, const struct rows_tried *tried,
    struct vl_err *err)
{
	struct in_the_way r = { 0 };
	struct vl_err own = { 0 };
	enum vl_status st = find(p, table, tried, &r, &own);
	char shown[256];

	/* What was refused is said in any case. */
	if (st != VL_OK || !r.found || r.more)
		st = vl_fail(err, err->status,
		    "%s; a row of the target has that already: change it "
		    "there, or this one at the source",
		    err->text);
	else
		st = vl_fail(err, err->status,
		    "%s; in the way is %s %s of the target: change one of the "
		    "two, or let the profile give both one key",
		    err->text, r.what,
		    vl_escape_text(shown, sizeof(shown), vl_buf_slice(&r.key)));
	vl_buf_free(&r.primary);
	vl_buf_free(&r.key);
	return st;
}
