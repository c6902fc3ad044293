/*
 * One record of a tree: its line, or why there is none.
 *
 * Attributes are read between the two looks at a file, so they belong to the
 * same moment as its content.
 *
 * Modes: directories travel with their permissions, setgid and sticky (they
 * say who may do what below), files with permissions and sticky.  Setuid, and
 * setgid of files, give rights: they travel with `privileged`, else they are
 * counted.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <valise/json.h>
#include <valise/text.h>

#include "files.h"

#define FILE_MODE 01777u
#define DIR_MODE  03777u
#define ALL_MODE  07777u
#define CAUSE     256

/* The bits of a mode that travel. */
static uint32_t
mode_of(const struct files *f, const struct stat *st)
{
	if (f->node.type == VL_ENTRY_LINK)
		return 0;
	if (f->resource->privileged)
		return st->st_mode & ALL_MODE;
	return st->st_mode &
	    (f->node.type == VL_ENTRY_DIR ? DIR_MODE : FILE_MODE);
}

/* Whoever owns it is told that it travels. */
static enum vl_status
came(const struct files *f, struct vl_err *err)
{
	return f->owned == NULL ?
	    VL_OK :
	    vl_owned_came(f->owned, f->resource->name, f->node.path, NULL, err);
}

enum vl_status
vl_files_count(struct files *f, const struct stat *st, struct vl_err *err)
{
	struct vl_source_counts *c = &f->counts;

	switch (f->node.type) {
	case VL_ENTRY_FILE:
		c->files++;
		c->bytes += (uint64_t)st->st_size;
		if (vl_files_secrets_count(f, err) != VL_OK)
			return err->status;
		c->sparse += f->nholes > 0;
		c->porous += f->holes_cut;
		break;
	case VL_ENTRY_DIR:
		c->dirs++;
		break;
	case VL_ENTRY_LINK:
		c->links++;
		break;
	default:
		c->specials++;
	}
	c->attributes += vl_extras_any(&f->extras);
	c->privileged += f->extras.attrs.others > 0 ||
	    (f->node.type != VL_ENTRY_LINK &&
	        mode_of(f, st) != (st->st_mode & ALL_MODE));
	if (f->node.type == VL_ENTRY_DIR)
		return VL_OK;
	if (came(f, err) != VL_OK)
		return err->status;
	return vl_linked_took(f->linked, st, f->node.path, err);
}

enum vl_status
vl_files_leave_out(struct files *f, struct vl_record *rec, enum vl_why why,
    const char *cause, struct vl_err *err)
{
	const struct vl_entry e = {
		.type = VL_ENTRY_LEFT_OUT,
		.why = why,
		.resource = vl_slice_of(f->resource->name),
		.path = f->node.path,
	};
	enum vl_status st = VL_OK;

	vl_body_close(&f->body);
	f->stage = BETWEEN;
	if (f->node.type == VL_ENTRY_DIR)
		vl_walk_skip(f->walk);
	vl_buf_clear(&f->line);
	st = vl_entry_encode(&f->line, &e, NULL, err);
	if (st != VL_OK)
		return st;
	*rec = (struct vl_record){ .line = vl_buf_slice(&f->line) };
	f->counts.left_out[why]++;
	if (why == VL_WHY_MOUNT && f->report.mount != NULL)
		f->report.mount(f->report.arg, f->resource->name, f->node.here);
	if (why == VL_WHY_UNSTABLE && cause == NULL)
		cause = "it changed every time it was looked at";
	if ((why == VL_WHY_UNREADABLE || why == VL_WHY_UNSTABLE) &&
	    f->report.problem != NULL)
		f->report.problem(f->report.arg, f->resource->name,
		    f->node.here, cause != NULL ? cause : "it cannot be read");
	return VL_OK;
}

/* An errno that is not of the path: there is no going on. */
static bool
is_ours(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM;
}

static enum vl_status
leave_unread(
    struct files *f, struct vl_record *rec, int error, struct vl_err *err)
{
	char cause[CAUSE];

	if (is_ours(error)) {
		errno = error;
		return vl_fail_errno(err, "cannot go on reading");
	}
	(void)snprintf(cause, sizeof(cause),
	    "its attributes cannot be read: %s", strerrordesc_np(error));
	return vl_files_leave_out(f, rec, VL_WHY_UNREADABLE, cause, err);
}

/* The line of `e` with `n` of the holes of the file. */
static enum vl_status
encode_with(struct files *f, struct vl_record *rec, struct vl_entry *e,
    size_t n, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&f->larger);
	st = vl_buf_add(&f->larger, vl_buf_slice(&f->body.holes), err);
	if (st != VL_OK)
		return st;
	vl_holes_thin(&f->larger, n);
	e->holes = (const void *)f->larger.p;
	e->nholes = n;
	vl_buf_clear(&f->line);
	return vl_entry_encode(&f->line, e, &rec->hash_at, err);
}

