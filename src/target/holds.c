/*
 * What the file systems that are known can hold, and what of an entry they
 * cannot.  Nothing is asked of the system here: probe.c does.
 */
#include <stdio.h>
#include <string.h>

#include <valise/text.h>
#include <valise/tree.h>

#include "holds.h"

#define DAY        86400
#define FAT_FIRST  315532800  /* 1980-01-01 */
#define FAT_LAST   4354819199 /* 2107-12-31 23:59:59 */
#define NTFS_FIRST (-11644473600)
#define HFS_FIRST  (-2082844800)
#define HFS_LAST   2212122495
#define SECOND     1000000000u

static void
everything(struct vl_holds *h)
{
	memset(h, 0, sizeof(*h));
	(void)snprintf(h->name, sizeof(h->name), "this file system");
	h->hard_links = h->symlinks = h->special = true;
	h->owners = h->modes = h->acl = true;
	h->user_xattrs = h->trusted_xattrs = h->security_xattrs = true;
	h->holes = h->root_time = true;
	h->flags = UINT32_MAX;
	h->name_max = VL_NAME_MAX;
	h->link_max = VL_TARGET_MAX;
	h->file_max = INT64_MAX;
	h->time_step = 1;
	h->time_min = INT64_MIN;
	h->time_max = INT64_MAX;
}

/* Files and directories with a name, a size and a time. */
static void
exfat(struct vl_holds *h)
{
	h->hard_links = h->symlinks = h->special = false;
	h->owners = h->modes = h->acl = false;
	h->user_xattrs = h->trusted_xattrs = h->security_xattrs = false;
	h->holes = h->root_time = false;
	h->flags = 0;
	h->names = VL_NAMES_EXFAT;
	h->folds = VL_FOLDS_CASE;
	h->time_step = 10000000;
	/* Where local time is stored both ends move with the time zone. */
	h->time_min = FAT_FIRST + DAY;
	h->time_max = FAT_LAST - DAY;
}

static void
exfat_fuse(struct vl_holds *h)
{
	exfat(h);
	h->time_step = SECOND;
}

static void
fat(struct vl_holds *h)
{
	exfat(h);
	h->names = VL_NAMES_FAT;
	h->file_max = UINT32_MAX;
	h->time_step = 2 * SECOND;
}

static void
ntfs(struct vl_holds *h)
{
	h->names = VL_NAMES_NTFS;
	h->time_step = 100;
	h->time_min = NTFS_FIRST;
}

static void
hfsplus(struct vl_holds *h)
{
	h->acl = false;
	h->names = VL_NAMES_NTFS;
	h->folds = VL_FOLDS_UNICODE;
	h->flags = VL_FLAGS_LOCK | VL_FLAG_NODUMP;
	h->time_step = SECOND;
	h->time_min = HFS_FIRST;
	h->time_max = HFS_LAST;
}

static void
udf(struct vl_holds *h)
{
	h->acl = false;
	h->user_xattrs = h->trusted_xattrs = h->security_xattrs = false;
	h->flags = 0;
	h->names = VL_NAMES_UTF8;
	h->name_max = 254;
	h->time_step = 1000;
}

static void
ext(struct vl_holds *h)
{
	h->flags &= ~VL_FLAG_NOCOW;
	h->time_min = INT32_MIN;
	h->time_max = 15032385535; /* 34 bits from there */
}

static void
xfs(struct vl_holds *h)
{
	h->flags =
	    VL_FLAGS_LOCK | VL_FLAG_NOATIME | VL_FLAG_NODUMP | VL_FLAG_SYNC;
	h->link_max = 1023;
	h->time_min = INT32_MIN;
	h->time_max = 16299260424; /* 64 bits of nanoseconds from there */
}

static void
btrfs(struct vl_holds *h)
{
	h->flags = VL_FLAGS_LOCK | VL_FLAG_NOATIME | VL_FLAG_NODUMP |
	    VL_FLAG_SYNC | VL_FLAG_DIRSYNC | VL_FLAG_COMPRESS | VL_FLAG_NOCOW;
}

