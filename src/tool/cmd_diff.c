/*
 * valise diff: what one bundle says and another does not.  Both come in the
 * order of manifests, so each is read once, line beside line.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <valise/json.h>
#include <valise/text.h>

#include "tool.h"
#include "values.h"

struct diff_opts {
	struct open_opts how;
	bool stat;
	bool exit_code;
	bool json;
};

#define AT(member) offsetof(struct diff_opts, member)

static const struct vl_opt table[] = { VL_KEY_OPTS(struct diff_opts, how.keys),
	SENDER_OPT(struct diff_opts, how),
	{ .name = "stat",
	    .type = VL_OPT_FLAG,
	    .at = AT(stat),
	    .help = "only how many records of each resource differ" },
	{ .name = "exit-code",
	    .type = VL_OPT_FLAG,
	    .at = AT(exit_code),
	    .help = "exit 10 when something differs" },
	VL_WORKERS_OPT(struct diff_opts, how.workers),
	VL_JSON_OPT(struct diff_opts, json, "one JSON line for each record"),
	SANDBOX_OPT(struct diff_opts, how), { .name = NULL } };

enum change {
	ADDED, /* only the second has it */
	CHANGED,
	GONE, /* only the first has it */
	SAME,
	CHANGES,
	SECRET = CHANGES /* as it is shown; it is counted as changed */
};

static const char *const change_words[] = { "add", "modify", "delete", "same",
	"secret" };
static const char change_signs[] = "+~-=s";

struct diff {
	const struct diff_opts *opts;
	struct bundle bundles[2];
	struct vl_unpacked rec[2]; /* line.p NULL: behind the last */
	struct vl_json json[2];
	struct vl_buf name;
	struct vl_buf detail;
	bool secret; /* beside what `detail` names, secrets differ */
	struct values values;
	/* The resource that is being counted. */
	char resource[65]; /* 64 bytes in a line, and NUL */
	uint64_t counts[CHANGES];
	bool differs;
};

