/*
 * ACLs, flags and extended attributes from a line that was parsed
 * (formats/manifest.md, "Attributes").  Their form is checked here, their
 * rules in entry_attrs.c.
 */

#include <string.h>

#include <valise/encode.h>

#include "entry_rules.h"

static enum vl_status
bad(const char *key, const char *what, struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT, "'%s' is not %s", key, what);
}

/* The string at `item`; false when it is none. */
static bool
text_at(struct vl_entry_store *store, size_t item, struct vl_slice *text)
{
	if (store->json.items[item].type != VL_JSON_STRING)
		return false;
	*text = vl_json_text(&store->json, item, &store->text);
	return true;
}

static bool
parse_perm(struct vl_slice text, uint8_t *perm)
{
	static const char letters[] = "rwx";
	size_t i;

	*perm = 0;
	for (i = 0; i < text.n && i < 3; i++) {
		*perm = (uint8_t)(*perm << 1);
		if (text.p[i] == (uint8_t)letters[i])
			*perm |= 1;
		else if (text.p[i] != '-')
			return false;
	}
	return text.n == 3;
}

/* The tag of a word in an entry with or without a number; false: none. */
static bool
find_tag(struct vl_slice word, bool named, enum vl_acl_tag *tag)
{
	int i;

	for (i = VL_ACL_USER_OBJ; i <= VL_ACL_OTHER; i++)
		if (vl_slice_equal(word, vl_slice_of(vl_acl_tag_words[i])) &&
		    named == (i == VL_ACL_USER || i == VL_ACL_GROUP)) {
			*tag = (enum vl_acl_tag)i;
			return true;
		}
	return false;
}

/* [word, permissions], or those and a number, or all that and a name. */
static bool
parse_acl_entry(
    struct vl_entry_store *store, size_t item, struct vl_acl_entry *a)
{
	const struct vl_json_item *it = &store->json.items[item];
	const struct vl_json_item *id = NULL;
	struct vl_slice word = { NULL, 0 };
	struct vl_slice perm = { NULL, 0 };

	*a = (struct vl_acl_entry){ 0 };
	if (it->type != VL_JSON_ARRAY || it->count < 2 || it->count > 4 ||
	    !text_at(store, item + 1, &word) ||
	    !text_at(store, item + 2, &perm) || !parse_perm(perm, &a->perm) ||
	    !find_tag(word, it->count > 2, &a->tag))
		return false;
	if (it->count == 2)
		return true;
	id = it + 3;
	if (id->type != VL_JSON_INT || id->number < 0 ||
	    id->number > UINT32_MAX)
		return false;
	a->id = (uint32_t)id->number;
	return it->count == 3 ||
	    (text_at(store, item + 4, &a->name) && a->name.n > 0);
}

/* Append the entries of the ACL at `item`, `*n` of them, to the store. */
static enum vl_status
read_acl(struct vl_entry_store *store, size_t item, const char *key, size_t *n,
    struct vl_err *err)
{
	static const char form[] = "a list of [who, 'rwx'] and of "
	                           "[who, 'rwx', number, name]";
	const struct vl_json *j = &store->json;
	struct vl_acl_entry a = { 0 };
	const struct vl_slice bytes = { (const uint8_t *)&a, sizeof(a) };
	size_t at = item + 1;
	enum vl_status st = VL_OK;

	if (j->items[item].type != VL_JSON_ARRAY || j->items[item].count == 0)
		return bad(key, form, err);
	for (; st == VL_OK && at < j->items[item].next; at = j->items[at].next)
		st = parse_acl_entry(store, at, &a) ?
		    vl_buf_add(&store->acl, bytes, err) :
		    bad(key, form, err);
	*n = j->items[item].count;
	return st;
}

static enum vl_status
read_flags(struct vl_entry *e, struct vl_entry_store *store, size_t item,
    struct vl_err *err)
{
	const struct vl_json *j = &store->json;
	struct vl_slice word = { NULL, 0 };
	size_t at = item + 1;
	int before = -1;
	int flag;

