/*
 * Line to entry (formats/manifest.md, "Lines of a tree").  The order of
 * refusals: canonical form, type, members, values, rules.
 */

#include <string.h>

#include <valise/encode.h>
#include <valise/text.h>

#include "entry_rules.h"

/* Ascending by name, so that one pass over a line's keys finds them all. */
enum member {
	M_ACL,
	M_ACL_DEFAULT,
	M_FLAGS,
	M_GID,
	M_GROUP,
	M_HASH,
	M_HOLES,
	M_MODE,
	M_MTIME,
	M_OWNER,
	M_PATH,
	M_PATH_B,
	M_R,
	M_RDEV,
	M_SIZE,
	M_SLOTS,
	M_T,
	M_TARGET,
	M_TARGET_B,
	M_TO,
	M_TO_B,
	M_UID,
	M_WHY,
	M_XATTRS,
	M_COUNT
};

static const char *const member_names[M_COUNT] = { "acl", "acl_default",
	"flags", "gid", "group", "hash", "holes", "mode", "mtime", "owner",
	"path", "path_b", "r", "rdev", "size", "slots", "t", "target",
	"target_b", "to", "to_b", "uid", "why", "xattrs" };

#define BIT(m) (UINT32_C(1) << (m))

#define ALWAYS (BIT(M_PATH) | BIT(M_R) | BIT(M_T))
#define OWNED  (ALWAYS | BIT(M_GID) | BIT(M_MTIME) | BIT(M_UID))
/* What all with an owner, and what all with a mode may have. */
#define EXTRAS     (BIT(M_GROUP) | BIT(M_OWNER) | BIT(M_XATTRS))
#define EXTRAS_ACL (EXTRAS | BIT(M_ACL))
#define ATTRS      (BIT(M_ACL) | BIT(M_ACL_DEFAULT) | BIT(M_FLAGS) | BIT(M_XATTRS))

/* Members of each type; path_b counts as path, and so on. */
static const struct {
	uint32_t must;
	uint32_t may;
} shapes[] = {
	[VL_ENTRY_DIR] = { OWNED | BIT(M_MODE),
	    EXTRAS_ACL | BIT(M_ACL_DEFAULT) | BIT(M_FLAGS) },
	[VL_ENTRY_FILE] = { OWNED | BIT(M_MODE) | BIT(M_HASH) | BIT(M_SIZE),
	    EXTRAS_ACL | BIT(M_FLAGS) | BIT(M_HOLES) | BIT(M_SLOTS) },
	[VL_ENTRY_LINK] = { OWNED | BIT(M_TARGET), EXTRAS },
	[VL_ENTRY_HARD] = { ALWAYS | BIT(M_TO), 0 },
	[VL_ENTRY_FIFO] = { OWNED | BIT(M_MODE), EXTRAS_ACL },
	[VL_ENTRY_CHAR] = { OWNED | BIT(M_MODE) | BIT(M_RDEV), EXTRAS_ACL },
	[VL_ENTRY_BLOCK] = { OWNED | BIT(M_MODE) | BIT(M_RDEV), EXTRAS_ACL },
	[VL_ENTRY_LEFT_OUT] = { ALWAYS | BIT(M_WHY), 0 },
};

/* One line while it is decoded. */
struct line {
	struct vl_entry *e;
	struct vl_entry_store *store;
	size_t at[M_COUNT]; /* items of the values; VL_JSON_NONE if absent */
	uint32_t have;      /* bits of the members that stand in the line */
};

static const struct vl_json_item *
item_of(const struct line *l, enum member m)
{
	return &l->store->json.items[l->at[m]];
}

static bool
has(const struct line *l, enum member m)
{
	return (l->have & BIT(m)) != 0;
}

/* The string of member `m`, which is present; false if it is none. */
static bool
text_of(const struct line *l, enum member m, struct vl_slice *text)
{
	if (item_of(l, m)->type != VL_JSON_STRING)
		return false;
	*text = vl_json_text(&l->store->json, l->at[m], &l->store->text);
	return true;
}

static enum vl_status
bad(enum member m, const char *what, struct vl_err *err)
{
	return vl_fail(
	    err, VL_EFORMAT, "'%s' is not %s", member_names[m], what);
}

