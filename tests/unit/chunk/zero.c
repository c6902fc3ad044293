/* Zero blocks. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <valise/chunk.h>

/* Each byte of each length counts, the buffer ending where its memory ends. */
static void
sees_one_bit_anywhere(void **state)
{
	uint8_t *p = NULL;
	size_t n;
	size_t i;

	(void)state;
	for (n = 0; n < 100; n++) {
		p = calloc(n + (n == 0), 1);
		assert_non_null(p);
		assert_true(vl_all_zero((struct vl_slice){ p, n }));
		for (i = 0; i < n; i++) {
			p[i] = 0x80;
			assert_false(vl_all_zero((struct vl_slice){ p, n }));
			p[i] = 0;
		}
		free(p);
	}
	assert_true(vl_all_zero((struct vl_slice){ NULL, 0 }));
}

static void
is_not_fooled_by_a_repeating_block(void **state)
{
	uint8_t *p = malloc(VL_ZERO_BLOCK);
	struct vl_slice block = { p, VL_ZERO_BLOCK };
	size_t i;

	(void)state;
	assert_non_null(p);
	for (i = 0; i < VL_ZERO_BLOCK; i++)
		p[i] = i % 16 == 5;
	assert_false(vl_all_zero(block));
	for (i = 0; i < VL_ZERO_BLOCK; i++)
		p[i] = 0;
	assert_true(vl_all_zero(block));
	p[VL_ZERO_BLOCK - 1] = 1;
	assert_false(vl_all_zero(block));
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sees_one_bit_anywhere),
		cmocka_unit_test(is_not_fooled_by_a_repeating_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
