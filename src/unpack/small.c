/*
 * head.jsn and keys.jsn, which are JSON, decoded by the child of a cage; what
 * comes of it is held against what their own text could say.
 */

#include "parts.h"

#include <string.h>

#include "talk.h"
#include "wire.h"

#define MUST_KNOWN                                                             \
	((unsigned)VL_MUST_GEAR1 | (unsigned)VL_MUST_SIV1 |                    \
	    (unsigned)VL_MUST_ZSTD)

static bool
is_head(const struct vl_head *h)
{
	return h->seq >= 1 && h->epoch >= 1 && h->kind <= VL_BUNDLE_DELTA &&
	    (h->must & ~MUST_KNOWN) == 0 &&
	    h->frame_log2 >= VL_FRAME_LOG2_MIN &&
	    h->frame_log2 <= VL_FRAME_LOG2_MAX && h->index_files >= 1 &&
	    h->index_files <= VL_FILE_NUMBER_MAX &&
	    h->pack_files <= VL_FILE_NUMBER_MAX;
}

static enum vl_status
read_head(
    void *arg, struct vl_head *h, struct vl_slice text, struct vl_err *err)
{
	struct vl_buf reply = { 0 };
	enum vl_status st =
	    vl_talk_ask_small(arg, WIRE_HEAD, text, &reply, err);

	memset(h, 0, sizeof(*h));
	if (st == VL_OK && reply.n == sizeof(*h))
		memcpy(h, reply.p, sizeof(*h));
	if (st == VL_OK && (reply.n != sizeof(*h) || !is_head(h)))
		st = vl_cage_condemn(arg, err);
	vl_buf_free(&reply);
	return st;
}

static bool
are_stanzas(const struct vl_stanzas *s)
{
	const struct vl_stanza *one = s->list;

	if (s->n < 1 || s->n > VL_STANZAS_MAX)
		return false;
	for (; one < s->list + s->n; one++)
		if (one->type > VL_STANZA_X25519 || one->role > VL_ROLE_AUDIT ||
		    one->wrap_size > sizeof(one->wrap))
			return false;
	return true;
}

static enum vl_status
read_stanzas(void *arg, struct vl_stanzas *s, struct vl_buf *mac_input,
    struct vl_slice text, struct vl_err *err)
{
	struct vl_buf reply = { 0 };
	enum vl_status st =
	    vl_talk_ask_small(arg, WIRE_STANZAS, text, &reply, err);

	memset(s, 0, sizeof(*s));
	if (st == VL_OK && reply.n >= sizeof(*s))
		memcpy(s, reply.p, sizeof(*s));
	if (st == VL_OK && (reply.n < sizeof(*s) || !are_stanzas(s)))
		st = vl_cage_condemn(arg, err);
	if (st == VL_OK)
		st = vl_buf_add(mac_input,
		    (struct vl_slice){
		        reply.p + sizeof(*s), reply.n - sizeof(*s) },
		    err);
	vl_buf_free(&reply);
	return st;
}

struct vl_small_reader
vl_unpack_small_reader(struct vl_cage *cage)
{
	return (struct vl_small_reader){ cage, read_head, read_stanzas };
}
