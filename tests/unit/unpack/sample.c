/*
 * The sample bundle, which another program wrote: every line and every body
 * comes out as that program says.
 */

#include "bundle.h"

#include <sodium.h>

#define REFS_MAX 64

/* One body to be hashed, on this thread or as a job of the pool. */
struct body {
	struct vl_job job;
	struct vl_unpack *u;
	struct vl_chunk_ref refs[REFS_MAX];
	size_t n;
	uint64_t size;
	char path[512]; /* as in expect.tsv */
	char sum[65];
};

static void
add_zeros(crypto_hash_sha256_state *h, uint64_t n)
{
	static const uint8_t zeros[4096];
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof(zeros) ? (size_t)n : sizeof(zeros);
		crypto_hash_sha256_update(h, zeros, part);
	}
}

static enum vl_status
hash_body(struct vl_job *job, unsigned worker)
{
	struct body *b = (struct body *)job;
	struct vl_chunk_hold *hold = NULL;
	crypto_hash_sha256_state h;
	uint8_t sum[32];
	struct vl_slice bytes;
	enum vl_status st;
	uint64_t at = 0;
	size_t i;

	(void)worker;
	crypto_hash_sha256_init(&h);
	for (i = 0; i < b->n; i++) {
		st = vl_unpack_chunk(
		    b->u, &b->refs[i], &bytes, &hold, &job->err);
		if (st != VL_OK)
			return st;
		add_zeros(&h, b->refs[i].at - at);
		crypto_hash_sha256_update(&h, bytes.p, bytes.n);
		at = b->refs[i].at + bytes.n;
		vl_unpack_release(b->u, hold);
	}
	add_zeros(&h, b->size - at);
	crypto_hash_sha256_final(&h, sum);
	vl_hex(b->sum, sum, sizeof(sum));
	return VL_OK;
}

static void
escape(char *text, struct vl_slice path)
{
	size_t i;

	if (path.n == 0)
		*text++ = '.';
	for (i = 0; i < path.n; i++) {
		if (path.p[i] > ' ' && path.p[i] < 0x7f && path.p[i] != '\\')
			*text++ = (char)path.p[i];
		else
			text += snprintf(text, 5, "\\x%02x", path.p[i]);
	}
	*text = '\0';
}

/* The line of expect.tsv. */
static void
assert_expected(
    const char *path, const char *type, const char *size, const char *what)
{
	char want[1024];
	char line[1024];
	bool found = false;
	FILE *f;

	(void)snprintf(
	    want, sizeof(want), "%s\t%s\t%s\t%s\n", path, type, size, what);
	f = fopen(SAMPLE "/expect.tsv", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL && !found)
		found = strcmp(line, want) == 0;
	assert_int_equal(0, fclose(f));
	if (!found)
		fail_msg("not in expect.tsv: %s", want);
}

static void
check_entry(struct vl_unpack *u, const struct vl_entry *e, struct body *b)
{
	struct vl_err err;
	char what[512];
	char size[32];
	size_t n = 1;

	escape(b->path, e->path);
	switch (e->type) {
	case VL_ENTRY_FILE:
		b->u = u;
		b->size = e->size;
		while (n > 0) {
			must(vl_unpack_part(u, b->refs + b->n,
			         REFS_MAX - b->n < 3 ? REFS_MAX - b->n : 3, &n,
			         &err),
			    &err);
			b->n += n;
			assert_true(b->n < REFS_MAX);
		}
		break;
	case VL_ENTRY_LINK:
		(void)snprintf(what, sizeof(what), "-> %.*s", (int)e->target.n,
		    (const char *)e->target.p);
		(void)snprintf(size, sizeof(size), "%zu", e->target.n);
		assert_expected(b->path, "link", size, what);
		break;
	case VL_ENTRY_LEFT_OUT:
		assert_expected(b->path, "left_out", "-", vl_why_words[e->why]);
		break;
	default:
		assert_expected(
		    b->path, vl_entry_type_words[e->type], "-", "-");
	}
}

