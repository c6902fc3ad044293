/*
 * The front of the bundle writer: takes records and bodies in, collects them
 * in batches whose ids the pool computes, and hands these on in order.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/json.h>
#include <valise/secret.h>

#include "parts.h"

/* Only vl_pack_free() may follow a failure. */
static enum vl_status
latch(struct vl_pack *p, enum vl_status st, const struct vl_err *err)
{
	if (st != VL_OK) {
		p->failed = *err;
		p->failed.status = st;
	}
	return st;
}

static enum vl_status
check_latch(const struct vl_pack *p, struct vl_err *err)
{
	if (p->failed.status != VL_OK)
		*err = p->failed;
	return p->failed.status;
}

static struct batch *
current(struct vl_pack *p)
{
	return &p->batches[p->current];
}

enum vl_status
pack_stream(struct vl_pack *p, enum vl_file_type type, uint32_t number,
    struct vl_stream_w **out, struct vl_err *err)
{
	struct vl_stream_opts opts = {
		.dirfd = p->dirfd,
		.type = type,
		.frame_log2 = p->opts.frame_log2,
		.first = number,
		.id = p->opts.head.id,
		.root = p->root,
		.level = p->opts.level,
		.pool = p->opts.pool,
		.written = &p->written,
	};

	return vl_stream_w_open(out, &opts, err);
}

static enum vl_status
make_batches(struct vl_pack *p, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = vl_pool_workers(p->opts.pool) + 2;

	p->batches = calloc(n, sizeof(*p->batches));
	if (p->batches == NULL)
		return vl_fail_memory(err);
	while (st == VL_OK && p->nbatches < n)
		st = batch_init(&p->batches[p->nbatches++], p->opts.ids, err);
	return st;
}

