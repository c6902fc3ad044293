/*
 * Rules of ACLs, flags and extended attributes (formats/manifest.md,
 * "Attributes").
 */

#include <inttypes.h>
#include <string.h>

#include <valise/text.h>

#include "entry_rules.h"

#define XATTR_NAME_MAX 255

const char *const vl_flag_words[] = { "append", "compress", "dirsync",
	"immutable", "journal_data", "noatime", "nocow", "nodump", "notail",
	"secure_delete", "sync", "topdir", "undelete", NULL };

const char *const vl_acl_tag_words[] = {
	[VL_ACL_USER_OBJ] = "user",
	[VL_ACL_USER] = "user",
	[VL_ACL_GROUP_OBJ] = "group",
	[VL_ACL_GROUP] = "group",
	[VL_ACL_MASK] = "mask",
	[VL_ACL_OTHER] = "other",
};

static bool
is_named(enum vl_acl_tag tag)
{
	return tag == VL_ACL_USER || tag == VL_ACL_GROUP;
}

/* Behind `before` (NULL: the first), as the kernel keeps them. */
static bool
in_order(const struct vl_acl_entry *before, const struct vl_acl_entry *e)
{
	if (before == NULL || before->tag < e->tag)
		return true;
	return before->tag == e->tag && is_named(e->tag) && before->id < e->id;
}

/* The entries are an ACL by themselves. */
static enum vl_status
check_acl(const struct vl_acl_entry *acl, size_t n, const char *key,
    struct vl_err *err)
{
	unsigned seen = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (acl[i].perm > 7)
			return vl_fail(err, VL_EFORMAT,
			    "'%s' gives what is no permission", key);
		if (is_named(acl[i].tag) && acl[i].id == UINT32_MAX)
			return vl_fail(err, VL_EFORMAT,
			    "'%s' names 4294967295, which means 'nobody' to "
			    "the system",
			    key);
		if (!in_order(i == 0 ? NULL : &acl[i - 1], &acl[i]))
			return vl_fail(err, VL_EFORMAT,
			    "entry %zu of '%s' comes twice or is out of order",
			    i, key);
		seen |= 1u << acl[i].tag;
	}
	if ((seen & 1u << VL_ACL_USER_OBJ) == 0 ||
	    (seen & 1u << VL_ACL_GROUP_OBJ) == 0 ||
	    (seen & 1u << VL_ACL_OTHER) == 0)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' lacks the owner, the group or the others", key);
	if ((seen & (1u << VL_ACL_USER | 1u << VL_ACL_GROUP)) != 0 &&
	    (seen & 1u << VL_ACL_MASK) == 0)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' names somebody and has no mask", key);
	return VL_OK;
}

/* The mode that the ACL implies: its mask stands in the place of the group. */
static uint32_t
mode_of(const struct vl_acl_entry *acl, size_t n, bool *mask)
{
	uint32_t mode = 0;
	size_t i;

	*mask = false;
	for (i = 0; i < n; i++) {
		if (acl[i].tag == VL_ACL_USER_OBJ)
			mode |= (uint32_t)acl[i].perm << 6;
		else if (acl[i].tag == VL_ACL_OTHER)
			mode |= acl[i].perm;
		else if (acl[i].tag == VL_ACL_MASK)
			mode |= (uint32_t)acl[i].perm << 3;
		*mask |= acl[i].tag == VL_ACL_MASK;
	}
	return mode;
}

static enum vl_status
check_access(const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st;
	uint32_t mode;
	bool mask = false;

	if (!vl_entry_has_mode(e->type))
		return vl_fail(err, VL_EFORMAT, "'acl' is not of a %s line",
		    vl_entry_type_words[e->type]);
	st = check_acl(e->acl, e->nacl, "acl", err);
	if (st != VL_OK)
		return st;
	mode = mode_of(e->acl, e->nacl, &mask);
	if (!mask)
		return vl_fail(err, VL_EFORMAT,
		    "'acl' has no mask, so it says no more than 'mode'");
	if (mode != (e->mode & 0777))
		return vl_fail(err, VL_EFORMAT,
		    "'acl' means mode %03" PRIo32 " and 'mode' says %03" PRIo32,
		    mode, e->mode & 0777);
	return VL_OK;
}

