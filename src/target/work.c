/*
 * Work on one path, mostly on the pool: compare the target's file with the
 * record by its content hash, and where it differs make the new one in the
 * staging, with its attributes (write.c: its content).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <valise/secret.h>

#include "plan.h"

/* Where the data from `at` ends, and the hole behind it, if it has any. */
static off_t
data_end(const struct item *i, int fd, off_t at)
{
	off_t end = i->sparse ? lseek(fd, at, SEEK_HOLE) : -1;

	return end < 0 ? INT64_MAX : end;
}

/* Pass over a hole at `*at`, unread; to its end or that of the file. */
static enum vl_status
skip_hole(struct item *i, struct vl_hasher *h, off_t *at, struct vl_err *err)
{
	off_t size = (off_t)i->after.size;
	off_t data = i->sparse ? lseek(i->fd, *at, SEEK_DATA) : *at;
	enum vl_status st = VL_OK;

	if (data < 0)
		data = errno == ENXIO ? size : *at;
	if (data > size)
		data = size;
	if (data > *at) {
		st = h->ops->skip(h, (uint64_t)(data - *at), err);
		*at = data;
	}
	return st;
}

/* What was read of secrets into the buffer of a worker. */
static void
forget(const struct item *i, uint8_t *buffer)
{
	uint64_t n =
	    i->before.size > i->after.size ? i->before.size : i->after.size;

	if (i->body.secret)
		vl_secret_wipe(
		    buffer, n < WORK_BUFFER ? (size_t)n : WORK_BUFFER);
}

/* At the end of a job: what hashing has left below. */
static void
forget_stack(const struct item *i)
{
	if (i->body.secret)
		vl_secret_wipe_stack();
}

