/*
 * Entry to line (formats/manifest.md, "Lines of a tree").  The members are
 * written in the one order that all types share, ascending by their keys.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/text.h>

#include "entry_rules.h"

static void
put_text(struct vl_json_w *w, const char *key, const char *text)
{
	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(text));
}

static void
put_int(struct vl_json_w *w, const char *key, uint64_t n)
{
	vl_json_w_key(w, key);
	vl_json_w_int(w, (int64_t)n);
}

/* An owner's name; one that cannot stand in a line is not recorded. */
static void
put_name(struct vl_json_w *w, const char *key, struct vl_slice name)
{
	if (name.n == 0 || !vl_entry_is_text(name))
		return;
	vl_json_w_key(w, key);
	vl_json_w_text(w, name);
}

/* `key`, or `key_b` when the bytes are not UTF-8. */
static void
put_bytes(struct vl_json_w *w, const char *key, const char *key_b,
    struct vl_slice bytes)
{
	char text[VL_B64U_SIZE(VL_PATH_MAX)];

	if (vl_entry_is_text(bytes)) {
		vl_json_w_key(w, key);
		vl_json_w_text(w, bytes);
		return;
	}
	put_text(w, key_b, vl_b64u(text, bytes.p, bytes.n));
}

static void
put_hash(struct vl_json_w *w, const struct vl_entry *e, size_t *hash_at)
{
	uint8_t text[VL_CONTENT_HASH_TEXT];

	vl_entry_set_hash(text, 0, e->hash);
	vl_json_w_key(w, "hash");
	*hash_at = w->out->n + 1; /* behind the quote */
	vl_json_w_text(w, (struct vl_slice){ text, sizeof(text) });
}

static void
put_holes(struct vl_json_w *w, const struct vl_entry *e)
{
	size_t i;

	vl_json_w_key(w, "holes");
	vl_json_w_open(w, '[');
	for (i = 0; i < e->nholes; i++) {
		vl_json_w_open(w, '[');
		vl_json_w_int(w, (int64_t)e->holes[i].at);
		vl_json_w_int(w, (int64_t)e->holes[i].n);
		vl_json_w_close(w, ']');
	}
	vl_json_w_close(w, ']');
}

static void
put_mode(struct vl_json_w *w, uint32_t mode)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%04" PRIo32, mode);
	put_text(w, "mode", text);
}

static void
put_mtime(struct vl_json_w *w, struct vl_time t)
{
	char text[40];

	(void)snprintf(
	    text, sizeof(text), "%" PRId64 ".%09" PRId32, t.sec, t.nsec);
	put_text(w, "mtime", text);
}

static void
put_rdev(struct vl_json_w *w, const struct vl_entry *e)
{
	char text[32];

	(void)snprintf(
	    text, sizeof(text), "%" PRIu32 ":%" PRIu32, e->major, e->minor);
	put_text(w, "rdev", text);
}

static void
put_members(struct vl_json_w *w, const struct vl_entry *e, size_t *hash_at)
{
	const bool owner = vl_entry_has_owner(e->type);

	vl_entry_put_acl(w, "acl", e->acl, e->nacl);
	vl_entry_put_acl(w, "acl_default", e->acl_default, e->nacl_default);
	vl_entry_put_flags(w, e->flags);
	if (owner) {
		put_int(w, "gid", e->gid);
		put_name(w, "group", e->group);
	}
	if (e->type == VL_ENTRY_FILE) {
		put_hash(w, e, hash_at);
		if (e->nholes > 0)
			put_holes(w, e);
	}
	if (vl_entry_has_mode(e->type))
		put_mode(w, e->mode);
	if (owner) {
		put_mtime(w, e->mtime);
		put_name(w, "owner", e->owner);
	}
	put_bytes(w, "path", "path_b", e->path);
	vl_json_w_key(w, "r");
	vl_json_w_text(w, e->resource);
	if (vl_entry_is_device(e->type))
		put_rdev(w, e);
	if (e->type == VL_ENTRY_FILE) {
		put_int(w, "size", e->size);
		vl_entry_put_slots(w, e);
	}
	put_text(w, "t", vl_entry_type_words[e->type]);
	if (e->type == VL_ENTRY_LINK)
		put_bytes(w, "target", "target_b", e->target);
	if (e->type == VL_ENTRY_HARD)
		put_bytes(w, "to", "to_b", e->target);
	if (owner)
		put_int(w, "uid", e->uid);
	if (e->type == VL_ENTRY_LEFT_OUT)
		put_text(w, "why", vl_why_words[e->why]);
	vl_entry_put_xattrs(w, e);
}

enum vl_status
vl_entry_encode(struct vl_buf *out, const struct vl_entry *e, size_t *hash_at,
    struct vl_err *err)
{
	const size_t start = out->n;
	size_t at = start;
	struct vl_json_w w;
	enum vl_status st;

	st = vl_path_check_line(e->path, err);
	if (st == VL_OK)
		st = vl_entry_check(e, err);
	if (st != VL_OK)
		return st;
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	put_members(&w, e, &at);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st == VL_OK)
		st = vl_buf_add_text(out, "\n", err);
	if (st == VL_OK && out->n - start > VL_LINE_MAX)
		st = vl_fail(err, VL_ELIMIT,
		    "line would have %zu bytes, more than %d", out->n - start,
		    VL_LINE_MAX);
	if (st != VL_OK)
		out->n = start;
	if (hash_at != NULL)
		*hash_at = st == VL_OK ? at - start : 0;
	return st;
}

void
vl_entry_set_hash(
    uint8_t *line, size_t hash_at, const uint8_t hash[VL_CONTENT_HASH_SIZE])
{
	static const uint8_t kind[3] = { 'k', '1', '.' };
	char text[VL_B64U_SIZE(VL_CONTENT_HASH_SIZE)];

	(void)vl_b64u(text, hash, VL_CONTENT_HASH_SIZE);
	memcpy(line + hash_at, kind, sizeof(kind));
	memcpy(line + hash_at + sizeof(kind), text,
	    VL_CONTENT_HASH_TEXT - sizeof(kind));
}
