/*
 * What becomes of one record that is put, or of one path that only the
 * target has: its item, with what is wanted and what was found.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>

#include "plan.h"

struct item *
vl_item_new(struct vl_target *t, enum item_kind kind, struct vl_slice path)
{
	struct item *i = calloc(1, sizeof(*i) + path.n + 1);

	if (i == NULL)
		return NULL;
	i->t = t;
	i->kind = kind;
	i->fd = -1;
	i->dry = t->opts.stage == NULL;
	i->listed = vl_listed_is(t->listed, path);
	i->path_n = path.n;
	if (path.n > 0)
		memcpy(i->path, path.p, path.n);
	return i;
}

struct vl_slice
vl_item_path(const struct item *i)
{
	return (struct vl_slice){ (const uint8_t *)i->path, i->path_n };
}

enum vl_status
vl_item_read_before(
    struct item *i, int fd, const char *name, struct vl_err *err)
{
	if (!vl_attrs_read(&i->attrs_before, fd, name,
	        vl_attrs_which(i->t->opts.tree->privileged)))
		return vl_fail_errno(
		    err, "cannot read the attributes of '%s'", i->path);
	i->before.attrs = vl_buf_slice(&i->attrs_before.bytes);
	i->before.flags = i->attrs_before.flags;
	return VL_OK;
}

/* What is here at the path of the record. */
static enum vl_status
found(struct vl_target *t, struct item *i, struct vl_err *err)
{
	const struct stat *st = &t->node.st;

	i->matched = true;
	i->whole = st->st_nlink <= 1;
	i->dev = st->st_dev;
	i->ino = st->st_ino;
	i->sparse = st->st_blocks * 512 < st->st_size;
	vl_meta_of_stat(&i->before, st);
	if (i->path_n == 0) {
		/* Staging or a probe may have stood in it since. */
		i->before.mtime.sec = t->opts.tree->mtime_sec;
		i->before.mtime.nsec = t->opts.tree->mtime_nsec;
	}
	return t->node.type == VL_ENTRY_DIR ?
	    vl_item_read_before(i, t->node.fd, "", err) :
	    VL_OK;
}

/* One attribute after the others, where it is brought. */
static enum vl_status
want_xattr(struct vl_buf *out, const struct vl_want *w,
    const struct vl_xattr *x, struct vl_err *err)
{
	if (vl_slice_equal(x->name, vl_slice_of("security.selinux")) ||
	    ((w->lacks & VL_LACKS_XATTRS) != 0 &&
	        !vl_holds_xattr(w->holds, x->name)) ||
	    ((w->lacks & LACKS_PRIVILEGE) != 0 &&
	        vl_policy_privileged(x->name)))
		return VL_OK;
	return vl_attrs_add(out, x->name, x->value, err);
}

static enum vl_status
want_acl(struct vl_buf *out, const struct vl_want *w, const char *name,
    const struct vl_acl_entry *acl, size_t n, struct vl_err *err)
{
	struct vl_buf value = { 0 };
	enum vl_status st = VL_OK;

	if (n == 0)
		return VL_OK;
	st = vl_acl_encode(&value, acl, n, w->owners, err);
	if (st == VL_OK)
		st = vl_attrs_add(
		    out, vl_slice_of(name), vl_buf_slice(&value), err);
	vl_buf_free(&value);
	return st;
}

enum vl_status
vl_want_attrs(struct vl_buf *out, const struct vl_want *w,
    const struct vl_entry *e, struct vl_err *err)
{
	const struct vl_slice acl = vl_slice_of(VL_ATTR_ACL_ACCESS);
	const bool keep = (w->lacks & VL_LACKS_ACL) == 0;
	enum vl_status st = VL_OK;
	size_t k = 0;

	/* ACLs stand among the others by their names. */
	for (k = 0; k < e->nxattrs && st == VL_OK &&
	     vl_slice_cmp(e->xattrs[k].name, acl) < 0;
	     k++)
		st = want_xattr(out, w, &e->xattrs[k], err);
	if (st == VL_OK && keep)
		st = want_acl(out, w, VL_ATTR_ACL_ACCESS, e->acl, e->nacl, err);
	if (st == VL_OK && keep)
		st = want_acl(out, w, VL_ATTR_ACL_DEFAULT, e->acl_default,
		    e->nacl_default, err);
	for (; k < e->nxattrs && st == VL_OK; k++)
		st = want_xattr(out, w, &e->xattrs[k], err);
	return st;
}

