/*
 * Which file system a directory is on, and what that one keeps: asked by
 * reading alone, so that a preview leaves no trace.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/text.h>
#include <valise/tree.h>

#include "holds.h"

#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000
#endif

/* What mountinfo says of one mount; each owned. */
struct mount {
	char *type;
	char *source;
};

static void
mount_free(struct mount *m)
{
	free(m->type);
	free(m->source);
}

/* mountinfo writes space, tab, LF and '\' as \ooo. */
static void
unescape(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' &&
		    isdigit((unsigned char)text[2]) != 0 &&
		    isdigit((unsigned char)text[3]) != 0) {
			*to++ = (char)((text[1] - '0') * 64 +
			    (text[2] - '0') * 8 + (text[3] - '0'));
			text += 3;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
}

/* "ID PARENT MAJ:MIN ROOT POINT OPTIONS [TAG]... - TYPE SOURCE OPTIONS" */
static bool
mount_line(struct mount *m, char *line, uint64_t id)
{
	char *rest = strstr(line, " - ");
	size_t n = 0;

	if (rest == NULL || strtoull(line, NULL, 10) != id)
		return false;
	rest += 3;
	n = strcspn(rest, " ");
	m->type = strndup(rest, n);
	rest += n;
	rest += strspn(rest, " ");
	m->source = strndup(rest, strcspn(rest, " \n"));
	return m->type != NULL && m->source != NULL;
}

/* Left empty where it cannot be known. */
static void
mount_of(struct mount *m, int fd)
{
	struct statx sx;
	char *line = NULL;
	size_t cap = 0;
	FILE *f = NULL;
	bool found = false;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &sx) != 0 ||
	    (sx.stx_mask & STATX_MNT_ID) == 0)
		return;
	f = fopen("/proc/self/mountinfo", "re");
	while (f != NULL && !found && getline(&line, &cap, f) > 0) {
		found = mount_line(m, line, sx.stx_mnt_id);
		if (!found) {
			mount_free(m);
			*m = (struct mount){ 0 };
		}
	}
	if (found)
		unescape(m->source);
	if (f != NULL)
		(void)fclose(f);
	free(line);
}

/*
 * What the block device holds that a program in user space has mounted.
 * The kernel vouches for it: the mount has the number of the device, and
 * nothing else is opened.
 */
static const char *
on_device(const char *source, dev_t dev)
{
	char proc[64];
	uint8_t block[512];
	size_t got = 0;
	struct vl_err err;
	struct stat st;
	const char *type = NULL;
	int path = open(source, O_PATH | O_CLOEXEC);
	int fd = -1;

	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", path);
	if (path >= 0 && fstat(path, &st) == 0 && S_ISBLK(st.st_mode) &&
	    st.st_rdev == dev)
		fd = open(proc, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 &&
	    vl_pread_full(fd, block, sizeof(block), 0, &got, &err) == VL_OK &&
	    got == sizeof(block)) {
		if (memcmp(block + 3, "EXFAT   ", 8) == 0)
			type = "fuseblk.exfat";
		else if (memcmp(block + 3, "NTFS    ", 8) == 0)
			type = "fuseblk.ntfs";
		else if (memcmp(block + 82, "FAT32   ", 8) == 0 ||
		    memcmp(block + 54, "FAT", 3) == 0)
			type = "fuseblk.vfat";
	}
	if (fd >= 0)
		close(fd);
	if (path >= 0)
		close(path);
	return type;
}

/* Sizes and times of the members of the ext family. */
static void
ext_limits(struct vl_holds *h, int fd, const char *type, uint64_t block)
{
	struct statx sx;
	uint64_t per = block / 4; /* pointers in a block */

	h->link_max =
	    block - 1 < h->link_max ? (unsigned)block - 1 : h->link_max;
	h->file_max = UINT32_MAX * block;
	if (strcmp(type, "ext4") != 0) {
		uint64_t n = 12 + per + per * per + per * per * per;
		/* Sectors are counted in 32 bits, those of the index too. */
		uint64_t most = UINT32_MAX / (block / 512);

		most -= most / per + most / (per * per) + 3;
		h->file_max = (n < most ? n : most) * block;
	}
	/* Small inodes have room for neither a birth nor a fraction. */
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &sx) == 0 &&
	    (sx.stx_mask & STATX_BTIME) == 0) {
		h->time_step = 1000000000;
		h->time_max = INT32_MAX;
	}
}

/* Is there room for an attribute of that name?  Anything but a refusal of
 * the whole namespace says yes. */
static bool
has_xattr(int fd, const char *name)
{
	return fgetxattr(fd, name, NULL, 0) >= 0 || errno != EOPNOTSUPP;
}

static void
ask_attributes(struct vl_holds *h, int fd)
{
	h->acl = h->acl && has_xattr(fd, VL_ATTR_ACL_ACCESS);
	h->user_xattrs = h->user_xattrs && has_xattr(fd, "user.valise.none");
	h->trusted_xattrs =
	    h->trusted_xattrs && has_xattr(fd, "trusted.valise.none");
	h->security_xattrs =
	    h->security_xattrs && has_xattr(fd, "security.valise.none");
}

