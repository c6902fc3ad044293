#ifndef TEST_LIAR_H
#define TEST_LIAR_H

/* A child in the place of the reader that says what it is told to. */

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
	bool hands;        /* a descriptor with it */
	bool leaves;       /* it ends behind that */
	const char *first; /* the first line, in place of a good one */
	size_t cut;        /* bytes that are missing at the end */
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
	(void)wire_put_tokens(out, rec, NULL);
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
	(void)wire_put_bytes(&out,
	    vl_slice_of(told->first != NULL ? told->first : "{}\n"), NULL);
	out.n -= told->cut;
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
	out.n -= told->cut;
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
	(void)wire_put_tokens(out, &rec, NULL);
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
	const struct vl_cage_message m = { .kind = told->kind, .fd = channel };
	uint8_t head[8];

	if (told->hands) {
		(void)vl_cage_put(channel, &m, told->raw, NULL);
		return;
	}
	vl_put_u32le(head, told->kind);
	vl_put_u32le(head + 4, told->n > 0 ? told->n : (uint32_t)told->raw.n);
	if (write(channel, head, sizeof(head)) != sizeof(head) ||
	    write(channel, told->raw.p, told->raw.n) != (ssize_t)told->raw.n ||
	    told->leaves)
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

#endif
