/* Wherever memory runs out, or a call of the system fails, it is said, and
 * nothing of a plaintext is left in what comes back. */

#include "../sweep_system.h"

#include <signal.h>

#include <valise/master.h>

#include "../../fuzz/folder.h"
#include "names.h"

static struct vl_locked sealed;
static struct vl_locked out;

static enum vl_status
there_and_back(void *arg, struct vl_err *err)
{
	const size_t i = *(size_t *)arg;
	struct vl_vault *v = NULL;
	bool clear = false;
	enum vl_status st = vl_vault_new(
	    &v, vl_cipher_named(names[i].name), vl_slice_of(names[i].key), err);

	if (st == VL_OK)
		st = vl_vault_seal(v, &sealed, vl_slice_of("a secret"), err);
	if (st == VL_OK)
		st = vl_vault_open(v, &out, &clear,
		    (struct vl_slice){ sealed.p, sealed.n }, err);
	vl_vault_free(v);
	return st;
}

/* Locked memory is taken anew each time. */
static void
forget(void *arg, enum vl_status st)
{
	(void)arg;
	if (st == VL_OK) {
		assert_int_equal(8, out.n);
		assert_memory_equal("a secret", out.p, 8);
	} else {
		assert_int_equal(0, out.n);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

static void
names_say_what_failed(void **state)
{
	size_t i = 0;
	const struct sweep_work w = {
		.arg = &i, .work = there_and_back, .after = forget
	};

	(void)state;
	for (i = 0; i < NAMES; i++) {
		assert_true(sweep_all(&w, ENOMEM) >= 3);
		assert_int_equal(0, sweep.survived);
	}
}

static enum vl_status
talk(void *arg, struct vl_err *err)
{
	static char sh[] = "/bin/sh";
	static char c[] = "-c";
	static char text[] = "read k; while read w v; do echo \"ok $v\"; done";
	static char *const words[] = { sh, c, text, NULL };
	static const struct vl_cipher cipher = { .name = "theirs",
		.command = words };
	struct vl_vault *v = NULL;
	bool clear = false;
	enum vl_status st =
	    vl_vault_new(&v, &cipher, vl_slice_of("a key"), err);

	(void)arg;
	if (st == VL_OK)
		st = vl_vault_open(
		    v, &out, &clear, vl_slice_of("a secret"), err);
	vl_vault_free(v);
	return st;
}

static void
a_program_says_what_failed(void **state)
{
	const struct sweep_work w = { .work = talk, .after = forget };

	(void)state;
	assert_true(sweep_all(&w, EIO) >= 5);
	assert_int_equal(0, sweep.survived);
}

static enum vl_status
read_key(void *arg, struct vl_err *err)
{
	struct vl_master_found found = { 0 };

	return vl_master_read(&out, &found, arg, err);
}

/* Who hears that no key is there may take another. */
static void
is_not_missing(void *arg, enum vl_status st)
{
	(void)arg;
	assert_true(st == VL_OK || st == VL_EIO);
	assert_int_equal(st == VL_OK ? 1 : 0, out.n);
	vl_locked_free(&out);
}

static void
a_key_that_could_not_be_looked_for_is_not_missing(void **state)
{
	static char file[128];
	static char path[] = "$.key";
	static char name[] = "KEY";
	static char echo[] = "/bin/echo";
	static char k[] = "k";
	static char *command[] = { echo, k };
	struct {
		const char *text;
		struct vl_master_words words;
	} keys[] = {
		{ "k\n", { .file = file } },
		{ "{\"key\":\"\\u006b\"}", { .file = file, .json = path } },
		{ "key: 'k'\n", { .file = file, .yaml = path } },
		{ "KEY=k\n", { .file = file, .keyed = name } },
		{ "<?php define('KEY', 'k');",
		    { .file = file, .define = name } },
		{ "", { .command = command, .ncommand = 2 } },
	};
	struct sweep_work w = { .work = read_key, .after = is_not_missing };
	size_t i = 0;

	(void)state;
	(void)folder_fd();
	(void)snprintf(file, sizeof(file), "%s/key", folder_path);
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		folder_put("key", vl_slice_of(keys[i].text));
		keys[i].words.name = name;
		w.arg = &keys[i].words;
		assert_true(sweep_all(&w, ENOMEM) >= 3);
		assert_int_equal(0, sweep.survived);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_say_what_failed),
		cmocka_unit_test(a_program_says_what_failed),
		cmocka_unit_test(
		    a_key_that_could_not_be_looked_for_is_not_missing),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
