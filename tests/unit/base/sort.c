/* The external sort against qsort, in memory and over one and many passes. */

#include "scratch.h"

#include <valise/sort.h>

struct items {
	struct vl_slice *item;
	size_t count;
	uint8_t *bytes;
};

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}

/* `count` items of fewer than `longest` bytes out of four letters. */
static void
make_items(struct items *s, size_t count, size_t longest, uint64_t seed)
{
	static const uint8_t letters[] = { 0x01, 'a', 0x80, 0xff };
	uint8_t *p = NULL;
	size_t i = 0;
	size_t j = 0;

	s->count = count;
	s->item = calloc(count, sizeof(*s->item));
	s->bytes = malloc(count * longest + 1);
	assert_true(s->item != NULL && s->bytes != NULL);
	p = s->bytes;
	for (i = 0; i < count; i++) {
		s->item[i] =
		    (struct vl_slice){ p, next_random(&seed) % longest };
		for (j = 0; j < s->item[i].n; j++)
			p[j] = letters[next_random(&seed) >> 20 & 3];
		p += s->item[i].n;
	}
}

static int
compare(const void *a, const void *b)
{
	return vl_slice_cmp(
	    *(const struct vl_slice *)a, *(const struct vl_slice *)b);
}

/* The first `count` items; in three parts, if at all, an item is whole. */
static void
add_items(struct vl_sort *sort, const struct items *s, size_t count)
{
	struct vl_slice parts[3] = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	for (i = 0; i < count; i++) {
		parts[0] = s->item[i];
		parts[0].n /= 2;
		parts[2].p = s->item[i].p + parts[0].n;
		parts[2].n = s->item[i].n - parts[0].n;
		assert_int_equal(VL_OK,
		    i % 2 == 0 ? vl_sort_add(sort, s->item[i], &err) :
		                 vl_sort_add_parts(sort, parts, 3, &err));
	}
	assert_int_equal(VL_OK, vl_sort_finish(sort, &err));
}

/* Sort both ways and compare; then others, of which some are not taken, and
 * the same again. */
static void
check_beside(struct items *s, size_t memory, struct vl_pool *pool)
{
	struct vl_sort *sort = NULL;
	struct vl_slice item = { 0 };
	struct vl_err err = { 0 };
	unsigned turn = 0;
	size_t i = 0;

	assert_int_equal(VL_OK, vl_sort_new(&sort, ".", memory, &err));
	vl_sort_beside(sort, pool);
	add_items(sort, s, s->count);
	if (s->count > 0)
		qsort(s->item, s->count, sizeof(*s->item), compare);
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < s->count; i++) {
			assert_int_equal(
			    VL_OK, vl_sort_next(sort, &item, &err));
			assert_non_null(item.p);
			assert_true(vl_slice_equal(item, s->item[i]));
		}
		for (i = 0; i < 2; i++) {
			assert_int_equal(
			    VL_OK, vl_sort_next(sort, &item, &err));
			assert_null(item.p);
		}
		vl_sort_again(sort);
		add_items(sort, s, s->count / 2);
		assert_int_equal(VL_OK, vl_sort_next(sort, &item, &err));
		vl_sort_again(sort);
		add_items(sort, s, s->count);
	}
	vl_sort_free(sort);
	free(s->item);
	free(s->bytes);
}

static void
check(struct items *s, size_t memory)
{
	check_beside(s, memory, NULL);
}

static void
sorts_in_memory(void **state)
{
	struct items s = { 0 };

	(void)state;
	make_items(&s, 5000, 40, 1);
	check(&s, 16 << 20);
}

static void
sorts_nothing(void **state)
{
	struct items s = { 0 };

	(void)state;
	check(&s, 1 << 20);
}

static void
sorts_more_than_memory_in_one_pass(void **state)
{
	struct items s = { 0 };

	(void)state;
	make_items(&s, 60000, 40, 2);
	check(&s, 2 << 20);
}

static void
sorts_many_runs_in_several_passes(void **state)
{
	struct items s = { 0 };

	(void)state;
	/* The least memory merges three runs at a time; these are over 20. */
	make_items(&s, 100000, 60, 3);
	check(&s, 0);
}

/* Memory for some, one and less than one run more than there are halves. */
static void
sorts_while_more_is_added(void **state)
{
	static const size_t counts[] = { 0, 1, 2000, 4500, 9000, 100000 };
	struct vl_pool *pool = NULL;
	struct items s = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	assert_int_equal(VL_OK, vl_pool_new(&pool, 1, &err));
	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		make_items(&s, counts[i], 60, 6 + i);
		check_beside(&s, 600 << 10, pool);
	}
	vl_pool_free(pool);
}

static void
sorts_items_of_every_length(void **state)
{
	struct items s = { 0 };

	(void)state;
	make_items(&s, 120, VL_SORT_ITEM_MAX + 1, 4);
	s.item[7] = (struct vl_slice){ s.bytes, VL_SORT_ITEM_MAX };
	s.item[9] = s.item[7];
	check(&s, 0);
}

static void
keeps_equal_items(void **state)
{
	struct items s = { 0 };

	(void)state;
	make_items(&s, 100000, 3, 5);
	check(&s, 0);
}

static void
refuses_an_item_that_is_too_long(void **state)
{
	struct vl_sort *sort = NULL;
	struct vl_err err = { 0 };
	uint8_t *p = calloc(1, VL_SORT_ITEM_MAX + 1);

	(void)state;
	assert_non_null(p);
	assert_int_equal(VL_OK, vl_sort_new(&sort, ".", 0, &err));
	assert_int_equal(VL_ELIMIT,
	    vl_sort_add(
	        sort, (struct vl_slice){ p, VL_SORT_ITEM_MAX + 1 }, &err));
	vl_sort_free(sort);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_in_memory),
		cmocka_unit_test(sorts_nothing),
		cmocka_unit_test(sorts_more_than_memory_in_one_pass),
		cmocka_unit_test(sorts_many_runs_in_several_passes),
		cmocka_unit_test(sorts_while_more_is_added),
		cmocka_unit_test(sorts_items_of_every_length),
		cmocka_unit_test(keeps_equal_items),
		cmocka_unit_test(refuses_an_item_that_is_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
