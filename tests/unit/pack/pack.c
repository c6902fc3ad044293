/*
 * One bundle from a few records: sealed as a whole, the same with any number
 * of workers, and nothing at all when it is not committed.
 */

#include "world.h"

static void
note_wrong(void *arg, const char *name, const char *why)
{
	(void)arg;
	print_message("%s: %s\n", name, why);
}

static void
makes_a_bundle_that_its_seal_covers(void **state)
{
	const struct vl_seal_report report = { .wrong = note_wrong };
	struct vl_seal seal = { 0 };
	struct world w;
	bool found = false;
	int dirfd;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, add_some(&w));
	assert_int_equal(VL_OK, world_commit(&w));
	assert_int_equal(1, entries(&w, ".vls", &found));
	assert_true(found);
	dirfd = open_bundle(&w);
	assert_int_equal(VL_OK, vl_seal_read(&seal, dirfd, &report, &w.err));
	assert_int_equal(VL_OK, vl_seal_verify(&seal, &w.sender->pub, &w.err));
	assert_int_equal(VL_OK,
	    vl_seal_check(&seal, dirfd, -1, VL_READS_ALL, &report, &w.err));
	assert_int_equal(2, seal.head.index_files);
	assert_int_equal(1, seal.head.pack_files);
	assert_int_equal(VL_MUST_GEAR1 | VL_MUST_ZSTD, seal.head.must);
	assert_int_equal(seal.bytes, w.totals.stored_bytes);
	assert_int_equal(7, w.totals.lines);
	assert_int_equal(6000021, w.totals.body_bytes);
	vl_seal_free(&seal);
	assert_int_equal(0, close(dirfd));
	world_close(&w);
}

static void
is_the_same_with_any_number_of_workers(void **state)
{
	static const unsigned workers[] = { 1, 2, 4 };
	struct world w[3];
	size_t i;
	size_t kind;

	(void)state;
	for (i = 0; i < 3; i++) {
		world_open(&w[i], workers[i]);
		assert_int_equal(VL_OK, world_start(&w[i]));
		assert_int_equal(VL_OK, add_some(&w[i]));
		assert_int_equal(VL_OK, world_commit(&w[i]));
		read_bundle(&w[i]);
		assert_true(w[i].kinds[VL_RECORD_BLOCK].n > 3000000);
		/* The inner head holds the sender, which differs. */
		for (kind = VL_RECORD_BLOCK; kind < VL_RECORD_INNER; kind++)
			assert_true(
			    vl_slice_equal(vl_buf_slice(&w[0].kinds[kind]),
			        vl_buf_slice(&w[i].kinds[kind])));
	}
	for (i = 0; i < 3; i++)
		world_close(&w[i]);
}

static void
stores_a_chunk_once(void **state)
{
	struct world w;
	uint8_t before[VL_HASH_SIZE] = { 0 };
	struct vl_map_row row;
	uint64_t sum = 0;
	size_t i;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, add_some(&w));
	assert_int_equal(VL_OK, world_commit(&w));
	read_bundle(&w);
	assert_int_equal(w.totals.chunks, w.totals.duplicates + 2);
	assert_int_equal(
	    w.kinds[VL_RECORD_MAP].n, w.totals.chunks * VL_MAP_ROW_SIZE);
	for (i = 0; i < w.totals.chunks; i++) {
		assert_int_equal(VL_OK,
		    vl_map_row_decode(&row,
		        (struct vl_slice){
		            w.kinds[VL_RECORD_MAP].p + i * VL_MAP_ROW_SIZE,
		            VL_MAP_ROW_SIZE },
		        &w.err));
		assert_true(memcmp(before, row.id, sizeof(before)) < 0);
		memcpy(before, row.id, sizeof(before));
		sum += row.length;
	}
	assert_int_equal(3000021, sum);
	assert_int_equal(3000021, w.kinds[VL_RECORD_BLOCK].n);
	world_close(&w);
}

static void
a_block_never_mixes_resources(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, add_file(&w, "a", "one", 10, 1));
	assert_int_equal(VL_OK, add_file(&w, "a", "two", 10, 2));
	assert_int_equal(VL_OK, add_file(&w, "b", "one", 10, 3));
	assert_int_equal(VL_OK, add_file(&w, "b", "two", 10, 1));
	assert_int_equal(VL_OK, world_commit(&w));
	read_bundle(&w);
	assert_int_equal(2, w.records[VL_RECORD_BLOCK]);
	world_close(&w);
}

