/* Making folders, each durable before the next is made inside it. */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

/* Make `name` in *dir unless it is there, and move *dir into it. */
static enum vl_status
step_into(int *dir, const char *name, mode_t mode, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	struct shown shown;
	bool made = mkdirat(*dir, name, mode) == 0;
	int next = -1;

	if (!made && errno != EEXIST)
		return vl_fail_errno(
		    err, "cannot make folder '%s'", show_name(&shown, name));
	/* O_PATH: a folder on the way need not be readable. */
	next = openat(*dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (next < 0)
		return vl_fail_errno(
		    err, "cannot enter folder '%s'", show_name(&shown, name));
	if (made)
		st = vl_fsync_dir(next, ".", err);
	if (made && st == VL_OK)
		st = vl_fsync_dir(*dir, ".", err);
	close_quietly(*dir);
	*dir = next;
	return st;
}

enum vl_status
vl_make_dirs(const char *path, mode_t mode, struct vl_err *err)
{
	struct shown shown;
	enum vl_status st = VL_OK;
	char *copy = strdup(path);
	char *p = copy;
	char *end = NULL;
	int dir = -1;

	if (copy == NULL)
		return vl_fail_memory(err);
	dir = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		st = vl_fail_errno(err, "cannot open the current folder");
	while (st == VL_OK) {
		p += strspn(p, "/");
		if (*p == '\0')
			break;
		end = p + strcspn(p, "/");
		if (*end != '\0')
			*end++ = '\0';
		st = step_into(&dir, p, mode, err);
		p = end;
	}
	if (st != VL_OK)
		(void)vl_within(
		    err, "cannot make '%s'", show_name(&shown, path));
	close_quietly(dir);
	free(copy);
	return st;
}
