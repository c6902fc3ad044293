/*
 * What an import refuses before it looks at a tree: paths that are no bundle,
 * keys that are none or are trusted for another series, numbers that are not
 * the next ones, names that nobody has.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "importer.h"

#define SERIES "06060606060606060606060606060606"

/* A side that remembers nothing, with an empty tree. */
static int
fresh(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "world", &err));
	assert_int_equal(VL_OK, vl_remove_tree(folder_fd(), "state", &err));
	assert_int_equal(0, mkdirat(folder_fd(), "world", 0755));
	interactive = false;
	importer_site(SITE);
	all.head.seq = 1;
	all.head.id[0] = 5;
	memset(all.head.prev, 0, sizeof(all.head.prev));
	return 0;
}

/* The bundle of all.head, with keys for its id. */
static void
bring(struct vl_import_opts *opts, struct vl_err *err, enum vl_status wanted)
{
	struct vl_recipient r = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	enum vl_status st = VL_OK;

	vl_x25519_public(r.public, all.identity);
	vl_buf_clear(&all.keys_text);
	assert_int_equal(VL_OK,
	    vl_keys_wrap(&all.keys_text, all.keys, &all.head, &r, 1, err));
	importer_bundle();
	st = importer_run(opts, err);
	if (st != wanted)
		fail_msg("status %d, not %d: %s", (int)st, (int)wanted,
		    st == VL_OK ? "" : err->text);
}

static void
refused(struct vl_import_opts *opts, enum vl_status wanted, const char *why)
{
	struct vl_err err = { 0 };

	bring(opts, &err, wanted);
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, why);
}

static void
brought(struct vl_import_opts *opts)
{
	struct vl_err err = { 0 };

	bring(opts, &err, VL_OK);
}

/* head.prev of a bundle that follows the one that lies there. */
static void
follow(void)
{
	struct vl_buf head = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_read_file(
	        folder_fd(), "bundle.vls/head.jsn", VL_HEAD_MAX, &head, &err));
	vl_hash_of(all.head.prev, NULL, vl_buf_slice(&head));
	vl_buf_free(&head);
}

static void
refuses_paths_that_are_no_bundle(void **state)
{
	struct vl_import_opts opts = importer_opts();
	char path[160];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/x.par/", folder_path);
	opts.bundle = path;
	refused(&opts, VL_EFORMAT, "never finished");
	(void)snprintf(path, sizeof(path), "%s/absent", folder_path);
	refused(&opts, VL_ETEMP, "absent");
	(void)snprintf(path, sizeof(path), "%s/pub", folder_path);
	refused(&opts, VL_EFORMAT, "cannot open the bundle");
}

static void
refuses_files_that_are_no_public_key(void **state)
{
	struct vl_import_opts opts = importer_opts();
	char path[160];
	const char *trust = path;

	(void)state;
	opts.trust = &trust;
	(void)snprintf(path, sizeof(path), "%s/absent", folder_path);
	refused(&opts, VL_EUSAGE, "absent");
	folder_put("nokey", vl_slice_of("no key\n"));
	(void)snprintf(path, sizeof(path), "%s/nokey", folder_path);
	refused(&opts, VL_EUSAGE, "trusted sender");
}

/* The key stands in the site file, for one series. */
static void
trust_series(const char *series)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
	    SITE "trust:\n  - sender: %s\n    series: '%s'\n", sender_path,
	    series);
	importer_site(text);
}

static void
trusts_a_key_for_the_series_that_it_is_named_for(void **state)
{
	struct vl_import_opts opts = { 0 };

	(void)state;
	trust_series("07070707070707070707070707070707");
	opts = importer_opts();
	opts.ntrust = 0;
	refused(&opts, VL_ETRUST, "is not trusted");
	trust_series(SERIES);
	opts.site = site;
	brought(&opts);
}

static void
refuses_an_older_number(void **state)
{
	struct vl_import_opts opts = importer_opts();

	(void)state;
	all.head.seq = 4;
	brought(&opts);
	all.head.seq = 3;
	refused(&opts, VL_ETRUST, "already brought to number 4");
}

static void
refuses_another_bundle_of_the_same_number(void **state)
{
	struct vl_import_opts opts = importer_opts();

	(void)state;
	brought(&opts);
	all.head.id[0]++;
	refused(&opts, VL_ETRUST, "another bundle with the number 1");
}

static void
refuses_one_that_follows_another(void **state)
{
	struct vl_import_opts opts = importer_opts();

	(void)state;
	brought(&opts);
	follow();
	all.head.prev[31] ^= 1;
	all.head.seq = 2;
	refused(&opts, VL_ETRUST, "follows another number 1");
	all.head.prev[31] ^= 1;
	brought(&opts);
}

static bool
no(void *arg, const char *text)
{
	(void)arg, (void)text;
	return false;
}

