/*
 * Secrets of files: tokens that pack was given beside a body come out beside
 * the same line, and open; what opens elsewhere, or not at all, is refused.
 */

#include "file_writer.h"
#include "see.h"

/* Each token of the record opens to what its place had. */
static size_t
check_record(struct vl_unpack *u, const struct vl_unpacked *rec, size_t size)
{
	const struct vl_secret_ops *ops = vl_unpack_secrets(u);
	struct vl_slot_place place;
	struct vl_locked plain = { 0 };
	struct vl_buf want = { 0 };
	struct vl_err err;
	size_t i;

	assert_int_equal(rec->entry.nslots, rec->ntokens);
	for (i = 0; i < rec->ntokens; i++) {
		place = vl_entry_slot_place(&rec->entry, i);
		must(ops->open(ops->arg, &place, rec->entry.slots[i].slot.print,
		         rec->tokens[i], &plain, &err),
		    &err);
		make_secret(&want, &place, size);
		assert_true(vl_slice_equal(
		    vl_buf_slice(&want), vl_locked_slice(&plain)));
	}
	vl_buf_free(&want);
	vl_locked_free(&plain);
	return rec->ntokens;
}

static size_t
read_all(const struct writer *w, size_t size)
{
	struct vl_unpack_totals totals;
	struct vl_unpacked rec;
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	size_t n = 0;

	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	for (;;) {
		must(vl_unpack_next(u, &rec, &err), &err);
		if (rec.line.p == NULL)
			break;
		n += check_record(u, &rec, size);
	}
	must(vl_unpack_end(u, &totals, &err), &err);
	assert_int_equal(n, totals.secrets);
	vl_unpack_free(u);
	bundle_close(&b);
	return n;
}

static void
secrets_come_with_their_files(void **state)
{
	const struct file files[] = {
		{ "a.env", "A=\nB=\n",
		    { slot(2, "line A", VL_SLOT_SEALED),
		        slot(5, "line B", VL_SLOT_CLEAR) },
		    2, 40 },
		{ "b", "no secret", { { 0 } }, 0, 0 },
		{ "c.json", "{\"a\":\"\"}",
		    { slot(6, "$.a", VL_SLOT_BROKEN),
		        slot(6, "$.a", VL_SLOT_SEALED),
		        slot(8, "@1", VL_SLOT_SEALED) },
		    3, 40 },
		{ "d.pem", "", { slot(0, "", VL_SLOT_SEALED) }, 1, 40 },
	};
	struct writer *w = tree_writer();
	struct vl_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		must(put_file(w, &files[i], &err), &err);
	commit(w, 6);
	assert_int_equal(6, read_all(w, 40));
	writer_free(w);
}

/* More of them than one record of a bundle holds, between lines of no secret
 * and bodies of every size. */
static void
lines_end_a_record_when_their_secrets_fill_one(void **state)
{
	const struct file with = { NULL, "A=\nB=\n",
		{ slot(2, "line A", VL_SLOT_SEALED),
		    slot(5, "line B", VL_SLOT_SEALED) },
		2, 400000 };
	const struct file without = { .body = "nothing" };
	struct writer *w = tree_writer();
	struct file f;
	char path[16];
	struct vl_err err;
	unsigned i;

	(void)state;
	for (i = 0; i < 12; i++) {
		f = i % 3 == 0 ? without : with;
		(void)snprintf(path, sizeof(path), "f%03u", i);
		f.path = path;
		must(put_file(w, &f, &err), &err);
	}
	commit(w, 16);
	assert_int_equal(16, read_all(w, 400000));
	writer_free(w);
}

static void
secrets_of_one_file_have_a_limit(void **state)
{
	const struct file f = { "a", "A=\nB=\n",
		{ slot(2, "line A", VL_SLOT_SEALED),
		    slot(5, "line B", VL_SLOT_SEALED) },
		2, 600000 };
	struct writer *w = tree_writer();
	struct vl_err err;

	(void)state;
	assert_int_equal(VL_ELIMIT, put_file(w, &f, &err));
	writer_free(w);
}

#define LINE(slots)                                                            \
	"{\"gid\":0,\"hash\":\"k1."                                            \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"mode\":\"0644\","     \
	"\"mtime\":\"0.000000000\",\"path\":\"a\",\"r\":\"app\",\"size\":"     \
	"9," slots "\"t\":\"file\",\"uid\":0}\n"

