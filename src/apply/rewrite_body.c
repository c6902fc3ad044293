/*
 * Bodies of files that were read to be rewritten: as they came, out of the
 * chunks that were read and those that were not, or what became of them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/crypt.h>
#include <valise/fs.h>
#include <valise/secret.h>

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

/* Of a piece that begins at this byte of the file: none does twice. */
static void
nonce_of(uint8_t nonce[VL_NONCE_SIZE], uint64_t at)
{
	memset(nonce, 0, VL_NONCE_SIZE);
	vl_put_u64le(nonce, at);
}

enum vl_status
rewrite_keep(
    struct vl_rewrites *rw, struct vl_slice content, struct vl_err *err)
{
	const struct vl_slice no_ad = { 0 };
	uint8_t nonce[VL_NONCE_SIZE];
	uint8_t *sealed = malloc(PIECE + VL_TAG_SIZE);
	struct vl_slice piece = { content.p, 0 };
	enum vl_status st = sealed == NULL ? vl_fail_memory(err) : VL_OK;

	rw->from = rw->end;
	rw->at = 0;
	rw->size = content.n;
	while (st == VL_OK && content.n > 0) {
		piece.p = content.p;
		piece.n = content.n < PIECE ? content.n : PIECE;
		nonce_of(nonce, rw->end);
		vl_aead_seal(sealed, piece, no_ad, nonce, rw->key);
		piece.p = sealed;
		content.p += piece.n;
		content.n -= piece.n;
		piece.n += VL_TAG_SIZE;
		st = rewrite_aside(rw, &rw->fd, piece, rw->end, err);
		rw->end += piece.n;
	}
	free(sealed);
	return st;
}

static enum vl_status
new_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	struct vl_rewrites *rw = arg;
	uint64_t left = 0;

	(void)err;
	for (*n = 0; *n < max && rw->at < rw->size; (*n)++) {
		left = rw->size - rw->at;
		refs[*n] = (struct vl_chunk_ref){ .at = rw->at,
			.n = left < PIECE ? (uint32_t)left : PIECE,
			.offset = rw->from };
		rw->at += refs[*n].n;
		rw->from += refs[*n].n + VL_TAG_SIZE;
	}
	return VL_OK;
}

/* A piece of new content, wiped when it is released. */
struct held {
	size_t n;
	uint8_t bytes[];
};

static void
new_release(void *arg, void *hold)
{
	struct held *held = hold;

	(void)arg;
	if (held != NULL)
		vl_secret_wipe(held->bytes, held->n);
	free(held);
}

static enum vl_status
new_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	const struct vl_slice no_ad = { 0 };
	const struct vl_rewrites *rw = arg;
	const size_t n = ref->n + VL_TAG_SIZE;
	struct held *held = malloc(sizeof(*held) + ref->n);
	uint8_t *sealed = malloc(n);
	uint8_t nonce[VL_NONCE_SIZE];
	size_t got = 0;
	enum vl_status st = VL_OK;

	*hold = NULL;
	if (held == NULL || sealed == NULL)
		st = vl_fail_memory(err);
	else
		st = vl_pread_full(
		    rw->fd, sealed, n, (off_t)ref->offset, &got, err);
	nonce_of(nonce, ref->offset);
	if (st == VL_OK &&
	    (got != n ||
	        !vl_aead_open(held->bytes, (struct vl_slice){ sealed, n },
	            no_ad, nonce, rw->key)))
		st = vl_fail(err, VL_EIO,
		    "a temporary file reads back differently than written");
	free(sealed);
	if (st != VL_OK) {
		free(held);
		return st;
	}
	held->n = ref->n;
	*bytes = (struct vl_slice){ held->bytes, held->n };
	*hold = held;
	return VL_OK;
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
rewrite_serve_new(struct vl_rewrites *rw, struct vl_body *body, bool secret)
{
	*body = (struct vl_body){ .arg = rw,
		.secret = secret,
		.part = new_part,
		.chunk = new_chunk,
		.release = new_release };
}
