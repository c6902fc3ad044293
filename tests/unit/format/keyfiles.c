/*
 * Key files under a password: formats/vectors/key-file, key-open, series-key
 * and sender-locked, made by another implementation, open or fail as they say;
 * and what we put under a password comes out again.
 */

#include "vector.h"

#include <glob.h>

#include <valise/keybox.h>
#include <valise/secret.h>

static const char *
outcome(enum vl_status st)
{
	switch (st) {
	case VL_OK:
		return "ok";
	case VL_EFORMAT:
		return "format";
	case VL_ELIMIT:
		return "limit";
	case VL_EKEY:
		return "key";
	case VL_EAUTH:
		return "auth";
	default:
		return "other";
	}
}

/* Call `each` for every file of a folder of vectors. */
static void
each_vector(const char *folder, size_t least, void (*each)(const char *path))
{
	char pattern[256];
	glob_t found;
	size_t i = 0;

	(void)snprintf(pattern, sizeof(pattern),
	    SOURCE_DIR "/formats/vectors/%s/*", folder);
	assert_int_equal(0, glob(pattern, 0, NULL, &found));
	assert_true(found.gl_pathc >= least);
	for (i = 0; i < found.gl_pathc; i++) {
		print_message("%s\n", found.gl_pathv[i]);
		each(found.gl_pathv[i]);
	}
	globfree(&found);
}

/* From memory that ends where the bytes end: an overread dies. */
static uint8_t *
tight_copy(struct vl_slice in)
{
	uint8_t *copy = malloc(in.n > 0 ? in.n : 1);

	assert_non_null(copy);
	if (in.n > 0)
		memcpy(copy, in.p, in.n);
	return copy;
}

/* Decode; what is accepted is encoded again, and is the same but for a last
 * LF. */
static enum vl_status
decode_box(struct vl_slice in)
{
	struct vl_keybox *box = malloc(sizeof(*box));
	uint8_t *copy = tight_copy(in);
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	assert_non_null(box);
	st = vl_keybox_decode(box, (struct vl_slice){ copy, in.n }, &err);
	if (st == VL_OK) {
		assert_int_equal(VL_OK, vl_keybox_encode(&again, box, &err));
		if (in.p[in.n - 1] != '\n')
			again.n--;
		assert_true(vl_slice_equal(in, vl_buf_slice(&again)));
	} else {
		assert_true(err.text[0] != '\0');
	}
	vl_buf_free(&again);
	free(copy);
	free(box);
	return st;
}

static void
check_box(const char *path)
{
	struct vector v = { 0 };
	struct vl_slice in = { 0 };
	size_t n = 0;

	vector_load(&v, path);
	in = vl_buf_slice(&v.bytes);
	assert_string_equal(v.expect, outcome(decode_box(in)));
	if (strcmp(v.expect, "ok") == 0) {
		/* A series key has no length of its own to be cut from. */
		for (n = 0; n < 100; n++)
			assert_int_equal(VL_EFORMAT,
			    decode_box((struct vl_slice){ in.p, n }));
		assert_int_equal(VL_OK, vl_buf_add_text(&v.bytes, "\nx", NULL));
		assert_int_equal(
		    VL_EFORMAT, decode_box(vl_buf_slice(&v.bytes)));
	}
	vl_buf_free(&v.bytes);
}

static void
gives_each_key_file_its_outcome(void **state)
{
	(void)state;
	each_vector("key-file", 22, check_box);
}

/* The same for what a series key holds. */
static enum vl_status
decode_series(struct vl_slice in)
{
	struct vl_series_key *k = vl_secret_alloc(sizeof(*k));
	uint8_t *copy = tight_copy(in);
	uint8_t again[VL_KEYBOX_PLAIN_MAX];
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 0;

	assert_non_null(k);
	st = vl_series_key_decode(k, (struct vl_slice){ copy, in.n }, &err);
	if (st == VL_OK) {
		assert_int_equal(
		    VL_OK, vl_series_key_encode(again, &n, k, &err));
		assert_int_equal(in.n, n);
		assert_memory_equal(in.p, again, n);
	} else {
		assert_true(err.text[0] != '\0');
	}
	free(copy);
	vl_secret_free(k);
	return st;
}

static void
check_series(const char *path)
{
	struct vector v = { 0 };
	size_t n = 0;

	vector_load(&v, path);
	assert_string_equal(
	    v.expect, outcome(decode_series(vl_buf_slice(&v.bytes))));
	if (strcmp(v.expect, "ok") == 0)
		for (n = 0; n < v.bytes.n; n++)
			assert_int_equal(VL_EFORMAT,
			    decode_series((struct vl_slice){ v.bytes.p, n }));
	vl_buf_free(&v.bytes);
}

