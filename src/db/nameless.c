/*
 * A private file that holds a database: it has no name, one connection fills
 * it, and several read it then, each in a thread of its own.  To SQLite it is
 * a file system in which the number of the descriptor is the name.
 *
 * Nobody else has it, so there are no locks; what has bytes when it is opened
 * never changes again, which is how a database in WAL mode is read without the
 * files that it wants beside it.
 *
 * While it is filled a worker writes one piece of it and SQLite makes the next:
 * each takes half of the time.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "private.h"

#define NAME   "valise-private"
#define SECTOR 4096
#define PIECE  (1u << 20)
/* Of sqlite3_file_control(): a struct db_filling. */
#define FILL 1000

/* Bytes that stand together. */
struct piece {
	struct vl_job job; /* writes them */
	bool busy;         /* submitted and not waited for */
	int error;
	int fd; /* borrowed */
	off_t at;
	size_t n;
	uint8_t bytes[PIECE];
};

struct db_filling {
	struct vl_pool *pool;
	struct piece pieces[2];
	size_t current;
	int error; /* the first */
};

struct private_file {
	sqlite3_file base;
	int fd; /* borrowed */
	bool filled;
	struct db_filling *filling; /* borrowed; or NULL */
};

static int
fd_of(sqlite3_file *file)
{
	return ((struct private_file *)file)->fd;
}

/* errno stays; SQLite asks for it. */
static int
write_bytes(int fd, const uint8_t *p, size_t n, off_t at)
{
	if (vl_pwrite_all(fd, (struct vl_slice){ p, n }, at, NULL) == VL_OK)
		return SQLITE_OK;
	return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static enum vl_status
write_piece(struct vl_job *job, unsigned worker)
{
	struct piece *p = (struct piece *)job;

	(void)worker;
	p->error = 0;
	if (write_bytes(p->fd, p->bytes, p->n, p->at) != SQLITE_OK)
		p->error = errno;
	return VL_OK;
}

static int
wait_for(struct db_filling *f, struct piece *p)
{
	if (!p->busy)
		return SQLITE_OK;
	p->busy = false;
	if (f->pool == NULL)
		(void)write_piece(&p->job, 0);
	else
		(void)vl_pool_wait(f->pool, &p->job, NULL);
	p->n = 0;
	errno = p->error;
	if (p->error == 0)
		return SQLITE_OK;
	if (f->error == 0)
		f->error = p->error;
	return p->error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

/* The current piece, when the other one is written: a page may be in both. */
static int
hand_over(struct db_filling *f)
{
	struct piece *p = &f->pieces[f->current];
	int rc = wait_for(f, &f->pieces[1 - f->current]);

	if (rc != SQLITE_OK || p->n == 0)
		return rc;
	f->current = 1 - f->current;
	p->busy = true;
	if (f->pool != NULL)
		vl_pool_submit(f->pool, &p->job);
	return SQLITE_OK;
}

int
db_fill_error(const struct db_filling *f)
{
	return f == NULL ? 0 : f->error;
}

int
db_fill_settle(struct db_filling *f)
{
	int rc = hand_over(f);

	return rc == SQLITE_OK ? hand_over(f) : rc;
}

int
db_fill_room(struct db_filling *f, off_t at, uint8_t **room, size_t *n)
{
	int rc = hand_over(f);

	f->pieces[f->current].at = at;
	*room = f->pieces[f->current].bytes;
	*n = PIECE;
	return rc;
}

void
db_fill_put(struct db_filling *f, size_t n)
{
	f->pieces[f->current].n = n;
}

void
db_fill_free(struct db_filling *f)
{
	if (f == NULL)
		return;
	(void)wait_for(f, &f->pieces[0]);
	(void)wait_for(f, &f->pieces[1]);
	free(f);
}

/* All that was put is in the file. */
static int
settle(sqlite3_file *file)
{
	struct db_filling *f = ((struct private_file *)file)->filling;

	return f == NULL ? SQLITE_OK : db_fill_settle(f);
}

static int
read_file(sqlite3_file *file, void *p, int n, sqlite3_int64 at)
{
	size_t got = 0;
	int rc = settle(file);

	if (rc != SQLITE_OK)
		return rc;
	if (vl_pread_full(fd_of(file), p, (size_t)n, at, &got, NULL) != VL_OK)
		return SQLITE_IOERR_READ;
	/* SQLite counts on zeros behind the end. */
	memset((uint8_t *)p + got, 0, (size_t)n - got);
	return got == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int
write_file(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
	struct db_filling *f = ((struct private_file *)file)->filling;
	struct piece *p = f == NULL ? NULL : &f->pieces[f->current];
	size_t n = (size_t)size;
	int rc = SQLITE_OK;

	if (p == NULL)
		return write_bytes(fd_of(file), bytes, n, at);
	if (p->n > 0 && (at != p->at + (off_t)p->n || n > PIECE - p->n)) {
		rc = hand_over(f);
		p = &f->pieces[f->current];
	}
	if (rc != SQLITE_OK)
		return rc;
	if (p->n == 0)
		p->at = at;
	memcpy(p->bytes + p->n, bytes, n);
	p->n += n;
	return SQLITE_OK;
}

static int
truncate_file(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = settle(file);

	if (rc != SQLITE_OK)
		return rc;
	return ftruncate(fd_of(file), size) == 0 ? SQLITE_OK :
	                                           SQLITE_IOERR_TRUNCATE;
}

/* Nobody asks for it when the power was gone. */
static int
sync_file(sqlite3_file *file, int flags)
{
	(void)flags;
	return settle(file);
}

static int
size_file(sqlite3_file *file, sqlite3_int64 *size)
{
	struct stat s;
	int rc = settle(file);

	if (rc != SQLITE_OK)
		return rc;
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
	if (what != FILL)
		return SQLITE_NOTFOUND;
	((struct private_file *)file)->filling = arg;
	return SQLITE_OK;
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
	.xClose = settle,
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
	return st == VL_OK ? db_connect(db, &db->sql, number, NAME, err) : st;
}

enum vl_status
db_fill_new(struct db_filling **out, const struct vl_db *db,
    struct vl_pool *pool, struct vl_err *err)
{
	struct db_filling *f = calloc(1, sizeof(*f));
	size_t i = 0;

	*out = f;
	if (f == NULL)
		return vl_fail_memory(err);
	f->pool = pool;
	for (i = 0; i < 2; i++) {
		f->pieces[i].job.run = write_piece;
		f->pieces[i].fd = db->fd;
	}
	return VL_OK;
}

void
db_fill_by(struct db_filling *f, const struct vl_db *db)
{
	(void)sqlite3_file_control(db->sql, db->name, FILL, f);
}
