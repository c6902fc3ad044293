/*
 * Bundles that only a holder of all keys could make: each breaks one rule of
 * formats/bundle.md or formats/manifest.md, and is refused for it.
 */

#include "forge.h"

static void
reads_a_good_one(void **state)
{
	struct forge *f = *state;
	struct vl_unpack_totals totals;
	struct vl_err err;

	forge_write(f, NULL);
	must(forge_read(f, &totals, &err), &err);
	assert_int_equal(6, totals.lines);
	assert_int_equal(4, totals.chunks);
	assert_int_equal(1, totals.unused_chunks);
}

static void
allows_a_second_copy_behind_the_first(void **state)
{
	struct forge *f = *state;
	struct vl_unpack_totals totals;
	struct vl_err err;

	add_block(f, 2, 0, 2);
	f->nrows -= 2;
	f->inner.chunks += 2;
	forge_write(f, NULL);
	must(forge_read(f, &totals, &err), &err);
	assert_int_equal(6, totals.chunks);
}

static void
reads_a_list_in_several_items_records_and_files(void **state)
{
	struct forge *f = *state;
	struct vl_unpack_totals totals;
	struct vl_err err;

	/* The list of d/x as 1 and 2 chunks. */
	f->items[3] = f->items[2];
	f->items[2] = f->items[1];
	f->items[1].n = 1;
	f->items[2].n = 2;
	memmove(f->items[2].refs, f->items[2].refs + 1,
	    2 * sizeof(f->items[2].refs[0]));
	f->nitems = 4;
	f->record_an_item = true;
	f->lists_in_file_3 = true;
	f->b.head.index_files = 3;
	forge_write(f, NULL);
	must(forge_read(f, &totals, &err), &err);
	assert_int_equal(1, totals.unused_chunks);
}

static enum vl_status
count_bytes(void *arg, struct vl_slice bytes, struct vl_err *err)
{
	uint64_t *n = arg;

	(void)err;
	*n += bytes.n;
	return VL_OK;
}

static void
hands_on_no_body_of_other_chunks_than_gear1s(void **state)
{
	struct forge *f = *state;
	struct vl_unpack *u = NULL;
	struct vl_unpacked rec;
	struct vl_err err;
	uint64_t n = 0;
	const struct vl_body_sink sink = { count_bytes, &n };

	forge_write(f, NULL);
	must(bundle_unpack(&u, &f->b, &err), &err);
	do
		must(vl_unpack_next(u, &rec, &err), &err);
	while (!vl_slice_equal(rec.entry.path, vl_slice_of("d/x")));
	assert_int_equal(VL_EFORMAT, vl_unpack_body(u, &rec, &sink, &err));
	assert_non_null(strstr(err.text, "does not cut at byte 500"));
	assert_int_equal(500, n);
	vl_unpack_free(u);
}

static void
another_block(struct forge *f, uint32_t a, uint32_t b)
{
	uint8_t table[8];

	vl_put_u32le(table, a);
	vl_put_u32le(table + 4, b);
	(void)frames_raw(&f->packs[1], VL_RECORD_BLOCK, 2,
	    (struct vl_slice){ table, sizeof(table) }, f->chunks[2]);
	f->plain += f->chunks[2].n;
	f->inner.chunks += 2;
}

#define REFUSES(name, status, why, change, ...)                                \
	static void name(void **state)                                         \
	{                                                                      \
		struct forge *f = *state;                                      \
                                                                               \
		__VA_ARGS__                                                    \
		refused_as(f, status, why, change);                            \
	}

/* The chunk map. */
REFUSES(map_of_a_later_copy, VL_EFORMAT, "lowest copy of chunk 0", NULL,
        size_t i = f->nrows;
        add_block(f, 2, 0, 1); f->rows[0] = f->rows[i]; f->nrows--;
        f->inner.chunks++;)
REFUSES(map_with_a_chunk_twice, VL_EFORMAT, "ids do not ascend", NULL,
        f->rows[f->nrows] = f->rows[0];
        f->nrows++;)
REFUSES(map_out_of_order, VL_EFORMAT, "ids do not ascend", NULL,
        struct vl_map_row row;
        f->sort_no_rows = true;
        qsort(f->rows, f->nrows, sizeof(row), compare_rows); row = f->rows[1];
        f->rows[1] = f->rows[2]; f->rows[2] = row;)
REFUSES(
    map_of_pack_0, VL_EFORMAT, "pack 0, offset 0", NULL, f->rows[3].pack = 0;)
REFUSES(map_of_pack_3, VL_EFORMAT, "no pack 3", NULL, f->rows[3].pack = 3;)
REFUSES(map_beyond_a_pack, VL_EFORMAT, "is not in pack 2", NULL,
        f->rows[3].offset = 65536 - 16 - 31;)
