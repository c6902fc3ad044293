/* Text of a source in which something stays: bytes, and what is refused. */

#include <stdlib.h>

#include <valise/merge.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define LINES_MAX 4

struct merged {
	struct vl_merge_path *paths[LINES_MAX];
	struct vl_merge_line lines[LINES_MAX];
	size_t n;
	bool yaml;
	const char *brought; /* a member, as a path */
	struct vl_buf out;
	struct vl_buf told;
	struct vl_err err;
};

static void
add(struct merged *m, const char *path, enum vl_merge_how how)
{
	assert_int_equal(
	    VL_OK, vl_merge_path_new(&m->paths[m->n], path, &m->err));
	m->lines[m->n] = (struct vl_merge_line){ m->paths[m->n], how };
	m->n++;
}

static bool
was_brought(void *arg, struct vl_slice name)
{
	const struct merged *m = arg;

	return m->brought != NULL &&
	    vl_slice_equal(name, vl_slice_of(m->brought));
}

static enum vl_status
take_member(void *arg, const struct vl_member *member, struct vl_err *err)
{
	static const char signs[] = { [VL_MEMBER_NEW] = '+',
		[VL_MEMBER_CHANGED] = '~',
		[VL_MEMBER_SAME] = '=',
		[VL_MEMBER_STAYS] = '.',
		[VL_MEMBER_GOES] = '-' };
	struct merged *m = arg;

	return vl_buf_printf(&m->told, err, "%c%.*s ", signs[member->fate],
	    (int)member->shown.n, (const char *)member->shown.p);
}

static enum vl_status
merge(struct merged *m, struct vl_slice there, struct vl_slice here)
{
	const struct vl_merge merge = { .yaml = m->yaml,
		.lines = m->lines,
		.n = m->n,
		.there = there,
		.here = here,
		.arg = m,
		.brought = was_brought,
		.member = take_member };

	vl_buf_clear(&m->out);
	vl_buf_clear(&m->told);
	return vl_merge(&m->out, &merge, &m->err);
}

static void
expect(struct merged *m, const char *there, const char *here, const char *want)
{
	enum vl_status st = merge(m, vl_slice_of(there), vl_slice_of(here));
	char *again = NULL;

	if (st != VL_OK)
		fail_msg("%s, %s: %s", there, here, m->err.text);
	assert_int_equal(strlen(want), m->out.n);
	assert_memory_equal(want, m->out.p, m->out.n);
	/* The same again, over what came out. */
	again = strndup((char *)m->out.p, m->out.n);
	assert_non_null(again);
	assert_int_equal(
	    VL_OK, merge(m, vl_slice_of(there), vl_slice_of(again)));
	assert_int_equal(strlen(want), m->out.n);
	assert_memory_equal(want, m->out.p, m->out.n);
	free(again);
}

static void
done(struct merged *m)
{
	while (m->n > 0)
		vl_merge_path_free(m->paths[--m->n]);
	vl_buf_free(&m->out);
	vl_buf_free(&m->told);
	*m = (struct merged){ 0 };
}

static void
keeps_a_value_and_all_other_bytes(void **state)
{
	struct merged m = { 0 };

	(void)state;
	add(&m, "$.a", VL_MERGE_VALUE);
	expect(&m, " {\"b\" :1,\"a\":2}\n", "{\"a\":[ {} ]}",
	    " {\"b\" :1,\"a\":[ {} ]}\n");
	expect(&m, "{\"\\u0061\":2}", "{\"a\":3}", "{\"\\u0061\":3}");
	expect(&m, "{\"b\":1}", "{\"a\":3}", "{\"b\":1,\"a\":3}");
	expect(&m, "[{\"a\":1}]", "{\"a\":3}", "[{\"a\":1}]");
	expect(&m, "{}", "{ \"x\": 1, \"a\": 3 }", "{ \"a\": 3}");
	done(&m);
	add(&m, "$", VL_MERGE_VALUE);
	expect(&m, " 1 ", "[2]", " [2] ");
	done(&m);
	add(&m, "$..k", VL_MERGE_VALUE);
	expect(&m, "{\"k\":1,\"o\":{\"k\":{\"k\":1}}}",
	    "{\"o\":{\"k\":{\"k\":7},\"k2\":0},\"k\":5}",
	    "{\"k\":5,\"o\":{\"k\":{\"k\":7}}}");
	done(&m);
}

