/*
 * What an encoder is given and no reader would take, it refuses; and where
 * memory runs out, encoders and decoders say so.
 */

#include "../sweep_system.h"

#include <cjson/cJSON.h>

#include <valise/keybox.h>
#include <valise/sealform.h>

/* Structures that may be written, each with what it needs. */
struct good {
	struct vl_head head;
	struct vl_inner_head inner;
	struct vl_resource_id resource;
	struct vl_map_file map;
	uint32_t frames;
	struct vl_stanzas stanzas;
	struct vl_manifest_head first;
	struct vl_seal_file files[2];
	struct vl_seal_list list;
};

static struct good g;
static struct vl_buf out;
static struct vl_err err;

#define HEAD                                                                   \
	{                                                                      \
		.seq = 1, .epoch = 1, .must = VL_MUST_GEAR1 | VL_MUST_ZSTD,    \
		.frame_log2 = 16, .index_files = 2, .pack_files = 1            \
	}

static const struct good good = { .head = HEAD,
	.inner = { .head = HEAD,
	    .site = "demo",
	    .tool = "test",
	    .chunk_min = 4096,
	    .chunk_avg = 16384,
	    .chunk_max = 65536,
	    .chunks = 1,
	    .lines = 1,
	    .total_plain = 1,
	    .resources = &g.resource,
	    .nresources = 1,
	    .pack_frames = &g.frames,
	    .npacks = 1,
	    .map = &g.map,
	    .nmap = 1 },
	.resource = { .name = "tree", .kind = "files" },
	.map = { .file = 1, .rows = 1 },
	.frames = 1,
	.stanzas = { .n = 1,
	    .list = { { .type = VL_STANZA_X25519,
	        .role = VL_ROLE_AUDIT,
	        .wrap_size = 80 } } },
	.first = { .epoch = 1, .site = "demo" },
	.files = { { .name = "head.jsn" }, { .name = "keys.jsn" } },
	.list = { g.files, 2 } };

static int
make_good(void **state)
{
	(void)state;
	g = good;
	memset(&err, 0, sizeof(err));
	return 0;
}

static enum vl_status
head(void)
{
	return vl_head_encode(&out, &g.head, &err);
}

static enum vl_status
inner(void)
{
	return vl_inner_head_encode(&out, &g.inner, &err);
}

static enum vl_status
stanzas(void)
{
	return vl_stanzas_encode(&out, &g.stanzas, &err);
}

static enum vl_status
first(void)
{
	return vl_manifest_head_encode(&out, &g.first, &err);
}

static enum vl_status
list(void)
{
	return vl_seal_list_encode(&out, &g.list, &err);
}

/* Before the change it may be written, behind it not, and it says why. */
#define REFUSES(name, encode, status, why, change)                             \
	static void name(void **state)                                         \
	{                                                                      \
		(void)state;                                                   \
		if (encode() != VL_OK)                                         \
			fail_msg("%s", err.text);                              \
		change;                                                        \
		assert_int_equal(status, encode());                            \
		if (strstr(err.text, why) == NULL)                             \
			fail_msg("'%s'", err.text);                            \
	}

REFUSES(a_delta_head, head, VL_EUSAGE, "delta", g.head.kind = VL_BUNDLE_DELTA)
REFUSES(a_head_of_seq_0, head, VL_EUSAGE, "out of its range", g.head.seq = 0)
REFUSES(
    a_head_of_epoch_0, head, VL_EUSAGE, "out of its range", g.head.epoch = 0)
REFUSES(a_head_of_a_seq_beyond_numbers, head, VL_EUSAGE, "out of its range",
    g.head.seq = UINT64_MAX)
REFUSES(a_head_of_an_epoch_beyond_numbers, head, VL_EUSAGE, "out of its range",
    g.head.epoch = UINT64_MAX)
REFUSES(a_head_of_small_frames, head, VL_EUSAGE, "out of its range",
    g.head.frame_log2 = 15)
REFUSES(a_head_of_large_frames, head, VL_EUSAGE, "out of its range",
    g.head.frame_log2 = 21)
REFUSES(a_head_of_unknown_features, head, VL_EUSAGE, "out of its range",
    g.head.must = 8)
REFUSES(a_head_without_index, head, VL_ELIMIT, "index files",
    g.head.index_files = 0)
