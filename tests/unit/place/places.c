/* Lists of several finders become one, or meet and are refused. */

#include "find.h"

struct spans {
	size_t n;
	size_t at[8][2];
};

static void
fill(struct vl_places *p, const struct spans *spans)
{
	size_t i = 0;

	p->list = calloc(8, sizeof(*p->list));
	assert_non_null(p->list);
	p->cap = 8;
	p->n = spans->n;
	for (i = 0; i < spans->n; i++)
		p->list[i] = (struct vl_place){ spans->at[i][0],
			spans->at[i][1], VL_FORM_PLAIN };
}

static void
merges(const struct spans *a, const struct spans *b, const struct spans *both)
{
	struct vl_places into = { 0 };
	struct vl_places more = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	fill(&into, a);
	fill(&more, b);
	assert_int_equal(VL_OK, vl_places_merge(&into, &more, &err));
	assert_int_equal(both->n, into.n);
	for (i = 0; i < both->n; i++) {
		assert_int_equal(both->at[i][0], into.list[i].at);
		assert_int_equal(both->at[i][1], into.list[i].n);
	}
	assert_int_equal(b->n, more.n);
	vl_places_free(&into);
	vl_places_free(&more);
}

static void
meets(const struct spans *a, const struct spans *b, const char *byte)
{
	struct vl_places into = { 0 };
	struct vl_places more = { 0 };
	struct vl_err err = { 0 };

	fill(&into, a);
	fill(&more, b);
	assert_int_equal(VL_EFORMAT, vl_places_merge(&into, &more, &err));
	assert_non_null(strstr(err.text, byte));
	assert_int_equal(a->n, into.n);
	assert_int_equal(VL_EFORMAT, vl_places_merge(&more, &into, &err));
	assert_non_null(strstr(err.text, byte));
	vl_places_free(&into);
	vl_places_free(&more);
}

static void
merged_places_ascend(void **state)
{
	const struct spans none = { 0 };
	const struct spans a = { 3, { { 0, 2 }, { 5, 1 }, { 9, 3 } } };
	const struct spans b = { 3, { { 2, 3 }, { 6, 0 }, { 12, 1 } } };
	const struct spans both = { 6,
		{ { 0, 2 }, { 2, 3 }, { 5, 1 }, { 6, 0 }, { 9, 3 },
		    { 12, 1 } } };

	(void)state;
	merges(&a, &b, &both);
	merges(&b, &a, &both);
	merges(&a, &none, &a);
	merges(&none, &a, &a);
	merges(&none, &none, &none);
}

static void
places_that_meet_are_refused(void **state)
{
	const struct spans a = { 2, { { 1, 2 }, { 10, 4 } } };

	(void)state;
	meets(&a, &(struct spans){ 1, { { 10, 4 } } }, "byte 10");
	meets(&a, &(struct spans){ 1, { { 13, 4 } } }, "byte 13");
	meets(&a, &(struct spans){ 1, { { 9, 2 } } }, "byte 10");
	meets(&a, &(struct spans){ 1, { { 11, 1 } } }, "byte 11");
	meets(&a, &(struct spans){ 1, { { 0, 99 } } }, "byte 1 ");
	meets(&a, &(struct spans){ 1, { { 12, 0 } } }, "byte 12");
	meets(&a, &(struct spans){ 1, { { 1, 0 } } }, "byte 1 ");
	meets(&(struct spans){ 1, { { 0, 0 } } },
	    &(struct spans){ 1, { { 0, 0 } } }, "byte 0");
}

static void
lists_grow_as_they_need(void **state)
{
	struct vl_finder *f = finder_of(&(struct find){ .split = "," });
	struct vl_finder *g = finder_of(&(struct find){ .pattern = "(,+)" });
	struct vl_places into = { 0 };
	struct vl_places more = { 0 };
	struct vl_places empty = { 0 };
	char text[200];
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(text) - 1; i++)
		text[i] = i % 2 == 0 ? '1' : ',';
	text[i] = '\0';
	assert_int_equal(
	    VL_OK, vl_finder_find(f, vl_slice_of(text), &into, &err));
	assert_int_equal(
	    VL_OK, vl_finder_find(g, vl_slice_of(text), &more, &err));
	assert_int_equal(VL_OK, vl_places_merge(&into, &more, &err));
	assert_int_equal(VL_OK, vl_places_merge(&empty, &more, &err));
	assert_int_equal(99, empty.n);
	assert_int_equal(199, into.n);
	for (i = 0; i < into.n; i++)
		assert_int_equal(i, into.list[i].at);
	vl_places_free(&into);
	vl_places_free(&more);
	vl_places_free(&empty);
	vl_places_free(NULL);
	vl_finder_free(f);
	vl_finder_free(g);
	vl_finder_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merged_places_ascend),
		cmocka_unit_test(places_that_meet_are_refused),
		cmocka_unit_test(lists_grow_as_they_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
