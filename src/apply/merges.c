/*
 * Values of files that stay the target's, and members of objects in them.  A
 * file is read whole, on both sides; what comes of it (src/place/merge.c) goes
 * the way of text that `rewrite` replaced.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/merge.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "here.h"
#include "members.h"
#include "merges.h"

#define SHOWN 256

struct rule {
	struct vl_exclude *pattern;
	struct vl_merge_path *path;
	enum vl_merge_how how;
	bool yaml;
};

struct vl_merges {
	struct vl_merges_opts opts;
	struct rule *rules;
	size_t nrules;
	struct vl_merge_line *lines; /* of the file in hand */
	size_t nlines;
	bool yaml;
	bool stays; /* it stays as it is here */

	struct vl_members_list *list;
	struct vl_brought_r
	    *paths;           /* that were brought; NULL: none, or no more */
	struct vl_slice path; /* the next of them, where `more` */
	bool more;
	struct vl_lines was; /* members of the file in hand */
	struct vl_lines will;

	struct vl_text_here here;
	struct vl_buf told; /* members that change, of files to come */
	size_t told_at;
};

static enum vl_status
rule_new(struct vl_merges *m, const char *file, const char *path,
    enum vl_merge_how how, struct vl_err *err)
{
	struct rule *rule = &m->rules[m->nrules++];
	enum vl_status st = VL_OK;
	char shown[SHOWN];

	rule->how = how;
	st = vl_exclude_new(&rule->pattern, &file, 1, err);
	if (st == VL_OK)
		st = vl_merge_path_new(&rule->path, path, err);
	return st == VL_OK ?
	    VL_OK :
	    vl_within(err, "'%s' of resource '%s', file '%s'",
	        how == VL_MERGE_VALUE ? "keep_here" : "members",
	        m->opts.resource,
	        vl_escape_text(shown, sizeof(shown), vl_slice_of(file)));
}

static enum vl_merge_how
how_of(const struct vl_members *w)
{
	if (!w->has_target_only || w->target_only == VL_TARGET_ONLY_BROUGHT)
		return VL_MERGE_BROUGHT;
	return w->target_only == VL_TARGET_ONLY_KEEP ? VL_MERGE_KEEP :
	                                               VL_MERGE_DELETE;
}

static enum vl_status
make_rules(struct vl_merges *m, struct vl_err *err)
{
	const struct vl_site *site = m->opts.site;
	const struct vl_keep_value *v = site->keep_values;
	const struct vl_members *w = site->members;
	enum vl_status st = VL_OK;

	for (; st == VL_OK && w < site->members + site->nmembers; w++)
		if (strcmp(w->resource, m->opts.resource) == 0)
			st = rule_new(m, w->file, w->json, how_of(w), err);
	for (; st == VL_OK && v < site->keep_values + site->nkeep_values; v++) {
		if (strcmp(v->resource, m->opts.resource) != 0)
			continue;
		m->rules[m->nrules].yaml = v->yaml != NULL;
		st = rule_new(m, v->file, v->yaml != NULL ? v->yaml : v->json,
		    VL_MERGE_VALUE, err);
	}
	return st;
}

static bool
is_said(const struct vl_merges_opts *opts)
{
	const struct vl_site *site = opts->site;
	size_t i = 0;

	for (i = 0; i < site->nmembers; i++)
		if (strcmp(site->members[i].resource, opts->resource) == 0)
			return true;
	for (i = 0; i < site->nkeep_values; i++)
		if (strcmp(site->keep_values[i].resource, opts->resource) == 0)
			return true;
	return false;
}

/* ---- what was brought ---- */

/* The next paths that were brought, up to that one. */
static enum vl_status
is_brought(
    struct vl_merges *m, struct vl_slice path, bool *is, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (st == VL_OK && m->paths != NULL && m->more &&
	    vl_path_cmp(m->path, path) < 0)
		st = vl_brought_r_next(m->paths, &m->path, &m->more, err);
	*is = m->more && vl_slice_equal(m->path, path);
	return st;
}

/* A file that the bundle does not have: it is here, somebody still speaks of
 * its members, and it does not go. */
