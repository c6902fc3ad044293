/*
 * A private file that holds a database: it has no name, one connection fills
 * it, and several read it then, each in a thread of its own.  To SQLite it is
 * a file system in which the number of the descriptor is the name.
 *
 * Nobody else has it, so there are no locks; what has bytes when it is opened
 * never changes again, which is how a database in WAL mode is read without the
 * files that it wants beside it.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "private.h"

#define NAME   "valise-private"
#define SECTOR 4096

struct private_file {
	sqlite3_file base;
	int fd; /* borrowed */
	bool filled;
};

static int
fd_of(sqlite3_file *file)
{
	return ((struct private_file *)file)->fd;
}

static int
close_file(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int
read_file(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	uint8_t *to = p;
	size_t left = (size_t)n;
	ssize_t got = 0;

	while (left > 0) {
		got = pread(fd_of(file), to, left, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return SQLITE_IOERR_READ;
		if (got == 0)
			break;
		to += got;
		at += got;
		left -= (size_t)got;
	}
	/* SQLite counts on zeros behind the end. */
	memset(to, 0, left);
	return left == 0 ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
write_file(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	const uint8_t *from = p;
	size_t left = (size_t)n;
	ssize_t put = 0;

	while (left > 0) {
		put = pwrite(fd_of(file), from, left, at);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == ENOSPC)
			return SQLITE_FULL;
		if (put <= 0)
			return SQLITE_IOERR_WRITE;
		from += put;
		at += put;
		left -= (size_t)put;
	}
	return SQLITE_OK;
}

static int
truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	return ftruncate(fd_of(file), size) == 0 ? SQLITE_OK :
	                                           SQLITE_IOERR_TRUNCATE;
}

static int
sync_file(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_OK;
}

static int
size_file(sqlite3_file *file, sqlite3_int64 *size)
{
	struct stat s;

	if (fstat(fd_of(file), &s) != 0)
		return SQLITE_IOERR_FSTAT;
	*size = s.st_size;
	return SQLITE_OK;
}

static int
lock_file(sqlite3_file *file, int how)
{
	(void)file;
	(void)how;
	return SQLITE_OK;
}

static int
is_reserved(sqlite3_file *file, int *yes)
{
	(void)file;
	*yes = 0;
	return SQLITE_OK;
}

static int
control_file(sqlite3_file *file, int what, void *arg)
{
	(void)file;
	(void)what;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
sector_size(sqlite3_file *file)
{
	(void)file;
	return SECTOR;
}

static int
traits(sqlite3_file *file)
{
	return ((struct private_file *)file)->filled ? SQLITE_IOCAP_IMMUTABLE :
	                                               0;
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = close_file,
	.xRead = read_file,
	.xWrite = write_file,
	.xTruncate = truncate_file,
	.xSync = sync_file,
	.xFileSize = size_file,
	.xLock = lock_file,
	.xUnlock = lock_file,
	.xCheckReservedLock = is_reserved,
	.xFileControl = control_file,
	.xSectorSize = sector_size,
	.xDeviceCharacteristics = traits,
};

/* Temporary files are those of every connection. */
static int
open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *given)
{
	struct private_file *f = (struct private_file *)file;
	sqlite3_vfs *usual = vfs->pAppData;
	struct stat s;

	if ((flags & SQLITE_OPEN_MAIN_DB) == 0)
		return usual->xOpen(usual, name, file, flags, given);
	*f = (struct private_file){ .fd = atoi(name) };
	if (fstat(f->fd, &s) != 0)
		return SQLITE_CANTOPEN;
	f->filled = s.st_size > 0;
	f->base.pMethods = &methods;
	if (given != NULL)
		*given = flags;
	return SQLITE_OK;
}

/* There is no journal, and no log. */
static int
is_there(sqlite3_vfs *vfs, const char *name, int flags, int *yes)
{
	(void)vfs;
	(void)name;
	(void)flags;
	*yes = 0;
	return SQLITE_OK;
}

static int
full_name(sqlite3_vfs *vfs, const char *name, int n, char *out)
{
	(void)vfs;
	(void)sqlite3_snprintf(n, out, "%s", name);
	return SQLITE_OK;
}

/* Once for the process. */
static enum vl_status
make_known(struct vl_err *err)
{
	static sqlite3_vfs vfs;
	sqlite3_mutex *lock = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS2);
	sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
	int rc = SQLITE_OK;

	sqlite3_mutex_enter(lock);
	if (vfs.zName == NULL) {
		vfs = *usual;
		vfs.pNext = NULL;
		vfs.zName = NAME;
		vfs.pAppData = usual;
		if (vfs.szOsFile < (int)sizeof(struct private_file))
			vfs.szOsFile = (int)sizeof(struct private_file);
		vfs.xOpen = open_file;
		vfs.xAccess = is_there;
		vfs.xFullPathname = full_name;
		rc = sqlite3_vfs_register(&vfs, 0);
		if (rc != SQLITE_OK)
			vfs.zName = NULL;
	}
	sqlite3_mutex_leave(lock);
	return rc == SQLITE_OK ?
	    VL_OK :
	    vl_fail(err, VL_EIO, "cannot start SQLite: %s", sqlite3_errstr(rc));
}

enum vl_status
db_connect_copy(struct vl_db *db, struct vl_err *err)
{
	char number[16];
	enum vl_status st = make_known(err);

	(void)snprintf(number, sizeof(number), "%d", db->fd);
	return st == VL_OK ? db_connect(db, &db->sql, number, NAME, 0, err) :
	                     st;
}
