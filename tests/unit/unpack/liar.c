/*
 * A child in the place of the reader that says what no reader of a bundle
 * can say: each is refused, whatever it is about, and nobody waits for more.
 */

#include "../../../src/unpack/parts.h"
#include "../../../src/unpack/wire.h"

#include "bundle.h"

#include <signal.h>

#define IMPOSSIBLE "said something impossible"
#define ROOM       (4 * (size_t)VL_RECORD_PLAIN_MAX)

/* What a lie is told about. */
enum lie {
	NONE,
	OPENED, /* the inner head */
	RECORD, /* of the root, then of `path` */
	REFS,   /* of a file of 100 bytes */
	BLOCK,
	ITEM, /* within the body of a file of 100 bytes */
	TOTALS,
	LINE, /* of a database, behind its profile */
	RAW,  /* any message, in place of a batch */
	ASKS  /* for a file of the bundle */
};

struct scenario {
	const char *name;
	enum lie about;
	void (*spoil)(struct vl_unpacked *rec);
	void (*spoil_inner)(struct vl_inner_head *h);
	struct vl_chunk_ref ref;
	struct vl_slice raw;
	uint32_t kind; /* of a raw message */
	uint32_t n;    /* its length, where it is not that of `raw` */
	uint32_t ask[2];
	/* A line of a database, before and behind the name of its resource. */
	const char *before;
	const char *behind;
	uint64_t number;
	/* Behind that line, or behind a row with one secret. */
	bool secret;
	const struct vl_slice *tokens;
	size_t ntokens;
};

static struct vl_inner_head inner;
static const struct scenario *told;
static int channel;

static void
send_bytes(uint32_t kind, struct vl_slice bytes)
{
	const struct vl_cage_message m = { .kind = kind, .fd = -1 };

	if (vl_cage_put(channel, &m, bytes, NULL) != VL_OK)
		_exit(0);
}

static void
add_kind(struct vl_buf *out, uint8_t kind)
{
	(void)vl_buf_add(out, (struct vl_slice){ &kind, 1 }, NULL);
}

static struct vl_unpacked
record(uint64_t number, enum vl_entry_type type, const char *path)
{
	struct vl_unpacked rec = { .line = vl_slice_of("{}\n"),
		.number = number };

	rec.entry.type = type;
	rec.entry.resource = vl_slice_of(inner.resources[0].name);
	rec.entry.path = vl_slice_of(path);
	rec.entry.mode = 0755;
	if (type == VL_ENTRY_FILE)
		rec.entry.size = 100;
	return rec;
}

static void
add_record(struct vl_buf *out, const struct vl_unpacked *rec)
{
	add_kind(out, WIRE_ENTRY);
	(void)wire_put_entry(out, rec, NULL);
}

static void
tell_opened(void)
{
	struct vl_inner_head h = inner;
	struct vl_buf out = { 0 };

	if (told->spoil_inner != NULL)
		told->spoil_inner(&h);
	(void)wire_put_u32(&out, 0, NULL);
	(void)wire_put_inner(&out, &h, NULL);
	(void)wire_put_bytes(&out, vl_slice_of("{}\n"), NULL);
	send_bytes(WIRE_DONE, vl_buf_slice(&out));
	vl_buf_free(&out);
}

static void
tell_records(void)
{
	struct vl_unpacked root = record(0, VL_ENTRY_DIR, "");
	struct vl_unpacked rec = record(1, VL_ENTRY_FILE, "a");
	struct vl_buf out = { 0 };

	if (told->spoil != NULL)
		told->spoil(&rec);
	add_record(&out, &root);
	add_record(&out, &rec);
	if (told->about == REFS || told->about == BLOCK) {
		add_kind(&out, WIRE_REFS);
		(void)wire_put_refs(&out, &told->ref, 1, NULL);
		add_kind(&out, WIRE_BODY_END);
	}
	if (told->about == TOTALS) {
		add_kind(&out, WIRE_BODY_END);
		add_kind(&out, WIRE_TAIL);
		(void)wire_put_bytes(&out, vl_slice_of("{}\n"), NULL);
	}
	if (told->about == ITEM)
		(void)vl_buf_add(&out, told->raw, NULL);
	send_bytes(WIRE_DONE, vl_buf_slice(&out));
	vl_buf_free(&out);
}

