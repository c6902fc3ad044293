/*
 * What differs inside the values of a row that two bundles have: by paths, and
 * ids by the keys of their rows.  A value whose bytes are in the body of its
 * record is not looked into: of a bundle only the lines are read.
 */

#include <valise/text.h>

#include "values.h"

void
values_free(struct values *v)
{
	size_t i = 0;

	vl_profile_free(v->profile);
	vl_fields_free(v->fields);
	vl_row_store_free(&v->stores[0]);
	vl_row_store_free(&v->stores[1]);
	vl_buf_free(&v->said);
	vl_buf_free(&v->shown);
	vl_buf_free(&v->text);
	for (i = 0; i < 2; i++) {
		vl_buf_free(&v->rest[i]);
		vl_buf_free(&v->prints[i]);
	}
}

/* A profile that cannot be read is for others to complain of. */
void
values_profile(struct values *v, struct vl_slice words)
{
	struct vl_err ignored = { 0 };

	vl_profile_free(v->profile);
	v->profile = NULL;
	if (words.n > 0)
		(void)vl_profile_from_meaning(&v->profile, words, &ignored);
}

/* The text is of this column; a star of a reference stands for anything. */
static bool
is_column(const char *text, struct vl_slice table, struct vl_slice column)
{
	struct vl_slice t = { 0 };
	struct vl_slice c = { 0 };
	const struct vl_slice any = vl_slice_of("*");

	return vl_profile_split(text, &t, &c) &&
	    (vl_slice_equal(t, table) || vl_slice_equal(t, any)) &&
	    (vl_slice_equal(c, column) || vl_slice_equal(c, any));
}

static bool
is_secret(const struct values *v, struct vl_slice table, struct vl_slice column)
{
	const struct vl_profile_resource *r = NULL;
	size_t i = 0;

	if (v->profile == NULL || v->profile->nresources == 0)
		return false;
	r = &v->profile->resources[0];
	for (i = 0; i < r->nsecrets; i++)
		if (is_column(r->secrets[i].of, table, column))
			return true;
	return false;
}

static enum vl_fields_form
form_of(const struct values *v, struct vl_slice table, struct vl_slice column)
{
	const struct vl_profile_resource *r = NULL;
	size_t i = 0;
	size_t k = 0;

	if (v->profile == NULL || v->profile->nresources == 0)
		return VL_FIELDS_GUESS;
	r = &v->profile->resources[0];
	for (i = 0; i < r->nreferences; i++)
		for (k = 0; k < r->references[i].nfrom; k++)
			if (r->references[i].yaml != NULL &&
			    is_column(r->references[i].from[k], table, column))
				return VL_FIELDS_YAML;
	return VL_FIELDS_GUESS;
}

static bool
is_text(const struct vl_value *value)
{
	return value->kind == VL_VALUE_PARTS ||
	    (value->kind == VL_VALUE_CELL && value->cell.type == VL_CELL_TEXT);
}

/* False: some of it stands in the body. */
static enum vl_status
add_side(struct values *v, size_t side, const struct vl_value *value,
    bool *whole, struct vl_err *err)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT,
		.text = value->cell.bytes };
	struct vl_row_store *store = &v->stores[side];
	enum vl_status st = VL_OK;
	size_t at = 0;

	if (value->kind == VL_VALUE_CELL)
		return vl_fields_add(v->fields, (enum vl_side)side, &part,
		    (struct vl_slice){ 0 }, err);
	while (st == VL_OK &&
	    vl_parts_next(&part, &store->json, value, &at, &store->text)) {
		*whole = *whole && part.kind != VL_PART_BODY;
		st = vl_fields_add(v->fields, (enum vl_side)side, &part,
		    (struct vl_slice){ 0 }, err);
	}
	return st;
}

static enum vl_status
add_value(struct values *v, struct vl_slice table, struct vl_slice column,
    const struct vl_value both[2], struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool whole = true;
	size_t i = 0;

	if (!is_text(&both[0]) || !is_text(&both[1]) ||
	    is_secret(v, table, column))
		return VL_OK;
	vl_fields_begin(v->fields);
	for (i = 0; st == VL_OK && i < 2; i++)
		st = add_side(v, i, &both[i], &whole, err);
	return st == VL_OK && whole ?
	    vl_fields_differ(
	        v->fields, form_of(v, table, column), column, &v->w, err) :
	    st;
}

/* As rows of a target are read: names and values are decoded one after the
 * other, each at most twice. */
static enum vl_status
parse(struct vl_row_store *store, struct vl_slice json, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	store->text.n = 0;
	st = vl_buf_reserve(&store->text, 4 * json.n, err);
	return st == VL_OK ? vl_json_parse(&store->json, json, err) : st;
}