/* The target's file by its content hash; its holes are not read. */
static enum vl_status
compare(struct item *i, unsigned worker, bool *same, struct vl_err *err)
{
	struct vl_hasher *h = i->t->workers[worker].hasher;
	uint8_t *buffer = i->t->workers[worker].buffer;
	uint8_t hash[VL_CONTENT_HASH_SIZE];
	enum vl_status st = VL_OK;
	ssize_t got = 0;
	size_t n = 0;
	off_t at = 0;
	off_t end = 0;

	*same = false;
	h->ops->begin(h, i->after.size);
	do {
		if (at == end) {
			st = skip_hole(i, h, &at, err);
			if (st != VL_OK)
				return st;
			end = data_end(i, i->fd, at);
		}
		n = end - at < (off_t)WORK_BUFFER ? (size_t)(end - at) :
		                                    WORK_BUFFER;
		got = pread(i->fd, buffer, n, at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return vl_fail_errno(err, "cannot read '%s'", i->path);
		st = h->ops->add(
		    h, (struct vl_slice){ buffer, (size_t)got }, err);
		if (st != VL_OK)
			return st;
		at += got;
	} while (got != 0);
	if (h->ops->end(h, hash))
		*same = memcmp(hash, i->hash, sizeof(hash)) == 0;
	return VL_OK;
}

const char *
vl_write_name(const struct item *i, char *n)
{
	const char *slash = strrchr(i->path, '/');

	if (!i->inner)
		return vl_stage_n(n, i->n, "");
	return slash == NULL ? i->path : slash + 1;
}

static enum vl_status
fail_stage(const struct item *i, struct vl_err *err)
{
	return vl_fail_errno(err, "cannot stage '%s'", i->path);
}

static int
create(const struct item *i)
{
	const uint32_t first = i->after.flags & VL_FLAGS_EMPTY;
	char n[VL_STAGE_N_SIZE];
	int fd = openat(i->dir->fd, vl_write_name(i, n),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	/* What refuses them now refuses them once more at the end. */
	if (fd >= 0 && first != 0)
		(void)vl_flags_set(fd, first);
	return fd;
}

/* A descriptor that did not write it. */
static int
open_again(const struct item *i)
{
	char n[VL_STAGE_N_SIZE];

	return openat(
	    i->dir->fd, vl_write_name(i, n), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

/* No more writing.  Without holes every byte was written. */
static enum vl_status
end_writing(const struct item *i, int fd, struct vl_err *err)
{
	bool cut = i->holes.n == 0 || ftruncate(fd, (off_t)i->after.size) == 0;

	if (!cut)
		fail_stage(i, err);
	if (close(fd) != 0 && cut)
		return fail_stage(i, err);
	return cut ? VL_OK : err->status;
}

/* Read back what `seg` wrote, and where it is the last of the file set what
 * else the file has. */
static enum vl_status
read_back(struct segment *seg, uint8_t *buffer, bool last, struct vl_err *err)
{
	const struct item *i = seg->item;
	enum vl_status st = VL_OK;
	int fd = open_again(i);

	if (fd < 0)
		return fail_stage(i, err);
	st = vl_write_check(seg, fd, buffer, err);
	forget(i, buffer);
	if (st == VL_OK && last)
		st = vl_meta_stage(&(struct vl_meta_place){ fd, "",
		                       i->t->opts.tree->privileged, i->path },
		    &i->after, err);
	close(fd);
	return st;
}

static enum vl_status
stage_small(struct item *i, unsigned worker, struct vl_err *err)
{
	struct segment whole = {
		.item = i, .to = i->after.size, .n = i->nrefs, .fd = create(i)
	};
	enum vl_status st = VL_OK;

	if (whole.fd < 0)
		return fail_stage(i, err);
	memcpy(whole.refs, i->refs, sizeof(whole.refs));
	st = vl_write_segment(&whole, err);
	if (st != VL_OK) {
		close(whole.fd);
		return st;
	}
	st = end_writing(i, whole.fd, err);
	if (st == VL_OK)
		st = read_back(&whole, i->t->workers[worker].buffer, true, err);
	return st;
}

/* By attributes, what becomes of a file whose content is the same; its own
 * are read here. */
static enum vl_status
decide_attributes(struct item *i, struct vl_err *err)
{
	enum vl_status st = vl_item_read_before(i, i->fd, "", err);
	uint32_t changed = i->before.flags ^ i->after.flags;

	if (st != VL_OK)
		return st;
	/* Of what has content they cannot be changed. */
	if ((changed & VL_FLAGS_EMPTY) != 0)
		return VL_OK;
	if (vl_link_barred(i))
		return VL_OK;
	if (vl_meta_same_attributes(&i->before, &i->after))
		i->outcome = OUTCOME_SAME;
	else if (i->whole)
		i->outcome = OUTCOME_META;
	return VL_OK;
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
	forget(i, i->t->workers[worker].buffer);
	i->alike = same;
	if (st == VL_OK && same)
		st = decide_attributes(i, err);
	close(i->fd);
	i->fd = -1;
	return st;
}

enum vl_status
vl_work_file(struct vl_job *job, unsigned worker)
{
	struct item *i = (struct item *)(void *)job;
	enum vl_status st = decide(i, worker, &job->err);

	if (st == VL_OK && i->outcome == OUTCOME_STAGE && !i->dry)
		st = stage_small(i, worker, &job->err);
	forget_stack(i);
	return st;
}

static enum vl_status
compare_only(struct vl_job *job, unsigned worker)
{
	struct item *i = (struct item *)(void *)job;
	enum vl_status st = decide(i, worker, &job->err);

	forget_stack(i);
	return st;
}

static enum vl_status
run_segment(struct vl_job *job, unsigned worker)
{
	struct segment *seg = (struct segment *)(void *)job;
	enum vl_status st = vl_write_segment(seg, &job->err);

	if (st == VL_OK)
		st = read_back(seg, seg->item->t->workers[worker].buffer, false,
		    &job->err);
	forget_stack(seg->item);
	return st;
}

/* Wait for a segment; those before it are `run`. */
static enum vl_status
take_segment(struct segment *seg, struct vl_chunk_run *run, struct vl_err *err)
{
	const struct item *i = seg->item;
	enum vl_status st = vl_pool_wait(i->t->opts.pool, &seg->job, err);

	if (st != VL_OK)
		return st;
	st = vl_chunk_run_join(run, &seg->run, err);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "cannot stage '%s'", i->path);
}

/* The body in segments, each a job; a ring bounds how many are under way. */
static enum vl_status
write_segments(struct item *i, int fd, struct segment *ring, uint64_t *end,
    struct vl_err *err)
{
	struct vl_pool *pool = i->t->opts.pool;
	const size_t nring = i->t->nworkers + 2;
	struct vl_err late;
	struct vl_chunk_run run = { .size = i->after.size };
	struct segment *seg = NULL;
	uint64_t from = 0;
	size_t put = 0;
	size_t got = 0;
	enum vl_status st = VL_OK;

	while (st == VL_OK) {
		if (put - got == nring) {
			st = take_segment(&ring[got++ % nring], &run, err);
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
		enum vl_status one = take_segment(
		    &ring[got++ % nring], &run, st == VL_OK ? err : &late);

		if (st == VL_OK)
			st = one;
	}
	*end = from;
	return st;
}

/* What comes behind the last chunk, and the rest of the file. */
static enum vl_status
stage_end(struct item *i, int fd, uint64_t from, struct vl_err *err)
{
	struct segment tail = {
		.item = i, .fd = fd, .from = from, .to = i->after.size
	};
	uint8_t *buffer = malloc(WORK_BUFFER);
	enum vl_status st = VL_OK;

	if (buffer == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = vl_write_segment(&tail, err);
	if (st != VL_OK)
		close(fd);
	else
		st = end_writing(i, fd, err);
	if (st == VL_OK)
		st = read_back(&tail, buffer, true, err);
	free(buffer);
	return st;
}

enum vl_status
vl_work_large(struct item *i, struct vl_err *err)
{
	struct segment *ring = NULL;
	uint64_t end = 0;
	enum vl_status st = VL_OK;
	int fd = -1;

	i->job.run = compare_only;
	vl_pool_submit(i->t->opts.pool, &i->job);
	st = vl_pool_wait(i->t->opts.pool, &i->job, err);
	if (st != VL_OK || i->outcome != OUTCOME_STAGE || i->dry)
		return st;
	ring = calloc(i->t->nworkers + 2, sizeof(*ring));
	if (ring == NULL)
		return vl_fail_memory(err);
	fd = create(i);
	if (fd < 0) {
		free(ring);
		return fail_stage(i, err);
	}
	/* Holes are read back before the end is written. */
	if (i->holes.n > 0 && ftruncate(fd, (off_t)i->after.size) != 0)
		st = fail_stage(i, err);
	if (st == VL_OK)
		st = write_segments(i, fd, ring, &end, err);
	free(ring);
	if (st != VL_OK) {
		close(fd);
		return st;
	}
	return stage_end(i, fd, end, err);
}

static enum vl_status
make_link(const struct item *i, const char *name, struct vl_slice target,
    struct vl_err *err)
{
	char text[VL_PATH_MAX + 1];
	char back[VL_PATH_MAX + 1];
	ssize_t got = 0;

	if (target.n > VL_PATH_MAX)
		return vl_fail(
		    err, VL_ELIMIT, "the link '%s' is too long", i->path);
	memcpy(text, target.p, target.n);
	text[target.n] = '\0';
	if (symlinkat(text, i->dir->fd, name) != 0)
		return vl_fail_errno(
		    err, "cannot stage the link '%s'", i->path);
	got = readlinkat(i->dir->fd, name, back, sizeof(back));
	if (got < 0 || (size_t)got != target.n ||
	    memcmp(back, text, target.n) != 0)
		return vl_write_fail_back(i, err);
	return VL_OK;
}

static enum vl_status
make_special(const struct item *i, const char *name, struct vl_err *err)
{
	const struct vl_meta *m = &i->after;
	mode_t kind = m->type == VL_ENTRY_FIFO ? S_IFIFO :
	    m->type == VL_ENTRY_CHAR           ? S_IFCHR :
	                                         S_IFBLK;
	dev_t dev = kind == S_IFIFO ? 0 : makedev(m->major, m->minor);

	if (mknodat(i->dir->fd, name, kind | 0600, dev) == 0)
		return VL_OK;
	if (errno == EPERM)
		return vl_fail(err, VL_EREFUSED,
		    "cannot make '%s': this system does not let its importer "
		    "make %s",
		    i->path, kind == S_IFIFO ? "FIFOs here" : "devices here");
	return fail_stage(i, err);
}

enum vl_status
vl_work_node(struct item *i, struct vl_slice target, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	const char *name = vl_write_name(i, n);
	enum vl_status st = i->after.type == VL_ENTRY_LINK ?
	    make_link(i, name, target, err) :
	    make_special(i, name, err);

	if (st != VL_OK)
		return st;
	return vl_meta_stage(&(struct vl_meta_place){ i->dir->fd, name,
	                         i->t->opts.tree->privileged, i->path },
	    &i->after, err);
}
