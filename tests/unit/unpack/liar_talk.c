/*
 * The same about all that is said between records: messages, blocks, files it
 * asks for, the inner head, totals; and one that ends in the middle of it.
 */

#include "liar.h"

#define BYTES(text)                                                            \
	{                                                                      \
		(const uint8_t *)(text), sizeof(text) - 1                      \
	}

static void
items_of_a_body_are_held_against_the_protocol(void **state)
{
	static const struct scenario all[] = {
		{ .name = "unknown item", .raw = BYTES("\77") },
		{ .name = "a record within a body", .raw = BYTES("\1") },
		{ .name = "the tail within a body",
		    .raw = BYTES("\4\3\0\0\0{}\n") },
		{ .name = "no chunks", .raw = BYTES("\2\0\0\0\0") },
		{ .name = "more chunks than bytes",
		    .raw = BYTES("\2\1\0\0\0\0") },
		{ .name = "giant count", .raw = BYTES("\2\377\377\377\377") },
		{ .name = "cut failure", .raw = BYTES("\5\5\0\0\0\1") },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = ITEM;
		assert_refused(&b, &s);
	}
	teardown(&b);
}

static void
blocks_are_held_against_shared_memory(void **state)
{
	static const struct scenario all[] = {
		{ .name = "slot outside",
		    .raw = BYTES("\4\0\0\0\1\0\0\0\100\0\0\0") },
		{ .name = "slot far outside",
		    .raw = BYTES("\377\377\377\377\1\0\0\0\100\0\0\0") },
		{ .name = "no chunks", .raw = BYTES("\0\0\0\0\0\0\0\0") },
		{ .name = "more chunks than said",
		    .raw = BYTES("\0\0\0\0\1\0\0\0\100\0\0\0\1\0\0\0") },
		{ .name = "giant count",
		    .raw = BYTES("\0\0\0\0\377\377\377\377") },
		{ .name = "end outside",
		    .raw = BYTES("\0\0\0\0\1\0\0\0\1\0\40\0") },
		{ .name = "ends descend",
		    .raw = BYTES("\0\0\0\0\2\0\0\0\100\0\0\0\77\0\0\0") },
		{ .name = "empty chunk",
		    .raw = BYTES("\0\0\0\0\1\0\0\0\0\0\0\0") },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = BLOCK;
		s.kind = WIRE_DONE;
		s.ref = (struct vl_chunk_ref){ 0, 64, 1, 0, 0 };
		assert_refused(&b, &s);
	}
	teardown(&b);
}

static void
messages_are_held_against_the_protocol(void **state)
{
	static const struct scenario all[] = {
		{ .name = "unknown kind", .kind = 99, .raw = BYTES("x") },
		{ .name = "a request", .kind = WIRE_NEXT, .raw = BYTES("x") },
		{ .name = "giant length",
		    .kind = WIRE_DONE,
		    .n = UINT32_MAX,
		    .raw = BYTES("x") },
		{ .name = "giant length of what it wants",
		    .kind = WIRE_WANTS,
		    .n = UINT32_MAX,
		    .raw = BYTES("x") },
		{ .name = "nothing", .kind = WIRE_DONE },
		{ .name = "more than that keys are not locked",
		    .kind = WIRE_UNLOCKED,
		    .raw = BYTES("x") },
		{ .name = "unknown item",
		    .kind = WIRE_DONE,
		    .raw = BYTES("\77") },
		{ .name = "cut record",
		    .kind = WIRE_DONE,
		    .raw = BYTES("\1\0\0\0\0\0\0\0\0\0") },
		{ .name = "body of nothing",
		    .kind = WIRE_DONE,
		    .raw = BYTES("\3") },
		{ .name = "early tail",
		    .kind = WIRE_DONE,
		    .raw = BYTES("\4\3\0\0\0{}\n") },
		{ .name = "success as a failure",
		    .kind = WIRE_FAILED,
		    .raw = BYTES("\0\0\0\0\1\0\0\0x") },
		{ .name = "unknown failure",
		    .kind = WIRE_FAILED,
		    .raw = BYTES("\11\0\0\0\1\0\0\0x") },
		{ .name = "failure without a word",
		    .kind = WIRE_FAILED,
		    .raw = BYTES("\5\0\0\0\0\0\0\0") },
		{ .name = "a descriptor with an answer",
		    .kind = WIRE_DONE,
		    .raw = BYTES("\5\5\0\0\0\1\0\0\0x"),
		    .hands = true },
		{ .name = "a descriptor with a question",
		    .kind = WIRE_WANTS,
		    .raw = BYTES("\1\0\0\0\1\0\0\0"),
		    .hands = true },
		{ .name = "half a question for a file",
		    .kind = WIRE_WANTS,
		    .raw = BYTES("\1\0\0\0") },
		{ .name = "failure with more behind it",
		    .kind = WIRE_FAILED,
		    .raw = BYTES("\5\0\0\0\1\0\0\0xy") },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = RAW;
		assert_refused(&b, &s);
	}
	teardown(&b);
}

