/* What differs between two values, as it is told. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>

#include <valise/fields.h>

static void
add(struct vl_fields *f, enum vl_side side, const char *text)
{
	const struct vl_text_part part = { .kind = VL_PART_BODY };

	assert_int_equal(
	    VL_OK, vl_fields_add(f, side, &part, vl_slice_of(text), NULL));
}

static void
told_of(struct vl_fields *f, enum vl_fields_form form, const char *expected)
{
	struct vl_buf out = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_err err = { 0 };

	vl_json_w_init(&w, &out);
	vl_json_w_open(&w, '[');
	assert_int_equal(
	    VL_OK, vl_fields_differ(f, form, vl_slice_of("c"), &w, &err));
	vl_json_w_close(&w, ']');
	assert_int_equal(VL_OK, vl_json_w_end(&w, &err));
	assert_int_equal(VL_OK, vl_buf_printf(&out, &err, "%c", 0));
	assert_string_equal(expected, (const char *)out.p);
	vl_buf_free(&out);
}

static void
tells(enum vl_fields_form form, const char *old, const char *new,
    const char *expected)
{
	struct vl_fields *f = NULL;

	assert_int_equal(VL_OK, vl_fields_new(&f, NULL));
	vl_fields_begin(f);
	add(f, VL_SIDE_OLD, old);
	add(f, VL_SIDE_NEW, new);
	told_of(f, form, expected);
	vl_fields_free(f);
}

static void
paths_are_told_with_both_sides(void **state)
{
	(void)state;
	tells(VL_FIELDS_GUESS, "{\"b\": 1, \"a\": [null, \"x\"]}",
	    "{\"a\":[null,\"y\"],\"b\":1}",
	    "[{\"column\":\"c\",\"new\":\"\\\"y\\\"\",\"old\":\"\\\"x\\\"\","
	    "\"path\":\"$.a[1]\"}]");
	tells(VL_FIELDS_GUESS, "a:1:{i:7;s:1:\"1\";}", "a:1:{i:7;i:1;}",
	    "[{\"column\":\"c\",\"new\":\"1\",\"old\":\"\\\"1\\\"\",\"path\":"
	    "\"$[7]\"}]");
	tells(VL_FIELDS_GUESS, "a:1:{i:7;O:1:\"A\":1:{s:1:\"p\";N;}}",
	    "a:1:{i:7;O:1:\"A\":1:{s:1:\"p\";d:0.5;}}",
	    "[{\"column\":\"c\",\"new\":\"d:0.5\",\"old\":\"N\",\"path\":"
	    "\"$[7].p\"}]");
	tells(VL_FIELDS_GUESS, "a:1:{s:1:\"a\";i:1;}", "a:1:{s:1:\"b\";i:1;}",
	    "[{\"column\":\"c\",\"old\":\"1\",\"path\":\"$.a\"},{\"column\":"
	    "\"c\",\"new\":\"1\",\"path\":\"$.b\"}]");
	tells(VL_FIELDS_YAML, "a: &x 1\nb: *x\n", "{a: '1', b: |\n 2}", "[]");
	tells(VL_FIELDS_YAML, "a: &x 1\n? [k]\n: 5\n", "a: '1'\n? [k]\n: 6\n",
	    "[{\"column\":\"c\",\"new\":\"\\\"1\\\"\",\"old\":\"1\",\"path\":"
	    "\"$.a\"},{\"column\":\"c\",\"new\":\"6\",\"old\":\"5\",\"path\":"
	    "\"$[?]\"}]");
}

static void
what_is_not_read_is_not_told(void **state)
{
	(void)state;
	tells(VL_FIELDS_GUESS, "[1", "[2", "[]");
	tells(VL_FIELDS_GUESS, "[1]", "a:0:{}", "[]");
	tells(VL_FIELDS_GUESS, "1", "2", "[]");
	tells(VL_FIELDS_GUESS, "", "[1]", "[]");
	tells(VL_FIELDS_GUESS, "[1, 2]", "[1,2]", "[]");
	tells(VL_FIELDS_YAML, "[1", "1", "[]");
}

/* A name that is as long as the value, and stands in each path. */
static void
much_is_not_told(void **state)
{
	struct vl_buf values[VL_SIDES] = { { 0 } };
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 0; i < VL_SIDES; i++) {
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&values[i], "{\"", NULL));
		for (k = 0; k < 500000; k++)
			assert_int_equal(
			    VL_OK, vl_buf_add_text(&values[i], "n", NULL));
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&values[i], "\":[", NULL));
		for (k = 0; k < 16000; k++)
			assert_int_equal(
			    VL_OK, vl_buf_add_text(&values[i], "1,", NULL));
		assert_int_equal(
		    VL_OK, vl_buf_printf(&values[i], NULL, "%zu]}%c", i, 0));
	}
	tells(VL_FIELDS_GUESS, (const char *)values[0].p,
	    (const char *)values[1].p, "[]");
	vl_buf_free(&values[0]);
	vl_buf_free(&values[1]);
}

