/*
 * The child's side of a cage, request by request: it ends where its parent
 * makes no sense, and in peace where it has gone.
 */

#include "../../../src/unpack/parts.h"
#include "../../../src/unpack/wire.h"

#include "forge.h"
#include "thread_cage.h"

#define RECORDS 0 /* channels */
#define BLOCKS  1

/* Some bytes of a parent, as they are. */
static void
say(unsigned channel, uint32_t kind, uint32_t n, struct vl_slice body, int fd)
{
	const struct vl_cage_message m = { .kind = kind, .fd = fd };
	uint8_t head[8];
	int to = thread_cage.channel[channel];

	/* It may end before it has heard all. */
	if (fd >= 0) {
		(void)vl_cage_put(to, &m, body, NULL);
		return;
	}
	vl_put_u32le(head, kind);
	vl_put_u32le(head + 4, n);
	(void)send(to, head, sizeof(head), MSG_NOSIGNAL);
	(void)send(to, body.p, body.n, MSG_NOSIGNAL);
}

/* It ends without a word, for this; nothing more comes on the channel. */
static void
assert_no_sense(
    struct forge *f, struct vl_unpack *u, unsigned channel, const char *what)
{
	uint8_t byte = 0;
	int code = 0;

	(void)shutdown(thread_cage.channel[channel], SHUT_WR);
	if (recv(thread_cage.channel[channel], &byte, 1, 0) > 0)
		fail_msg("it answers to %s", what);
	vl_unpack_free(u);
	code = close_cage(f);
	if (code != NO_SENSE)
		fail_msg("%s: it ended with code %d", what, code);
}

struct request {
	const char *name;
	unsigned channel;
	uint32_t kind;
	uint32_t n;
	uint32_t body[8]; /* of which no more than `n` bytes go */
};

static const struct request senseless[] = {
	{ "an unknown kind", RECORDS, 99, 8, { 0 } },
	{ "an answer", RECORDS, WIRE_DONE, 8, { 0 } },
	{ "a block among records", RECORDS, WIRE_BLOCK, 8, { 0 } },
	{ "a request that is too long", RECORDS, WIRE_NEXT, 12, { 0 } },
	{ "a reader that cannot be", RECORDS, WIRE_NEXT, 8, { 8 } },
	{ "a reader that is not open", RECORDS, WIRE_NEXT, 8, { 1 } },
	{ "an unknown mode", RECORDS, WIRE_NEXT, 8, { 0, 3 } },
	{ "the end of no reader", RECORDS, WIRE_END, 8, { 1 } },
	{ "closing no reader", RECORDS, WIRE_CLOSE, 8, { 1 } },
	{ "a cut request", RECORDS, WIRE_PART, 8, { 0 } },
	{ "a head of no length", RECORDS, WIRE_OPEN, 4, { 0 } },
	{ "a long text", RECORDS, WIRE_HEAD, VL_HEAD_MAX + 1, { 0 } },
	{ "a cut text", RECORDS, WIRE_HEAD, 4096, { 0 } },
	{ "a record among blocks", BLOCKS, WIRE_NEXT, 16, { 0 } },
	{ "a long block", BLOCKS, WIRE_BLOCK, WIRE_MAX + 1, { 0 } },
	{ "a cut block", BLOCKS, WIRE_BLOCK, 64, { 0 } },
	{ "a short block", BLOCKS, WIRE_BLOCK, 12, { 0, 1 } },
	{ "half a slot", BLOCKS, WIRE_BLOCK, 18, { 0, 1 } },
	{ "a block of no reader", BLOCKS, WIRE_BLOCK, 16, { 8, 1 } },
	{ "one of none open", BLOCKS, WIRE_BLOCK, 16, { 1, 1 } },
	{ "no such slot", BLOCKS, WIRE_BLOCK, 20, { 0, 1, 0, 0, 99999 } },
};

