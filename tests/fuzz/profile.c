/*
 * A profile: refused with a place, or what it says of each resource is read
 * back from the form in which it travels as it was.
 */

#include <valise/profile.h>

#include "fuzz.h"

typedef enum vl_status writer(
    struct vl_buf *, const struct vl_profile *, const char *, struct vl_err *);

static void
travels(const struct vl_profile *p, const char *resource, writer *write)
{
	struct vl_profile *again = NULL;
	struct vl_buf first = { 0 };
	struct vl_buf second = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = write(&first, p, resource, &err);

	/* Lines about many columns are written one by one: too much. */
	MUST(st == VL_OK || st == VL_EUSAGE);
	if (st == VL_OK) {
		MUST(vl_profile_from_meaning(
		         &again, vl_buf_slice(&first), &err) == VL_OK);
		MUST(write(&second, again, resource, &err) == VL_OK);
		MUST(vl_slice_equal(
		    vl_buf_slice(&first), vl_buf_slice(&second)));
	}
	vl_profile_free(again);
	vl_buf_free(&first);
	vl_buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_profile *profile = NULL;
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_profile_parse(&profile, "/srv/profile.yaml",
	        (struct vl_slice){ p, n }, &err) != VL_OK) {
		MUST(strncmp(err.text, "/srv/profile.yaml:", 18) == 0);
		return 0;
	}
	MUST(profile->nresources + profile->nciphers > 0);
	for (i = 0; i < profile->nresources; i++) {
		travels(
		    profile, profile->resources[i].resource, vl_profile_words);
		travels(profile, profile->resources[i].resource,
		    vl_profile_meaning);
	}
	vl_profile_free(profile);
	return 0;
}
