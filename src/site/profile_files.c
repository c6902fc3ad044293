/*
 * Rows that own files (formats/profile.md, "Rows that own files"): the path of
 * a line, taken apart, and what one line alone does not show.
 */

#include <string.h>

#include <valise/entry.h>
#include <valise/text.h>

#include "read.h"

#define SHOWN 80

bool
vl_file_next(
    const char **text, struct vl_slice *before, struct vl_slice *column)
{
	const char *open = strchr(*text, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');

	if (close == NULL) {
		*before = vl_slice_of(*text);
		return false;
	}
	*before =
	    (struct vl_slice){ (const uint8_t *)*text, (size_t)(open - *text) };
	*column = (struct vl_slice){ (const uint8_t *)open + 1,
		(size_t)(close - open - 1) };
	*text = close + 1;
	return true;
}

const char *
vl_profile_owner(const struct vl_profile *p, const char *tree)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; p != NULL && i < p->nresources; i++)
		for (k = 0; k < p->resources[i].nfiles; k++)
			if (strcmp(p->resources[i].files[k].in, tree) == 0)
				return p->resources[i].resource;
	return NULL;
}

static enum vl_status
fail_at(const struct vl_profile *p, const struct vl_file_reference *f,
    struct vl_err *err, const char *why)
{
	struct vl_site_node at = { .line = f->line,
		.column = f->column,
		.file = f->in_site ? p->site_file : NULL };
	char shown[SHOWN];

	return vl_site_fail(p->file, &at, err, "'%s' %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(f->file)), why);
}

/* With a name in the place of each column it is a path of a tree. */
static enum vl_status
check_template(const struct vl_profile *p, const struct vl_file_reference *f,
    struct vl_err *err)
{
	const char *text = f->file;
	struct vl_slice before = { 0 };
	struct vl_slice column = { 0 };
	struct vl_buf path = { 0 };
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	bool more = true;
	size_t n = 0;

	while (st == VL_OK && more) {
		more = vl_file_next(&text, &before, &column);
		if (memchr(before.p, '}', before.n) != NULL ||
		    (!more && memchr(before.p, '{', before.n) != NULL) ||
		    (more &&
		        (column.n == 0 ||
		            memchr(column.p, '{', column.n) != NULL)))
			st = fail_at(
			    p, f, err, "has a brace that is not of a {column}");
		if (st == VL_OK)
			st = vl_buf_add(&path, before, err);
		if (st == VL_OK && more)
			st = vl_buf_add_text(&path, "x", err);
		n += more;
	}
	if (st == VL_OK && n == 0)
		st = fail_at(
		    p, f, err, "holds no column of the row, such as {name}");
	if (st == VL_OK && vl_path_check(vl_buf_slice(&path), &why) != VL_OK)
		st = fail_at(p, f, err,
		    "is no path in a tree: without '.', '..', a slash at an "
		    "end or two together");
	vl_buf_free(&path);
	return st;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Names of a tree are those of rows of one database; and either of ids or of
 * what rows say. */
static enum vl_status
check_tree(const struct vl_profile *p, const struct vl_profile_resource *r,
    const struct vl_file_reference *f, struct vl_err *err)
{
	size_t i = 0;
	size_t k = 0;

	for (i = 0; i < p->nresources; i++) {
		for (k = 0; k < p->resources[i].npaths; k++)
			if (strcmp(p->resources[i].paths[k].in, f->in) == 0)
				return fail_at(p, f, err,
				    "is in a tree in whose paths ids stand "
				    "('path'), which this version does not do "
				    "together");
		for (k = 0; &p->resources[i] != r && k < p->resources[i].nfiles;
		     k++)
			if (strcmp(p->resources[i].files[k].in, f->in) == 0)
				return fail_at(p, f, err,
				    "is in a tree whose files rows of another "
				    "database own");
	}
	return VL_OK;
}

enum vl_status
vl_profile_check_files(const struct vl_profile *p,
    const struct vl_profile_resource *r, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;
	size_t k = 0;

	for (i = 0; st == VL_OK && i < r->nfiles; i++) {
		st = check_template(p, &r->files[i], err);
		if (st == VL_OK)
			st = check_tree(p, r, &r->files[i], err);
		for (k = 0; st == VL_OK && k < i; k++)
			if (strcmp(r->files[k].table, r->files[i].table) == 0 &&
			    same_text(r->files[k].where, r->files[i].where))
				st = fail_at(p, &r->files[i], err,
				    "is a second file of the same rows: a row "
				    "owns one");
	}
	return st;
}
