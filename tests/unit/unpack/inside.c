/*
 * The child's side of a cage: it answers what the same reader answers where
 * there is none, failures too.
 */

#include "forge.h"
#include "thread_cage.h"

enum mode {
	SWEPT,
	STEPS,
	LINES
};

static enum vl_status
add_body(struct vl_unpack *u, struct vl_buf *all, struct vl_err *err)
{
	struct vl_chunk_hold *hold = NULL;
	struct vl_chunk_ref ref = { 0 };
	struct vl_slice bytes = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 1;

	while (st == VL_OK && n > 0) {
		st = vl_unpack_part(u, &ref, 1, &n, err);
		if (st == VL_OK && n > 0)
			st = vl_unpack_chunk(u, &ref, &bytes, &hold, err);
		if (st == VL_OK && n > 0) {
			st = vl_buf_add(all, bytes, err);
			vl_unpack_release(u, hold);
		}
	}
	return st;
}

/* What came as numbers and bytes is what its line says. */
static void
assert_says_its_line(const struct vl_unpacked *rec)
{
	struct vl_buf line = { 0 };
	struct vl_err err = { 0 };

	must(vl_entry_encode(&line, &rec->entry, NULL, &err), &err);
	assert_int_equal(rec->line.n, line.n);
	assert_memory_equal(rec->line.p, line.p, line.n);
	vl_buf_free(&line);
}

/* All that a reader gives, one behind the other. */
static enum vl_status
read_all(
    struct vl_unpack *u, enum mode mode, struct vl_buf *all, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_unpacked rec = { 0 };
	enum vl_status st = vl_buf_add(all, vl_unpack_first(u), err);

	if (mode == STEPS)
		vl_unpack_unswept(u);
	if (mode == LINES)
		vl_unpack_lines_only(u);
	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		assert_says_its_line(&rec);
		st = vl_buf_add(all, rec.line, err);
		/* The body of 'a' is passed over. */
		if (st == VL_OK && mode != LINES &&
		    rec.entry.type == VL_ENTRY_FILE && rec.number != 1)
			st = add_body(u, all, err);
	}
	if (st == VL_OK)
		st = vl_buf_add(all, vl_unpack_tail(u), err);
	if (st == VL_OK && mode == SWEPT)
		st = vl_unpack_end(u, &totals, err);
	return st == VL_OK ?
	    vl_buf_add(all,
	        (struct vl_slice){ (uint8_t *)&totals, sizeof(totals) }, err) :
	    st;
}

static enum vl_status
read_bundle(
    struct forge *f, enum mode mode, struct vl_buf *all, struct vl_err *err)
{
	struct vl_unpack *u = NULL;
	enum vl_status st = bundle_unpack(&u, &f->b, err);

	if (st == VL_OK)
		st = read_all(u, mode, all, err);
	vl_unpack_free(u);
	return st;
}

/* In the cage and without one: the same, down to the words of a failure. */
static void
assert_same(struct forge *f, enum mode mode, enum vl_status expect)
{
	struct vl_buf all = { 0 };
	struct vl_buf caged = { 0 };
	struct vl_err why = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = read_bundle(f, mode, &all, &why);

	if (st != expect)
		fail_msg("status %d: %s", (int)st, why.text);
	open_cage(f);
	if (read_bundle(f, mode, &caged, &err) != st)
		fail_msg("'%s' in place of '%s'", err.text, why.text);
	assert_int_equal(PARENT_GONE, close_cage(f));
	assert_string_equal(why.text, err.text);
	assert_int_equal(all.n, caged.n);
	assert_memory_equal(all.p, caged.p, all.n);
	vl_buf_free(&all);
	vl_buf_free(&caged);
}

static void
gives_what_is_read_without_a_cage(void **state)
{
	struct forge *f = *state;

	forge_write(f, NULL);
	assert_same(f, SWEPT, VL_OK);
	assert_same(f, STEPS, VL_OK);
	assert_same(f, LINES, VL_OK);
}

