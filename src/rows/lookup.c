/* From an id to the row it means. */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/text.h>

#include "parts.h"

void
rows_show_id(char shown[ROWS_SHOWN], const struct vl_cell *id)
{
	char real[VL_REAL_SIZE];

	switch (id->type) {
	case VL_CELL_NULL:
		(void)snprintf(shown, ROWS_SHOWN, "NULL");
		break;
	case VL_CELL_INT:
		(void)snprintf(shown, ROWS_SHOWN, "%" PRId64, id->integer);
		break;
	case VL_CELL_REAL:
		(void)snprintf(
		    shown, ROWS_SHOWN, "%s", vl_real_text(real, id->real));
		break;
	default:
		(void)vl_escape_text(shown, ROWS_SHOWN, id->bytes);
	}
}

enum vl_status
rows_id_text(struct vl_buf *out, const struct vl_cell *id, struct vl_err *err)
{
	struct vl_json_w w = { 0 };

	vl_buf_clear(out);
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '[');
	vl_cell_write(&w, id);
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

static bool
listed(char *const *list, size_t n, struct vl_slice text)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (vl_slice_equal(text, vl_slice_of(list[i])))
			return true;
	return false;
}

bool
rows_none(const struct rows_plan *p, const struct rows_ref *ref,
    const struct vl_column *c, struct vl_cell *cell)
{
	*cell = (struct vl_cell){ 0 };
	if (!c->not_null)
		return true;
	if (ref->words != NULL && ref->words->nnone > 0)
		*cell = rows_word_cell(c, ref->words->none[0]);
	else if (p->words != NULL && p->words->nnone > 0)
		*cell = rows_word_cell(c, p->words->none[0]);
	return cell->type != VL_CELL_NULL;
}

/* A value by which the application says "no row". */
static bool
is_none(const struct rows_plan *p, const struct rows_ref *ref,
    const struct vl_cell *id)
{
	struct vl_slice text = id->bytes;
	char digits[VL_INT_SIZE];

	if (id->type == VL_CELL_NULL)
		return true;
	if (p->words == NULL || ref->words == NULL)
		return false;
	if (id->type == VL_CELL_INT) {
		text.p = (const uint8_t *)digits;
		text.n = vl_int_text(digits, id->integer);
	}
	return listed(ref->words->none, ref->words->nnone, text) ||
	    listed(p->words->none, p->words->nnone, text);
}

/* The table that the value beside the id names; NONE: plain. */
static enum vl_status
find_table(struct rows_scratch *s, const struct rows_reader *rd,
    const struct rows_ref *ref, size_t *to, struct vl_err *err)
{
	struct vl_cell value = { 0 };
	enum vl_status st = VL_OK;
	char shown[ROWS_SHOWN];

	*to = ref->to;
	if (ref->by == NULL)
		return VL_OK;
	st = rows_by_value(s, rd, ref->by, &value, err);
	if (st != VL_OK)
		return st;
	*to = rows_by_pick(ref->by, &value);
	if (*to != NONE || ref->by->plain || rd->plan->lenient)
		return VL_OK;
	rows_show_id(shown, &value);
	return vl_fail(err, VL_EREFUSED,
	    "column '%s': '%s' names no table: add it to 'values', or say "
	    "what 'else' it is",
	    ref->words->to_by->column, shown);
}

/* In the proof: the row was there before the import. */
static enum vl_status
check_gone(const struct rows_reader *rd, size_t column, size_t to,
    const struct rows_ref *ref, const struct vl_cell *id, struct vl_err *err)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	char shown[ROWS_SHOWN];
	bool found = false;

	if (rd->plan->before == NULL ||
	    (ref->words != NULL &&
	        ref->words->on_dangling != VL_DANGLING_REFUSE))
		return VL_OK;
	st = rows_scratch_find(
	    rd->plan->before, to, ref->column, id, &note, &found, err);
	if (st != VL_OK || !found)
		return st;
	rows_show_id(shown, id);
	return vl_fail(err, VL_EREFUSED,
	    "column '%s' refers to '%s' %s, which the import would delete or "
	    "call otherwise: say 'target_only: keep' or 'keep_here' for '%s', "
	    "or 'on_dangling' for the column",
	    rd->t->schema->columns[column].name,
	    rd->plan->tables[to].schema->name, shown,
	    rd->plan->tables[to].schema->name);
}

