/* Rows and their values: each has one line, and each line is one row. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <valise/row.h>

static struct vl_slice
bytes(const void *p, size_t n)
{
	return (struct vl_slice){ p, n };
}

static void
expect_cell(const struct vl_cell *cell, const char *want)
{
	struct vl_buf out = { 0 };
	struct vl_buf arena = { 0 };
	struct vl_json json = { 0 };
	struct vl_value v = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_err err = { 0 };

	vl_json_w_init(&w, &out);
	vl_cell_write(&w, cell);
	assert_int_equal(VL_OK, vl_json_w_end(&w, &err));
	assert_int_equal(strlen(want), out.n);
	assert_memory_equal(want, out.p, out.n);
	assert_int_equal(VL_OK, vl_json_parse(&json, vl_buf_slice(&out), &err));
	assert_int_equal(VL_OK, vl_buf_reserve(&arena, out.n, &err));
	if (vl_value_read(&v, &json, 0, &arena, &err) != VL_OK)
		fail_msg("%s: %s", want, err.text);
	assert_int_equal(VL_VALUE_CELL, v.kind);
	assert_true(vl_cell_equal(cell, &v.cell));
	vl_json_free(&json);
	vl_buf_free(&arena);
	vl_buf_free(&out);
}

static void
expect_real(double real, const char *want)
{
	expect_cell(
	    &(struct vl_cell){ .type = VL_CELL_REAL, .real = real }, want);
}

static void
every_storage_class_comes_back_as_it_was(void **state)
{
	struct vl_cell c = { .type = VL_CELL_NULL };

	(void)state;
	expect_cell(&c, "null");
	c.type = VL_CELL_INT;
	expect_cell(&c, "0");
	c.integer = 999999999999999;
	expect_cell(&c, "999999999999999");
	c.integer = -999999999999999;
	expect_cell(&c, "-999999999999999");
	c.integer = 1000000000000000;
	expect_cell(&c, "{\"$i\":\"1000000000000000\"}");
	c.integer = INT64_MIN;
	expect_cell(&c, "{\"$i\":\"-9223372036854775808\"}");
	c.type = VL_CELL_TEXT;
	c.bytes = vl_slice_of("");
	expect_cell(&c, "\"\"");
	c.bytes = vl_slice_of("a\"\\\n\x01\xc3\xa9");
	expect_cell(&c, "\"a\\\"\\\\\\n\\u0001\xc3\xa9\"");
	c.bytes = bytes("a\0b", 3);
	expect_cell(&c, "{\"$t64\":\"YQBi\"}");
	c.bytes = bytes("\xff\x41", 2);
	expect_cell(&c, "{\"$t64\":\"_0E\"}");
	c.type = VL_CELL_BLOB;
	expect_cell(&c, "{\"$b64\":\"_0E\"}");
	c.bytes = bytes("text", 4);
	expect_cell(&c, "{\"$b64\":\"dGV4dA\"}");
	c.bytes = bytes("", 0);
	expect_cell(&c, "{\"$b64\":\"\"}");
}

static void
reals_have_one_spelling_and_are_never_whole_numbers(void **state)
{
	struct vl_cell one = { .type = VL_CELL_INT, .integer = 1 };
	struct vl_cell real = { .type = VL_CELL_REAL, .real = 1 };
	struct vl_cell zero = { .type = VL_CELL_REAL };
	struct vl_cell minus = { .type = VL_CELL_REAL, .real = -0.0 };

	(void)state;
	expect_real(1, "{\"$r\":\"1\"}");
	expect_real(0.1, "{\"$r\":\"0.1\"}");
	expect_real(0.1 + 0.2, "{\"$r\":\"0.30000000000000004\"}");
	expect_real(1e15, "{\"$r\":\"1e+15\"}");
	expect_real(-0.0, "{\"$r\":\"-0\"}");
	expect_real(5e-324, "{\"$r\":\"4.94065645841247e-324\"}");
	expect_real(9007199254740993.0, "{\"$r\":\"9007199254740992\"}");
	expect_real(INFINITY, "{\"$r\":\"inf\"}");
	expect_real(-INFINITY, "{\"$r\":\"-inf\"}");
	assert_false(vl_cell_equal(&one, &real));
	assert_false(vl_cell_equal(&zero, &minus));
}

/* A line of a row whose `row` is this. */
static enum vl_status
decode(const char *row, const char *rest, struct vl_err *err)
{
	struct vl_row_store store = { 0 };
	struct vl_row r = { 0 };
	char line[2048];
	enum vl_status st = VL_OK;

	(void)snprintf(line, sizeof(line),
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":%s%s\n", row, rest);
	st = vl_row_decode(&r, &store, vl_slice_of(line), err);
	vl_row_store_free(&store);
	return st;
}

