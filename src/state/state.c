/*
 * The state directory of one site: opening, identity, lock, and the note of
 * a failed sync (docs/transaction.md, "State").
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/text.h>

#include "state_private.h"

struct vl_state {
	char *path;
	int fd;
	int lockfd;
	uint8_t identity[VL_STATE_ID_SIZE];
};

static enum vl_status
read_text_id(uint8_t *id, size_t n, const struct vl_buf *text)
{
	struct vl_slice hex = { text->p, text->n };

	if (hex.n == 0 || hex.p[hex.n - 1] != '\n')
		return VL_EFORMAT;
	hex.n--;
	return vl_unhex(id, n, hex) ? VL_OK : VL_EFORMAT;
}

/* Read the identity, or make it when the state is new. */
static enum vl_status
load_identity(struct vl_state *s, bool create, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char hex[VL_HEX_SIZE(VL_STATE_ID_SIZE) + 1];
	bool there = false;
	enum vl_status st = VL_OK;

	/* Two that make the same state agree on the identity of one. */
	if (create && flock(s->fd, LOCK_EX) != 0) {
		st = vl_fail_errno(err, "cannot lock '%s'", s->path);
		goto out;
	}
	st = vl_state_read(s, "identity", &text, &there, err);
	if (st != VL_OK)
		goto out;
	if (there) {
		if (read_text_id(s->identity, VL_STATE_ID_SIZE, &text) != VL_OK)
			st = vl_fail(err, VL_EIO,
			    "'%s/identity' is damaged: restore the state "
			    "directory from a copy",
			    s->path);
		goto out;
	}
	if (!create) {
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is not a state directory of valise", s->path);
		goto out;
	}
	vl_random(s->identity, VL_STATE_ID_SIZE);
	vl_hex(hex, s->identity, VL_STATE_ID_SIZE);
	hex[2 * VL_STATE_ID_SIZE] = '\n';
	st = vl_put_file(s->fd, "identity", 0600,
	    (struct vl_slice){ (const uint8_t *)hex, 2 * VL_STATE_ID_SIZE + 1 },
	    err);
out:
	if (create)
		(void)flock(s->fd, LOCK_UN);
	vl_buf_free(&text);
	return st;
}

/*
 * Who may write here could put in any journal, ledger or key: only a
 * directory of our own is taken, and below a base, which others may write
 * to, no link in its place.
 */
static enum vl_status
open_own(
    struct vl_state *s, const struct vl_state_opts *opts, struct vl_err *err)
{
	const bool follow = opts->dir != NULL;
	enum vl_status status = VL_OK;
	struct stat st = { 0 };

	if (!follow && lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is a symbolic link: put the directory itself there, "
		    "or give another 'state'",
		    s->path);
	if (opts->create)
		status = vl_make_dirs(s->path, 0700, err);
	if (status != VL_OK)
		return status;
	s->fd = open(s->path,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	if (s->fd < 0 && errno == ENOENT)
		return vl_fail(
		    err, VL_EUSAGE, "no state directory '%s'", s->path);
	if (s->fd < 0)
		return vl_fail_errno(err, "cannot open '%s'", s->path);
	if (fstat(s->fd, &st) != 0)
		return vl_fail_errno(err, "cannot examine '%s'", s->path);
	if (st.st_uid != geteuid())
		return vl_fail(err, VL_EUSAGE,
		    "'%s' belongs to user %lu, this runs as user %lu: run as "
		    "its owner, or see what is in it and 'chown' it",
		    s->path, (unsigned long)st.st_uid,
		    (unsigned long)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' can be written by others (mode %04o): see what is "
		    "in it, then 'chmod 700' it",
		    s->path, (unsigned)st.st_mode & 07777);
	return VL_OK;
}

enum vl_status
vl_state_open(
    struct vl_state **out, const struct vl_state_opts *opts, struct vl_err *err)
{
	struct vl_state *s = NULL;
	char *real = NULL;
	enum vl_status st = VL_OK;
	int n = 0;

