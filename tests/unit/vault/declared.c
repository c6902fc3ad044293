/*
 * Ciphers that are declared: each layout reads and writes values of the
 * program it stands for, and a declaration against the rules is refused.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/secret.h>
#include <valise/vault.h>

#define PARTS(list) .parts = (list), .nparts = sizeof(list) / sizeof((list)[0])
#define AFTER(list) .after = (list), .nafter = sizeof(list) / sizeof((list)[0])
#define TAKE(list)  .take = (list), .ntake = sizeof(list) / sizeof((list)[0])

static const struct vl_cipher_part iv_then_ciphertext[] = {
	{ .iv = VL_ENCODED_HEX, .length = 32 },
	{ .ciphertext = VL_ENCODED_BASE64 },
};

static const struct vl_cipher node_red = { .name = "node-red",
	PARTS(iv_then_ciphertext),
	.cipher = VL_CIPHER_AES_256_CTR,
	.derive = VL_DERIVE_SHA256 };

static const struct vl_cipher_part three[] = {
	{ .ciphertext = VL_ENCODED_BASE64 },
	{ .iv = VL_ENCODED_BASE64 },
	{ .tag = VL_ENCODED_BASE64 },
};
static const struct vl_cipher_part two[] = {
	{ .ciphertext = VL_ENCODED_BASE64 },
	{ .iv = VL_ENCODED_BASE64 },
};
static const struct vl_cipher_part signature[] = {
	{ .literal = "--" },
	{ .mac = VL_ENCODED_HEX },
};
static const struct vl_cipher_part brace[] = { { .literal = "}" } };
static const struct vl_cipher_part jenkins_parts[] = {
	{ .bytes = "01" },
	{ .size = VL_PIECE_IV },
	{ .size = VL_PIECE_CIPHERTEXT },
	{ .iv = VL_ENCODED_RAW },
	{ .ciphertext = VL_ENCODED_RAW },
};

static const struct vl_cipher rails_gcm = { .name = "rails",
	.join = "--",
	PARTS(three),
	.cipher = VL_CIPHER_AES_256_GCM,
	.derive = VL_DERIVE_PBKDF2_SHA1,
	.salt = "a salt",
	.rounds = 3 };

static const struct vl_cipher rails_cbc = { .name = "rails-cbc",
	.wrap = VL_ENCODED_BASE64,
	.join = "--",
	PARTS(two),
	AFTER(signature),
	.cipher = VL_CIPHER_AES_256_CBC,
	.derive = VL_DERIVE_RAW,
	.mac = VL_MAC_HMAC_SHA1,
	.mac_over = VL_MAC_OVER_WRAPPED };

static const struct vl_cipher jenkins = { .name = "jenkins",
	.prefix = "{",
	.wrap = VL_ENCODED_BASE64,
	PARTS(jenkins_parts),
	AFTER(brace),
	.cipher = VL_CIPHER_AES_128_CBC,
	.derive = VL_DERIVE_HEX,
	.unprefixed_plain = true };

static const struct vl_cipher_part chacha_parts[] = {
	{ .salt = VL_ENCODED_HEX, .length = 32 },
	{ .iv = VL_ENCODED_BASE64URL },
	{ .ciphertext = VL_ENCODED_BASE64_LINES },
	{ .tag = VL_ENCODED_BASE64URL_PADDED },
	{ .time = true },
};
static const struct vl_cipher chacha = { .name = "chacha",
	PARTS(chacha_parts),
	.cipher = VL_CIPHER_CHACHA20_POLY1305,
	.derive = VL_DERIVE_SCRYPT,
	.cost = 16,
	.block = 2,
	.parallel = 1 };

/* A key of 32 bytes, and of 16 in hex, at once. */
#define KEY_32 "0123456789abcdef0123456789abcdef"

static const struct vl_cipher_part told_parts[] = {
	{ .size = VL_PIECE_MAC },
	{ .size = VL_PIECE_SALT },
	{ .mac = VL_ENCODED_RAW },
	{ .salt = VL_ENCODED_BASE64, .length = 16 },
	{ .ciphertext = VL_ENCODED_RAW },
};
static const enum vl_piece iv_mac_key[] = { VL_PIECE_IV, VL_PIECE_MAC,
	VL_PIECE_KEY };
