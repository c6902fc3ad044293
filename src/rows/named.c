/*
 * Tables whose name holds the id of a row: "data_{project.id}" is one table
 * for each project.  In lines such a table is called by the key of its row.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

bool
rows_named_pattern(struct rows_pattern *p, const char *text)
{
	const char *open = strchr(text, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');
	const char *point = NULL;
	const char *at = NULL;

	if (close == NULL)
		return false;
	for (at = open; at < close; at++)
		if (*at == '.')
			point = at;
	if (point == NULL)
		return false;
	p->before =
	    (struct vl_slice){ (const uint8_t *)text, (size_t)(open - text) };
	p->table = (struct vl_slice){ (const uint8_t *)open + 1,
		(size_t)(point - open - 1) };
	p->column = point + 1;
	p->column_n = (size_t)(close - point - 1);
	p->after = close + 1;
	return true;
}

/* The bytes of `name` in place of the braces; none where it does not fit. */
static struct vl_slice
id_of(const struct rows_pattern *p, const char *name)
{
	size_t n = strlen(name);
	size_t behind = strlen(p->after);
	struct vl_slice id = { 0 };

	if (n <= p->before.n + behind ||
	    memcmp(name, p->before.p, p->before.n) != 0 ||
	    strcmp(name + n - behind, p->after) != 0)
		return id;
	id.p = (const uint8_t *)name + p->before.n;
	id.n = n - p->before.n - behind;
	return id;
}

static enum vl_status
fits_pattern(const struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct vl_table_words *w, const char *text, struct rows_table *t,
    bool *fits, struct vl_err *err)
{
	struct rows_pattern pattern = { 0 };
	struct vl_slice id = { 0 };
	char column[256] = "";

	if (!rows_named_pattern(&pattern, text))
		return VL_OK;
	t->of = rows_plan_table(p, pattern.table);
	if (t->of != NONE && pattern.column_n < sizeof(column)) {
		memcpy(column, pattern.column, pattern.column_n);
		t->of_column = vl_table_column(p->tables[t->of].schema, column);
	}
	if (t->of == NONE || t->of_column == NONE)
		return rows_plan_fail(opts, ROWS_AT(w), err,
		    "'%s' speaks of no table and column", text);
	id = id_of(&pattern, t->schema->name);
	*fits = id.n > 0;
	t->of_id = id;
	if (!*fits)
		t->of = NONE;
	return VL_OK;
}

enum vl_status
rows_named_fits(const struct rows_plan *p, const struct vl_rows_opts *opts,
    const struct vl_table_words *w, struct rows_table *t, bool *fits,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	*fits = false;
	for (i = 0; st == VL_OK && !*fits && i < w->ntables; i++) {
		*fits = strcmp(w->tables[i], t->schema->name) == 0;
		if (!*fits)
			st = fits_pattern(
			    p, opts, w, w->tables[i], t, fits, err);
	}
	return st;
}

/* "before{KEY}after", with what would end it early in hexadecimal. */
static enum vl_status
call(struct rows_table *t, struct vl_slice key, struct vl_err *err)
{
	const char *name = t->schema->name;
	size_t at = (size_t)(t->of_id.p - (const uint8_t *)name);
	struct vl_buf b = { 0 };
	enum vl_status st =
	    vl_buf_add(&b, (struct vl_slice){ (const uint8_t *)name, at }, err);
	size_t i = 0;

	if (st == VL_OK)
		st = vl_buf_add_text(&b, "{", err);
	for (i = 0; st == VL_OK && i < key.n; i++)
		if (key.p[i] != 0 && strchr("%/{}", key.p[i]) != NULL)
			st = vl_buf_printf(&b, err, "%%%02X", key.p[i]);
		else
			st = vl_buf_add(
			    &b, (struct vl_slice){ key.p + i, 1 }, err);
	if (st == VL_OK)
		st = vl_buf_printf(&b, err, "}%s%c", name + at + t->of_id.n, 0);
	if (st == VL_OK && b.n > VL_TABLE_NAME_MAX)
		st = vl_fail(err, VL_ELIMIT,
		    "table '%s' would be called by more than %d bytes", name,
		    VL_TABLE_NAME_MAX);
	if (st != VL_OK) {
		vl_buf_free(&b);
		return st;
	}
	t->made = (char *)b.p;
	t->collection = t->made;
	return VL_OK;
}

