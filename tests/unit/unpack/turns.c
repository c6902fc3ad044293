/*
 * Rows come as they were packed, also where several readers take turns over
 * one cage and one of them is given up: what was asked ahead for one is heard
 * before another speaks.
 */

#include "bundle.h"

#include <valise/pack.h>
#include <valise/row.h>

#define ROWS      6000
#define BODY_EACH 1500 /* one row in so many has a body */
#define BODY_SIZE 30000
#define READERS   3

struct trip {
	char dir[64];
	char name[32];
	uint8_t identity[VL_X25519_SIZE];
	struct vl_key_set *keys;
};

static bool
has_body(unsigned n)
{
	return n % BODY_EACH == BODY_EACH / 2;
}

static void
make_body(struct vl_buf *body, unsigned n)
{
	struct vl_err err;

	vl_buf_clear(body);
	must(vl_buf_reserve(body, BODY_SIZE, &err), &err);
	body->n = BODY_SIZE;
	memset(body->p, 'a' + (int)(n % 26), BODY_SIZE);
}

/* What row `n` says; `text` is taken for it. */
static void
make_values(struct vl_buf *text, unsigned n)
{
	struct vl_json_w w = { 0 };
	struct vl_err err;
	char hex[16 * 8 + 1];
	unsigned i = 0;

	for (i = 0; i < 16; i++)
		(void)snprintf(
		    hex + (size_t)i * 8, 9, "%08x", (n * 16 + i) * 2654435761u);
	vl_buf_clear(text);
	vl_json_w_init(&w, text);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "v");
	vl_json_w_text(&w, vl_slice_of(hex));
	if (has_body(n)) {
		vl_json_w_key(&w, "w");
		vl_value_write_body(&w, VL_CELL_TEXT, 0, BODY_SIZE);
	}
	vl_json_w_close(&w, '}');
	must(vl_json_w_end(&w, &err), &err);
}

static void
put_line(struct vl_pack *p, struct vl_buf *line, size_t hash_at, uint64_t size)
{
	const struct vl_record rec = { .line = vl_buf_slice(line),
		.hash_at = hash_at,
		.has_body = size > 0,
		.body_size = size };
	struct vl_err err;

	must(vl_pack_record(p, &rec, &err), &err);
	vl_buf_clear(line);
}

static void
put_body(struct vl_pack *p, const struct vl_buf *body)
{
	uint8_t *room = NULL;
	struct vl_err err;
	size_t at = 0;
	size_t n = 0;

	for (; at < body->n; at += n) {
		must(vl_pack_body_room(p, &room, &n, &err), &err);
		n = n > body->n - at ? body->n - at : n;
		memcpy(room, body->p + at, n);
		must(vl_pack_body_fill(p, n, &err), &err);
	}
	must(vl_pack_body_end(p, &err), &err);
}

static void
put_all(struct vl_pack *p)
{
	const struct vl_slice db = vl_slice_of("db");
	struct vl_row row = { .resource = db, .table = vl_slice_of("t") };
	struct vl_buf line = { 0 };
	struct vl_buf text = { 0 };
	struct vl_buf body = { 0 };
	struct vl_err err;
	size_t hash_at = 0;
	char key[32];
	unsigned n = 0;

	must(vl_profile_line_encode(
	         &line, &(struct vl_profile_line){ .resource = db }, &err),
	    &err);
	put_line(p, &line, 0, 0);
	must(vl_table_line_encode(&line,
	         &(struct vl_table_line){ .resource = db,
	             .table = row.table,
	             .schema = vl_slice_of("[\"strict\"]") },
	         &err),
	    &err);
	put_line(p, &line, 0, 0);
	for (n = 0; n < ROWS; n++) {
		(void)snprintf(key, sizeof(key), "[\"%06u\"]", n);
		row.key = vl_slice_of(key);
		make_values(&text, n);
		row.row = vl_buf_slice(&text);
		row.has_body = has_body(n);
		row.size = row.has_body ? BODY_SIZE : 0;
		must(vl_row_encode(&line, &row, &hash_at, &err), &err);
		put_line(p, &line, hash_at, row.size);
		make_body(&body, n);
		if (row.has_body)
			put_body(p, &body);
	}
	vl_buf_free(&line);
	vl_buf_free(&text);
	vl_buf_free(&body);
}

