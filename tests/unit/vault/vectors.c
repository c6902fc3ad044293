/*
 * formats/vectors/cipher: values of foreign programs open or fail as they say;
 * and what we seal opens again, is another value each time, and is refused
 * once it is cut or altered.
 */

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/encode.h>
#include <valise/secret.h>
#include <valise/vault.h>

#include "names.h"

struct vector {
	char cipher[32];
	char expect[16];
	struct vl_buf key;
	struct vl_buf plain;
	struct vl_buf value;
	bool clear;
};

static struct vl_buf *
member_of(struct vector *v, const char *word)
{
	if (strncmp(word, "key", 3) == 0)
		return &v->key;
	return strncmp(word, "plain", 5) == 0 ? &v->plain : &v->value;
}

static void
add(struct vl_buf *buf, const char *word, const char *text)
{
	const size_t n = strlen(text);
	const size_t end = strlen(word);

	if (end >= 3 && strcmp(word + end - 3, "hex") == 0) {
		assert_int_equal(VL_OK, vl_buf_reserve(buf, n / 2 + 1, NULL));
		assert_true(
		    vl_unhex(buf->p + buf->n, n / 2, vl_slice_of(text)));
		buf->n += n / 2;
		return;
	}
	assert_int_equal(VL_OK, vl_buf_add_text(buf, text, NULL));
	if (end >= 4 && strcmp(word + end - 4, "line") == 0)
		assert_int_equal(VL_OK, vl_buf_add_text(buf, "\n", NULL));
}

static void
take(struct vector *v, char *line)
{
	static const char *const known[] = { "key", "keyhex", "keyline",
		"plain", "plainhex", "plainline", "value", "valuehex",
		"valueline" };
	char *text = strstr(line, ": ");
	size_t i = 0;

	assert_non_null(text);
	*text = '\0';
	text += 2;
	if (strcmp(line, "comment") == 0)
		return;
	if (strcmp(line, "cipher") == 0) {
		(void)snprintf(v->cipher, sizeof(v->cipher), "%s", text);
	} else if (strcmp(line, "expect") == 0) {
		(void)snprintf(v->expect, sizeof(v->expect), "%s", text);
	} else if (strcmp(line, "clear") == 0) {
		v->clear = true;
	} else {
		while (i < sizeof(known) / sizeof(known[0]) &&
		    strcmp(known[i], line) != 0)
			i++;
		assert_true(i < sizeof(known) / sizeof(known[0]));
		add(member_of(v, line), line, text);
	}
}

static void
load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = 0;

	assert_non_null(f);
	while ((n = getline(&line, &cap, f)) > 0) {
		assert_int_equal('\n', line[n - 1]);
		line[n - 1] = '\0';
		take(v, line);
	}
	free(line);
	(void)fclose(f);
}

static const char *
outcome(enum vl_status st)
{
	switch (st) {
	case VL_OK:
		return "ok";
	case VL_EFORMAT:
		return "format";
	case VL_EAUTH:
		return "auth";
	case VL_EUSAGE:
		return "usage";
	case VL_ELIMIT:
		return "limit";
	default:
		return "other";
	}
}

/* From memory that ends where the bytes end: an overread dies. */
static struct vl_slice
tight(struct vl_slice in)
{
	uint8_t *copy = malloc(in.n > 0 ? in.n : 1);

	assert_non_null(copy);
	if (in.n > 0)
		memcpy(copy, in.p, in.n);
	return (struct vl_slice){ copy, in.n };
}

static enum vl_status
open_once(const char *cipher, struct vl_slice key, struct vl_slice value,
    struct vl_locked *out, struct vl_err *err)
{
	const struct vl_cipher *c = vl_cipher_named(cipher);
	const struct vl_slice k = tight(key);
	const struct vl_slice v = tight(value);
	struct vl_vault *vault = NULL;
	enum vl_status st = VL_OK;
	bool clear = false;

	assert_non_null(c);
	st = vl_vault_new(&vault, c, k, err);
	if (st == VL_OK)
		st = vl_vault_open(vault, out, &clear, v, err);
	vl_vault_free(vault);
	free((uint8_t *)(uintptr_t)k.p);
	free((uint8_t *)(uintptr_t)v.p);
	return st;
}

