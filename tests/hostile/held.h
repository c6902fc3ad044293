#ifndef VALISE_TESTS_HOSTILE_HELD_H
#define VALISE_TESTS_HOSTILE_HELD_H

/*
 * A bundle in memory as it was made and as it is now; what is now goes into
 * its folder, as it is or sealed and signed anew by the key that is trusted,
 * and is read from there in the order in which an import does.
 */

#include <dirent.h>

#include <valise/encode.h>
#include <valise/seal.h>
#include <valise/unpack.h>

#include "make.h"

#define HELD_FILES 12
#define HELD_FRAME ((size_t)1 << MAKE_FRAME_LOG2)
#define HELD_PLAIN (HELD_FRAME - VL_TAG_SIZE)

/* What a frame holds, while it is open. */
static uint8_t held_frame[HELD_PLAIN];

struct held_file {
	char name[VL_NAME83_SIZE];
	struct vl_buf was;
	struct vl_buf now;
	uint8_t hash[VL_HASH_SIZE]; /* of what it was */
	bool touched;
};

struct held {
	const struct maker *maker;
	struct vl_key_set *keys; /* for whoever opens it */
	char path[128];
	int dirfd;
	struct vl_head head; /* as it was made */
	struct held_file files[HELD_FILES];
	size_t n;
};

/* How reading it came out. */
struct outcome {
	enum vl_status st;
	char text[sizeof(((struct vl_err *)0)->text)];
	char wrong[256]; /* names of wrong files, each behind a blank */
};

static inline struct held_file *
held_find(struct held *h, const char *name)
{
	size_t i = 0;

	for (i = 0; i < h->n; i++)
		if (strcmp(h->files[i].name, name) == 0)
			return &h->files[i];
	return NULL;
}

static inline bool
held_is_seal(const struct held_file *f)
{
	return strncmp(f->name, "seal.", 5) == 0;
}

/* Index file or pack. */
static inline bool
held_is_frames(const struct held_file *f)
{
	return strstr(f->name, ".vl") != NULL;
}

static inline void
held_set(struct held_file *f, struct vl_slice bytes)
{
	struct vl_err err = { 0 };

	vl_buf_clear(&f->now);
	MUST(vl_buf_add(&f->now, bytes, &err) == VL_OK);
	f->touched = true;
}

static inline int
held_compare(const void *a, const void *b)
{
	return strcmp(((const struct held_file *)a)->name,
	    ((const struct held_file *)b)->name);
}

/* Make the next bundle of `m` and take it into memory. */
static inline void
held_make(struct held *h, struct maker *m)
{
	struct dirent *entry = NULL;
	struct held_file *f = NULL;
	struct vl_err err = { 0 };
	char name[16];
	DIR *d = NULL;

	memset(h, 0, sizeof(*h));
	h->maker = m;
	h->keys = vl_secret_alloc(sizeof(*h->keys));
	MUST(h->keys != NULL);
	(void)folder_fd();
	make_bundle(m, folder_path, name);
	snprintf(h->path, sizeof(h->path), "%s/%s", folder_path, name);
	h->dirfd = open(h->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = opendir(h->path);
	MUST(h->dirfd >= 0 && d != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		MUST(h->n < HELD_FILES);
		f = &h->files[h->n++];
		MUST(vl_name83_valid(entry->d_name));
		memcpy(f->name, entry->d_name, strlen(entry->d_name) + 1);
		MUST(vl_read_file(h->dirfd, f->name, 1u << 24, &f->was, &err) ==
		    VL_OK);
		vl_hash_of(f->hash, NULL, vl_buf_slice(&f->was));
		held_set(f, vl_buf_slice(&f->was));
		f->touched = false;
	}
	closedir(d);
	qsort(h->files, h->n, sizeof(h->files[0]), held_compare);
	f = held_find(h, "head.jsn");
	MUST(f != NULL);
	MUST(vl_head_decode(&h->head, vl_buf_slice(&f->was), &err) == VL_OK);
}

static inline void
held_write(const struct held *h, const struct held_file *f)
{
	struct vl_err err = { 0 };
	int fd = openat(h->dirfd, f->name, O_WRONLY | O_CLOEXEC);

	MUST(fd >= 0);
	MUST(vl_pwrite_all(fd, vl_buf_slice(&f->now), 0, &err) == VL_OK);
	MUST(ftruncate(fd, (off_t)f->now.n) == 0);
	MUST(close(fd) == 0);
}

/* What is now, into the folder. */
static inline void
held_put(const struct held *h)
{
	size_t i = 0;

	for (i = 0; i < h->n; i++)
		if (h->files[i].touched)
			held_write(h, &h->files[i]);
}

/* As it was, in memory and in the folder. */
static inline void
held_mend(struct held *h)
{
	struct held_file *f = NULL;

	for (f = h->files; f < h->files + h->n; f++)
		if (f->touched) {
			held_set(f, vl_buf_slice(&f->was));
			held_write(h, f);
			f->touched = false;
		}
}

static inline void
held_hash(const struct held_file *f, uint8_t hash[VL_HASH_SIZE])
{
	if (f->touched)
		vl_hash_of(hash, NULL, vl_buf_slice(&f->now));
	else
		memcpy(hash, f->hash, VL_HASH_SIZE);
}

/* head.jsn gets the root of the files as they are now. */
static inline void
held_mend_head(struct held *h)
{
	struct held_file *f = held_find(h, "head.jsn");
	uint8_t hash[VL_HASH_SIZE];
	struct vl_hash root = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	struct vl_head head;
	size_t i = 0;

	if (vl_head_decode(&head, vl_buf_slice(&f->now), &err) != VL_OK)
		return;
	vl_files_root_begin(&root);
	for (i = 0; i < h->n; i++) {
		if (!held_is_frames(&h->files[i]))
			continue;
		held_hash(&h->files[i], hash);
		vl_files_root_add(
		    &root, h->files[i].name, h->files[i].now.n, hash);
	}
	vl_hash_end(&root, head.files_root);
	MUST(vl_head_encode(&text, &head, &err) == VL_OK);
	held_set(f, vl_buf_slice(&text));
	vl_buf_free(&text);
}

/* The trusted comment for the files as they are now. */
static inline void
held_comment(struct held *h, struct vl_buf *out)
{
	const struct held_file *f = held_find(h, "head.jsn");
	struct vl_seal_comment c = { 0 };
	struct vl_head head = h->head;
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_head_decode(&head, vl_buf_slice(&f->now), &err) != VL_OK)
		head = h->head;
	memcpy(c.id, head.id, sizeof(c.id));
	c.seq = head.seq;
	held_hash(f, c.head);
	for (i = 0; i < h->n; i++) {
		if (held_is_seal(&h->files[i]))
			continue;
		c.files++;
		c.bytes += h->files[i].now.n;
	}
	MUST(vl_seal_comment_encode(out, &c, &err) == VL_OK);
}

