/* What travels of a path besides content, mode, owner and time. */

#include <errno.h>

#include "files.h"

void
vl_extras_clear(struct extras *x)
{
	vl_buf_clear(&x->attrs.bytes);
	x->attrs.flags = 0;
	x->attrs.others = 0;
	vl_buf_clear(&x->acl);
	vl_buf_clear(&x->acl_default);
	vl_buf_clear(&x->xattrs);
	x->error = 0;
}

static size_t
entries(const struct vl_buf *acl)
{
	return acl->n / sizeof(struct vl_acl_entry);
}

/* Does it say more than the permission bits do? */
static bool
is_extended(const struct vl_buf *acl)
{
	const struct vl_acl_entry *list = (const void *)acl->p;
	size_t i = 0;

	for (i = 0; i < entries(acl); i++)
		if (list[i].tag == VL_ACL_USER || list[i].tag == VL_ACL_GROUP ||
		    list[i].tag == VL_ACL_MASK)
			return true;
	return false;
}

/* One attribute goes where a line wants it. */
static enum vl_status
sort_in(struct extras *x, const struct vl_xattr *one, struct vl_err *err)
{
	const struct vl_slice bytes = { (const uint8_t *)one, sizeof(*one) };
	struct vl_buf *acl = NULL;
	enum vl_status st = VL_OK;

	if (vl_slice_equal(one->name, vl_slice_of(VL_ATTR_ACL_ACCESS)))
		acl = &x->acl;
	else if (vl_slice_equal(one->name, vl_slice_of(VL_ATTR_ACL_DEFAULT)))
		acl = &x->acl_default;
	else
		return vl_buf_add(&x->xattrs, bytes, err);
	st = vl_acl_decode(acl, one->value, x->owners, err);
	if (st == VL_EFORMAT) {
		x->error = EINVAL;
		st = VL_OK;
	}
	return st;
}

enum vl_status
vl_extras_read(struct extras *x, int fd, const char *name, struct vl_err *err)
{
	struct vl_xattr one = { 0 };
	struct vl_slice rest = { 0 };
	enum vl_status st = VL_OK;

	vl_extras_clear(x);
	if (!vl_attrs_read(
	        &x->attrs, fd, name, vl_attrs_which(x->privileged))) {
		x->error = errno;
		return VL_OK;
	}
	rest = vl_buf_slice(&x->attrs.bytes);
	while (st == VL_OK && rest.n > 0 && vl_attrs_next(&rest, &one))
		st = sort_in(x, &one, err);
	if (!is_extended(&x->acl))
		vl_buf_clear(&x->acl);
	return st;
}

bool
vl_extras_any(const struct extras *x)
{
	return x->attrs.flags != 0 || x->acl.n > 0 || x->acl_default.n > 0 ||
	    x->xattrs.n > 0;
}

void
vl_extras_set(const struct extras *x, struct vl_entry *e)
{
	e->acl = (const void *)x->acl.p;
	e->nacl = entries(&x->acl);
	e->acl_default = (const void *)x->acl_default.p;
	e->nacl_default = entries(&x->acl_default);
	e->xattrs = (const void *)x->xattrs.p;
	e->nxattrs = x->xattrs.n / sizeof(struct vl_xattr);
	e->flags = x->attrs.flags;
}

void
vl_extras_free(struct extras *x)
{
	vl_attrs_free(&x->attrs);
	vl_buf_free(&x->acl);
	vl_buf_free(&x->acl_default);
	vl_buf_free(&x->xattrs);
}
