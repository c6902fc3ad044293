/*
 * Lines of a database (formats/manifest.md): what they have in common, and
 * those that are no rows.
 */

#include <string.h>

#include <valise/text.h>

#include "entry_rules.h"
#include "row_line.h"

/*
 * Members ascend: what a line of a tree has first is neither `c` nor `r`,
 * and behind the `c` of a table comes its `r`, of a row `hash` or `k`.
 */
enum vl_line_kind
vl_line_kind(struct vl_slice line)
{
	static const char c[] = "{\"c\":\"";
	static const char r[] = "{\"r\":";
	static const char behind[] = ",\"r\":";
	size_t i = sizeof(c) - 1;

	if (line.n > sizeof(r) && memcmp(line.p, r, sizeof(r) - 1) == 0)
		return VL_LINE_PROFILE;
	if (line.n <= sizeof(c) || memcmp(line.p, c, sizeof(c) - 1) != 0)
		return VL_LINE_ENTRY;
	for (; i < line.n && line.p[i] != '"'; i++)
		i += line.p[i] == '\\';
	i++;
	return i + sizeof(behind) < line.n &&
	        memcmp(line.p + i, behind, sizeof(behind) - 1) == 0 ?
	    VL_LINE_TABLE :
	    VL_LINE_ROW;
}

static enum vl_status
find_members(const struct vl_row_shape *shape, const struct vl_json *j,
    size_t *at, struct vl_err *err)
{
	char shown[64];
	size_t key = 1;
	size_t from = 0;
	size_t m = 0;

	for (m = 0; m < shape->n; m++)
		at[m] = VL_JSON_NONE;
	for (; key < j->items[0].next; key = j->items[key + 1].next) {
		/* Both ascend. */
		for (m = from; m < shape->n; m++)
			if (vl_slice_equal(j->items[key].raw,
			        vl_slice_of(shape->names[m])))
				break;
		if (m < shape->n) {
			at[m] = key + 1;
			from = m + 1;
		} else if (!vl_entry_is_extension(j->items[key].raw)) {
			return vl_fail(err, VL_EFORMAT,
			    "member '%s' is not known in a line of type '%s'",
			    vl_escape_text(
			        shown, sizeof(shown), j->items[key].raw),
			    shape->type);
		}
	}
	for (m = 0; m < shape->n; m++)
		if (at[m] == VL_JSON_NONE && (shape->may >> m & 1) == 0)
			return vl_fail(err, VL_EFORMAT, "'%s' is missing",
			    shape->names[m]);
	return VL_OK;
}

static enum vl_status
parse(struct vl_row_store *store, struct vl_slice line, struct vl_err *err)
{
	struct vl_json *j = &store->json;
	enum vl_status st = VL_OK;

	if (line.n > VL_LINE_MAX)
		return vl_fail(
		    err, VL_ELIMIT, "line has more than %d bytes", VL_LINE_MAX);
	if (line.n < 1 || line.p[line.n - 1] != '\n')
		return vl_fail(err, VL_EFORMAT, "line does not end in LF");
	store->text.n = 0;
	store->columns = VL_JSON_NONE;
	store->ids = VL_JSON_NONE;
	/* Names and values are decoded one after the other, each at most
	 * twice. */
	st = vl_buf_reserve(&store->text, 2 * line.n, err);
	if (st == VL_OK)
		st = vl_json_parse(
		    j, (struct vl_slice){ line.p, line.n - 1 }, err);
	if (st == VL_OK && j->items[0].type != VL_JSON_OBJECT)
		st = vl_fail(err, VL_EFORMAT, "line is not an object");
	return st;
}

enum vl_status
vl_row_line_read(const struct vl_row_shape *shape, struct vl_row_store *store,
    struct vl_slice line, size_t *at, struct vl_err *err)
{
	const struct vl_json *j = &store->json;
	enum vl_status st = parse(store, line, err);

	if (st == VL_OK)
		st = find_members(shape, j, at, err);
	if (st != VL_OK)
		return st;
	if (j->items[at[shape->t]].type != VL_JSON_STRING ||
	    !vl_slice_equal(
	        j->items[at[shape->t]].raw, vl_slice_of(shape->type)))
		return vl_fail(err, VL_EFORMAT, "'t' is not '%s'", shape->type);
	if (j->items[at[shape->r]].type != VL_JSON_STRING)
		return vl_fail(err, VL_EFORMAT, "'r' is not a string");
	/* Of a resource the text and its raw form are the same. */
	return vl_entry_check_resource(j->items[at[shape->r]].raw, err);
}

