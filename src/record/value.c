/*
 * Cells to and from the values of a line (formats/manifest.md, "Values").
 * Each cell has one spelling, and each spelling is one cell.
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/text.h>
#include <valise/value.h>

#include "parts.h"

/* Digits and places behind the point of a short real. */
#define SHORT_MAX    1e15
#define SHORT_PLACES 6

static const uint8_t *
find_nul(struct vl_slice s)
{
	return s.n == 0 ? NULL : memchr(s.p, 0, s.n);
}

bool
vl_cell_equal(const struct vl_cell *a, const struct vl_cell *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case VL_CELL_NULL:
		return true;
	case VL_CELL_INT:
		return a->integer == b->integer;
	case VL_CELL_REAL:
		return memcmp(&a->real, &b->real, sizeof(a->real)) == 0;
	default:
		return vl_slice_equal(a->bytes, b->bytes);
	}
}

/*
 * "%.15g" for what is an integer divided by a small power of ten, as most
 * numbers that people write are: both are exact and their quotient is rounded
 * as the reading of that text would be, so the text reads back; and of at
 * most 15 digits there is only one that does.
 */
static bool
short_text(char *text, double real)
{
	char digits[24];
	double scale = 1;
	double n = 0;
	uint64_t rest = 0;
	size_t places = 0;
	size_t left = 0;
	size_t k = 0;

	if (signbit(real)) {
		*text = '-';
		return real != 0 && short_text(text + 1, -real);
	}
	if (real >= SHORT_MAX || (real < 1e-4 && real != 0))
		return false;
	for (;; places++, scale *= 10) {
		n = rint(real * scale);
		if (n >= SHORT_MAX || places > SHORT_PLACES)
			return false;
		if (n / scale == real)
			break;
	}
	for (rest = (uint64_t)n; rest > 0 || k <= places; rest /= 10)
		digits[k++] = (char)('0' + rest % 10);
	for (left = k; left > 0; left--) {
		if (left == places)
			*text++ = '.';
		*text++ = digits[left - 1];
	}
	*text = '\0';
	return true;
}

char *
vl_real_text(char text[VL_REAL_SIZE], double real)
{
	int digits;

	if (isinf(real)) {
		(void)snprintf(
		    text, VL_REAL_SIZE, "%s", real < 0 ? "-inf" : "inf");
		return text;
	}
	if (short_text(text, real))
		return text;
	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, VL_REAL_SIZE, "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	return text;
}

/* What short_text() writes, and spellings that the caller finds to be none. */
static bool
read_short(double *real, const char *text)
{
	bool negative = *text == '-';
	uint64_t n = 0;
	double scale = 1;
	size_t digits = 0;
	bool point = false;

	for (text += negative; *text != '\0'; text++) {
		if (*text == '.' && !point) {
			point = true;
			continue;
		}
		if (*text < '0' || *text > '9' || ++digits > 15)
			return false;
		n = n * 10 + (uint64_t)(*text - '0');
		if (point)
			scale *= 10;
	}
	*real = (double)n / scale;
	*real = negative ? -*real : *real;
	return true;
}

bool
vl_real_read(double *real, struct vl_slice text)
{
	char copy[VL_REAL_SIZE];
	char again[VL_REAL_SIZE];

	if (text.n == 0 || text.n >= sizeof(copy) || find_nul(text) != NULL)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (!read_short(real, copy))
		*real = strtod(copy, NULL);
	return !isnan(*real) && strcmp(vl_real_text(again, *real), copy) == 0;
}

void
value_write_coded(struct vl_json_w *w, const char *tag, struct vl_slice bytes)
{
	size_t size = VL_B64U_SIZE(bytes.n);
	char *text = malloc(size);

	if (text == NULL) {
		if (w->status == VL_OK)
			w->status = VL_EIO;
		return;
	}
	vl_json_w_open(w, '{');
	vl_json_w_key(w, tag);
	vl_json_w_text(w, vl_slice_of(vl_b64u(text, bytes.p, bytes.n)));
	vl_json_w_close(w, '}');
	free(text);
}

static void
write_number(struct vl_json_w *w, struct vl_slice begin, const char *digits)
{
	vl_json_w_pieces(w, begin, vl_slice_of(digits), vl_slice_of("\"}"));
}

static void
write_int(struct vl_json_w *w, int64_t n)
{
	char text[VL_INT_SIZE];

	if (n >= -VL_JSON_INT_MAX && n <= VL_JSON_INT_MAX) {
		vl_json_w_int(w, n);
		return;
	}
	(void)vl_int_text(text, n);
	write_number(w, vl_slice_of("{\"$i\":\""), text);
}