static void
refuse_value(const char *value, const char *why)
{
	struct vl_err err = { 0 };
	char row[512];

	(void)snprintf(row, sizeof(row), "{\"a\":%s}", value);
	assert_int_equal(VL_EFORMAT, decode(row, ",\"t\":\"row\"}", &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("%s: %s", value, err.text);
}

static void
a_second_spelling_of_a_value_is_refused(void **state)
{
	(void)state;
	refuse_value("{\"$i\":\"1\"}", "below 10^15");
	refuse_value("{\"$i\":\"+1000000000000000\"}", "64 bits");
	refuse_value("{\"$i\":\"9223372036854775808\"}", "64 bits");
	refuse_value("{\"$r\":\"1.0\"}", "one spelling");
	refuse_value("{\"$r\":\"nan\"}", "one spelling");
	refuse_value("{\"$r\":\"0x1p3\"}", "one spelling");
	refuse_value("{\"$r\":\" 1\"}", "one spelling");
	refuse_value("{\"$r\":\"0.1000000000000000055\"}", "one spelling");
	refuse_value("{\"$t64\":\"YQ\"}", "plain text");
	refuse_value("{\"$b64\":\"YQ==\"}", "canonical");
	refuse_value("{\"$b64\":\"YR\"}", "canonical");
	refuse_value("{\"$ref\":\"x\"}", "no key");
	refuse_value("{\"$ref\":[]}", "no key");
	refuse_value("{\"$secret\":\"sf1.x\"}", "its secret is none");
	refuse_value("{\"$b64\":\"\",\"$r\":\"1\"}", "neither");
	refuse_value("{}", "neither");
	refuse_value("[1]", "neither");
	refuse_value("true", "neither");
	refuse_value("{\"$parts\":[]}", "an id or secret");
	refuse_value("{\"$parts\":[\"a\"]}", "an id or secret");
	refuse_value(
	    "{\"$parts\":[\"a\",\"b\",[\"t\",[1],\"json\"]]}", "not joined");
	refuse_value("{\"$parts\":[\"\",[\"t\",[1],\"json\"]]}", "empty");
	refuse_value("{\"$parts\":[[\"t\",[1],\"php\"]]}", "is none");
	refuse_value("{\"$parts\":[[\"\",[1],\"json\"]]}", "is none");
	refuse_value("{\"$parts\":[[\"t\",[],\"json\"]]}", "is none");
	refuse_value("{\"$parts\":[[\"t\",[1]]]}", "is none");
	refuse_value("{\"$body\":[0,1]}", "has not");
	refuse_value("{\"$body\":[0,0]}", "is none");
	refuse_value("{\"$blob\":[-1,1]}", "is none");
}

static enum vl_status
decode_body(const char *row, const char *size, struct vl_err *err)
{
	struct vl_row_store store = { 0 };
	struct vl_row r = { 0 };
	char line[2048];
	enum vl_status st = VL_OK;

	(void)snprintf(line, sizeof(line),
	    "{\"c\":\"t\",\"hash\":\"k1."
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAA\",\"k\":[1],\"r\":\"app\",\"row\":%s,\"size\":%s,\"t\":"
	    "\"row\"}\n",
	    row, size);
	st = vl_row_decode(&r, &store, vl_slice_of(line), err);
	vl_row_store_free(&store);
	return st;
}

static void
values_in_the_body_follow_one_another_and_fill_it(void **state)
{
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    decode_body(
	        "{\"a\":{\"$body\":[0,5]},\"b\":{\"$parts\":[{\"$body\":"
	        "[5,2]},[\"t\",[1],\"json\"],{\"$body\":[7,3]}]},\"c\":{"
	        "\"$blob\":[10,1]}}",
	        "11", &err));
	assert_int_equal(
	    VL_EFORMAT, decode_body("{\"a\":{\"$body\":[0,5]}}", "6", &err));
	assert_int_equal(
	    VL_EFORMAT, decode_body("{\"a\":{\"$body\":[1,5]}}", "6", &err));
	assert_int_equal(VL_EFORMAT,
	    decode_body("{\"a\":{\"$body\":[0,5]},\"b\":{\"$body\":[4,2]}}",
	        "6", &err));
	assert_int_equal(VL_EFORMAT, decode_body("{\"a\":1}", "0", &err));
	assert_int_equal(VL_EFORMAT,
	    decode_body(
	        "{\"a\":{\"$body\":[0,999999999999999]},\"b\":{\"$body\":"
	        "[999999999999999,1]}}",
	        "1000000000000000", &err));
}

static void
refuse_line(const char *line, enum vl_status status, const char *why)
{
	struct vl_row_store store = { 0 };
	struct vl_row r = { 0 };
	struct vl_err err = { 0 };

	assert_int_equal(
	    status, vl_row_decode(&r, &store, vl_slice_of(line), &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("%s: %s", line, err.text);
	vl_row_store_free(&store);
}

static void
what_is_no_line_of_a_table_is_refused(void **state)
{
	(void)state;
	refuse_line("{\"k\":[1],\"r\":\"app\",\"row\":{},\"t\":\"row\"}\n",
	    VL_EFORMAT, "'c' is missing");
	refuse_line("{\"c\":\"t\",\"r\":\"app\",\"row\":{},\"t\":\"row\"}\n",
	    VL_EFORMAT, "'k' is missing");
	refuse_line(
	    "{\"c\":\"\",\"k\":[1],\"r\":\"app\",\"row\":{},\"t\":\"row\""
	    "}\n",
	    VL_EFORMAT, "'c' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[],\"r\":\"app\",\"row\":{},\"t\":\"row\""
	    "}\n",
	    VL_EFORMAT, "'k' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[{\"$ref\":[1]}],\"r\":\"app\",\"row\":{},"
	    "\"t\":\"row\"}\n",
	    VL_EFORMAT, "'k' is not");
	refuse_line("{\"c\":\"t\",\"k\":[[]],\"r\":\"app\",\"row\":{},\"t\":"
	            "\"row\"}\n",
	    VL_EFORMAT, "'k' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":[],\"t\":\"row\""
	    "}\n",
	    VL_EFORMAT, "'row' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{\"\":1},\"t\":"
	    "\"row\"}\n",
	    VL_EFORMAT, "'row' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{},\"t\":\"file\""
	    "}\n",
	    VL_EFORMAT, "'t' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{},\"t\":\"row\","
	    "\"x\":{}}\n",
	    VL_EFORMAT, "'x' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{},\"t\":\"row\","
	    "\"x\":{\"id\":[1]}}\n",
	    VL_EFORMAT, "'x' is not");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\",\"row\":{},\"size\":1,"
	    "\"t\":\"row\"}\n",
	    VL_EFORMAT, "stand together");
	refuse_line(
	    "{\"c\":\"t\",\"k\":[1],\"path\":\"x\",\"r\":\"app\",\"row\":{}"
	    ",\"t\":\"row\"}\n",
	    VL_EFORMAT, "'path' is not known");
	refuse_line("[]\n", VL_EFORMAT, "not an object");
	refuse_line("", VL_EFORMAT, "LF");
}

static void
a_row_comes_back_from_its_line(void **state)
{
	struct vl_row in = { .resource = vl_slice_of("app"),
		.table = vl_slice_of("t\xc3\xa9"),
		.key = vl_slice_of("[\"a\",[null,{\"$r\":\"1\"}]]"),
		.row = vl_slice_of("{\"a\":{\"$ref\":[\"x\"]},\"b\":2}"),
		.x = vl_slice_of("{\"id\":17}") };
	struct vl_row_store store = { 0 };
	struct vl_value v = { 0 };
	struct vl_slice name = { 0 };
	struct vl_row back = { 0 };
	struct vl_buf line = { 0 };
	struct vl_err err = { 0 };
	size_t hash_at = 1;
	size_t at = 0;

	(void)state;
	assert_int_equal(VL_OK, vl_row_encode(&line, &in, &hash_at, &err));
	assert_int_equal(0, hash_at);
	if (vl_row_decode(&back, &store, vl_buf_slice(&line), &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_true(vl_slice_equal(in.table, back.table));
	assert_true(vl_slice_equal(in.key, back.key));
	assert_true(vl_slice_equal(in.row, back.row));
	assert_true(vl_slice_equal(in.x, back.x));
	assert_true(vl_row_next(&store, store.columns, &at, &name, &v));
	assert_true(vl_slice_equal(name, vl_slice_of("a")));
	assert_int_equal(VL_VALUE_REF, v.kind);
	assert_true(vl_slice_equal(v.key, vl_slice_of("[\"x\"]")));
	assert_true(vl_row_next(&store, store.columns, &at, &name, &v));
	assert_int_equal(2, v.cell.integer);
	assert_false(vl_row_next(&store, store.columns, &at, &name, &v));
	vl_row_store_free(&store);
	vl_buf_free(&line);
}

/* A line with secrets of all kinds, in columns and in pieces. */
static const char with_secrets[] =
    "{\"c\":\"t\",\"k\":[\"k\"],\"r\":\"app\",\"row\":{\"a\":{"
    "\"$secret\":\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"},\"b\":1,\"c\":{\"$parts\":["
    "\"x\",{\"$secret\":[\"sf1.AQAAAAAAAAAAAAAAAAAAAA\",\"json\",\"$.p\"]},["
    "\"u\","
    "[1],\"plain\"],{\"$secret\":[\"sf1.AgAAAAAAAAAAAAAAAAAAAA\",\"plain\","
    "\"\\\"\",\"broken\"]}]},\"d\\t\":{\"$secret\":["
    "\"sf1.AwAAAAAAAAAAAAAAAAAAAA\",\"clear-blob\"]}},\"t\":\"row\"}\n";

static void
secrets_come_in_the_order_in_which_they_stand(void **state)
{
	static const struct {
		const char *column;
		const char *inside;
		const char *type;
	} want[] = { { "a", "", "text" }, { "c", "$.p", "text" },
		{ "c", "\"", "broken" }, { "d\t", "", "clear-blob" } };
	struct vl_row_store store = { 0 };
	struct vl_slot_place place = { 0 };
	struct vl_slots at = { 0 };
	struct vl_slot slot = { 0 };
	struct vl_row row = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	if (vl_row_decode(&row, &store, vl_slice_of(with_secrets), &err) !=
	    VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(4, row.nslots);
	for (i = 0; i < 4; i++) {
		assert_true(vl_row_next_slot(&at, &row, &store, &place, &slot));
		assert_int_equal(i, slot.print[0]);
		assert_true(vl_slice_equal(place.resource, row.resource));
		assert_true(vl_slice_equal(place.collection, row.table));
		assert_true(vl_slice_equal(place.key, row.key));
		assert_true(
		    vl_slice_equal(place.column, vl_slice_of(want[i].column)));
		assert_true(
		    vl_slice_equal(place.inside, vl_slice_of(want[i].inside)));
		assert_string_equal(
		    want[i].type, vl_slot_type(place.form, place.blob));
	}
	assert_false(vl_row_next_slot(&at, &row, &store, &place, &slot));
	vl_row_store_free(&store);
}

static void
a_secret_is_written_as_it_was_read(void **state)
{
	struct vl_row_store store = { 0 };
	struct vl_text_part part = { 0 };
	struct vl_slice name = { 0 };
	struct vl_value v = { 0 };
	struct vl_json_w w = { 0 };
	struct vl_row row = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	size_t piece = 0;
	size_t at = 0;

	(void)state;
	assert_int_equal(VL_OK,
	    vl_row_decode(&row, &store, vl_slice_of(with_secrets), &err));
	vl_json_w_init(&w, &out);
	vl_json_w_open(&w, '{');
	while (vl_row_next(&store, store.columns, &at, &name, &v)) {
		vl_json_w_key(
		    &w, name.n == 1 ? (char[]){ (char)name.p[0], 0 } : "d\t");
		if (v.kind == VL_VALUE_SECRET)
			vl_value_write_secret(&w, &v.slot);
		else if (v.kind == VL_VALUE_CELL)
			vl_cell_write(&w, &v.cell);
		if (v.kind != VL_VALUE_PARTS)
			continue;
		vl_parts_open(&w, v.packing);
		for (piece = 0; vl_parts_next(
		         &part, &store.json, &v, &piece, &store.text);)
			vl_part_write(&w, &part);
		vl_parts_close(&w);
	}
	vl_json_w_close(&w, '}');
	assert_int_equal(VL_OK, vl_json_w_end(&w, &err));
	assert_true(vl_slice_equal(row.row, vl_buf_slice(&out)));
	vl_buf_free(&out);
	vl_row_store_free(&store);
}

/* The same text as the C library finds with 15 digits, or 16, or 17. */
static void
a_real_is_spelled_as_the_c_library_does_it(void **state)
{
	uint64_t lot = 88172645463325252u;
	char want[VL_REAL_SIZE];
	char have[VL_REAL_SIZE];
	double real = 0;
	double back = 0;
	int digits = 0;
	int i = 0;

	(void)state;
	for (i = 0; i < 300000; i++) {
		lot ^= lot << 13;
		lot ^= lot >> 7;
		lot ^= lot << 17;
		switch (i % 5) {
		case 0:
			memcpy(&real, &lot, sizeof(real));
			break;
		case 1: /* about the largest short one */
			real = (double)(lot % 3000000000000000) / 10;
			break;
		case 2:
			real = -(double)(lot % 1000000007) / 1000;
			break;
		case 3: /* about the smallest */
			real = (double)(lot % 2000000) * 1e-9;
			break;
		default:
			real = (double)(lot >> 10) / 1e6;
		}
		if (isnan(real) || isinf(real))
			continue;
		for (digits = 15; digits <= 17; digits++) {
			(void)snprintf(
			    want, sizeof(want), "%.*g", digits, real);
			if (strtod(want, NULL) == real)
				break;
		}
		assert_string_equal(want, vl_real_text(have, real));
		assert_true(vl_real_read(&back, vl_slice_of(have)));
		assert_memory_equal(&real, &back, sizeof(real));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_storage_class_comes_back_as_it_was),
		cmocka_unit_test(a_real_is_spelled_as_the_c_library_does_it),
		cmocka_unit_test(
		    reals_have_one_spelling_and_are_never_whole_numbers),
		cmocka_unit_test(a_second_spelling_of_a_value_is_refused),
		cmocka_unit_test(
		    values_in_the_body_follow_one_another_and_fill_it),
		cmocka_unit_test(what_is_no_line_of_a_table_is_refused),
		cmocka_unit_test(a_row_comes_back_from_its_line),
		cmocka_unit_test(secrets_come_in_the_order_in_which_they_stand),
		cmocka_unit_test(a_secret_is_written_as_it_was_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
