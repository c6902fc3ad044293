#ifndef TEST_FORGE_H
#define TEST_FORGE_H

/* Makes bundles with all keys, right but for what a test changes. */

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
	uint8_t tail_off;
	bool record_an_item;
	bool lists_in_file_3;
	enum vl_record_kind behind;
	uint32_t extra_frames;
	/* Lines of a database before the tree, and a record of secrets. */
	const char *const *texts;
	size_t ntexts;
	struct vl_buf secrets;
	uint32_t nsecrets; /* by its header; 0: no record */
};

static inline struct vl_slice
text(const char *s)
{
	return vl_slice_of(s);
}

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline int
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

static inline int
forge_free(void **state)
{
	struct forge *f = *state;
	struct vl_err err;

	must(vl_remove_tree(AT_FDCWD, f->dir, &err), &err);
	vl_ids_free(f->ids);
	bundle_close(&f->b);
	vl_buf_free(&f->secrets);
	free(f);
	return 0;
}

static inline uint32_t
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

static inline void
add_item(const struct forge *f, struct vl_buf *lists, const struct item *it)
{
	uint8_t head[16];
	struct vl_err err;
	uint8_t ref[VL_LIST_REF_SIZE];
	uint32_t j;

	vl_list_item_encode(head, it->line + f->ntexts, it->body, it->n);
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

static inline void
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

static inline void
write_texts(struct forge *f, struct vl_merkle *merkle, struct vl_buf *lines)
{
	struct vl_err err;
	size_t i;

	for (i = 0; i < f->ntexts; i++) {
		must(vl_buf_add_text(lines, f->texts[i], &err), &err);
		vl_merkle_add(merkle, f->ids, text(f->texts[i]));
	}
}

static inline void
write_secrets(struct forge *f)
{
	if (f->nsecrets == 0)
		return;
	(void)frames_raw(&f->index, VL_RECORD_SECRETS, f->nsecrets,
	    (struct vl_slice){ 0 }, vl_buf_slice(&f->secrets));
	f->plain += f->secrets.n;
}

static inline void
write_lines(struct forge *f)
{
	const uint64_t n = f->nentries + f->ntexts;
	struct vl_merkle merkle;
	struct vl_buf lines = { 0 };
	struct vl_err err;
	uint8_t tail[VL_ROOT_SIZE];
	uint8_t le[8];
	size_t from;
	size_t i;

	vl_merkle_init(&merkle, 0);
	must(vl_manifest_head_encode(&lines, &f->first, &err), &err);
	vl_merkle_add(&merkle, f->ids, vl_buf_slice(&lines));
	write_texts(f, &merkle, &lines);
	for (i = 0; i < f->nentries; i++) {
		from = lines.n;
		must(vl_entry_encode(&lines, &f->entries[i], NULL, &err), &err);
		vl_merkle_add(&merkle, f->ids,
		    (struct vl_slice){ lines.p + from, lines.n - from });
	}
	vl_put_u64le(le, n);
	vl_merkle_add(&merkle, f->ids, (struct vl_slice){ le, sizeof(le) });
	vl_merkle_root(&merkle, f->ids, f->inner.manifest_root);
	memcpy(tail, f->inner.manifest_root, sizeof(tail));
	f->inner.manifest_root[0] ^= f->root_off;
	tail[0] ^= f->tail_off;
	f->inner.lines = n + f->count_off;
	for (i = 0; i < (f->no_tail ? 0u : f->tail_twice ? 2u : 1u); i++)
		must(vl_manifest_tail_encode(&lines, n, tail, &err), &err);
	(void)frames_raw(&f->index, VL_RECORD_LINES,
	    (uint32_t)(n + 1 + i + f->more_lines), (struct vl_slice){ 0 },
	    vl_buf_slice(&lines));
	f->plain += lines.n;
	vl_buf_free(&lines);
}

static inline int
compare_rows(const void *a, const void *b)
{
	return memcmp(((const struct vl_map_row *)a)->id,
	    ((const struct vl_map_row *)b)->id, VL_HASH_SIZE);
}

static inline void
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
static inline void
forge_write(struct forge *f, void (*change)(struct vl_inner_head *h))
{
	static const uint8_t junk[VL_MAP_ROW_SIZE] = { 0 };
	struct frames last = { 0 };
	struct vl_buf text_of = { 0 };
	struct vl_err err;
	uint32_t i;

	write_lines(f);
	write_secrets(f);
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

static inline enum vl_status
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

static inline void
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

#endif
