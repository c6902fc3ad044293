/*
 * What memory does not hold: chunks that were forgotten, and a chunk map that
 * one file has no room for.  A reader finds either bundle in order.
 */

#include <valise/unpack.h>

#include "world.h"

#define SETS 131072 /* of the table, src/pack/dedup.c */
#define WAYS 8
#define PART 512

/* Read all of it as an importer does: lines, bodies, counts and root. */
static void
assert_reads(struct world *w, struct vl_unpack_totals *totals)
{
	struct vl_chunk_ref refs[PART];
	struct vl_unpacked rec = { 0 };
	struct vl_unpack_opts opts = { .dirfd = open_bundle(w),
		.keys = w->keys,
		.role = VL_ROLE_FULL,
		.sender = w->sender->pub.key,
		.tempdir = "/tmp",
		.pool = w->pool };
	struct vl_unpack *u = NULL;
	struct vl_buf text = { 0 };
	struct vl_head head;
	size_t n = 0;

	assert_int_equal(VL_OK,
	    vl_read_file(opts.dirfd, "head.jsn", VL_HEAD_MAX, &text, &w->err));
	assert_int_equal(
	    VL_OK, vl_head_decode(&head, vl_buf_slice(&text), &w->err));
	opts.head = &head;
	if (vl_unpack_open(&u, &opts, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	do {
		if (vl_unpack_next(u, &rec, &w->err) != VL_OK)
			fail_msg("%s", w->err.text);
		if (rec.line.p == NULL || rec.entry.type != VL_ENTRY_FILE)
			continue;
		do
			if (vl_unpack_part(u, refs, PART, &n, &w->err) != VL_OK)
				fail_msg("%s", w->err.text);
		while (n > 0);
	} while (rec.line.p != NULL);
	if (vl_unpack_end(u, totals, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	vl_unpack_free(u);
	vl_buf_free(&text);
	assert_int_equal(0, close(opts.dirfd));
}

/* The set of the table that a body of these bytes, one chunk, belongs to. */
static uint32_t
set_of(const struct world *w, const uint64_t *body)
{
	uint8_t id[VL_HASH_SIZE];
	struct vl_rd rd = { .rest = { id, sizeof(id) } };

	vl_ids_chunk(w->ids, id,
	    (struct vl_slice){ (const uint8_t *)body, sizeof(*body) });
	return vl_rd_u32le(&rd) % SETS;
}

static void
add_body(struct world *w, const char *path, uint64_t body)
{
	assert_int_equal(VL_OK, announce(w, "a", path, true, sizeof(body)));
	assert_int_equal(VL_OK, feed(w, (const uint8_t *)&body, sizeof(body)));
	assert_int_equal(VL_OK, vl_pack_body_end(w->p, &w->err));
}

/* A body, `between` others of its set, and the same body again. */
static void
make_with_others(struct world *w, size_t between)
{
	uint64_t body = 1;
	uint64_t same = body;
	uint32_t set;
	char path[32];
	size_t i;

	world_open(w, 2);
	w->opts.nresources = 1;
	assert_int_equal(VL_OK, world_start(w));
	assert_int_equal(VL_OK, announce(w, "a", "", false, 0));
	set = set_of(w, &same);
	add_body(w, "first", same);
	for (i = 0; i < between; i++) {
		do
			body++;
		while (set_of(w, &body) != set);
		(void)snprintf(path, sizeof(path), "other%zu", i);
		add_body(w, path, body);
	}
	add_body(w, "same", same);
	assert_int_equal(VL_OK, world_commit(w));
}

static void
a_chunk_that_was_forgotten_is_stored_twice(void **state)
{
	struct vl_unpack_totals totals;
	struct world w;

	(void)state;
	make_with_others(&w, WAYS - 1);
	assert_int_equal(1, w.totals.duplicates);
	assert_int_equal(WAYS, w.totals.chunks);
	assert_reads(&w, &totals);
	assert_int_equal(WAYS, totals.chunks);
	world_close(&w);

	make_with_others(&w, WAYS);
	assert_int_equal(0, w.totals.duplicates);
	assert_int_equal(WAYS + 2, w.totals.chunks);
	assert_reads(&w, &totals);
	assert_int_equal(WAYS + 2, totals.chunks);
	/* The map knows one of the two. */
	read_bundle(&w);
	assert_int_equal(
	    (WAYS + 1) * VL_MAP_ROW_SIZE, w.kinds[VL_RECORD_MAP].n);
	world_close(&w);
}

/*
 * Chunks as small as they may be, since a file of the index holds 1.3 million
 * rows whatever else is small.
 */
static void
a_map_goes_over_several_files(void **state)
{
	enum {
		SIZE = 155000000,
		AGAIN = 1000000
	};
	struct vl_unpack_totals totals;
	struct vl_head head;
	struct vl_buf text = { 0 };
	struct world w;
	int dirfd;

	(void)state;
	world_open(&w, 2);
	vl_ids_free(w.ids);
	assert_int_equal(
	    VL_OK, vl_ids_new(&w.ids, w.keys->sk, 64, 128, 129, &w.err));
	w.opts.ids = w.ids;
	w.opts.nresources = 1;
	assert_int_equal(VL_OK, world_start(&w));
	assert_int_equal(VL_OK, announce(&w, "a", "", false, 0));
	assert_int_equal(VL_OK, add_file(&w, "a", "large", SIZE, 1));
	/* The same bytes, which more than 2^20 chunks made it forget. */
	assert_int_equal(VL_OK, add_file(&w, "a", "part", AGAIN, 1));
	assert_int_equal(VL_OK, world_commit(&w));
	dirfd = open_bundle(&w);
	assert_int_equal(
	    VL_OK, vl_read_file(dirfd, "head.jsn", VL_HEAD_MAX, &text, &w.err));
	assert_int_equal(
	    VL_OK, vl_head_decode(&head, vl_buf_slice(&text), &w.err));
	/* The map in i0000001 and a file of its own, the lines between. */
	assert_int_equal(3, head.index_files);
	assert_true(w.totals.chunks > 1 << 20);
	/* Most of the part was stored again: some 8,000 chunks. */
	assert_in_range(w.totals.duplicates, 0, 4000);
	assert_reads(&w, &totals);
	assert_int_equal(w.totals.chunks, totals.chunks);
	vl_buf_free(&text);
	assert_int_equal(0, close(dirfd));
	world_close(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_chunk_that_was_forgotten_is_stored_twice),
		cmocka_unit_test(a_map_goes_over_several_files),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