/* Give bodies of `size` up after `fed` bytes, between others or not. */
static void
make_with_abort(struct world *w, size_t fed, size_t size)
{
	uint8_t *p = malloc(size);
	uint8_t key[VL_KEY_SIZE] = { 9 };

	assert_non_null(p);
	vl_random_from(p, size, key);
	world_open(w, 2);
	assert_int_equal(VL_OK, world_start(w));
	assert_int_equal(VL_OK, add_file(w, "a", "a", 100000, 1));
	if (size > 0) {
		assert_int_equal(VL_OK, announce(w, "a", "b", true, size));
		assert_int_equal(VL_OK, feed(w, p, fed));
		assert_int_equal(VL_OK, vl_pack_body_abort(w->p, &w->err));
	}
	assert_int_equal(VL_OK, add_file(w, "a", "c", 200000, 2));
	assert_int_equal(VL_OK, world_commit(w));
	read_bundle(w);
	free(p);
}

static void
a_body_given_up_takes_its_record_with_it(void **state)
{
	static const size_t fed[] = { 0, 1, 50000, 1000000, 3000000, 5999999 };
	struct world without;
	struct world w;
	size_t i;

	(void)state;
	make_with_abort(&without, 0, 0);
	for (i = 0; i < sizeof(fed) / sizeof(fed[0]); i++) {
		make_with_abort(&w, fed[i], 6000000);
		assert_true(vl_slice_equal(
		    vl_buf_slice(&without.kinds[VL_RECORD_LINES]),
		    vl_buf_slice(&w.kinds[VL_RECORD_LINES])));
		assert_true(vl_slice_equal(
		    vl_buf_slice(&without.kinds[VL_RECORD_LISTS]),
		    vl_buf_slice(&w.kinds[VL_RECORD_LISTS])));
		assert_true(w.kinds[VL_RECORD_BLOCK].n >=
		    without.kinds[VL_RECORD_BLOCK].n);
		world_close(&w);
	}
	world_close(&without);
}

/* A body with a hole behind a few bytes, given as a hole or as zeros. */
static void
make_with_hole(struct world *w, bool hole)
{
	size_t size = 20000000;
	uint8_t *zeros = calloc(1, size);

	assert_non_null(zeros);
	world_open(w, 2);
	assert_int_equal(VL_OK, world_start(w));
	assert_int_equal(VL_OK, announce(w, "a", "b", true, size));
	assert_int_equal(VL_OK, feed(w, (const uint8_t *)"begin", 5));
	if (hole)
		assert_int_equal(
		    VL_OK, vl_pack_body_skip(w->p, size - 8, &w->err));
	else
		assert_int_equal(VL_OK, feed(w, zeros, size - 8));
	assert_int_equal(VL_OK, feed(w, (const uint8_t *)"end", 3));
	assert_int_equal(VL_OK, vl_pack_body_end(w->p, &w->err));
	assert_int_equal(VL_OK, world_commit(w));
	read_bundle(w);
	free(zeros);
}

static void
a_hole_is_as_good_as_zeros(void **state)
{
	struct world hole;
	struct world zeros;
	size_t kind;

	(void)state;
	make_with_hole(&hole, true);
	make_with_hole(&zeros, false);
	for (kind = VL_RECORD_BLOCK; kind < VL_RECORD_INNER; kind++)
		assert_true(vl_slice_equal(vl_buf_slice(&hole.kinds[kind]),
		    vl_buf_slice(&zeros.kinds[kind])));
	assert_int_equal(2, hole.totals.chunks);
	assert_int_equal(
	    65536 + 20000000 % 65536, hole.kinds[VL_RECORD_BLOCK].n);
	world_close(&hole);
	world_close(&zeros);
}

/* More list bytes than one record takes: bodies of tiny chunks, the second
 * of which is given up or never came. */
static void
make_with_long_lists(struct world *w, bool abort)
{
	enum {
		SIZE = 12000000
	};
	uint8_t *p = malloc(SIZE);
	uint8_t key[VL_KEY_SIZE] = { 9 };

	assert_non_null(p);
	vl_random_from(p, SIZE, key);
	world_open(w, 2);
	vl_ids_free(w->ids);
	assert_int_equal(
	    VL_OK, vl_ids_new(&w->ids, w->keys->sk, 64, 256, 1024, &w->err));
	w->opts.ids = w->ids;
	assert_int_equal(VL_OK, world_start(w));
	assert_int_equal(VL_OK, add_file(w, "a", "a", 10, 1));
	assert_int_equal(VL_OK, add_file(w, "a", "b", SIZE, 2));
	if (abort) {
		assert_int_equal(VL_OK, announce(w, "a", "c", true, SIZE + 1));
		assert_int_equal(VL_OK, feed(w, p, SIZE));
		assert_int_equal(VL_OK, vl_pack_body_abort(w->p, &w->err));
	}
	assert_int_equal(VL_OK, add_file(w, "a", "d", 10, 3));
	assert_int_equal(VL_OK, world_commit(w));
	read_bundle(w);
	free(p);
}