bool
vl_row_line_text(
    struct vl_row_store *store, size_t item, size_t max, struct vl_slice *text)
{
	if (store->json.items[item].type != VL_JSON_STRING)
		return false;
	*text = vl_json_text(&store->json, item, &store->text);
	return text->n > 0 && text->n <= max;
}

enum vl_status
vl_row_line_end(struct vl_json_w *w, size_t begin, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_json_w_close(w, '}');
	st = vl_json_w_end(w, err);
	if (st == VL_OK)
		st = vl_buf_add(w->out, vl_slice_of("\n"), err);
	if (st == VL_OK && w->out->n - begin > VL_LINE_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "its line has %zu bytes, more than %d", w->out->n - begin,
		    VL_LINE_MAX);
	return st;
}

/* The profile. */

enum profile_member {
	P_R,
	P_T,
	P_VERSION,
	P_WORDS,
	P_COUNT
};

static const struct vl_row_shape profile_shape = {
	.names = (const char *const[]){ "r", "t", "version", "words" },
	.n = P_COUNT,
	.may = 1u << P_VERSION | 1u << P_WORDS,
	.r = P_R,
	.t = P_T,
	.type = "profile"
};

enum vl_status
vl_profile_line_encode(
    struct vl_buf *out, const struct vl_profile_line *p, struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t begin = out->n;

	if (p->version.n > VL_APPVERSION_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the version of the application has %zu bytes, more than "
		    "%d",
		    p->version.n, VL_APPVERSION_MAX);
	if (!vl_entry_is_text(p->version))
		return vl_fail(err, VL_EFORMAT,
		    "the version of the application is not UTF-8");
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "r");
	vl_json_w_text(&w, p->resource);
	vl_json_w_key(&w, "t");
	vl_json_w_text(&w, vl_slice_of("profile"));
	if (p->version.n > 0) {
		vl_json_w_key(&w, "version");
		vl_json_w_text(&w, p->version);
	}
	if (p->words.n > 0) {
		vl_json_w_key(&w, "words");
		vl_json_w_raw(&w, p->words);
	}
	return vl_row_line_end(&w, begin, err);
}

enum vl_status
vl_profile_line_decode(struct vl_profile_line *p, struct vl_row_store *store,
    struct vl_slice line, struct vl_err *err)
{
	const struct vl_json *j = &store->json;
	size_t at[P_COUNT];
	enum vl_status st =
	    vl_row_line_read(&profile_shape, store, line, at, err);

	*p = (struct vl_profile_line){ 0 };
	if (st != VL_OK)
		return st;
	p->resource = j->items[at[P_R]].raw;
	if (at[P_VERSION] != VL_JSON_NONE &&
	    !vl_row_line_text(
	        store, at[P_VERSION], VL_APPVERSION_MAX, &p->version))
		return vl_fail(err, VL_EFORMAT,
		    "'version' is not a text of 1 to %d bytes",
		    VL_APPVERSION_MAX);
	if (at[P_WORDS] == VL_JSON_NONE)
		return VL_OK;
	if (j->items[at[P_WORDS]].type != VL_JSON_OBJECT)
		return vl_fail(err, VL_EFORMAT, "'words' is not an object");
	p->words = j->items[at[P_WORDS]].raw;
	return VL_OK;
}

/* Tables. */

enum table_member {
	T_C,
	T_R,
	T_SCHEMA,
	T_SHAPE,
	T_T,
	T_COUNT
};

static const struct vl_row_shape table_shape = {
	.names = (const char *const[]){ "c", "r", "schema", "shape", "t" },
	.n = T_COUNT,
	.may = 1u << T_SHAPE,
	.r = T_R,
	.t = T_T,
	.type = "table"
};

enum vl_status
vl_table_line_encode(
    struct vl_buf *out, const struct vl_table_line *t, struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t begin = out->n;

	if (t->table.n == 0 || t->table.n > VL_TABLE_NAME_MAX ||
	    !vl_entry_is_text(t->table))
		return vl_fail(err, VL_EFORMAT,
		    "its name is not 1 to %d bytes of UTF-8",
		    VL_TABLE_NAME_MAX);
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "c");
	vl_json_w_text(&w, t->table);
	vl_json_w_key(&w, "r");
	vl_json_w_text(&w, t->resource);
	vl_json_w_key(&w, "schema");
	vl_json_w_raw(&w, t->schema);
	if (t->shape.n > 0) {
		vl_json_w_key(&w, "shape");
		vl_json_w_raw(&w, t->shape);
	}
	vl_json_w_key(&w, "t");
	vl_json_w_text(&w, vl_slice_of("table"));
	return vl_row_line_end(&w, begin, err);
}

