/*
 * A master key in a file: the first byte says how it is read, the rest of the
 * first line where it stands, and what follows is the file.  What is found by
 * a path in the copy that says nothing is what is found in the file itself;
 * what a line has stands in it behind its name.
 */

#include <valise/place.h>
#include <valise/secret.h>

#include "fuzz.h"
#include "master.h"

static void
check_path(struct vl_slice text, const struct vl_master_words *words,
    struct vl_slice key)
{
	const struct vl_finder_words way = { .json = words->json,
		.yaml = words->yaml };
	struct vl_finder *f = NULL;
	struct vl_places places = { 0 };
	struct vl_buf read = { 0 };
	struct vl_err err = { 0 };

	MUST(vl_finder_new(&f, &way, &err) == VL_OK);
	if (vl_finder_find(f, text, &places, &err) == VL_OK) {
		MUST(places.n == 1);
		MUST(
		    vl_place_read(&read, text, &places.list[0], &err) == VL_OK);
		MUST(vl_slice_equal(vl_buf_slice(&read), key));
	} else {
		/* An alias of nothing is one of something in the copy. */
		MUST(words->yaml != NULL);
	}
	vl_buf_free(&read);
	vl_places_free(&places);
	vl_finder_free(f);
}

static enum vl_status
look(struct vl_locked *out, bool *found, uint8_t how, char *where,
    struct vl_slice text, struct vl_err *err)
{
	struct vl_master_words words = { 0 };
	enum vl_status st = VL_OK;

	if (how % 4 == 2)
		return master_line(out, found, text, where, err);
	if (how % 4 == 3)
		return master_define(out, found, text, where, err);
	if (how % 4 == 0)
		words.json = where;
	else
		words.yaml = where;
	st = master_path(out, found, text, &words, err);
	if (st == VL_OK && *found)
		check_path(text, &words, vl_locked_slice(out));
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = n > 0 ? memchr(p, '\n', n) : NULL;
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_slice text = { 0 };
	static bool ready;
	char where[256];
	bool found = false;
	enum vl_status st = VL_OK;

	if (end == NULL || end < p + 2 || end - p > (ptrdiff_t)sizeof(where))
		return 0;
	ready = ready || vl_secret_init();
	MUST(ready);
	memcpy(where, p + 1, (size_t)(end - p) - 1);
	where[end - p - 1] = '\0';
	if (where[0] == '\0')
		return 0;
	text = (struct vl_slice){ end + 1, n - (size_t)(end - p) - 1 };
	st = look(&out, &found, *p, where, text, &err);
	MUST(st == VL_OK || st == VL_EUSAGE);
	MUST(found || out.n == 0 || st != VL_OK);
	if (st == VL_OK && found && *p % 4 == 2 && out.n > 0)
		MUST(memmem(text.p, text.n, out.p, out.n) != NULL);
	vl_locked_free(&out);
	return 0;
}
