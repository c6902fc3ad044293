/* Messages of a reader in a cage: all but entries and inner heads. */

#include "wire.h"

#include <string.h>

enum vl_status
wire_put_u32(struct vl_buf *out, uint32_t v, struct vl_err *err)
{
	uint8_t le[4];

	vl_put_u32le(le, v);
	return vl_buf_add(out, (struct vl_slice){ le, sizeof(le) }, err);
}

static enum vl_status
put_u64(struct vl_buf *out, uint64_t v, struct vl_err *err)
{
	uint8_t le[8];

	vl_put_u64le(le, v);
	return vl_buf_add(out, (struct vl_slice){ le, sizeof(le) }, err);
}

enum vl_status
wire_put_bytes(struct vl_buf *out, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, (uint32_t)bytes.n, err);

	return st == VL_OK ? vl_buf_add(out, bytes, err) : st;
}

struct vl_slice
wire_take_bytes(struct vl_rd *rd)
{
	return vl_rd_take(rd, vl_rd_u32le(rd));
}

/* Only the parent says this, so it is believed. */
enum vl_status
wire_put_open(struct vl_buf *out, const struct wire_open *o, struct vl_err *err)
{
	return vl_buf_add(
	    out, (struct vl_slice){ (const uint8_t *)o, sizeof(*o) }, err);
}

enum vl_status
wire_put_file(struct vl_buf *out, const struct wire_file *f, struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, f->error, err);

	if (st == VL_OK)
		st = wire_put_u32(out, f->regular, err);
	return st == VL_OK ? put_u64(out, f->size, err) : st;
}

bool
wire_take_file(struct wire_file *f, struct vl_slice bytes)
{
	struct vl_rd rd = { .rest = bytes };

	f->error = vl_rd_u32le(&rd);
	f->regular = vl_rd_u32le(&rd) != 0;
	f->size = vl_rd_u64le(&rd);
	return vl_rd_done(&rd);
}

enum vl_status
wire_put_line(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	enum vl_status st = put_u64(out, rec->number, err);

	return st == VL_OK ? wire_put_bytes(out, rec->line, err) : st;
}

enum vl_status
wire_put_tokens(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, (uint32_t)rec->ntokens, err);
	size_t i = 0;

	for (i = 0; i < rec->ntokens && st == VL_OK; i++)
		st = wire_put_bytes(out, rec->tokens[i], err);
	return st;
}

bool
wire_take_line(struct vl_slice *line, uint64_t *number, struct vl_rd *rd)
{
	*number = vl_rd_u64le(rd);
	*line = wire_take_bytes(rd);
	return !rd->short_ && wire_is_line(*line);
}

enum vl_status
wire_take_tokens(struct vl_unpacked *rec, size_t slots, struct vl_buf *list,
    struct vl_rd *rd, struct vl_err *err)
{
	const size_t n = vl_rd_u32le(rd);
	struct vl_slice token = { NULL, 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (rd->short_ || n != slots)
		return vl_fail(
		    err, VL_EFORMAT, "secrets are not those of their line");
	vl_buf_clear(list);
	for (i = 0; i < n && st == VL_OK; i++) {
		token = wire_take_bytes(rd);
		if (!vl_token_valid(token))
			return vl_fail(err, VL_EFORMAT, "a secret is none");
		st = vl_buf_add(list,
		    (struct vl_slice){ (const uint8_t *)&token, sizeof(token) },
		    err);
	}
	rec->tokens = n > 0 ? (const void *)list->p : NULL;
	rec->ntokens = n;
	return st;
}

enum vl_status
wire_put_refs(struct vl_buf *out, const struct vl_chunk_ref *refs, size_t n,
    struct vl_err *err)
{
	uint8_t *p = NULL;
	enum vl_status st = wire_put_u32(out, (uint32_t)n, err);
	size_t i = 0;

	if (st == VL_OK)
		st = vl_buf_reserve(out, n * WIRE_REF_SIZE, err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		p = out->p + out->n;
		vl_put_u64le(p, refs[i].at);
		vl_put_u32le(p + 8, refs[i].n);
		vl_put_u32le(p + 12, refs[i].pack);
		vl_put_u64le(p + 16, refs[i].offset);
		vl_put_u16le(p + 24, refs[i].index);
		out->n += WIRE_REF_SIZE;
	}
	return VL_OK;
}

void
wire_take_ref(struct vl_chunk_ref *ref, struct vl_rd *rd)
{
	ref->at = vl_rd_u64le(rd);
	ref->n = vl_rd_u32le(rd);
	ref->pack = vl_rd_u32le(rd);
	ref->offset = vl_rd_u64le(rd);
	ref->index = vl_rd_u16le(rd);
}

enum vl_status
wire_put_failure(
    struct vl_buf *out, const struct vl_err *failure, struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, (uint32_t)failure->status, err);

	return st == VL_OK ?
	    wire_put_bytes(out, vl_slice_of(failure->text), err) :
	    st;
}

bool
wire_take_failure(struct vl_rd *rd, struct vl_err *failure)
{
	/* All that reading a bundle can come to. */
	static const enum vl_status known[] = { VL_EIO, VL_EREFUSED, VL_EFORMAT,
		VL_ETRUST, VL_EKEY, VL_EAUTH, VL_ELIMIT, VL_EPATH };
	uint32_t status = vl_rd_u32le(rd);
	struct vl_slice text = wire_take_bytes(rd);
	size_t i = 0;

	if (rd->short_ || text.n == 0 || text.n >= sizeof(failure->text) ||
	    memchr(text.p, 0, text.n) != NULL)
		return false;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((uint32_t)known[i] == status) {
			/* This makes a message of it that can be shown. */
			(void)vl_fail(failure, known[i], "%.*s", (int)text.n,
			    (const char *)text.p);
			return true;
		}
	return false;
}