/* The line of `e`, with as many holes as it has room for. */
static enum vl_status
encode(struct files *f, struct vl_record *rec, struct vl_entry *e,
    struct vl_err *err)
{
	const size_t all = e->nholes;
	enum vl_status st = VL_OK;
	size_t over = all;
	size_t fit = 0;
	size_t n = 0;

	vl_buf_clear(&f->line);
	st = vl_entry_encode(&f->line, e, &rec->hash_at, err);
	if (st == VL_ELIMIT && all > 0) {
		while (over - fit > 1) {
			n = fit + (over - fit) / 2;
			st = encode_with(f, rec, e, n, err);
			if (st != VL_OK && st != VL_ELIMIT)
				return st;
			if (st == VL_OK)
				fit = n;
			else
				over = n;
		}
		st = encode_with(f, rec, e, fit, err);
	}
	f->nholes = e->nholes;
	f->holes_cut = e->nholes < all;
	return st;
}

/* Would the line of `e` do without what travels besides? */
static bool
fits_bare(struct files *f, const struct vl_entry *e)
{
	struct vl_entry bare = *e;
	struct extras none = { 0 };

	vl_extras_set(&none, &bare);
	vl_buf_clear(&f->line);
	return vl_entry_encode(&f->line, &bare, NULL, NULL) == VL_OK;
}

static enum vl_status
too_many(const struct files *f, struct vl_err *err)
{
	char shown[CAUSE];

	return vl_fail(err, VL_EREFUSED,
	    "resource '%s': file '%s' has more secrets than a line of a "
	    "manifest has room for: name the whole file in 'secrets'",
	    f->resource->name,
	    vl_escape_text(shown, sizeof(shown), f->node.here));
}

/*
 * Yield the line of the path, which is as `st` says; *again when that cannot
 * be because it changes.
 */
static enum vl_status
yield(struct files *f, struct vl_record *rec, const struct stat *st,
    bool *again, struct vl_err *err)
{
	const bool file = f->node.type == VL_ENTRY_FILE;
	struct vl_entry e = {
		.type = f->node.type,
		.resource = vl_slice_of(f->resource->name),
		.path = f->node.path,
		.target = f->node.link,
		.owner = vl_owners_user(f->owners, st->st_uid),
		.group = vl_owners_group(f->owners, st->st_gid),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = mode_of(f, st),
		.mtime = { st->st_mtim.tv_sec, (int32_t)st->st_mtim.tv_nsec },
		.size = file ? (uint64_t)st->st_size : 0,
		.holes = (const void *)f->body.holes.p,
		.nholes = file ? f->body.nholes : 0,
	};
	enum vl_status status = VL_OK;

	if (e.type == VL_ENTRY_CHAR || e.type == VL_ENTRY_BLOCK) {
		e.major = major(st->st_rdev);
		e.minor = minor(st->st_rdev);
	}
	vl_extras_set(&f->extras, &e);
	if (file)
		vl_files_secrets_set(f, &e);
	*rec = (struct vl_record){ 0 };
	status = encode(f, rec, &e, err);
	if (status == VL_ELIMIT && e.nslots > 0)
		return too_many(f, err);
	if (status == VL_ELIMIT && vl_extras_any(&f->extras) &&
	    fits_bare(f, &e))
		return vl_files_leave_out(f, rec, VL_WHY_UNREADABLE,
		    "its attributes are larger than a manifest line may be",
		    err);
	if (status == VL_ELIMIT || status == VL_EPATH)
		return vl_files_leave_out(f, rec, VL_WHY_NAME, NULL, err);
	if (status == VL_EFORMAT && file && !vl_body_unchanged(&f->body)) {
		*again = true;
		return VL_OK;
	}
	if (status == VL_EFORMAT)
		return vl_files_leave_out(f, rec, VL_WHY_UNREADABLE,
		    e.size > VL_JSON_INT_MAX ?
		        "it is longer than 10^15 - 1 bytes" :
		        "the file system says things of it that cannot be",
		    err);
	if (status != VL_OK)
		return status;
	rec->line = vl_buf_slice(&f->line);
	rec->has_body = file;
	rec->body_size = e.size;
	if (file)
		vl_files_secrets_tokens(f, rec);
	return file ? VL_OK /* counted when it has been read */ :
	              vl_files_count(f, st, err);
}

/*
 * Yield the path as one more name of an inode that has travelled, if that is
 * what it is; where the line has no room for two long paths, as what it is.
 */
