/* Names given with --only. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <valise/site.h>

static struct vl_site *
site_of(void)
{
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };

	if (vl_site_parse(&site, "site.yaml",
	        vl_slice_of("site: t\nresources:\n"
	                    "- {name: uploads, kind: files, path: /a}\n"
	                    "- {name: mail, kind: files, path: /b}\n"),
	        &err) != VL_OK)
		fail_msg("%s", err.text);
	return site;
}

static void
refused(const char *name, const char *message)
{
	const char *const only[] = { "mail", name };
	struct vl_site *site = site_of();
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, vl_site_only_check(site, only, 2, &err));
	assert_string_equal(message, err.text);
	vl_site_free(site);
}

static void
takes_every_resource_and_none(void **state)
{
	const char *const only[] = { "mail", "uploads", "mail" };
	struct vl_site *site = site_of();
	struct vl_err err = { 0 };
	size_t n = 0;

	(void)state;
	for (n = 0; n <= 3; n++)
		assert_int_equal(
		    VL_OK, vl_site_only_check(site, only, n, &err));
	vl_site_free(site);
}

static void
says_which_is_no_resource_and_what_was_meant(void **state)
{
	(void)state;
	refused("uplaods",
	    "site 't' has no resource 'uplaods'; did you mean 'uploads'?");
	refused("quite\nanother", "site 't' has no resource 'quite\\nanother'");
	refused("", "site 't' has no resource ''");
}

static void
holds_what_was_named_or_all(void **state)
{
	const char *const only[] = { "mail", "uploads" };

	(void)state;
	assert_true(vl_site_only_has(only, 2, "uploads"));
	assert_false(vl_site_only_has(only, 1, "uploads"));
	assert_false(vl_site_only_has(only, 2, "mai"));
	assert_true(vl_site_only_has(NULL, 0, "uploads"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_resource_and_none),
		cmocka_unit_test(says_which_is_no_resource_and_what_was_meant),
		cmocka_unit_test(holds_what_was_named_or_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