/* Texts, not empty, that ascend by their bytes. */
static bool
is_schema(struct vl_row_store *store, size_t item)
{
	const struct vl_json *j = &store->json;
	struct vl_slice before = { NULL, 0 };
	struct vl_slice text = { NULL, 0 };
	size_t used = store->text.n;
	size_t at = item + 1;

	if (j->items[item].type != VL_JSON_ARRAY || j->items[item].count == 0)
		return false;
	for (; at < j->items[item].next; at = j->items[at].next) {
		if (!vl_row_line_text(store, at, VL_LINE_MAX, &text) ||
		    vl_slice_cmp(before, text) >= 0)
			return false;
		before = text;
	}
	store->text.n = used;
	return true;
}

/* A text without NUL: it goes into the database's own language. */
static bool
is_plain(struct vl_row_store *store, size_t item, size_t max)
{
	struct vl_slice text = { NULL, 0 };
	size_t used = store->text.n;
	bool is = vl_row_line_text(store, item, max, &text) &&
	    memchr(text.p, 0, text.n) == NULL;

	store->text.n = used;
	return is;
}

/* An array, not empty, of names; `pairs`: of names each in an array, perhaps
 * with a default behind it. */
static bool
is_columns(struct vl_row_store *store, size_t item, bool pairs)
{
	const struct vl_json_item *items = store->json.items;
	size_t at = item + 1;

	if (items[item].type != VL_JSON_ARRAY || items[item].count == 0)
		return false;
	for (; at < items[item].next; at = items[at].next) {
		if (pairs &&
		    (items[at].type != VL_JSON_ARRAY || items[at].count == 0 ||
		        items[at].count > 2))
			return false;
		if (!is_plain(store, pairs ? at + 1 : at, VL_COLUMN_MAX) ||
		    (pairs && items[at].count == 2 &&
		        !is_plain(store, at + 2, VL_DEFAULT_MAX)))
			return false;
	}
	return true;
}

static bool
is_shape(struct vl_row_store *store, size_t item)
{
	const struct vl_json_item *items = store->json.items;
	size_t at = item + 1;
	bool columns = false;

	if (items[item].type != VL_JSON_OBJECT)
		return false;
	for (; at < items[item].next; at = items[at + 1].next) {
		if (vl_slice_equal(items[at].raw, vl_slice_of("columns"))) {
			columns = true;
			if (!is_columns(store, at + 1, true))
				return false;
		} else if (vl_slice_equal(items[at].raw, vl_slice_of("key"))) {
			if (!is_columns(store, at + 1, false))
				return false;
		} else if ((!vl_slice_equal(
		                items[at].raw, vl_slice_of("autoincrement")) &&
		               !vl_slice_equal(items[at].raw,
		                   vl_slice_of("without_rowid"))) ||
		    items[at + 1].type != VL_JSON_TRUE) {
			return false;
		}
	}
	return columns;
}

enum vl_status
vl_table_line_decode(struct vl_table_line *t, struct vl_row_store *store,
    struct vl_slice line, struct vl_err *err)
{
	const struct vl_json *j = &store->json;
	size_t at[T_COUNT];
	enum vl_status st =
	    vl_row_line_read(&table_shape, store, line, at, err);

	*t = (struct vl_table_line){ 0 };
	if (st != VL_OK)
		return st;
	t->resource = j->items[at[T_R]].raw;
	if (!vl_row_line_text(store, at[T_C], VL_TABLE_NAME_MAX, &t->table))
		return vl_fail(
		    err, VL_EFORMAT, "'c' is not the name of a table");
	if (!is_schema(store, at[T_SCHEMA]))
		return vl_fail(err, VL_EFORMAT,
		    "'schema' is not a list of ascending lines");
	t->schema = j->items[at[T_SCHEMA]].raw;
	if (at[T_SHAPE] == VL_JSON_NONE)
		return VL_OK;
	if (!is_shape(store, at[T_SHAPE]))
		return vl_fail(
		    err, VL_EFORMAT, "'shape' is not that of a table");
	t->shape = j->items[at[T_SHAPE]].raw;
	return VL_OK;
}
