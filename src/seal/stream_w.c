/*
 * Writes records to a series of encrypted files (formats/bundle.md,
 * "Records"): compresses them on the pool, then lays them
 * into frames in the order they came.
 *
 * How many workers there are decides only how far the stages are apart; each
 * of them takes its input in the order of the records.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/stream.h>

#include "framer.h"
#include "zip.h"

#define SLOTS_MORE 2 /* than workers: one being filled, one being laid */

/* A record on its way to the frames. */
struct slot {
	struct vl_job job;
	struct vl_stream_w *w;
	bool busy; /* submitted and not waited for */
	bool compress;
	struct vl_record_header head;
	struct vl_buf bytes; /* table, then plain bytes */
	size_t table;
	struct vl_buf packed; /* empty: stored as it is */
	struct vl_stream_placed placed;
	uint64_t tag;
};

struct vl_stream_w {
	struct vl_pool *pool;
	int level;
	struct zip **zips; /* one a worker, made when first needed */
	size_t nzips;
	struct slot *slots;
	size_t nslots;
	size_t next; /* the slot to be used, and the oldest one */
	struct framer *framer;
	uint64_t ordinal; /* in the current file */
	uint64_t plain;
	bool zstd;
};

static struct vl_slice
plain_of(const struct slot *s)
{
	return (
	    struct vl_slice){ s->bytes.p + s->table, s->bytes.n - s->table };
}

static enum vl_status
compress_slot(struct vl_job *job, unsigned worker)
{
	struct slot *s = (struct slot *)job;
	struct zip **zip = &s->w->zips[worker];
	enum vl_status st = VL_OK;

	vl_buf_clear(&s->packed);
	s->head.xxh = vl_xxh64(plain_of(s));
	if (s->compress && *zip == NULL)
		st = zip_new(zip, s->w->level, &job->err);
	if (s->compress && st == VL_OK)
		st = zip_compress(*zip, &s->packed, plain_of(s),
		    s->head.kind == VL_RECORD_LINES, &job->err);
	s->head.zstd = s->packed.n > 0;
	s->head.stored = s->head.zstd ? (uint32_t)s->packed.n : s->head.plain;
	return st;
}

enum vl_status
vl_stream_w_open(struct vl_stream_w **out, const struct vl_stream_opts *opts,
    struct vl_err *err)
{
	struct vl_stream_w *w = NULL;
	enum vl_status st = VL_OK;
	size_t i;

	*out = NULL;
	w = calloc(1, sizeof(*w));
	if (w == NULL)
		return vl_fail_memory(err);
	w->pool = opts->pool;
	w->level = opts->level;
	w->nzips = vl_pool_workers(opts->pool);
	w->nslots = w->nzips + SLOTS_MORE;
	w->zips = calloc(w->nzips, sizeof(struct zip *));
	w->slots = calloc(w->nslots, sizeof(*w->slots));
	if (w->zips == NULL || w->slots == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	for (i = 0; i < w->nslots; i++) {
		w->slots[i].w = w;
		w->slots[i].job.run = compress_slot;
	}
	st = framer_new(&w->framer, opts, err);
	if (st != VL_OK)
		goto out;
	*out = w;
	w = NULL;
out:
	vl_stream_w_free(w);
	return st;
}

/* Where `size` bytes of one record can stand: in a new file if need be. */
static enum vl_status
find_room(struct vl_stream_w *w, size_t size, struct vl_err *err)
{
	if (framer_is_open(w->framer)) {
		if (framer_has_room(w->framer, size))
			return VL_OK;
		framer_end(w->framer);
	}
	w->ordinal = 0;
	return framer_begin(w->framer, err);
}

static enum vl_status
lay(struct vl_stream_w *w, struct slot *s, struct vl_err *err)
{
	uint8_t header[VL_RECORD_HEADER_SIZE];
	const struct vl_slice parts[] = {
		{ header, sizeof(header) },
		{ s->bytes.p, s->table },
		s->head.zstd ? vl_buf_slice(&s->packed) : plain_of(s),
	};
	enum vl_status st;
	size_t i;

	st = find_room(w, sizeof(header) + s->table + s->head.stored, err);
	if (st == VL_OK && s->placed.fn != NULL)
		st = s->placed.fn(s->placed.arg, s->tag,
		    framer_number(w->framer), framer_offset(w->framer), err);
	s->head.ordinal = w->ordinal++;
	vl_record_header_encode(header, &s->head);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]) && st == VL_OK; i++)
		st = framer_add(w->framer, parts[i], err);
	w->zstd |= s->head.zstd;
	return st;
}

