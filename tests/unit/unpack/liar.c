/*
 * A child in the place of the reader that says of records, lines and chunks
 * what no reader of a bundle can say: each is refused, whatever it is about,
 * and nobody waits for more.
 */

#include "liar.h"

#define SPOIL(name, what)                                                      \
	static void name(struct vl_unpacked *rec)                              \
	{                                                                      \
		rec->what;                                                     \
	}

SPOIL(up, entry.path = vl_slice_of(".."))
SPOIL(up_inside, entry.path = vl_slice_of("a/../../b"))
SPOIL(absolute, entry.path = vl_slice_of("/etc/passwd"))
SPOIL(dot, entry.path = vl_slice_of("./a"))
SPOIL(empty_part, entry.path = vl_slice_of("a//b"))
SPOIL(nul, entry.path = ((struct vl_slice){ (const uint8_t *)"a\0b", 3 }))
SPOIL(no_parent, entry.path = vl_slice_of("no/parent"))
SPOIL(root_again, entry.path = vl_slice_of(""))
SPOIL(other_tree, entry.resource = vl_slice_of("other"))
SPOIL(number, number = 7)
SPOIL(type, entry.type = (enum vl_entry_type)77)
SPOIL(why, entry.why = VL_WHY_MOUNT)
SPOIL(uid, entry.uid = UINT32_MAX)
SPOIL(mode, entry.mode = 0100644)
SPOIL(nsec, entry.mtime.nsec = 1000000000)
SPOIL(size, entry.size = UINT64_MAX)
SPOIL(flags, entry.flags = 0x80000000u)
SPOIL(target, entry.target = vl_slice_of("b"))
SPOIL(device, entry.major = 1)
SPOIL(owner, entry.owner = ((struct vl_slice){ (const uint8_t *)"a\0", 2 }))
SPOIL(control, line = vl_slice_of("{\033}\n"))
SPOIL(no_line, line = vl_slice_of("{}"))

static void
hard_to_later(struct vl_unpacked *rec)
{
	*rec = record(1, VL_ENTRY_HARD, "a");
	rec->entry.mode = 0;
	rec->entry.target = vl_slice_of("b");
}

static void
hard_outside(struct vl_unpacked *rec)
{
	hard_to_later(rec);
	rec->entry.target = vl_slice_of("../b");
}

static void
hole_behind(struct vl_unpacked *rec)
{
	static const struct vl_hole hole = { 99, 2 };

	rec->entry.holes = &hole;
	rec->entry.nholes = 1;
}

static const uint8_t a_token[VL_TOKEN_HEAD + VL_TOKEN_BLOCK];
static const struct vl_slice its_token = { a_token, sizeof(a_token) };

static void
with_slot(struct vl_unpacked *rec, uint64_t at, unsigned form)
{
	static struct vl_file_slot slot;

	slot = (struct vl_file_slot){ .at = at,
		.slot = { .form = (enum vl_slot_form)form },
		.inside = vl_slice_of("$.a") };
	rec->entry.slots = &slot;
	rec->entry.nslots = 1;
	rec->tokens = &its_token;
	rec->ntokens = 1;
}

static void
slot_behind(struct vl_unpacked *rec)
{
	with_slot(rec, 101, VL_SLOT_SEALED);
}

static void
slot_of_no_form(struct vl_unpacked *rec)
{
	with_slot(rec, 0, 3);
}

static void
slot_of_a_directory(struct vl_unpacked *rec)
{
	with_slot(rec, 0, VL_SLOT_SEALED);
	rec->entry.type = VL_ENTRY_DIR;
	rec->entry.size = 0;
}

static void
slot_alone(struct vl_unpacked *rec)
{
	with_slot(rec, 0, VL_SLOT_SEALED);
	rec->ntokens = 0;
}

static void
token_alone(struct vl_unpacked *rec)
{
	with_slot(rec, 0, VL_SLOT_SEALED);
	rec->entry.nslots = 0;
}