bool
value_is_text(struct vl_slice bytes)
{
	return find_nul(bytes) == NULL && vl_utf8_valid(bytes);
}

void
vl_cell_write(struct vl_json_w *w, const struct vl_cell *cell)
{
	char real[VL_REAL_SIZE];

	switch (cell->type) {
	case VL_CELL_NULL:
		vl_json_w_null(w);
		break;
	case VL_CELL_INT:
		write_int(w, cell->integer);
		break;
	case VL_CELL_REAL:
		write_number(w, vl_slice_of("{\"$r\":\""),
		    vl_real_text(real, cell->real));
		break;
	case VL_CELL_TEXT:
		if (!vl_json_w_try(w, cell->bytes))
			value_write_coded(w, "$t64", cell->bytes);
		break;
	case VL_CELL_BLOB:
		value_write_coded(w, "$b64", cell->bytes);
		break;
	}
}

void
value_write_range(struct vl_json_w *w, const char *tag, uint64_t at, uint64_t n)
{
	vl_json_w_open(w, '{');
	vl_json_w_key(w, tag);
	vl_json_w_open(w, '[');
	vl_json_w_int(w, (int64_t)at);
	vl_json_w_int(w, (int64_t)n);
	vl_json_w_close(w, ']');
	vl_json_w_close(w, '}');
}

void
vl_value_write_body(
    struct vl_json_w *w, enum vl_cell_type type, uint64_t at, uint64_t n)
{
	value_write_range(w, type == VL_CELL_BLOB ? "$blob" : "$body", at, n);
}

void
vl_value_write_ref(struct vl_json_w *w, struct vl_slice key)
{
	vl_json_w_pieces(w, vl_slice_of("{\"$ref\":"), key, vl_slice_of("}"));
}

/* Reading. */

enum vl_status
value_bad(struct vl_err *err, const char *why)
{
	return vl_fail(err, VL_EFORMAT, "not a value: %s", why);
}

bool
value_read_range(
    const struct vl_json *j, size_t item, uint64_t *at, uint64_t *n)
{
	const struct vl_json_item *list = &j->items[item];

	if (list->type != VL_JSON_ARRAY || list->count != 2 ||
	    list[1].type != VL_JSON_INT || list[2].type != VL_JSON_INT ||
	    list[1].number < 0 || list[2].number <= 0 ||
	    list[1].number > VL_JSON_INT_MAX - list[2].number)
		return false;
	*at = (uint64_t)list[1].number;
	*n = (uint64_t)list[2].number;
	return true;
}

static enum vl_status
read_coded(struct vl_value *v, struct vl_slice text, struct vl_buf *arena,
    struct vl_err *err)
{
	uint8_t *to = arena->p + arena->n;
	size_t n = 0;

	if (arena->cap - arena->n < text.n)
		return value_bad(err, "it is longer than its line");
	if (!vl_unb64u_any(to, &n, text))
		return value_bad(err, "its base64url is not canonical");
	v->cell.bytes = (struct vl_slice){ to, n };
	arena->n += n;
	if (v->cell.type == VL_CELL_TEXT && value_is_text(v->cell.bytes))
		return value_bad(err, "'$t64' holds plain text");
	return VL_OK;
}

static enum vl_status
read_big(struct vl_value *v, struct vl_slice text, struct vl_err *err)
{
	char copy[VL_INT_SIZE];
	char again[VL_INT_SIZE];

	if (text.n >= sizeof(copy) || find_nul(text) != NULL)
		return value_bad(err, "'$i' is no integer of 64 bits");
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	v->cell.integer = strtoll(copy, NULL, 10);
	(void)vl_int_text(again, v->cell.integer);
	if (strcmp(copy, again) != 0)
		return value_bad(err, "'$i' is no integer of 64 bits");
	if (v->cell.integer >= -VL_JSON_INT_MAX &&
	    v->cell.integer <= VL_JSON_INT_MAX)
		return value_bad(err, "'$i' is below 10^15");
	return VL_OK;
}

static bool
is_key_list(const struct vl_json *j, size_t item, struct vl_buf *arena)
{
	struct vl_value v = { 0 };
	size_t used = arena->n;
	size_t at = item + 1;

	for (; at < j->items[item].next; at = j->items[at].next) {
		if (j->items[at].type == VL_JSON_ARRAY) {
			if (!is_key_list(j, at, arena))
				return false;
			continue;
		}
		/* References and pieces are no cells, so this ends here. */
		if (value_take(&v, j, at, arena, NULL) != VL_OK ||
		    v.kind != VL_VALUE_CELL)
			return false;
		arena->n = used;
	}
	return j->items[item].count > 0;
}

