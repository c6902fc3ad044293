/* A program that encrypts: what it says is believed, and whatever else it does
 * ends it. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <valise/secret.h>
#include <valise/vault.h>

#define KEY "the-master-key"

/* /bin/sh with this text. */
struct program {
	char text[512];
	char *words[4];
	struct vl_cipher cipher;
};

static void
make(struct program *p, const char *text)
{
	static char sh[] = "/bin/sh";
	static char c[] = "-c";

	assert_true(strlen(text) < sizeof(p->text));
	memcpy(p->text, text, strlen(text) + 1);
	p->words[0] = sh;
	p->words[1] = c;
	p->words[2] = p->text;
	p->words[3] = NULL;
	p->cipher = (struct vl_cipher){
		.name = "theirs", .command = p->words, .seconds = 1
	};
}

/* The status of one value; the text of `out` where it is asked for. */
static enum vl_status
ask(const char *text, const char *value, struct vl_locked *out,
    struct vl_err *err)
{
	struct program p = { 0 };
	struct vl_vault *v = NULL;
	enum vl_status st = VL_OK;
	bool clear = false;

	make(&p, text);
	st = vl_vault_new(&v, &p.cipher, vl_slice_of(KEY), err);
	if (st == VL_OK)
		st = vl_vault_open(v, out, &clear, vl_slice_of(value), err);
	vl_vault_free(v);
	assert_null(strstr(err->text, KEY));
	assert_null(strstr(err->text, "dGhlLW1hc3Rlci1rZXk"));
	assert_true(st != VL_OK || !clear);
	return st;
}

static void
fails(const char *text, enum vl_status status, const char *why)
{
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(status, ask(text, "value", &out, &err));
	assert_int_equal(0, out.n);
	assert_non_null(strstr(err.text, "'theirs'"));
	if (strstr(err.text, why) == NULL)
		print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, why));
	vl_locked_free(&out);
}

static void
gets_the_key_first_and_then_each_value(void **state)
{
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	/* "key:" and the key's own base64, as its answer. */
	assert_int_equal(VL_OK,
	    ask("read w k; [ \"$w\" = key ] || exit 1; "
	        "read w v; [ \"$w $v\" = 'open dmFsdWU=' ] || exit 1; "
	        "echo \"ok $k\"; read w",
	        "value", &out, &err));
	assert_int_equal(strlen(KEY), out.n);
	assert_memory_equal(KEY, out.p, out.n);
	assert_int_equal(
	    VL_OK, ask("read k; read v; echo 'ok '; read w", "", &out, &err));
	assert_int_equal(0, out.n);
	vl_locked_free(&out);
}

static void
seals_and_opens_many_values(void **state)
{
	struct program p = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	uint8_t *bytes = calloc(1, 300000);
	bool clear = true;
	size_t i = 0;

	(void)state;
	assert_non_null(bytes);
	make(&p, "read k; while read w v; do echo \"ok $v\"; done");
	assert_int_equal(
	    VL_OK, vl_vault_new(&v, &p.cipher, vl_slice_of(KEY), &err));
	for (i = 0; i < 20; i++) {
		assert_int_equal(VL_OK,
		    vl_vault_seal(
		        v, &out, (struct vl_slice){ bytes, i * 1000 }, &err));
		assert_int_equal(i * 1000, out.n);
		assert_int_equal(VL_OK,
		    vl_vault_open(
		        v, &out, &clear, (struct vl_slice){ bytes, i }, &err));
		assert_int_equal(i, out.n);
		assert_false(clear);
	}
	/* More than a pipe holds. */
	assert_int_equal(VL_OK,
	    vl_vault_seal(v, &out, (struct vl_slice){ bytes, 300000 }, &err));
	assert_int_equal(300000, out.n);
	vl_vault_free(v);
	vl_locked_free(&out);
	free(bytes);
}

