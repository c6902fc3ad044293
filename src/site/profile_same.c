/*
 * Whether two profiles mean the same, and where they do not
 * (formats/profile.md, "As it travels").
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/json.h>
#include <valise/profile.h>
#include <valise/text.h>

#define SHOWN 200 /* bytes of a value in a message */

/* Two values beside each other, and where in the words they stand. */
struct pair {
	const struct vl_json *own;
	const struct vl_json *theirs;
	char at[512];
};

static void
say(struct pair *p, const char *before, struct vl_slice text, const char *after)
{
	size_t used = strlen(p->at);
	char safe[SHOWN];

	(void)snprintf(p->at + used, sizeof(p->at) - used, "%s%s%s", before,
	    vl_escape_text(safe, sizeof(safe), text), after);
}

static bool differ(struct pair *p, size_t own, size_t theirs, size_t found[2]);

/* The elements of a list by what names them. */
static void
say_element(struct pair *p, const struct vl_json *j, size_t item)
{
	static const char *const names[] = { "table", "from", "path", "column",
		"resource" };
	size_t at = VL_JSON_NONE;
	size_t i = 0;

	if (j->items[item].type != VL_JSON_OBJECT)
		return;
	for (i = 0; at == VL_JSON_NONE && i < sizeof(names) / sizeof(*names);
	     i++)
		at = vl_json_member(j, item, names[i]);
	if (at != VL_JSON_NONE)
		say(p, " (", j->items[at].raw, ")");
}

/* Lists: the first element that is another one. */
static bool
differ_in_list(struct pair *p, size_t own, size_t theirs, size_t found[2])
{
	const struct vl_json_item *a = &p->own->items[own];
	const struct vl_json_item *b = &p->theirs->items[theirs];
	size_t used = strlen(p->at);
	size_t i = own + 1;
	size_t k = theirs + 1;
	size_t n = 0;

	for (n = 0; n < a->count || n < b->count; n++) {
		if (n < a->count)
			say_element(p, p->own, i);
		else
			say_element(p, p->theirs, k);
		if (differ(p, n < a->count ? i : VL_JSON_NONE,
		        n < b->count ? k : VL_JSON_NONE, found))
			return true;
		p->at[used] = '\0';
		i = p->own->items[i].next;
		k = p->theirs->items[k].next;
	}
	return false;
}

/* Of two objects, whose keys ascend, the member that comes first. */
static int
which_first(const struct pair *p, size_t own, size_t theirs)
{
	struct vl_slice a = { NULL, 0 };
	struct vl_slice b = { NULL, 0 };

	if (own == VL_JSON_NONE || theirs == VL_JSON_NONE)
		return own == VL_JSON_NONE ? 1 : -1;
	a = p->own->items[own].raw;
	b = p->theirs->items[theirs].raw;
	return vl_slice_cmp(a, b);
}

static bool
differ_in_object(struct pair *p, size_t own, size_t theirs, size_t found[2])
{
	size_t end[2] = { p->own->items[own].next,
		p->theirs->items[theirs].next };
	size_t used = strlen(p->at);
	struct vl_slice key = { NULL, 0 };
	size_t i = own + 1;
	size_t k = theirs + 1;
	int first = 0;

	while (i < end[0] || k < end[1]) {
		first = which_first(p, i < end[0] ? i : VL_JSON_NONE,
		    k < end[1] ? k : VL_JSON_NONE);
		key =
		    first <= 0 ? p->own->items[i].raw : p->theirs->items[k].raw;
		say(p, used == 0 ? "" : ": ", key, "");
		if (differ(p, first <= 0 ? i + 1 : VL_JSON_NONE,
		        first >= 0 ? k + 1 : VL_JSON_NONE, found))
			return true;
		p->at[used] = '\0';
		i = p->own->items[i + 1].next;
		k = p->theirs->items[k + 1].next;
	}
	return false;
}