REFUSES(a_head_of_too_many_index_files, head, VL_ELIMIT, "index files",
    g.head.index_files = VL_FILE_NUMBER_MAX + 1)
REFUSES(a_head_of_too_many_packs, head, VL_ELIMIT, "packs",
    g.head.pack_files = VL_FILE_NUMBER_MAX + 1)

REFUSES(an_inner_head_of_a_bad_head, inner, VL_EUSAGE, "out of its range",
    g.inner.head.seq = 0)
REFUSES(an_inner_head_of_uneven_chunks, inner, VL_EUSAGE, "out of its range",
    g.inner.chunk_avg = 3)
REFUSES(an_inner_head_of_too_many_bytes, inner, VL_EUSAGE, "out of its range",
    g.inner.total_plain = UINT64_MAX)
REFUSES(an_inner_head_of_too_many_chunks, inner, VL_EUSAGE, "out of its range",
    g.inner.chunks = UINT64_MAX)
REFUSES(an_inner_head_of_too_many_lines, inner, VL_EUSAGE, "out of its range",
    g.inner.lines = UINT64_MAX)
REFUSES(an_inner_head_without_site, inner, VL_EUSAGE, "may not stand so",
    g.inner.site[0] = '\0')
REFUSES(an_inner_head_without_tool, inner, VL_EUSAGE, "may not stand so",
    g.inner.tool[0] = '\0')
REFUSES(an_inner_head_of_too_many_resources, inner, VL_EUSAGE,
    "may not stand so", g.inner.nresources = VL_RESOURCES_MAX + 1)
REFUSES(an_inner_head_of_a_nameless_resource, inner, VL_EUSAGE,
    "no proper name", g.resource.name[0] = '\0')
REFUSES(an_inner_head_of_a_resource_without_kind, inner, VL_EUSAGE,
    "no proper name", g.resource.kind[0] = '\0')
REFUSES(an_inner_head_of_chunks_without_packs, inner, VL_EFORMAT,
    "do not fit together", g.inner.npacks = 0)

REFUSES(keys_for_nobody, stanzas, VL_EUSAGE, "recipients", g.stanzas.n = 0)
REFUSES(keys_for_too_many, stanzas, VL_EUSAGE, "recipients",
    g.stanzas.n = VL_STANZAS_MAX + 1)
REFUSES(keys_of_an_unknown_type, stanzas, VL_EUSAGE, "unknown type",
    g.stanzas.list[0].type = VL_STANZA_UNKNOWN)
REFUSES(keys_of_another_role, stanzas, VL_EUSAGE, "does not fit its role",
    g.stanzas.list[0].role = VL_ROLE_FULL)

REFUSES(a_manifest_of_epoch_0, first, VL_EUSAGE, "may not stand so",
    g.first.epoch = 0)
REFUSES(a_manifest_of_an_epoch_beyond_numbers, first, VL_EUSAGE,
    "may not stand so", g.first.epoch = UINT64_MAX)
REFUSES(a_manifest_without_site, first, VL_EUSAGE, "may not stand so",
    g.first.site[0] = '\0')

REFUSES(a_seal_of_too_many_files, list, VL_ELIMIT, "over the limit",
    g.list.n = VL_SEAL_FILES_MAX + 1)
REFUSES(a_seal_of_a_name_that_no_bundle_has, list, VL_EUSAGE,
    "may not stand there", g.files[0].name[0] = '.')
REFUSES(a_seal_of_names_out_of_order, list, VL_EUSAGE, "may not stand there",
    g.files[0].name[0] = 'z')

static void
refuses_a_manifest_of_too_many_lines(void **state)
{
	(void)state;
	assert_int_equal(VL_ELIMIT,
	    vl_manifest_tail_encode(&out, UINT64_MAX, g.head.prev, &err));
}

static void
finds_nothing_in_an_empty_seal(void **state)
{
	static const struct vl_seal_list none = { 0 };

	(void)state;
	assert_null(vl_seal_list_find(&none, "head.jsn"));
}

