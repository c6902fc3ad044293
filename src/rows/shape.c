/*
 * How a table is made that a target may lack (formats/manifest.md, "shape"):
 * what the lines of its schema do not say.
 */

#include <stdlib.h>
#include <string.h>

#include "put.h"

enum vl_status
rows_shape_write(
    struct vl_buf *out, const struct vl_table *t, struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t i = 0;
	size_t k = 0;

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	if (t->autoincrement) {
		vl_json_w_key(&w, "autoincrement");
		vl_json_w_bool(&w, true);
	}
	vl_json_w_key(&w, "columns");
	vl_json_w_open(&w, '[');
	for (i = 0; i < t->ncolumns; i++) {
		vl_json_w_open(&w, '[');
		vl_json_w_text(&w, vl_slice_of(t->columns[i].name));
		if (t->columns[i].fallback != NULL)
			vl_json_w_text(&w, vl_slice_of(t->columns[i].fallback));
		vl_json_w_close(&w, ']');
	}
	vl_json_w_close(&w, ']');
	for (i = 0; i < t->nuniques; i++) {
		if (!t->uniques[i].primary)
			continue;
		vl_json_w_key(&w, "key");
		vl_json_w_open(&w, '[');
		for (k = 0; k < t->uniques[i].n; k++)
			vl_json_w_text(&w,
			    vl_slice_of(
			        t->columns[t->uniques[i].columns[k]].name));
		vl_json_w_close(&w, ']');
	}
	if (t->without_rowid) {
		vl_json_w_key(&w, "without_rowid");
		vl_json_w_bool(&w, true);
	}
	vl_json_w_close(&w, '}');
	return vl_json_w_end(&w, err);
}

struct reading {
	struct vl_table *t;
	struct vl_json json;
	struct vl_buf text;
	size_t lines; /* about columns */
	struct vl_err *err;
};

static enum vl_status
bad(struct reading *r)
{
	return vl_fail(r->err, VL_EFORMAT,
	    "its 'shape' and its 'schema' speak of different tables");
}

static char *
copy_text(struct reading *r, size_t item)
{
	struct vl_slice text = vl_json_text(&r->json, item, &r->text);

	return strndup((const char *)text.p, text.n);
}

static enum vl_status
read_column(struct reading *r, size_t item)
{
	struct vl_column *c = &r->t->columns[r->t->ncolumns++];

	c->name = copy_text(r, item + 1);
	if (r->json.items[item].count > 1)
		c->fallback = copy_text(r, item + 2);
	return c->name == NULL ||
	        (r->json.items[item].count > 1 && c->fallback == NULL) ?
	    vl_fail_memory(r->err) :
	    VL_OK;
}

/* `count` names the key's columns; the line that says the rest comes later. */
static enum vl_status
read_key(struct reading *r, size_t item)
{
	const struct vl_json_item *items = r->json.items;
	struct vl_slice name = { 0 };
	unsigned place = 0;
	size_t at = item + 1;
	size_t i = 0;

	for (; at < items[item].next; at = items[at].next) {
		name = vl_json_text(&r->json, at, &r->text);
		for (i = 0; i < r->t->ncolumns; i++)
			if (vl_slice_equal(
			        name, vl_slice_of(r->t->columns[i].name)))
				break;
		if (i == r->t->ncolumns || r->t->columns[i].key != 0)
			return bad(r);
		r->t->columns[i].key = ++place;
	}
	return VL_OK;
}

static enum vl_status
read_shape(struct reading *r, struct vl_slice shape)
{
	enum vl_status st = vl_buf_reserve(&r->text, 2 * shape.n, r->err);
	size_t item = 0;
	size_t end = 0;

	if (st == VL_OK)
		st = vl_json_parse(&r->json, shape, r->err);
	if (st != VL_OK)
		return st;
	r->t->autoincrement =
	    vl_json_member(&r->json, 0, "autoincrement") != VL_JSON_NONE;
	r->t->without_rowid =
	    vl_json_member(&r->json, 0, "without_rowid") != VL_JSON_NONE;
	item = vl_json_member(&r->json, 0, "columns");
	r->t->columns =
	    calloc(r->json.items[item].count, sizeof(*r->t->columns));
	if (r->t->columns == NULL)
		return vl_fail_memory(r->err);
	end = r->json.items[item].next;
	for (item++; st == VL_OK && item < end; item = r->json.items[item].next)
		st = read_column(r, item);
	item = vl_json_member(&r->json, 0, "key");
	return st == VL_OK && item != VL_JSON_NONE ? read_key(r, item) : st;
}

/* The column that a name in quotes means, or NONE. */
static size_t
find_column(const struct reading *r, struct vl_slice quoted)
{
	char name[2 * VL_COLUMN_MAX + 2];
	struct vl_slice plain = { 0 };
	size_t i = 0;

	if (quoted.n > sizeof(name))
		return NONE;
	plain = rows_line_unquote(quoted, name);
	for (i = 0; i < r->t->ncolumns; i++)
		if (vl_slice_equal(plain, vl_slice_of(r->t->columns[i].name)))
			return i;
	return NONE;
}

