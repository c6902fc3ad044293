/* Files of the target, read whole: what of them stays is told by their text. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secret.h>

#include "here.h"

int
vl_here_parent(
    const char *root, struct vl_slice path, char name[VL_NAME_MAX + 1])
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const uint8_t *slash = NULL;
	int below = -1;
	size_t n = 0;

	while (fd >= 0) {
		slash = memchr(path.p, '/', path.n);
		n = slash == NULL ? path.n : (size_t)(slash - path.p);
		if (n > VL_NAME_MAX) {
			close(fd);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path.p, n);
		name[n] = '\0';
		if (slash == NULL)
			return fd;
		below = openat(
		    fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = below;
		path.p += n + 1;
		path.n -= n + 1;
	}
	return -1;
}

int
vl_here_open(const char *root, struct vl_slice path)
{
	char name[VL_NAME_MAX + 1];
	int parent = vl_here_parent(root, path, name);
	int fd = -1;

	if (parent < 0)
		return -1;
	fd = openat(parent, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	close(parent);
	return fd;
}

bool
vl_here_absent(int why)
{
	return why == ENOENT || why == ENOTDIR || why == ELOOP ||
	    why == ENXIO || why == ENAMETOOLONG;
}

enum vl_status
vl_here_real(char **out, const char *path, struct vl_err *err)
{
	*out = realpath(path, NULL);
	return *out != NULL || vl_here_absent(errno) || errno == EACCES ?
	    VL_OK :
	    vl_fail_errno(err, "cannot resolve '%s'", path);
}

enum vl_status
vl_here_read(struct vl_text_here *h, const char *root, struct vl_slice path,
    size_t max, struct vl_err *err)
{
	struct stat st = { 0 };
	size_t got = 0;
	int fd = vl_here_open(root, path);
	enum vl_status status = VL_OK;

	vl_here_clear(h);
	if (fd < 0 && vl_here_absent(errno))
		return VL_OK;
	if (fd < 0 || fstat(fd, &st) != 0) {
		status = vl_fail_errno(err, "what is here cannot be read");
	} else if (S_ISREG(st.st_mode) && (uint64_t)st.st_size > max) {
		status = vl_fail(err, VL_EREFUSED,
		    "what is here is longer than %zu MiB", max >> 20);
	} else if (S_ISREG(st.st_mode)) {
		h->there = true;
		h->time = (struct vl_time){ st.st_mtim.tv_sec,
			(int32_t)st.st_mtim.tv_nsec };
		/* At once: no copy of it stays where it grew. */
		status = vl_buf_reserve(&h->text, (size_t)st.st_size + 1, err);
		if (status == VL_OK)
			status = vl_pread_full(
			    fd, h->text.p, (size_t)st.st_size, 0, &got, err);
		h->text.n = got;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

void
vl_here_wipe(struct vl_buf *b)
{
	if (b->n > 0)
		vl_secret_wipe(b->p, b->n);
	vl_buf_clear(b);
}

void
vl_here_clear(struct vl_text_here *h)
{
	vl_here_wipe(&h->text);
	h->there = false;
}

void
vl_here_free(struct vl_text_here *h)
{
	vl_here_wipe(&h->text);
	vl_buf_free(&h->text);
}
