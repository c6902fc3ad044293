/*
 * A file system that has no room for the import says so before the first
 * write: by its bytes or its files, of the state, of a tree and of a database.
 */

#include "../sweep.h"

#include <sys/statvfs.h>

#include "both.h"

/* Where no path waits for ids, what a tree needs is known before. */
#define PLAIN                                                                  \
	"profile:\n  resources:\n    - resource: app\n      tables:\n"         \
	"        - {table: person, key: [mail]}\n"                             \
	"        - {table: post, key: [title]}\n"
static const char words_plain[] =
    "{\"r\":\"app\",\"t\":\"profile\",\"words\":{\"resources\":[{"
    "\"resource\":\"app\",\"tables\":[{\"key\":[\"mail\"],\"table\":"
    "\"person\"},{\"key\":[\"title\"],\"table\":\"post\"}]}]}}";

/* What statvfs() tells of the file systems below `at` of the folder. */
static struct {
	const char *at; /* NULL: the truth */
	bool no_bytes;
	bool no_files;
	bool uncounted; /* as where all of it lives in memory */
} full;

int __real_statvfs(const char *path, struct statvfs *st);
int __wrap_statvfs(const char *path, struct statvfs *st);

int
__wrap_statvfs(const char *path, struct statvfs *st)
{
	const size_t n = strlen(folder_path);

	if (__real_statvfs(path, st) != 0)
		return -1;
	if (full.at == NULL || strncmp(path + n, full.at, strlen(full.at)) != 0)
		return 0;
	st->f_blocks = full.uncounted ? 0 : 1000;
	st->f_files = full.uncounted ? 0 : 1000;
	st->f_bavail = full.no_bytes ? 0 : 1u << 30;
	st->f_favail = full.no_files ? 0 : 1000;
	return 0;
}

static void
is_refused(enum vl_status (*run)(void *, struct vl_err *), const char *why)
{
	struct vl_err err = { 0 };

	reset_both(NULL);
	assert_int_equal(VL_EIO, run(NULL, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("it says: %s", err.text);
	assert_true(is(&before) && rows_are(&old_rows));
}

static void
is_imported(void)
{
	struct vl_err err = { 0 };

	if (import(NULL, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(is(&after) && rows_are(&new_rows));
}

static void
nothing_is_written_without_bytes(void **state)
{
	(void)state;
	full.no_bytes = true;
	full.at = "/state";
	is_refused(import, "no room for the copy of the bundle: ");
	full.at = "/world";
	is_refused(import, "no room for what changes: ");
	is_refused(preview, "no room for what changes: ");
	full.at = "/base";
	is_refused(import, "no room for its rows: ");
	full.at = NULL;
	is_imported();
}

static void
nor_without_files(void **state)
{
	(void)state;
	full.no_bytes = false;
	full.no_files = true;
	full.at = "/world";
	is_refused(import, " files needed, 0 free on the file system of ");
	is_refused(preview, " files needed, 0 free on the file system of ");
	full.at = NULL;
	is_imported();
}

static void
what_changes_nothing_needs_no_room(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	reset_both(NULL);
	is_imported();
	full.no_bytes = full.no_files = true;
	full.at = "/base";
	is_imported();
	full.at = "/world";
	assert_int_equal(VL_OK, preview(NULL, &err));
}

static void
what_counts_no_blocks_has_room(void **state)
{
	(void)state;
	full.no_bytes = full.no_files = full.uncounted = true;
	full.at = "/world";
	reset_both(NULL);
	is_imported();
	full.at = "/base";
	reset_both(NULL);
	is_imported();
}

static int
begin(void **state)
{
	static char plain[sizeof(lines) + sizeof(words_plain)];

	(void)both_begin(state);
	(void)snprintf(
	    plain, sizeof(plain), "%s%s", words_plain, strchr(lines, '\n'));
	all.rows = vl_slice_of(plain);
	all.tied = NULL;
	importer_bundle();
	use_both(WITH_ROWS PLAIN);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_written_without_bytes),
		cmocka_unit_test(nor_without_files),
		cmocka_unit_test(what_changes_nothing_needs_no_room),
		cmocka_unit_test(what_counts_no_blocks_has_room),
	};

	return cmocka_run_group_tests(tests, begin, both_free);
}