enum vl_status
wire_put_block(struct vl_buf *out, uint32_t slot, const uint32_t *ends,
    uint32_t items, struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, slot, err);
	uint32_t i = 0;

	if (st == VL_OK)
		st = wire_put_u32(out, items, err);
	for (i = 0; st == VL_OK && i < items; i++)
		st = wire_put_u32(out, ends[i], err);
	return st;
}

bool
wire_take_block(struct wire_block *b, struct vl_slice bytes)
{
	struct vl_rd rd = { .rest = bytes };

	b->slot = vl_rd_u32le(&rd);
	b->items = vl_rd_u32le(&rd);
	if (b->items == 0 || b->items > VL_RECORD_ITEMS_MAX)
		return false;
	b->ends = vl_rd_take(&rd, (size_t)b->items * 4);
	return vl_rd_done(&rd);
}

enum vl_status
wire_put_totals(
    struct vl_buf *out, const struct vl_unpack_totals *t, struct vl_err *err)
{
	enum vl_status st = put_u64(out, t->lines, err);

	if (st == VL_OK)
		st = put_u64(out, t->chunks, err);
	if (st == VL_OK)
		st = put_u64(out, t->unused_chunks, err);
	return st == VL_OK ? put_u64(out, t->plain, err) : st;
}

bool
wire_take_totals(struct vl_unpack_totals *t, struct vl_slice bytes)
{
	struct vl_rd rd = { .rest = bytes };

	t->lines = vl_rd_u64le(&rd);
	t->chunks = vl_rd_u64le(&rd);
	t->unused_chunks = vl_rd_u64le(&rd);
	t->plain = vl_rd_u64le(&rd);
	return vl_rd_done(&rd);
}

/* An inner head: its fixed part as it stands in memory, for both sides are
 * one program; then what it points to. */
enum vl_status
wire_put_inner(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err)
{
	const struct {
		const void *p;
		size_t n;
	} lists[] = { { h->resources, h->nresources * sizeof(*h->resources) },
		{ h->pack_frames, h->npacks * sizeof(*h->pack_frames) },
		{ h->map, h->nmap * sizeof(*h->map) } };
	enum vl_status st = wire_put_bytes(
	    out, (struct vl_slice){ (const uint8_t *)h, sizeof(*h) }, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < sizeof(lists) / sizeof(lists[0]); i++)
		st = wire_put_bytes(
		    out, (struct vl_slice){ lists[i].p, lists[i].n }, err);
	return st;
}

/* A copy of a list of whole items, NULL of none. */
static enum vl_status
copy_list(void *out, size_t *n, struct vl_slice bytes, size_t size,
    struct vl_err *err)
{
	void *copy = NULL;

	*n = bytes.n / size;
	if (bytes.n % size != 0)
		return vl_fail(err, VL_EFORMAT, "a list is cut short");
	if (bytes.n == 0)
		return VL_OK;
	copy = malloc(bytes.n);
	if (copy == NULL)
		return vl_fail_memory(err);
	memcpy(copy, bytes.p, bytes.n);
	memcpy(out, &copy, sizeof(copy));
	return VL_OK;
}

static bool
is_text(const char *text, size_t size)
{
	return memchr(text, 0, size) != NULL;
}

static bool
is_name(const char *text, size_t size)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                              "0123456789-";

	return is_text(text, size) && text[0] != '\0' &&
	    text[strspn(text, letters)] == '\0';
}

static bool
inner_is_whole(const struct vl_inner_head *h)
{
	bool ok = is_name(h->site, sizeof(h->site)) &&
	    is_text(h->environment, sizeof(h->environment)) &&
	    is_text(h->audience, sizeof(h->audience)) &&
	    is_text(h->tool, sizeof(h->tool)) &&
	    h->nresources <= VL_RESOURCES_MAX &&
	    h->npacks <= VL_FILE_NUMBER_MAX && h->nmap <= VL_FILE_NUMBER_MAX;
	size_t i = 0;

	for (i = 0; ok && i < h->nresources; i++)
		ok = is_name(
		         h->resources[i].name, sizeof(h->resources[i].name)) &&
		    is_name(h->resources[i].kind, sizeof(h->resources[i].kind));
	return ok;
}

enum vl_status
wire_take_inner(struct vl_inner_head *h, struct vl_rd *rd, struct vl_err *err)
{
	struct vl_slice fixed = wire_take_bytes(rd);
	struct vl_slice resources = wire_take_bytes(rd);
	struct vl_slice packs = wire_take_bytes(rd);
	struct vl_slice map = wire_take_bytes(rd);
	enum vl_status st = VL_OK;

	memset(h, 0, sizeof(*h));
	if (rd->short_ || fixed.n != sizeof(*h))
		return vl_fail(err, VL_EFORMAT, "an inner head is cut short");
	memcpy(h, fixed.p, sizeof(*h));
	/* No pointer of the other side may be met. */
	h->resources = NULL;
	h->pack_frames = NULL;
	h->map = NULL;
	st = copy_list(&h->resources, &h->nresources, resources,
	    sizeof(*h->resources), err);
	if (st == VL_OK)
		st = copy_list(&h->pack_frames, &h->npacks, packs,
		    sizeof(*h->pack_frames), err);
	if (st == VL_OK)
		st = copy_list(&h->map, &h->nmap, map, sizeof(*h->map), err);
	if (st == VL_OK && !inner_is_whole(h))
		st = vl_fail(err, VL_EFORMAT, "an inner head is no such one");
	if (st != VL_OK)
		vl_inner_head_free(h);
	return st;
}