	*out = NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return vl_fail_memory(err);
	s->fd = -1;
	s->lockfd = -1;
	if (opts->dir != NULL)
		n = asprintf(&s->path, "%s", opts->dir);
	else
		n = asprintf(&s->path, "%s/%s", opts->base, opts->site);
	if (n < 0) {
		s->path = NULL;
		st = vl_fail_memory(err);
		goto out;
	}
	st = open_own(s, opts, err);
	if (st != VL_OK)
		goto out;
	real = realpath(s->path, NULL);
	if (real == NULL) {
		st = vl_fail_errno(err, "cannot resolve '%s'", s->path);
		goto out;
	}
	free(s->path);
	s->path = real;
	st = load_identity(s, opts->create, err);
out:
	if (st != VL_OK) {
		vl_state_free(s);
		return st;
	}
	*out = s;
	return VL_OK;
}

int
vl_state_fd(const struct vl_state *s)
{
	return s->fd;
}

const char *
vl_state_path(const struct vl_state *s)
{
	return s->path;
}

const uint8_t *
vl_state_identity(const struct vl_state *s)
{
	return s->identity;
}

/* What the lock file says of who holds it; "" when it says nothing. */
static void
read_lock(char *who, size_t size, int dirfd)
{
	struct vl_buf text = { 0 };
	struct vl_err ignored;
	size_t n;

	who[0] = '\0';
	if (vl_read_file(dirfd, "lock", VL_STATE_FILE_MAX, &text, &ignored) ==
	    VL_OK) {
		n = text.n > 0 && text.p[text.n - 1] == '\n' ? text.n - 1 :
		                                               text.n;
		vl_escape_text(who, size, (struct vl_slice){ text.p, n });
	}
	vl_buf_free(&text);
}

static enum vl_status
fail_locked(struct vl_state *s, struct vl_err *err)
{
	char who[256];

	read_lock(who, sizeof(who), s->fd);
	return vl_fail(err, VL_ELOCKED,
	    "another run holds '%s'%s%s: run again when it has ended "
	    "('valise-import --wait' waits for that)",
	    s->path, who[0] != '\0' ? ": " : "", who);
}

/* What fail_locked() of another run will show; a full disk must not keep a
 * run from recovering. */
static void
sign_lock(struct vl_state *s)
{
	struct vl_err ignored;
	char text[128];
	char since[32];
	int n = 0;

	vl_format_time_utc(since, sizeof(since), (int64_t)time(NULL));
	n = snprintf(text, sizeof(text), "process %ld since %s\n",
	    (long)getpid(), since);
	if (ftruncate(s->lockfd, 0) == 0)
		(void)vl_pwrite_all(s->lockfd,
		    (struct vl_slice){ (const uint8_t *)text, (size_t)n }, 0,
		    &ignored);
}

enum vl_status
vl_state_lock(struct vl_state *s, unsigned wait, struct vl_err *err)
{
	const struct timespec tenth = { 0, 100000000 };
	unsigned long left = 10UL * wait;
	int fd = -1;

	fd = openat(
	    s->fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return vl_fail_errno(err, "cannot open '%s/lock'", s->path);
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			vl_fail_errno(err, "cannot lock '%s'", s->path);
			close(fd);
			return err->status;
		}
		if (left-- == 0) {
			close(fd);
			return fail_locked(s, err);
		}
		/* Only a signal that is handled interrupts it. */
		if (nanosleep(&tenth, NULL) != 0) {
			close(fd);
			return vl_fail(err, VL_ESIGNAL,
			    "stopped while waiting for another run");
		}
	}
	s->lockfd = fd;
	sign_lock(s);
	return VL_OK;
}

static bool
is_locked(int dirfd)
{
	int fd = openat(dirfd, "lock",
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	bool held = false;

	if (fd < 0)
		return false;
	held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
	close(fd);
	return held;
}

bool
vl_state_is_locked(const struct vl_state *s)
{
	return is_locked(s->fd);
}

enum vl_status
vl_state_fail_foreign(const char *staging, const char *path, struct vl_err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool held = fd >= 0 && is_locked(fd);
	char shown[512];
	char who[256] = "";

	if (held)
		read_lock(who, sizeof(who), fd);
	if (fd >= 0)
		close(fd);
	vl_escape_text(shown, sizeof(shown), vl_slice_of(path));
	if (held)
		return vl_fail(err, VL_ELOCKED,
		    "'%s' is of another import that is running, with state "
		    "'%s'%s%s: run again when it has ended",
		    staging, shown, who[0] != '\0' ? ", " : "", who);
	return vl_fail(err, VL_ELOCKED,
	    "'%s' is of another import, whose state is '%s': finish that one "
	    "with valise-import --recover --state '%s'",
	    staging, shown, shown);
}

enum vl_status
vl_state_tidy(struct vl_state *s, struct vl_err *err)
{
	struct dirent *entry = NULL;
	enum vl_status st = VL_OK;
	DIR *dir = NULL;
	int fd = openat(s->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		dir = fdopendir(fd);
	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return vl_fail_errno(err, "cannot read '%s'", s->path);
	}
	while (st == VL_OK && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] == '.' &&
		    strstr(entry->d_name, ".vltmp-") != NULL &&
		    unlinkat(s->fd, entry->d_name, 0) != 0 && errno != ENOENT)
			st = vl_fail_errno(err, "cannot remove '%s/%s'",
			    s->path, entry->d_name);
	closedir(dir);
	return st == VL_OK ? vl_brought_tidy(s, err) : st;
}

