/*
 * New files that appear complete and durable or not at all.  They are
 * written under ".<name>.vltmp-<16 hex digits>" in the same folder and
 * renamed; one left behind by a crash can be told by that name.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/random.h>
#include <unistd.h>

#include "path.h"

#define NAME_SIZE 256

struct vl_newfile {
	int dir;        /* the folder */
	int fd;         /* -1 once closed */
	bool temporary; /* `temp` exists and is ours to remove */
	char name[NAME_SIZE];
	char temp[NAME_SIZE];
};

/* A fresh temporary name for f->name, cut where it would get too long. */
static enum vl_status
choose_temp(struct vl_newfile *f, struct vl_err *err)
{
	uint64_t random = 0;
	const int most = NAME_SIZE - (int)sizeof("..vltmp-0123456789abcdef");

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return vl_fail_errno(err, "cannot get random bytes");
	(void)snprintf(f->temp, sizeof(f->temp), ".%.*s.vltmp-%016" PRIx64,
	    most, f->name, random);
	return VL_OK;
}

enum vl_status
vl_newfile_create(struct vl_newfile **out, int dirfd, const char *name,
    mode_t mode, struct vl_err *err)
{
	struct vl_newfile *f = NULL;
	struct shown shown;
	enum vl_status st = VL_OK;

	*out = NULL;
	f = calloc(1, sizeof(*f));
	if (f == NULL)
		return vl_fail_memory(err);
	f->fd = -1;
	st = open_parent(&f->dir, f->name, dirfd, name, err);
	if (st != VL_OK)
		goto out;
	st = choose_temp(f, err);
	if (st != VL_OK)
		goto out;
	f->fd = openat(f->dir, f->temp,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (f->fd < 0) {
		st = vl_fail_errno(
		    err, "cannot create '%s'", show_name(&shown, name));
		goto out;
	}
	f->temporary = true;
	*out = f;
	f = NULL;
out:
	vl_newfile_free(f);
	return st;
}

int
vl_newfile_fd(const struct vl_newfile *f)
{
	return f->fd;
}

enum vl_status
vl_newfile_keep(struct vl_newfile *f, struct vl_err *err)
{
	struct shown shown;
	enum vl_status st = VL_OK;
	int fd = f->fd;

	st = vl_fsync(fd, f->name, err);
	if (st != VL_OK)
		return st;
	/* A network file system may first tell of a lost write here. */
	f->fd = -1;
	if (close(fd) != 0)
		return vl_fail_errno(
		    err, "cannot close '%s'", show_name(&shown, f->name));
	if (renameat(f->dir, f->temp, f->dir, f->name) != 0)
		return vl_fail_errno(
		    err, "cannot rename to '%s'", show_name(&shown, f->name));
	f->temporary = false;
	st = vl_fsync_dir(f->dir, ".", err);
	if (st != VL_OK)
		(void)vl_within(err, "'%s' is in place, but may not be durable",
		    show_name(&shown, f->name));
	return st;
}

void
vl_newfile_free(struct vl_newfile *f)
{
	int saved = errno;

	if (f == NULL)
		return;
	close_quietly(f->fd);
	if (f->temporary)
		(void)unlinkat(f->dir, f->temp, 0);
	close_quietly(f->dir);
	free(f);
	errno = saved;
}

enum vl_status
vl_put_file(int dirfd, const char *name, mode_t mode, struct vl_slice content,
    struct vl_err *err)
{
	struct vl_newfile *f = NULL;
	struct shown shown;
	enum vl_status st = VL_OK;

	st = vl_newfile_create(&f, dirfd, name, mode, err);
	if (st != VL_OK)
		goto out;
	st = vl_write_all(f->fd, content, err);
	if (st != VL_OK) {
		(void)vl_within(
		    err, "cannot write '%s'", show_name(&shown, name));
		goto out;
	}
	st = vl_newfile_keep(f, err);
out:
	vl_newfile_free(f);
	return st;
}
