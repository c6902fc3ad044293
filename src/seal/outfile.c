/*
 * One file of frames (formats/bundle.md, "Files of frames"), written, synced
 * and read back from the medium: counterfeit capacity and bad cells show
 * only then.  Against those a checksum is enough: nobody chooses them.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secret.h>

#include "frame.h"
#include "outfile.h"

/* Written bytes are on their way after so many: little is left to be waited for
 * in the end. */
#define PACE       (1u << 20)
#define BACK_SIZE  (1u << 20)
#define BACK_ALIGN 4096u
#define NEW_FILE   (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)
#define READ_BACK  (O_RDONLY | O_NOFOLLOW | O_CLOEXEC)

/* From the medium, past the page cache where the file system can. */
static int
open_back(const struct outfile *f)
{
	int fd = openat(f->dirfd, f->name, READ_BACK | O_DIRECT);

	if (fd < 0 && errno == EINVAL)
		fd = openat(f->dirfd, f->name, READ_BACK);
	return fd;
}

/* Some file systems take O_DIRECT and then refuse to read that way. */
static enum vl_status
read_block(int fd, uint8_t *block, size_t *got, struct vl_err *err)
{
	off_t at = lseek(fd, 0, SEEK_CUR);
	enum vl_status st = vl_read_full(fd, block, BACK_SIZE, got, err);
	int flags;

	if (st == VL_OK || errno != EINVAL)
		return st;
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || lseek(fd, at, SEEK_SET) != at ||
	    (flags & O_DIRECT) == 0 ||
	    fcntl(fd, F_SETFL, flags & ~O_DIRECT) != 0)
		return st;
	return vl_read_full(fd, block, BACK_SIZE, got, err);
}

static enum vl_status
read_back(const struct outfile *f, struct vl_err *err)
{
	struct vl_xxh sum;
	uint8_t *block = NULL;
	enum vl_status st = VL_OK;
	size_t got = BACK_SIZE;
	int fd = -1;

	block = aligned_alloc(BACK_ALIGN, BACK_SIZE);
	if (block == NULL)
		return vl_fail_memory(err);
	fd = open_back(f);
	if (fd < 0) {
		st = vl_fail_errno(err, "cannot read back");
		goto out;
	}
	vl_xxh_init(&sum);
	while (st == VL_OK && got == BACK_SIZE) {
		st = read_block(fd, block, &got, err);
		if (st == VL_OK)
			vl_xxh_add(&sum, (struct vl_slice){ block, got });
	}
	if (st == VL_OK && vl_xxh_end(&sum) != vl_xxh_end(&f->sum))
		st = vl_fail(err, VL_EIO,
		    "what was written to the medium reads back differently");
out:
	if (fd >= 0)
		(void)close(fd);
	free(block);
	return st;
}

static enum vl_status
finish(struct vl_job *job, unsigned worker)
{
	struct outfile *f = (struct outfile *)job;
	enum vl_status st = VL_OK;
	int fd = f->fd;

	(void)worker;
	vl_hash_end(&f->hash, f->info.hash);
	f->fd = -1;
	if (fdatasync(fd) != 0) {
		st = vl_fail_errno(&job->err, "cannot write to the medium");
		(void)close(fd);
		goto out;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	if (close(fd) != 0) {
		st = vl_fail_errno(&job->err, "cannot write to the medium");
		goto out;
	}
	st = read_back(f, &job->err);
out:
	if (st != VL_OK)
		st = vl_within(&job->err, "'%s'", f->name);
	return st;
}

enum vl_status
outfile_append(struct outfile *f, struct vl_slice bytes, struct vl_err *err)
{
	enum vl_status st;

	vl_hash_add(&f->hash, bytes);
	vl_xxh_add(&f->sum, bytes);
	st = vl_write_all(f->fd, bytes, err);
	if (st != VL_OK)
		return vl_within(err, "cannot write '%s'", f->name);
	f->info.size += bytes.n;
	if (f->info.size - f->paced >= PACE) {
		/* Only a hint: what counts is the sync at the end. */
		(void)sync_file_range(f->fd, (off_t)f->paced,
		    (off_t)(f->info.size - f->paced), SYNC_FILE_RANGE_WRITE);
		f->paced = f->info.size;
	}
	return VL_OK;
}

/* The key of the frames hangs on the salt: no two attempts share one. */
static void
make_header(struct outfile *f, const struct vl_stream_opts *opts)
{
	struct vl_file_header header = {
		.type = opts->type,
		.frame_log2 = opts->frame_log2,
		.number = f->info.number,
	};

	memcpy(header.bundle, opts->id, VL_ID_SIZE);
	vl_random(header.salt, sizeof(header.salt));
	vl_file_header_encode(f->header, &header);
	frame_key(f->key, opts->root, header.salt, f->header);
}

enum vl_status
outfile_create(struct outfile **out, const struct vl_stream_opts *opts,
    uint32_t number, struct vl_err *err)
{
	struct outfile *f = NULL;
	enum vl_status st = VL_OK;

	*out = NULL;
	if (number > VL_FILE_NUMBER_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a bundle cannot have more than %d files of one kind",
		    VL_FILE_NUMBER_MAX);
	f = aligned_alloc(_Alignof(struct outfile), sizeof(*f));
	if (f == NULL)
		return vl_fail_memory(err);
	memset(f, 0, sizeof(*f));
	f->finish.run = finish;
	f->fd = -1;
	f->dirfd = opts->dirfd;
	f->info.number = number;
	vl_hash_init(&f->hash, NULL);
	vl_xxh_init(&f->sum);
	vl_file_name(f->name, opts->type, number);
	f->key = vl_secret_alloc(VL_KEY_SIZE);
	if (f->key == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	make_header(f, opts);
	f->fd = openat(f->dirfd, f->name, NEW_FILE, 0644);
	if (f->fd < 0) {
		st = vl_fail_errno(err, "cannot create '%s'", f->name);
		goto out;
	}
	st = outfile_append(
	    f, (struct vl_slice){ f->header, sizeof(f->header) }, err);
	if (st != VL_OK)
		goto out;
	*out = f;
	f = NULL;
out:
	outfile_free(f);
	return st;
}

void
outfile_free(struct outfile *f)
{
	if (f == NULL)
		return;
	if (f->fd >= 0)
		(void)close(f->fd);
	vl_secret_free(f->key);
	free(f);
}
