/* Where a master key is, what of it is the key, and what is refused. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <valise/master.h>
#include <valise/secret.h>

static char dir[] = "/var/tmp/valise-master-XXXXXX";
static char path[sizeof(dir) + 10];

static int
make_dir(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL || !vl_secret_init())
		return -1;
	(void)snprintf(path, sizeof(path), "%s/key", dir);
	return 0;
}

static int
remove_dir(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(dir);
}

static void
put(const void *bytes, size_t n, mode_t mode)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal((ssize_t)n, write(fd, bytes, n));
	assert_int_equal(0, fchmod(fd, mode));
	assert_int_equal(0, close(fd));
}

/* The words of the file, with `words` besides. */
static struct vl_master_words
in_file(struct vl_master_words words)
{
	static char name[] = "app";

	words.name = name;
	if (words.credential == NULL && words.ncommand == 0)
		words.file = path;
	return words;
}

static void
is_key(const struct vl_master_words *words, const char *want)
{
	struct vl_locked out = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };

	if (vl_master_read(&out, &found, words, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_false(found.absent);
	assert_int_equal(strlen(want), out.n);
	assert_memory_equal(want, out.p, out.n);
	vl_locked_free(&out);
}

/* `why` is what stands behind the name of the key and where it is. */
static void
is_refused(
    const struct vl_master_words *words, const char *where, const char *why)
{
	struct vl_locked out = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };
	char want[600];

	assert_int_equal(VL_EUSAGE, vl_master_read(&out, &found, words, &err));
	(void)snprintf(
	    want, sizeof(want), "master key 'app': %s: %s", where, why);
	assert_string_equal(want, err.text);
	assert_int_equal(0, out.n);
	vl_locked_free(&out);
}

/* `text` in the file, read by `words`: `want`, or refused with `why`. */
static void
file_has(const char *text, struct vl_master_words words, const char *want)
{
	const struct vl_master_words w = in_file(words);

	put(text, strlen(text), 0600);
	is_key(&w, want);
}

static void
file_refused(const char *text, struct vl_master_words words, const char *why)
{
	const struct vl_master_words w = in_file(words);

	put(text, strlen(text), 0600);
	is_refused(&w, path, why);
}

static void
a_whole_file_is_the_key_but_for_one_line_feed(void **state)
{
	const struct vl_master_words all = { 0 };

	(void)state;
	file_has("hunter22", all, "hunter22");
	file_has("hunter22\n", all, "hunter22");
	file_has("hunter22\n\n", all, "hunter22\n");
	file_has(" a\r\n", all, " a\r");
	file_refused("", all, "the key is empty");
	file_refused("\n", all, "the key is empty");
}

static void
a_key_that_is_too_long_or_no_file_is_refused(void **state)
{
	const struct vl_master_words all =
	    in_file((struct vl_master_words){ 0 });
	struct vl_master_words w = all;
	struct vl_locked out = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };
	uint8_t *big = calloc(1, VL_VAULT_KEY_MAX + 2);

	(void)state;
	assert_non_null(big);
	memset(big, 'k', VL_VAULT_KEY_MAX + 2);
	put(big, VL_VAULT_KEY_MAX, 0600);
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &all, &err));
	assert_int_equal(VL_VAULT_KEY_MAX, out.n);
	put(big, VL_VAULT_KEY_MAX + 1, 0600);
	is_refused(&all, path, "the key is longer than 64 KiB");
	put(big, VL_VAULT_KEY_MAX + 2, 0600);
	is_refused(&all, path, "is too long");
	w.file = dir;
	is_refused(&w, dir, "is no file");
	vl_locked_free(&out);
	free(big);
}