static enum vl_status
dangling(const struct rows_reader *rd, size_t column, size_t to,
    const struct rows_ref *ref, const struct vl_cell *id,
    enum rows_meaning *meaning, bool *drop, struct vl_err *err)
{
	enum vl_on_dangling what =
	    ref->words == NULL ? VL_DANGLING_REFUSE : ref->words->on_dangling;
	struct vl_cell none = { 0 };
	char shown[ROWS_SHOWN];

	*meaning = ROWS_MEANS_NOTHING;
	if (rd->plan->lenient)
		return check_gone(rd, column, to, ref, id, err);
	if (what == VL_DANGLING_DROP)
		*drop = true;
	if (what == VL_DANGLING_DROP || what == VL_DANGLING_KEEP)
		return VL_OK;
	if (what == VL_DANGLING_CLEAR &&
	    rows_none(rd->plan, ref, rd->t->columns[column].schema, &none)) {
		*meaning = ROWS_MEANS_NULL;
		return VL_OK;
	}
	rows_show_id(shown, id);
	return vl_fail(err, VL_EREFUSED,
	    "column '%s' refers to '%s' %s, which is not there: mend it, or %s",
	    rd->t->schema->columns[column].name,
	    rd->plan->tables[to].schema->name, shown,
	    what == VL_DANGLING_CLEAR ?
	        "say in 'none' what stands for nothing: the column may not be "
	        "NULL, which 'on_dangling: clear' makes it" :
	        "say 'on_dangling' in the profile");
}

/* What is dropped takes along what it owns. */
static bool
is_owner(const struct rows_reader *rd, size_t column)
{
	const struct rows_entry *e = &rd->t->entries[rd->entry];
	size_t i = 0;

	for (i = 0; i < e->nowners; i++)
		if (e->owners[i] == column)
			return true;
	return false;
}

enum vl_status
rows_lookup(struct rows_scratch *s, const struct rows_reader *rd, size_t column,
    const struct rows_ref *ref, const struct vl_cell *id,
    struct rows_note *note, enum rows_meaning *meaning, bool *drop,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool found = false;
	size_t to = NONE;

	*meaning = ROWS_MEANS_NOTHING;
	if (is_none(rd->plan, ref, id))
		return VL_OK;
	st = find_table(s, rd, ref, &to, err);
	if (st != VL_OK || to == NONE)
		return st;
	if (rd->plan->finding && !rd->plan->tables[to].found)
		return vl_fail(err, VL_EREFUSED,
		    "column '%s' refers to '%s', whose keys need this one "
		    "first: one of the tables wants another 'key'",
		    rd->t->schema->columns[column].name,
		    rd->plan->tables[to].schema->name);
	st = rows_scratch_find(s, to, ref->column, id, note, &found, err);
	if (st != VL_OK)
		return st;
	note->table = to;
	*meaning = ROWS_MEANS_ROW;
	if (found && note->state == ROWS_DROPPED && is_owner(rd, column)) {
		*meaning = ROWS_MEANS_NOTHING;
		*drop = true;
		return VL_OK;
	}
	/* One that is left out is looked for at the target, by its key. */
	if (found && note->key.n > 2)
		return VL_OK;
	if (found && rd->plan->lenient) {
		*meaning = ROWS_MEANS_NOTHING;
		return VL_OK;
	}
	return dangling(rd, column, to, ref, id, meaning, drop, err);
}

enum vl_status
rows_meet(struct rows_scratch *s, const struct rows_reader *rd,
    const struct rows_ref *ref, const struct vl_cell *id, enum rows_met *met,
    size_t *to, struct vl_err *err)
{
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	*to = NONE;
	*met = ROWS_MET_NOTHING;
	if (is_none(rd->plan, ref, id))
		return VL_OK;
	st = find_table(s, rd, ref, to, err);
	if (st != VL_OK)
		return st;
	*met = ROWS_MET_NONE;
	if (*to == NONE && ref->by->plain)
		*met = ROWS_MET_NOTHING;
	if (*to == NONE)
		return VL_OK;
	st = rows_scratch_find(s, *to, ref->column, id, &note, &found, err);
	if (found && note.key.n > 2)
		*met = ROWS_MET_ROW;
	return st;
}

