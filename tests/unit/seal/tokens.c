/*
 * Fingerprints and tokens of secrets: against values that
 * tests/tools/reader/slots.py computed, and all that must not open.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <valise/encode.h>
#include <valise/secret.h>
#include <valise/tokens.h>

#define EPOCH 7

struct known {
	const char *place[5]; /* resource, collection, key, column, inside */
	enum vl_slot_form form;
	bool blob;
	const char *plain; /* NULL: bytes 0, 1, 2 ... */
	size_t n;
	const char *print;
	const char *token; /* in hex */
};

/* The transfer key is 00 01 02 ..., the series 10 11 12 ... */
static const struct known known[] = {
	{ { "app", "settings", "[\"smtp\"]", "value", "" }, VL_SLOT_SEALED,
	    false, "hunter2", 7, "sf1.SCUZ6k1X8C0uvbQ_DzmCdQ",
	    "07000000d5ae9232767534ac43909b65f361d8c43f2995b44d0bf3903c4f723c"
	    "b618e65ba0e5bf43c695f083c9a6bc7725a6252dd22fdb4fbb63fef1f5f0724d"
	    "0ea7e97d" },
	{ { "app", "settings", "[\"smtp\"]", "value", "" }, VL_SLOT_SEALED,
	    false, "", 0, "sf1.KT_ygFACGCxHd76eUqeQow",
	    "070000009db2b400884461c8c0c2b4f3a069e322954f694196c519585ac431f5"
	    "e461513425569a3febc909616bb3819f5e524cac363e246cbb25de821c3c54f5"
	    "b6674ea1" },
	{ { "app", "settings", "[\"smtp\"]", "value", "" }, VL_SLOT_CLEAR, true,
	    NULL, 200, "sf1.iyIigbRV3X9lUNimB3kv-A",
	    "070000001f270468862294ce51029ff064216916aaa2b90df4b3a29699f3dfd6"
	    "ca726b71b93e0aae81a0393a17bed143c11200423b92e1aa3cd0436d97b600b0"
	    "2b5b1eb1edc64feeb6f01c75c723cb18af718b39db97d0fdeb656e892caa807e"
	    "4a477646e1732c6c67da85b48c31dbcbf3eaf7b6b70c7900b4b27bbb1a4363d4"
	    "2a1c3272fca80dc30a59719069d92fb3eb4df4e29ba2cf47436aadbf57f20727"
	    "7556a6770b8769b56fc3b7dcd468d75d845de55908a8f8fb3aa5e5e98f16c622"
	    "1697bd5cd8648daa7b0c6ec72e88aee181417052cbaa343631bacdbbb829a50f"
	    "e22e68b52b079efbd19bc65f60b67236879a8bd399086a6bd3e45e56dcf248bd"
	    "0c07a2b5" },
	{ { "app", "t", "[1]", "doc", "$.password" }, VL_SLOT_BROKEN, false,
	    "ppppppppppppppppppppppppppppppp", 31, "sf1.G08TIWmA8aAL4PzsuIdA2g",
	    "07000000f87a733447ab4d595a39c50c2dd6cc95ed61db6c2e54015b812cd0e1"
	    "df09cfb04ac4963f56ad8888b0a4c35b02ce0d8c476b68daa85c6e65f9a978e1"
	    "f337f0eb" },
	{ { "tree", "", "etc/pass.conf", "", "$.db" }, VL_SLOT_SEALED, false,
	    "pppppppppppppppppppppppppppppppp", 32,
	    "sf1.yRbKv72t1HgJj_PgA-qUcA",
	    "07000000862ae54513919ca27dd15b405b17ed1faad142d030351df72c538227"
	    "df4eda6597db5848d9ade075cb2c2f1d445e055bc7e4d4b51db1983ede32ef1b"
	    "4a78f846c11b3b7cbfb6ff1100900490b3aadd3ff2e67532160c6ea7c5d64aa3"
	    "30b1964f" },
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

static struct vl_tokens *
make_tokens(uint8_t series, uint64_t epoch, uint8_t key)
{
	struct vl_tokens *t = NULL;
	struct vl_err err;
	uint8_t id[VL_SERIES_SIZE];
	uint8_t tk[VL_KEY_SIZE];
	uint8_t i;

	for (i = 0; i < sizeof(id); i++)
		id[i] = (uint8_t)(series + i);
	for (i = 0; i < sizeof(tk); i++)
		tk[i] = (uint8_t)(key + i);
	assert_int_equal(VL_OK, vl_tokens_new(&t, id, epoch, tk, &err));
	return t;
}

static struct vl_slot_place
place_of(const struct known *k)
{
	return (struct vl_slot_place){ .resource = vl_slice_of(k->place[0]),
		.collection = vl_slice_of(k->place[1]),
		.key = vl_slice_of(k->place[2]),
		.column = vl_slice_of(k->place[3]),
		.inside = vl_slice_of(k->place[4]),
		.form = k->form,
		.blob = k->blob };
}

static struct vl_slice
plain_of(const struct known *k)
{
	static uint8_t counting[256];
	size_t i;

	for (i = 0; i < sizeof(counting); i++)
		counting[i] = (uint8_t)i;
	return (struct vl_slice){
		k->plain != NULL ? (const uint8_t *)k->plain : counting, k->n
	};
}

static struct vl_slice
token_of(const struct known *k)
{
	static uint8_t bytes[512];
	const size_t n = strlen(k->token) / 2;

	assert_true(n <= sizeof(bytes));
	assert_true(vl_unhex(bytes, n, vl_slice_of(k->token)));
	return (struct vl_slice){ bytes, n };
}

static void
print_of(const struct known *k, uint8_t print[VL_SLOT_PRINT_SIZE])
{
	assert_true(vl_slot_read(print, vl_slice_of(k->print)));
}

static void
makes_what_another_implementation_makes(void **state)
{
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	const struct vl_secret_ops ops = vl_tokens_ops(t);
	char text[VL_SLOT_TEXT_SIZE];
	uint8_t print[VL_SLOT_PRINT_SIZE];
	struct vl_buf out = { 0 };
	struct vl_err err;
	size_t i;

	(void)state;
	for (i = 0; i < KNOWN; i++) {
		const struct vl_slot_place place = place_of(&known[i]);

		ops.print(ops.arg, &place, plain_of(&known[i]), print);
		assert_string_equal(known[i].print, vl_slot_text(text, print));
		vl_buf_clear(&out);
		assert_int_equal(VL_OK,
		    ops.seal(ops.arg, &place, plain_of(&known[i]), &out, &err));
		assert_true(
		    vl_slice_equal(token_of(&known[i]), vl_buf_slice(&out)));
	}
	vl_buf_free(&out);
	vl_tokens_free(t);
}

static enum vl_status
open_known(const struct vl_tokens *t, const struct known *k,
    struct vl_slice token, struct vl_locked *plain)
{
	const struct vl_secret_ops ops = vl_tokens_ops(t);
	const struct vl_slot_place place = place_of(k);
	uint8_t print[VL_SLOT_PRINT_SIZE];
	struct vl_err err;

	print_of(k, print);
	return ops.open(ops.arg, &place, print, token, plain, &err);
}

static void
opens_what_it_made(void **state)
{
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	struct vl_locked plain = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < KNOWN; i++) {
		assert_int_equal(VL_OK,
		    open_known(t, &known[i], token_of(&known[i]), &plain));
		assert_true(vl_slice_equal(
		    plain_of(&known[i]), vl_locked_slice(&plain)));
	}
	vl_locked_free(&plain);
	vl_tokens_free(t);
}

