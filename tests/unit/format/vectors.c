/*
 * Every vector of this room's structures has the outcome it names; what is
 * accepted comes out of the encoder again as it was, and is refused when it
 * is one byte longer, or shorter by any number.
 */

#include "vector.h"

#include <glob.h>

#include <valise/sealform.h>
#include <valise/secret.h>

/* Decode `in`; encode what was understood into `again`. */
typedef enum vl_status decoder(
    struct vl_slice in, struct vl_buf *again, struct vl_err *err);

static enum vl_status
head(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_head h;
	enum vl_status st = vl_head_decode(&h, in, err);

	if (st == VL_OK)
		assert_int_equal(VL_OK, vl_head_encode(again, &h, err));
	return st;
}

static enum vl_status
keys(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_stanzas s;
	enum vl_status st = vl_stanzas_decode(&s, in, err);
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < s.n; i++)
		if (s.list[i].type == VL_STANZA_UNKNOWN)
			return vl_buf_add(again, in, err);
	assert_int_equal(VL_OK, vl_stanzas_encode(again, &s, err));
	return st;
}

static enum vl_status
inner_head(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_inner_head h;
	enum vl_status st = vl_inner_head_decode(&h, in, err);

	if (st == VL_OK)
		assert_int_equal(VL_OK, vl_inner_head_encode(again, &h, err));
	vl_inner_head_free(&h);
	return st;
}

static enum vl_status
file_header(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	uint8_t bytes[VL_FILE_HEADER_SIZE];
	struct vl_file_header h;
	enum vl_status st = vl_file_header_decode(&h, in, err);

	if (st != VL_OK)
		return st;
	vl_file_header_encode(bytes, &h);
	return vl_buf_add(
	    again, (struct vl_slice){ bytes, sizeof(bytes) }, err);
}

static enum vl_status
record_header(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	uint8_t bytes[VL_RECORD_HEADER_SIZE];
	struct vl_record_header h;
	enum vl_status st = vl_record_header_decode(&h, in, err);

	if (st != VL_OK)
		return st;
	vl_record_header_encode(bytes, &h);
	return vl_buf_add(
	    again, (struct vl_slice){ bytes, sizeof(bytes) }, err);
}

static enum vl_status
map_row(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	uint8_t bytes[VL_MAP_ROW_SIZE];
	struct vl_map_row r;
	enum vl_status st = vl_map_row_decode(&r, in, err);

	if (st != VL_OK)
		return st;
	vl_map_row_encode(bytes, &r);
	return vl_buf_add(
	    again, (struct vl_slice){ bytes, sizeof(bytes) }, err);
}

static enum vl_status
chunk_list(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_rd rd = { .rest = in };
	struct vl_list_item item;
	uint8_t bytes[16];
	enum vl_status st = VL_OK;

	do {
		st = vl_list_item_decode(&item, &rd, err);
		if (st != VL_OK)
			return st;
		vl_list_item_encode(bytes, item.line, item.body, item.n);
		assert_int_equal(VL_OK,
		    vl_buf_add(
		        again, (struct vl_slice){ bytes, sizeof(bytes) }, err));
		assert_int_equal(VL_OK, vl_buf_add(again, item.refs, err));
	} while (rd.rest.n > 0);
	return st;
}

static enum vl_status
secrets(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_rd rd = { .rest = in };
	struct vl_secret_item item;
	uint8_t bytes[VL_SECRET_ITEM_HEAD];
	enum vl_status st = VL_OK;

	do {
		st = vl_secret_item_decode(&item, &rd, err);
		if (st != VL_OK)
			return st;
		vl_secret_item_encode(
		    bytes, item.line, item.slot, (uint32_t)item.token.n);
		assert_int_equal(VL_OK,
		    vl_buf_add(
		        again, (struct vl_slice){ bytes, sizeof(bytes) }, err));
		assert_int_equal(VL_OK, vl_buf_add(again, item.token, err));
	} while (rd.rest.n > 0);
	return st;
}

static enum vl_status
manifest_head(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_manifest_head h;
	enum vl_status st = vl_manifest_head_decode(&h, in, err);

	if (st == VL_OK)
		assert_int_equal(
		    VL_OK, vl_manifest_head_encode(again, &h, err));
	return st;
}

static enum vl_status
manifest_tail(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	uint8_t root[VL_ROOT_SIZE];
	uint64_t count = 0;
	enum vl_status st = vl_manifest_tail_decode(&count, root, in, err);

	if (st == VL_OK)
		assert_int_equal(
		    VL_OK, vl_manifest_tail_encode(again, count, root, err));
	return st;
}

static enum vl_status
seal_list(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_seal_list l;
	enum vl_status st = vl_seal_list_decode(&l, in, err);

	if (st == VL_OK)
		assert_int_equal(VL_OK, vl_seal_list_encode(again, &l, err));
	vl_seal_list_free(&l);
	return st;
}

