#include "talk.h"

#include <errno.h>
#include <unistd.h>

#include <valise/secret.h>

#include "parts.h"
#include "wire.h"

/* A file of the bundle for the child, or why not. */
static enum vl_status
hand_file(
    struct vl_talk *t, unsigned channel, uint32_t size, struct vl_err *err)
{
	struct vl_stream_found found = { .fd = -1 };
	struct vl_cage_message m = { .kind = WIRE_FILE, .fd = -1 };
	struct wire_file say = { 0 };
	struct vl_buf out = { 0 };
	uint8_t ask[8];
	struct vl_rd rd = { .rest = { ask, sizeof(ask) } };
	uint32_t type = 0;
	uint32_t number = 0;
	enum vl_status st = VL_OK;

	if (size != sizeof(ask))
		return vl_cage_condemn(t->cage, err);
	st = vl_cage_hear_body(t->cage, channel, ask, sizeof(ask), err);
	if (st != VL_OK)
		return st;
	type = vl_rd_u32le(&rd);
	number = vl_rd_u32le(&rd);
	if ((type != VL_FILE_PACK && type != VL_FILE_INDEX) || number == 0 ||
	    number > t->files[type])
		return vl_cage_condemn(t->cage, err);
	if (!vl_stream_find(t->dirfd, (enum vl_file_type)type, number, &found))
		say.error = (uint32_t)errno;
	say.regular = found.regular;
	say.size = found.size;
	m.fd = found.fd;
	st = wire_put_file(&out, &say, err);
	if (st == VL_OK)
		st = vl_cage_say(t->cage, channel, &m, vl_buf_slice(&out), err);
	vl_buf_free(&out);
	if (found.fd >= 0)
		(void)close(found.fd);
	return st;
}

enum vl_status
vl_talk_hear(struct vl_talk *t, unsigned channel, struct vl_buf *reply,
    struct vl_err *err)
{
	struct vl_cage_message m = { .fd = -1 };
	struct vl_rd rd = { .rest = { NULL, 0 } };
	enum vl_status st = VL_OK;

	for (;;) {
		st = vl_cage_hear(t->cage, channel, &m, err);
		if (st != VL_OK)
			return st;
		if (m.fd >= 0) { /* it has none to give */
			(void)close(m.fd);
			return vl_cage_condemn(t->cage, err);
		}
		if (m.kind == WIRE_UNLOCKED && m.n == 0) {
			vl_secret_note_unlocked();
			continue;
		}
		if (m.kind != WIRE_WANTS)
			break;
		st = hand_file(t, channel, m.n, err);
		if (st != VL_OK)
			return st;
	}
	if ((m.kind != WIRE_DONE && m.kind != WIRE_FAILED) || m.n > WIRE_MAX)
		return vl_cage_condemn(t->cage, err);
	vl_buf_clear(reply);
	st = vl_buf_reserve(reply, m.n, err);
	if (st != VL_OK) {
		(void)vl_cage_condemn(t->cage, &(struct vl_err){ 0 });
		return st;
	}
	st = vl_cage_hear_body(t->cage, channel, reply->p, m.n, err);
	if (st != VL_OK)
		return st;
	reply->n = m.n;
	if (m.kind == WIRE_DONE)
		return VL_OK;
	rd.rest = vl_buf_slice(reply);
	if (!wire_take_failure(&rd, err) || !vl_rd_done(&rd))
		return vl_cage_condemn(t->cage, err);
	return err->status;
}

void
vl_talk_begin(struct vl_cage *cage)
{
	struct vl_talk *t = NULL;
	void **left = NULL;

	vl_cage_begin(cage, VL_TALK_RECORDS);
	left = vl_cage_left(cage, VL_TALK_RECORDS);
	t = *left;
	*left = NULL;
	if (t != NULL)
		t->heard =
		    vl_talk_hear(t, VL_TALK_RECORDS, &t->next, &t->failure);
}

enum vl_status
vl_talk_ask(struct vl_talk *t, uint32_t kind, uint32_t with,
    struct vl_buf *reply, struct vl_err *err)
{
	const struct vl_cage_message m = { .kind = kind, .fd = -1 };
	uint8_t body[8];
	enum vl_status st = VL_OK;

	vl_put_u32le(body, t->reader);
	vl_put_u32le(body + 4, with);
	vl_talk_begin(t->cage);
	st = vl_cage_say(t->cage, VL_TALK_RECORDS, &m,
	    (struct vl_slice){ body, sizeof(body) }, err);
	if (st == VL_OK && reply != NULL)
		st = vl_talk_hear(t, VL_TALK_RECORDS, reply, err);
	vl_cage_end(t->cage, VL_TALK_RECORDS);
	return st;
}

void
vl_talk_ask_ahead(struct vl_talk *t, uint32_t with)
{
	const struct vl_cage_message m = { .kind = WIRE_NEXT, .fd = -1 };
	struct vl_err ignored = { 0 };
	uint8_t body[8];

	vl_put_u32le(body, t->reader);
	vl_put_u32le(body + 4, with);
	vl_talk_begin(t->cage);
	t->ahead =
	    vl_cage_say(t->cage, VL_TALK_RECORDS, &m,
	        (struct vl_slice){ body, sizeof(body) }, &ignored) == VL_OK;
	if (t->ahead)
		*vl_cage_left(t->cage, VL_TALK_RECORDS) = t;
	vl_cage_end(t->cage, VL_TALK_RECORDS);
}

enum vl_status
vl_talk_take_ahead(struct vl_talk *t, struct vl_buf *batch, struct vl_err *err)
{
	struct vl_buf old = *batch;

	vl_talk_begin(t->cage);
	vl_cage_end(t->cage, VL_TALK_RECORDS);
	t->ahead = false;
	*batch = t->next;
	t->next = old;
	if (t->heard != VL_OK)
		*err = t->failure;
	return t->heard;
}

enum vl_status
vl_talk_ask_small(struct vl_cage *cage, uint32_t kind, struct vl_slice text,
    struct vl_buf *reply, struct vl_err *err)
{
	const struct vl_cage_message m = { .kind = kind, .fd = -1 };
	struct vl_talk t = { .cage = cage, .dirfd = -1 };
	enum vl_status st = VL_OK;

	vl_talk_begin(cage);
	st = vl_cage_say(cage, VL_TALK_RECORDS, &m, text, err);
	if (st == VL_OK)
		st = vl_talk_hear(&t, VL_TALK_RECORDS, reply, err);
	vl_cage_end(cage, VL_TALK_RECORDS);
	return st;
}

void
vl_talk_free(struct vl_talk *t)
{
	vl_buf_free(&t->next);
}
