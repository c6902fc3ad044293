/* A private copy of a database that is only looked at. */

#include <stdlib.h>

#include <valise/cli.h>

#include "export.h"

const char *
vl_export_tempdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir == NULL || dir[0] != '/' ? "/var/tmp" : dir;
}

bool
vl_export_stop(void *arg)
{
	(void)arg;
	return vl_cli_stop();
}

static void
note(void *arg, const char *text)
{
	const char *const *resource = arg;

	vl_export_note(NULL, *resource, text);
}

enum vl_status
vl_export_copy(struct vl_db **out, const char *resource, const char *path,
    const char *prefix, struct vl_err *err)
{
	const struct vl_db_opts opts = { .path = path,
		.prefix = prefix,
		.tempdir = vl_export_tempdir(),
		.wait = VL_DATABASE_WAIT,
		.stop = vl_export_stop,
		.report = { &resource, note } };

	return vl_db_open_copy(out, &opts, err);
}
