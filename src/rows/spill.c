/* An unnamed file that only grows. */

#include <string.h>
#include <unistd.h>

#include <valise/fs.h>

#include "spill.h"

#define TAIL_MAX 65536

void
spill_init(struct spill *f, const char *dir, const char *what)
{
	*f = (struct spill){ .dir = dir, .what = what, .fd = -1 };
}

void
spill_free(struct spill *f)
{
	vl_buf_free(&f->tail);
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

uint64_t
spill_end(const struct spill *f)
{
	return f->written + f->tail.n;
}

/* Once its end has grown. */
enum vl_status
spill_flush(struct spill *f, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (f->tail.n < TAIL_MAX)
		return VL_OK;
	if (f->fd < 0)
		st = vl_temp_file(&f->fd, f->dir, err);
	if (st == VL_OK)
		st = vl_pwrite_all(
		    f->fd, vl_buf_slice(&f->tail), (off_t)f->written, err);
	if (st != VL_OK)
		return vl_within(err, "cannot keep %s", f->what);
	f->written += f->tail.n;
	vl_buf_clear(&f->tail);
	return VL_OK;
}

enum vl_status
spill_read(const struct spill *f, uint64_t at, uint8_t *p, size_t n,
    struct vl_err *err)
{
	size_t there = 0;
	size_t got = 0;
	enum vl_status st = VL_OK;

	if (at < f->written)
		there = f->written - at < n ? (size_t)(f->written - at) : n;
	if (there > 0)
		st = vl_pread_full(f->fd, p, there, (off_t)at, &got, err);
	if (st == VL_OK && got < there)
		st = vl_fail(err, VL_EIO, "it ends early");
	if (st != VL_OK)
		return vl_within(err, "cannot read %s", f->what);
	if (n > there)
		memcpy(p + there, f->tail.p + (at + there - f->written),
		    n - there);
	return VL_OK;
}
