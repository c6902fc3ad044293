/*
 * The header of an import as canonical JSON, and the typed members that the
 * files of the state are made of.  Paths stand in base64url: they may hold
 * any byte.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/journal.h>

#include "state_private.h"

static enum vl_status
fail_member(const char *name, struct vl_err *err)
{
	return vl_fail(err, VL_EFORMAT,
	    "member '%s' is missing or not as it should be", name);
}

enum vl_status
vl_member_hex(const struct vl_json *j, size_t at, const char *name,
    uint8_t *out, size_t n, struct vl_err *err)
{
	size_t i = vl_json_member(j, at, name);

	if (i == VL_JSON_NONE || j->items[i].type != VL_JSON_STRING ||
	    !vl_unhex(out, n, j->items[i].raw))
		return fail_member(name, err);
	return VL_OK;
}

enum vl_status
vl_member_int(const struct vl_json *j, size_t at, const char *name,
    int64_t *out, struct vl_err *err)
{
	size_t i = vl_json_member(j, at, name);

	if (i == VL_JSON_NONE || j->items[i].type != VL_JSON_INT)
		return fail_member(name, err);
	*out = j->items[i].number;
	return VL_OK;
}

static enum vl_status
member_bool(const struct vl_json *j, size_t at, const char *name, bool *out,
    struct vl_err *err)
{
	size_t i = vl_json_member(j, at, name);

	if (i == VL_JSON_NONE ||
	    (j->items[i].type != VL_JSON_TRUE &&
	        j->items[i].type != VL_JSON_FALSE))
		return fail_member(name, err);
	*out = j->items[i].type == VL_JSON_TRUE;
	return VL_OK;
}

enum vl_status
vl_member_text(const struct vl_json *j, size_t at, const char *name, char *out,
    size_t size, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	size_t i = vl_json_member(j, at, name);
	enum vl_status st = VL_OK;

	if (i == VL_JSON_NONE || j->items[i].type != VL_JSON_STRING)
		return fail_member(name, err);
	st = vl_json_decode(j, i, &text, err);
	if (st == VL_OK &&
	    (text.n >= size || memchr(text.p, 0, text.n) != NULL))
		st = fail_member(name, err);
	if (st == VL_OK) {
		if (text.n > 0)
			memcpy(out, text.p, text.n);
		out[text.n] = '\0';
	}
	vl_buf_free(&text);
	return st;
}

/* A path as base64url of its bytes; malloc'd, absolute, without NUL. */
static enum vl_status
member_path(const struct vl_json *j, size_t at, const char *name, char **out,
    struct vl_err *err)
{
	size_t i = vl_json_member(j, at, name);
	char *path = NULL;
	size_t n = 0;

	*out = NULL;
	if (i == VL_JSON_NONE || j->items[i].type != VL_JSON_STRING)
		return fail_member(name, err);
	path = malloc(j->items[i].raw.n + 1);
	if (path == NULL)
		return vl_fail_memory(err);
	if (!vl_unb64u_any((uint8_t *)path, &n, j->items[i].raw) || n == 0 ||
	    path[0] != '/' || memchr(path, 0, n) != NULL) {
		free(path);
		return fail_member(name, err);
	}
	path[n] = '\0';
	*out = path;
	return VL_OK;
}

void
vl_w_hex(struct vl_json_w *w, const char *key, const uint8_t *p, size_t n)
{
	char hex[VL_HEX_SIZE(64)];

	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(vl_hex(hex, p, n)));
}

void
vl_w_int(struct vl_json_w *w, const char *key, int64_t n)
{
	vl_json_w_key(w, key);
	vl_json_w_int(w, n);
}

static void
w_bool(struct vl_json_w *w, const char *key, bool yes)
{
	vl_json_w_key(w, key);
	vl_json_w_bool(w, yes);
}

void
vl_w_text(struct vl_json_w *w, const char *key, const char *text)
{
	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(text));
}

static enum vl_status
w_path(
    struct vl_json_w *w, const char *key, const char *path, struct vl_err *err)
{
	size_t n = strlen(path);
	char *text = malloc(VL_B64U_SIZE(n));

	if (text == NULL)
		return vl_fail_memory(err);
	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(vl_b64u(text, (const uint8_t *)path, n)));
	free(text);
	return VL_OK;
}