/* What of two heads is not the same is named, whichever it is. */
static void
names_the_member_that_differs(void **state)
{
	struct vl_head other = g.head;

	(void)state;
	assert_null(vl_head_differs(&g.head, &other));
	other.series[0] ^= 1;
	assert_string_equal("series", vl_head_differs(&g.head, &other));
	other.seq++;
	assert_string_equal("seq", vl_head_differs(&g.head, &other));
	other.prev[VL_ROOT_SIZE - 1] ^= 1;
	assert_string_equal("prev", vl_head_differs(&g.head, &other));
	other.must ^= 1;
	assert_string_equal("must", vl_head_differs(&g.head, &other));
	other.kind = VL_BUNDLE_DELTA;
	assert_string_equal("kind", vl_head_differs(&g.head, &other));
	other.id[0] ^= 1;
	assert_string_equal("id", vl_head_differs(&g.head, &other));
	other.hints[0] ^= 1;
	assert_string_equal("hints", vl_head_differs(&g.head, &other));
	other.frame_log2++;
	assert_string_equal("frame_log2", vl_head_differs(&g.head, &other));
	other.epoch++;
	assert_string_equal("epoch", vl_head_differs(&g.head, &other));
	other.commit[0] ^= 1;
	assert_string_equal("commit", vl_head_differs(&g.head, &other));
}

/* cJSON, which takes its memory by itself, takes part in the sweep. */
static void
sweep_json(bool swept)
{
	cJSON_Hooks hooks = { .malloc_fn = malloc, .free_fn = free };

	cJSON_InitHooks(swept ? &hooks : NULL);
}

static enum vl_status
decode_head(struct vl_slice text, struct vl_err *e)
{
	struct vl_head h;

	return vl_head_decode(&h, text, e);
}

static enum vl_status
decode_inner(struct vl_slice text, struct vl_err *e)
{
	struct vl_inner_head h = { 0 };
	enum vl_status st = vl_inner_head_decode(&h, text, e);

	vl_inner_head_free(&h);
	return st;
}

static enum vl_status
decode_stanzas(struct vl_slice text, struct vl_err *e)
{
	struct vl_stanzas s;
	struct vl_buf input = { 0 };
	enum vl_status st = vl_stanzas_decode(&s, text, e);

	if (st == VL_OK)
		st = vl_stanzas_mac_input(&input, text, e);
	if (st == VL_OK)
		st = vl_stanza_ad_json(&input, &s.list[0], e);
	vl_buf_free(&input);
	return st;
}

static enum vl_status
decode_first(struct vl_slice text, struct vl_err *e)
{
	struct vl_manifest_head h;

	return vl_manifest_head_decode(&h, text, e);
}

static enum vl_status
decode_list(struct vl_slice text, struct vl_err *e)
{
	struct vl_seal_list l = { 0 };
	enum vl_status st = vl_seal_list_decode(&l, text, e);

	vl_seal_list_free(&l);
	return st;
}

static const struct {
	enum vl_status (*encode)(void);
	enum vl_status (*decode)(struct vl_slice text, struct vl_err *e);
} pairs[] = { { head, decode_head }, { inner, decode_inner },
	{ stanzas, decode_stanzas }, { first, decode_first },
	{ list, decode_list } };

static enum vl_status
there_and_back(void *arg, struct vl_err *e)
{
	const size_t *i = arg;
	enum vl_status st = VL_OK;

	/* Nothing of an earlier round is room for this one. */
	vl_buf_free(&out);
	memset(&err, 0, sizeof(err));
	st = pairs[*i].encode();
	if (st != VL_OK)
		*e = err;
	else
		st = pairs[*i].decode(vl_buf_slice(&out), e);
	return st;
}

static void
says_where_memory_runs_out(void **state)
{
	size_t i = 0;
	const struct sweep_work w = { .arg = &i, .work = there_and_back };

	(void)state;
	sweep_json(true);
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		assert_true(sweep_all(&w, ENOMEM) >= 1);
		assert_int_equal(0, sweep.survived);
	}
	sweep_json(false);
}

/* Keys as text: the first two need no password. */
static const uint8_t key[VL_X25519_SIZE] = { 1, 2, 3 };
static struct vl_sender_secret *sender;

static enum vl_status
key_public(const struct vl_key_lock *lock, struct vl_err *e)
{
	(void)lock;
	return vl_sender_public_encode(&out, &sender->pub, e);
}

static enum vl_status
key_encoded(const struct vl_key_lock *lock, struct vl_err *e)
{
	const struct vl_keybox box = { .kind = VL_KEYBOX_IDENTITY,
		.n = VL_X25519_SIZE + VL_TAG_SIZE };

	(void)lock;
	return vl_keybox_encode(&out, &box, e);
}

