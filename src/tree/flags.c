/* Flags of files and directories, as chattr(1) sets them. */

#include <errno.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include <valise/tree.h>

static const struct {
	uint32_t ours;
	unsigned kernel;
} pairs[] = {
	{ VL_FLAG_APPEND, FS_APPEND_FL },
	{ VL_FLAG_COMPRESS, FS_COMPR_FL },
	{ VL_FLAG_DIRSYNC, FS_DIRSYNC_FL },
	{ VL_FLAG_IMMUTABLE, FS_IMMUTABLE_FL },
	{ VL_FLAG_JOURNAL_DATA, FS_JOURNAL_DATA_FL },
	{ VL_FLAG_NOATIME, FS_NOATIME_FL },
	{ VL_FLAG_NOCOW, FS_NOCOW_FL },
	{ VL_FLAG_NODUMP, FS_NODUMP_FL },
	{ VL_FLAG_NOTAIL, FS_NOTAIL_FL },
	{ VL_FLAG_SECURE_DELETE, FS_SECRM_FL },
	{ VL_FLAG_SYNC, FS_SYNC_FL },
	{ VL_FLAG_TOPDIR, FS_TOPDIR_FL },
	{ VL_FLAG_UNDELETE, FS_UNRM_FL },
};

#define PAIRS (sizeof(pairs) / sizeof(pairs[0]))

/*
 * The kernel moves an int, whatever the number of the call says; a file
 * system in user space that believes the number moves a long.
 */
union word {
	long room;
	unsigned flags;
};

static bool
get(int fd, union word *w)
{
	w->room = 0;
	return ioctl(fd, FS_IOC_GETFLAGS, w) == 0;
}

/* errno: there are no flags here. */
static bool
unknown(int error)
{
	return error == ENOTTY || error == ENOTSUP || error == ENOSYS ||
	    error == EINVAL;
}

bool
vl_flags_raw(int fd, unsigned *flags)
{
	union word w = { 0 };

	if (!get(fd, &w))
		return false;
	*flags = w.flags;
	return true;
}

bool
vl_flags_get(int fd, uint32_t *flags)
{
	union word w = { 0 };
	size_t i;

	*flags = 0;
	if (!get(fd, &w))
		return unknown(errno);
	for (i = 0; i < PAIRS; i++)
		if ((w.flags & pairs[i].kernel) != 0)
			*flags |= pairs[i].ours;
	return true;
}

static bool
set(int fd, unsigned flags)
{
	union word w = { 0 };

	w.flags = flags;
	return ioctl(fd, FS_IOC_SETFLAGS, &w) == 0;
}

bool
vl_flags_set(int fd, uint32_t flags)
{
	const unsigned either = FS_COMPR_FL | FS_NOCOW_FL;
	union word w = { 0 };
	unsigned want = 0;
	size_t i;

	if (!get(fd, &w))
		return flags == 0 && unknown(errno);
	want = w.flags;
	for (i = 0; i < PAIRS; i++) {
		want &= ~pairs[i].kernel;
		if ((flags & pairs[i].ours) != 0)
			want |= pairs[i].kernel;
	}
	if (want == w.flags)
		return true;
	/* Btrfs lets neither take the place of the other at once. */
	if ((w.flags & want & either) == 0 && (w.flags & either) != 0 &&
	    (want & either) != 0 && !set(fd, want & ~either))
		return false;
	return set(fd, want);
}
