/*
 * Writing the inner head (formats/bundle.md, "Inner head"), and the rules
 * that hold between its members.
 */

#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#include "canon.h"
#include "head.h"
#include "inner.h"

#define INNER_TIME_SIZE 32

bool
inner_chunker_valid(const struct vl_inner_head *h)
{
	return h->chunk_min >= INNER_CHUNK_MIN && h->chunk_min < h->chunk_avg &&
	    h->chunk_avg < h->chunk_max && h->chunk_max <= INNER_CHUNK_MAX &&
	    (h->chunk_avg & (h->chunk_avg - 1)) == 0;
}

bool
inner_map_valid(const struct vl_inner_head *h)
{
	const struct vl_map_file *f = NULL;
	size_t i = 0;

	for (i = 0; i < h->nmap; i++) {
		f = &h->map[i];
		if ((f->file == 1) != (i + 1 == h->nmap))
			return false;
		if (i > 0 &&
		    memcmp(f[-1].first_id, f->first_id, sizeof(f->first_id)) >=
		        0)
			return false;
		if (i > 0 && f->file != 1 && f->file <= f[-1].file)
			return false;
	}
	return true;
}

enum vl_status
inner_check(const struct vl_inner_head *h, struct vl_err *err)
{
	if ((h->chunks == 0) != (h->npacks == 0) ||
	    (h->chunks == 0) != (h->nmap == 0))
		return vl_fail(err, VL_EFORMAT,
		    "inner head: chunks, packs and map do not fit together");
	return VL_OK;
}

static enum vl_status
check_writable(const struct vl_inner_head *h, struct vl_err *err)
{
	enum vl_status st = head_check(&h->head, err);
	size_t i = 0;

	if (st != VL_OK)
		return st;
	if (!inner_chunker_valid(h) || !inner_map_valid(h) ||
	    h->total_plain > CANON_INT_MAX || h->chunks > CANON_INT_MAX ||
	    h->lines > CANON_INT_MAX)
		return vl_fail(
		    err, VL_EUSAGE, "inner head: a number is out of its range");
	if (!canon_name_valid(h->site) || h->tool[0] == '\0' ||
	    h->nresources > VL_RESOURCES_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "inner head: site, tool or resources may not stand so");
	for (i = 0; i < h->nresources; i++)
		if (!canon_name_valid(h->resources[i].name) ||
		    !canon_name_valid(h->resources[i].kind))
			return vl_fail(err, VL_EUSAGE,
			    "inner head: a resource has no proper name");
	return inner_check(h, err);
}

static void
put_chunker(struct vl_json_w *w, const struct vl_inner_head *h)
{
	vl_json_w_key(w, "chunker");
	vl_json_w_open(w, '{');
	head_put_int(w, "avg", h->chunk_avg);
	head_put_int(w, "max", h->chunk_max);
	head_put_int(w, "min", h->chunk_min);
	vl_json_w_close(w, '}');
}

static void
put_counts(struct vl_json_w *w, const struct vl_inner_head *h)
{
	vl_json_w_key(w, "counts");
	vl_json_w_open(w, '{');
	head_put_int(w, "chunks", h->chunks);
	head_put_int(w, "lines", h->lines);
	vl_json_w_close(w, '}');
}

static void
put_map(struct vl_json_w *w, const struct vl_inner_head *h)
{
	const struct vl_map_file *f = NULL;
	size_t i = 0;

	vl_json_w_key(w, "map");
	vl_json_w_open(w, '[');
	for (i = 0; i < h->nmap; i++) {
		f = &h->map[i];
		vl_json_w_open(w, '{');
		head_put_int(w, "file", f->file);
		head_put_hex(w, "first_id", f->first_id, sizeof(f->first_id));
		head_put_int(w, "rows", f->rows);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
}

static void
put_packs(struct vl_json_w *w, const struct vl_inner_head *h)
{
	size_t i = 0;

	vl_json_w_key(w, "packs");
	vl_json_w_open(w, '[');
	for (i = 0; i < h->npacks; i++)
		vl_json_w_int(w, h->pack_frames[i]);
	vl_json_w_close(w, ']');
}

static void
put_resources(struct vl_json_w *w, const struct vl_inner_head *h)
{
	const struct vl_resource_id *r = NULL;
	size_t i = 0;

	vl_json_w_key(w, "resources");
	vl_json_w_open(w, '[');
	for (i = 0; i < h->nresources; i++) {
		r = &h->resources[i];
		vl_json_w_open(w, '{');
		head_put_hex(w, "hash", r->hash, sizeof(r->hash));
		head_put_text(w, "kind", r->kind);
		head_put_text(w, "name", r->name);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
}

static void
put_members(struct vl_json_w *w, const struct vl_inner_head *h)
{
	const struct vl_head *head = &h->head;
	char created[INNER_TIME_SIZE];

	inner_time_text(created, sizeof(created), &h->created);
	if (h->audience[0] != '\0')
		head_put_text(w, "audience", h->audience);
	put_chunker(w, h);
	head_put_hex(w, "commit", head->commit, sizeof(head->commit));
	put_counts(w, h);
	head_put_text(w, "created", created);
	if (h->environment[0] != '\0')
		head_put_text(w, "environment", h->environment);
	head_put_int(w, "epoch", head->epoch);
	head_put_text(w, "format", HEAD_FORMAT_WORD);
	head_put_int(w, "frame_log2", head->frame_log2);
	head_put_no_hints(w);
	head_put_hex(w, "id", head->id, sizeof(head->id));
	head_put_text(w, "kind", "full");
	head_put_hex(
	    w, "manifest_root", h->manifest_root, sizeof(h->manifest_root));
	put_map(w, h);
	head_put_must(w, head->must);
	put_packs(w, h);
	head_put_hex(w, "prev", head->prev, sizeof(head->prev));
	put_resources(w, h);
	head_put_hex(w, "sender", h->sender, sizeof(h->sender));
	head_put_int(w, "seq", head->seq);
	head_put_hex(w, "series", head->series, sizeof(head->series));
	head_put_text(w, "site", h->site);
	head_put_hex(w, "sk_commit", h->sk_commit, sizeof(h->sk_commit));
	head_put_hex(w, "tk_commit", h->tk_commit, sizeof(h->tk_commit));
	head_put_text(w, "tool", h->tool);
	head_put_int(w, "total_plain", h->total_plain);
	head_put_int(w, "v", VL_FORMAT_VERSION);
}

enum vl_status
vl_inner_head_encode(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err)
{
	struct vl_json_w w;
	size_t before = out->n;
	enum vl_status st = check_writable(h, err);

	if (st != VL_OK)
		return st;
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	put_members(&w, h);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	if (out->n - before > VL_HEAD_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "inner head is %zu bytes, more than %d", out->n - before,
		    VL_HEAD_MAX);
	return VL_OK;
}
