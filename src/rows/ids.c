/*
 * New ids, all given before the first row is written, so that rows may refer
 * to one another in circles; and from the key of a row to its id here.
 */

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

/* An id as short as that is drawn again where it is taken. */
#define TRIES_MAX 64

enum vl_status
rows_ids_source(struct vl_rows_put *p, size_t table, struct vl_slice x,
    struct vl_cell *id, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 0;

	*id = (struct vl_cell){ 0 };
	if (x.n == 0 || t->primary == NONE ||
	    t->columns[t->primary].role != ROWS_ID)
		return VL_OK;
	st = rows_row_parse(&p->theirs, x, err);
	while (st == VL_OK && vl_row_next(&p->theirs, 0, &at, &name, &v))
		if (vl_slice_equal(
		        name, vl_slice_of(t->schema->columns[t->primary].name)))
			*id = v.cell;
	return st;
}

/* Another of the same shape: letters, digits and the rest where they were. */
static enum vl_status
draw(struct vl_buf *text, const struct vl_cell *like, struct vl_cell *id,
    struct vl_err *err)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	uint8_t lot[256];
	size_t n = like->bytes.n < sizeof(lot) ? like->bytes.n : sizeof(lot);
	bool hex = true;
	size_t i = 0;

	for (i = 0; i < n; i++)
		hex = hex &&
		    (isxdigit(like->bytes.p[i]) != 0 ||
		        like->bytes.p[i] == '-');
	vl_random((uint8_t *)lot, n);
	vl_buf_clear(text);
	for (i = 0; i < n; i++) {
		uint8_t c = like->bytes.p[i];

		if (hex && c != '-')
			c = (uint8_t) "0123456789abcdef"[lot[i] % 16];
		else if (isdigit(c))
			c = (uint8_t)('0' + lot[i] % 10);
		else if (islower(c))
			c = (uint8_t)letters[lot[i] % 26];
		else if (isupper(c))
			c = (uint8_t)toupper(letters[lot[i] % 26]);
		lot[i] = c;
	}
	*id = (struct vl_cell){ .type = like->type };
	if (vl_buf_add(text, (struct vl_slice){ lot, n }, err) != VL_OK)
		return err->status;
	id->bytes = vl_buf_slice(text);
	return VL_OK;
}

static enum vl_ids_policy
ids_of(const struct rows_entry *e, bool integer)
{
	enum vl_ids_policy ids =
	    e->words == NULL ? VL_IDS_DEFAULT : e->words->ids;

	if (ids != VL_IDS_DEFAULT)
		return ids;
	/* It would not be found by it again. */
	if (e->by_id)
		return VL_IDS_KEEP;
	return integer ? VL_IDS_NEW : VL_IDS_KEEP_OR_NEW;
}

/* The id that it had, or for a text a new one like it. */
static enum vl_status
give_text(struct vl_rows_put *p, size_t table, struct rows_staged *row,
    bool keep, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	const struct vl_cell source = row->id;
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool taken = !keep;
	unsigned tries = 0;

	for (tries = 0; st == VL_OK && (taken || tries == 0); tries++) {
		if (tries == TRIES_MAX ||
		    (taken && source.type != VL_CELL_TEXT))
			return vl_fail(err, VL_EREFUSED,
			    "its id is taken here by another row, and no new "
			    "one of its kind is found: give the row another "
			    "id at the source");
		if (taken)
			st = draw(&p->text, &source, &row->id, err);
		if (st == VL_OK)
			st = rows_scratch_find(p->here->scratch, table,
			    t->primary, &row->id, &note, &taken, err);
		if (st == VL_OK && !taken)
			st = rows_stage_take_id(
			    p->stage, table, &row->id, &taken, err);
	}
	return st;
}

static enum vl_status
give_next(struct rows_staged *row, int64_t *next, struct vl_err *err)
{
	if (*next == INT64_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "no id is left for it: another row has the last there is");
	row->id = (struct vl_cell){ .type = VL_CELL_INT, .integer = (*next)++ };
	return VL_OK;
}