const struct rows_ref *
rows_whole(const struct rows_reader *rd, size_t column)
{
	const struct rows_column *c = &rd->t->columns[column];
	size_t i = 0;

	for (i = 0; i < c->nrefs; i++)
		if (c->refs[i].finder == NULL &&
		    rows_reader_holds(rd, c->refs[i].condition))
			return &c->refs[i];
	return NULL;
}

bool
rows_above(const struct rows_reader *rd, size_t column, size_t table,
    struct vl_cell *above)
{
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct rows_ref *ref = rows_whole(rd, column);

	if (ref == NULL || ref->to != table)
		return false;
	*above = (struct vl_cell){ 0 };
	if (!is_none(rd->plan, ref, cell))
		*above = *cell;
	return true;
}

/* As the source calls it. */
static enum vl_status
write_there(const struct rows_reader *rd, size_t column, struct vl_json_w *w,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_cell cell = { 0 };
	enum vl_status st = rows_here_there(rd, column, &text, &cell, err);

	if (st == VL_OK)
		vl_cell_write(w, &cell);
	vl_buf_free(&text);
	return st;
}

enum vl_status
rows_key_part(struct rows_scratch *s, const struct rows_reader *rd,
    size_t column, struct vl_json_w *w, bool *drop, struct vl_err *err)
{
	const struct vl_cell *cell = rows_reader_cell(rd, column);
	const struct rows_ref *ref = rows_whole(rd, column);
	enum rows_meaning meaning = ROWS_MEANS_NOTHING;
	struct rows_note to = { 0 };
	struct vl_cell none = { 0 };
	enum vl_status st = VL_OK;

	if (ref == NULL && rd->t->columns[column].nheres > 0)
		return write_there(rd, column, w, err);
	if (ref != NULL)
		st = rows_lookup(
		    s, rd, column, ref, cell, &to, &meaning, drop, err);
	if (st != VL_OK)
		return st;
	if (meaning == ROWS_MEANS_ROW)
		rows_key_ref(w, to.key);
	else if (meaning == ROWS_MEANS_NULL &&
	    rows_none(rd->plan, ref, rd->t->columns[column].schema, &none))
		vl_cell_write(w, &none);
	else
		vl_cell_write(w, cell);
	return VL_OK;
}

/* One element of a canonical array: no comma outside of strings and
 * brackets. */
static bool
is_single(struct vl_slice key)
{
	bool quoted = false;
	size_t depth = 0;
	size_t i = 0;

	for (i = 1; i + 1 < key.n; i++) {
		if (quoted) {
			if (key.p[i] == '\\')
				i++;
			else if (key.p[i] == '"')
				quoted = false;
			continue;
		}
		switch (key.p[i]) {
		case '"':
			quoted = true;
			break;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			depth--;
			break;
		case ',':
			if (depth == 0)
				return false;
			break;
		default:
			break;
		}
	}
	return true;
}

void
rows_key_ref(struct vl_json_w *w, struct vl_slice key)
{
	struct vl_slice inner = { key.p + 1, key.n - 2 };

	if (is_single(key) && !vl_slice_equal(inner, vl_slice_of("null")))
		vl_json_w_raw(w, inner);
	else
		vl_json_w_raw(w, key);
}

enum vl_status
rows_key_join(struct vl_buf *out, struct vl_slice key, struct vl_slice more,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	st = vl_buf_add(out, (struct vl_slice){ key.p, key.n - 1 }, err);
	if (st == VL_OK && key.n > 2 && more.n > 2)
		st = vl_buf_add_text(out, ",", err);
	if (st == VL_OK)
		st = vl_buf_add(
		    out, (struct vl_slice){ more.p + 1, more.n - 1 }, err);
	return st;
}
