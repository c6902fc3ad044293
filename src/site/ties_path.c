/*
 * From a name with an id to one with a key, and back (formats/manifest.md,
 * "Paths that hold keys").
 */

#include <string.h>

#include <valise/entry.h>
#include <valise/text.h>

#include "ties.h"

#define SHOWN 256

static void
begin(struct vl_ties *t)
{
	size_t i = 0;

	for (i = 0; i < t->n; i++)
		t->patterns[i].fits = true;
}

/* Only lines whose component `depth` the name fits go on. */
static void
step(struct vl_ties *t, size_t depth, struct vl_slice name)
{
	struct tie_pattern *p = t->patterns;

	for (; p < t->patterns + t->n; p++)
		p->fits =
		    p->fits && depth < p->n && tie_fits(&p->parts[depth], name);
}

/* The part by which the name holds an id. */
static struct tie_part *
find_id(const struct vl_ties *t, size_t depth, struct vl_slice name)
{
	const struct tie_pattern *p = t->patterns;

	for (; p < t->patterns + t->n; p++)
		if (p->fits && depth < p->n && p->parts[depth].is_id &&
		    tie_fits(&p->parts[depth], name))
			return &p->parts[depth];
	return NULL;
}

/* The next component; `*rest` goes behind its slash. */
static bool
next_name(struct vl_slice *rest, struct vl_slice *name)
{
	const uint8_t *slash = NULL;

	if (rest->n == 0)
		return false;
	*name = *rest;
	slash = memchr(rest->p, '/', rest->n);
	if (slash == NULL) {
		rest->n = 0;
		return true;
	}
	name->n = (size_t)(slash - rest->p);
	rest->p += name->n + 1;
	rest->n -= name->n + 1;
	return true;
}

/* What a component is written with must not be taken for what it says. */
static enum vl_status
escape(struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	static const char hex[] = "0123456789ABCDEF";
	enum vl_status st = vl_buf_reserve(out, 3 * text.n, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c != 0 && strchr("%/{}", c) != NULL) {
			out->p[out->n++] = '%';
			out->p[out->n++] = (uint8_t)hex[c >> 4];
			c = (uint8_t)hex[c & 15];
		}
		out->p[out->n++] = c;
	}
	return st;
}

enum vl_status
vl_ties_name(struct vl_ties *t, struct vl_slice dir, struct vl_slice name,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	const struct tie_part *part = NULL;
	struct vl_slice above = { NULL, 0 };
	struct vl_slice id = name;
	enum vl_status st = VL_OK;
	size_t depth = 0;

	*how = VL_TIED;
	begin(t);
	while (next_name(&dir, &above))
		step(t, depth++, above);
	part = find_id(t, depth, name);
	if (part == NULL)
		return escape(out, name, err);
	id.p += part->before.n;
	id.n -= part->before.n + part->after.n;
	vl_buf_clear(&t->key);
	st = t->finder.find(t->finder.arg, &part->tie, id, &t->key, how, err);
	if (st != VL_OK || *how == VL_TIED_NONE)
		return st;
	st = escape(out, part->before, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, "{", err);
	if (st == VL_OK)
		st = escape(out, vl_buf_slice(&t->key), err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, "}", err);
	return st == VL_OK ? escape(out, part->after, err) : st;
}

static enum vl_status
fail_name(struct vl_slice name, const char *why, struct vl_err *err)
{
	char shown[SHOWN];

	return vl_fail(err, VL_EFORMAT, "'%s' %s",
	    vl_escape_text(shown, sizeof(shown), name), why);
}

static int
digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte of a component, which goes on behind it; false where it is not
 * written as it must be. */
static bool
unescape(struct vl_slice *rest, uint8_t *c)
{
	int high = 0;
	int low = 0;

	*c = rest->p[0];
	if (*c != '%') {
		rest->p++;
		rest->n--;
		return true;
	}
	high = rest->n < 3 ? -1 : digit(rest->p[1]);
	low = rest->n < 3 ? -1 : digit(rest->p[2]);
	if (high < 0 || low < 0)
		return false;
	*c = (uint8_t)(high * 16 + low);
	rest->p += 3;
	rest->n -= 3;
	return *c != 0 && strchr("%/{}", *c) != NULL;
}

/* A component of a manifest: what stands before its key, the key, and what
 * stands behind; all in t->name, t->key. */
struct read_name {
	bool has_key;
	struct vl_slice before;
	struct vl_slice after;
};

static enum vl_status
read_name(struct vl_ties *t, struct vl_slice name, struct read_name *out,
    struct vl_err *err)
{
	struct vl_slice rest = name;
	struct vl_buf *to = &t->name;
	enum vl_status st = VL_OK;
	size_t before = 0;
	uint8_t c = 0;