static void
slot_right(struct vl_unpacked *rec)
{
	with_slot(rec, 100, VL_SLOT_SEALED);
}

static void
acl_of_nobody(struct vl_unpacked *rec)
{
	static const struct vl_acl_entry acl[3] = { { .tag = VL_ACL_USER_OBJ,
		                                        .perm = 8 },
		{ .tag = VL_ACL_GROUP_OBJ }, { .tag = VL_ACL_OTHER } };

	rec->entry.acl = acl;
	rec->entry.nacl = 3;
}

static void
xattr_elsewhere(struct vl_unpacked *rec)
{
	static const struct vl_xattr x = { { (const uint8_t *)"system.x", 8 },
		{ NULL, 0 } };

	rec->entry.xattrs = &x;
	rec->entry.nxattrs = 1;
}

static void
directory_with_size(struct vl_unpacked *rec)
{
	rec->entry.type = VL_ENTRY_DIR;
}

static void
fifo_with_holes(struct vl_unpacked *rec)
{
	hole_behind(rec);
	rec->entry.type = VL_ENTRY_FIFO;
	rec->entry.size = 0;
}

static void
link_with_mode(struct vl_unpacked *rec)
{
	*rec = record(1, VL_ENTRY_LINK, "a");
	rec->entry.target = vl_slice_of("b");
}

static void
left_out_of_somebody(struct vl_unpacked *rec)
{
	*rec = record(1, VL_ENTRY_LEFT_OUT, "a");
	rec->entry.mode = 0;
	rec->entry.uid = 7;
}

static void
left_out_at_a_time(struct vl_unpacked *rec)
{
	left_out_of_somebody(rec);
	rec->entry.uid = 0;
	rec->entry.mtime.nsec = 1;
}

static void
one_attribute(struct vl_unpacked *rec)
{
	static const struct vl_xattr x = { { (const uint8_t *)"user.x", 6 },
		{ (const uint8_t *)"v", 1 } };

	rec->entry.xattrs = &x;
	rec->entry.nxattrs = 1;
}

static void
records_are_held_against_every_rule(void **state)
{
	static const struct scenario all[] = {
		{ .name = "..", .spoil = up },
		{ .name = "a/../../b", .spoil = up_inside },
		{ .name = "absolute", .spoil = absolute },
		{ .name = "dot", .spoil = dot },
		{ .name = "empty part", .spoil = empty_part },
		{ .name = "nul", .spoil = nul },
		{ .name = "no parent", .spoil = no_parent },
		{ .name = "root again", .spoil = root_again },
		{ .name = "other tree", .spoil = other_tree },
		{ .name = "number", .spoil = number },
		{ .name = "type", .spoil = type },
		{ .name = "why", .spoil = why },
		{ .name = "uid", .spoil = uid },
		{ .name = "mode", .spoil = mode },
		{ .name = "nsec", .spoil = nsec },
		{ .name = "size", .spoil = size },
		{ .name = "flags", .spoil = flags },
		{ .name = "target of a file", .spoil = target },
		{ .name = "device number of a file", .spoil = device },
		{ .name = "owner", .spoil = owner },
		{ .name = "control character", .spoil = control },
		{ .name = "line without end", .spoil = no_line },
		{ .name = "hard link to a later path", .spoil = hard_to_later },
		{ .name = "hard link outside", .spoil = hard_outside },
		{ .name = "hole behind the end", .spoil = hole_behind },
		{ .name = "ACL", .spoil = acl_of_nobody },
		{ .name = "attribute of the system", .spoil = xattr_elsewhere },
		{ .name = "slot behind the end", .spoil = slot_behind },
		{ .name = "slot of no form", .spoil = slot_of_no_form },
		{ .name = "slot of a directory", .spoil = slot_of_a_directory },
		{ .name = "slot without a token", .spoil = slot_alone },
		{ .name = "token without a slot", .spoil = token_alone },
		{ .name = "size of a directory", .spoil = directory_with_size },
		{ .name = "holes of a fifo", .spoil = fifo_with_holes },
		{ .name = "mode of a link", .spoil = link_with_mode },
		{ .name = "owner of what is left out",
		    .spoil = left_out_of_somebody },
		{ .name = "time of what is left out",
		    .spoil = left_out_at_a_time },
		{ .name = "cut in an attribute",
		    .spoil = one_attribute,
		    .cut = 1 },
		{ .name = "cut before the number of attributes", .cut = 2 },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = RECORD;
		assert_refused(&b, &s);
	}
	teardown(&b);
}

