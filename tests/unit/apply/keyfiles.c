/*
 * Which files of a tree hold master keys of this side, wherever the tree
 * begins and by whatever way the site names the file.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <valise/secret.h>

#include "../../../src/apply/keyfiles.h"
#include "../../fuzz/folder.h"

#define KEYS(entry)                                                            \
	"site: demo\nstate: state\nmaster_keys:\n  - {" entry                  \
	"}\nresources:\n  - {name: tree, kind: files, path: tree}\n"
#define ABSENT "valise-has-no-such-key"

static struct vl_site *site;
static struct vl_keyfiles *keys;

/* The keys that this site has in the tree at `root`. */
static void
use(const char *text, const char *root)
{
	struct vl_err err = { 0 };
	char file[128];

	vl_keyfiles_free(keys);
	vl_site_free(site);
	(void)snprintf(file, sizeof(file), "%s/site.yaml", folder_path);
	if (vl_site_parse(&site, file, vl_slice_of(text), &err) != VL_OK ||
	    vl_keyfiles_new(&keys, site, root, &err) != VL_OK)
		fail_msg("%s", err.text);
}

static bool
has(const char *path)
{
	assert_non_null(keys);
	return vl_keyfiles_has(keys, vl_slice_of(path));
}

/* As in a tree that begins at the root of all. */
static bool
has_in_folder(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", folder_path + 1, name);
	return has(path);
}

static enum vl_status
changes(const char *path, const char *to)
{
	const struct vl_slice bytes = vl_slice_of(to);
	struct vl_err err = { 0 };
	enum vl_status st =
	    vl_keyfiles_take(keys, vl_slice_of(path), &bytes, &err);

	return st != VL_OK ?
	    st :
	    vl_keyfiles_change(keys, "tree", vl_slice_of(path), false, &err);
}

static void
a_tree_of_all_has_every_file(void **state)
{
	(void)state;
	use(KEYS("name: k, file: key"), "/");
	assert_true(has_in_folder("key"));
	assert_false(has_in_folder("other"));
	assert_false(has("key"));
	folder_put("key", vl_slice_of("mine\n"));
	assert_int_equal(VL_OK, changes(folder_path + 1, "another"));
	use(KEYS("name: k, file: key"), folder_path);
	assert_true(has("key"));
	assert_int_equal(VL_OK, changes("key", "mine\n"));
	assert_int_equal(VL_EREFUSED, changes("key", "another"));
}

static void
a_key_right_below_the_root_of_all_is_one_of_its_files(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	use(KEYS("name: k, file: /" ABSENT), "/");
	assert_true(has(ABSENT));
	assert_false(has(ABSENT "s"));
	/* None is here, so one may come; what has one does not go. */
	assert_int_equal(VL_OK, changes(ABSENT, "another"));
	assert_int_equal(VL_EREFUSED,
	    vl_keyfiles_change(keys, "tree", vl_slice_of(ABSENT), true, &err));
	use(KEYS("name: k, file: /" ABSENT), "/tmp");
	assert_null(keys);
}

/* A link leads there. */
static void
nor_is_it_another_by_a_way_round(void **state)
{
	(void)state;
	assert_int_equal(0, symlinkat("/", folder_fd(), "up"));
	use(KEYS("name: k, file: up/" ABSENT), "/");
	assert_true(has_in_folder("up/" ABSENT));
	assert_true(has(ABSENT));
	use(KEYS("name: 'k-{of}', file: 'up/" ABSENT "-{of}'"), "/");
	assert_true(has(ABSENT "-me"));
	assert_false(has(ABSENT "-"));
}

static int
begin(void **state)
{
	(void)state;
	(void)folder_fd();
	return vl_secret_init() ? 0 : -1;
}

static int
end(void **state)
{
	(void)state;
	vl_keyfiles_free(keys);
	vl_site_free(site);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_of_all_has_every_file),
		cmocka_unit_test(
		    a_key_right_below_the_root_of_all_is_one_of_its_files),
		cmocka_unit_test(nor_is_it_another_by_a_way_round),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
