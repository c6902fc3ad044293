/*
 * Senders that an operator accepted on a terminal: their public key files,
 * one each, in folder `senders` of the state.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>

#include "state_private.h"

enum vl_status
vl_state_accept_sender(struct vl_state *s, struct vl_slice public_text,
    const char *key_id_hex, struct vl_err *err)
{
	char name[64];
	enum vl_status st = VL_OK;
	int fd = -1;

	snprintf(name, sizeof(name), "%.32s.pub", key_id_hex);
	if (mkdirat(vl_state_fd(s), "senders", 0700) != 0 && errno != EEXIST)
		return vl_fail_errno(
		    err, "cannot make '%s/senders'", vl_state_path(s));
	fd = openat(vl_state_fd(s), "senders",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s/senders'", vl_state_path(s));
	st = vl_put_file(fd, name, 0600, public_text, err);
	close(fd);
	if (st == VL_OK)
		st = vl_fsync_dir(vl_state_fd(s), ".", err);
	return st;
}

enum vl_status
vl_state_each_sender(struct vl_state *s, size_t max,
    enum vl_status (*each)(void *arg, struct vl_slice text, struct vl_err *err),
    void *arg, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct dirent *entry = NULL;
	enum vl_status st = VL_OK;
	DIR *dir = NULL;
	int fd = openat(vl_state_fd(s), "senders",
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return VL_OK;
	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s/senders'", vl_state_path(s));
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return vl_fail_errno(
		    err, "cannot read '%s/senders'", vl_state_path(s));
	}
	while (st == VL_OK && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n < 4 || strcmp(entry->d_name + n - 4, ".pub") != 0)
			continue;
		st = vl_read_file(dirfd(dir), entry->d_name, max, &text, err);
		if (st == VL_OK)
			st = each(arg, vl_buf_slice(&text), err);
	}
	closedir(dir);
	vl_buf_free(&text);
	return st;
}