static void
a_long_list_goes_on_in_the_next_record(void **state)
{
	struct vl_list_item item;
	struct vl_rd rd = { 0 };
	struct world w;
	uint64_t refs = 0;
	size_t i;

	(void)state;
	make_with_long_lists(&w, false);
	assert_int_equal(3, w.records[VL_RECORD_LISTS]);
	rd.rest = vl_buf_slice(&w.kinds[VL_RECORD_LISTS]);
	for (i = 0; rd.rest.n > 0; i++) {
		assert_int_equal(
		    VL_OK, vl_list_item_decode(&item, &rd, &w.err));
		assert_int_equal(i == 0 ? 0 : i < 3 ? 1 : 2, item.line);
		refs += item.n;
	}
	assert_int_equal(4, i);
	assert_int_equal(w.totals.chunks, refs);
	world_close(&w);
}

static void
a_long_list_given_up_leaves_no_trace(void **state)
{
	struct world with;
	struct world without;

	(void)state;
	make_with_long_lists(&with, true);
	make_with_long_lists(&without, false);
	assert_true(vl_slice_equal(vl_buf_slice(&with.kinds[VL_RECORD_LISTS]),
	    vl_buf_slice(&without.kinds[VL_RECORD_LISTS])));
	assert_true(vl_slice_equal(vl_buf_slice(&with.kinds[VL_RECORD_LINES]),
	    vl_buf_slice(&without.kinds[VL_RECORD_LINES])));
	assert_true(with.totals.chunks > without.totals.chunks + 30000);
	world_close(&with);
	world_close(&without);
}

static void
nothing_is_left_without_a_commit(void **state)
{
	struct world w;
	bool found = false;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(1, entries(&w, ".par", &found));
	assert_true(found);
	assert_int_equal(VL_OK, add_some(&w));
	vl_pack_free(w.p);
	w.p = NULL;
	assert_int_equal(0, entries(&w, ".par", &found));
	world_close(&w);
}

static enum vl_status
refuse(void *arg, const uint8_t fingerprint[VL_HASH_SIZE], struct vl_err *err)
{
	bool found = false;

	(void)fingerprint;
	/* The seal is there, the name is not. */
	assert_int_equal(1, entries(arg, ".par", &found));
	assert_true(found);
	return vl_fail(err, VL_EIO, "no state");
}

static void
a_state_that_fails_makes_no_bundle(void **state)
{
	struct world w;
	bool found = false;

	(void)state;
	world_open(&w, 2);
	w.opts.sealed = refuse;
	w.opts.sealed_arg = &w;
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, add_some(&w));
	assert_int_equal(VL_EIO, world_commit(&w));
	assert_string_equal("no state", w.err.text);
	vl_pack_free(w.p);
	w.p = NULL;
	assert_int_equal(0, entries(&w, ".vls", &found));
	world_close(&w);
}

static void
never_replaces_a_bundle(void **state)
{
	struct world w;
	char path[96];

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	(void)snprintf(path, sizeof(path), "%s/0g208104.vls", w.dir);
	assert_int_equal(0, mkdir(path, 0755));
	assert_int_equal(VL_EIO, world_commit(&w));
	assert_non_null(strstr(w.err.text, "File exists"));
	assert_int_equal(0, rmdir(path));
	world_close(&w);
}

static void
a_body_of_another_size_ends_the_bundle(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "b", true, 5));
	assert_int_equal(VL_OK, feed(&w, (const uint8_t *)"four", 4));
	assert_int_equal(VL_EIO, vl_pack_body_end(w.p, &w.err));
	/* Only free may follow. */
	assert_int_equal(VL_EIO, announce(&w, "a", "c", true, 5));
	assert_int_equal(VL_EIO, world_commit(&w));
	world_close(&w);
	world_open(&w, 2);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "b", true, 5));
	assert_int_equal(VL_EIO, feed(&w, (const uint8_t *)"sixsix", 6));
	world_close(&w);
}