/* All that a line can have: every member goes over the channel. */
static void
gives_all_that_a_line_says(void **state)
{
	static struct vl_acl_entry acl[5] = { { VL_ACL_USER_OBJ, 7, 0, { 0 } },
		{ VL_ACL_USER, 6, 1000, { 0 } },
		{ VL_ACL_GROUP_OBJ, 5, 0, { 0 } }, { VL_ACL_MASK, 7, 0, { 0 } },
		{ VL_ACL_OTHER, 5, 0, { 0 } } };
	static const struct vl_hole holes[] = { { 0, 65536 }, { 65537, 2 } };
	struct vl_xattr xattrs[2] = { { text("user.a"), text("1") },
		{ text("user.b"), text("") } };
	struct forge *f = *state;

	acl[1].name = text("ada");
	f->entries[2].acl = acl;
	f->entries[2].nacl = 5;
	f->entries[2].acl_default = acl;
	f->entries[2].nacl_default = 5;
	f->entries[2].mode = 0775;
	f->entries[2].xattrs = xattrs;
	f->entries[2].nxattrs = 2;
	f->entries[2].owner = text("ada");
	f->entries[2].group = text("staff");
	f->entries[2].mtime.sec = -1;
	f->entries[2].mtime.nsec = 999999999;
	f->entries[5].holes = holes;
	f->entries[5].nholes = 2;
	forge_write(f, NULL);
	assert_same(f, SWEPT, VL_OK);
	assert_same(f, LINES, VL_OK);
}

static void
another_root(struct vl_inner_head *h)
{
	h->manifest_root[0] ^= 1;
}

static void
another_head(struct vl_inner_head *h)
{
	h->head.epoch++;
}

static void
fails_at_the_end_as_without_a_cage(void **state)
{
	struct forge *f = *state;

	forge_write(f, another_root);
	assert_same(f, SWEPT, VL_EAUTH);
	assert_same(f, LINES, VL_EAUTH);
}

static void
fails_at_once_as_without_a_cage(void **state)
{
	struct forge *f = *state;

	forge_write(f, another_head);
	assert_same(f, SWEPT, VL_EAUTH);
}

static void
fails_within_a_body_as_without_a_cage(void **state)
{
	struct forge *f = *state;

	f->items[1].n--;
	forge_write(f, NULL);
	assert_same(f, SWEPT, VL_EAUTH);
	assert_same(f, STEPS, VL_EAUTH);
}

static void
fails_without_a_file_as_without_a_cage(void **state)
{
	static const enum vl_file_type types[] = { VL_FILE_PACK,
		VL_FILE_INDEX };
	char name[VL_FILE_NAME_SIZE];
	struct forge *f = *state;
	size_t i = 0;

	forge_write(f, NULL);
	for (i = 0; i < 2; i++) {
		vl_file_name(name, types[i], 1);
		assert_int_equal(0, unlinkat(f->b.dirfd, name, 0));
		assert_same(f, SWEPT, VL_EFORMAT);
		if (types[i] == VL_FILE_PACK)
			assert_same(f, STEPS, VL_EFORMAT);
	}
}

static enum vl_status
open_as(struct forge *f, const uint8_t *sender, uint64_t max_plain,
    struct vl_err *err)
{
	const struct vl_unpack_opts opts = { .dirfd = f->b.dirfd,
		.head = &f->b.head,
		.keys = f->b.keys,
		.role = f->b.role,
		.sender = sender,
		.tempdir = ".",
		.pool = f->b.pool,
		.max_plain = max_plain,
		.cage = f->b.cage };
	struct vl_unpack *u = NULL;
	enum vl_status st = vl_unpack_open(&u, &opts, err);

	vl_unpack_free(u);
	return st;
}

static void
holds_sender_limit_and_keys_against_the_inner_head(void **state)
{
	uint8_t other[VL_SIGN_PUBLIC_SIZE] = { 1 };
	struct forge *f = *state;
	struct vl_err err = { 0 };

	forge_write(f, NULL);
	open_cage(f);
	assert_int_equal(VL_OK, open_as(f, f->inner.sender, f->plain, &err));
	assert_int_equal(VL_ETRUST, open_as(f, other, 0, &err));
	assert_int_equal(VL_ELIMIT, open_as(f, NULL, f->plain - 1, &err));
	f->b.keys->tk[0] ^= 1;
	assert_int_equal(VL_EAUTH, open_as(f, NULL, 0, &err));
	f->b.role = VL_ROLE_AUDIT;
	assert_int_equal(VL_OK, open_as(f, NULL, 0, &err));
	f->b.keys->sk[0] ^= 1;
	assert_int_equal(VL_EAUTH, open_as(f, NULL, 0, &err));
	assert_int_equal(PARENT_GONE, close_cage(f));
}