static enum vl_status
give_one(struct vl_rows_put *p, size_t table, struct rows_staged *row,
    int64_t *next, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	const struct vl_column *c = &t->schema->columns[t->primary];
	enum vl_ids_policy ids = ids_of(&t->entries[row->entry], c->integer_id);
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool taken = true;

	if (ids == VL_IDS_NEW && c->integer_id)
		return give_next(row, next, err);
	st = rows_ids_source(p, table, row->x, &row->id, err);
	if (st == VL_OK && ids != VL_IDS_NEW && row->id.type != VL_CELL_NULL)
		st = rows_scratch_find(p->here->scratch, table, t->primary,
		    &row->id, &note, &taken, err);
	if (st != VL_OK)
		return st;
	if (ids == VL_IDS_KEEP && taken)
		return vl_fail(err, VL_EREFUSED,
		    "'ids: keep', and its id is taken by another row here");
	if (!c->integer_id)
		return give_text(p, table, row, !taken, err);
	return taken ? give_next(row, next, err) : VL_OK;
}

static bool
gives_next(const struct rows_table *t)
{
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		if (ids_of(&t->entries[i], true) != VL_IDS_NEW)
			return false;
	return t->schema->columns[t->primary].integer_id;
}

/* Some rows keep the ids that they had, and others get one. */
static bool
gives_both(const struct rows_table *t)
{
	bool all = true; /* keep theirs */
	size_t i = 0;

	for (i = 0; i < t->nentries; i++)
		all = all && ids_of(&t->entries[i], true) == VL_IDS_KEEP;
	return t->schema->columns[t->primary].integer_id && !all;
}

/* New ids begin behind those that rows of the bundle may keep. */
static enum vl_status
pass_kept(
    struct vl_rows_put *p, size_t table, int64_t *next, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	struct vl_cell id = { 0 };
	enum vl_status st =
	    rows_staging_open(&g, p->stage, table, ROWS_NEW, err);
	bool more = true;

	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		if (ids_of(&t->entries[row.entry], true) == VL_IDS_NEW)
			continue;
		st = rows_ids_source(p, table, row.x, &id, err);
		if (st == VL_OK && id.type == VL_CELL_INT &&
		    id.integer >= *next)
			*next =
			    id.integer < INT64_MAX ? id.integer + 1 : INT64_MAX;
	}
	rows_staging_free(g);
	return st;
}

static enum vl_status
give_table(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_staging *g = NULL;
	struct rows_staged row = { 0 };
	enum vl_status st = VL_OK;
	int64_t next = 0;
	bool numbered = false;
	bool more = true;

	if (t->schema->columns[t->primary].integer_id)
		st = vl_db_next_id(
		    p->here->opts.db, t->schema->name, &next, err);
	/* Where each row gets the next id, none is written down. */
	if (st == VL_OK && gives_next(t))
		numbered = rows_stage_number(p->stage, table, next);
	if (st != VL_OK || numbered)
		return st;
	if (gives_both(t))
		st = pass_kept(p, table, &next, err);
	if (st == VL_OK)
		st = rows_staging_open(&g, p->stage, table, ROWS_NEW, err);
	while (st == VL_OK) {
		st = rows_staging_next(g, &row, &more, err);
		if (st != VL_OK || !more)
			break;
		st = give_one(p, table, &row, &next, err);
		if (st == VL_OK)
			st = rows_stage_set(p->stage, table, &row, err);
		else
			(void)rows_within(t, row.key, err);
	}
	rows_staging_free(g);
	return st;
}

enum vl_status
rows_ids_give_table(struct vl_rows_put *p, size_t table, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];

	return t->primary != NONE && t->columns[t->primary].role == ROWS_ID ?
	    give_table(p, table, err) :
	    VL_OK;
}

enum vl_status
rows_ids_give(struct vl_rows_put *p, struct vl_err *err)
{
	const struct rows_plan *plan = &p->here->plan;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; !p->given && st == VL_OK && i < plan->ntables; i++)
		st = rows_ids_give_table(p, i, err);
	p->given = st == VL_OK;
	return st;
}