static void
one_that_is_optional_may_be_absent_and_no_other(void **state)
{
	static char nowhere[] = "/nowhere/key";
	static char json[] = "$.a";
	static char none[] = "none";
	struct vl_master_words w = in_file((struct vl_master_words){ 0 });
	struct vl_locked out = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	w.file = nowhere;
	is_refused(&w, nowhere, "No such file or directory");
	w.optional = true;
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &w, &err));
	assert_true(found.absent);
	assert_int_equal(0, out.n);
	put("{}", 2, 0600);
	w.file = path;
	w.json = json;
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &w, &err));
	assert_true(found.absent);
	w.optional = false;
	is_refused(&w, path, "the key is not in it");
	w = (struct vl_master_words){ .name = w.name, .credential = none };
	is_refused(&w, "credential 'none'",
	    "CREDENTIALS_DIRECTORY is not set: systemd sets it for a service "
	    "with LoadCredential");
	w.optional = true;
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &w, &err));
	assert_true(found.absent);
	vl_locked_free(&out);
}

static void
it_is_told_whether_others_may_read_it(void **state)
{
	const struct vl_master_words w = in_file((struct vl_master_words){ 0 });
	struct vl_locked out = { 0 };
	struct vl_master_found found = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	put("k", 1, 0644);
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &w, &err));
	assert_true(found.exposed);
	put("k", 1, 0640);
	assert_int_equal(VL_OK, vl_master_read(&out, &found, &w, &err));
	assert_false(found.exposed);
	vl_locked_free(&out);
}

static void
a_credential_is_a_file_in_the_directory_of_the_service(void **state)
{
	static char name[] = "key";
	const struct vl_master_words w =
	    in_file((struct vl_master_words){ .credential = name });

	(void)state;
	put("hunter22\n", 9, 0600);
	assert_int_equal(0, setenv("CREDENTIALS_DIRECTORY", dir, 1));
	is_key(&w, "hunter22");
	(void)unsetenv("CREDENTIALS_DIRECTORY");
}

/* ---- Programs ---- */

static struct vl_master_words
program(char **words, char *text)
{
	static char sh[] = "/bin/sh";
	static char c[] = "-c";

	words[0] = sh;
	words[1] = c;
	words[2] = text;
	return in_file(
	    (struct vl_master_words){ .command = words, .ncommand = 3 });
}

static void
what_a_program_prints_is_the_key(void **state)
{
	static char prints[] = "echo hunter22";
	static char fails[] = "echo hunter22; exit 3";
	static char much[] = "yes hunter22";
	static char nothing[] = ":";
	char *words[3] = { NULL };
	struct vl_master_words w = program(words, prints);

	(void)state;
	is_key(&w, "hunter22");
	w = program(words, fails);
	is_refused(&w, "its command", "'/bin/sh' ends with 3");
	w = program(words, much);
	is_refused(&w, "its command", "'/bin/sh' prints more than 65537 bytes");
	w = program(words, nothing);
	is_refused(&w, "its command", "the key is empty");
}

/* ---- JSON and YAML ---- */

static void
json_has(const char *text, char *json, const char *want)
{
	file_has(text, (struct vl_master_words){ .json = json }, want);
}

static void
yaml_has(const char *text, char *yaml, const char *want)
{
	file_has(text, (struct vl_master_words){ .yaml = yaml }, want);
}

