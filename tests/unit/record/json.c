/* Items of a canonical text, and the writer. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <valise/json.h>

static void
lists_items_in_text_order(void **state)
{
	struct vl_json j = { 0 };
	struct vl_err err = { 0 };
	size_t at;

	(void)state;
	assert_int_equal(VL_OK,
	    vl_json_parse(&j,
	        vl_slice_of("{\"a\":[1,[],{\"b\":-7}],\"c\":\"x\\ny\","
	                    "\"d\":null}"),
	        &err));
	assert_int_equal(VL_JSON_OBJECT, j.items[0].type);
	assert_int_equal(3, j.items[0].count);
	assert_int_equal(j.n, j.items[0].next);
	at = vl_json_member(&j, 0, "a");
	assert_int_equal(2, at);
	assert_int_equal(3, j.items[at].count);
	assert_int_equal(1, j.items[at + 1].number);
	assert_int_equal(0, j.items[at + 2].count);
	assert_int_equal(at + 3, j.items[at + 2].next);
	at = vl_json_member(&j, at + 3, "b");
	assert_int_equal(-7, j.items[at].number);
	at = vl_json_member(&j, 0, "c");
	assert_true(j.items[at].escaped);
	assert_int_equal(4, j.items[at].raw.n);
	assert_int_equal(
	    VL_JSON_NULL, j.items[vl_json_member(&j, 0, "d")].type);
	assert_int_equal(VL_JSON_NONE, vl_json_member(&j, 0, "b"));
	assert_int_equal(VL_JSON_NONE, vl_json_member(&j, at, "b"));
	vl_json_free(&j);
}

static void
finds_members_by_decoded_keys(void **state)
{
	struct vl_json j = { 0 };
	struct vl_err err = { 0 };
	size_t tab;
	size_t backslash;

	(void)state;
	assert_int_equal(VL_OK,
	    vl_json_parse(
	        &j, vl_slice_of("{\"\\t\":1,\"\\\\n\":2,\"n\":3}"), &err));
	tab = vl_json_member(&j, 0, "\t");
	backslash = vl_json_member(&j, 0, "\\n");
	assert_int_equal(1, j.items[tab].number);
	assert_int_equal(2, j.items[backslash].number);
	assert_int_equal(VL_JSON_NONE, vl_json_member(&j, 0, "\n"));
	vl_json_free(&j);
}

static void
decodes_escapes_into_buffer_and_arena(void **state)
{
	static const char plain[] = "\x01\b\t\n\x0b\f\r\x1f\"\\/\x7f";
	struct vl_json j = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf arena = { 0 };
	struct vl_slice text;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_OK,
	    vl_json_parse(&j,
	        vl_slice_of("\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/"
	                    "\x7f\""),
	        &err));
	assert_int_equal(VL_OK, vl_buf_add_text(&out, "before", &err));
	assert_int_equal(VL_OK, vl_json_decode(&j, 0, &out, &err));
	assert_int_equal(6 + strlen(plain), out.n);
	assert_memory_equal(plain, out.p + 6, strlen(plain));
	text = vl_json_text(&j, 0, &arena);
	assert_null(text.p); /* no room was made */
	assert_int_equal(VL_OK, vl_buf_reserve(&arena, j.items[0].raw.n, &err));
	text = vl_json_text(&j, 0, &arena);
	assert_true(vl_slice_equal(vl_slice_of(plain), text));
	assert_int_equal(strlen(plain), arena.n);
	vl_buf_free(&out);
	vl_buf_free(&arena);
	vl_json_free(&j);
}

/* Each byte at each place of a text: as it is, or as its one escape. */
static void
escapes_a_byte_wherever_it_stands(void **state)
{
	struct vl_json j = { 0 };
	struct vl_buf out = { 0 };
	struct vl_buf back = { 0 };
	struct vl_json_w w;
	uint8_t bytes[20];
	unsigned byte = 0;
	size_t at = 0;

	(void)state;
	for (byte = 1; byte < 0x80; byte++)
		for (at = 0; at < sizeof(bytes); at++) {
			memset(bytes, 'a', sizeof(bytes));
			bytes[at] = (uint8_t)byte;
			vl_buf_clear(&out);
			vl_buf_clear(&back);
			vl_json_w_init(&w, &out);
			vl_json_w_text(
			    &w, (struct vl_slice){ bytes, sizeof(bytes) });
			assert_int_equal(VL_OK, vl_json_w_end(&w, NULL));
			assert_int_equal(
			    VL_OK, vl_json_parse(&j, vl_buf_slice(&out), NULL));
			assert_int_equal(
			    VL_OK, vl_json_decode(&j, 0, &back, NULL));
			assert_int_equal(sizeof(bytes), back.n);
			assert_memory_equal(bytes, back.p, back.n);
		}
	vl_buf_free(&out);
	vl_buf_free(&back);
	vl_json_free(&j);
}

