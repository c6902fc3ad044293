/* Where a file has no data. */

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <valise/tree.h>

static int
by_place(const void *a, const void *b)
{
	const struct vl_hole *x = a;
	const struct vl_hole *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* The largest first, of equal ones the first first. */
static int
by_size(const void *a, const void *b)
{
	const struct vl_hole *x = a;
	const struct vl_hole *y = b;

	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return by_place(a, b);
}

void
vl_holes_thin(struct vl_buf *holes, size_t max)
{
	const size_t size = sizeof(struct vl_hole);

	if (holes->n / size <= max)
		return;
	qsort(holes->p, holes->n / size, size, by_size);
	holes->n = max * size;
	if (max > 0)
		qsort(holes->p, max, size, by_place);
}

/* They may become twice as many as wanted before the small ones go. */
static bool
keep(struct vl_buf *out, struct vl_hole hole, size_t max)
{
	struct vl_err err = { 0 };

	if (out->n / sizeof(hole) / 2 >= max)
		vl_holes_thin(out, max);
	if (vl_buf_add(out,
	        (struct vl_slice){ (const uint8_t *)&hole, sizeof(hole) },
	        &err) != VL_OK) {
		errno = ENOMEM;
		return false;
	}
	return true;
}

static bool
read_all(struct vl_buf *out, int fd, uint64_t size, size_t max)
{
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
		             max))
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
	vl_holes_thin(out, max);
	if (lseek(fd, from, SEEK_SET) < 0)
		return false;
	errno = saved;
	return good;
}