static void
asks_about_a_number_that_jumps(void **state)
{
	struct vl_apply_ui ui = importer_ui();
	struct vl_import_opts opts = importer_opts();

	(void)state;
	brought(&opts);
	all.head.seq = 1002;
	memset(all.head.prev, 7, sizeof(all.head.prev));
	refused(&opts, VL_ETRUST, "jumps from 1 to 1002");
	opts.ui = &ui;
	ui.interactive = true;
	ui.confirm = no;
	refused(&opts, VL_ETRUST, "jumps from 1 to 1002");
	ui.confirm = yes;
	brought(&opts);
}

static void
refuses_a_series_by_another_sender(void **state)
{
	struct vl_sender_secret *was = all.sender;
	struct vl_import_opts opts = importer_opts();
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	brought(&opts);
	all.sender = vl_secret_alloc(sizeof(*all.sender));
	assert_non_null(all.sender);
	vl_sender_secret_make(all.sender);
	assert_int_equal(
	    VL_OK, vl_sender_public_encode(&text, &all.sender->pub, &err));
	folder_put("pub", vl_buf_slice(&text));
	follow();
	all.head.seq = 2;
	refused(&opts, VL_ETRUST, "by another sender before");
	vl_secret_free(all.sender);
	all.sender = was;
	vl_buf_clear(&text);
	assert_int_equal(
	    VL_OK, vl_sender_public_encode(&text, &all.sender->pub, &err));
	folder_put("pub", vl_buf_slice(&text));
	vl_buf_free(&text);
	brought(&opts);
}

static void
refuses_a_name_that_nobody_has(void **state)
{
	static const char *const only[] = { "wood" };
	struct vl_import_opts opts = importer_opts();

	(void)state;
	opts.only = only;
	opts.nonly = 1;
	refused(&opts, VL_EUSAGE, "--only 'wood'");
	importer_site("site: " RESEAL_SITE "\nresources:\n"
	              "  - {name: wood, kind: files, path: world/tree}\n");
	opts.site = site;
	refused(&opts, VL_EUSAGE, "--only 'wood'");
	opts.nonly = 0;
	refused(&opts, VL_EREFUSED, "brings resource 'tree'");
}

static void
is_refused_from_an_environment_that_is_not_listed(void **state)
{
	struct vl_import_opts opts = { 0 };

	(void)state;
	importer_site(SITE "allow_from: [production]\n");
	opts = importer_opts();
	refused(&opts, VL_EREFUSED, "'allow_from' does not list");
}

static bool
stopped(void *arg)
{
	(void)arg;
	return true;
}

static void
stops_when_asked_to(void **state)
{
	struct vl_apply_ui ui = importer_ui();
	struct vl_import_opts opts = importer_opts();

	(void)state;
	opts.ui = &ui;
	ui.stop = stopped;
	refused(&opts, VL_ESIGNAL, "nothing was changed");
	/* Asked about the sender, somebody stops it. */
	ui.interactive = true;
	ui.accept_sender = no;
	opts.ntrust = 0;
	refused(&opts, VL_ESIGNAL, "nothing was changed");
	ui.stop = no_stop;
	refused(&opts, VL_ETRUST, "is not trusted");
}

static void
needs_a_yes(void **state)
{
	struct vl_apply_ui ui = importer_ui();
	struct vl_import_opts opts = importer_opts();

	(void)state;
	assert_int_equal(0, mkdirat(folder_fd(), "world/tree", 0755));
	folder_put("world/tree/other", vl_slice_of("goes"));
	opts.ui = &ui;
	opts.yes = false;
	ui.confirm = no;
	refused(&opts, VL_EREFUSED, "not confirmed");
	opts.yes = true;
	opts.allow_delete = false;
	refused(&opts, VL_EREFUSED, "give --allow-delete");
	brought(&(struct vl_import_opts){ .site = site,
	    .bundle = bundle_path,
	    .allow_delete = true,
	    .yes = true,
	    .trust = opts.trust,
	    .ntrust = 1,
	    .pool = pool,
	    .ui = &ui });
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(refuses_paths_that_are_no_bundle, fresh),
		cmocka_unit_test_setup(
		    refuses_files_that_are_no_public_key, fresh),
		cmocka_unit_test_setup(
		    trusts_a_key_for_the_series_that_it_is_named_for, fresh),
		cmocka_unit_test_setup(refuses_an_older_number, fresh),
		cmocka_unit_test_setup(
		    refuses_another_bundle_of_the_same_number, fresh),
		cmocka_unit_test_setup(refuses_one_that_follows_another, fresh),
		cmocka_unit_test_setup(asks_about_a_number_that_jumps, fresh),
		cmocka_unit_test_setup(
		    refuses_a_series_by_another_sender, fresh),
		cmocka_unit_test_setup(refuses_a_name_that_nobody_has, fresh),
		cmocka_unit_test_setup(
		    is_refused_from_an_environment_that_is_not_listed, fresh),
		cmocka_unit_test_setup(stops_when_asked_to, fresh),
		cmocka_unit_test_setup(needs_a_yes, fresh),
	};

	return cmocka_run_group_tests(tests, importer_begin, importer_end);
}