/* Nobody waits for the rest. */
static void
one_that_ends_in_the_middle_is_told(void **state)
{
	static const struct scenario all[] = {
		{ .name = "in an answer",
		    .about = RAW,
		    .kind = WIRE_DONE,
		    .n = 100,
		    .raw = BYTES("\1"),
		    .leaves = true },
		{ .name = "in a failure",
		    .about = RAW,
		    .kind = WIRE_FAILED,
		    .n = 100,
		    .raw = BYTES("\1"),
		    .leaves = true },
		{ .name = "in a question for a file",
		    .about = RAW,
		    .kind = WIRE_WANTS,
		    .n = 8,
		    .raw = BYTES("\1"),
		    .leaves = true },
	};
	struct vl_err err = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (hear(&b, &all[i], read_all, &err) != VL_EIO)
			fail_msg("'%s' came to: %s", all[i].name, err.text);
	teardown(&b);
}

static void
only_files_of_the_bundle_are_opened(void **state)
{
	static const uint32_t asks[][2] = { { 0, 1 }, { 3, 1 }, { 77, 1 },
		{ VL_FILE_PACK, 0 }, { VL_FILE_PACK, 9999999 },
		{ VL_FILE_INDEX, 0 }, { VL_FILE_INDEX, UINT32_MAX } };
	struct scenario s = { .name = "a file", .about = ASKS };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		memcpy(s.ask, asks[i], sizeof(s.ask));
		assert_refused(&b, &s);
	}
	teardown(&b);
}

static void
no_end(struct vl_inner_head *h)
{
	memset(h->site, 'a', sizeof(h->site));
}

static void
site_is_a_path(struct vl_inner_head *h)
{
	(void)snprintf(h->site, sizeof(h->site), "../x");
}

static void
no_end_of_kind(struct vl_inner_head *h)
{
	static struct vl_resource_id id;

	memset(id.kind, 'a', sizeof(id.kind));
	h->resources = &id;
	h->nresources = 1;
}

static void
inner_head_is_held_against_its_form(void **state)
{
	const struct scenario all[] = {
		{ .name = "no end", .about = OPENED, .spoil_inner = no_end },
		{ .name = "site is a path",
		    .about = OPENED,
		    .spoil_inner = site_is_a_path },
		{ .name = "kind without end",
		    .about = OPENED,
		    .spoil_inner = no_end_of_kind },
		{ .name = "first line without end",
		    .about = OPENED,
		    .first = "{}" },
		{ .name = "no first line", .about = OPENED, .first = "" },
		{ .name = "first line that moves a terminal",
		    .about = OPENED,
		    .first = "{\033}\n" },
		{ .name = "more than a first line",
		    .about = OPENED,
		    .first = "{}\n{}\n" },
		{ .name = "cut in the first line", .about = OPENED, .cut = 1 },
		{ .name = "cut in its length", .about = OPENED, .cut = 5 },
		{ .name = "cut in the map", .about = OPENED, .cut = 8 },
		{ .name = "cut far before it", .about = OPENED, .cut = 40 },
	};
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_refused(&b, &all[i]);
	teardown(&b);
}

static void
two_lines(struct vl_inner_head *h)
{
	h->lines = 2;
}

static void
totals_are_held_against_what_was_counted(void **state)
{
	struct vl_unpack_totals all[6];
	struct scenario s = { .name = "totals",
		.about = TOTALS,
		.kind = WIRE_DONE,
		.spoil_inner = two_lines };
	struct vl_buf raw = { 0 };
	struct vl_err err = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < 6; i++)
		all[i] = (struct vl_unpack_totals){ .lines = 2,
			.chunks = inner.chunks,
			.plain = inner.total_plain };
	all[1].lines = 3;
	all[2].chunks++;
	all[3].unused_chunks = inner.chunks + 1;
	all[4].plain--;
	for (i = 0; i < 6; i++) {
		vl_buf_clear(&raw);
		must(wire_put_totals(&raw, &all[i], &err), &err);
		raw.n -= i == 5; /* cut */
		s.raw = vl_buf_slice(&raw);
		if (i == 0)
			must(hear(&b, &s, read_all, &err), &err);
		else
			assert_refused(&b, &s);
	}
	vl_buf_free(&raw);
	teardown(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(items_of_a_body_are_held_against_the_protocol),
		cmocka_unit_test(blocks_are_held_against_shared_memory),
		cmocka_unit_test(messages_are_held_against_the_protocol),
		cmocka_unit_test(one_that_ends_in_the_middle_is_told),
		cmocka_unit_test(only_files_of_the_bundle_are_opened),
		cmocka_unit_test(inner_head_is_held_against_its_form),
		cmocka_unit_test(totals_are_held_against_what_was_counted),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
