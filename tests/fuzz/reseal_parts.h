#ifndef VALISE_TESTS_FUZZ_RESEAL_PARTS_H
#define VALISE_TESTS_FUZZ_RESEAL_PARTS_H

/*
 * What reseal.h makes a bundle of: the edits of an input, and bytes to
 * records, frames and files with everything on them right.
 */

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/ids.h>
#include <valise/keys.h>
#include <valise/seal.h>
#include <valise/secret.h>
#include <valise/slot.h>

#include "fuzz.h"

#define RESEAL_CHUNKS  2
#define RESEAL_ENTRIES 6
#define RESEAL_SITE    "demo"
#define RESEAL_LOG2    16
/* Bytes of the shortest input that edits: which part, and one edit. */
#define RESEAL_EDIT_MIN 4

/* What an input can edit; what none of them is, is nothing. */
enum reseal_part {
	RESEAL_NOTHING,
	RESEAL_HEAD,
	RESEAL_KEYS,
	RESEAL_INNER,
	RESEAL_LINES,
	RESEAL_TAIL,
	RESEAL_MAP,
	RESEAL_LISTS,
	RESEAL_BLOCK,
	RESEAL_TABLE,
	RESEAL_BLOCK_HEADER,
	RESEAL_LINES_HEADER,
	RESEAL_INDEX,
	RESEAL_PACK_HEADER,
	RESEAL_SEAL,
	RESEAL_COMMENT,
	RESEAL_TOKENS, /* of a bundle with secrets */
	RESEAL_FIRST,  /* records of i0000001.vli; RESEAL_INDEX: i0000002.vli */
	RESEAL_RECORDS, /* of the pack */
	RESEAL_PARTS
};

/*
 * Bits of the first byte of an input: the bundle has secrets; also in rows;
 * and the number of what is edited.
 */
#define RESEAL_SECRETS 0x80
#define RESEAL_OF_ROWS 0x40
#define RESEAL_NUMBER  0x1f

/* What all bundles of a process have in common. */
struct reseal {
	struct vl_key_set *keys;
	struct vl_key_set *read; /* for whoever opens a bundle */
	struct vl_ids *ids;
	struct vl_sender_secret *sender;
	uint8_t identity[VL_X25519_SIZE];
	struct vl_buf keys_text;
	struct vl_head head;
	struct vl_slice rows;  /* lines of a database; none: there is none */
	const char *rows_kind; /* of the resource of these; NULL: "sqlite" */
	uint64_t with_body;   /* of these the one whose body is chunk 0, or 0 */
	const char *tied;     /* the path of d/x, or NULL: that */
	struct vl_slice text; /* content of a; none: random bytes */
	/* a has secrets, made by these; NULL: none */
	const struct vl_secret_ops *secrets;
	const struct vl_file_slot *places; /* of the two; NULL: some */
	struct vl_slice row_token; /* of the one secret in `rows`, as an item */
};

/* One bundle in the making. */
struct reseal_work {
	const struct reseal *all;
	int dirfd;
	enum reseal_part part;
	struct vl_slice edits;
	struct vl_seal_file files[6];
	size_t nfiles;
	uint64_t bytes;
	uint64_t plain;
	uint64_t ordinal; /* in the file in hand */
	struct vl_buf block;
	struct vl_buf tokens; /* items */
	uint32_t ntokens;
	uint32_t nlists;
	struct vl_slice chunks[RESEAL_CHUNKS];
	uint8_t chunk_ids[RESEAL_CHUNKS][VL_HASH_SIZE];
	struct vl_inner_head inner;
	struct vl_hash root;
};

/*
 * Edits one behind the other: le16 where, modulo the length; a byte of how
 * many bytes go (low half) and how many come (high half); and those.
 */
static inline void
reseal_edit(struct vl_buf *b, struct vl_slice edits)
{
	struct vl_rd rd = { .rest = edits };
	struct vl_err err = { 0 };
	size_t at = 0;
	size_t out = 0;
	size_t in = 0;
	uint8_t op = 0;

	while (rd.rest.n >= 3) {
		at = vl_rd_u16le(&rd) % (b->n + 1);
		op = *vl_rd_take(&rd, 1).p;
		out = op & 15;
		out = out < b->n - at ? out : b->n - at;
		in = op >> 4;
		in = in < rd.rest.n ? in : rd.rest.n;
		MUST(vl_buf_reserve(b, in, &err) == VL_OK);
		memmove(b->p + at + in, b->p + at + out, b->n - at - out);
		if (in > 0)
			memcpy(b->p + at, vl_rd_take(&rd, in).p, in);
		b->n = b->n - out + in;
	}
}

static inline void
reseal_part(struct reseal_work *w, enum reseal_part part, struct vl_buf *b)
{
	if (w->part == part)
		reseal_edit(b, w->edits);
}

