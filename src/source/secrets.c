/*
 * Secrets of a tree: files that hold declared ones travel without them, and
 * what is declared somewhere is looked for in all others, as their bytes come
 * (formats/profile.md, "Secrets").
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <valise/check.h>
#include <valise/text.h>

#include "files.h"

#define SHOWN    512
#define PIECE    4096
#define TOLD_MAX 20 /* files that are told by name, of each kind */

static void
tell(const struct files *f, const char *text)
{
	if (f->report.note != NULL)
		f->report.note(f->report.arg, f->resource->name, text);
}

static bool
searches(const struct files *f)
{
	return f->needles != NULL && vl_needles_any(f->needles);
}

enum vl_status
vl_files_secrets_open(
    struct files *f, const struct vl_source_opts *opts, struct vl_err *err)
{
	const struct vl_secretfiles_opts how = { .resource = f->resource->name,
		.words = opts->profile == NULL ?
		    NULL :
		    vl_profile_resource(opts->profile, f->resource->name),
		.masters = opts->masters,
		.ops = opts->secrets == NULL ? NULL : opts->secrets->ops,
		.needles =
		    opts->secrets == NULL ? NULL : opts->secrets->needles,
		.suspect = vl_rows_secret_text };

	f->needles = how.needles;
	f->declares = how.words != NULL && how.words->nfile_secrets > 0;
	f->ops = how.ops;
	if (vl_secretfiles_new(&f->secrets, &how, err) != VL_OK)
		return err->status;
	return vl_check_texts_open(&f->texts,
	    opts->profile == NULL ? NULL : opts->profile->ciphers,
	    opts->profile == NULL ? 0 : opts->profile->nciphers, err);
}

void
vl_files_secrets_free(struct files *f)
{
	vl_secretfiles_free(f->secrets);
	vl_check_texts_free(f->texts);
	vl_buf_free(&f->small);
	vl_parted_free(&f->parted);
	vl_locked_free(&f->text);
	vl_buf_free(&f->tail);
}

/* ---- What is declared, before the first record ---- */

/* All of a file, as far as one with secrets may be long; `*all` is false where
 * it cannot be read. */