static void
an_absent_medium_may_come_later(void **state)
{
	struct world w;

	(void)state;
	world_open(&w, 2);
	w.opts.dir = "/tmp/valise-no-such-medium";
	assert_int_equal(VL_ETEMP, world_start(&w));
	assert_null(w.p);
	world_close(&w);
}

/* What head.jsn of the bundle, once it is finished, says must be known. */
static unsigned
musts_of(struct world *w)
{
	const struct vl_seal_report report = { 0 };
	struct vl_seal seal = { 0 };
	int dirfd = -1;
	unsigned must = 0;

	assert_int_equal(VL_OK, world_commit(w));
	dirfd = open_bundle(w);
	assert_int_equal(VL_OK, vl_seal_read(&seal, dirfd, &report, &w->err));
	assert_int_equal(
	    VL_OK, vl_seal_verify(&seal, &w->sender->pub, &w->err));
	assert_int_equal(VL_OK,
	    vl_seal_check(&seal, dirfd, -1, VL_READS_ALL, &report, &w->err));
	must = seal.head.must;
	vl_seal_free(&seal);
	assert_int_equal(0, close(dirfd));
	return must;
}

static void
names_what_it_used_and_nothing_else(void **state)
{
	static const uint8_t token[72] = { 1 };
	const struct vl_slice secret = { token, sizeof(token) };
	const struct vl_record row = {
		.line = vl_slice_of(
		    "{\"c\":\"t\",\"k\":[1],\"r\":\"b\",\"row\":{\"s\":{\"$"
		    "secret\":\""
		    "sf1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}},"
		    "\"t\":\"row\"}\n"),
		.tokens = &secret,
		.ntokens = 1
	};
	struct world w;

	(void)state;
	/* No body, so nothing that is cut: the inner head says how even so. */
	world_open(&w, 1);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "", false, 0));
	assert_int_equal(VL_MUST_GEAR1 | VL_MUST_ZSTD, musts_of(&w));
	world_close(&w);

	world_open(&w, 1);
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "", false, 0));
	assert_int_equal(VL_OK, vl_pack_record(w.p, &row, &w.err));
	assert_int_equal(
	    VL_MUST_GEAR1 | VL_MUST_SIV1 | VL_MUST_ZSTD, musts_of(&w));
	world_close(&w);
}

/* A row whose column is called as a slot begins has none. */
static void
a_secret_without_a_token_makes_no_bundle(void **state)
{
	static const char *const lines[] = {
		"{\"c\":\"t\",\"k\":[1],\"r\":\"b\",\"row\":{\"$secret\":\"x\"}"
		","
		"\"t\":\"row\"}\n",
		"{\"c\":\"t\",\"k\":[1],\"r\":\"b\",\"row\":{\"s\":{\"$"
		"secret\":\""
		"sf1.AAAAAAAAAAAAAAAAAAAAAA\"}},"
		"\"t\":\"row\"}\n",
	};
	struct vl_record row = { 0 };
	struct world w;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 2; i++) {
		row.line = vl_slice_of(lines[i]);
		world_open(&w, 1);
		assert_int_equal(VL_OK, world_start(&w));
		assert_int_equal(VL_OK, vl_pack_record(w.p, &row, &w.err));
		assert_int_equal(i == 0 ? VL_OK : VL_EUSAGE, world_commit(&w));
		if (i == 1)
			assert_string_equal(
			    "a line with 1 secrets has 0 tokens", w.err.text);
		world_close(&w);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_bundle_that_its_seal_covers),
		cmocka_unit_test(a_secret_without_a_token_makes_no_bundle),
		cmocka_unit_test(names_what_it_used_and_nothing_else),
		cmocka_unit_test(is_the_same_with_any_number_of_workers),
		cmocka_unit_test(stores_a_chunk_once),
		cmocka_unit_test(a_block_never_mixes_resources),
		cmocka_unit_test(a_body_given_up_takes_its_record_with_it),
		cmocka_unit_test(a_hole_is_as_good_as_zeros),
		cmocka_unit_test(a_long_list_goes_on_in_the_next_record),
		cmocka_unit_test(a_long_list_given_up_leaves_no_trace),
		cmocka_unit_test(nothing_is_left_without_a_commit),
		cmocka_unit_test(a_state_that_fails_makes_no_bundle),
		cmocka_unit_test(never_replaces_a_bundle),
		cmocka_unit_test(a_body_of_another_size_ends_the_bundle),
		cmocka_unit_test(an_absent_medium_may_come_later),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
