/*
 * The ledger: what was applied, and the sender each series is pinned to.
 * One canonical JSON text, replaced as a whole.
 */
#include <stdlib.h>
#include <string.h>

#include <valise/fs.h>

#include "state_private.h"

void
vl_ledger_w(struct vl_json_w *w, const struct vl_ledger *l)
{
	size_t i = 0;

	vl_json_w_open(w, '[');
	for (i = 0; i < l->n; i++) {
		vl_json_w_open(w, '{');
		if (l->lines[i].epoch > 0)
			vl_w_int(w, "epoch", (int64_t)l->lines[i].epoch);
		vl_w_hex(w, "head", l->lines[i].head, 32);
		vl_w_text(w, "resource", l->lines[i].resource);
		vl_w_hex(w, "sender", l->lines[i].sender, 32);
		vl_w_int(w, "seq", (int64_t)l->lines[i].seq);
		vl_w_hex(w, "series", l->lines[i].series, 16);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
}

enum vl_status
vl_ledger_from(
    struct vl_ledger *l, const struct vl_json *j, size_t at, struct vl_err *err)
{
	struct vl_ledger_line *line = NULL;
	size_t item = at + 1;
	size_t i = 0;
	int64_t epoch = 0;
	int64_t seq = 0;

	if (j->items[at].type != VL_JSON_ARRAY)
		return vl_fail(err, VL_EFORMAT, "the ledger is not a list");
	l->lines = calloc(j->items[at].count + 1, sizeof(*l->lines));
	if (l->lines == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < j->items[at].count; i++) {
		line = &l->lines[i];
		if (j->items[item].type != VL_JSON_OBJECT)
			return vl_fail(
			    err, VL_EFORMAT, "a ledger line is no object");
		if (vl_member_hex(j, item, "head", line->head, 32, err) !=
		        VL_OK ||
		    vl_member_text(j, item, "resource", line->resource,
		        sizeof(line->resource), err) != VL_OK ||
		    vl_member_hex(j, item, "sender", line->sender, 32, err) !=
		        VL_OK ||
		    vl_member_int(j, item, "seq", &seq, err) != VL_OK ||
		    vl_member_hex(j, item, "series", line->series, 16, err) !=
		        VL_OK)
			return err->status;
		/* Ledgers of before there were epochs have none. */
		epoch = 0;
		if (vl_json_member(j, item, "epoch") != VL_JSON_NONE &&
		    vl_member_int(j, item, "epoch", &epoch, err) != VL_OK)
			return err->status;
		if (seq < 0 || epoch < 0)
			return vl_fail(err, VL_EFORMAT,
			    "a number of the ledger is negative");
		line->seq = (uint64_t)seq;
		line->epoch = (uint64_t)epoch;
		l->n = i + 1;
		item = j->items[item].next;
	}
	return VL_OK;
}

enum vl_status
vl_ledger_encode(
    struct vl_buf *out, const struct vl_ledger *l, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st = VL_OK;

	vl_json_w_init(&w, out);
	vl_ledger_w(&w, l);
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	return vl_buf_add_text(out, "\n", err);
}

enum vl_status
vl_ledger_decode(struct vl_ledger *l, struct vl_slice text, struct vl_err *err)
{
	struct vl_json j = { 0 };
	enum vl_status st = VL_OK;

	memset(l, 0, sizeof(*l));
	if (text.n == 0 || text.p[text.n - 1] != '\n')
		return vl_fail(err, VL_EFORMAT, "the ledger is cut short");
	text.n--;
	st = vl_json_parse(&j, text, err);
	if (st == VL_OK)
		st = vl_ledger_from(l, &j, 0, err);
	vl_json_free(&j);
	if (st != VL_OK)
		vl_ledger_free(l);
	return st;
}

enum vl_status
vl_ledger_load(struct vl_ledger *l, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	bool there = false;
	enum vl_status st = VL_OK;

	memset(l, 0, sizeof(*l));
	st = vl_state_read(s, "ledger", &text, &there, err);
	if (st == VL_OK && there) {
		st = vl_ledger_decode(l, vl_buf_slice(&text), err);
		if (st != VL_OK) {
			/* Not the bundle's fault: it must not exit with 5. */
			st = err->status = VL_EIO;
			vl_within(err, "ledger in '%s'", vl_state_path(s));
		}
	}
	vl_buf_free(&text);
	return st;
}

static struct vl_ledger_line *
find(const struct vl_ledger *l, const uint8_t series[16], const char *resource)
{
	size_t i = 0;

	for (i = 0; i < l->n; i++)
		if (memcmp(l->lines[i].series, series, 16) == 0 &&
		    strcmp(l->lines[i].resource, resource) == 0)
			return &l->lines[i];
	return NULL;
}

const struct vl_ledger_line *
vl_ledger_find(
    const struct vl_ledger *l, const uint8_t series[16], const char *resource)
{
	return find(l, series, resource);
}

enum vl_status
vl_ledger_set(
    struct vl_ledger *l, const struct vl_ledger_line *line, struct vl_err *err)
{
	struct vl_ledger_line *at = find(l, line->series, line->resource);
	struct vl_ledger_line *more = NULL;

	if (at == NULL) {
		more = reallocarray(l->lines, l->n + 1, sizeof(*l->lines));
		if (more == NULL)
			return vl_fail_memory(err);
		l->lines = more;
		at = &l->lines[l->n++];
	}
	*at = *line;
	return VL_OK;
}

enum vl_status
vl_ledger_save(
    const struct vl_ledger *l, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = vl_ledger_encode(&text, l, err);

	if (st == VL_OK)
		st = vl_put_file(
		    vl_state_fd(s), "ledger", 0600, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

void
vl_ledger_free(struct vl_ledger *l)
{
	free(l->lines);
	l->lines = NULL;
	l->n = 0;
}