/* Nothing is left of what did not open, not even behind the end. */
static void
assert_not_opened(
    const struct vl_tokens *t, const struct known *k, struct vl_slice token)
{
	struct vl_locked plain = { 0 };
	struct vl_err err;
	size_t i;

	assert_int_equal(VL_OK,
	    vl_locked_add(&plain, vl_slice_of("what was there before"), &err));
	assert_int_equal(VL_EAUTH, open_known(t, k, token, &plain));
	assert_int_equal(0, plain.n);
	for (i = 0; i < plain.cap; i++)
		assert_int_equal(0, plain.p[i]);
	vl_locked_free(&plain);
}

static void
opens_nothing_of_another_place(void **state)
{
	static const char *const others[] = { "App", "settingt", "[\"smtq\"]",
		"valuf", "$" };
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	struct known k;
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		k = known[0];
		k.place[i] = others[i];
		assert_not_opened(t, &k, token_of(&known[0]));
	}
	/* Where one part ends and the next begins is bound, too. */
	k = known[0];
	k.place[0] = "apps";
	k.place[1] = "ettings";
	assert_not_opened(t, &k, token_of(&known[0]));
	k = known[0];
	k.blob = true;
	assert_not_opened(t, &k, token_of(&known[0]));
	k = known[0];
	k.form = VL_SLOT_CLEAR;
	assert_not_opened(t, &k, token_of(&known[0]));
	vl_tokens_free(t);
}

static void
opens_nothing_of_another_series_epoch_or_key(void **state)
{
	struct vl_tokens *others[] = { make_tokens(17, EPOCH, 0),
		make_tokens(16, EPOCH + 1, 0), make_tokens(16, EPOCH, 1) };
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_not_opened(others[i], &known[0], token_of(&known[0]));
		vl_tokens_free(others[i]);
	}
}

static void
opens_nothing_that_was_altered(void **state)
{
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	struct vl_slice token = token_of(&known[2]);
	uint8_t bytes[512];
	size_t i;

	(void)state;
	memcpy(bytes, token.p, token.n);
	for (i = 0; i < token.n; i++) {
		bytes[i] ^= 1;
		assert_not_opened(
		    t, &known[2], (struct vl_slice){ bytes, token.n });
		bytes[i] ^= 1;
	}
	for (i = 0; i < token.n; i++)
		assert_not_opened(t, &known[2], (struct vl_slice){ bytes, i });
	vl_tokens_free(t);
}

