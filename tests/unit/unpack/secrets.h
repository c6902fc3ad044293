#ifndef TEST_SECRETS_H
#define TEST_SECRETS_H

/* A writer of a bundle with secrets, for tests. */

#include "bundle.h"

#include <valise/pack.h>
#include <valise/tokens.h>

#define EPOCH 3

/* One secret of a row: where its token is made, if not where it stands. */
struct secret {
	const char *column;
	size_t n; /* bytes of it */
};

/* A writer of one bundle with rows of table t, or with files. */
struct writer {
	char dir[64];
	char name[32];
	uint8_t identity[VL_X25519_SIZE];
	uint8_t audit[VL_X25519_SIZE];
	struct vl_key_set *keys;
	struct vl_pool *pool;
	struct vl_ids *ids;
	struct vl_tokens *tokens;
	struct vl_secret_ops ops;
	struct vl_pack *p;
	struct vl_sender_secret sender;
	struct vl_recipient to[2];
	unsigned rows;
	uint8_t other; /* makes other secrets, as long */
	/* What a test gets wrong in the row with this number. */
	unsigned wrong_row;
	void (*wrong)(struct writer *w, struct vl_slot_place *place,
	    struct vl_slot *slot, struct vl_buf *token);
};

static inline void
put_line(struct writer *w, const char *text)
{
	struct vl_record rec = { .line = vl_slice_of(text) };
	struct vl_err err;

	must(vl_pack_record(w->p, &rec, &err), &err);
}

