/*
 * Items are closed here, in the order they were planned: steps are written,
 * changes counted and said.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>

#include "plan.h"

void
vl_stage_dir_release(struct stage_dir *d)
{
	if (d == NULL || --d->users > 0)
		return;
	close(d->fd);
	free(d);
}

void
vl_item_free(struct item *i)
{
	if (i == NULL)
		return;
	if (i->fd >= 0)
		close(i->fd);
	vl_stage_dir_release(i->dir);
	vl_attrs_free(&i->attrs_before);
	vl_buf_free(&i->attrs_after);
	vl_buf_free(&i->holes);
	vl_buf_free(&i->link);
	free(i->to);
	free(i->text);
	free(i);
}

static void
say(struct vl_target *t, enum vl_change change, const struct item *i,
    const char *detail)
{
	if (t->opts.report.change != NULL)
		t->opts.report.change(t->opts.report.arg,
		    t->opts.resource->name, change, vl_item_path(i), detail);
}

static enum vl_status
add_link(struct vl_target *t, enum vl_step_kind kind, const struct item *i,
    bool live, struct vl_err *err)
{
	struct vl_step s = { .kind = kind,
		.n = i->n,
		.other = i->other,
		.path = vl_item_path(i),
		.live = live,
		.before = i->before,
		.after = i->after };

	if (t->steps == NULL)
		return VL_OK;
	if (i->to != NULL)
		s.to = vl_slice_of(i->to);
	return vl_steps_w_add(t->steps, &s, err);
}

static enum vl_status
add_step(struct vl_target *t, enum vl_step_kind kind, const struct item *i,
    struct vl_err *err)
{
	return add_link(t, kind, i, false, err);
}

/* What comes with a new directory is locked only once that is in place. */
static enum vl_status
add_lock(struct vl_target *t, enum vl_step_kind kind, struct item *i,
    struct vl_err *err)
{
	if ((i->after.flags & VL_FLAGS_LOCK) == 0 || i->to != NULL)
		return VL_OK;
	i->before = i->after;
	i->before.flags &= ~VL_FLAGS_LOCK;
	return add_step(t, kind, i, err);
}

/* Something in the innermost directory comes, goes or is replaced. */
static void
touch(struct vl_target *t)
{
	if (t->ndone > 0)
		t->done[t->ndone - 1].touched = true;
}

static void
conflict(struct vl_target *t, const struct item *i, const char *why)
{
	t->counts.conflict++;
	say(t, VL_CHANGE_CONFLICT, i, why);
}

/* What was found is not what is wanted. */
static bool
changes(const struct item *i)
{
	if (!i->matched)
		return true;
	return i->kind == ITEM_ENTER ?
	    !vl_meta_same_attributes(&i->before, &i->after) :
	    i->outcome != OUTCOME_SAME;
}

/* It was brought, and what it was brought without. */
static void
say_dropped(struct vl_target *t, const struct item *i)
{
	if (i->text == NULL)
		return;
	if (i->refused) {
		conflict(t, i, i->text);
		return;
	}
	t->counts.dropped++;
	/* What stays as it is was told of when it came. */
	if (changes(i))
		say(t, VL_CHANGE_DROP, i, i->text);
}

/* The ACLs among them, or the others, differ. */
static bool
attrs_differ(struct vl_slice a, struct vl_slice b, bool acl)
{
	struct vl_xattr x = { 0 };
	struct vl_xattr y = { 0 };
	bool more_x = false;
	bool more_y = false;

	do {
		do {
			more_x = vl_attrs_next(&a, &x);
		} while (more_x && vl_attrs_is_acl(x.name) != acl);
		do {
			more_y = vl_attrs_next(&b, &y);
		} while (more_y && vl_attrs_is_acl(y.name) != acl);
		if (more_x != more_y)
			return true;
		if (more_x &&
		    (!vl_slice_equal(x.name, y.name) ||
		        !vl_slice_equal(x.value, y.value)))
			return true;
	} while (more_x);
	return false;
}

/* Which attributes of an entry change, in words. */
static void
attributes_detail(char *text, size_t size, const struct item *i)
{
	const struct vl_meta *b = &i->before;
	const struct vl_meta *a = &i->after;
	const struct {
		bool differs;
		const char *word;
	} parts[] = {
		{ (a->without & VL_WITHOUT_MODE) == 0 && b->mode != a->mode,
		    "mode" },
		{ (a->without & VL_WITHOUT_OWNER) == 0 &&
		        (b->uid != a->uid || b->gid != a->gid),
		    "owner" },
		{ b->mtime.sec != a->mtime.sec ||
		        b->mtime.nsec != a->mtime.nsec,
		    "time" },
		{ b->flags != a->flags, "flags" },
		{ attrs_differ(b->attrs, a->attrs, true), "ACL" },
		{ attrs_differ(b->attrs, a->attrs, false), "attributes" },
	};
	size_t k = 0;
	size_t n = 0;

	text[0] = '\0';
	for (k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
		if (!parts[k].differs)
			continue;
		n = strlen(text);
		(void)snprintf(text + n, size - n, "%s%s", n == 0 ? "" : ", ",
		    parts[k].word);
	}
}