static const struct vl_cipher told = { .name = "told",
	PARTS(told_parts),
	.cipher = VL_CIPHER_AES_256_CTR,
	.derive = VL_DERIVE_PBKDF2_SHA256,
	.rounds = 2,
	TAKE(iv_mac_key),
	.mac = VL_MAC_HMAC_SHA256,
	.mac_key = 64 };

static const struct vl_cipher_part with_tag[] = {
	{ .ciphertext = VL_ENCODED_BASE64_LINES, .tagged = true },
	{ .iv = VL_ENCODED_BASE64_LINES },
};
static const struct vl_cipher gitlab = { .name = "gitlab",
	.join = "|",
	PARTS(with_tag),
	.cipher = VL_CIPHER_AES_256_GCM,
	.derive = VL_DERIVE_TEXT_32 };

static const struct vl_cipher *const all[] = { &node_red, &rails_gcm,
	&rails_cbc, &jenkins, &chacha, &told, &gitlab };

static struct vl_vault *
vault_of(const struct vl_cipher *c)
{
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	if (vl_vault_new(&v, c, vl_slice_of(KEY_32), &err) != VL_OK)
		print_message("%s\n", err.text);
	assert_non_null(v);
	return v;
}

static void
what_is_sealed_opens_again_and_no_other_byte_does(void **state)
{
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	char text[300];
	bool clear = false;
	size_t i = 0;
	size_t n = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		v = vault_of(all[i]);
		for (n = 0; n < sizeof(text); n++) {
			assert_int_equal(VL_OK,
			    vl_vault_seal(v, &sealed,
			        (struct vl_slice){ (uint8_t *)text, n }, &err));
			assert_int_equal(VL_OK,
			    vl_vault_open(v, &out, &clear,
			        (struct vl_slice){ sealed.p, sealed.n }, &err));
			assert_false(clear);
			assert_int_equal(n, out.n);
			assert_true(n == 0 || memcmp(text, out.p, n) == 0);
			/* One byte more, for which there is room. */
			sealed.p[sealed.n] = 'A';
			assert_int_not_equal(VL_OK,
			    vl_vault_open(v, &out, &clear,
			        (struct vl_slice){ sealed.p, sealed.n + 1 },
			        &err));
		}
		vl_vault_free(v);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

static void
opens(const struct vl_cipher *c, const char *key, const char *value,
    const char *plain)
{
	struct vl_vault *v = NULL;
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	bool clear = true;

	assert_int_equal(VL_OK, vl_vault_new(&v, c, vl_slice_of(key), &err));
	if (vl_vault_open(v, &out, &clear, vl_slice_of(value), &err) != VL_OK)
		print_message("%s\n", err.text);
	assert_int_equal(strlen(plain), out.n);
	assert_memory_equal(plain, out.p, out.n);
	vl_locked_free(&out);
	vl_vault_free(v);
}

static void
a_value_without_the_prefix_is_its_own_plaintext_where_that_is_said(void **state)
{
	struct vl_vault *v = vault_of(&jenkins);
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	bool clear = false;

	(void)state;
	assert_int_equal(VL_OK,
	    vl_vault_open(v, &out, &clear, vl_slice_of("in clear"), &err));
	assert_true(clear);
	assert_int_equal(8, out.n);
	assert_int_equal(VL_EFORMAT,
	    vl_vault_open(v, &out, &clear, vl_slice_of("{abc}"), &err));
	assert_false(clear);
	vl_locked_free(&out);
	vl_vault_free(v);
}

static void
a_size_that_is_not_that_of_its_part_is_refused(void **state)
{
	static const uint8_t head[] = { 1, 0, 0, 0, 16, 0, 0, 0, 17 };
	struct vl_cipher c = jenkins;
	struct vl_vault *v = NULL;
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	uint8_t value[1 + 9 + 32 + 1] = { '{' };
	bool clear = false;

	(void)state;
	c.wrap = VL_ENCODED_NOT;
	v = vault_of(&c);
	memcpy(value + 1, head, sizeof(head));
	value[sizeof(value) - 1] = '}';
	assert_int_equal(VL_EFORMAT,
	    vl_vault_open(v, &out, &clear,
	        (struct vl_slice){ value, sizeof(value) }, &err));
	/* With the right size it is one, which does not open. */
	value[9] = 16;
	assert_int_equal(VL_EAUTH,
	    vl_vault_open(v, &out, &clear,
	        (struct vl_slice){ value, sizeof(value) }, &err));
	vl_locked_free(&out);
	vl_vault_free(v);
}

/* GitLab: what is longer than 32 bytes is cut between characters, and what is
 * shorter is filled with the digit 0. */
static void
a_key_of_text_is_cut_or_filled_to_32_bytes(void **state)
{
	static const struct vl_cipher_part parts[] = {
		{ .iv = VL_ENCODED_RAW },
		{ .ciphertext = VL_ENCODED_RAW },
		{ .tag = VL_ENCODED_RAW },
	};
	const struct vl_cipher text = { .name = "text",
		.wrap = VL_ENCODED_HEX,
		PARTS(parts),
		.cipher = VL_CIPHER_AES_256_GCM,
		.derive = VL_DERIVE_TEXT_32 };
	struct vl_cipher raw = text;
	struct vl_vault *v = NULL;
	struct vl_locked sealed = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;
	static const char *const pairs[][2] = {
		{ "short", "short000000000000000000000000000" },
		{ "0123456789abcdef0123456789abcde\xc3\xa4 and more",
		    "0123456789abcdef0123456789abcde0" },
		{ "0123456789abcdef0123456789abcdefghi",
		    "0123456789abcdef0123456789abcdef" },
	};

	(void)state;
	raw.derive = VL_DERIVE_RAW;
	for (i = 0; i < 3; i++) {
		assert_int_equal(VL_OK,
		    vl_vault_new(&v, &text, vl_slice_of(pairs[i][0]), &err));
		assert_int_equal(VL_OK,
		    vl_vault_seal(v, &sealed, vl_slice_of("secret"), &err));
		vl_vault_free(v);
		sealed.p[sealed.n] = '\0';
		opens(&raw, pairs[i][1], (const char *)sealed.p, "secret");
	}
	vl_locked_free(&sealed);
}

/* A declaration that is right but for what `spoil` does to it. */
static void
refuses(void (*spoil)(struct vl_cipher *c), const char *why)
{
	struct vl_cipher c = rails_gcm;
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	spoil(&c);
	assert_int_equal(VL_EUSAGE, vl_cipher_check(&c, &err));
	if (strstr(err.text, why) == NULL)
		print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, why));
	assert_non_null(strstr(err.text, "'rails'"));
	assert_int_equal(
	    VL_EUSAGE, vl_vault_new(&v, &c, vl_slice_of(KEY_32), &err));
	assert_null(v);
}

