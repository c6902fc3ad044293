/*
 * Secrets that pack was given beside lines come out beside the same lines, and
 * open; what opens elsewhere, or not at all, is refused.
 */

#include "bundle.h"

#include <valise/pack.h>
#include <valise/tokens.h>

#define EPOCH 3

/* One secret of a row: where its token is made, if not where it stands. */
struct secret {
	const char *column;
	size_t n; /* bytes of it */
};

/* A writer of one bundle with rows of table t. */
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
	/* What a test gets wrong in the row with this number. */
	unsigned wrong_row;
	void (*wrong)(struct writer *w, struct vl_slot_place *place,
	    struct vl_slot *slot, struct vl_buf *token);
};

static void
put_line(struct writer *w, const char *text)
{
	struct vl_record rec = { .line = vl_slice_of(text) };
	struct vl_err err;

	must(vl_pack_record(w->p, &rec, &err), &err);
}

static struct writer *
writer_new(void)
{
	static struct vl_resource_id app = { .name = "app", .kind = "sqlite" };
	struct writer *w = calloc(1, sizeof(*w));
	struct vl_pack_opts opts = { .tempdir = ".",
		.nrecipients = 2,
		.frame_log2 = 17,
		.level = 1,
		.site = "demo",
		.tool = "test",
		.resources = &app,
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
	put_line(w, "{\"r\":\"app\",\"t\":\"profile\"}\n");
	put_line(w,
	    "{\"c\":\"t\",\"r\":\"app\",\"schema\":[\"x\"],\"t\":"
	    "\"table\"}\n");
	w->wrong_row = UINT32_MAX;
	return w;
}

static void
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
static void
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
static void
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

	make_plain(&plain, &place, s->n);
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
static enum vl_status
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

static void
commit(struct writer *w, uint64_t secrets)
{
	struct vl_pack_totals totals;
	struct vl_err err;

	must(vl_pack_commit(w->p, w->name, &totals, &err), &err);
	assert_int_equal(secrets, totals.secrets);
}

static void
reader_open(struct bundle *b, const struct writer *w, bool audit)
{
	struct vl_opener opener = { .identity =
		                        audit ? w->audit : w->identity };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", w->dir, w->name);
	bundle_open(b, path, &opener, 2);
}

/* Each token of the record opens to what its place had. */
static size_t
check_record(struct vl_unpack *u, struct vl_unpacked *rec)
{
	const struct vl_secret_ops *ops = vl_unpack_secrets(u);
	struct vl_slots at = { 0 };
	struct vl_slot_place place;
	struct vl_slot slot;
	struct vl_locked plain = { 0 };
	struct vl_buf want = { 0 };
	struct vl_err err;
	size_t i = 0;

	while (rec->kind == VL_LINE_ROW &&
	    vl_row_next_slot(&at, &rec->row, rec->store, &place, &slot)) {
		assert_true(i < rec->ntokens);
		must(ops->open(ops->arg, &place, slot.print, rec->tokens[i++],
		         &plain, &err),
		    &err);
		make_plain(&want, &place, plain.n);
		assert_true(vl_slice_equal(
		    vl_buf_slice(&want), vl_locked_slice(&plain)));
	}
	assert_int_equal(i, rec->ntokens);
	vl_buf_free(&want);
	vl_locked_free(&plain);
	return i;
}

/* How many secrets came. */
static size_t
read_all(const struct writer *w, void (*look)(struct vl_unpack *u))
{
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	size_t n = 0;

	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	if (look != NULL)
		look(u);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		n += check_record(u, &rec);
	}
	if (look == NULL)
		must(vl_unpack_end(u, &totals, &err), &err);
	vl_unpack_free(u);
	bundle_close(&b);
	return n;
}

static const struct secret two[] = { { "p", 7 }, { "q", 40 } };

static void
secrets_come_with_their_lines(void **state)
{
	static const struct secret one[] = { { "s", 0 } };
	struct writer *w = writer_new();
	struct vl_err err;
	unsigned i;

	(void)state;
	/* Bodies between them, and lines without any. */
	for (i = 0; i < 3000; i++)
		must(put_row(w, i % 3 == 0 ? one : two,
		         i % 3 == 0     ? 1 :
		             i % 3 == 1 ? 2 :
		                          0,
		         i % 50 == 7 ? 5000 + i : 0, &err),
		    &err);
	commit(w, 3000);
	assert_int_equal(3000, read_all(w, NULL));
	assert_int_equal(3000, read_all(w, vl_unpack_unswept));
	assert_int_equal(3000, read_all(w, vl_unpack_lines_only));
	writer_free(w);
}

/* More of them than one record holds: by bytes, then by number. */
static void
lines_end_a_record_when_their_secrets_fill_one(void **state)
{
	static const struct secret large[] = { { "p", VL_SECRET_MAX } };
	static const struct secret half[] = { { "p", 500000 },
		{ "q", 500000 } };
	static const struct secret many[] = { { "a", 1 }, { "b", 1 },
		{ "c", 1 }, { "d", 1 }, { "e", 1 }, { "f", 1 }, { "g", 1 },
		{ "h", 1 } };
	struct writer *w = writer_new();
	struct vl_err err;
	unsigned i;

	(void)state;
	for (i = 0; i < 5; i++) {
		must(put_row(w, half, 2, 0, &err), &err);
		must(put_row(w, large, 1, 3000, &err), &err);
		must(put_row(w, two, 2, 0, &err), &err);
	}
	for (i = 0; i < 5000; i++)
		must(put_row(w, many, 8, 0, &err), &err);
	commit(w, 5 * 5 + 8 * 5000);
	assert_int_equal(5 * 5 + 8 * 5000, read_all(w, NULL));
	writer_free(w);
}