static int
pack_trip(void **state)
{
	struct vl_resource_id db = { .name = "db", .kind = "sqlite" };
	struct vl_recipient to = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	struct vl_sender_secret sender = { 0 };
	struct trip *t = calloc(1, sizeof(*t));
	struct vl_pack_totals totals;
	struct vl_pack_opts opts = { .tempdir = ".",
		.recipients = &to,
		.nrecipients = 1,
		.sender = &sender,
		.frame_log2 = 17,
		.level = 1,
		.site = "demo",
		.tool = "test",
		.resources = &db,
		.nresources = 1 };
	struct vl_pack *p = NULL;
	struct vl_ids *ids = NULL;
	struct vl_err err;

	assert_non_null(t);
	(void)snprintf(t->dir, sizeof(t->dir), "turns.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->keys = vl_secret_alloc(sizeof(*t->keys));
	assert_non_null(t->keys);
	memset(t->keys, 5, sizeof(*t->keys));
	t->keys->has_tk = true;
	vl_x25519_keypair(to.public, t->identity);
	vl_sign_keypair(sender.pub.key, sender.key);
	must(vl_pool_new(&opts.pool, 2, &err), &err);
	must(vl_ids_new(&ids, t->keys->sk, VL_CHUNK_MIN_DEFAULT,
	         VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, &err),
	    &err);
	opts.dir = t->dir;
	opts.keys = t->keys;
	opts.ids = ids;
	opts.head.seq = 1;
	opts.head.epoch = 1;
	opts.head.id[0] = 77;
	opts.head.series[0] = 78;
	must(vl_pack_open(&p, &opts, &err), &err);
	put_all(p);
	must(vl_pack_commit(p, t->name, &totals, &err), &err);
	vl_pack_free(p);
	vl_ids_free(ids);
	vl_pool_free(opts.pool);
	*state = t;
	return 0;
}

static int
remove_trip(void **state)
{
	struct trip *t = *state;
	struct vl_err err;

	must(vl_remove_tree(AT_FDCWD, t->dir, &err), &err);
	vl_secret_free(t->keys);
	free(t);
	return 0;
}

/* The bytes of its body: chunk by chunk what they should be. */
static void
read_body(struct vl_unpack *u, unsigned n)
{
	struct vl_chunk_hold *hold = NULL;
	struct vl_slice bytes = { NULL, 0 };
	struct vl_chunk_ref refs[4];
	struct vl_buf body = { 0 };
	struct vl_err err;
	size_t got = 0;
	size_t at = 0;
	size_t i = 0;

	make_body(&body, n);
	do {
		must(vl_unpack_part(u, refs, 4, &got, &err), &err);
		for (i = 0; i < got; i++) {
			must(vl_unpack_chunk(u, &refs[i], &bytes, &hold, &err),
			    &err);
			assert_int_equal(at, refs[i].at);
			assert_true(at + bytes.n <= body.n);
			assert_memory_equal(body.p + at, bytes.p, bytes.n);
			at += bytes.n;
			vl_unpack_release(u, hold);
		}
	} while (got > 0);
	assert_int_equal(body.n, at);
	vl_buf_free(&body);
}

/* Line `number` of the manifest; false behind the last. */
static bool
read_line(struct vl_unpack *u, uint64_t number)
{
	struct vl_unpacked rec = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err;
	unsigned n = (unsigned)number - 2;

	must(vl_unpack_next(u, &rec, &err), &err);
	if (rec.line.p == NULL) {
		assert_int_equal(ROWS + 2, number);
		return false;
	}
	assert_int_equal(number, rec.number);
	if (number < 2)
		return true;
	make_values(&text, n);
	assert_int_equal(VL_LINE_ROW, rec.kind);
	assert_true(vl_slice_equal(vl_buf_slice(&text), rec.row.row));
	assert_int_equal(has_body(n), rec.has_body);
	vl_buf_free(&text);
	/* The others' are passed over. */
	if (rec.has_body && n % 2 == 0)
		read_body(u, n);
	return true;
}

static void
open_trip(struct bundle *b, const struct trip *t)
{
	struct vl_opener opener = { .identity = t->identity };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", t->dir, t->name);
	bundle_open(b, path, &opener, 2);
}

static void
readers_take_turns(void **state)
{
	static const unsigned steps[READERS] = { 1, 7, 900 };
	struct vl_unpack *u[READERS] = { NULL };
	uint64_t at[READERS] = { 0 };
	struct vl_unpack_totals totals;
	struct bundle b;
	struct vl_err err;
	unsigned k = 0;
	unsigned i = 0;
	bool more = true;

	open_trip(&b, *state);
	for (i = 0; i < READERS; i++)
		must(bundle_unpack(&u[i], &b, &err), &err);
	while (more) {
		more = false;
		for (i = 0; i < READERS; i++)
			for (k = 0; k < steps[i] && at[i] < ROWS + 3; k++) {
				(void)read_line(u[i], at[i]++);
				more = true;
			}
	}
	for (i = 0; i < READERS; i++) {
		must(vl_unpack_end(u[i], &totals, &err), &err);
		assert_int_equal(ROWS + 2, totals.lines);
		vl_unpack_free(u[i]);
	}
	bundle_close(&b);
}

static void
a_reader_is_given_up_at_any_line(void **state)
{
	struct vl_unpack *u = NULL;
	struct vl_unpack *other = NULL;
	struct bundle b;
	struct vl_err err;
	uint64_t n = 0;
	uint64_t i = 0;

	open_trip(&b, *state);
	for (n = 0; n < 2 * BODY_EACH; n = n * 3 + 1) {
		must(bundle_unpack(&u, &b, &err), &err);
		for (i = 0; i < n; i++)
			assert_true(read_line(u, i));
		vl_unpack_free(u);
		must(bundle_unpack(&other, &b, &err), &err);
		for (i = 0; i < 20; i++)
			assert_true(read_line(other, i));
		vl_unpack_free(other);
	}
	bundle_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readers_take_turns),
		cmocka_unit_test(a_reader_is_given_up_at_any_line),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, pack_trip, remove_trip);
}