static inline struct writer *
writer_of(const struct vl_resource_id *app)
{
	struct writer *w = calloc(1, sizeof(*w));
	struct vl_pack_opts opts = { .tempdir = ".",
		.nrecipients = 2,
		.frame_log2 = 17,
		.level = 1,
		.site = "demo",
		.tool = "test",
		.resources = app,
		.nresources = 1 };
	struct vl_err err;

	assert_non_null(w);
	(void)snprintf(w->dir, sizeof(w->dir), "secrets.XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->keys = vl_secret_alloc(sizeof(*w->keys));
	assert_non_null(w->keys);
	memset(w->keys, 5, sizeof(*w->keys));
	w->keys->has_tk = true;
	w->to[0].type = VL_STANZA_X25519;
	w->to[1].type = VL_STANZA_X25519;
	w->to[1].role = VL_ROLE_AUDIT;
	vl_x25519_keypair(w->to[0].public, w->identity);
	vl_x25519_keypair(w->to[1].public, w->audit);
	vl_sign_keypair(w->sender.pub.key, w->sender.key);
	must(vl_pool_new(&w->pool, 2, &err), &err);
	must(vl_ids_new(&w->ids, w->keys->sk, VL_CHUNK_MIN_DEFAULT,
	         VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, &err),
	    &err);
	opts.dir = w->dir;
	opts.pool = w->pool;
	opts.keys = w->keys;
	opts.ids = w->ids;
	opts.recipients = w->to;
	opts.sender = &w->sender;
	opts.head.seq = 1;
	opts.head.epoch = EPOCH;
	opts.head.id[0] = 77;
	opts.head.series[0] = 78;
	must(vl_tokens_new(
	         &w->tokens, opts.head.series, EPOCH, w->keys->tk, &err),
	    &err);
	w->ops = vl_tokens_ops(w->tokens);
	must(vl_pack_open(&w->p, &opts, &err), &err);
	w->wrong_row = UINT32_MAX;
	return w;
}

static inline struct writer *
writer_new(void)
{
	static const struct vl_resource_id app = { .name = "app",
		.kind = "sqlite" };
	struct writer *w = writer_of(&app);

	put_line(w, "{\"r\":\"app\",\"t\":\"profile\"}\n");
	put_line(w,
	    "{\"c\":\"t\",\"r\":\"app\",\"schema\":[\"x\"],\"t\":"
	    "\"table\"}\n");
	return w;
}

static inline void
writer_free(struct writer *w)
{
	struct vl_err err;

	vl_pack_free(w->p);
	vl_tokens_free(w->tokens);
	vl_ids_free(w->ids);
	vl_pool_free(w->pool);
	vl_secret_free(w->keys);
	must(vl_remove_tree(AT_FDCWD, w->dir, &err), &err);
	free(w);
}

/* The secret of a place: bytes that follow from it. */
static inline void
make_plain(struct vl_buf *out, const struct vl_slot_place *place, size_t n)
{
	struct vl_err err;
	size_t i;

	vl_buf_clear(out);
	must(vl_buf_reserve(out, n + 1, &err), &err);
	out->n = n;
	for (i = 0; i < n; i++)
		out->p[i] = (uint8_t)(place->key.p[i % place->key.n] +
		    place->column.p[0] + i / 3);
}

/* Its token, behind those that are there; its slot goes to `w->json`. */
static inline void
put_secret(struct writer *w, struct vl_json_w *json, struct vl_slice key,
    const struct secret *s, struct vl_buf *token)
{
	struct vl_slot_place place = { .resource = vl_slice_of("app"),
		.collection = vl_slice_of("t"),
		.key = key,
		.column = vl_slice_of(s->column) };
	struct vl_slot slot = { .form = VL_SLOT_SEALED };
	struct vl_buf plain = { 0 };
	struct vl_err err;
	size_t i;

	make_plain(&plain, &place, s->n);
	for (i = 0; i < plain.n; i++)
		plain.p[i] ^= w->other;
	w->ops.print(w->ops.arg, &place, vl_buf_slice(&plain), slot.print);
	must(w->ops.seal(w->ops.arg, &place, vl_buf_slice(&plain), token, &err),
	    &err);
	if (w->rows == w->wrong_row)
		w->wrong(w, &place, &slot, token);
	vl_json_w_key(json, s->column);
	vl_value_write_secret(json, &slot);
	vl_buf_free(&plain);
}

/* The next row, with these secrets; a body where `size` is not 0. */
static inline enum vl_status
put_row(struct writer *w, const struct secret *s, size_t n, size_t size,
    struct vl_err *err)
{
	struct vl_row row = { .resource = vl_slice_of("app"),
		.table = vl_slice_of("t"),
		.has_body = size > 0,
		.size = size };
	struct vl_buf tokens[8] = { 0 };
	struct vl_slice slices[8] = { 0 };
	struct vl_record rec = { .has_body = size > 0,
		.body_size = size,
		.tokens = slices,
		.ntokens = n };
	struct vl_buf json = { 0 };
	struct vl_buf line = { 0 };
	struct vl_json_w j = { 0 };
	enum vl_status st;
	uint8_t *room = NULL;
	char key[16];
	size_t i;

	(void)snprintf(key, sizeof(key), "[%u]", 100000 + w->rows);
	row.key = vl_slice_of(key);
	vl_json_w_init(&j, &json);
	vl_json_w_open(&j, '{');
	if (size > 0) {
		vl_json_w_key(&j, "A");
		vl_value_write_body(&j, VL_CELL_TEXT, 0, size);
	}
	for (i = 0; i < n; i++) {
		put_secret(w, &j, row.key, &s[i], &tokens[i]);
		slices[i] = vl_buf_slice(&tokens[i]);
	}
	vl_json_w_close(&j, '}');
	must(vl_json_w_end(&j, err), err);
	row.row = vl_buf_slice(&json);
	must(vl_row_encode(&line, &row, &rec.hash_at, err), err);
	rec.line = vl_buf_slice(&line);
	st = vl_pack_record(w->p, &rec, err);
	if (st == VL_OK && size > 0) {
		must(vl_pack_body_room(w->p, &room, &i, err), err);
		assert_true(size <= i);
		memset(room, 'x', size);
		must(vl_pack_body_fill(w->p, size, err), err);
		must(vl_pack_body_end(w->p, err), err);
	}
	w->rows++;
	for (i = 0; i < 8; i++)
		vl_buf_free(&tokens[i]);
	vl_buf_free(&json);
	vl_buf_free(&line);
	return st;
}

static inline void
commit(struct writer *w, uint64_t secrets)
{
	struct vl_pack_totals totals;
	struct vl_err err;

	must(vl_pack_commit(w->p, w->name, &totals, &err), &err);
	assert_int_equal(secrets, totals.secrets);
}

static inline void
reader_open(struct bundle *b, const struct writer *w, bool audit)
{
	struct vl_opener opener = { .identity =
		                        audit ? w->audit : w->identity };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, w->name);
	bundle_open(b, path, &opener, 2);
}

#endif