static void
a_file_has_as_many_tokens_as_slots(void **state)
{
	static const char one[] = LINE(
	    "\"slots\":[[9,\"sf1.AAAAAAAAAAAAAAAAAAAAAA\",\"$.a\",\"text\"]],");
	static const char none[] = LINE("");
	static const uint8_t bytes[VL_TOKEN_HEAD + VL_TOKEN_BLOCK];
	const struct vl_slice tokens[] = { { bytes, sizeof(bytes) },
		{ bytes, sizeof(bytes) } };
	struct vl_record rec = {
		.has_body = true, .body_size = 9, .tokens = tokens
	};
	struct writer *w = NULL;
	struct vl_err err;
	size_t n;

	(void)state;
	for (n = 0; n <= 5; n++) {
		w = tree_writer();
		rec.line = vl_slice_of(n < 3 ? one : none);
		rec.hash_at = (size_t)(strstr(one, "k1.") - one);
		rec.ntokens = n % 3;
		assert_int_equal(n == 1 || n == 3 ? VL_OK : VL_EUSAGE,
		    vl_pack_record(w->p, &rec, &err));
		writer_free(w);
	}
}

static struct writer *
some_files(uint8_t other)
{
	struct file f = { NULL, "A=\nB=\n",
		{ slot(2, "line A", VL_SLOT_SEALED),
		    slot(5, "line B", VL_SLOT_CLEAR) },
		2, 40 };
	struct writer *w = tree_writer();
	struct vl_err err;
	char path[16];
	unsigned i;

	w->other = other;
	for (i = 0; i < 20; i++) {
		(void)snprintf(path, sizeof(path), "f%02u", i);
		f.path = path;
		f.size = 20 + i;
		must(put_file(w, &f, &err), &err);
	}
	commit(w, 40);
	return w;
}

/* Neither size nor hash nor chunk of a file depends on its secrets. */
static void
an_auditor_sees_the_same_of_any_secret(void **state)
{
	(void)state;
	see_the_same(some_files, 40);
}

static void
a_bundle_says_that_it_has_secrets(void **state)
{
	struct writer *w = some_files(0);
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;

	(void)state;
	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	assert_true((b.head.must & VL_MUST_SIV1) != 0);
	assert_int_equal(b.head.must, vl_unpack_inner(u)->head.must);
	vl_unpack_free(u);
	bundle_close(&b);
	writer_free(w);
}

/* What a writer may get wrong in the second secret of its second file. */

static void
seal_anew(
    struct writer *w, const struct vl_slot_place *place, struct vl_buf *token)
{
	struct vl_buf plain = { 0 };
	struct vl_err err;

	make_secret(&plain, place, 7);
	vl_buf_clear(token);
	must(w->ops.seal(w->ops.arg, place, vl_buf_slice(&plain), token, &err),
	    &err);
	vl_buf_free(&plain);
}

static void
of_another_path(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	place->key = vl_slice_of("f0");
	seal_anew(w, place, token);
}

static void
of_another_place(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	place->inside = vl_slice_of("line A");
	seal_anew(w, place, token);
}

static void
of_a_row(struct writer *w, struct vl_slot_place *place, struct vl_slot *slot,
    struct vl_buf *token)
{
	(void)slot;
	place->collection = vl_slice_of("t");
	seal_anew(w, place, token);
}

static void
of_another_type(struct writer *w, struct vl_slot_place *place,
    struct vl_slot *slot, struct vl_buf *token)
{
	(void)slot;
	place->form = VL_SLOT_CLEAR;
	seal_anew(w, place, token);
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
	struct file f = { NULL, "A=\nB=\n",
		{ slot(2, "line A", VL_SLOT_SEALED),
		    slot(5, "line B", VL_SLOT_SEALED) },
		2, 7 };
	struct writer *w = tree_writer();
	struct vl_unpacked rec = { 0 };
	struct vl_unpack *u = NULL;
	struct bundle b;
	struct vl_err err;
	unsigned i;

	w->wrong_row = 1;
	w->wrong = wrong;
	for (i = 0; i < 3; i++) {
		f.path = (const char *const[]){ "f0", "f1", "f2" }[i];
		must(put_file(w, &f, &err), &err);
	}
	commit(w, 6);
	reader_open(&b, w, false);
	must(bundle_unpack(&u, &b, &err), &err);
	/* The root, and the first of them. */
	for (i = 0; i < 2; i++)
		must(vl_unpack_next(u, &rec, &err), &err);
	assert_int_equal(VL_EAUTH, vl_unpack_next(u, &rec, &err));
	assert_null(rec.line.p);
	if (strstr(err.text, "resource 'app', 'f1', secret 'line B': ") ==
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
	refuses(of_another_path, "does not open");
	refuses(of_another_place, "does not open");
	refuses(of_a_row, "does not open");
	refuses(of_another_type, "does not open");
	refuses(with_another_tag, "does not open");
	refuses(with_another_fingerprint, "fingerprint");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_come_with_their_files),
		cmocka_unit_test(
		    lines_end_a_record_when_their_secrets_fill_one),
		cmocka_unit_test(secrets_of_one_file_have_a_limit),
		cmocka_unit_test(a_file_has_as_many_tokens_as_slots),
		cmocka_unit_test(an_auditor_sees_the_same_of_any_secret),
		cmocka_unit_test(a_bundle_says_that_it_has_secrets),
		cmocka_unit_test(what_does_not_open_here_is_refused),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
