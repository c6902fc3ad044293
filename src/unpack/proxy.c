/*
 * A reader whose work is done by a child in a cage: the parent's side.  It
 * opens the files of the bundle for the child, by their numbers, and believes
 * nothing that it hears: each record is held against the rules again, each
 * chunk against its body and its block.
 *
 * Records come in batches, and with them where the chunks of their bodies
 * are.  Decoded blocks stay where the child made them, in memory that it
 * shares: their bytes may still change, but where a chunk begins and ends is
 * the parent's own copy.  What a child could write there a bundle could hold.
 *
 * While lines of a database are gone through, the batch behind them is asked
 * for already, so that parent and child work at the same time.
 */

#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/secret.h>

#include "talk.h"
#include "wire.h"

#define FILE_TIME 600 /* seconds of processor time for each file */
#define BATCHES   2

struct vl_proxy {
	struct vl_talk talk;
	enum wire_mode mode;
	/* The batch in hand, and the one that holds the current record. */
	struct vl_buf batch[BATCHES];
	unsigned in;    /* of which is read */
	unsigned of;    /* the record stands in */
	uint32_t taken; /* records of the batch in hand */
	struct vl_rd rd;
	uint32_t refs; /* left of the item in hand */
	bool open;     /* the body of the current record is not at its end */
	uint64_t at;   /* where its chunks have come to */
	uint64_t size;
};

static enum vl_status
impossible(struct vl_proxy *p, struct vl_err *err)
{
	return vl_cage_condemn(p->talk.cage, err);
}

/* The head, then the keys, which are in no memory that is not locked. */
static enum vl_status
ask_open(struct vl_proxy *p, const struct vl_unpack_source *s,
    struct vl_buf *reply, struct vl_err *err)
{
	struct vl_cage_message m = { .kind = WIRE_OPEN, .fd = s->mapfd };
	uint8_t *keys = vl_secret_alloc(WIRE_SECRET);
	struct vl_buf out = { 0 };
	struct wire_open o;
	enum vl_status st = VL_OK;

	if (keys == NULL)
		return vl_fail_memory(err);
	memset(&o, 0, sizeof(o));
	o.head = *s->head;
	o.max_plain = s->max_plain;
	o.has_sender = s->sender != NULL;
	if (o.has_sender)
		memcpy(o.sender, s->sender, sizeof(o.sender));
	memcpy(keys, s->root, VL_KEY_SIZE);
	memcpy(keys + VL_KEY_SIZE, s->sk, VL_KEY_SIZE);
	o.has_tk = s->tk_commit != NULL;
	if (o.has_tk)
		memcpy(keys + 2 * VL_KEY_SIZE, s->tk_commit, VL_HASH_SIZE);
	st = wire_put_open(&out, &o, err);
	vl_talk_begin(p->talk.cage);
	if (st == VL_OK)
		st = vl_cage_say(
		    p->talk.cage, VL_TALK_RECORDS, &m, vl_buf_slice(&out), err);
	m = (struct vl_cage_message){ .kind = WIRE_KEYS, .fd = -1 };
	if (st == VL_OK)
		st = vl_cage_say(p->talk.cage, VL_TALK_RECORDS, &m,
		    (struct vl_slice){ keys, WIRE_SECRET }, err);
	if (st == VL_OK)
		st = vl_talk_hear(&p->talk, VL_TALK_RECORDS, reply, err);
	vl_cage_end(p->talk.cage, VL_TALK_RECORDS);
	vl_buf_free(&out);
	vl_secret_free(keys);
	return st;
}

/* Its number, the inner head, and the first line of the manifest. */
static enum vl_status
take_opened(struct vl_unpack *u, struct vl_slice reply, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	struct vl_rd rd = { .rest = reply };
	struct vl_slice first = { NULL, 0 };
	enum vl_status st = VL_OK;

	p->talk.reader = vl_rd_u32le(&rd);
	st = wire_take_inner(&u->inner, &rd, err);
	if (st == VL_EFORMAT)
		return impossible(p, err);
	if (st != VL_OK)
		return st;
	first = wire_take_bytes(&rd);
	if (!vl_rd_done(&rd) || !wire_is_line(first))
		return impossible(p, err);
	return vl_buf_add(&u->first, first, err);
}

/* Blocks that are kept here: slots of those that went are told of with the
 * next request. */