static void
has_room_for_eight_readers_at_a_time(void **state)
{
	struct vl_unpack *u[9] = { NULL };
	struct forge *f = *state;
	struct vl_err err = { 0 };
	size_t i = 0;

	forge_write(f, NULL);
	open_cage(f);
	for (i = 0; i < 8; i++)
		must(bundle_unpack(&u[i], &f->b, &err), &err);
	assert_int_equal(VL_EIO, bundle_unpack(&u[8], &f->b, &err));
	assert_non_null(strstr(err.text, "too many readers"));
	vl_unpack_free(u[3]);
	must(bundle_unpack(&u[3], &f->b, &err), &err);
	for (i = 0; i < 8; i++)
		vl_unpack_free(u[i]);
	assert_int_equal(PARENT_GONE, close_cage(f));
}

static void
read_sample(const char *name, struct vl_buf *text)
{
	struct vl_err err = { 0 };
	int dir = open(SAMPLE_BUNDLE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	must(vl_read_file(dir, name, VL_HEAD_MAX, text, &err), &err);
	(void)close(dir);
}

static void
decodes_a_head_or_says_why_not(void **state)
{
	struct vl_small_reader small = { 0 };
	struct vl_buf json = { 0 };
	struct vl_head heads[2];
	struct forge *f = *state;
	struct vl_err err = { 0 };
	struct vl_err why = { 0 };

	read_sample("head.jsn", &json);
	open_cage(f);
	small = vl_unpack_small_reader(f->b.cage);
	must(vl_head_decode(&heads[0], vl_buf_slice(&json), &err), &err);
	must(small.head(small.arg, &heads[1], vl_buf_slice(&json), &err), &err);
	assert_null(vl_head_differs(&heads[0], &heads[1]));
	json.n--;
	assert_int_equal(
	    VL_EFORMAT, vl_head_decode(&heads[0], vl_buf_slice(&json), &why));
	assert_int_equal(VL_EFORMAT,
	    small.head(small.arg, &heads[1], vl_buf_slice(&json), &err));
	assert_string_equal(why.text, err.text);
	assert_int_equal(PARENT_GONE, close_cage(f));
	vl_buf_free(&json);
}

static void
decodes_stanzas_or_says_why_not(void **state)
{
	struct vl_small_reader small = { 0 };
	struct vl_buf expect = { 0 };
	struct vl_buf json = { 0 };
	struct vl_buf mac = { 0 };
	struct vl_stanzas stanzas;
	struct forge *f = *state;
	struct vl_err err = { 0 };
	struct vl_err why = { 0 };

	read_sample("keys.jsn", &json);
	open_cage(f);
	small = vl_unpack_small_reader(f->b.cage);
	must(vl_stanzas_mac_input(&expect, vl_buf_slice(&json), &err), &err);
	must(
	    small.stanzas(small.arg, &stanzas, &mac, vl_buf_slice(&json), &err),
	    &err);
	assert_int_equal(expect.n, mac.n);
	assert_memory_equal(expect.p, mac.p, mac.n);
	json.n--;
	assert_int_equal(
	    VL_EFORMAT, vl_stanzas_decode(&stanzas, vl_buf_slice(&json), &why));
	assert_int_equal(VL_EFORMAT,
	    small.stanzas(
	        small.arg, &stanzas, &mac, vl_buf_slice(&json), &err));
	assert_string_equal(why.text, err.text);
	assert_int_equal(PARENT_GONE, close_cage(f));
	vl_buf_free(&expect);
	vl_buf_free(&json);
	vl_buf_free(&mac);
}

static void
reads_nothing_where_it_is_not_locked_in(void **state)
{
	struct forge *f = *state;
	struct vl_unpack *u = NULL;
	struct vl_err err = { 0 };

	forge_write(f, NULL);
	thread_cage_cannot_lock = true;
	open_cage(f);
	thread_cage_cannot_lock = false;
	assert_int_equal(VL_EIO, bundle_unpack(&u, &f->b, &err));
	assert_int_equal(NO_START, close_cage(f));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forge_new, forge_free)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gives_what_is_read_without_a_cage),
		TEST(gives_all_that_a_line_says),
		TEST(fails_at_the_end_as_without_a_cage),
		TEST(fails_at_once_as_without_a_cage),
		TEST(fails_within_a_body_as_without_a_cage),
		TEST(fails_without_a_file_as_without_a_cage),
		TEST(holds_sender_limit_and_keys_against_the_inner_head),
		TEST(has_room_for_eight_readers_at_a_time),
		TEST(decodes_a_head_or_says_why_not),
		TEST(decodes_stanzas_or_says_why_not),
		TEST(reads_nothing_where_it_is_not_locked_in),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
