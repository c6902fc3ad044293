#ifndef VALISE_TESTS_UNIT_PACK_WORLD_H
#define VALISE_TESTS_UNIT_PACK_WORLD_H

/*
 * A medium in a scratch folder, a writer of one bundle on it, and what is
 * read back from that bundle.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/pack.h>
#include <valise/seal.h>
#include <valise/secret.h>
#include <valise/stream.h>

#define FRAME_LOG2 16

struct world {
	char dir[64];
	struct vl_pool *pool;
	struct vl_key_set *keys;
	struct vl_ids *ids;
	struct vl_sender_secret *sender;
	struct vl_recipient recipient;
	struct vl_resource_id resources[2];
	struct vl_pack_opts opts;
	struct vl_pack *p;
	struct vl_pack_totals totals;
	char name[16];
	struct vl_err err;

	/* The content of all records of one kind, one behind the other. */
	struct vl_buf kinds[VL_RECORD_CHANGES + 1];
	size_t records[VL_RECORD_CHANGES + 1];
};

static inline void
world_open(struct world *w, unsigned workers)
{
	uint8_t secret[VL_X25519_SIZE];

	memset(w, 0, sizeof(*w));
	(void)snprintf(w->dir, sizeof(w->dir), "/tmp/valise-pack-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	assert_int_equal(VL_OK, vl_pool_new(&w->pool, workers, &w->err));
	w->keys = vl_secret_alloc(sizeof(*w->keys));
	w->sender = vl_secret_alloc(sizeof(*w->sender));
	assert_true(w->keys != NULL && w->sender != NULL);
	memset(w->keys->bk, 1, VL_KEY_SIZE);
	memset(w->keys->sk, 2, VL_KEY_SIZE);
	memset(w->keys->tk, 3, VL_KEY_SIZE);
	w->keys->has_tk = true;
	/* Smaller than the default, so that short bodies have many chunks. */
	assert_int_equal(VL_OK,
	    vl_ids_new(&w->ids, w->keys->sk, 4096, 16384, 65536, &w->err));
	vl_sign_keypair(w->sender->pub.key, w->sender->key);
	w->recipient.type = VL_STANZA_X25519;
	w->recipient.role = VL_ROLE_FULL;
	vl_x25519_keypair(w->recipient.public, secret);
	(void)snprintf(w->resources[0].name, VL_SITE_MAX, "a");
	(void)snprintf(w->resources[1].name, VL_SITE_MAX, "b");
	(void)snprintf(w->resources[0].kind, 16, "files");
	(void)snprintf(w->resources[1].kind, 16, "files");
	w->opts = (struct vl_pack_opts){
		.dir = w->dir,
		.tempdir = "/tmp",
		.pool = w->pool,
		.keys = w->keys,
		.ids = w->ids,
		.recipients = &w->recipient,
		.nrecipients = 1,
		.sender = w->sender,
		.frame_log2 = FRAME_LOG2,
		.level = 1,
		.head = { .seq = 1, .epoch = 1 },
		.site = "demo",
		.tool = "test",
		.resources = w->resources,
		.nresources = 2,
	};
	memset(w->opts.head.id, 4, VL_ID_SIZE);
	memset(w->opts.head.series, 5, VL_ID_SIZE);
}

static inline enum vl_status
world_start(struct world *w)
{
	return vl_pack_open(&w->p, &w->opts, &w->err);
}

static inline void
world_close(struct world *w)
{
	size_t i;

	vl_pack_free(w->p);
	vl_ids_free(w->ids);
	vl_secret_free(w->keys);
	vl_secret_free(w->sender);
	vl_pool_free(w->pool);
	for (i = 0; i <= VL_RECORD_CHANGES; i++)
		vl_buf_free(&w->kinds[i]);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, w->dir, &w->err));
}

/* The record of a directory, or of a file with a body of `size`. */
static inline enum vl_status
announce(struct world *w, const char *resource, const char *path, bool file,
    uint64_t size)
{
	struct vl_entry e = { .type = file ? VL_ENTRY_FILE : VL_ENTRY_DIR,
		.resource = vl_slice_of(resource),
		.path = vl_slice_of(path),
		.mode = 0755,
		.size = size };
	struct vl_record r = { .has_body = file, .body_size = size };
	struct vl_buf line = { 0 };
	enum vl_status st;

	st = vl_entry_encode(&line, &e, &r.hash_at, &w->err);
	r.line = vl_buf_slice(&line);
	if (st == VL_OK)
		st = vl_pack_record(w->p, &r, &w->err);
	vl_buf_free(&line);
	return st;
}