static inline void
held_list(struct held *h, struct vl_buf *out)
{
	struct vl_seal_file files[HELD_FILES];
	struct vl_seal_list list = { files, 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	for (i = 0; i < h->n; i++) {
		if (held_is_seal(&h->files[i]))
			continue;
		memcpy(files[list.n].name, h->files[i].name, VL_NAME83_SIZE);
		held_hash(&h->files[i], files[list.n].hash);
		list.n++;
	}
	MUST(vl_seal_list_encode(out, &list, &err) == VL_OK);
}

/* seal.txt and seal.sig of this list and this comment. */
static inline void
held_sign(struct held *h, struct vl_slice list, struct vl_slice comment)
{
	const struct vl_sender_secret *sender = h->maker->sender;
	struct vl_seal_sig sig = { .comment_text = comment };
	struct vl_buf both = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	uint8_t hash[64];

	vl_hash512_of(hash, list);
	memcpy(sig.key_id, sender->pub.key_id, sizeof(sig.key_id));
	vl_sign(sig.signature, (struct vl_slice){ hash, sizeof(hash) },
	    sender->key);
	MUST(vl_buf_add(&both,
	         (struct vl_slice){ sig.signature, sizeof(sig.signature) },
	         &err) == VL_OK);
	MUST(vl_buf_add(&both, comment, &err) == VL_OK);
	vl_sign(sig.global, vl_buf_slice(&both), sender->key);
	MUST(vl_seal_sig_encode(&text, &sig, &err) == VL_OK);
	held_set(held_find(h, "seal.txt"), list);
	held_set(held_find(h, "seal.sig"), vl_buf_slice(&text));
	vl_buf_free(&both);
	vl_buf_free(&text);
}

/* Seal and sign what is now. */
static inline void
held_seal(struct held *h)
{
	struct vl_buf comment = { 0 };
	struct vl_buf list = { 0 };

	held_list(h, &list);
	held_comment(h, &comment);
	held_sign(h, vl_buf_slice(&list), vl_buf_slice(&comment));
	vl_buf_free(&comment);
	vl_buf_free(&list);
}

/* The key of a file of frames, from its header. */
static inline void
held_file_key(
    struct held *h, const struct held_file *f, uint8_t key[VL_KEY_SIZE])
{
	const struct vl_slice header = { f->was.p, VL_FILE_HEADER_SIZE };
	struct vl_file_header fields = { 0 };
	uint8_t root[VL_KEY_SIZE];
	struct vl_err err = { 0 };

	MUST(vl_file_header_decode(&fields, header, &err) == VL_OK);
	vl_keys_file_root(root, h->keys);
	vl_hash_of(key,
	    &(struct vl_hash_opts){
	        .key = root, .salt = fields.salt, .personal = "vls1-file-key" },
	    header);
}

static inline void
held_nonce(
    const struct held_file *f, size_t frame, uint8_t nonce[VL_NONCE_SIZE])
{
	memset(nonce, 0, VL_NONCE_SIZE);
	vl_put_u64le(nonce, frame);
	nonce[VL_NONCE_SIZE - 1] = frame + 1 == f->was.n / HELD_FRAME;
}

/* A frame as it is now, into held_frame. */
static inline void
held_open_frame(
    const struct held_file *f, size_t frame, const uint8_t key[VL_KEY_SIZE])
{
	const struct vl_slice header = { f->now.p, VL_FILE_HEADER_SIZE };
	const uint8_t *p = f->now.p + VL_FILE_HEADER_SIZE + frame * HELD_FRAME;
	uint8_t nonce[VL_NONCE_SIZE];

	held_nonce(f, frame, nonce);
	MUST(vl_aead_open(held_frame, (struct vl_slice){ p, HELD_FRAME },
	    header, nonce, key));
}

/* And back. */
static inline void
held_close_frame(
    struct held_file *f, size_t frame, const uint8_t key[VL_KEY_SIZE])
{
	const struct vl_slice header = { f->now.p, VL_FILE_HEADER_SIZE };
	uint8_t nonce[VL_NONCE_SIZE];

	held_nonce(f, frame, nonce);
	vl_aead_seal(f->now.p + VL_FILE_HEADER_SIZE + frame * HELD_FRAME,
	    (struct vl_slice){ held_frame, HELD_PLAIN }, header, nonce, key);
	f->touched = true;
}

static inline void
note_wrong(void *arg, const char *name, const char *why)
{
	struct outcome *o = arg;
	size_t n = strlen(o->wrong);

	(void)why;
	snprintf(o->wrong + n, sizeof(o->wrong) - n, " %s", name);
}

/* Every record and every byte of every body, and what comes at the end. */
static inline enum vl_status
held_read_all(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_unpacked rec = { 0 };
	struct vl_chunk_hold *hold = NULL;
	struct vl_chunk_ref ref = { 0 };
	struct vl_slice bytes = { 0 };
	enum vl_status st = vl_unpack_next(u, &rec, err);
	size_t n = 0;

	while (st == VL_OK && rec.line.p != NULL) {
		n = rec.entry.type == VL_ENTRY_FILE;
		while (st == VL_OK && n > 0) {
			st = vl_unpack_part(u, &ref, 1, &n, err);
			if (st != VL_OK || n == 0)
				break;
			st = vl_unpack_chunk(u, &ref, &bytes, &hold, err);
			if (st == VL_OK)
				vl_unpack_release(u, hold);
		}
		if (st == VL_OK)
			st = vl_unpack_next(u, &rec, err);
	}
	return st == VL_OK ? vl_unpack_end(u, &totals, err) : st;
}

/* Keys and all that they open. */
static inline enum vl_status
held_open(struct held *h, const struct vl_seal *seal, struct vl_err *err)
{
	struct vl_unpack_opts opts = { .dirfd = h->dirfd,
		.head = &seal->head,
		.keys = h->keys,
		.sender = h->maker->sender->pub.key,
		.tempdir = folder_path,
		.pool = h->maker->pool };
	const struct vl_opener opener = { .identity = h->maker->identity };
	struct vl_unpack *u = NULL;
	enum vl_status st = vl_keys_unlock(h->keys, &opts.role, &seal->head,
	    vl_buf_slice(&seal->keys_text), &opener, err);

	if (st == VL_OK)
		st = vl_unpack_open(&u, &opts, err);
	if (st == VL_OK)
		st = held_read_all(u, err);
	vl_unpack_free(u);
	return st;
}

/* Read what the folder holds, from the form of the seal to the last frame. */
static inline void
held_try(struct held *h, struct outcome *o)
{
	const struct vl_seal_report report = { .arg = o, .wrong = note_wrong };
	struct vl_seal seal = { 0 };
	struct vl_err err = { 0 };

	memset(o, 0, sizeof(*o));
	o->st = vl_seal_read(&seal, h->dirfd, &report, &err);
	if (o->st == VL_OK)
		o->st = vl_seal_verify(&seal, &h->maker->sender->pub, &err);
	if (o->st == VL_OK)
		o->st =
		    vl_seal_check(&seal, h->dirfd, -1, false, &report, &err);
	if (o->st == VL_OK)
		o->st = held_open(h, &seal, &err);
	vl_seal_free(&seal);
	memcpy(o->text, err.text, sizeof(o->text));
}

static inline void
held_free(struct held *h)
{
	size_t i = 0;

	for (i = 0; i < h->n; i++) {
		vl_buf_free(&h->files[i].was);
		vl_buf_free(&h->files[i].now);
	}
	vl_secret_free(h->keys);
	MUST(close(h->dirfd) == 0);
}

#endif
