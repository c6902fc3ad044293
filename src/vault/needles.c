/*
 * Many texts looked for at once.  While they are added a table tells those that
 * are there already.  Then they are put in order, those together that begin
 * with the same eight bytes: nearly all bytes of a text begin none, which a
 * hash of them says, and of those that begin one a search finds it, however
 * many secrets begin alike.
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
	uint32_t *table; /* by a hash of all bytes */
	unsigned bits;
	size_t longest;

	/* Of those that were there at vl_needles_ready(). */
	size_t nready;
	uint32_t *order;  /* by a hash of the first bytes, then by all bytes */
	uint32_t *up;     /* beside: the place of the longest one that it
	                   * begins with; in the same part, or NOTHING */
	uint32_t *begins; /* by that hash: where they begin, and end */
	unsigned begins_bits;
};

static uint64_t
mix(uint64_t hash, const uint8_t *p, size_t n)
{
	uint64_t word = 0;

	memcpy(&word, p, n);
	hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ hash >> 32;
}

static uint32_t
hash_first(const struct vl_needles *n, const uint8_t *p)
{
	uint64_t word = 0;

	memcpy(&word, p, sizeof(word));
	return (uint32_t)((word * UINT64_C(0x9e3779b97f4a7c15)) >>
	    (64 - n->begins_bits));
}

static uint32_t
hash_all(const struct vl_needles *n, struct vl_slice text)
{
	uint64_t hash = text.n;

	for (; text.n >= 8; text.p += 8, text.n -= 8)
		hash = mix(hash, text.p, 8);
	return (uint32_t)(mix(hash, text.p, text.n) >> 8 &
	    (((uint64_t)1 << n->bits) - 1));
}

static struct vl_slice
text_of(const struct vl_needles *n, uint32_t i)
{
	return (struct vl_slice){ n->bytes.p + n->list[i].at, n->list[i].n };
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
		first = &table[hash_all(n, text_of(n, (uint32_t)i))];
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
	free(n->order);
	free(n->up);
	free(n->begins);
	free(n);
}

static bool
is_there(const struct vl_needles *n, struct vl_slice text)
{
	uint32_t i = n->table[hash_all(n, text)];

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
	first = &n->table[hash_all(n, text)];
	n->list[n->n].next = *first;
	*first = (uint32_t)n->n++;
	if (text.n > n->longest)
		n->longest = text.n;
	return VL_OK;
}

static bool
has_escapes(struct vl_slice text)
{
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] == '"' || text.p[i] == '\\')
			return true;
	return false;
}

/* As JSON has it between quotes, where that is another text. */
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

	if (!has_escapes(text))
		return VL_OK;
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

/* What is in base64 as URLs have it; false: that is the same. */
static bool
for_url(uint8_t *text, size_t n)
{
	bool other = false;
	size_t i = 0;

	for (i = 0; i < n; i++) {
		other = other || text[i] == '+' || text[i] == '/';
		if (text[i] == '+')
			text[i] = '-';
		else if (text[i] == '/')
			text[i] = '_';
	}
	return other;
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
		if (st == VL_OK && for_url(n->work.p, n->work.n))
			st = add(n, vl_locked_slice(&n->work), of, err);
	}
	return st;
}