static enum vl_status
read_all(struct vl_locked *out, bool *all, int fd, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	ssize_t got = 1;

	vl_locked_clear(out);
	while (st == VL_OK && got > 0 && out->n <= VL_SECRETFILE_MAX) {
		st = vl_locked_reserve(out, PIECE, err);
		if (st != VL_OK)
			break;
		got = read(fd, out->p + out->n, out->cap - out->n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			out->n += (size_t)got;
	}
	*all = got >= 0;
	return st;
}

static enum vl_status
learn(struct files *f, struct vl_walk *walk, const struct vl_node *node,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	bool all = false;
	int fd = -1;

	/* Who cannot read it leaves it out, or refuses it, later on. */
	if (!vl_walk_file(walk, &fd))
		return VL_OK;
	st = read_all(&f->text, &all, fd, err);
	if (st == VL_OK && all)
		st = vl_secretfile_try(
		    f->secrets, node->path, vl_locked_slice(&f->text), err);
	(void)close(fd);
	vl_locked_clear(&f->text);
	return st;
}

static void
tell_unfound(const struct files *f)
{
	const char *name = NULL;
	char text[SHOWN];
	size_t at = 0;

	while ((name = vl_secretfiles_unfound(f->secrets, &at)) != NULL) {
		(void)snprintf(text, sizeof(text),
		    "'secrets', '%s': no file has one there", name);
		tell(f, text);
	}
}

enum vl_status
vl_files_learn(struct files *f, struct vl_err *err)
{
	const struct vl_walk_opts opts = { .root = f->resource->path,
		.exclude = f->exclude,
		.cross_mounts = !f->resource->one_file_system,
		.hidden = VL_STAGING,
		.tempdir = f->tempdir };
	struct vl_walk *walk = NULL;
	struct vl_node node = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;

	if (!f->declares)
		return VL_OK;
	st = vl_walk_open(&walk, &opts, err);
	while (st == VL_OK) {
		st = vl_walk_next(walk, &node, &more, err);
		if (st != VL_OK || !more)
			break;
		if (node.type == VL_ENTRY_FILE &&
		    vl_secretfiles_concern(f->secrets, node.path))
			st = learn(f, walk, &node, err);
	}
	vl_walk_free(walk);
	if (st == VL_OK)
		st = vl_secretfiles_tried(f->secrets, false, err);
	if (st == VL_OK)
		tell_unfound(f);
	return st;
}

/* ---- The body of one file ---- */

/* It is read whole before its line is made. */
static bool
is_parted(const struct files *f)
{
	enum vl_leak_do what = VL_LEAK_ALLOW;

	return (f->declares &&
	           vl_secretfiles_concern(f->secrets, f->node.here)) ||
	    (searches(f) &&
	        vl_secretfiles_leak(f->secrets, f->node.here, &what) &&
	        what != VL_LEAK_ALLOW);
}

static enum vl_status
part(struct files *f, bool *again, struct vl_err *err)
{
	const uint64_t size = (uint64_t)f->body.stat.st_size;
	const size_t n =
	    size > VL_SECRETFILE_MAX ? VL_SECRETFILE_MAX + 1 : (size_t)size;
	enum vl_status st = VL_OK;

	vl_locked_clear(&f->text);
	st = vl_locked_reserve(&f->text, n + 1, err);
	if (st != VL_OK)
		return st;
	*again = !vl_body_take(&f->body, f->text.p, n) ||
	    !vl_body_unchanged(&f->body);
	f->text.n = *again ? 0 : n;
	if (!*again) {
		st = vl_secretfile_part(&f->parted, f->secrets, f->node.here,
		    f->node.path, vl_locked_slice(&f->text), err);
		f->is_parted = st == VL_OK;
		f->leaking = f->parted.leaking;
		vl_body_serve(&f->body, vl_locked_slice(&f->parted.rest));
	}
	vl_locked_clear(&f->text);
	return st;
}

enum vl_status
vl_files_secrets_begin(struct files *f, bool *again, struct vl_err *err)
{
	f->is_parted = false;
	f->leaking = NULL;
	vl_buf_clear(&f->tail);
	vl_buf_clear(&f->small);
	f->is_small = f->body.stat.st_size <= VL_CHECK_TEXT_MAX;
	if (!is_parted(f) || part(f, again, err) == VL_OK)
		return VL_OK;
	return vl_within(err, "resource '%s'", f->resource->name);
}

enum vl_status
vl_files_secrets_link(
    struct files *f, struct vl_slice first, struct vl_err *err)
{
	char shown[SHOWN / 2];
	char other[SHOWN / 2];

	if (vl_secretfiles_follow(f->secrets, f->node.here, first))
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "'%s' of resource '%s' has secrets and is one file with '%s', of "
	    "which 'secrets' says something else: name both there, or exclude "
	    "one",
	    vl_escape_text(shown, sizeof(shown), f->node.here),
	    f->resource->name, vl_escape_text(other, sizeof(other), first));
}

void
vl_files_secrets_set(const struct files *f, struct vl_entry *e)
{
	if (!f->is_parted)
		return;
	e->size = f->parted.rest.n;
	e->nholes = 0;
	e->slots = f->parted.slots;
	e->nslots = f->parted.nslots;
}

void
vl_files_secrets_tokens(const struct files *f, struct vl_record *rec)
{
	if (!f->is_parted || f->ops == NULL)
		return;
	rec->tokens = f->parted.tokens;
	rec->ntokens = f->parted.nslots;
}

/* One that begins in what came before, and ends in `piece`. */
static enum vl_status
search_border(struct files *f, struct vl_slice piece,
    struct vl_needle_found *found, struct vl_err *err)
{
	const size_t most = vl_needles_longest(f->needles) - 1;
	enum vl_status st = VL_OK;

	st = vl_buf_add(&f->tail,
	    (struct vl_slice){ piece.p, piece.n < most ? piece.n : most }, err);
	if (st == VL_OK &&
	    vl_needles_find(f->needles, vl_buf_slice(&f->tail), 0, found))
		f->leaking = found->of;
	return st;
}

