#ifndef VALISE_PLACE_H
#define VALISE_PLACE_H

/*
 * Places inside a value: where in a text the bytes of ids stand, by a path
 * into JSON, YAML or what PHP serialised, or by PCRE2 pattern, so that they and
 * nothing else can be replaced (formats/profile.md, References;
 * formats/values.md).  Pure: no I/O, no database.
 *
 * A finder is made once for a line of a profile, asked for each value, and
 * used by one thread at a time.  What is to be replaced is read, written with
 * the form of its place, and put between the bytes that stay; a place whose
 * text stays is best left as it is, for writing it chooses its own escapes.
 */

#include <valise/value.h>

#define VL_PLACES_MAX   1048576   /* of one value */
#define VL_UNPACKED_MAX 268435456 /* bytes of one value */

/* Ascending, disjoint; `at` and `n` are of the raw bytes. */
struct vl_place {
	size_t at;
	size_t n;
	enum vl_part_form form;
};

/*
 * A text whose length in bytes stands before it, as decimal digits and `:"`,
 * and that holds a place: from `at` on `head` bytes of that, then `n` of text.
 */
struct vl_counted {
	size_t at;
	size_t head;
	size_t n;
};

/*
 * All zero is empty.  `list` and `counted` may be reused by setting `n` and
 * `ncounted` to 0.  Counted texts ascend; each lies in one before it, at most
 * VL_COUNTED_DEPTH deep, or behind them.
 */
struct vl_places {
	struct vl_place *list;
	size_t n;
	size_t cap;
	struct vl_counted *counted;
	size_t ncounted;
	size_t cap_counted;
};
void vl_places_free(struct vl_places *p);

/*
 * A finder: an optional path ($, .name, ['name'], [N], [*], .*, ..name, ..*,
 * and at its end ~ for keys; no filters) into JSON, YAML or what PHP
 * serialised, then an optional pattern whose group 1 is the place (all
 * matches, UTF), then an optional separator that splits it.  With none of
 * them the whole value is the place.  NULL: the word is not there.
 * VL_EUSAGE says what is wrong with which.
 */
struct vl_finder;
struct vl_finder_words {
	const char *json;
	const char *php;
	const char *yaml;
	const char *pattern;
	const char *split;
	/* Places are whole values: of YAML the lines of a block that begins
	 * with `|` are one (VL_FORM_YAML_PART), from its first character to its
	 * last, and a scalar may have a tag of its own.  Without pattern and
	 * separator. */
	bool whole;
};
enum vl_status vl_finder_new(struct vl_finder **out,
    const struct vl_finder_words *words, struct vl_err *err);
/*
 * Append the places of `value` to `out`, ascending.
 *
 * A path finds strings and numbers; of PHP integers.  Objects, arrays, null,
 * true and false that it selects are no places.  Of a key that stands twice
 * both values are found.  Over JSON, pattern and separator see the text
 * without its escapes, and a place that begins or ends in an escape has all of
 * it.  The whole of an empty value or string is an empty place; an empty group
 * or part is none.  Spaces (also tab, LF, CR) around a part do not belong to
 * it.
 *
 * VL_EFORMAT: the value is not JSON (RFC 8259, any spelling, depth at most
 * 128) or not as PHP serialises, the pattern met its limits or found a byte
 * twice, or a place is half of a surrogate pair, a part of a number, or in
 * what holds a PHP-serialised value together.  VL_ELIMIT: `out` would have
 * more than VL_PLACES_MAX.  After a failure `out` has what it had.
 */
enum vl_status vl_finder_find(struct vl_finder *f, struct vl_slice value,
    struct vl_places *out, struct vl_err *err);
/*
 * The path of each of the places that a finder with a path has found in the
 * value: appended to `out` one behind the other, `ends` (as many) says where
 * each ends.  Of a part of a string its offset there stands behind it.
 */
enum vl_status vl_finder_paths(const struct vl_finder *f, struct vl_slice value,
    const struct vl_places *places, struct vl_buf *out, size_t *ends,
    struct vl_err *err);
void vl_finder_free(struct vl_finder *f);

/* Merge two sorted lists into the first; neither has counted texts.
 * VL_EFORMAT where two places overlap, VL_ELIMIT above VL_PLACES_MAX; `into` is
 * then what it was. */
enum vl_status vl_places_merge(
    struct vl_places *into, const struct vl_places *more, struct vl_err *err);

/* The text that stands at a place: unescaped.  Appended to `out`. */
enum vl_status vl_place_read(struct vl_buf *out, struct vl_slice value,
    const struct vl_place *place, struct vl_err *err);
/*
 * Append `text` spelled as `form` wants it, with no escape that is not
 * needed.  VL_EFORMAT where it has no such spelling: a number that is not a
 * canonical integer, a JSON text that is not UTF-8.
 */
enum vl_status vl_place_write(struct vl_buf *out, enum vl_part_form form,
    struct vl_slice text, struct vl_err *err);
/*
 * Append what `packed` holds, or `bytes` packed: the same for the same bytes.
 * VL_EFORMAT: it is not of that form, goes on behind its end, or holds more
 * than VL_UNPACKED_MAX; VL_ELIMIT: `bytes` are more than that.
 */
enum vl_status vl_place_unpack(struct vl_buf *out, enum vl_packing how,
    struct vl_slice packed, struct vl_err *err);
enum vl_status vl_place_pack(struct vl_buf *out, enum vl_packing how,
    struct vl_slice bytes, struct vl_err *err);
/* Put the length of what stands in `out` from byte `from` on before it. */
enum vl_status vl_place_count(
    struct vl_buf *out, size_t from, struct vl_err *err);

#endif
