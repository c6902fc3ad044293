/*
 * Slices, growing buffers, and the little-endian reader with its latched
 * failure.
 */

#include <stdarg.h>

#include <valise/bytes.h>

struct vl_slice
vl_buf_slice(const struct vl_buf *buf)
{
	return (struct vl_slice){ buf->p, buf->n };
}

int
vl_slice_cmp(struct vl_slice a, struct vl_slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

enum vl_status
vl_buf_reserve(struct vl_buf *b, size_t more, struct vl_err *err)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;
	uint8_t *p = NULL;

	if (b->cap - b->n >= more && b->p != NULL)
		return VL_OK;
	if (more > (size_t)PTRDIFF_MAX - b->n)
		return vl_fail_memory(err);
	/* n + more is at most PTRDIFF_MAX, so doubling cannot wrap. */
	while (cap < b->n + more)
		cap *= 2;
	p = realloc(b->p, cap);
	if (p == NULL)
		return vl_fail_memory(err);
	b->p = p;
	b->cap = cap;
	return VL_OK;
}

enum vl_status
vl_buf_add(struct vl_buf *b, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st = vl_buf_reserve(b, bytes.n, err);

	if (st != VL_OK)
		return st;
	if (bytes.n > 0)
		memcpy(b->p + b->n, bytes.p, bytes.n);
	b->n += bytes.n;
	return VL_OK;
}

enum vl_status
vl_buf_add_text(struct vl_buf *b, const char *text, struct vl_err *err)
{
	return vl_buf_add(b, vl_slice_of(text), err);
}

enum vl_status
vl_buf_printf(struct vl_buf *b, struct vl_err *err, const char *format, ...)
{
	enum vl_status st = VL_OK;
	va_list args;
	int n = 0;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		return vl_fail_errno(err, "cannot format text");
	st = vl_buf_reserve(b, (size_t)n + 1, err);
	if (st != VL_OK)
		return st;
	va_start(args, format);
	n = vsnprintf((char *)b->p + b->n, (size_t)n + 1, format, args);
	va_end(args);
	if (n < 0)
		return vl_fail_errno(err, "cannot format text");
	b->n += (size_t)n;
	return VL_OK;
}

void
vl_buf_clear(struct vl_buf *b)
{
	b->n = 0;
}

void
vl_buf_free(struct vl_buf *b)
{
	if (b == NULL)
		return;
	free(b->p);
	*b = (struct vl_buf){ 0 };
}

struct vl_slice
vl_rd_take(struct vl_rd *rd, size_t n)
{
	struct vl_slice taken = { rd->rest.p, 0 };

	if (n > rd->rest.n) {
		rd->short_ = true;
		rd->rest.n = 0;
		return taken;
	}
	if (n > 0) {
		taken.n = n;
		rd->rest.p += n;
		rd->rest.n -= n;
	}
	return taken;
}

static uint64_t
take_le(struct vl_rd *rd, size_t n)
{
	struct vl_slice s = vl_rd_take(rd, n);
	uint64_t v = 0;

	while (s.n > 0)
		v = v << 8 | s.p[--s.n];
	return v;
}

uint8_t
vl_rd_u8(struct vl_rd *rd)
{
	return (uint8_t)take_le(rd, 1);
}

uint16_t
vl_rd_u16le(struct vl_rd *rd)
{
	return (uint16_t)take_le(rd, 2);
}

uint32_t
vl_rd_u32le(struct vl_rd *rd)
{
	return (uint32_t)take_le(rd, 4);
}

uint64_t
vl_rd_u64le(struct vl_rd *rd)
{
	return take_le(rd, 8);
}

bool
vl_rd_done(const struct vl_rd *rd)
{
	return !rd->short_ && rd->rest.n == 0;
}

static void
put_le(uint8_t *p, uint64_t v, size_t n)
{
	size_t i = 0;

	for (i = 0; i < n; i++, v >>= 8)
		p[i] = (uint8_t)(v & 0xff);
}

void
vl_put_u16le(uint8_t *p, uint16_t v)
{
	put_le(p, v, 2);
}

void
vl_put_u32le(uint8_t *p, uint32_t v)
{
	put_le(p, v, 4);
}

void
vl_put_u64le(uint8_t *p, uint64_t v)
{
	put_le(p, v, 8);
}