static void
want_owner(struct item *i, const struct vl_entry *e, unsigned lacks)
{
	const struct vl_target *t = i->t;
	struct vl_meta *m = &i->after;

	if (!t->opts.keep_owner && (lacks & VL_LACKS_OWNER) == 0) {
		m->uid = vl_owners_uid(t->owners, e->owner, e->uid);
		m->gid = vl_owners_gid(t->owners, e->group, e->gid);
		return;
	}
	m->without |= VL_WITHOUT_OWNER;
	m->uid = i->matched ? i->before.uid : geteuid();
	m->gid = i->matched ? i->before.gid : getegid();
}

/* What a record asks for, in this machine's numbers. */
static enum vl_status
wanted(struct item *i, const struct vl_entry *e, const struct verdict *v,
    struct vl_err *err)
{
	const struct vl_holds *holds = &i->t->holds;
	const struct vl_want want = { holds, i->t->owners, v->lacks };
	struct vl_meta *m = &i->after;
	enum vl_status st = VL_OK;

	m->type = e->type;
	m->mode = e->type == VL_ENTRY_LINK ? 0 : e->mode;
	if (e->type == VL_ENTRY_FILE && (v->lacks & LACKS_PRIVILEGE) != 0)
		m->mode &= ~06000u;
	if ((v->lacks & VL_LACKS_MODE) != 0)
		m->without |= VL_WITHOUT_MODE;
	m->size = e->type == VL_ENTRY_FILE ? e->size : 0;
	m->mtime = e->mtime;
	vl_holds_time(holds, &m->mtime);
	if ((v->lacks & VL_LACKS_ANY_TIME) != 0 && i->matched)
		m->mtime = i->before.mtime;
	m->major = e->major;
	m->minor = e->minor;
	m->flags = e->flags;
	if ((v->lacks & VL_LACKS_FLAGS) != 0)
		m->flags &= holds->flags;
	if ((v->lacks & LACKS_LOCK) != 0)
		m->flags &= ~VL_FLAGS_LOCK;
	want_owner(i, e, v->lacks);
	i->refused = v->refused;
	if (v->lacks != 0 && (i->text = strdup(v->text)) == NULL)
		return vl_fail_memory(err);
	st = vl_want_attrs(&i->attrs_after, &want, e, err);
	m->attrs = vl_buf_slice(&i->attrs_after);
	return st;
}

