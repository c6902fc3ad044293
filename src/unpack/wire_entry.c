/*
 * A record between a reader in a cage and its parent: the line as it is, and
 * what it says as numbers and bytes, so that the parent parses no line.
 */

#include "wire.h"

#include <string.h>

#include <valise/text.h>

#define HOLE_SIZE  16
#define ACL_MIN    10 /* tag, perm, id, length of a name */
#define XATTR_MIN  8  /* two lengths */
#define SLOT_FIXED 25 /* offset, form, fingerprint */
#define SLOT_MIN   (SLOT_FIXED + 4)
#define FIXED_SIZE 97

static void
put_fixed(uint8_t p[FIXED_SIZE], const struct vl_unpacked *rec)
{
	const struct vl_entry *e = &rec->entry;

	vl_put_u64le(p, rec->number);
	p[8] = (uint8_t)e->type;
	vl_put_u32le(p + 9, (uint32_t)e->why);
	vl_put_u32le(p + 13, e->uid);
	vl_put_u32le(p + 17, e->gid);
	vl_put_u32le(p + 21, e->mode);
	vl_put_u64le(p + 25, (uint64_t)e->mtime.sec);
	vl_put_u32le(p + 33, (uint32_t)e->mtime.nsec);
	vl_put_u64le(p + 37, e->size);
	memcpy(p + 45, e->hash, sizeof(e->hash));
	vl_put_u32le(p + 77, e->major);
	vl_put_u32le(p + 81, e->minor);
	vl_put_u32le(p + 85, e->flags);
	vl_put_u32le(p + 89, (uint32_t)e->nacl);
	vl_put_u32le(p + 93, (uint32_t)e->nacl_default);
}

static enum vl_status
put_acl(struct vl_buf *out, const struct vl_acl_entry *acl, size_t n,
    struct vl_err *err)
{
	uint8_t p[6];
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n; i++) {
		p[0] = (uint8_t)acl[i].tag;
		p[1] = acl[i].perm;
		vl_put_u32le(p + 2, acl[i].id);
		st = vl_buf_add(out, (struct vl_slice){ p, sizeof(p) }, err);
		if (st == VL_OK)
			st = wire_put_bytes(out, acl[i].name, err);
	}
	return st;
}

static enum vl_status
put_slots(struct vl_buf *out, const struct vl_entry *e, struct vl_err *err)
{
	uint8_t p[SLOT_FIXED];
	enum vl_status st = wire_put_u32(out, (uint32_t)e->nslots, err);
	size_t i = 0;

	for (i = 0; st == VL_OK && i < e->nslots; i++) {
		vl_put_u64le(p, e->slots[i].at);
		p[8] = (uint8_t)e->slots[i].slot.form;
		memcpy(p + 9, e->slots[i].slot.print, VL_SLOT_PRINT_SIZE);
		st = vl_buf_add(out, (struct vl_slice){ p, sizeof(p) }, err);
		if (st == VL_OK)
			st = wire_put_bytes(out, e->slots[i].inside, err);
	}
	return st;
}

static enum vl_status
put_lists(struct vl_buf *out, const struct vl_entry *e, struct vl_err *err)
{
	uint8_t p[HOLE_SIZE];
	enum vl_status st = put_acl(out, e->acl, e->nacl, err);
	size_t i = 0;

	if (st == VL_OK)
		st = put_acl(out, e->acl_default, e->nacl_default, err);
	if (st == VL_OK)
		st = wire_put_u32(out, (uint32_t)e->nholes, err);
	for (i = 0; st == VL_OK && i < e->nholes; i++) {
		vl_put_u64le(p, e->holes[i].at);
		vl_put_u64le(p + 8, e->holes[i].n);
		st = vl_buf_add(out, (struct vl_slice){ p, sizeof(p) }, err);
	}
	if (st == VL_OK)
		st = wire_put_u32(out, (uint32_t)e->nxattrs, err);
	for (i = 0; st == VL_OK && i < e->nxattrs; i++) {
		st = wire_put_bytes(out, e->xattrs[i].name, err);
		if (st == VL_OK)
			st = wire_put_bytes(out, e->xattrs[i].value, err);
	}
	return st == VL_OK ? put_slots(out, e, err) : st;
}

