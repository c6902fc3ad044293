#ifndef TEST_FRAMES_H
#define TEST_FRAMES_H

/*
 * Writes one file of a bundle record by record, right or wrong as the test
 * wants it, and encrypts it: what only a holder of the keys could forge.
 */

#include <string.h>

#include <valise/crypt.h>
#include <valise/format.h>
#include <valise/fs.h>

struct frames {
	struct vl_buf plain;
	uint64_t ordinal;
};

/* Where and as what a file is written. */
struct frames_place {
	int dirfd;
	enum vl_file_type type;
	uint32_t number;
	unsigned frame_log2;
	const uint8_t *id;
	const uint8_t *root;
	uint32_t extra; /* frames more than needed */
};

static inline void
frames_bytes(struct frames *f, const void *p, size_t n)
{
	struct vl_err err;

	if (vl_buf_add(&f->plain, (struct vl_slice){ p, n }, &err) != VL_OK)
		abort();
}

/* A record with any header; returns its offset. */
static inline uint64_t
frames_record(struct frames *f, const struct vl_record_header *h,
    struct vl_slice table, struct vl_slice stored)
{
	uint8_t header[VL_RECORD_HEADER_SIZE];
	uint64_t offset = f->plain.n;

	vl_record_header_encode(header, h);
	frames_bytes(f, header, sizeof(header));
	if (table.n > 0)
		frames_bytes(f, table.p, table.n);
	if (stored.n > 0)
		frames_bytes(f, stored.p, stored.n);
	f->ordinal++;
	return offset;
}

/* A raw record as it should be. */
static inline uint64_t
frames_raw(struct frames *f, enum vl_record_kind kind, uint32_t items,
    struct vl_slice table, struct vl_slice bytes)
{
	struct vl_record_header h = { .kind = kind,
		.items = items,
		.stored = (uint32_t)bytes.n,
		.plain = (uint32_t)bytes.n,
		.ordinal = f->ordinal,
		.xxh = vl_xxh64(bytes) };

	return frames_record(f, &h, table, bytes);
}

/* Pad, encrypt, write; returns the number of frames.  `f` is empty after. */
static inline uint32_t
frames_write(struct frames *f, const struct frames_place *at)
{
	size_t size = (size_t)1 << at->frame_log2;
	size_t plain = size - VL_TAG_SIZE;
	uint8_t nonce[VL_NONCE_SIZE] = { 0 };
	uint8_t header[VL_FILE_HEADER_SIZE];
	char name[VL_FILE_NAME_SIZE];
	struct vl_file_header h = { .type = at->type,
		.frame_log2 = at->frame_log2,
		.number = at->number };
	uint8_t key[VL_KEY_SIZE];
	struct vl_buf out = { 0 };
	struct vl_err err;
	size_t n = (f->plain.n + plain - 1) / plain;
	size_t i;

	n = (n == 0 ? 1 : n) + at->extra;
	memcpy(h.bundle, at->id, sizeof(h.bundle));
	memset(h.salt, (int)at->number, sizeof(h.salt));
	vl_file_header_encode(header, &h);
	vl_hash_of(key,
	    &(struct vl_hash_opts){
	        .key = at->root, .salt = h.salt, .personal = "vls1-file-key" },
	    (struct vl_slice){ header, sizeof(header) });
	if (vl_buf_reserve(&f->plain, n * plain - f->plain.n, &err) != VL_OK ||
	    vl_buf_reserve(&out, sizeof(header) + n * size, &err) != VL_OK)
		abort();
	memset(f->plain.p + f->plain.n, 0, n * plain - f->plain.n);
	memcpy(out.p, header, sizeof(header));
	out.n = sizeof(header) + n * size;
	for (i = 0; i < n; i++) {
		vl_put_u64le(nonce, i);
		nonce[VL_NONCE_SIZE - 1] = i == n - 1;
		vl_aead_seal(out.p + sizeof(header) + i * size,
		    (struct vl_slice){ f->plain.p + i * plain, plain },
		    (struct vl_slice){ header, sizeof(header) }, nonce, key);
	}
	vl_file_name(name, at->type, at->number);
	if (vl_put_file(at->dirfd, name, 0600, vl_buf_slice(&out), &err) !=
	    VL_OK)
		abort();
	vl_buf_free(&out);
	vl_buf_free(&f->plain);
	memset(f, 0, sizeof(*f));
	return (uint32_t)n;
}

#endif
