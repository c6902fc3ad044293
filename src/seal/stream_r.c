/*
 * Reads one encrypted file of a bundle: checks size and header, opens frames
 * (formats/bundle.md, "Files of frames"), and finds the records in their
 * plaintext ("Records").
 */

#include <valise/secret.h>
#include <valise/stream.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/chunk.h>
#include <valise/fs.h>

#include "frame.h"

/*
 * A window on the plaintext: one opened frame, and what was put together
 * because it crosses frames.  next and at have one each.
 */
struct view {
	uint8_t *plain; /* of one frame */
	uint32_t frame; /* which one, where `loaded` */
	bool loaded;
	struct vl_buf joined;
};

struct vl_stream_r {
	int fd;
	char name[VL_FILE_NAME_SIZE];
	uint8_t header[VL_FILE_HEADER_SIZE];
	uint8_t *key;    /* locked memory */
	uint8_t *sealed; /* one frame as it is on the medium */
	size_t frame_size;
	size_t plain_size; /* of a frame */
	uint32_t frames;
	uint64_t total; /* bytes of the plaintext */
	struct view seq;
	struct view random;
	uint64_t offset; /* of the next record */
	uint64_t ordinal;
	bool ended;
};

bool
vl_stream_find(int dirfd, enum vl_file_type type, uint32_t number,
    struct vl_stream_found *found)
{
	char name[VL_FILE_NAME_SIZE];
	struct stat st = { 0 };
	int saved = 0;

	*found = (struct vl_stream_found){ .fd = -1 };
	vl_file_name(name, type, number);
	found->fd =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (found->fd < 0)
		return false;
	if (fstat(found->fd, &st) != 0) {
		saved = errno;
		(void)close(found->fd);
		found->fd = -1;
		errno = saved;
		return false;
	}
	found->regular = S_ISREG(st.st_mode);
	found->size = (uint64_t)st.st_size;
	return true;
}

static enum vl_status
open_file(
    struct vl_stream_r *r, const struct vl_stream_expect *e, struct vl_err *err)
{
	struct vl_stream_found found = { .fd = -1 };
	uint64_t size = 0;
	bool ok = e->find != NULL ?
	    e->find(e->arg, e->type, e->number, &found) :
	    vl_stream_find(e->dirfd, e->type, e->number, &found);

	r->fd = found.fd;
	if (!ok && (errno == ENOENT || errno == ELOOP))
		return vl_fail(err, VL_EFORMAT, "there is no such file");
	if (!ok)
		return vl_fail_errno(err, "cannot open");
	if (!found.regular)
		return vl_fail(err, VL_EFORMAT, "not a regular file");
	size = found.size;
	if (size < VL_FILE_HEADER_SIZE + r->frame_size ||
	    (size - VL_FILE_HEADER_SIZE) % r->frame_size != 0)
		return vl_fail(err, VL_EFORMAT,
		    "%llu bytes are not %d and whole frames of %zu",
		    (unsigned long long)size, VL_FILE_HEADER_SIZE,
		    r->frame_size);
	size -= VL_FILE_HEADER_SIZE;
	if (size > (uint64_t)1 << VL_FILE_LOG2)
		return vl_fail(err, VL_EFORMAT,
		    "%llu frames are more than a file may have",
		    (unsigned long long)(size / r->frame_size));
	r->frames = (uint32_t)(size / r->frame_size);
	r->total = (uint64_t)r->frames * r->plain_size;
	return VL_OK;
}

static enum vl_status
read_header(
    struct vl_stream_r *r, const struct vl_stream_expect *e, struct vl_err *err)
{
	struct vl_file_header h = { 0 };
	enum vl_status st;
	size_t got = 0;

	st = vl_pread_full(r->fd, r->header, sizeof(r->header), 0, &got, err);
	if (st != VL_OK)
		return st;
	st =
	    vl_file_header_decode(&h, (struct vl_slice){ r->header, got }, err);
	if (st != VL_OK)
		return st;
	if (h.type != e->type)
		return vl_fail(err, VL_EFORMAT,
		    "the header is that of another type of file");
	if (h.number != e->number)
		return vl_fail(err, VL_EFORMAT,
		    "the header says file number %llu",
		    (unsigned long long)h.number);
	if (h.frame_log2 != e->frame_log2)
		return vl_fail(err, VL_EFORMAT,
		    "the header says another frame size than the head");
	if (memcmp(h.bundle, e->id, VL_ID_SIZE) != 0)
		return vl_fail(
		    err, VL_EFORMAT, "the header is that of another bundle");
	frame_key(r->key, e->root, h.salt, r->header);
	return VL_OK;
}

