/*
 * A child in the place of the reader that says of head.jsn and keys.jsn what
 * no text of theirs can say: it is refused.
 */

#include "../../../src/unpack/parts.h"
#include "../../../src/unpack/wire.h"

#include "bundle.h"

#define IMPOSSIBLE "said something impossible"

static struct vl_slice told; /* to whatever is asked */

static int
liar(const struct vl_cage_inside *in)
{
	const struct vl_cage_message done = { .kind = WIRE_DONE, .fd = -1 };
	struct vl_cage_message m = { .fd = -1 };
	uint8_t body[64];

	while (vl_cage_take(in->channel[0], &m, NULL) == VL_OK)
		if (m.n > sizeof(body) ||
		    vl_cage_body(in->channel[0], body, m.n, NULL) != VL_OK ||
		    vl_cage_put(in->channel[0], &done, told, NULL) != VL_OK)
			return 1;
	return 0;
}

/* What comes of a head, or of stanzas, of these bytes. */
static enum vl_status
hear(bool head, const void *p, size_t n, struct vl_err *err)
{
	struct vl_small_reader small = { 0 };
	struct vl_cage *cage = NULL;
	struct vl_stanzas stanzas;
	struct vl_buf mac = { 0 };
	struct vl_head h;
	enum vl_status st = VL_OK;

	told = (struct vl_slice){ p, n };
	must(vl_cage_open(&cage,
	         &(struct vl_cage_opts){ .inside = liar,
	             .memory = VL_RECORD_PLAIN_MAX,
	             .private = (size_t)64 << 20,
	             .seconds = 60 },
	         err),
	    err);
	small = vl_unpack_small_reader(cage);
	st = head ?
	    small.head(small.arg, &h, vl_slice_of("{}\n"), err) :
	    small.stanzas(small.arg, &stanzas, &mac, vl_slice_of("{}\n"), err);
	vl_buf_free(&mac);
	vl_cage_close(cage);
	return st;
}

static void
assert_refused(bool head, const void *p, size_t n)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_EFORMAT, hear(head, p, n, &err));
	assert_non_null(strstr(err.text, IMPOSSIBLE));
}

static void
heads_are_held_against_their_form(void **state)
{
	struct vl_head good;
	struct vl_head bad[11];
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	memset(&good, 0, sizeof(good));
	good.seq = 1;
	good.epoch = 1;
	good.must = VL_MUST_GEAR1;
	good.frame_log2 = VL_FRAME_LOG2_MIN;
	good.index_files = 2;
	must(hear(true, &good, sizeof(good), &err), &err);
	for (i = 0; i < 11; i++)
		bad[i] = good;
	bad[0].seq = 0;
	bad[1].epoch = 0;
	bad[2].kind = (enum vl_bundle_kind)(VL_BUNDLE_DELTA + 1);
	bad[3].must = 0x80000000u;
	bad[4].frame_log2 = VL_FRAME_LOG2_MIN - 1;
	bad[5].frame_log2 = VL_FRAME_LOG2_MAX + 1;
	bad[6].index_files = 0;
	bad[7].index_files = VL_FILE_NUMBER_MAX + 1;
	bad[8].pack_files = VL_FILE_NUMBER_MAX + 1;
	bad[9].pack_files = UINT32_MAX;
	bad[10].frame_log2 = 255;
	for (i = 0; i < 11; i++)
		assert_refused(true, &bad[i], sizeof(bad[i]));
	assert_refused(true, &good, sizeof(good) - 1);
	assert_refused(true, NULL, 0);
}

static void
stanzas_are_held_against_their_form(void **state)
{
	struct vl_stanzas good;
	struct vl_stanzas bad[5];
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	memset(&good, 0, sizeof(good));
	good.n = 2;
	must(hear(false, &good, sizeof(good), &err), &err);
	for (i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].n = 0;
	bad[1].n = VL_STANZAS_MAX + 1;
	bad[2].list[1].type = (enum vl_stanza_type)(VL_STANZA_X25519 + 1);
	bad[3].list[1].role = (enum vl_role)(VL_ROLE_AUDIT + 1);
	bad[4].list[1].wrap_size = sizeof(good.list[1].wrap) + 1;
	for (i = 0; i < 5; i++)
		assert_refused(false, &bad[i], sizeof(bad[i]));
	assert_refused(false, &good, sizeof(good) - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_are_held_against_their_form),
		cmocka_unit_test(stanzas_are_held_against_their_form),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