static void
a_path_finds_one_value_of_json(void **state)
{
	static char key[] = "$.encryptionKey";
	static char deep[] = "$.a['b c'][1].key";
	static char any[] = "$.*";
	static char aaa[] = "$.qqq";
	static char wide[] = "$['gr\xc3\xbc\xe2\x82\xac'].key";
	const struct vl_master_words all = { .json = any };
	const struct vl_master_words by_key = { .json = key };

	(void)state;
	json_has("{\"other\": \"x\", \"encryptionKey\": \"hunter22\"}", key,
	    "hunter22");
	json_has("{\"encryptionKey\": \"\\u0041\\n\\\\\\\"\\ud83d\\ude00 z\"}",
	    key, "A\n\\\"\xf0\x9f\x98\x80 z");
	json_has("{\"encryptionKey\": \"gr\xc3\xbc\xc3\x9f \xe2\x82\xac\"}",
	    key, "gr\xc3\xbc\xc3\x9f \xe2\x82\xac");
	json_has(
	    "{\"encryptionKey\": 1234, \"e\": -1.5e3, \"t\": [true, null]}",
	    key, "1234");
	json_has("{\"a\": {\"b c\": [0, {\"key\": \"k\", \"kei\": \"l\"}]}}",
	    deep, "k");
	/* A name that could be what another one is made to. */
	json_has("{\"abc\": \"x\", \"qqq\": \"y\"}", aaa, "y");
	json_has("{\"gr\xc3\xa9\xe2\x82\xac\": {\"key\": \"n\"}, "
	         "\"gr\xc3\xbc\xe2\x82\xac\": {\"key\": \"\xc3\xbc\"}}",
	    wide, "\xc3\xbc");
	json_has("{\"gr\\u00e9\\u20ac\": {\"key\": \"n\"}, "
	         "\"gr\\u00fc\\u20AC\": {\"key\": \"\\u00fc\"}}",
	    wide, "\xc3\xbc");
	/* What the key says of itself does not matter. */
	json_has(
	    "{\"encryptionKey\": \"encryptionKey\"}", key, "encryptionKey");
	file_refused(
	    "{\"encryptionKey\": null}", by_key, "the key is not in it");
	file_refused("{\"encryptionKey\": \"\"}", by_key, "the key is empty");
	file_refused("{\"a\": \"b\", \"c\": \"d\"}", all,
	    "'$.*' finds more than one value");
	file_refused("{\"encryptionKey\": \"k\", \"encryptionKey\": \"l\"}",
	    by_key, "'$.encryptionKey' finds more than one value");
	file_refused(
	    "{\"encryptionKey\": ", by_key, "it cannot be read as JSON");
}

static void
a_path_finds_one_value_of_yaml(void **state)
{
	static char key[] = "$.production.secret_key_base";
	const struct vl_master_words by_key = { .yaml = key };

	(void)state;
	yaml_has("# secrets\nproduction:\n  other: x\n"
	         "  secret_key_base: hunter22 # the key\ntest:\n"
	         "  secret_key_base: y\n",
	    key, "hunter22");
	yaml_has("production: {secret_key_base: 'it''s'}\n", key, "it's");
	yaml_has(
	    "production: {secret_key_base: \"a\\u0041\\\"\"}\n", key, "aA\"");
	yaml_has("production: {secret_key_base: 0x1F, b: 0x2E}\n", key, "0x1F");
	yaml_has("a: &x {b: \"\\x41\"}\nproduction: {secret_key_base: k-ey}\n",
	    key, "k-ey");
	yaml_has(
	    "a: |2-\n    two\nproduction: {secret_key_base: k}\n", key, "k");
	yaml_has("production: {secret_key_base: gr\xc3\xbc\xc3\x9f}\n", key,
	    "gr\xc3\xbc\xc3\x9f");
	file_refused("production: {secret_key_base: \"\\x41\"}\n", by_key,
	    "the key has an escape that is not read");
	file_refused("production:\n  secret_key_base: |\n    a\n    b\n",
	    by_key,
	    "it cannot be read as YAML, or the key is written in several "
	    "lines");
	file_refused("production:\n  secret_key_base: a\n    b\n", by_key,
	    "it cannot be read as YAML, or the key is written in several "
	    "lines");
	file_refused("production: {secret_key_base: 'a\n b'}\n", by_key,
	    "it cannot be read as YAML, or the key is written in several "
	    "lines");
	file_refused("production: [", by_key,
	    "it cannot be read as YAML, or the key is written in several "
	    "lines");
	file_refused(
	    "test: {secret_key_base: x}\n", by_key, "the key is not in it");
}

/* ---- Lines, and PHP ---- */

static void
line_has(const char *text, const char *want)
{
	static char key[] = "APP_KEY";

	file_has(text, (struct vl_master_words){ .keyed = key }, want);
}

