/*
 * Pieces of a text, some of them ids of rows or secrets (formats/manifest.md,
 * "Values").  Each text with these has one spelling.
 */

#include <string.h>

#include <valise/encode.h>
#include <valise/text.h>

#include "parts.h"

/* As they stand in a line. */
static const char *const forms[] = { "\"plain\"", "\"json\"", "\"number\"",
	"\"yaml\"", "\"yaml-part\"", "\"yaml-single\"", "\"yaml-double\"" };

static const char *const tags[] = { "$parts", "$gzip", "$zlib", "$deflate" };

bool
parts_tag(enum vl_packing *packing, struct vl_slice tag)
{
	size_t i = 0;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		*packing = (enum vl_packing)i;
		if (vl_slice_equal(tag, vl_slice_of(tags[i])))
			return true;
	}
	*packing = VL_PACKING_NONE;
	return false;
}

void
vl_parts_open(struct vl_json_w *w, enum vl_packing packing)
{
	static const char *const opens[] = { "{\"$parts\":[", "{\"$gzip\":[",
		"{\"$zlib\":[", "{\"$deflate\":[" };

	vl_json_w_member(w, vl_slice_of(opens[packing]));
}

static void
write_secret(struct vl_json_w *w, const struct vl_text_part *part)
{
	vl_json_w_open(w, '{');
	vl_json_w_key(w, "$secret");
	vl_json_w_open(w, '[');
	slot_write_print(w, &part->slot);
	vl_json_w_raw(w, vl_slice_of(forms[part->form]));
	vl_json_w_text(w, part->inside);
	if (!slot_is_plain(&part->slot))
		vl_json_w_text(w,
		    vl_slice_of(
		        vl_slot_type(part->slot.form, part->slot.blob)));
	vl_json_w_close(w, ']');
	vl_json_w_close(w, '}');
}

void
vl_part_write(struct vl_json_w *w, const struct vl_text_part *part)
{
	switch (part->kind) {
	case VL_PART_TEXT:
		if (!vl_json_w_try(w, part->text))
			value_write_coded(w, "$t64", part->text);
		break;
	case VL_PART_BODY:
		value_write_range(w, "$body", part->at, part->n);
		break;
	case VL_PART_REF:
		vl_json_w_open(w, '[');
		vl_json_w_text(w, part->table);
		vl_json_w_raw(w, part->key);
		vl_json_w_raw(w, vl_slice_of(forms[part->form]));
		vl_json_w_close(w, ']');
		break;
	case VL_PART_COUNT:
		vl_json_w_int(w, (int64_t)part->n);
		break;
	case VL_PART_SECRET:
		write_secret(w, part);
		break;
	}
}

void
vl_parts_close(struct vl_json_w *w)
{
	vl_json_w_close(w, ']');
	vl_json_w_close(w, '}');
}

/* Reading. */

static bool
read_form(enum vl_part_form *form, const struct vl_json *j, size_t item)
{
	struct vl_slice shown = { 0 };
	size_t i = 0;

	if (j->items[item].type != VL_JSON_STRING)
		return false;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		*form = (enum vl_part_form)i;
		shown = vl_slice_of(forms[i] + 1);
		shown.n--;
		if (vl_slice_equal(j->items[item].raw, shown))
			return true;
	}
	return false;
}

static bool
read_part_ref(struct vl_text_part *part, const struct vl_json *j, size_t item,
    struct vl_buf *arena)
{
	size_t key = item + 2; /* the table is one item */

	if (j->items[item].count != 3 ||
	    j->items[item + 1].type != VL_JSON_STRING ||
	    !read_form(&part->form, j, j->items[key].next))
		return false;
	part->kind = VL_PART_REF;
	part->table = vl_json_text(j, item + 1, arena);
	part->key = j->items[key].raw;
	return part->table.n > 0 && part->table.n <= VL_TABLE_NAME_MAX;
}

/* At the array behind its tag.  The form of a number is none for it, and what
 * is a blob is not spelled in a text. */
static bool
read_part_secret(struct vl_text_part *part, const struct vl_json *j,
    size_t item, struct vl_buf *arena)
{
	const size_t n = j->items[item].count;

	part->kind = VL_PART_SECRET;
	if (j->items[item].type != VL_JSON_ARRAY || (n != 3 && n != 4) ||
	    !slot_read_print(&part->slot, j, item + 1) ||
	    !read_form(&part->form, j, item + 2) ||
	    part->form == VL_FORM_JSON_NUMBER ||
	    j->items[item + 3].type != VL_JSON_STRING)
		return false;
	part->inside = vl_json_text(j, item + 3, arena);
	if (part->inside.n == 0 || part->inside.n > VL_SLOT_INSIDE_MAX)
		return false;
	return n == 3 ||
	    (slot_read_type(&part->slot, j, item + 4) &&
	        !slot_is_plain(&part->slot) && !part->slot.blob);
}

/* A piece that is no string of JSON. */
static bool
read_part_bytes(
    struct vl_text_part *part, struct vl_slice text, struct vl_buf *arena)
{
	uint8_t *to = arena->p + arena->n;
	size_t n = 0;

	if (arena->cap - arena->n < text.n || !vl_unb64u_any(to, &n, text))
		return false;
	part->kind = VL_PART_TEXT;
	part->text = (struct vl_slice){ to, n };
	arena->n += n;
	return !value_is_text(part->text);
}

