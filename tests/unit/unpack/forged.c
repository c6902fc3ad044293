/*
 * Bundles that only a holder of all keys could make: each breaks one rule of
 * formats/bundle.md or formats/manifest.md, and is refused for it.
 */

#include "bundle.h"

#include "../frames.h"

#define CHUNKS 4
#define SITE   "demo"

struct ref {
	uint32_t zeros;
	size_t chunk;
};

struct item {
	uint64_t line;
	uint32_t body;
	uint32_t n;
	struct ref refs[4];
};

/*
 * A good bundle in parts that a test changes before it is written:
 *
 *	""   a directory
 *	a    200,000 bytes: chunk 0, zeros from 131,072 on but for chunk 1
 *	d    a directory
 *	d/x  chunks 2, 1, 2
 *	h    a hard link to a
 *	z    131,072 zeros
 *
 * Pack 1 has a block of chunks 0 and 1 and one of chunk 2; pack 2 has a block
 * of chunk 3, which no list names.
 */
struct forge {
	struct bundle b;
	char dir[64];
	struct vl_ids *ids;
	uint8_t bytes[65536];
	struct vl_slice chunks[CHUNKS];
	uint8_t chunk_ids[CHUNKS][VL_HASH_SIZE];
	struct frames packs[2];
	struct frames index;
	uint64_t plain;
	struct vl_map_row rows[8];
	size_t nrows;
	struct vl_entry entries[12];
	size_t nentries;
	struct item items[12];
	size_t nitems;
	struct vl_inner_head inner;
	struct vl_resource_id resources[2];
	uint32_t pack_frames[2];
	struct vl_map_file map[2];
	struct vl_manifest_head first;
	/* What a test adds or says otherwise. */
	uint32_t more_lines;
	uint32_t more_items;
	uint64_t count_off;
	bool no_tail;
	bool tail_twice;
	bool sort_no_rows;
	bool map_behind;
	uint8_t root_off;
	bool record_an_item;
	bool lists_in_file_3;
	enum vl_record_kind behind;
	uint32_t extra_frames;
};

static struct vl_slice
text(const char *s)
{
	return vl_slice_of(s);
}

static void
hash_item(struct forge *f, struct vl_entry *e, const struct item *item)
{
	struct vl_content_hash h;
	uint64_t at = 0;
	size_t chunk;
	uint32_t i;

	vl_content_begin(&h, f->ids, e->size);
	for (i = 0; i < item->n; i++) {
		chunk = item->refs[i].chunk;
		at += (uint64_t)item->refs[i].zeros * VL_ZERO_BLOCK;
		vl_content_add(&h, at, f->chunk_ids[chunk]);
		at += f->chunks[chunk].n;
	}
	vl_content_end(&h, e->hash);
}

static void
add_block(struct forge *f, size_t pack, size_t first, uint32_t n)
{
	uint8_t table[4 * CHUNKS];
	struct vl_slice all = { f->chunks[first].p, 0 };
	struct vl_map_row *row;
	uint64_t offset;
	uint32_t i;

	for (i = 0; i < n; i++) {
		vl_put_u32le(table + 4 * i, (uint32_t)f->chunks[first + i].n);
		all.n += f->chunks[first + i].n;
	}
	offset = frames_raw(&f->packs[pack - 1], VL_RECORD_BLOCK, n,
	    (struct vl_slice){ table, (size_t)n * 4 }, all);
	f->plain += all.n;
	for (i = 0; i < n; i++) {
		row = &f->rows[f->nrows++];
		memcpy(row->id, f->chunk_ids[first + i], sizeof(row->id));
		row->pack = (uint32_t)pack;
		row->offset = offset;
		row->index = (uint16_t)i;
		row->length = (uint32_t)f->chunks[first + i].n;
	}
}

static void
add_entry(struct forge *f, enum vl_entry_type type, const char *path,
    const struct item *item)
{
	struct vl_entry *e = &f->entries[f->nentries];

	e->type = type;
	e->resource = text("tree");
	e->path = text(path);
	e->mode = 0755;
	if (item != NULL) {
		f->items[f->nitems] = *item;
		f->items[f->nitems].line = f->nentries;
		f->nitems++;
	}
	f->nentries++;
}