/* Columns that both have, ascending. */
static enum vl_status
add_columns(struct values *v, struct vl_slice table, struct vl_err *err)
{
	struct vl_slice names[2] = { { 0 } };
	struct vl_value both[2] = { 0 };
	enum vl_status st = VL_OK;
	size_t at[2] = { 0 };
	bool more[2] = { true, true };
	bool want[2] = { true, true };
	int order = 0;
	size_t i = 0;

	while (st == VL_OK) {
		for (i = 0; i < 2; i++)
			if (want[i])
				more[i] = vl_row_next(&v->stores[i], 0, &at[i],
				    &names[i], &both[i]);
		if (!more[0] || !more[1])
			break;
		order = vl_slice_cmp(names[0], names[1]);
		want[0] = order <= 0;
		want[1] = order >= 0;
		if (order == 0)
			st = add_value(v, table, names[0], both, err);
	}
	return st;
}

enum vl_status
values_differ(struct values *v, struct vl_slice table,
    const struct vl_slice rows[2], struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_buf_clear(&v->said);
	if (v->fields == NULL)
		st = vl_fields_new(&v->fields, err);
	for (i = 0; st == VL_OK && i < 2; i++)
		st = parse(&v->stores[i], rows[i], err);
	if (st != VL_OK)
		return st;
	vl_json_w_init(&v->w, &v->said);
	vl_json_w_open(&v->w, '[');
	st = add_columns(v, table, err);
	vl_json_w_close(&v->w, ']');
	if (st == VL_OK)
		st = vl_json_w_end(&v->w, err);
	/* Nothing but the brackets. */
	if (v->said.n <= 2)
		vl_buf_clear(&v->said);
	return st;
}

/* The fingerprints of a value in v->prints, what else it says in v->rest. */
static enum vl_status
part_secrets(struct values *v, size_t side, const struct vl_json *json,
    const struct vl_value *value, struct vl_err *err)
{
	struct vl_text_part part = { .kind = VL_PART_TEXT };
	enum vl_status st = VL_OK;
	size_t at = 0;

	if (value->kind == VL_VALUE_SECRET)
		return vl_buf_add(&v->prints[side],
		    (struct vl_slice){
		        value->slot.print, sizeof(value->slot.print) },
		    err);
	vl_json_w_open(&v->w, '[');
	while (
	    st == VL_OK && vl_parts_next(&part, json, value, &at, &v->text)) {
		if (part.kind == VL_PART_SECRET) {
			st = vl_buf_add(&v->prints[side],
			    (struct vl_slice){
			        part.slot.print, sizeof(part.slot.print) },
			    err);
			memset(part.slot.print, 0, sizeof(part.slot.print));
		}
		vl_part_write(&v->w, &part);
	}
	vl_json_w_close(&v->w, ']');
	return st;
}

static enum vl_status
read_secrets(struct values *v, size_t side, const struct vl_json *json,
    size_t item, struct vl_value *value, struct vl_err *err)
{
	const struct vl_slice raw = json->items[item].raw;
	enum vl_status st = VL_OK;

	/* Of the value, and of its pieces once more. */
	vl_buf_clear(&v->text);
	vl_buf_clear(&v->prints[side]);
	vl_buf_clear(&v->rest[side]);
	st = vl_buf_reserve(&v->text, 4 * raw.n + 1, err);
	if (st == VL_OK)
		st = vl_value_read(value, json, item, &v->text, err);
	if (st != VL_OK)
		return st;
	if (value->nslots == 0)
		return vl_buf_add(&v->rest[side], raw, err);
	vl_json_w_init(&v->w, &v->rest[side]);
	st = part_secrets(v, side, json, value, err);
	return st == VL_OK && v->rest[side].n > 0 ? vl_json_w_end(&v->w, err) :
	                                            st;
}

enum vl_status
values_secret(struct values *v, const struct vl_json *json,
    const size_t items[2], bool *secret, bool *rest, struct vl_err *err)
{
	struct vl_value both[2] = { 0 };
	enum vl_status st = VL_OK;
	bool whole = false;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < 2; i++) {
		st = read_secrets(v, i, &json[i], items[i], &both[i], err);
		whole = whole || both[i].kind == VL_VALUE_SECRET;
	}
	*secret = !vl_slice_equal(
	    vl_buf_slice(&v->prints[0]), vl_buf_slice(&v->prints[1]));
	/* How a whole one stands there is of the secret, too. */
	*secret = *secret || whole;
	*rest = !whole &&
	    (both[0].nslots + both[1].nslots == 0 ||
	        !vl_slice_equal(
	            vl_buf_slice(&v->rest[0]), vl_buf_slice(&v->rest[1])));
	return st;
}
