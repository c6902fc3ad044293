/*
 * Stanzas: what we wrap opens again, and formats/vectors/keys-unlock, made
 * by another implementation, opens or fails as it says.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include <valise/encode.h>
#include <valise/keys.h>
#include <valise/secret.h>

#define VECTORS    SOURCE_DIR "/formats/vectors/keys-unlock/*"
#define VALUE_SIZE 8192

static const char *const members[] = { "comment", "expect", "head", "keys",
	"password", "identity", "role", "bk", "sk", "tk" };

enum {
	COMMENT,
	EXPECT,
	HEAD,
	KEYS,
	PASSWORD,
	IDENTITY,
	ROLE,
	BK,
	SK,
	TK,
	MEMBERS
};

/* Member by member; an empty one is absent. */
struct vector {
	char value[MEMBERS][VALUE_SIZE];
};

static void
vector_load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[VALUE_SIZE];
	size_t i;
	size_t n;

	assert_non_null(f);
	memset(v, 0, sizeof(*v));
	while (fgets(line, sizeof(line), f) != NULL) {
		for (i = 0; i < MEMBERS; i++) {
			n = strlen(members[i]);
			if (strncmp(line, members[i], n) == 0 && line[n] == ':')
				break;
		}
		assert_true(i < MEMBERS);
		(void)snprintf(v->value[i], VALUE_SIZE, "%s",
		    line + strlen(members[i]) + 2);
		/* head and keys are lines, the others are not. */
		if (i != HEAD && i != KEYS)
			v->value[i][strcspn(v->value[i], "\n")] = '\0';
	}
	assert_int_equal(0, fclose(f));
}

static void
assert_key(const char *hex, const uint8_t key[VL_KEY_SIZE])
{
	char text[VL_HEX_SIZE(VL_KEY_SIZE)];

	assert_string_equal(hex, vl_hex(text, key, VL_KEY_SIZE));
}

static const char *
outcome(enum vl_status st)
{
	switch (st) {
	case VL_OK:
		return "ok";
	case VL_EKEY:
		return "key";
	case VL_EAUTH:
		return "auth";
	case VL_ELIMIT:
		return "limit";
	default:
		return "other";
	}
}

static void
check_vector(const struct vector *v, struct vl_key_set *keys)
{
	const struct vl_key_set none = { 0 };
	struct vl_opener opener = { 0 };
	uint8_t identity[VL_X25519_SIZE];
	enum vl_role role = VL_ROLE_FULL;
	struct vl_head head;
	struct vl_err err;
	enum vl_status st;

	assert_int_equal(
	    VL_OK, vl_head_decode(&head, vl_slice_of(v->value[HEAD]), &err));
	opener.password = vl_slice_of(v->value[PASSWORD]);
	if (v->value[IDENTITY][0] != '\0') {
		assert_true(vl_unhex(identity, sizeof(identity),
		    vl_slice_of(v->value[IDENTITY])));
		opener.identity = identity;
	}
	st = vl_keys_unlock(
	    keys, &role, &head, vl_slice_of(v->value[KEYS]), &opener, &err);
	assert_string_equal(v->value[EXPECT], outcome(st));
	if (st != VL_OK) {
		assert_memory_equal(&none, keys, sizeof(none));
		return;
	}
	assert_string_equal(
	    v->value[ROLE], role == VL_ROLE_FULL ? "full" : "audit");
	assert_key(v->value[BK], keys->bk);
	assert_key(v->value[SK], keys->sk);
	assert_int_equal(keys->has_tk, role == VL_ROLE_FULL);
	if (keys->has_tk)
		assert_key(v->value[TK], keys->tk);
}

static void
opens_the_vectors_or_fails_as_they_say(void **state)
{
	struct vl_key_set *keys = vl_secret_alloc(sizeof(*keys));
	struct vector *v = malloc(sizeof(*v));
	glob_t found;
	size_t i;

	(void)state;
	assert_non_null(keys);
	assert_non_null(v);
	assert_int_equal(0, glob(VECTORS, 0, NULL, &found));
	assert_true(found.gl_pathc >= 27);
	for (i = 0; i < found.gl_pathc; i++) {
		print_message("%s\n", found.gl_pathv[i]);
		vector_load(v, found.gl_pathv[i]);
		check_vector(v, keys);
	}
	globfree(&found);
	free(v);
	vl_secret_free(keys);
}

/* A bundle's keys and head, wrapped for a password and two public keys. */
struct bundle {
	struct vl_key_set *keys;
	struct vl_key_set *opened;
	struct vl_head head;
	uint8_t identity[2][VL_X25519_SIZE];
	struct vl_buf text;
	struct vl_err err;
};

