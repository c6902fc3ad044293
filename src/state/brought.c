/*
 * Lists of what was brought: a path in base64url is a line, or the text of a
 * row (docs/transaction.md, "What was brought").
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/brought.h>
#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/listfile.h>

#include "state_private.h"

#define FOLDER "brought"
/* A path in base64url; the head is shorter. */
#define TEXT_MAX VL_B64U_SIZE(VL_PATH_MAX)
#define HEX      VL_HEX_SIZE(16)
/* Series, resource and import; and a part of their own for each. */
#define NAME_SIZE 160

struct vl_brought_r {
	int fd;
	bool texts;  /* of rows or members; else paths */
	char *shown; /* of messages */
	struct vl_listfile_r *list;
	uint8_t path[2][TEXT_MAX]; /* the last one and the one before */
	struct vl_slice last;
	unsigned turn;
};

struct vl_brought_w {
	struct vl_state *state;
	int dirfd;
	int fd;
	bool ours; /* to be removed again */
	bool texts;
	char name[NAME_SIZE];
	struct vl_listfile_w *list;
	struct vl_buf line;
};

struct vl_brought
vl_brought_of(
    struct vl_state *s, const struct vl_header *h, const char *resource)
{
	return (struct vl_brought){ .state = s,
		.series = h->series,
		.resource = resource,
		.import = h->import };
}

/* The name of the list that holds, or of the import's. */
static void
name_of(char name[NAME_SIZE], const struct vl_brought *b, bool own)
{
	char series[HEX];
	char import[HEX] = "";

	if (own)
		vl_hex(import, b->import, VL_IMPORT_ID_SIZE);
	(void)snprintf(name, NAME_SIZE, "%s-%s%s%s%s",
	    vl_hex(series, b->series, 16), b->resource,
	    b->members ? "+members" : "", own ? "." : "", import);
}

static void
head_of(char head[NAME_SIZE], const struct vl_brought *b)
{
	char series[HEX];

	(void)snprintf(head, NAME_SIZE, "valise brought %s%s %s",
	    b->rows        ? "rows 1 " :
	        b->members ? "members 1 " :
	                     "1 ",
	    vl_hex(series, b->series, 16), b->resource);
}

static struct vl_listfile
list_in(int fd, const struct vl_brought *b, const char head[NAME_SIZE])
{
	return (struct vl_listfile){ .fd = fd,
		.lines = b->rows ? "the rows" :
		    b->members   ? "the members" :
		                   "the paths",
		.head = head,
		.personal = "vls1-brought",
		.line_max =
		    b->rows || b->members ? VL_BROUGHT_ROW_MAX : TEXT_MAX };
}

bool
vl_brought_member_read(struct vl_brought_member *m, struct vl_slice line)
{
	const uint8_t *blank = memchr(line.p, ' ', line.n);
	struct vl_slice word = line;

	if (blank == NULL)
		return false;
	word.n = (size_t)(blank - line.p);
	m->text = (struct vl_slice){ blank + 1, line.n - word.n - 1 };
	m->path.p = m->memory;
	return word.n < TEXT_MAX &&
	    vl_unb64u_any(m->memory, &m->path.n, word) && m->path.n > 0;
}

enum vl_status
vl_brought_member_line(
    struct vl_buf *line, const struct vl_brought_member *m, struct vl_err *err)
{
	char *text = NULL;
	enum vl_status st = VL_OK;

	vl_buf_clear(line);
	st = vl_buf_reserve(line, VL_B64U_SIZE(m->path.n), err);
	if (st != VL_OK)
		return st;
	text = (char *)line->p;
	line->n = strlen(vl_b64u(text, m->path.p, m->path.n));
	st = vl_buf_add_text(line, " ", err);
	return st == VL_OK ? vl_buf_add(line, m->text, err) : st;
}

/* The folder of the lists; *fd is -1 where there is none. */
static enum vl_status
open_folder(int *fd, struct vl_state *s, struct vl_err *err)
{
	*fd = openat(vl_state_fd(s), FOLDER,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 && errno != ENOENT)
		return vl_fail_errno(
		    err, "cannot open '%s/" FOLDER "'", vl_state_path(s));
	return VL_OK;
}

