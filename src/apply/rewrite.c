/*
 * `rewrite` of a site file: text in files of a bundle is replaced before the
 * target sees them (formats/site.md).
 *
 * A file that matches is read whole.  Where something was replaced the new
 * content goes to the end of an unlinked file, and its chunks say where; of
 * any other file the chunks that were read are handed out again, and behind
 * them those that were not.  So neither keeps memory behind the record, and
 * chunks are fetched whenever the target's jobs ask.  What is too long to be
 * replaced in is looked through piece by piece, because it may have nothing to
 * replace; its chunks wait in an unlinked file, too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/crypt.h>
#include <valise/fs.h>
#include <valise/secret.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "here.h"
#include "rewrite.h"

static enum vl_status
rule_new(struct rule *rule, const struct vl_rewrite *source, struct vl_err *err)
{
	const char *pattern = source->path;

	rule->from = vl_slice_of(source->from);
	rule->to = vl_slice_of(source->to);
	return vl_exclude_new(&rule->pattern, &pattern, 1, err);
}

enum vl_status
vl_rewrite_new(struct vl_rewrites **out, const struct vl_filter_opts *opts,
    struct vl_err *err)
{
	const struct vl_site *site = opts->site;
	struct vl_rewrites *rw = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	*out = NULL;
	for (i = 0; i < site->nrewrite; i++)
		n += strcmp(site->rewrite[i].resource, opts->resource) == 0;
	if (n == 0 && opts->merges == NULL && opts->keyfiles == NULL &&
	    opts->fills == NULL)
		return VL_OK;
	rw = calloc(1, sizeof(*rw));
	if (rw == NULL)
		return vl_fail_memory(err);
	rw->fd = rw->more_fd = -1;
	rw->merges = opts->merges;
	rw->keyfiles = opts->keyfiles;
	rw->fills = opts->fills;
	rw->tempdir = strdup(opts->tempdir);
	rw->rules = calloc(n + 1, sizeof(*rw->rules));
	rw->key = vl_secret_alloc(VL_KEY_SIZE);
	if (rw->tempdir == NULL || rw->rules == NULL || rw->key == NULL)
		st = vl_fail_memory(err);
	else
		vl_random(rw->key, VL_KEY_SIZE);
	for (i = 0; i < site->nrewrite && st == VL_OK; i++)
		if (strcmp(site->rewrite[i].resource, opts->resource) == 0)
			st = rule_new(
			    &rw->rules[rw->nrules++], &site->rewrite[i], err);
	for (i = 0; i < rw->nrules; i++)
		if (rw->rules[i].from.n > rw->from_max)
			rw->from_max = rw->rules[i].from.n;
	if (st == VL_OK)
		st = opts->hashers.make(opts->hashers.arg, &rw->hasher, err);
	if (st != VL_OK) {
		vl_rewrite_free(rw);
		return st;
	}
	*out = rw;
	return VL_OK;
}

static bool
concerned(const struct vl_rewrites *rw, const struct vl_entry *e)
{
	size_t i = 0;

	if (e->type != VL_ENTRY_FILE || e->size == 0)
		return false;
	for (i = 0; i < rw->nrules; i++)
		if (vl_exclude_match(rw->rules[i].pattern, e->path, false))
			return true;
	return false;
}

/* All occurrences, from the front; what was put in is not looked at. */
static enum vl_status
replace(struct vl_rewrites *rw, const struct rule *rule, uint64_t *count,
    struct vl_err *err)
{
	struct vl_slice rest = vl_buf_slice(&rw->content);
	struct vl_buf done = { 0 };
	const uint8_t *found = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	vl_here_wipe(&rw->other);
	while (st == VL_OK && rest.n > 0 && rw->other.n <= VL_REWRITE_MAX) {
		found = memmem(rest.p, rest.n, rule->from.p, rule->from.n);
		if (found == NULL)
			break;
		n = (size_t)(found - rest.p);
		st =
		    vl_buf_add(&rw->other, (struct vl_slice){ rest.p, n }, err);
		if (st == VL_OK)
			st = vl_buf_add(&rw->other, rule->to, err);
		n += rule->from.n;
		rest = (struct vl_slice){ rest.p + n, rest.n - n };
		(*count)++;
	}
	if (st == VL_OK)
		st = vl_buf_add(&rw->other, rest, err);
	done = rw->content;
	rw->content = rw->other;
	rw->other = done;
	return st;
}

static enum vl_status
replace_all(struct vl_rewrites *rw, const struct vl_entry *e, uint64_t *count,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char shown[256];
	size_t i = 0;

	for (i = 0; i < rw->nrules && st == VL_OK; i++) {
		if (vl_exclude_match(rw->rules[i].pattern, e->path, false))
			st = replace(rw, &rw->rules[i], count, err);
		if (st == VL_OK && rw->content.n > VL_REWRITE_MAX)
			st = vl_fail(err, VL_EREFUSED,
			    "'%s' would be longer than %u MiB when rewritten",
			    vl_escape_text(shown, sizeof(shown), e->path),
			    VL_REWRITE_MAX >> 20);
	}
	return st;
}

/* What `e` says of its content becomes true of the new one, which is kept. */
static enum vl_status
keep_content(struct vl_rewrites *rw, struct vl_entry *e, struct vl_err *err)
{
	struct vl_slice content = vl_buf_slice(&rw->content);
	struct vl_hasher *h = rw->hasher;
	enum vl_status st = VL_OK;
	char shown[256];

	h->ops->begin(h, content.n);
	st = h->ops->add(h, content, err);
	if (st == VL_OK && !h->ops->end(h, e->hash))
		st = vl_fail(err, VL_EIO, "the hash of new content failed");
	if (st == VL_OK)
		st = rewrite_keep(rw, content, err);
	if (st != VL_OK)
		return vl_within(err, "cannot rewrite '%s'",
		    vl_escape_text(shown, sizeof(shown), e->path));
	e->size = content.n;
	e->holes = NULL;
	e->nholes = 0;
	return VL_OK;
}