REFUSES(map_of_no_record_start, VL_EFORMAT, "lowest copy", NULL,
        f->rows[3].offset = 1;)
REFUSES(map_of_another_index, VL_EFORMAT, "lowest copy", NULL,
        f->rows[3].index = 1;)
REFUSES(map_of_another_length, VL_EFORMAT, "another length", NULL,
        f->rows[3].length++;)
REFUSES(map_with_a_row_too_many, VL_EFORMAT, "name no chunk", NULL,
        f->rows[f->nrows] = f->rows[3];
        f->rows[f->nrows].id[0] ^= 1; f->nrows++;)
REFUSES(map_without_a_chunk, VL_EAUTH, "does not know", NULL, f->nrows--;)
REFUSES(map_behind_the_inner_head, VL_EFORMAT, "i0000001.vli: record at", NULL,
        memcpy(f->map[0].first_id, f->chunk_ids[0], 32);
        f->map[0].rows = 4; f->map_behind = true;)

static void
another_rows(struct vl_inner_head *h)
{
	h->map[0].rows++;
}

static void
another_first_id(struct vl_inner_head *h)
{
	h->map[0].first_id[31] ^= 1;
}

static void
map_in_file_2(struct vl_inner_head *h)
{
	h->map[1] = h->map[0];
	h->map[0].file = 2;
	memset(h->map[0].first_id, 0, sizeof(h->map[0].first_id));
	h->nmap = 2;
}

REFUSES(map_of_another_row_count, VL_EFORMAT, "has 4 rows here", another_rows)
REFUSES(map_of_another_first_id, VL_EFORMAT, "begins with another",
    another_first_id)
REFUSES(map_in_a_file_of_lines, VL_EFORMAT, "chunk map", map_in_file_2)

/* Counts and sums of the inner head. */
static void
less_plain(struct vl_inner_head *h)
{
	h->total_plain--;
}

static void
more_plain(struct vl_inner_head *h)
{
	h->total_plain++;
}

static void
more_chunks(struct vl_inner_head *h)
{
	h->chunks++;
}

static void
more_frames(struct vl_inner_head *h)
{
	h->pack_frames[1]++;
}

static void
delta_inside(struct vl_inner_head *h)
{
	h->head.seq = 2;
}

REFUSES(more_bytes_than_said, VL_ELIMIT, "more than the", less_plain)
REFUSES(fewer_bytes_than_said, VL_EFORMAT, "holds", more_plain)
REFUSES(another_count_of_chunks, VL_EAUTH, "chunks where", more_chunks)
REFUSES(
    another_count_of_frames, VL_EAUTH, "p0000002.vlp: 1 frames", more_frames)
REFUSES(another_seq_inside, VL_EAUTH, "another seq", delta_inside)
REFUSES(a_superfluous_frame, VL_EFORMAT, "p0000001.vlp: 2 frames where", NULL,
        f->extra_frames = 1;)
/* Whether there are any shows where they would be. */
static void
secrets_that_are_announced_may_be_none(void **state)
{
	struct forge *f = *state;
	struct vl_unpack_totals totals;
	struct vl_err err;

	f->b.head.must |= VL_MUST_SIV1;
	f->inner.head.must |= VL_MUST_SIV1;
	forge_write(f, NULL);
	must(forge_read(f, &totals, &err), &err);
}

REFUSES(lines_in_a_pack, VL_EFORMAT, "not a block", NULL,
        (void)frames_raw(&f->packs[1], VL_RECORD_LINES, 1,
            (struct vl_slice){ 0 }, f->chunks[0]);)

REFUSES(block_longer_than_its_chunks, VL_EFORMAT, "do not add up", NULL,
        another_block(f, 250, 249);)
REFUSES(block_shorter_than_its_chunks, VL_EFORMAT, "do not add up", NULL,
        another_block(f, 250, 251);)
REFUSES(block_of_lengths_that_wrap, VL_EFORMAT, "do not add up", NULL,
        another_block(f, UINT32_MAX, 501);)
REFUSES(block_with_an_empty_chunk, VL_EFORMAT, "do not add up", NULL,
        another_block(f, 0, 500);)
REFUSES(block_of_unknown_chunks, VL_EAUTH, "p0000002.vlp: record at 336", NULL,
        another_block(f, 250, 250);)

/* Lists. */
REFUSES(list_of_an_unknown_chunk, VL_EAUTH, "not in the chunk map", NULL,
        f->items[1].refs[1].chunk = 3;
        f->nrows--; f->chunk_ids[3][5] ^= 1;)
