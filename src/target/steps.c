/*
 * Steps as lines, and lines as steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/json.h>
#include <valise/listfile.h>
#include <valise/text.h>

#include "steps.h"

#define STEPS_NAME "steps"
/* Bytes of all attributes of one side. */
#define STEP_ATTRS_MAX 65536
/* Two paths and the attributes of both sides in base64url, and the numbers. */
#define STEP_LINE_MAX                                                          \
	(2 * VL_B64U_SIZE(STEP_ATTRS_MAX) + 2 * VL_B64U_SIZE(VL_PATH_MAX) +    \
	    1024)
/* Values of a vl_meta in a line: those that each has ... */
#define TYPE    0
#define MODE    1
#define USER    2
#define GROUP   3
#define SIZE    4
#define SECONDS 5 /* of the time, as text */
#define NSEC    6
#define FEW     7
/* ... and those that stand where one of them is not zero. */
#define FLAGS       7
#define MAJOR       8
#define MINOR       9
#define WITHOUT     10
#define ATTRS       11 /* as text */
#define ALL         12
#define WITHOUT_ALL (VL_WITHOUT_OWNER | VL_WITHOUT_MODE)

static const char *const kinds[] = {
	[VL_STEP_NEW] = "new",
	[VL_STEP_REPLACE] = "replace",
	[VL_STEP_DELETE] = "delete",
	[VL_STEP_RMDIR] = "rmdir",
	[VL_STEP_META] = "meta",
	[VL_STEP_DIR] = "dir",
};

struct vl_steps_w {
	int fd;
	struct vl_listfile_w *list;
	struct vl_buf line;
	struct vl_buf text; /* of what stands in base64url */
};

struct vl_steps_r {
	int fd;
	struct vl_listfile_r *list;
	uint64_t at; /* steps read */
	struct vl_json json;
	struct vl_buf bytes; /* what the slices of a step point into */
};

static struct vl_listfile
list_in(int fd)
{
	return (struct vl_listfile){
		.fd = fd, .lines = "the steps", .line_max = STEP_LINE_MAX
	};
}

enum vl_status
vl_steps_w_open(struct vl_steps_w **out, int dirfd, struct vl_err *err)
{
	struct vl_steps_w *w = calloc(1, sizeof(*w));
	struct vl_listfile f = { 0 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	w->fd = openat(dirfd, STEPS_NAME,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0)
		st = vl_fail_errno(err, "cannot make the list of steps");
	f = list_in(w->fd);
	if (st == VL_OK)
		st = vl_listfile_w_new(&w->list, &f, err);
	if (st != VL_OK) {
		vl_steps_w_free(w);
		return st;
	}
	*out = w;
	return VL_OK;
}

static enum vl_status
fail_write(struct vl_err *err)
{
	return vl_within(err, "cannot write the list of steps");
}

/* As text: a time may be longer than a number of canonical JSON. */
static void
put_seconds(struct vl_json_w *j, int64_t sec)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)sec);
	vl_json_w_text(j, vl_slice_of(text));
}

static bool
get_seconds(int64_t *sec, const struct vl_json_item *v)
{
	char text[24];
	char *end = NULL;

	if (v->type != VL_JSON_STRING || v->escaped || v->raw.n == 0 ||
	    v->raw.n >= sizeof(text))
		return false;
	memcpy(text, v->raw.p, v->raw.n);
	text[v->raw.n] = '\0';
	errno = 0;
	*sec = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0';
}

static void
put_bytes(struct vl_steps_w *w, struct vl_json_w *j, struct vl_slice bytes)
{
	struct vl_err err;

	vl_buf_clear(&w->text);
	if (bytes.n == 0)
		vl_json_w_text(j, bytes);
	else if (vl_buf_reserve(&w->text, VL_B64U_SIZE(bytes.n), &err) != VL_OK)
		j->status = VL_EIO;
	else
		vl_json_w_text(j,
		    vl_slice_of(vl_b64u((char *)w->text.p, bytes.p, bytes.n)));
}

