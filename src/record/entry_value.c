/* Strings of a line that stand for numbers (formats/manifest.md). */

#include <valise/encode.h>

#include "entry_rules.h"

/* Canonical decimal digits, at most `max`; step over them. */
static bool
take_decimal(struct vl_slice *text, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;
	uint8_t digit;

	for (; i < text->n && text->p[i] >= '0' && text->p[i] <= '9'; i++) {
		digit = (uint8_t)(text->p[i] - '0');
		if (n > (max - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (i == 0 || (i > 1 && text->p[0] == '0'))
		return false;
	text->p += i;
	text->n -= i;
	*out = n;
	return true;
}

static bool
take_char(struct vl_slice *text, char c)
{
	if (text->n == 0 || text->p[0] != (uint8_t)c)
		return false;
	text->p++;
	text->n--;
	return true;
}

bool
vl_entry_parse_mode(struct vl_slice text, uint32_t *mode)
{
	size_t i;

	*mode = 0;
	for (i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '7')
			return false;
		*mode = *mode * 8 + (uint32_t)(text.p[i] - '0');
	}
	return text.n == 4;
}

bool
vl_entry_parse_time(struct vl_slice text, struct vl_time *t)
{
	bool negative = take_char(&text, '-');
	uint64_t sec = 0;
	size_t i;

	if (!take_decimal(&text, (uint64_t)INT64_MAX + negative, &sec) ||
	    (negative && sec == 0) || !take_char(&text, '.') || text.n != 9)
		return false;
	t->sec = negative ? -(int64_t)(sec - 1) - 1 : (int64_t)sec;
	t->nsec = 0;
	for (i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		t->nsec = t->nsec * 10 + (text.p[i] - '0');
	}
	return true;
}

bool
vl_entry_parse_rdev(struct vl_slice text, struct vl_entry *e)
{
	uint64_t major = 0;
	uint64_t minor = 0;

	if (!take_decimal(&text, UINT32_MAX, &major) ||
	    !take_char(&text, ':') ||
	    !take_decimal(&text, UINT32_MAX, &minor) || text.n != 0)
		return false;
	e->major = (uint32_t)major;
	e->minor = (uint32_t)minor;
	return true;
}

bool
vl_entry_parse_hash(struct vl_slice text, struct vl_entry *e)
{
	return take_char(&text, 'k') && take_char(&text, '1') &&
	    take_char(&text, '.') && vl_unb64u(e->hash, sizeof(e->hash), text);
}
