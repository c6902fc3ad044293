/*
 * Secrets in files of a tree, for check-profile and inventory: what each entry
 * finds, whether it opens, and what looks like one and is not declared.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secretfile.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "checked.h"

#define SHOWN 512

/* What became of one entry. */
struct counted {
	struct vl_check_secret told;
	struct vl_trial trial;
	bool here;         /* in the file at hand */
	char where[SHOWN]; /* the first that does not open, and why */
	struct vl_err why;
};

struct looking {
	const struct vl_check_trees *to;
	const struct vl_profile_resource *words; /* or NULL */
	struct vl_secretfiles *set;
	struct vl_check_texts *texts;
	struct counted *list; /* by entry */
	size_t n;
	struct vl_locked text;
	struct vl_locked rest;
	struct vl_slice path; /* of the file at hand */
};

static enum vl_status
count_one(void *arg, const struct vl_secret_seen *seen, struct vl_err *err)
{
	struct looking *l = arg;
	struct counted *c = &l->list[seen->entry];
	char path[SHOWN / 2];
	char place[SHOWN / 4];

	(void)err;
	c->told.files += !c->here;
	c->here = true;
	c->told.values++;
	c->told.opened += seen->status == VL_OK && !seen->clear;
	c->told.clear += seen->status == VL_OK && seen->clear;
	c->trial.opened += seen->status == VL_OK && !seen->clear;
	c->trial.failed += seen->status == VL_EAUTH;
	if (seen->status == VL_OK || c->told.broken++ > 0)
		return VL_OK;
	(void)snprintf(c->where, sizeof(c->where), "'%s'%s%s",
	    vl_escape_text(path, sizeof(path), l->path),
	    seen->inside.n > 0 ? ", " : "",
	    vl_escape_text(place, sizeof(place), seen->inside));
	(void)snprintf(c->why.text, sizeof(c->why.text), "%s", seen->why);
	return VL_OK;
}

static void
tell_suspect(void *arg, const char *text)
{
	const struct looking *l = arg;
	char shown[SHOWN];

	l->to->suspect(
	    l->to->arg, vl_escape_text(shown, sizeof(shown), l->path), text);
}

/* What is not declared in it. */
static enum vl_status
look_into(struct looking *l, const struct vl_node *node, struct vl_slice text,
    struct vl_err *err)
{
	char name[VL_NAME_MAX + 1] = { 0 };
	uint64_t n = 0;

	if (text.n == 0 || text.n > VL_CHECK_TEXT_MAX ||
	    node->name.n > VL_NAME_MAX ||
	    vl_secretfiles_none(l->set, node->path))
		return VL_OK;
	memcpy(name, node->name.p, node->name.n);
	return vl_check_text(l->texts, name, text, &n, tell_suspect, l, err);
}

/* Whoever cannot read it does not export it either. */
static enum vl_status
read_file(struct looking *l, struct vl_walk *w, size_t max, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t got = 0;
	int fd = -1;

	vl_locked_clear(&l->text);
	if (!vl_walk_file(w, &fd))
		return VL_OK;
	st = vl_locked_reserve(&l->text, max + 1, err);
	if (st == VL_OK)
		st = vl_read_full(fd, l->text.p, max + 1, &got, err);
	(void)close(fd);
	l->text.n = st == VL_OK ? got : 0;
	return st;
}

static enum vl_status
look_at(struct looking *l, struct vl_walk *w, const struct vl_node *node,
    struct vl_err *err)
{
	const bool declared = vl_secretfiles_concern(l->set, node->path);
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (!declared && node->st.st_size > VL_CHECK_TEXT_MAX)
		return VL_OK;
	l->path = node->path;
	st = read_file(l, w,
	    node->st.st_size > VL_SECRETFILE_MAX ? VL_SECRETFILE_MAX :
	                                           (size_t)node->st.st_size,
	    err);
	if (st != VL_OK || l->text.n == 0)
		return st;
	if (!declared)
		return look_into(l, node, vl_locked_slice(&l->text), err);
	for (i = 0; i < l->n; i++)
		l->list[i].here = false;
	st = vl_secretfile_look(
	    l->set, node->path, vl_locked_slice(&l->text), count_one, l, err);
	if (st == VL_OK)
		st = vl_secretfile_rest(&l->rest, l->set, node->path,
		    vl_locked_slice(&l->text), err);
	return st == VL_OK ?
	    look_into(l, node, vl_locked_slice(&l->rest), err) :
	    st;
}

static void
find(const struct looking *l, enum vl_check_kind kind, const char *text)
{
	l->to->finding(l->to->arg,
	    &(struct vl_check_finding){ .kind = kind, .text = text });
}