/* The tag fits, and still it is not what the line says. */
static void
opens_nothing_of_another_fingerprint(void **state)
{
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	struct known k = known[0];

	(void)state;
	k.print = known[1].print;
	assert_not_opened(t, &k, token_of(&known[0]));
	vl_tokens_free(t);
}

/* Of these the tag fits, by a writer that pads in another way. */
static void
opens_nothing_that_is_not_padded(void **state)
{
	/* "hunter2", then 0x80 and 56 zeros; 32 bytes of it, without 0x80; all
	 * zero. */
	static const char *const tokens[] = { "07000000ac663a03c3ff6008f74c676f"
		                              "3fa95062e1eb12d796ccfa205e87c4dc"
		                              "dd32eb67263385f4ae8891ff993ad57d"
		                              "0ab7bdcf7aff646177a33685af54a4a2"
		                              "4c1b30926f1827036466fec01ca3246b"
		                              "3f02f270161e351ef992ba744ba0d078"
		                              "b2deb956",
		"070000008e5bd6c5d56e2e8e4c28a731ce2651506f9372a00bfa45a6f0cef8"
		"d4"
		"4aa7b03c4d95a386ebf32dedf936aa084a282ff4964fd1b0fb4e3f6f851acd"
		"9b"
		"fd96b8b8",
		"07000000cb8e4276af4964e1f7783171f23cdffd43748141f2f1d0002e3276"
		"4d"
		"ddcfb9ddeec13aade5d22527976420a4ced9486771895cf5fa3c93b08ec45f"
		"ae"
		"14d4f2d9" };
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	struct known k = known[0];
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		k.token = tokens[i];
		assert_not_opened(t, &known[0], token_of(&k));
	}
	vl_tokens_free(t);
}

static void
shows_no_length_but_that_of_blocks(void **state)
{
	static const uint8_t zeros[65];
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	const struct vl_secret_ops ops = vl_tokens_ops(t);
	const struct vl_slot_place place = place_of(&known[0]);
	struct vl_buf out = { 0 };
	struct vl_err err;
	size_t n;

	(void)state;
	for (n = 0; n <= sizeof(zeros); n++) {
		vl_buf_clear(&out);
		assert_int_equal(VL_OK,
		    ops.seal(ops.arg, &place, (struct vl_slice){ zeros, n },
		        &out, &err));
		assert_int_equal(n < 32 ? 68 : n < 64 ? 100 : 132, out.n);
	}
	vl_buf_free(&out);
	vl_tokens_free(t);
}

static void
refuses_what_is_too_long(void **state)
{
	static uint8_t long_one[VL_SECRET_MAX + 1];
	struct vl_tokens *t = make_tokens(16, EPOCH, 0);
	const struct vl_secret_ops ops = vl_tokens_ops(t);
	const struct vl_slot_place place = place_of(&known[0]);
	struct vl_slice plain = { long_one, sizeof(long_one) };
	uint8_t print[VL_SLOT_PRINT_SIZE];
	struct vl_locked back = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err;

	(void)state;
	assert_int_equal(
	    VL_ELIMIT, ops.seal(ops.arg, &place, plain, &out, &err));
	assert_int_equal(0, out.n);
	plain.n--;
	assert_int_equal(VL_OK, ops.seal(ops.arg, &place, plain, &out, &err));
	assert_int_equal(VL_TOKEN_MAX, out.n);
	ops.print(ops.arg, &place, plain, print);
	assert_int_equal(VL_OK,
	    ops.open(ops.arg, &place, print, vl_buf_slice(&out), &back, &err));
	assert_true(vl_slice_equal(plain, vl_locked_slice(&back)));
	vl_locked_free(&back);
	vl_buf_free(&out);
	vl_tokens_free(t);
}

static void
refuses_an_epoch_that_no_token_holds(void **state)
{
	static const uint8_t key[VL_KEY_SIZE];
	struct vl_tokens *t = NULL;
	struct vl_err err;

	(void)state;
	assert_int_equal(VL_ELIMIT,
	    vl_tokens_new(&t, key, (uint64_t)UINT32_MAX + 1, key, &err));
	assert_null(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_another_implementation_makes),
		cmocka_unit_test(opens_what_it_made),
		cmocka_unit_test(opens_nothing_of_another_place),
		cmocka_unit_test(opens_nothing_of_another_series_epoch_or_key),
		cmocka_unit_test(opens_nothing_that_was_altered),
		cmocka_unit_test(opens_nothing_of_another_fingerprint),
		cmocka_unit_test(opens_nothing_that_is_not_padded),
		cmocka_unit_test(shows_no_length_but_that_of_blocks),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_an_epoch_that_no_token_holds)
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
