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
	if (n == 0 && opts->merges == NULL && opts->keyfiles == NULL)
		return VL_OK;
	rw = calloc(1, sizeof(*rw));
	if (rw == NULL)
		return vl_fail_memory(err);
	rw->fd = rw->more_fd = -1;
	rw->merges = opts->merges;
	rw->keyfiles = opts->keyfiles;
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

static enum vl_status
read_refs(struct vl_rewrites *rw, size_t *n, struct vl_err *err)
{
	struct vl_chunk_ref *refs = NULL;
	size_t cap = rw->refs_cap * 2 + PART;
	enum vl_status st = VL_OK;

	if (rw->nrefs + PART > rw->refs_cap) {
		refs = reallocarray(rw->refs, cap, sizeof(*refs));
		if (refs == NULL)
			return vl_fail_memory(err);
		rw->refs = refs;
		rw->refs_cap = cap;
	}
	st = rw->body.part(rw->body.arg, rw->refs + rw->nrefs, PART, n, err);
	if (st == VL_OK)
		rw->nrefs += *n;
	return st;
}

/* Append a chunk to the content; `*text` turns false where that is none. */
static enum vl_status
take_chunk(struct vl_rewrites *rw, const struct vl_chunk_ref *ref, bool *text,
    struct vl_err *err)
{
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	enum vl_status st = VL_OK;

	/* What no chunk covers is zero. */
	*text = ref->at == rw->seen;
	if (!*text)
		return VL_OK;
	st = rw->body.chunk(rw->body.arg, ref, &bytes, &hold, err);
	if (st != VL_OK)
		return st;
	*text = bytes.n == 0 || memchr(bytes.p, 0, bytes.n) == NULL;
	if (*text)
		st = vl_buf_add(&rw->content, bytes, err);
	rw->seen += bytes.n;
	rw->body.release(rw->body.arg, hold);
	return st;
}

/* `bytes` without a character at their end that may go on behind them. */
static struct vl_slice
whole_characters(struct vl_slice bytes)
{
	size_t back = 0;

	for (back = 1; back <= 3 && back <= bytes.n; back++)
		if (bytes.p[bytes.n - back] >= 0xc0) {
			bytes.n -= back;
			break;
		}
	return bytes;
}

/* Does a rule for the file find something in the content? */
static bool
has_work(const struct vl_rewrites *rw, const struct vl_entry *e)
{
	const struct rule *rule = NULL;
	size_t i = 0;

	for (i = 0; i < rw->nrules; i++) {
		rule = &rw->rules[i];
		if (memmem(rw->content.p, rw->content.n, rule->from.p,
		        rule->from.n) != NULL &&
		    vl_exclude_match(rule->pattern, e->path, false))
			return true;
	}
	return false;
}

/* A text that is too long, piece by piece. */
struct scan {
	size_t checked; /* bytes of the content that are known to be UTF-8 */
	bool work;      /* a rule found something */
};

/* Look at the content and leave of it what the next piece could go on with;
 * false: it is no text. */
static bool
scan_piece(struct vl_rewrites *rw, const struct vl_entry *e, struct scan *scan)
{
	struct vl_buf *c = &rw->content;
	const struct vl_slice next = whole_characters(
	    (struct vl_slice){ c->p + scan->checked, c->n - scan->checked });
	size_t keep = 0;

	if (!vl_utf8_valid(next))
		return false;
	scan->checked += next.n;
	scan->work = scan->work || has_work(rw, e);
	keep = c->n - scan->checked;
	if (keep < rw->from_max)
		keep = c->n < rw->from_max ? c->n : rw->from_max;
	memmove(c->p, c->p + (c->n - keep), keep);
	scan->checked -= c->n - keep;
	c->n = keep;
	return true;
}