static void
tmpfs(struct vl_holds *h)
{
	h->flags = VL_FLAGS_LOCK | VL_FLAG_NOATIME | VL_FLAG_NODUMP;
}

/* As /proc/self/mountinfo has them; of what a program in user space mounts
 * on a block device the second part is what stands on that device. */
static const struct {
	const char *type;
	const char *name;
	void (*apply)(struct vl_holds *h);
} kinds[] = {
	{ "ext2", "ext2", ext },
	{ "ext3", "ext3", ext },
	{ "ext4", "ext4", ext },
	{ "xfs", "XFS", xfs },
	{ "btrfs", "Btrfs", btrfs },
	{ "tmpfs", "tmpfs", tmpfs },
	{ "vfat", "FAT", fat },
	{ "msdos", "FAT", fat },
	{ "fuseblk.vfat", "FAT", fat },
	{ "exfat", "exFAT", exfat },
	{ "fuseblk.exfat", "exFAT", exfat_fuse },
	{ "ntfs3", "NTFS", ntfs },
	{ "fuseblk.ntfs", "NTFS", ntfs },
	{ "hfsplus", "HFS+", hfsplus },
	{ "udf", "UDF", udf },
};

bool
vl_holds_of_type(struct vl_holds *h, const char *type)
{
	size_t i = 0;

	everything(h);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, type) != 0)
			continue;
		(void)snprintf(h->name, sizeof(h->name), "%s", kinds[i].name);
		kinds[i].apply(h);
		return true;
	}
	return false;
}

/* In UTF-16 units, of well-formed UTF-8: one for each code point, and one
 * more where that has four bytes. */
static size_t
units(struct vl_slice name)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < name.n; i++)
		n += (name.p[i] & 0xc0) == 0x80 ? 0u :
		    name.p[i] >= 0xf0           ? 2u :
		                                  1u;
	return n;
}

/* What FAT and its like forbid in a name, for a message; NULL: nothing. */
static const char *
forbidden(struct vl_slice name, bool space_ends, char *text, size_t size)
{
	size_t i = 0;

	for (i = 0; i < name.n; i++) {
		if (name.p[i] < 0x20)
			return "with control characters";
		if (name.p[i] < 0x80 &&
		    strchr("\"*:<>?\\|", name.p[i]) != NULL) {
			(void)snprintf(text, size, "with '%c'", name.p[i]);
			return text;
		}
	}
	/* Drivers differ: one refuses it, one drops the dot, one keeps a name
	 * that the others cannot find. */
	if (name.n > 0 && name.p[name.n - 1] == '.')
		return "that end in a dot";
	if (space_ends && name.n > 0 && name.p[name.n - 1] == ' ')
		return "that end in a space";
	return NULL;
}

static const char *
refuses_name(
    const struct vl_holds *h, struct vl_slice name, char *text, size_t size)
{
	char why[32] = "";
	const char *what = NULL;
	bool utf16 = h->names >= VL_NAMES_NTFS;

	if (h->names != VL_NAMES_ANY && !vl_utf8_valid(name))
		what = "that are not UTF-8";
	else if (h->names >= VL_NAMES_EXFAT)
		what =
		    forbidden(name, h->names == VL_NAMES_FAT, why, sizeof(why));
	if (what != NULL)
		(void)snprintf(text, size, "%s has no names %s", h->name, what);
	else if ((utf16 ? units(name) : name.n) > h->name_max)
		(void)snprintf(text, size, "names on %s have at most %u %s",
		    h->name, h->name_max, utf16 ? "UTF-16 units" : "bytes");
	else
		return NULL;
	return text;
}

static const char *
lacks_type(const struct vl_holds *h, enum vl_entry_type type)
{
	switch (type) {
	case VL_ENTRY_LINK:
		return h->symlinks ? NULL : "symbolic links";
	case VL_ENTRY_HARD:
		return h->hard_links ? NULL : "hard links";
	case VL_ENTRY_FIFO:
		return h->special ? NULL : "FIFOs";
	case VL_ENTRY_CHAR:
	case VL_ENTRY_BLOCK:
		return h->special ? NULL : "devices";
	case VL_ENTRY_DIR:
	case VL_ENTRY_FILE:
	case VL_ENTRY_LEFT_OUT:
		break;
	}
	return NULL;
}