/* What a row that is written will have in `column`. */
static enum vl_status
id_of_new(struct vl_rows_put *p, size_t table, size_t column,
    const struct rows_staged *row, struct vl_buf *text, struct vl_cell *id,
    bool *found, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct vl_row_store store = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	struct rows_staged held = { 0 };
	struct vl_buf line = { 0 };
	enum vl_status st = VL_OK;
	size_t at = 0;

	*found = false;
	if (t->columns[column].role == ROWS_ID) {
		*found = row->id.type != VL_CELL_NULL;
		*id = row->id;
		vl_buf_clear(text);
		st = vl_buf_add(text, row->id.bytes, err);
		id->bytes = vl_buf_slice(text);
		return st;
	}
	/* The row is in memory that the next look-up takes. */
	st = rows_staged_hold(&held, row, &line, err);
	if (st == VL_OK)
		st = rows_row_parse(&store, held.row, err);
	while (
	    st == VL_OK && !*found && vl_row_next(&store, 0, &at, &name, &v)) {
		if (!vl_slice_equal(
		        name, vl_slice_of(t->schema->columns[column].name)))
			continue;
		*found = true;
		st = rows_fill(
		    p, table, column, &held, &store, &v, text, id, err);
		if (st == VL_OK && id->bytes.p != text->p) {
			vl_buf_clear(text);
			st = vl_buf_add(text, id->bytes, err);
			id->bytes = vl_buf_slice(text);
		}
	}
	vl_row_store_free(&store);
	vl_buf_free(&line);
	return st;
}

/* The column of a row of the bundle is written: with what is not here yet. */
static bool
written(
    const struct rows_table *t, size_t column, const struct rows_staged *row)
{
	switch (row->act) {
	case ROWS_NEW:
	case ROWS_AGAIN_NEW:
		return true;
	case ROWS_UPDATE:
	case ROWS_AGAIN_UPDATE:
	case ROWS_LATER:
		return t->columns[column].followed &&
		    rows_what_writes(row, column);
	default:
		return false;
	}
}

static enum vl_status
find_id(struct vl_rows_put *p, size_t table, size_t column, struct vl_slice key,
    struct vl_buf *text, struct vl_cell *id, bool *found, struct vl_err *err)
{
	const struct rows_table *t = &p->here->plan.tables[table];
	struct rows_scratch *s = p->here->scratch;
	struct rows_staged row = { 0 };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool staged = false;

	if (column == NONE)
		column = t->primary;
	st = rows_stage_find(p->stage, table, key, &row, &staged, err);
	*found = staged;
	if (st == VL_OK && staged && written(t, column, &row))
		return id_of_new(p, table, column, &row, text, id, found, err);
	note.r = row.r;
	if (st == VL_OK && !staged)
		st = rows_scratch_by_key(s, table, key, &note, found, err);
	if (st == VL_OK && staged && row.r == ROWS_NOWHERE)
		*found = false;
	if (st != VL_OK || !*found)
		return st;
	st = rows_scratch_id(s, table, column, note.r, id, found, err);
	vl_buf_clear(text);
	if (st == VL_OK)
		st = vl_buf_add(text, id->bytes, err);
	id->bytes = vl_buf_slice(text);
	return st;
}

/* The column is the integer id of rows that get one here. */
static bool
in_memory(const struct vl_rows_put *p, size_t table, size_t column)
{
	const struct rows_table *t = &p->here->plan.tables[table];

	if (column == NONE)
		column = t->primary;
	return !p->probing && p->idmap != NULL && column != NONE &&
	    column == t->primary && t->columns[column].role == ROWS_ID &&
	    t->schema->columns[column].integer_id;
}

enum vl_status
rows_ids_find(struct vl_rows_put *p, size_t table, size_t column,
    struct vl_slice key, struct vl_buf *text, struct vl_cell *id, bool *found,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*found = false;
	*id = (struct vl_cell){ .type = VL_CELL_INT };
	if (in_memory(p, table, column))
		st = rows_idmap_find(p, table, key, &id->integer, found, err);
	if (st != VL_OK || *found)
		return st;
	return find_id(p, table, column, key, text, id, found, err);
}