static void
holds(const char *path)
{
	struct vector v = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	print_message("%s\n", path);
	load(&v, path);
	st = open_once(
	    v.cipher, vl_buf_slice(&v.key), vl_buf_slice(&v.value), &out, &err);
	if (st != VL_OK)
		print_message("  %s\n", err.text);
	assert_string_equal(v.expect, outcome(st));
	if (st == VL_OK) {
		assert_int_equal(v.plain.n, out.n);
		assert_memory_equal(v.plain.p, out.p, out.n);
	} else {
		assert_int_equal(0, out.n);
	}
	vl_locked_free(&out);
	vl_buf_free(&v.key);
	vl_buf_free(&v.plain);
	vl_buf_free(&v.value);
}

static void
values_of_foreign_programs_open_or_fail_as_they_say(void **state)
{
	glob_t found;
	size_t i = 0;

	(void)state;
	assert_int_equal(
	    0, glob(SOURCE_DIR "/formats/vectors/cipher/*", 0, NULL, &found));
	assert_true(found.gl_pathc >= 30);
	for (i = 0; i < found.gl_pathc; i++)
		holds(found.gl_pathv[i]);
	globfree(&found);
}

static struct vl_vault *
vault_of(size_t i)
{
	struct vl_vault *v = NULL;
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_vault_new(&v, vl_cipher_named(names[i].name),
	        vl_slice_of(names[i].key), &err));
	return v;
}

