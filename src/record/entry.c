/* Words and rules of the lines of a tree (formats/manifest.md). */

#include <inttypes.h>
#include <string.h>

#include <valise/text.h>

#include "entry_rules.h"

#define RESOURCE_MAX 64

const char *const vl_entry_type_words[] = {
	[VL_ENTRY_DIR] = "dir",
	[VL_ENTRY_FILE] = "file",
	[VL_ENTRY_LINK] = "link",
	[VL_ENTRY_HARD] = "hard",
	[VL_ENTRY_FIFO] = "fifo",
	[VL_ENTRY_CHAR] = "char",
	[VL_ENTRY_BLOCK] = "block",
	[VL_ENTRY_LEFT_OUT] = "left_out",
	NULL,
};

const char *const vl_why_words[] = {
	[VL_WHY_UNREADABLE] = "unreadable",
	[VL_WHY_UNSTABLE] = "unstable",
	[VL_WHY_EXCLUDED] = "excluded",
	[VL_WHY_KIND] = "kind",
	[VL_WHY_MOUNT] = "mount",
	[VL_WHY_NAME] = "name",
	NULL,
};

bool
vl_entry_has_owner(enum vl_entry_type type)
{
	return type != VL_ENTRY_HARD && type != VL_ENTRY_LEFT_OUT;
}

bool
vl_entry_has_mode(enum vl_entry_type type)
{
	return vl_entry_has_owner(type) && type != VL_ENTRY_LINK;
}

bool
vl_entry_is_device(enum vl_entry_type type)
{
	return type == VL_ENTRY_CHAR || type == VL_ENTRY_BLOCK;
}

int
vl_entry_word(const char *const *words, struct vl_slice word)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (vl_slice_equal(vl_slice_of(words[i]), word))
			return i;
	return -1;
}

bool
vl_entry_is_text(struct vl_slice s)
{
	return vl_utf8_valid(s) && (s.n == 0 || memchr(s.p, 0, s.n) == NULL);
}

enum vl_status
vl_entry_check_resource(struct vl_slice name, struct vl_err *err)
{
	char text[64];
	size_t i;
	uint8_t c;

	for (i = 0; i < name.n; i++) {
		c = name.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		        (c >= '0' && c <= '9') || c == '-'))
			break;
	}
	if (name.n == 0 || name.n > RESOURCE_MAX || i < name.n)
		return vl_fail(err, VL_EFORMAT,
		    "resource '%s' is not 1 to 64 letters, digits and dashes",
		    vl_escape_text(text, sizeof(text), name));
	return VL_OK;
}

static enum vl_status
check_target(const struct vl_entry *e, struct vl_err *err)
{
	if (e->type == VL_ENTRY_HARD) {
		if (e->target.n == 0)
			return vl_fail(err, VL_EPATH,
			    "hard link to the root, which is a directory");
		return vl_path_check_line(e->target, err);
	}
	if (e->target.n == 0)
		return vl_fail(err, VL_EPATH, "target of a link is empty");
	if (e->target.n > VL_TARGET_MAX)
		return vl_fail(err, VL_EPATH,
		    "target of a link has %zu bytes, more than %d", e->target.n,
		    VL_TARGET_MAX);
	if (memchr(e->target.p, 0, e->target.n) != NULL)
		return vl_fail(err, VL_EPATH, "target of a link holds a NUL");
	return VL_OK;
}

static enum vl_status
check_numbers(const struct vl_entry *e, struct vl_err *err)
{
	if (e->uid == UINT32_MAX || e->gid == UINT32_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "%s is 4294967295, which means 'no owner' to the system",
		    e->uid == UINT32_MAX ? "uid" : "gid");
	if (e->mode > 07777)
		return vl_fail(err, VL_EFORMAT,
		    "mode %" PRIo32 " has more than four octal digits",
		    e->mode);
	if (e->mtime.nsec < 0 || e->mtime.nsec > 999999999)
		return vl_fail(err, VL_EFORMAT,
		    "mtime has %" PRId32 " nanoseconds", e->mtime.nsec);
	if (e->size > VL_JSON_INT_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "size %" PRIu64 " is 10^15 or more", e->size);
	return VL_OK;
}

static enum vl_status
check_holes(const struct vl_entry *e, struct vl_err *err)
{
	uint64_t from = 0;
	size_t i;

	for (i = 0; i < e->nholes; i++) {
		if (e->holes[i].n == 0)
			return vl_fail(
			    err, VL_ELIMIT, "hole %zu has no bytes", i);
		if (e->holes[i].at < from)
			return vl_fail(err, VL_ELIMIT,
			    "hole %zu begins before the end of the one before",
			    i);
		if (e->holes[i].at > e->size ||
		    e->holes[i].n > e->size - e->holes[i].at)
			return vl_fail(
			    err, VL_ELIMIT, "hole %zu ends behind the file", i);
		from = e->holes[i].at + e->holes[i].n;
	}
	return VL_OK;
}

enum vl_status
vl_entry_check(const struct vl_entry *e, struct vl_err *err)
{
	enum vl_status st;

	st = vl_entry_check_resource(e->resource, err);
	if (st != VL_OK)
		return st;
	if (e->path.n == 0 && e->type != VL_ENTRY_DIR &&
	    e->type != VL_ENTRY_LEFT_OUT)
		return vl_fail(err, VL_EPATH,
		    "path '' is the root, a directory or left out, not a %s",
		    vl_entry_type_words[e->type]);
	if (e->type == VL_ENTRY_LINK || e->type == VL_ENTRY_HARD) {
		st = check_target(e, err);
		if (st != VL_OK)
			return st;
	}
	st = check_numbers(e, err);
	if (st != VL_OK)
		return st;
	st = check_holes(e, err);
	if (st == VL_OK)
		st = vl_entry_check_slots(e, err);
	return st == VL_OK ? vl_entry_check_attrs(e, err) : st;
}