/* The next chunks of the body, which wait until they are given again. */
static enum vl_status
read_more(struct vl_rewrites *rw, struct vl_chunk_ref refs[PART], size_t *n,
    struct vl_err *err)
{
	enum vl_status st = rw->body.part(rw->body.arg, refs, PART, n, err);

	rw->ended = st == VL_OK && *n == 0;
	if (st != VL_OK || *n == 0)
		return st;
	st = rewrite_aside(rw, &rw->more_fd,
	    (struct vl_slice){ (const uint8_t *)refs, *n * sizeof(*refs) },
	    rw->nmore * sizeof(*refs), err);
	if (st == VL_OK)
		rw->nmore += *n;
	return st;
}

/* Behind the content and refs[next - 1]: is all of it a text with something
 * to replace?  Only what is no text ends this early. */
static enum vl_status
scan_rest(struct vl_rewrites *rw, const struct vl_entry *e, size_t next,
    bool *work, struct vl_err *err)
{
	struct vl_chunk_ref more[PART];
	const struct vl_chunk_ref *ref = rw->refs + next;
	struct scan scan = { 0 };
	bool text = scan_piece(rw, e, &scan);
	size_t n = rw->nrefs - next;
	enum vl_status st = VL_OK;

	while (st == VL_OK && text && !rw->ended) {
		for (; st == VL_OK && text && n > 0; n--, ref++) {
			st = take_chunk(rw, ref, &text, err);
			text = text && scan_piece(rw, e, &scan);
		}
		ref = more;
		if (st == VL_OK && text)
			st = read_more(rw, more, &n, err);
	}
	*work = text && scan.work && rw->seen == e->size &&
	    vl_utf8_valid((struct vl_slice){
	        rw->content.p + scan.checked, rw->content.n - scan.checked });
	return st;
}

static bool
is_text(struct vl_slice content)
{
	return content.n == 0 ||
	    (memchr(content.p, 0, content.n) == NULL && vl_utf8_valid(content));
}

static void
begin_reading(struct vl_rewrites *rw)
{
	vl_here_wipe(&rw->content);
	rw->nrefs = 0;
	rw->nmore = rw->given = rw->seen = 0;
	rw->ended = false;
}

/* Zeros to byte `at` of the content. */
static enum vl_status
add_zeros(struct vl_rewrites *rw, uint64_t at, struct vl_err *err)
{
	const size_t n = (size_t)at - rw->content.n;

	if (vl_buf_reserve(&rw->content, n + 1, err) != VL_OK)
		return err->status;
	memset(rw->content.p + rw->content.n, 0, n);
	rw->content.n += n;
	return VL_OK;
}

static enum vl_status
take_bytes(
    struct vl_rewrites *rw, const struct vl_chunk_ref *ref, struct vl_err *err)
{
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	enum vl_status st = VL_OK;

	if (ref->at > rw->content.n)
		st = add_zeros(rw, ref->at, err);
	if (st == VL_OK)
		st = rw->body.chunk(rw->body.arg, ref, &bytes, &hold, err);
	if (st != VL_OK)
		return st;
	st = vl_buf_add(&rw->content, bytes, err);
	rw->body.release(rw->body.arg, hold);
	return st;
}

/* All bytes of the file in hand, whatever they are. */
static enum vl_status
read_whole(struct vl_rewrites *rw, const struct vl_entry *e, bool *text,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t next = 0;
	size_t n = 0;

	begin_reading(rw);
	st = vl_buf_reserve(&rw->content, (size_t)e->size + 1, err);
	while (st == VL_OK && !rw->ended) {
		st = read_refs(rw, &n, err);
		rw->ended = st == VL_OK && n == 0;
		for (; st == VL_OK && next < rw->nrefs; next++)
			st = take_bytes(rw, &rw->refs[next], err);
	}
	if (st == VL_OK && rw->content.n < e->size)
		st = add_zeros(rw, e->size, err);
	*text = st == VL_OK && is_text(vl_buf_slice(&rw->content));
	return st;
}