/* Where one of them is not there, they differ. */
static bool
differ(struct pair *p, size_t own, size_t theirs, size_t found[2])
{
	enum vl_json_type type = VL_JSON_NULL;

	found[0] = own;
	found[1] = theirs;
	if (own == VL_JSON_NONE || theirs == VL_JSON_NONE)
		return true;
	type = p->own->items[own].type;
	if (vl_slice_equal(
	        p->own->items[own].raw, p->theirs->items[theirs].raw) &&
	    type == p->theirs->items[theirs].type)
		return false;
	if (type != p->theirs->items[theirs].type)
		return true;
	if (type == VL_JSON_OBJECT)
		return differ_in_object(p, own, theirs, found);
	if (type == VL_JSON_ARRAY)
		return differ_in_list(p, own, theirs, found);
	return true;
}

static const char *
shown(char text[SHOWN], const struct vl_json *j, size_t item)
{
	return item == VL_JSON_NONE ?
	    "nothing" :
	    vl_escape_text(text, SHOWN, j->items[item].raw);
}

/* The first words that say something else, with both sides. */
static enum vl_status
fail_other(struct vl_slice own, struct vl_slice theirs, struct vl_err *err)
{
	struct vl_json j[2] = { { 0 }, { 0 } };
	struct pair p = { .own = &j[0], .theirs = &j[1] };
	size_t found[2] = { VL_JSON_NONE, VL_JSON_NONE };
	char text[2][SHOWN];
	enum vl_status st = vl_json_parse(&j[0], own, err);

	if (st == VL_OK)
		st = vl_json_parse(&j[1], theirs, err);
	if (st == VL_OK && differ(&p, 0, 0, found))
		st = vl_fail(err, VL_EREFUSED,
		    "the profile means something else here than at the source: "
		    "%s is %s here and %s there; use the same profile on both "
		    "sides, or 'profile: bundle' here",
		    p.at, shown(text[0], &j[0], found[0]),
		    shown(text[1], &j[1], found[1]));
	vl_json_free(&j[0]);
	vl_json_free(&j[1]);
	return st;
}

/* An entry of the resource is about that table. */
static bool
speaks_of(const struct vl_profile_resource *r, const char *table)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; r != NULL && i < r->ntables; i++)
		for (k = 0; k < r->tables[i].ntables; k++)
			if (strcmp(r->tables[i].tables[k], table) == 0)
				return true;
	return false;
}

/* Tables that only this side speaks of, to skip them: where a bundle has one
 * it is refused, so that no row of it is taken otherwise. */
static bool
skips_alone(const struct vl_table_words *w, const struct vl_profile_resource *r)
{
	size_t i = 0;

	for (i = 0; i < w->ntables; i++)
		if (strchr(w->tables[i], '{') != NULL ||
		    speaks_of(r, w->tables[i]))
			return false;
	return w->skip && w->where == NULL;
}

/* What this side means, without those. */
static enum vl_status
own_meaning(struct vl_buf *out, const struct vl_profile *own,
    const struct vl_profile *theirs, const char *resource, struct vl_err *err)
{
	const struct vl_profile_resource *r =
	    vl_profile_resource(own, resource);
	struct vl_profile_resource alone = { 0 };
	struct vl_profile one = *own;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (r == NULL)
		return vl_profile_meaning(out, own, resource, err);
	alone = *r;
	alone.ntables = 0;
	alone.tables = calloc(r->ntables + 1, sizeof(*alone.tables));
	if (alone.tables == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < r->ntables; i++)
		if (!skips_alone(
		        &r->tables[i], vl_profile_resource(theirs, resource)))
			alone.tables[alone.ntables++] = r->tables[i];
	one.resources = &alone;
	one.nresources = 1;
	st = vl_profile_meaning(out, &one, resource, err);
	free(alone.tables);
	return st;
}

enum vl_status
vl_profile_same(const struct vl_profile *own, const struct vl_profile *theirs,
    const char *resource, struct vl_err *err)
{
	static const struct vl_profile none;
	struct vl_buf here = { 0 };
	struct vl_buf there = { 0 };
	enum vl_status st = VL_OK;

	/* Of no words at all it is the meaning of none. */
	if (theirs == NULL)
		theirs = &none;
	st = own_meaning(&here, own, theirs, resource, err);
	if (st == VL_OK)
		st = vl_profile_meaning(&there, theirs, resource, err);
	if (st == VL_OK &&
	    !vl_slice_equal(vl_buf_slice(&here), vl_buf_slice(&there)))
		st = fail_other(vl_buf_slice(&here), vl_buf_slice(&there), err);
	vl_buf_free(&here);
	vl_buf_free(&there);
	return st;
}