static void
bundle_make(struct bundle *b)
{
	struct vl_recipient r[3] = {
		{ .type = VL_STANZA_ARGON2ID,
		    .role = VL_ROLE_FULL,
		    .kdf = VL_KDF_LIGHT,
		    .password = vl_slice_of("a good password") },
		{ .type = VL_STANZA_X25519, .role = VL_ROLE_FULL },
		{ .type = VL_STANZA_X25519, .role = VL_ROLE_AUDIT },
	};

	memset(b, 0, sizeof(*b));
	b->keys = vl_secret_alloc(sizeof(*b->keys));
	b->opened = vl_secret_alloc(sizeof(*b->opened));
	assert_true(b->keys != NULL && b->opened != NULL);
	memset(b->keys->bk, 1, VL_KEY_SIZE);
	memset(b->keys->sk, 2, VL_KEY_SIZE);
	memset(b->keys->tk, 3, VL_KEY_SIZE);
	b->keys->has_tk = true;
	memset(b->head.id, 4, VL_ID_SIZE);
	memset(b->head.series, 5, VL_ID_SIZE);
	vl_keys_commit(b->head.commit, b->keys);
	vl_x25519_keypair(r[1].public, b->identity[0]);
	vl_x25519_keypair(r[2].public, b->identity[1]);
	assert_int_equal(
	    VL_OK, vl_keys_wrap(&b->text, b->keys, &b->head, r, 3, &b->err));
}

static void
bundle_free(struct bundle *b)
{
	vl_secret_free(b->keys);
	vl_secret_free(b->opened);
	vl_buf_free(&b->text);
}

static enum vl_status
bundle_open(struct bundle *b, const char *password, const uint8_t *identity,
    enum vl_role *role)
{
	const struct vl_opener opener = { .password = vl_slice_of(password),
		.identity = identity };

	return vl_keys_unlock(b->opened, role, &b->head, vl_buf_slice(&b->text),
	    &opener, &b->err);
}

static void
opens_what_it_wrapped(void **state)
{
	enum vl_role role = VL_ROLE_AUDIT;
	struct bundle b;

	(void)state;
	bundle_make(&b);
	assert_int_equal(
	    VL_OK, bundle_open(&b, "a good password", NULL, &role));
	assert_int_equal(VL_ROLE_FULL, role);
	assert_memory_equal(b.keys, b.opened, sizeof(*b.keys));
	assert_int_equal(VL_OK, bundle_open(&b, "", b.identity[1], &role));
	assert_int_equal(VL_ROLE_AUDIT, role);
	assert_false(b.opened->has_tk);
	assert_memory_equal(b.keys->sk, b.opened->sk, VL_KEY_SIZE);
	assert_int_equal(VL_OK, bundle_open(&b, "", b.identity[0], &role));
	assert_int_equal(VL_ROLE_FULL, role);
	assert_memory_equal(b.keys, b.opened, sizeof(*b.keys));
	bundle_free(&b);
}

/* Secrets are sealed, and told apart, by what is derived from TK: who has it
 * not cannot try a guess of one either. */
static void
tells_an_auditor_nothing_of_the_transfer_key(void **state)
{
	static const uint8_t none[VL_KEY_SIZE];
	enum vl_role role = VL_ROLE_FULL;
	struct vl_stanzas s = { 0 };
	struct bundle b;

	(void)state;
	bundle_make(&b);
	assert_int_equal(
	    VL_OK, vl_stanzas_decode(&s, vl_buf_slice(&b.text), &b.err));
	assert_int_equal(3, s.n);
	assert_int_equal(VL_ROLE_AUDIT, s.list[2].role);
	/* BK, SK and 16 bytes that prove both: nothing else is wrapped. */
	assert_int_equal(2 * VL_KEY_SIZE + 16, s.list[2].wrap_size);
	memset(b.opened, 0xff, sizeof(*b.opened));
	assert_int_equal(VL_OK, bundle_open(&b, "", b.identity[1], &role));
	assert_int_equal(VL_ROLE_AUDIT, role);
	assert_false(b.opened->has_tk);
	assert_memory_equal(none, b.opened->tk, VL_KEY_SIZE);
	bundle_free(&b);
}

static void
says_the_same_of_each_wrong_key(void **state)
{
	enum vl_role role = VL_ROLE_AUDIT;
	uint8_t other[VL_X25519_SIZE] = { 9 };
	struct bundle b;

	(void)state;
	bundle_make(&b);
	assert_int_equal(
	    VL_EKEY, bundle_open(&b, "a bad password", NULL, &role));
	assert_string_equal(
	    "no key opens this bundle: wrong password or "
	    "damaged keys; try again, or check the medium with 'valise verify'",
	    b.err.text);
	assert_int_equal(VL_EKEY, bundle_open(&b, "", other, &role));
	assert_string_equal(
	    "no key opens this bundle: wrong identity or "
	    "damaged keys; try again, or check the medium with 'valise verify'",
	    b.err.text);
	assert_int_equal(
	    VL_EKEY, bundle_open(&b, "a bad password", other, &role));
	assert_string_equal(
	    "no key opens this bundle: wrong password and identity or "
	    "damaged keys; try again, or check the medium with 'valise verify'",
	    b.err.text);
	bundle_free(&b);
}