/* What stands behind the table of a REF may yet be no key. */
static bool
read_part(struct vl_text_part *part, const struct vl_json *j, size_t item,
    struct vl_buf *arena)
{
	const struct vl_json_item *it = &j->items[item];

	*part = (struct vl_text_part){ 0 };
	if (it->type == VL_JSON_INT) {
		part->kind = VL_PART_COUNT;
		part->n = (uint64_t)it->number;
		return it->number > 0;
	}
	if (it->type == VL_JSON_STRING) {
		part->kind = VL_PART_TEXT;
		part->text = vl_json_text(j, item, arena);
		return true;
	}
	if (it->type == VL_JSON_ARRAY)
		return read_part_ref(part, j, item, arena);
	if (it->type != VL_JSON_OBJECT || it->count != 1)
		return false;
	if (vl_slice_equal(it[1].raw, vl_slice_of("$t64")))
		return it[2].type == VL_JSON_STRING && !it[2].escaped &&
		    read_part_bytes(part, it[2].raw, arena);
	if (vl_slice_equal(it[1].raw, vl_slice_of("$secret")))
		return read_part_secret(part, j, item + 2, arena);
	part->kind = VL_PART_BODY;
	return vl_slice_equal(it[1].raw, vl_slice_of("$body")) &&
	    value_read_range(j, item + 2, &part->at, &part->n);
}

/* What of the body the pieces take follows one another; it begins with the
 * first. */
static bool
add_range(struct vl_value *v, const struct vl_text_part *part)
{
	if (v->n == 0)
		v->at = part->at;
	if (part->at != v->at + v->n)
		return false;
	v->n += part->n;
	return true;
}

static bool
is_text_part(enum vl_part_kind kind)
{
	return kind == VL_PART_TEXT || kind == VL_PART_BODY;
}

/* Counted stretches of pieces, each within the one before it. */
struct counted {
	struct {
		uint64_t end; /* number of the piece behind it */
		bool has_own; /* an id or secret, whose length each side has */
	} open[VL_COUNTED_DEPTH];
	size_t depth;
};

/* False: one begins that is empty, or ends behind the one around it. */
static bool
begin_counted(struct counted *c, uint64_t number, uint64_t n, uint64_t most)
{
	if (c->depth > 0)
		most = c->open[c->depth - 1].end;
	if (c->depth == VL_COUNTED_DEPTH || n >= most - number)
		return false;
	c->open[c->depth].end = number + n + 1;
	c->open[c->depth++].has_own = false;
	return true;
}

/* Those that end before piece `number`; `*any`: there are some.  False: one
 * has neither id nor secret, so that its length could stand there. */
static bool
end_counted(struct counted *c, uint64_t number, bool *any)
{
	*any = false;
	while (c->depth > 0 && c->open[c->depth - 1].end == number) {
		if (!c->open[--c->depth].has_own)
			return false;
		if (c->depth > 0)
			c->open[c->depth - 1].has_own = true;
		*any = true;
	}
	return true;
}

/* Texts are not empty and not next to one another but where a counted stretch
 * ends, and some part is an id or secret: else there would be two spellings. */
enum vl_status
parts_check(struct vl_value *v, const struct vl_json *j, struct vl_buf *arena,
    struct vl_err *err)
{
	const size_t item = v->item;
	enum vl_part_kind before = VL_PART_REF;
	struct vl_text_part part = { 0 };
	struct counted counted = { 0 };
	size_t used = arena->n;
	size_t at = item + 1;
	uint64_t number = 0;
	bool has_own = false;
	bool ended = false;

	if (j->items[item].type != VL_JSON_ARRAY)
		return value_bad(err, "its pieces are no array");
	for (; at < j->items[item].next; at = j->items[at].next, number++) {
		arena->n = used; /* only looked at */
		if (!end_counted(&counted, number, &ended))
			return value_bad(
			    err, "a length in it counts neither id nor secret");
		if (!read_part(&part, j, at, arena) ||
		    (part.kind == VL_PART_REF &&
		        !vl_key_valid(j, at + 2, arena)))
			return value_bad(err, "a piece of it is none");
		if (part.kind == VL_PART_BODY && !add_range(v, &part))
			return value_bad(err,
			    "its places in the body are not one behind the "
			    "other");
		if (part.kind == VL_PART_TEXT && part.text.n == 0)
			return value_bad(err, "a piece of it is empty");
		if (part.kind == VL_PART_COUNT &&
		    !begin_counted(
		        &counted, number, part.n, j->items[item].count))
			return value_bad(
			    err, "a length in it counts what is not there");
		if (is_text_part(part.kind) && is_text_part(before) && !ended)
			return value_bad(err, "pieces of it are not joined");
		before = part.kind;
		if (part.kind == VL_PART_SECRET)
			v->nslots++;
		else if (part.kind != VL_PART_REF)
			continue;
		has_own = true;
		if (counted.depth > 0)
			counted.open[counted.depth - 1].has_own = true;
	}
	arena->n = used;
	if (!end_counted(&counted, number, &ended))
		return value_bad(
		    err, "a length in it counts neither id nor secret");
	return has_own ? VL_OK :
	                 value_bad(err, "no piece of it is an id or secret");
}

bool
vl_parts_next(struct vl_text_part *part, const struct vl_json *j,
    const struct vl_value *v, size_t *at, struct vl_buf *arena)
{
	if (*at == 0)
		*at = v->item + 1;
	if (*at >= j->items[v->item].next || !read_part(part, j, *at, arena))
		return false;
	*at = j->items[*at].next;
	return true;
}