static void
line_refused(const char *text, const char *why)
{
	static char key[] = "APP_KEY";

	file_refused(text, (struct vl_master_words){ .keyed = key }, why);
}

static void
a_line_has_the_key_behind_its_name(void **state)
{
	(void)state;
	line_has("A=1\nAPP_KEY=base64:aGk=\nB=2\n", "base64:aGk=");
	line_has("  export APP_KEY = 'a b' # the key\n", "a b");
	line_has("APP_KEY=\"a 'b\"\r\n", "a 'b");
	line_has("APP_KEY=a'b\r\n", "a'b");
	line_has("APP_KEY=a#b", "a#b");
	line_has("#APP_KEY=x\nAPP_KEYS=y\nMY_APP_KEY=z\nAPP_KEY=k\n", "k");
	line_has("; ini\n[app]\nAPP_KEY = k \n", "k");
	line_refused(
	    "APP_KEY=a\n[test]\nAPP_KEY=b\n", "the name stands there twice");
	line_refused("APP_KEY=a #b\n",
	    "the value has a '#' or ';' that may begin a comment: put it into "
	    "quotes");
	line_refused("APP_KEY=\"a\\nb\"\n",
	    "the value has an escape, or no closing quote");
	line_refused(
	    "APP_KEY='a\n", "the value has an escape, or no closing quote");
	line_refused(
	    "APP_KEY='a' b\n", "something stands behind the closing quote");
	line_refused("APP_KEY\n", "the key is not in it");
	line_refused("APP_KEY=\n", "the key is empty");
}

static void
define_has(const char *text, const char *want)
{
	static char name[] = "AUTH_KEY";

	file_has(text, (struct vl_master_words){ .define = name }, want);
}

static void
define_refused(const char *text, const char *why)
{
	static char name[] = "AUTH_KEY";

	file_refused(text, (struct vl_master_words){ .define = name }, why);
}

static void
a_constant_of_php_has_the_key(void **state)
{
	(void)state;
	define_has("<?php\ndefine('AUTH_KEY', 'k;) #//');\n", "k;) #//");
	define_has("<?php DEFINE( \"AUTH_KEY\" , /* it */ 'it\\'s\\\\\\n' );",
	    "it's\\\\n");
	define_has(
	    "<?php // define('AUTH_KEY', 'a');\n"
	    "/* define('AUTH_KEY', 'b'); */ # define('AUTH_KEY', 'c')\n"
	    "$x = \"define('AUTH_KEY', 'd')\"; my_define('AUTH_KEY', 'e');"
	    "define('OTHER', 'f'); define('AUTH_KEY', \"k\");",
	    "k");
	define_refused(
	    "<?php define('AUTH_KEY', 'a'); define('AUTH_KEY', 'b');",
	    "the name stands there twice");
	define_refused("<?php define('AUTH_KEY', getenv('K'));",
	    "the value is no text in quotes");
	define_refused("<?php define('AUTH_KEY', 'a' . 'b');",
	    "something stands behind the value");
	define_refused("<?php define('AUTH_KEY', \"a$b\");",
	    "the value has '\\' or '$' in double quotes");
	define_refused(
	    "<?php define('AUTH_KEY', 'a", "the value is no text in quotes");
	define_refused("<?php define('AUTH_KEY'", "the key is not in it");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_file_is_the_key_but_for_one_line_feed),
		cmocka_unit_test(a_key_that_is_too_long_or_no_file_is_refused),
		cmocka_unit_test(
		    one_that_is_optional_may_be_absent_and_no_other),
		cmocka_unit_test(it_is_told_whether_others_may_read_it),
		cmocka_unit_test(
		    a_credential_is_a_file_in_the_directory_of_the_service),
		cmocka_unit_test(what_a_program_prints_is_the_key),
		cmocka_unit_test(a_path_finds_one_value_of_json),
		cmocka_unit_test(a_path_finds_one_value_of_yaml),
		cmocka_unit_test(a_line_has_the_key_behind_its_name),
		cmocka_unit_test(a_constant_of_php_has_the_key),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