static void
a_database(struct vl_inner_head *h)
{
	static struct vl_resource_id id;

	id = h->resources[0];
	(void)snprintf(id.kind, sizeof(id.kind), "sqlite");
	h->resources = &id;
	h->nresources = 1;
}

#define TABLE(name)                                                            \
	.before = "{\"c\":\"" name "\",\"r\":\"",                              \
	.behind = "\",\"schema\":[\"strict\"],\"t\":\"table\"}"

static void
lines_of_a_database_are_held_against_the_rules(void **state)
{
	static const struct scenario all[] = {
		{ .name = "a row of no table",
		    .before = "{\"c\":\"t\",\"k\":[1],\"r\":\"",
		    .behind = "\",\"row\":{},\"t\":\"row\"}" },
		{ .name = "a second profile",
		    .before = "{\"r\":\"",
		    .behind = "\",\"t\":\"profile\"}" },
		{ .name = "a table of another resource",
		    .before = "{\"c\":\"t\",\"r\":\"x",
		    .behind = "\",\"schema\":[\"strict\"],\"t\":\"table\"}" },
		{ .name = "a table without a schema",
		    .before = "{\"c\":\"t\",\"r\":\"",
		    .behind = "\",\"schema\":[],\"t\":\"table\"}" },
		{ .name = "another number", .number = 7, TABLE("t") },
		{ .name = "what moves a terminal", TABLE("\033") },
		{ .name = "a path as a line",
		    .before = "{\"path\":\"\",\"r\":\"",
		    .behind = "\",\"t\":\"left_out\",\"why\":\"kind\"}" },
		{ .name = "a path in a database" },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = LINE;
		s.spoil_inner = a_database;
		s.number = s.number > 0 ? s.number : 1;
		assert_refused(&b, &s);
	}
	s = (struct scenario){
		.name = "a table in a tree", .about = LINE, TABLE("t")
	};
	assert_refused(&b, &s);
	teardown(&b);
}

#define SECRET                                                                 \
	.about = LINE, .spoil_inner = a_database, .secret = true, .number = 2, \
	.before = "{\"c\":\"t\",\"k\":[1],\"r\":\"",                           \
	.behind = "\",\"row\":{\"a\":{\"$secret\":\"sf1."                      \
	          "AAAAAAAAAAAAAAAAAAAAAA\"}},\"t\":\"row\"}"

static void
secrets_are_held_against_their_line(void **state)
{
	static const uint8_t bytes[VL_TOKEN_MAX + VL_TOKEN_BLOCK];
	static const struct vl_slice two[] = { { bytes, 72 }, { bytes, 72 } };
	static const struct vl_slice odd[] = { { bytes, 71 } };
	static const struct vl_slice empty[] = { { bytes, 0 } };
	static const struct vl_slice long_one[] = { { bytes, sizeof(bytes) } };
	static const struct scenario all[] = {
		{ .name = "no token", SECRET },
		{ .name = "two tokens", SECRET, .tokens = two, .ntokens = 2 },
		{ .name = "an odd token", SECRET, .tokens = odd, .ntokens = 1 },
		{ .name = "no bytes", SECRET, .tokens = empty, .ntokens = 1 },
		{ .name = "too long",
		    SECRET,
		    .tokens = long_one,
		    .ntokens = 1 },
		{ .name = "a token of a table",
		    .about = LINE,
		    .spoil_inner = a_database,
		    .number = 1,
		    TABLE("t"),
		    .tokens = two,
		    .ntokens = 1 },
	};
	static const struct scenario right = {
		.name = "one", SECRET, .tokens = two, .ntokens = 1
	};
	static const struct scenario of_a_file = {
		.name = "one", .about = RECORD, .spoil = slot_right
	};
	struct bundle b;
	struct vl_err err = { 0 };
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_refused(&b, &all[i]);
	/* One that could be is opened here, where the key is. */
	assert_int_equal(VL_EAUTH, hear(&b, &right, read_all, &err));
	assert_non_null(strstr(err.text, "a secret is of another epoch"));
	assert_int_equal(VL_EAUTH, hear(&b, &of_a_file, read_all, &err));
	assert_non_null(strstr(err.text, "a secret is of another epoch"));
	teardown(&b);
}

