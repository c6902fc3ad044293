#ifndef VALISE_TESTS_PLACE_FIND_H
#define VALISE_TESTS_PLACE_FIND_H

/* A value with its places marked: `<` before each, `>` behind it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <valise/place.h>

struct find {
	const char *json;
	const char *pattern;
	const char *split;
	const char *php;
	const char *yaml;
	bool whole;
};

static inline struct vl_finder *
finder_of(const struct find *how)
{
	const struct vl_finder_words words = { .json = how->json,
		.php = how->php,
		.yaml = how->yaml,
		.pattern = how->pattern,
		.split = how->split,
		.whole = how->whole };
	struct vl_finder *f = NULL;
	struct vl_err err = { 0 };

	if (vl_finder_new(&f, &words, &err) != VL_OK)
		fail_msg("%s", err.text);
	return f;
}

static inline void
mark_places(
    struct vl_buf *out, struct vl_slice value, const struct vl_places *places)
{
	struct vl_err err = { 0 };
	size_t done = 0;
	size_t i = 0;

	for (i = 0; i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		assert_true(p->at >= done && p->n <= value.n - p->at);
		assert_int_equal(VL_OK,
		    vl_buf_printf(out, &err, "%.*s<%.*s>", (int)(p->at - done),
		        (const char *)value.p + done, (int)p->n,
		        (const char *)value.p + p->at));
		done = p->at + p->n;
	}
	assert_int_equal(VL_OK,
	    vl_buf_printf(out, &err, "%.*s", (int)(value.n - done),
	        (const char *)value.p + done));
}

/* `marked` without its marks is the value. */
static inline void
finds(const struct find *how, const char *marked)
{
	struct vl_finder *f = finder_of(how);
	struct vl_places places = { 0 };
	struct vl_buf value = { 0 };
	struct vl_buf shown = { 0 };
	struct vl_err err = { 0 };
	const char *c = NULL;

	assert_int_equal(VL_OK, vl_buf_reserve(&value, strlen(marked), &err));
	for (c = marked; *c != '\0'; c++)
		if (*c != '<' && *c != '>')
			value.p[value.n++] = (uint8_t)*c;
	if (vl_finder_find(f, vl_buf_slice(&value), &places, &err) != VL_OK)
		fail_msg("%s: %s", marked, err.text);
	mark_places(&shown, vl_buf_slice(&value), &places);
	assert_int_equal(VL_OK,
	    vl_buf_add(
	        &shown, (struct vl_slice){ (const uint8_t *)"", 1 }, &err));
	assert_string_equal(marked, (const char *)shown.p);
	vl_buf_free(&value);
	vl_buf_free(&shown);
	vl_places_free(&places);
	vl_finder_free(f);
}

/* The value is refused with `why` in the message. */
static inline void
cannot_find(const struct find *how, struct vl_slice value, const char *why)
{
	const struct vl_place first = { 1, 2, VL_FORM_PLAIN };
	struct vl_finder *f = finder_of(how);
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };
	struct vl_err more = { 0 };

	places.list = calloc(1, sizeof(first));
	assert_non_null(places.list);
	places.list[0] = first;
	places.n = 1;
	places.cap = 1;
	assert_int_equal(VL_EFORMAT, vl_finder_find(f, value, &places, &err));
	if (strstr(err.text, why) == NULL)
		fail_msg("'%s' is not in '%s'", why, err.text);
	assert_int_equal(1, places.n); /* as before */
	assert_int_equal(2, places.list[0].n);
	/* It can be used again. */
	places.n = 0;
	(void)vl_finder_find(f, vl_slice_of("[]"), &places, &more);
	vl_places_free(&places);
	vl_finder_free(f);
}

#endif
