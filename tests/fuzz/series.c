/* The series of a source, as its state keeps it. */

#include <valise/state.h>

#include "folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct vl_state *s;
	struct vl_series series = { 0 };
	struct vl_err err = { 0 };
	char path[64];

	if (s == NULL) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd());
		MUST(vl_secret_init());
		MUST(vl_state_open(&s,
		         &(struct vl_state_opts){ .dir = path, .create = true },
		         &err) == VL_OK);
	}
	folder_put("series", (struct vl_slice){ p, n });
	if (vl_series_load(&series, s, &err) == VL_OK) {
		MUST(series.epoch > 0 && series.sk != NULL);
		vl_series_free(&series);
	}
	return 0;
}