/* That all this was refused for what it says. */
static enum vl_status
read_table(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	enum vl_status st = vl_unpack_next(u, &rec, err);

	if (st == VL_OK && rec.kind == VL_LINE_PROFILE)
		st = vl_unpack_next(u, &rec, err);
	if (st == VL_OK &&
	    (rec.kind != VL_LINE_TABLE || rec.number != 1 ||
	        !vl_slice_equal(rec.table.table, vl_slice_of("t"))))
		st = vl_fail(err, VL_EIO, "it is not what was said");
	return st;
}

static void
a_right_line_of_a_database_is_believed(void **state)
{
	const struct scenario s = { .about = LINE,
		.spoil_inner = a_database,
		.number = 1,
		TABLE("t") };
	struct bundle b;
	struct vl_err err = { 0 };

	(void)state;
	setup(&b);
	must(hear(&b, &s, read_table, &err), &err);
	teardown(&b);
}

static void
chunks_are_held_against_body_and_bundle(void **state)
{
	static const struct scenario all[] = {
		{ .name = "behind the end", .ref = { 60, 41, 1, 0, 0 } },
		{ .name = "far behind it", .ref = { UINT64_MAX, 1, 1, 0, 0 } },
		{ .name = "over the end of numbers",
		    .ref = { 50, UINT32_MAX, 1, 0, 0 } },
		{ .name = "nothing", .ref = { 0, 0, 1, 0, 0 } },
		{ .name = "pack 0", .ref = { 0, 50, 0, 0, 0 } },
		{ .name = "no such pack", .ref = { 0, 50, 999, 0, 0 } },
		{ .name = "index", .ref = { 0, 50, 1, 0, 16384 } },
	};
	struct scenario s = { 0 };
	struct bundle b;
	size_t i = 0;

	(void)state;
	setup(&b);
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		s = all[i];
		s.about = REFS;
		assert_refused(&b, &s);
	}
	teardown(&b);
}

static enum vl_status
read_two(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	struct vl_chunk_ref ref = { 0 };
	enum vl_status st = vl_unpack_next(u, &rec, err);
	size_t n = 0;

	if (st == VL_OK)
		st = vl_unpack_next(u, &rec, err);
	if (st == VL_OK)
		st = vl_unpack_part(u, &ref, 1, &n, err);
	if (st == VL_OK && (n != 1 || ref.n != 64 || rec.number != 1))
		st = vl_fail(err, VL_EIO, "it is not what was said");
	return st;
}

/* Or the others would be refused for what they all have. */
static void
what_can_be_is_taken(void **state)
{
	const struct scenario s = {
		.name = "the truth", .about = REFS, .ref = { 0, 64, 1, 0, 0 }
	};
	struct vl_err err = { 0 };
	struct bundle b;

	(void)state;
	setup(&b);
	must(hear(&b, &s, read_two, &err), &err);
	teardown(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_is_taken),
		cmocka_unit_test(records_are_held_against_every_rule),
		cmocka_unit_test(
		    lines_of_a_database_are_held_against_the_rules),
		cmocka_unit_test(secrets_are_held_against_their_line),
		cmocka_unit_test(a_right_line_of_a_database_is_believed),
		cmocka_unit_test(chunks_are_held_against_body_and_bundle),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