/* Read all with `workers`; bodies are hashed on the pool or here. */
static void
read_sample(unsigned workers, bool on_pool)
{
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct body *bodies = calloc(32, sizeof(*bodies));
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	char size[32];
	size_t n = 0;
	size_t i;

	assert_non_null(bodies);
	sample_open(&b, SAMPLE_BUNDLE, workers);
	must(bundle_unpack(&u, &b, &err), &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		assert_int_equal(n, rec.number);
		assert_true(n < 32);
		bodies[n].job.run = hash_body;
		check_entry(u, &rec.entry, &bodies[n]);
		if (on_pool)
			vl_pool_submit(b.pool, &bodies[n].job);
		else
			must(hash_body(&bodies[n].job, 0), &bodies[n].job.err);
		n++;
	}
	for (i = 0; i < n; i++) {
		if (on_pool)
			must(vl_pool_wait(b.pool, &bodies[i].job, &err), &err);
		(void)snprintf(size, sizeof(size), "%llu",
		    (unsigned long long)bodies[i].size);
		if (bodies[i].u != NULL)
			assert_expected(
			    bodies[i].path, "file", size, bodies[i].sum);
	}
	must(vl_unpack_end(u, &totals, &err), &err);
	assert_int_equal(n, totals.lines);
	assert_int_equal(23, n);
	assert_int_equal(0, totals.unused_chunks);
	assert_true(totals.plain == vl_unpack_inner(u)->total_plain);
	vl_unpack_free(u);
	bundle_close(&b);
	free(bodies);
}

static void
bodies_have_the_known_sums(void **state)
{
	unsigned workers;

	(void)state;
	for (workers = 1; workers <= 4; workers *= 2) {
		read_sample(workers, false);
		read_sample(workers, true);
	}
}

/* All lines, first and last too. */
static void
assert_lines(struct vl_unpack *u)
{
	struct vl_unpacked rec;
	struct vl_buf known = { 0 };
	struct vl_buf lines = { 0 };
	struct vl_err err;

	must(vl_buf_add(&lines, vl_unpack_first(u), &err), &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		must(vl_buf_add(&lines, rec.line, &err), &err);
	}
	must(vl_buf_add(&lines, vl_unpack_tail(u), &err), &err);
	must(vl_read_file(
	         AT_FDCWD, SAMPLE "/manifest.jsonl", 1u << 20, &known, &err),
	    &err);
	assert_true(vl_slice_equal(vl_buf_slice(&known), vl_buf_slice(&lines)));
	vl_buf_free(&known);
	vl_buf_free(&lines);
}

static void
lines_are_the_known_ones(void **state)
{
	struct vl_unpack_totals totals;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	sample_open(&b, SAMPLE_BUNDLE, 2);
	must(bundle_unpack(&u, &b, &err), &err);
	assert_lines(u);
	must(vl_unpack_end(u, &totals, &err), &err);
	vl_unpack_free(u);
	bundle_close(&b);
}

static void
lines_alone_touch_no_pack(void **state)
{
	struct vl_unpack_totals totals;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	sample_open(&b, SAMPLE_BUNDLE, 1);
	must(bundle_unpack(&u, &b, &err), &err);
	vl_unpack_unswept(u);
	assert_lines(u);
	assert_int_equal(VL_EREFUSED, vl_unpack_end(u, &totals, &err));
	vl_unpack_free(u);
	bundle_close(&b);
}

static void
end_reads_what_was_not_asked_for(void **state)
{
	struct vl_unpack_totals totals;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	sample_open(&b, SAMPLE_BUNDLE, 2);
	must(bundle_unpack(&u, &b, &err), &err);
	must(vl_unpack_end(u, &totals, &err), &err);
	assert_int_equal(23, totals.lines);
	assert_int_equal(0, totals.unused_chunks);
	vl_unpack_free(u);

	/* Given up in the middle: nothing leaks, no job is left. */
	must(bundle_unpack(&u, &b, &err), &err);
	vl_unpack_free(u);
	bundle_close(&b);
}

