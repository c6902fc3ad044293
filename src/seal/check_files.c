/*
 * Every listed file of a bundle, read once, hashed and copied where a copy is
 * wanted (formats/seal.md, "Reading").
 *
 * BLAKE2b takes longer than to read from a good medium, so two files are
 * hashed at a time, each on a thread.  One thread reads, a long stretch of the
 * one and then of the other: a disk that must seek seeks seldom.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/pool.h>

#include "check.h"

#define LANES     2
#define PIECE     (1u << 20) /* stop and progress are asked after each */
#define STRETCH   (8u << 20)
#define COPY_MODE 0600

/* One listed file while it is read. */
struct lane {
	struct vl_job job; /* hashes the stretch */
	struct vl_hash hash;
	uint8_t *stretch;
	size_t n;   /* bytes of it */
	bool busy;  /* submitted and not waited for */
	bool open;  /* has a file */
	bool ended; /* all of it is read, or more than may be */
	bool unreadable;
	size_t file; /* which one of the list */
	const char *name;
	int fd;
	int copy;            /* -1: none */
	uint64_t most;       /* bytes it may have */
	uint64_t size;       /* bytes read */
	struct vl_buf *keep; /* small ones are kept, else NULL */
};

struct lanes {
	struct vl_pool *pool;
	struct lane of[LANES];
};

/* A read failed with errno: one more wrong file, or the end. */
static enum vl_status
read_failed(struct check *c, struct lane *l)
{
	char reason[128];
	char why[160];
	int number = errno;

	l->unreadable = true;
	l->ended = true;
	if (medium_gone(number))
		return vl_fail_errno(
		    &c->last, "cannot read '%s' from the medium", l->name);
	c->copyfd = -1;
	(void)snprintf(why, sizeof(why), "cannot be read: %s",
	    strerror_r(number, reason, sizeof(reason)));
	if (c->report != NULL && c->report->wrong != NULL)
		c->report->wrong(c->report->arg, l->name, why);
	errno = number;
	if (c->first == VL_OK)
		c->first = vl_fail_errno(
		    c->err, "cannot read '%s' from the medium", l->name);
	return VL_OK;
}

/* What was read to what is kept and to the copy. */
static enum vl_status
take_piece(struct check *c, struct lane *l, struct vl_slice piece)
{
	enum vl_status st = VL_OK;

	if (l->keep != NULL)
		st = vl_buf_add(l->keep, piece, &c->last);
	if (st != VL_OK)
		return st;
	if (l->copy >= 0 && vl_write_all(l->copy, piece, NULL) != VL_OK)
		return vl_fail_errno(
		    &c->last, "cannot write '%s' to the spool", l->name);
	l->size += piece.n;
	l->n += piece.n;
	c->done += piece.n;
	if (c->report != NULL && c->report->progress != NULL)
		c->report->progress(
		    c->report->arg, c->done, c->s->sig.comment.bytes);
	return VL_OK;
}

static enum vl_status
read_stretch(struct check *c, struct lane *l)
{
	struct vl_slice piece = { 0 };
	enum vl_status st = VL_OK;

	l->n = 0;
	while (st == VL_OK && !l->ended && l->n < STRETCH) {
		if (c->report != NULL && c->report->stop != NULL &&
		    c->report->stop(c->report->arg))
			return vl_fail(&c->last, VL_ESIGNAL,
			    "stopped while the bundle was checked: nothing "
			    "was changed");
		piece.p = l->stretch + l->n;
		if (vl_read_full(l->fd, l->stretch + l->n, PIECE, &piece.n,
		        NULL) != VL_OK)
			return read_failed(c, l);
		st = take_piece(c, l, piece);
		l->ended = piece.n < PIECE || l->size > l->most;
	}
	return st;
}

static enum vl_status
hash_stretch(struct vl_job *job, unsigned worker)
{
	struct lane *l = (struct lane *)job;

	(void)worker;
	vl_hash_add(&l->hash, (struct vl_slice){ l->stretch, l->n });
	return VL_OK;
}

static void
wait_for(struct lanes *lanes, struct lane *l)
{
	if (l->busy)
		(void)vl_pool_wait(lanes->pool, &l->job, NULL);
	l->busy = false;
}

/* What is kept of a part, and how long it may be. */
static void
set_bounds(struct check *c, struct lane *l, enum check_part part)
{
	l->most = VL_FILE_HEADER_SIZE + CHECK_FRAMES_MAX;
	if (part == PART_README)
		l->keep = &c->readme;
	else if (part == PART_HEAD)
		l->keep = &c->s->head_text;
	else if (part == PART_KEYS)
		l->keep = &c->s->keys_text;
	if (l->keep == NULL)
		return;
	l->most = VL_HEAD_MAX;
	vl_buf_clear(l->keep);
}

static void
too_long(struct check *c, const struct lane *l)
{
	check_wrong(c, l->keep == NULL ? VL_EFORMAT : VL_ELIMIT, l->name,
	    "is longer than %" PRIu64 " bytes", l->most);
}