#define SPOIL(name, ...)                                                       \
	static void name(struct vl_cipher *c)                                  \
	{                                                                      \
		__VA_ARGS__;                                                   \
	}

static char *const command[] = { NULL };
static const struct vl_cipher_part nothing[] = { { .length = 0 },
	{ .iv = VL_ENCODED_RAW }, { .ciphertext = VL_ENCODED_RAW } };
static const struct vl_cipher_part both[] = { { .iv = VL_ENCODED_RAW,
	                                          .literal = "a" },
	{ .ciphertext = VL_ENCODED_RAW } };
static const struct vl_cipher_part odd_hex[] = { { .bytes = "012" } };
static const struct vl_cipher_part long_iv[] = { { .iv = VL_ENCODED_HEX,
	                                             .length = 16 },
	{ .ciphertext = VL_ENCODED_RAW }, { .tag = VL_ENCODED_RAW } };
static const struct vl_cipher_part salted[] = { { .salt = VL_ENCODED_HEX },
	{ .iv = VL_ENCODED_HEX }, { .ciphertext = VL_ENCODED_RAW },
	{ .tag = VL_ENCODED_RAW } };
static const struct vl_cipher_part odd_salt[] = {
	{ .salt = VL_ENCODED_HEX, .length = 15 }, { .iv = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_RAW }, { .tag = VL_ENCODED_RAW }
};
static const struct vl_cipher_part untagged[] = { { .iv = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_RAW } };
static const struct vl_cipher_part no_iv[] = { { .tag = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_RAW } };
static const struct vl_cipher_part ends[] = { { .ciphertext =
	                                            VL_ENCODED_RAW } };