/* A list of one number, behind `n` times `before`; told as `expected`. */
static void
tells_long(const char *before, size_t n, const char *expected)
{
	struct vl_buf values[VL_SIDES] = { { 0 } };
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < VL_SIDES; i++) {
		if (*before != ' ')
			assert_int_equal(
			    VL_OK, vl_buf_add_text(&values[i], "[", NULL));
		for (k = 0; k < n; k++)
			assert_int_equal(
			    VL_OK, vl_buf_add_text(&values[i], before, NULL));
		assert_int_equal(VL_OK,
		    vl_buf_printf(&values[i], NULL, "%s%zu]%c",
		        *before == ' ' ? "[" : "", i, 0));
	}
	tells(VL_FIELDS_GUESS, (const char *)values[0].p,
	    (const char *)values[1].p, expected);
	vl_buf_free(&values[0]);
	vl_buf_free(&values[1]);
}

static void
more_bytes_or_leaves_than_the_limits_are_not_told(void **state)
{
	(void)state;
	tells_long(" ", 1048573,
	    "[{\"column\":\"c\",\"new\":\"1\",\"old\":\"0\",\"path\":"
	    "\"$[0]\"}]");
	tells_long(" ", 1048574, "[]");
	tells_long("5,", 16383,
	    "[{\"column\":\"c\",\"new\":\"1\",\"old\":\"0\",\"path\":"
	    "\"$[16383]\"}]");
	tells_long("5,", 16384, "[]");
}

static void
names_like_secrets_keep_theirs(void **state)
{
	(void)state;
	tells(VL_FIELDS_GUESS, "{\"dbPassword\": {\"x\": 1}}",
	    "{\"dbPassword\": {\"x\": 2}}",
	    "[{\"column\":\"c\",\"new\":\"(not shown)\",\"old\":"
	    "\"(not shown)\",\"path\":\"$.dbPassword.x\"}]");
}

/* Each leaf has the whole path that it is below, whatever stands between. */
static void
merged_maps_keep_the_path_around_them(void **state)
{
	(void)state;
	tells(VL_FIELDS_YAML, "a:\n  <<: [{x: 1}, {y: 3}]\n",
	    "a:\n  <<: [{x: 2}, {y: 3}]\n",
	    "[{\"column\":\"c\",\"new\":\"2\",\"old\":\"1\",\"path\":"
	    "\"$.a['<<'][0].x\"}]");
	tells(VL_FIELDS_YAML, "password:\n  <<: [{x: 1}]\n",
	    "password:\n  <<: [{x: 2}]\n",
	    "[{\"column\":\"c\",\"new\":\"(not shown)\",\"old\":"
	    "\"(not shown)\",\"path\":\"$.password['<<'][0].x\"}]");
}

static void
a_secret(struct vl_fields *f, enum vl_side side, uint8_t print)
{
	const struct vl_text_part part = { .kind = VL_PART_SECRET,
		.slot = { .print = { print } },
		.form = VL_FORM_JSON_TEXT };

	assert_int_equal(
	    VL_OK, vl_fields_add(f, side, &part, (struct vl_slice){ 0 }, NULL));
}

/* Whatever the name of its place, nor what one side has where the other has a
 * secret. */
static void
secrets_are_not_told_nor_their_fingerprints(void **state)
{
	struct vl_fields *f = NULL;
	enum vl_side side = VL_SIDE_OLD;

	(void)state;
	assert_int_equal(VL_OK, vl_fields_new(&f, NULL));
	vl_fields_begin(f);
	for (side = VL_SIDE_OLD; side < VL_SIDES; side++) {
		add(f, side, "{\"a\": \"pin ");
		a_secret(f, side, (uint8_t)side);
		add(f, side, "\", \"b\": \"");
		if (side == VL_SIDE_OLD)
			add(f, side, "in clear");
		else
			a_secret(f, side, 7);
		add(f, side,
		    side == VL_SIDE_OLD ? "\", \"c\": 1}" : "\", \"c\": 2}");
	}
	told_of(f, VL_FIELDS_GUESS,
	    "[{\"column\":\"c\",\"new\":\"(not shown)\",\"old\":"
	    "\"(not shown)\",\"path\":\"$.a\"},{\"column\":\"c\","
	    "\"new\":\"(not shown)\",\"old\":\"(not shown)\",\"path\":"
	    "\"$.b\"},{\"column\":\"c\",\"new\":\"2\",\"old\":\"1\","
	    "\"path\":\"$.c\"}]");
	vl_fields_free(f);
}

static void
an_id(struct vl_fields *f, enum vl_side side, const char *key)
{
	const struct vl_text_part part = { .kind = VL_PART_REF,
		.table = vl_slice_of("t"),
		.key = vl_slice_of(key) };

	assert_int_equal(
	    VL_OK, vl_fields_add(f, side, &part, (struct vl_slice){ 0 }, NULL));
}

