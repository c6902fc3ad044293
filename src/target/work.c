/*
 * Work on one path that the pool does: compare the target's file with the
 * record by its content hash, and where it differs write the new one into
 * the staging, read it back, and give it its attributes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/chunk.h>
#include <valise/fs.h>

#include "plan.h"

/* Part of a large body, written by a job of its own. */
struct segment {
	struct vl_job job;
	struct item *item;
	int fd;
	uint64_t from; /* the bytes it answers for */
	uint64_t to;
	struct vl_chunk_ref refs[ITEM_REFS];
	size_t n;
};

static enum vl_status
compare(struct item *i, unsigned worker, bool *same, struct vl_err *err)
{
	struct vl_hasher *h = i->t->workers[worker].hasher;
	uint8_t *buffer = i->t->workers[worker].buffer;
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	enum vl_status st = VL_OK;
	ssize_t got = 0;

	*same = false;
	h->ops->begin(h, i->after.size);
	do {
		got = read(i->fd, buffer, WORK_BUFFER);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return vl_fail_errno(err, "cannot read '%s'", i->path);
		st = h->ops->add(
		    h, (struct vl_slice){ buffer, (size_t)got }, err);
		if (st != VL_OK)
			return st;
	} while (got != 0);
	if (h->ops->end(h, hash))
		*same = memcmp(hash, i->hash, sizeof(hash)) == 0;
	return VL_OK;
}

static enum vl_status
write_refs(struct item *i, int fd, const struct vl_chunk_ref *refs, size_t n,
    struct vl_err *err)
{
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	enum vl_status st = VL_OK;
	size_t k = 0;

	for (k = 0; k < n && st == VL_OK; k++) {
		st = i->body.chunk(i->body.arg, &refs[k], &bytes, &hold, err);
		if (st != VL_OK)
			return st;
		st = vl_pwrite_all(fd, bytes, (off_t)refs[k].at, err);
		i->body.release(i->body.arg, hold);
	}
	return st;
}

static enum vl_status
fail_back(struct item *i, struct vl_err *err)
{
	return vl_fail(err, VL_EIO,
	    "the staged copy of '%s' reads back differently: the disk or the "
	    "memory of this machine is not to be trusted",
	    i->path);
}