static enum vl_status
is_left(void *arg, struct vl_slice path, bool *left, struct vl_err *err)
{
	struct vl_merges *m = arg;
	const struct rule *rule = m->rules;
	enum vl_status st = VL_OK;
	struct stat about = { 0 };
	bool brought = false;
	int fd = -1;

	*left = false;
	for (; rule < m->rules + m->nrules; rule++)
		*left = *left ||
		    (rule->how == VL_MERGE_BROUGHT &&
		        vl_exclude_match(rule->pattern, path, false));
	if (*left && !m->opts.leaves(m->opts.arg, path)) {
		st = is_brought(m, path, &brought, err);
		*left = m->opts.target_only == VL_TARGET_ONLY_KEEP ||
		    (m->opts.target_only == VL_TARGET_ONLY_BROUGHT && !brought);
	}
	if (st != VL_OK || !*left)
		return st;
	fd = vl_here_open(m->opts.tree->root, path);
	if ((fd < 0 && !vl_here_absent(errno)) ||
	    (fd >= 0 && fstat(fd, &about) != 0))
		st = vl_fail_errno(err, "what is here cannot be read");
	*left = st == VL_OK && fd >= 0 && S_ISREG(about.st_mode);
	if (fd >= 0)
		close(fd);
	return st;
}

static enum vl_status
open_lists(struct vl_merges *m, struct vl_err *err)
{
	struct vl_members_opts opts = {
		.brought = m->opts.brought, .arg = m, .left = is_left
	};
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < m->nrules; i++)
		opts.brings =
		    opts.brings || m->rules[i].how == VL_MERGE_BROUGHT;
	opts.write = m->opts.write;
	st = vl_brought_r_open(&m->paths, &m->opts.brought, err);
	if (st == VL_OK && m->paths != NULL)
		st = vl_brought_r_next(m->paths, &m->path, &m->more, err);
	return st == VL_OK ? vl_members_open(&m->list, &opts, err) : st;
}

enum vl_status
vl_merges_new(struct vl_merges **out, const struct vl_merges_opts *opts,
    struct vl_err *err)
{
	const size_t max = opts->site->nmembers + opts->site->nkeep_values;
	struct vl_merges *m = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (!is_said(opts))
		return VL_OK;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return vl_fail_memory(err);
	m->opts = *opts;
	m->rules = calloc(max, sizeof(*m->rules));
	m->lines = calloc(max, sizeof(*m->lines));
	st = m->rules == NULL || m->lines == NULL ? vl_fail_memory(err) :
	                                            make_rules(m, err);
	if (st == VL_OK)
		st = open_lists(m, err);
	if (st != VL_OK) {
		vl_merges_free(m);
		return st;
	}
	*out = m;
	return VL_OK;
}

/* ---- one file ---- */

enum vl_status
vl_merges_ask(struct vl_merges *m, const struct vl_entry *e, bool *concerned,
    struct vl_err *err)
{
	const struct rule *rule = m->rules;
	enum vl_status st = VL_OK;
	char shown[SHOWN];

	m->nlines = 0;
	*concerned = false;
	if (e->type != VL_ENTRY_FILE)
		return VL_OK;
	for (; rule < m->rules + m->nrules; rule++) {
		if (!vl_exclude_match(rule->pattern, e->path, false))
			continue;
		if (m->nlines > 0 && m->yaml != rule->yaml)
			return vl_fail(err, VL_EUSAGE,
			    "'%s' is read as JSON by one line about resource "
			    "'%s', and as YAML by another",
			    vl_escape_text(shown, sizeof(shown), e->path),
			    m->opts.resource);
		m->yaml = rule->yaml;
		m->lines[m->nlines++] =
		    (struct vl_merge_line){ rule->path, rule->how };
	}
	if (m->nlines == 0)
		return VL_OK;
	st = vl_members_read(m->list, e->path, &m->was, err);
	*concerned = !m->opts.leaves(m->opts.arg, e->path);
	if (st == VL_OK && !*concerned)
		st = vl_members_write(m->list, e->path, &m->was, err);
	return st;
}

struct hand {
	struct vl_merges *m;
	struct vl_slice path;
};

static bool
was_brought(void *arg, struct vl_slice name)
{
	const struct hand *hand = arg;

	return vl_lines_have(&hand->m->was, name);
}

/* For vl_merges_tell(): how, the lengths of path and text, and both. */
static enum vl_status
keep_told(struct vl_merges *m, struct vl_slice path, enum vl_change change,
    struct vl_slice shown, struct vl_err *err)
{
	uint8_t head[9] = { (uint8_t)change };
	enum vl_status st = VL_OK;

	if (m->told_at > m->told.n / 2) {
		m->told.n -= m->told_at;
		memmove(m->told.p, m->told.p + m->told_at, m->told.n);
		m->told_at = 0;
	}
	vl_put_u32le(head + 1, (uint32_t)path.n);
	vl_put_u32le(head + 5, (uint32_t)shown.n);
	st = vl_buf_add(&m->told, (struct vl_slice){ head, sizeof(head) }, err);
	if (st == VL_OK)
		st = vl_buf_add(&m->told, path, err);
	return st == VL_OK ? vl_buf_add(&m->told, shown, err) : st;
}