REFUSES(list_of_another_chunk, VL_EAUTH, "content hash", NULL,
        f->items[1].refs[0].chunk = 1;
        f->items[1].refs[1].chunk = 2;)
REFUSES(list_too_long_for_its_size, VL_EAUTH, "longer than its 2000", NULL,
        f->items[1].refs[f->items[1].n++].chunk = 2;)
REFUSES(list_too_short_for_its_size, VL_EAUTH, "end at 1500", NULL,
        f->items[1].n--;)
REFUSES(zeros_within_a_block, VL_EAUTH, "within a block", NULL,
        f->items[0].refs[1].zeros = 1;)
REFUSES(zeros_beyond_the_size, VL_EAUTH, "longer than its 116536", NULL,
        f->items[0].refs[0].zeros = UINT32_MAX;)
REFUSES(list_of_no_body, VL_EFORMAT, "line 6, body 0, where none is", NULL,
        f->items[f->nitems].line = 6;
        f->nitems++;)
REFUSES(list_of_a_directory, VL_EFORMAT, "no chunk list", NULL,
        f->items[1].line = 2;)
REFUSES(list_of_a_second_body, VL_EFORMAT, "no chunk list", NULL,
        f->items[1].body = 1;)
REFUSES(
    no_list_of_the_last_body, VL_EFORMAT, "no chunk list", NULL, f->nitems--;)
REFUSES(lists_out_of_order, VL_EFORMAT, "no chunk list", NULL,
        struct item it = f->items[0];
        f->items[0] = f->items[1]; f->items[1] = it;)
REFUSES(list_that_goes_on_empty, VL_EFORMAT, "goes on without", NULL,
        f->items[3] = f->items[2];
        f->nitems++;)
REFUSES(fewer_lists_than_said, VL_EFORMAT, "", NULL, f->more_items = 1;)
REFUSES(more_lists_than_said, VL_EFORMAT, "", NULL, f->more_items = UINT32_MAX;)

/* Lines. */
REFUSES(tree_without_a_root, VL_EPATH, "begin with its root", NULL,
        f->entries[0].path = text("0");)
REFUSES(same_path_twice, VL_EPATH, "line 2: 'a' comes twice", NULL,
        f->entries[2].path = text("a");)
REFUSES(paths_out_of_order, VL_EPATH, "'c' is out of order", NULL,
        f->entries[4].path = text("c");)
REFUSES(path_without_its_directory, VL_EPATH, "'e/x' has no directory", NULL,
        f->entries[3].path = text("e/x");)
REFUSES(path_two_below, VL_EPATH, "'d/e/x' has no directory", NULL,
        f->entries[3].path = text("d/e/x");)
REFUSES(path_below_a_file, VL_EPATH, "'a/x' has no directory", NULL,
        f->entries[2].path = text("a/x");)
REFUSES(path_below_a_link, VL_EPATH, "'d/x' has no directory", NULL,
        f->entries[2].type = VL_ENTRY_LINK;
        f->entries[2].target = text("/");)
REFUSES(path_below_what_is_left_out, VL_EPATH, "'d/x' has no directory", NULL,
        f->entries[2].type = VL_ENTRY_LEFT_OUT;)
REFUSES(path_below_a_root_left_out, VL_EPATH, "'a' has no directory", NULL,
        f->entries[0].type = VL_ENTRY_LEFT_OUT;)
REFUSES(directory_left_behind, VL_EPATH, "'d/x' is out of order", NULL,
        f->entries[2].path = text("d");
        f->entries[3] = f->entries[2]; f->entries[3].path = text("d-");
        f->entries[4] = f->entries[3]; f->entries[4].path = text("d/x");
        f->nitems = 2; f->items[1] = f->items[2];)
REFUSES(hard_link_to_itself, VL_EPATH, "to a later path", NULL,
        f->entries[4].target = text("h");)
REFUSES(hard_link_to_a_later_path, VL_EPATH, "to a later path", NULL,
        f->entries[4].target = text("z");)
REFUSES(line_of_an_unknown_resource, VL_EAUTH, "not one of", NULL,
        f->entries[5].resource = text("trees");)
REFUSES(resource_without_lines, VL_EAUTH, "'zoo' of the inner head", NULL,
        f->resources[1] = f->resources[0];
        f->inner.nresources = 2; memcpy(f->resources[1].name, "zoo", 4);)
REFUSES(resource_of_an_unknown_kind, VL_EREFUSED, "of kind 'git'", NULL,
        memcpy(f->resources[0].kind, "git", 4);)
REFUSES(another_count_of_lines, VL_EAUTH, "the inner head 7", NULL,
        f->count_off = 1;)
