/*
 * Bodies of files that were read to be rewritten: as they came, out of the
 * chunks that were read and those that were not, or what became of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "rewrite.h"

enum vl_status
rewrite_aside(struct vl_rewrites *rw, int *fd, struct vl_slice bytes,
    uint64_t at, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (*fd < 0)
		st = vl_temp_file(fd, rw->tempdir, err);
	if (st != VL_OK)
		return st;
	st = vl_pwrite_all(*fd, bytes, (off_t)at, err);
	if (st != VL_OK)
		return vl_within(err, "temporary file in '%s'", rw->tempdir);
	return VL_OK;
}

static enum vl_status
new_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	struct vl_rewrites *rw = arg;
	uint64_t left = 0;

	(void)err;
	for (*n = 0; *n < max && rw->from < rw->end; (*n)++) {
		left = rw->end - rw->from;
		refs[*n] = (struct vl_chunk_ref){ .at = rw->at,
			.n = left < PIECE ? (uint32_t)left : PIECE,
			.offset = rw->from };
		rw->at += refs[*n].n;
		rw->from += refs[*n].n;
	}
	return VL_OK;
}

static enum vl_status
new_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	const struct vl_rewrites *rw = arg;
	uint8_t *p = malloc(ref->n);
	size_t got = 0;
	enum vl_status st = VL_OK;

	*hold = NULL;
	if (p == NULL)
		return vl_fail_memory(err);
	st = vl_pread_full(rw->fd, p, ref->n, (off_t)ref->offset, &got, err);
	if (st == VL_OK && got != ref->n)
		st = vl_fail(
		    err, VL_EIO, "a temporary file is shorter than written");
	if (st != VL_OK) {
		free(p);
		return st;
	}
	*bytes = (struct vl_slice){ p, ref->n };
	*hold = p;
	return VL_OK;
}

static void
new_release(void *arg, void *hold)
{
	(void)arg;
	free(hold);
}

/* Chunks that were put aside. */
static enum vl_status
give_more(struct vl_rewrites *rw, struct vl_chunk_ref *refs, size_t max,
    size_t *n, struct vl_err *err)
{
	const uint64_t from = rw->given - rw->nrefs;
	size_t want = rw->nmore - from < max ? (size_t)(rw->nmore - from) : max;
	size_t got = 0;
	enum vl_status st = vl_pread_full(rw->more_fd, (uint8_t *)refs,
	    want * sizeof(*refs), (off_t)(from * sizeof(*refs)), &got, err);

	if (st == VL_OK && got != want * sizeof(*refs))
		st = vl_fail(
		    err, VL_EIO, "a temporary file is shorter than written");
	if (st != VL_OK)
		return st;
	*n = want;
	rw->given += want;
	return VL_OK;
}

/* The body as it came, from its start. */
static enum vl_status
old_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	struct vl_rewrites *rw = arg;

	for (*n = 0; *n < max && rw->given < rw->nrefs; (*n)++)
		refs[*n] = rw->refs[rw->given++];
	if (*n > 0)
		return VL_OK;
	if (rw->given < rw->nrefs + rw->nmore)
		return give_more(rw, refs, max, n, err);
	if (rw->ended)
		return VL_OK;
	return rw->body.part(rw->body.arg, refs, max, n, err);
}

static enum vl_status
old_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	const struct vl_rewrites *rw = arg;

	return rw->body.chunk(rw->body.arg, ref, bytes, hold, err);
}

static void
old_release(void *arg, void *hold)
{
	const struct vl_rewrites *rw = arg;

	rw->body.release(rw->body.arg, hold);
}

void
rewrite_serve_old(struct vl_rewrites *rw, struct vl_body *body)
{
	*body = (struct vl_body){ .arg = rw,
		.part = old_part,
		.chunk = old_chunk,
		.release = old_release,
		.cut = rw->body.cut };
}

void
rewrite_serve_new(struct vl_rewrites *rw, struct vl_body *body)
{
	*body = (struct vl_body){ .arg = rw,
		.part = new_part,
		.chunk = new_chunk,
		.release = new_release };
}
