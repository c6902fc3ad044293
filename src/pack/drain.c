/*
 * Takes the steps of a batch in order: chunks that are new go into solid
 * blocks, bodies get their lists and hashes, lines their place in the
 * manifest (formats/bundle.md, records; formats/manifest.md).
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

enum vl_status
drain_begin(struct vl_pack *p, struct vl_err *err)
{
	struct vl_manifest_head head = { .epoch = p->opts.head.epoch };
	struct drain *d = &p->drain;
	enum vl_status st;
	size_t n = strlen(p->opts.site);

	if (n >= sizeof(head.site))
		return vl_fail(err, VL_EUSAGE,
		    "the name of the site is longer than %d bytes",
		    VL_SITE_MAX);
	memcpy(head.site, p->opts.site, n);
	memcpy(head.series, p->opts.head.series, VL_ID_SIZE);
	st = vl_manifest_head_encode(&d->lines, &head, err);
	if (st != VL_OK)
		return st;
	vl_merkle_init(&d->merkle, 0);
	vl_merkle_add(&d->merkle, p->opts.ids, vl_buf_slice(&d->lines));
	d->nlines = 1;
	p->leaves = 1;
	return VL_OK;
}

/* A new file was begun: nobody shall wait for what cannot be ended. */
static enum vl_status
check_room(struct vl_pack *p, struct vl_err *err)
{
	size_t packs = 0;
	size_t index = 0;

	if (p->packs != NULL)
		(void)vl_stream_w_files(p->packs, &packs);
	(void)vl_stream_w_files(p->index, &index);
	if (packs + index == p->nfiles)
		return VL_OK;
	p->nfiles = packs + index;
	return inner_has_room(p, err);
}

/* The stream tells where the oldest block that waits has come to stand. */
static enum vl_status
block_placed(
    void *arg, uint64_t tag, uint32_t file, uint64_t offset, struct vl_err *err)
{
	struct vl_pack *p = arg;
	struct drain *d = &p->drain;
	struct block *b = d->placed;
	struct vl_map_row row = { .pack = file, .offset = offset };
	enum vl_status st = VL_OK;
	size_t i;

	(void)tag;
	for (i = 0; i < b->n && st == VL_OK; i++) {
		memcpy(row.id, b->rows[i].id, sizeof(row.id));
		row.index = (uint16_t)i;
		row.length = b->rows[i].length;
		st = map_add(&p->map, &row, err);
	}
	d->placed = b->next;
	b->next = d->spare;
	d->spare = b;
	return st == VL_OK ? check_room(p, err) : st;
}

static enum vl_status
flush_block(struct vl_pack *p, struct vl_err *err)
{
	const struct vl_stream_placed placed = { p, block_placed };
	struct drain *d = &p->drain;
	struct block *b = d->block;
	struct block **end = &d->placed;
	struct vl_stream_record r = { .kind = VL_RECORD_BLOCK };
	uint8_t *table;
	enum vl_status st = VL_OK;
	size_t i;

	if (b == NULL || b->n == 0)
		return VL_OK;
	if (p->packs == NULL)
		st = pack_stream(p, VL_FILE_PACK, 1, &p->packs, err);
	if (st != VL_OK)
		return st;
	/* The table stands behind the bytes until the stream has copied it. */
	st = vl_buf_reserve(&d->block_bytes, 4 * b->n, err);
	if (st != VL_OK)
		return st;
	table = d->block_bytes.p + d->block_bytes.n;
	for (i = 0; i < b->n; i++)
		vl_put_u32le(table + 4 * i, b->rows[i].length);
	r.compress = true;
	r.items = (uint32_t)b->n;
	r.table = (struct vl_slice){ table, 4 * b->n };
	r.plain = vl_buf_slice(&d->block_bytes);
	while (*end != NULL)
		end = &(*end)->next;
	b->next = NULL;
	*end = b;
	d->block = NULL;
	p->totals.chunks += b->n;
	st = vl_stream_w_put(p->packs, &r, &placed, err);
	vl_buf_clear(&d->block_bytes);
	return st;
}

