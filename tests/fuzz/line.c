/* One line of a manifest: whatever is accepted is printed without harm. */

#include <valise/entry.h>
#include <valise/text.h>

#include "fuzz.h"

/* Everything that a list of attributes points at is there. */
static void
touch(const struct vl_entry *e)
{
	size_t sum = 0;
	size_t i = 0;

	for (i = 0; i < e->nacl; i++)
		sum += e->acl[i].id + vl_utf8_valid(e->acl[i].name);
	for (i = 0; i < e->nacl_default; i++)
		sum += vl_utf8_valid(e->acl_default[i].name);
	for (i = 0; i < e->nxattrs; i++) {
		MUST(e->xattrs[i].name.n > 0);
		sum += vl_utf8_valid(e->xattrs[i].name);
		sum += vl_utf8_valid(e->xattrs[i].value);
	}
	for (i = 0; i < e->nslots; i++) {
		MUST(e->type == VL_ENTRY_FILE && e->nholes == 0);
		MUST(e->slots[i].at <= e->size && !e->slots[i].slot.blob);
		MUST(i == 0 || e->slots[i].at >= e->slots[i - 1].at);
		MUST(vl_utf8_valid(vl_entry_slot_place(e, i).inside));
	}
	MUST(e->nacl + e->nacl_default + e->nxattrs > 0 || sum == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = { 0 };
	struct vl_err err = { 0 };
	char shown[256];

	if (vl_entry_decode(&e, &store, (struct vl_slice){ p, n }, &err) ==
	    VL_OK) {
		MUST(vl_path_check_line(e.path, &err) == VL_OK);
		vl_escape_text(shown, sizeof(shown), e.path);
		MUST(vl_utf8_valid(vl_slice_of(shown)));
		MUST(strchr(shown, '\x1b') == NULL);
		touch(&e);
	}
	vl_entry_store_free(&store);
	return 0;
}