enum vl_status
wire_put_entry(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err)
{
	const struct vl_entry *e = &rec->entry;
	const struct vl_slice parts[] = { rec->line, e->resource, e->path,
		e->target, e->owner, e->group };
	uint8_t fixed[FIXED_SIZE];
	enum vl_status st = VL_OK;
	size_t i = 0;

	put_fixed(fixed, rec);
	st = vl_buf_add(out, (struct vl_slice){ fixed, sizeof(fixed) }, err);
	for (i = 0; st == VL_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
		st = wire_put_bytes(out, parts[i], err);
	return st == VL_OK ? put_lists(out, e, err) : st;
}

static void
take_fixed(struct vl_unpacked *rec, struct vl_rd *rd)
{
	struct vl_entry *e = &rec->entry;
	struct vl_slice hash = { NULL, 0 };

	rec->number = vl_rd_u64le(rd);
	e->type = (enum vl_entry_type)vl_rd_u8(rd);
	e->why = (enum vl_why)vl_rd_u32le(rd);
	e->uid = vl_rd_u32le(rd);
	e->gid = vl_rd_u32le(rd);
	e->mode = vl_rd_u32le(rd);
	e->mtime.sec = (int64_t)vl_rd_u64le(rd);
	e->mtime.nsec = (int32_t)vl_rd_u32le(rd);
	e->size = vl_rd_u64le(rd);
	hash = vl_rd_take(rd, sizeof(e->hash));
	if (hash.n == sizeof(e->hash))
		memcpy(e->hash, hash.p, sizeof(e->hash));
	e->major = vl_rd_u32le(rd);
	e->minor = vl_rd_u32le(rd);
	e->flags = vl_rd_u32le(rd);
	e->nacl = vl_rd_u32le(rd);
	e->nacl_default = vl_rd_u32le(rd);
	rec->line = wire_take_bytes(rd);
	e->resource = wire_take_bytes(rd);
	e->path = wire_take_bytes(rd);
	e->target = wire_take_bytes(rd);
	e->owner = wire_take_bytes(rd);
	e->group = wire_take_bytes(rd);
}

static bool
is_text(struct vl_slice s)
{
	return s.n == 0 || (vl_utf8_valid(s) && memchr(s.p, 0, s.n) == NULL);
}

/* Room for `n` items that take `least` bytes each of what is left. */
static enum vl_status
room(struct vl_buf *b, size_t n, size_t size, size_t least,
    const struct vl_rd *rd, struct vl_err *err)
{
	vl_buf_clear(b);
	if (rd->short_ || n > rd->rest.n / least)
		return vl_fail(err, VL_EFORMAT, "a count is too large");
	return vl_buf_reserve(b, n * size, err);
}

static enum vl_status
take_acls(struct vl_entry *e, struct vl_entry_store *store, struct vl_rd *rd,
    struct vl_err *err)
{
	size_t n = e->nacl + e->nacl_default;
	enum vl_status st =
	    room(&store->acl, n, sizeof(struct vl_acl_entry), ACL_MIN, rd, err);
	struct vl_acl_entry *acl = (void *)store->acl.p;
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		acl[i].tag = (enum vl_acl_tag)vl_rd_u8(rd);
		acl[i].perm = vl_rd_u8(rd);
		acl[i].id = vl_rd_u32le(rd);
		acl[i].name = wire_take_bytes(rd);
		if (acl[i].tag > VL_ACL_OTHER || acl[i].perm > 7 ||
		    !is_text(acl[i].name))
			return vl_fail(
			    err, VL_EFORMAT, "an entry of an ACL is none");
	}
	e->acl = e->nacl > 0 ? acl : NULL;
	e->acl_default = e->nacl_default > 0 ? acl + e->nacl : NULL;
	return VL_OK;
}

static enum vl_status
take_holes(struct vl_entry *e, struct vl_entry_store *store, struct vl_rd *rd,
    struct vl_err *err)
{
	size_t n = vl_rd_u32le(rd);
	enum vl_status st =
	    room(&store->holes, n, sizeof(struct vl_hole), HOLE_SIZE, rd, err);
	struct vl_hole *holes = (void *)store->holes.p;
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		holes[i].at = vl_rd_u64le(rd);
		holes[i].n = vl_rd_u64le(rd);
	}
	e->holes = n > 0 ? holes : NULL;
	e->nholes = n;
	return VL_OK;
}