/* What of an entry changes, in words. */
static const char *
detail(char *text, size_t size, const struct item *i)
{
	char before[32];
	char after[32];

	if (i->before.type != i->after.type)
		snprintf(text, size, "type");
	else if (i->to != NULL)
		snprintf(text, size, "hard link");
	else if (i->outcome == OUTCOME_META)
		attributes_detail(text, size, i);
	else if (i->alike || (i->anew && i->before.size == i->after.size))
		snprintf(text, size, "made anew");
	else if (i->after.type == VL_ENTRY_FILE)
		snprintf(text, size, "%s -> %s bytes",
		    vl_format_count(before, sizeof(before), i->before.size),
		    vl_format_count(after, sizeof(after), i->after.size));
	else if (i->after.type == VL_ENTRY_LINK)
		snprintf(text, size, "points elsewhere");
	else
		snprintf(text, size, "made anew");
	return text;
}

/* Something of this type was made in new/. */
static void
count_staged(struct vl_target *t, const struct item *i)
{
	if (i->dry || i->outcome != OUTCOME_STAGE)
		return;
	t->staged[i->after.type]++;
	if (i->to == NULL && i->after.type == VL_ENTRY_FILE)
		t->counts.proved++;
}

static enum vl_status
close_matched(
    struct vl_target *t, struct item *i, bool live, struct vl_err *err)
{
	char text[96];

	if (i->outcome == OUTCOME_SAME) {
		t->counts.same++;
		return VL_OK;
	}
	detail(text, sizeof(text), i);
	if (t->opts.on_match == VL_ON_MATCH_FAIL) {
		conflict(t, i, text);
		return VL_OK;
	}
	t->counts.change++;
	say(t, VL_CHANGE_MODIFY, i, text);
	if (i->outcome == OUTCOME_META)
		return add_step(t, VL_STEP_META, i, err);
	touch(t);
	if (i->to == NULL)
		t->counts.staged_bytes += i->after.size;
	return add_link(t, VL_STEP_REPLACE, i, live, err);
}

static enum vl_status
close_new(struct vl_target *t, struct item *i, bool live, struct vl_err *err)
{
	t->counts.add++;
	if (i->to == NULL)
		t->counts.staged_bytes += i->after.size;
	say(t, VL_CHANGE_ADD, i, "");
	if (i->inner)
		return add_lock(t, VL_STEP_META, i, err);
	touch(t);
	return add_link(t, VL_STEP_NEW, i, live, err);
}

/* What is in place once this import has ended, for the next ones: it was
 * brought before, or comes where nothing was. */
static enum vl_status
list(struct vl_target *t, const struct item *i, struct vl_err *err)
{
	if (i->listed)
		return vl_listed_keep(t->listed, vl_item_path(i), err);
	if (i->matched || i->other != 0)
		return VL_OK;
	return vl_listed_add(t->listed, vl_item_path(i), err);
}

/* Something in the directories that are open stays, and so do these; they
 * come before it in the list. */
static enum vl_status
must_stay(struct vl_target *t, struct vl_err *err)
{
	struct done_dir *d = NULL;
	size_t k = t->ndone;
	enum vl_status st = VL_OK;

	while (k > 0 && t->done[k - 1].enter->dir_kind == DIR_OLD_ONLY &&
	    !t->done[k - 1].stays)
		k--;
	for (; k < t->ndone && st == VL_OK; k++) {
		d = &t->done[k];
		d->stays = true;
		if (d->enter->listed && d->enter->other == 0)
			st = vl_listed_keep(
			    t->listed, vl_item_path(d->enter), err);
	}
	return st;
}

static enum vl_status
close_entry(struct vl_target *t, struct item *i, struct vl_err *err)
{
	const char *why = NULL;
	bool live = false;
	enum vl_status st = VL_OK;

	if (i->submitted)
		st = vl_pool_wait(t->opts.pool, &i->job, err);
	else if (i->to != NULL)
		st = vl_link_close(t, i, &live, &why, err);
	if (st != VL_OK)
		return st;
	if (why != NULL) {
		conflict(t, i, why);
		return VL_OK;
	}
	count_staged(t, i);
	if (i->leader)
		st = vl_link_settle(t, i,
		    i->matched && i->outcome != OUTCOME_SAME &&
		        t->opts.on_match == VL_ON_MATCH_FAIL,
		    err);
	if (st == VL_OK)
		st = i->matched ? close_matched(t, i, live, err) :
		                  close_new(t, i, live, err);
	if (st == VL_OK)
		st = list(t, i, err);
	say_dropped(t, i);
	return st;
}

