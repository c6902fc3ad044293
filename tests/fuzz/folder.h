#ifndef VALISE_TESTS_FUZZ_FOLDER_H
#define VALISE_TESTS_FUZZ_FOLDER_H

/*
 * A folder of its own for a decoder that reads a file by name, in memory
 * where the system has such a place, and gone with the process.
 */

#include <fcntl.h>
#include <unistd.h>

#include <valise/fs.h>

#include "fuzz.h"

static char folder_path[64];

static inline void
folder_remove(void)
{
	(void)vl_remove_tree(AT_FDCWD, folder_path, &(struct vl_err){ 0 });
}

/* Its descriptor; made at the first call. */
static inline int
folder_fd(void)
{
	static int fd = -1;

	if (fd >= 0)
		return fd;
	snprintf(folder_path, sizeof(folder_path), "%s/valise-fuzz.XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	MUST(mkdtemp(folder_path) != NULL);
	MUST(atexit(folder_remove) == 0);
	fd = open(folder_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(fd >= 0);
	return fd;
}

/* Replace file `name` in it. */
static inline void
folder_put(const char *name, struct vl_slice content)
{
	struct vl_err err = { 0 };
	int fd = openat(
	    folder_fd(), name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	MUST(fd >= 0);
	MUST(vl_write_all(fd, content, &err) == VL_OK);
	MUST(close(fd) == 0);
}

#endif