enum vl_status
vl_stream_r_open(struct vl_stream_r **out, const struct vl_stream_expect *e,
    struct vl_err *err)
{
	struct vl_stream_r *r = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (e->frame_log2 < VL_FRAME_LOG2_MIN ||
	    e->frame_log2 > VL_FRAME_LOG2_MAX)
		return vl_fail(err, VL_EFORMAT, "frame size 2^%u is not known",
		    e->frame_log2);
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return vl_fail_memory(err);
	r->fd = -1;
	vl_file_name(r->name, e->type, e->number);
	r->frame_size = (size_t)1 << e->frame_log2;
	r->plain_size = r->frame_size - VL_TAG_SIZE;
	r->key = vl_secret_alloc(VL_KEY_SIZE);
	r->sealed = malloc(r->frame_size);
	if (r->key == NULL || r->sealed == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	st = open_file(r, e, err);
	if (st != VL_OK)
		goto out;
	st = read_header(r, e, err);
	if (st != VL_OK)
		goto out;
	*out = r;
	r = NULL;
out:
	if (st != VL_OK)
		(void)vl_within(err, "%s", r->name);
	vl_stream_r_free(r);
	return st;
}

uint32_t
vl_stream_r_frames(const struct vl_stream_r *r)
{
	return r->frames;
}

/* Have frame `index` in the view. */
static enum vl_status
view_load(
    struct vl_stream_r *r, struct view *v, uint32_t index, struct vl_err *err)
{
	uint8_t nonce[VL_NONCE_SIZE];
	enum vl_status st;
	size_t got = 0;
	off_t at;

	if (v->loaded && v->frame == index)
		return VL_OK;
	v->loaded = false;
	if (v->plain == NULL)
		v->plain = malloc(r->plain_size);
	if (v->plain == NULL)
		return vl_fail_memory(err);
	at = VL_FILE_HEADER_SIZE + (off_t)index * (off_t)r->frame_size;
	st = vl_pread_full(r->fd, r->sealed, r->frame_size, at, &got, err);
	if (st != VL_OK)
		return st;
	if (got != r->frame_size)
		return vl_fail(err, VL_EFORMAT,
		    "frame %u: the file became shorter while it was read",
		    index);
	frame_nonce(nonce, index, index == r->frames - 1);
	if (!vl_aead_open(v->plain,
	        (struct vl_slice){ r->sealed, r->frame_size },
	        (struct vl_slice){ r->header, sizeof(r->header) }, nonce,
	        r->key))
		return vl_fail(
		    err, VL_EAUTH, "frame %u does not authenticate", index);
	v->frame = index;
	v->loaded = true;
	return VL_OK;
}

/* `n` bytes of plaintext from `offset`, valid until the next call. */
static enum vl_status
view_take(struct vl_stream_r *r, struct view *v, uint64_t offset, size_t n,
    struct vl_slice *out, struct vl_err *err)
{
	enum vl_status st;
	size_t part;
	size_t in;

	*out = (struct vl_slice){ 0 };
	vl_buf_clear(&v->joined);
	while (n > 0) {
		st = view_load(r, v, (uint32_t)(offset / r->plain_size), err);
		if (st != VL_OK)
			return st;
		in = (size_t)(offset % r->plain_size);
		part = r->plain_size - in;
		if (part > n)
			part = n;
		if (part == n && v->joined.n == 0) {
			*out = (struct vl_slice){ v->plain + in, n };
			return VL_OK;
		}
		st = vl_buf_add(
		    &v->joined, (struct vl_slice){ v->plain + in, part }, err);
		if (st != VL_OK)
			return st;
		offset += part;
		n -= part;
	}
	*out = vl_buf_slice(&v->joined);
	return VL_OK;
}

/* The record at `offset`, of which at least the header is in the file. */
static enum vl_status
take_record(struct vl_stream_r *r, struct view *v, uint64_t offset,
    struct vl_stored *s, struct vl_err *err)
{
	struct vl_slice bytes;
	enum vl_status st;
	size_t table = 0;

