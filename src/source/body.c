/*
 * The content of one file, from the descriptor that its line was taken from.
 * Holes are passed over; what is said of them was asked behind the fstat that
 * the end is compared with.
 */

#include <errno.h>
#include <unistd.h>

#include "files.h"

#define LOOKS     3
#define TICK      10000000 /* nanoseconds; the slowest clock ticks 100 Hz */
#define HOLES_MAX 6000     /* more than any line has room for */

/*
 * Was the file changed in this very tick of the clock of file systems?  Then
 * it could change again without its ctime saying so.
 */
static bool
just_changed(const struct timespec *now, const struct stat *st)
{
	int64_t ahead = 0;

	if (st->st_ctim.tv_sec < now->tv_sec ||
	    st->st_ctim.tv_sec > now->tv_sec + 1)
		return false; /* or by a clock that is not ours */
	ahead = (st->st_ctim.tv_sec - now->tv_sec) * 1000000000 +
	    st->st_ctim.tv_nsec - now->tv_nsec;
	return ahead >= 0 && ahead <= TICK;
}

/* What the file is, as soon as its next change would show. */
static bool
look_settled(struct body *b, struct timespec now)
{
	const struct timespec tick = { .tv_nsec = TICK };
	int i;

	for (i = 0; i < LOOKS && just_changed(&now, &b->stat); i++) {
		(void)nanosleep(&tick, NULL);
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (fstat(b->fd, &b->stat) != 0)
			return false;
	}
	return true;
}

static bool
look_for_holes(struct body *b)
{
	const uint64_t size = (uint64_t)b->stat.st_size;

	if ((uint64_t)b->stat.st_blocks * 512 >= size)
		return true;
	if (!vl_holes_read(&b->holes, b->fd, size, HOLES_MAX))
		return false;
	b->nholes = b->holes.n / sizeof(struct vl_hole);
	return true;
}

bool
vl_body_open(struct body *b, struct vl_walk *walk)
{
	struct timespec now = { 0 };
	int saved = 0;

	b->error = 0;
	b->done = 0;
	b->nholes = 0;
	b->hole = 0;
	b->served = false;
	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (!vl_walk_file(walk, &b->fd))
		return false;
	b->stat = *vl_walk_stat(walk);
	if (look_settled(b, now) && look_for_holes(b))
		return true;
	saved = errno;
	vl_body_close(b);
	errno = saved;
	return false;
}

static const struct vl_hole *
next_hole(const struct body *b)
{
	const struct vl_hole *holes = (const void *)b->holes.p;

	return b->hole < b->nholes ? &holes[b->hole] : NULL;
}

uint64_t
vl_body_hole(struct body *b)
{
	const struct vl_hole *hole = next_hole(b);

	if (b->served || b->error != 0 || hole == NULL || hole->at != b->done)
		return 0;
	b->hole++;
	b->done += hole->n;
	return hole->n;
}

bool
vl_body_take(struct body *b, uint8_t *p, size_t n)
{
	size_t done = 0;
	ssize_t now = 1;

	while (done < n && now != 0) {
		now = pread(b->fd, p + done, n - done, (off_t)done);
		if (now < 0 && errno != EINTR) {
			b->error = errno;
			return false;
		}
		done += now > 0 ? (size_t)now : 0;
	}
	return done == n;
}

void
vl_body_serve(struct body *b, struct vl_slice text)
{
	b->served = true;
	b->text = text;
	b->done = 0;
}

static size_t
read_text(struct body *b, uint8_t *p, size_t n)
{
	const size_t left = b->text.n - (size_t)b->done;

	if (n > left)
		n = left;
	if (n > 0)
		memcpy(p, b->text.p + b->done, n);
	b->done += n;
	return n;
}

size_t
vl_body_read(struct body *b, uint8_t *p, size_t n)
{
	/* Never more than the line says; if it grew, settle sees that. */
	uint64_t end = (uint64_t)b->stat.st_size;
	const struct vl_hole *hole = next_hole(b);
	ssize_t now = 0;

	if (b->error != 0)
		return 0;
	if (b->served)
		return read_text(b, p, n);
	if (hole != NULL && hole->at > b->done)
		end = hole->at;
	else if (hole != NULL)
		b->hole++; /* not wanted as one: then it is read */
	if (end - b->done < n)
		n = (size_t)(end - b->done);
	if (n == 0)
		return 0;
	do
		now = pread(b->fd, p, n, (off_t)b->done);
	while (now < 0 && errno == EINTR);
	if (now < 0) {
		b->error = errno;
		return 0;
	}
	b->done += (uint64_t)now;
	return (size_t)now;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool
vl_body_unchanged(const struct body *b)
{
	struct stat now = { 0 };

	return fstat(b->fd, &now) == 0 && now.st_size == b->stat.st_size &&
	    same_time(now.st_mtim, b->stat.st_mtim) &&
	    same_time(now.st_ctim, b->stat.st_ctim);
}

bool
vl_body_whole(const struct body *b)
{
	const uint64_t size = b->served ? b->text.n : (uint64_t)b->stat.st_size;

	return b->done == size && vl_body_unchanged(b);
}

void
vl_body_close(struct body *b)
{
	if (b->fd >= 0)
		(void)close(b->fd);
	b->fd = -1;
}

void
vl_body_free(struct body *b)
{
	vl_body_close(b);
	vl_buf_free(&b->holes);
}
