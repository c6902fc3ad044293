/*
 * How a string of attributes becomes what a path has.  What goes makes room,
 * then what shrinks; what grows comes last, the largest first.  A file system
 * may have several places for them (ext4: what is left of the inode, and one
 * block), so that what fits depends on the order, and on where those stand
 * that are there.  Hence, where there is no room: all of them go, and come
 * anew.  What was possible once that way, on an entry without any, always is.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "look.h"

#define ATTR_NAME_MAX 255
#define BEGINNINGS    32 /* in which they are set anew */

/* An open file, or a name in an open directory by way of /proc. */
struct place {
	int fd;
	bool named;
	bool full; /* there was no room for what was set last */
	char path[VL_LOOK_PROC_MAX];
};
struct item {
	struct vl_xattr x;
	bool there; /* by now, with `was` bytes */
	bool same;  /* and as it shall be */
	size_t was;
};

struct change {
	struct place *p;
	struct vl_slice now;
	struct item *items; /* what is wanted, the largest first */
	size_t n;
	/* The ACL that carries the mode lets its owner write until all is set,
	 * since the kernel asks for that: where it will not, `acl` is its final
	 * value, and `open` the one till then. */
	struct vl_slice acl;
	struct vl_buf open;
};

static enum vl_status
refused(const char *what, struct vl_slice name, struct vl_err *err)
{
	const int error = errno;
	char shown[512];
	enum vl_status st = vl_fail_errno(err, "cannot %s attribute '%s'", what,
	    vl_escape_text(shown, sizeof(shown), name));

	/* ENOSPC is also said to a value that is too large for its place. */
	if (error == ENOTSUP || error == E2BIG || error == ERANGE ||
	    error == ENOSPC)
		st = err->status = VL_EREFUSED;
	return st;
}

static bool
name_text(char name[ATTR_NAME_MAX + 1], struct vl_slice s)
{
	if (s.n > ATTR_NAME_MAX)
		return false;
	memcpy(name, s.p, s.n);
	name[s.n] = '\0';
	return true;
}

static enum vl_status
set_value(struct place *p, struct vl_slice name, struct vl_slice value,
    struct vl_err *err)
{
	char text[ATTR_NAME_MAX + 1];
	int rc = 0;

	if (!name_text(text, name))
		return vl_fail(err, VL_EREFUSED,
		    "an extended attribute has a name of %zu bytes", name.n);
	rc = p->named ? lsetxattr(p->path, text, value.p, value.n, 0) :
	                fsetxattr(p->fd, text, value.p, value.n, 0);
	if (rc == 0)
		return VL_OK;
	p->full = errno == ENOSPC || errno == ERANGE || errno == E2BIG;
	return refused("set", name, err);
}

static enum vl_status
remove_value(struct place *p, struct vl_slice name, struct vl_err *err)
{
	char text[ATTR_NAME_MAX + 1];
	int rc = 0;

	if (!name_text(text, name))
		return VL_OK; /* nothing has such a name */
	rc = p->named ? lremovexattr(p->path, text) : fremovexattr(p->fd, text);
	if (rc == 0 || errno == ENODATA)
		return VL_OK;
	return refused("remove", name, err);
}

static int
compare_items(const void *a, const void *b)
{
	const struct item *x = a;
	const struct item *y = b;
	const size_t xn = x->x.name.n + x->x.value.n;
	const size_t yn = y->x.name.n + y->x.value.n;

	if (xn != yn)
		return xn > yn ? -1 : 1;
	return vl_slice_cmp(x->x.name, y->x.name);
}

/* Of an ACL that takes reading or writing from the owner: one that does not,
 * of the same size. */
static enum vl_status
open_acl(struct change *c, struct item *it, struct vl_err *err)
{
	const size_t head = 4;
	const size_t entry = 8;
	const uint8_t user_obj = 1;
	const uint8_t rw = 6;
	uint8_t *at = NULL; /* u16 tag, u16 perm, u32 id */
	size_t i = 0;

	if (!vl_slice_equal(it->x.name, vl_slice_of(VL_ATTR_ACL_ACCESS)))
		return VL_OK;
	if (vl_buf_add(&c->open, it->x.value, err) != VL_OK)
		return err->status;
	for (i = head; i + entry <= c->open.n; i += entry) {
		at = c->open.p + i;
		if (at[0] == user_obj && at[1] == 0)
			at[2] |= rw;
	}
	if (!vl_slice_equal(it->x.value, vl_buf_slice(&c->open))) {
		c->acl = it->x.value;
		it->x.value = vl_buf_slice(&c->open);
	}
	return VL_OK;
}

