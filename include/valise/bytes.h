#ifndef VALISE_BYTES_H
#define VALISE_BYTES_H

/*
 * Byte slices, growing buffers, and reading and writing little-endian
 * integers.  A slice is borrowed: it is valid as long as what it points into.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <valise/err.h>

struct vl_slice {
	const uint8_t *p;
	size_t n;
};

/* An owning buffer.  All zero is empty and needs no init. */
struct vl_buf {
	uint8_t *p;
	size_t n;
	size_t cap;
};

/* Here, so that the lengths of names in the program are no work. */
static inline struct vl_slice
vl_slice_of(const char *text) /* without the NUL */
{
	return (struct vl_slice){ (const uint8_t *)text, strlen(text) };
}

static inline bool
vl_slice_equal(struct vl_slice a, struct vl_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

struct vl_slice vl_buf_slice(const struct vl_buf *buf);
/* By bytes, a prefix before what it begins: <0, 0, >0. */
int vl_slice_cmp(struct vl_slice a, struct vl_slice b);

/* Make room for `more` bytes after the `n` that are there. */
enum vl_status vl_buf_reserve(
    struct vl_buf *b, size_t more, struct vl_err *err);
enum vl_status vl_buf_add(
    struct vl_buf *b, struct vl_slice bytes, struct vl_err *err);
enum vl_status vl_buf_add_text(
    struct vl_buf *b, const char *text, struct vl_err *err);
enum vl_status vl_buf_printf(struct vl_buf *b, struct vl_err *err,
    const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Keep the memory, forget the content / release the memory. */
void vl_buf_clear(struct vl_buf *b);
void vl_buf_free(struct vl_buf *b);

/*
 * A reader that remembers its first failure: read all fields, ask once.
 * A read past the end yields zeros or an empty slice and sets `short_`.
 */
struct vl_rd {
	struct vl_slice rest;
	bool short_;
};

struct vl_slice vl_rd_take(struct vl_rd *rd, size_t n);
uint8_t vl_rd_u8(struct vl_rd *rd);
uint16_t vl_rd_u16le(struct vl_rd *rd);
uint32_t vl_rd_u32le(struct vl_rd *rd);
uint64_t vl_rd_u64le(struct vl_rd *rd);
bool vl_rd_done(const struct vl_rd *rd); /* all read, nothing missing */

void vl_put_u16le(uint8_t *p, uint16_t v);
void vl_put_u32le(uint8_t *p, uint32_t v);
void vl_put_u64le(uint8_t *p, uint64_t v);

#endif