/*
 * The content of the file in hand, as far as it is needed to know that there
 * is nothing to replace in it, as in all that is no text.
 */
static enum vl_status
read_text(struct vl_rewrites *rw, const struct vl_entry *e, bool *text,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char shown[256];
	size_t next = 0;
	size_t n = 0;

	*text = true;
	begin_reading(rw);
	while (st == VL_OK && *text && !rw->ended &&
	    rw->content.n <= VL_REWRITE_MAX) {
		st = read_refs(rw, &n, err);
		rw->ended = st == VL_OK && n == 0;
		for (; st == VL_OK && *text && next < rw->nrefs &&
		     rw->content.n <= VL_REWRITE_MAX;
		     next++)
			st = take_chunk(rw, &rw->refs[next], text, err);
	}
	if (st != VL_OK || !*text)
		return st;
	if (rw->content.n > VL_REWRITE_MAX) {
		st = scan_rest(rw, e, next, text, err);
		if (st != VL_OK || !*text)
			return st;
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is to be rewritten, but is longer than %u MiB: "
		    "choose other files in 'rewrite'",
		    vl_escape_text(shown, sizeof(shown), e->path),
		    VL_REWRITE_MAX >> 20);
	}
	*text = rw->content.n == e->size &&
	    vl_utf8_valid(vl_buf_slice(&rw->content));
	return VL_OK;
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

/* What of it stays as it is here. */
static enum vl_status
merge(struct vl_rewrites *rw, struct vl_entry *e, bool text, bool *changed,
    struct vl_err *err)
{
	struct vl_buf done = rw->content;
	enum vl_status st = VL_OK;
	char shown[256];

	if (!text)
		return vl_fail(err, VL_EREFUSED,
		    "cannot keep values of '%s': in the bundle it is no text "
		    "of at most %u MiB",
		    vl_escape_text(shown, sizeof(shown), e->path),
		    VL_REWRITE_MAX >> 20);
	vl_here_wipe(&rw->other);
	st = vl_merges_make(
	    rw->merges, e, vl_buf_slice(&rw->content), &rw->other, err);
	*changed = !vl_slice_equal(
	    vl_buf_slice(&rw->content), vl_buf_slice(&rw->other));
	rw->content = rw->other;
	rw->other = done;
	return st;
}

/* What is done to a file. */
struct work {
	bool merges;    /* values of it stay */
	bool keys;      /* a master key stands in it */
	bool whole;     /* all bytes of it are in the content */
	bool text;      /* and are text */
	bool changed;   /* the content is not the bundle's */
	uint64_t count; /* of what `rewrite` replaced */
};

static enum vl_status
find_work(struct vl_rewrites *rw, const struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	enum vl_status st = rw->merges == NULL ?
	    VL_OK :
	    vl_merges_ask(rw->merges, e, &w->merges, err);

	w->keys =
	    rw->keyfiles != NULL && vl_keyfiles_has(rw->keyfiles, e->path);
	w->whole = w->keys && e->type == VL_ENTRY_FILE &&
	    e->size <= VL_MASTER_FILE_MAX;
	return st;
}

/* From the body in hand to what the target is to have. */
static enum vl_status
make(struct vl_rewrites *rw, struct vl_entry *e, struct work *w,
    struct vl_err *err)
{
	struct vl_slice content = { 0 };
	enum vl_status st = w->whole ? read_whole(rw, e, &w->text, err) :
	                               read_text(rw, e, &w->text, err);

	if (st == VL_OK && w->text)
		st = replace_all(rw, e, &w->count, err);
	if (st == VL_OK && w->merges)
		st = merge(rw, e, w->text, &w->changed, err);
	content = vl_buf_slice(&rw->content);
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
		rewrite_serve_new(rw, body);
		st = keep_content(rw, e, err);
	}
	vl_here_wipe(&rw->content);
	vl_here_wipe(&rw->other);
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
