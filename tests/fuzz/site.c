/* site.yaml: accepted, or refused with a place. */

#include <valise/site.h>

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	st = vl_site_parse(
	    &site, "/srv/site.yaml", (struct vl_slice){ p, n }, &err);
	if (st == VL_OK)
		MUST(site->name != NULL && site->nresources > 0);
	else
		MUST(strncmp(err.text, "/srv/site.yaml:", 15) == 0);
	vl_site_free(site);
	return 0;
}