static void
ends_where_a_request_makes_no_sense(void **state)
{
	const struct request *r = senseless;
	struct vl_unpack *u = NULL;
	struct forge *f = *state;
	struct vl_err err = { 0 };
	size_t n = 0;

	forge_write(f, NULL);
	for (; r < senseless + sizeof(senseless) / sizeof(*r); r++) {
		open_cage(f);
		must(bundle_unpack(&u, &f->b, &err), &err);
		n = r->n < sizeof(r->body) ? r->n : sizeof(r->body);
		if (r->kind == WIRE_PART)
			n = 5;
		say(r->channel, r->kind, r->n,
		    (struct vl_slice){ (const uint8_t *)r->body, n }, -1);
		assert_no_sense(f, u, r->channel, r->name);
	}
}

/* What comes in place of what was waited for. */
struct reply {
	const char *name;
	uint32_t kind;
	uint32_t n;
	size_t sent;
};

static const uint8_t zeros[WIRE_SECRET];

static void
ends_where_it_is_opened_without_sense(void **state)
{
	static const struct reply all[] = {
		{ "no keys", WIRE_NEXT, WIRE_SECRET, WIRE_SECRET },
		{ "few keys", WIRE_KEYS, WIRE_SECRET - 1, WIRE_SECRET - 1 },
		{ "cut keys", WIRE_KEYS, WIRE_SECRET, 32 },
	};
	struct forge *f = *state;
	struct wire_open o;
	struct vl_slice head = { (const uint8_t *)&o, sizeof(o) };
	size_t i = 0;

	memset(&o, 0, sizeof(o));
	o.head = f->b.head;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		open_cage(f);
		say(RECORDS, WIRE_OPEN, 0, head, f->b.dirfd);
		say(RECORDS, all[i].kind, all[i].n,
		    (struct vl_slice){ zeros, all[i].sent }, -1);
		assert_no_sense(f, NULL, RECORDS, all[i].name);
	}
	open_cage(f);
	say(RECORDS, WIRE_OPEN, sizeof(o), head, -1);
	say(RECORDS, WIRE_KEYS, WIRE_SECRET,
	    (struct vl_slice){ zeros, WIRE_SECRET }, -1);
	assert_no_sense(f, NULL, RECORDS, "a head without a file for the map");
	open_cage(f);
	head.n = 3;
	say(RECORDS, WIRE_OPEN, 0, head, f->b.dirfd);
	assert_no_sense(f, NULL, RECORDS, "a head that is cut");
}

/* Up to where it wants i0000001.vli. */
static void
open_until_it_wants(struct forge *f)
{
	struct vl_cage_message m = { .fd = -1 };
	struct vl_err err = { 0 };
	struct wire_open o;
	uint8_t ask[8];
	int map = -1;

	memset(&o, 0, sizeof(o));
	o.head = f->b.head;
	open_cage(f);
	must(vl_temp_file(&map, ".", &err), &err);
	say(RECORDS, WIRE_OPEN, 0,
	    (struct vl_slice){ (const uint8_t *)&o, sizeof(o) }, map);
	(void)close(map);
	say(RECORDS, WIRE_KEYS, WIRE_SECRET,
	    (struct vl_slice){ zeros, WIRE_SECRET }, -1);
	must(vl_cage_take(thread_cage.channel[RECORDS], &m, &err), &err);
	assert_int_equal(WIRE_WANTS, m.kind);
	assert_int_equal(sizeof(ask), m.n);
	must(vl_cage_body(thread_cage.channel[RECORDS], ask, sizeof(ask), &err),
	    &err);
	assert_int_equal(VL_FILE_INDEX, ask[0]);
	assert_int_equal(1, ask[4]);
}

static void
ends_where_a_file_comes_without_sense(void **state)
{
	static const struct reply all[] = {
		{ "no file", WIRE_NEXT, 16, 16 },
		{ "more than a file", WIRE_FILE, 20, 20 },
		{ "a cut file", WIRE_FILE, 16, 12 },
	};
	struct forge *f = *state;
	size_t i = 0;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		open_until_it_wants(f);
		say(RECORDS, all[i].kind, all[i].n,
		    (struct vl_slice){ zeros, all[i].sent }, -1);
		assert_no_sense(f, NULL, RECORDS, all[i].name);
	}
}

