/* A line of a plan as canonical JSON, and the hash that names it
 * (formats/plan.md). */

#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/text.h>

#include "planning.h"

const char *const plan_names[PLAN_PARTS] = { "action", "change", "detail",
	"fields", "here", "id", "key", "path", "resource", "table", "to" };

const char *
plan_change_word(enum vl_change what)
{
	return what == VL_CHANGE_ADD ? "add" :
	    what == VL_CHANGE_DELETE ? "delete" :
	                               "change";
}

const char *
plan_action_word(enum vl_change what)
{
	return what == VL_CHANGE_ADD ? "insert" :
	    what == VL_CHANGE_DELETE ? "delete" :
	                               "overwrite";
}

static bool
is_fixed(size_t part)
{
	return part != PLAN_ACTION && part != PLAN_FIELDS && part != PLAN_ID &&
	    part != PLAN_TO;
}

enum vl_status
plan_encode(struct vl_buf *out, const struct plan_members *m, bool fixed,
    struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t i = 0;

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	for (i = 0; i < PLAN_PARTS; i++) {
		if (m->part[i].n == 0 || (fixed && !is_fixed(i)))
			continue;
		vl_json_w_key(&w, plan_names[i]);
		vl_json_w_raw(&w, m->part[i]);
	}
	vl_json_w_close(&w, '}');
	return vl_json_w_end(&w, err);
}

/* Text as JSON in `memory`, which does not move. */
static enum vl_status
add_text(struct vl_slice *part, struct vl_buf *memory, struct vl_slice text,
    struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	size_t at = memory->n;
	enum vl_status st = VL_OK;

	vl_json_w_init(&w, memory);
	vl_json_w_text(&w, text);
	st = vl_json_w_end(&w, err);
	*part = (struct vl_slice){ memory->p + at, memory->n - at };
	return st;
}

enum vl_status
plan_members_of(struct plan_members *m, struct vl_buf *memory,
    const struct plan_change *c, struct vl_err *err)
{
	char here[VL_HEX_SIZE(VL_HASH_SIZE)];
	char path[32800];
	const bool row = c->table != NULL;
	const struct {
		enum plan_part part;
		const char *text;
	} texts[] = {
		{ PLAN_CHANGE, plan_change_word(c->what) },
		{ PLAN_RESOURCE, c->resource },
		{ PLAN_TABLE, c->table },
		{ PLAN_HERE,
		    c->here == NULL ? NULL :
		                      vl_hex(here, c->here, VL_HASH_SIZE) },
		{ PLAN_DETAIL, row ? NULL : c->detail },
		{ PLAN_PATH,
		    row ? NULL :
		        c->key.n == 0 ?
		          "." :
		          vl_escape_text(path, sizeof(path), c->key) },
	};
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t n = 0;

	*m = (struct plan_members){ 0 };
	vl_buf_clear(memory);
	/* A character becomes at most six. */
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		n += texts[i].text == NULL ? 0 : 6 * strlen(texts[i].text) + 2;
	st = vl_buf_reserve(memory, n, err);
	for (i = 0; st == VL_OK && i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text != NULL)
			st = add_text(&m->part[texts[i].part], memory,
			    vl_slice_of(texts[i].text), err);
	if (row)
		m->part[PLAN_KEY] = c->key;
	m->part[PLAN_FIELDS] = c->fields;
	return st;
}

enum vl_status
plan_id(uint8_t id[PLAN_ID_SIZE], const uint8_t bundle[VL_HASH_SIZE],
    const struct plan_members *m, struct vl_buf *memory, struct vl_err *err)
{
	uint8_t hash[VL_HASH_SIZE];
	struct vl_hash h;
	enum vl_status st = VL_OK;

	vl_buf_clear(memory);
	st = plan_encode(memory, m, true, err);
	if (st != VL_OK)
		return st;
	vl_hash_init(&h, &(struct vl_hash_opts){ .personal = "valise plan" });
	vl_hash_add(&h, (struct vl_slice){ bundle, VL_HASH_SIZE });
	vl_hash_add(&h, vl_buf_slice(memory));
	vl_hash_end(&h, hash);
	memcpy(id, hash, PLAN_ID_SIZE);
	return VL_OK;
}
