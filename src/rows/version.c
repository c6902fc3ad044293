/* The version of the application, which both sides must agree in. */

#include <fnmatch.h>
#include <string.h>

#include <valise/text.h>

#include "put.h"

static bool
asks(const struct vl_rows_opts *opts)
{
	return opts->profile != NULL &&
	    opts->profile->version_resource != NULL &&
	    opts->profile->version_sql != NULL &&
	    strcmp(opts->profile->version_resource, opts->resource) == 0;
}

enum vl_status
vl_rows_version(
    struct vl_buf *out, const struct vl_rows_opts *opts, struct vl_err *err)
{
	return asks(opts) ?
	    vl_db_ask(opts->db, opts->profile->version_sql, out, err) :
	    VL_OK;
}

/* Both are of those that go together. */
static bool
accepted(const struct vl_profile *p, const char *there, const char *here)
{
	size_t i = 0;

	for (i = 0; i < p->nversion_accept; i++)
		if (fnmatch(p->version_accept[i], there, 0) == 0 &&
		    fnmatch(p->version_accept[i], here, 0) == 0)
			return true;
	return false;
}

enum vl_status
rows_version_check(const struct vl_rows_put_opts *opts, struct vl_err *err)
{
	const char *there = opts->version;
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;
	char shown[2][128];

	if (!asks(&opts->rows))
		return VL_OK;
	st = vl_rows_version(&text, &opts->rows, err);
	if (st == VL_OK)
		st = vl_buf_add(
		    &text, (struct vl_slice){ (const uint8_t *)"", 1 }, err);
	if (st == VL_OK && there == NULL)
		st = vl_fail(err, VL_EREFUSED,
		    "the bundle does not say of which version of the "
		    "application it is");
	if (st == VL_OK && strcmp(there, (const char *)text.p) != 0 &&
	    !accepted(opts->rows.profile, there, (const char *)text.p))
		st = vl_fail(err, VL_EREFUSED,
		    "the application is of version '%s' at the source and of "
		    "'%s' here: bring both to the same, or name those that go "
		    "together in 'accept'",
		    vl_escape_text(
		        shown[0], sizeof(shown[0]), vl_slice_of(there)),
		    vl_escape_text(shown[1], sizeof(shown[1]),
		        vl_slice_of((const char *)text.p)));
	vl_buf_free(&text);
	return st;
}
