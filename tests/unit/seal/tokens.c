/*
 * Fingerprints and tokens of secrets: against values that
 * tests/tools/reader/slots.py computed, and all that must not open.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

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
	    false, "hunter2", 7, "sf1.OgZsuPCXiM9VyV_d-ePTHA",
	    "070000000000000015a79ce152849a9bb9d28e21d31957b02cac29a444aed37b"
	    "d6aabb3c73b5fc687d0e5a17f2aaf0f8609dd930c4374e88bb168288a8afda22"
	    "91fb3444418561b8" },
	{ { "app", "settings", "[\"smtp\"]", "value", "" }, VL_SLOT_SEALED,
	    false, "", 0, "sf1.P8F_yjbwrGzbPboyaWGM7w",
	    "07000000000000000958b4a55a31562892af6d17832958922bd7521da65edcfd"
	    "3a2d8cd30dda5e049d01070128f47ee6954310ea11ca74de682afb7e5bad01d5"
	    "52ea55f73ba9de41" },
	{ { "app", "settings", "[\"smtp\"]", "value", "" }, VL_SLOT_CLEAR, true,
	    NULL, 200, "sf1.tgl0Mv8nGI-s-dDyxMK2QA",
	    "070000000000000097a3391df0293e3f1aa152628a6a648bb1df827ad48990fc"
	    "679edf49ae4fd2541f616aa39b649281e14408f30ff89451bc612fb1b93c55c4"
	    "7ce893f0fa667e2a9c9d8994e89df7038176297b0864abdd1274be424797ef80"
	    "dd960b66b0d9ba13961ffbd98589da56002cc644b3ff6c114b868e90757f1c69"
	    "6af4c6c49960e4b8dc1ffe78179c72b183c6e48c01e1c2722730030bf885dbbb"
	    "5b0d018a81c36aa1b99241aa0a8c9483b852640c08de011a54f41fc1f8443d39"
	    "262fd5feb1351694dc9e3aa6e57530f1dcd044b0b5eb9a7a11501636a57ac7f5"
	    "f9bf05fd2c3e44db37b8ede8198b48eadfa487a9eb94d3ece6d302df9ef279f6"
	    "8515959e4582b174" },
	{ { "app", "t", "[1]", "doc", "$.password" }, VL_SLOT_BROKEN, false,
	    "ppppppppppppppppppppppppppppppp", 31, "sf1.MSbAzHOkq1cJXQXdWAFLKw",
	    "0700000000000000c8c7d500a832269474de2bd81155f2b53553692f5d0fb63f"
	    "66b85fcafdb74de7654e5b7098e2c1cbe8ee63976bdc40e4104b189449209c3f"
	    "b9b2a73e2663d1bf" },
	{ { "tree", "", "etc/pass.conf", "", "$.db" }, VL_SLOT_SEALED, false,
	    "pppppppppppppppppppppppppppppppp", 32,
	    "sf1.Zc6zlmDTd2BiZyBk9wTRJA",
	    "07000000000000002c924bdda4571f0f64371bf49f5c23550bfe8e63ebc918dd"
	    "18bfb7b4b605e634572b1f51ed45b3acc0ddb9595faa8a1262df799b4255c4b1"
	    "3ba3495672133bf3b2e127240867b6e47add21aa4e65cb2e7823d2bb96b46af8"
	    "a3ec944ea613ce01" },
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
	static const char *const tokens[] = { "0700000000000000f6f2a6470fc9d47e"
		                              "a6c5f5a985d0f5b65fa0fd0434eeb634"
		                              "0dd5ee9b102e2a0412b524e2b88685b1"
		                              "5bfa890ba89dcf662aa7e128de6fbe0d"
		                              "7f85d240cc7c8ff92687f00efbac833f"
		                              "a0918afb05f234fccb3bda7591b92618"
		                              "2b4bcbc3e0b97a2f",
		"07000000000000004a75505cc51c1a02625e0e970cebbe8fe66403290025cb"
		"92"
		"216028d5eb03a98f68e0da2326e96ba61535cb8c6184c17865c5f00f378c20"
		"23"
		"f17fa97f8d453e73",
		"07000000000000003f4cac768b5234eded620d5cfe8c57d85a06bdb53b33e7"
		"19"
		"aa1832377ba80bb7a587c7ac458370eb87062915205847d85969e74648ce6f"
		"f8"
		"86c77255091bc2e7" };
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
		assert_int_equal(n < 32 ? 72 : n < 64 ? 104 : 136, out.n);
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
	    VL_EREFUSED, ops.seal(ops.arg, &place, plain, &out, &err));
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

/* One file of formats/vectors/token. */
struct vector {
	char expect[16];
	uint8_t tk[VL_KEY_SIZE];
	uint8_t series[VL_SERIES_SIZE];
	uint64_t epoch;
	char place[6][256];
	size_t nplace;
	uint8_t print[VL_SLOT_PRINT_SIZE];
	uint8_t token[512];
	size_t ntoken;
	uint8_t plain[512];
	size_t nplain;
};