static enum vl_status
borrow_blocks(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpack_blocks *b = &u->blocks;

	b->borrowed = true;
	b->limit = vl_pool_workers(u->pool) + VL_BLOCKS_KEPT;
	b->gone_cap =
	    vl_cage_memory_size(u->proxy->talk.cage) / VL_RECORD_PLAIN_MAX;
	b->gone = calloc(b->gone_cap, sizeof(*b->gone));
	return b->gone == NULL ? vl_fail_memory(err) : VL_OK;
}

enum vl_status
vl_proxy_open(struct vl_unpack *u, const struct vl_unpack_source *s,
    struct vl_cage *cage, struct vl_err *err)
{
	struct vl_proxy *p = calloc(1, sizeof(*p));
	enum vl_status st = VL_OK;

	if (p == NULL)
		return vl_fail_memory(err);
	u->proxy = p;
	p->talk.cage = cage;
	p->talk.dirfd = s->dirfd;
	p->talk.files[VL_FILE_INDEX] = s->head->index_files;
	p->talk.files[VL_FILE_PACK] = s->head->pack_files;
	p->of = BATCHES;
	vl_cage_allow(cage,
	    FILE_TIME * ((uint64_t)s->head->index_files + s->head->pack_files));
	st = borrow_blocks(u, err);
	if (st == VL_OK)
		st = ask_open(p, s, &p->batch[0], err);
	if (st == VL_OK)
		st = take_opened(u, vl_buf_slice(&p->batch[0]), err);
	return st;
}

void
vl_proxy_unswept(struct vl_unpack *u, bool lines)
{
	u->proxy->mode = lines ? WIRE_LINES : WIRE_STEPS;
}

/* Whether the rest of the batch is lines, and none of them has a body. */
static bool
only_lines(struct vl_rd rest)
{
	uint32_t n = 0;

	while (!vl_rd_done(&rest)) {
		if (vl_rd_u8(&rest) != WIRE_LINE)
			return false;
		(void)vl_rd_u64le(&rest);
		(void)wire_take_bytes(&rest);
		for (n = vl_rd_u32le(&rest); n > 0 && !rest.short_; n--)
			(void)wire_take_bytes(&rest);
	}
	return true;
}

/* A new batch; the one that the current record points into stays. */
static enum vl_status
fetch(struct vl_proxy *p, uint32_t kind, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (p->of == p->in)
		p->in = 1 - p->in;
	p->taken = 0;
	st = p->talk.ahead ?
	    vl_talk_take_ahead(&p->talk, &p->batch[p->in], err) :
	    vl_talk_ask(&p->talk, kind, p->mode, &p->batch[p->in], err);
	p->rd = (struct vl_rd){ .rest = vl_buf_slice(&p->batch[p->in]) };
	if (st == VL_OK && p->rd.rest.n == 0)
		st = impossible(p, err);
	return st;
}

/* The kind of the item in hand, and step behind it. */
static enum vl_status
next_item(struct vl_proxy *p, uint32_t from, uint8_t *kind, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (p->rd.rest.n == 0)
		st = fetch(p, from, err);
	if (st == VL_OK)
		*kind = vl_rd_u8(&p->rd);
	return st;
}

/* One chunk of the body in hand: behind the one before, and within it. */
static enum vl_status
take_ref(struct vl_unpack *u, struct vl_chunk_ref *ref, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;

	wire_take_ref(ref, &p->rd);
	if (p->rd.short_ || ref->at < p->at || ref->at > p->size ||
	    ref->n == 0 || ref->n > u->inner.chunk_max ||
	    ref->n > p->size - ref->at || ref->pack == 0 ||
	    ref->pack > u->inner.npacks || ref->index >= VL_RECORD_ITEMS_MAX)
		return impossible(p, err);
	p->at = ref->at + ref->n;
	p->refs--;
	return VL_OK;
}

/* An item of the body in hand is begun; a failure ends all. */
static enum vl_status
body_item(struct vl_proxy *p, uint8_t kind, struct vl_err *err)
{
	if (kind == WIRE_FAILURE && wire_take_failure(&p->rd, err))
		return err->status;
	if (kind == WIRE_BODY_END) {
		p->open = false;
		return VL_OK;
	}
	if (kind != WIRE_REFS)
		return impossible(p, err);
	p->refs = vl_rd_u32le(&p->rd);
	if (p->refs == 0 || p->refs > p->rd.rest.n / WIRE_REF_SIZE)
		return impossible(p, err);
	return VL_OK;
}