static inline enum vl_status
feed(struct world *w, const uint8_t *p, size_t size)
{
	uint8_t *room = NULL;
	size_t n = 0;
	enum vl_status st = VL_OK;

	while (size > 0 && st == VL_OK) {
		st = vl_pack_body_room(w->p, &room, &n, &w->err);
		if (st != VL_OK)
			break;
		assert_true(n > 0);
		if (n > size)
			n = size;
		memcpy(room, p, n);
		st = vl_pack_body_fill(w->p, n, &w->err);
		p += n;
		size -= n;
	}
	return st;
}

/* A file of random bytes that `seed` decides. */
static inline enum vl_status
add_file(struct world *w, const char *resource, const char *path, size_t size,
    uint8_t seed)
{
	uint8_t key[VL_KEY_SIZE] = { seed };
	uint8_t *p = malloc(size + 1);
	enum vl_status st;

	assert_non_null(p);
	vl_random_from(p, size, key);
	st = announce(w, resource, path, true, size);
	if (st == VL_OK)
		st = feed(w, p, size);
	if (st == VL_OK)
		st = vl_pack_body_end(w->p, &w->err);
	free(p);
	return st;
}

/* Two resources: small and large files, an empty one, one twice. */
static inline enum vl_status
add_some(struct world *w)
{
	enum vl_status st = announce(w, "a", "", false, 0);

	if (st == VL_OK)
		st = add_file(w, "a", "empty", 0, 0);
	if (st == VL_OK)
		st = add_file(w, "a", "large", 3000000, 1);
	if (st == VL_OK)
		st = add_file(w, "a", "same", 3000000, 1);
	if (st == VL_OK)
		st = add_file(w, "a", "small", 10, 2);
	if (st == VL_OK)
		st = announce(w, "b", "", false, 0);
	if (st == VL_OK)
		st = add_file(w, "b", "small", 11, 3);
	return st;
}

static inline enum vl_status
world_commit(struct world *w)
{
	return vl_pack_commit(w->p, w->name, &w->totals, &w->err);
}

/* How many entries the medium has, and whether one ends so. */
static inline size_t
entries(const struct world *w, const char *suffix, bool *found)
{
	struct dirent *e;
	DIR *dir = opendir(w->dir);
	size_t n = 0;

	assert_non_null(dir);
	*found = false;
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (strstr(e->d_name, suffix) != NULL)
			*found = true;
	}
	assert_int_equal(0, closedir(dir));
	return n;
}

static inline int
open_bundle(const struct world *w)
{
	char path[96];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, w->name);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_true(fd >= 0);
	return fd;
}

static inline void
read_file(struct world *w, const struct vl_stream_expect *expect)
{
	uint8_t *plain = malloc(VL_RECORD_PLAIN_MAX);
	struct vl_stream_r *r = NULL;
	struct vl_stored s;
	bool end = false;

	assert_non_null(plain);
	assert_int_equal(VL_OK, vl_stream_r_open(&r, expect, &w->err));
	for (;;) {
		assert_int_equal(VL_OK, vl_stream_r_next(r, &s, &end, &w->err));
		if (end)
			break;
		assert_int_equal(
		    VL_OK, vl_stored_decode(plain, &s, NULL, &w->err));
		w->records[s.head.kind]++;
		assert_int_equal(VL_OK,
		    vl_buf_add(&w->kinds[s.head.kind],
		        (struct vl_slice){ plain, s.head.plain }, &w->err));
	}
	vl_stream_r_free(r);
	free(plain);
}

/* All records of the finished bundle into w->kinds. */
static inline void
read_bundle(struct world *w)
{
	uint8_t *root = vl_secret_alloc(VL_KEY_SIZE);
	struct vl_stream_expect expect = { .dirfd = open_bundle(w),
		.frame_log2 = FRAME_LOG2,
		.id = w->opts.head.id,
		.root = root };
	struct vl_buf text = { 0 };
	struct vl_head head;

	assert_non_null(root);
	vl_keys_file_root(root, w->keys);
	assert_int_equal(VL_OK,
	    vl_read_file(
	        expect.dirfd, "head.jsn", VL_HEAD_MAX, &text, &w->err));
	assert_int_equal(
	    VL_OK, vl_head_decode(&head, vl_buf_slice(&text), &w->err));
	expect.type = VL_FILE_INDEX;
	for (expect.number = 1; expect.number <= head.index_files;
	     expect.number++)
		read_file(w, &expect);
	expect.type = VL_FILE_PACK;
	for (expect.number = 1; expect.number <= head.pack_files;
	     expect.number++)
		read_file(w, &expect);
	assert_int_equal(0, close(expect.dirfd));
	vl_buf_free(&text);
	vl_secret_free(root);
}

#endif
