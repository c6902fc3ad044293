/* What differs inside values, in one line for a person. */

#include <valise/fields.h>
#include <valise/text.h>

#include "place.h"

/* A member that is a text, escaped; `*has`: it is there. */
static enum vl_status
member(struct vl_buf *out, const struct vl_json *j, size_t object,
    const char *name, bool *has, struct vl_err *err)
{
	const size_t at = vl_json_member(j, object, name);
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	*has = at != VL_JSON_NONE;
	vl_buf_clear(out);
	if (*has)
		st = vl_json_decode(j, at, &text, err);
	if (st == VL_OK)
		st = vl_escape(out, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

struct words {
	struct vl_buf column;
	struct vl_buf path;
	struct vl_buf sides[VL_SIDES];
};

static enum vl_status
add_line(struct vl_buf *out, const struct words *w, const bool has[VL_SIDES],
    struct vl_err *err)
{
	const struct vl_slice path = vl_buf_slice(&w->path);
	const struct vl_buf *first =
	    has[VL_SIDE_OLD] ? &w->sides[VL_SIDE_OLD] : &w->sides[VL_SIDE_NEW];

	/* The path without its `$`. */
	return vl_buf_printf(out, err, "%s%.*s%.*s: %s%.*s%s%.*s",
	    out->n > 0 ? "; " : "", (int)w->column.n, (const char *)w->column.p,
	    (int)path.n - 1, (const char *)path.p + 1,
	    !has[VL_SIDE_OLD]     ? "+ " :
	        !has[VL_SIDE_NEW] ? "- " :
	                            "",
	    (int)first->n, (const char *)first->p,
	    has[VL_SIDE_OLD] && has[VL_SIDE_NEW] ? " -> " : "",
	    has[VL_SIDE_OLD] && has[VL_SIDE_NEW] ?
	        (int)w->sides[VL_SIDE_NEW].n :
	        0,
	    (const char *)w->sides[VL_SIDE_NEW].p);
}

static enum vl_status
add_item(struct vl_buf *out, const struct vl_json *j, size_t at,
    struct words *w, struct vl_err *err)
{
	const size_t more = vl_json_member(j, at, "more");
	bool sides[VL_SIDES] = { false, false };
	bool has = false;
	enum vl_status st = member(&w->column, j, at, "column", &has, err);

	if (st == VL_OK && more != VL_JSON_NONE)
		return vl_buf_printf(out, err, "; %.*s: and %lld more",
		    (int)w->column.n, (const char *)w->column.p,
		    (long long)j->items[more].number);
	if (st == VL_OK)
		st = member(&w->path, j, at, "path", &has, err);
	if (st == VL_OK)
		st = member(&w->sides[VL_SIDE_OLD], j, at, "old",
		    &sides[VL_SIDE_OLD], err);
	if (st == VL_OK)
		st = member(&w->sides[VL_SIDE_NEW], j, at, "new",
		    &sides[VL_SIDE_NEW], err);
	return st == VL_OK && w->path.n > 0 ? add_line(out, w, sides, err) : st;
}

enum vl_status
vl_fields_text(struct vl_buf *out, struct vl_slice json, struct vl_err *err)
{
	struct words w = { 0 };
	struct vl_json j = { 0 };
	enum vl_status st = vl_json_parse(&j, json, err);
	size_t at = 1;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < j.items[0].count; i++) {
		st = add_item(out, &j, at, &w, err);
		at = j.items[at].next;
	}
	vl_buf_free(&w.column);
	vl_buf_free(&w.path);
	vl_buf_free(&w.sides[VL_SIDE_OLD]);
	vl_buf_free(&w.sides[VL_SIDE_NEW]);
	vl_json_free(&j);
	return st;
}