static int
slice_cmp(struct vl_slice a, struct vl_slice b)
{
	const int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

static struct vl_slice
table_of(const struct vl_unpacked *r)
{
	return r->kind == VL_LINE_ROW ? r->row.table : r->table.table;
}

/* Which stands first in a manifest; 0: they speak of the same. */
static int
record_cmp(const struct vl_unpacked *a, const struct vl_unpacked *b)
{
	int c = slice_cmp(a->resource, b->resource);

	if (c != 0)
		return c;
	if (a->kind == VL_LINE_ENTRY && b->kind == VL_LINE_ENTRY)
		return vl_path_cmp(a->entry.path, b->entry.path);
	/* The line of the profile is the first of a database; a tree and a
	 * database of one name have nothing in common. */
	if (a->kind <= VL_LINE_PROFILE || b->kind <= VL_LINE_PROFILE)
		return (a->kind > b->kind) - (a->kind < b->kind);
	c = slice_cmp(table_of(a), table_of(b));
	if (c != 0)
		return c;
	if (a->kind != VL_LINE_ROW || b->kind != VL_LINE_ROW)
		return (a->kind > b->kind) - (a->kind < b->kind);
	return slice_cmp(a->row.key, b->row.key);
}

/* Ids of the source, where holes are, and what later versions note; secrets of
 * files are compared apart. */
static bool
says_nothing(struct vl_slice member)
{
	return vl_slice_equal(member, vl_slice_of("x")) ||
	    vl_slice_equal(member, vl_slice_of("slots")) ||
	    vl_slice_equal(member, vl_slice_of("holes")) ||
	    (member.n > 2 && memcmp(member.p, "x_", 2) == 0);
}

static enum vl_status
add_name(struct vl_buf *detail, struct vl_slice name, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (detail->n > 0)
		st = vl_buf_add_text(detail, ", ", err);
	return st == VL_OK ? vl_escape(detail, name, err) : st;
}

/* Strings are compared as they are spelt; a number is none of them. */
static bool
same_value(const struct vl_json_item *a, const struct vl_json_item *b)
{
	return a->type == b->type && vl_slice_equal(a->raw, b->raw);
}

/* A member that differs; of a column not, where only secrets do. */
static enum vl_status
add_member(struct diff *d, struct vl_slice name, const size_t values[2],
    bool column, struct vl_err *err)
{
	bool secret = false;
	bool rest = true;
	enum vl_status st = VL_OK;

	if (column)
		st = values_secret(
		    &d->values, d->json, values, &secret, &rest, err);
	d->secret = d->secret || secret;
	return st == VL_OK && rest ? add_name(&d->detail, name, err) : st;
}

/*
 * Names of members of two objects that differ, both ascending: those of a
 * line, or of the row in it.
 */
static enum vl_status
add_members(
    struct diff *d, size_t at_a, size_t at_b, bool row, struct vl_err *err)
{
	const struct vl_json_item *a = d->json[0].items;
	const struct vl_json_item *b = d->json[1].items;
	const size_t end_a = a[at_a].next;
	const size_t end_b = b[at_b].next;
	struct vl_slice name = { NULL, 0 };
	enum vl_status st = VL_OK;
	int c = 0;

	at_a++;
	at_b++;
	while (st == VL_OK && (at_a < end_a || at_b < end_b)) {
		c = at_a == end_a ? 1 :
		    at_b == end_b ? -1 :
		                    slice_cmp(a[at_a].raw, b[at_b].raw);
		name = c <= 0 ? a[at_a].raw : b[at_b].raw;
		if (c == 0 && vl_slice_equal(name, vl_slice_of("row")))
			st = add_members(d, at_a + 1, at_b + 1, true, err);
		else if (!says_nothing(name) &&
		    (c != 0 || !same_value(&a[at_a + 1], &b[at_b + 1])))
			st = add_member(d, name,
			    (size_t[]){ at_a + 1, at_b + 1 }, row && c == 0,
			    err);
		if (c <= 0)
			at_a = a[at_a + 1].next;
		if (c >= 0)
			at_b = b[at_b + 1].next;
	}
	return st;
}

/*
 * Secrets of a file: which they are and what, in their order.  Where they stand
 * follows the rest, which is told by its hash; only where that is the same can
 * they have moved alone.
 */
static enum vl_status
add_slots(struct diff *d, struct vl_err *err)
{
	const struct vl_entry *a = &d->rec[0].entry;
	const struct vl_entry *b = &d->rec[1].entry;
	bool moved = false;
	size_t i = 0;

	d->secret = a->nslots != b->nslots;
	for (i = 0; i < a->nslots && !d->secret; i++) {
		d->secret = a->slots[i].slot.form != b->slots[i].slot.form ||
		    memcmp(a->slots[i].slot.print, b->slots[i].slot.print,
		        VL_SLOT_PRINT_SIZE) != 0 ||
		    !vl_slice_equal(a->slots[i].inside, b->slots[i].inside);
		moved = moved || a->slots[i].at != b->slots[i].at;
	}
	if (d->secret || !moved || memcmp(a->hash, b->hash, sizeof(a->hash)))
		return VL_OK;
	return add_name(&d->detail, vl_slice_of("slots"), err);
}

/* What of a record differs; nothing where only what does not count does. */
static enum vl_status
find_detail(struct diff *d, struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	d->secret = false;
	vl_buf_clear(&d->detail);
	vl_buf_clear(&d->values.said);
	if (vl_slice_equal(d->rec[0].line, d->rec[1].line))
		return VL_OK;
	for (i = 0; st == VL_OK && i < 2; i++) {
		line = d->rec[i].line;
		line.n--; /* LF */
		st = vl_json_parse(&d->json[i], line, err);
	}
	if (st == VL_OK)
		st = add_members(d, 0, 0, false, err);
	if (st == VL_OK && d->rec[0].kind == VL_LINE_ENTRY)
		st = add_slots(d, err);
	if (st != VL_OK || d->detail.n == 0 || d->opts->stat ||
	    d->rec[0].kind != VL_LINE_ROW || d->rec[1].kind != VL_LINE_ROW)
		return st;
	return values_differ(&d->values, d->rec[1].row.table,
	    (struct vl_slice[]){ d->rec[0].row.row, d->rec[1].row.row }, err);
}

static void
show_json(const struct diff *d, enum change what, const struct vl_unpacked *rec)
{
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "change", vl_slice_of(change_words[what]));
	vl_msg_text(&m, "resource", rec->resource);
	if (rec->kind == VL_LINE_ENTRY)
		vl_msg_text(&m, "path", rec->entry.path);
	else if (rec->kind != VL_LINE_PROFILE)
		vl_msg_text(&m, "table", table_of(rec));
	if (rec->kind == VL_LINE_ROW)
		vl_msg_json(&m, "key", rec->row.key);
	if (what == CHANGED)
		vl_msg_text(&m, "fields", vl_buf_slice(&d->detail));
	if (what == CHANGED && d->values.said.n > 0)
		vl_msg_json(&m, "values", vl_buf_slice(&d->values.said));
	vl_msg_end(&m);
}