/* Its last line break is there once, however often it is joined. */
static void
keeps_a_block_of_yaml_and_the_line_break_behind_it(void **state)
{
	struct merged m = { .yaml = true };

	(void)state;
	add(&m, "$.a", VL_MERGE_VALUE);
	expect(
	    &m, "a: 1\nb: 2\n", "a: |\n  t\n  u\n", "a: |\n  t\n  u\nb: 2\n");
	expect(&m, "a: 1\r\nb: 2\r\n", "a: |\n  t\nb: 1\n",
	    "a: |\n  t\r\nb: 2\r\n");
	expect(&m, "a: |+\n  t\n\n", "a: >-\n  u\n", "a: >-\n  u\n");
	expect(&m, "a: |\n  t\nb: 2\n", "a: 1\n", "a: 1\nb: 2\n");
	expect(&m, "b: 2\n", "a: |\n  t\nc: 3\n", "a: |\n  t\nb: 2\n");
	expect(&m, "a: 1", "a: |\n  t\n", "a: |\n  t\n");
	expect(
	    &m, "a: 1\n\n \nb: 2\n", "a: |\n  t\n", "a: |\n  t\n\n \nb: 2\n");
	expect(&m, "a: |\n  t\n\nb: 2\n", "a: 1\n", "a: 1\n\nb: 2\n");
	expect(&m, "a: 1\n", "a: |+\n  t\n\n\nb: 2\n", "a: |+\n  t\n\n\n");
	expect(&m, "a: 1 # c\n", "a: |\n  t\n", "a: |\n  t\n # c\n");
	assert_int_equal(VL_EREFUSED,
	    merge(&m, vl_slice_of("a: '' # c\n"), vl_slice_of("a: |")));
	done(&m);
}

static void
members_come_stay_and_go(void **state)
{
	struct merged m = { 0 };

	(void)state;
	add(&m, "$.o", VL_MERGE_BROUGHT);
	m.brought = "[\"o\",\"was\"]";
	(void)merge(&m,
	    vl_slice_of("{\"o\":{\"new\":1,\"both\":2,\"same\":3}}"),
	    vl_slice_of("{\"o\":{\"was\":0,\"both\":9,\"own\":8,\"same\":3}}"));
	assert_int_equal(0,
	    strncmp("+$.o.new ~$.o.both =$.o.same -$.o.was .$.o.own ",
	        (char *)m.told.p, m.told.n));
	expect(&m, "{\"o\":{\"new\":1,\"both\":2}}",
	    "{\"o\":{\"was\":0,\"both\":9,\"own\":8}}",
	    "{\"o\":{\"new\":1,\"both\":2,\"own\":8}}");
	done(&m);
	add(&m, "$.*", VL_MERGE_KEEP);
	add(&m, "$.o", VL_MERGE_DELETE);
	expect(&m, "{\"o\":{},\"p\":{}}",
	    "{\"o\":{\"a\":1},\"p\":{\"b\":2},\"q\":{\"c\":3}}",
	    "{\"o\":{},\"p\":{\"b\":2},\"q\":{\"c\":3}}");
	done(&m);
}

/* Whatever stands in a file: an answer, and it is JSON again. */
static void
takes_every_truncation_of_both_sides(void **state)
{
	static const char *const texts[] = {
		"{\"o\":{\"a\":{\"k\":[1,{\"x\":null}]},\"\\u00e4\":\"\\n\"},"
		"\"k\":-1.5e3,\"l\":[{\"k\":1}]}",
		"o:\n  a: {k: [1, 2], x: ~}\n  b: &b 'it''s'\nk: |\n  t\n  u\n"
		"l: [*b, {k: \"\\x41\"}]\n"
	};
	struct merged m = { 0 };
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (m.yaml = false;; m.yaml = true) {
		if (!m.yaml)
			add(&m, "$.o", VL_MERGE_KEEP);
		add(&m, "$.k", VL_MERGE_VALUE);
		add(&m, "$.o.*", VL_MERGE_VALUE);
		for (i = 0; i <= strlen(texts[m.yaml]); i++)
			for (k = 0; k < 2; k++)
				(void)merge(&m,
				    (struct vl_slice){
				        (const uint8_t *)texts[m.yaml],
				        k == 0 ? i : strlen(texts[m.yaml]) },
				    (struct vl_slice){
				        (const uint8_t *)texts[m.yaml],
				        k == 1 ? i : strlen(texts[m.yaml]) });
		if (m.yaml)
			break;
		done(&m);
	}
	done(&m);
}

/* Members by number, each there or not on either side: what comes out is what
 * the words say, member by member. */