bool
vl_key_valid(const struct vl_json *j, size_t item, struct vl_buf *arena)
{
	return j->items[item].type == VL_JSON_ARRAY &&
	    j->items[item].raw.n <= VL_KEY_MAX && is_key_list(j, item, arena);
}

/* An object with one member, `tag`, whose value is at `item`. */
static enum vl_status
read_tagged(struct vl_value *v, const struct vl_json *j, struct vl_slice tag,
    size_t item, struct vl_buf *arena, struct vl_err *err)
{
	const struct vl_json_item *it = &j->items[item];
	bool text = it->type == VL_JSON_STRING && !it->escaped;

	if (vl_slice_equal(tag, vl_slice_of("$ref"))) {
		v->kind = VL_VALUE_REF;
		v->key = it->raw;
		v->item = item;
		return VL_OK;
	}
	if (parts_tag(&v->packing, tag)) {
		v->kind = VL_VALUE_PARTS;
		v->cell.type =
		    v->packing == VL_PACKING_NONE ? VL_CELL_TEXT : VL_CELL_BLOB;
		v->item = item;
		return VL_OK;
	}
	if (vl_slice_equal(tag, vl_slice_of("$body")) ||
	    vl_slice_equal(tag, vl_slice_of("$blob"))) {
		v->kind = VL_VALUE_BODY;
		v->cell.type = tag.p[2] == 'l' ? VL_CELL_BLOB : VL_CELL_TEXT;
		return value_read_range(j, item, &v->at, &v->n) ?
		    VL_OK :
		    value_bad(err, "its place in the body is none");
	}
	if (vl_slice_equal(tag, vl_slice_of("$secret"))) {
		v->kind = VL_VALUE_SECRET;
		v->nslots = 1;
		if (!slot_read_value(&v->slot, j, item))
			return value_bad(err, "its secret is none");
		v->cell.type = v->slot.blob ? VL_CELL_BLOB : VL_CELL_TEXT;
		return VL_OK;
	}
	if (text && vl_slice_equal(tag, vl_slice_of("$b64"))) {
		v->cell.type = VL_CELL_BLOB;
		return read_coded(v, it->raw, arena, err);
	}
	if (text && vl_slice_equal(tag, vl_slice_of("$t64"))) {
		v->cell.type = VL_CELL_TEXT;
		return read_coded(v, it->raw, arena, err);
	}
	if (text && vl_slice_equal(tag, vl_slice_of("$i"))) {
		v->cell.type = VL_CELL_INT;
		return read_big(v, it->raw, err);
	}
	if (text && vl_slice_equal(tag, vl_slice_of("$r"))) {
		v->cell.type = VL_CELL_REAL;
		return vl_real_read(&v->cell.real, it->raw) ?
		    VL_OK :
		    value_bad(err, "'$r' is not a real in its one spelling");
	}
	return value_bad(err, "its tag is not known");
}

enum vl_status
value_take(struct vl_value *v, const struct vl_json *j, size_t item,
    struct vl_buf *arena, struct vl_err *err)
{
	const struct vl_json_item *it = &j->items[item];

	*v = (struct vl_value){ .kind = VL_VALUE_CELL };
	switch (it->type) {
	case VL_JSON_NULL:
		return VL_OK;
	case VL_JSON_INT:
		v->cell.type = VL_CELL_INT;
		v->cell.integer = it->number;
		return VL_OK;
	case VL_JSON_STRING:
		v->cell.type = VL_CELL_TEXT;
		v->cell.bytes = vl_json_text(j, item, arena);
		return VL_OK;
	case VL_JSON_OBJECT:
		if (it->count != 1 || it[1].escaped)
			break;
		return read_tagged(v, j, it[1].raw, item + 2, arena, err);
	default:
		break;
	}
	return value_bad(err, "it is neither null, number, string nor tagged");
}

enum vl_status
vl_value_read(struct vl_value *v, const struct vl_json *j, size_t item,
    struct vl_buf *arena, struct vl_err *err)
{
	enum vl_status st = value_take(v, j, item, arena, err);

	if (st == VL_OK && v->kind == VL_VALUE_REF &&
	    !vl_key_valid(j, v->item, arena))
		return value_bad(err, "'$ref' is no key");
	if (st == VL_OK && v->kind == VL_VALUE_PARTS)
		return parts_check(v, j, arena, err);
	return st;
}