static bool
is_more(const struct vl_meta *m, struct vl_slice attrs)
{
	return m->flags != 0 || m->major != 0 || m->minor != 0 ||
	    m->without != 0 || attrs.n > 0;
}

static void
put_meta(struct vl_steps_w *w, struct vl_json_w *j, const struct vl_meta *m,
    struct vl_slice attrs)
{
	vl_json_w_open(j, '[');
	vl_json_w_int(j, m->type);
	vl_json_w_int(j, m->mode);
	vl_json_w_int(j, m->uid);
	vl_json_w_int(j, m->gid);
	vl_json_w_int(j, (int64_t)m->size);
	put_seconds(j, m->mtime.sec);
	vl_json_w_int(j, m->mtime.nsec);
	if (is_more(m, attrs)) {
		vl_json_w_int(j, m->flags);
		vl_json_w_int(j, m->major);
		vl_json_w_int(j, m->minor);
		vl_json_w_int(j, m->without);
		put_bytes(w, j, attrs);
	}
	vl_json_w_close(j, ']');
}

/* The old attributes where they are to change; what is replaced or deleted
 * has its second name in undo/. */
static struct vl_slice
old_attrs(const struct vl_step *s)
{
	if (s->kind == VL_STEP_META || s->kind == VL_STEP_DIR)
		return s->before.attrs;
	return (struct vl_slice){ NULL, 0 };
}

static void
put_step(struct vl_steps_w *w, struct vl_json_w *j, const struct vl_step *s)
{
	vl_json_w_open(j, '{');
	vl_json_w_key(j, "after");
	put_meta(w, j, &s->after, s->after.attrs);
	vl_json_w_key(j, "before");
	put_meta(w, j, &s->before, old_attrs(s));
	vl_json_w_key(j, "k");
	vl_json_w_text(j, vl_slice_of(kinds[s->kind]));
	if (s->to.p != NULL) {
		vl_json_w_key(j, "live");
		vl_json_w_bool(j, s->live);
	}
	vl_json_w_key(j, "n");
	vl_json_w_int(j, (int64_t)s->n);
	vl_json_w_key(j, "other");
	vl_json_w_int(j, (int64_t)s->other);
	vl_json_w_key(j, "path");
	put_bytes(w, j, s->path);
	if (s->to.p != NULL) {
		vl_json_w_key(j, "to");
		put_bytes(w, j, s->to);
	}
	vl_json_w_close(j, '}');
}

static enum vl_status
check_size(const struct vl_step *s, struct vl_err *err)
{
	char path[256];

	if (s->after.attrs.n <= STEP_ATTRS_MAX &&
	    old_attrs(s).n <= STEP_ATTRS_MAX)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "the extended attributes of '%s' have more than %d bytes in all",
	    vl_escape_text(path, sizeof(path), s->path), STEP_ATTRS_MAX);
}

enum vl_status
vl_steps_w_add(
    struct vl_steps_w *w, const struct vl_step *s, struct vl_err *err)
{
	struct vl_json_w j;
	enum vl_status st = check_size(s, err);

	if (st != VL_OK)
		return st;
	vl_buf_clear(&w->line);
	vl_json_w_init(&j, &w->line);
	put_step(w, &j, s);
	st = vl_json_w_end(&j, err);
	if (st != VL_OK)
		return st;
	st = vl_listfile_w_add(w->list, vl_buf_slice(&w->line), err);
	return st == VL_OK ? VL_OK : fail_write(err);
}

enum vl_status
vl_steps_w_finish(struct vl_steps_w *w, struct vl_err *err)
{
	enum vl_status st = vl_listfile_w_finish(w->list, err);

	return st == VL_OK ? VL_OK : fail_write(err);
}

void
vl_steps_w_free(struct vl_steps_w *w)
{
	if (w == NULL)
		return;
	vl_listfile_w_free(w->list);
	if (w->fd >= 0)
		close(w->fd);
	vl_buf_free(&w->line);
	vl_buf_free(&w->text);
	free(w);
}