static void
add_line(
    struct vl_buf *out, uint64_t number, const char *before, const char *behind)
{
	const char *name = inner.resources[0].name;
	struct vl_unpacked rec = { .number = number };
	struct vl_buf line = { 0 };

	if (before == told->before) {
		rec.tokens = told->tokens;
		rec.ntokens = told->ntokens;
	}
	(void)vl_buf_printf(&line, NULL, "%s%s%s\n", before, name, behind);
	rec.line = vl_buf_slice(&line);
	add_kind(out, WIRE_LINE);
	(void)wire_put_line(out, &rec, NULL);
	vl_buf_free(&line);
}

/* The profile of a database, then what is told; or that and a good line. */
static void
tell_lines(void)
{
	struct vl_unpacked root = record(1, VL_ENTRY_DIR, "");
	struct vl_buf out = { 0 };

	if (told->spoil_inner != NULL)
		add_line(&out, 0, "{\"r\":\"", "\",\"t\":\"profile\"}");
	else
		root.number = 0;
	if (told->secret)
		add_line(&out, 1, "{\"c\":\"t\",\"r\":\"",
		    "\",\"schema\":[\"strict\"],\"t\":\"table\"}");
	if (told->before == NULL)
		add_record(&out, &root);
	else
		add_line(&out, told->number, told->before, told->behind);
	send_bytes(WIRE_DONE, vl_buf_slice(&out));
	vl_buf_free(&out);
}

static void
tell_raw(void)
{
	uint8_t head[8];

	vl_put_u32le(head, told->kind);
	vl_put_u32le(head + 4, told->n > 0 ? told->n : (uint32_t)told->raw.n);
	if (write(channel, head, sizeof(head)) != sizeof(head) ||
	    write(channel, told->raw.p, told->raw.n) != (ssize_t)told->raw.n)
		_exit(0);
}

static void
tell_ask(void)
{
	uint8_t ask[8];

	vl_put_u32le(ask, told->ask[0]);
	vl_put_u32le(ask + 4, told->ask[1]);
	send_bytes(WIRE_WANTS, (struct vl_slice){ ask, sizeof(ask) });
}

/* Both channels, by turns as the parent talks. */
static int
liar(const struct vl_cage_inside *in)
{
	struct vl_cage_message m = { .fd = -1 };
	uint8_t body[4096];

	channel = in->channel[0];
	while (vl_cage_take(channel, &m, NULL) == VL_OK) {
		if (m.n > sizeof(body) ||
		    vl_cage_body(channel, body, m.n, NULL) != VL_OK)
			return 1;
		if (m.kind == WIRE_OPEN || m.kind == WIRE_CLOSE)
			continue;
		if (m.kind == WIRE_KEYS)
			tell_opened();
		else if (told->about == RAW || m.kind == WIRE_END)
			tell_raw();
		else if (told->about == ASKS)
			tell_ask();
		else if (told->about == LINE)
			tell_lines();
		else
			tell_records();
		/* The next request is for the block. */
		if (m.kind == WIRE_NEXT && told->about == BLOCK) {
			channel = in->channel[1];
			if (vl_cage_take(channel, &m, NULL) != VL_OK ||
			    vl_cage_body(channel, body, m.n, NULL) != VL_OK)
				return 1;
			tell_raw();
			channel = in->channel[0];
		}
	}
	return 0;
}

/* Read all there is; bodies are asked for, and their chunks. */
static enum vl_status
read_all(struct vl_unpack *u, struct vl_err *err)
{
	struct vl_unpack_totals totals = { 0 };
	struct vl_chunk_hold *hold = NULL;
	struct vl_unpacked rec = { 0 };
	struct vl_chunk_ref ref = { 0 };
	struct vl_slice bytes = { 0 };
	enum vl_status st = VL_OK;
	size_t n = 1;

	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		for (n = 1; st == VL_OK && n > 0;) {
			st = vl_unpack_part(u, &ref, 1, &n, err);
			if (st == VL_OK && n > 0)
				st = vl_unpack_chunk(
				    u, &ref, &bytes, &hold, err);
			if (st == VL_OK && n > 0)
				vl_unpack_release(u, hold);
		}
	}
	return st == VL_OK ? vl_unpack_end(u, &totals, err) : st;
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

