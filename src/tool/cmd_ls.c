/*
 * valise ls: the records of a bundle.  Each line authenticated before it is
 * printed; that they are all, and the root, is known with the last one.
 */

#include <inttypes.h>
#include <string.h>

#include <valise/text.h>

#include "tool.h"

struct ls_opts {
	struct open_opts how;
	bool json;
};

static const struct vl_opt table[] = { VL_KEY_OPTS(struct ls_opts, how.keys),
	SENDER_OPT(struct ls_opts, how),
	VL_WORKERS_OPT(struct ls_opts, how.workers),
	VL_JSON_OPT(
	    struct ls_opts, json, "the lines of the manifest as they are"),
	SANDBOX_OPT(struct ls_opts, how), { .name = NULL } };

/* What stands behind the name. */
static enum vl_status
add_behind(struct vl_buf *out, const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char n[64];

	if (e->target.n > 0)
		st = vl_buf_add_text(out, "\t", err);
	if (st == VL_OK && e->target.n > 0)
		st = vl_escape(out, e->target, err);
	if (st == VL_OK &&
	    (e->type == VL_ENTRY_CHAR || e->type == VL_ENTRY_BLOCK))
		st = vl_buf_printf(
		    out, err, "\t%" PRIu32 ":%" PRIu32, e->major, e->minor);
	if (st == VL_OK && e->type == VL_ENTRY_LEFT_OUT)
		st = vl_buf_printf(out, err, "\t%s", vl_why_words[e->why]);
	if (st == VL_OK && e->nslots > 0)
		st = vl_buf_printf(out, err, "\t%s",
		    vl_format_counted(
		        n, sizeof(n), e->nslots, "secret", "secrets"));
	return st;
}

/* type, mode, size, time; "-" for what a type does not have. */
static enum vl_status
add_columns(struct vl_buf *out, const struct vl_entry *e, struct vl_err *err)
{
	bool has_mode = e->type != VL_ENTRY_LINK && e->type != VL_ENTRY_HARD &&
	    e->type != VL_ENTRY_LEFT_OUT;
	char mode[16] = "-";
	char size[32] = "-";
	char time[40] = "-";

	if (has_mode)
		(void)snprintf(mode, sizeof(mode), "%04" PRIo32, e->mode);
	if (e->type == VL_ENTRY_FILE)
		(void)snprintf(size, sizeof(size), "%" PRIu64, e->size);
	if (has_mode || e->type == VL_ENTRY_LINK)
		(void)vl_format_time_utc(time, sizeof(time), e->mtime.sec);
	return vl_buf_printf(out, err, "%s\t%s\t%s\t%s\t",
	    vl_entry_type_words[e->type], mode, size, time);
}

/* As of an entry; the size is that of what did not fit into the line. */
static enum vl_status
add_row_columns(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	static const char *const words[] = { [VL_LINE_PROFILE] = "profile",
		[VL_LINE_TABLE] = "table",
		[VL_LINE_ROW] = "row" };
	char size[32] = "-";

	if (rec->has_body)
		(void)snprintf(size, sizeof(size), "%" PRIu64, rec->size);
	return vl_buf_printf(
	    out, err, "%s\t-\t%s\t-\t", words[rec->kind], size);
}

/* The text of a record into `out`. */
static enum vl_status
show(struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	const bool entry = rec->kind == VL_LINE_ENTRY;
	enum vl_status st = VL_OK;

	vl_buf_clear(out);
	st = entry ? add_columns(out, &rec->entry, err) :
	             add_row_columns(out, rec, err);
	if (st == VL_OK)
		st = record_name(out, rec, err);
	if (st == VL_OK && entry)
		st = add_behind(out, &rec->entry, err);
	return st == VL_OK ? vl_buf_add_text(out, "\n", err) : st;
}

static enum vl_status
print(struct vl_slice line, struct vl_err *err)
{
	if (fwrite(line.p, 1, line.n, stdout) != line.n)
		return vl_fail_errno(err, "cannot write to standard output");
	return VL_OK;
}

/* `place` NULL: everything. */
static enum vl_status
list(struct vl_unpack *u, const struct place *place, bool json, uint64_t *shown,
    struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (json && place == NULL)
		st = print(vl_unpack_first(u), err);
	while (st == VL_OK) {
		if (vl_cli_stop()) {
			st = vl_cli_stopped(err);
			break;
		}
		st = vl_unpack_next(u, &rec, err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		if (place != NULL && !place_holds(place, &rec))
			continue;
		++*shown;
		if (!json)
			st = show(&text, &rec, err);
		if (st == VL_OK)
			st = print(json ? rec.line : vl_buf_slice(&text), err);
	}
	if (st == VL_OK && json && place == NULL)
		st = print(vl_unpack_tail(u), err);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
ls_run(const struct vl_args *args, struct vl_err *err)
{
	const struct ls_opts *o = args->opts;
	struct bundle bundle = BUNDLE_NONE;
	struct place place = { 0 };
	char name[SHOWN_SIZE];
	uint64_t shown = 0;
	enum vl_status st = VL_OK;

	if (args->n > 1)
		place_of(&place, args->operands[1]);
	/* As a shell completes the name of a directory. */
	while (place.path.n > 0 && place.path.p[place.path.n - 1] == '/')
		place.path.n--;
	st = bundle_open_to_read(&bundle, args->operands[0], &o->how, err);
	if (st == VL_OK) {
		vl_unpack_lines_only(bundle.unpack);
		st = list(bundle.unpack, args->n > 1 ? &place : NULL, o->json,
		    &shown, err);
	}
	if (st == VL_OK && args->n > 1 && shown == 0)
		st = vl_fail(err, VL_EUSAGE,
		    "there is no '%s' in bundle '%s'; 'valise ls %s' lists "
		    "what there is",
		    vl_escape_text(
		        name, sizeof(name), vl_slice_of(args->operands[1])),
		    bundle.shown, bundle.shown);
	bundle_close(&bundle);
	return st;
}

const struct vl_cmd vl_cmd_ls = {
	.name = "ls",
	.operands = "DIR [RESOURCE[/KEY]]",
	.help = "list the records of a bundle",
	.about =
	    "Prints a line for each record: type, mode, size, time of "
	    "change in UTC, name, and\nwhere a link points to, the earlier "
	    "path of which a hard link is one more name, the\nnumbers of "
	    "a device, why something was left out, or how many secrets a file "
	    "has, which\nits size does not count, parted by tabs. A row of a "
	    "database has TABLE/KEY for its\nname, and for its size that of "
	    "values which do not fit into the manifest. --json\nshows "
	    "everything, also access control lists, attributes and values. "
	    "KEY (a path,\nTABLE, or TABLE/KEY) lists it and what is below "
	    "it. Characters that a terminal\nwould obey are written \\xNN, "
	    "but by --json they stand as they are. Only --sender\nalso tells "
	    "whose bundle it is.",
	.opts = table,
	.opts_size = sizeof(struct ls_opts),
	.min_operands = 1,
	.max_operands = 2,
	.run = ls_run,
};