static void
tell_broken(const struct looking *l, const struct counted *c,
    const struct vl_secret_words *w)
{
	const bool carried = w->on_broken == VL_SECRET_BROKEN_CARRY;
	char text[6 * SHOWN];

	if (vl_trial_fails(&c->trial) && w->master_key != NULL)
		(void)snprintf(text, sizeof(text),
		    "line %u: none of %llu secrets opens with master key '%s', "
		    "which is another one then; the first is %s: %s",
		    w->line, (unsigned long long)c->told.broken, w->master_key,
		    c->where, c->why.text);
	else
		(void)snprintf(text, sizeof(text),
		    "line %u: %llu of %llu do not open, the first %s: %s; mend "
		    "them%s",
		    w->line, (unsigned long long)c->told.broken,
		    (unsigned long long)c->told.values, c->where, c->why.text,
		    carried ? "" : ", or say 'on_broken: carry_as_is'");
	find(l,
	    vl_trial_fails(&c->trial) ? VL_CHECK_WRONG :
	        carried               ? VL_CHECK_HINT :
	                                VL_CHECK_REFUSED,
	    text);
}

/* "line X" and the like, as slots have it; NULL: the whole file. */
static const char *
place_of(char text[SHOWN], const struct vl_secret_words *w)
{
	if (w->keyed != NULL)
		(void)snprintf(text, SHOWN, "line %s", w->keyed);
	else if (w->define != NULL)
		(void)snprintf(text, SHOWN, "define %s", w->define);
	else
		return w->json != NULL ? w->json : w->yaml;
	return text;
}

static void
tell_entries(struct looking *l)
{
	const struct vl_secret_words *w = NULL;
	struct counted *c = l->list;
	char place[SHOWN];
	char text[SHOWN + 64];

	for (; c < l->list + l->n; c++) {
		w = &l->words->file_secrets[c - l->list];
		c->told.file = w->file;
		c->told.inside = place_of(place, w);
		c->told.cipher =
		    vl_secretfiles_cipher(l->set, (size_t)(c - l->list));
		c->told.master_key = w->master_key;
		c->told.line = w->line;
		c->told.on_secret = w->on_secret;
		c->told.tried = l->to->masters != NULL;
		l->to->secret(l->to->arg, &c->told);
		if (c->told.broken > 0 && c->told.tried)
			tell_broken(l, c, w);
		if (c->told.values > 0)
			continue;
		(void)snprintf(text, sizeof(text),
		    "line %u: 'secrets' is about file '%s'%s%s, and no file "
		    "has one there",
		    w->line, w->file, c->told.inside == NULL ? "" : ", ",
		    c->told.inside == NULL ? "" : c->told.inside);
		find(l, VL_CHECK_HINT, text);
	}
}

static enum vl_status
look_through(struct looking *l, const struct vl_resource *r, struct vl_err *err)
{
	struct vl_exclude *exclude = NULL;
	struct vl_walk *w = NULL;
	struct vl_node node = { 0 };
	bool more = true;
	enum vl_status st = vl_exclude_new(
	    &exclude, (const char *const *)r->exclude, r->nexclude, err);

	if (st == VL_OK)
		st = vl_walk_open(&w,
		    &(struct vl_walk_opts){ .root = r->path,
		        .exclude = exclude,
		        .cross_mounts = !r->one_file_system,
		        .hidden = VL_STAGING,
		        .tempdir = vl_export_tempdir() },
		    err);
	while (st == VL_OK && !vl_cli_stop()) {
		st = vl_walk_next(w, &node, &more, err);
		if (st != VL_OK || !more)
			break;
		if (node.type == VL_ENTRY_FILE)
			st = look_at(l, w, &node, err);
	}
	vl_walk_free(w);
	vl_exclude_free(exclude);
	return st == VL_OK && vl_cli_stop() ? vl_cli_stopped(err) : st;
}

enum vl_status
vl_check_trees(const struct vl_check_trees *to, const struct vl_profile *p,
    const struct vl_resource *r, struct vl_err *err)
{
	struct looking l = { .to = to };
	const struct vl_secretfiles_opts opts = { .resource = r->name,
		.words = p == NULL ? NULL : vl_profile_resource(p, r->name),
		.masters = to->masters };
	enum vl_status st = vl_secretfiles_new(&l.set, &opts, err);

	l.words = opts.words;
	l.n = l.words == NULL ? 0 : l.words->nfile_secrets;
	l.list = calloc(l.n + 1, sizeof(*l.list));
	if (st == VL_OK && l.list == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st =
		    vl_check_texts_open(&l.texts, p == NULL ? NULL : p->ciphers,
		        p == NULL ? 0 : p->nciphers, err);
	if (st == VL_OK)
		st = look_through(&l, r, err);
	if (st == VL_OK)
		tell_entries(&l);
	vl_secretfiles_free(l.set);
	vl_check_texts_free(l.texts);
	vl_locked_free(&l.text);
	vl_locked_free(&l.rest);
	free(l.list);
	return st;
}