/* The last bytes of all that came so far. */
static enum vl_status
keep_tail(struct files *f, struct vl_slice piece, struct vl_err *err)
{
	const size_t most = vl_needles_longest(f->needles) - 1;

	if (piece.n >= most) {
		vl_buf_clear(&f->tail);
		return vl_buf_add(&f->tail,
		    (struct vl_slice){ piece.p + piece.n - most, most }, err);
	}
	/* All of the piece is there. */
	if (f->tail.n > most) {
		memmove(f->tail.p, f->tail.p + f->tail.n - most, most);
		f->tail.n = most;
	}
	return VL_OK;
}

enum vl_status
vl_files_search(struct files *f, struct vl_slice piece, struct vl_err *err)
{
	struct vl_needle_found found = { 0 };
	enum vl_leak_do what = VL_LEAK_ALLOW;
	enum vl_status st = VL_OK;

	/* It is looked into when all of it is there. */
	if (f->is_small && !f->is_parted)
		st = vl_buf_add(&f->small, piece, err);
	if (st != VL_OK || f->is_parted || f->leaking != NULL || piece.n == 0 ||
	    !searches(f))
		return st;
	if (vl_secretfiles_leak(f->secrets, f->node.here, &what))
		return VL_OK;
	if (vl_needles_find(f->needles, piece, 0, &found)) {
		f->leaking = found.of;
		return VL_OK;
	}
	st = search_border(f, piece, &found, err);
	return st == VL_OK ? keep_tail(f, piece, err) : st;
}

/* ---- What is told ---- */

static void
tell_suspect(void *arg, const char *what)
{
	struct files *f = arg;
	char path[SHOWN / 4];
	char text[2 * SHOWN];

	if (f->counts.suspects++ >= TOLD_MAX)
		return;
	(void)vl_escape_text(path, sizeof(path), f->node.here);
	(void)snprintf(text, sizeof(text),
	    "file '%s': %s: declare it under 'secrets' of the profile, exclude "
	    "it, or say 'not_secret: [{file: \"%s\"}]'",
	    path, what, path);
	tell(f, text);
}

static enum vl_status
look_into(struct files *f, struct vl_err *err)
{
	const struct vl_slice text = f->is_parted ?
	    vl_locked_slice(&f->parted.rest) :
	    vl_buf_slice(&f->small);
	char name[VL_NAME_MAX + 1] = { 0 };
	uint64_t n = 0;

	if (text.n == 0 || text.n > VL_CHECK_TEXT_MAX ||
	    f->node.name.n > VL_NAME_MAX ||
	    vl_secretfiles_none(f->secrets, f->node.here))
		return VL_OK;
	memcpy(name, f->node.name.p, f->node.name.n);
	return vl_check_text(f->texts, name, text, &n, tell_suspect, f, err);
}

static void
tell_leak(struct files *f)
{
	char path[SHOWN / 4];
	char text[2 * SHOWN];

	if (f->counts.leaks++ >= TOLD_MAX)
		return;
	(void)vl_escape_text(path, sizeof(path), f->node.here);
	(void)snprintf(text, sizeof(text),
	    "file '%s' has in clear what '%s' keeps secret: declare it under "
	    "'secrets', exclude it, or say 'leaks: [{file: \"%s\", do: slot}]' "
	    "(or blank, or allow)",
	    path, f->leaking, path);
	tell(f, text);
}

enum vl_status
vl_files_secrets_count(struct files *f, struct vl_err *err)
{
	if (f->is_parted)
		f->blank += f->parted.blank;
	if (f->leaking != NULL)
		tell_leak(f);
	return look_into(f, err);
}

/* Those that were not told. */
static void
tell_more(const struct files *f, uint64_t n, const char *what)
{
	char count[48];
	char text[SHOWN];

	if (n <= TOLD_MAX)
		return;
	(void)snprintf(text, sizeof(text), "and %s more %s",
	    vl_format_count(count, sizeof(count), n - TOLD_MAX), what);
	tell(f, text);
}

void
vl_files_secrets_end(struct files *f)
{
	char count[48];
	char text[SHOWN];

	tell_more(f, f->counts.leaks, "in which one stands in clear");
	tell_more(f, f->counts.suspects,
	    "that may be secrets: 'valise inventory --secrets' has them all");
	if (f->blank == 0)
		return;
	(void)snprintf(text, sizeof(text),
	    "%s of files not carried ('on_secret: blank'): to be entered at "
	    "the target",
	    vl_format_counted(
	        count, sizeof(count), f->blank, "secret", "secrets"));
	tell(f, text);
}
