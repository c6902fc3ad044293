/*
 * POSIX.1e ACLs as Linux keeps them in extended attributes: a version (le32),
 * then for each entry tag (le16), permissions (le16), id (le32).
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>
#include <valise/tree.h>

#define VERSION    2u
#define HEAD_SIZE  4
#define ENTRY_SIZE 8
#define NO_ID      UINT32_MAX /* also what entries without an id have */

/* What the kernel calls each tag of enum vl_acl_tag. */
static const uint16_t tags[] = {
	[VL_ACL_USER_OBJ] = 0x01,
	[VL_ACL_USER] = 0x02,
	[VL_ACL_GROUP_OBJ] = 0x04,
	[VL_ACL_GROUP] = 0x08,
	[VL_ACL_MASK] = 0x10,
	[VL_ACL_OTHER] = 0x20,
};

#define TAGS (sizeof(tags) / sizeof(tags[0]))

static bool
has_id(enum vl_acl_tag tag)
{
	return tag == VL_ACL_USER || tag == VL_ACL_GROUP;
}

static int
compare(const void *a, const void *b)
{
	const struct vl_acl_entry *x = a;
	const struct vl_acl_entry *y = b;

	if (x->tag != y->tag)
		return x->tag < y->tag ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* One entry; false where it is none. */
static bool
read_entry(struct vl_acl_entry *e, struct vl_rd *rd, struct vl_owners *owners)
{
	const uint16_t tag = vl_rd_u16le(rd);
	const uint16_t perm = vl_rd_u16le(rd);
	const uint32_t id = vl_rd_u32le(rd);
	size_t i = 0;

	while (i < TAGS && tags[i] != tag)
		i++;
	if (i == TAGS || perm > 7)
		return false;
	memset(e, 0, sizeof(*e));
	e->tag = (enum vl_acl_tag)i;
	e->perm = (uint8_t)perm;
	if (!has_id(e->tag))
		return true;
	e->id = id;
	e->name = e->tag == VL_ACL_USER ? vl_owners_user(owners, id) :
	                                  vl_owners_group(owners, id);
	return id != NO_ID;
}

/* Sorted entries: one of each that has to be there, nobody twice. */
static bool
is_whole(const struct vl_acl_entry *e, size_t n)
{
	size_t count[TAGS] = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		count[e[i].tag]++;
		if (i > 0 && compare(&e[i - 1], &e[i]) == 0)
			return false;
	}
	return count[VL_ACL_USER_OBJ] == 1 && count[VL_ACL_GROUP_OBJ] == 1 &&
	    count[VL_ACL_OTHER] == 1 &&
	    (count[VL_ACL_MASK] == 1 ||
	        count[VL_ACL_USER] + count[VL_ACL_GROUP] == 0);
}

enum vl_status
vl_acl_decode(struct vl_buf *out, struct vl_slice value,
    struct vl_owners *owners, struct vl_err *err)
{
	struct vl_rd rd = { .rest = value };
	const uint32_t version = vl_rd_u32le(&rd);
	const size_t n = rd.rest.n / ENTRY_SIZE;
	struct vl_acl_entry *e = NULL;
	enum vl_status st = VL_OK;
	bool ordered = true;
	size_t i;

	if (rd.short_ || rd.rest.n % ENTRY_SIZE != 0)
		return vl_fail(
		    err, VL_EFORMAT, "an ACL does not have %zu bytes", value.n);
	if (version != VERSION)
		return vl_fail(err, VL_EFORMAT,
		    "version %u of ACLs is not known", version);
	st = vl_buf_reserve(out, n * sizeof(*e), err);
	if (st != VL_OK)
		return st;
	e = (void *)(out->p + out->n);
	for (i = 0; i < n; i++) {
		if (!read_entry(&e[i], &rd, owners))
			return vl_fail(
			    err, VL_EFORMAT, "entry %zu of an ACL is none", i);
		ordered = ordered && (i == 0 || e[i - 1].tag <= e[i].tag);
	}
	/* The kernel does not care how people stand among each other. */
	if (n > 0)
		qsort(e, n, sizeof(*e), compare);
	if (!ordered || !is_whole(e, n))
		return vl_fail(err, VL_EFORMAT,
		    "entries of an ACL are missing, twice or not in order");
	out->n += n * sizeof(*e);
	return VL_OK;
}

static void
who(char text[256], const struct vl_acl_entry *e)
{
	if (e->name.n > 0)
		(void)vl_escape_text(text, 256, e->name);
	else
		(void)snprintf(text, 256, "%u", e->id);
}

/* The number that an entry has here. */
static uint32_t
here(const struct vl_acl_entry *e, struct vl_owners *owners)
{
	if (!has_id(e->tag))
		return 0;
	return e->tag == VL_ACL_USER ? vl_owners_uid(owners, e->name, e->id) :
	                               vl_owners_gid(owners, e->name, e->id);
}

/* Two of `acl` that were different ones elsewhere are `both` here; they are
 * told by what they were. */
static enum vl_status
refuse_merger(const struct vl_acl_entry *acl, const struct vl_acl_entry *both,
    struct vl_owners *owners, struct vl_err *err)
{
	char text[2][256];
	size_t n = 0;

	for (; n < 2; acl++)
		if (acl->tag == both->tag && here(acl, owners) == both->id)
			who(text[n++], acl);
	return vl_fail(err, VL_EREFUSED,
	    "%s '%s' and '%s' of an ACL are both number %u here; map one of "
	    "them to another",
	    both->tag == VL_ACL_USER ? "users" : "groups", text[0], text[1],
	    both->id);
}

enum vl_status
vl_acl_encode(struct vl_buf *out, const struct vl_acl_entry *acl, size_t n,
    struct vl_owners *owners, struct vl_err *err)
{
	struct vl_acl_entry *e = calloc(n + 1, sizeof(*e)); /* owned */
	enum vl_status st = VL_OK;
	uint8_t *p = NULL;
	size_t i;

	if (e == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++) {
		e[i] = acl[i];
		e[i].id = here(&acl[i], owners);
	}
	qsort(e, n, sizeof(*e), compare);
	for (i = 1; i < n && st == VL_OK; i++)
		if (has_id(e[i].tag) && compare(&e[i - 1], &e[i]) == 0)
			st = refuse_merger(acl, &e[i], owners, err);
	if (st == VL_OK)
		st = vl_buf_reserve(out, HEAD_SIZE + n * ENTRY_SIZE, err);
	if (st != VL_OK)
		goto out;
	p = out->p + out->n;
	vl_put_u32le(p, VERSION);
	p += HEAD_SIZE;
	for (i = 0; i < n; i++, p += ENTRY_SIZE) {
		vl_put_u16le(p, tags[e[i].tag]);
		vl_put_u16le(p + 2, e[i].perm);
		vl_put_u32le(p + 4, has_id(e[i].tag) ? e[i].id : NO_ID);
	}
	out->n += HEAD_SIZE + n * ENTRY_SIZE;
out:
	free(e);
	return st;
}