/* In a string of PHP, whose length is no piece of its own. */
static void
ids_are_told_by_key_and_lengths_follow(void **state)
{
	const struct vl_text_part count = { .kind = VL_PART_COUNT, .n = 2 };
	struct vl_fields *f = NULL;
	enum vl_side side = VL_SIDE_OLD;

	(void)state;
	assert_int_equal(VL_OK, vl_fields_new(&f, NULL));
	vl_fields_begin(f);
	for (side = VL_SIDE_OLD; side < VL_SIDES; side++) {
		add(f, side, "a:2:{i:0;i:");
		an_id(f, side, "[\"same\"]");
		add(f, side, ";i:1;s:");
		assert_int_equal(VL_OK,
		    vl_fields_add(
		        f, side, &count, (struct vl_slice){ 0 }, NULL));
		add(f, side, "id ");
		an_id(f, side, side == VL_SIDE_OLD ? "[\"x\"]" : "[\"y\"]");
		add(f, side, "\";}");
	}
	told_of(f, VL_FIELDS_GUESS,
	    "[{\"column\":\"c\",\"new\":\"\\\"id t [\\\"y\\\"]\\\"\",\"old\":"
	    "\"\\\"id t [\\\"x\\\"]\\\"\",\"path\":\"$[1]\"}]");
	vl_fields_free(f);
}

static void
an_id_that_is_a_key_is_told_by_that_of_its_row(void **state)
{
	static const char *const around[][2] = {
		{ "a:1:{i:", ";i:1;}" },
		{ "{\"", "\": 1}" },
	};
	static const char *const expected[] = {
		"[{\"column\":\"c\",\"old\":\"1\",\"path\":"
		"\"$[t [\\\"x\\\"]]\"},"
		"{\"column\":\"c\",\"new\":\"1\",\"path\":"
		"\"$[t [\\\"y\\\"]]\"}]",
		"[{\"column\":\"c\",\"old\":\"1\",\"path\":"
		"\"$.t [\\\"x\\\"]\"},"
		"{\"column\":\"c\",\"new\":\"1\",\"path\":"
		"\"$.t [\\\"y\\\"]\"}]",
	};
	struct vl_fields *f = NULL;
	enum vl_side side = VL_SIDE_OLD;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(VL_OK, vl_fields_new(&f, NULL));
		vl_fields_begin(f);
		for (side = VL_SIDE_OLD; side < VL_SIDES; side++) {
			add(f, side, around[i][0]);
			an_id(f, side,
			    side == VL_SIDE_OLD ? "[\"x\"]" : "[\"y\"]");
			add(f, side, around[i][1]);
		}
		told_of(f, VL_FIELDS_GUESS, expected[i]);
		vl_fields_free(f);
	}
}

/* There is no end to them: at last they are not told apart. */
static void
of_many_ids_the_rest_has_no_name(void **state)
{
	struct vl_fields *f = NULL;
	char key[16];
	unsigned i = 0;

	(void)state;
	assert_int_equal(VL_OK, vl_fields_new(&f, NULL));
	vl_fields_begin(f);
	add(f, VL_SIDE_OLD, "[");
	for (i = 0; i < 600; i++) {
		(void)snprintf(key, sizeof(key), "[%u]", i);
		an_id(f, VL_SIDE_OLD, key);
		add(f, VL_SIDE_OLD, i < 599 ? "," : "]");
	}
	add(f, VL_SIDE_NEW, "[");
	for (i = 0; i < 599; i++) {
		(void)snprintf(key, sizeof(key), "[%u]", i);
		an_id(f, VL_SIDE_NEW, key);
		add(f, VL_SIDE_NEW, i < 598 ? "," : "]");
	}
	told_of(f, VL_FIELDS_GUESS,
	    "[{\"column\":\"c\",\"old\":\"(a row)\",\"path\":"
	    "\"$[599]\"}]");
	vl_fields_free(f);
}

static void
words_say_the_same(void **state)
{
	struct vl_buf out = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    vl_fields_text(&out,
	        vl_slice_of(
	            "[{\"column\":\"c\",\"new\":\"1\",\"path\":\"$\"},"
	            "{\"column\":\"c\",\"old\":\"\\n\",\"path\":\"$.a\"},"
	            "{\"column\":\"d\",\"more\":12}]"),
	        NULL));
	assert_int_equal(VL_OK, vl_buf_printf(&out, NULL, "%c", 0));
	assert_string_equal(
	    "c: + 1; c.a: - \\n; d: and 12 more", (const char *)out.p);
	vl_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_told_with_both_sides),
		cmocka_unit_test(what_is_not_read_is_not_told),
		cmocka_unit_test(much_is_not_told),
		cmocka_unit_test(
		    more_bytes_or_leaves_than_the_limits_are_not_told),
		cmocka_unit_test(names_like_secrets_keep_theirs),
		cmocka_unit_test(merged_maps_keep_the_path_around_them),
		cmocka_unit_test(secrets_are_not_told_nor_their_fingerprints),
		cmocka_unit_test(ids_are_told_by_key_and_lengths_follow),
		cmocka_unit_test(
		    an_id_that_is_a_key_is_told_by_that_of_its_row),
		cmocka_unit_test(of_many_ids_the_rest_has_no_name),
		cmocka_unit_test(words_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