static enum vl_status
read_type(struct line *l, struct vl_err *err)
{
	struct vl_slice word = { NULL, 0 };
	char text[64];
	int type;

	l->at[M_T] = vl_json_member(&l->store->json, 0, "t");
	if (l->at[M_T] == VL_JSON_NONE)
		return vl_fail(err, VL_EFORMAT, "'t' is missing");
	if (!text_of(l, M_T, &word))
		return bad(M_T, "a string", err);
	type = vl_entry_word(vl_entry_type_words, word);
	if (type >= 0) {
		l->e->type = (enum vl_entry_type)type;
		return VL_OK;
	}
	return vl_fail(err, VL_EFORMAT, "line type '%s' is not known",
	    vl_escape_text(text, sizeof(text), word));
}

bool
vl_entry_is_extension(struct vl_slice key)
{
	size_t i;
	uint8_t c;

	if (key.n < 2 || memcmp(key.p, "x_", 2) != 0)
		return false;
	for (i = 2; i < key.n; i++) {
		c = key.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		        c == '_'))
			return false;
	}
	return true;
}

/* Note where each member stands; keys and names both ascend. */
static enum vl_status
find_members(struct line *l, struct vl_err *err)
{
	const struct vl_json *j = &l->store->json;
	const uint32_t n = j->items[0].count;
	size_t key = 1;
	char text[64];
	uint32_t i;
	int m = 0;
	int cmp;

	for (i = 0; i < n; i++, key = j->items[key + 1].next) {
		cmp = 1;
		for (; m < M_COUNT; m++) {
			cmp = vl_slice_cmp(
			    vl_slice_of(member_names[m]), j->items[key].raw);
			if (cmp >= 0)
				break;
		}
		if (cmp == 0) {
			l->at[m] = key + 1;
			l->have |= BIT(m);
			m++;
		} else if (!vl_entry_is_extension(j->items[key].raw)) {
			return vl_fail(err, VL_EFORMAT,
			    "member '%s' is not known",
			    vl_escape_text(
			        text, sizeof(text), j->items[key].raw));
		}
	}
	return VL_OK;
}

static const char *
first_name(uint32_t members)
{
	int m = 0;

	while ((members & BIT(m)) == 0)
		m++;
	return member_names[m];
}

/* The line has the members of its type, each in one form. */
static enum vl_status
check_shape(const struct line *l, struct vl_err *err)
{
	static const enum member pairs[][2] = { { M_PATH, M_PATH_B },
		{ M_TARGET, M_TARGET_B }, { M_TO, M_TO_B } };
	const char *type = vl_entry_type_words[l->e->type];
	const uint32_t must = shapes[l->e->type].must;
	const uint32_t may = shapes[l->e->type].may;
	uint32_t have = l->have;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		if (has(l, pairs[i][0]) && has(l, pairs[i][1]))
			return vl_fail(err, VL_EFORMAT,
			    "'%s' and '%s' exclude each other",
			    member_names[pairs[i][0]],
			    member_names[pairs[i][1]]);
		if (has(l, pairs[i][1]))
			have = (have & ~BIT(pairs[i][1])) | BIT(pairs[i][0]);
	}
	if ((must & ~have) != 0)
		return vl_fail(err, VL_EFORMAT, "'%s' is missing in a %s line",
		    first_name(must & ~have), type);
	if ((have & ~(must | may)) != 0)
		return vl_fail(err, VL_EFORMAT, "'%s' is not of a %s line",
		    first_name(have & ~(must | may)), type);
	return VL_OK;
}

/* Bytes of `plain`, or of `coded`, its form for what is not UTF-8. */
static enum vl_status
read_bytes(struct line *l, enum member plain, enum member coded,
    struct vl_slice *out, struct vl_err *err)
{
	struct vl_buf *arena = &l->store->text;
	const struct vl_json_item *item = NULL;
	size_t n = 0;

	if (has(l, plain)) {
		if (!text_of(l, plain, out))
			return bad(plain, "a string", err);
		return VL_OK;
	}
	item = item_of(l, coded);
	/* Raw: no escape is of base64url, and what is decoded fits for sure. */
	if (item->type != VL_JSON_STRING ||
	    !vl_unb64u_any(arena->p + arena->n, &n, item->raw))
		return bad(coded, "canonical base64url", err);
	*out = (struct vl_slice){ arena->p + arena->n, n };
	arena->n += n;
	return VL_OK;
}

/* The coded form is for what the plain one cannot hold. */
static enum vl_status
check_coded(const struct line *l, enum member coded, struct vl_slice bytes,
    struct vl_err *err)
{
	if (has(l, coded) && vl_utf8_valid(bytes))
		return vl_fail(err, VL_EFORMAT, "'%s' is used for valid UTF-8",
		    member_names[coded]);
	return VL_OK;
}

