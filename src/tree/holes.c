/* Where a file has no data. */

#include <errno.h>
#include <unistd.h>

#include <valise/tree.h>

/* Forget all holes of fewer than `least` bytes. */
static void
drop_below(struct vl_buf *out, uint64_t least)
{
	struct vl_hole *hole = (void *)out->p;
	const size_t n = out->n / sizeof(*hole);
	size_t kept = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (hole[i].n >= least)
			hole[kept++] = hole[i];
	out->n = kept * sizeof(*hole);
}

/*
 * Keep a hole unless it is too small; when there are too many, all those
 * below the next power of two go.  As `*least` only rises when that many are
 * at least as large, the outcome is that of thinning all of them at once.
 */
static bool
keep(struct vl_buf *out, struct vl_hole hole, size_t max, uint64_t *least)
{
	struct vl_err err = { 0 };

	if (hole.n < *least)
		return true;
	if (vl_buf_add(out,
	        (struct vl_slice){ (const uint8_t *)&hole, sizeof(hole) },
	        &err) != VL_OK) {
		errno = ENOMEM;
		return false;
	}
	while (out->n / sizeof(hole) > max) {
		*least *= 2;
		drop_below(out, *least);
	}
	return true;
}

static bool
read_all(struct vl_buf *out, int fd, uint64_t size, size_t max)
{
	uint64_t least = 1;
	uint64_t at = 0;
	off_t hole = 0;
	off_t data = 0;

	while (at < size) {
		hole = lseek(fd, (off_t)at, SEEK_HOLE);
		/* EINVAL: it cannot tell; ENXIO: the file is shorter now. */
		if (hole < 0)
			return errno == EINVAL || errno == ENXIO;
		if ((uint64_t)hole >= size)
			return true;
		data = lseek(fd, hole, SEEK_DATA);
		if (data < 0 && errno != ENXIO)
			return false;
		at = data < 0 || (uint64_t)data > size ? size : (uint64_t)data;
		if (at <= (uint64_t)hole) /* it was filled just now */
			at = (uint64_t)hole + 1;
		else if (!keep(out,
		             (struct vl_hole){
		                 (uint64_t)hole, at - (uint64_t)hole },
		             max, &least))
			return false;
	}
	return true;
}

bool
vl_holes_read(struct vl_buf *out, int fd, uint64_t size, size_t max)
{
	const off_t from = lseek(fd, 0, SEEK_CUR);
	bool good = false;
	int saved = 0;

	vl_buf_clear(out);
	if (from < 0)
		return false;
	good = max == 0 || read_all(out, fd, size, max);
	saved = errno;
	if (lseek(fd, from, SEEK_SET) < 0)
		return false;
	errno = saved;
	return good;
}