static void
neither_key_nor_value_stands_in_arguments_or_environment(void **state)
{
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    ask("read w k; read w v; "
	        "if { env; tr '\\0' ' ' </proc/$$/cmdline; } | "
	        "grep -q -e dGhl''LW1h -e dmFs''dWU -e the''-master; "
	        "then echo bad; else echo ok AAAA; fi; read w",
	        "value", &out, &err));
	vl_locked_free(&out);
}

static void
a_value_that_it_does_not_open_is_no_failure_of_the_program(void **state)
{
	(void)state;
	fails("read k; read v; echo bad; read w", VL_EAUTH,
	    "does not open the value");
	fails("read k; read v; echo bad the-master-key; read w", VL_EAUTH,
	    "does not open the value");
}

static void
one_that_fails_is_named(void **state)
{
	(void)state;
	fails("exit 3", VL_EIO, "'/bin/sh'");
	fails("read k; read v; exit 0", VL_EIO, "ends without an answer");
	fails("read k; read v; kill -9 $$", VL_EIO, "ends without an answer");
	fails("read k; read v; echo okay; read w", VL_EIO, "neither");
	fails("read k; read v; echo badly; read w", VL_EIO, "neither");
	fails("read k; read v; echo; read w", VL_EIO, "neither");
	fails("read k; read v; echo 'ok !!!!'; read w", VL_EIO, "base64");
	fails("read k; read v; echo 'ok AA'; read w", VL_EIO, "base64");
}

static void
one_that_hangs_is_ended_in_time(void **state)
{
	const time_t before = time(NULL);

	(void)state;
	fails("read k; read v; sleep 60", VL_EIO, "too long");
	fails("sleep 60", VL_EIO, "too long");
	/* A line without its end. */
	fails("read k; read v; printf 'ok AAAA'; sleep 60", VL_EIO, "too long");
	assert_true(time(NULL) - before < 20);
}

static void
one_that_prints_too_much_is_ended(void **state)
{
	(void)state;
	fails("read k; read v; printf 'ok AAAA\\nok AAAA\\n'; read w", VL_EIO,
	    "too much");
	fails("read k; read v; exec head -c 8000000 /dev/zero", VL_EIO,
	    "too much");
}

static void
one_that_failed_is_not_asked_again(void **state)
{
	struct program p = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	bool clear = false;

	(void)state;
	make(&p, "read k; read v; exit 0");
	assert_int_equal(
	    VL_OK, vl_vault_new(&v, &p.cipher, vl_slice_of(KEY), &err));
	assert_int_equal(
	    VL_EIO, vl_vault_open(v, &out, &clear, vl_slice_of("a"), &err));
	assert_int_equal(
	    VL_EIO, vl_vault_seal(v, &out, vl_slice_of("a"), &err));
	assert_non_null(strstr(err.text, "has failed before"));
	vl_vault_free(v);
	vl_locked_free(&out);
}

static void
one_that_does_not_exist_is_named(void **state)
{
	static char none[] = "/nowhere/crypt";
	char *words[] = { none, NULL };
	const struct vl_cipher c = { .name = "theirs", .command = words };
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EIO, vl_vault_new(&v, &c, vl_slice_of(KEY), &err));
	assert_int_equal(VL_EIO, err.status);
	assert_non_null(strstr(err.text, "/nowhere/crypt"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gets_the_key_first_and_then_each_value),
		cmocka_unit_test(seals_and_opens_many_values),
		cmocka_unit_test(
		    neither_key_nor_value_stands_in_arguments_or_environment),
		cmocka_unit_test(
		    a_value_that_it_does_not_open_is_no_failure_of_the_program),
		cmocka_unit_test(one_that_fails_is_named),
		cmocka_unit_test(one_that_hangs_is_ended_in_time),
		cmocka_unit_test(one_that_prints_too_much_is_ended),
		cmocka_unit_test(one_that_failed_is_not_asked_again),
		cmocka_unit_test(one_that_does_not_exist_is_named),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