/* What is wrong with the list of an import stays with whoever recovers it. */
static enum vl_status
fail_read(struct vl_err *err)
{
	if (err->status == VL_EFORMAT)
		err->status = VL_EPENDING;
	return err->status;
}

enum vl_status
vl_steps_r_open(struct vl_steps_r **out, int dirfd, struct vl_err *err)
{
	struct vl_steps_r *r = calloc(1, sizeof(*r));
	struct vl_listfile f = { 0 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (r == NULL)
		return vl_fail_memory(err);
	r->fd = openat(dirfd, STEPS_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (r->fd < 0)
		st = vl_fail_errno(err, "cannot open the list of steps");
	f = list_in(r->fd);
	if (st == VL_OK && vl_listfile_r_open(&r->list, &f, err) != VL_OK)
		st = fail_read(err);
	if (st != VL_OK) {
		vl_steps_r_free(r);
		return st;
	}
	*out = r;
	return VL_OK;
}

uint64_t
vl_steps_r_count(const struct vl_steps_r *r)
{
	return vl_listfile_r_count(r->list);
}

void
vl_steps_r_rewind(struct vl_steps_r *r)
{
	r->at = 0;
	vl_listfile_r_rewind(r->list);
}

/* A string of base64url; `bytes` has room for it. */
static bool
get_bytes(struct vl_slice *out, struct vl_steps_r *r, size_t at, size_t max)
{
	const struct vl_json_item *v = NULL;
	uint8_t *p = r->bytes.p + r->bytes.n;
	size_t n = 0;

	if (at == VL_JSON_NONE)
		return false;
	v = &r->json.items[at];
	if (v->type != VL_JSON_STRING || v->escaped ||
	    v->raw.n > VL_B64U_SIZE(max) || !vl_unb64u_any(p, &n, v->raw) ||
	    n > max)
		return false;
	*out = (struct vl_slice){ p, n };
	r->bytes.n += n;
	return true;
}

/* All that are numbers of the array at `at`. */
static bool
get_numbers(int64_t n[ALL], const struct vl_json *j, size_t at)
{
	const struct vl_json_item *v = NULL;
	size_t i = 0;

	for (i = 0; i < j->items[at].count; i++) {
		v = &j->items[at + 1 + i];
		n[i] = v->number;
		if (i == ATTRS)
			continue;
		if (i == SECONDS ? !get_seconds(&n[i], v) :
		                   v->type != VL_JSON_INT || n[i] < 0)
			return false;
	}
	return true;
}

static bool
get_meta(struct vl_meta *m, struct vl_steps_r *r, const char *name)
{
	const struct vl_json *j = &r->json;
	size_t at = vl_json_member(j, 0, name);
	int64_t n[ALL] = { 0 };

	if (at == VL_JSON_NONE || j->items[at].type != VL_JSON_ARRAY ||
	    (j->items[at].count != FEW && j->items[at].count != ALL) ||
	    !get_numbers(n, j, at))
		return false;
	if (n[TYPE] > VL_ENTRY_LEFT_OUT || n[TYPE] == VL_ENTRY_HARD ||
	    n[MODE] > 07777 || n[USER] > UINT32_MAX || n[GROUP] > UINT32_MAX ||
	    n[NSEC] > 999999999 || n[FLAGS] > VL_FLAGS_ALL ||
	    n[MAJOR] > UINT32_MAX || n[MINOR] > UINT32_MAX ||
	    n[WITHOUT] > (int64_t)WITHOUT_ALL)
		return false;
	m->type = (enum vl_entry_type)n[TYPE];
	m->mode = (uint32_t)n[MODE];
	m->uid = (uint32_t)n[USER];
	m->gid = (uint32_t)n[GROUP];
	m->size = (uint64_t)n[SIZE];
	m->mtime.sec = n[SECONDS];
	m->mtime.nsec = (int32_t)n[NSEC];
	m->flags = (uint32_t)n[FLAGS];
	m->major = (uint32_t)n[MAJOR];
	m->minor = (uint32_t)n[MINOR];
	m->without = (unsigned)n[WITHOUT];
	if (j->items[at].count == FEW)
		return true;
	return get_bytes(&m->attrs, r, at + 1 + ATTRS, STEP_ATTRS_MAX) &&
	    vl_attrs_valid(m->attrs) && is_more(m, m->attrs);
}

static bool
get_number(uint64_t *n, const struct vl_json *j, const char *name)
{
	size_t at = vl_json_member(j, 0, name);

	if (at == VL_JSON_NONE || j->items[at].type != VL_JSON_INT ||
	    j->items[at].number < 0)
		return false;
	*n = (uint64_t)j->items[at].number;
	return true;
}

static bool
get_kind(enum vl_step_kind *kind, const struct vl_json *j)
{
	size_t at = vl_json_member(j, 0, "k");
	size_t i = 0;

	if (at == VL_JSON_NONE || j->items[at].type != VL_JSON_STRING)
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (vl_slice_equal(j->items[at].raw, vl_slice_of(kinds[i]))) {
			*kind = (enum vl_step_kind)i;
			return true;
		}
	return false;
}

/* `to` and `live`: both or none. */
static bool
get_link(struct vl_step *s, struct vl_steps_r *r)
{
	const struct vl_json *j = &r->json;
	size_t to = vl_json_member(j, 0, "to");
	size_t live = vl_json_member(j, 0, "live");

	if (to == VL_JSON_NONE && live == VL_JSON_NONE)
		return true;
	if (live == VL_JSON_NONE ||
	    (s->kind != VL_STEP_NEW && s->kind != VL_STEP_REPLACE) ||
	    (j->items[live].type != VL_JSON_TRUE &&
	        j->items[live].type != VL_JSON_FALSE))
		return false;
	s->live = j->items[live].type == VL_JSON_TRUE;
	return get_bytes(&s->to, r, to, VL_PATH_MAX) && s->to.n > 0;
}

static bool
get_step(struct vl_steps_r *r, struct vl_step *s)
{
	const struct vl_json *j = &r->json;

	return get_kind(&s->kind, j) &&
	    get_bytes(&s->path, r, vl_json_member(j, 0, "path"), VL_PATH_MAX) &&
	    get_number(&s->n, j, "n") && get_number(&s->other, j, "other") &&
	    get_meta(&s->before, r, "before") &&
	    get_meta(&s->after, r, "after") && get_link(s, r);
}

enum vl_status
vl_steps_r_next(
    struct vl_steps_r *r, struct vl_step *s, bool *more, struct vl_err *err)
{
	struct vl_slice line = { NULL, 0 };
	enum vl_status st = VL_OK;

	if (vl_listfile_r_next(r->list, &line, more, err) != VL_OK)
		return fail_read(err);
	if (!*more)
		return VL_OK;
	memset(s, 0, sizeof(*s));
	vl_buf_clear(&r->bytes);
	st = vl_buf_reserve(&r->bytes, line.n + 1, err);
	if (st == VL_OK)
		st = vl_json_parse(&r->json, line, err);
	if (st != VL_OK)
		return st;
	if (r->json.items[0].type != VL_JSON_OBJECT || !get_step(r, s) ||
	    vl_path_check(s->path, err) != VL_OK ||
	    vl_path_check(s->to, err) != VL_OK)
		return vl_fail(err, VL_EPENDING,
		    "step %llu is not one that this version writes",
		    (unsigned long long)r->at);
	r->at++;
	return VL_OK;
}

void
vl_steps_r_free(struct vl_steps_r *r)
{
	if (r == NULL)
		return;
	vl_listfile_r_free(r->list);
	if (r->fd >= 0)
		close(r->fd);
	vl_buf_free(&r->bytes);
	vl_json_free(&r->json);
	free(r);
}
