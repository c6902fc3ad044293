/*
 * Records of the bundle meet a walk of the tree, both in manifest order:
 * what is on both sides, only in the bundle, or only here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>

#include "plan.h"

/* How much may be planned and not yet closed: items, and bytes of bodies
 * (so that the blocks they come from are still at hand). */
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

static struct item *
item_new(struct vl_target *t, enum item_kind kind, struct vl_slice path)
{
	struct item *i = calloc(1, sizeof(*i) + path.n + 1);

	if (i == NULL)
		return NULL;
	i->t = t;
	i->kind = kind;
	i->fd = -1;
	i->dry = t->opts.stage == NULL;
	i->path_n = path.n;
	if (path.n > 0)
		memcpy(i->path, path.p, path.n);
	return i;
}

/* Into the queue; older items are closed while it is too long. */
static enum vl_status
push(struct vl_target *t, struct item *i, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (t->tail == NULL)
		t->head = i;
	else
		t->tail->next = i;
	t->tail = i;
	t->queued++;
	t->queued_bytes += i->kind == ITEM_ENTRY ? i->after.size : 0;
	while (st == VL_OK && t->queued > 1 &&
	    (t->queued > QUEUE_ITEMS || t->queued_bytes > QUEUE_BYTES))
		st = vl_close_item(t, err);
	return st;
}

static enum vl_status
push_simple(struct vl_target *t, enum item_kind kind, struct vl_slice path,
    const char *why, struct vl_err *err)
{
	struct item *i = item_new(t, kind, path);

	if (i == NULL)
		return vl_fail_memory(err);
	i->why = why;
	i->counted = kind == ITEM_KEEP && why != NULL;
	return push(t, i, err);
}

static struct plan_dir *
inmost(struct vl_target *t)
{
	return t->nplan == 0 ? NULL : &t->plan[t->nplan - 1];
}

/* End the directories that `path` is not below. */
static enum vl_status
leave_dirs(struct vl_target *t, const struct vl_slice *path, struct vl_err *err)
{
	const struct vl_slice none = { NULL, 0 };
	struct plan_dir *d = NULL;
	enum vl_status st = VL_OK;

	while (st == VL_OK && (d = inmost(t)) != NULL) {
		t->plan_path.n = d->path_n;
		if (path != NULL &&
		    vl_path_below(*path, vl_buf_slice(&t->plan_path)))
			return VL_OK;
		st = push_simple(t, ITEM_LEAVE, none, NULL, err);
		vl_stage_dir_release(d->dir);
		t->nplan--;
	}
	return st;
}

/* Begin a directory; takes `i`. */
static enum vl_status
enter(struct vl_target *t, struct item *i, struct vl_err *err)
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
	t->plan[t->nplan++] = (struct plan_dir){
		.path_n = i->path_n, .kind = i->dir_kind, .dir = i->dir
	};
	return push(t, i, err);
}

/* The attributes a record asks for, in this machine's numbers. */
static void
wanted(struct vl_target *t, struct item *i, const struct vl_entry *e)
{
	struct vl_meta *m = &i->after;

	m->type = e->type;
	m->mode = e->type == VL_ENTRY_LINK ? 0 : e->mode;
	m->size = e->type == VL_ENTRY_FILE ? e->size : 0;
	m->mtime = e->mtime;
	if (!t->opts.keep_owner) {
		m->uid = vl_owners_uid(t->owners, e->owner, e->uid);
		m->gid = vl_owners_gid(t->owners, e->group, e->gid);
	} else if (i->matched) {
		m->uid = i->before.uid;
		m->gid = i->before.gid;
	} else {
		m->uid = geteuid();
		m->gid = getegid();
	}
}

/* Where a new path is staged: in its new directory, or in new/ under N. */
static enum vl_status
place(struct vl_target *t, struct item *i, struct vl_err *err)
{
	struct plan_dir *up = inmost(t);

	i->inner = up != NULL && up->kind == DIR_STAGED;
	if (!i->inner)
		i->n = ++t->next_n;
	if (t->opts.stage == NULL)
		return VL_OK;
	if (i->inner) {
		i->dir = up->dir;
		i->dir->users++;
		return VL_OK;
	}
	i->dir = calloc(1, sizeof(*i->dir));
	if (i->dir == NULL)
		return vl_fail_memory(err);
	i->dir->users = 1;
	i->dir->fd = fcntl(vl_stage_newfd(t->opts.stage), F_DUPFD_CLOEXEC, 0);
	if (i->dir->fd < 0) {
		vl_fail_errno(err, "cannot stage '%s'", i->path);
		free(i->dir);
		i->dir = NULL;
		return err->status;
	}
	return VL_OK;
}