enum vl_status
vl_proxy_part(struct vl_unpack *u, struct vl_chunk_ref *refs, size_t max,
    size_t *n, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	const uint32_t from = p->mode == WIRE_STEPS ? WIRE_PART : WIRE_NEXT;
	enum vl_status st = VL_OK;
	uint8_t kind = 0;

	while (st == VL_OK && *n < max && p->open) {
		if (p->refs > 0) {
			st = take_ref(u, &refs[(*n)++], err);
			continue;
		}
		/* Not for more than is there. */
		if (*n > 0 && p->rd.rest.n == 0)
			break;
		st = next_item(p, from, &kind, err);
		if (st == VL_OK)
			st = body_item(p, kind, err);
	}
	return st;
}

/* What is left of the body of the record before. */
static enum vl_status
skip_body(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_chunk_ref refs[64];
	struct vl_proxy *p = u->proxy;
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (u->unswept) {
		/* In steps nothing else than this body can be in hand. */
		if (p->mode == WIRE_STEPS)
			p->rd.rest.n = 0;
		p->open = false;
		p->refs = 0;
	}
	for (; st == VL_OK && p->open; n = 0)
		st = vl_proxy_part(
		    u, refs, sizeof(refs) / sizeof(refs[0]), &n, err);
	return st;
}

/* A line of a database is decoded here as it was there: its values go on to
 * an engine and to patterns as they are (docs/decisions/0010). */
static enum vl_status
take_line(struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };

	if (!wire_take_line(&line, &rec->number, &u->proxy->rd) ||
	    vl_line_kind(line) == VL_LINE_ENTRY)
		return vl_fail(err, VL_EFORMAT, "a line is no such one");
	return vl_line_decode(u, rec, line, err);
}

/* A record that obeys all rules of one line, where it may stand. */
static enum vl_status
take_record(struct vl_unpack *u, struct vl_unpacked *rec, uint8_t kind,
    struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	enum vl_status st = kind == WIRE_LINE ?
	    take_line(u, rec, err) :
	    wire_take_entry(rec, &u->store, &p->rd, err);

	if (st == VL_OK && rec->number != u->number)
		return impossible(p, err);
	if (st == VL_OK && kind == WIRE_ENTRY)
		vl_line_of_entry(rec);
	if (st == VL_OK)
		st = wire_take_tokens(
		    rec, vl_line_slots(rec), &u->tokens.list, &p->rd, err);
	if (st == VL_OK)
		st = vl_order_check(&u->order, &u->inner, rec, err);
	if (st != VL_OK)
		return st == VL_EIO ? st : impossible(p, err);
	u->number++;
	p->of = p->in;
	p->open = rec->has_body && p->mode != WIRE_LINES;
	p->at = 0;
	p->size = rec->size;
	/* With the second, so that what ended with the first, as the staging of
	 * a tree, is over. */
	if (++p->taken == 2 && only_lines(p->rd))
		vl_talk_ask_ahead(&p->talk, p->mode);
	return VL_OK;
}

static enum vl_status
take_tail(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	struct vl_slice line = wire_take_bytes(&p->rd);

	if (!vl_rd_done(&p->rd) || !wire_is_line(line) ||
	    u->number != u->inner.lines ||
	    u->order.resources != u->inner.nresources)
		return impossible(p, err);
	return vl_buf_add(&u->tail, line, err);
}

enum vl_status
vl_proxy_next(struct vl_unpack *u, struct vl_unpacked *rec, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	enum vl_status st = VL_OK;
	uint8_t kind = 0;

	if (u->tail.n > 0)
		return VL_OK;
	st = skip_body(u, err);
	p->of = BATCHES; /* none */
	if (st == VL_OK)
		st = next_item(p, WIRE_NEXT, &kind, err);
	if (st != VL_OK)
		return st;
	if (kind == WIRE_ENTRY || kind == WIRE_LINE)
		return take_record(u, rec, kind, err);
	if (kind == WIRE_TAIL)
		return take_tail(u, err);
	if (kind == WIRE_FAILURE && wire_take_failure(&p->rd, err))
		return err->status;
	return impossible(p, err);
}

/* The slots that are free again go with the place of the block. */
static enum vl_status
ask_block(struct vl_unpack *u, const struct vl_chunk_hold *h,
    struct vl_buf *out, struct vl_err *err)
{
	struct vl_unpack_blocks *b = &u->blocks;
	enum vl_status st = wire_put_u32(out, u->proxy->talk.reader, err);
	size_t i = 0;

