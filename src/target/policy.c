/*
 * What may not, need not or cannot be put: by the words of site.yaml, by the
 * rights of this user, and by what the target's file system can hold.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <valise/text.h>

#include "plan.h"

static void
keep(struct verdict *v)
{
	v->put = false;
	v->kind = ITEM_KEEP;
}

static void
keep_said(struct verdict *v)
{
	keep(v);
	v->said = true;
	(void)snprintf(v->text, sizeof(v->text), "keep_here");
}

static void
refuse(struct verdict *v, const char *why)
{
	v->put = false;
	v->kind = ITEM_CONFLICT;
	(void)snprintf(
	    v->text, sizeof(v->text), "%.*s", (int)sizeof(v->text) - 1, why);
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

bool
vl_policy_untouched(const struct vl_target *t, struct vl_slice path)
{
	return (t->keep != NULL && vl_exclude_match(t->keep, path, false)) ||
	    vl_exclude_match(t->exclude, path, false);
}

bool
vl_policy_in_unit(const struct vl_target *t, struct vl_slice path)
{
	const uint8_t *slash = NULL;
	struct vl_slice above = path;

	for (above.n = 0; t->unit != NULL; above.n++) {
		slash = memchr(path.p + above.n, '/', path.n - above.n);
		if (slash == NULL)
			return false;
		above.n = (size_t)(slash - path.p);
		if (vl_exclude_match(t->unit, above, true))
			return true;
	}
	return false;
}

static bool
is_unit(const struct vl_target *t, struct vl_slice path)
{
	return t->unit != NULL && !vl_policy_in_unit(t, path) &&
	    vl_exclude_match(t->unit, path, true);
}

static bool
is_special(enum vl_entry_type type)
{
	return type == VL_ENTRY_FIFO || type == VL_ENTRY_CHAR ||
	    type == VL_ENTRY_BLOCK;
}

/* keep_here names it, as what it is here or as what would come. */
static bool
is_kept(
    const struct vl_target *t, const struct vl_entry *e, struct vl_slice path)
{
	bool dir = (e != NULL && e->type == VL_ENTRY_DIR) ||
	    (t->have && vl_slice_equal(t->node.path, path) &&
	        t->node.type == VL_ENTRY_DIR);

	return path.n > 0 && t->keep != NULL &&
	    vl_exclude_match(t->keep, path, dir);
}

/* Another name that is the same one on this file system. */
static enum vl_status
check_fold(struct verdict *v, struct vl_target *t, struct vl_slice path,
    struct vl_err *err)
{
	struct vl_slice other = { NULL, 0 };
	char shown[600];
	enum vl_status st = VL_OK;

	if (t->fold == NULL)
		return VL_OK;
	st = vl_fold_add(t->fold, path, &other, err);
	if (st != VL_OK || other.p == NULL)
		return st;
	refuse(v, "");
	(void)snprintf(v->text, sizeof(v->text), "is one name with '%s' on %s",
	    vl_escape_text(shown, sizeof(shown), other), t->holds.name);
	return VL_OK;
}

/* Left alone by what the operator chose. */
static bool
left_alone(const struct vl_target *t, const struct vl_entry *e, bool matched)
{
	if (e->type == VL_ENTRY_LEFT_OUT ||
	    vl_exclude_match(t->exclude, e->path, e->type == VL_ENTRY_DIR))
		return true;
	if (matched && t->node.type == VL_ENTRY_LEFT_OUT &&
	    t->node.why == VL_WHY_EXCLUDED)
		return true;
	return matched && t->opts.on_match == VL_ON_MATCH_SKIP &&
	    !(e->type == VL_ENTRY_DIR && t->node.type == VL_ENTRY_DIR);
}

/* The operator chose it for this path alone. */
static bool
stays(const struct vl_target *t, struct vl_slice path)
{
	return t->opts.stays != NULL &&
	    t->opts.stays(t->opts.report.arg, t->opts.resource->name, path);
}

bool
vl_target_leaves(const struct vl_target *t, struct vl_slice path)
{
	return vl_policy_untouched(t, path) || vl_plan_skips(t, path) ||
	    t->opts.on_match == VL_ON_MATCH_SKIP || stays(t, path);
}

/* Kinds that are not taken; NULL: this one is. */
static const char *
refused_kind(const struct vl_target *t, const struct vl_entry *e, bool matched)
{
	const struct vl_resource *r = t->opts.resource;

	if (matched && t->node.type == VL_ENTRY_LEFT_OUT)
		return not_here(&t->node);
	if (matched && t->opts.on_match == VL_ON_MATCH_FAIL &&
	    (e->type == VL_ENTRY_DIR) != (t->node.type == VL_ENTRY_DIR))
		return "type differs";
	if (vl_path_hidden(e->path, VL_STAGING))
		return "is a name that valise keeps for itself";
	if (is_special(e->type) && !r->special)
		return e->type == VL_ENTRY_FIFO ?
		    "is a FIFO: needs 'special: true'" :
		    "is a device: needs 'special: true'";
	if ((e->type == VL_ENTRY_CHAR || e->type == VL_ENTRY_BLOCK) &&
	    geteuid() != 0)
		return "is a device: only root can make one";
	if (e->type == VL_ENTRY_LINK && r->links == VL_LINKS_INSIDE &&
	    !vl_link_stays_inside(e->path, e->target))
		return WHY_LEADS_OUT;
	return NULL;
}

