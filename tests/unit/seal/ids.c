/*
 * Names of content: against values computed by another implementation, and
 * the hasher against a reading of the rule that has the whole body at hand.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/encode.h>
#include <valise/ids.h>
#include <valise/secret.h>

/* cmocka has a macro skip(), hence (h->ops->skip)(). */
#define TIB ((uint64_t)1 << 40)

/* Smaller than the default, so that short bodies have many chunks. */
enum {
	MIN = 4096,
	AVG = 16384,
	MAX = 65536
};

static struct vl_ids *
make_ids(uint32_t min, uint32_t avg, uint32_t max)
{
	struct vl_ids *ids = NULL;
	struct vl_err err;
	uint8_t sk[VL_KEY_SIZE];
	uint8_t i;

	for (i = 0; i < sizeof(sk); i++)
		sk[i] = i;
	assert_int_equal(VL_OK, vl_ids_new(&ids, sk, min, avg, max, &err));
	return ids;
}

static void
assert_hash(const char *hex, const uint8_t hash[VL_HASH_SIZE])
{
	char text[VL_HEX_SIZE(VL_HASH_SIZE)];

	assert_string_equal(hex, vl_hex(text, hash, VL_HASH_SIZE));
}

static struct vl_hasher *
make_hasher(const struct vl_ids *ids)
{
	struct vl_hasher_maker maker = vl_ids_hashers(ids);
	struct vl_hasher *h = NULL;
	struct vl_err err;

	assert_int_equal(VL_OK, maker.make(maker.arg, &h, &err));
	return h;
}

static void
names_content_as_another_implementation_does(void **state)
{
	struct vl_ids *ids = make_ids(65536, 262144, 1048576);
	uint8_t hash[VL_HASH_SIZE];

	(void)state;
	vl_ids_chunk(ids, hash, vl_slice_of("hello"));
	assert_hash("9253e62770f1999dbc7f53ead2ceb39d"
	            "96ce3932712bbcb40895209eb3d6363c",
	    hash);
	vl_ids_commitment(ids, hash);
	assert_hash("20233e3dc8d6e04e4567f3fd2b6bfed3"
	            "551cbb5d5de3004c3940f23061a003ad",
	    hash);
	vl_ids_resource(ids, hash, vl_slice_of("abc"), vl_slice_of("/srv"));
	assert_hash("bf91a7755769f796cd1ea4d4be5a5d71"
	            "54d5399bcfcc7a2ad6bfd4adb73f4467",
	    hash);
	assert_true(
	    vl_ids_chunker(ids)->gear[0] == UINT64_C(0x638fd23f98cd4bcc));
	assert_true(
	    vl_ids_chunker(ids)->gear[255] == UINT64_C(0x183bdece7d239bf0));
	vl_ids_free(ids);
}

static void
add_leaves(
    struct vl_merkle *m, const struct vl_ids *ids, unsigned from, unsigned to)
{
	char leaf[24];

	for (; from < to; from++) {
		(void)snprintf(leaf, sizeof(leaf), "leaf %u\n", from);
		vl_merkle_add(m, ids, vl_slice_of(leaf));
	}
}

static void
merkle_roots_are_those_of_another_implementation(void **state)
{
	static const struct {
		unsigned leaves;
		const char *root;
	} cases[] = {
		{ 1,
		    "c9aa998b7ebc0f001d6371b5d00ef395"
		    "545da2269035758b6dca25e087181be8" },
		{ 2,
		    "a211689ecde87b3c5f67145b5ecdf652"
		    "325a0139cff977d7845e705e698b76ab" },
		{ 3,
		    "f62f74b8d9690c6664f43d9ee4ff83c3"
		    "3b96fdf0d58924be435b944b6ef809d9" },
		{ 5,
		    "bc15d75efa80c7b4862cbd466e58a655"
		    "a98c5a2b82454b058c43d674ee572abb" },
		{ 8,
		    "74556fbf3b660de01a8d78ef4d9c4617"
		    "3cd81ef6b0a66b0c944d77aec04478b8" },
		{ 13,
		    "5d491efd4ee7c80e9e136b067afe6674"
		    "406d609f115d6cf51344c1a80c5b9fd7" },
	};
	struct vl_ids *ids = make_ids(MIN, AVG, MAX);
	struct vl_merkle m;
	uint8_t root[VL_HASH_SIZE];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vl_merkle_init(&m, 0);
		add_leaves(&m, ids, 0, cases[i].leaves);
		vl_merkle_root(&m, ids, root);
		assert_hash(cases[i].root, root);
	}
	vl_ids_free(ids);
}