static void
make_chunks(struct forge *f)
{
	static const uint8_t seed[VL_KEY_SIZE] = { 8 };
	static const size_t lengths[CHUNKS] = { 50000, 1000, 500, 300 };
	size_t at = 0;
	size_t i;

	vl_random_from(f->bytes, sizeof(f->bytes), seed);
	for (i = 0; i < CHUNKS; i++) {
		f->chunks[i] = (struct vl_slice){ f->bytes + at, lengths[i] };
		at += lengths[i];
		vl_ids_chunk(f->ids, f->chunk_ids[i], f->chunks[i]);
	}
	add_block(f, 1, 0, 2);
	add_block(f, 1, 2, 1);
	add_block(f, 2, 3, 1);
}

static void
make_entries(struct forge *f)
{
	static const struct item a = { .n = 2, .refs = { { 1, 0 }, { 0, 1 } } };
	static const struct item x = { .n = 3,
		.refs = { { 0, 2 }, { 0, 1 }, { 0, 2 } } };
	static const struct item z = { .n = 0 };
	size_t i;

	add_entry(f, VL_ENTRY_DIR, "", NULL);
	add_entry(f, VL_ENTRY_FILE, "a", &a);
	f->entries[1].size = 65536 + 51000;
	add_entry(f, VL_ENTRY_DIR, "d", NULL);
	add_entry(f, VL_ENTRY_FILE, "d/x", &x);
	f->entries[3].size = 2000;
	add_entry(f, VL_ENTRY_HARD, "h", NULL);
	f->entries[4].target = text("a");
	add_entry(f, VL_ENTRY_FILE, "z", &z);
	f->entries[5].size = 131072;
	for (i = 0; i < f->nitems; i++)
		hash_item(f, &f->entries[f->items[i].line], &f->items[i]);
}

static void
make_inner(struct forge *f)
{
	struct vl_inner_head *h = &f->inner;

	h->head = f->b.head;
	(void)snprintf(h->site, sizeof(h->site), SITE);
	(void)snprintf(h->tool, sizeof(h->tool), "forge");
	h->chunk_min = VL_CHUNK_MIN_DEFAULT;
	h->chunk_avg = VL_CHUNK_AVG_DEFAULT;
	h->chunk_max = VL_CHUNK_MAX_DEFAULT;
	h->chunks = CHUNKS;
	h->lines = f->nentries;
	vl_ids_commitment(f->ids, h->sk_commit);
	vl_kdf(h->tk_commit, 8, "vls1xfer", f->b.keys->tk);
	(void)snprintf(
	    f->resources[0].name, sizeof(f->resources[0].name), "tree");
	(void)snprintf(
	    f->resources[0].kind, sizeof(f->resources[0].kind), "files");
	h->resources = f->resources;
	h->nresources = 1;
	h->pack_frames = f->pack_frames;
	h->npacks = 2;
	h->map = f->map;
	h->nmap = 1;
	f->map[0].file = 1;
	memcpy(f->first.series, h->head.series, VL_ID_SIZE);
	f->first.epoch = h->head.epoch;
	(void)snprintf(f->first.site, sizeof(f->first.site), SITE);
}