static enum vl_status
take_column(struct reading *r, const struct rows_line *line)
{
	size_t i = find_column(r, line->name);
	struct vl_column *c = NULL;

	if (i == NONE || r->t->columns[i].type != NULL)
		return bad(r);
	c = &r->t->columns[i];
	c->type = strndup((const char *)line->type.p, line->type.n);
	c->collation =
	    strndup((const char *)line->collation.p, line->collation.n);
	c->not_null = line->not_null;
	c->generated = line->generated;
	c->integer_id = line->integer_id;
	r->lines++;
	return c->type == NULL || c->collation == NULL ?
	    vl_fail_memory(r->err) :
	    VL_OK;
}

/* Whether these are the columns of the primary key; then in its order. */
static bool
take_primary(const struct reading *r, struct vl_unique *u)
{
	char *collations[VL_COLUMN_MAX] = { NULL };
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < r->t->ncolumns; i++)
		n += r->t->columns[i].key != 0;
	if (n != u->n || n > VL_COLUMN_MAX)
		return false;
	for (i = 0; i < u->n; i++) {
		if (r->t->columns[u->columns[i]].key == 0)
			return false;
		collations[r->t->columns[u->columns[i]].key - 1] =
		    u->collations[i];
	}
	for (i = 0; i < n; i++)
		if (collations[i] == NULL)
			return false;
	memcpy(u->collations, collations, n * sizeof(*collations));
	for (i = 0; i < r->t->ncolumns; i++)
		if (r->t->columns[i].key != 0)
			u->columns[r->t->columns[i].key - 1] = i;
	return true;
}

static enum vl_status
take_key(struct reading *r, struct vl_slice rest)
{
	struct vl_unique *u = &r->t->uniques[r->t->nuniques++];
	struct vl_slice name = { 0 };
	struct vl_slice collation = { 0 };

	u->columns = calloc(r->t->ncolumns, sizeof(*u->columns));
	u->collations = calloc(r->t->ncolumns, sizeof(*u->collations));
	if (u->columns == NULL || u->collations == NULL)
		return vl_fail_memory(r->err);
	while (rows_line_part(&rest, &name, &collation)) {
		if (u->n == r->t->ncolumns)
			return bad(r);
		u->columns[u->n] = find_column(r, name);
		if (u->columns[u->n] == NONE)
			return bad(r);
		u->collations[u->n] =
		    strndup((const char *)collation.p, collation.n);
		if (u->collations[u->n++] == NULL)
			return vl_fail_memory(r->err);
	}
	if (rest.n > 0 || u->n == 0)
		return bad(r);
	u->primary = take_primary(r, u);
	return VL_OK;
}

static enum vl_status
read_schema(struct reading *r, struct vl_slice schema)
{
	enum vl_status st = VL_OK;
	struct rows_line line = { 0 };
	struct vl_slice text = { 0 };
	size_t at = 1;

	r->text.n = 0;
	st = vl_buf_reserve(&r->text, 2 * schema.n, r->err);
	if (st == VL_OK)
		st = vl_json_parse(&r->json, schema, r->err);
	if (st != VL_OK)
		return st;
	r->t->uniques =
	    calloc(r->json.items[0].count + 1, sizeof(*r->t->uniques));
	if (r->t->uniques == NULL)
		return vl_fail_memory(r->err);
	for (; st == VL_OK && at < r->json.items[0].next;
	     at = r->json.items[at].next) {
		text = vl_json_text(&r->json, at, &r->text);
		if (!rows_line_split(&line, text))
			return bad(r);
		if (line.kind == ROWS_LINE_STRICT)
			r->t->strict = true;
		else if (line.kind == ROWS_LINE_COLUMN)
			st = take_column(r, &line);
		else
			st = take_key(
			    r, (struct vl_slice){ text.p + 4, text.n - 4 });
	}
	return st;
}

enum vl_status
rows_shape_read(struct vl_table *t, struct vl_slice schema,
    struct vl_slice shape, struct vl_err *err)
{
	struct reading r = { .t = t, .err = err };
	enum vl_status st = read_shape(&r, shape);
	unsigned keys = 0;
	size_t i = 0;

	if (st == VL_OK)
		st = read_schema(&r, schema);
	if (st == VL_OK && r.lines != t->ncolumns)
		st = bad(&r);
	for (i = 0; st == VL_OK && i < t->ncolumns; i++)
		keys += t->columns[i].key != 0;
	for (i = 0; st == VL_OK && i < t->nuniques; i++)
		keys -= t->uniques[i].primary ? (unsigned)t->uniques[i].n : 0;
	if (st == VL_OK && keys != 0)
		st = bad(&r);
	vl_json_free(&r.json);
	vl_buf_free(&r.text);
	return st;
}