static bool
starts(struct vl_slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* A machine's own label is no attribute of the tree. */
bool
vl_policy_privileged(struct vl_slice name)
{
	return !starts(name, "user.") &&
	    !vl_slice_equal(name, vl_slice_of("security.selinux"));
}

static void
also(char *text, size_t size, const char *what)
{
	size_t n = strlen(text);

	(void)snprintf(text + n, size - n, "%s%s", n == 0 ? "" : ", ", what);
}

/* What of it this resource or this user may not set, in `what`. */
static unsigned
lacks_rights(const struct vl_target *t, const struct vl_entry *e, char *what,
    size_t size)
{
	const bool may = t->opts.tree->privileged;
	char one[300];
	unsigned lacks = 0;
	size_t i = 0;

	if (!may && e->type == VL_ENTRY_FILE && (e->mode & 06000) != 0) {
		lacks |= LACKS_PRIVILEGE;
		also(what, size,
		    (e->mode & 06000) == 06000 ? "setuid, setgid" :
		        (e->mode & 04000) != 0 ? "setuid" :
		                                 "setgid");
	}
	for (i = 0; i < e->nxattrs && !may; i++) {
		if (!vl_policy_privileged(e->xattrs[i].name))
			continue;
		lacks |= LACKS_PRIVILEGE;
		also(what, size,
		    vl_escape_text(one, sizeof(one), e->xattrs[i].name));
	}
	if ((e->flags & VL_FLAGS_LOCK) != 0 && geteuid() != 0) {
		lacks |= LACKS_LOCK;
		also(what, size,
		    (e->flags & VL_FLAG_IMMUTABLE) != 0 ? "immutable" :
		                                          "append");
	}
	return lacks;
}

/* Two people of an ACL may be one here. */
static bool
check_acl(struct verdict *v, const struct vl_target *t,
    const struct vl_acl_entry *acl, size_t n)
{
	struct vl_buf value = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	if (n > 0)
		st = vl_acl_encode(&value, acl, n, t->owners, &err);
	vl_buf_free(&value);
	if (st == VL_OK)
		return true;
	refuse(v, err.text);
	return false;
}

/* A directory that is refused for its attributes alone: there may be more to
 * be said of what is in it. */
static void
look_inside(struct verdict *v, const struct vl_entry *e, unsigned lacks)
{
	if (e->type != VL_ENTRY_DIR)
		return;
	v->put = true;
	v->refused = true;
	v->lacks = lacks;
}

/* Names of site.yaml that are nobody, each told where it is met first: the
 * number of the source would be somebody else's. */
static bool
check_owners(
    struct verdict *v, const struct vl_target *t, const struct vl_entry *e)
{
	struct vl_lost_owner lost = { 0 };
	char names[400] = "";
	char one[300];
	char from[100];
	char to[100];

	if (!t->opts.keep_owner && t->holds.owners) {
		(void)vl_owners_uid(t->owners, e->owner, e->uid);
		(void)vl_owners_gid(t->owners, e->group, e->gid);
	}
	while (vl_owners_lost(t->owners, &lost)) {
		(void)snprintf(one, sizeof(one), "%s '%s' (for '%s')",
		    lost.group ? "group" : "user",
		    vl_escape_text(to, sizeof(to), vl_slice_of(lost.to)),
		    vl_escape_text(from, sizeof(from), vl_slice_of(lost.from)));
		also(names, sizeof(names), one);
	}
	if (names[0] == '\0')
		return true;
	refuse(v, "");
	(void)snprintf(v->text, sizeof(v->text),
	    "'owners' names who is not known here: %s", names);
	return false;
}

/* What is brought without something, or not at all. */
static void
check_attributes(
    struct verdict *v, const struct vl_target *t, const struct vl_entry *e)
{
	char rights[400] = "";
	char room[200] = "";
	unsigned lacks = 0;
	unsigned holds = 0;
	bool acl = true;

	lacks = lacks_rights(t, e, rights, sizeof(rights));
	holds = vl_holds_lacks(&t->holds, e, room, sizeof(room));
	if ((holds & VL_LACKS_ACL) == 0)
		acl = check_acl(v, t, e->acl, e->nacl) &&
		    check_acl(v, t, e->acl_default, e->nacl_default);
	if (!check_owners(v, t, e) || !acl) {
		look_inside(v, e, VL_LACKS_ACL);
		return;
	}
	if (lacks == 0 && holds == 0)
		return;
	if (t->opts.resource->on_unsupported == VL_ON_UNSUPPORTED_DROP) {
		v->lacks = lacks | holds;
		(void)snprintf(v->text, sizeof(v->text), "%s%s%s", rights,
		    rights[0] != '\0' && room[0] != '\0' ? ", " : "", room);
		return;
	}
	refuse(v, "");
	if (lacks == 0)
		(void)snprintf(v->text, sizeof(v->text),
		    "%s has no room for: %s", t->holds.name, room);
	else
		(void)snprintf(v->text, sizeof(v->text), "needs %s: %s",
		    (lacks & LACKS_PRIVILEGE) == 0 ||
		            t->opts.resource->privileged ?
		        "to be imported by root" :
		        "'privileged: true'",
		    rights);
	look_inside(v, e, lacks | holds);
}

enum vl_status
vl_policy_record(struct verdict *v, struct vl_target *t,
    const struct vl_entry *e, bool matched, struct vl_err *err)
{
	const char *why = NULL;
	char text[sizeof(v->text)];
	enum vl_status st = VL_OK;

	*v = (struct verdict){ .put = true };
	if (is_kept(t, e, e->path)) {
		keep_said(v);
		return VL_OK;
	}
	if (left_alone(t, e, matched)) {
		keep(v);
		return VL_OK;
	}
	if (stays(t, e->path)) {
		v->as_is = matched && e->type == VL_ENTRY_DIR &&
		    t->node.type == VL_ENTRY_DIR;
		if (v->as_is)
			return check_fold(v, t, e->path, err);
		keep(v);
		return VL_OK;
	}
	if (e->type == VL_ENTRY_HARD) {
		st = vl_link_verdict(v, t, e, err);
		if (st != VL_OK || !v->put)
			return st;
	}
	why = refused_kind(t, e, matched);
	if (why == NULL)
		why = vl_holds_refuses(&t->holds, e, text, sizeof(text));
	if (why != NULL) {
		refuse(v, why);
		return VL_OK;
	}
	/* A directory that is skipped keeps its own. */
	if (e->type != VL_ENTRY_HARD &&
	    !(matched && t->opts.on_match == VL_ON_MATCH_SKIP))
		check_attributes(v, t, e);
	return v->put ? check_fold(v, t, e->path, err) : VL_OK;
}

/* What rows say of it; NOT: nothing. */
static enum vl_status
ask_rows(const struct vl_target *t, enum vl_named *what, struct vl_err *err)
{
	*what = VL_NAMED_NOT;
	return t->opts.named == NULL ?
	    VL_OK :
	    t->opts.named(t->opts.report.arg, t->opts.resource->name,
	        t->node.path, what, err);
}

/* What only the target has is its own, by the word of the resource. */
static bool
is_own(const struct vl_target *t, enum vl_named what)
{
	const struct vl_node *node = &t->node;

	if (what == VL_NAMED_STAYS)
		return true;
	if (what != VL_NAMED_NOT &&
	    t->opts.resource->target_only == VL_TARGET_ONLY_BROUGHT)
		return false;
	if (vl_policy_in_unit(t, node->path))
		return false;
	switch (t->opts.resource->target_only) {
	case VL_TARGET_ONLY_DELETE:
		return false;
	case VL_TARGET_ONLY_KEEP:
		return true;
	case VL_TARGET_ONLY_BROUGHT:
		break;
	}
	/* In a directory of its own may be something that was brought; a unit
	 * goes as a whole. */
	return !vl_listed_is(t->listed, node->path) &&
	    (node->type != VL_ENTRY_DIR || is_unit(t, node->path) ||
	        !vl_listed_below(t->listed, node->path, NULL));
}

enum vl_status
vl_policy_target_only(
    struct verdict *v, struct vl_target *t, struct vl_err *err)
{
	const struct vl_node *node = &t->node;
	enum vl_named what = VL_NAMED_NOT;
	char name[256];

	*v = (struct verdict){ .put = true };
	if (is_kept(t, NULL, node->path)) {
		keep_said(v);
		return VL_OK;
	}
	if (ask_rows(t, &what, err) != VL_OK)
		return err->status;
	if (node->type == VL_ENTRY_LEFT_OUT && node->why == VL_WHY_UNREADABLE)
		return vl_fail(err, VL_EIO,
		    "cannot read '%s' of resource "
		    "'%s' at the target: %s",
		    vl_escape_text(name, sizeof(name), node->path),
		    t->opts.resource->name,
		    node->cause == NULL ? "unknown" : node->cause);
	if (node->type == VL_ENTRY_LEFT_OUT || is_own(t, what)) {
		keep(v);
	} else if (stays(t, node->path)) {
		v->as_is = node->type == VL_ENTRY_DIR;
		if (!v->as_is)
			keep(v);
	} else if (node->type == VL_ENTRY_DIR && is_unit(t, node->path) &&
	    vl_walk_all_below(t->walk, node->path, err) != VL_OK) {
		return err->status;
	}
	return check_fold(v, t, node->path, err);
}