static enum vl_status
read_id(const struct line *l, enum member m, uint32_t *out, struct vl_err *err)
{
	const struct vl_json_item *item = item_of(l, m);

	if (item->type != VL_JSON_INT || item->number < 0 ||
	    item->number >= UINT32_MAX)
		return bad(m, "an integer in 0..4294967294", err);
	*out = (uint32_t)item->number;
	return VL_OK;
}

static enum vl_status
read_name(const struct line *l, enum member m, struct vl_slice *out,
    struct vl_err *err)
{
	if (!has(l, m))
		return VL_OK;
	if (!text_of(l, m, out) || out->n == 0)
		return bad(m, "a name", err);
	return VL_OK;
}

/* [[offset, length], ...] into the store. */
static enum vl_status
read_holes(struct line *l, struct vl_err *err)
{
	static const char form[] = "a list of [offset, length]";
	const struct vl_json_item *list = item_of(l, M_HOLES);
	struct vl_hole hole = { 0, 0 };
	struct vl_slice bytes = { (const uint8_t *)&hole, sizeof(hole) };
	const struct vl_json_item *pair = list + 1;
	enum vl_status st;
	uint32_t i;

	if (list->type != VL_JSON_ARRAY || list->count == 0)
		return bad(M_HOLES, form, err);
	for (i = 0; i < list->count; i++, pair += 3) {
		if (pair->type != VL_JSON_ARRAY || pair->count != 2 ||
		    pair[1].type != VL_JSON_INT || pair[1].number < 0 ||
		    pair[2].type != VL_JSON_INT || pair[2].number < 0)
			return bad(M_HOLES, form, err);
		hole.at = (uint64_t)pair[1].number;
		hole.n = (uint64_t)pair[2].number;
		st = vl_buf_add(&l->store->holes, bytes, err);
		if (st != VL_OK)
			return st;
	}
	l->e->holes = (const struct vl_hole *)(const void *)l->store->holes.p;
	l->e->nholes = list->count;
	return VL_OK;
}

static enum vl_status
read_owner(struct line *l, struct vl_err *err)
{
	struct vl_entry *e = l->e;
	struct vl_slice text = { NULL, 0 };
	enum vl_status st;

	st = read_id(l, M_UID, &e->uid, err);
	if (st == VL_OK)
		st = read_id(l, M_GID, &e->gid, err);
	if (st == VL_OK)
		st = read_name(l, M_OWNER, &e->owner, err);
	if (st == VL_OK)
		st = read_name(l, M_GROUP, &e->group, err);
	if (st != VL_OK)
		return st;
	if (!text_of(l, M_MTIME, &text) ||
	    !vl_entry_parse_time(text, &e->mtime))
		return bad(M_MTIME, "seconds '.' nine digits", err);
	if (!vl_entry_has_mode(e->type))
		return VL_OK;
	if (!text_of(l, M_MODE, &text) || !vl_entry_parse_mode(text, &e->mode))
		return bad(M_MODE, "four octal digits", err);
	return VL_OK;
}

static enum vl_status
read_file(struct line *l, struct vl_err *err)
{
	const struct vl_json_item *size = item_of(l, M_SIZE);
	struct vl_slice text = { NULL, 0 };

	if (size->type != VL_JSON_INT || size->number < 0)
		return bad(M_SIZE, "an integer in 0..10^15-1", err);
	l->e->size = (uint64_t)size->number;
	if (!text_of(l, M_HASH, &text) || !vl_entry_parse_hash(text, l->e))
		return bad(M_HASH,
		    "'k1.' and 43 characters of canonical "
		    "base64url",
		    err);
	if (has(l, M_SLOTS) &&
	    vl_entry_read_slots(l->e, l->store, l->at[M_SLOTS], err) != VL_OK)
		return err->status;
	if (has(l, M_HOLES))
		return read_holes(l, err);
	return VL_OK;
}

static enum vl_status
read_left_out(struct line *l, struct vl_err *err)
{
	struct vl_slice word = { NULL, 0 };
	int why = -1;

	if (text_of(l, M_WHY, &word))
		why = vl_entry_word(vl_why_words, word);
	if (why < 0)
		return bad(M_WHY, "a known reason", err);
	l->e->why = (enum vl_why)why;
	return VL_OK;
}

static size_t
item_or_none(const struct line *l, enum member m)
{
	return has(l, m) ? l->at[m] : VL_JSON_NONE;
}

