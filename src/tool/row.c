/*
 * Rows of a bundle for a person: which one an operand names, and one of them
 * whole, values that did not fit into its line among them.
 */

#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#include "tool.h"

/* Of a body this much is held and shown; a value behind it is shown by its
 * place. */
#define BODY_SHOWN_MAX (64u << 20)

/* `key` is a single text, and `text` that. */
static bool
is_single(struct vl_slice key, struct vl_slice text)
{
	struct vl_buf json = { 0 };
	struct vl_json_w w;
	bool same = false;

	if (key.n < text.n + 4 || !vl_utf8_valid(text))
		return false;
	vl_json_w_init(&w, &json);
	vl_json_w_open(&w, '[');
	vl_json_w_text(&w, text);
	vl_json_w_close(&w, ']');
	same = vl_json_w_end(&w, NULL) == VL_OK &&
	    vl_slice_equal(vl_buf_slice(&json), key);
	vl_buf_free(&json);
	return same;
}

bool
row_is(const struct vl_row *row, struct vl_slice path)
{
	const struct vl_slice table = row->table;

	if (path.n <= table.n + 1 || memcmp(path.p, table.p, table.n) != 0 ||
	    path.p[table.n] != '/')
		return false;
	path.p += table.n + 1;
	path.n -= table.n + 1;
	return vl_slice_equal(path, row->key) || is_single(row->key, path);
}

bool
place_holds(const struct place *place, const struct vl_unpacked *rec)
{
	if (!vl_slice_equal(rec->resource, place->resource))
		return false;
	if (place->path.n == 0)
		return true;
	switch (rec->kind) {
	case VL_LINE_ENTRY:
		return vl_path_below(rec->entry.path, place->path);
	case VL_LINE_TABLE:
		return vl_slice_equal(rec->table.table, place->path);
	case VL_LINE_ROW:
		return vl_slice_equal(rec->row.table, place->path) ||
		    row_is(&rec->row, place->path);
	default:
		return false;
	}
}

enum vl_status
record_name(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	const struct vl_slice first = rec->kind == VL_LINE_TABLE ?
	    rec->table.table :
	    rec->kind == VL_LINE_ROW   ? rec->row.table :
	    rec->kind == VL_LINE_ENTRY ? rec->entry.path :
	                                 (struct vl_slice){ NULL, 0 };
	enum vl_status st = vl_escape(out, rec->resource, err);

	if (st == VL_OK && first.n > 0)
		st = vl_buf_add_text(out, "/", err);
	if (st == VL_OK)
		st = vl_escape(out, first, err);
	if (st == VL_OK && rec->kind == VL_LINE_ROW)
		st = vl_buf_add_text(out, "/", err);
	return st == VL_OK && rec->kind == VL_LINE_ROW ?
	    vl_escape(out, rec->row.key, err) :
	    st;
}

/* A row while it is written. */
struct showing {
	struct vl_buf body; /* its beginning, at most BODY_SHOWN_MAX */
	size_t line;        /* bytes of its line */
	struct vl_buf text;
	struct vl_json_w w;
	struct vl_buf marks; /* of secrets, in `text` */
};

static enum vl_status
keep(void *arg, struct vl_slice bytes, struct vl_err *err)
{
	struct showing *s = arg;
	const size_t room = BODY_SHOWN_MAX - s->body.n;

	if (vl_cli_stop())
		return vl_cli_stopped(err);
	if (bytes.n > room)
		bytes.n = room;
	return vl_buf_add(&s->body, bytes, err);
}

/* The bytes of a value that stands in the body; false: not held. */
static bool
held(const struct showing *s, uint64_t at, uint64_t n, struct vl_slice *bytes)
{
	if (at > s->body.n || n > s->body.n - at)
		return false;
	*bytes = (struct vl_slice){ s->body.p + at, (size_t)n };
	return true;
}

/* What was written from `before` on is a slot. */
static void
mark_secret(struct showing *s, size_t before)
{
	static const char print[] = "\"sf1.";
	const uint8_t *found = NULL;

	if (s->w.status == VL_OK)
		found = memmem(s->text.p + before, s->text.n - before, print,
		    sizeof(print) - 1);
	if (found == NULL ||
	    secrets_mark(&s->marks, (size_t)(found - s->text.p),
	        VL_SLOT_TEXT_SIZE + 1, NULL) != VL_OK)
		s->w.status = VL_EIO;
}