static enum vl_status
open_block(struct drain *d, struct vl_err *err)
{
	d->block = d->spare;
	if (d->block != NULL)
		d->spare = d->block->next;
	else
		d->block = malloc(sizeof(*d->block));
	if (d->block == NULL)
		return vl_fail_memory(err);
	d->block->n = 0;
	d->block->next = NULL;
	d->block_group = d->group;
	return VL_OK;
}

/* One block never holds chunks of two groups: what one group may write must
 * not be compressed together with what another keeps secret. */
static enum vl_status
store(struct vl_pack *p, const struct step *s, struct vl_slice bytes,
    struct vl_err *err)
{
	struct drain *d = &p->drain;
	struct block_row *row;
	enum vl_status st = VL_OK;

	if (d->block != NULL &&
	    (d->block_group != d->group ||
	        d->block_bytes.n + bytes.n > VL_RECORD_PLAIN_MAX))
		st = flush_block(p, err);
	if (st == VL_OK && d->block == NULL)
		st = open_block(d, err);
	if (st == VL_OK)
		st = vl_buf_add(&d->block_bytes, bytes, err);
	if (st != VL_OK)
		return st;
	row = &d->block->rows[d->block->n++];
	memcpy(row->id, s->id, sizeof(row->id));
	row->length = (uint32_t)bytes.n;
	if (d->block->n == VL_RECORD_ITEMS_MAX)
		return flush_block(p, err);
	return VL_OK;
}

static enum vl_status
take_chunk(struct vl_pack *p, const struct step *s, struct vl_slice bytes,
    struct vl_err *err)
{
	struct drain *d = &p->drain;
	enum vl_status st;

	if (s->zeros > UINT32_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a body has more than %u zero blocks in a row", UINT32_MAX);
	vl_content_add(&d->content, s->at, s->id);
	st = lists_add(&d->lists, (uint32_t)s->zeros, s->id, err);
	if (st != VL_OK)
		return st;
	if (dedup_seen(&p->dedup, s->id)) {
		p->totals.duplicates++;
		return VL_OK;
	}
	return store(p, s, bytes, err);
}

static enum vl_status
flush_lines(struct vl_pack *p, struct vl_err *err)
{
	struct drain *d = &p->drain;
	struct vl_stream_record r = {
		.kind = VL_RECORD_LINES,
		.compress = true,
		.items = d->nlines,
		.plain = vl_buf_slice(&d->lines),
		.taken = &d->lines,
	};
	enum vl_status st;

	if (d->nlines == 0)
		return VL_OK;
	st = vl_stream_w_put(p->index, &r, NULL, err);
	if (st == VL_OK)
		st = tokens_flush(p, err);
	if (st == VL_OK)
		st = lists_flush(&d->lists, p->index, err);
	vl_buf_clear(&d->lines);
	d->nlines = 0;
	return st == VL_OK ? check_room(p, err) : st;
}

static enum vl_status
flush_full(struct vl_pack *p, struct vl_err *err)
{
	const struct drain *d = &p->drain;

	return d->lines.n >= LINES_TARGET || d->nlines == VL_RECORD_ITEMS_MAX ||
	        tokens_full(&d->tokens) ?
	    flush_lines(p, err) :
	    VL_OK;
}

static enum vl_status
add_line(struct vl_pack *p, struct vl_slice line, struct vl_err *err)
{
	struct drain *d = &p->drain;
	enum vl_status st;

	st = vl_buf_add(&d->lines, line, err);
	if (st != VL_OK)
		return st;
	d->nlines++;
	return flush_full(p, err);
}

/* Nothing but lines, which are one record as they stand, or the begin of one.
 */
static bool
is_record(const struct drain *d, const struct batch *b)
{
	return d->nlines == 0 && d->tokens.items == 0 && !b->late &&
	    b->nlines == b->nsteps && b->nlines > 0 &&
	    b->nlines <= VL_RECORD_ITEMS_MAX &&
	    b->steps[b->nsteps - 1].from < LINES_TARGET;
}

/* As that would be which each of them was copied to. */
static enum vl_status
take_record(struct vl_pack *p, struct batch *b, struct vl_err *err)
{
	struct drain *d = &p->drain;
	struct vl_buf lines = d->lines;

	d->lines = b->text;
	b->text = lines;
	d->nlines = (uint32_t)b->nlines;
	p->totals.lines += b->nlines;
	return flush_full(p, err);
}

static enum vl_status
take_line(struct vl_pack *p, const struct batch *b, const struct step *s,
    struct vl_err *err)
{
	uint8_t *line = b->text.p + s->from;
	struct vl_slice whole = { line, s->n };
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	struct drain *d = &p->drain;