/* Wait until `s` is compressed and lay it. */
static enum vl_status
retire(struct vl_stream_w *w, struct slot *s, struct vl_err *err)
{
	enum vl_status st;

	if (!s->busy)
		return VL_OK;
	st = vl_pool_wait(w->pool, &s->job, err);
	s->busy = false;
	if (st != VL_OK)
		return st;
	return lay(w, s, err);
}

enum vl_status
vl_stream_w_settle(struct vl_stream_w *w, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < w->nslots && st == VL_OK; i++)
		st = retire(w, &w->slots[(w->next + i) % w->nslots], err);
	return st;
}

static enum vl_status
hold(struct slot *s, const struct vl_stream_record *r, struct vl_err *err)
{
	struct vl_buf bytes = s->bytes;
	enum vl_status st = VL_OK;

	if (r->taken != NULL) {
		s->bytes = *r->taken;
		*r->taken = bytes;
		return VL_OK;
	}
	vl_buf_clear(&s->bytes);
	st = vl_buf_reserve(&s->bytes, r->table.n + r->plain.n, err);
	if (st == VL_OK)
		st = vl_buf_add(&s->bytes, r->table, err);
	return st == VL_OK ? vl_buf_add(&s->bytes, r->plain, err) : st;
}

enum vl_status
vl_stream_w_put(struct vl_stream_w *w, const struct vl_stream_record *r,
    const struct vl_stream_placed *placed, struct vl_err *err)
{
	struct slot *s = &w->slots[w->next];
	enum vl_status st;

	if (r->plain.n > VL_RECORD_PLAIN_MAX || r->items > VL_RECORD_ITEMS_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a record of %u items and %zu bytes is too large", r->items,
		    r->plain.n);
	st = retire(w, s, err);
	if (st == VL_OK)
		st = hold(s, r, err);
	if (st != VL_OK)
		return st;
	s->table = r->table.n;
	s->compress = r->compress;
	s->tag = r->tag;
	s->placed = (struct vl_stream_placed){ 0 };
	if (placed != NULL)
		s->placed = *placed;
	s->head = (struct vl_record_header){
		.kind = r->kind,
		.items = r->items,
		.plain = (uint32_t)r->plain.n,
	};
	w->plain += r->plain.n;
	w->next = (w->next + 1) % w->nslots;
	s->busy = true;
	vl_pool_submit(w->pool, &s->job);
	return VL_OK;
}

enum vl_status
vl_stream_w_split(struct vl_stream_w *w, struct vl_err *err)
{
	enum vl_status st;

	st = vl_stream_w_settle(w, err);
	if (st == VL_OK && framer_is_open(w->framer))
		framer_end(w->framer);
	return st;
}

enum vl_status
vl_stream_w_finish(struct vl_stream_w *w, struct vl_err *err)
{
	enum vl_status st;
	size_t files = 0;

	st = vl_stream_w_split(w, err);
	(void)framer_files(w->framer, &files);
	if (st == VL_OK && files == 0) {
		st = framer_begin(w->framer, err);
		if (st == VL_OK)
			framer_end(w->framer);
	}
	if (st == VL_OK)
		st = framer_finish(w->framer, err);
	return st;
}

const struct vl_stream_file *
vl_stream_w_files(const struct vl_stream_w *w, size_t *n)
{
	return framer_files(w->framer, n);
}

uint64_t
vl_stream_w_plain(const struct vl_stream_w *w)
{
	return w->plain;
}

bool
vl_stream_w_zstd(const struct vl_stream_w *w)
{
	return w->zstd;
}

void
vl_stream_w_free(struct vl_stream_w *w)
{
	size_t i;

	if (w == NULL)
		return;
	for (i = 0; w->slots != NULL && i < w->nslots; i++) {
		if (w->slots[i].busy)
			(void)vl_pool_wait(w->pool, &w->slots[i].job, NULL);
		vl_buf_free(&w->slots[i].bytes);
		vl_buf_free(&w->slots[i].packed);
	}
	for (i = 0; w->zips != NULL && i < w->nzips; i++)
		zip_free(w->zips[i]);
	framer_free(w->framer);
	free(w->slots);
	free(w->zips);
	free(w);
}
