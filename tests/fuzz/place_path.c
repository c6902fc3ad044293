/*
 * JSON and JSONPath: the first line is the path, the rest the value.  With
 * another text at every place the value is still JSON, and that text is there.
 */

#include "places.h"

static void
check_other_text(
    struct vl_finder *f, struct vl_slice value, const struct vl_places *places)
{
	const struct vl_slice text = vl_slice_of("\"\\\n\x01/\xc3\xa4");
	struct vl_places found = { 0 };
	struct vl_buf other = { 0 };
	struct vl_buf read = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	write_all(&other, value, places, &text);
	MUST(vl_finder_find(f, vl_buf_slice(&other), &found, &err) == VL_OK);
	MUST(found.n == places->n);
	for (i = 0; i < found.n; i++) {
		MUST(found.list[i].form == places->list[i].form);
		if (found.list[i].form != VL_FORM_JSON_TEXT)
			continue;
		read_place(&read, vl_buf_slice(&other), &found.list[i]);
		MUST(vl_slice_equal(text, vl_buf_slice(&read)));
	}
	vl_buf_free(&read);
	vl_buf_free(&other);
	vl_places_free(&found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(p, '\n', n) : NULL;
	struct vl_finder *f = NULL;
	struct vl_places places = { 0 };
	struct vl_slice value = { NULL, 0 };
	struct vl_err err = { 0 };
	char path[256];

	if (end == NULL || (size_t)(end - p) >= sizeof(path))
		return 0;
	memcpy(path, p, (size_t)(end - p));
	path[end - p] = '\0';
	value = (struct vl_slice){ end + 1, n - (size_t)(end - p) - 1 };
	if (vl_finder_new(
	        &f, &(struct vl_finder_words){ .json = path }, &err) != VL_OK) {
		MUST(err.status == VL_EUSAGE && f == NULL);
		return 0;
	}
	if (check_own_texts(f, value, &places))
		check_other_text(f, value, &places);
	vl_places_free(&places);
	vl_finder_free(f);
	return 0;
}
