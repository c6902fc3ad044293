/* The record that decides an import: it does, or it is nothing. */

#include <valise/journal.h>

#include "folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t import[VL_IMPORT_ID_SIZE] = { 7 };
	static struct vl_state *s;
	static struct vl_buf want;
	const struct vl_slice text = { p, n };
	struct vl_err err = { 0 };
	bool decided = false;
	char path[64];

	if (s == NULL) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd());
		MUST(vl_state_open(&s,
		         &(struct vl_state_opts){ .dir = path, .create = true },
		         &err) == VL_OK);
		MUST(vl_decision_write(s, import, &err) == VL_OK);
		MUST(vl_read_file(folder_fd(), "decision", 4096, &want, &err) ==
		    VL_OK);
	}
	folder_put("decision", text);
	if (vl_decision_read(s, import, &decided, &err) == VL_OK)
		MUST(decided == vl_slice_equal(text, vl_buf_slice(&want)));
	else
		MUST(!decided);
	return 0;
}