/* What comes of it all, read by `read`. */
static enum vl_status
hear(const struct bundle *b, const struct scenario *s,
    enum vl_status (*read)(struct vl_unpack *u, struct vl_err *err),
    struct vl_err *err)
{
	struct vl_unpack_opts opts = { .dirfd = b->dirfd,
		.head = &b->head,
		.keys = b->keys,
		.role = b->role,
		.tempdir = ".",
		.pool = b->pool };
	struct vl_unpack *u = NULL;
	enum vl_status st = VL_OK;

	told = s;
	must(vl_cage_open(&opts.cage,
	         &(struct vl_cage_opts){ .inside = liar,
	             .memory = ROOM,
	             .private = (size_t)64 << 20,
	             .seconds = 60 },
	         err),
	    err);
	st = vl_unpack_open(&u, &opts, err);
	if (st == VL_OK)
		st = read(u, err);
	vl_unpack_free(u);
	vl_cage_close(opts.cage);
	return st;
}

static void
assert_refused(const struct bundle *b, const struct scenario *s)
{
	struct vl_err err = { 0 };
	enum vl_status st = hear(b, s, read_all, &err);

	if (st == VL_OK)
		fail_msg("'%s' was believed", s->name);
	if (st != VL_EFORMAT || strstr(err.text, IMPOSSIBLE) == NULL)
		fail_msg("'%s' came to: %s", s->name, err.text);
}

static void
setup(struct bundle *b)
{
	struct vl_unpack *u = NULL;
	struct vl_err err = { 0 };

	sample_open(b, SAMPLE_BUNDLE, 1);
	must(bundle_unpack(&u, b, &err), &err);
	inner = *vl_unpack_inner(u);
	/* Its lists live as long as the test. */
	inner.resources = malloc(inner.nresources * sizeof(*inner.resources));
	inner.pack_frames = malloc(inner.npacks * sizeof(*inner.pack_frames));
	inner.map = malloc(inner.nmap * sizeof(*inner.map) + 1);
	assert_non_null(inner.resources);
	assert_non_null(inner.pack_frames);
	assert_non_null(inner.map);
	memcpy(inner.resources, vl_unpack_inner(u)->resources,
	    inner.nresources * sizeof(*inner.resources));
	memcpy(inner.pack_frames, vl_unpack_inner(u)->pack_frames,
	    inner.npacks * sizeof(*inner.pack_frames));
	memcpy(inner.map, vl_unpack_inner(u)->map,
	    inner.nmap * sizeof(*inner.map));
	vl_unpack_free(u);
}

static void
teardown(struct bundle *b)
{
	vl_inner_head_free(&inner);
	bundle_close(b);
}

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
inner_head_is_held_against_its_form(void **state)
{
	const struct scenario all[] = {
		{ .name = "no end", .about = OPENED, .spoil_inner = no_end },
		{ .name = "site is a path",
		    .about = OPENED,
		    .spoil_inner = site_is_a_path },
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
		cmocka_unit_test(what_can_be_is_taken),
		cmocka_unit_test(records_are_held_against_every_rule),
		cmocka_unit_test(
		    lines_of_a_database_are_held_against_the_rules),
		cmocka_unit_test(secrets_are_held_against_their_line),
		cmocka_unit_test(a_right_line_of_a_database_is_believed),
		cmocka_unit_test(chunks_are_held_against_body_and_bundle),
		cmocka_unit_test(items_of_a_body_are_held_against_the_protocol),
		cmocka_unit_test(blocks_are_held_against_shared_memory),
		cmocka_unit_test(messages_are_held_against_the_protocol),
		cmocka_unit_test(only_files_of_the_bundle_are_opened),
		cmocka_unit_test(inner_head_is_held_against_its_form),
		cmocka_unit_test(totals_are_held_against_what_was_counted),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