static enum vl_status
list_items(struct change *c, struct vl_slice want, struct vl_err *err)
{
	struct vl_slice now = c->now;
	struct vl_slice rest = want;
	struct vl_xattr x = { 0 };
	struct vl_xattr old = { 0 };
	bool more = vl_attrs_next(&now, &old);
	struct item *it = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	while (vl_attrs_next(&rest, &x))
		n++;
	c->items = calloc(n + 1, sizeof(*c->items));
	if (c->items == NULL)
		return vl_fail_memory(err);
	while (st == VL_OK && vl_attrs_next(&want, &x)) {
		while (more && vl_slice_cmp(old.name, x.name) < 0)
			more = vl_attrs_next(&now, &old);
		it = &c->items[c->n++];
		it->x = x;
		it->there = more && vl_slice_equal(old.name, x.name);
		it->same = it->there && vl_slice_equal(old.value, x.value);
		it->was = it->there ? old.value.n : 0;
		if (!it->same)
			st = open_acl(c, it, err);
	}
	qsort(c->items, c->n, sizeof(*c->items), compare_items);
	return st;
}

static enum vl_status
change_init(struct change *c, struct place *p, struct vl_slice now,
    struct vl_slice want, struct vl_err *err)
{
	*c = (struct change){ .p = p, .now = now };
	return list_items(c, want, err);
}

static void
change_free(struct change *c)
{
	free(c->items);
	vl_buf_free(&c->open);
}

/* What is there and not wanted. */
static enum vl_status
remove_others(struct change *c, struct vl_slice want, struct vl_err *err)
{
	struct vl_slice now = c->now;
	struct vl_xattr old = { 0 };
	struct vl_xattr x = { 0 };
	bool more = vl_attrs_next(&want, &x);
	enum vl_status st = VL_OK;

	while (st == VL_OK && vl_attrs_next(&now, &old)) {
		while (more && vl_slice_cmp(x.name, old.name) < 0)
			more = vl_attrs_next(&want, &x);
		if (!more || !vl_slice_equal(x.name, old.name))
			st = remove_value(c->p, old.name, err);
	}
	return st;
}

/* Of those that are to change the ones that grow, or those that do not. */
static enum vl_status
set_items(struct change *c, bool grow, struct vl_err *err)
{
	const struct item *it = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < c->n && st == VL_OK; i++) {
		it = &c->items[i];
		if (!it->same &&
		    grow == (!it->there || it->x.value.n > it->was))
			st = set_value(c->p, it->x.name, it->x.value, err);
	}
	return st;
}

static enum vl_status
finish_acl(struct change *c, struct vl_err *err)
{
	return c->acl.n == 0 ?
	    VL_OK :
	    set_value(c->p, vl_slice_of(VL_ATTR_ACL_ACCESS), c->acl, err);
}

/* None of either stays; of `want` there may be some, or none. */
static enum vl_status
remove_all(struct place *p, struct vl_slice now, struct vl_slice want,
    struct vl_err *err)
{
	struct vl_err ignored = { 0 };
	struct vl_xattr x = { 0 };
	enum vl_status st = VL_OK;

	while (st == VL_OK && vl_attrs_next(&now, &x))
		st = remove_value(p, x.name, err);
	while (st == VL_OK && vl_attrs_next(&want, &x))
		(void)remove_value(p, x.name, &ignored);
	return st;
}

/* All, from item `first` on; those before it come last. */
static enum vl_status
set_all(struct change *c, size_t first, struct vl_err *err)
{
	const struct vl_xattr *x = NULL;
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; i < c->n && st == VL_OK; i++) {
		x = &c->items[(first + i) % c->n].x;
		st = set_value(c->p, x->name, x->value, err);
	}
	return st == VL_OK ? finish_acl(c, err) : st;
}

/*
 * To `want` by way of none.  What comes first gets the smaller place if it
 * fits there, so that another beginning may fill that better.
 */
static enum vl_status
set_anew(struct place *p, struct vl_slice now, struct vl_slice want,
    struct vl_err *err)
{
	const struct vl_slice none = { 0 };
	struct change c;
	enum vl_status st = change_init(&c, p, none, want, err);
	size_t first = 0;

	if (st != VL_OK)
		goto out;
	do {
		p->full = false;
		st = remove_all(p, now, want, err);
		if (st == VL_OK)
			st = set_all(&c, first, err);
	} while (st != VL_OK && p->full && ++first < c.n && first < BEGINNINGS);
out:
	change_free(&c);
	return st;
}

enum vl_status
vl_attrs_set(int fd, const char *name, struct vl_slice now,
    struct vl_slice want, struct vl_err *err)
{
	struct place p;
	struct change c;
	struct vl_err ignored = { 0 };
	enum vl_status st = VL_OK;

	if (vl_slice_equal(now, want))
		return VL_OK;
	p = (struct place){ .fd = fd, .named = name[0] != '\0' };
	if (p.named && !vl_look_proc(p.path, fd, name))
		return vl_fail_errno(err, "cannot set attributes");
	st = change_init(&c, &p, now, want, err);
	if (st == VL_OK)
		st = remove_others(&c, want, err);
	if (st == VL_OK)
		st = set_items(&c, false, err);
	if (st == VL_OK)
		st = set_items(&c, true, err);
	if (st == VL_OK)
		st = finish_acl(&c, err);
	change_free(&c);
	if (st == VL_OK || !p.full)
		return st;
	st = set_anew(&p, now, want, err);
	/* Better as it was than with nothing, for instance no ACL. */
	if (st != VL_OK)
		(void)set_anew(&p, want, now, &ignored);
	return st;
}