void
vl_state_free(struct vl_state *s)
{
	if (s == NULL)
		return;
	if (s->lockfd >= 0)
		close(s->lockfd);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}

enum vl_status
vl_state_read(struct vl_state *s, const char *name, struct vl_buf *out,
    bool *there, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*there = false;
	errno = 0;
	st = vl_read_file(s->fd, name, VL_STATE_FILE_MAX, out, err);
	if (st != VL_OK && errno == ENOENT)
		return VL_OK;
	if (st != VL_OK)
		return vl_within(err, "state '%s'", s->path);
	*there = true;
	return VL_OK;
}

/* Without O_NONBLOCK the open of a FIFO would wait for a writer. */
enum vl_status
vl_state_settle(struct vl_state *s, const char *name, struct vl_err *err)
{
	struct stat stat = { 0 };
	enum vl_status st = VL_OK;
	int fd = openat(s->fd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 && errno != ENOENT)
		return vl_fail_errno(err, "cannot open '%s'", name);
	if (fd >= 0 && fstat(fd, &stat) != 0)
		st = vl_fail_errno(err, "cannot examine '%s'", name);
	else if (fd >= 0 && !S_ISREG(stat.st_mode))
		st = vl_fail(err, VL_EIO, "'%s' is not a regular file", name);
	else if (fd >= 0)
		st = vl_fsync(fd, name, err);
	if (fd >= 0)
		close(fd);
	return st == VL_OK ? vl_fsync_dir(s->fd, ".", err) : st;
}

/* The id of this boot, without LF; empty when the kernel does not tell. */
static void
boot_id(char *text, size_t size)
{
	size_t got = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;

	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	if (n > 0)
		got = (size_t)n;
	while (got > 0 && text[got - 1] == '\n')
		got--;
	text[got] = '\0';
}

/*
 * In /run where that can be written (it is empty after a boot and lies on
 * another file system than the one that failed), else in the state.
 */
static void
note_path(const struct vl_state *s, char *path, size_t size, bool run)
{
	char hex[VL_HEX_SIZE(VL_STATE_ID_SIZE)];

	vl_hex(hex, s->identity, VL_STATE_ID_SIZE);
	if (run)
		snprintf(path, size, "/run/valise-%s.unsynced", hex);
	else
		snprintf(path, size, "%s/unsynced", s->path);
}

void
vl_state_note_failed_sync(struct vl_state *s, const char *where)
{
	char path[4200];
	char boot[64];
	char text[4400];
	bool run = true;
	int n = 0;
	int fd = -1;

	boot_id(boot, sizeof(boot));
	n = snprintf(text, sizeof(text), "%s %s\n", boot, where);
	if (n < 0 || (size_t)n >= sizeof(text))
		return;
	for (;;) {
		note_path(s, path, sizeof(path), run);
		fd = open(path,
		    O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		    0600);
		if (fd >= 0 || !run)
			break;
		run = false;
	}
	if (fd < 0)
		return;
	if (write(fd, text, (size_t)n) == n)
		(void)fsync(fd);
	close(fd);
}

enum vl_status
vl_state_check_sync(struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char path[4200];
	char boot[64];
	enum vl_status st = VL_OK;
	int i = 0;

	boot_id(boot, sizeof(boot));
	for (i = 0; i < 2 && st == VL_OK; i++) {
		note_path(s, path, sizeof(path), i == 0);
		errno = 0;
		st = vl_read_file(AT_FDCWD, path, 8192, &text, err);
		if (st != VL_OK && errno == ENOENT) {
			st = VL_OK;
			continue;
		}
		if (st != VL_OK)
			st = err->status = VL_EPENDING;
		else if (text.n > strlen(boot) &&
		    memcmp(text.p, boot, strlen(boot)) == 0)
			st = vl_fail(err, VL_EPENDING,
			    "a sync failed since this machine started (see "
			    "'%s'): what stands on that disk cannot be "
			    "believed; mend the disk, restart the machine, "
			    "run again",
			    path);
		else
			(void)unlink(path);
	}
	vl_buf_free(&text);
	return st;
}