static enum vl_status
seal_sig(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_seal_sig s;
	struct vl_buf comment = { 0 };
	enum vl_status st = vl_seal_sig_decode(&s, in, err);

	if (st != VL_OK)
		return st;
	/* The comment from its parts, not from its text. */
	assert_int_equal(
	    VL_OK, vl_seal_comment_encode(&comment, &s.comment, err));
	s.comment_text = vl_buf_slice(&comment);
	assert_int_equal(VL_OK, vl_seal_sig_encode(again, &s, err));
	vl_buf_free(&comment);
	return st;
}

static enum vl_status
sender_public(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_sender_public k;
	struct vl_sender_public second;
	enum vl_status st = vl_sender_public_decode(&k, in, err);

	if (st != VL_OK)
		return st;
	/* The comment is free: the same key, not the same text. */
	assert_int_equal(VL_OK, vl_sender_public_encode(again, &k, err));
	assert_int_equal(
	    VL_OK, vl_sender_public_decode(&second, vl_buf_slice(again), err));
	assert_memory_equal(&k, &second, sizeof(k));
	vl_buf_clear(again);
	return vl_buf_add(again, in, err);
}

static enum vl_status
sender_secret(struct vl_slice in, struct vl_buf *again, struct vl_err *err)
{
	struct vl_sender_secret k;
	struct vl_sender_secret second;
	char text[VL_SENDER_SECRET_MAX];
	size_t n = 0;
	enum vl_status st = vl_sender_secret_decode(&k, in, err);

	if (st != VL_OK)
		return st;
	/* The check sum may be zero in the file: the same key again. */
	assert_int_equal(VL_OK, vl_sender_secret_encode(text, &n, &k, err));
	assert_int_equal(VL_OK,
	    vl_sender_secret_decode(
	        &second, (struct vl_slice){ (const uint8_t *)text, n }, err));
	assert_memory_equal(&k, &second, sizeof(k));
	return vl_buf_add(again, in, err);
}

static bool
never(struct vl_slice whole, size_t n)
{
	(void)whole;
	(void)n;
	return false;
}

/* Fewer lines are another list. */
static bool
whole_lines(struct vl_slice whole, size_t n)
{
	return n > 0 && whole.p[n - 1] == '\n';
}

/* Fewer items are another list; the vector has a second one at 52. */
static bool
whole_items(struct vl_slice whole, size_t n)
{
	return n == 52 && whole.n == 104;
}

/* The same; the vector has three, of 88, 120 and 88 bytes. */
static bool
whole_secrets(struct vl_slice whole, size_t n)
{
	return whole.n == 296 && (n == 88 || n == 208);
}

/* The last LF of a key file may be missing. */
static bool
no_lf(struct vl_slice whole, size_t n)
{
	return n + 1 == whole.n && whole.p[n] == '\n';
}

static const struct structure {
	const char *name;
	decoder *decode;
	bool (*prefix_stands)(struct vl_slice whole, size_t n);
	size_t least;   /* vectors: an empty folder must not pass */
	bool piecewise; /* what stands before a failure may be used */
} structures[] = {
	{ "head", head, never, 60, false },
	{ "keys", keys, never, 30, false },
	{ "inner-head", inner_head, never, 35, false },
	{ "file-header", file_header, never, 15, false },
	{ "record-header", record_header, never, 25, false },
	{ "map-row", map_row, never, 10, false },
	{ "chunk-list", chunk_list, whole_items, 10, true },
	{ "secrets", secrets, whole_secrets, 10, true },
	{ "manifest-head", manifest_head, never, 10, false },
	{ "manifest-tail", manifest_tail, never, 8, false },
	{ "seal-list", seal_list, whole_lines, 25, false },
	{ "seal-sig", seal_sig, never, 25, false },
	{ "sender-public", sender_public, no_lf, 10, false },
	{ "sender-secret", sender_secret, no_lf, 10, false },
};
#define NSTRUCTURES (sizeof(structures) / sizeof(structures[0]))

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
	case VL_EREFUSED:
		return "refused";
	default:
		return "other";
	}
}

/* From memory that ends where the bytes end: an overread dies. */
static enum vl_status
decode_exact(
    const struct structure *s, struct vl_slice in, struct vl_buf *again)
{
	uint8_t *tight = malloc(in.n > 0 ? in.n : 1);
	struct vl_err err = { 0 };
	enum vl_status st;

	assert_non_null(tight);
	if (in.n > 0)
		memcpy(tight, in.p, in.n);
	vl_buf_clear(again);
	st = s->decode((struct vl_slice){ tight, in.n }, again, &err);
	if (st != VL_OK)
		assert_true(err.text[0] != '\0');
	free(tight);
	return st;
}

/* What an encoder cannot give back: members and hints not understood. */
static bool
loses(struct vl_slice in)
{
	return memmem(in.p, in.n, ",\"x_", 4) != NULL ||
	    memmem(in.p, in.n, "\"hints\":[\"", 10) != NULL;
}

