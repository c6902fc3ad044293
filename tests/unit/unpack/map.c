/*
 * The chunk map on disk: every id is found, also where many share their
 * first bytes, and no other.
 */

#include "../../../src/unpack/parts.h"

#include "bundle.h"

#define ROWS 3000

static struct vl_inner_head inner = { .head = { .frame_log2 = 20 },
	.chunk_max = VL_CHUNK_MAX_DEFAULT,
	.npacks = 1 };

/* Of each three rows one stands under the prefix of all, two elsewhere. */
static void
make_id(uint8_t id[VL_HASH_SIZE], unsigned n)
{
	memset(id, 0, VL_HASH_SIZE);
	if (n < ROWS / 3) {
		id[0] = (uint8_t)(n % 7);
		id[1] = (uint8_t)(n / 7);
		id[2] = (uint8_t)(n >> 8);
	} else if (n < 2 * ROWS / 3) {
		id[0] = 0x80;
		id[1] = 1;
		id[2] = (uint8_t)(n >> 8);
		id[3] = (uint8_t)n;
	} else {
		id[0] = 0xff;
		id[1] = 0xff;
		id[30] = (uint8_t)(n >> 8);
		id[31] = (uint8_t)n;
	}
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, VL_HASH_SIZE);
}

static void
every_id_is_found_and_no_other(void **state)
{
	uint8_t(*ids)[VL_HASH_SIZE] = calloc(ROWS, sizeof(*ids));
	uint8_t *rows = calloc(ROWS, VL_MAP_ROW_SIZE);
	struct vl_unpack_map m = { .fd = -1 };
	uint32_t frames = 1;
	struct vl_map_row row = { .pack = 1 };
	uint64_t number;
	struct vl_err err;
	bool found;
	unsigned turn;
	unsigned i;

	(void)state;
	assert_non_null(ids);
	assert_non_null(rows);
	inner.pack_frames = &frames;
	for (i = 0; i < ROWS; i++)
		make_id(ids[i], i);
	qsort(ids, ROWS, sizeof(*ids), compare);
	for (i = 0; i < ROWS; i++) {
		memcpy(row.id, ids[i], sizeof(row.id));
		row.length = i + 1;
		vl_map_row_encode(rows + i * VL_MAP_ROW_SIZE, &row);
	}
	assert_int_equal(0, pthread_mutex_init(&m.mutex, NULL));
	must(vl_temp_file(&m.fd, ".", &err), &err);
	must(vl_unpack_map_open(&m, m.fd, &err), &err);
	for (i = 0; i < ROWS; i += ROWS / 3)
		must(vl_unpack_map_add(&m,
		         (struct vl_slice){ rows + i * VL_MAP_ROW_SIZE,
		             (size_t)ROWS / 3 * VL_MAP_ROW_SIZE },
		         &inner, &err),
		    &err);
	vl_unpack_map_done(&m);
	assert_int_equal(ROWS, m.rows);
	/* Twice: the second time most are remembered. */
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < ROWS; i++) {
			must(vl_unpack_map_find(
			         &m, ids[i], &row, &number, &found, &err),
			    &err);
			assert_true(found && number == i);
			assert_int_equal(i + 1, row.length);
			ids[i][15] ^= 1;
			must(vl_unpack_map_find(
			         &m, ids[i], &row, &number, &found, &err),
			    &err);
			assert_false(found);
			ids[i][15] ^= 1;
		}
	}
	vl_unpack_map_close(&m);
	free(ids);
	free(rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_id_is_found_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
