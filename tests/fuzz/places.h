#ifndef VALISE_TESTS_FUZZ_PLACES_H
#define VALISE_TESTS_FUZZ_PLACES_H

/*
 * The oracle of both finders of places: with every place replaced by its own
 * text the value is the same byte for byte, but for spellings that were not
 * the shortest; and there the same places are found with the same texts.
 */

#include <valise/place.h>

#include "fuzz.h"

static inline void
read_place(struct vl_buf *out, struct vl_slice value, const struct vl_place *p)
{
	struct vl_err err = { 0 };

	vl_buf_clear(out);
	MUST(vl_place_read(out, value, p, &err) == VL_OK);
}

/* Put what place `p` says, or `text`; a number no id can be stays. */
static inline void
write_place(struct vl_buf *out, struct vl_slice value, const struct vl_place *p,
    const struct vl_slice *text)
{
	struct vl_slice raw = { value.p + p->at, p->n };
	struct vl_buf own = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	read_place(&own, value, p);
	st = vl_place_write(
	    out, p->form, text != NULL ? *text : vl_buf_slice(&own), &err);
	if (p->form == VL_FORM_JSON_NUMBER && st == VL_EFORMAT)
		st = vl_buf_add(out, raw, &err);
	MUST(st == VL_OK);
	vl_buf_free(&own);
}

/* A value while it is written again. */
struct written {
	struct vl_buf *out;
	struct vl_slice value;
	size_t done; /* of the value */
	size_t depth;
	size_t end[VL_COUNTED_DEPTH]; /* counted texts, of the value */
	size_t from[VL_COUNTED_DEPTH];
};

static inline void
copy_to(struct written *w, size_t to)
{
	MUST(to >= w->done && to <= w->value.n);
	MUST(vl_buf_add(w->out,
	         (struct vl_slice){ w->value.p + w->done, to - w->done },
	         NULL) == VL_OK);
	w->done = to;
}

static inline void
end_counted(struct written *w, size_t at)
{
	while (w->depth > 0 && w->end[w->depth - 1] < at) {
		copy_to(w, w->end[--w->depth]);
		MUST(vl_place_count(w->out, w->from[w->depth], NULL) == VL_OK);
	}
}

static inline void
begin_counted(struct written *w, const struct vl_counted *c)
{
	const size_t end = c->at + c->head + c->n;

	end_counted(w, c->at);
	MUST(w->depth < VL_COUNTED_DEPTH && c->head >= 3);
	MUST(w->depth == 0 || end <= w->end[w->depth - 1]);
	copy_to(w, c->at);
	w->done += c->head;
	w->end[w->depth] = end;
	w->from[w->depth++] = w->out->n;
}

static inline void
write_all(struct vl_buf *out, struct vl_slice value,
    const struct vl_places *places, const struct vl_slice *text)
{
	struct written w = { .out = out, .value = value };
	size_t c = 0;
	size_t i = 0;

	for (i = 0; i < places->n; i++) {
		const struct vl_place *p = &places->list[i];

		MUST(i == 0 || p->at > places->list[i - 1].at);
		for (; c < places->ncounted && places->counted[c].at < p->at;
		     c++)
			begin_counted(&w, &places->counted[c]);
		end_counted(&w, p->at);
		copy_to(&w, p->at);
		write_place(out, value, p, text);
		MUST(p->n <= value.n - p->at);
		w.done = p->at + p->n;
	}
	end_counted(&w, value.n + 1);
	copy_to(&w, value.n);
	MUST(c == places->ncounted);
}

/* What is found in `again` is what was found in `value`. */
static inline void
check_same(struct vl_finder *f, struct vl_slice value,
    const struct vl_places *places, struct vl_slice again)
{
	struct vl_places found = { 0 };
	struct vl_buf a = { 0 };
	struct vl_buf b = { 0 };
	struct vl_err err = { 0 };
	size_t shorter = 0;
	size_t i = 0;

	MUST(vl_finder_find(f, again, &found, &err) == VL_OK);
	MUST(found.n == places->n && again.n <= value.n);
	for (i = 0; i < found.n; i++) {
		MUST(found.list[i].form == places->list[i].form);
		MUST(found.list[i].at + shorter == places->list[i].at);
		MUST(found.list[i].n <= places->list[i].n);
		shorter += places->list[i].n - found.list[i].n;
		read_place(&a, value, &places->list[i]);
		read_place(&b, again, &found.list[i]);
		MUST(vl_slice_equal(vl_buf_slice(&a), vl_buf_slice(&b)));
	}
	MUST(again.n + shorter == value.n);
	MUST(shorter > 0 || vl_slice_equal(again, value) ||
	    memchr(value.p, '\\', value.n) != NULL);
	vl_buf_free(&a);
	vl_buf_free(&b);
	vl_places_free(&found);
}

/* False: the value was refused. */
static inline bool
check_own_texts(
    struct vl_finder *f, struct vl_slice value, struct vl_places *places)
{
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };

	if (vl_finder_find(f, value, places, &err) != VL_OK) {
		MUST(err.status == VL_EFORMAT || err.status == VL_ELIMIT);
		MUST(places->n == 0);
		return false;
	}
	write_all(&again, value, places, NULL);
	check_same(f, value, places, vl_buf_slice(&again));
	vl_buf_free(&again);
	return true;
}

#endif
