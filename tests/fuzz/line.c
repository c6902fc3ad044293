/* One line of a manifest: whatever is accepted is printed without harm. */

#include <valise/entry.h>
#include <valise/text.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e = { 0 };
	struct vl_err err = { 0 };
	char shown[256];

	if (vl_entry_decode(&e, &store, (struct vl_slice){ p, n }, &err) ==
	    VL_OK) {
		MUST(vl_path_check(e.path, &err) == VL_OK);
		vl_escape_text(shown, sizeof(shown), e.path);
		MUST(vl_utf8_valid(vl_slice_of(shown)));
		MUST(strchr(shown, '\x1b') == NULL);
	}
	vl_entry_store_free(&store);
	return 0;
}
