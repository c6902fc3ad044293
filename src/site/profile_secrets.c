/*
 * Entries of `secrets` (formats/profile.md, "Secrets"): words that need one
 * another, the order in which those of one place are tried, and that no two
 * say the same.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/family.h>
#include <valise/text.h>

#include "read.h"

#define SHOWN 80

const char *
vl_secret_path(const struct vl_secret_words *s)
{
	if (s->json != NULL)
		return s->json;
	return s->yaml != NULL ? s->yaml : s->php;
}

static int
text_cmp(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* By column, then by the place in it. */
static int
by_place(const struct vl_secret_words *a, const struct vl_secret_words *b)
{
	int order = strcmp(a->of, b->of);

	if (order == 0)
		order = text_cmp(a->json, b->json);
	if (order == 0)
		order = text_cmp(a->yaml, b->yaml);
	if (order == 0)
		order = text_cmp(a->php, b->php);
	return order;
}

static enum vl_status
fail_at(const struct vl_profile *p, const struct vl_secret_words *s,
    struct vl_err *err, const char *why)
{
	struct vl_site_node at = { .line = s->line,
		.column = s->column,
		.file = s->in_site ? p->site_file : NULL };

	return vl_site_fail(p->file, &at, err, "%s", why);
}

static enum vl_status
check_pattern(const struct vl_profile *p, const struct vl_site_node *at,
    const char *pattern, struct vl_err *err)
{
	return vl_site_check_file(
	    at->file != NULL ? at->file : p->file, at, pattern, err);
}

static enum vl_status
check_key(const struct vl_profile *p, const struct vl_secret_words *s,
    struct vl_err *err)
{
	if (s->cipher == NULL && s->master_key != NULL)
		return fail_at(p, s, err,
		    "this entry has a 'master_key' and no 'cipher' that says "
		    "how it is used");
	if (s->cipher != NULL && strcmp(s->cipher, "plain") != 0 &&
	    s->master_key == NULL)
		return fail_at(p, s, err,
		    "this entry has a 'cipher' and no 'master_key' for it");
	return VL_OK;
}

/* `partial`: what stands over another profile, which may say the rest. */
static enum vl_status
settle(const struct vl_profile *p, struct vl_secret_words *s, bool partial,
    struct vl_err *err)
{
	const char *path = vl_secret_path(s);
	enum vl_status st = partial ? VL_OK : check_key(p, s, err);

	if (st != VL_OK)
		return st;
	if (s->of != NULL && s->master_key != NULL &&
	    vl_family_is(s->master_key))
		return fail_at(p, s, err,
		    "a 'master_key' with a part in braces is filled from the "
		    "path of a file, and this is a column");
	if (s->of != NULL && strchr(s->of, '*') != NULL)
		return fail_at(p, s, err,
		    "'column' is one column of one table, without a star");
	if ((s->json != NULL) + (s->yaml != NULL) + (s->php != NULL) +
	        (s->keyed != NULL) + (s->define != NULL) >
	    1)
		return fail_at(p, s, err,
		    s->of != NULL ?
		        "one of 'json', 'yaml' and 'php' reads the value" :
		        "one of 'line', 'define', 'json' and 'yaml' says where "
		        "in the file");
	if (path != NULL && path[strlen(path) - 1] == '~')
		return fail_at(p, s, err,
		    "a path with '~' selects names, and a secret is a value");
	if (s->of != NULL && path != NULL &&
	    s->on_secret == VL_SECRET_KEEP_HERE)
		return fail_at(p, s, err,
		    "'keep_here' is about whole values, and this is a place in "
		    "one: name the column in 'keep_here' of its table");
	if (s->nsearch > 0 && s->plain != VL_PLAIN_JSON && !partial)
		return fail_at(p, s, err,
		    "'search' needs 'plain: json', in which it looks");
	if (s->cipher == NULL)
		s->cipher = strdup("plain");
	return s->cipher != NULL ? VL_OK : vl_fail_memory(err);
}

/* Those of one place stay as they are tried; the one without `where` is last.
 * There are few. */
static void
sort(struct vl_secret_words *s, size_t n)
{
	struct vl_secret_words one = { 0 };
	size_t i = 0;
	size_t k = 0;
	int order = 0;

	for (i = 1; i < n; i++) {
		one = s[i];
		for (k = i; k > 0; k--) {
			order = by_place(&s[k - 1], &one);
			if (order == 0)
				order = (s[k - 1].where == NULL) -
				    (one.where == NULL);
			if (order <= 0)
				break;
			s[k] = s[k - 1];
		}
		s[k] = one;
	}
}

/* What stands for a part is a piece of one component of the path. */
static bool
parts_are_plain(const char *file)
{
	const char *at = file;
	size_t n = 0;
	size_t braces = 0;

	if (strchr(file, '{') == NULL)
		return true;
	for (; *at != '\0'; at += n + (at[n] == '/')) {
		n = strcspn(at, "/");
		braces = strcspn(at, "{");
		if (n == 2 && strncmp(at, "**", 2) == 0)
			return false;
		if (braces >= n)
			continue;
		if (strcspn(at, "*?[\\") < n ||
		    braces + strcspn(at + braces, "}") >= n ||
		    strcspn(at + braces + 1, "{") + braces + 1 < n)
			return false;
	}
	return true;
}