static void
show_parts(struct showing *s, const struct vl_row_store *store,
    const struct vl_value *v)
{
	struct vl_buf arena = { 0 };
	struct vl_text_part part = { 0 };
	struct vl_slice bytes = { 0 };
	size_t before = 0;
	size_t at = 0;

	if (vl_buf_reserve(&arena, s->line, NULL) != VL_OK) {
		s->w.status = VL_EIO;
		return;
	}
	vl_parts_open(&s->w, v->packing);
	while (vl_parts_next(&part, &store->json, v, &at, &arena)) {
		if (part.kind == VL_PART_BODY &&
		    held(s, part.at, part.n, &bytes) && vl_utf8_valid(bytes)) {
			part.kind = VL_PART_TEXT;
			part.text = bytes;
		}
		before = s->text.n;
		vl_part_write(&s->w, &part);
		if (part.kind == VL_PART_SECRET)
			mark_secret(s, before);
	}
	vl_parts_close(&s->w);
	vl_buf_free(&arena);
}

static void
show_value(struct showing *s, const struct vl_row_store *store,
    const struct vl_value *v)
{
	struct vl_cell cell = { .type = v->cell.type };
	const size_t before = s->text.n;

	switch (v->kind) {
	case VL_VALUE_CELL:
		vl_cell_write(&s->w, &v->cell);
		break;
	case VL_VALUE_BODY:
		if (held(s, v->at, v->n, &cell.bytes))
			vl_cell_write(&s->w, &cell);
		else
			vl_value_write_body(&s->w, cell.type, v->at, v->n);
		break;
	case VL_VALUE_REF:
		vl_value_write_ref(&s->w, v->key);
		break;
	case VL_VALUE_PARTS:
		show_parts(s, store, v);
		break;
	case VL_VALUE_SECRET:
		vl_value_write_secret(&s->w, &v->slot);
		mark_secret(s, before);
		break;
	}
}

/* One JSON object, a line for each column. */
static enum vl_status
write_row(struct showing *s, const struct vl_unpacked *rec, struct vl_err *err)
{
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	struct vl_buf *t = &s->text;
	enum vl_status st = vl_buf_printf(t, err, "{\n  \"k\": %.*s,\n",
	    (int)rec->row.key.n, (const char *)rec->row.key.p);
	const char *before = "";
	size_t at = 0;

	if (st == VL_OK && rec->row.x.n > 0)
		st = vl_buf_printf(t, err, "  \"x\": %.*s,\n",
		    (int)rec->row.x.n, (const char *)rec->row.x.p);
	if (st == VL_OK)
		st = vl_buf_add_text(t, "  \"row\": {", err);
	while (st == VL_OK &&
	    vl_row_next(rec->store, rec->store->columns, &at, &name, &v)) {
		st = vl_buf_printf(t, err, "%s\n    ", before);
		before = ",";
		vl_json_w_init(&s->w, t);
		vl_json_w_text(&s->w, name);
		if (st == VL_OK)
			st = vl_json_w_end(&s->w, err);
		if (st == VL_OK)
			st = vl_buf_add_text(t, ": ", err);
		vl_json_w_init(&s->w, t);
		show_value(s, rec->store, &v);
		if (st == VL_OK)
			st = vl_json_w_end(&s->w, err);
	}
	if (st == VL_OK)
		st = vl_buf_add_text(t, at > 0 ? "\n  }\n}\n" : "}\n}\n", err);
	return st;
}

enum vl_status
row_show(struct vl_unpack *u, const struct vl_unpacked *rec, bool secrets,
    struct vl_err *err)
{
	struct showing s = { .line = rec->line.n };
	const struct vl_body_sink sink = { keep, &s };
	enum vl_status st = VL_OK;

	if (rec->has_body)
		st = vl_unpack_body(u, rec, &sink, err);
	if (st == VL_OK)
		st = write_row(&s, rec, err);
	if (st == VL_OK && secrets)
		st = secrets_show(u, rec, vl_buf_slice(&s.text), &s.marks, err);
	else if (st == VL_OK &&
	    fwrite(s.text.p, 1, s.text.n, stdout) != s.text.n)
		st = vl_fail_errno(err, "cannot write to standard output");
	vl_buf_free(&s.text);
	vl_buf_free(&s.marks);
	vl_buf_free(&s.body);
	return st;
}