static void
gives_each_series_key_its_outcome(void **state)
{
	(void)state;
	each_vector("series-key", 19, check_series);
}

/* A vector that is opened: its text, and what comes out. */
struct locked {
	char expect[16];
	char password[64];
	char result[2048]; /* hex, after `plain:` or `key:` */
	char text[4096];
};

static void
take(char *to, size_t size, const char *value)
{
	assert_true(strlen(value) < size);
	memcpy(to, value, strlen(value) + 1);
}

static void
locked_load(struct locked *l, const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096];
	const char *value = NULL;

	assert_non_null(f);
	memset(l, 0, sizeof(*l));
	while (fgets(line, sizeof(line), f) != NULL) {
		if ((value = vector_value(line, "line: ")) != NULL) {
			assert_true(
			    strlen(l->text) + strlen(value) < sizeof(l->text));
			memcpy(l->text + strlen(l->text), value,
			    strlen(value) + 1);
			continue;
		}
		line[strcspn(line, "\n")] = '\0';
		if ((value = vector_value(line, "expect: ")) != NULL)
			take(l->expect, sizeof(l->expect), value);
		else if ((value = vector_value(line, "password: ")) != NULL)
			take(l->password, sizeof(l->password), value);
		else if ((value = vector_value(line, "plain: ")) != NULL ||
		    (value = vector_value(line, "key: ")) != NULL)
			take(l->result, sizeof(l->result), value);
		else
			assert_non_null(vector_value(line, "comment: "));
	}
	assert_int_equal(0, fclose(f));
}

static void
assert_all_zero(const void *p, size_t n)
{
	const uint8_t *bytes = p;
	size_t i = 0;

	for (i = 0; i < n; i++)
		assert_int_equal(0, bytes[i]);
}

static void
check_open(const char *path)
{
	uint8_t *plain = vl_secret_alloc(VL_KEYBOX_PLAIN_MAX);
	char hex[VL_HEX_SIZE(VL_KEYBOX_PLAIN_MAX)];
	struct vl_keybox box;
	struct vl_err err = { 0 };
	struct locked l;
	enum vl_status st = VL_OK;

	assert_non_null(plain);
	locked_load(&l, path);
	assert_int_equal(
	    VL_OK, vl_keybox_decode(&box, vl_slice_of(l.text), &err));
	memset(plain, 'x', VL_KEYBOX_PLAIN_MAX);
	st = vl_keybox_open(plain, &box, vl_slice_of(l.password), &err);
	assert_string_equal(l.expect, outcome(st));
	if (st == VL_OK)
		assert_string_equal(
		    l.result, vl_hex(hex, plain, box.n - VL_TAG_SIZE));
	else
		assert_all_zero(plain, VL_KEYBOX_PLAIN_MAX);
	vl_secret_free(plain);
}

static void
opens_each_key_or_fails_as_it_says(void **state)
{
	(void)state;
	each_vector("key-open", 16, check_open);
}

static void
check_sender(const char *path)
{
	struct vl_sender_secret *k = vl_secret_alloc(sizeof(*k));
	uint8_t both[VL_KEY_ID_SIZE + VL_SIGN_SECRET_SIZE];
	char hex[VL_HEX_SIZE(sizeof(both))];
	struct vl_err err = { 0 };
	struct locked l;
	enum vl_status st = VL_OK;

	assert_non_null(k);
	locked_load(&l, path);
	memset(k, 'x', sizeof(*k));
	st = vl_sender_secret_unlock(
	    k, vl_slice_of(l.text), vl_slice_of(l.password), &err);
	assert_string_equal(l.expect, outcome(st));
	if (st != VL_OK) {
		assert_all_zero(k, sizeof(*k));
		vl_secret_free(k);
		return;
	}
	memcpy(both, k->pub.key_id, VL_KEY_ID_SIZE);
	memcpy(both + VL_KEY_ID_SIZE, k->key, VL_SIGN_SECRET_SIZE);
	assert_string_equal(l.result, vl_hex(hex, both, sizeof(both)));
	assert_true(vl_sender_secret_is_locked(vl_slice_of(l.text)));
	assert_int_equal(
	    VL_EREFUSED, vl_sender_secret_decode(k, vl_slice_of(l.text), &err));
	vl_secret_free(k);
}

static void
opens_each_sender_key_or_fails_as_it_says(void **state)
{
	(void)state;
	each_vector("sender-locked", 17, check_sender);
}

static const struct vl_key_lock lock = { .kdf = VL_KDF_LIGHT,
	.password = { (const uint8_t *)"a good password", 15 } };

