/* Rows to and from lines (formats/manifest.md, "Lines of a database"). */

#include <string.h>

#include <valise/row.h>
#include <valise/text.h>

#include "entry_rules.h"
#include "parts.h"
#include "row_line.h"

/* Members of a line, ascending. */
enum member {
	M_C,
	M_HASH,
	M_K,
	M_R,
	M_ROW,
	M_SIZE,
	M_T,
	M_X,
	M_COUNT
};

static const char *const member_names[M_COUNT] = { "c", "hash", "k", "r", "row",
	"size", "t", "x" };

/* The same with quotes and colon. */
static const char *const member_keys[M_COUNT] = { "\"c\":", "\"hash\":",
	"\"k\":", "\"r\":", "\"row\":", "\"size\":", "\"t\":", "\"x\":" };

static void
write_key(struct vl_json_w *w, enum member m)
{
	vl_json_w_member(w, vl_slice_of(member_keys[m]));
}

static const struct vl_row_shape shape = { .names = member_names,
	.n = M_COUNT,
	.may = 1u << M_HASH | 1u << M_SIZE | 1u << M_X,
	.r = M_R,
	.t = M_T,
	.type = "row" };

enum vl_status
vl_row_encode(struct vl_buf *out, const struct vl_row *row, size_t *hash_at,
    struct vl_err *err)
{
	static const char no_hash[VL_CONTENT_HASH_TEXT + 1] =
	    "k1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct vl_json_w w = { 0 };
	size_t begin = out->n;
	enum vl_status st = VL_OK;

	*hash_at = 0;
	if (row->key.n > VL_KEY_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "its key has %zu bytes, more than %d", row->key.n,
		    VL_KEY_MAX);
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	write_key(&w, M_C);
	vl_json_w_text(&w, row->table);
	if (row->has_body) {
		write_key(&w, M_HASH);
		*hash_at = out->n - begin + 1; /* behind the quote */
		vl_json_w_text(&w, vl_slice_of(no_hash));
	}
	write_key(&w, M_K);
	vl_json_w_raw(&w, row->key);
	write_key(&w, M_R);
	vl_json_w_text(&w, row->resource);
	write_key(&w, M_ROW);
	vl_json_w_raw(&w, row->row);
	if (row->has_body) {
		write_key(&w, M_SIZE);
		vl_json_w_int(&w, (int64_t)row->size);
	}
	write_key(&w, M_T);
	vl_json_w_raw(&w, vl_slice_of("\"row\""));
	if (row->x.n > 0) {
		write_key(&w, M_X);
		vl_json_w_raw(&w, row->x);
	}
	st = vl_row_line_end(&w, begin, err);
	if (st == VL_OK && row->has_body)
		vl_entry_set_hash(out->p + begin, *hash_at, row->hash);
	return st;
}

/* Reading. */

struct line {
	struct vl_row *row;
	struct vl_row_store *store;
	size_t at[M_COUNT];
	uint64_t filled; /* bytes of the body that values account for */
};

static enum vl_status
bad(enum member m, const char *what, struct vl_err *err)
{
	return vl_fail(
	    err, VL_EFORMAT, "'%s' is not %s", member_names[m], what);
}

/* Places in the body follow one another without a gap. */
static bool
account(struct line *l, uint64_t at, uint64_t n)
{
	if (at != l->filled)
		return false;
	l->filled += n;
	return true;
}

static enum vl_status
read_row(struct line *l, struct vl_err *err)
{
	struct vl_json *j = &l->store->json;
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	char shown[64];
	size_t used = 0;
	size_t at = l->at[M_ROW] + 1;

	if (j->items[l->at[M_ROW]].type != VL_JSON_OBJECT)
		return bad(M_ROW, "an object", err);
	for (; at < j->items[l->at[M_ROW]].next; at = j->items[at + 1].next) {
		used = l->store->text.n;
		name = vl_json_text(j, at, &l->store->text);
		if (name.n == 0 || name.n > VL_COLUMN_MAX)
			return bad(M_ROW, "of named columns", err);
		if (vl_value_read(&v, j, at + 1, &l->store->text, err) != VL_OK)
			return vl_within(err, "column '%s'",
			    vl_escape_text(shown, sizeof(shown), name));
		if (v.n > 0 && !account(l, v.at, v.n))
			return vl_fail(err, VL_EFORMAT,
			    "column '%s': its place in the body is not behind "
			    "the one before",
			    vl_escape_text(shown, sizeof(shown), name));
		l->store->text.n = used;
		l->row->nslots += v.nslots;
	}
	l->row->row = j->items[l->at[M_ROW]].raw;
	l->store->columns = l->at[M_ROW];
	return VL_OK;
}

/* Ids are plain cells. */
static enum vl_status
read_ids(struct line *l, struct vl_err *err)
{
	struct vl_json *j = &l->store->json;
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	size_t used = l->store->text.n;
	size_t at = l->at[M_X];

	l->store->ids = at;
	if (at == VL_JSON_NONE)
		return VL_OK;
	if (j->items[at].type != VL_JSON_OBJECT || j->items[at].count == 0)
		return bad(M_X, "an object of ids", err);
	l->row->x = j->items[at].raw;
	for (at++; at < j->items[l->at[M_X]].next; at = j->items[at + 1].next) {
		name = vl_json_text(j, at, &l->store->text);
		if (name.n == 0 || name.n > VL_COLUMN_MAX ||
		    vl_value_read(&v, j, at + 1, &l->store->text, NULL) !=
		        VL_OK ||
		    v.kind != VL_VALUE_CELL)
			return bad(M_X, "an object of ids", err);
		l->store->text.n = used;
	}
	return VL_OK;
}

