#ifndef VALISE_TESTS_UNIT_FORMAT_VECTOR_H
#define VALISE_TESTS_UNIT_FORMAT_VECTOR_H

/*
 * Files of formats/vectors/: `comment:`, `expect:`, then the bytes, one
 * behind the other: `line:` (with an LF), `text:` (without), `hex:`,
 * `repeat: N TEXT`, `lines: N TEXT` (each with an LF).  `released:` is the
 * BLAKE2b-256 of what may be used before the failure.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/bytes.h>
#include <valise/crypt.h>
#include <valise/encode.h>

struct vector {
	char expect[16];
	char released[2 * VL_HASH_SIZE + 1]; /* or empty */
	struct vl_buf bytes;
};

/* The text behind "<key>: ", or NULL when the line has another key. */
static inline const char *
vector_value(const char *text, const char *key)
{
	size_t n = strlen(key);

	return strncmp(text, key, n) == 0 ? text + n : NULL;
}

static inline void
vector_repeat(struct vector *v, const char *value, const char *end)
{
	char *text = NULL;
	unsigned long n = strtoul(value, &text, 10);

	assert_true(n > 0 && *text == ' ');
	for (; n > 0; n--) {
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&v->bytes, text + 1, NULL));
		assert_int_equal(VL_OK, vl_buf_add_text(&v->bytes, end, NULL));
	}
}

static inline void
vector_take(struct vector *v, const char *text)
{
	const char *value = NULL;
	size_t n = 0;

	if (vector_value(text, "comment: ") != NULL)
		return;
	if ((value = vector_value(text, "expect: ")) != NULL) {
		assert_true(strlen(value) < sizeof(v->expect));
		memcpy(v->expect, value, strlen(value) + 1);
	} else if ((value = vector_value(text, "released: ")) != NULL) {
		assert_int_equal(sizeof(v->released) - 1, strlen(value));
		memcpy(v->released, value, sizeof(v->released));
	} else if ((value = vector_value(text, "line: ")) != NULL) {
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&v->bytes, value, NULL));
		assert_int_equal(VL_OK, vl_buf_add_text(&v->bytes, "\n", NULL));
	} else if ((value = vector_value(text, "text: ")) != NULL) {
		assert_int_equal(
		    VL_OK, vl_buf_add_text(&v->bytes, value, NULL));
	} else if ((value = vector_value(text, "repeat: ")) != NULL) {
		vector_repeat(v, value, "");
	} else if ((value = vector_value(text, "lines: ")) != NULL) {
		vector_repeat(v, value, "\n");
	} else {
		value = vector_value(text, "hex: ");
		/* An unknown key is a broken vector, never one to skip. */
		assert_non_null(value);
		n = strlen(value) / 2;
		assert_int_equal(VL_OK, vl_buf_reserve(&v->bytes, n, NULL));
		assert_true(
		    vl_unhex(v->bytes.p + v->bytes.n, n, vl_slice_of(value)));
		v->bytes.n += n;
	}
}

static inline void
vector_load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n = 0;

	assert_non_null(f);
	v->expect[0] = '\0';
	v->released[0] = '\0';
	vl_buf_clear(&v->bytes);
	while ((n = getline(&text, &cap, f)) > 0) {
		assert_int_equal('\n', text[n - 1]);
		text[n - 1] = '\0';
		vector_take(v, text);
	}
	free(text);
	assert_int_equal(0, fclose(f));
}

#endif