/* Where a new path is staged: in its new directory, or in new/ under N. */
static enum vl_status
place(struct vl_target *t, struct item *i, struct vl_err *err)
{
	struct plan_dir *up = vl_plan_inmost(t);

	i->inner = up != NULL && up->kind == DIR_STAGED;
	if (i->inner) {
		i->top_n = up->top_n;
		i->top_path_n = up->top_path_n;
	}
	/* What is locked once it is in place has a step of its own for it. */
	if (!i->inner || (i->after.flags & VL_FLAGS_LOCK) != 0)
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
	const char *name = NULL;
	struct stage_dir *self = NULL;
	enum vl_status st = place(t, i, err);

	if (st != VL_OK || i->dir == NULL)
		return st;
	name = vl_write_name(i, n);
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

static enum vl_status
put_old_dir(struct vl_target *t, uint64_t other, bool stays, struct vl_err *err)
{
	struct item *i = vl_item_new(t, ITEM_ENTER, t->node.path);

	if (i == NULL)
		return vl_fail_memory(err);
	i->dir_kind = DIR_OLD_ONLY;
	i->n = ++t->next_n;
	i->other = other;
	i->stays = stays ||
	    (other == 0 && !i->listed &&
	        t->opts.resource->target_only == VL_TARGET_ONLY_BROUGHT &&
	        !vl_policy_in_unit(t, t->node.path));
	if (found(t, i, err) != VL_OK) {
		vl_item_free(i);
		return err->status;
	}
	return vl_plan_enter(t, i, err);
}

/* The item of what goes that is no directory. */
static enum vl_status
new_delete(struct item **out, struct vl_target *t, struct vl_err *err)
{
	*out = vl_item_new(t, ITEM_DELETE, t->node.path);
	if (*out == NULL)
		return vl_fail_memory(err);
	(*out)->n = ++t->next_n;
	return found(t, *out, err);
}

enum vl_status
vl_plan_removal(
    struct vl_target *t, const struct verdict *v, struct vl_err *err)
{
	struct item *i = NULL;

	if (t->node.type == VL_ENTRY_DIR)
		return put_old_dir(t, 0, v->as_is, err);
	if (new_delete(&i, t, err) != VL_OK) {
		vl_item_free(i);
		return err->status;
	}
	return vl_plan_push(t, i, err);
}

/* All that is known of a directory before it begins; `*old` is what stands
 * in its place. */
static enum vl_status
prepare_dir(struct item *i, struct item **old, const struct vl_entry *e,
    const struct verdict *v, struct vl_err *err)
{
	struct vl_target *t = i->t;
	enum vl_status st = VL_OK;

	if (i->matched && t->node.type != VL_ENTRY_DIR) {
		i->matched = false;
		st = new_delete(old, t, err);
	} else if (i->matched) {
		st = found(t, i, err);
	}
	if (st == VL_OK && i->matched &&
	    (v->as_is || t->opts.on_match == VL_ON_MATCH_SKIP))
		i->after = i->before;
	else if (st == VL_OK)
		st = wanted(i, e, v, err);
	if (st != VL_OK)
		return st;
	i->dir_kind = i->matched ? DIR_MATCHED : DIR_STAGED;
	if (!i->matched)
		st = make_dir(t, i, err);
	if (st == VL_OK && *old != NULL) {
		(*old)->other = i->n;
		i->other = (*old)->n;
	}
	return st;
}

enum vl_status
vl_plan_dir(struct vl_target *t, const struct vl_entry *e,
    const struct verdict *v, bool matched, struct vl_err *err)
{
	struct item *i = vl_item_new(t, ITEM_ENTER, e->path);
	struct item *old = NULL;
	enum vl_status st = VL_OK;

	if (i == NULL)
		return vl_fail_memory(err);
	i->matched = matched;
	st = prepare_dir(i, &old, e, v, err);
	if (st == VL_OK && old != NULL) {
		st = vl_plan_push(t, old, err);
		old = NULL;
	}
	if (st == VL_OK && matched)
		st = vl_plan_advance(t, err);
	if (st != VL_OK) {
		vl_item_free(old);
		vl_item_free(i);
		return st;
	}
	return vl_plan_enter(t, i, err);
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
start_file(struct item *i, const struct vl_entry *e, struct vl_err *err)
{
	struct vl_target *t = i->t;
	bool large = false;
	enum vl_status st = vl_buf_add(&i->holes,
	    (struct vl_slice){
	        (const uint8_t *)e->holes, e->nholes * sizeof(*e->holes) },
	    err);

	memcpy(i->hash, e->hash, sizeof(i->hash));
	if (i->matched && t->node.type == VL_ENTRY_FILE && !i->anew &&
	    i->before.size == i->after.size)
		(void)vl_walk_file(t->walk, &i->fd);
	if (st == VL_OK)
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

/* What is here is the same but perhaps for attributes and names. */
static bool
same_node(const struct item *i, const struct vl_entry *e)
{
	const struct vl_node *node = &i->t->node;

	if (!i->matched || node->type != e->type)
		return false;
	return e->type == VL_ENTRY_LINK ?
	    vl_slice_equal(node->link, e->target) :
	    i->before.major == e->major && i->before.minor == e->minor;
}

/* Links, FIFOs and devices: nothing in them takes long. */
static enum vl_status
start_node(struct item *i, const struct vl_entry *e, struct vl_err *err)
{
	const struct vl_node *node = &i->t->node;
	char name[VL_NAME_MAX + 1] = "";

	i->outcome = OUTCOME_STAGE;
	i->alike = same_node(i, e);
	if (i->alike && !i->anew && !vl_link_barred(i)) {
		memcpy(name, node->name.p, node->name.n);
		/* A link has no other attributes but privileged ones. */
		if ((e->type != VL_ENTRY_LINK || i->t->opts.tree->privileged) &&
		    vl_item_read_before(i, node->parentfd, name, err) != VL_OK)
			return err->status;
		if (vl_meta_same_attributes(&i->before, &i->after))
			i->outcome = OUTCOME_SAME;
		else if (i->whole)
			i->outcome = OUTCOME_META;
	}
	if (i->dry || i->outcome != OUTCOME_STAGE)
		return VL_OK;
	return vl_work_node(i, e->target, err);
}

/* What was found and what is wanted, and the work to be done. */
static enum vl_status
start(struct item *i, const struct put *p, struct vl_err *err)
{
	const struct vl_entry *e = p->e;
	struct vl_target *t = i->t;
	enum vl_status st = VL_OK;

	if (p->matched && t->node.type != VL_ENTRY_DIR)
		st = found(t, i, err);
	if (st == VL_OK && e->type != VL_ENTRY_HARD)
		st = wanted(i, e, p->verdict, err);
	if (st != VL_OK)
		return st;
	i->body = *p->body;
	if (e->type == VL_ENTRY_LINK &&
	    !vl_link_stays_inside(e->path, e->target))
		t->counts.outside++;
	if (i->matched && t->opts.on_match == VL_ON_MATCH_FAIL)
		i->dry = true;
	st = place(t, i, err);
	if (st != VL_OK)
		return st;
	if (e->type == VL_ENTRY_HARD) {
		i->outcome = OUTCOME_STAGE;
		i->to = strndup((const char *)e->target.p, e->target.n);
		return i->to == NULL ? vl_fail_memory(err) : VL_OK;
	}
	vl_link_meet(t, i);
	if (i->leader && e->type == VL_ENTRY_LINK)
		st = vl_buf_add(&i->link, e->target, err);
	if (st == VL_OK && i->matched && t->node.type == e->type)
		st = vl_link_claim(t, i, t->node.st.st_nlink, err);
	if (st == VL_OK)
		st = e->type == VL_ENTRY_FILE ? start_file(i, e, err) :
		                                start_node(i, e, err);
	return st;
}

enum vl_status
vl_plan_entry(struct vl_target *t, const struct put *p, struct vl_err *err)
{
	bool was_dir = p->matched && t->node.type == VL_ENTRY_DIR;
	struct item *i = vl_item_new(t, ITEM_ENTRY, p->e->path);
	enum vl_status st = VL_OK;
	uint64_t n = 0;

	if (i == NULL)
		return vl_fail_memory(err);
	st = start(i, p, err);
	if (st != VL_OK) {
		if (i->submitted)
			(void)vl_pool_wait(
			    t->opts.pool, &i->job, &(struct vl_err){ 0 });
		vl_item_free(i);
		return st;
	}
	n = i->n;
	if (was_dir)
		i->other = t->next_n + 1; /* of the directory, see below */
	st = vl_plan_push(t, i, err);
	if (st == VL_OK && was_dir)
		st = put_old_dir(t, n, false, err);
	if (st == VL_OK && p->matched)
		st = vl_plan_advance(t, err);
	return st;
}