static void
what_is_sealed_opens_again(void **state)
{
	uint8_t bytes[200];
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	bool clear = true;
	size_t i = 0;
	size_t n = 0;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	for (i = 0; i < NAMES; i++) {
		v = vault_of(i);
		/* A derivation each, where the salt is new. */
		for (n = 0; n < sizeof(bytes); n +=
		     strcmp(names[i].name, "ansible-vault") == 0 ? 37 : 1) {
			assert_int_equal(VL_OK,
			    vl_vault_seal(v, &sealed,
			        (struct vl_slice){ bytes, n }, &err));
			assert_int_equal(VL_OK,
			    vl_vault_open(v, &out, &clear,
			        (struct vl_slice){ sealed.p, sealed.n }, &err));
			assert_false(clear);
			assert_int_equal(n, out.n);
			assert_true(n == 0 || memcmp(bytes, out.p, n) == 0);
		}
		vl_vault_free(v);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

/* Of those whose form says something: nothing but the three that share one
 * fits another. */
static void
a_value_has_the_form_of_its_own_cipher(void **state)
{
	struct vl_locked sealed = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	bool own = false;
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 0; i < NAMES; i++) {
		v = vault_of(i);
		assert_int_equal(VL_OK,
		    vl_vault_seal(v, &sealed, vl_slice_of("a secret"), &err));
		for (k = 0; k < NAMES; k++) {
			/* The three of octopus share one. */
			own = i > 2 && (i == k || (i < 6 && k > 2 && k < 6));
			assert_int_equal(own,
			    vl_cipher_fits(vl_cipher_named(names[k].name),
			        vl_locked_slice(&sealed)));
		}
		if (i > 2)
			sealed.n -= 2;
		if (i > 2)
			assert_false(
			    vl_cipher_fits(vl_cipher_named(names[i].name),
			        vl_locked_slice(&sealed)));
		vl_vault_free(v);
	}
	assert_false(vl_cipher_fits(
	    vl_cipher_named("n8n"), (struct vl_slice){ NULL, 0 }));
	vl_locked_free(&sealed);
}

static void
no_two_values_of_one_plaintext_are_the_same(void **state)
{
	const struct vl_slice text = vl_slice_of("one and the same secret");
	struct vl_locked one = { 0 };
	struct vl_locked two = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	size_t i = 0;

	(void)state;
	for (i = 1; i < NAMES; i++) {
		v = vault_of(i);
		assert_int_equal(VL_OK, vl_vault_seal(v, &one, text, &err));
		assert_int_equal(VL_OK, vl_vault_seal(v, &two, text, &err));
		assert_int_equal(one.n, two.n);
		assert_memory_not_equal(one.p, two.p, one.n);
		vl_vault_free(v);
	}
	vl_locked_free(&one);
	vl_locked_free(&two);
}

static void
rejects_every_truncation(void **state)
{
	const struct vl_slice text =
	    vl_slice_of("thirty-two bytes of plain text..");
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	struct vl_slice cut = { 0 };
	enum vl_status st = VL_OK;
	bool clear = false;
	size_t i = 0;
	size_t n = 0;

	(void)state;
	for (i = 1; i < NAMES; i++) {
		v = vault_of(i);
		assert_int_equal(VL_OK, vl_vault_seal(v, &sealed, text, &err));
		for (n = 0; n < sealed.n; n++) {
			cut = tight((struct vl_slice){ sealed.p, n });
			st = vl_vault_open(v, &out, &clear, cut, &err);
			/* All but the last line feed is all; without a MAC a
			 * shorter text may still be one. */
			if (sealed.p[n] == '\n' && n + 1 == sealed.n)
				assert_int_equal(VL_OK, st);
			else if (names[i].checked)
				assert_int_not_equal(VL_OK, st);
			else
				assert_false(st == VL_OK && out.n >= text.n);
			free((uint8_t *)(uintptr_t)cut.p);
		}
		vl_vault_free(v);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

static void
rejects_every_altered_byte_where_there_is_a_mac(void **state)
{
	const struct vl_slice text = vl_slice_of("a secret");
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	enum vl_status st = VL_OK;
	bool clear = false;
	size_t i = 0;
	size_t n = 0;
	uint8_t bit = 0;

	(void)state;
	for (i = 0; i < NAMES; i++) {
		if (!names[i].checked)
			continue;
		v = vault_of(i);
		assert_int_equal(VL_OK, vl_vault_seal(v, &sealed, text, &err));
		for (n = 0; n < sealed.n; n++) {
			bit = (uint8_t)(1u << n % 8);
			sealed.p[n] ^= bit;
			st = vl_vault_open(v, &out, &clear,
			    (struct vl_slice){ sealed.p, sealed.n }, &err);
			sealed.p[n] ^= bit;
			assert_int_not_equal(VL_OK, st);
			assert_int_equal(0, out.n);
		}
		vl_vault_free(v);
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

/* With a MAC: no.  Without: what comes out is not what went in. */
static void
another_master_key_opens_nothing(void **state)
{
	static const char *const others[] = { "",
		"AQECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
		"AQECAwQFBgcICQoLDA0ODw==", "another one" };
	const struct vl_slice text = vl_slice_of("{\"password\":\"a secret\"}");
	struct vl_locked sealed = { 0 };
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 1; i < NAMES; i++) {
		v = vault_of(i);
		assert_int_equal(VL_OK, vl_vault_seal(v, &sealed, text, &err));
		vl_vault_free(v);
		for (k = 0; k < 4; k++) {
			st = open_once(names[i].name, vl_slice_of(others[k]),
			    (struct vl_slice){ sealed.p, sealed.n }, &out,
			    &err);
			assert_false(st == VL_OK &&
			    (names[i].checked ||
			        vl_plain_fits(VL_PLAIN_JSON,
			            (struct vl_slice){ out.p, out.n })));
			assert_null(strstr(err.text, "another one"));
			assert_null(strstr(err.text, "AQECAw"));
		}
	}
	vl_locked_free(&sealed);
	vl_locked_free(&out);
}

static void
what_is_too_long_is_refused_before_anything(void **state)
{
	uint8_t *bytes = calloc(1, VL_VAULT_VALUE_MAX + 1);
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	struct vl_vault *v = vault_of(2);
	bool clear = false;

	(void)state;
	assert_non_null(bytes);
	assert_int_equal(VL_ELIMIT,
	    vl_vault_open(v, &out, &clear,
	        (struct vl_slice){ bytes, VL_VAULT_VALUE_MAX + 1 }, &err));
	assert_int_equal(VL_ELIMIT,
	    vl_vault_seal(v, &out,
	        (struct vl_slice){ bytes, VL_VAULT_VALUE_MAX + 1 }, &err));
	/* It would be longer than what is opened. */
	assert_int_equal(VL_ELIMIT,
	    vl_vault_seal(
	        v, &out, (struct vl_slice){ bytes, VL_VAULT_VALUE_MAX }, &err));
	assert_int_equal(0, out.n);
	vl_vault_free(v);
	vl_locked_free(&out);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    values_of_foreign_programs_open_or_fail_as_they_say),
		cmocka_unit_test(what_is_sealed_opens_again),
		cmocka_unit_test(a_value_has_the_form_of_its_own_cipher),
		cmocka_unit_test(no_two_values_of_one_plaintext_are_the_same),
		cmocka_unit_test(rejects_every_truncation),
		cmocka_unit_test(
		    rejects_every_altered_byte_where_there_is_a_mac),
		cmocka_unit_test(another_master_key_opens_nothing),
		cmocka_unit_test(what_is_too_long_is_refused_before_anything),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
