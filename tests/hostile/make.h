#ifndef VALISE_TESTS_HOSTILE_MAKE_H
#define VALISE_TESTS_HOSTILE_MAKE_H

/*
 * Two bundles of one series, by the room that writes bundles for good: three
 * files of frames and five small ones each, some 330 KB, for one X25519 key.
 */

#include <valise/pack.h>
#include <valise/secret.h>

#include "../fuzz/folder.h"

#define MAKE_FRAME_LOG2 16

struct maker {
	struct vl_pool *pool;
	struct vl_key_set *keys;
	struct vl_ids *ids;
	struct vl_sender_secret *sender;
	uint8_t identity[VL_X25519_SIZE];
	struct vl_recipient recipient;
	struct vl_head head; /* of the next bundle */
};

static inline enum vl_status
keep_fingerprint(
    void *arg, const uint8_t fingerprint[VL_HASH_SIZE], struct vl_err *err)
{
	struct maker *m = arg;

	(void)err;
	memcpy(m->head.prev, fingerprint, VL_ROOT_SIZE);
	return VL_OK;
}

/* A file of `size` bytes; every second one is easily compressed. */
static inline void
make_body(struct vl_pack *p, const struct vl_entry *e, struct vl_err *err)
{
	uint8_t seed[VL_KEY_SIZE] = { (uint8_t)e->path.p[0] };
	uint64_t left = e->size;
	uint8_t *room = NULL;
	size_t n = 0;

	while (left > 0) {
		MUST(vl_pack_body_room(p, &room, &n, err) == VL_OK);
		n = n < left ? n : (size_t)left;
		if (e->path.p[0] % 2 == 0)
			memset(room, 'x', n);
		else
			vl_random_from(room, n, seed);
		MUST(vl_pack_body_fill(p, n, err) == VL_OK);
		left -= n;
	}
	MUST(vl_pack_body_end(p, err) == VL_OK);
}

static inline void
make_record(
    struct vl_pack *p, enum vl_entry_type type, const char *path, uint64_t size)
{
	struct vl_entry e = { .type = type,
		.resource = vl_slice_of("tree"),
		.path = vl_slice_of(path),
		.mode =
		    type == VL_ENTRY_LINK || type == VL_ENTRY_HARD ? 0 : 0755,
		.size = size };
	struct vl_record r = { .has_body = type == VL_ENTRY_FILE,
		.body_size = size };
	struct vl_buf line = { 0 };
	struct vl_err err = { 0 };

	if (type == VL_ENTRY_LINK || type == VL_ENTRY_HARD)
		e.target = vl_slice_of("a");
	MUST(vl_entry_encode(&line, &e, &r.hash_at, &err) == VL_OK);
	r.line = vl_buf_slice(&line);
	MUST(vl_pack_record(p, &r, &err) == VL_OK);
	if (r.has_body)
		make_body(p, &e, &err);
	vl_buf_free(&line);
}

/* A bundle in `dir`; `name` gets what it is called. */
static inline void
make_bundle(struct maker *m, const char *dir, char name[16])
{
	struct vl_resource_id tree = { .name = "tree", .kind = "files" };
	struct vl_pack_opts opts = { .dir = dir,
		.tempdir = dir,
		.pool = m->pool,
		.keys = m->keys,
		.ids = m->ids,
		.recipients = &m->recipient,
		.nrecipients = 1,
		.sender = m->sender,
		.frame_log2 = MAKE_FRAME_LOG2,
		.level = 1,
		.head = m->head,
		.site = "demo",
		.tool = "test",
		.resources = &tree,
		.nresources = 1,
		.sealed = keep_fingerprint,
		.sealed_arg = m };
	struct vl_pack_totals totals = { 0 };
	struct vl_pack *p = NULL;
	struct vl_err err = { 0 };

	MUST(vl_pack_open(&p, &opts, &err) == VL_OK);
	make_record(p, VL_ENTRY_DIR, "", 0);
	make_record(p, VL_ENTRY_FILE, "a", 70000);
	make_record(p, VL_ENTRY_FILE, "b", 150000);
	make_record(p, VL_ENTRY_DIR, "d", 0);
	make_record(p, VL_ENTRY_FILE, "d/x", 0);
	make_record(p, VL_ENTRY_FILE, "e", 71000);
	make_record(p, VL_ENTRY_HARD, "h", 0);
	make_record(p, VL_ENTRY_LINK, "l", 0);
	make_record(p, VL_ENTRY_FILE, "m", m->head.seq);
	MUST(vl_pack_commit(p, name, &totals, &err) == VL_OK);
	vl_pack_free(p);
	m->head.seq++;
	m->head.id[0]++;
	memset(m->keys->bk, (int)m->head.seq, VL_KEY_SIZE);
	memset(m->keys->tk, (int)m->head.seq + 64, VL_KEY_SIZE);
}

static inline void
make_begin(struct maker *m)
{
	struct vl_err err = { 0 };

	memset(m, 0, sizeof(*m));
	MUST(vl_secret_init());
	MUST(vl_pool_new(&m->pool, 1, &err) == VL_OK);
	m->keys = vl_secret_alloc(sizeof(*m->keys));
	m->sender = vl_secret_alloc(sizeof(*m->sender));
	MUST(m->keys != NULL && m->sender != NULL);
	memset(m->keys, 1, sizeof(*m->keys));
	m->keys->has_tk = true;
	MUST(vl_ids_new(&m->ids, m->keys->sk, 4096, 16384, 65536, &err) ==
	    VL_OK);
	vl_sender_secret_make(m->sender);
	m->recipient.type = VL_STANZA_X25519;
	m->recipient.role = VL_ROLE_FULL;
	vl_x25519_keypair(m->recipient.public, m->identity);
	memset(m->head.id, 4, VL_ID_SIZE);
	memset(m->head.series, 5, VL_ID_SIZE);
	m->head.seq = 1;
	m->head.epoch = 1;
}

static inline void
make_end(struct maker *m)
{
	vl_ids_free(m->ids);
	vl_secret_free(m->keys);
	vl_secret_free(m->sender);
	vl_pool_free(m->pool);
}

#endif