static enum vl_status
tree_encode(
    struct vl_json_w *w, const struct vl_header_tree *t, struct vl_err *err)
{
	/* As text: a time may be longer than a number of canonical JSON. */
	char sec[24];
	enum vl_status st = VL_OK;

	vl_json_w_open(w, '{');
	w_bool(w, "absent", t->absent);
	w_bool(w, "inside", t->inside);
	snprintf(sec, sizeof(sec), "%lld", (long long)t->mtime_sec);
	vl_w_text(w, "mtime", sec);
	vl_w_int(w, "mtime_nsec", t->mtime_nsec);
	w_bool(w, "privileged", t->privileged);
	vl_w_text(w, "resource", t->resource);
	st = w_path(w, "root", t->root, err);
	if (st == VL_OK)
		st = w_path(w, "staging", t->staging, err);
	vl_json_w_close(w, '}');
	return st;
}

/* Absent where there is none. */
static enum vl_status
dbs_encode(struct vl_json_w *w, const struct vl_header *h, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (h->ndbs == 0)
		return VL_OK;
	vl_json_w_key(w, "databases");
	vl_json_w_open(w, '[');
	for (i = 0; i < h->ndbs && st == VL_OK; i++) {
		vl_json_w_open(w, '{');
		st = w_path(w, "path", h->dbs[i].path, err);
		vl_w_text(w, "resource", h->dbs[i].resource);
		w_bool(w, "wal", h->dbs[i].was_wal);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
	return st;
}

enum vl_status
vl_header_encode(
    struct vl_buf *out, const struct vl_header *h, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	vl_w_int(&w, "began", h->began);
	st = dbs_encode(&w, h, err);
	vl_w_hex(&w, "head", h->head, sizeof(h->head));
	vl_w_hex(&w, "import", h->import, sizeof(h->import));
	w_bool(&w, "keep_shadow", h->keep_shadow);
	vl_json_w_key(&w, "ledger");
	vl_ledger_w(&w, &h->ledger);
	vl_w_int(&w, "seq", (int64_t)h->seq);
	vl_w_hex(&w, "series", h->series, sizeof(h->series));
	vl_w_text(&w, "site", h->site);
	vl_w_hex(&w, "state", h->state, sizeof(h->state));
	if (st == VL_OK)
		st = w_path(&w, "state_path", h->state_path, err);
	vl_json_w_key(&w, "trees");
	vl_json_w_open(&w, '[');
	for (i = 0; i < h->ntrees && st == VL_OK; i++)
		st = tree_encode(&w, &h->trees[i], err);
	vl_json_w_close(&w, ']');
	vl_json_w_close(&w, '}');
	if (st != VL_OK)
		return st;
	return vl_json_w_end(&w, err);
}

static enum vl_status
tree_decode(struct vl_header_tree *t, const struct vl_json *j, size_t at,
    struct vl_err *err)
{
	int64_t mtime_nsec = 0;
	char sec[24];
	char *end = NULL;

	if (j->items[at].type != VL_JSON_OBJECT)
		return fail_member("trees", err);
	if (member_bool(j, at, "absent", &t->absent, err) != VL_OK ||
	    member_bool(j, at, "inside", &t->inside, err) != VL_OK ||
	    vl_member_text(j, at, "mtime", sec, sizeof(sec), err) != VL_OK ||
	    vl_member_int(j, at, "mtime_nsec", &mtime_nsec, err) != VL_OK ||
	    member_bool(j, at, "privileged", &t->privileged, err) != VL_OK ||
	    vl_member_text(j, at, "resource", t->resource, sizeof(t->resource),
	        err) != VL_OK ||
	    member_path(j, at, "root", &t->root, err) != VL_OK ||
	    member_path(j, at, "staging", &t->staging, err) != VL_OK)
		return err->status;
	errno = 0;
	t->mtime_sec = strtoll(sec, &end, 10);
	if (errno != 0 || end == sec || *end != '\0')
		return fail_member("mtime", err);
	if (mtime_nsec < 0 || mtime_nsec > 999999999)
		return fail_member("mtime_nsec", err);
	t->mtime_nsec = (int32_t)mtime_nsec;
	return VL_OK;
}

static enum vl_status
trees_decode(struct vl_header *h, const struct vl_json *j, struct vl_err *err)
{
	size_t at = vl_json_member(j, 0, "trees");
	size_t item = at + 1;
	size_t i = 0;

	if (at == VL_JSON_NONE || j->items[at].type != VL_JSON_ARRAY)
		return fail_member("trees", err);
	h->trees = calloc(j->items[at].count + 1, sizeof(*h->trees));
	if (h->trees == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < j->items[at].count; i++) {
		h->ntrees = i + 1;
		if (tree_decode(&h->trees[i], j, item, err) != VL_OK)
			return err->status;
		item = j->items[item].next;
	}
	return VL_OK;
}

static enum vl_status
db_decode(struct vl_header_db *d, const struct vl_json *j, size_t at,
    struct vl_err *err)
{
	if (j->items[at].type != VL_JSON_OBJECT)
		return fail_member("databases", err);
	if (member_path(j, at, "path", &d->path, err) != VL_OK ||
	    vl_member_text(j, at, "resource", d->resource, sizeof(d->resource),
	        err) != VL_OK ||
	    member_bool(j, at, "wal", &d->was_wal, err) != VL_OK)
		return err->status;
	return VL_OK;
}

static enum vl_status
dbs_decode(struct vl_header *h, const struct vl_json *j, struct vl_err *err)
{
	size_t at = vl_json_member(j, 0, "databases");
	size_t item = at + 1;
	size_t i = 0;

	if (at == VL_JSON_NONE)
		return VL_OK;
	if (j->items[at].type != VL_JSON_ARRAY || j->items[at].count == 0)
		return fail_member("databases", err);
	h->dbs = calloc(j->items[at].count, sizeof(*h->dbs));
	if (h->dbs == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < j->items[at].count; i++) {
		h->ndbs = i + 1;
		if (db_decode(&h->dbs[i], j, item, err) != VL_OK)
			return err->status;
		item = j->items[item].next;
	}
	return VL_OK;
}

enum vl_status
vl_header_decode(struct vl_header *h, struct vl_slice text, struct vl_err *err)
{
	struct vl_json j = { 0 };
	int64_t seq = 0;
	size_t at = 0;
	enum vl_status st = VL_OK;

	memset(h, 0, sizeof(*h));
	st = vl_json_parse(&j, text, err);
	if (st == VL_OK && j.items[0].type != VL_JSON_OBJECT)
		st = vl_fail(err, VL_EFORMAT, "not an import header");
	if (st != VL_OK)
		goto out;
	at = vl_json_member(&j, 0, "ledger");
	if (at == VL_JSON_NONE)
		st = fail_member("ledger", err);
	else if (vl_member_int(&j, 0, "began", &h->began, err) != VL_OK ||
	    vl_member_hex(&j, 0, "head", h->head, sizeof(h->head), err) !=
	        VL_OK ||
	    vl_member_hex(&j, 0, "import", h->import, sizeof(h->import), err) !=
	        VL_OK ||
	    member_bool(&j, 0, "keep_shadow", &h->keep_shadow, err) != VL_OK ||
	    vl_ledger_from(&h->ledger, &j, at, err) != VL_OK ||
	    vl_member_int(&j, 0, "seq", &seq, err) != VL_OK ||
	    vl_member_hex(&j, 0, "series", h->series, sizeof(h->series), err) !=
	        VL_OK ||
	    vl_member_text(&j, 0, "site", h->site, sizeof(h->site), err) !=
	        VL_OK ||
	    vl_member_hex(&j, 0, "state", h->state, sizeof(h->state), err) !=
	        VL_OK ||
	    member_path(&j, 0, "state_path", &h->state_path, err) != VL_OK ||
	    trees_decode(h, &j, err) != VL_OK ||
	    dbs_decode(h, &j, err) != VL_OK)
		st = err->status;
	h->seq = (uint64_t)seq;
	if (st == VL_OK && seq < 1)
		st = fail_member("seq", err);
out:
	vl_json_free(&j);
	if (st != VL_OK)
		vl_header_free(h);
	return st;
}

void
vl_header_free(struct vl_header *h)
{
	size_t i = 0;

	for (i = 0; i < h->ntrees; i++) {
		free(h->trees[i].root);
		free(h->trees[i].staging);
	}
	for (i = 0; i < h->ndbs; i++)
		free(h->dbs[i].path);
	free(h->dbs);
	free(h->trees);
	free(h->state_path);
	vl_ledger_free(&h->ledger);
	memset(h, 0, sizeof(*h));
}
