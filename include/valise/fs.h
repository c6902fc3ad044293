#ifndef VALISE_FS_H
#define VALISE_FS_H

/*
 * Files by descriptor: whole reads and writes, new files that appear under
 * their name complete and durable or not at all, directory syncs.
 *
 * Names are single path components below `dirfd` (or any path with AT_FDCWD).
 * Every open is O_CLOEXEC.  A failed sync is never tried again.
 */

#include <sys/types.h>

#include <valise/bytes.h>

struct vl_newfile;

/* Write all of `bytes` at the current offset; a short write goes on. */
enum vl_status vl_write_all(int fd, struct vl_slice bytes, struct vl_err *err);
enum vl_status vl_pwrite_all(
    int fd, struct vl_slice bytes, off_t at, struct vl_err *err);
/* Read until `n` bytes or end of file; `*got` says how many. */
enum vl_status vl_read_full(
    int fd, uint8_t *p, size_t n, size_t *got, struct vl_err *err);
enum vl_status vl_pread_full(
    int fd, uint8_t *p, size_t n, off_t at, size_t *got, struct vl_err *err);

/*
 * Read a whole regular file of at most `max` bytes into `out` (replaced).
 * Symbolic links are not followed.  VL_ELIMIT when it is longer; VL_EIO with
 * errno kept when it cannot be opened (ENOENT tells absence).
 */
enum vl_status vl_read_file(int dirfd, const char *name, size_t max,
    struct vl_buf *out, struct vl_err *err);

enum vl_status vl_fsync(int fd, const char *what, struct vl_err *err);
/* fsync the directory `name` below dirfd ("." is dirfd itself). */
enum vl_status vl_fsync_dir(int dirfd, const char *name, struct vl_err *err);

/*
 * A file that vanishes unless it is kept.
 *
 *	create -> (write to fd)* -> keep -> free	name exists, durable
 *	create -> free					nothing
 *
 * keep: fsync, close, rename over `name`, fsync the directory; the descriptor
 * is gone after it.  `mode` is cut by the umask.  Until it is kept the file is
 * called ".<name>.vltmp-<16 hex digits>", which a crash may leave behind.
 */
enum vl_status vl_newfile_create(struct vl_newfile **out, int dirfd,
    const char *name, mode_t mode, struct vl_err *err);
int vl_newfile_fd(const struct vl_newfile *f);
enum vl_status vl_newfile_keep(struct vl_newfile *f, struct vl_err *err);
void vl_newfile_free(struct vl_newfile *f);

/* The same in one call for small content. */
enum vl_status vl_put_file(int dirfd, const char *name, mode_t mode,
    struct vl_slice content, struct vl_err *err);

/* mkdir -p with `mode` for what is made, each made directory durable. */
enum vl_status vl_make_dirs(const char *path, mode_t mode, struct vl_err *err);

/* Remove `name` and everything below it without following links or crossing
 * onto another mount.  Absence is no failure. */
enum vl_status vl_remove_tree(int dirfd, const char *name, struct vl_err *err);

/* An unlinked temporary file in directory `dir` (a path), mode 0600. */
enum vl_status vl_temp_file(int *fd, const char *dir, struct vl_err *err);

#endif
