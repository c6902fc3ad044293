/* Writing sorted runs, and merging them with a heap. */

#include "runs.h"

#include <valise/fs.h>

#define LENGTH_SIZE 4
#define READ_MAX    (256u << 10) /* more leaves the processor's cache */

enum vl_status
run_flush(struct run_writer *w, struct vl_err *err)
{
	enum vl_status st =
	    vl_pwrite_all(w->fd, (struct vl_slice){ w->p, w->n }, w->at, err);

	if (st != VL_OK)
		return vl_within(err, "temporary file");
	w->at += (off_t)w->n;
	w->n = 0;
	return VL_OK;
}

enum vl_status
run_add(struct run_writer *w, struct vl_slice item, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (RUN_BUFFER_MIN - w->n < LENGTH_SIZE + item.n)
		st = run_flush(w, err);
	if (st != VL_OK)
		return st;
	vl_put_u32le(w->p + w->n, (uint32_t)item.n);
	if (item.n > 0)
		memcpy(w->p + w->n + LENGTH_SIZE, item.p, item.n);
	w->n += LENGTH_SIZE + item.n;
	return VL_OK;
}

/* Have at least `want` bytes from r->next on in the buffer. */
static enum vl_status
refill(struct run_reader *r, size_t want, int fd, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t held = r->n - r->next;
	size_t more = 0;
	size_t got = 0;

	if (held >= want)
		return VL_OK;
	memmove(r->p, r->p + r->next, held);
	r->next = 0;
	r->n = held;
	more = r->cap - held;
	if ((uint64_t)(r->rest.end - r->rest.at) < more)
		more = (size_t)(r->rest.end - r->rest.at);
	st = vl_pread_full(fd, r->p + held, more, r->rest.at, &got, err);
	if (st != VL_OK)
		return vl_within(err, "temporary file");
	if (got < more || held + got < want)
		return vl_fail(err, VL_EIO, "temporary file ends too early");
	r->rest.at += (off_t)got;
	r->n += got;
	return VL_OK;
}

/* Move to the next item; `item.p` is NULL at the end of the run. */
static enum vl_status
advance(struct run_reader *r, int fd, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct vl_rd rd = { 0 };
	uint32_t n = 0;

	r->item = (struct vl_slice){ NULL, 0 };
	if (r->next == r->n && r->rest.at == r->rest.end)
		return VL_OK;
	st = refill(r, LENGTH_SIZE, fd, err);
	if (st != VL_OK)
		return st;
	rd.rest = (struct vl_slice){ r->p + r->next, LENGTH_SIZE };
	n = vl_rd_u32le(&rd);
	if (n > VL_SORT_ITEM_MAX)
		return vl_fail(err, VL_EIO, "temporary file was changed");
	st = refill(r, LENGTH_SIZE + n, fd, err);
	if (st != VL_OK)
		return st;
	r->item = (struct vl_slice){ r->p + r->next + LENGTH_SIZE, n };
	r->next += LENGTH_SIZE + n;
	return VL_OK;
}

/* Let heap[i] sink to its place among the first m->count. */
static void
sink(struct merge *m, size_t i)
{
	struct run_reader *r = m->heap[i];
	size_t child = 0;

	for (;; i = child) {
		child = 2 * i + 1;
		if (child >= m->count)
			break;
		if (child + 1 < m->count &&
		    vl_slice_cmp(
		        m->heap[child + 1]->item, m->heap[child]->item) < 0)
			child++;
		if (vl_slice_cmp(r->item, m->heap[child]->item) <= 0)
			break;
		m->heap[i] = m->heap[child];
	}
	m->heap[i] = r;
}

enum vl_status
merge_start(struct merge *m, const struct run *runs, size_t count, uint8_t *p,
    size_t size, struct vl_err *err)
{
	const size_t cap = size / count < READ_MAX ? size / count : READ_MAX;
	enum vl_status st = VL_OK;
	struct run_reader *r = NULL;
	size_t i = 0;

	m->count = 0;
	m->started = false;
	for (i = 0; i < count; i++) {
		r = &m->reader[i];
		*r = (struct run_reader){
			.rest = runs[i], .p = p + i * cap, .cap = cap
		};
		st = advance(r, m->fd, err);
		if (st != VL_OK)
			return st;
		if (r->item.p != NULL)
			m->heap[m->count++] = r;
	}
	for (i = m->count / 2; i > 0; i--)
		sink(m, i - 1);
	return VL_OK;
}

enum vl_status
merge_next(struct merge *m, struct vl_slice *item, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*item = (struct vl_slice){ NULL, 0 };
	/* Only now: the item given out last stood in this reader's buffer. */
	if (m->started && m->count > 0) {
		st = advance(m->heap[0], m->fd, err);
		if (st != VL_OK)
			return st;
		if (m->heap[0]->item.p == NULL)
			m->heap[0] = m->heap[--m->count];
		if (m->count > 0)
			sink(m, 0);
	}
	m->started = true;
	if (m->count > 0)
		*item = m->heap[0]->item;
	return VL_OK;
}