REFUSES(another_root, VL_EAUTH, "its root is not", NULL, f->root_off = 1;)
REFUSES(another_root_in_the_last_line, VL_EAUTH, "its root is not", NULL,
        f->tail_off = 1;)
REFUSES(
    no_last_line, VL_EAUTH, "before its last line", NULL, f->no_tail = true;)
REFUSES(last_line_twice, VL_EFORMAT, "more lines stand behind", NULL,
        f->tail_twice = true;)
REFUSES(fewer_lines_than_said, VL_EFORMAT, "", NULL, f->more_lines = 1;)
REFUSES(more_lines_than_said, VL_EFORMAT, "", NULL, f->more_lines = UINT32_MAX;)
REFUSES(lines_behind_the_last, VL_EFORMAT, "kind 2 stands behind", NULL,
        f->behind = VL_RECORD_LINES;)
REFUSES(map_behind_the_lines, VL_EFORMAT, "", NULL, f->behind = VL_RECORD_MAP;)
REFUSES(secrets_behind_the_lines, VL_EFORMAT, "kind 5 stands behind", NULL,
        f->behind = VL_RECORD_SECRETS;)
REFUSES(manifest_of_another_site, VL_EAUTH, "first line: series", NULL,
        memcpy(f->first.site, "other", 6);)
REFUSES(manifest_of_another_epoch, VL_EAUTH, "first line: series", NULL,
        f->first.epoch++;)
REFUSES(manifest_of_another_series, VL_EAUTH, "first line: series", NULL,
        f->first.series[0]++;)

#define CASE(f) cmocka_unit_test_setup_teardown(f, forge_new, forge_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(reads_a_good_one),
		CASE(allows_a_second_copy_behind_the_first),
		CASE(reads_a_list_in_several_items_records_and_files),
		CASE(hands_on_no_body_of_other_chunks_than_gear1s),
		CASE(map_of_a_later_copy),
		CASE(map_with_a_chunk_twice),
		CASE(map_out_of_order),
		CASE(map_of_pack_0),
		CASE(map_of_pack_3),
		CASE(map_beyond_a_pack),
		CASE(map_of_no_record_start),
		CASE(map_of_another_index),
		CASE(map_of_another_length),
		CASE(map_with_a_row_too_many),
		CASE(map_without_a_chunk),
		CASE(map_behind_the_inner_head),
		CASE(map_of_another_row_count),
		CASE(map_of_another_first_id),
		CASE(map_in_a_file_of_lines),
		CASE(more_bytes_than_said),
		CASE(fewer_bytes_than_said),
		CASE(another_count_of_chunks),
		CASE(another_count_of_frames),
		CASE(another_seq_inside),
		CASE(a_superfluous_frame),
		CASE(secrets_that_are_announced_may_be_none),
		CASE(lines_in_a_pack),
		CASE(block_longer_than_its_chunks),
		CASE(block_shorter_than_its_chunks),
		CASE(block_of_lengths_that_wrap),
		CASE(block_with_an_empty_chunk),
		CASE(block_of_unknown_chunks),
		CASE(list_of_an_unknown_chunk),
		CASE(list_of_another_chunk),
		CASE(list_too_long_for_its_size),
		CASE(list_too_short_for_its_size),
		CASE(zeros_within_a_block),
		CASE(zeros_beyond_the_size),
		CASE(list_of_no_body),
		CASE(list_of_a_directory),
		CASE(list_of_a_second_body),
		CASE(no_list_of_the_last_body),
		CASE(lists_out_of_order),
		CASE(list_that_goes_on_empty),
		CASE(fewer_lists_than_said),
		CASE(more_lists_than_said),
		CASE(tree_without_a_root),
		CASE(same_path_twice),
		CASE(paths_out_of_order),
		CASE(path_without_its_directory),
		CASE(path_two_below),
		CASE(path_below_a_file),
		CASE(path_below_a_link),
		CASE(path_below_what_is_left_out),
		CASE(path_below_a_root_left_out),
		CASE(directory_left_behind),
		CASE(hard_link_to_itself),
		CASE(hard_link_to_a_later_path),
		CASE(line_of_an_unknown_resource),
		CASE(resource_without_lines),
		CASE(resource_of_an_unknown_kind),
		CASE(another_count_of_lines),
		CASE(another_root),
		CASE(another_root_in_the_last_line),
		CASE(no_last_line),
		CASE(last_line_twice),
		CASE(fewer_lines_than_said),
		CASE(more_lines_than_said),
		CASE(lines_behind_the_last),
		CASE(map_behind_the_lines),
		CASE(secrets_behind_the_lines),
		CASE(manifest_of_another_site),
		CASE(manifest_of_another_epoch),
		CASE(manifest_of_another_series),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