/* Nothing but zeros from `at` to `to`; holes are not read. */
static enum vl_status
check_zeros(struct item *i, int fd, uint8_t *buffer, uint64_t at, uint64_t to,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t got = 0;
	size_t n = 0;
	off_t data = 0;

	while (at < to) {
		data = lseek(fd, (off_t)at, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			return VL_OK;
		if (data > 0 && (uint64_t)data > at)
			at = (uint64_t)data;
		if (at >= to)
			return VL_OK;
		n = to - at < WORK_BUFFER ? (size_t)(to - at) : WORK_BUFFER;
		st = vl_pread_full(fd, buffer, n, (off_t)at, &got, err);
		if (st != VL_OK)
			return st;
		if (got != n || !vl_all_zero((struct vl_slice){ buffer, got }))
			return fail_back(i, err);
		at += n;
	}
	return VL_OK;
}

static enum vl_status
check_chunk(struct item *i, int fd, uint8_t *buffer,
    const struct vl_chunk_ref *ref, struct vl_err *err)
{
	struct vl_slice bytes = { NULL, 0 };
	void *hold = NULL;
	enum vl_status st = VL_OK;
	size_t at = 0;
	size_t n = 0;
	size_t got = 0;

	st = i->body.chunk(i->body.arg, ref, &bytes, &hold, err);
	while (st == VL_OK && at < bytes.n) {
		n = bytes.n - at < WORK_BUFFER ? bytes.n - at : WORK_BUFFER;
		st = vl_pread_full(
		    fd, buffer, n, (off_t)(ref->at + at), &got, err);
		if (st == VL_OK &&
		    (got != n || memcmp(buffer, bytes.p + at, n) != 0))
			st = fail_back(i, err);
		at += n;
	}
	if (hold != NULL)
		i->body.release(i->body.arg, hold);
	return st;
}

/* What was staged for [from, to) is read again and compared. */
static enum vl_status
check_refs(struct item *i, int fd, uint8_t *buffer, const struct segment *seg,
    struct vl_err *err)
{
	uint64_t at = seg->from;
	enum vl_status st = VL_OK;
	size_t k = 0;

	for (k = 0; k < seg->n && st == VL_OK; k++) {
		st = check_zeros(i, fd, buffer, at, seg->refs[k].at, err);
		if (st == VL_OK)
			st = check_chunk(i, fd, buffer, &seg->refs[k], err);
		at = seg->refs[k].at + seg->refs[k].n;
	}
	if (st == VL_OK)
		st = check_zeros(i, fd, buffer, at, seg->to, err);
	return st;
}

static int
create(struct item *i)
{
	char n[VL_STAGE_N_SIZE];
	const char *slash = strrchr(i->path, '/');
	const char *name = slash == NULL ? i->path : slash + 1;

	if (!i->inner)
		name = vl_stage_n(n, i->n, "");
	return openat(i->dir->fd, name,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static enum vl_status
finish(struct item *i, int fd, struct vl_err *err)
{
	struct vl_meta now = { 0 };
	struct stat st;

	if (vl_meta_set_fd(fd, &i->after, err) != VL_OK)
		return vl_within(err, "cannot stage '%s'", i->path);
	if (fstat(fd, &st) != 0)
		return vl_fail_errno(err, "cannot stage '%s'", i->path);
	vl_meta_of_stat(&now, &st);
	return vl_meta_kept(&now, &i->after, i->path, err);
}

static enum vl_status
stage_small(struct item *i, unsigned worker, struct vl_err *err)
{
	struct segment whole = { .to = i->after.size, .n = i->nrefs };
	enum vl_status st = VL_OK;
	int fd = create(i);

	if (fd < 0)
		return vl_fail_errno(err, "cannot stage '%s'", i->path);
	memcpy(whole.refs, i->refs, sizeof(whole.refs));
	st = write_refs(i, fd, i->refs, i->nrefs, err);
	if (st != VL_OK)
		vl_within(err, "cannot stage '%s'", i->path);
	if (st == VL_OK && ftruncate(fd, (off_t)i->after.size) != 0)
		st = vl_fail_errno(err, "cannot stage '%s'", i->path);
	if (st == VL_OK)
		st = check_refs(
		    i, fd, i->t->workers[worker].buffer, &whole, err);
	if (st == VL_OK)
		st = finish(i, fd, err);
	if (close(fd) != 0 && st == VL_OK)
		st = vl_fail_errno(err, "cannot stage '%s'", i->path);
	return st;
}

/* Decide by content and attributes what becomes of a matched file. */
static enum vl_status
decide(struct item *i, unsigned worker, struct vl_err *err)
{
	bool same = false;
	enum vl_status st = VL_OK;

	i->outcome = OUTCOME_STAGE;
	if (i->fd < 0)
		return VL_OK;
	st = compare(i, worker, &same, err);
	close(i->fd);
	i->fd = -1;
	if (st != VL_OK || !same)
		return st;
	if (vl_meta_same_attributes(
	        &i->before, &i->after, i->t->opts.keep_owner))
		i->outcome = OUTCOME_SAME;
	else if (i->single)
		i->outcome = OUTCOME_META;
	return VL_OK;
}

enum vl_status
vl_work_file(struct vl_job *job, unsigned worker)
{
	struct item *i = (struct item *)(void *)job;
	enum vl_status st = decide(i, worker, &job->err);

	if (st != VL_OK || i->outcome != OUTCOME_STAGE || i->dry)
		return st;
	return stage_small(i, worker, &job->err);
}

static enum vl_status
compare_only(struct vl_job *job, unsigned worker)
{
	return decide((struct item *)(void *)job, worker, &job->err);
}

static enum vl_status
run_segment(struct vl_job *job, unsigned worker)
{
	struct segment *seg = (struct segment *)(void *)job;
	enum vl_status st =
	    write_refs(seg->item, seg->fd, seg->refs, seg->n, &job->err);

	if (st != VL_OK)
		return vl_within(
		    &job->err, "cannot stage '%s'", seg->item->path);
	return check_refs(seg->item, seg->fd,
	    seg->item->t->workers[worker].buffer, seg, &job->err);
}

/* The body in segments, each a job; a ring bounds how many are under way. */
static enum vl_status
write_segments(struct item *i, int fd, struct segment *ring, size_t nring,
    struct vl_err *err)
{
	struct vl_pool *pool = i->t->opts.pool;
	struct vl_err late;
	struct segment *seg = NULL;
	uint64_t from = 0;
	size_t put = 0;
	size_t got = 0;
	enum vl_status st = VL_OK;

	while (st == VL_OK) {
		if (put - got == nring) {
			st = vl_pool_wait(pool, &ring[got++ % nring].job, err);
			if (st != VL_OK)
				break;
		}
		seg = &ring[put % nring];
		memset(seg, 0, sizeof(*seg));
		if (put == 0) {
			memcpy(seg->refs, i->refs, sizeof(seg->refs));
			seg->n = i->nrefs;
		} else {
			st = i->body.part(
			    i->body.arg, seg->refs, ITEM_REFS, &seg->n, err);
		}
		if (st != VL_OK || seg->n == 0)
			break;
		seg->job.run = run_segment;
		seg->item = i;
		seg->fd = fd;
		seg->from = from;
		seg->to = seg->refs[seg->n - 1].at + seg->refs[seg->n - 1].n;
		from = seg->to;
		vl_pool_submit(pool, &seg->job);
		put++;
	}
	while (got < put) {
		enum vl_status one = vl_pool_wait(
		    pool, &ring[got++ % nring].job, st == VL_OK ? err : &late);

		if (st == VL_OK)
			st = one;
	}
	if (st == VL_OK && ftruncate(fd, (off_t)i->after.size) != 0)
		st = vl_fail_errno(err, "cannot stage '%s'", i->path);
	if (st == VL_OK) {
		uint8_t *buffer = malloc(WORK_BUFFER);

		if (buffer == NULL)
			return vl_fail_memory(err);
		st = check_zeros(i, fd, buffer, from, i->after.size, err);
		free(buffer);
	}
	return st;
}

enum vl_status
vl_work_large(struct item *i, struct vl_err *err)
{
	size_t nring = i->t->nworkers + 2;
	struct segment *ring = NULL;
	enum vl_status st = VL_OK;
	int fd = -1;

	i->job.run = compare_only;
	vl_pool_submit(i->t->opts.pool, &i->job);
	st = vl_pool_wait(i->t->opts.pool, &i->job, err);
	if (st != VL_OK || i->outcome != OUTCOME_STAGE || i->dry)
		return st;
	ring = calloc(nring, sizeof(*ring));
	if (ring == NULL)
		return vl_fail_memory(err);
	fd = create(i);
	if (fd < 0) {
		free(ring);
		return vl_fail_errno(err, "cannot stage '%s'", i->path);
	}
	st = write_segments(i, fd, ring, nring, err);
	if (st == VL_OK)
		st = finish(i, fd, err);
	if (close(fd) != 0 && st == VL_OK)
		st = vl_fail_errno(err, "cannot stage '%s'", i->path);
	free(ring);
	return st;
}

enum vl_status
vl_work_link(struct item *i, struct vl_slice target, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	char text[VL_PATH_MAX + 1];
	char back[VL_PATH_MAX + 1];
	struct vl_meta now = { 0 };
	const char *slash = strrchr(i->path, '/');
	const char *name = slash == NULL ? i->path : slash + 1;
	ssize_t got = 0;

	if (!i->inner)
		name = vl_stage_n(n, i->n, "");
	if (target.n > VL_PATH_MAX)
		return vl_fail(
		    err, VL_ELIMIT, "the link '%s' is too long", i->path);
	memcpy(text, target.p, target.n);
	text[target.n] = '\0';
	if (symlinkat(text, i->dir->fd, name) != 0)
		return vl_fail_errno(
		    err, "cannot stage the link '%s'", i->path);
	if (vl_meta_set_at(i->dir->fd, name, &i->after, err) != VL_OK)
		return vl_within(err, "cannot stage the link '%s'", i->path);
	got = readlinkat(i->dir->fd, name, back, sizeof(back));
	if (got < 0 || (size_t)got != target.n ||
	    memcmp(back, text, target.n) != 0)
		return fail_back(i, err);
	if (!vl_meta_at(&now, i->dir->fd, name))
		return vl_fail_errno(
		    err, "cannot stage the link '%s'", i->path);
	return vl_meta_kept(&now, &i->after, i->path, err);
}
