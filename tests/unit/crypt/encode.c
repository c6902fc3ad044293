/* Text forms: only the canonical one is read. */

#include "vectors.h"

static struct vl_slice
s(const char *text)
{
	return vl_slice_of(text);
}

static void
reads_lower_case_hex_of_the_exact_length(void **state)
{
	uint8_t out[4] = { 0 };

	(void)state;
	assert_true(vl_unhex(out, 4, s("00ff10ab")));
	expect_hex("00ff10ab", out, 4);
	assert_true(vl_unhex(out, 0, s("")));
	assert_false(vl_unhex(out, 4, s("00ff10AB")));
	assert_false(vl_unhex(out, 4, s("00ff10aB")));
	assert_false(vl_unhex(out, 4, s("00ff10a")));
	assert_false(vl_unhex(out, 3, s("00ff10ab")));
	assert_false(vl_unhex(out, 4, s("00ff10")));
	assert_false(vl_unhex(out, 4, s("00ff10ag")));
	assert_false(vl_unhex(out, 4, s("00:ff:10")));
	assert_false(vl_unhex(out, 4, s(" 0ff10ab")));
	assert_false(vl_unhex(out, 2,
	    (struct vl_slice){ (const uint8_t *)"00\0"
	                                        "1",
	        4 }));
}

/* RFC 4648 section 10, without padding; and the two letters of base64url. */
static void
reads_canonical_base64url(void **state)
{
	static const char *const text[] = { "", "Zg", "Zm8", "Zm9v", "Zm9vYg",
		"Zm9vYmE", "Zm9vYmFy" };
	static const char *const bad[] = { "Zg==", "Zh", "Zm9", "Zm+v", "Zm/v",
		"Z", "Zm9vY", "Zg ", " Zg", "Zm\n8", "Zm9vYm=" };
	uint8_t out[16];
	char shown[16];
	size_t n = 0;
	size_t i = 0;

	(void)state;
	for (i = 0; i < 7; i++) {
		assert_string_equal(
		    text[i], vl_b64u(shown, (const uint8_t *)"foobar", i));
		assert_true(vl_unb64u(out, i, s(text[i])));
		assert_memory_equal("foobar", out, i);
		assert_false(vl_unb64u(out, i + 1, s(text[i])));
		assert_true(i == 0 || !vl_unb64u(out, i - 1, s(text[i])));
		assert_true(vl_unb64u_any(out, &n, s(text[i])));
		assert_int_equal(i, n);
	}
	assert_true(vl_unb64u(out, 3, s("-_-_")));
	expect_hex("fbffbf", out, 3);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(vl_unb64u_any(out, &n, s(bad[i])));
}

static void
reads_canonical_padded_base64(void **state)
{
	static const char *const text[] = { "", "Zg==", "Zm8=", "Zm9v",
		"Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	uint8_t out[16];
	char shown[16];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 7; i++) {
		assert_string_equal(
		    text[i], vl_b64(shown, (const uint8_t *)"foobar", i));
		assert_true(vl_unb64(out, i, s(text[i])));
		assert_memory_equal("foobar", out, i);
	}
	assert_true(vl_unb64(out, 3, s("+/+/")));
	assert_false(vl_unb64(out, 1, s("Zg")));
	assert_false(vl_unb64(out, 1, s("Zg=")));
	assert_false(vl_unb64(out, 1, s("Zh==")));
	assert_false(vl_unb64(out, 1, s("Zg==\n")));
	assert_false(vl_unb64(out, 1, s("Zg===")));
	assert_false(vl_unb64(out, 3, s("-_-_")));
	assert_false(vl_unb64(out, 2, s("Zm9v")));
}

/* Each byte in the place of the last of four characters. */
static void
reads_no_byte_that_is_not_of_the_alphabet(void **state)
{
	static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "abcdefghijklmnopqrstuvwxyz0123456789";
	uint8_t text[4] = { 'A', 'A', 'A', 0 };
	uint8_t out[4];
	int c = 0;

	(void)state;
	for (c = 1; c < 256; c++) {
		bool both = strchr(common, c) != NULL;

		text[3] = (uint8_t)c;
		assert_int_equal(both || c == '-' || c == '_',
		    vl_unb64u(out, 3, (struct vl_slice){ text, 4 }));
		assert_int_equal(both || c == '+' || c == '/',
		    vl_unb64(out, 3, (struct vl_slice){ text, 4 }));
	}
}

static void
writes_crockford_base32(void **state)
{
	uint8_t id[5];
	uint8_t hash[32];
	char text[VL_FINGERPRINT_SIZE];

	(void)state;
	unhex(id, 5, "24054fcb82");
	assert_string_equal("4g2mzjw2", vl_base32(text, id, 5));
	unhex(id, 5, "ffffffffff");
	assert_string_equal("zzzzzzzz", vl_base32(text, id, 5));
	/* BLAKE2b-256 of "abc"; by base64.b32encode of Python. */
	vl_hash_of(hash, NULL, s("abc"));
	assert_string_equal("qqer-2f33-88wq-4cbh-xwzy-x62q-kea9-ckhv",
	    vl_fingerprint(text, hash));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_lower_case_hex_of_the_exact_length),
		cmocka_unit_test(reads_canonical_base64url),
		cmocka_unit_test(reads_canonical_padded_base64),
		cmocka_unit_test(reads_no_byte_that_is_not_of_the_alphabet),
		cmocka_unit_test(writes_crockford_base32),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
