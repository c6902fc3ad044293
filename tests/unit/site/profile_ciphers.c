/* Ciphers that a profile declares: every word arrives in the struct, those of
 * formats/profiles keep the rules, and what breaks one is named with its
 * line. */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <valise/profile.h>

static enum vl_status
parse(struct vl_profile **out, const char *text, struct vl_err *err)
{
	return vl_profile_parse(out, "p.yaml", vl_slice_of(text), err);
}

static void
refused(const char *text, const char *message)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_EUSAGE, parse(&p, text, &err));
	assert_null(p);
	assert_string_equal(message, err.text);
}

static void
reads_every_word(void **state)
{
	static const char text[] =
	    "ciphers:\n"
	    "- name: one\n"
	    "  prefix: 'v1:'\n"
	    "  unprefixed: plain\n"
	    "  wrap: base64url\n"
	    "  join: '|'\n"
	    "  cipher: aes-256-ctr\n"
	    "  padded: true\n"
	    "  key:\n"
	    "    derive: pbkdf2-sha256\n"
	    "    rounds: 70000\n"
	    "    take: [iv, key, mac]\n"
	    "    latin1: true\n"
	    "  mac: {hash: hmac-sha256, over: before, "
	    "key_bytes: 20}\n"
	    "  parts:\n"
	    "  - {bytes: '01ff'}\n"
	    "  - {time: true}\n"
	    "  - {size: mac}\n"
	    "  - {salt: hex, length: 16}\n"
	    "  - {ciphertext: raw}\n"
	    "  - {mac: raw}\n"
	    "  after: [{literal: end}]\n"
	    "- {name: two, command: [/a, b], seconds: 7}\n"
	    "- name: three\n"
	    "  cipher: aes-256-gcm\n"
	    "  key: {derive: scrypt, salt: s, cost: 16, "
	    "block: 8, parallel: 2}\n"
	    "  parts: [{iv: hex, length: 24}, "
	    "{ciphertext: base64-lines}, {tag: "
	    "base64url-padded}]\n";
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	const struct vl_cipher *c = NULL;

	(void)state;
	if (parse(&p, text, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(3, p->nciphers);
	c = &p->ciphers[0].cipher;
	assert_string_equal("one", c->name);
	assert_string_equal("v1:", c->prefix);
	assert_true(c->unprefixed_plain && c->padded && c->latin1);
	assert_int_equal(VL_ENCODED_BASE64URL, c->wrap);
	assert_string_equal("|", c->join);
	assert_int_equal(VL_CIPHER_AES_256_CTR, c->cipher);
	assert_int_equal(VL_DERIVE_PBKDF2_SHA256, c->derive);
	assert_int_equal(70000, c->rounds);
	assert_int_equal(3, c->ntake);
	assert_int_equal(VL_PIECE_IV, c->take[0]);
	assert_int_equal(VL_PIECE_KEY, c->take[1]);
	assert_int_equal(VL_PIECE_MAC, c->take[2]);
	assert_int_equal(VL_MAC_HMAC_SHA256, c->mac);
	assert_int_equal(VL_MAC_OVER_BEFORE, c->mac_over);
	assert_int_equal(20, c->mac_key);
	assert_int_equal(6, c->nparts);
	assert_string_equal("01ff", c->parts[0].bytes);
	assert_true(c->parts[1].time);
	assert_int_equal(VL_PIECE_MAC, c->parts[2].size);
	assert_int_equal(VL_ENCODED_HEX, c->parts[3].salt);
	assert_int_equal(16, c->parts[3].length);
	assert_int_equal(VL_ENCODED_RAW, c->parts[4].ciphertext);
	assert_int_equal(VL_ENCODED_RAW, c->parts[5].mac);
	assert_string_equal("end", c->after[0].literal);
	c = &p->ciphers[1].cipher;
	assert_string_equal("/a", c->command[0]);
	assert_string_equal("b", c->command[1]);
	assert_null(c->command[2]);
	assert_int_equal(7, c->seconds);
	c = &p->ciphers[2].cipher;
	assert_string_equal("s", c->salt);
	assert_int_equal(16, c->cost);
	assert_int_equal(8, c->block);
	assert_int_equal(2, c->parallel);
	assert_int_equal(VL_ENCODED_HEX, c->parts[0].iv);
	assert_int_equal(VL_ENCODED_BASE64_LINES, c->parts[1].ciphertext);
	assert_int_equal(VL_ENCODED_BASE64URL_PADDED, c->parts[2].tag);
	vl_profile_free(p);
}

static void
names_what_breaks_a_rule_with_its_line(void **state)
{
	(void)state;
	refused("ciphers:\n- {name: mine}\n",
	    "p.yaml:2:3: cipher 'mine': it has neither 'cipher' nor 'command'");
	refused("ciphers:\n- {name: n8n, command: [/a]}\n",
	    "p.yaml:2:3: a cipher of this name is there without being "
	    "declared");
	refused("ciphers:\n- {name: a, command: [/a]}\n"
	        "- {name: a, command: [/b]}\n",
	    "p.yaml:3:3: this cipher stands here twice");
	refused("ciphers: [{command: [/a]}]\n",
	    "p.yaml:1:11: this cipher has no 'name'");
	refused("ciphers: [{name: a, cipher: aes-256-cbc, key: {}}]\n",
	    "p.yaml:1:47: 'key' has no 'derive'");
	refused("ciphers: [{name: a, cipher: plain, seconds: 0}]\n",
	    "p.yaml:1:45: 'seconds' takes a number from 1 on");
	refused("ciphers: [{name: a, cipher: plain, seconds: 1234567890}]\n",
	    "p.yaml:1:45: 'seconds' takes a number from 1 on");
	refused("ciphers: [{name: a, cipher: plain, seconds: 1x}]\n",
	    "p.yaml:1:45: 'seconds' takes a number from 1 on");
	refused("ciphers: [{name: a, parts: [{iv: base32}]}]\n",
	    "p.yaml:1:34: 'base32' is not one of raw, hex, hex-lines, base64, "
	    "base64-lines, base64url, base64url-padded; did you mean "
	    "'base64'?");
	refused("ciphers: [{name: a, padding: true}]\n",
	    "p.yaml:1:21: unknown word 'padding'; did you mean 'padded'?");
}

static void
those_that_are_shipped_keep_the_rules(void **state)
{
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };
	glob_t found;
	size_t ciphers = 0;
	size_t i = 0;

	(void)state;
	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/profiles/*.yaml", 0, NULL, &found));
	for (i = 0; i < found.gl_pathc; i++) {
		if (vl_profile_load(&p, found.gl_pathv[i], &err) != VL_OK)
			fail_msg("%s", err.text);
		ciphers += p->nciphers;
		vl_profile_free(p);
	}
	globfree(&found);
	assert_true(ciphers >= 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_word),
		cmocka_unit_test(names_what_breaks_a_rule_with_its_line),
		cmocka_unit_test(those_that_are_shipped_keep_the_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