static enum vl_status
yield_hard(struct files *f, struct vl_record *rec, struct vl_err *err)
{
	struct vl_entry e = {
		.type = VL_ENTRY_HARD,
		.resource = vl_slice_of(f->resource->name),
		.path = f->node.path,
	};
	enum vl_status st =
	    vl_linked_first(f->linked, &e.target, &f->node.st, err);

	if (st == VL_OK && e.target.p != NULL)
		st = vl_files_secrets_link(f, e.target, err);
	if (st != VL_OK || e.target.p == NULL)
		return st;
	vl_buf_clear(&f->line);
	st = vl_entry_encode(&f->line, &e, NULL, err);
	if (st == VL_ELIMIT || st == VL_EPATH)
		return VL_OK;
	if (st != VL_OK)
		return st;
	*rec = (struct vl_record){ .line = vl_buf_slice(&f->line) };
	f->counts.hard_links++;
	vl_linked_met(f->linked, &f->node.st);
	return came(f, err);
}

/* Yield a file; *again when it is not any more what the walk saw. */
static enum vl_status
yield_file(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	const int error = vl_body_open(&f->body, f->walk) ? 0 : errno;

	if (error == ENOENT || error == ESTALE || error == ELOOP) {
		*again = true;
		return VL_OK;
	}
	if (is_ours(error))
		return vl_fail_errno(err, "cannot go on reading");
	if (error != 0)
		return vl_files_leave_out(
		    f, rec, VL_WHY_UNREADABLE, strerrordesc_np(error), err);
	f->stage = BODY;
	st = vl_files_secrets_begin(f, again, err);
	if (st == VL_OK && !*again)
		st = vl_extras_read(&f->extras, f->body.fd, "", err);
	if (st == VL_OK && !*again)
		st = f->extras.error != 0 ?
		    leave_unread(f, rec, f->extras.error, err) :
		    yield(f, rec, &f->body.stat, again, err);
	if (st != VL_OK || *again) {
		vl_body_close(&f->body);
		f->stage = BETWEEN;
	}
	return st;
}

static bool
same_inode_and_time(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	    a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	    a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Yield a directory; the mode has to be that of the same moment as an ACL. */
static enum vl_status
yield_dir(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	struct stat before = f->node.st;
	struct stat now = f->node.st;
	enum vl_status st = VL_OK;
	int i;

	for (i = 0; i < VL_FILES_TRIES; i++) {
		before = now;
		st = vl_extras_read(&f->extras, f->node.fd, "", err);
		if (st != VL_OK)
			return st;
		if (f->extras.error != 0)
			return leave_unread(f, rec, f->extras.error, err);
		if (f->extras.acl.n == 0)
			break;
		if (fstat(f->node.fd, &now) != 0)
			return vl_files_leave_out(f, rec, VL_WHY_UNREADABLE,
			    strerrordesc_np(errno), err);
		if (same_inode_and_time(&now, &before))
			break;
	}
	return yield(f, rec, &before, again, err);
}

/*
 * Yield what has a name and cannot be opened.  That the attributes are of
 * what the walk saw is looked at only where there are any, or none to be had.
 */
static enum vl_status
yield_named(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	char name[VL_NAME_MAX + 1] = { 0 };
	struct stat now = { 0 };
	enum vl_status st = VL_OK;

	if (f->node.name.n == 0 || f->node.name.n > VL_NAME_MAX)
		return vl_files_leave_out(f, rec, VL_WHY_NAME, NULL, err);
	memcpy(name, f->node.name.p, f->node.name.n);
	st = vl_extras_read(&f->extras, f->node.parentfd, name, err);
	if (st != VL_OK)
		return st;
	if (f->extras.error != 0 || vl_extras_any(&f->extras)) {
		if (fstatat(f->node.parentfd, name, &now,
		        AT_SYMLINK_NOFOLLOW) != 0 ||
		    !same_inode_and_time(&now, &f->node.st)) {
			*again = true;
			return VL_OK;
		}
	}
	if (f->extras.error != 0)
		return leave_unread(f, rec, f->extras.error, err);
	return yield(f, rec, &f->node.st, again, err);
}

enum vl_status
vl_files_yield(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_extras_clear(&f->extras);
	if (f->node.type == VL_ENTRY_LEFT_OUT)
		return vl_files_leave_out(
		    f, rec, f->node.why, f->node.cause, err);
	if (f->node.type == VL_ENTRY_DIR)
		return yield_dir(f, rec, again, err);
	if (f->node.type == VL_ENTRY_LINK &&
	    f->resource->links == VL_LINKS_INSIDE &&
	    !vl_link_stays_inside(f->node.path, f->node.link)) {
		f->counts.outward++;
		return vl_files_leave_out(f, rec, VL_WHY_KIND, NULL, err);
	}
	st = yield_hard(f, rec, err);
	if (st != VL_OK || rec->line.p != NULL)
		return st;
	if (f->node.type == VL_ENTRY_FILE)
		return yield_file(f, rec, again, err);
	return yield_named(f, rec, again, err);
}
