/*
 * A trial of attributes: the redo sets those of what exists after the
 * decision, so that they are set and read back here before, on an entry of
 * the same type in the staging (docs/transaction.md, "Prepare").
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/text.h>

#include "trial.h"

#define TRY_DIR  "try.dir"
#define TRY_FILE "try.file"
#define TRY_LINK "try.link"
#define TRY_FIFO "try.fifo"
#define TRY_LOCK "try.lock"

static int
new_file(int dirfd, const char *name)
{
	return openat(dirfd, name,
	    O_RDONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool
make_file(int dirfd)
{
	int fd = new_file(dirfd, TRY_FILE);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The entry of that type, made once; NULL and errno.  A FIFO stands for
 * devices, too, which not everybody may make. */
static const char *
scratch(struct vl_trial *t, enum vl_entry_type type)
{
	switch (type) {
	case VL_ENTRY_DIR:
		t->dir = t->dir || mkdirat(t->fd, TRY_DIR, 0700) == 0;
		return t->dir ? TRY_DIR : NULL;
	case VL_ENTRY_LINK:
		t->link = t->link || symlinkat(".", t->fd, TRY_LINK) == 0;
		return t->link ? TRY_LINK : NULL;
	case VL_ENTRY_FIFO:
	case VL_ENTRY_CHAR:
	case VL_ENTRY_BLOCK:
		t->fifo = t->fifo || mkfifoat(t->fd, TRY_FIFO, 0600) == 0;
		return t->fifo ? TRY_FIFO : NULL;
	default:
		t->file = t->file || make_file(t->fd);
		return t->file ? TRY_FILE : NULL;
	}
}

/* An owner that stays is not set: it may be one that this user cannot give. */
static void
take_owner(
    struct vl_meta *m, const struct vl_step *s, const struct vl_meta *now)
{
	if (s->kind == VL_STEP_NEW || s->before.uid != s->after.uid ||
	    s->before.gid != s->after.gid)
		return;
	m->uid = now->uid;
	if (!vl_meta_our_group(m->gid))
		m->gid = now->gid;
}

/* What the scratch entry is to become: the step's entry in all that is
 * tried.  Locked it could not be removed after a kill. */
static void
take_attributes(
    struct vl_meta *m, const struct vl_step *s, const struct vl_meta *now)
{
	*m = s->after;
	m->type = now->type;
	m->size = now->size;
	m->major = now->major;
	m->minor = now->minor;
	m->flags &= ~VL_FLAGS_LOCK;
	/* They stay where they are, and another place might not hold them. */
	if (s->kind != VL_STEP_NEW &&
	    vl_slice_equal(s->before.attrs, s->after.attrs))
		m->attrs = (struct vl_slice){ 0 };
	take_owner(m, s, now);
}

/* `x` stands for an attribute that is not ours: of the same size, but with a
 * name that this user can set.  Its value is nobody's business. */
static enum vl_status
add_filler(struct vl_buf *bytes, const struct vl_xattr *x, struct vl_err *err)
{
	static const char prefix[] = "user.";
	const size_t n = sizeof(prefix) - 1;
	uint8_t name[VL_NAME_MAX];
	size_t rest =
	    x->name.n < sizeof(name) - n ? x->name.n : sizeof(name) - n;
	uint8_t *zeros = calloc(1, x->value.n + 1);
	enum vl_status st = VL_OK;

	if (zeros == NULL)
		return vl_fail_memory(err);
	memcpy(name, prefix, n);
	memcpy(name + n, x->name.p, rest);
	st = vl_attrs_add(bytes, (struct vl_slice){ name, n + rest },
	    (struct vl_slice){ zeros, x->value.n }, err);
	free(zeros);
	return st;
}

/* As many attributes as the entry has beside those that are ours. */
static enum vl_status
list_fillers(struct vl_buf *out, struct vl_slice others, struct vl_err *err)
{
	struct vl_xattr x = { 0 };
	enum vl_status st = VL_OK;

	while (st == VL_OK && vl_attrs_next(&others, &x))
		st = add_filler(out, &x, err);
	return st;
}

/* Why no trial could tell how the redo will fare; NULL: it can. */
static const char *
refuses_trial(const struct vl_step *s, struct vl_slice others)
{
	const uint32_t changed = s->before.flags ^ s->after.flags;

	if (s->kind == VL_STEP_META && s->after.type == VL_ENTRY_FILE &&
	    s->after.size > 0 && (changed & VL_FLAGS_EMPTY) != 0)
		return "has content: no file system is sure to change these "
		       "flags of it";
	if (others.n > 0 && s->after.type != VL_ENTRY_FILE &&
	    s->after.type != VL_ENTRY_DIR)
		return "has attributes that are not managed here: whether "
		       "there is room for others cannot be tried";
	return NULL;
}

