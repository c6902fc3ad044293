/*
 * A tree of files as records (formats/manifest.md, "Lines of a tree").
 *
 * What a line says of a file was taken from the descriptor that its body is
 * read from, and is compared with it again behind the last byte: a file that
 * changed meanwhile is read anew, and after three tries left out.
 *
 * Modes: directories travel with their permissions, setgid and sticky (they
 * say who may do what below); files with their permissions only.  The setuid,
 * setgid and sticky bits of files give rights and do not travel; they are
 * counted.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <valise/tree.h>

#include "kind.h"

#define TRIES     3
#define STAGING   ".valise" /* of an importer; it is never exported */
#define TICK      10000000  /* nanoseconds; the slowest clock ticks 100 Hz */
#define FILE_MODE 0777u
#define DIR_MODE  03777u

enum stage {
	BETWEEN, /* no file is open */
	BODY,    /* the file last yielded is open */
	RETRY    /* it did not settle: yield the path anew */
};

struct files {
	struct vl_source base;
	const char *resource;
	struct vl_source_report report;
	struct vl_source_counts counts;
	struct vl_walk *walk;
	struct vl_exclude *exclude;
	struct vl_owners *owners;
	char *path; /* real */
	struct vl_buf line;
	struct vl_node node; /* the walk stands here */
	enum stage stage;
	int tries; /* at this path that came to nothing */
	int fd;    /* of the body, or -1 */
	int error; /* errno of a read that failed */
	uint64_t done;
	struct stat stat; /* of fd before the first byte */
};

static struct files *
files_of(struct vl_source *s)
{
	return (struct files *)s;
}

