/*
 * Stagings that the journal does not account for, as the site's own trees
 * have them: the state was lost, or restored from an old copy, or they are
 * of another importer (docs/transaction.md, "States").  A journal is written
 * from the header that such a staging carries; then recovery goes on as ever.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/text.h>

#include "recover.h"

static bool
accounts_for(const struct vl_journal *j, const struct vl_header *h,
    const struct vl_header_tree *tree)
{
	size_t i = 0;

	if (j == NULL || !j->present ||
	    memcmp(j->header.import, h->import, sizeof(h->import)) != 0)
		return false;
	for (i = 0; i < j->header.ntrees; i++)
		if (strcmp(j->header.trees[i].staging, tree->staging) == 0)
			return true;
	return false;
}

/* Owner files name one tree each: another one of the same import. */
static enum vl_status
add_tree(struct vl_header *all, struct vl_header *h, struct vl_err *err)
{
	struct vl_header_tree *more =
	    reallocarray(all->trees, all->ntrees + 1, sizeof(*more));

	if (more == NULL)
		return vl_fail_memory(err);
	all->trees = more;
	all->trees[all->ntrees++] = h->trees[0];
	memset(&h->trees[0], 0, sizeof(h->trees[0]));
	return VL_OK;
}

/* The first one found, or what another tree tells of the same import: a
 * whole header names all of the trees. */
static enum vl_status
take(struct vl_stray *s, struct vl_header *h, bool prepared, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (s->header.ntrees > 0 &&
	    memcmp(s->header.import, h->import, sizeof(h->import)) != 0)
		return VL_OK;
	if (s->header.ntrees > 0 && !s->prepared && !prepared)
		st = add_tree(&s->header, h, err);
	if (s->header.ntrees == 0 || (prepared && !s->prepared)) {
		vl_header_free(&s->header);
		s->header = *h;
		s->prepared = prepared;
		memset(h, 0, sizeof(*h));
	}
	return st;
}

static enum vl_status
look_at(struct vl_stray *s, const struct vl_resource *r,
    const struct vl_journal *j, struct vl_err *err)
{
	struct vl_header_tree tree = { 0 };
	struct vl_header h = { 0 };
	bool prepared = false;
	enum vl_status st = VL_OK;

	snprintf(tree.resource, sizeof(tree.resource), "%s", r->name);
	st = vl_stage_locate(&tree, r->path, err);
	/* A tree that is not there, nor what is above it, has no staging. */
	if (st == VL_EUSAGE)
		st = VL_OK;
	else if (st == VL_OK)
		st = vl_stage_header(&h, &tree, &prepared, err);
	if (st == VL_OK && h.ntrees > 0 && !accounts_for(j, &h, &tree))
		st = take(s, &h, prepared, err);
	vl_header_free(&h);
	free(tree.root);
	free(tree.staging);
	return st;
}

enum vl_status
vl_stray_find(struct vl_stray *s, const struct vl_site *site,
    const struct vl_journal *j, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	memset(s, 0, sizeof(*s));
	for (i = 0; site != NULL && i < site->nresources && st == VL_OK; i++)
		if (site->resources[i].kind == VL_KIND_FILES)
			st = look_at(s, &site->resources[i], j, err);
	if (st != VL_OK)
		vl_header_free(&s->header);
	return st;
}

/* A state directory of valise stands at `path`. */
static bool
is_state(const char *path)
{
	char *name = NULL;
	bool is = true;

	if (asprintf(&name, "%s/identity", path) < 0)
		return true;
	is = faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ||
	    errno != ENOENT;
	free(name);
	return is;
}

enum vl_status
vl_stray_check(const struct vl_stray *s, const struct vl_state *state,
    bool lost, struct vl_err *err)
{
	const struct vl_header *h = &s->header;
	const bool here =
	    state != NULL && strcmp(vl_state_path(state), h->state_path) == 0;
	char staging[512];
	char dir[512];

	if (here &&
	    memcmp(vl_state_identity(state), h->state, sizeof(h->state)) == 0)
		return VL_OK;
	vl_escape_text(
	    staging, sizeof(staging), vl_slice_of(h->trees[0].staging));
	vl_escape_text(dir, sizeof(dir), vl_slice_of(h->state_path));
	if (!here && is_state(h->state_path))
		return vl_state_fail_foreign(staging, h->state_path, err);
	if (lost)
		return VL_OK;
	return vl_fail(err, VL_EPENDING,
	    "'%s' is of an import whose state '%s' is lost: bring it back (is "
	    "it mounted?), or run --recover --state-lost",
	    staging, dir);
}

enum vl_status
vl_stray_check_lost(const struct vl_recover_opts *o, struct vl_err *err)
{
	struct vl_journal j = { 0 };
	enum vl_status st = VL_OK;

	if (o->site == NULL)
		return vl_fail(err, VL_EUSAGE,
		    "--state-lost needs the site file: it names the trees");
	st = vl_journal_load(&j, o->state, err);
	if (st == VL_OK && j.present && !vl_has_ended(&j))
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' holds the journal of an import in hand, so the state "
		    "is not lost: leave --state-lost out",
		    vl_state_path(o->state));
	vl_journal_free(&j);
	return st;
}

enum vl_status
vl_stray_take(const struct vl_recover_opts *o, bool *taken, struct vl_err *err)
{
	struct vl_journal j = { 0 };
	struct vl_stray s = { 0 };
	enum vl_status st = vl_journal_load(&j, o->state, err);

	*taken = false;
	if (st == VL_OK)
		st = vl_stray_find(&s, o->site, &j, err);
	if (st == VL_OK && s.header.ntrees > 0) {
		st = vl_stray_check(&s, o->state, o->state_lost, err);
		if (st == VL_OK)
			st = vl_journal_begin(o->state, &s.header, err);
		if (st == VL_OK && s.prepared)
			st = vl_journal_add(o->state, VL_JOURNAL_PREPARED, err);
		*taken = st == VL_OK;
	}
	vl_header_free(&s.header);
	vl_journal_free(&j);
	return st;
}

enum vl_status
vl_apply_check_strays(const struct vl_site *site, struct vl_err *err)
{
	struct vl_stray s = { 0 };
	enum vl_status st = vl_stray_find(&s, site, NULL, err);

	if (st == VL_OK && s.header.ntrees > 0)
		st = vl_stray_check(&s, NULL, false, err);
	vl_header_free(&s.header);
	return st;
}