	memset(s, 0, sizeof(*s));
	s->offset = offset;
	st = view_take(r, v, offset, VL_RECORD_HEADER_SIZE, &bytes, err);
	if (st != VL_OK)
		return st;
	st = vl_record_header_decode(&s->head, bytes, err);
	if (st != VL_OK)
		goto out;
	if (s->head.kind == VL_RECORD_BLOCK)
		table = (size_t)s->head.items * 4;
	offset += VL_RECORD_HEADER_SIZE;
	if (table + s->head.stored > r->total - offset) {
		st = vl_fail(err, VL_EFORMAT,
		    "its %llu bytes run past the end of the file",
		    (unsigned long long)table + s->head.stored);
		goto out;
	}
	st = view_take(r, v, offset, table + s->head.stored, &bytes, err);
	if (st != VL_OK)
		return st;
	s->table = (struct vl_slice){ bytes.p, table };
	s->stored = (struct vl_slice){ table == 0 ? bytes.p : bytes.p + table,
		s->head.stored };
out:
	if (st != VL_OK)
		(void)vl_within(
		    err, "record at %llu", (unsigned long long)s->offset);
	return st;
}

/* Nothing but zeros from `offset`, and no frame more than the records need. */
static enum vl_status
check_padding(struct vl_stream_r *r, struct vl_err *err)
{
	uint64_t need = (r->offset + r->plain_size - 1) / r->plain_size;
	struct vl_slice rest;
	enum vl_status st;

	if (need == 0)
		need = 1;
	if (r->frames != need)
		return vl_fail(err, VL_EFORMAT,
		    "%u frames where the records need %llu", r->frames,
		    (unsigned long long)need);
	st = view_take(
	    r, &r->seq, r->offset, (size_t)(r->total - r->offset), &rest, err);
	if (st != VL_OK)
		return st;
	if (!vl_all_zero(rest))
		return vl_fail(err, VL_EFORMAT,
		    "the padding behind the last record is not zero");
	r->ended = true;
	return VL_OK;
}

static enum vl_status
next_record(struct vl_stream_r *r, struct vl_stored *s, struct vl_err *err)
{
	struct vl_slice kind = { 0 };
	enum vl_status st;

	if (r->total - r->offset < VL_RECORD_HEADER_SIZE)
		return check_padding(r, err);
	st = view_take(r, &r->seq, r->offset, 1, &kind, err);
	if (st != VL_OK)
		return st;
	if (kind.p[0] == VL_RECORD_PADDING)
		return check_padding(r, err);
	st = take_record(r, &r->seq, r->offset, s, err);
	if (st != VL_OK)
		return st;
	if (s->head.ordinal != r->ordinal)
		return vl_fail(err, VL_EFORMAT,
		    "record at %llu says ordinal %llu and is %llu",
		    (unsigned long long)s->offset,
		    (unsigned long long)s->head.ordinal,
		    (unsigned long long)r->ordinal);
	r->ordinal++;
	r->offset += VL_RECORD_HEADER_SIZE + s->table.n + s->stored.n;
	return VL_OK;
}

enum vl_status
vl_stream_r_next(
    struct vl_stream_r *r, struct vl_stored *s, bool *end, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(s, 0, sizeof(*s));
	if (!r->ended)
		st = next_record(r, s, err);
	*end = r->ended;
	if (st != VL_OK)
		(void)vl_within(err, "%s", r->name);
	return st;
}

enum vl_status
vl_stream_r_at(struct vl_stream_r *r, uint64_t offset, struct vl_stored *s,
    struct vl_err *err)
{
	enum vl_status st;

	memset(s, 0, sizeof(*s));
	if (offset > r->total || r->total - offset < VL_RECORD_HEADER_SIZE)
		st = vl_fail(err, VL_EFORMAT,
		    "no record can stand at %llu of %llu bytes",
		    (unsigned long long)offset, (unsigned long long)r->total);
	else
		st = take_record(r, &r->random, offset, s, err);
	if (st != VL_OK)
		(void)vl_within(err, "%s", r->name);
	return st;
}

void
vl_stream_r_free(struct vl_stream_r *r)
{
	if (r == NULL)
		return;
	if (r->fd >= 0)
		(void)close(r->fd);
	vl_secret_free(r->key);
	free(r->sealed);
	free(r->seq.plain);
	vl_buf_free(&r->seq.joined);
	free(r->random.plain);
	vl_buf_free(&r->random.joined);
	free(r);
}