static const struct vl_cipher_part sized[] = { { .iv = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_RAW }, { .tag = VL_ENCODED_RAW },
	{ .size = VL_PIECE_SALT } };
static const enum vl_piece only_iv[] = { VL_PIECE_IV };
static const enum vl_piece with_mac[] = { VL_PIECE_KEY, VL_PIECE_MAC };
static const enum vl_piece with_iv[] = { VL_PIECE_KEY, VL_PIECE_IV };

#define SET_PARTS(list)                                                        \
	c->parts = (list), c->nparts = sizeof(list) / sizeof((list)[0])

SPOIL(no_cipher, c->cipher = VL_CIPHER_UNSAID)
SPOIL(empty_command, *c = (struct vl_cipher){ .name = "rails" };
      c->command = command)
SPOIL(command_and_more, c->command = command)
SPOIL(plain_and_more, c->cipher = VL_CIPHER_PLAIN)
SPOIL(clear_without_prefix, c->unprefixed_plain = true)
SPOIL(padded_blocks, c->padded = true; c->cipher = VL_CIPHER_AES_256_CBC)
SPOIL(no_derive, c->derive = VL_DERIVE_UNSAID)
SPOIL(no_rounds, c->rounds = 0)
SPOIL(many_rounds, c->rounds = 10000001)
SPOIL(scrypt_words, c->cost = 16)
SPOIL(scrypt_odd, c->derive = VL_DERIVE_SCRYPT; c->rounds = 0; c->cost = 15;
      c->block = 8; c->parallel = 1)
SPOIL(scrypt_large, c->derive = VL_DERIVE_SCRYPT; c->rounds = 0;
      c->cost = 1 << 20; c->block = 32; c->parallel = 1)
SPOIL(no_parts, c->nparts = 0)
SPOIL(a_part_of_nothing, SET_PARTS(nothing))
SPOIL(a_part_of_two, SET_PARTS(both))
SPOIL(bytes_of_no_hex, SET_PARTS(odd_hex))
static const struct vl_cipher_part no_hex[] = { { .bytes = "" } };
SPOIL(bytes_of_nothing, SET_PARTS(no_hex))
SPOIL(iv_of_other_length, SET_PARTS(long_iv))
SPOIL(salt_without_length, c->salt = NULL; SET_PARTS(salted))
SPOIL(salt_that_nothing_fills, c->salt = NULL; SET_PARTS(odd_salt))
SPOIL(salt_twice, c->salt = NULL)
SPOIL(salt_for_nothing, c->derive = VL_DERIVE_RAW; c->rounds = 0;
      SET_PARTS(untagged))
static const struct vl_cipher_part tagged_iv[] = { { .iv = VL_ENCODED_HEX,
	                                               .tagged = true },
	{ .ciphertext = VL_ENCODED_HEX }, { .tag = VL_ENCODED_HEX } };
static const struct vl_cipher_part two_tags[] = { { .iv = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_HEX, .tagged = true },
	{ .tag = VL_ENCODED_HEX } };
static const struct vl_cipher_part tag_and_mac[] = { { .iv = VL_ENCODED_HEX },
	{ .ciphertext = VL_ENCODED_HEX, .tagged = true },
	{ .mac = VL_ENCODED_HEX } };
SPOIL(tagged_other, SET_PARTS(tagged_iv))
SPOIL(tag_twice, SET_PARTS(two_tags))
SPOIL(tag_with_mac, SET_PARTS(tag_and_mac); c->mac = VL_MAC_HMAC_SHA1)
SPOIL(tag_missing, SET_PARTS(untagged))
SPOIL(iv_missing, SET_PARTS(no_iv))
SPOIL(ciphertext_behind, c->after = ends; c->nafter = 1)
SPOIL(ciphertext_missing, c->parts = three + 1; c->nparts = 2)
SPOIL(size_of_nothing, SET_PARTS(sized))
SPOIL(mac_without_part, c->mac = VL_MAC_HMAC_SHA1)
SPOIL(mac_without_word, c->after = signature; c->nafter = 2)
SPOIL(take_without_key, c->take = only_iv; c->ntake = 1; SET_PARTS(no_iv))
SPOIL(take_a_mac_key, c->take = with_mac; c->ntake = 2)
SPOIL(take_a_fixed_iv, c->take = with_iv; c->ntake = 2; SET_PARTS(no_iv))
SPOIL(mac_key_alone, c->mac_key = 16)
SPOIL(mac_over_nothing, c->mac_over = VL_MAC_OVER_WRAPPED)
SPOIL(sha_too_short, c->derive = VL_DERIVE_SHA256; c->salt = NULL;
      c->rounds = 0; c->take = with_mac; c->ntake = 2; c->mac_key = 16)

