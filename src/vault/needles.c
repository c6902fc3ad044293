/*
 * Many texts looked for at once.  A table finds those that begin with the eight
 * bytes at hand; as nearly all bytes begin none, it is asked by a hash of them
 * alone.
 */

#include <stdlib.h>

#include <valise/crypt.h>
#include <valise/needles.h>

#include "inside.h"

#define TABLE_BITS 12 /* at first */
#define NOTHING    UINT32_MAX
#define ESCAPED    6 /* bytes that one can become as JSON */

struct needle {
	size_t at; /* in `bytes` */
	size_t n;
	const char *of;
	uint32_t next; /* of those with the same hash */
};

struct vl_needles {
	struct vl_locked bytes;
	struct vl_locked work;
	struct needle *list;
	size_t n;
	size_t cap;
	uint32_t *table;
	unsigned bits;
	size_t longest;
};

static uint32_t
hash_of(const struct vl_needles *n, const uint8_t *p)
{
	uint64_t word = 0;

	memcpy(&word, p, sizeof(word));
	return (
	    uint32_t)((word * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - n->bits));
}

static enum vl_status
make_table(struct vl_needles *n, unsigned bits, struct vl_err *err)
{
	const size_t size = (size_t)1 << bits;
	uint32_t *table = malloc(size * sizeof(*table));
	uint32_t *first = NULL;
	size_t i = 0;

	if (table == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < size; i++)
		table[i] = NOTHING;
	free(n->table);
	n->table = table;
	n->bits = bits;
	for (i = 0; i < n->n; i++) {
		first = &table[hash_of(n, n->bytes.p + n->list[i].at)];
		n->list[i].next = *first;
		*first = (uint32_t)i;
	}
	return VL_OK;
}

enum vl_status
vl_needles_new(struct vl_needles **out, struct vl_err *err)
{
	struct vl_needles *n = calloc(1, sizeof(*n));

	*out = n;
	return n == NULL ? vl_fail_memory(err) : make_table(n, TABLE_BITS, err);
}

void
vl_needles_free(struct vl_needles *n)
{
	if (n == NULL)
		return;
	vl_locked_free(&n->bytes);
	vl_locked_free(&n->work);
	free(n->list);
	free(n->table);
	free(n);
}

static bool
is_there(const struct vl_needles *n, struct vl_slice text)
{
	uint32_t i = n->table[hash_of(n, text.p)];

	for (; i != NOTHING; i = n->list[i].next)
		if (n->list[i].n == text.n &&
		    vl_equal_secret(n->bytes.p + n->list[i].at, text.p, text.n))
			return true;
	return false;
}

static enum vl_status
add(struct vl_needles *n, struct vl_slice text, const char *of,
    struct vl_err *err)
{
	const size_t cap = n->cap == 0 ? 64 : 2 * n->cap;
	struct needle *grown = NULL;
	uint32_t *first = NULL;
	enum vl_status st = VL_OK;

	if (text.n < VL_NEEDLE_MIN || is_there(n, text))
		return VL_OK;
	if (n->n == n->cap) {
		grown = reallocarray(n->list, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		n->list = grown;
		n->cap = cap;
	}
	if (2 * n->n >= (size_t)1 << n->bits)
		st = make_table(n, n->bits + 1, err);
	if (st != VL_OK)
		return st;
	n->list[n->n] =
	    (struct needle){ .at = n->bytes.n, .n = text.n, .of = of };
	st = vl_locked_add(&n->bytes, text, err);
	if (st != VL_OK)
		return st;
	first = &n->table[hash_of(n, n->bytes.p + n->list[n->n].at)];
	n->list[n->n].next = *first;
	*first = (uint32_t)n->n++;
	if (text.n > n->longest)
		n->longest = text.n;
	return VL_OK;
}

/* As JSON has it between quotes: what must be escaped is. */
static enum vl_status
add_escaped(struct vl_needles *n, struct vl_slice text, const char *of,
    struct vl_err *err)
{
	static const char digits[] = "0123456789abcdef";
	static const char from[] = "\"\\\b\f\n\r\t";
	static const char to[] = "\"\\bfnrt";
	const char *known = NULL;
	uint8_t *p = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_locked_clear(&n->work);
	st = vl_locked_reserve(&n->work, ESCAPED * text.n, err);
	for (i = 0; st == VL_OK && i < text.n; i++) {
		p = n->work.p + n->work.n;
		known = text.p[i] == 0 ? NULL : strchr(from, text.p[i]);
		if (known != NULL) {
			p[0] = '\\';
			p[1] = (uint8_t)to[known - from];
			n->work.n += 2;
		} else if (text.p[i] < 0x20) {
			memcpy(p, "\\u00", 4);
			p[4] = (uint8_t)digits[text.p[i] >> 4];
			p[5] = (uint8_t)digits[text.p[i] & 15];
			n->work.n += 6;
		} else {
			*p = text.p[i];
			n->work.n++;
		}
	}
	return st == VL_OK ? add(n, vl_locked_slice(&n->work), of, err) : st;
}

/* In base64 a text stands in one of three ways, by how many bytes are before
 * it; its first and last characters hang on what is around it. */
static enum vl_status
add_base64(struct vl_needles *n, struct vl_slice text, const char *of,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct vl_slice part = { 0 };
	size_t skip = 0;

	for (skip = 0; st == VL_OK && skip < 3 && text.n > skip + 3; skip++) {
		part.p = text.p + skip;
		part.n = (text.n - skip) / 3 * 3;
		vl_locked_clear(&n->work);
		st = encoding_write(&n->work, VL_ENCODED_BASE64, part, err);
		if (st == VL_OK)
			st = add(n, vl_locked_slice(&n->work), of, err);
		vl_locked_clear(&n->work);
		if (st == VL_OK)
			st = encoding_write(
			    &n->work, VL_ENCODED_BASE64URL, part, err);
		if (st == VL_OK)
			st = add(n, vl_locked_slice(&n->work), of, err);
	}
	return st;
}

enum vl_status
vl_needles_add(struct vl_needles *n, struct vl_slice secret, const char *of,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (secret.n < VL_NEEDLE_MIN)
		return VL_OK;
	st = add(n, secret, of, err);
	if (st == VL_OK)
		st = add_escaped(n, secret, of, err);
	if (st == VL_OK)
		st = add_base64(n, secret, of, err);
	vl_locked_clear(&n->work);
	return st;
}

bool
vl_needles_any(const struct vl_needles *n)
{
	return n->n > 0;
}

size_t
vl_needles_longest(const struct vl_needles *n)
{
	return n->longest;
}

static bool
begins(const struct vl_needles *n, struct vl_slice text, size_t at,
    struct vl_needle_found *found)
{
	uint32_t i = n->table[hash_of(n, text.p + at)];
	const struct needle *one = NULL;

	found->n = 0;
	for (; i != NOTHING; i = one->next) {
		one = &n->list[i];
		if (one->n > found->n && one->n <= text.n - at &&
		    memcmp(n->bytes.p + one->at, text.p + at, one->n) == 0)
			*found =
			    (struct vl_needle_found){ at, one->n, one->of };
	}
	return found->n > 0;
}

bool
vl_needles_find(const struct vl_needles *n, struct vl_slice text, size_t from,
    struct vl_needle_found *found)
{
	size_t at = from;

	if (n->n == 0)
		return false;
	for (; text.n >= VL_NEEDLE_MIN && at <= text.n - VL_NEEDLE_MIN; at++)
		if (n->table[hash_of(n, text.p + at)] != NOTHING &&
		    begins(n, text, at, found))
			return true;
	return false;
}