static void
secrets_of_one_line_have_a_limit(void **state)
{
	static const struct secret large[] = { { "p", VL_SECRET_MAX },
		{ "q", 0 } };
	struct writer *w = writer_new();
	struct vl_err err;

	(void)state;
	assert_int_equal(VL_ELIMIT, put_row(w, large, 2, 0, &err));
	assert_non_null(strstr(err.text, "more than"));
	writer_free(w);
}

static void
a_line_has_as_many_tokens_as_secrets(void **state)
{
	static const char line[] =
	    "{\"c\":\"t\",\"k\":[1],\"r\":\"app\","
	    "\"row\":{\"$secret\":null,\"a\":{"
	    "\"$secret\":\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"}},"
	    "\"t\":\"row\"}\n";
	static const uint8_t bytes[VL_TOKEN_HEAD + VL_TOKEN_BLOCK];
	const struct vl_slice tokens[] = { { bytes, sizeof(bytes) },
		{ bytes, sizeof(bytes) } };
	struct vl_record rec = { .line = vl_slice_of(line), .tokens = tokens };
	struct writer *w = NULL;
	struct vl_err err;
	size_t n;

	(void)state;
	for (n = 0; n <= 2; n++) {
		w = writer_new();
		rec.ntokens = n;
		assert_int_equal(n == 1 ? VL_OK : VL_EUSAGE,
		    vl_pack_record(w->p, &rec, &err));
		writer_free(w);
	}
}

/* Who has no transfer key reads lines and tokens, and opens none. */
static void
an_auditor_has_nothing_that_opens_them(void **state)
{
	struct writer *w = writer_new();
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	must(put_row(w, two, 2, 0, &err), &err);
	commit(w, 2);
	reader_open(&b, w, true);
	assert_int_equal(VL_ROLE_AUDIT, b.role);
	assert_false(b.keys->has_tk);
	must(bundle_unpack(&u, &b, &err), &err);
	assert_null(vl_unpack_secrets(u));
	must(vl_unpack_end(u, &totals, &err), &err);
	vl_unpack_free(u);
	must(bundle_unpack(&u, &b, &err), &err);
	do {
		must(vl_unpack_next(u, &rec, &err), &err);
	} while (rec.kind != VL_LINE_ROW);
	assert_int_equal(2, rec.ntokens);
	vl_unpack_free(u);
	bundle_close(&b);
	writer_free(w);
}

/* What a writer may get wrong; each makes a token of its own. */

static void
seal_anew(struct writer *w, const struct vl_slot_place *place, uint64_t epoch,
    struct vl_buf *token)
{
	uint8_t series[VL_SERIES_SIZE] = { 78 };
	struct vl_tokens *t = NULL;
	struct vl_secret_ops ops;
	struct vl_buf plain = { 0 };
	struct vl_err err;

	must(vl_tokens_new(&t, series, epoch, w->keys->tk, &err), &err);
	ops = vl_tokens_ops(t);
	make_plain(&plain, place, 7);
	vl_buf_clear(token);
	must(ops.seal(ops.arg, place, vl_buf_slice(&plain), token, &err), &err);
	vl_buf_free(&plain);
	vl_tokens_free(t);
}

static void
of_another_epoch(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	seal_anew(w, place, EPOCH + 1, token);
}

static void
of_another_row(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	place->key = vl_slice_of("[100001]");
	seal_anew(w, place, EPOCH, token);
}

static void
of_another_column(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	place->column = vl_slice_of("r");
	seal_anew(w, place, EPOCH, token);
}

static void
with_another_tag(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)w;
	(void)place;
	(void)slot;
	token->p[8] ^= 1;
}

static void
with_another_fingerprint(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)w;
	(void)place;
	(void)token;
	slot->print[15] ^= 1;
}

static void
refuses(void (*wrong)(struct writer *w, struct vl_slot_place *place,
            struct vl_slot *slot, struct vl_buf *token),
    const char *why)
{
	static const struct secret one[] = { { "p", 7 } };
	struct writer *w = writer_new();
	struct vl_unpacked rec = { 0 };
	struct vl_unpack *u = NULL;
	struct bundle b;
	enum vl_status st = VL_OK;
	struct vl_err err;
	unsigned i;

	w->wrong_row = 4;
	w->wrong = wrong;
	for (i = 0; i < 6; i++)
		must(put_row(w, one, 1, 0, &err), &err);
	commit(w, 6);
	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	/* Profile, table, four rows. */
	for (i = 0; i < 6; i++)
		must(vl_unpack_next(u, &rec, &err), &err);
	st = vl_unpack_next(u, &rec, &err);
	assert_int_equal(VL_EAUTH, st);
	assert_null(rec.line.p);
	if (strstr(err.text,
	        "resource 'app', table 't', row [100004], column 'p': ") ==
	        NULL ||
	    strstr(err.text, why) == NULL)
		fail_msg("%s", err.text);
	vl_unpack_free(u);
	bundle_close(&b);
	writer_free(w);
}

static void
what_does_not_open_here_is_refused(void **state)
{
	(void)state;
	refuses(of_another_epoch, "another epoch");
	refuses(of_another_row, "does not open");
	refuses(of_another_column, "does not open");
	refuses(with_another_tag, "does not open");
	refuses(with_another_fingerprint, "fingerprint");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_come_with_their_lines),
		cmocka_unit_test(
		    lines_end_a_record_when_their_secrets_fill_one),
		cmocka_unit_test(secrets_of_one_line_have_a_limit),
		cmocka_unit_test(a_line_has_as_many_tokens_as_secrets),
		cmocka_unit_test(an_auditor_has_nothing_that_opens_them),
		cmocka_unit_test(what_does_not_open_here_is_refused),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
