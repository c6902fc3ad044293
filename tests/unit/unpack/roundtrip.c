/*
 * What pack wrote, unpack gives back: lines, bodies, counts, with any number
 * of workers, in order and out of order, from jobs and from this thread.
 */

#include "bundle.h"

#include <valise/pack.h>

#define DIRS     8
#define FILES    40 /* in each directory */
#define BIG      8  /* one file in so many is big */
#define BIG_SIZE 3600000u
#define ALL      (1 + DIRS * (1 + FILES))

struct trip {
	char dir[64];
	char name[32];
	uint8_t identity[VL_X25519_SIZE];
	struct vl_key_set *keys;
};

/* A small generator of our own, so that every run is the same. */
static uint64_t
next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The body of file `number`: of a kind and length that follow from it. */
static void
make_body(struct vl_buf *b, unsigned number)
{
	uint64_t state = 0x9e3779b97f4a7c15u + (number - number % 5 / 4);
	size_t size = (size_t)(next_random(&state) % 70000);
	unsigned kind = (unsigned)(next_random(&state) % 4);
	struct vl_err err;
	size_t zeros;
	size_t i;

	/* Big ones do not shrink, so that they fill more than one pack. */
	if ((number - number % 5 / 4) % BIG == 0) {
		size = BIG_SIZE + size % 5000;
		kind = kind == 2 ? 2 : 0;
	}
	if (number % 50 == 7)
		size = 0;
	vl_buf_clear(b);
	must(vl_buf_reserve(b, size, &err), &err);
	b->n = size;
	for (i = 0; i < size; i++)
		b->p[i] = kind == 1 ? (uint8_t)("row of a table, "[i % 16]) :
		                      (uint8_t)(next_random(&state) >> 11);
	if (kind == 3 && size > 0)
		memset(b->p, 0, size);
	zeros = size / 3;
	if (kind == 2 && size > 0)
		memset(b->p + size / 2, 0, zeros);
}

static void
put_file(struct vl_pack *p, struct vl_buf *line, struct vl_entry *e,
    const struct vl_buf *body)
{
	struct vl_record rec = { 0 };
	struct vl_err err;
	uint8_t *room = NULL;
	size_t at = 0;
	size_t n = 0;

	e->type = VL_ENTRY_FILE;
	e->size = body->n;
	must(vl_entry_encode(line, e, &rec.hash_at, &err), &err);
	rec.line = vl_buf_slice(line);
	rec.has_body = true;
	rec.body_size = body->n;
	must(vl_pack_record(p, &rec, &err), &err);
	while (at < body->n) {
		must(vl_pack_body_room(p, &room, &n, &err), &err);
		if (n > body->n - at)
			n = body->n - at;
		memcpy(room, body->p + at, n);
		must(vl_pack_body_fill(p, n, &err), &err);
		at += n;
	}
	must(vl_pack_body_end(p, &err), &err);
}

static void
put_all(struct vl_pack *p)
{
	struct vl_entry e = { .resource = vl_slice_of("tree"), .mode = 0644 };
	struct vl_record rec = { 0 };
	struct vl_buf line = { 0 };
	struct vl_buf body = { 0 };
	char path[32];
	struct vl_err err;
	unsigned d;
	unsigned f;

	for (d = 0; d <= DIRS; d++) {
		(void)snprintf(path, sizeof(path), "d%02u", d);
		e.path = d == 0 ? vl_slice_of("") : vl_slice_of(path);
		e.type = VL_ENTRY_DIR;
		e.size = 0;
		vl_buf_clear(&line);
		must(vl_entry_encode(&line, &e, NULL, &err), &err);
		rec.line = vl_buf_slice(&line);
		must(vl_pack_record(p, &rec, &err), &err);
		for (f = 0; d > 0 && f < FILES; f++) {
			(void)snprintf(path, sizeof(path), "d%02u/f%02u", d, f);
			e.path = vl_slice_of(path);
			make_body(&body, d * FILES + f);
			vl_buf_clear(&line);
			put_file(p, &line, &e, &body);
		}
	}
	vl_buf_free(&line);
	vl_buf_free(&body);
}

