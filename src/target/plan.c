/*
 * Records of the bundle meet a walk of the tree, both in manifest order:
 * what is on both sides, only in the bundle, or only here.
 */
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "plan.h"

/* How much may be planned and not yet closed: items, and bytes of bodies
 * (so that the blocks they come from are still at hand) and attributes. */
#define QUEUE_ITEMS 512
#define QUEUE_BYTES (8u << 20)

enum vl_status
vl_plan_advance(struct vl_target *t, struct vl_err *err)
{
	t->have = false;
	if (t->walk == NULL)
		return VL_OK;
	return vl_walk_next(t->walk, &t->node, &t->have, err);
}

enum vl_status
vl_plan_push(struct vl_target *t, struct item *i, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (t->tail == NULL)
		t->head = i;
	else
		t->tail->next = i;
	t->tail = i;
	t->queued++;
	i->weight = i->attrs_after.n + i->holes.n +
	    (i->kind == ITEM_ENTRY ? i->after.size : 0);
	/* A worker may be reading them just now. */
	if (!i->submitted)
		i->weight += i->attrs_before.bytes.n;
	t->queued_bytes += i->weight;
	while (st == VL_OK && t->queued > 1 &&
	    (t->queued > QUEUE_ITEMS || t->queued_bytes > QUEUE_BYTES))
		st = vl_close_item(t, err);
	return st;
}

/* A path that nothing is done about. */
static enum vl_status
push_verdict(struct vl_target *t, struct vl_slice path, const struct verdict *v,
    struct vl_err *err)
{
	struct item *i = vl_item_new(t, v->kind, path);

	if (i != NULL)
		i->text = strdup(v->text);
	if (i == NULL || i->text == NULL) {
		vl_item_free(i);
		return vl_fail_memory(err);
	}
	i->counted = v->kind == ITEM_KEEP;
	i->said = v->said;
	/* What is not here any more is nobody's. */
	i->listed = i->listed && t->have && vl_slice_equal(t->node.path, path);
	return vl_plan_push(t, i, err);
}

struct plan_dir *
vl_plan_inmost(struct vl_target *t)
{
	return t->nplan == 0 ? NULL : &t->plan[t->nplan - 1];
}

/* End the directories that `path` is not below. */
static enum vl_status
leave_dirs(struct vl_target *t, const struct vl_slice *path, struct vl_err *err)
{
	const struct vl_slice none = { NULL, 0 };
	struct plan_dir *d = NULL;
	struct item *leave = NULL;
	enum vl_status st = VL_OK;

	while (st == VL_OK && (d = vl_plan_inmost(t)) != NULL) {
		t->plan_path.n = d->path_n;
		if (path != NULL &&
		    vl_path_below(*path, vl_buf_slice(&t->plan_path)))
			return VL_OK;
		leave = vl_item_new(t, ITEM_LEAVE, none);
		if (leave == NULL)
			return vl_fail_memory(err);
		vl_stage_dir_release(d->dir);
		t->nplan--;
		st = vl_plan_push(t, leave, err);
	}
	return st;
}

enum vl_status
vl_plan_enter(struct vl_target *t, struct item *i, struct vl_err *err)
{
	size_t cap = t->plan_cap == 0 ? 32 : 2 * t->plan_cap;
	struct plan_dir *more = NULL;
	enum vl_status st = VL_OK;

	vl_buf_clear(&t->plan_path);
	st = vl_buf_add(&t->plan_path,
	    (struct vl_slice){ (const uint8_t *)i->path, i->path_n }, err);
	if (st == VL_OK && t->nplan == t->plan_cap) {
		more = reallocarray(t->plan, cap, sizeof(*more));
		if (more == NULL)
			st = vl_fail_memory(err);
		else {
			t->plan = more;
			t->plan_cap = cap;
		}
	}
	if (st != VL_OK) {
		vl_item_free(i);
		return st;
	}
	if (i->dir != NULL)
		i->dir->users++;
	t->plan[t->nplan++] = (struct plan_dir){ .path_n = i->path_n,
		.kind = i->dir_kind,
		.dir = i->dir,
		.top_n = i->inner ? i->top_n : i->n,
		.top_path_n = i->inner ? i->top_path_n : i->path_n };
	return vl_plan_push(t, i, err);
}

/* The walk does not look below its path: what is listed there stays so. */
static enum vl_status
pass_by(struct vl_target *t, struct vl_err *err)
{
	struct vl_slice at = { NULL, 0 };
	struct item *i = NULL;
	enum vl_status st = VL_OK;

	if (t->node.type == VL_ENTRY_DIR)
		vl_walk_skip(t->walk);
	else if (t->node.type != VL_ENTRY_LEFT_OUT)
		return VL_OK;
	if (vl_listed_is(t->listed, t->node.path))
		st = vl_listed_next(t->listed, err);
	while (st == VL_OK && vl_listed_below(t->listed, t->node.path, &at)) {
		i = vl_item_new(t, ITEM_KEEP, at);
		if (i == NULL)
			return vl_fail_memory(err);
		st = vl_plan_push(t, i, err);
		if (st == VL_OK)
			st = vl_listed_next(t->listed, err);
	}
	return st;
}