static enum vl_status
take_xattrs(struct vl_entry *e, struct vl_entry_store *store, struct vl_rd *rd,
    struct vl_err *err)
{
	size_t n = vl_rd_u32le(rd);
	enum vl_status st = room(
	    &store->xattrs, n, sizeof(struct vl_xattr), XATTR_MIN, rd, err);
	struct vl_xattr *xattrs = (void *)store->xattrs.p;
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		xattrs[i].name = wire_take_bytes(rd);
		xattrs[i].value = wire_take_bytes(rd);
	}
	e->xattrs = n > 0 ? xattrs : NULL;
	e->nxattrs = n;
	return VL_OK;
}

static enum vl_status
take_slots(struct vl_entry *e, struct vl_entry_store *store, struct vl_rd *rd,
    struct vl_err *err)
{
	size_t n = vl_rd_u32le(rd);
	enum vl_status st = room(
	    &store->slots, n, sizeof(struct vl_file_slot), SLOT_MIN, rd, err);
	struct vl_file_slot *slots = (void *)store->slots.p;
	struct vl_slice print = { NULL, 0 };
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		slots[i] = (struct vl_file_slot){ .at = vl_rd_u64le(rd) };
		slots[i].slot.form = (enum vl_slot_form)vl_rd_u8(rd);
		print = vl_rd_take(rd, VL_SLOT_PRINT_SIZE);
		if (print.n == VL_SLOT_PRINT_SIZE)
			memcpy(slots[i].slot.print, print.p, print.n);
		slots[i].inside = wire_take_bytes(rd);
		if (slots[i].slot.form > VL_SLOT_BROKEN)
			return vl_fail(err, VL_EFORMAT, "a slot is none");
	}
	e->slots = n > 0 ? slots : NULL;
	e->nslots = n;
	return VL_OK;
}

/* Members that the type does not have are zero.  Of the lists, which are not
 * taken yet, the rules of an entry say so. */
static bool
has_its_shape(const struct vl_entry *e)
{
	const enum vl_entry_type t = e->type;
	const bool linked = t == VL_ENTRY_LINK || t == VL_ENTRY_HARD;
	const bool owned = t != VL_ENTRY_HARD && t != VL_ENTRY_LEFT_OUT;
	const bool device = t == VL_ENTRY_CHAR || t == VL_ENTRY_BLOCK;

	if (e->why > VL_WHY_NAME ||
	    (t != VL_ENTRY_LEFT_OUT && e->why != VL_WHY_UNREADABLE))
		return false;
	if (t != VL_ENTRY_FILE && e->size != 0)
		return false;
	if (!device && (e->major != 0 || e->minor != 0))
		return false;
	if (!linked && e->target.n != 0)
		return false;
	if ((!owned || t == VL_ENTRY_LINK) && e->mode != 0)
		return false;
	if (!owned &&
	    (e->uid != 0 || e->gid != 0 || e->mtime.sec != 0 ||
	        e->mtime.nsec != 0 || e->owner.n != 0 || e->group.n != 0))
		return false;
	return is_text(e->owner) && is_text(e->group);
}

bool
wire_is_line(struct vl_slice line)
{
	size_t controls = 0;
	size_t i = 0;

	if (line.n == 0 || line.n > VL_LINE_MAX || line.p[line.n - 1] != '\n')
		return false;
	for (i = 0; i + 1 < line.n; i++)
		controls += line.p[i] < 0x20;
	return controls == 0;
}

enum vl_status
wire_take_entry(struct vl_unpacked *rec, struct vl_entry_store *store,
    struct vl_rd *rd, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(rec, 0, sizeof(*rec));
	take_fixed(rec, rd);
	if (rd->short_ || rec->entry.type > VL_ENTRY_LEFT_OUT ||
	    !wire_is_line(rec->line) || !has_its_shape(&rec->entry))
		st = vl_fail(err, VL_EFORMAT, "a record is no such one");
	if (st == VL_OK)
		st = take_acls(&rec->entry, store, rd, err);
	if (st == VL_OK)
		st = take_holes(&rec->entry, store, rd, err);
	if (st == VL_OK)
		st = take_xattrs(&rec->entry, store, rd, err);
	if (st == VL_OK)
		st = take_slots(&rec->entry, store, rd, err);
	if (st == VL_OK && rd->short_)
		st = vl_fail(err, VL_EFORMAT, "a record is cut short");
	if (st == VL_OK)
		st = vl_path_check_line(rec->entry.path, err);
	if (st == VL_OK)
		st = vl_entry_check(&rec->entry, err);
	if (st != VL_OK)
		memset(rec, 0, sizeof(*rec));
	return st;
}