static enum vl_status
read_attrs(struct line *l, struct vl_err *err)
{
	const struct vl_entry_attrs_at at = {
		.acl = item_or_none(l, M_ACL),
		.acl_default = item_or_none(l, M_ACL_DEFAULT),
		.flags = item_or_none(l, M_FLAGS),
		.xattrs = item_or_none(l, M_XATTRS),
	};

	if ((l->have & ATTRS) == 0)
		return VL_OK;
	return vl_entry_read_attrs(l->e, l->store, &at, err);
}

static enum vl_status
read_by_type(struct line *l, struct vl_err *err)
{
	struct vl_slice text = { NULL, 0 };
	enum vl_status st = VL_OK;

	if (vl_entry_has_owner(l->e->type))
		st = read_owner(l, err);
	if (st != VL_OK)
		return st;
	switch (l->e->type) {
	case VL_ENTRY_FILE:
		return read_file(l, err);
	case VL_ENTRY_LINK:
		return read_bytes(l, M_TARGET, M_TARGET_B, &l->e->target, err);
	case VL_ENTRY_HARD:
		return read_bytes(l, M_TO, M_TO_B, &l->e->target, err);
	case VL_ENTRY_CHAR:
	case VL_ENTRY_BLOCK:
		if (!text_of(l, M_RDEV, &text) ||
		    !vl_entry_parse_rdev(text, l->e))
			return bad(M_RDEV, "major ':' minor", err);
		return VL_OK;
	case VL_ENTRY_LEFT_OUT:
		return read_left_out(l, err);
	case VL_ENTRY_DIR:
	case VL_ENTRY_FIFO:
		return VL_OK;
	}
	return VL_OK;
}

/* Everything behind the path, which by now can be named. */
static enum vl_status
read_rest(struct line *l, struct vl_err *err)
{
	struct vl_entry *e = l->e;
	enum vl_status st;

	st = read_by_type(l, err);
	if (st == VL_OK)
		st = read_attrs(l, err);
	if (st == VL_OK)
		st = vl_entry_check(e, err);
	if (st == VL_OK)
		st = check_coded(l, M_PATH_B, e->path, err);
	if (st == VL_OK)
		st = check_coded(l, M_TARGET_B, e->target, err);
	if (st == VL_OK)
		st = check_coded(l, M_TO_B, e->target, err);
	return st;
}

static enum vl_status
parse_line(
    struct vl_entry_store *store, struct vl_slice line, struct vl_err *err)
{
	enum vl_status st;

	if (line.n > VL_LINE_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "line has %zu bytes, more than %d", line.n, VL_LINE_MAX);
	if (line.n == 0 || line.p[line.n - 1] != '\n')
		return vl_fail(err, VL_EFORMAT, "line has no end");
	line.n--;
	st = vl_json_parse(&store->json, line, err);
	if (st == VL_OK && store->json.items[0].type != VL_JSON_OBJECT)
		st = vl_fail(err, VL_EFORMAT, "line is not an object");
	vl_buf_clear(&store->text);
	vl_buf_clear(&store->holes);
	vl_buf_clear(&store->acl);
	vl_buf_clear(&store->xattrs);
	vl_buf_clear(&store->slots);
	/* No text grows by decoding, so slices into the store stay put. */
	if (st == VL_OK)
		st = vl_buf_reserve(&store->text, line.n, err);
	return st;
}

enum vl_status
vl_entry_decode(struct vl_entry *e, struct vl_entry_store *store,
    struct vl_slice line, struct vl_err *err)
{
	struct line l = { .e = e, .store = store };
	char text[256];
	enum vl_status st;

	*e = (struct vl_entry){ 0 };
	st = parse_line(store, line, err);
	if (st == VL_OK)
		st = read_type(&l, err);
	if (st == VL_OK)
		st = find_members(&l, err);
	if (st == VL_OK)
		st = check_shape(&l, err);
	if (st == VL_OK && !text_of(&l, M_R, &e->resource))
		st = bad(M_R, "a string", err);
	if (st == VL_OK)
		st = read_bytes(&l, M_PATH, M_PATH_B, &e->path, err);
	if (st == VL_OK)
		st = vl_path_check_line(e->path, err);
	if (st != VL_OK)
		return st;
	st = read_rest(&l, err);
	if (st != VL_OK)
		(void)vl_within(
		    err, "'%s'", vl_escape_text(text, sizeof(text), e->path));
	return st;
}

void
vl_entry_store_free(struct vl_entry_store *store)
{
	if (store == NULL)
		return;
	vl_json_free(&store->json);
	vl_buf_free(&store->text);
	vl_buf_free(&store->holes);
	vl_buf_free(&store->acl);
	vl_buf_free(&store->xattrs);
	vl_buf_free(&store->slots);
}