static void
says_where_a_text_goes_wrong(void **state)
{
	struct vl_json j = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_EFORMAT,
	    vl_json_parse(&j, vl_slice_of("{\"b\":1,\"a\":2}"), &err));
	assert_string_equal("not canonical JSON at byte 10: keys are not in "
	                    "ascending order",
	    err.text);
	assert_int_equal(
	    VL_EFORMAT, vl_json_parse(&j, vl_slice_of("{\"a\":01}"), &err));
	assert_int_equal(
	    VL_EFORMAT, vl_json_parse(&j, (struct vl_slice){ NULL, 0 }, &err));
	assert_int_equal(0, j.n);
	vl_json_free(&j);
}

static void
writes_what_the_reader_accepts(void **state)
{
	static const char expect[] =
	    "{\"a\":[],\"b\":[-999999999999999,0,true,false,\"\"],"
	    "\"c\":{\"d\":\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\\\"\\\\/"
	    "\x7f\"},"
	    "\"e\":{}}";
	struct vl_json_w w;
	struct vl_json j = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	vl_json_w_init(&w, &out);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "a");
	vl_json_w_open(&w, '[');
	vl_json_w_close(&w, ']');
	vl_json_w_key(&w, "b");
	vl_json_w_open(&w, '[');
	vl_json_w_int(&w, -VL_JSON_INT_MAX);
	vl_json_w_int(&w, 0);
	vl_json_w_bool(&w, true);
	vl_json_w_bool(&w, false);
	vl_json_w_text(&w, vl_slice_of(""));
	vl_json_w_close(&w, ']');
	vl_json_w_key(&w, "c");
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "d");
	vl_json_w_text(&w, vl_slice_of("\x01\b\t\n\x0b\f\r\x1f\"\\/\x7f"));
	vl_json_w_close(&w, '}');
	vl_json_w_key(&w, "e");
	vl_json_w_open(&w, '{');
	vl_json_w_close(&w, '}');
	vl_json_w_close(&w, '}');
	assert_int_equal(VL_OK, vl_json_w_end(&w, &err));
	assert_int_equal(strlen(expect), out.n);
	assert_memory_equal(expect, out.p, out.n);
	assert_int_equal(VL_OK, vl_json_parse(&j, vl_buf_slice(&out), &err));
	vl_buf_free(&out);
	vl_json_free(&j);
}

static void
remembers_what_it_could_not_write(void **state)
{
	struct vl_json_w w;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	(void)state;
	vl_json_w_init(&w, &out);
	vl_json_w_text(&w, vl_slice_of("\xff"));
	vl_json_w_int(&w, 1);
	assert_int_equal(VL_EFORMAT, vl_json_w_end(&w, &err));
	vl_json_w_init(&w, &out);
	vl_json_w_text(&w, (struct vl_slice){ (const uint8_t *)"\0", 1 });
	assert_int_equal(VL_EFORMAT, vl_json_w_end(&w, &err));
	vl_json_w_init(&w, &out);
	vl_json_w_int(&w, VL_JSON_INT_MAX + 1);
	assert_int_equal(VL_EFORMAT, vl_json_w_end(&w, &err));
	vl_buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_items_in_text_order),
		cmocka_unit_test(finds_members_by_decoded_keys),
		cmocka_unit_test(decodes_escapes_into_buffer_and_arena),
		cmocka_unit_test(escapes_a_byte_wherever_it_stands),
		cmocka_unit_test(says_where_a_text_goes_wrong),
		cmocka_unit_test(writes_what_the_reader_accepts),
		cmocka_unit_test(remembers_what_it_could_not_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
