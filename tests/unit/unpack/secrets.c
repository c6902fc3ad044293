/*
 * Secrets that pack was given beside lines come out beside the same lines, and
 * open; what opens elsewhere, or not at all, is refused.
 */

#include "see.h"

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
	if (look == NULL) {
		must(vl_unpack_end(u, &totals, &err), &err);
		assert_int_equal(n, totals.secrets);
	}
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

static unsigned
must_of(const struct writer *w)
{
	struct vl_unpack *u = NULL;
	unsigned must_have = 0;
	struct bundle b;
	struct vl_err err;

	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	must_have = vl_unpack_inner(u)->head.must;
	assert_int_equal(must_have, b.head.must);
	vl_unpack_free(u);
	bundle_close(&b);
	return must_have;
}

/* For who cannot read them, before he needs a key. */
static void
a_bundle_says_that_it_has_secrets(void **state)
{
	struct writer *with = writer_new();
	struct writer *without = writer_new();
	struct vl_err err;

	(void)state;
	must(put_row(with, two, 2, 0, &err), &err);
	commit(with, 2);
	assert_true((must_of(with) & VL_MUST_SIV1) != 0);
	must(put_row(without, two, 0, 0, &err), &err);
	commit(without, 0);
	assert_false((must_of(without) & VL_MUST_SIV1) != 0);
	writer_free(with);
	writer_free(without);
}

/* A row whose body ends in the middle takes its secrets with it. */
static void
a_row_that_is_given_up_leaves_no_secret(void **state)
{
	static const char line[] =
	    "{\"c\":\"t\",\"hash\":\"k1."
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"k\":[100001],"
	    "\"r\":\"app\",\"row\":{\"a\":{\"$body\":[0,9]},\"b\":{"
	    "\"$secret\":\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"}},\"size\":9,"
	    "\"t\":\"row\"}\n";
	static const uint8_t bytes[VL_TOKEN_HEAD + VL_TOKEN_BLOCK];
	const struct vl_slice token = { bytes, sizeof(bytes) };
	const struct vl_record rec = { .line = vl_slice_of(line),
		.has_body = true,
		.body_size = 9,
		.hash_at = (size_t)(strstr(line, "k1.") - line),
		.tokens = &token,
		.ntokens = 1 };
	struct writer *w = writer_new();
	struct vl_err err;

	(void)state;
	must(put_row(w, two, 2, 100, &err), &err);
	must(vl_pack_record(w->p, &rec, &err), &err);
	must(vl_pack_body_fill(w->p, 4, &err), &err);
	must(vl_pack_body_abort(w->p, &err), &err);
	must(put_row(w, two, 2, 100, &err), &err);
	commit(w, 4);
	assert_int_equal(4, read_all(w, NULL));
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
	struct vl_pack_totals totals = { 0 };
	enum vl_status st = VL_OK;
	struct writer *w = NULL;
	struct vl_err err;
	char name[16];
	size_t n;

	(void)state;
	for (n = 0; n <= 2; n++) {
		w = writer_new();
		rec.ntokens = n;
		st = vl_pack_record(w->p, &rec, &err);
		/* Of one that has none a worker looks at it. */
		if (st == VL_OK && n == 0)
			st = vl_pack_commit(w->p, name, &totals, &err);
		assert_int_equal(n == 1 ? VL_OK : VL_EUSAGE, st);
		writer_free(w);
	}
}

static void
nothing_but_a_row_has_tokens(void **state)
{
	static const uint8_t bytes[VL_TOKEN_HEAD + VL_TOKEN_BLOCK];
	static const struct vl_slice good = { bytes, sizeof(bytes) };
	static const struct vl_slice odd = { bytes, sizeof(bytes) - 1 };
	const struct vl_record records[] = {
		{ .line = vl_slice_of("{\"c\":\"u\",\"r\":\"app\",\"schema\":["
		                      "\"x\"],\"t\":\"table\"}\n"),
		    .tokens = &good,
		    .ntokens = 1 },
		{ .line = vl_slice_of("{\"c\":\"t\",\"k\":[1],\"r\":\"app\","
		                      "\"row\":{\"a\":{\"$secret\":"
		                      "\"sf1.AAAAAAAAAAAAAAAAAAAAAA\"}},"
		                      "\"t\":\"row\"}\n"),
		    .tokens = &odd,
		    .ntokens = 1 },
	};
	struct writer *w = NULL;
	struct vl_err err;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		w = writer_new();
		assert_int_equal(
		    VL_EUSAGE, vl_pack_record(w->p, &records[i], &err));
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

static struct writer *
some_rows(uint8_t other)
{
	struct writer *w = writer_new();
	struct vl_err err;
	unsigned i;

	w->other = other;
	for (i = 0; i < 20; i++)
		must(put_row(w, two, 2, i % 2 == 0 ? 5000 + i : 0, &err), &err);
	commit(w, 40);
	return w;
}

/* So no guess can be tested: of two bundles whose secrets are as long nothing
 * differs but what is made with the transfer key, and what vouches for that. */
static void
an_auditor_sees_the_same_of_any_secret(void **state)
{
	(void)state;
	see_the_same(some_rows, 40);
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
		cmocka_unit_test(a_bundle_says_that_it_has_secrets),
		cmocka_unit_test(a_row_that_is_given_up_leaves_no_secret),
		cmocka_unit_test(secrets_of_one_line_have_a_limit),
		cmocka_unit_test(a_line_has_as_many_tokens_as_secrets),
		cmocka_unit_test(nothing_but_a_row_has_tokens),
		cmocka_unit_test(an_auditor_has_nothing_that_opens_them),
		cmocka_unit_test(an_auditor_sees_the_same_of_any_secret),
		cmocka_unit_test(what_does_not_open_here_is_refused),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
