/*
 * Rows of databases as a run shows them: by key, the parts of which are
 * joined with slashes, as a person names them.
 */

#include <valise/fields.h>
#include <valise/json.h>
#include <valise/text.h>

#include "import.h"

#define SHOWN       32800 /* of a key of 4,096 bytes, each escaped, and more */
#define TABLE_WIDTH 18
#define KEY_WIDTH   24 /* before the detail */

/* A value of a key: text as it is; of a wrapped one what is wrapped. */
static enum vl_status
add_part(struct vl_buf *out, const struct vl_json *j, size_t at, bool *first,
    struct vl_err *err)
{
	const struct vl_json_item *item = &j->items[at];
	enum vl_status st = VL_OK;
	size_t next = at + 1;
	size_t i = 0;

	if (item->type == VL_JSON_OBJECT && item->count == 1)
		return add_part(out, j, at + 2, first, err);
	if (item->type == VL_JSON_ARRAY) {
		for (i = 0; st == VL_OK && i < item->count; i++) {
			st = add_part(out, j, next, first, err);
			next = j->items[next].next;
		}
		return st;
	}
	if (!*first)
		st = vl_buf_add(out, vl_slice_of("/"), err);
	*first = false;
	if (st == VL_OK)
		st = item->type == VL_JSON_STRING ?
		    vl_json_decode(j, at, out, err) :
		    vl_buf_add(out, item->raw, err);
	return st;
}

/* What cannot be read is shown as it stands. */
static void
show_key(char shown[SHOWN], struct vl_slice key)
{
	struct vl_json j = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err ignored = { 0 };
	bool first = true;

	if (vl_json_parse(&j, key, &ignored) == VL_OK &&
	    add_part(&text, &j, 0, &first, &ignored) == VL_OK)
		key = vl_buf_slice(&text);
	(void)vl_escape_text(shown, SHOWN, key);
	vl_json_free(&j);
	vl_buf_free(&text);
}

static void
print_row(const struct view *v, const struct vl_row_told *r)
{
	const struct view_look look = view_look(v, r->change);
	char key[SHOWN];
	char table[256];
	struct vl_buf values = { 0 };
	struct vl_err ignored = { 0 };
	int pad = 0;

	if (r->values.n > 0)
		(void)vl_fields_text(&values, r->values, &ignored);
	show_key(key, r->key);
	(void)vl_escape_text(table, sizeof(table), vl_slice_of(r->table));
	if (r->detail[0] != '\0')
		pad = KEY_WIDTH - view_width(key);
	vl_progress_clear();
	printf("%-*s  %s%*s %s%c %s%s%s%*s%s%s%.*s\n", v->name_width,
	    r->resource, table,
	    TABLE_WIDTH > view_width(table) ? TABLE_WIDTH - view_width(table) :
	                                      0,
	    "", look.colour, look.sign, key, look.plain,
	    r->detail[0] != '\0' ? "  " : "", pad > 0 ? pad : 0, "", r->detail,
	    values.n > 0 ? "  " : "", (int)values.n, (const char *)values.p);
	vl_buf_free(&values);
}

void
view_row(void *arg, const struct vl_row_told *r)
{
	const bool columns =
	    r->change == VL_CHANGE_MODIFY || r->change == VL_CHANGE_DERIVE;
	struct view *v = &((struct run *)arg)->view;
	struct vl_msg m = { 0 };

	if (!v->opts->json) {
		print_row(v, r);
		return;
	}
	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "resource", vl_slice_of(r->resource));
	vl_msg_text(&m, "change", vl_slice_of(view_word(r->change)));
	vl_msg_text(&m, "table", vl_slice_of(r->table));
	vl_msg_json(&m, "key", r->key);
	vl_msg_text(&m, columns ? "fields" : "detail", vl_slice_of(r->detail));
	if (r->values.n > 0)
		vl_msg_json(&m, "values", r->values);
	vl_msg_end(&m);
}