static enum vl_status
make_folder(struct vl_state *s, struct vl_err *err)
{
	if (mkdirat(vl_state_fd(s), FOLDER, 0700) == 0)
		return vl_fsync_dir(vl_state_fd(s), ".", err);
	if (errno == EEXIST)
		return VL_OK;
	return vl_fail_errno(
	    err, "cannot make '%s/" FOLDER "'", vl_state_path(s));
}

/* A sync of the folder or of what is in it. */
static enum vl_status
sync_it(struct vl_state *s, int fd, struct vl_err *err)
{
	enum vl_status st = vl_fsync(fd, FOLDER, err);

	if (st != VL_OK)
		vl_state_note_failed_sync(s, vl_state_path(s));
	return st;
}

static enum vl_status
fail_damaged(const struct vl_brought_r *r, struct vl_err *err)
{
	return vl_fail(err, VL_EIO,
	    "'%s' is damaged: restore it from a copy, or remove it (what it "
	    "names is no longer known to be brought then, and is kept), and "
	    "run again",
	    r->shown);
}

static enum vl_status
fail_read(const struct vl_brought_r *r, struct vl_err *err)
{
	return err->status == VL_EFORMAT ?
	    fail_damaged(r, err) :
	    vl_within(err, "cannot read '%s'", r->shown);
}

static enum vl_status
open_list(struct vl_brought_r **out, const struct vl_brought *b, bool own,
    struct vl_err *err)
{
	struct vl_brought_r *r = NULL;
	struct vl_listfile f = { 0 };
	char head[NAME_SIZE];
	char name[NAME_SIZE];
	int dirfd = -1;
	enum vl_status st = open_folder(&dirfd, b->state, err);

	*out = NULL;
	if (st != VL_OK || dirfd < 0)
		return st;
	name_of(name, b, own);
	r = calloc(1, sizeof(*r));
	if (r == NULL ||
	    asprintf(&r->shown, "%s/" FOLDER "/%s", vl_state_path(b->state),
	        name) < 0) {
		close(dirfd);
		free(r);
		return vl_fail_memory(err);
	}
	r->fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->fd < 0 && errno == ENOENT)
		goto out;
	if (r->fd < 0)
		st = vl_fail_errno(err, "cannot open '%s'", r->shown);
	head_of(head, b);
	r->texts = b->rows || b->members;
	f = list_in(r->fd, b, head);
	if (st == VL_OK && vl_listfile_r_open(&r->list, &f, err) != VL_OK)
		st = fail_read(r, err);
	if (st == VL_OK) {
		*out = r;
		r = NULL;
	}
out:
	vl_brought_r_free(r);
	close(dirfd);
	return st;
}

enum vl_status
vl_brought_r_open(
    struct vl_brought_r **out, const struct vl_brought *b, struct vl_err *err)
{
	return open_list(out, b, false, err);
}

enum vl_status
vl_brought_r_next(struct vl_brought_r *r, struct vl_slice *path, bool *more,
    struct vl_err *err)
{
	uint8_t *p = r->path[r->turn];
	struct vl_slice line = { NULL, 0 };
	struct vl_err ignored;
	size_t n = 0;

	if (vl_listfile_r_next(r->list, &line, more, err) != VL_OK)
		return fail_read(r, err);
	if (!*more)
		return VL_OK;
	if (r->texts) {
		*path = line;
		return VL_OK;
	}
	if (!vl_unb64u_any(p, &n, line) || n == 0)
		return fail_damaged(r, err);
	*path = (struct vl_slice){ p, n };
	if (vl_path_check(*path, &ignored) != VL_OK ||
	    (r->last.n > 0 && vl_path_cmp(r->last, *path) >= 0))
		return fail_damaged(r, err);
	r->last = *path;
	r->turn = 1 - r->turn;
	return VL_OK;
}