static enum vl_status
push_done(struct vl_target *t, struct item *i, struct vl_err *err)
{
	struct done_dir *more = NULL;
	size_t cap = t->done_cap == 0 ? 32 : 2 * t->done_cap;

	if (t->ndone == t->done_cap) {
		more = reallocarray(t->done, cap, sizeof(*more));
		if (more == NULL) {
			vl_item_free(i);
			return vl_fail_memory(err);
		}
		t->done = more;
		t->done_cap = cap;
	}
	t->done[t->ndone++] = (struct done_dir){ .enter = i };
	if (i->dir_kind == DIR_STAGED) {
		t->counts.add++;
		t->staged[VL_ENTRY_DIR] += i->dir != NULL;
		say(t, VL_CHANGE_ADD, i, "");
	}
	if (i->dir_kind == DIR_OLD_ONLY)
		return i->stays ? must_stay(t, err) : VL_OK;
	say_dropped(t, i);
	return list(t, i, err);
}

static enum vl_status
leave_matched(struct vl_target *t, const struct done_dir *d, struct vl_err *err)
{
	struct item *i = d->enter;
	char text[96];

	if (vl_meta_same_attributes(&i->before, &i->after)) {
		t->counts.same++;
		return d->touched ? add_step(t, VL_STEP_DIR, i, err) : VL_OK;
	}
	i->outcome = OUTCOME_META;
	if (t->opts.on_match == VL_ON_MATCH_FAIL) {
		conflict(t, i, detail(text, sizeof(text), i));
		return VL_OK;
	}
	t->counts.change++;
	say(t, VL_CHANGE_MODIFY, i, detail(text, sizeof(text), i));
	return add_step(t, VL_STEP_DIR, i, err);
}

/* A folder of the staging is complete; one that will be moved itself stays
 * writable for its owner, and nobody else's, until it is in place. */
static enum vl_status
leave_staged(struct vl_target *t, const struct done_dir *d, struct vl_err *err)
{
	struct item *i = d->enter;
	struct vl_meta m = i->after;
	bool open = !i->inner && (m.mode & 0700) != 0700;
	enum vl_status st = VL_OK;

	if (vl_inner_unlisted(i)) {
		open = true;
		st = vl_inner_put_off(t, i, err);
	}
	if (open) {
		m.mode = 0700;
		m.attrs.n = 0;
	}
	if (st == VL_OK && i->dir != NULL)
		st = vl_meta_stage(&(struct vl_meta_place){ i->dir->fd, "",
		                       t->opts.tree->privileged, i->path },
		    &m, err);
	if (st != VL_OK)
		return st;
	if (i->inner)
		return add_lock(t, VL_STEP_DIR, i, err);
	touch(t);
	return add_step(t, VL_STEP_NEW, i, err);
}

static enum vl_status
leave_old(struct vl_target *t, const struct done_dir *d, struct vl_err *err)
{
	struct item *i = d->enter;

	if (!d->stays) {
		t->counts.deletions++;
		say(t, VL_CHANGE_DELETE, i, "");
		touch(t);
		return add_step(t, VL_STEP_RMDIR, i, err);
	}
	if (i->other != 0) {
		conflict(
		    t, i, "is a directory here, and something in it must stay");
		return VL_OK;
	}
	t->counts.skip++;
	i->after = i->before;
	return d->touched ? add_step(t, VL_STEP_DIR, i, err) : VL_OK;
}

static enum vl_status
close_leave(struct vl_target *t, struct vl_err *err)
{
	struct done_dir d = t->done[--t->ndone];
	enum vl_status st = VL_OK;

	switch (d.enter->dir_kind) {
	case DIR_MATCHED:
		st = leave_matched(t, &d, err);
		break;
	case DIR_STAGED:
		st = leave_staged(t, &d, err);
		break;
	case DIR_OLD_ONLY:
		st = leave_old(t, &d, err);
		break;
	}
	vl_item_free(d.enter);
	return st;
}

static enum vl_status
close_keep(struct vl_target *t, const struct item *i, struct vl_err *err)
{
	enum vl_status st = must_stay(t, err);

	if (i->counted)
		t->counts.skip++;
	if (i->said)
		say(t, VL_CHANGE_KEEP, i, i->text);
	if (st == VL_OK && i->listed)
		st = vl_listed_keep(t->listed, vl_item_path(i), err);
	return st;
}

enum vl_status
vl_close_item(struct vl_target *t, struct vl_err *err)
{
	struct item *i = t->head;
	enum vl_status st = VL_OK;

	t->head = i->next;
	if (t->head == NULL)
		t->tail = NULL;
	t->queued--;
	t->queued_bytes -= i->weight;
	switch (i->kind) {
	case ITEM_ENTER:
		return push_done(t, i, err); /* takes the item */
	case ITEM_LEAVE:
		st = close_leave(t, err);
		break;
	case ITEM_ENTRY:
		st = close_entry(t, i, err);
		break;
	case ITEM_DELETE:
		t->counts.deletions++;
		say(t, VL_CHANGE_DELETE, i, "");
		touch(t);
		st = add_step(t, VL_STEP_DELETE, i, err);
		break;
	case ITEM_KEEP:
		st = close_keep(t, i, err);
		break;
	case ITEM_CONFLICT:
		conflict(t, i, i->text);
		break;
	}
	vl_item_free(i);
	return st;
}