static void
joins_leaves_that_were_gathered_apart(void **state)
{
	struct vl_ids *ids = make_ids(MIN, AVG, MAX);
	uint8_t want[VL_HASH_SIZE];
	uint8_t root[VL_HASH_SIZE];
	struct vl_merkle whole;
	struct vl_merkle part;
	struct vl_merkle m;
	unsigned from;
	unsigned to;
	unsigned n;

	(void)state;
	vl_merkle_init(&whole, 0);
	for (n = 0; n < 35; n++) {
		vl_merkle_root(&whole, ids, want);
		for (from = 0; from <= n; from++)
			for (to = from; to <= n; to += 1 + to % 3) {
				vl_merkle_init(&m, 0);
				add_leaves(&m, ids, 0, from);
				vl_merkle_init(&part, from);
				add_leaves(&part, ids, from, to);
				vl_merkle_join(&m, ids, &part);
				add_leaves(&m, ids, to, n);
				vl_merkle_root(&m, ids, root);
				assert_memory_equal(want, root, sizeof(root));
			}
		add_leaves(&whole, ids, n, n + 1);
	}
	vl_ids_free(ids);
}

static void
takes_leaves_at_once_as_one_by_one(void **state)
{
	static char leaves[700][12];
	struct vl_slice at_once[700];
	struct vl_ids *ids = make_ids(MIN, AVG, MAX);
	uint8_t want[VL_HASH_SIZE];
	uint8_t root[VL_HASH_SIZE];
	struct vl_merkle one;
	struct vl_merkle m;
	unsigned from;
	unsigned i;

	(void)state;
	for (i = 0; i < 700; i++) {
		(void)snprintf(leaves[i], sizeof(leaves[i]), "leaf %u\n", i);
		at_once[i] = vl_slice_of(leaves[i]);
	}
	vl_merkle_init(&one, 0);
	add_leaves(&one, ids, 0, 700);
	vl_merkle_root(&one, ids, want);
	for (from = 0; from < 700; from += 1 + from / 3) {
		vl_merkle_init(&m, 0);
		add_leaves(&m, ids, 0, from);
		vl_merkle_add_all(&m, ids, at_once + from, 700 - from);
		vl_merkle_root(&m, ids, root);
		assert_memory_equal(want, root, sizeof(root));
	}
	vl_ids_free(ids);
}

static void
hashes_a_terabyte_of_holes_at_once(void **state)
{
	struct vl_ids *ids = make_ids(65536, 262144, 1048576);
	struct vl_hasher *h = make_hasher(ids);
	uint8_t hash[VL_HASH_SIZE];
	struct vl_err err;

	(void)state;
	h->ops->begin(h, TIB + 4);
	assert_int_equal(VL_OK, (h->ops->skip)(h, TIB, &err));
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("tail"), &err));
	assert_true(h->ops->end(h, hash));
	assert_hash("18988c6c78e1881ef8b8f83c24659749"
	            "707e82614dd96455bed102296d9f477a",
	    hash);
	/* The same behind a byte that is in the way. */
	h->ops->begin(h, TIB + 4);
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("h"), &err));
	assert_int_equal(VL_OK, (h->ops->skip)(h, TIB - 1, &err));
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("tail"), &err));
	assert_true(h->ops->end(h, hash));
	assert_hash("3a090a218b2a5f529904bf0e87ff35c4"
	            "1e1ddf7d85992f26c8705fd1a2d19d43",
	    hash);
	h->ops->free(h);
	vl_ids_free(ids);
}

static size_t
block_end(size_t at, size_t size)
{
	return size - at < VL_ZERO_BLOCK ? size : at + VL_ZERO_BLOCK;
}

static bool
block_zero(const uint8_t *p, size_t at, size_t size)
{
	return vl_all_zero(
	    (struct vl_slice){ p + at, block_end(at, size) - at });
}

/* The rule read from the text: stretches first, then their chunks. */
static void
model(const struct vl_ids *ids, const uint8_t *p, size_t size,
    uint8_t out[VL_HASH_SIZE])
{
	struct vl_content_hash h;
	uint8_t id[VL_HASH_SIZE];
	size_t at = 0;
	size_t end;
	size_t n;

	vl_content_begin(&h, ids, size);
	while (at < size) {
		if (block_zero(p, at, size)) {
			at = block_end(at, size);
			continue;
		}
		for (end = at; end < size && !block_zero(p, end, size);)
			end = block_end(end, size);
		while (at < end) {
			n = vl_chunk_cut(vl_ids_chunker(ids),
			    (struct vl_slice){ p + at, end - at });
			vl_ids_chunk(ids, id, (struct vl_slice){ p + at, n });
			vl_content_add(&h, at, id);
			at += n;
		}
	}
	vl_content_end(&h, out);
}

