/*
 * Bodies and lines as they come, put together until there is work enough for
 * one job: the ids of the chunks, and the hashes of lines that are whole.
 */

#include <stdlib.h>
#include <string.h>

#include "parts.h"

/* So that there is always a decent piece to read into. */
#define ROOM_MIN (256u << 10)

#define LINES_AT_ONCE 1024 /* that are hashed */

bool
batch_has_none(const struct batch *b, size_t line)
{
	return b->steps[line].hash_at == 0 &&
	    (line == 0 || b->steps[line - 1].kind != STEP_TOKENS);
}

static enum vl_status
compute(struct vl_job *job, unsigned worker)
{
	struct batch *b = (struct batch *)job;
	struct vl_slice lines[LINES_AT_ONCE];
	struct step *s;
	size_t n = 0;
	size_t i;

	(void)worker;
	for (i = 0; i < b->nsteps; i++) {
		s = &b->steps[i];
		if (s->kind == STEP_CHUNK)
			vl_ids_chunk(b->ids, s->id,
			    (struct vl_slice){ b->bytes + s->from, s->n });
		if (s->kind != STEP_LINE)
			continue;
		if (!b->doubt && batch_has_none(b, i))
			b->doubt = tokens_may_want(
			    (struct vl_slice){ b->text.p + s->from, s->n });
		if (b->late)
			continue;
		lines[n++] = (struct vl_slice){ b->text.p + s->from, s->n };
		if (n == LINES_AT_ONCE) {
			vl_merkle_add_all(&b->merkle, b->ids, lines, n);
			n = 0;
		}
	}
	vl_merkle_add_all(&b->merkle, b->ids, lines, n);
	return VL_OK;
}

enum vl_status
batch_init(struct batch *b, const struct vl_ids *ids, struct vl_err *err)
{
	b->job.run = compute;
	b->ids = ids;
	b->cap =
	    BATCH_TARGET + ROOM_MIN + VL_SPLIT_WINDOW(vl_ids_chunker(ids)->max);
	b->bytes = malloc(b->cap);
	return b->bytes == NULL ? vl_fail_memory(err) : VL_OK;
}

void
batch_free(struct batch *b)
{
	free(b->bytes);
	free(b->steps);
	vl_buf_free(&b->text);
	vl_buf_free(&b->tokens);
}

void
batch_clear(struct batch *b)
{
	vl_buf_clear(&b->text);
	vl_buf_clear(&b->tokens);
	b->nlines = 0;
	b->late = false;
	b->doubt = false;
	b->nsteps = 0;
	b->cut = 0;
	b->used = 0;
}

enum vl_status
batch_step(
    struct batch *b, enum step_kind kind, struct step **out, struct vl_err *err)
{
	struct step *steps;
	size_t cap = 2 * b->cap_steps + 256;

	if (b->nsteps == b->cap_steps) {
		steps = reallocarray(b->steps, cap, sizeof(*steps));
		if (steps == NULL)
			return vl_fail_memory(err);
		b->steps = steps;
		b->cap_steps = cap;
	}
	*out = &b->steps[b->nsteps++];
	**out = (struct step){ .kind = kind };
	return VL_OK;
}

enum vl_status
batch_line(
    struct batch *b, struct vl_slice line, size_t hash_at, struct vl_err *err)
{
	struct step *s = NULL;
	enum vl_status st;

	st = batch_step(b, STEP_LINE, &s, err);
	if (st != VL_OK)
		return st;
	s->from = b->text.n;
	s->n = line.n;
	s->hash_at = hash_at;
	b->nlines++;
	b->late = b->late || hash_at != 0;
	return vl_buf_add(&b->text, line, err);
}

enum vl_status
batch_tokens(
    struct batch *b, struct vl_slice items, size_t n, struct vl_err *err)
{
	struct step *s = NULL;
	enum vl_status st = VL_OK;

	if (n == 0)
		return VL_OK;
	st = batch_step(b, STEP_TOKENS, &s, err);
	if (st != VL_OK)
		return st;
	s->from = b->tokens.n;
	s->n = items.n;
	s->at = n;
	return vl_buf_add(&b->tokens, items, err);
}

enum vl_status
batch_cut(struct batch *b, struct vl_split *split, struct vl_err *err)
{
	struct step *s = NULL;
	struct vl_cut cut;
	enum vl_status st;
	bool found;

	for (;;) {
		found = vl_split_next(split,
		    (struct vl_slice){ b->bytes + b->cut, b->used - b->cut },
		    &cut);
		b->cut += cut.skipped;
		if (!found)
			break;
		st = batch_step(b, STEP_CHUNK, &s, err);
		if (st != VL_OK)
			return st;
		s->at = cut.at;
		s->zeros = cut.zeros;
		s->from = b->cut;
		s->n = cut.n;
		b->cut += cut.n;
	}
	/* Zeros behind the last chunk give their room back. */
	if (cut.skipped > 0 && b->cut == b->used) {
		b->cut -= cut.skipped;
		b->used = b->cut;
	}
	return VL_OK;
}

bool
batch_full(const struct batch *b)
{
	return b->cut >= BATCH_TARGET || b->text.n >= BATCH_TARGET ||
	    b->tokens.n >= BATCH_TARGET || b->nsteps >= BATCH_STEPS;
}