static void
take_hex(uint8_t *out, size_t *n, const char *text)
{
	*n = strlen(text) / 2;
	assert_true(*n <= 512);
	assert_true(vl_unhex(out, *n, vl_slice_of(text)));
}

static void
take_line(struct vector *v, char *line)
{
	char *value = strstr(line, ": ");

	assert_non_null(value);
	*value = '\0';
	value += 2;
	if (strcmp(line, "expect") == 0)
		(void)snprintf(v->expect, sizeof(v->expect), "%s", value);
	else if (strcmp(line, "tk") == 0)
		assert_true(vl_unhex(v->tk, sizeof(v->tk), vl_slice_of(value)));
	else if (strcmp(line, "series") == 0)
		assert_true(
		    vl_unhex(v->series, sizeof(v->series), vl_slice_of(value)));
	else if (strcmp(line, "epoch") == 0)
		v->epoch = strtoull(value, NULL, 10);
	else if (strcmp(line, "place") == 0)
		(void)snprintf(
		    v->place[v->nplace++], sizeof(v->place[0]), "%s", value);
	else if (strcmp(line, "fingerprint") == 0)
		assert_true(vl_slot_read(v->print, vl_slice_of(value)));
	else if (strcmp(line, "token") == 0)
		take_hex(v->token, &v->ntoken, value);
	else if (strcmp(line, "plain") == 0)
		take_hex(v->plain, &v->nplain, value);
	else
		assert_string_equal("comment", line);
}

static void
set_type(struct vl_slot_place *place, const char *type)
{
	for (place->form = VL_SLOT_SEALED; place->form <= VL_SLOT_BROKEN;
	     place->form++) {
		place->blob = strstr(type, "blob") != NULL;
		if (strcmp(type, vl_slot_type(place->form, place->blob)) == 0)
			return;
	}
	fail_msg("no type: %s", type);
}

static void
check_vector(const struct vector *v)
{
	struct vl_slot_place place = { .resource = vl_slice_of(v->place[0]),
		.collection = vl_slice_of(v->place[1]),
		.key = vl_slice_of(v->place[2]),
		.column = vl_slice_of(v->place[3]),
		.inside = vl_slice_of(v->place[4]) };
	struct vl_tokens *t = NULL;
	struct vl_locked plain = { 0 };
	struct vl_secret_ops ops;
	struct vl_buf again = { 0 };
	struct vl_err err;
	enum vl_status st;

	assert_int_equal(6, v->nplace);
	set_type(&place, v->place[5]);
	assert_int_equal(
	    VL_OK, vl_tokens_new(&t, v->series, v->epoch, v->tk, &err));
	ops = vl_tokens_ops(t);
	st = ops.open(ops.arg, &place, v->print,
	    (struct vl_slice){ v->token, v->ntoken }, &plain, &err);
	assert_string_equal(v->expect,
	    st == VL_OK        ? "ok" :
	        st == VL_EAUTH ? "auth" :
	                         "other");
	if (st == VL_OK) {
		assert_int_equal(v->nplain, plain.n);
		assert_memory_equal(v->plain, plain.p, plain.n);
		assert_int_equal(VL_OK,
		    ops.seal(ops.arg, &place, vl_locked_slice(&plain), &again,
		        &err));
		assert_int_equal(v->ntoken, again.n);
		assert_memory_equal(v->token, again.p, again.n);
	}
	vl_buf_free(&again);
	vl_locked_free(&plain);
	vl_tokens_free(t);
}

static void
gives_each_vector_its_outcome(void **state)
{
	char line[2048];
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/vectors/token/*", 0, NULL, &found));
	assert_true(found.gl_pathc >= 20);
	for (i = 0; i < found.gl_pathc; i++) {
		struct vector v = { .nplace = 0 };
		FILE *f = fopen(found.gl_pathv[i], "r");

		assert_non_null(f);
		print_message("%s\n", found.gl_pathv[i]);
		while (fgets(line, sizeof(line), f) != NULL) {
			line[strcspn(line, "\n")] = '\0';
			take_line(&v, line);
		}
		assert_int_equal(0, fclose(f));
		check_vector(&v);
	}
	globfree(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_what_another_implementation_makes),
		cmocka_unit_test(gives_each_vector_its_outcome),
		cmocka_unit_test(opens_what_it_made),
		cmocka_unit_test(opens_nothing_of_another_place),
		cmocka_unit_test(opens_nothing_of_another_series_epoch_or_key),
		cmocka_unit_test(opens_nothing_that_was_altered),
		cmocka_unit_test(opens_nothing_of_another_fingerprint),
		cmocka_unit_test(opens_nothing_that_is_not_padded),
		cmocka_unit_test(shows_no_length_but_that_of_blocks),
		cmocka_unit_test(refuses_what_is_too_long)
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