static enum vl_status
key_made(const struct vl_key_lock *lock, struct vl_err *e)
{
	return vl_keybox_make(&out, VL_KEYBOX_IDENTITY,
	    (struct vl_slice){ key, sizeof(key) }, lock, e);
}

/* What is refused leaves neither text nor key. */
static enum vl_status
key_locked(const struct vl_key_lock *lock, struct vl_err *e)
{
	static const struct vl_sender_secret none;
	static struct vl_sender_secret again;
	char text[VL_SENDER_SECRET_MAX];
	enum vl_status st = VL_OK;
	size_t n = 1;

	memset(&again, 0xff, sizeof(again));
	st = vl_sender_secret_lock(text, &n, sender, lock, e);
	if (st != VL_OK) {
		assert_int_equal(0, n);
		return st;
	}
	st = vl_sender_secret_unlock(&again,
	    (struct vl_slice){ (const uint8_t *)text, n }, lock->password, e);
	assert_memory_equal(
	    st == VL_OK ? sender : &none, &again, sizeof(again));
	return st;
}

static enum vl_status (*const keys_as_text[])(const struct vl_key_lock *lock,
    struct vl_err *e) = { key_public, key_encoded, key_made, key_locked };

static enum vl_status
key_text(void *arg, struct vl_err *e)
{
	const struct vl_key_lock lock = { vl_slice_of("a password"),
		VL_KDF_LIGHT };

	vl_buf_free(&out);
	return keys_as_text[*(const size_t *)arg](&lock, e);
}

/* That a machine does not say how much memory it has stops nobody. */
static void
says_where_memory_runs_out_for_a_key(void **state)
{
	size_t i = 0;
	const struct sweep_work w = { .arg = &i, .work = key_text };

	(void)state;
	sender = vl_secret_alloc(sizeof(*sender));
	assert_non_null(sender);
	vl_sender_secret_make(sender);
	for (i = 0; i < sizeof(keys_as_text) / sizeof(keys_as_text[0]); i++) {
		assert_true(sweep_all(&w, ENOMEM) > sweep.survived);
		if (i < 2)
			assert_int_equal(0, sweep.survived);
	}
	vl_secret_free(sender);
}

static int
drop(void **state)
{
	(void)state;
	vl_buf_free(&out);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_good, drop)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_delta_head),
		TEST(a_head_of_seq_0),
		TEST(a_head_of_epoch_0),
		TEST(a_head_of_a_seq_beyond_numbers),
		TEST(a_head_of_an_epoch_beyond_numbers),
		TEST(a_head_of_small_frames),
		TEST(a_head_of_large_frames),
		TEST(a_head_of_unknown_features),
		TEST(a_head_without_index),
		TEST(a_head_of_too_many_index_files),
		TEST(a_head_of_too_many_packs),
		TEST(an_inner_head_of_a_bad_head),
		TEST(an_inner_head_of_uneven_chunks),
		TEST(an_inner_head_of_too_many_bytes),
		TEST(an_inner_head_of_too_many_chunks),
		TEST(an_inner_head_of_too_many_lines),
		TEST(an_inner_head_without_site),
		TEST(an_inner_head_without_tool),
		TEST(an_inner_head_of_too_many_resources),
		TEST(an_inner_head_of_a_nameless_resource),
		TEST(an_inner_head_of_a_resource_without_kind),
		TEST(an_inner_head_of_chunks_without_packs),
		TEST(keys_for_nobody),
		TEST(keys_for_too_many),
		TEST(keys_of_an_unknown_type),
		TEST(keys_of_another_role),
		TEST(a_manifest_of_epoch_0),
		TEST(a_manifest_of_an_epoch_beyond_numbers),
		TEST(a_manifest_without_site),
		TEST(a_seal_of_too_many_files),
		TEST(a_seal_of_a_name_that_no_bundle_has),
		TEST(a_seal_of_names_out_of_order),
		TEST(refuses_a_manifest_of_too_many_lines),
		TEST(finds_nothing_in_an_empty_seal),
		TEST(names_the_member_that_differs),
		TEST(says_where_memory_runs_out),
		TEST(says_where_memory_runs_out_for_a_key),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
