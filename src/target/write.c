/*
 * Content into the staging and back: what is recorded as a hole comes back
 * as one, what is none is written even where it is zero, and all of it is
 * read again by a descriptor that did not write it.  Chunks that gear1 does
 * not cut are refused: by them no file would ever be found to be the same.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <valise/chunk.h>
#include <valise/fs.h>

#include "plan.h"

/* Holes of an item, met in ascending order. */
struct holes {
	const struct vl_hole *next;
	size_t n;
};

/* What comes of [at, to) first: data up to the offset returned, or where
 * `*hole` a hole up to there. */
static uint64_t
stretch(struct holes *h, uint64_t at, uint64_t to, bool *hole)
{
	uint64_t end = 0;

	while (h->n > 0 && h->next->at + h->next->n <= at) {
		h->next++;
		h->n--;
	}
	*hole = h->n > 0 && h->next->at <= at;
	end = h->n == 0 ? to : *hole ? h->next->at + h->next->n : h->next->at;
	return end < to ? end : to;
}

static struct holes
holes_of(const struct item *i)
{
	return (struct holes){ (const struct vl_hole *)(const void *)i->holes.p,
		i->holes.n / sizeof(struct vl_hole) };
}

static enum vl_status
write_zeros(int fd, uint64_t at, uint64_t to, struct vl_err *err)
{
	static const uint8_t zeros[VL_ZERO_BLOCK];
	enum vl_status st = VL_OK;
	size_t n = 0;

	for (; at < to && st == VL_OK; at += n) {
		n = to - at < sizeof(zeros) ? (size_t)(to - at) : sizeof(zeros);
		st = vl_pwrite_all(
		    fd, (struct vl_slice){ zeros, n }, (off_t)at, err);
	}
	return st;
}

/* What no chunk covers: zeros, but for holes. */
static enum vl_status
write_gap(struct holes *h, int fd, uint64_t at, uint64_t to, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	uint64_t end = 0;
	bool hole = false;

	for (; at < to && st == VL_OK; at = end) {
		end = stretch(h, at, to, &hole);
		if (!hole)
			st = write_zeros(fd, at, end, err);
	}
	return st;
}

static enum vl_status
write_bytes(struct holes *h, int fd, struct vl_slice bytes, uint64_t at,
    struct vl_err *err)
{
	struct vl_slice part = { NULL, 0 };
	enum vl_status st = VL_OK;
	uint64_t to = at + bytes.n;
	uint64_t end = 0;
	bool hole = false;

	for (; at < to && st == VL_OK; at = end) {
		end = stretch(h, at, to, &hole);
		part.p = bytes.p + (bytes.n - (size_t)(to - at));
		part.n = (size_t)(end - at);
		if (!hole)
			st = vl_pwrite_all(fd, part, (off_t)at, err);
		else if (!vl_all_zero(part))
			st = vl_fail(err, VL_EFORMAT,
			    "there is content where its record has a hole");
	}
	return st;
}

enum vl_status
vl_write_segment(struct segment *seg, struct vl_err *err)
{
	struct item *i = seg->item;
	struct holes holes = holes_of(i);
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	uint64_t at = seg->from;
	enum vl_status st = VL_OK;
	size_t k = 0;

	seg->run = (struct vl_chunk_run){ .size = i->after.size };
	for (k = 0; k < seg->n && st == VL_OK; k++) {
		st = write_gap(&holes, seg->fd, at, seg->refs[k].at, err);
		if (st != VL_OK)
			break;
		st = i->body.chunk(
		    i->body.arg, &seg->refs[k], &bytes, &hold, err);
		if (st != VL_OK)
			break;
		if (i->body.cut != NULL)
			st = vl_chunk_run_add(&seg->run, i->body.cut,
			    seg->refs[k].at, bytes, err);
		if (st == VL_OK)
			st = write_bytes(
			    &holes, seg->fd, bytes, seg->refs[k].at, err);
		i->body.release(i->body.arg, hold);
		at = seg->refs[k].at + seg->refs[k].n;
	}
	if (st == VL_OK)
		st = write_gap(&holes, seg->fd, at, seg->to, err);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "cannot stage '%s'", i->path);
}

enum vl_status
vl_write_fail_back(const struct item *i, struct vl_err *err)
{
	return vl_fail(err, VL_EIO,
	    "the staged copy of '%s' reads back differently: the disk or the "
	    "memory of this machine is not to be trusted",
	    i->path);
}

/* What is read back. */
struct back {
	const struct item *item;
	int fd;
	uint8_t *buffer;
};

/* Nothing but zeros from `at` to `to`; holes are not read. */
static enum vl_status
check_zeros(const struct back *b, uint64_t at, uint64_t to, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t got = 0;
	size_t n = 0;
	off_t data = 0;

	while (at < to) {
		data = lseek(b->fd, (off_t)at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return VL_OK;
		if (data > 0 && (uint64_t)data > at)
			at = (uint64_t)data;
		if (at >= to)
			return VL_OK;
		n = to - at < WORK_BUFFER ? (size_t)(to - at) : WORK_BUFFER;
		st = vl_pread_full(b->fd, b->buffer, n, (off_t)at, &got, err);
		if (st != VL_OK)
			return st;
		if (got != n ||
		    !vl_all_zero((struct vl_slice){ b->buffer, got }))
			return vl_write_fail_back(b->item, err);
		at += n;
	}
	return VL_OK;
}

static enum vl_status
check_chunk(
    const struct back *b, const struct vl_chunk_ref *ref, struct vl_err *err)
{
	const struct item *i = b->item;
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t n = 0;
	size_t got = 0;

	st = i->body.chunk(i->body.arg, ref, &bytes, &hold, err);
	while (st == VL_OK && at < bytes.n) {
		n = bytes.n - at < WORK_BUFFER ? bytes.n - at : WORK_BUFFER;
		st = vl_pread_full(
		    b->fd, b->buffer, n, (off_t)(ref->at + at), &got, err);
		if (st == VL_OK &&
		    (got != n || memcmp(b->buffer, bytes.p + at, n) != 0))
			st = vl_write_fail_back(i, err);
		at += n;
	}
	if (hold != NULL)
		i->body.release(i->body.arg, hold);
	return st;
}

enum vl_status
vl_write_check(
    const struct segment *seg, int fd, uint8_t *buffer, struct vl_err *err)
{
	const struct back b = { seg->item, fd, buffer };
	uint64_t at = seg->from;
	enum vl_status st = VL_OK;
	size_t k = 0;

	for (k = 0; k < seg->n && st == VL_OK; k++) {
		st = check_zeros(&b, at, seg->refs[k].at, err);
		if (st == VL_OK)
			st = check_chunk(&b, &seg->refs[k], err);
		at = seg->refs[k].at + seg->refs[k].n;
	}
	if (st == VL_OK)
		st = check_zeros(&b, at, seg->to, err);
	return st;
}
