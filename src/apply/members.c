/*
 * The list of members: a line for each, the path in base64url, a blank, and
 * the names down to it as canonical JSON.
 */
#include <stdlib.h>
#include <string.h>

#include <valise/record.h>

#include "members.h"

void
vl_lines_clear(struct vl_lines *l)
{
	vl_buf_clear(&l->text);
	free(l->list);
	l->list = NULL;
	l->n = 0;
}

void
vl_lines_free(struct vl_lines *l)
{
	vl_lines_clear(l);
	vl_buf_free(&l->text);
}

enum vl_status
vl_lines_add(struct vl_lines *l, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = vl_buf_add(&l->text, text, err);

	l->n++;
	return st == VL_OK ? vl_buf_add_text(&l->text, "\n", err) : st;
}

static int
by_bytes(const void *a, const void *b)
{
	return vl_slice_cmp(
	    *(const struct vl_slice *)a, *(const struct vl_slice *)b);
}

enum vl_status
vl_lines_sort(struct vl_lines *l, struct vl_err *err)
{
	struct vl_slice rest = vl_buf_slice(&l->text);
	const uint8_t *end = NULL;
	size_t i = 0;

	l->list = calloc(l->n + 1, sizeof(*l->list));
	if (l->list == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < l->n; i++) {
		end = memchr(rest.p, '\n', rest.n);
		l->list[i] =
		    (struct vl_slice){ rest.p, (size_t)(end - rest.p) };
		rest.n -= l->list[i].n + 1;
		rest.p = end + 1;
	}
	if (l->n > 1)
		qsort(l->list, l->n, sizeof(*l->list), by_bytes);
	return VL_OK;
}

bool
vl_lines_have(const struct vl_lines *l, struct vl_slice text)
{
	return l->n > 0 &&
	    bsearch(&text, l->list, l->n, sizeof(*l->list), by_bytes) != NULL;
}

struct vl_members_list {
	struct vl_members_opts opts;
	struct vl_brought_r *old;    /* NULL: nothing was brought, or no more */
	struct vl_brought_w *new;    /* NULL: it is not written */
	struct vl_buf line;          /* the next one; empty: none */
	struct vl_brought_member at; /* the same */
};

static enum vl_status
read_line(struct vl_members_list *l, struct vl_err *err)
{
	struct vl_slice line = { 0 };
	enum vl_status st = VL_OK;
	bool more = false;

	vl_buf_clear(&l->line);
	if (l->old == NULL)
		return VL_OK;
	st = vl_brought_r_next(l->old, &line, &more, err);
	if (st != VL_OK || !more)
		return st;
	st = vl_buf_add(&l->line, line, err);
	if (st == VL_OK &&
	    !vl_brought_member_read(&l->at, vl_buf_slice(&l->line)))
		st = vl_fail(err, VL_EIO,
		    "the list of members that were brought has a line that is "
		    "none of it");
	return st;
}

enum vl_status
vl_members_open(struct vl_members_list **out,
    const struct vl_members_opts *opts, struct vl_err *err)
{
	struct vl_members_list *l = calloc(1, sizeof(*l));
	enum vl_status st = VL_OK;

	*out = l;
	if (l == NULL)
		return vl_fail_memory(err);
	l->opts = *opts;
	l->opts.brought.members = true;
	st = vl_brought_r_open(&l->old, &l->opts.brought, err);
	if (st == VL_OK && opts->write && (opts->brings || l->old != NULL))
		st = vl_brought_w_open(&l->new, &l->opts.brought, err);
	return st == VL_OK ? read_line(l, err) : st;
}

/* The lines of one file, which is none of those that are read. */
static enum vl_status
pass_over(struct vl_members_list *l, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	enum vl_status st = vl_buf_add(&path, l->at.path, err);
	bool left = false;

	if (st == VL_OK)
		st = l->opts.left(l->opts.arg, vl_buf_slice(&path), &left, err);
	while (st == VL_OK && l->line.n > 0 &&
	    vl_slice_equal(l->at.path, vl_buf_slice(&path))) {
		if (left && l->new != NULL)
			st = vl_brought_w_add(
			    l->new, vl_buf_slice(&l->line), err);
		if (st == VL_OK)
			st = read_line(l, err);
	}
	vl_buf_free(&path);
	return st;
}

enum vl_status
vl_members_read(struct vl_members_list *l, struct vl_slice path,
    struct vl_lines *was, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_lines_clear(was);
	while (
	    st == VL_OK && l->line.n > 0 && vl_path_cmp(l->at.path, path) < 0)
		st = pass_over(l, err);
	while (
	    st == VL_OK && l->line.n > 0 && vl_slice_equal(l->at.path, path)) {
		st = vl_lines_add(was, l->at.text, err);
		if (st == VL_OK)
			st = read_line(l, err);
	}
	return st == VL_OK ? vl_lines_sort(was, err) : st;
}

enum vl_status
vl_members_write(struct vl_members_list *l, struct vl_slice path,
    const struct vl_lines *will, struct vl_err *err)
{
	struct vl_brought_member member = { .path = path };
	struct vl_buf line = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; l->new != NULL &&st == VL_OK &&i < will->n; i++) {
		member.text = will->list[i];
		st = vl_brought_member_line(&line, &member, err);
		if (st == VL_OK)
			st = vl_brought_w_add(l->new, vl_buf_slice(&line), err);
	}
	vl_buf_free(&line);
	return st;
}

enum vl_status
vl_members_end(struct vl_members_list *l, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (st == VL_OK && l->line.n > 0)
		st = pass_over(l, err);
	return st == VL_OK && l->new != NULL ?
	    vl_brought_w_finish(l->new, err) :
	    st;
}

void
vl_members_free(struct vl_members_list *l)
{
	if (l == NULL)
		return;
	vl_brought_r_free(l->old);
	vl_brought_w_free(l->new);
	vl_buf_free(&l->line);
	free(l);
}