	if (st == VL_OK)
		st = wire_put_u32(out, h->pack, err);
	if (st == VL_OK)
		st = wire_put_u32(out, (uint32_t)(h->offset >> 32), err);
	if (st == VL_OK)
		st = wire_put_u32(out, (uint32_t)h->offset, err);
	(void)pthread_mutex_lock(&b->mutex);
	for (i = 0; st == VL_OK && i < b->ngone; i++)
		st = wire_put_u32(out, b->gone[i], err);
	b->ngone = 0;
	(void)pthread_mutex_unlock(&b->mutex);
	return st;
}

/* Where its chunks end, ascending and within a block. */
static enum vl_status
take_block(struct vl_proxy *p, struct vl_chunk_hold *h, struct vl_slice reply,
    struct vl_err *err)
{
	struct wire_block w = { 0 };
	struct vl_rd rd = { .rest = { NULL, 0 } };
	uint32_t *ends = NULL;
	uint32_t before = 0;
	uint32_t i = 0;

	if (!wire_take_block(&w, reply) ||
	    w.slot >= vl_cage_memory_size(p->talk.cage) / VL_RECORD_PLAIN_MAX)
		return impossible(p, err);
	ends = realloc(h->ends, (size_t)w.items * sizeof(*ends));
	if (ends == NULL)
		return vl_fail_memory(err);
	h->ends = ends;
	rd.rest = w.ends;
	for (i = 0; i < w.items; i++, before = ends[i - 1]) {
		ends[i] = vl_rd_u32le(&rd);
		if (ends[i] <= before || ends[i] > VL_RECORD_PLAIN_MAX)
			return impossible(p, err);
	}
	h->items = w.items;
	h->slot = w.slot;
	h->bytes =
	    vl_cage_memory(p->talk.cage) + (size_t)w.slot * VL_RECORD_PLAIN_MAX;
	return VL_OK;
}

enum vl_status
vl_proxy_block(struct vl_unpack *u, struct vl_chunk_hold *h, struct vl_err *err)
{
	const struct vl_cage_message m = { .kind = WIRE_BLOCK, .fd = -1 };
	struct vl_proxy *p = u->proxy;
	struct vl_buf out = { 0 };
	struct vl_buf reply = { 0 };
	enum vl_status st = VL_OK;

	h->items = 0;
	vl_cage_begin(p->talk.cage, VL_TALK_BLOCKS);
	st = ask_block(u, h, &out, err);
	if (st == VL_OK)
		st = vl_cage_say(
		    p->talk.cage, VL_TALK_BLOCKS, &m, vl_buf_slice(&out), err);
	if (st == VL_OK)
		st = vl_talk_hear(&p->talk, VL_TALK_BLOCKS, &reply, err);
	vl_cage_end(p->talk.cage, VL_TALK_BLOCKS);
	if (st == VL_OK)
		st = take_block(p, h, vl_buf_slice(&reply), err);
	vl_buf_free(&out);
	vl_buf_free(&reply);
	return st;
}

enum vl_status
vl_proxy_end(
    struct vl_unpack *u, struct vl_unpack_totals *totals, struct vl_err *err)
{
	struct vl_proxy *p = u->proxy;
	struct vl_buf reply = { 0 };
	enum vl_status st =
	    vl_talk_ask(&p->talk, WIRE_END, p->mode, &reply, err);

	if (st == VL_OK &&
	    (!wire_take_totals(totals, vl_buf_slice(&reply)) ||
	        totals->lines != u->number ||
	        totals->chunks != u->inner.chunks ||
	        totals->unused_chunks > totals->chunks ||
	        totals->plain != u->inner.total_plain))
		st = impossible(p, err);
	if (st != VL_OK)
		memset(totals, 0, sizeof(*totals));
	vl_buf_free(&reply);
	return st;
}

void
vl_proxy_free(struct vl_unpack *u)
{
	struct vl_proxy *p = u->proxy;
	struct vl_err ignored = { 0 };
	size_t i = 0;

	if (p == NULL)
		return;
	/* Without a first line it was never opened.  That it was closed nobody
	 * waits for: perhaps the import is decided. */
	if (u->first.n > 0)
		(void)vl_talk_ask(&p->talk, WIRE_CLOSE, 0, NULL, &ignored);
	for (i = 0; i < BATCHES; i++)
		vl_buf_free(&p->batch[i]);
	vl_talk_free(&p->talk);
	free(p);
	u->proxy = NULL;
}