/* The directory that shows what is in it is no bundle yet. */
static enum vl_status
make_par(struct vl_pack *p, struct vl_err *err)
{
	char id[9];

	p->parent = open(p->opts.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->parent < 0 && (errno == ENOENT || errno == ENOTDIR))
		return vl_fail(err, VL_ETEMP,
		    "there is no directory '%s': is the medium there?",
		    p->opts.dir);
	if (p->parent < 0)
		return vl_fail_errno(err, "cannot open '%s'", p->opts.dir);
	(void)snprintf(p->par, sizeof(p->par), "%s.par",
	    vl_base32(id, p->opts.head.id, 5));
	if (mkdirat(p->parent, p->par, 0755) != 0)
		return vl_fail_errno(
		    err, "cannot make '%s' in '%s'", p->par, p->opts.dir);
	p->made = true;
	p->dirfd = openat(
	    p->parent, p->par, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (p->dirfd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s' in '%s'", p->par, p->opts.dir);
	return VL_OK;
}

static enum vl_status
open_all(struct vl_pack *p, struct vl_err *err)
{
	enum vl_status st;

	/* First: Argon2 has given its memory back before ours is taken. */
	st = vl_keys_wrap(&p->keys_text, p->opts.keys, &p->opts.head,
	    p->opts.recipients, p->opts.nrecipients, err);
	if (st != VL_OK)
		return st;
	p->root = vl_secret_alloc(VL_KEY_SIZE);
	if (p->root == NULL)
		return vl_fail_memory(err);
	vl_keys_file_root(p->root, p->opts.keys);
	st = make_batches(p, err);
	if (st == VL_OK)
		st = dedup_init(&p->dedup, err);
	if (st == VL_OK)
		st = map_init(&p->map, p->opts.tempdir, err);
	if (st == VL_OK)
		st = drain_begin(p, err);
	if (st == VL_OK)
		st = make_par(p, err);
	if (st == VL_OK)
		st = pack_stream(p, VL_FILE_INDEX, 2, &p->index, err);
	return st;
}

enum vl_status
vl_pack_open(
    struct vl_pack **out, const struct vl_pack_opts *opts, struct vl_err *err)
{
	struct vl_pack *p;
	enum vl_status st;

	*out = NULL;
	if (!opts->keys->has_tk)
		return vl_fail(
		    err, VL_EUSAGE, "a bundle needs the transfer key");
	p = aligned_alloc(_Alignof(struct vl_pack), sizeof(*p));
	if (p == NULL)
		return vl_fail_memory(err);
	memset(p, 0, sizeof(*p));
	p->opts = *opts;
	p->opts.head.frame_log2 = opts->frame_log2;
	p->parent = -1;
	p->dirfd = -1;
	lists_init(&p->drain.lists, opts->tempdir);
	st = open_all(p, err);
	if (st != VL_OK) {
		vl_pack_free(p);
		return st;
	}
	*out = p;
	return VL_OK;
}

/* Hand the current batch on; what it has not decided goes to the next. */
static enum vl_status
close_batch(struct vl_pack *p, struct vl_err *err)
{
	struct batch *b = current(p);
	struct batch *next;
	enum vl_status st;

	p->current = (p->current + 1) % p->nbatches;
	next = current(p);
	st = drain_batch(p, next, err);
	if (st != VL_OK)
		return st;
	if (b->used > b->cut)
		memcpy(next->bytes, b->bytes + b->cut, b->used - b->cut);
	next->used = b->used - b->cut;
	b->used = b->cut;
	vl_merkle_init(&b->merkle, p->leaves);
	p->leaves += b->nlines;
	b->busy = true;
	vl_pool_submit(p->opts.pool, &b->job);
	p->begun_before = true;
	p->mark_steps = 0;
	p->mark_bytes = 0;
	return VL_OK;
}

enum vl_status
pack_flush(struct vl_pack *p, struct vl_err *err)
{
	enum vl_status st;
	size_t i;

	st = close_batch(p, err);
	for (i = 1; i < p->nbatches && st == VL_OK; i++)
		st = drain_batch(
		    p, &p->batches[(p->current + i) % p->nbatches], err);
	return st;
}

/* Number the source group of `line`: (resource, collection). */
static enum vl_status
find_group(struct vl_pack *p, struct vl_slice line, struct vl_err *err)
{
	static const char *const members[] = { "r", "c" };
	struct vl_buf name = { 0 };
	enum vl_status st;
	size_t at;
	size_t i;

	line.n--; /* the LF */
	st = vl_json_parse(&p->json, line, err);
	for (i = 0; i < 2 && st == VL_OK; i++) {
		at = vl_json_member(&p->json, 0, members[i]);
		if (at != VL_JSON_NONE)
			st = vl_buf_add(&name, p->json.items[at].raw, err);
		/* A raw string holds no quote that is not escaped. */
		if (st == VL_OK)
			st = vl_buf_add_text(&name, "\"", err);
	}
	if (st == VL_OK &&
	    !vl_slice_equal(
	        vl_buf_slice(&name), vl_buf_slice(&p->group_name))) {
		vl_buf_clear(&p->group_name);
		st = vl_buf_add(&p->group_name, vl_buf_slice(&name), err);
		p->group++;
	}
	vl_buf_free(&name);
	return st;
}

static enum vl_status
begin_body(struct vl_pack *p, const struct vl_record *rec, struct vl_err *err)
{
	struct batch *b = current(p);
	struct step *s = NULL;
	enum vl_status st;

	if (rec->hash_at == 0 || rec->hash_at > rec->line.n ||
	    rec->line.n - rec->hash_at < VL_CONTENT_HASH_TEXT)
		return vl_fail(err, VL_EUSAGE,
		    "a record with a body has no room for its hash");
	st = find_group(p, rec->line, err);
	if (st != VL_OK)
		return st;
	vl_buf_clear(&p->line);
	st = vl_buf_add(&p->line, rec->line, err);
	if (st != VL_OK)
		return st;
	p->hash_at = rec->hash_at;
	p->in_body = true;
	p->got = 0;
	p->begun_before = false;
	p->mark_steps = b->nsteps;
	p->mark_bytes = b->used;
	vl_split_begin(&p->split, vl_ids_chunker(p->opts.ids), rec->body_size);
	st = batch_step(b, STEP_BODY, &s, err);
	if (st != VL_OK)
		return st;
	s->group = p->group;
	s->at = rec->body_size;
	return VL_OK;
}

/* Until the body is over.  That a line without any, nor a body, wants none is
 * looked at when its batch is drained. */
static enum vl_status
hold_tokens(struct vl_pack *p, const struct vl_record *rec, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&p->tokens);
	p->ntokens = rec->ntokens;
	if (rec->ntokens == 0 && !rec->has_body)
		return VL_OK;
	st = tokens_check(p, rec, err);
	return st == VL_OK ? tokens_encode(&p->tokens, rec, err) : st;
}

/* A line, and the tokens of its secrets before it. */
static enum vl_status
put_line(
    struct vl_pack *p, struct vl_slice line, size_t hash_at, struct vl_err *err)
{
	struct batch *b = current(p);
	enum vl_status st =
	    batch_tokens(b, vl_buf_slice(&p->tokens), p->ntokens, err);

	return st == VL_OK ? batch_line(b, line, hash_at, err) : st;
}

static enum vl_status
record(struct vl_pack *p, const struct vl_record *rec, struct vl_err *err)
{
	enum vl_status st;

	if (p->in_body)
		return vl_fail(err, VL_EUSAGE, "the body before is not ended");
	if (rec->line.n < 2 || rec->line.n > VL_LINE_MAX ||
	    rec->line.p[rec->line.n - 1] != '\n')
		return vl_fail(err, VL_ELIMIT,
		    "a line of %zu bytes cannot be in a manifest", rec->line.n);
	st = hold_tokens(p, rec, err);
	if (st != VL_OK)
		return st;
	if (rec->has_body)
		return begin_body(p, rec, err);
	st = put_line(p, rec->line, 0, err);
	if (st == VL_OK && batch_full(current(p)))
		st = close_batch(p, err);
	return st;
}

enum vl_status
vl_pack_record(
    struct vl_pack *p, const struct vl_record *rec, struct vl_err *err)
{
	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	return latch(p, record(p, rec, err), err);
}

enum vl_status
vl_pack_body_room(
    struct vl_pack *p, uint8_t **room, size_t *n, struct vl_err *err)
{
	struct batch *b = current(p);

	*room = NULL;
	*n = 0;
	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	/* Never 0: as many undecided bytes as a batch holds are decided. */
	*room = b->bytes + b->used;
	*n = b->cap - b->used;
	return VL_OK;
}

static enum vl_status
fill(struct vl_pack *p, size_t n, struct vl_err *err)
{
	struct batch *b = current(p);
	enum vl_status st;

	if (!p->in_body || n > b->cap - b->used)
		return vl_fail(err, VL_EUSAGE, "there is no room to fill");
	if (n > p->split.size - p->got)
		return vl_fail(err, VL_EIO,
		    "a body is longer than the %llu bytes its line says",
		    (unsigned long long)p->split.size);
	p->got += n;
	b->used += n;
	st = batch_cut(b, &p->split, err);
	if (st == VL_OK && batch_full(b))
		st = close_batch(p, err);
	return st;
}

enum vl_status
vl_pack_body_fill(struct vl_pack *p, size_t n, struct vl_err *err)
{
	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	p->totals.body_bytes += n;
	return latch(p, fill(p, n, err), err);
}

static enum vl_status
skip(struct vl_pack *p, uint64_t n, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct batch *b;
	uint64_t skipped;
	size_t part;

	if (!p->in_body || n > p->split.size - p->got)
		return vl_fail(err, VL_EIO,
		    "a hole is longer than the body its line says");
	while (n > 0 && st == VL_OK) {
		b = current(p);
		if (b->used == b->cut) {
			skipped = vl_split_skip(&p->split, n);
			p->got += skipped;
			n -= skipped;
		}
		if (n == 0)
			break;
		/* To the next block; one whole block decides on the rest. */
		part = VL_ZERO_BLOCK - (size_t)(p->got % VL_ZERO_BLOCK);
		if (part > n)
			part = (size_t)n;
		memset(b->bytes + b->used, 0, part);
		st = fill(p, part, err);
		n -= part;
	}
	return st;
}

enum vl_status
vl_pack_body_skip(struct vl_pack *p, uint64_t n, struct vl_err *err)
{
	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	return latch(p, skip(p, n, err), err);
}

static enum vl_status
end_body(struct vl_pack *p, struct vl_err *err)
{
	struct batch *b = current(p);
	enum vl_status st;

	if (!p->in_body || p->got != p->split.size)
		return vl_fail(err, VL_EIO,
		    "a body ends after %llu of the %llu bytes its line says",
		    (unsigned long long)p->got,
		    (unsigned long long)p->split.size);
	p->in_body = false;
	st = put_line(p, vl_buf_slice(&p->line), p->hash_at, err);
	if (st == VL_OK && batch_full(b))
		st = close_batch(p, err);
	return st;
}

enum vl_status
vl_pack_body_end(struct vl_pack *p, struct vl_err *err)
{
	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	return latch(p, end_body(p, err), err);
}

enum vl_status
vl_pack_body_abort(struct vl_pack *p, struct vl_err *err)
{
	struct batch *b = current(p);
	struct step *s = NULL;
	enum vl_status st = VL_OK;

	if (check_latch(p, err) != VL_OK)
		return p->failed.status;
	if (!p->in_body)
		return latch(
		    p, vl_fail(err, VL_EUSAGE, "no body is open"), err);
	p->in_body = false;
	b->nsteps = p->mark_steps;
	b->used = p->mark_bytes;
	b->cut = p->mark_bytes;
	if (p->begun_before)
		st = batch_step(b, STEP_DROP, &s, err);
	return latch(p, st, err);
}

void
vl_pack_totals(const struct vl_pack *p, struct vl_pack_totals *totals)
{
	*totals = p->totals;
	totals->stored_bytes = p->written;
}

void
vl_pack_free(struct vl_pack *p)
{
	struct vl_err ignored;
	size_t i;

	if (p == NULL)
		return;
	for (i = 0; i < p->nbatches; i++) {
		if (p->batches[i].busy)
			(void)vl_pool_wait(
			    p->opts.pool, &p->batches[i].job, NULL);
		batch_free(&p->batches[i]);
	}
	free(p->batches);
	vl_stream_w_free(p->packs);
	vl_stream_w_free(p->index);
	vl_stream_w_free(p->first);
	if (p->dirfd >= 0)
		(void)close(p->dirfd);
	/* What cannot be removed is called .par, which no reader takes. */
	if (p->made)
		(void)vl_remove_tree(p->parent, p->par, &ignored);
	if (p->parent >= 0)
		(void)close(p->parent);
	drain_free(&p->drain);
	dedup_free(&p->dedup);
	map_free(&p->map);
	vl_secret_free(p->root);
	vl_buf_free(&p->keys_text);
	vl_buf_free(&p->line);
	vl_buf_free(&p->tokens);
	vl_row_store_free(&p->row);
	vl_entry_store_free(&p->entry);
	vl_buf_free(&p->group_name);
	vl_json_free(&p->json);
	free(p);
}
