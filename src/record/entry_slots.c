/*
 * Secrets of a file (formats/manifest.md, "Secrets in files"): their slots in
 * its line, [[at, fingerprint, inside, type], ...].
 */

#include <inttypes.h>

#include "entry_rules.h"
#include "parts.h"

static const char form[] = "a list of [offset, fingerprint, place, type]";

/* Reading. */

/* The slot at `item`; its place may yet be too long or no text. */
static bool
parse_slot(struct vl_entry_store *store, size_t item, struct vl_file_slot *slot)
{
	const struct vl_json *j = &store->json;
	const struct vl_json_item *it = &j->items[item];

	/* Each of the four is one item, or is refused for being more. */
	if (it->type != VL_JSON_ARRAY || it->count != 4 ||
	    it[1].type != VL_JSON_INT || it[1].number < 0 ||
	    it[2].type != VL_JSON_STRING || it[3].type != VL_JSON_STRING ||
	    !slot_read_print(&slot->slot, j, item + 2) ||
	    !slot_read_type(&slot->slot, j, item + 4) || slot->slot.blob)
		return false;
	slot->at = (uint64_t)it[1].number;
	slot->inside = vl_json_text(j, item + 3, &store->text);
	return true;
}

enum vl_status
vl_entry_read_slots(struct vl_entry *e, struct vl_entry_store *store,
    size_t item, struct vl_err *err)
{
	const struct vl_json_item *list = &store->json.items[item];
	struct vl_file_slot slot = { 0 };
	struct vl_slice bytes = { (const uint8_t *)&slot, sizeof(slot) };
	enum vl_status st = VL_OK;
	size_t at = item + 1;

	if (list->type != VL_JSON_ARRAY || list->count == 0)
		return vl_fail(err, VL_EFORMAT, "'slots' is not %s", form);
	for (; at < list->next && st == VL_OK;
	     at = store->json.items[at].next) {
		if (!parse_slot(store, at, &slot))
			return vl_fail(
			    err, VL_EFORMAT, "'slots' is not %s", form);
		st = vl_buf_add(&store->slots, bytes, err);
	}
	e->slots = (const struct vl_file_slot *)(const void *)store->slots.p;
	e->nslots = list->count;
	return st;
}

/* Rules. */

static enum vl_status
check_slot(const struct vl_entry *e, size_t i, struct vl_err *err)
{
	const struct vl_file_slot *s = &e->slots[i];

	if (s->at > e->size)
		return vl_fail(
		    err, VL_ELIMIT, "secret %zu is behind the file", i);
	if (i > 0 && s->at < e->slots[i - 1].at)
		return vl_fail(
		    err, VL_ELIMIT, "secret %zu is before the one before", i);
	if (s->inside.n > VL_SLOT_INSIDE_MAX || !vl_entry_is_text(s->inside))
		return vl_fail(err, VL_EFORMAT,
		    "the place of secret %zu is not a text of up to %d bytes",
		    i, VL_SLOT_INSIDE_MAX);
	if (s->inside.n == 0 && (e->nslots > 1 || e->size > 0))
		return vl_fail(err, VL_EFORMAT,
		    "secret %zu is the whole file, and there is more", i);
	return VL_OK;
}

enum vl_status
vl_entry_check_slots(const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	if (e->nslots == 0)
		return VL_OK;
	if (e->type != VL_ENTRY_FILE)
		return vl_fail(err, VL_EFORMAT, "only a file has secrets");
	if (e->nholes > 0)
		return vl_fail(
		    err, VL_EFORMAT, "a file with secrets has no holes");
	if (e->size > VL_FILE_SLOTS_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a file with secrets has %" PRIu64 " bytes, more than %u",
		    e->size, VL_FILE_SLOTS_MAX);
	for (i = 0; i < e->nslots && st == VL_OK; i++)
		st = check_slot(e, i, err);
	return st;
}

struct vl_slot_place
vl_entry_slot_place(const struct vl_entry *e, size_t i)
{
	return (struct vl_slot_place){ .resource = e->resource,
		.key = e->path,
		.inside = e->slots[i].inside,
		.form = e->slots[i].slot.form };
}

/* Writing. */

void
vl_entry_put_slots(struct vl_json_w *w, const struct vl_entry *e)
{
	const struct vl_file_slot *s = NULL;
	size_t i = 0;

	if (e->nslots == 0)
		return;
	vl_json_w_key(w, "slots");
	vl_json_w_open(w, '[');
	for (i = 0; i < e->nslots; i++) {
		s = &e->slots[i];
		vl_json_w_open(w, '[');
		vl_json_w_int(w, (int64_t)s->at);
		slot_write_print(w, &s->slot);
		vl_json_w_text(w, s->inside);
		vl_json_w_text(
		    w, vl_slice_of(vl_slot_type(s->slot.form, false)));
		vl_json_w_close(w, ']');
	}
	vl_json_w_close(w, ']');
}