static void
each_ok_vector(void (*check)(const struct structure *s, struct vl_slice in))
{
	struct vector v = { 0 };
	char pattern[256];
	glob_t found;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < NSTRUCTURES; i++) {
		(void)snprintf(pattern, sizeof(pattern),
		    SOURCE_DIR "/formats/vectors/%s/*", structures[i].name);
		assert_int_equal(0, glob(pattern, 0, NULL, &found));
		for (k = 0; k < found.gl_pathc; k++) {
			vector_load(&v, found.gl_pathv[k]);
			if (strcmp(v.expect, "ok") == 0)
				check(&structures[i], vl_buf_slice(&v.bytes));
		}
		globfree(&found);
	}
	vl_buf_free(&v.bytes);
}

/* What came out: of a failure nothing, or what the vector says. */
static void
check_released(const struct structure *s, const struct vector *v,
    const struct vl_buf *again)
{
	const struct vl_hash_opts plain = { 0 };
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];

	if (!s->piecewise) {
		assert_string_equal("", v->released);
		if (strcmp(v->expect, "ok") != 0)
			assert_int_equal(0, again->n);
		return;
	}
	vl_hash_of(hash, &plain, vl_buf_slice(again));
	assert_string_equal(v->released, vl_hex(hex, hash, sizeof(hash)));
}

static void
gives_each_vector_its_outcome(void **state)
{
	struct vector v = { 0 };
	struct vl_buf again = { 0 };
	char pattern[256];
	glob_t found;
	size_t i = 0;
	size_t k = 0;

	(void)state;
	for (i = 0; i < NSTRUCTURES; i++) {
		(void)snprintf(pattern, sizeof(pattern),
		    SOURCE_DIR "/formats/vectors/%s/*", structures[i].name);
		assert_int_equal(0, glob(pattern, 0, NULL, &found));
		assert_true(found.gl_pathc >= structures[i].least);
		for (k = 0; k < found.gl_pathc; k++) {
			print_message("%s\n", found.gl_pathv[k]);
			vector_load(&v, found.gl_pathv[k]);
			assert_string_equal(v.expect,
			    outcome(decode_exact(&structures[i],
			        vl_buf_slice(&v.bytes), &again)));
			check_released(&structures[i], &v, &again);
		}
		globfree(&found);
	}
	vl_buf_free(&again);
	vl_buf_free(&v.bytes);
}

static void
check_same(const struct structure *s, struct vl_slice in)
{
	struct vl_buf again = { 0 };

	assert_int_equal(VL_OK, decode_exact(s, in, &again));
	if (!loses(in)) {
		assert_int_equal(in.n, again.n);
		assert_memory_equal(in.p, again.p, in.n);
	}
	vl_buf_free(&again);
}

static void
encodes_what_it_decoded(void **state)
{
	(void)state;
	each_ok_vector(check_same);
}

static void
check_truncations(const struct structure *s, struct vl_slice in)
{
	struct vl_buf again = { 0 };
	enum vl_status st;
	size_t n = 0;

	for (n = 0; n < in.n; n++) {
		st = decode_exact(s, (struct vl_slice){ in.p, n }, &again);
		if (s->prefix_stands(in, n))
			assert_int_equal(VL_OK, st);
		else
			assert_int_not_equal(VL_OK, st);
	}
	vl_buf_free(&again);
}

static void
rejects_every_truncation(void **state)
{
	(void)state;
	each_ok_vector(check_truncations);
}

static void
check_appended(const struct structure *s, struct vl_slice in)
{
	struct vl_buf again = { 0 };
	uint8_t *longer = malloc(in.n + 1);
	enum vl_status st;
	unsigned byte = 0;

	assert_non_null(longer);
	memcpy(longer, in.p, in.n);
	for (byte = 0; byte < 256; byte++) {
		longer[in.n] = (uint8_t)byte;
		st = decode_exact(
		    s, (struct vl_slice){ longer, in.n + 1 }, &again);
		if (s->prefix_stands(
		        (struct vl_slice){ longer, in.n + 1 }, in.n) &&
		    in.p[in.n - 1] != '\n')
			assert_int_equal(VL_OK, st);
		else
			assert_int_not_equal(VL_OK, st);
	}
	free(longer);
	vl_buf_free(&again);
}

static void
rejects_every_appended_byte(void **state)
{
	(void)state;
	each_ok_vector(check_appended);
}

static int
group_setup(void **state)
{
	(void)state;
	return vl_secret_init() ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_each_vector_its_outcome),
		cmocka_unit_test(encodes_what_it_decoded),
		cmocka_unit_test(rejects_every_truncation),
		cmocka_unit_test(rejects_every_appended_byte),
	};

	return cmocka_run_group_tests(tests, group_setup, NULL);
}
