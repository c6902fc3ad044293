/*
 * formats/vectors/stream: whole files of frames, encrypted here as the vector
 * says, have the hash that it gives; reading them ends as it says, and until
 * then gives out the records that it says and no byte more.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glob.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>
#include <valise/stream.h>

#include "../../../src/seal/frame.h"

#define VECTORS    SOURCE_DIR "/formats/vectors/stream/*"
#define FRAME_SIZE ((size_t)65536)
#define PLAIN_SIZE (FRAME_SIZE - VL_TAG_SIZE)

/* A vector as it is read: the file grows frame by frame. */
struct vector {
	char expect[16];
	char released[VL_HEX_SIZE(VL_HASH_SIZE)];
	char name[VL_FILE_NAME_SIZE];
	unsigned frame_log2;
	uint8_t bk[VL_KEY_SIZE];
	uint8_t sealed_by[VL_KEY_SIZE];
	uint8_t id[VL_ID_SIZE];
	uint8_t header[VL_FILE_HEADER_SIZE];
	bool in_frame;
	uint32_t index;
	bool last;
	struct vl_buf plain; /* of the frame that is begun */
	struct vl_buf file;
	char file_hash[VL_HEX_SIZE(VL_HASH_SIZE)];
};

static void
add(struct vl_buf *to, const uint8_t *p, size_t n)
{
	assert_int_equal(
	    VL_OK, vl_buf_add(to, (struct vl_slice){ p, n }, NULL));
}

static void
add_times(struct vl_buf *to, size_t n, uint8_t byte)
{
	assert_int_equal(VL_OK, vl_buf_reserve(to, n, NULL));
	memset(to->p + to->n, byte, n);
	to->n += n;
}

static void
unhex(uint8_t *out, size_t n, const char *value)
{
	assert_int_equal(2 * n, strlen(value));
	assert_true(vl_unhex(out, n, vl_slice_of(value)));
}

/* The frame that was begun, padded and encrypted. */
static void
end_frame(struct vector *v)
{
	uint8_t root[VL_KEY_SIZE];
	uint8_t key[VL_KEY_SIZE];
	uint8_t nonce[VL_NONCE_SIZE];
	uint8_t sealed[FRAME_SIZE];

	if (!v->in_frame)
		return;
	v->in_frame = false;
	assert_true(v->plain.n <= PLAIN_SIZE);
	add_times(&v->plain, PLAIN_SIZE - v->plain.n, 0);
	vl_kdf(root, 2, "vls1bndl", v->sealed_by);
	frame_key(key, root, v->header + 40, v->header);
	frame_nonce(nonce, v->index, v->last);
	vl_aead_seal(sealed, vl_buf_slice(&v->plain),
	    (struct vl_slice){ v->header, sizeof(v->header) }, nonce, key);
	add(&v->file, sealed, sizeof(sealed));
	vl_buf_clear(&v->plain);
}

static void
begin_frame(struct vector *v, const char *value)
{
	char *end = NULL;

	end_frame(v);
	v->in_frame = true;
	v->index = (uint32_t)strtoul(value, &end, 10);
	assert_true(end[0] == ' ' && (end[1] == '0' || end[1] == '1'));
	v->last = end[1] == '1';
}

static void
take_bytes(struct vector *v, const char *key, const char *value)
{
	char *text = NULL;
	size_t n = strlen(value) / 2;

	assert_true(v->in_frame);
	if (strcmp(key, "hex") == 0) {
		assert_int_equal(VL_OK, vl_buf_reserve(&v->plain, n, NULL));
		unhex(v->plain.p + v->plain.n, n, value);
		v->plain.n += n;
	} else if (strcmp(key, "zeros") == 0) {
		add_times(&v->plain, strtoul(value, NULL, 10), 0);
	} else {
		/* An unknown key is a broken vector, never one to skip. */
		assert_string_equal("repeat", key);
		n = strtoul(value, &text, 10);
		assert_int_equal(2, strlen(text));
		add_times(&v->plain, n, (uint8_t)text[1]);
	}
}

/* What is done to the file when all its frames are there. */
static bool
take_damage(struct vector *v, const char *key, const char *value)
{
	size_t n = strtoul(value, NULL, 10);

	if (strcmp(key, "more") == 0) {
		end_frame(v);
		add_times(&v->file, n, 0);
	} else if (strcmp(key, "cut") == 0) {
		end_frame(v);
		assert_true(n < v->file.n);
		v->file.n = n;
	} else if (strcmp(key, "flip") == 0) {
		end_frame(v);
		assert_true(n < v->file.n);
		v->file.p[n] ^= 1;
	} else {
		return false;
	}
	return true;
}

static void
copy_text(char *to, size_t size, const char *value)
{
	assert_true(strlen(value) < size);
	memcpy(to, value, strlen(value) + 1);
}

