/* owners: {map: ...}: each line but the last is FROM=TO, the last a name. */

#include <valise/tree.h>

#include "fuzz.h"

#define PAIRS 8

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_pair map[PAIRS] = { { 0 } };
	struct vl_lost_owner lost = { 0 };
	struct vl_owners *o = NULL;
	struct vl_err err = { 0 };
	char *text = calloc(1, n + 1);
	char *at = text;
	char *lf = NULL;
	char *to = NULL;
	size_t count = 0;

	MUST(text != NULL);
	if (n > 0)
		memcpy(text, p, n);
	while (count < PAIRS && (lf = strchr(at, '\n')) != NULL) {
		*lf = '\0';
		if ((to = strchr(at, '=')) != NULL) {
			*to = '\0';
			map[count].from = at;
			map[count++].to = to + 1;
		}
		at = lf + 1;
	}
	if (vl_owners_new(&o, map, count, &err) == VL_OK) {
		(void)vl_owners_uid(o, vl_slice_of(at), 7);
		(void)vl_owners_gid(o, (struct vl_slice){ NULL, 0 }, 8);
		while (vl_owners_lost(o, &lost))
			MUST(lost.from != NULL && lost.to != NULL);
	}
	vl_owners_free(o);
	free(text);
	return 0;
}
