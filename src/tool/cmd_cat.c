/*
 * valise cat: one file or row to standard output.  The bytes of a file are
 * written as they are verified; that they are the right ones is proved behind
 * the last, so a failure at the end takes the output back.
 */

#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>

#include "tool.h"

struct cat_opts {
	struct open_opts how;
	bool secrets;
};

static const struct vl_opt table[] = { VL_KEY_OPTS(struct cat_opts, how.keys),
	SENDER_OPT(struct cat_opts, how),
	VL_WORKERS_OPT(struct cat_opts, how.workers),
	{ .name = "secrets",
	    .type = VL_OPT_FLAG,
	    .at = offsetof(struct cat_opts, secrets),
	    .help = "show its secrets, too, in clear and on a terminal alone" },
	SANDBOX_OPT(struct cat_opts, how), { .name = NULL } };

static enum vl_status
put(void *arg, struct vl_slice bytes, struct vl_err *err)
{
	(void)arg;
	if (vl_cli_stop())
		return vl_cli_stopped(err);
	if (vl_write_all(STDOUT_FILENO, bytes, err) != VL_OK)
		return vl_within(err, "cannot write to standard output");
	return VL_OK;
}

static enum vl_status
check_resource(
    const struct vl_unpack *u, const struct place *place, struct vl_err *err)
{
	const struct vl_inner_head *inner = vl_unpack_inner(u);
	struct vl_buf names = { 0 };
	char shown[SHOWN_SIZE];
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < inner->nresources; i++)
		if (vl_slice_equal(
		        place->resource, vl_slice_of(inner->resources[i].name)))
			return VL_OK;
	for (i = 0; st == VL_OK && i < inner->nresources; i++)
		st = vl_buf_printf(&names, err, "%s'%s'", i > 0 ? ", " : "",
		    inner->resources[i].name);
	if (st == VL_OK)
		st = vl_fail(err, VL_EUSAGE,
		    "RESOURCE/KEY is meant, and there is no resource '%s'; "
		    "there is %.*s",
		    vl_escape_text(shown, sizeof(shown), place->resource),
		    (int)names.n, (const char *)names.p);
	vl_buf_free(&names);
	return st;
}

static bool
is_at(const struct place *place, const struct vl_unpacked *rec)
{
	if (!vl_slice_equal(rec->resource, place->resource))
		return false;
	return rec->kind == VL_LINE_ROW ? row_is(&rec->row, place->path) :
	                                  rec->kind == VL_LINE_ENTRY &&
	        vl_slice_equal(rec->entry.path, place->path);
}

/* Go to the record of `place`; `rec->line.p` is NULL when there is none. */
static enum vl_status
go_to(struct vl_unpack *u, const struct place *place, struct vl_unpacked *rec,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	/* vl_unpack_body() proves the content itself. */
	vl_unpack_unswept(u);
	do {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		st = vl_unpack_next(u, rec, err);
	} while (st == VL_OK && rec->line.p != NULL && !is_at(place, rec));
	return st;
}

/* From a hard link to the line that it names, which was passed by. */
static enum vl_status
go_back(struct bundle *b, const struct place *place, struct vl_unpacked *rec,
    struct vl_err *err)
{
	struct place first = { .resource = place->resource };
	char shown[SHOWN_SIZE];
	struct vl_buf path = { 0 };
	enum vl_status st = vl_buf_add(&path, rec->entry.target, err);

	first.path = vl_buf_slice(&path);
	vl_unpack_free(b->unpack);
	b->unpack = NULL;
	if (st == VL_OK)
		st = bundle_reader(b, &b->unpack, err);
	if (st == VL_OK)
		st = go_to(b->unpack, &first, rec, err);
	if (st == VL_OK &&
	    (rec->line.p == NULL || rec->entry.type == VL_ENTRY_HARD))
		st = vl_fail(err, VL_EPATH,
		    "it is one more name of '%s', which is no file in the "
		    "bundle",
		    vl_escape_text(shown, sizeof(shown), first.path));
	vl_buf_free(&path);
	return st;
}

/* Go to the file or row of `place`. */
static enum vl_status
find(struct bundle *b, const struct place *place, struct vl_unpacked *rec,
    struct vl_err *err)
{
	enum vl_status st = go_to(b->unpack, place, rec, err);

	if (st != VL_OK)
		return st;
	if (rec->line.p == NULL)
		return vl_fail(
		    err, VL_EUSAGE, "there is no such record in the bundle");
	if (rec->kind == VL_LINE_ROW)
		return VL_OK;
	if (rec->entry.type == VL_ENTRY_HARD)
		st = go_back(b, place, rec, err);
	if (st == VL_OK && rec->entry.type != VL_ENTRY_FILE)
		st = vl_fail(err, VL_EUSAGE, "it is no file but of type '%s'",
		    vl_entry_type_words[rec->entry.type]);
	return st;
}

