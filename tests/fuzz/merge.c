/*
 * Two texts that are joined: the first byte says whether they are YAML or
 * JSON; then come lines, each of a letter that says how and a path, until an
 * empty one; then the source's text, a byte 0xff, and the target's.
 * A text alone, and beside itself, comes out as it was.  What comes out of two
 * can be read, and joined again is the same; what one path to one value keeps
 * is what the target has.
 */

#include <valise/crypt.h>
#include <valise/json.h>
#include <valise/merge.h>
#include <valise/place.h>

#include "fuzz.h"

#define LINES_MAX 4

struct asked {
	bool yaml;
	struct vl_merge_path *paths[LINES_MAX];
	struct vl_merge_line lines[LINES_MAX];
	size_t n;
	char text[256]; /* of the first path */
};

/* What each member must be: of a text beside nothing, and beside itself. */
struct expected {
	bool all_new;
	bool all_same;
};

static bool
was_brought(void *arg, struct vl_slice name)
{
	(void)arg;
	return vl_xxh64(name) % 2 == 0;
}

static enum vl_status
take_member(void *arg, const struct vl_member *m, struct vl_err *err)
{
	const struct expected *expected = arg;
	struct vl_json j = { 0 };

	MUST(m->how != VL_MERGE_VALUE && m->shown.n > 0);
	MUST(!expected->all_new || m->fate == VL_MEMBER_NEW);
	MUST(!expected->all_same || m->fate == VL_MEMBER_SAME);
	MUST(vl_json_parse(&j, m->name, err) == VL_OK);
	MUST(j.items[0].count > 0);
	vl_json_free(&j);
	return VL_OK;
}

/* False: it was refused. */
static bool
merge(struct vl_buf *out, const struct asked *a, struct vl_slice there,
    struct vl_slice here, struct expected expected)
{
	const struct vl_merge m = { .yaml = a->yaml,
		.lines = a->lines,
		.n = a->n,
		.there = there,
		.here = here,
		.arg = &expected,
		.brought = was_brought,
		.member = take_member };
	struct vl_err err = { 0 };
	enum vl_status st = vl_merge(out, &m, &err);

	MUST(st == VL_OK || (st == VL_EREFUSED && err.text[0] != '\0'));
	return st == VL_OK;
}

/* The text of the one value that the first path finds; false: of none, or of
 * more. */
static bool
find_one(const struct asked *a, struct vl_slice value, struct vl_buf *out)
{
	const struct vl_finder_words words = { .json = a->text };
	struct vl_finder *f = NULL;
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };
	bool one = false;

	MUST(vl_finder_new(&f, &words, &err) == VL_OK);
	one = vl_finder_find(f, value, &places, &err) == VL_OK && places.n == 1;
	if (one)
		MUST(vl_place_read(out, value, &places.list[0], &err) == VL_OK);
	vl_places_free(&places);
	vl_finder_free(f);
	return one;
}

static void
check_kept(const struct asked *a, struct vl_slice here, struct vl_slice made)
{
	struct vl_buf kept = { 0 };
	struct vl_buf found = { 0 };

	if (!a->yaml && a->n == 1 && a->lines[0].how == VL_MERGE_VALUE &&
	    strchr(a->text, '*') == NULL && strstr(a->text, "..") == NULL &&
	    find_one(a, here, &kept) && find_one(a, made, &found))
		MUST(vl_slice_equal(vl_buf_slice(&kept), vl_buf_slice(&found)));
	vl_buf_free(&kept);
	vl_buf_free(&found);
}

static void
check_counts(const struct asked *a, struct vl_slice here, bool merged)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	uint64_t n = 0;
	size_t i = 0;

	for (i = 0; i < a->n; i++) {
		st = vl_merge_count(&n, here, a->yaml, &a->lines[i], &err);
		MUST(st == VL_OK || (st == VL_EREFUSED && !merged));
	}
}

static void
check_both(const struct asked *a, struct vl_slice there, struct vl_slice here)
{
	const struct asked none = { .yaml = a->yaml };
	struct vl_buf made = { 0 };
	struct vl_buf again = { 0 };
	const bool merged =
	    merge(&made, a, there, here, (struct expected){ 0 });

	check_counts(a, here, merged);
	if (merged) {
		MUST(merge(&again, &none, vl_buf_slice(&made),
		    (struct vl_slice){ 0 }, (struct expected){ 0 }));
		vl_buf_clear(&again);
		MUST(!merge(&again, a, there, vl_buf_slice(&made),
		         (struct expected){ 0 }) ||
		    vl_slice_equal(vl_buf_slice(&made), vl_buf_slice(&again)));
		check_kept(a, here, vl_buf_slice(&made));
	}
	vl_buf_free(&made);
	vl_buf_free(&again);
}

static void
check(const struct asked *a, struct vl_slice there, struct vl_slice here)
{
	struct vl_buf out = { 0 };

	if (merge(&out, a, there, (struct vl_slice){ 0 },
	        (struct expected){ .all_new = true }))
		MUST(vl_slice_equal(there, vl_buf_slice(&out)));
	vl_buf_clear(&out);
	if (merge(&out, a, there, there, (struct expected){ .all_same = true }))
		MUST(vl_slice_equal(there, vl_buf_slice(&out)));
	vl_buf_free(&out);
	if (here.p != NULL)
		check_both(a, there, here);
}

/* The lines; false: one of them is none. */
static bool
take_lines(struct asked *a, struct vl_slice *rest)
{
	struct vl_err err = { 0 };
	char path[sizeof(a->text)] = "";
	const uint8_t *end = NULL;
	size_t n = 0;

	for (;;) {
		end = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;
		n = end == NULL ? 0 : (size_t)(end - rest->p);
		if (end == NULL || n > sizeof(path) || a->n == LINES_MAX)
			return false;
		if (n > 0)
			memcpy(path, rest->p + 1, n - 1);
		path[n > 0 ? n - 1 : 0] = '\0';
		if (n > 0 &&
		    vl_merge_path_new(&a->paths[a->n], path, &err) != VL_OK) {
			MUST(err.status == VL_EUSAGE);
			return false;
		}
		if (a->n == 0)
			memcpy(a->text, path, sizeof(path));
		if (n > 0)
			a->lines[a->n] = (struct vl_merge_line){ a->paths[a->n],
				a->yaml ? VL_MERGE_VALUE :
				          (enum vl_merge_how)(rest->p[0] % 4) };
		a->n += n > 0;
		*rest = (struct vl_slice){ rest->p + n + 1, rest->n - n - 1 };
		if (n == 0)
			return true;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct asked a = { 0 };
	struct vl_slice there = { 0 };
	struct vl_slice here = { 0 };
	const uint8_t *between = NULL;

	if (n == 0)
		return 0;
	a.yaml = p[0] % 2 != 0;
	there = (struct vl_slice){ p + 1, n - 1 };
	if (take_lines(&a, &there)) {
		between = there.n > 0 ? memchr(there.p, 0xff, there.n) : NULL;
		if (between != NULL) {
			here = (struct vl_slice){ between + 1,
				(size_t)(there.p + there.n - between) - 1 };
			there.n = (size_t)(between - there.p);
		}
		check(&a, there, here);
	}
	while (a.n > 0)
		vl_merge_path_free(a.paths[--a.n]);
	return 0;
}
