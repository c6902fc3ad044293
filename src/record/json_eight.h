#ifndef RECORD_JSON_EIGHT_H
#define RECORD_JSON_EIGHT_H

/* Eight bytes of a JSON string at a time. */

#include <stdint.h>

#define JSON_HIGH UINT64_C(0x8080808080808080)

/* The high bit of each of eight bytes that is below 0x20, or one of the two
 * that have an escape besides.  One that stands higher than such a byte may
 * have it, too: the lowest is told, and whether there are any. */
static inline uint64_t
json_to_escape(uint64_t eight)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t quote = eight ^ (ones * '"');
	const uint64_t slash = eight ^ (ones * '\\');

	return (((eight - ones * 0x20) & ~eight) | ((quote - ones) & ~quote) |
	           ((slash - ones) & ~slash)) &
	    JSON_HIGH;
}

#endif