	if (j->items[item].type != VL_JSON_ARRAY || j->items[item].count == 0)
		return bad("flags", "a list of words", err);
	for (; at < j->items[item].next; at = j->items[at].next) {
		flag = -1;
		if (text_at(store, at, &word))
			flag = vl_entry_word(vl_flag_words, word);
		if (flag < 0)
			return bad("flags", "a list of known words", err);
		if (flag <= before)
			return bad("flags", "ascending", err);
		e->flags |= UINT32_C(1) << flag;
		before = flag;
	}
	return VL_OK;
}

/* A string, or {"$b64": ...} of what cannot be one. */
static bool
parse_bytes(struct vl_entry_store *store, size_t item, struct vl_slice *out)
{
	const struct vl_json *j = &store->json;
	struct vl_buf *arena = &store->text;
	const struct vl_json_item *coded = NULL;
	size_t n = 0;

	if (text_at(store, item, out))
		return true;
	if (j->items[item].type != VL_JSON_OBJECT ||
	    j->items[item].count != 1 ||
	    !vl_slice_equal(j->items[item + 1].raw, vl_slice_of("$b64")))
		return false;
	coded = &j->items[item + 2];
	if (coded->type != VL_JSON_STRING ||
	    !vl_unb64u_any(arena->p + arena->n, &n, coded->raw))
		return false;
	*out = (struct vl_slice){ arena->p + arena->n, n };
	arena->n += n;
	return !vl_entry_is_text(*out);
}

static enum vl_status
read_xattrs(struct vl_entry *e, struct vl_entry_store *store, size_t item,
    struct vl_err *err)
{
	static const char form[] = "a list of [name, value], each a string, or "
	                           "{\"$b64\": ...} if it is not UTF-8";
	const struct vl_json *j = &store->json;
	struct vl_xattr x = { { NULL, 0 }, { NULL, 0 } };
	const struct vl_slice bytes = { (const uint8_t *)&x, sizeof(x) };
	size_t at = item + 1;
	enum vl_status st = VL_OK;

	if (j->items[item].type != VL_JSON_ARRAY || j->items[item].count == 0)
		return bad("xattrs", form, err);
	for (; st == VL_OK && at < j->items[item].next; at = j->items[at].next)
		st = j->items[at].type == VL_JSON_ARRAY &&
		        j->items[at].count == 2 &&
		        parse_bytes(store, at + 1, &x.name) &&
		        parse_bytes(store, j->items[at + 1].next, &x.value) ?
		    vl_buf_add(&store->xattrs, bytes, err) :
		    bad("xattrs", form, err);
	if (st != VL_OK)
		return st;
	e->xattrs = (const struct vl_xattr *)(const void *)store->xattrs.p;
	e->nxattrs = j->items[item].count;
	return VL_OK;
}

enum vl_status
vl_entry_read_attrs(struct vl_entry *e, struct vl_entry_store *store,
    const struct vl_entry_attrs_at *at, struct vl_err *err)
{
	const struct vl_acl_entry *acl = NULL;
	enum vl_status st = VL_OK;

	if (at->acl != VL_JSON_NONE)
		st = read_acl(store, at->acl, "acl", &e->nacl, err);
	if (st == VL_OK && at->acl_default != VL_JSON_NONE)
		st = read_acl(store, at->acl_default, "acl_default",
		    &e->nacl_default, err);
	if (st == VL_OK && at->flags != VL_JSON_NONE)
		st = read_flags(e, store, at->flags, err);
	if (st == VL_OK && at->xattrs != VL_JSON_NONE)
		st = read_xattrs(e, store, at->xattrs, err);
	if (st != VL_OK || store->acl.n == 0)
		return st;
	/* Both stand in one buffer, which stays put only from now on. */
	acl = (const struct vl_acl_entry *)(const void *)store->acl.p;
	if (e->nacl > 0)
		e->acl = acl;
	if (e->nacl_default > 0)
		e->acl_default = acl + e->nacl;
	return VL_OK;
}