static int
pack_trip(void **state)
{
	struct vl_resource_id tree = { .name = "tree", .kind = "files" };
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
		.resources = &tree,
		.nresources = 1 };
	struct vl_pool *pool = NULL;
	struct vl_pack *p = NULL;
	struct vl_ids *ids = NULL;
	struct vl_err err;

	assert_non_null(t);
	(void)snprintf(t->dir, sizeof(t->dir), "trip.XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	t->keys = vl_secret_alloc(sizeof(*t->keys));
	assert_non_null(t->keys);
	memset(t->keys, 5, sizeof(*t->keys));
	t->keys->has_tk = true;
	vl_x25519_keypair(to.public, t->identity);
	vl_sign_keypair(sender.pub.key, sender.key);
	must(vl_pool_new(&pool, 2, &err), &err);
	must(vl_ids_new(&ids, t->keys->sk, VL_CHUNK_MIN_DEFAULT,
	         VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, &err),
	    &err);
	opts.dir = t->dir;
	opts.pool = pool;
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
	vl_pool_free(pool);
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

static void
trip_open(struct bundle *b, const struct trip *t, unsigned workers)
{
	struct vl_opener opener = { .identity = t->identity };
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", t->dir, t->name);
	bundle_open(b, path, &opener, workers);
}

/* A body that was asked for, to be compared later. */
struct copy {
	struct vl_job job;
	struct vl_unpack *u;
	struct vl_chunk_ref *refs;
	size_t n;
	size_t size;
	unsigned number;
};

static bool
all_zero(const uint8_t *p, size_t n)
{
	return vl_all_zero((struct vl_slice){ p, n });
}

/* The chunks are those of the body, and what they leave out is zero. */
static enum vl_status
compare(struct vl_job *job, unsigned worker)
{
	struct copy *c = (struct copy *)job;
	struct vl_chunk_hold *hold = NULL;
	struct vl_buf body = { 0 };
	struct vl_slice bytes;
	enum vl_status st = VL_OK;
	bool same;
	size_t at = 0;
	size_t i;

	(void)worker;
	make_body(&body, c->number);
	same = body.n == c->size;
	for (i = 0; st == VL_OK && same && i < c->n; i++) {
		st = vl_unpack_chunk(
		    c->u, &c->refs[i], &bytes, &hold, &job->err);
		if (st != VL_OK)
			break;
		same = c->refs[i].at + bytes.n <= body.n &&
		    all_zero(body.p + at, c->refs[i].at - at) &&
		    memcmp(body.p + c->refs[i].at, bytes.p, bytes.n) == 0;
		at = c->refs[i].at + bytes.n;
		vl_unpack_release(c->u, hold);
	}
	if (st == VL_OK && (!same || !all_zero(body.p + at, body.n - at)))
		st = vl_fail(&job->err, VL_EDIFFER, "body %u", c->number);
	vl_buf_free(&body);
	return st;
}

static void
take_refs(
    struct vl_unpack *u, struct copy *c, const struct vl_entry *e, size_t max)
{
	char path[32];
	unsigned d;
	unsigned f;
	struct vl_err err;
	size_t n;

	(void)snprintf(path, sizeof(path), "%.*s", (int)e->path.n,
	    (const char *)e->path.p);
	assert_int_equal(2, sscanf(path, "d%2u/f%2u", &d, &f));
	c->number = d * FILES + f;
	c->u = u;
	c->size = (size_t)e->size;
	c->job.run = compare;
	do {
		c->refs = realloc(c->refs, (c->n + max) * sizeof(*c->refs));
		assert_non_null(c->refs);
		must(vl_unpack_part(u, c->refs + c->n, max, &n, &err), &err);
		c->n += n;
	} while (n > 0);
}

enum when {
	AT_ONCE,
	ON_THE_POOL,
	BACKWARDS /* after all were read: most blocks have made room */
};

static void
read_trip(const struct trip *t, unsigned workers, enum when when, size_t max)
{
	struct copy *copies = calloc(ALL, sizeof(*copies));
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	size_t n = 0;
	size_t i;

	assert_non_null(copies);
	trip_open(&b, t, workers);
	must(bundle_unpack(&u, &b, &err), &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		if (rec.entry.type != VL_ENTRY_FILE)
			continue;
		take_refs(u, &copies[n], &rec.entry, max);
		if (when == AT_ONCE)
			must(compare(&copies[n].job, 0), &copies[n].job.err);
		else if (when == ON_THE_POOL)
			vl_pool_submit(b.pool, &copies[n].job);
		n++;
	}
	assert_int_equal(DIRS * FILES, n);
	if (when == BACKWARDS)
		for (i = n; i > 0; i -= 3 < i ? 3 : i)
			vl_pool_submit(b.pool, &copies[i - 1].job);
	if (when == BACKWARDS)
		for (i = n; i > 0; i -= 3 < i ? 3 : i)
			must(vl_pool_wait(b.pool, &copies[i - 1].job, &err),
			    &err);
	for (i = 0; i < n; i++) {
		if (when == ON_THE_POOL)
			must(vl_pool_wait(b.pool, &copies[i].job, &err), &err);
		free(copies[i].refs);
	}
	must(vl_unpack_end(u, &totals, &err), &err);
	assert_int_equal(1 + DIRS + DIRS * FILES, totals.lines);
	assert_int_equal(0, totals.unused_chunks);
	assert_true(vl_unpack_inner(u)->npacks > 1);
	vl_unpack_free(u);
	bundle_close(&b);
	free(copies);
}

static void
bodies_come_back_at_once(void **state)
{
	read_trip(*state, 1, AT_ONCE, 1);
}

static void
bodies_come_back_on_the_pool(void **state)
{
	read_trip(*state, 1, ON_THE_POOL, 5);
	read_trip(*state, 4, ON_THE_POOL, 5);
}

static void
bodies_come_back_after_their_blocks_made_room(void **state)
{
	read_trip(*state, 2, BACKWARDS, 64);
}

/* Without a sweep, and only a few are asked for, one of them half. */
static void
single_bodies_come_back_without_a_sweep(void **state)
{
	struct vl_unpack_totals totals;
	struct vl_chunk_ref ref;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct copy c;
	struct bundle b;
	struct vl_err err;
	size_t got = 0;
	size_t n = 0;

	trip_open(&b, *state, 2);
	must(bundle_unpack(&u, &b, &err), &err);
	vl_unpack_unswept(u);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		if (rec.entry.type != VL_ENTRY_FILE)
			continue;
		n++;
		if (n % 8 == 0)
			must(vl_unpack_part(u, &ref, 1, &got, &err), &err);
		if (n % 7 != 0)
			continue;
		memset(&c, 0, sizeof(c));
		if (n % 8 != 0) {
			take_refs(u, &c, &rec.entry, 3);
			must(compare(&c.job, 0), &c.job.err);
		}
		free(c.refs);
	}
	assert_int_equal(DIRS * FILES, n);
	assert_int_equal(VL_EREFUSED, vl_unpack_end(u, &totals, &err));
	vl_unpack_free(u);
	bundle_close(&b);
}