/* Nothing of the step before stays: what fits depends on it. */
static enum vl_status
make_empty(struct vl_trial *t, const char *name, const struct vl_meta *now,
    struct vl_slice others, struct vl_err *err)
{
	struct vl_buf fillers = { 0 };
	struct vl_meta m = *now;
	enum vl_status st = list_fillers(&fillers, others, err);

	m.attrs = vl_buf_slice(&fillers);
	if (m.type != VL_ENTRY_LINK)
		m.mode = 0700;
	if (st == VL_OK)
		st = vl_meta_set_at(t->fd, name, &m, t->privileged, err);
	vl_buf_free(&fillers);
	return st;
}

/*
 * The redo may set them anew, by way of none (vl_attrs_set), wherever the way
 * from what is there is barred: so that way is tried, beside the others.
 */
static enum vl_status
try_room(struct vl_trial *t, const char *name, const struct vl_meta *now,
    struct vl_slice attrs, struct vl_slice others, struct vl_err *err)
{
	const struct vl_slice none = { 0 };
	struct stat sb;
	enum vl_status st = make_empty(t, name, now, others, err);
	int fd = vl_meta_open(t->fd, name, &sb);

	if (st == VL_OK)
		st = fd >= 0 ? vl_attrs_set(fd, "", none, attrs, err) :
		               vl_attrs_set(t->fd, name, none, attrs, err);
	if (fd >= 0)
		close(fd);
	if (st != VL_OK && others.n > 0)
		st = vl_within(
		    err, "beside the attributes that are not managed here");
	return st;
}

static enum vl_status
try_on(struct vl_trial *t, const char *name, const struct vl_meta *want,
    const char *path, struct vl_err *err)
{
	if (vl_meta_set_at(t->fd, name, want, t->privileged, err) != VL_OK)
		return vl_within(
		    err, "cannot try the attributes of '%s'", path);
	if (vl_meta_stands(t->fd, name, want, t->privileged))
		return VL_OK;
	if (errno != 0)
		return vl_fail_errno(
		    err, "cannot try the attributes of '%s'", path);
	return vl_fail(err, VL_EREFUSED,
	    "the target's file system does not keep the attributes of '%s'",
	    path);
}

enum vl_status
vl_trial_step(struct vl_trial *t, const struct vl_step *s,
    struct vl_slice others, const char *path, struct vl_err *err)
{
	const char *name = scratch(t, s->after.type);
	const char *why = refuses_trial(s, others);
	struct vl_meta m = { 0 };
	struct vl_meta now = { 0 };

	if (name == NULL || !vl_meta_at(&now, t->fd, name))
		return vl_fail_errno(
		    err, "cannot try the attributes of '%s'", path);
	if (why != NULL)
		return vl_fail(err, VL_EREFUSED, "'%s' %s", path, why);
	take_attributes(&m, s, &now);
	if (m.attrs.n > 0 &&
	    try_room(t, name, &now, m.attrs, others, err) != VL_OK)
		return vl_within(
		    err, "cannot try the attributes of '%s'", path);
	return try_on(t, name, &m, path, err);
}

/* Flags that this user may not set, or that are not there, or do not stay. */
static bool
is_refusal(int why)
{
	return why == 0 || why == EPERM || why == EACCES || why == ENOTTY ||
	    why == ENOTSUP || why == EINVAL || why == ENOSYS;
}

/* On a file without a name, so that a kill leaves nothing that is locked. */
static bool
try_locks(int dirfd, int *why)
{
	uint32_t flags = 0;
	uint32_t locked = 0;
	int fd = -1;
	bool good = false;

	errno = 0;
	fd = new_file(dirfd, TRY_LOCK);
	good = fd >= 0 && unlinkat(dirfd, TRY_LOCK, 0) == 0 &&
	    vl_flags_get(fd, &flags) &&
	    vl_flags_set(fd, flags | VL_FLAGS_LOCK) &&
	    vl_flags_get(fd, &locked) && locked == (flags | VL_FLAGS_LOCK) &&
	    vl_flags_set(fd, flags) && vl_flags_get(fd, &locked) &&
	    locked == flags;

	*why = good || is_refusal(errno) ? 0 : errno;
	if (fd >= 0)
		close(fd);
	return good;
}

bool
vl_trial_locks(struct vl_trial *t)
{
	if (!t->locks_tried)
		t->locks = try_locks(t->fd, &t->locks_why);
	t->locks_tried = true;
	errno = t->locks_why;
	return t->locks;
}

enum vl_status
vl_trial_end(struct vl_trial *t, struct vl_err *err)
{
	if ((t->dir && unlinkat(t->fd, TRY_DIR, AT_REMOVEDIR) != 0) ||
	    (t->file && unlinkat(t->fd, TRY_FILE, 0) != 0) ||
	    (t->link && unlinkat(t->fd, TRY_LINK, 0) != 0) ||
	    (t->fifo && unlinkat(t->fd, TRY_FIFO, 0) != 0))
		return vl_fail_errno(
		    err, "cannot remove what the attributes were tried on");
	return VL_OK;
}
