/*
 * The one pass over all packs: the caller's thread decrypts, the pool
 * decompresses, recomputes every chunk id, and holds it against the chunk map
 * (formats/bundle.md, chunk map).  What was decoded stays a while in the
 * cache of blocks, where those who want the chunks find it.
 *
 * A block's job is submitted before any reference into it is handed out, so
 * who waits for a block waits for an earlier job or a running one.
 */

#include "parts.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD      4  /* blocks decoded before they are asked for */
#define BLOCKS_MIN 16 /* kept decoded, at least */

enum vl_status
vl_sweep_init(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_sweep *s = &u->sweep;
	unsigned workers = vl_pool_workers(u->pool);
	size_t n = 2 * (size_t)workers + 4;
	size_t limit = n + 8;
	size_t i;

	if (limit < BLOCKS_MIN)
		limit = BLOCKS_MIN;
	/* What the parent of a child keeps is held here; without room beside
	 * it, blocks would go before anybody asked for them. */
	if (u->blocks.slots != NULL)
		limit += workers + VL_BLOCKS_KEPT;
	u->blocks.limit = limit;
	s->pack = 1;
	s->ended = u->inner.npacks == 0;
	s->jobs = calloc(n, sizeof(*s->jobs));
	s->unzips = calloc(workers, sizeof(struct vl_unzip *));
	if (s->jobs == NULL || s->unzips == NULL)
		return vl_fail_memory(err);
	s->njobs = n;
	s->nunzips = workers;
	for (i = 0; i < n; i++) {
		s->jobs[i].u = u;
		atomic_init(&s->jobs[i].done, true);
	}
	return VL_OK;
}

/* The map names this chunk, here or in a lower place. */
static enum vl_status
confirm_chunk(struct vl_unpack *u, const struct vl_chunk_hold *h,
    uint32_t index, struct vl_slice chunk, bool *here, struct vl_err *err)
{
	struct vl_map_row row = { 0 };
	uint8_t id[VL_HASH_SIZE];
	uint64_t number = 0;
	enum vl_status st;
	bool found = false;
	bool lower;

	vl_ids_chunk(u->ids, id, chunk);
	st = vl_unpack_map_find(&u->map, id, &row, &number, &found, err);
	if (st != VL_OK)
		return st;
	if (!found)
		return vl_fail(err, VL_EAUTH,
		    "chunk %u has an id that the chunk map does not know",
		    index);
	if (row.length != chunk.n)
		return vl_fail(err, VL_EFORMAT,
		    "chunk %u has another length than in the chunk map", index);
	*here = row.pack == h->pack && row.offset == h->offset &&
	    row.index == index;
	lower = row.pack < h->pack ||
	    (row.pack == h->pack &&
	        (row.offset < h->offset ||
	            (row.offset == h->offset && row.index < index)));
	if (!*here && !lower)
		return vl_fail(err, VL_EFORMAT,
		    "the chunk map does not name the lowest copy of chunk %u",
		    index);
	return VL_OK;
}

enum vl_status
vl_unpack_block_confirm(struct vl_unpack *u, const struct vl_chunk_hold *h,
    uint64_t *confirmed, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	uint32_t from = 0;
	uint32_t i = 0;
	bool here = false;

	for (i = 0; i < h->items; i++) {
		st = confirm_chunk(u, h, i,
		    (struct vl_slice){ h->bytes + from, h->ends[i] - from },
		    &here, err);
		if (st != VL_OK)
			return vl_within(err, "record at %llu",
			    (unsigned long long)h->offset);
		*confirmed += here;
		from = h->ends[i];
	}
	return VL_OK;
}

static enum vl_status
decode_and_confirm(struct vl_sweep_job *j, unsigned worker, struct vl_err *err)
{
	struct vl_unzip **unzip = &j->u->sweep.unzips[worker];
	enum vl_status st = VL_OK;

	if (*unzip == NULL)
		st = vl_unzip_new(unzip, err);
	if (st == VL_OK)
		st = vl_unpack_block_decode(
		    &j->u->blocks, j->block, &j->stored, *unzip, err);
	return st == VL_OK ?
	    vl_unpack_block_confirm(j->u, j->block, &j->confirmed, err) :
	    st;
}

static enum vl_status
run(struct vl_job *job, unsigned worker)
{
	struct vl_sweep_job *j = (struct vl_sweep_job *)job;
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st;

	st = decode_and_confirm(j, worker, &job->err);
	if (st != VL_OK) {
		vl_file_name(name, VL_FILE_PACK, j->pack);
		(void)vl_within(&job->err, "%s", name);
	}
	vl_unpack_block_settle(&j->u->blocks, j->block, st, &job->err);
	vl_unpack_block_drop(&j->u->blocks, j->block);
	atomic_store(&j->done, true);
	return st;
}

static enum vl_status
wait_for(struct vl_unpack *u, struct vl_sweep_job *j, struct vl_err *err)
{
	enum vl_status st;

	if (!j->submitted)
		return VL_OK;
	j->submitted = false;
	st = vl_pool_wait(u->pool, &j->job, err);
	u->sweep.confirmed += j->confirmed;
	return st;
}

/* Copy the record, which the next frame overwrites, and submit it. */
static enum vl_status
submit(struct vl_unpack *u, struct vl_sweep_job *j, const struct vl_stored *s,
    struct vl_err *err)
{
	enum vl_status st;