static int
forge_new(void **state)
{
	struct forge *f = calloc(1, sizeof(*f));
	struct vl_err err;

	assert_non_null(f);
	(void)snprintf(f->dir, sizeof(f->dir), "forged.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->b.dirfd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(f->b.dirfd >= 0);
	f->b.keys = vl_secret_alloc(sizeof(*f->b.keys));
	assert_non_null(f->b.keys);
	memset(f->b.keys, 3, sizeof(*f->b.keys));
	f->b.keys->has_tk = true;
	f->b.head.seq = 1;
	f->b.head.epoch = 1;
	f->b.head.must = VL_MUST_GEAR1;
	f->b.head.frame_log2 = 16;
	f->b.head.index_files = 2;
	f->b.head.pack_files = 2;
	must(vl_pool_new(&f->b.pool, 2, &err), &err);
	must(vl_ids_new(&f->ids, f->b.keys->sk, VL_CHUNK_MIN_DEFAULT,
	         VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, &err),
	    &err);
	make_chunks(f);
	make_entries(f);
	make_inner(f);
	*state = f;
	return 0;
}

static int
forge_free(void **state)
{
	struct forge *f = *state;
	struct vl_err err;

	must(vl_remove_tree(AT_FDCWD, f->dir, &err), &err);
	vl_ids_free(f->ids);
	bundle_close(&f->b);
	free(f);
	return 0;
}

static uint32_t
write_file(struct forge *f, struct frames *frames, enum vl_file_type type,
    uint32_t number)
{
	uint8_t root[VL_KEY_SIZE];
	struct frames_place at = { .dirfd = f->b.dirfd,
		.type = type,
		.number = number,
		.frame_log2 = 16,
		.id = f->b.head.id,
		.root = root,
		.extra = type == VL_FILE_PACK ? f->extra_frames : 0 };

	vl_kdf(root, 2, "vls1bndl", f->b.keys->bk);
	return frames_write(frames, &at);
}

static void
add_item(const struct forge *f, struct vl_buf *lists, const struct item *it)
{
	uint8_t head[16];
	struct vl_err err;
	uint8_t ref[VL_LIST_REF_SIZE];
	uint32_t j;

	vl_list_item_encode(head, it->line, it->body, it->n);
	must(vl_buf_add(lists, (struct vl_slice){ head, sizeof(head) }, &err),
	    &err);
	for (j = 0; j < it->n; j++) {
		vl_put_u32le(ref, it->refs[j].zeros);
		memcpy(ref + 4, f->chunk_ids[it->refs[j].chunk], VL_HASH_SIZE);
		must(vl_buf_add(
		         lists, (struct vl_slice){ ref, sizeof(ref) }, &err),
		    &err);
	}
}

static void
write_lists(struct forge *f)
{
	struct vl_buf lists = { 0 };
	uint32_t n = 0;
	size_t i;

	for (i = 0; i < f->nitems; i++) {
		add_item(f, &lists, &f->items[i]);
		n++;
		if (i + 1 < f->nitems && !f->record_an_item)
			continue;
		(void)frames_raw(&f->index, VL_RECORD_LISTS, n + f->more_items,
		    (struct vl_slice){ 0 }, vl_buf_slice(&lists));
		f->plain += lists.n;
		vl_buf_clear(&lists);
		n = 0;
	}
	vl_buf_free(&lists);
}

static void
write_lines(struct forge *f)
{
	struct vl_merkle merkle;
	struct vl_buf lines = { 0 };
	struct vl_err err;
	uint8_t le[8];
	size_t from;
	size_t i;

	vl_merkle_init(&merkle);
	must(vl_manifest_head_encode(&lines, &f->first, &err), &err);
	vl_merkle_add(&merkle, f->ids, vl_buf_slice(&lines));
	for (i = 0; i < f->nentries; i++) {
		from = lines.n;
		must(vl_entry_encode(&lines, &f->entries[i], NULL, &err), &err);
		vl_merkle_add(&merkle, f->ids,
		    (struct vl_slice){ lines.p + from, lines.n - from });
	}
	vl_put_u64le(le, f->nentries);
	vl_merkle_add(&merkle, f->ids, (struct vl_slice){ le, sizeof(le) });
	vl_merkle_root(&merkle, f->ids, f->inner.manifest_root);
	f->inner.manifest_root[0] ^= f->root_off;
	f->inner.lines = f->nentries + f->count_off;
	for (i = 0; i < (f->no_tail ? 0u : f->tail_twice ? 2u : 1u); i++)
		must(vl_manifest_tail_encode(
		         &lines, f->nentries, f->inner.manifest_root, &err),
		    &err);
	(void)frames_raw(&f->index, VL_RECORD_LINES,
	    (uint32_t)(f->nentries + 1 + i + f->more_lines),
	    (struct vl_slice){ 0 }, vl_buf_slice(&lines));
	f->plain += lines.n;
	vl_buf_free(&lines);
}

static int
compare_rows(const void *a, const void *b)
{
	return memcmp(((const struct vl_map_row *)a)->id,
	    ((const struct vl_map_row *)b)->id, VL_HASH_SIZE);
}

static void
write_map(struct forge *f, struct frames *frames)
{
	uint8_t rows[8 * VL_MAP_ROW_SIZE];
	size_t i;

	if (!f->sort_no_rows)
		qsort(f->rows, f->nrows, sizeof(f->rows[0]), compare_rows);
	for (i = 0; i < f->nrows; i++)
		vl_map_row_encode(rows + i * VL_MAP_ROW_SIZE, &f->rows[i]);
	(void)frames_raw(frames, VL_RECORD_MAP, (uint32_t)f->nrows,
	    (struct vl_slice){ 0 },
	    (struct vl_slice){ rows, f->nrows * VL_MAP_ROW_SIZE });
	f->plain += f->nrows * VL_MAP_ROW_SIZE;
	memcpy(f->map[0].first_id, f->rows[0].id, VL_HASH_SIZE);
	if (f->map[0].rows == 0)
		f->map[0].rows = f->nrows;
}

/* The parts to files. `change` is asked before the inner head is encoded. */
static void
forge_write(struct forge *f, void (*change)(struct vl_inner_head *h))
{
	static const uint8_t junk[VL_MAP_ROW_SIZE] = { 0 };
	struct frames last = { 0 };
	struct vl_buf text_of = { 0 };
	struct vl_err err;
	uint32_t i;

	write_lines(f);
	if (f->lists_in_file_3)
		(void)write_file(f, &f->index, VL_FILE_INDEX, 2);
	write_lists(f);
	if (f->behind != VL_RECORD_PADDING) {
		(void)frames_raw(&f->index, f->behind, 1,
		    (struct vl_slice){ 0 },
		    (struct vl_slice){ junk, sizeof(junk) });
		f->plain += sizeof(junk);
	}
	(void)write_file(
	    f, &f->index, VL_FILE_INDEX, f->lists_in_file_3 ? 3 : 2);
	for (i = 0; i < 2; i++)
		f->pack_frames[i] =
		    write_file(f, &f->packs[i], VL_FILE_PACK, i + 1);
	if (!f->map_behind)
		write_map(f, &last);
	f->inner.total_plain = f->plain;
	if (change != NULL)
		change(&f->inner);
	must(vl_inner_head_encode(&text_of, &f->inner, &err), &err);
	(void)frames_raw(&last, VL_RECORD_INNER, 1, (struct vl_slice){ 0 },
	    vl_buf_slice(&text_of));
	if (f->map_behind)
		write_map(f, &last);
	(void)write_file(f, &last, VL_FILE_INDEX, 1);
	vl_buf_free(&text_of);
}

static enum vl_status
forge_read(struct forge *f, struct vl_unpack_totals *totals, struct vl_err *err)
{
	struct vl_unpack *u = NULL;
	enum vl_status st;

	st = bundle_unpack(&u, &f->b, err);
	if (st == VL_OK)
		st = vl_unpack_end(u, totals, err);
	vl_unpack_free(u);
	return st;
}

static void
refused_as(struct forge *f, enum vl_status want, const char *why,
    void (*change)(struct vl_inner_head *h))
{
	struct vl_unpack_totals totals;
	struct vl_err err = { 0 };
	enum vl_status st;

	forge_write(f, change);
	st = forge_read(f, &totals, &err);
	if (st != want || strstr(err.text, why) == NULL)
		fail_msg(
		    "status %d, '%s' instead of '%s'", (int)st, err.text, why);
}

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
REFUSES(secrets_to_come, VL_EREFUSED, "secrets", NULL,
        f->b.head.must |= VL_MUST_SIV1;
        f->inner.head.must |= VL_MUST_SIV1;)
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
REFUSES(resource_of_an_unknown_kind, VL_EREFUSED, "of kind 'sqlite'", NULL,
        memcpy(f->resources[0].kind, "sqlite", 7);)
REFUSES(another_count_of_lines, VL_EAUTH, "the inner head 7", NULL,
        f->count_off = 1;)
REFUSES(another_root, VL_EAUTH, "its root is not", NULL, f->root_off = 1;)
REFUSES(
    no_last_line, VL_EAUTH, "before its last line", NULL, f->no_tail = true;)
REFUSES(last_line_twice, VL_EFORMAT, "more lines stand behind", NULL,
        f->tail_twice = true;)
REFUSES(fewer_lines_than_said, VL_EFORMAT, "", NULL, f->more_lines = 1;)
REFUSES(more_lines_than_said, VL_EFORMAT, "", NULL, f->more_lines = UINT32_MAX;)
REFUSES(lines_behind_the_last, VL_EFORMAT, "kind 2 stands behind", NULL,
        f->behind = VL_RECORD_LINES;)
REFUSES(map_behind_the_lines, VL_EFORMAT, "", NULL, f->behind = VL_RECORD_MAP;)
REFUSES(secrets_behind_the_lines, VL_EREFUSED, "secrets", NULL,
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
		CASE(secrets_to_come),
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