/* Open file `l->file`; l->open when there is something to read. */
static enum vl_status
begin_content(struct check *c, struct lane *l, uint64_t size)
{
	uint32_t number = 0;
	enum check_part part = check_part_of(l->name, &number);

	if (part == PART_OTHER) {
		check_wrong(c, VL_EFORMAT, l->name,
		    "is no file of a bundle of this version");
		return VL_OK;
	}
	set_bounds(c, l, part);
	c->sizes[l->file] = size;
	if ((part == PART_PACK && c->reads != VL_READS_ALL) ||
	    (part == PART_INDEX && c->reads == VL_READS_SMALL)) {
		c->done += size;
		return VL_OK;
	}
	if (size > l->most) {
		too_long(c, l);
		return VL_OK;
	}
	(void)posix_fadvise(l->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (c->copyfd >= 0) {
		l->copy = openat(c->copyfd, l->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    COPY_MODE);
		if (l->copy < 0)
			return vl_fail_errno(&c->last,
			    "cannot create '%s' in the spool", l->name);
	}
	vl_hash_init(&l->hash, NULL);
	l->open = true;
	return VL_OK;
}

static enum vl_status
begin_file(struct check *c, struct lane *l, size_t file)
{
	const struct vl_seal_name *name = NULL;
	struct vl_err why = { 0 };
	uint64_t size = 0;
	size_t n = 0;
	enum vl_status st = VL_OK;

	l->file = file;
	l->name = c->s->list.files[file].name;
	l->ended = false;
	l->unreadable = false;
	l->size = 0;
	l->keep = NULL;
	name = medium_find(c->s, l->name, &n);
	if (n == 0)
		check_wrong(c, VL_EFORMAT, l->name, "is missing");
	if (n != 1) /* several: reported with the names */
		return VL_OK;
	st = medium_open(&l->fd, &size, c->dirfd, name, &why);
	if (st == VL_EFORMAT) {
		check_wrong(c, st, l->name, "is not a regular file");
		return VL_OK;
	}
	if (st != VL_OK)
		return read_failed(c, l);
	st = begin_content(c, l, size);
	if (!l->open) {
		(void)close(l->fd);
		l->fd = -1;
	}
	return st;
}

/* A copy may first tell of a lost write here. */
static enum vl_status
close_file(struct lane *l, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (l->copy >= 0 && close(l->copy) != 0)
		st = vl_fail_errno(
		    err, "cannot write '%s' to the spool", l->name);
	if (l->fd >= 0)
		(void)close(l->fd);
	l->copy = -1;
	l->fd = -1;
	l->open = false;
	return st;
}

static enum vl_status
end_file(struct check *c, struct lane *l)
{
	enum vl_status st = close_file(l, &c->last);
	uint8_t hash[VL_HASH_SIZE];

	if (st != VL_OK || l->unreadable)
		return st;
	if (l->size > l->most) {
		too_long(c, l);
		return VL_OK;
	}
	c->sizes[l->file] = l->size;
	vl_hash_end(&l->hash, hash);
	if (memcmp(hash, c->s->list.files[l->file].hash, sizeof(hash)) != 0)
		check_wrong(c, VL_EFORMAT, l->name,
		    "is damaged or changed: its %" PRIu64
		    " bytes do not have the hash that 'seal.txt' says",
		    l->size);
	return VL_OK;
}

/* The next stretch of the lane's file, or of the next file there is. */
static enum vl_status
step(struct check *c, struct lanes *lanes, struct lane *l, size_t *next)
{
	enum vl_status st = VL_OK;

	wait_for(lanes, l);
	if (l->open && l->ended)
		st = end_file(c, l);
	while (st == VL_OK && !l->open && *next < c->s->list.n)
		st = begin_file(c, l, (*next)++);
	if (st != VL_OK || !l->open)
		return st;
	st = read_stretch(c, l);
	if (st != VL_OK)
		return st;
	l->busy = true;
	vl_pool_submit(lanes->pool, &l->job);
	return VL_OK;
}

static enum vl_status
open_lanes(struct lanes *lanes, struct vl_err *err)
{
	struct lane *l;

	for (l = lanes->of; l < lanes->of + LANES; l++) {
		l->job.run = hash_stretch;
		l->stretch = malloc(STRETCH);
		if (l->stretch == NULL)
			return vl_fail_memory(err);
	}
	return vl_pool_new(&lanes->pool, LANES, err);
}

enum vl_status
check_hashes(struct check *c)
{
	struct lanes lanes = { .of = { { .fd = -1, .copy = -1 },
		                   { .fd = -1, .copy = -1 } } };
	enum vl_status st = open_lanes(&lanes, &c->last);
	struct lane *l;
	size_t next = 0;
	size_t idle = 0;

	for (l = lanes.of; st == VL_OK && idle < LANES;
	     l = l == lanes.of ? lanes.of + 1 : lanes.of) {
		st = step(c, &lanes, l, &next);
		idle = l->open ? 0 : idle + 1;
	}
	for (l = lanes.of; l < lanes.of + LANES; l++) {
		wait_for(&lanes, l);
		(void)close_file(l, NULL);
		free(l->stretch);
	}
	vl_pool_free(lanes.pool);
	return st;
}