static enum vl_status
take_member(void *arg, const struct vl_member *member, struct vl_err *err)
{
	static const enum vl_change changes[] = { [VL_MEMBER_NEW] =
		                                      VL_CHANGE_ADD,
		[VL_MEMBER_CHANGED] = VL_CHANGE_MODIFY,
		[VL_MEMBER_GOES] = VL_CHANGE_DELETE };
	const struct hand *hand = arg;
	struct vl_merges *m = hand->m;
	const enum vl_member_fate fate = member->fate;
	enum vl_status st = VL_OK;

	if (fate == VL_MEMBER_NEW ?
	        member->how == VL_MERGE_BROUGHT :
	        fate != VL_MEMBER_GOES && vl_lines_have(&m->was, member->name))
		st = vl_lines_add(&m->will, member->name, err);
	if (st == VL_OK && fate != VL_MEMBER_SAME && fate != VL_MEMBER_STAYS)
		st =
		    keep_told(m, hand->path, changes[fate], member->shown, err);
	return st;
}

enum vl_status
vl_merges_make(struct vl_merges *m, struct vl_entry *e, struct vl_slice text,
    struct vl_buf *out, struct vl_err *err)
{
	struct hand hand = { m, e->path };
	struct vl_merge merge = { .yaml = m->yaml,
		.lines = m->lines,
		.n = m->nlines,
		.there = text,
		.arg = &hand,
		.brought = was_brought,
		.member = take_member };
	char shown[SHOWN];
	enum vl_status st = vl_here_read(
	    &m->here, m->opts.tree->root, e->path, VL_MERGE_MAX, err);

	if (m->here.there)
		merge.here = vl_buf_slice(&m->here.text);
	vl_lines_clear(&m->will);
	if (st == VL_OK)
		st = vl_merge(out, &merge, err);
	if (st == VL_OK && out->n > VL_MERGE_MAX)
		st = vl_fail(err, VL_EREFUSED,
		    "with what stays it is longer than %u MiB",
		    VL_MERGE_MAX >> 20);
	if (st != VL_OK)
		return vl_within(err, "cannot keep values of '%s'",
		    vl_escape_text(shown, sizeof(shown), e->path));
	if (m->here.there && vl_slice_equal(vl_buf_slice(out), merge.here))
		e->mtime = m->here.time;
	vl_here_clear(&m->here);
	st = vl_lines_sort(&m->will, err);
	return st == VL_OK ? vl_members_write(m->list, e->path, &m->will, err) :
	                     st;
}

void
vl_merges_tell(struct vl_merges *m, struct vl_slice path,
    const struct vl_merges_told *told)
{
	struct vl_rd rd = { 0 };
	struct vl_slice of = { 0 };
	struct vl_slice shown = { 0 };
	enum vl_change change = VL_CHANGE_ADD;
	uint32_t n = 0;
	int order = 0;

	while (m != NULL && m->told_at < m->told.n) {
		rd.rest = (struct vl_slice){ m->told.p + m->told_at,
			m->told.n - m->told_at };
		change = (enum vl_change)vl_rd_u8(&rd);
		n = vl_rd_u32le(&rd);
		of.n = n;
		n = vl_rd_u32le(&rd);
		of = vl_rd_take(&rd, of.n);
		shown = vl_rd_take(&rd, n);
		order = vl_path_cmp(of, path);
		if (order > 0)
			return;
		if (order == 0 && told != NULL)
			told->member(told->arg, change, shown);
		m->told_at = (size_t)(rd.rest.p - m->told.p);
	}
	if (m != NULL) {
		vl_buf_clear(&m->told);
		m->told_at = 0;
	}
}

enum vl_status
vl_merges_end(struct vl_merges *m, struct vl_err *err)
{
	return m == NULL ? VL_OK : vl_members_end(m->list, err);
}

void
vl_merges_free(struct vl_merges *m)
{
	size_t i = 0;

	if (m == NULL)
		return;
	for (i = 0; m->rules != NULL && i < m->nrules; i++) {
		vl_exclude_free(m->rules[i].pattern);
		vl_merge_path_free(m->rules[i].path);
	}
	free(m->rules);
	free(m->lines);
	vl_members_free(m->list);
	vl_brought_r_free(m->paths);
	vl_lines_free(&m->was);
	vl_lines_free(&m->will);
	vl_here_free(&m->here);
	vl_buf_free(&m->told);
	free(m);
}