/* Make the staged folder of a new directory; i->dir becomes itself. */
static enum vl_status
make_dir(struct vl_target *t, struct item *i, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	const char *slash = strrchr(i->path, '/');
	const char *name = slash == NULL ? i->path : slash + 1;
	struct stage_dir *self = NULL;
	enum vl_status st = place(t, i, err);

	if (st != VL_OK || i->dir == NULL)
		return st;
	if (!i->inner)
		name = vl_stage_n(n, i->n, "");
	self = calloc(1, sizeof(*self));
	if (self == NULL)
		return vl_fail_memory(err);
	self->users = 1;
	self->fd = -1;
	if (mkdirat(i->dir->fd, name, 0700) == 0)
		self->fd = openat(i->dir->fd, name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (self->fd < 0) {
		free(self);
		return vl_fail_errno(err, "cannot stage '%s'", i->path);
	}
	vl_stage_dir_release(i->dir);
	i->dir = self;
	return VL_OK;
}

/* What is here at the path of the record. */
static void
found(struct vl_target *t, struct item *i)
{
	i->matched = true;
	i->single = t->node.st.st_nlink <= 1;
	vl_meta_of_stat(&i->before, &t->node.st);
	if (i->path_n == 0) {
		/* Staging or a probe may have stood in it since. */
		i->before.mtime.sec = t->opts.tree->mtime_sec;
		i->before.mtime.nsec = t->opts.tree->mtime_nsec;
	}
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
	if (st == VL_OK && matched) {
		if (t->node.type == VL_ENTRY_DIR)
			vl_walk_skip(t->walk);
		st = vl_plan_advance(t, err);
	}
	return st;
}

static bool
skipped(const struct vl_target *t, struct vl_slice path)
{
	return t->skipping && vl_path_below(path, vl_buf_slice(&t->skip_path));
}

static enum vl_status
put_old_dir(struct vl_target *t, uint64_t other, struct vl_err *err)
{
	struct item *i = item_new(t, ITEM_ENTER, t->node.path);

	if (i == NULL)
		return vl_fail_memory(err);
	i->dir_kind = DIR_OLD_ONLY;
	i->n = ++t->next_n;
	i->other = other;
	found(t, i);
	return enter(t, i, err);
}

/* A path that only the target has. */
static enum vl_status
put_target_only(struct vl_target *t, struct vl_err *err)
{
	const struct vl_node *node = &t->node;
	struct item *i = NULL;
	char name[256];
	enum vl_status st = leave_dirs(t, &node->path, err);

	if (st != VL_OK)
		return st;
	if (node->type == VL_ENTRY_LEFT_OUT && node->why == VL_WHY_UNREADABLE &&
	    !skipped(t, node->path))
		return vl_fail(err, VL_EIO,
		    "cannot read '%s' of resource "
		    "'%s' at the target: %s",
		    vl_escape_text(name, sizeof(name), node->path),
		    t->opts.resource->name,
		    node->cause == NULL ? "unknown" : node->cause);
	t->counts.before++;
	if (node->type == VL_ENTRY_LEFT_OUT || skipped(t, node->path) ||
	    t->opts.resource->target_only == VL_TARGET_ONLY_KEEP) {
		if (node->type == VL_ENTRY_DIR)
			vl_walk_skip(t->walk);
		return push_simple(t, ITEM_KEEP, node->path, "kept", err);
	}
	if (node->type == VL_ENTRY_DIR)
		return put_old_dir(t, 0, err);
	i = item_new(t, ITEM_DELETE, node->path);
	if (i == NULL)
		return vl_fail_memory(err);
	i->n = ++t->next_n;
	found(t, i);
	return push(t, i, err);
}

static enum vl_status
put_dir(struct vl_target *t, const struct vl_entry *e, bool matched,
    struct vl_err *err)
{
	struct item *i = item_new(t, ITEM_ENTER, e->path);
	struct item *old = NULL;
	enum vl_status st = VL_OK;

	if (i == NULL)
		return vl_fail_memory(err);
	if (matched && t->node.type != VL_ENTRY_DIR) {
		old = item_new(t, ITEM_DELETE, e->path);
		if (old == NULL) {
			vl_item_free(i);
			return vl_fail_memory(err);
		}
		found(t, old);
		old->n = ++t->next_n;
	} else if (matched) {
		found(t, i);
	}
	wanted(t, i, e);
	i->dir_kind = i->matched ? DIR_MATCHED : DIR_STAGED;
	if (i->matched && t->opts.on_match == VL_ON_MATCH_SKIP)
		i->after = i->before;
	if (!i->matched)
		st = make_dir(t, i, err);
	if (st == VL_OK && old != NULL) {
		old->other = i->n;
		i->other = old->n;
		st = push(t, old, err);
		old = NULL;
	}
	if (st != VL_OK) {
		vl_item_free(old);
		vl_item_free(i);
		return st;
	}
	if (matched)
		st = vl_plan_advance(t, err);
	if (st != VL_OK) {
		vl_item_free(i);
		return st;
	}
	return enter(t, i, err);
}

/* All of a small body's chunks, or the first ones of a large one. */
static enum vl_status
take_refs(struct item *i, bool *large, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t n = 0;

	*large = false;
	while (i->nrefs < ITEM_REFS) {
		st = i->body.part(i->body.arg, i->refs + i->nrefs,
		    ITEM_REFS - i->nrefs, &n, err);
		if (st != VL_OK || n == 0)
			return st;
		i->nrefs += n;
	}
	*large = true;
	return VL_OK;
}

static enum vl_status
start_file(struct vl_target *t, struct item *i, const struct vl_entry *e,
    struct vl_err *err)
{
	bool large = false;
	enum vl_status st = VL_OK;

	memcpy(i->hash, e->hash, sizeof(i->hash));
	if (i->matched && t->node.type == VL_ENTRY_FILE &&
	    i->before.size == i->after.size)
		(void)vl_walk_file(t->walk, &i->fd);
	st = take_refs(i, &large, err);
	if (st != VL_OK)
		return st;
	if (large)
		return vl_work_large(i, err);
	i->job.run = vl_work_file;
	i->submitted = true;
	vl_pool_submit(t->opts.pool, &i->job);
	return VL_OK;
}

static enum vl_status
start_link(struct vl_target *t, struct item *i, const struct vl_entry *e,
    struct vl_err *err)
{
	i->outcome = OUTCOME_STAGE;
	if (i->matched && t->node.type == VL_ENTRY_LINK &&
	    vl_slice_equal(t->node.link, e->target)) {
		if (vl_meta_same_attributes(
		        &i->before, &i->after, t->opts.keep_owner))
			i->outcome = OUTCOME_SAME;
		else if (i->single)
			i->outcome = OUTCOME_META;
		if (i->outcome != OUTCOME_STAGE)
			return VL_OK;
	}
	if (i->dry)
		return VL_OK;
	return vl_work_link(i, e->target, err);
}

/* The link's target leaves the tree, as it is written. */
static bool
points_outside(const struct vl_entry *e)
{
	struct vl_slice rest = e->target;
	long depth = 0;
	size_t i = 0;

	if (rest.n > 0 && rest.p[0] == '/')
		return true;
	for (i = 0; i < e->path.n; i++)
		depth += e->path.p[i] == '/';
	while (rest.n > 0 && depth >= 0) {
		const uint8_t *slash = memchr(rest.p, '/', rest.n);
		size_t n = slash == NULL ? rest.n : (size_t)(slash - rest.p);

		if (n == 2 && memcmp(rest.p, "..", 2) == 0)
			depth--;
		else if (n > 0 && !(n == 1 && rest.p[0] == '.'))
			depth++;
		n += n < rest.n;
		rest.p += n;
		rest.n -= n;
	}
	return depth < 0;
}

static enum vl_status
put_entry(struct vl_target *t, const struct vl_entry *e,
    const struct vl_body *body, bool matched, struct vl_err *err)
{
	bool was_dir = matched && t->node.type == VL_ENTRY_DIR;
	struct item *i = item_new(t, ITEM_ENTRY, e->path);
	enum vl_status st = VL_OK;
	uint64_t n = 0;

	if (i == NULL)
		return vl_fail_memory(err);
	if (matched && !was_dir)
		found(t, i);
	wanted(t, i, e);
	i->body = *body;
	if (e->type == VL_ENTRY_LINK && points_outside(e))
		t->counts.outside++;
	if (i->matched && t->opts.on_match == VL_ON_MATCH_FAIL)
		i->dry = true;
	st = place(t, i, err);
	if (was_dir)
		i->other = t->next_n + 1; /* of the directory, see below */
	if (st == VL_OK)
		st = e->type == VL_ENTRY_FILE ? start_file(t, i, e, err) :
		                                start_link(t, i, e, err);
	if (st != VL_OK) {
		if (i->submitted)
			(void)vl_pool_wait(
			    t->opts.pool, &i->job, &(struct vl_err){ 0 });
		vl_item_free(i);
		return st;
	}
	n = i->n;
	st = push(t, i, err);
	if (st == VL_OK && was_dir)
		st = put_old_dir(t, n, err);
	if (st == VL_OK && matched)
		st = vl_plan_advance(t, err);
	return st;
}

static const char *
not_here(const struct vl_node *node)
{
	switch (node->why) {
	case VL_WHY_MOUNT:
		return "is a mount point at the target";
	case VL_WHY_KIND:
		return "is a socket, FIFO or device at the target";
	case VL_WHY_UNREADABLE:
		return "cannot be read at the target";
	default:
		return "has a name at the target that is too long";
	}
}

/* Records that cannot or need not be put; false: the record is an ordinary
 * one. */
static bool
refuse(struct vl_target *t, const struct vl_entry *e, bool matched,
    enum item_kind *kind, const char **why)
{
	*kind = ITEM_KEEP;
	*why = "kept";
	if (e->type == VL_ENTRY_LEFT_OUT ||
	    vl_exclude_match(t->exclude, e->path, e->type == VL_ENTRY_DIR))
		return true;
	if (matched && t->node.type == VL_ENTRY_LEFT_OUT &&
	    t->node.why == VL_WHY_EXCLUDED)
		return true;
	if (matched && t->opts.on_match == VL_ON_MATCH_SKIP &&
	    !(e->type == VL_ENTRY_DIR && t->node.type == VL_ENTRY_DIR))
		return true;
	*kind = ITEM_CONFLICT;
	if (matched && t->node.type == VL_ENTRY_LEFT_OUT) {
		*why = not_here(&t->node);
		return true;
	}
	*why = "its kind is not known to this version yet";
	if (e->type != VL_ENTRY_DIR && e->type != VL_ENTRY_FILE &&
	    e->type != VL_ENTRY_LINK)
		return true;
	*why = "setuid and setgid are not brought by this version yet";
	if (e->type == VL_ENTRY_FILE && (e->mode & 06000) != 0)
		return true;
	*why = "type differs";
	return matched && t->opts.on_match == VL_ON_MATCH_FAIL &&
	    (e->type == VL_ENTRY_DIR) != (t->node.type == VL_ENTRY_DIR);
}

enum vl_status
vl_target_put(struct vl_target *t, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err)
{
	enum item_kind kind = ITEM_KEEP;
	const char *why = NULL;
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
	if (st != VL_OK)
		return st;
	if (skipped(t, e->path))
		return e->type == VL_ENTRY_LEFT_OUT ?
		    VL_OK :
		    push_simple(t, ITEM_KEEP, e->path, "kept", err);
	matched = t->have && vl_slice_equal(t->node.path, e->path);
	if (matched && e->path.n > 0)
		t->counts.before++;
	if (refuse(t, e, matched, &kind, &why)) {
		st = push_simple(t, kind, e->path, why, err);
		if (st == VL_OK)
			st = skip(t, e->path, matched, err);
		return st;
	}
	if (e->type == VL_ENTRY_DIR)
		return put_dir(t, e, matched, err);
	return put_entry(t, e, body, matched, err);
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
	if (st == VL_OK && t->steps != NULL)
		st = vl_steps_w_finish(t->steps, err);
	return st;
}
