/*
 * Contents of files that are looked at: whole, or as far as it takes to know
 * that there is nothing to replace in them.
 */
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "here.h"
#include "rewrite.h"

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

bool
rewrite_is_text(struct vl_slice content)
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
enum vl_status
rewrite_read_whole(struct vl_rewrites *rw, const struct vl_entry *e, bool *text,
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
	*text = st == VL_OK && rewrite_is_text(vl_buf_slice(&rw->content));
	return st;
}

/*
 * The content of the file in hand, as far as it is needed to know that there
 * is nothing to replace in it, as in all that is no text.
 */
enum vl_status
rewrite_read_text(struct vl_rewrites *rw, const struct vl_entry *e, bool *text,
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