/* "user" of "user.mime" is one that travels; user.* only where the kernel
 * has it. */
static bool
namespace_fits(struct vl_slice name, enum vl_entry_type type)
{
	static const char *const spaces[] = { "user.", "security.",
		"trusted." };
	const struct vl_slice label = vl_slice_of("security.selinux");
	size_t n;
	size_t i;

	for (i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
		n = strlen(spaces[i]);
		if (name.n > n && memcmp(name.p, spaces[i], n) == 0)
			break;
	}
	if (i == 0)
		return type == VL_ENTRY_FILE || type == VL_ENTRY_DIR;
	return i < sizeof(spaces) / sizeof(spaces[0]) &&
	    !vl_slice_equal(name, label);
}

static enum vl_status
check_xattr(
    const struct vl_xattr *x, enum vl_entry_type type, struct vl_err *err)
{
	char text[256];

	(void)vl_escape_text(text, sizeof(text), x->name);
	if (x->name.n == 0 || x->name.n > XATTR_NAME_MAX ||
	    memchr(x->name.p, 0, x->name.n) != NULL)
		return vl_fail(err, VL_EFORMAT,
		    "the name '%s' in 'xattrs' is not 1 to %d bytes without "
		    "NUL",
		    text, XATTR_NAME_MAX);
	if (!namespace_fits(x->name, type))
		return vl_fail(err, VL_EFORMAT,
		    "attribute '%s' in 'xattrs' is not one that a %s line "
		    "carries",
		    text, vl_entry_type_words[type]);
	if (x->value.n > VL_LINE_MAX) /* before it is made a text */
		return vl_fail(err, VL_ELIMIT,
		    "attribute '%s' has %zu bytes, more than a line", text,
		    x->value.n);
	return VL_OK;
}

static enum vl_status
check_xattrs(const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char text[256];
	size_t i;

	if (e->nxattrs > 0 && !vl_entry_has_owner(e->type))
		return vl_fail(err, VL_EFORMAT, "'xattrs' is not of a %s line",
		    vl_entry_type_words[e->type]);
	for (i = 0; st == VL_OK && i < e->nxattrs; i++) {
		st = check_xattr(&e->xattrs[i], e->type, err);
		if (st == VL_OK && i > 0 &&
		    vl_slice_cmp(e->xattrs[i - 1].name, e->xattrs[i].name) >= 0)
			st = vl_fail(err, VL_EFORMAT,
			    "attribute '%s' comes twice or is out of order",
			    vl_escape_text(
			        text, sizeof(text), e->xattrs[i].name));
	}
	return st;
}

enum vl_status
vl_entry_check_attrs(const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (e->flags != 0 && e->type != VL_ENTRY_FILE &&
	    e->type != VL_ENTRY_DIR)
		return vl_fail(err, VL_EFORMAT, "'flags' is not of a %s line",
		    vl_entry_type_words[e->type]);
	if ((e->flags & ~VL_FLAGS_ALL) != 0)
		return vl_fail(err, VL_EFORMAT, "'flags' holds one not known");
	if (e->nacl > 0)
		st = check_access(e, err);
	if (st == VL_OK && e->nacl_default > 0 && e->type != VL_ENTRY_DIR)
		st = vl_fail(err, VL_EFORMAT,
		    "'acl_default' is not of a %s line",
		    vl_entry_type_words[e->type]);
	if (st == VL_OK && e->nacl_default > 0)
		st = check_acl(
		    e->acl_default, e->nacl_default, "acl_default", err);
	return st == VL_OK ? check_xattrs(e, err) : st;
}