	*out = (struct read_name){ 0 };
	vl_buf_clear(&t->name);
	vl_buf_clear(&t->key);
	while (st == VL_OK && rest.n > 0) {
		if (*rest.p == (to == &t->key ? '}' : '{') &&
		    (to == &t->key || !out->has_key)) {
			out->has_key = true;
			before = t->name.n;
			to = to == &t->key ? &t->name : &t->key;
			rest.p++;
			rest.n--;
			continue;
		}
		if (*rest.p == '{' || *rest.p == '}' || !unescape(&rest, &c) ||
		    (c == '/' && to == &t->name))
			return fail_name(name,
			    "is not spelled as a name beside keys must be",
			    err);
		st = vl_buf_add(to, (struct vl_slice){ &c, 1 }, err);
	}
	if (st == VL_OK && to == &t->key)
		return fail_name(name, "holds a key without its end", err);
	out->before = vl_buf_slice(&t->name);
	if (out->has_key) {
		out->before.n = before;
		out->after =
		    (struct vl_slice){ t->name.p + before, t->name.n - before };
	}
	return st;
}

static bool
fits_key(const struct tie_part *part, const struct read_name *r)
{
	return part->is_id && vl_slice_equal(part->before, r->before) &&
	    vl_slice_equal(part->after, r->after);
}

/* The part that the key stands in; only its lines go on. */
static struct tie_part *
find_key(struct vl_ties *t, size_t depth, const struct read_name *r)
{
	struct tie_pattern *p = t->patterns;
	struct tie_part *found = NULL;

	for (; p < t->patterns + t->n; p++) {
		p->fits =
		    p->fits && depth < p->n && fits_key(&p->parts[depth], r);
		if (p->fits && found == NULL)
			found = &p->parts[depth];
	}
	return found;
}

static enum vl_status
find_here(const struct vl_ties *t, struct tie_part *part, struct vl_err *err)
{
	struct vl_slice key = vl_buf_slice(&t->key);
	enum vl_status st = VL_OK;

	if (part->known && vl_slice_equal(key, vl_buf_slice(&part->key)))
		return VL_OK;
	part->known = false;
	vl_buf_clear(&part->key);
	vl_buf_clear(&part->id);
	st = vl_buf_add(&part->key, key, err);
	if (st == VL_OK)
		st = t->finder.find(
		    t->finder.arg, &part->tie, key, &part->id, &part->how, err);
	part->known = st == VL_OK;
	if (st == VL_OK && part->how == VL_TIED && part->id.n > 0 &&
	    memchr(part->id.p, '/', part->id.n) != NULL)
		return vl_fail(
		    err, VL_EREFUSED, "its id cannot stand in a name");
	return st;
}

static enum vl_status
add_name(struct vl_ties *t, size_t depth, struct vl_slice name,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	struct read_name r = { 0 };
	struct tie_part *part = NULL;
	enum vl_status st = read_name(t, name, &r, err);

	if (st != VL_OK)
		return st;
	if (!r.has_key && find_id(t, depth, r.before) != NULL)
		return fail_name(name,
		    "holds an id of the source in the place of a key", err);
	if (!r.has_key) {
		step(t, depth, r.before);
		return vl_buf_add(out, r.before, err);
	}
	part = find_key(t, depth, &r);
	if (part == NULL)
		return fail_name(name,
		    "holds a key where no 'path' of the profile has one", err);
	st = find_here(t, part, err);
	*how = part->how;
	if (st == VL_OK)
		st = vl_buf_add(out, r.before, err);
	if (st == VL_OK)
		st = vl_buf_add(out, vl_buf_slice(&part->id), err);
	return st == VL_OK ? vl_buf_add(out, r.after, err) : st;
}

enum vl_status
vl_ties_path(struct vl_ties *t, struct vl_slice path, struct vl_buf *out,
    enum vl_tied *how, struct vl_err *err)
{
	struct vl_slice name = { NULL, 0 };
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	char shown[SHOWN];
	size_t depth = 0;

	*how = VL_TIED;
	vl_buf_clear(out);
	begin(t);
	while (st == VL_OK && *how == VL_TIED && next_name(&path, &name)) {
		if (depth > 0)
			st = vl_buf_add_text(out, "/", err);
		if (st == VL_OK)
			st = add_name(t, depth++, name, out, how, err);
	}
	if (st == VL_OK && *how == VL_TIED &&
	    vl_path_check(vl_buf_slice(out), &why) != VL_OK)
		st = vl_fail(err, VL_EREFUSED, "it would be '%s' here: %s",
		    vl_escape_text(shown, sizeof(shown), vl_buf_slice(out)),
		    why.text);
	return st;
}