/* A file that is said to be there and did not come is none. */
static void
takes_no_file_that_did_not_come(void **state)
{
	static const uint8_t there[16] = { 0, 0, 0, 0, 1 };
	struct vl_cage_message m = { .fd = -1 };
	struct forge *f = *state;
	struct vl_err err = { 0 };

	open_until_it_wants(f);
	say(RECORDS, WIRE_FILE, sizeof(there),
	    (struct vl_slice){ there, sizeof(there) }, -1);
	must(vl_cage_take(thread_cage.channel[RECORDS], &m, &err), &err);
	assert_int_equal(WIRE_FAILED, m.kind);
	(void)close_cage(f);
}

static void
give_pack_1(struct forge *f)
{
	const struct vl_cage_message m = { .kind = WIRE_FILE,
		.fd =
		    openat(f->b.dirfd, "p0000001.vlp", O_RDONLY | O_CLOEXEC) };
	struct wire_file say_so = { .regular = true };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	struct stat st;

	assert_int_equal(0, fstat(m.fd, &st));
	say_so.size = (uint64_t)st.st_size;
	must(wire_put_file(&out, &say_so, &err), &err);
	must(vl_cage_put(
	         thread_cage.channel[BLOCKS], &m, vl_buf_slice(&out), &err),
	    &err);
	(void)close(m.fd);
	vl_buf_free(&out);
}

/* Ask for a block of pack 1 and hear; the first number of the answer. */
static uint32_t
ask_block(struct forge *f, const uint32_t *body, uint32_t n, uint32_t *first)
{
	struct vl_cage_message m = { .kind = WIRE_WANTS };
	struct vl_err err = { 0 };
	uint8_t reply[4096];

	say(BLOCKS, WIRE_BLOCK, n,
	    (struct vl_slice){ (const uint8_t *)body, n }, -1);
	while (m.kind == WIRE_WANTS) {
		must(vl_cage_take(thread_cage.channel[BLOCKS], &m, &err), &err);
		assert_true(m.n >= 4 && m.n <= sizeof(reply));
		must(
		    vl_cage_body(thread_cage.channel[BLOCKS], reply, m.n, &err),
		    &err);
		if (m.kind == WIRE_WANTS)
			give_pack_1(f);
	}
	memcpy(first, reply, sizeof(*first));
	return m.kind;
}

static void
gives_a_block_again_and_none_where_there_is_none(void **state)
{
	uint32_t body[6] = { 0, 1, 0, 0 };
	struct vl_unpack *u = NULL;
	struct forge *f = *state;
	struct vl_err err = { 0 };
	uint32_t first = 0;
	uint32_t slot = 0;

	forge_write(f, NULL);
	open_cage(f);
	must(bundle_unpack(&u, &f->b, &err), &err);
	assert_int_equal(WIRE_DONE, ask_block(f, body, 16, &first));
	assert_int_equal(WIRE_DONE, ask_block(f, body, 16, &slot));
	assert_int_equal(first, slot);
	/* It is free again, as is one that was never taken. */
	body[4] = slot;
	body[5] = slot + 1;
	assert_int_equal(WIRE_DONE, ask_block(f, body, 24, &slot));
	body[3] = 1;
	assert_int_equal(WIRE_FAILED, ask_block(f, body, 16, &slot));
	assert_int_equal(VL_EFORMAT, slot);
	vl_unpack_free(u);
	assert_int_equal(PARENT_GONE, close_cage(f));
}

static void
ends_in_peace_where_nobody_hears_it(void **state)
{
	struct forge *f = *state;
	uint8_t byte = 0;

	open_cage(f);
	(void)shutdown(thread_cage.channel[RECORDS], SHUT_RD);
	say(RECORDS, WIRE_HEAD, 3, text("{}\n"), -1);
	assert_int_equal(0, recv(thread_cage.channel[BLOCKS], &byte, 1, 0));
	assert_int_equal(PARENT_GONE, close_cage(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forge_new, forge_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(ends_where_a_request_makes_no_sense),
		TEST(ends_where_it_is_opened_without_sense),
		TEST(ends_where_a_file_comes_without_sense),
		TEST(takes_no_file_that_did_not_come),
		TEST(gives_a_block_again_and_none_where_there_is_none),
		TEST(ends_in_peace_where_nobody_hears_it),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