/* Feed `p` in pieces; where they are zero, some of them as holes. */
static void
feed(struct vl_hasher *h, const uint8_t *p, size_t size, size_t piece)
{
	struct vl_err err;
	size_t at = 0;
	size_t n;

	h->ops->begin(h, size);
	while (at < size) {
		n = piece == 0 ? 1 + (size_t)rand() % 150000 : piece;
		if (n > size - at)
			n = size - at;
		if (rand() % 2 == 0 &&
		    vl_all_zero((struct vl_slice){ p + at, n }))
			assert_int_equal(VL_OK, (h->ops->skip)(h, n, &err));
		else
			assert_int_equal(VL_OK,
			    h->ops->add(
			        h, (struct vl_slice){ p + at, n }, &err));
		at += n;
	}
}

static void
hash_depends_on_content_alone(void **state)
{
	enum {
		SIZE = 3000001
	};
	static const size_t pieces[] = { 0, 0, 0, 1000, 65536, 100000, SIZE };
	static const size_t sizes[] = { 0, 1, 10, 65536, 65537, 131072, 700000,
		SIZE };
	struct vl_ids *ids = make_ids(MIN, AVG, MAX);
	struct vl_hasher *h = make_hasher(ids);
	uint8_t *p = calloc(1, SIZE);
	uint8_t want[VL_HASH_SIZE];
	uint8_t got[VL_HASH_SIZE];
	uint8_t seed[VL_KEY_SIZE] = { 1 };
	size_t i;
	size_t j;

	(void)state;
	srand(1);
	assert_non_null(p);
	vl_random_from(p, SIZE, seed);
	/* Zeros that fill blocks, miss them by a byte, or end the body. */
	memset(p + 65536, 0, 65536);
	memset(p + 200000, 0, 300000);
	memset(p + 655360, 0, 65535);
	memset(p + 983041, 0, 65535);
	memset(p + 1500000, 0, 900000);
	memset(p + SIZE - 70000, 0, 70000);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		model(ids, p, sizes[i], want);
		for (j = 0; j < sizeof(pieces) / sizeof(pieces[0]); j++) {
			feed(h, p, sizes[i], pieces[j]);
			assert_true(h->ops->end(h, got));
			assert_memory_equal(want, got, sizeof(want));
		}
	}
	h->ops->free(h);
	vl_ids_free(ids);
	free(p);
}

static void
says_when_a_body_has_another_size(void **state)
{
	struct vl_ids *ids = make_ids(MIN, AVG, MAX);
	struct vl_hasher *h = make_hasher(ids);
	uint8_t hash[VL_HASH_SIZE];
	struct vl_err err;

	(void)state;
	h->ops->begin(h, 6);
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("hello"), &err));
	assert_false(h->ops->end(h, hash));
	h->ops->begin(h, 4);
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("hello"), &err));
	assert_false(h->ops->end(h, hash));
	h->ops->begin(h, 5);
	assert_int_equal(VL_OK, h->ops->add(h, vl_slice_of("hello"), &err));
	assert_int_equal(VL_OK, (h->ops->skip)(h, TIB, &err));
	assert_false(h->ops->end(h, hash));
	h->ops->free(h);
	vl_ids_free(ids);
}

static void
refuses_chunk_sizes_out_of_order(void **state)
{
	static const uint32_t sizes[][3] = {
		{ 63, 256, 1024 },
		{ 256, 256, 1024 },
		{ 64, 256, 256 },
		{ 64, 300, 1024 },
		{ 64, 256, VL_CHUNK_MAX_LIMIT + 1 },
	};
	uint8_t sk[VL_KEY_SIZE] = { 0 };
	struct vl_ids *ids = NULL;
	struct vl_err err;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(VL_EFORMAT,
		    vl_ids_new(
		        &ids, sk, sizes[i][0], sizes[i][1], sizes[i][2], &err));
		assert_null(ids);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_content_as_another_implementation_does),
		cmocka_unit_test(
		    merkle_roots_are_those_of_another_implementation),
		cmocka_unit_test(joins_leaves_that_were_gathered_apart),
		cmocka_unit_test(takes_leaves_at_once_as_one_by_one),
		cmocka_unit_test(hashes_a_terabyte_of_holes_at_once),
		cmocka_unit_test(hash_depends_on_content_alone),
		cmocka_unit_test(says_when_a_body_has_another_size),
		cmocka_unit_test(refuses_chunk_sizes_out_of_order),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
