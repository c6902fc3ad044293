/*
 * Steps, written and read as a stream of lines with bounded memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/json.h>
#include <valise/text.h>

#include "steps.h"

#define STEPS_NAME   "steps"
#define STEPS_BUFFER (1u << 18)
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
#define FLAGS_ALL   0x1fffu
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
	uint64_t count;
	struct vl_hash hash;
	struct vl_buf buf;
	struct vl_buf text; /* of what stands in base64url */
};

struct vl_steps_r {
	int fd;
	uint64_t count; /* of the whole list */
	uint64_t at;    /* steps read */
	struct vl_buf buf;
	size_t pos;
	struct vl_json json;
	struct vl_buf bytes; /* what the slices of a step point into */
};

enum vl_status
vl_steps_w_open(struct vl_steps_w **out, int dirfd, struct vl_err *err)
{
	struct vl_steps_w *w =
	    aligned_alloc(_Alignof(struct vl_steps_w), sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
	*w = (struct vl_steps_w){ .fd = -1 };
	w->fd = openat(dirfd, STEPS_NAME,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->fd < 0) {
		free(w);
		return vl_fail_errno(err, "cannot make the list of steps");
	}
	vl_hash_init(&w->hash, &(struct vl_hash_opts){ 0 });
	*out = w;
	return VL_OK;
}

static enum vl_status
flush(struct vl_steps_w *w, struct vl_err *err)
{
	enum vl_status st = vl_write_all(w->fd, vl_buf_slice(&w->buf), err);

	vl_buf_clear(&w->buf);
	if (st != VL_OK)
		return vl_within(err, "cannot write the list of steps");
	return VL_OK;
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
	size_t start = w->buf.n;
	enum vl_status st = check_size(s, err);

	if (st != VL_OK)
		return st;
	vl_json_w_init(&j, &w->buf);
	put_step(w, &j, s);
	st = vl_json_w_end(&j, err);
	if (st == VL_OK)
		st = vl_buf_add_text(&w->buf, "\n", err);
	if (st != VL_OK)
		return st;
	vl_hash_add(
	    &w->hash, (struct vl_slice){ w->buf.p + start, w->buf.n - start });
	w->count++;
	if (w->buf.n >= STEPS_BUFFER)
		return flush(w, err);
	return VL_OK;
}

enum vl_status
vl_steps_w_finish(struct vl_steps_w *w, struct vl_err *err)
{
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	enum vl_status st = VL_OK;

	vl_hash_end(&w->hash, hash);
	st = vl_buf_printf(&w->buf, err, "end %llu %s\n",
	    (unsigned long long)w->count, vl_hex(hex, hash, VL_HASH_SIZE));
	if (st == VL_OK)
		st = flush(w, err);
	return st;
}

void
vl_steps_w_free(struct vl_steps_w *w)
{
	if (w == NULL)
		return;
	close(w->fd);
	vl_buf_free(&w->buf);
	vl_buf_free(&w->text);
	free(w);
}

/* The next line without its LF; *line.p is NULL at the end of the file. */
static enum vl_status
next_line(struct vl_steps_r *r, struct vl_slice *line, struct vl_err *err)
{
	uint8_t *lf = NULL;
	size_t got = 0;
	enum vl_status st = VL_OK;

	for (;;) {
		if (r->buf.n > r->pos)
			lf = memchr(r->buf.p + r->pos, '\n', r->buf.n - r->pos);
		if (lf != NULL)
			break;
		if (r->buf.n - r->pos > STEP_LINE_MAX)
			return vl_fail(err, VL_EPENDING,
			    "a line of the steps is too long");
		if (r->pos > 0) {
			memmove(r->buf.p, r->buf.p + r->pos, r->buf.n - r->pos);
			r->buf.n -= r->pos;
			r->pos = 0;
		}
		st = vl_buf_reserve(&r->buf, STEPS_BUFFER, err);
		if (st == VL_OK)
			st = vl_read_full(r->fd, r->buf.p + r->buf.n,
			    STEPS_BUFFER, &got, err);
		if (st != VL_OK)
			return st;
		if (got == 0) {
			*line = (struct vl_slice){ NULL, 0 };
			return r->buf.n == 0 ? VL_OK :
			                       vl_fail(err, VL_EPENDING,
			                           "the steps are cut short");
		}
		r->buf.n += got;
	}
	line->p = r->buf.p + r->pos;
	line->n = (size_t)(lf - line->p);
	r->pos = (size_t)(lf + 1 - r->buf.p);
	return VL_OK;
}

/* Read the whole list once: its last line must fit what stands before it. */
static enum vl_status
check(struct vl_steps_r *r, struct vl_err *err)
{
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	char want[128];
	struct vl_slice line = { NULL, 0 };
	struct vl_hash h;
	enum vl_status st = VL_OK;

	vl_hash_init(&h, &(struct vl_hash_opts){ 0 });
	for (;;) {
		st = next_line(r, &line, err);
		if (st != VL_OK)
			return st;
		if (line.p == NULL)
			return vl_fail(
			    err, VL_EPENDING, "the steps have no end");
		if (line.n > 4 && memcmp(line.p, "end ", 4) == 0)
			break;
		vl_hash_add(&h, (struct vl_slice){ line.p, line.n + 1 });
		r->count++;
	}
	vl_hash_end(&h, hash);
	snprintf(want, sizeof(want), "end %llu %s",
	    (unsigned long long)r->count, vl_hex(hex, hash, VL_HASH_SIZE));
	if (!vl_slice_equal(line, vl_slice_of(want)))
		return vl_fail(err, VL_EPENDING, "the steps are damaged");
	st = next_line(r, &line, err);
	if (st == VL_OK && line.p != NULL)
		st = vl_fail(
		    err, VL_EPENDING, "something stands behind the steps");
	return st;
}

enum vl_status
vl_steps_r_open(struct vl_steps_r **out, int dirfd, struct vl_err *err)
{
	struct vl_steps_r *r = calloc(1, sizeof(*r));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (r == NULL)
		return vl_fail_memory(err);
	r->fd = openat(dirfd, STEPS_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (r->fd < 0)
		st = vl_fail_errno(err, "cannot open the list of steps");
	if (st == VL_OK)
		st = check(r, err);
	if (st == VL_OK)
		st = vl_steps_r_rewind(r, err);
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
	return r->count;
}

enum vl_status
vl_steps_r_rewind(struct vl_steps_r *r, struct vl_err *err)
{
	r->at = 0;
	r->pos = 0;
	vl_buf_clear(&r->buf);
	if (lseek(r->fd, 0, SEEK_SET) != 0)
		return vl_fail_errno(err, "cannot read the list of steps");
	return VL_OK;
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
	    n[NSEC] > 999999999 || n[FLAGS] > FLAGS_ALL ||
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

	*more = r->at < r->count;
	if (!*more)
		return VL_OK;
	memset(s, 0, sizeof(*s));
	vl_buf_clear(&r->bytes);
	st = next_line(r, &line, err);
	if (st == VL_OK)
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
	if (r->fd >= 0)
		close(r->fd);
	vl_buf_free(&r->buf);
	vl_buf_free(&r->bytes);
	vl_json_free(&r->json);
	free(r);
}