/* Leave `path` and all below it alone, on both sides. */
static enum vl_status
skip(
    struct vl_target *t, struct vl_slice path, bool matched, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&t->skip_path);
	st = vl_buf_add(&t->skip_path, path, err);
	t->skipping = true;
	if (st == VL_OK && matched)
		st = pass_by(t, err);
	if (st == VL_OK && matched)
		st = vl_plan_advance(t, err);
	return st;
}

bool
vl_plan_skips(const struct vl_target *t, struct vl_slice path)
{
	return t->skipping && vl_path_below(path, vl_buf_slice(&t->skip_path));
}

/* A path that only the target has. */
static enum vl_status
put_target_only(struct vl_target *t, struct vl_err *err)
{
	struct verdict v = { .kind = ITEM_KEEP };
	enum vl_status st = leave_dirs(t, &t->node.path, err);

	if (st == VL_OK)
		st = vl_listed_go(t->listed, t->node.path, err);
	if (st != VL_OK)
		return st;
	if (!vl_plan_skips(t, t->node.path)) {
		st = vl_policy_target_only(&v, t, err);
		if (st != VL_OK)
			return st;
	}
	t->counts.before++;
	if (v.put)
		return vl_plan_removal(t, &v, err);
	st = push_verdict(t, t->node.path, &v, err);
	return st == VL_OK ? pass_by(t, err) : st;
}

/* A record below one that was not put. */
static enum vl_status
put_skipped(struct vl_target *t, const struct vl_entry *e, struct vl_err *err)
{
	const struct verdict v = { .kind = ITEM_KEEP };

	if (e->type == VL_ENTRY_LEFT_OUT)
		return VL_OK;
	vl_link_leave(t, e, ITEM_KEEP);
	return push_verdict(t, e->path, &v, err);
}

enum vl_status
vl_target_put(struct vl_target *t, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err)
{
	struct verdict v = { 0 };
	bool matched = false;
	enum vl_status st = VL_OK;

	while (
	    st == VL_OK && t->have && vl_path_cmp(t->node.path, e->path) < 0) {
		st = put_target_only(t, err);
		if (st == VL_OK)
			st = vl_plan_advance(t, err);
	}
	if (st == VL_OK)
		st = leave_dirs(t, &e->path, err);
	if (st == VL_OK && vl_plan_skips(t, e->path))
		return put_skipped(t, e, err);
	if (st == VL_OK)
		st = vl_listed_go(t->listed, e->path, err);
	if (st != VL_OK)
		return st;
	matched = t->have && vl_slice_equal(t->node.path, e->path);
	if (matched && e->path.n > 0)
		t->counts.before++;
	st = vl_policy_record(&v, t, e, matched, err);
	if (st == VL_OK && !v.put) {
		vl_link_leave(t, e, v.kind);
		st = push_verdict(t, e->path, &v, err);
		if (st == VL_OK)
			st = skip(t, e->path, matched, err);
		return st;
	}
	if (st != VL_OK)
		return st;
	if (e->type == VL_ENTRY_DIR)
		return vl_plan_dir(t, e, &v, matched, err);
	return vl_plan_entry(t, &(struct put){ e, body, &v, matched }, err);
}

/* Names of owners that this machine does not know. */
static void
say_owners(const struct vl_target *t)
{
	const struct vl_target_report *r = &t->opts.report;
	const struct vl_unknown_owner *u = NULL;
	size_t n = 0;
	size_t i = 0;

	if (r->owner == NULL)
		return;
	u = vl_owners_unknown(t->owners, &n);
	for (i = 0; i < n; i++)
		r->owner(r->arg, t->opts.resource->name, u[i].group, u[i].name,
		    u[i].number);
}

enum vl_status
vl_target_end(struct vl_target *t, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (st == VL_OK && t->have) {
		st = put_target_only(t, err);
		if (st == VL_OK)
			st = vl_plan_advance(t, err);
	}
	if (st == VL_OK)
		st = leave_dirs(t, NULL, err);
	while (st == VL_OK && t->head != NULL)
		st = vl_close_item(t, err);
	if (st == VL_OK && t->opts.links != NULL)
		st = vl_links_check(t->opts.links, err);
	if (st == VL_OK)
		st = vl_listed_end(t->listed, err);
	if (st == VL_OK && t->steps != NULL)
		st = vl_steps_w_finish(t->steps, err);
	if (st == VL_OK)
		say_owners(t);
	return st;
}
