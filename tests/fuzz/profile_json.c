/* A profile as a bundle brings it: refused as bad format, or written again
 * byte for byte. */

#include <valise/profile.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_slice json = { p, n };
	struct vl_profile *profile = NULL;
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = vl_profile_from_meaning(&profile, json, &err);

	if (st == VL_OK) {
		MUST(profile->nresources == 1);
		MUST(vl_profile_words(&again, profile,
		         profile->resources[0].resource, &err) == VL_OK);
		MUST(vl_slice_equal(vl_buf_slice(&again), json));
	} else {
		MUST(st == VL_EFORMAT || st == VL_ELIMIT);
		MUST(profile == NULL);
	}
	vl_buf_free(&again);
	vl_profile_free(profile);
	return 0;
}