enum vl_status
vl_needles_add(struct vl_needles *n, struct vl_slice secret, const char *of,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (secret.n < VL_NEEDLE_MIN || is_there(n, secret))
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

/* ---- Ready to find ---- */

static int
by_bytes(const void *a, const void *b, void *needles)
{
	const struct vl_needles *n = needles;

	return vl_slice_cmp(
	    text_of(n, *(const uint32_t *)a), text_of(n, *(const uint32_t *)b));
}

static bool
is_begun_by(struct vl_slice text, struct vl_slice with)
{
	return with.n <= text.n && memcmp(text.p, with.p, with.n) == 0;
}

/* Of one hash: in order, and for each what it begins with. */
static void
order_part(struct vl_needles *n, uint32_t from, uint32_t to)
{
	uint32_t i = from;
	uint32_t up = NOTHING;

	if (to - from > 1)
		qsort_r(
		    &n->order[from], to - from, sizeof(*n->order), by_bytes, n);
	for (; i < to; i++) {
		up = i == from ? NOTHING : i - 1;
		while (up != NOTHING &&
		    !is_begun_by(
		        text_of(n, n->order[i]), text_of(n, n->order[up])))
			up = n->up[up];
		n->up[i] = up;
	}
}

static enum vl_status
make_room(struct vl_needles *n, struct vl_err *err)
{
	free(n->order);
	free(n->up);
	free(n->begins);
	n->nready = 0;
	n->begins_bits = TABLE_BITS;
	while (n->begins_bits < 31 && (size_t)1 << n->begins_bits < 2 * n->n)
		n->begins_bits++;
	n->order = calloc(n->n + 1, sizeof(*n->order));
	n->up = calloc(n->n + 1, sizeof(*n->up));
	n->begins =
	    calloc(((size_t)1 << n->begins_bits) + 2, sizeof(*n->begins));
	return n->order == NULL || n->up == NULL || n->begins == NULL ?
	    vl_fail_memory(err) :
	    VL_OK;
}

enum vl_status
vl_needles_ready(struct vl_needles *n, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t size = 0;
	size_t i = 0;

	if (n->nready == n->n)
		return VL_OK;
	st = make_room(n, err);
	if (st != VL_OK)
		return st;
	/* Counted one further on, so that each part's end is where the next
	 * one begins when all have been put in their places. */
	size = (size_t)1 << n->begins_bits;
	for (i = 0; i < n->n; i++)
		n->begins[hash_first(n, text_of(n, (uint32_t)i).p) + 2]++;
	for (i = 2; i < size + 2; i++)
		n->begins[i] += n->begins[i - 1];
	for (i = 0; i < n->n; i++)
		n->order[n->begins[hash_first(n, text_of(n, (uint32_t)i).p) +
		    1]++] = (uint32_t)i;
	for (i = 0; i < size; i++)
		order_part(n, n->begins[i], n->begins[i + 1]);
	n->nready = n->n;
	return VL_OK;
}

/* The longest that `text` begins with, of those of its hash: in order the last
 * that is not behind `text`, or one that this one begins with. */
static uint32_t
find_longest(const struct vl_needles *n, uint32_t from, uint32_t to,
    struct vl_slice text)
{
	const uint32_t first = from;
	uint32_t middle = 0;
	uint32_t i = NOTHING;

	while (from < to) {
		middle = from + (to - from) / 2;
		if (vl_slice_cmp(text_of(n, n->order[middle]), text) <= 0)
			from = middle + 1;
		else
			to = middle;
	}
	i = from == first ? NOTHING : from - 1;
	while (i != NOTHING && !is_begun_by(text, text_of(n, n->order[i])))
		i = n->up[i];
	return i == NOTHING ? NOTHING : n->order[i];
}

bool
vl_needles_find(const struct vl_needles *n, struct vl_slice text, size_t from,
    struct vl_needle_found *found)
{
	const uint32_t *part = NULL;
	uint32_t i = NOTHING;
	size_t at = from;

	if (n->nready == 0)
		return false;
	for (; text.n >= VL_NEEDLE_MIN && at <= text.n - VL_NEEDLE_MIN; at++) {
		part = &n->begins[hash_first(n, text.p + at)];
		if (part[0] == part[1])
			continue;
		i = find_longest(n, part[0], part[1],
		    (struct vl_slice){ text.p + at, text.n - at });
		if (i != NOTHING) {
			*found = (struct vl_needle_found){ at, n->list[i].n,
				n->list[i].of };
			return true;
		}
	}
	return false;
}
