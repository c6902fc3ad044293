/*
 * logdisk - a disk that writes down what is done to it, in order.
 *
 *	logdisk IMAGE LOG MOUNTPOINT
 *
 * A FUSE file system of two files: `disk` is the image, for a loop device;
 * text written to `mark` is put into the log.  The log is records of
 *
 *	type u8: 'W' write, 'F' flush, 'M' mark | offset u64 | length u32 | data
 *
 * in the machine's byte order.  One thread and no cache, so that the order is
 * that of the block layer: what stands between two flushes may reach a real
 * disk in any subset.
 */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FUSE calls back without an argument of ours. */
static struct {
	int image;
	off_t size;
	FILE *log;
} disk;

static void
record(char type, off_t offset, size_t length, const void *data)
{
	uint64_t at = (uint64_t)offset;
	uint32_t n = (uint32_t)length;

	fwrite(&type, 1, 1, disk.log);
	fwrite(&at, sizeof(at), 1, disk.log);
	fwrite(&n, sizeof(n), 1, disk.log);
	if (n != 0)
		fwrite(data, 1, n, disk.log);
}

static int
disk_getattr(const char *path, struct stat *st, struct fuse_file_info *info)
{
	(void)info;
	memset(st, 0, sizeof(*st));
	st->st_nlink = 1;
	if (strcmp(path, "/") == 0) {
		st->st_mode = S_IFDIR | 0755;
		st->st_nlink = 2;
	} else if (strcmp(path, "/disk") == 0) {
		st->st_mode = S_IFREG | 0600;
		st->st_size = disk.size;
	} else if (strcmp(path, "/mark") == 0) {
		st->st_mode = S_IFREG | 0600;
	} else {
		return -ENOENT;
	}
	return 0;
}

static int
disk_readdir(const char *path, void *into, fuse_fill_dir_t fill, off_t offset,
    struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)path;
	(void)offset;
	(void)info;
	(void)flags;
	fill(into, "disk", NULL, 0, 0);
	fill(into, "mark", NULL, 0, 0);
	return 0;
}

static int
disk_open(const char *path, struct fuse_file_info *info)
{
	(void)path;
	info->direct_io = 1;
	return 0;
}

static int
disk_read(const char *path, char *into, size_t n, off_t offset,
    struct fuse_file_info *info)
{
	ssize_t got;

	(void)info;
	if (strcmp(path, "/disk") != 0)
		return 0;
	got = pread(disk.image, into, n, offset);
	return got < 0 ? -errno : (int)got;
}

static int
disk_write(const char *path, const char *from, size_t n, off_t offset,
    struct fuse_file_info *info)
{
	ssize_t put;

	(void)info;
	if (strcmp(path, "/mark") == 0) {
		record('M', 0, n, from);
		fflush(disk.log);
		return (int)n;
	}
	put = pwrite(disk.image, from, n, offset);
	if (put < 0)
		return -errno;
	record('W', offset, (size_t)put, from);
	return (int)put;
}

static int
disk_fsync(const char *path, int datasync, struct fuse_file_info *info)
{
	(void)datasync;
	(void)info;
	if (strcmp(path, "/disk") == 0)
		record('F', 0, 0, NULL);
	return 0;
}

/* A shell opens `mark` with O_TRUNC. */
static int
disk_truncate(const char *path, off_t size, struct fuse_file_info *info)
{
	(void)path;
	(void)size;
	(void)info;
	return 0;
}

static void
disk_destroy(void *unused)
{
	(void)unused;
	fclose(disk.log);
}

int
main(int argc, char **argv)
{
	static const struct fuse_operations operations = {
		.getattr = disk_getattr,
		.readdir = disk_readdir,
		.open = disk_open,
		.read = disk_read,
		.write = disk_write,
		.fsync = disk_fsync,
		.truncate = disk_truncate,
		.destroy = disk_destroy,
	};
	char single[] = "-s";
	char foreground[] = "-f";
	char *arguments[5] = { argv[0], single, foreground, NULL, NULL };
	struct stat st;

	if (argc != 4) {
		fputs("usage: logdisk IMAGE LOG MOUNTPOINT\n", stderr);
		return 64;
	}
	arguments[3] = argv[3];
	disk.image = open(argv[1], O_RDWR | O_CLOEXEC);
	disk.log = fopen(argv[2], "we");
	if (disk.image < 0 || disk.log == NULL || fstat(disk.image, &st) != 0) {
		perror("logdisk: cannot open image and log");
		return 1;
	}
	disk.size = st.st_size;
	return fuse_main(4, arguments, &operations, NULL);
}