static void
a_declaration_against_the_rules_is_refused(void **state)
{
	(void)state;
	refuses(no_cipher, "neither 'cipher' nor 'command'");
	refuses(empty_command, "stands alone");
	refuses(command_and_more, "stands alone");
	refuses(plain_and_more, "takes no other word");
	refuses(clear_without_prefix, "nothing tells a value in clear");
	refuses(padded_blocks, "padded anyway");
	refuses(no_derive, "'derive' is missing");
	refuses(no_rounds, "'rounds'");
	refuses(many_rounds, "'rounds'");
	refuses(scrypt_words, "belong to scrypt");
	refuses(scrypt_odd, "power of 2");
	refuses(scrypt_large, "256 MiB");
	refuses(no_parts, "1 to 16 parts");
	refuses(a_part_of_nothing, "a part is one thing");
	refuses(a_part_of_two, "a part is one thing");
	refuses(bytes_of_no_hex, "takes hex");
	refuses(bytes_of_nothing, "takes hex");
	refuses(iv_of_other_length, "has 24 characters");
	refuses(salt_without_length, "needs a 'length'");
	refuses(salt_that_nothing_fills, "no salt fills");
	refuses(salt_twice, "a part, or a word");
	refuses(salt_for_nothing, "tag");
	refuses(tagged_other, "about the ciphertext");
	refuses(tag_twice, "there twice");
	refuses(tag_with_mac, "takes no MAC");
	refuses(tag_missing, "the tag is missing");
	refuses(iv_missing, "the IV is a part");
	refuses(ciphertext_behind, "stands in 'parts'");
	refuses(ciphertext_missing, "one part is the ciphertext");
	refuses(size_of_nothing, "names no part");
	refuses(mac_without_part, "a MAC is a part");
	refuses(mac_without_word, "a MAC is a part");
	refuses(take_without_key, "has the key");
	refuses(take_a_mac_key, "'key_bytes'");
	refuses(take_a_fixed_iv, "needs a salt in each value");
	refuses(mac_key_alone, "'key_bytes'");
	refuses(mac_over_nothing, "stands in 'after'");
	refuses(sha_too_short, "gives 32 bytes");
}

static void
every_name_keeps_the_rules(void **state)
{
	static const char *const named[] = { "plain", "secretbox",
		"aes-256-gcm", "octopus-aes128", "octopus-aes256",
		"octopus-export", "n8n", "ansible-vault", "fernet" };
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		assert_non_null(vl_cipher_named(named[i]));
		assert_int_equal(
		    VL_OK, vl_cipher_check(vl_cipher_named(named[i]), &err));
	}
	assert_null(vl_cipher_named("none"));
	assert_null(vl_cipher_named(""));
}

/* By a tag or a MAC; a padding that is right is no proof. */
static void
some_prove_the_key_that_opens_their_values(void **state)
{
	static const char *const those[] = { "secretbox", "aes-256-gcm",
		"ansible-vault", "fernet" };
	static const char *const others[] = { "plain", "octopus-aes128",
		"octopus-export", "n8n" };
	size_t i = 0;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(vl_cipher_proves(vl_cipher_named(those[i])));
		assert_false(vl_cipher_proves(vl_cipher_named(others[i])));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    what_is_sealed_opens_again_and_no_other_byte_does),
		cmocka_unit_test(
		    a_value_without_the_prefix_is_its_own_plaintext_where_that_is_said),
		cmocka_unit_test(
		    a_size_that_is_not_that_of_its_part_is_refused),
		cmocka_unit_test(a_key_of_text_is_cut_or_filled_to_32_bytes),
		cmocka_unit_test(a_declaration_against_the_rules_is_refused),
		cmocka_unit_test(every_name_keeps_the_rules),
		cmocka_unit_test(some_prove_the_key_that_opens_their_values),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
