/*
 * A tree of files as records (formats/manifest.md, "Lines of a tree").
 *
 * What a line says of a file was taken from the descriptor that its body is
 * read from, and is compared with it again behind the last byte: a file that
 * changed meanwhile is read anew, and after three tries left out.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

static struct files *
files_of(struct vl_source *s)
{
	return (struct files *)s;
}

static void
files_free(struct vl_source *s)
{
	struct files *f = files_of(s);

	vl_body_free(&f->body);
	vl_extras_free(&f->extras);
	vl_walk_free(f->walk);
	vl_ties_free(f->ties);
	vl_exclude_free(f->exclude);
	vl_owners_free(f->owners);
	vl_linked_free(f->linked);
	vl_files_secrets_free(f);
	vl_buf_free(&f->larger);
	vl_buf_free(&f->line);
	free(f->path);
	free(f);
}

/* What an entry is called by the rows whose ids its name holds. */
static enum vl_status
name_entry(void *arg, struct vl_slice dir, struct vl_slice name,
    struct vl_buf *out, enum vl_naming *how, struct vl_err *err)
{
	struct files *f = arg;
	enum vl_tied tied = VL_TIED;
	enum vl_status st = vl_ties_name(f->ties, dir, name, out, &tied, err);

	*how = VL_NAMING_TAKE;
	if (tied == VL_TIED_LEFT)
		*how = VL_NAMING_LEAVE;
	if (tied == VL_TIED_NONE) {
		*how = VL_NAMING_PASS;
		f->counts.rowless++;
	}
	return st;
}

static enum vl_status
open_ties(struct files *f, const struct vl_source_opts *opts,
    struct vl_walk_opts *walk, struct vl_err *err)
{
	enum vl_status st =
	    vl_ties_add(&f->ties, opts->profile, NULL, f->resource->name, err);

	if (st != VL_OK || f->ties == NULL)
		return st;
	vl_ties_ask(f->ties, &opts->keys);
	f->namer = (struct vl_namer){ f, name_entry };
	walk->namer = &f->namer;
	return VL_OK;
}

static enum vl_status
files_open(struct vl_source **out, const struct vl_resource *resource,
    const struct vl_source_opts *opts, struct vl_err *err)
{
	struct files *f = calloc(1, sizeof(*f));
	struct vl_walk_opts walk = {
		.root = resource->path,
		.cross_mounts = !resource->one_file_system,
		.special = resource->special,
		.hidden = VL_STAGING,
		.tempdir = opts->tempdir,
	};
	enum vl_status st = VL_OK;

	if (f == NULL)
		return vl_fail_memory(err);
	f->resource = resource;
	f->report = opts->report;
	f->owned = opts->owned;
	f->tempdir = opts->tempdir;
	f->body.fd = -1;
	st = vl_exclude_new(&f->exclude, (const char *const *)resource->exclude,
	    resource->nexclude, err);
	if (st != VL_OK)
		goto out;
	walk.exclude = f->exclude;
	st = open_ties(f, opts, &walk, err);
	if (st != VL_OK)
		goto out;
	st = vl_walk_open(&f->walk, &walk, err);
	if (st != VL_OK)
		goto out;
	f->path = realpath(resource->path, NULL);
	if (f->path == NULL) {
		st = vl_fail_errno(err, "cannot resolve its path");
		goto out;
	}
	st = vl_linked_new(&f->linked, opts->tempdir, err);
	if (st == VL_OK)
		st = vl_owners_new(&f->owners, NULL, 0, err);
	if (st == VL_OK)
		st = vl_files_secrets_open(f, opts, err);
	f->extras.owners = f->owners;
	f->extras.privileged = resource->privileged;
out:
	if (st != VL_OK)
		files_free(&f->base);
	else
		*out = &f->base;
	return st;
}

/* A tree changes as long as it is looked at: the later the better.  But what is
 * secret must be known before the first record. */
static enum vl_status
files_ready(struct vl_source *s, struct vl_err *err)
{
	struct files *f = files_of(s);

	return vl_files_learn(f, err) == VL_OK ?
	    VL_OK :
	    vl_within(err, "resource '%s'", f->resource->name);
}

