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
	free(i);
}

static struct vl_slice
path_of(const struct item *i)
{
	return (struct vl_slice){ (const uint8_t *)i->path, i->path_n };
}

static void
say(struct vl_target *t, enum vl_change change, const struct item *i,
    const char *detail)
{
	if (t->opts.report.change != NULL)
		t->opts.report.change(t->opts.report.arg,
		    t->opts.resource->name, change, path_of(i), detail);
}

static enum vl_status
add_step(struct vl_target *t, enum vl_step_kind kind, const struct item *i,
    struct vl_err *err)
{
	struct vl_step s = { .kind = kind,
		.n = i->n,
		.other = i->other,
		.path = path_of(i),
		.before = i->before,
		.after = i->after };

	if (t->steps == NULL)
		return VL_OK;
	return vl_steps_w_add(t->steps, &s, err);
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

/* What of an entry changes, in words. */
static const char *
detail(char *text, size_t size, const struct item *i)
{
	char before[32];
	char after[32];
	bool owner =
	    i->before.uid != i->after.uid || i->before.gid != i->after.gid;
	bool time = i->before.mtime.sec != i->after.mtime.sec ||
	    i->before.mtime.nsec != i->after.mtime.nsec;

	if (i->before.type != i->after.type)
		snprintf(text, size, "type");
	else if (i->outcome == OUTCOME_STAGE && i->after.type == VL_ENTRY_FILE)
		snprintf(text, size, "%s -> %s bytes",
		    vl_format_count(before, sizeof(before), i->before.size),
		    vl_format_count(after, sizeof(after), i->after.size));
	else if (i->outcome == OUTCOME_STAGE)
		snprintf(text, size, "points elsewhere");
	else
		snprintf(text, size, "%s%s%s%s%s",
		    i->before.mode != i->after.mode ? "mode" : "",
		    i->before.mode != i->after.mode && (owner || time) ? ", " :
		                                                         "",
		    owner ? "owner" : "", owner && time ? ", " : "",
		    time ? "time" : "");
	return text;
}

static enum vl_status
close_matched(struct vl_target *t, struct item *i, struct vl_err *err)
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
	t->counts.staged_bytes += i->after.size;
	return add_step(t, VL_STEP_REPLACE, i, err);
}

static enum vl_status
close_entry(struct vl_target *t, struct item *i, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (i->submitted)
		st = vl_pool_wait(t->opts.pool, &i->job, err);
	if (st != VL_OK)
		return st;
	if (i->matched)
		return close_matched(t, i, err);
	t->counts.add++;
	t->counts.staged_bytes += i->after.size;
	say(t, VL_CHANGE_ADD, i, "");
	if (i->inner)
		return VL_OK;
	touch(t);
	return add_step(t, VL_STEP_NEW, i, err);
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
		say(t, VL_CHANGE_ADD, i, "");
	}
	return VL_OK;
}

static enum vl_status
leave_matched(struct vl_target *t, const struct done_dir *d, struct vl_err *err)
{
	struct item *i = d->enter;
	char text[96];
	bool same =
	    vl_meta_same_attributes(&i->before, &i->after, t->opts.keep_owner);

	if (same) {
		t->counts.same++;
		return d->touched ? add_step(t, VL_STEP_DIR, i, err) : VL_OK;
	}
	if (t->opts.on_match == VL_ON_MATCH_FAIL) {
		conflict(t, i, detail(text, sizeof(text), i));
		return VL_OK;
	}
	t->counts.change++;
	i->outcome = OUTCOME_META;
	say(t, VL_CHANGE_MODIFY, i, detail(text, sizeof(text), i));
	return add_step(t, VL_STEP_DIR, i, err);
}

static enum vl_status
set_staged(struct item *i, const struct vl_meta *m, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	struct stat st;

	if (vl_meta_set_fd(i->dir->fd, m, err) != VL_OK)
		return vl_within(err, "cannot stage '%s'", i->path);
	if (fstat(i->dir->fd, &st) != 0)
		return vl_fail_errno(err, "cannot stage '%s'", i->path);
	vl_meta_of_stat(&now, &st);
	return vl_meta_kept(&now, m, i->path, err);
}

/* A folder of the staging is complete; one that will be moved itself stays
 * writable for its owner until it is in place. */
static enum vl_status
leave_staged(struct vl_target *t, const struct done_dir *d, struct vl_err *err)
{
	struct item *i = d->enter;
	struct vl_meta m = i->after;
	enum vl_status st = VL_OK;

	if (!i->inner)
		m.mode |= 0700;
	if (i->dir != NULL)
		st = set_staged(i, &m, err);
	if (st != VL_OK)
		return st;
	if (i->inner)
		return VL_OK;
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
	if (t->ndone > 0 &&
	    t->done[t->ndone - 1].enter->dir_kind == DIR_OLD_ONLY)
		t->done[t->ndone - 1].stays = true;
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

static void
close_keep(struct vl_target *t, const struct item *i)
{
	if (i->counted)
		t->counts.skip++;
	if (t->ndone > 0 &&
	    t->done[t->ndone - 1].enter->dir_kind == DIR_OLD_ONLY)
		t->done[t->ndone - 1].stays = true;
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
	t->queued_bytes -= i->kind == ITEM_ENTRY ? i->after.size : 0;
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
		close_keep(t, i);
		break;
	case ITEM_CONFLICT:
		conflict(t, i, i->why);
		break;
	}
	vl_item_free(i);
	return st;
}