static void
what_it_locks_opens_again_and_is_never_twice_alike(void **state)
{
	static const uint8_t secret[32] = { 1, 2, 3 };
	const struct vl_slice plain = { secret, sizeof(secret) };
	uint8_t *again = vl_secret_alloc(VL_KEYBOX_PLAIN_MAX);
	struct vl_keybox one;
	struct vl_keybox two;
	struct vl_err err = { 0 };

	(void)state;
	assert_non_null(again);
	assert_int_equal(VL_OK,
	    vl_keybox_seal(&one, VL_KEYBOX_IDENTITY, plain, &lock, &err));
	assert_int_equal(VL_OK,
	    vl_keybox_seal(&two, VL_KEYBOX_IDENTITY, plain, &lock, &err));
	assert_memory_not_equal(one.salt, two.salt, sizeof(one.salt));
	assert_memory_not_equal(one.sealed, two.sealed, one.n);
	assert_int_equal(
	    VL_OK, vl_keybox_open(again, &two, lock.password, &err));
	assert_memory_equal(secret, again, sizeof(secret));
	assert_int_equal(VL_EKEY,
	    vl_keybox_open(again, &two, vl_slice_of("a bad password"), &err));
	vl_secret_free(again);
}

static void
refuses_to_lock_what_no_box_holds(void **state)
{
	static const uint8_t many[VL_KEYBOX_PLAIN_MAX + 1];
	struct vl_keybox box;
	struct vl_err err = { 0 };

	(void)state;
	assert_int_equal(VL_ELIMIT,
	    vl_keybox_seal(&box, VL_KEYBOX_SERIES,
	        (struct vl_slice){ many, sizeof(many) }, &lock, &err));
}

static void
a_sender_key_is_locked_and_opened(void **state)
{
	struct vl_sender_secret *k = vl_secret_alloc(2 * sizeof(*k));
	char *text = vl_secret_alloc(VL_SENDER_SECRET_MAX);
	struct vl_slice in = { (const uint8_t *)text, 0 };
	struct vl_err err = { 0 };

	(void)state;
	assert_true(k != NULL && text != NULL);
	vl_sender_secret_make(&k[0]);
	assert_int_equal(
	    VL_OK, vl_sender_secret_lock(text, &in.n, &k[0], &lock, &err));
	assert_int_equal(
	    VL_OK, vl_sender_secret_unlock(&k[1], in, lock.password, &err));
	assert_memory_equal(&k[0], &k[1], sizeof(*k));
	assert_int_equal(
	    VL_OK, vl_sender_secret_encode(text, &in.n, &k[0], &err));
	assert_false(vl_sender_secret_is_locked(in));
	assert_int_equal(VL_EFORMAT,
	    vl_sender_secret_unlock(&k[1], in, lock.password, &err));
	vl_secret_free(text);
	vl_secret_free(k);
}

/* In base64 salt and what is encrypted begin at whole characters. */
static void
a_sender_key_is_never_locked_twice_alike(void **state)
{
	enum {
		SALT_AT = 8,
		SALT = 42,
		LOCKED_AT = 72,
		LOCKED = 138
	};
	struct vl_sender_secret *k = vl_secret_alloc(sizeof(*k));
	char *text = vl_secret_alloc(2 * VL_SENDER_SECRET_MAX);
	const char *bytes[2] = { NULL, NULL };
	struct vl_err err = { 0 };
	size_t n = 0;
	size_t i = 0;

	(void)state;
	assert_true(k != NULL && text != NULL);
	vl_sender_secret_make(k);
	for (i = 0; i < 2; i++) {
		assert_int_equal(VL_OK,
		    vl_sender_secret_lock(
		        text + i * VL_SENDER_SECRET_MAX, &n, k, &lock, &err));
		bytes[i] = strchr(text + i * VL_SENDER_SECRET_MAX, '\n');
		assert_non_null(bytes[i]);
		bytes[i]++;
		assert_true(strlen(bytes[i]) > LOCKED_AT + LOCKED);
	}
	assert_memory_equal(bytes[0], bytes[1], SALT_AT);
	assert_memory_not_equal(bytes[0] + SALT_AT, bytes[1] + SALT_AT, SALT);
	assert_memory_not_equal(
	    bytes[0] + LOCKED_AT, bytes[1] + LOCKED_AT, LOCKED);
	vl_secret_free(text);
	vl_secret_free(k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_each_key_file_its_outcome),
		cmocka_unit_test(gives_each_series_key_its_outcome),
		cmocka_unit_test(opens_each_key_or_fails_as_it_says),
		cmocka_unit_test(opens_each_sender_key_or_fails_as_it_says),
		cmocka_unit_test(
		    what_it_locks_opens_again_and_is_never_twice_alike),
		cmocka_unit_test(refuses_to_lock_what_no_box_holds),
		cmocka_unit_test(a_sender_key_is_locked_and_opened),
		cmocka_unit_test(a_sender_key_is_never_locked_twice_alike),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