static enum vl_status
read_body(struct line *l, struct vl_err *err)
{
	const struct vl_json *j = &l->store->json;
	const struct vl_json_item *size = NULL;
	const struct vl_json_item *hash = NULL;
	struct vl_entry e = { 0 };

	l->row->has_body = l->at[M_SIZE] != VL_JSON_NONE;
	if (!l->row->has_body)
		return l->filled == 0 ?
		    VL_OK :
		    vl_fail(err, VL_EFORMAT,
		        "a value stands in a body that the line has not");
	size = &j->items[l->at[M_SIZE]];
	hash = &j->items[l->at[M_HASH]];
	if (size->type != VL_JSON_INT || size->number <= 0 ||
	    (uint64_t)size->number != l->filled)
		return bad(M_SIZE, "what its values fill of the body", err);
	l->row->size = (uint64_t)size->number;
	if (hash->type != VL_JSON_STRING || !vl_entry_parse_hash(hash->raw, &e))
		return bad(M_HASH, "a content hash", err);
	memcpy(l->row->hash, e.hash, sizeof(e.hash));
	return VL_OK;
}

static enum vl_status
read_line(struct line *l, struct vl_slice line, struct vl_err *err)
{
	const struct vl_json *j = &l->store->json;
	struct vl_row *row = l->row;
	enum vl_status st =
	    vl_row_line_read(&shape, l->store, line, l->at, err);

	if (st != VL_OK)
		return st;
	if ((l->at[M_HASH] == VL_JSON_NONE) != (l->at[M_SIZE] == VL_JSON_NONE))
		return vl_fail(
		    err, VL_EFORMAT, "'hash' and 'size' do not stand together");
	row->resource = j->items[l->at[M_R]].raw;
	if (!vl_row_line_text(
	        l->store, l->at[M_C], VL_TABLE_NAME_MAX, &row->table))
		return bad(M_C, "the name of a table", err);
	row->key = j->items[l->at[M_K]].raw;
	if (row->key.n > VL_KEY_MAX)
		return vl_fail(err, VL_ELIMIT, "its key has more than %d bytes",
		    VL_KEY_MAX);
	if (!vl_key_valid(j, l->at[M_K], &l->store->text))
		return bad(M_K, "a key", err);
	return VL_OK;
}

enum vl_status
vl_row_decode(struct vl_row *row, struct vl_row_store *store,
    struct vl_slice line, struct vl_err *err)
{
	struct line l = { .row = row, .store = store };
	enum vl_status st = VL_OK;

	*row = (struct vl_row){ 0 };
	st = read_line(&l, line, err);
	if (st == VL_OK)
		st = read_row(&l, err);
	if (st == VL_OK)
		st = read_ids(&l, err);
	if (st == VL_OK)
		st = read_body(&l, err);
	return st;
}

bool
vl_row_next(struct vl_row_store *store, size_t item, size_t *at,
    struct vl_slice *name, struct vl_value *value)
{
	struct vl_json *j = &store->json;

	if (*at == 0)
		*at = item + 1;
	if (*at >= j->items[item].next)
		return false;
	*name = vl_json_text(j, *at, &store->text);
	if (value_take(value, j, *at + 1, &store->text, NULL) != VL_OK)
		return false;
	*at = j->items[*at + 1].next;
	return true;
}

/* The next column that has a secret, or may have one in its pieces. */
static bool
next_secret_column(struct vl_slots *s, struct vl_row_store *store)
{
	if (s->at == 0)
		s->begin = store->text.n;
	do {
		store->text.n = s->begin;
		if (!vl_row_next(
		        store, store->columns, &s->at, &s->column, &s->value))
			return false;
	} while (s->value.kind != VL_VALUE_SECRET &&
	    s->value.kind != VL_VALUE_PARTS);
	s->column_end = store->text.n;
	s->piece = 0;
	return true;
}

bool
vl_row_next_slot(struct vl_slots *at, const struct vl_row *row,
    struct vl_row_store *store, struct vl_slot_place *place,
    struct vl_slot *slot)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT };

	for (;;) {
		if (at->value.kind == VL_VALUE_PARTS) {
			store->text.n = at->column_end;
			while (part.kind != VL_PART_SECRET &&
			    vl_parts_next(&part, &store->json, &at->value,
			        &at->piece, &store->text))
				;
			if (part.kind == VL_PART_SECRET)
				break;
		}
		if (!next_secret_column(at, store))
			return false;
		if (at->value.kind == VL_VALUE_SECRET)
			break;
	}
	*slot = at->value.kind == VL_VALUE_SECRET ? at->value.slot : part.slot;
	*place = (struct vl_slot_place){ .resource = row->resource,
		.collection = row->table,
		.key = row->key,
		.column = at->column,
		.inside = part.inside,
		.form = slot->form,
		.blob = slot->blob };
	return true;
}

void
vl_row_store_free(struct vl_row_store *store)
{
	vl_json_free(&store->json);
	vl_buf_free(&store->text);
	*store = (struct vl_row_store){ 0 };
}