static enum vl_status
show(struct diff *d, enum change what, const struct vl_unpacked *rec,
    struct vl_err *err)
{
	const struct vl_slice detail = what == CHANGED ?
	    vl_buf_slice(&d->detail) :
	    vl_slice_of(what == SECRET ? "secret changed" : "");
	enum vl_status st = VL_OK;

	if (what == SAME || d->opts->stat)
		return VL_OK;
	if (d->opts->json) {
		show_json(d, what, rec);
		return VL_OK;
	}
	vl_buf_clear(&d->name);
	st = record_name(&d->name, rec, err);
	vl_buf_clear(&d->values.shown);
	if (st == VL_OK && what == CHANGED && d->values.said.n > 0)
		st = vl_fields_text(
		    &d->values.shown, vl_buf_slice(&d->values.said), err);
	if (st == VL_OK)
		printf("%c\t%.*s\t%.*s%s%.*s\n", change_signs[what],
		    (int)d->name.n, (const char *)d->name.p, (int)detail.n,
		    (const char *)detail.p, d->values.shown.n > 0 ? "\t" : "",
		    (int)d->values.shown.n, (const char *)d->values.shown.p);
	return st;
}

/* Counts of the resource that ends here. */
static void
end_resource(struct diff *d)
{
	struct vl_msg m = { 0 };
	size_t i = 0;

	if (d->resource[0] != '\0' && d->opts->json) {
		vl_msg_begin(&m, "summary");
		vl_msg_text(&m, "resource", vl_slice_of(d->resource));
		for (i = 0; i < CHANGES; i++)
			vl_msg_count(&m, change_words[i], d->counts[i]);
		vl_msg_end(&m);
	} else if (d->resource[0] != '\0' && d->opts->stat) {
		printf("%s", d->resource);
		for (i = 0; i < CHANGES; i++)
			printf("\t%" PRIu64, d->counts[i]);
		printf("\n");
	}
	memset(d->counts, 0, sizeof(d->counts));
}

static enum vl_status
take(struct diff *d, enum change what, const struct vl_unpacked *rec,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (!vl_slice_equal(rec->resource, vl_slice_of(d->resource))) {
		end_resource(d);
		(void)snprintf(d->resource, sizeof(d->resource), "%.*s",
		    (int)rec->resource.n, (const char *)rec->resource.p);
	}
	d->counts[what]++;
	d->differs = d->differs || what != SAME;
	if (what != CHANGED || d->detail.n > 0)
		st = show(d, what, rec, err);
	/* What is no secret, then what is, as a preview does it. */
	return st == VL_OK && what == CHANGED && d->secret ?
	    show(d, SECRET, rec, err) :
	    st;
}

static enum vl_status
next(struct diff *d, size_t i, struct vl_err *err)
{
	enum vl_status st =
	    vl_unpack_next(d->bundles[i].unpack, &d->rec[i], err);

	if (st == VL_OK && i == 1 && d->rec[i].line.p != NULL &&
	    d->rec[i].kind == VL_LINE_PROFILE)
		values_profile(&d->values, d->rec[i].profile.words);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "bundle '%s'", d->bundles[i].shown);
}