static void
close_body(struct files *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

static void
files_free(struct vl_source *s)
{
	struct files *f = files_of(s);

	close_body(f);
	vl_walk_free(f->walk);
	vl_exclude_free(f->exclude);
	vl_owners_free(f->owners);
	vl_buf_free(&f->line);
	free(f->path);
	free(f);
}

static enum vl_status
files_open(struct vl_source **out, const struct vl_resource *resource,
    const struct vl_source_opts *opts, struct vl_err *err)
{
	struct files *f = calloc(1, sizeof(*f));
	struct vl_walk_opts walk = {
		.root = resource->path,
		.cross_mounts = !resource->one_file_system,
		.attributes = true,
		.hidden = STAGING,
		.tempdir = opts->tempdir,
	};
	enum vl_status st = VL_OK;

	if (f == NULL)
		return vl_fail_memory(err);
	f->resource = resource->name;
	f->report = opts->report;
	f->fd = -1;
	st = vl_exclude_new(&f->exclude, (const char *const *)resource->exclude,
	    resource->nexclude, err);
	if (st != VL_OK)
		goto out;
	walk.exclude = f->exclude;
	st = vl_walk_open(&f->walk, &walk, err);
	if (st != VL_OK)
		goto out;
	f->path = realpath(resource->path, NULL);
	if (f->path == NULL) {
		st = vl_fail_errno(err, "cannot resolve its path");
		goto out;
	}
	st = vl_owners_new(&f->owners, err);
out:
	if (st != VL_OK)
		files_free(&f->base);
	else
		*out = &f->base;
	return st;
}

/* What travels without something that this version does not carry. */
static void
count_missing(struct files *f, const struct stat *st)
{
	if (f->node.has_attributes)
		f->counts.attributes++;
	if (S_ISDIR(st->st_mode)) {
		if ((st->st_mode & 07777 & ~DIR_MODE) != 0)
			f->counts.special_bits++;
	} else if (S_ISREG(st->st_mode)) {
		if ((st->st_mode & 07777 & ~FILE_MODE) != 0)
			f->counts.special_bits++;
		if (st->st_blocks < (st->st_size + 511) / 512)
			f->counts.sparse++;
		if (st->st_nlink > 1)
			f->counts.hard_links++;
	}
}

/* The file whose body was open travels as its line says. */
static void
count_file(struct files *f)
{
	f->counts.files++;
	f->counts.bytes += (uint64_t)f->stat.st_size;
	count_missing(f, &f->stat);
}

/* Yield the path as left out; `cause` is for a person, or NULL. */
static enum vl_status
leave_out(struct files *f, struct vl_record *rec, enum vl_why why,
    const char *cause, struct vl_err *err)
{
	const struct vl_entry e = {
		.type = VL_ENTRY_LEFT_OUT,
		.why = why,
		.resource = vl_slice_of(f->resource),
		.path = f->node.path,
	};
	enum vl_status st = VL_OK;

	close_body(f);
	f->stage = BETWEEN;
	vl_buf_clear(&f->line);
	st = vl_entry_encode(&f->line, &e, NULL, err);
	if (st != VL_OK)
		return st;
	*rec = (struct vl_record){ .line = vl_buf_slice(&f->line) };
	f->counts.left_out[why]++;
	if (why == VL_WHY_UNSTABLE)
		cause = "it changed every time it was looked at";
	if ((why == VL_WHY_UNREADABLE || why == VL_WHY_UNSTABLE) &&
	    f->report.problem != NULL)
		f->report.problem(f->report.arg, f->resource, f->node.path,
		    cause != NULL ? cause : "it cannot be read");
	return VL_OK;
}

/* Yield the line of the path, which is as `st` says. */
static enum vl_status
yield(struct files *f, struct vl_record *rec, const struct stat *st,
    struct vl_err *err)
{
	const bool file = f->node.type == VL_ENTRY_FILE;
	const struct vl_entry e = {
		.type = f->node.type,
		.resource = vl_slice_of(f->resource),
		.path = f->node.path,
		.target = f->node.link,
		.owner = vl_owners_user(f->owners, st->st_uid),
		.group = vl_owners_group(f->owners, st->st_gid),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = f->node.type == VL_ENTRY_LINK ?
		    0 :
		    st->st_mode & (file ? FILE_MODE : DIR_MODE),
		.mtime = { st->st_mtim.tv_sec, (int32_t)st->st_mtim.tv_nsec },
		.size = file ? (uint64_t)st->st_size : 0,
	};
	enum vl_status status = VL_OK;

	*rec = (struct vl_record){ 0 };
	vl_buf_clear(&f->line);
	status = vl_entry_encode(&f->line, &e, &rec->hash_at, err);
	if (status == VL_ELIMIT || status == VL_EPATH) {
		vl_walk_skip(f->walk);
		return leave_out(f, rec, VL_WHY_NAME, NULL, err);
	}
	if (status == VL_EFORMAT) {
		vl_walk_skip(f->walk);
		return leave_out(f, rec, VL_WHY_UNREADABLE,
		    "the file system says things of it that cannot be", err);
	}
	if (status != VL_OK)
		return status;
	rec->line = vl_buf_slice(&f->line);
	rec->has_body = file;
	rec->body_size = e.size;
	if (file)
		return VL_OK; /* counted when it has been read */
	count_missing(f, st);
	if (f->node.type == VL_ENTRY_DIR)
		f->counts.dirs++;
	else
		f->counts.links++;
	return VL_OK;
}

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

/* Open the body of the file that the walk stands at; false: see errno. */
static bool
open_body(struct files *f)
{
	const struct timespec tick = { .tv_nsec = TICK };
	struct timespec now = { 0 };
	int saved = 0;
	int i;

	(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (!vl_walk_file(f->walk, &f->fd))
		return false;
	f->stat = *vl_walk_stat(f->walk);
	for (i = 0; i < TRIES && just_changed(&now, &f->stat); i++) {
		(void)nanosleep(&tick, NULL);
		(void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
		if (fstat(f->fd, &f->stat) != 0) {
			saved = errno;
			close_body(f);
			errno = saved;
			return false;
		}
	}
	f->node.has_attributes = vl_has_attributes(f->fd);
	f->stage = BODY;
	f->done = 0;
	f->error = 0;
	return true;
}

/* Yield a file; *again when it is not any more what the walk saw. */
static enum vl_status
yield_file(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (open_body(f)) {
		st = yield(f, rec, &f->stat, err);
		if (st != VL_OK)
			close_body(f);
		return st;
	}
	switch (errno) {
	case ENOENT:
	case ESTALE:
	case ELOOP:
		*again = true;
		return VL_OK;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return vl_fail_errno(err, "cannot go on reading");
	default:
		return leave_out(
		    f, rec, VL_WHY_UNREADABLE, strerrordesc_np(errno), err);
	}
}

/* Yield what the walk stands at. */
static enum vl_status
yield_node(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	*again = false;
	switch (f->node.type) {
	case VL_ENTRY_FILE:
		return yield_file(f, rec, again, err);
	case VL_ENTRY_DIR:
	case VL_ENTRY_LINK:
		return yield(f, rec, &f->node.st, err);
	default:
		return leave_out(f, rec, f->node.why, f->node.cause, err);
	}
}

/* The path that the walk stands at is tried once more, if it may be. */
static enum vl_status
try_again(
    struct files *f, struct vl_record *rec, bool *there, struct vl_err *err)
{
	*there = true;
	if (f->error != 0)
		return leave_out(
		    f, rec, VL_WHY_UNREADABLE, strerrordesc_np(f->error), err);
	if (f->tries == TRIES)
		return leave_out(f, rec, VL_WHY_UNSTABLE, NULL, err);
	return vl_walk_again(f->walk, &f->node, there, err);
}

static enum vl_status
files_next(struct vl_source *s, struct vl_record *rec, struct vl_err *err)
{
	struct files *f = files_of(s);
	bool again = f->stage == RETRY;
	bool there = false;
	enum vl_status st = VL_OK;

	if (f->stage == BODY) /* nobody asked whether it settled */
		count_file(f);
	close_body(f);
	f->stage = BETWEEN;
	*rec = (struct vl_record){ 0 };
	while (rec->line.p == NULL) {
		if (again) {
			st = try_again(f, rec, &there, err);
		} else {
			f->tries = 0;
			f->error = 0;
			st = vl_walk_next(f->walk, &f->node, &there, err);
			if (st == VL_OK && !there)
				return VL_OK;
		}
		if (st != VL_OK)
			return st;
		again = false;
		if (!there || rec->line.p != NULL)
			continue;
		st = yield_node(f, rec, &again, err);
		if (st != VL_OK)
			return st;
		f->tries += again;
	}
	return VL_OK;
}

static enum vl_status
files_read(
    struct vl_source *s, uint8_t *p, size_t n, size_t *got, struct vl_err *err)
{
	struct files *f = files_of(s);
	uint64_t left = 0;
	ssize_t now = 0;

	(void)err;
	*got = 0;
	if (f->stage != BODY || f->error != 0)
		return VL_OK;
	/* Never more than the line says; if it grew, settle sees that. */
	left = (uint64_t)f->stat.st_size - f->done;
	if (left == 0)
		return VL_OK;
	do
		now = read(f->fd, p, left < n ? (size_t)left : n);
	while (now < 0 && errno == EINTR);
	if (now < 0) {
		f->error = errno;
		return VL_OK;
	}
	f->done += (uint64_t)now;
	*got = (size_t)now;
	return VL_OK;
}

static bool
same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Is the file still what it was before its first byte was read? */
static bool
unchanged(const struct files *f)
{
	struct stat now = { 0 };

	return f->done == (uint64_t)f->stat.st_size &&
	    fstat(f->fd, &now) == 0 && now.st_size == f->stat.st_size &&
	    same_time(now.st_mtim, f->stat.st_mtim) &&
	    same_time(now.st_ctim, f->stat.st_ctim);
}

static enum vl_status
files_settle(struct vl_source *s, enum vl_settled *how, struct vl_err *err)
{
	struct files *f = files_of(s);

	*how = VL_AGAIN;
	if (f->stage != BODY)
		return vl_fail(err, VL_EUSAGE, "no body is being read");
	if (unchanged(f)) {
		*how = VL_SETTLED;
		count_file(f);
		f->stage = BETWEEN;
	} else {
		f->tries++;
		f->stage = RETRY;
	}
	close_body(f);
	return VL_OK;
}

static void
files_counts(const struct vl_source *s, struct vl_source_counts *counts)
{
	const struct files *f = (const struct files *)s;

	*counts = f->counts;
}

static const char *
files_path(const struct vl_source *s)
{
	const struct files *f = (const struct files *)s;

	return f->path;
}

const struct source_kind vl_source_files = {
	.open = files_open,
	.next = files_next,
	.read = files_read,
	.settle = files_settle,
	.counts = files_counts,
	.path = files_path,
	.free = files_free,
};