static void
take(struct vector *v, const char *key, const char *value)
{
	if (strcmp(key, "comment") == 0)
		return;
	if (strcmp(key, "expect") == 0) {
		copy_text(v->expect, sizeof(v->expect), value);
	} else if (strcmp(key, "released") == 0) {
		copy_text(v->released, sizeof(v->released), value);
	} else if (strcmp(key, "bk") == 0) {
		unhex(v->bk, sizeof(v->bk), value);
		memcpy(v->sealed_by, v->bk, sizeof(v->sealed_by));
	} else if (strcmp(key, "sealed_by") == 0) {
		unhex(v->sealed_by, sizeof(v->sealed_by), value);
	} else if (strcmp(key, "id") == 0) {
		unhex(v->id, sizeof(v->id), value);
	} else if (strcmp(key, "name") == 0) {
		copy_text(v->name, sizeof(v->name), value);
	} else if (strcmp(key, "frame_log2") == 0) {
		v->frame_log2 = (unsigned)strtoul(value, NULL, 10);
	} else if (strcmp(key, "header") == 0) {
		unhex(v->header, sizeof(v->header), value);
		add(&v->file, v->header, sizeof(v->header));
	} else if (strcmp(key, "frame") == 0) {
		begin_frame(v, value);
	} else if (strcmp(key, "file") == 0) {
		end_frame(v);
		copy_text(v->file_hash, sizeof(v->file_hash), value);
	} else if (!take_damage(v, key, value)) {
		take_bytes(v, key, value);
	}
}

static void
load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	char *colon = NULL;
	size_t cap = 0;
	ssize_t n = 0;

	assert_non_null(f);
	while ((n = getline(&text, &cap, f)) > 0) {
		assert_int_equal('\n', text[n - 1]);
		text[n - 1] = '\0';
		colon = strstr(text, ": ");
		assert_non_null(colon);
		*colon = '\0';
		take(v, text, colon + 2);
	}
	free(text);
	assert_int_equal(0, fclose(f));
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
	case VL_ELIMIT:
		return "limit";
	default:
		return "other";
	}
}

/* A record that came out: header, table, plain bytes. */
static void
release(struct vl_hash *h, const struct vl_stored *s, const uint8_t *plain)
{
	uint8_t header[VL_RECORD_HEADER_SIZE];

	vl_record_header_encode(header, &s->head);
	vl_hash_add(h, (struct vl_slice){ header, sizeof(header) });
	vl_hash_add(h, s->table);
	vl_hash_add(h, (struct vl_slice){ plain, s->head.plain });
}

static enum vl_status
read_all(const struct vl_stream_expect *e, struct vl_hash *h)
{
	struct vl_stream_r *r = NULL;
	struct vl_stored s = { 0 };
	struct vl_err err = { 0 };
	uint8_t *plain = malloc(VL_RECORD_PLAIN_MAX);
	enum vl_status st;
	bool end = false;

	assert_non_null(plain);
	st = vl_stream_r_open(&r, e, &err);
	while (st == VL_OK) {
		st = vl_stream_r_next(r, &s, &end, &err);
		if (st == VL_OK && !end)
			st = vl_stored_decode(plain, &s, NULL, &err);
		if (st != VL_OK || end)
			break;
		release(h, &s, plain);
	}
	if (st != VL_OK)
		print_message("  %s\n", err.text);
	vl_stream_r_free(r);
	free(plain);
	return st;
}

static void
check_vector(const char *path, int dirfd)
{
	const struct vl_hash_opts opts = { 0 };
	struct vector v = { 0 };
	uint8_t root[VL_KEY_SIZE];
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	struct vl_stream_expect e = {
		.dirfd = dirfd, .id = v.id, .root = root
	};
	struct vl_hash h;
	struct vl_err err;

	print_message("%s\n", path);
	load(&v, path);
	vl_hash_of(hash, &opts, vl_buf_slice(&v.file));
	assert_string_equal(v.file_hash, vl_hex(hex, hash, sizeof(hash)));
	assert_int_equal(VL_OK,
	    vl_put_file(dirfd, v.name, 0600, vl_buf_slice(&v.file), &err));
	vl_kdf(root, 2, "vls1bndl", v.bk);
	e.type = v.name[0] == 'p' ? VL_FILE_PACK : VL_FILE_INDEX;
	e.number = (uint32_t)strtoul(v.name + 1, NULL, 10);
	e.frame_log2 = v.frame_log2;
	vl_hash_init(&h, &opts);
	assert_string_equal(v.expect, outcome(read_all(&e, &h)));
	vl_hash_end(&h, hash);
	assert_string_equal(v.released, vl_hex(hex, hash, sizeof(hash)));
	assert_int_equal(0, unlinkat(dirfd, v.name, 0));
	vl_buf_free(&v.plain);
	vl_buf_free(&v.file);
}

static void
gives_out_what_the_vectors_say(void **state)
{
	char dir[] = "stream_vectors.XXXXXX";
	struct vl_err err;
	glob_t found;
	int dirfd = -1;
	size_t i;

	(void)state;
	assert_non_null(mkdtemp(dir));
	dirfd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dirfd >= 0);
	assert_int_equal(0, glob(VECTORS, 0, NULL, &found));
	assert_true(found.gl_pathc >= 40);
	for (i = 0; i < found.gl_pathc; i++)
		check_vector(found.gl_pathv[i], dirfd);
	globfree(&found);
	(void)close(dirfd);
	assert_int_equal(VL_OK, vl_remove_tree(AT_FDCWD, dir, &err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_out_what_the_vectors_say),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