static void
audit_role_reads_all_but_secrets(void **state)
{
	struct vl_unpack_totals totals;
	struct vl_opener opener = { 0 };
	uint8_t identity[VL_X25519_SIZE];
	struct vl_unpack *u = NULL;
	struct vl_buf text = { 0 };
	struct bundle b;
	struct vl_err err;

	(void)state;
	must(
	    vl_read_file(AT_FDCWD, SAMPLE "/audit.key", 64, &text, &err), &err);
	assert_true(vl_unb64u(identity, sizeof(identity),
	    (struct vl_slice){ text.p, text.n - 1 }));
	opener.identity = identity;
	bundle_open(&b, SAMPLE_BUNDLE, &opener, 1);
	assert_int_equal(VL_ROLE_AUDIT, b.role);
	assert_false(b.keys->has_tk);
	must(bundle_unpack(&u, &b, &err), &err);
	assert_lines(u);
	must(vl_unpack_end(u, &totals, &err), &err);
	vl_unpack_free(u);
	bundle_close(&b);
	vl_buf_free(&text);
}

static void
holds_the_sender_against_the_seal(void **state)
{
	struct vl_sender_public sender;
	struct vl_unpack_opts opts = { 0 };
	struct vl_unpack *u = NULL;
	struct vl_buf text = { 0 };
	struct bundle b;
	struct vl_err err;

	(void)state;
	sample_open(&b, SAMPLE_BUNDLE, 1);
	must(vl_read_file(AT_FDCWD, SAMPLE "/sender.pub", 256, &text, &err),
	    &err);
	must(vl_sender_public_decode(&sender, vl_buf_slice(&text), &err), &err);
	opts = (struct vl_unpack_opts){ .dirfd = b.dirfd,
		.head = &b.head,
		.keys = b.keys,
		.sender = sender.key,
		.tempdir = ".",
		.pool = b.pool };
	must(vl_unpack_open(&u, &opts, &err), &err);
	vl_unpack_free(u);
	sender.key[31] ^= 1;
	assert_int_equal(VL_ETRUST, vl_unpack_open(&u, &opts, &err));
	assert_null(u);
	vl_buf_free(&text);
	bundle_close(&b);
}

static void
refuses_another_head_or_key(void **state)
{
	struct vl_unpack_opts opts = { 0 };
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	sample_open(&b, SAMPLE_BUNDLE, 1);
	b.head.seq++;
	assert_int_equal(VL_EAUTH, bundle_unpack(&u, &b, &err));
	assert_string_equal(
	    "the inner head has another seq than head.jsn", err.text);
	b.head.seq--;
	b.head.epoch++;
	assert_int_equal(VL_EAUTH, bundle_unpack(&u, &b, &err));
	b.head.epoch--;
	b.head.pack_files++;
	assert_int_equal(VL_EAUTH, bundle_unpack(&u, &b, &err));
	b.head.pack_files--;
	b.keys->sk[0] ^= 1;
	assert_int_equal(VL_EAUTH, bundle_unpack(&u, &b, &err));
	b.keys->sk[0] ^= 1;
	b.keys->tk[0] ^= 1;
	assert_int_equal(VL_EAUTH, bundle_unpack(&u, &b, &err));
	b.keys->tk[0] ^= 1;
	opts = (struct vl_unpack_opts){ .dirfd = b.dirfd,
		.head = &b.head,
		.keys = b.keys,
		.tempdir = ".",
		.pool = b.pool,
		.max_plain = 1000000 };
	assert_int_equal(VL_ELIMIT, vl_unpack_open(&u, &opts, &err));
	bundle_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_the_known_ones),
		cmocka_unit_test(bodies_have_the_known_sums),
		cmocka_unit_test(lines_alone_touch_no_pack),
		cmocka_unit_test(end_reads_what_was_not_asked_for),
		cmocka_unit_test(audit_role_reads_all_but_secrets),
		cmocka_unit_test(holds_the_sender_against_the_seal),
		cmocka_unit_test(refuses_another_head_or_key),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
