/* Lists of places: appended to, and merged where they do not overlap. */

#include <stdlib.h>

#include "place.h"

static enum vl_status
make_room(struct vl_places *p, size_t more, struct vl_err *err)
{
	struct vl_place *grown = NULL;
	size_t cap = p->cap == 0 ? 8 : p->cap;

	if (more > VL_PLACES_MAX - p->n)
		return vl_fail(err, VL_ELIMIT,
		    "a value holds more than %d references", VL_PLACES_MAX);
	if (more <= p->cap - p->n)
		return VL_OK;
	while (cap < p->n + more)
		cap *= 2;
	grown = reallocarray(p->list, cap, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	p->list = grown;
	p->cap = cap;
	return VL_OK;
}

enum vl_status
places_add(struct vl_places *p, struct vl_place place, struct vl_err *err)
{
	enum vl_status st = make_room(p, 1, err);

	if (st == VL_OK)
		p->list[p->n++] = place;
	return st;
}

enum vl_status
places_add_counted(
    struct vl_places *p, struct vl_counted counted, struct vl_err *err)
{
	struct vl_counted *grown = NULL;
	size_t cap = p->cap_counted == 0 ? 8 : 2 * p->cap_counted;

	if (p->ncounted == p->cap_counted) {
		grown = reallocarray(p->counted, cap, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		p->counted = grown;
		p->cap_counted = cap;
	}
	p->counted[p->ncounted++] = counted;
	return VL_OK;
}

/* Two that begin at one byte overlap, even if both are empty. */
static bool
overlap(const struct vl_place *a, const struct vl_place *b)
{
	if (a->at == b->at)
		return true;
	return a->at < b->at ? b->at - a->at < a->n : a->at - b->at < b->n;
}

static enum vl_status
check_apart(
    const struct vl_places *a, const struct vl_places *b, struct vl_err *err)
{
	size_t i = 0;
	size_t k = 0;

	while (i < a->n && k < b->n) {
		if (overlap(&a->list[i], &b->list[k]))
			return vl_fail(err, VL_EFORMAT,
			    "two references meet at byte %zu of the value",
			    a->list[i].at > b->list[k].at ? a->list[i].at :
			                                    b->list[k].at);
		if (a->list[i].at < b->list[k].at)
			i++;
		else
			k++;
	}
	return VL_OK;
}

enum vl_status
vl_places_merge(
    struct vl_places *into, const struct vl_places *more, struct vl_err *err)
{
	enum vl_status st = check_apart(into, more, err);
	size_t i = into->n;
	size_t k = more->n;

	if (st == VL_OK)
		st = make_room(into, more->n, err);
	if (st != VL_OK)
		return st;
	into->n += more->n;
	/* From the back, so that nothing is overwritten that is still read. */
	while (k > 0) {
		if (i > 0 && into->list[i - 1].at > more->list[k - 1].at) {
			into->list[i + k - 1] = into->list[i - 1];
			i--;
		} else {
			into->list[i + k - 1] = more->list[k - 1];
			k--;
		}
	}
	return VL_OK;
}

void
vl_places_free(struct vl_places *p)
{
	if (p == NULL)
		return;
	free(p->list);
	free(p->counted);
	*p = (struct vl_places){ 0 };
}