/* Each part of the key's name is one of the file's. */
static bool
parts_are_there(const struct vl_secret_words *s)
{
	const char *at = s->master_key;
	const char *in = NULL;
	struct vl_slice before = { 0 };
	struct vl_slice part = { 0 };
	struct vl_slice one = { 0 };
	bool there = true;

	while (there && at != NULL && vl_family_next(&at, &before, &part)) {
		there = false;
		in = s->file;
		while (!there && vl_family_next(&in, &before, &one))
			there = vl_slice_equal(one, part);
	}
	return there;
}

static enum vl_status
check_parts(const struct vl_profile *p, const struct vl_secret_words *s,
    struct vl_err *err)
{
	if (!parts_are_plain(s->file))
		return fail_at(p, s, err,
		    "a part in braces is a component of 'file', or a piece of "
		    "one without '*', and there is no '**' beside it");
	return parts_are_there(s) ?
	    VL_OK :
	    fail_at(p, s, err,
	        "a part in braces of 'master_key' is none of those of 'file'");
}

/* No two are about the same files and the same place in them. */
static enum vl_status
check_files(const struct vl_profile *p, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	const struct vl_secret_words *s = NULL;
	const struct vl_secret_words *other = NULL;
	struct vl_site_node at = { 0 };
	enum vl_status st = VL_OK;
	char shown[SHOWN];
	size_t i = 0;

	for (i = 0; st == VL_OK && i < r->nfile_secrets; i++) {
		s = &r->file_secrets[i];
		at = (struct vl_site_node){ .line = s->line,
			.column = s->column,
			.file = s->in_site ? p->site_file : NULL };
		st = check_pattern(p, &at, s->file, err);
		if (st == VL_OK)
			st = check_parts(p, s, err);
		for (other = r->file_secrets; st == VL_OK && other < s; other++)
			if (strcmp(other->file, s->file) == 0 &&
			    text_cmp(other->keyed, s->keyed) == 0 &&
			    text_cmp(other->define, s->define) == 0 &&
			    text_cmp(other->json, s->json) == 0 &&
			    text_cmp(other->yaml, s->yaml) == 0)
				st = vl_site_fail(p->file, &at, err,
				    "'%s' stands here twice for the same "
				    "place; "
				    "first in line %u",
				    vl_escape_text(shown, sizeof(shown),
				        vl_slice_of(s->file)),
				    other->line);
	}
	return st;
}

/* Patterns of the other lists. */
static enum vl_status
check_others(const struct vl_profile *p, const struct vl_profile_resource *r,
    struct vl_err *err)
{
	const struct vl_not_secret *s = NULL;
	const struct vl_leak *leak = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < r->nfile_not_secret; i++) {
		s = &r->file_not_secret[i];
		st = check_pattern(p,
		    &(struct vl_site_node){ .line = s->line,
		        .column = s->column,
		        .file = s->in_site ? p->site_file : NULL },
		    s->file, err);
	}
	for (i = 0; st == VL_OK && i < r->nfile_leaks; i++) {
		leak = &r->file_leaks[i];
		st = check_pattern(p,
		    &(struct vl_site_node){ .line = leak->line,
		        .column = leak->column,
		        .file = leak->in_site ? p->site_file : NULL },
		    leak->file, err);
	}
	return st;
}

/* No two lines of one place have the same `where`, or none. */
static enum vl_status
check_alone(const struct vl_profile *p, const struct vl_profile_resource *r,
    size_t i, struct vl_err *err)
{
	const struct vl_secret_words *s = &r->secrets[i];
	const struct vl_secret_words *other = s;
	struct vl_site_node at = { .line = s->line,
		.column = s->column,
		.file = s->in_site ? p->site_file : NULL };
	char shown[SHOWN];

	while (other > r->secrets) {
		other--;
		if (by_place(other, s) != 0)
			return VL_OK;
		if (text_cmp(other->where, s->where) == 0)
			return vl_site_fail(p->file, &at, err,
			    "'%s' stands here twice for the same rows and "
			    "place; first in line %u",
			    vl_escape_text(
			        shown, sizeof(shown), vl_slice_of(s->of)),
			    other->line);
	}
	return VL_OK;
}

enum vl_status
vl_profile_check_secrets(const struct vl_profile *p,
    struct vl_profile_resource *r, bool partial, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < r->nsecrets && st == VL_OK; i++)
		st = settle(p, &r->secrets[i], partial, err);
	if (st == VL_OK)
		sort(r->secrets, r->nsecrets);
	for (i = 0; i < r->nsecrets && st == VL_OK; i++)
		st = check_alone(p, r, i, err);
	for (i = 0; i < r->nfile_secrets && st == VL_OK; i++)
		st = settle(p, &r->file_secrets[i], partial, err);
	if (st == VL_OK)
		st = check_files(p, r, err);
	return st == VL_OK ? check_others(p, r, err) : st;
}