/* The same name with its first letter in the other case; false: none. */
static bool
other_case(char *name)
{
	for (; *name != '\0'; name++) {
		if ((unsigned char)*name < 0x80 &&
		    isalpha((unsigned char)*name) != 0) {
			*name = (char)(*name ^ 0x20);
			return true;
		}
	}
	return false;
}

/* An entry that is found under another spelling, and which has one name
 * only: 1; not found: 0; that tells nothing: -1. */
static int
folds_entry(int fd, const char *name)
{
	char other[VL_NAME_MAX + 1];
	struct stat a;
	struct stat b;

	if (strlen(name) > VL_NAME_MAX)
		return -1;
	memcpy(other, name, strlen(name) + 1);
	if (!other_case(other) ||
	    fstatat(fd, name, &a, AT_SYMLINK_NOFOLLOW) != 0)
		return -1;
	if (fstatat(fd, other, &b, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return 0;
	return S_ISDIR(a.st_mode) || a.st_nlink == 1 ? 1 : -1;
}

static bool
folds(int fd)
{
	DIR *dir = NULL;
	struct dirent *d = NULL;
	int answer = -1;
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	dir = copy < 0 ? NULL : fdopendir(copy);
	if (dir == NULL && copy >= 0)
		close(copy);
	while (dir != NULL && answer < 0 && (d = readdir(dir)) != NULL)
		answer = folds_entry(fd, d->d_name);
	if (dir != NULL)
		closedir(dir);
	return answer == 1;
}

static void
ask_names(struct vl_holds *h, int fd, const char *type, unsigned flags)
{
	if ((flags & FS_CASEFOLD_FL) != 0)
		h->folds = VL_FOLDS_UNICODE;
	else if (h->folds == VL_FOLDS_NONE && folds(fd))
		h->folds =
		    h->names == VL_NAMES_NTFS || strcmp(type, "xfs") == 0 ?
		    VL_FOLDS_CASE :
		    VL_FOLDS_UNICODE;
}

/* The type of file system that `fd` is on, as vl_holds_of_type() wants it. */
static const char *
type_of(const struct mount *m, int fd, const struct statfs *fs)
{
	struct stat st;
	const char *type = m->type;

	if (type != NULL && strcmp(type, "fuseblk") == 0 &&
	    fstat(fd, &st) == 0) {
		type = on_device(m->source, st.st_dev);
		return type == NULL ? m->type : type;
	}
	if (type != NULL)
		return type;
	/* Without /proc: those that are not asked in any other way. */
	switch ((unsigned long)fs->f_type) {
	case 0x4d44:
		return "vfat";
	case 0x2011bab0:
		return "exfat";
	case 0xef53:
		return "ext4";
	case 0x58465342:
		return "xfs";
	default:
		return "";
	}
}

static void
refine(struct vl_holds *h, int fd, const char *type, const struct statfs *fs)
{
	unsigned flags = 0;
	uint64_t capacity = (uint64_t)fs->f_blocks * (uint64_t)fs->f_frsize;

	if (h->names < VL_NAMES_NTFS && fs->f_namelen > 0 &&
	    (uint64_t)fs->f_namelen < h->name_max)
		h->name_max = (unsigned)fs->f_namelen;
	if (strncmp(type, "ext", 3) == 0 && h->flags != 0 &&
	    fs->f_type == 0xef53)
		ext_limits(h, fd, type, (uint64_t)fs->f_bsize);
	if (!h->holes && capacity > 0 && capacity < h->file_max)
		h->file_max = capacity;
	ask_attributes(h, fd);
	if (!vl_flags_raw(fd, &flags))
		h->flags = 0;
	ask_names(h, fd, type, flags);
}

enum vl_status
vl_holds_probe(struct vl_holds *h, int dirfd, bool above, struct vl_err *err)
{
	struct mount m = { 0 };
	struct statfs fs;
	struct stat st;
	const char *type = NULL;
	/* What was opened to be named only cannot be asked everything. */
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum vl_status status = VL_OK;

	if (fd < 0 || fstatfs(fd, &fs) != 0 || fstat(fd, &st) != 0) {
		status = vl_fail_errno(
		    err, "cannot ask what the file system can hold");
		goto out;
	}
	mount_of(&m, fd);
	type = type_of(&m, fd, &fs);
	if (!vl_holds_of_type(h, type) && type[0] != '\0')
		(void)vl_escape_text(
		    h->name, sizeof(h->name), vl_slice_of(type));
	refine(h, fd, type, &fs);
	/* FAT and exFAT have no record of their root, and call it 1. */
	h->root_time = h->root_time || above || st.st_ino != 1;
out:
	mount_free(&m);
	if (fd >= 0)
		close(fd);
	return status;
}
