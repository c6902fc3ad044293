/* A plan: what is read maps records by keys that are JSON. */

#include <valise/plan.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_map_record *map = NULL;
	struct vl_plan *plan = NULL;
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	size_t maps = 0;
	size_t i = 0;

	MUST(vl_buf_add(&text, (struct vl_slice){ p, n }, &err) == VL_OK);
	if (vl_plan_decode(&plan, "plan", &text, &err) != VL_OK) {
		MUST(err.status == VL_EUSAGE && plan == NULL);
		return 0;
	}
	map = vl_plan_map(plan, &maps);
	for (i = 0; i < maps; i++)
		MUST(map[i].from[0][0] == '[' && map[i].to[0][0] == '[');
	vl_plan_free(plan);
	return 0;
}