/* The path that the walk stands at is tried once more, if it may be. */
static enum vl_status
try_again(
    struct files *f, struct vl_record *rec, bool *there, struct vl_err *err)
{
	*there = true;
	if (f->body.error != 0)
		return vl_files_leave_out(f, rec, VL_WHY_UNREADABLE,
		    strerrordesc_np(f->body.error), err);
	if (f->tries == VL_FILES_TRIES)
		return vl_files_leave_out(f, rec, VL_WHY_UNSTABLE, NULL, err);
	return vl_walk_again(f->walk, &f->node, there, err);
}

/* What the walk came to; a file of rows that do not travel does not. */
static enum vl_status
yield_node(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	enum vl_tied how = VL_TIED;
	enum vl_status st = VL_OK;

	if (f->owned != NULL && f->node.type != VL_ENTRY_DIR &&
	    f->node.type != VL_ENTRY_LEFT_OUT)
		st = vl_owned_by(
		    f->owned, f->resource->name, f->node.path, &how, err);
	if (st == VL_OK && how == VL_TIED_LEFT)
		return vl_files_leave_out(f, rec, VL_WHY_EXCLUDED, NULL, err);
	return st == VL_OK ? vl_files_yield(f, rec, again, err) : st;
}

static enum vl_status
files_next(struct vl_source *s, struct vl_record *rec, struct vl_err *err)
{
	struct files *f = files_of(s);
	bool again = f->stage == RETRY;
	const bool read = again; /* some of its body */
	bool there = false;
	enum vl_status st = VL_OK;

	if (f->stage == BODY) /* nobody asked whether it settled */
		st = vl_files_count(f, &f->body.stat, err);
	vl_body_close(&f->body);
	f->stage = BETWEEN;
	*rec = (struct vl_record){ 0 };
	while (st == VL_OK && rec->line.p == NULL) {
		if (again) {
			st = try_again(f, rec, &there, err);
			if (st == VL_OK && !there && read)
				st = vl_files_leave_out(f, rec, VL_WHY_UNSTABLE,
				    "it vanished while it was read", err);
		} else {
			f->tries = 0;
			f->body.error = 0;
			st = vl_walk_next(f->walk, &f->node, &there, err);
			if (st == VL_OK && !there) {
				vl_files_secrets_end(f);
				return VL_OK;
			}
		}
		again = false;
		if (st != VL_OK || !there || rec->line.p != NULL)
			continue;
		st = yield_node(f, rec, &again, err);
		f->tries += again;
	}
	return st;
}

static enum vl_status
files_hole(struct vl_source *s, uint64_t *n, struct vl_err *err)
{
	struct files *f = files_of(s);

	(void)err;
	*n = f->stage == BODY ? vl_body_hole(&f->body) : 0;
	if (*n > 0)
		vl_buf_clear(&f->tail);
	return VL_OK;
}

static enum vl_status
files_read(
    struct vl_source *s, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	struct files *f = files_of(s);

	*got = f->stage == BODY ? vl_body_read(&f->body, p, n) : 0;
	return vl_files_search(f, (struct vl_slice){ p, *got }, err);
}

static enum vl_status
files_settle(struct vl_source *s, enum vl_settled *how, struct vl_err *err)
{
	struct files *f = files_of(s);
	enum vl_status st = VL_OK;

	*how = VL_AGAIN;
	if (f->stage != BODY)
		return vl_fail(err, VL_EUSAGE, "no body is being read");
	if (vl_body_whole(&f->body)) {
		*how = VL_SETTLED;
		f->stage = BETWEEN;
		st = vl_files_count(f, &f->body.stat, err);
	} else {
		f->tries++;
		f->stage = RETRY;
	}
	vl_body_close(&f->body);
	return st;
}

static void
files_counts(const struct vl_source *s, struct vl_source_counts *counts)
{
	const struct files *f = (const struct files *)s;

	*counts = f->counts;
	counts->cut = vl_linked_cut(f->linked);
}

static const char *
files_path(const struct vl_source *s)
{
	const struct files *f = (const struct files *)s;

	return f->path;
}

const struct source_kind vl_source_files = {
	.open = files_open,
	.ready = files_ready,
	.next = files_next,
	.hole = files_hole,
	.read = files_read,
	.settle = files_settle,
	.counts = files_counts,
	.path = files_path,
	.free = files_free,
};