static enum vl_status
keep(void *arg, struct vl_slice bytes, struct vl_err *err)
{
	return vl_cli_stop() ? vl_cli_stopped(err) :
	                       vl_buf_add(arg, bytes, err);
}

/* A file with secrets is small; it is shown when its body has proved to be
 * the right one. */
static enum vl_status
show_whole(
    struct vl_unpack *u, const struct vl_unpacked *rec, struct vl_err *err)
{
	struct vl_buf body = { 0 };
	struct vl_buf marks = { 0 };
	const struct vl_body_sink sink = { keep, &body };
	enum vl_status st = vl_unpack_body(u, rec, &sink, err);
	size_t i = 0;

	for (i = 0; i < rec->entry.nslots && st == VL_OK; i++)
		st = secrets_mark(
		    &marks, (size_t)rec->entry.slots[i].at, 0, err);
	if (st == VL_OK)
		st = secrets_show(u, rec, vl_buf_slice(&body), &marks, err);
	vl_buf_free(&body);
	vl_buf_free(&marks);
	return st;
}

static void
tell_missing(const struct vl_unpacked *rec, const char *shown)
{
	char n[64];

	if (rec->entry.nslots > 0)
		vl_cli_note("'%s': it has %s, which %s not shown", shown,
		    vl_format_counted(
		        n, sizeof(n), rec->entry.nslots, "secret", "secrets"),
		    rec->entry.nslots == 1 ? "is" : "are");
}

static enum vl_status
show(const struct bundle *b, const struct vl_unpacked *rec, bool secrets,
    const char *shown, struct vl_err *err)
{
	const struct vl_body_sink sink = { put, NULL };
	enum vl_status st = VL_OK;

	if (secrets)
		st = secrets_ask(b, rec, shown, err);
	if (st != VL_OK)
		return st;
	if (rec->kind == VL_LINE_ROW)
		return row_show(b->unpack, rec, secrets, err);
	if (secrets && rec->entry.nslots > 0)
		return show_whole(b->unpack, rec, err);
	st = vl_unpack_body(b->unpack, rec, &sink, err);
	if (st == VL_OK)
		tell_missing(rec, shown);
	return st;
}

static enum vl_status
cat_run(const struct vl_args *args, struct vl_err *err)
{
	const struct cat_opts *o = args->opts;
	struct bundle bundle = BUNDLE_NONE;
	struct vl_unpacked rec = { 0 };
	struct place place = { 0 };
	char shown[SHOWN_SIZE];
	enum vl_status st = VL_OK;

	place_of(&place, args->operands[1]);
	(void)vl_escape_text(
	    shown, sizeof(shown), vl_slice_of(args->operands[1]));
	if (!place.has_path)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' names no record; give RESOURCE/KEY as 'valise ls' "
		    "shows it",
		    shown);
	if (o->secrets && secrets_check_terminal(err) != VL_OK)
		return err->status;
	st = bundle_open_to_read(&bundle, args->operands[0], &o->how, err);
	if (st == VL_OK) {
		st = check_resource(bundle.unpack, &place, err);
		if (st == VL_OK)
			st = find(&bundle, &place, &rec, err);
		if (st == VL_OK)
			st = show(&bundle, &rec, o->secrets, shown, err);
		if (st != VL_OK && st != VL_ESIGNAL)
			(void)vl_within(err, "cannot show '%s'", shown);
	}
	bundle_close(&bundle);
	return st;
}

const struct vl_cmd vl_cmd_cat = {
	.name = "cat",
	.operands = "DIR RESOURCE/KEY",
	.help = "write one file or row in a bundle to stdout",
	.about = "KEY is the path of a file, or TABLE/KEY as 'valise ls' shows "
	         "it; a key that is one\ntext may be given as that text. A row "
	         "is a JSON object: its key, its ids at the\nsource, its "
	         "columns, with values that do not fit into the manifest among "
	         "them,\nas far as they are in the first 64 MiB of these. "
	         "Holes are written as zeros; of a hard link it is the content "
	         "of the file that it is\none more name of. When it fails, "
	         "what it wrote is not to be used.\nOf a file with secrets it "
	         "is what is left without them. --secrets puts them in\ntheir "
	         "places, in clear, where a key of the role full is given, "
	         "standard input,\noutput and error are a terminal, and the "
	         "question is answered with yes. What such\na terminal would "
	         "obey is shown as '?'.",
	.opts = table,
	.opts_size = sizeof(struct cat_opts),
	.min_operands = 2,
	.max_operands = 2,
	.run = cat_run,
};
