/* Resources that a command is told to keep to. */

#include <string.h>

#include <valise/site.h>
#include <valise/text.h>

#include "words.h"

#define SHOWN 512

const char *
vl_site_nearest(const struct vl_site *site, const char *name)
{
	const char *names[VL_SITE_RESOURCES_MAX + 1] = { NULL };
	size_t i = 0;

	for (i = 0; i < site->nresources; i++)
		names[i] = site->resources[i].name;
	return vl_nearest(name, names);
}

enum vl_status
vl_site_only_check(const struct vl_site *site, const char *const *only,
    size_t n, struct vl_err *err)
{
	const char *near = NULL;
	char shown[SHOWN];
	size_t at = 0;

	while (at < n && vl_site_resource(site, only[at]) != NULL)
		at++;
	if (at == n)
		return VL_OK;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(only[at]));
	near = vl_site_nearest(site, only[at]);
	if (near == NULL)
		return vl_fail(err, VL_EUSAGE, "site '%s' has no resource '%s'",
		    site->name, shown);
	return vl_fail(err, VL_EUSAGE,
	    "site '%s' has no resource '%s'; did you mean '%s'?", site->name,
	    shown, near);
}

bool
vl_site_only_has(const char *const *only, size_t n, const char *name)
{
	size_t i = 0;

	for (i = 0; i < n; i++)
		if (strcmp(only[i], name) == 0)
			return true;
	return n == 0;
}