static void
says_what_it_opens_with_when_no_key_could_be_tried(void **state)
{
	struct vl_recipient r[2] = {
		{ .type = VL_STANZA_X25519, .role = VL_ROLE_FULL },
		{ .type = VL_STANZA_X25519, .role = VL_ROLE_AUDIT },
	};
	enum vl_role role = VL_ROLE_AUDIT;
	struct bundle b;

	(void)state;
	bundle_make(&b);
	vl_buf_clear(&b.text);
	vl_x25519_public(r[0].public, b.identity[0]);
	vl_x25519_public(r[1].public, b.identity[1]);
	assert_int_equal(
	    VL_OK, vl_keys_wrap(&b.text, b.keys, &b.head, r, 2, &b.err));
	assert_int_equal(
	    VL_EKEY, bundle_open(&b, "a good password", NULL, &role));
	assert_string_equal("no key opens this bundle: it opens with 2 X25519 "
	                    "keys and no password",
	    b.err.text);
	vl_buf_clear(&b.text);
	r[0] = (struct vl_recipient){ .type = VL_STANZA_ARGON2ID,
		.role = VL_ROLE_FULL,
		.kdf = VL_KDF_LIGHT,
		.password = vl_slice_of("a good password") };
	assert_int_equal(
	    VL_OK, vl_keys_wrap(&b.text, b.keys, &b.head, r, 1, &b.err));
	assert_int_equal(VL_EKEY, bundle_open(&b, "", b.identity[0], &role));
	assert_string_equal("no key opens this bundle: it opens with 1 "
	                    "password and no X25519 key",
	    b.err.text);
	bundle_free(&b);
}

static void
wraps_never_twice_alike(void **state)
{
	struct bundle a;
	struct bundle b;
	struct vl_stanzas one;
	struct vl_stanzas two;
	size_t i;

	(void)state;
	bundle_make(&a);
	bundle_make(&b);
	assert_int_equal(
	    VL_OK, vl_stanzas_decode(&one, vl_buf_slice(&a.text), &a.err));
	assert_int_equal(
	    VL_OK, vl_stanzas_decode(&two, vl_buf_slice(&b.text), &b.err));
	assert_memory_not_equal(one.list[0].salt, two.list[0].salt, 16);
	assert_memory_not_equal(one.list[1].epk, two.list[1].epk, 32);
	for (i = 0; i < 3; i++)
		assert_memory_not_equal(one.list[i].wrap, two.list[i].wrap, 80);
	bundle_free(&a);
	bundle_free(&b);
}

/* As a rekey does. */
static void
what_is_wrapped_again_opens_for_the_new_ones_alone(void **state)
{
	struct vl_recipient r = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	uint8_t identity[VL_X25519_SIZE];
	enum vl_role role = VL_ROLE_AUDIT;
	struct vl_buf text = { 0 };
	struct bundle b;

	(void)state;
	bundle_make(&b);
	vl_x25519_keypair(r.public, identity);
	assert_int_equal(VL_OK, bundle_open(&b, "", b.identity[0], &role));
	assert_int_equal(
	    VL_OK, vl_keys_wrap(&text, b.opened, &b.head, &r, 1, &b.err));
	vl_buf_free(&b.text);
	b.text = text;
	assert_int_equal(VL_EKEY, bundle_open(&b, "", b.identity[0], &role));
	assert_int_equal(
	    VL_EKEY, bundle_open(&b, "a good password", NULL, &role));
	assert_int_equal(VL_OK, bundle_open(&b, "", identity, &role));
	assert_memory_equal(b.keys, b.opened, sizeof(*b.keys));
	bundle_free(&b);
}

static void
refuses_recipients_it_cannot_wrap_for(void **state)
{
	struct vl_recipient r[VL_STANZAS_MAX + 1] = {
		{ .type = VL_STANZA_X25519, .role = VL_ROLE_FULL }
	};
	struct vl_buf out = { 0 };
	struct bundle b;

	(void)state;
	bundle_make(&b);
	assert_int_equal(
	    VL_EUSAGE, vl_keys_wrap(&out, b.keys, &b.head, r, 0, &b.err));
	assert_int_equal(VL_EUSAGE,
	    vl_keys_wrap(&out, b.keys, &b.head, r, VL_STANZAS_MAX + 1, &b.err));
	/* A public key of low order. */
	assert_int_equal(
	    VL_EUSAGE, vl_keys_wrap(&out, b.keys, &b.head, r, 1, &b.err));
	vl_x25519_public(r[0].public, b.identity[0]);
	b.keys->has_tk = false;
	assert_int_equal(
	    VL_EUSAGE, vl_keys_wrap(&out, b.keys, &b.head, r, 1, &b.err));
	assert_int_equal(0, out.n);
	vl_buf_free(&out);
	bundle_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_vectors_or_fails_as_they_say),
		cmocka_unit_test(opens_what_it_wrapped),
		cmocka_unit_test(tells_an_auditor_nothing_of_the_transfer_key),
		cmocka_unit_test(says_the_same_of_each_wrong_key),
		cmocka_unit_test(
		    says_what_it_opens_with_when_no_key_could_be_tried),
		cmocka_unit_test(wraps_never_twice_alike),
		cmocka_unit_test(
		    what_is_wrapped_again_opens_for_the_new_ones_alone),
		cmocka_unit_test(refuses_recipients_it_cannot_wrap_for),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