const char *
vl_holds_refuses(
    const struct vl_holds *h, const struct vl_entry *e, char *text, size_t size)
{
	const char *type = lacks_type(h, e->type);
	char max[32];

	if (e->type == VL_ENTRY_LEFT_OUT)
		return NULL;
	if (type != NULL)
		(void)snprintf(text, size, "%s has no %s", h->name, type);
	else if (e->type == VL_ENTRY_FILE && e->size > h->file_max)
		(void)snprintf(text, size, "files on %s have at most %s bytes",
		    h->name, vl_format_count(max, sizeof(max), h->file_max));
	else if (e->type == VL_ENTRY_LINK && e->target.n > h->link_max)
		(void)snprintf(text, size,
		    "symbolic links on %s have at most %u bytes", h->name,
		    h->link_max);
	else
		return refuses_name(h, vl_path_name(e->path), text, size);
	return text;
}

static bool
begins(struct vl_slice name, const char *with)
{
	return name.n >= strlen(with) &&
	    memcmp(name.p, with, strlen(with)) == 0;
}

bool
vl_holds_xattr(const struct vl_holds *h, struct vl_slice name)
{
	if (begins(name, "user."))
		return h->user_xattrs;
	if (begins(name, "trusted."))
		return h->trusted_xattrs;
	if (begins(name, "security."))
		return h->security_xattrs;
	return !vl_attrs_is_acl(name) || h->acl;
}

static bool
lacks_xattrs(const struct vl_holds *h, const struct vl_entry *e)
{
	size_t i = 0;

	for (i = 0; i < e->nxattrs; i++)
		if (!vl_holds_xattr(h, e->xattrs[i].name))
			return true;
	return false;
}

static unsigned
lacks(const struct vl_holds *h, const struct vl_entry *e)
{
	unsigned bits = 0;

	if (!h->owners)
		bits |= VL_LACKS_OWNER;
	if (!h->modes && e->type != VL_ENTRY_LINK)
		bits |= VL_LACKS_MODE;
	if (!h->acl && e->nacl + e->nacl_default > 0)
		bits |= VL_LACKS_ACL;
	if (lacks_xattrs(h, e))
		bits |= VL_LACKS_XATTRS;
	if ((e->flags & ~h->flags) != 0)
		bits |= VL_LACKS_FLAGS;
	if (!h->root_time && e->path.n == 0)
		bits |= VL_LACKS_ANY_TIME;
	else if (e->mtime.sec < h->time_min || e->mtime.sec > h->time_max)
		bits |= VL_LACKS_TIME;
	return bits;
}

unsigned
vl_holds_lacks(
    const struct vl_holds *h, const struct vl_entry *e, char *text, size_t size)
{
	/* By bit. */
	static const char *const words[] = { "owner", "mode", "ACL",
		"extended attributes", "flags", "time", "time" };
	unsigned bits = 0;
	size_t n = 0;
	size_t i = 0;

	/* Neither has anything of its own. */
	if (e->type != VL_ENTRY_HARD && e->type != VL_ENTRY_LEFT_OUT)
		bits = lacks(h, e);
	if (size > 0)
		text[0] = '\0';
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((bits & 1u << i) == 0 || n >= size)
			continue;
		n += (size_t)snprintf(
		    text + n, size - n, "%s%s", n == 0 ? "" : ", ", words[i]);
	}
	return bits;
}

void
vl_holds_time(const struct vl_holds *h, struct vl_time *t)
{
	int64_t step = h->time_step / SECOND;

	if (t->sec < h->time_min)
		*t = (struct vl_time){ h->time_min, 0 };
	if (t->sec > h->time_max)
		*t = (struct vl_time){ h->time_max, 0 };
	if (step == 0) {
		t->nsec -= t->nsec % (int32_t)h->time_step;
		return;
	}
	t->nsec = 0;
	t->sec -= (t->sec % step + step) % step;
}