	vl_buf_clear(&j->bytes);
	st = vl_buf_reserve(&j->bytes, s->table.n + s->stored.n, err);
	if (st == VL_OK)
		st = vl_buf_add(&j->bytes, s->table, err);
	if (st == VL_OK)
		st = vl_buf_add(&j->bytes, s->stored, err);
	if (st == VL_OK)
		st = vl_unpack_block_take(
		    &u->blocks, u->sweep.pack, s->offset, &j->block, err);
	if (st != VL_OK)
		return st;
	j->pack = u->sweep.pack;
	j->stored = *s;
	j->stored.table.p = j->bytes.p;
	j->stored.stored.p = j->bytes.p + s->table.n;
	j->confirmed = 0;
	j->submitted = true;
	atomic_store(&j->done, false);
	memset(&j->job, 0, sizeof(j->job));
	j->job.run = run;
	vl_pool_submit(u->pool, &j->job);
	return VL_OK;
}

static enum vl_status
open_pack(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_sweep *s = &u->sweep;
	uint32_t frames = u->inner.pack_frames[s->pack - 1];
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st;

	st = vl_unpack_file(u, VL_FILE_PACK, s->pack, &s->r, err);
	if (st != VL_OK)
		return st;
	s->reached = 0;
	if (vl_stream_r_frames(s->r) != frames) {
		vl_file_name(name, VL_FILE_PACK, s->pack);
		return vl_fail(err, VL_EAUTH,
		    "%s: %u frames where the inner head says %u", name,
		    vl_stream_r_frames(s->r), frames);
	}
	return VL_OK;
}

/* Submit one more block, or go on to the next pack, or end. */
static enum vl_status
step(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_sweep *s = &u->sweep;
	struct vl_sweep_job *j = &s->jobs[s->next];
	struct vl_stored stored = { 0 };
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st = VL_OK;
	bool end = false;

	st = wait_for(u, j, err);
	if (st == VL_OK && s->r == NULL)
		st = open_pack(u, err);
	if (st == VL_OK)
		st = vl_stream_r_next(s->r, &stored, &end, err);
	if (st != VL_OK)
		return st;
	if (end) {
		vl_stream_r_free(s->r);
		s->r = NULL;
		s->ended = s->pack == u->inner.npacks;
		s->pack++;
		s->reached = 0;
		return VL_OK;
	}
	if (stored.head.kind != VL_RECORD_BLOCK) {
		vl_file_name(name, VL_FILE_PACK, s->pack);
		return vl_fail(err, VL_EFORMAT,
		    "%s: record at %llu is not a block of chunks", name,
		    (unsigned long long)stored.offset);
	}
	st = vl_unpack_count(u, &stored, err);
	if (st == VL_OK)
		st = submit(u, j, &stored, err);
	if (st != VL_OK)
		return st;
	s->chunks += stored.head.items;
	s->reached = stored.offset + 1;
	s->next = (s->next + 1) % s->njobs;
	return VL_OK;
}

static bool
reached(const struct vl_sweep *s, uint32_t pack, uint64_t offset)
{
	return s->ended || pack < s->pack ||
	    (pack == s->pack && offset < s->reached);
}

/* How many of the blocks under way stand behind this place. */
static size_t
ahead(const struct vl_sweep *s, uint32_t pack, uint64_t offset)
{
	const struct vl_sweep_job *j;
	size_t n = 0;
	size_t i;

	for (i = 0; i < s->njobs; i++) {
		j = &s->jobs[i];
		if (j->submitted &&
		    (j->pack > pack ||
		        (j->pack == pack && j->stored.offset > offset)))
			n++;
	}
	return n;
}

enum vl_status
vl_sweep_to(
    struct vl_unpack *u, uint32_t pack, uint64_t offset, struct vl_err *err)
{
	struct vl_sweep *s = &u->sweep;
	enum vl_status st = VL_OK;
	size_t i;

	while (st == VL_OK && !reached(s, pack, offset))
		st = step(u, err);
	for (i = ahead(s, pack, offset); st == VL_OK && i < AHEAD; i++) {
		if (s->ended || !atomic_load(&s->jobs[s->next].done))
			break;
		st = step(u, err);
	}
	return st;
}

enum vl_status
vl_sweep_end(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_sweep *s = &u->sweep;
	enum vl_status st = VL_OK;
	size_t i;

	while (st == VL_OK && !s->ended)
		st = step(u, err);
	for (i = 0; st == VL_OK && i < s->njobs; i++)
		st = wait_for(u, &s->jobs[(s->next + i) % s->njobs], err);
	if (st != VL_OK)
		return st;
	if (s->confirmed != u->map.rows)
		return vl_fail(err, VL_EFORMAT,
		    "%llu rows of the chunk map name no chunk",
		    (unsigned long long)(u->map.rows - s->confirmed));
	if (s->chunks != u->inner.chunks)
		return vl_fail(err, VL_EAUTH,
		    "%llu chunks where the inner head says %llu",
		    (unsigned long long)s->chunks,
		    (unsigned long long)u->inner.chunks);
	return VL_OK;
}

void
vl_sweep_free(struct vl_unpack *u)
{
	struct vl_sweep *s = &u->sweep;
	struct vl_err ignored;
	size_t i;

	for (i = 0; i < s->njobs; i++) {
		(void)wait_for(u, &s->jobs[i], &ignored);
		vl_buf_free(&s->jobs[i].bytes);
	}
	for (i = 0; i < s->nunzips; i++)
		vl_unzip_free(s->unzips[i]);
	vl_stream_r_free(s->r);
	free(s->unzips);
	free(s->jobs);
}
