/*
 * Which lengths change where places do: those of the strings around them, also
 * of strings of a value that was serialised once more and is a text of the one
 * around it (formats/values.md, "PHP").
 */

#include <valise/text.h>

#include "place.h"

/* A text that may be serialised, with places. */
struct nest {
	struct vl_places *out;
	struct vl_slice text;
	size_t at;    /* of it in the value */
	size_t next;  /* the first place that no string so far was asked for */
	size_t found; /* places that stand where they may */
	size_t depth;
};

static enum vl_status look_inside(
    struct nest *n, size_t last, struct vl_err *err);

static enum vl_status
pass_over(void *with, const struct leaf *leaf, struct vl_err *err)
{
	(void)with;
	(void)leaf;
	(void)err;
	return VL_OK;
}

/* With a letter that has a length behind it somewhere. */
static bool
is_serialised(struct vl_slice text)
{
	const struct leaf_visit none = { .leaf = pass_over };

	return text.n > 3 && text.p[1] == ':' &&
	    (text.p[0] == 'a' || text.p[0] == 's' || text.p[0] == 'O' ||
	        text.p[0] == 'C') &&
	    php_scan(NULL, text, &none, NULL) == VL_OK;
}

/* A string or integer of the nested value: the places in it. */
static enum vl_status
take_leaf(void *with, const struct leaf *leaf, struct vl_err *err)
{
	struct nest *n = with;
	struct vl_place *list = n->out->list;
	const size_t at = n->at + leaf->at;
	const size_t end = at + leaf->n;
	struct nest inner = { .out = n->out,
		.text = { n->text.p + leaf->at, leaf->n },
		.at = at,
		.depth = n->depth + 1 };
	enum vl_status st = VL_OK;
	size_t last = 0;

	while (n->next < n->out->n && list[n->next].at < at)
		n->next++;
	for (last = n->next; last < n->out->n; last++)
		if (list[last].at + list[last].n > end)
			break;
	if (last == n->next)
		return VL_OK;
	inner.next = n->next;
	if (leaf->head == 0) {
		if (list[n->next].at != at || list[n->next].n != leaf->n)
			return VL_OK;
		list[n->next].form = leaf->form;
	} else {
		st = places_add_counted(n->out,
		    (struct vl_counted){ at - leaf->head, leaf->head, leaf->n },
		    err);
	}
	n->found += last - n->next;
	n->next = last;
	return st == VL_OK && leaf->head > 0 ? look_inside(&inner, last, err) :
	                                       st;
}

/* The places from n->next up to `last` lie in n->text. */
static enum vl_status
look_inside(struct nest *n, size_t last, struct vl_err *err)
{
	const struct leaf_visit visit = { .leaf = take_leaf, .with = n };
	const size_t first = n->next;
	enum vl_status st = VL_OK;

	if (!is_serialised(n->text))
		return VL_OK;
	if (n->depth == VL_COUNTED_DEPTH)
		return vl_fail(err, VL_EFORMAT,
		    "more than %d PHP-serialised values one within another at "
		    "byte %zu",
		    VL_COUNTED_DEPTH, n->at);
	st = php_scan(NULL, n->text, &visit, err);
	if (st == VL_OK && n->found != last - first)
		return vl_fail(err, VL_EFORMAT,
		    "a reference stands between the values of what is "
		    "PHP-serialised within a text at byte %zu",
		    n->at);
	return st;
}

enum vl_status
php_count(struct vl_places *out, size_t first, struct vl_slice value,
    const struct leaf *leaf, struct vl_err *err)
{
	const struct vl_place *place = &out->list[first];
	struct nest n = { .out = out,
		.text = { value.p + leaf->at, leaf->n },
		.at = leaf->at,
		.next = first,
		.depth = 1 };
	enum vl_status st = places_add_counted(out,
	    (struct vl_counted){ leaf->at - leaf->head, leaf->head, leaf->n },
	    err);

	/* Not what is an id as a whole. */
	if (st != VL_OK || (place->at == leaf->at && place->n == leaf->n))
		return st;
	return look_inside(&n, out->n, err);
}