	if (s->hash_at != 0) {
		lists_end(&d->lists);
		vl_content_end(&d->content, hash);
		vl_entry_set_hash(line, s->hash_at, hash);
	}
	if (b->late)
		vl_merkle_add(&d->merkle, p->opts.ids, whole);
	p->totals.lines++;
	return add_line(p, whole, err);
}

static enum vl_status
take(struct vl_pack *p, struct batch *b, const struct step *s,
    struct vl_err *err)
{
	struct drain *d = &p->drain;

	switch (s->kind) {
	case STEP_BODY:
		d->group = s->group;
		vl_content_begin(&d->content, p->opts.ids, s->at);
		return lists_begin(&d->lists, p->totals.lines, err);
	case STEP_CHUNK:
		return take_chunk(
		    p, s, (struct vl_slice){ b->bytes + s->from, s->n }, err);
	case STEP_DROP:
		lists_drop(&d->lists);
		return VL_OK;
	case STEP_TOKENS:
		return tokens_add(&d->tokens, p->totals.lines,
		    (struct vl_slice){ b->tokens.p + s->from, s->n },
		    (size_t)s->at, err);
	case STEP_LINE:
		return take_line(p, b, s, err);
	}
	return VL_OK;
}

/* Lines that came without tokens have no secrets. */
static enum vl_status
look_closely(struct vl_pack *p, const struct batch *b, struct vl_err *err)
{
	const struct step *s = NULL;
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < b->nsteps && st == VL_OK; i++) {
		s = &b->steps[i];
		if (s->kind == STEP_LINE && batch_has_none(b, i))
			st = tokens_count(p,
			    (struct vl_slice){ b->text.p + s->from, s->n }, 0,
			    err);
	}
	return st;
}

enum vl_status
drain_batch(struct vl_pack *p, struct batch *b, struct vl_err *err)
{
	struct drain *d = &p->drain;
	enum vl_status st;
	size_t i;

	if (!b->busy)
		return VL_OK;
	st = vl_pool_wait(p->opts.pool, &b->job, err);
	b->busy = false;
	if (st == VL_OK && b->doubt)
		st = look_closely(p, b, err);
	if (st == VL_OK && is_record(d, b))
		st = take_record(p, b, err);
	else
		for (i = 0; i < b->nsteps && st == VL_OK; i++)
			st = take(p, b, &b->steps[i], err);
	if (!b->late)
		vl_merkle_join(&d->merkle, p->opts.ids, &b->merkle);
	batch_clear(b);
	return st;
}

enum vl_status
drain_end(struct vl_pack *p, uint8_t root[VL_ROOT_SIZE], struct vl_err *err)
{
	struct drain *d = &p->drain;
	uint8_t count[8];
	struct vl_buf tail = { 0 };
	enum vl_status st;

	st = flush_block(p, err);
	if (st != VL_OK)
		return st;
	vl_put_u64le(count, p->totals.lines);
	vl_merkle_add(
	    &d->merkle, p->opts.ids, (struct vl_slice){ count, sizeof(count) });
	vl_merkle_root(&d->merkle, p->opts.ids, root);
	st = vl_manifest_tail_encode(&tail, p->totals.lines, root, err);
	if (st == VL_OK)
		st = add_line(p, vl_buf_slice(&tail), err);
	if (st == VL_OK)
		st = flush_lines(p, err);
	vl_buf_free(&tail);
	return st;
}

static void
free_blocks(struct block *b)
{
	struct block *next;

	for (; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
}

void
drain_free(struct drain *d)
{
	free_blocks(d->block);
	free_blocks(d->placed);
	free_blocks(d->spare);
	vl_buf_free(&d->block_bytes);
	vl_buf_free(&d->lines);
	lists_free(&d->lists);
	vl_buf_free(&d->tokens.bytes);
}