static inline void
reseal_add(struct vl_buf *b, const void *p, size_t n)
{
	struct vl_err err = { 0 };

	MUST(vl_buf_add(b, (struct vl_slice){ p, n }, &err) == VL_OK);
}

/* Write a file of the bundle; `listed`: the seal names it. */
static inline void
reseal_put(struct reseal_work *w, const char *name, const struct vl_buf *b,
    bool listed)
{
	struct vl_seal_file *f = NULL;
	struct vl_err err = { 0 };
	int fd = openat(
	    w->dirfd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(vl_write_all(fd, vl_buf_slice(b), &err) == VL_OK);
	MUST(close(fd) == 0);
	if (!listed)
		return;
	f = &w->files[w->nfiles++];
	MUST(w->nfiles <= sizeof(w->files) / sizeof(w->files[0]));
	memcpy(f->name, name, strlen(name) + 1);
	vl_hash_of(f->hash, NULL, vl_buf_slice(b));
	w->bytes += b->n;
}

/* Append a raw record to the plaintext of a file. */
static inline void
reseal_record(struct reseal_work *w, struct vl_buf *out,
    const struct vl_record_header *kind, const struct vl_buf *table,
    const struct vl_buf *b)
{
	struct vl_record_header h = *kind;
	uint8_t bytes[VL_RECORD_HEADER_SIZE];
	struct vl_buf header = { 0 };

	h.stored = h.plain = (uint32_t)b->n;
	h.ordinal = w->ordinal++;
	h.xxh = vl_xxh64(vl_buf_slice(b));
	vl_record_header_encode(bytes, &h);
	reseal_add(&header, bytes, sizeof(bytes));
	if (h.kind == VL_RECORD_BLOCK)
		reseal_part(w, RESEAL_BLOCK_HEADER, &header);
	if (h.kind == VL_RECORD_LINES)
		reseal_part(w, RESEAL_LINES_HEADER, &header);
	reseal_add(out, header.p, header.n);
	if (table != NULL)
		reseal_add(out, table->p, table->n);
	reseal_add(out, b->p, b->n);
	if (h.kind != VL_RECORD_INNER)
		w->plain += b->n;
	vl_buf_free(&header);
}

/* Frames behind `header`, which may have any length by now. */
static inline void
reseal_frames(struct vl_buf *out, const struct vl_buf *header,
    const struct vl_slice plain, const uint8_t key[VL_KEY_SIZE])
{
	const size_t size = ((size_t)1 << RESEAL_LOG2) - VL_TAG_SIZE;
	const size_t n = plain.n == 0 ? 1 : (plain.n + size - 1) / size;
	uint8_t nonce[VL_NONCE_SIZE] = { 0 };
	struct vl_err err = { 0 };
	uint8_t *padded = calloc(n, size);
	size_t i = 0;

	MUST(padded != NULL);
	if (plain.n > 0)
		memcpy(padded, plain.p, plain.n);
	MUST(vl_buf_reserve(out, n * (size + VL_TAG_SIZE), &err) == VL_OK);
	for (i = 0; i < n; i++) {
		vl_put_u64le(nonce, i);
		nonce[VL_NONCE_SIZE - 1] = i == n - 1;
		vl_aead_seal(out->p + out->n,
		    (struct vl_slice){ padded + i * size, size },
		    vl_buf_slice(header), nonce, key);
		out->n += size + VL_TAG_SIZE;
	}
	free(padded);
}

/* Encrypt `plain` as a file of the bundle. */
static inline void
reseal_file(struct reseal_work *w, struct vl_buf *plain, enum vl_file_type type,
    uint32_t number)
{
	struct vl_file_header h = {
		.type = type, .frame_log2 = RESEAL_LOG2, .number = number
	};
	uint8_t bytes[VL_FILE_HEADER_SIZE];
	uint8_t root[VL_KEY_SIZE];
	uint8_t key[VL_KEY_SIZE];
	char name[VL_FILE_NAME_SIZE];
	struct vl_buf header = { 0 };
	struct vl_buf out = { 0 };

	memcpy(h.bundle, w->all->head.id, sizeof(h.bundle));
	memset(h.salt, (int)number, sizeof(h.salt));
	vl_file_header_encode(bytes, &h);
	reseal_add(&header, bytes, sizeof(bytes));
	if (type == VL_FILE_PACK)
		reseal_part(w, RESEAL_PACK_HEADER, &header);
	vl_keys_file_root(root, w->all->keys);
	vl_hash_of(key,
	    &(struct vl_hash_opts){
	        .key = root, .salt = h.salt, .personal = "vls1-file-key" },
	    vl_buf_slice(&header));
	reseal_add(&out, header.p, header.n);
	reseal_frames(&out, &header, vl_buf_slice(plain), key);
	vl_file_name(name, type, number);
	reseal_put(w, name, &out, true);
	w->ordinal = 0;
	vl_buf_free(&header);
	vl_buf_free(&out);
}

#endif