/* What is done to a file. */
struct work {
	bool merges;    /* values of it stay */
	bool keys;      /* a master key stands in it */
	bool secrets;   /* some are put into it, or stay in it */
	bool whole;     /* all bytes of it are in the content */
	bool text;      /* and are text */
	bool changed;   /* the content is not the bundle's */
	uint64_t count; /* of what `rewrite` replaced */
};

/* What of it stays as it is here. */
static enum vl_status
merge(struct vl_rewrites *rw, struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	struct vl_buf done = rw->content;
	enum vl_status st = VL_OK;
	char shown[256];

	if (!w->text)
		return vl_fail(err, VL_EREFUSED,
		    "cannot keep values of '%s': in the bundle it is no text "
		    "of at most %u MiB",
		    vl_escape_text(shown, sizeof(shown), e->path),
		    VL_REWRITE_MAX >> 20);
	vl_here_wipe(&rw->other);
	st = vl_merges_make(
	    rw->merges, e, vl_buf_slice(&rw->content), &rw->other, err);
	w->changed = w->changed ||
	    !vl_slice_equal(
	        vl_buf_slice(&rw->content), vl_buf_slice(&rw->other));
	rw->content = rw->other;
	rw->other = done;
	return st;
}

static enum vl_status
find_work(struct vl_rewrites *rw, const struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	enum vl_status st = rw->merges == NULL ?
	    VL_OK :
	    vl_merges_ask(rw->merges, e, &w->merges, err);

	w->keys =
	    rw->keyfiles != NULL && vl_keyfiles_has(rw->keyfiles, e->path);
	w->secrets = rw->fills != NULL && vl_fills_ask(rw->fills, e);
	w->whole = w->secrets ||
	    (w->keys && e->type == VL_ENTRY_FILE &&
	        e->size <= VL_MASTER_FILE_MAX);
	return st;
}

/* Its secrets are put back into it. */
static enum vl_status
fill(struct vl_rewrites *rw, struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	struct vl_buf done = rw->content;
	enum vl_status st = VL_OK;

	vl_here_wipe(&rw->other);
	st = vl_fills_make(
	    rw->fills, e, vl_buf_slice(&rw->content), &rw->other, err);
	w->changed = e->nslots > 0 ||
	    !vl_slice_equal(
	        vl_buf_slice(&rw->content), vl_buf_slice(&rw->other));
	rw->content = rw->other;
	rw->other = done;
	w->text = rewrite_is_text(vl_buf_slice(&rw->content)) &&
	    rw->content.n <= VL_REWRITE_MAX;
	return st;
}

/* From the body in hand to what the target is to have. */
static enum vl_status
make(struct vl_rewrites *rw, struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	struct vl_slice content = { 0 };
	enum vl_status st = w->whole ?
	    rewrite_read_whole(rw, e, &w->text, err) :
	    rewrite_read_text(rw, e, &w->text, err);

	if (st == VL_OK && w->secrets)
		st = fill(rw, e, w, err);
	if (st == VL_OK && w->text)
		st = replace_all(rw, e, &w->count, err);
	if (st == VL_OK && w->merges)
		st = merge(rw, e, w, err);
	content = vl_buf_slice(&rw->content);
	if (st == VL_OK && w->secrets)
		st = vl_fills_settle(rw->fills, e, content, err);
	return st == VL_OK && w->whole && w->keys ?
	    vl_keyfiles_take(rw->keyfiles, e->path, &content, err) :
	    st;
}

enum vl_status
vl_rewrite_record(struct vl_rewrites *rw, struct vl_entry *e,
    struct vl_body *body, struct vl_err *err)
{
	struct work w = { 0 };
	enum vl_status st = find_work(rw, e, &w, err);

	if (st == VL_OK && w.keys && !w.whole)
		st = vl_keyfiles_take(rw->keyfiles, e->path, NULL, err);
	if (st != VL_OK || (!w.merges && !w.whole && !concerned(rw, e)))
		return st;
	/* Once: jobs of the records before may be reading it. */
	if (rw->body.part == NULL)
		rw->body = *body;
	st = make(rw, e, &w, err);
	if (st == VL_OK && w.count == 0 && !w.changed) {
		rewrite_serve_old(rw, body);
	} else if (st == VL_OK) {
		rw->counts.files += w.count > 0;
		rw->counts.replacements += w.count;
		rewrite_serve_new(rw, body, w.secrets);
		st = keep_content(rw, e, err);
	}
	vl_here_wipe(&rw->content);
	vl_here_wipe(&rw->other);
	if (w.secrets)
		vl_secret_wipe_stack();
	return st;
}

void
vl_rewrite_counts(
    const struct vl_rewrites *rw, struct vl_rewrite_counts *counts)
{
	*counts = rw->counts;
}

void
vl_rewrite_free(struct vl_rewrites *rw)
{
	size_t i = 0;

	if (rw == NULL)
		return;
	for (i = 0; i < rw->nrules; i++)
		vl_exclude_free(rw->rules[i].pattern);
	free(rw->rules);
	free(rw->refs);
	vl_buf_free(&rw->content);
	vl_buf_free(&rw->other);
	if (rw->hasher != NULL)
		rw->hasher->ops->free(rw->hasher);
	if (rw->fd >= 0)
		(void)close(rw->fd);
	if (rw->more_fd >= 0)
		(void)close(rw->more_fd);
	vl_secret_free(rw->key);
	free(rw->tempdir);
	free(rw);
}