void
vl_brought_r_free(struct vl_brought_r *r)
{
	if (r == NULL)
		return;
	vl_listfile_r_free(r->list);
	if (r->fd >= 0)
		close(r->fd);
	free(r->shown);
	free(r);
}

static enum vl_status
fail_write(const struct vl_brought_w *w, struct vl_err *err)
{
	return vl_within(err, "cannot write '%s/" FOLDER "/%s'",
	    vl_state_path(w->state), w->name);
}

/* Into the open file w->fd. */
static enum vl_status
begin_list(
    struct vl_brought_w *w, const struct vl_brought *b, struct vl_err *err)
{
	struct vl_listfile f = { 0 };
	char head[NAME_SIZE];

	head_of(head, b);
	w->texts = b->rows || b->members;
	f = list_in(w->fd, b, head);
	return vl_listfile_w_new(&w->list, &f, err);
}

static enum vl_status
end_list(struct vl_brought_w *w, struct vl_err *err)
{
	enum vl_status st = vl_listfile_w_finish(w->list, err);

	return st == VL_OK ? VL_OK : fail_write(w, err);
}

enum vl_status
vl_brought_w_open(
    struct vl_brought_w **out, const struct vl_brought *b, struct vl_err *err)
{
	struct vl_brought_w *w = malloc(sizeof(*w));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	*w = (struct vl_brought_w){ .state = b->state, .dirfd = -1, .fd = -1 };
	name_of(w->name, b, true);
	st = make_folder(b->state, err);
	if (st == VL_OK)
		st = open_folder(&w->dirfd, b->state, err);
	if (st == VL_OK) {
		w->fd = openat(w->dirfd, w->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		w->ours = w->fd >= 0;
		if (w->fd < 0)
			st =
			    vl_fail_errno(err, "cannot make '%s/" FOLDER "/%s'",
			        vl_state_path(b->state), w->name);
	}
	if (st == VL_OK)
		st = begin_list(w, b, err);
	if (st != VL_OK) {
		vl_brought_w_free(w);
		return st;
	}
	*out = w;
	return VL_OK;
}

enum vl_status
vl_brought_w_add(
    struct vl_brought_w *w, struct vl_slice path, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (w->texts && path.n > VL_BROUGHT_ROW_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "the keys of a row that was brought, or the names of a "
		    "member, have more than %d bytes",
		    VL_BROUGHT_ROW_MAX);
	if (w->texts)
		return vl_listfile_w_add(w->list, path, err) == VL_OK ?
		    VL_OK :
		    fail_write(w, err);
	vl_buf_clear(&w->line);
	st = vl_buf_reserve(&w->line, VL_B64U_SIZE(path.n), err);
	if (st != VL_OK)
		return st;
	st = vl_listfile_w_add(w->list,
	    vl_slice_of(vl_b64u((char *)w->line.p, path.p, path.n)), err);
	return st == VL_OK ? VL_OK : fail_write(w, err);
}

enum vl_status
vl_brought_w_finish(struct vl_brought_w *w, struct vl_err *err)
{
	enum vl_status st = end_list(w, err);

	if (st == VL_OK)
		st = sync_it(w->state, w->fd, err);
	if (st == VL_OK)
		st = sync_it(w->state, w->dirfd, err);
	if (st == VL_OK)
		w->ours = false;
	return st;
}

void
vl_brought_w_free(struct vl_brought_w *w)
{
	if (w == NULL)
		return;
	if (w->ours)
		(void)unlinkat(w->dirfd, w->name, 0);
	if (w->fd >= 0)
		close(w->fd);
	if (w->dirfd >= 0)
		close(w->dirfd);
	vl_listfile_w_free(w->list);
	vl_buf_free(&w->line);
	free(w);
}

/* Write the list of `r` again to `fd`, without what is theirs. */
static enum vl_status
copy_list(const struct vl_brought *b, struct vl_brought_r *r, int fd,
    const struct vl_brought_theirs *theirs, struct vl_err *err)
{
	struct vl_brought_w w = { .state = b->state, .dirfd = -1, .fd = fd };
	struct vl_slice line = { NULL, 0 };
	struct vl_brought_member member;
	struct vl_slice path = { NULL, 0 };
	bool more = true;
	enum vl_status st = VL_OK;

	name_of(w.name, b, false);
	st = begin_list(&w, b, err);
	while (st == VL_OK) {
		st = vl_brought_r_next(r, &line, &more, err);
		if (st != VL_OK || !more)
			break;
		path = line;
		if (b->members && !vl_brought_member_read(&member, line))
			st = fail_damaged(r, err);
		if (b->members)
			path = member.path;
		if (st == VL_OK && !theirs->is(theirs->arg, path))
			st = vl_brought_w_add(&w, line, err);
	}
	if (st == VL_OK)
		st = end_list(&w, err);
	vl_listfile_w_free(w.list);
	vl_buf_free(&w.line);
	return st;
}

/* The import's list goes only once the shorter one holds. */
static enum vl_status
keep_ours(const struct vl_brought *b, int dirfd,
    const struct vl_brought_theirs *theirs, struct vl_err *err)
{
	struct vl_brought_r *r = NULL;
	struct vl_newfile *file = NULL;
	char name[NAME_SIZE];
	enum vl_status st = open_list(&r, b, true, err);

	if (st != VL_OK || r == NULL)
		return st;
	name_of(name, b, false);
	st = vl_newfile_create(&file, dirfd, name, 0600, err);
	if (st == VL_OK)
		st = copy_list(b, r, vl_newfile_fd(file), theirs, err);
	if (st == VL_OK)
		st = vl_newfile_keep(file, err);
	vl_newfile_free(file);
	vl_brought_r_free(r);
	return st == VL_OK ? vl_brought_drop(b, err) : st;
}

enum vl_status
vl_brought_keep(const struct vl_brought *b,
    const struct vl_brought_theirs *theirs, struct vl_err *err)
{
	char from[NAME_SIZE];
	char to[NAME_SIZE];
	int dirfd = -1;
	enum vl_status st = open_folder(&dirfd, b->state, err);

	if (st != VL_OK || dirfd < 0)
		return st;
	name_of(from, b, true);
	name_of(to, b, false);
	if (theirs != NULL)
		st = keep_ours(b, dirfd, theirs, err);
	else if (renameat(dirfd, from, dirfd, to) != 0 && errno != ENOENT)
		st = vl_fail_errno(err, "cannot rename to '%s/" FOLDER "/%s'",
		    vl_state_path(b->state), to);
	/* Also of one that was renamed by a run that was killed then. */
	if (st == VL_OK)
		st = sync_it(b->state, dirfd, err);
	close(dirfd);
	return st;
}

enum vl_status
vl_brought_drop(const struct vl_brought *b, struct vl_err *err)
{
	char name[NAME_SIZE];
	int dirfd = -1;
	enum vl_status st = open_folder(&dirfd, b->state, err);

	if (st != VL_OK || dirfd < 0)
		return st;
	name_of(name, b, true);
	if (unlinkat(dirfd, name, 0) != 0 && errno != ENOENT)
		st = vl_fail_errno(err, "cannot remove '%s/" FOLDER "/%s'",
		    vl_state_path(b->state), name);
	close(dirfd);
	return st;
}

enum vl_status
vl_brought_tidy(struct vl_state *s, struct vl_err *err)
{
	struct dirent *entry = NULL;
	DIR *dir = NULL;
	int fd = -1;
	enum vl_status st = open_folder(&fd, s, err);

	if (st != VL_OK || fd < 0)
		return st;
	dir = fdopendir(fd);
	if (dir == NULL) {
		close(fd);
		return vl_fail_errno(
		    err, "cannot read '%s/" FOLDER "'", vl_state_path(s));
	}
	/* Names of lists that hold have no dot. */
	while (st == VL_OK && (entry = readdir(dir)) != NULL)
		if (strchr(entry->d_name, '.') != NULL &&
		    strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
			st = vl_fail_errno(err,
			    "cannot remove '%s/" FOLDER "/%s'",
			    vl_state_path(s), entry->d_name);
	closedir(dir);
	return st;
}
