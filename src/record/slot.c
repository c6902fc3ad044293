/* Slots of secrets as they stand in a line (formats/manifest.md, "Secrets"). */

#include <string.h>

#include <valise/encode.h>
#include <valise/slot.h>

#include "parts.h"

static const char prefix[] = "sf1.";

/* By form, then storage class. */
static const char *const types[][2] = { { "text", "blob" },
	{ "clear", "clear-blob" }, { "broken", "broken-blob" } };

char *
vl_slot_text(
    char text[VL_SLOT_TEXT_SIZE], const uint8_t print[VL_SLOT_PRINT_SIZE])
{
	memcpy(text, prefix, sizeof(prefix) - 1);
	(void)vl_b64u(text + sizeof(prefix) - 1, print, VL_SLOT_PRINT_SIZE);
	return text;
}

bool
vl_slot_read(uint8_t print[VL_SLOT_PRINT_SIZE], struct vl_slice text)
{
	const size_t n = sizeof(prefix) - 1;

	return text.n == VL_SLOT_TEXT_SIZE - 1 &&
	    memcmp(text.p, prefix, n) == 0 &&
	    vl_unb64u(print, VL_SLOT_PRINT_SIZE,
	        (struct vl_slice){ text.p + n, text.n - n });
}

const char *
vl_slot_type(enum vl_slot_form form, bool blob)
{
	return types[form][blob ? 1 : 0];
}

bool
slot_read_print(struct vl_slot *slot, const struct vl_json *j, size_t item)
{
	return j->items[item].type == VL_JSON_STRING &&
	    !j->items[item].escaped &&
	    vl_slot_read(slot->print, j->items[item].raw);
}

bool
slot_read_type(struct vl_slot *slot, const struct vl_json *j, size_t item)
{
	size_t form = 0;
	size_t blob = 0;

	if (j->items[item].type != VL_JSON_STRING || j->items[item].escaped)
		return false;
	for (form = 0; form < sizeof(types) / sizeof(types[0]); form++)
		for (blob = 0; blob < 2; blob++)
			if (vl_slice_equal(j->items[item].raw,
			        vl_slice_of(types[form][blob]))) {
				slot->form = (enum vl_slot_form)form;
				slot->blob = blob == 1;
				return true;
			}
	return false;
}

/* "text" goes without saying, so that there is one spelling. */
bool
slot_is_plain(const struct vl_slot *slot)
{
	return slot->form == VL_SLOT_SEALED && !slot->blob;
}

void
slot_write_print(struct vl_json_w *w, const struct vl_slot *slot)
{
	char text[VL_SLOT_TEXT_SIZE];

	vl_json_w_text(w, vl_slice_of(vl_slot_text(text, slot->print)));
}

void
vl_value_write_secret(struct vl_json_w *w, const struct vl_slot *slot)
{
	vl_json_w_open(w, '{');
	vl_json_w_key(w, "$secret");
	if (slot_is_plain(slot)) {
		slot_write_print(w, slot);
	} else {
		vl_json_w_open(w, '[');
		slot_write_print(w, slot);
		vl_json_w_text(
		    w, vl_slice_of(vl_slot_type(slot->form, slot->blob)));
		vl_json_w_close(w, ']');
	}
	vl_json_w_close(w, '}');
}

bool
slot_read_value(struct vl_slot *slot, const struct vl_json *j, size_t item)
{
	*slot = (struct vl_slot){ .form = VL_SLOT_SEALED };
	if (j->items[item].type != VL_JSON_ARRAY)
		return slot_read_print(slot, j, item);
	return j->items[item].count == 2 &&
	    slot_read_print(slot, j, item + 1) &&
	    slot_read_type(slot, j, item + 2) && !slot_is_plain(slot);
}