static enum vl_status
step(struct diff *d, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool differ = false;
	int c = 0;

	c = d->rec[0].line.p == NULL ? 1 :
	    d->rec[1].line.p == NULL ? -1 :
	                               record_cmp(&d->rec[0], &d->rec[1]);
	if (c == 0)
		st = find_detail(d, err);
	differ = d->detail.n > 0 || d->secret;
	if (st == VL_OK)
		st = take(d,
		    c < 0      ? GONE :
		        c > 0  ? ADDED :
		        differ ? CHANGED :
		                 SAME,
		    &d->rec[c > 0], err);
	if (st == VL_OK && c <= 0)
		st = next(d, 0, err);
	if (st == VL_OK && c >= 0)
		st = next(d, 1, err);
	return st;
}

/* Hashes of contents are comparable within a series only. */
static enum vl_status
check_series(const struct diff *d, struct vl_err *err)
{
	const struct vl_head *a = &d->bundles[0].seal.head;
	const struct vl_head *b = &d->bundles[1].seal.head;

	if (memcmp(a->series, b->series, sizeof(a->series)) == 0 &&
	    a->epoch == b->epoch)
		return VL_OK;
	if (memcmp(a->series, b->series, sizeof(a->series)) == 0)
		return vl_fail(err, VL_EREFUSED,
		    "between '%s' and '%s' the series got other keys ('valise "
		    "series rotate'), so that contents have no hash in common: "
		    "compare bundles of one epoch",
		    d->bundles[0].shown, d->bundles[1].shown);
	return vl_fail(err, VL_EREFUSED,
	    "'%s' and '%s' are of two series, whose contents have no hash in "
	    "common: compare bundles of one",
	    d->bundles[0].shown, d->bundles[1].shown);
}

static enum vl_status
compare(struct diff *d, struct vl_err *err)
{
	enum vl_status st = check_series(d, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < 2; i++) {
		vl_unpack_lines_only(d->bundles[i].unpack);
		st = next(d, i, err);
	}
	while (st == VL_OK &&
	    (d->rec[0].line.p != NULL || d->rec[1].line.p != NULL))
		st = vl_cli_stop() ? vl_cli_stopped(err) : step(d, err);
	if (st == VL_OK)
		end_resource(d);
	return st;
}

static enum vl_status
diff_run(const struct vl_args *args, struct vl_err *err)
{
	struct diff d = { .opts = args->opts,
		.bundles = { BUNDLE_NONE, BUNDLE_NONE } };
	enum vl_status st = bundles_open_to_read(
	    d.bundles, args->operands, 2, &d.opts->how, err);
	size_t i = 0;

	if (st == VL_OK)
		st = compare(&d, err);
	if (st == VL_OK && d.differs && d.opts->exit_code)
		st = vl_fail(err, VL_EDIFFER, "'%s' and '%s' differ",
		    d.bundles[0].shown, d.bundles[1].shown);
	for (i = 0; i < 2; i++) {
		bundle_close(&d.bundles[i]);
		vl_json_free(&d.json[i]);
	}
	values_free(&d.values);
	vl_buf_free(&d.name);
	vl_buf_free(&d.detail);
	return st;
}

const struct vl_cmd vl_cmd_diff = {
	.name = "diff",
	.operands = "DIR DIR",
	.help = "compare two bundles of a series",
	.about =
	    "Prints a line for each record of which the second bundle "
	    "says something else than\nthe first: + where only the second "
	    "has it, - where only the first, ~ where both;\nRESOURCE/KEY "
	    "as 'valise ls' has it; what differs; inside values of JSON, "
	    "PHP and YAML\nthe path, what was there and what is. A line with "
	    "s says that secrets of a row\nor file differ, and nothing of "
	    "them. --stat prints for each resource its name and\nthe numbers "
	    "of records that are new, changed, gone, the same. Parted by tabs. "
	    "Ids\nthat rows have at the source are not compared.",
	.opts = table,
	.opts_size = sizeof(struct diff_opts),
	.min_operands = 2,
	.max_operands = 2,
	.run = diff_run,
};