static void
says_what_the_words_say_of_a_thousand_pairs(void **state)
{
	struct merged m = { 0 };
	struct vl_buf sides[3] = { { 0 }, { 0 }, { 0 } };
	unsigned seed = 7;
	unsigned bits[2] = { 0, 0 };
	unsigned round = 0;
	unsigned i = 0;
	unsigned k = 0;

	(void)state;
	add(&m, "$.o", VL_MERGE_KEEP);
	add(&m, "$.o.*.keep", VL_MERGE_VALUE);
	for (round = 0; round < 1000; round++) {
		for (k = 0; k < 3; k++) {
			vl_buf_clear(&sides[k]);
			assert_int_equal(VL_OK,
			    vl_buf_add_text(&sides[k], "{\"o\":{", &m.err));
		}
		for (k = 0; k < 2; k++) {
			seed = seed * 1103515245 + 12345;
			bits[k] = seed >> 8 & 0xff;
			for (i = 0; i < 8; i++)
				if ((bits[k] >> i & 1) != 0)
					assert_int_equal(VL_OK,
					    vl_buf_printf(&sides[k], &m.err,
					        "%s\"m%u\":{\"v\":%u,\"keep\":"
					        "%u}",
					        sides[k].n > 6 ? "," : "", i, k,
					        k));
		}
		for (k = 0; k < 2; k++)
			for (i = 0; i < 8; i++)
				if ((bits[k] >> i & 1) != 0 &&
				    (k == 0 || (bits[0] >> i & 1) == 0))
					assert_int_equal(VL_OK,
					    vl_buf_printf(&sides[2], &m.err,
					        "%s\"m%u\":{\"v\":%u,\"keep\":"
					        "%u}",
					        sides[2].n > 6 ? "," : "", i, k,
					        bits[1] >> i & 1));
		for (k = 0; k < 3; k++)
			assert_int_equal(VL_OK,
			    vl_buf_add(&sides[k],
			        (struct vl_slice){ (const uint8_t *)"}}\0", 3 },
			        &m.err));
		expect(&m, (char *)sides[0].p, (char *)sides[1].p,
		    (char *)sides[2].p);
	}
	for (k = 0; k < 3; k++)
		vl_buf_free(&sides[k]);
	done(&m);
}

static void
refuses_what_has_no_answer(void **state)
{
	static const struct {
		const char *path;
		enum vl_merge_how how;
		const char *there;
		const char *here;
		const char *why;
	} cases[] = {
		{ "$[*]", VL_MERGE_VALUE, "[1]", "[2]",
		    "'$[*]' goes over a list" },
		{ "$..a", VL_MERGE_VALUE, "{}", "[{\"a\":1}]",
		    "'$..a' goes over a list" },
		{ "$.a", VL_MERGE_VALUE, "{", "{}", "in the bundle: not JSON" },
		{ "$.a", VL_MERGE_VALUE, "{}", "{", "here: not JSON" },
		{ "$.a", VL_MERGE_VALUE, "{}", "{\"a\":1,\"\\u0061\":2}",
		    "the name 'a' stands twice" },
		{ "$", VL_MERGE_KEEP, "[]", "{}", "'$' is no object" },
		{ "$", VL_MERGE_KEEP, "{\"\\u0000\":1}", "{}", "holds a NUL" },
	};
	struct merged m = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		add(&m, cases[i].path, cases[i].how);
		assert_int_equal(VL_EREFUSED,
		    merge(&m, vl_slice_of(cases[i].there),
		        vl_slice_of(cases[i].here)));
		if (strstr(m.err.text, cases[i].why) == NULL)
			fail_msg("%s: %s", cases[i].why, m.err.text);
		done(&m);
	}
}

/* A list of `n` is a part, and so is each of them. */
static enum vl_status
merge_list(struct merged *m, size_t n)
{
	struct vl_buf list = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < n; i++)
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&list, i == 0 ? "[0" : ",0", NULL));
	assert_int_equal(VL_OK, vl_buf_add_text(&list, "]", NULL));
	st = merge(m, vl_slice_of("{}"), vl_buf_slice(&list));
	vl_buf_free(&list);
	return st;
}

static void
takes_so_many_parts_and_no_more(void **state)
{
	struct merged m = { 0 };

	(void)state;
	add(&m, "$.a", VL_MERGE_VALUE);
	assert_int_equal(VL_OK, merge_list(&m, 262143));
	assert_int_equal(VL_EREFUSED, merge_list(&m, 262144));
	assert_non_null(strstr(m.err.text, "here: it has more than 262144 "));
	done(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_a_value_and_all_other_bytes),
		cmocka_unit_test(
		    keeps_a_block_of_yaml_and_the_line_break_behind_it),
		cmocka_unit_test(members_come_stay_and_go),
		cmocka_unit_test(takes_every_truncation_of_both_sides),
		cmocka_unit_test(says_what_the_words_say_of_a_thousand_pairs),
		cmocka_unit_test(refuses_what_has_no_answer),
		cmocka_unit_test(takes_so_many_parts_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