static int
hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' :
	    c >= 'A' && c <= 'F'    ? c - 'A' + 10 :
	                              -1;
}

enum vl_status
rows_named_key(const struct rows_pattern *p, struct vl_slice name,
    struct vl_buf *key, bool *fits, struct vl_err *err)
{
	size_t behind = strlen(p->after);
	struct vl_slice in = { 0 };
	enum vl_status st = VL_OK;
	uint8_t byte = 0;
	size_t i = 0;

	*fits = name.n > p->before.n + behind + 2 &&
	    memcmp(name.p, p->before.p, p->before.n) == 0 &&
	    memcmp(name.p + name.n - behind, p->after, behind) == 0;
	if (!*fits)
		return VL_OK;
	in.p = name.p + p->before.n;
	in.n = name.n - p->before.n - behind;
	*fits = in.p[0] == '{' && in.p[in.n - 1] == '}';
	for (i = 1; st == VL_OK && *fits && i + 1 < in.n; i++) {
		byte = in.p[i];
		if (byte == '%') {
			*fits = i + 3 < in.n && hex_digit(in.p[i + 1]) >= 0 &&
			    hex_digit(in.p[i + 2]) >= 0;
			if (!*fits)
				break;
			byte = (uint8_t)(hex_digit(in.p[i + 1]) * 16 +
			    hex_digit(in.p[i + 2]));
			i += 2;
		}
		st = vl_buf_add(key, (struct vl_slice){ &byte, 1 }, err);
	}
	return st;
}

static enum vl_status
find_owner(struct rows_plan *p, size_t table, struct rows_scratch *s,
    struct vl_err *err)
{
	struct rows_table *t = &p->tables[table];
	struct vl_cell id = { .type = VL_CELL_TEXT, .bytes = t->of_id };
	struct rows_note note = { 0 };
	enum vl_status st = VL_OK;
	bool found = false;

	st = rows_scratch_find(s, t->of, t->of_column, &id, &note, &found, err);
	if (st != VL_OK)
		return st;
	/* What a row leaves that went: nothing to carry, and the target's. */
	if (!found && (p->lenient || rows_scratch_rows(s, table) == 0)) {
		t->left = true;
		return VL_OK;
	}
	if (!found)
		return vl_fail(err, VL_EREFUSED,
		    "table '%s' is named by the id of a row that is not there",
		    t->schema->name);
	t->left = note.state != ROWS_CARRIED;
	return call(t, note.key, err);
}

static int
by_collection(const void *a, const void *b, void *arg)
{
	const struct rows_table *tables = arg;

	return strcmp(tables[*(const size_t *)a].collection,
	    tables[*(const size_t *)b].collection);
}

enum vl_status
rows_named_call(struct rows_plan *p, struct rows_scratch *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	p->lines = calloc(p->ntables + 1, sizeof(*p->lines));
	if (p->lines == NULL)
		return vl_fail_memory(err);
	for (i = 0; st == VL_OK && i < p->ntables; i++) {
		p->lines[i] = i;
		if (p->tables[i].of != NONE && p->tables[i].keyed)
			st = find_owner(p, i, s, err);
		if (st != VL_OK && rows_heard(p, &p->tables[i], NULL, err)) {
			p->tables[i].left = true;
			st = VL_OK;
		}
	}
	qsort_r(
	    p->lines, p->ntables, sizeof(*p->lines), by_collection, p->tables);
	return st;
}