/* More holds than blocks are kept: nobody waits, all stay valid. */
static void
any_number_of_blocks_can_be_held(void **state)
{
	struct copy *copies = calloc(ALL, sizeof(*copies));
	struct vl_chunk_hold *holds[ALL];
	struct vl_slice bytes[ALL];
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_buf body = { 0 };
	struct vl_err err;
	size_t n = 0;
	size_t i;

	assert_non_null(copies);
	trip_open(&b, *state, 1);
	must(bundle_unpack(&u, &b, &err), &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		if (rec.entry.type != VL_ENTRY_FILE)
			continue;
		take_refs(u, &copies[n], &rec.entry, 64);
		if (copies[n].n == 0) {
			free(copies[n].refs);
			memset(&copies[n], 0, sizeof(copies[n]));
			continue;
		}
		must(vl_unpack_chunk(
		         u, &copies[n].refs[0], &bytes[n], &holds[n], &err),
		    &err);
		n++;
	}
	for (i = 0; i < n; i++) {
		make_body(&body, copies[i].number);
		assert_memory_equal(
		    body.p + copies[i].refs[0].at, bytes[i].p, bytes[i].n);
		vl_unpack_release(u, holds[i]);
		free(copies[i].refs);
	}
	must(vl_unpack_end(u, &totals, &err), &err);
	vl_unpack_free(u);
	bundle_close(&b);
	vl_buf_free(&body);
	free(copies);
}

static void
refuses_places_without_a_chunk(void **state)
{
	struct vl_chunk_ref ref = { .pack = 1, .n = 1 };
	struct vl_chunk_hold *hold = NULL;
	struct vl_slice bytes;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	trip_open(&b, *state, 1);
	must(bundle_unpack(&u, &b, &err), &err);
	ref.index = 16383;
	assert_int_equal(
	    VL_EFORMAT, vl_unpack_chunk(u, &ref, &bytes, &hold, &err));
	assert_null(hold);
	ref.index = 0;
	assert_int_equal(
	    VL_EFORMAT, vl_unpack_chunk(u, &ref, &bytes, &hold, &err));
	ref.offset = 1;
	assert_int_equal(
	    VL_EFORMAT, vl_unpack_chunk(u, &ref, &bytes, &hold, &err));
	ref.pack = 1000;
	assert_int_equal(
	    VL_EFORMAT, vl_unpack_chunk(u, &ref, &bytes, &hold, &err));
	vl_unpack_free(u);
	bundle_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bodies_come_back_at_once),
		cmocka_unit_test(bodies_come_back_on_the_pool),
		cmocka_unit_test(bodies_come_back_after_their_blocks_made_room),
		cmocka_unit_test(single_bodies_come_back_without_a_sweep),
		cmocka_unit_test(any_number_of_blocks_can_be_held),
		cmocka_unit_test(refuses_places_without_a_chunk),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, pack_trip, remove_trip);
}
