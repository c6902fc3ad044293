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

#include "steps.h"

#define STEPS_NAME   "steps"
#define STEPS_BUFFER (1u << 18)
/* A path of 8,192 bytes in base64url, and the numbers. */
#define STEP_LINE_MAX 16384
#define SECONDS       5 /* of a time: the sixth value of a vl_meta in a line */
#define NUMBERS       7 /* of a vl_meta in a line */

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
};

struct vl_steps_r {
	int fd;
	uint64_t count; /* of the whole list */
	uint64_t at;    /* steps read */
	struct vl_buf buf;
	size_t pos;
	struct vl_json json;
	struct vl_buf path;
};

enum vl_status
vl_steps_w_open(struct vl_steps_w **out, int dirfd, struct vl_err *err)
{
	struct vl_steps_w *w = calloc(1, sizeof(*w));

	*out = NULL;
	if (w == NULL)
		return vl_fail_memory(err);
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
put_meta(struct vl_json_w *j, const char *key, const struct vl_meta *m)
{
	vl_json_w_key(j, key);
	vl_json_w_open(j, '[');
	vl_json_w_int(j, m->type);
	vl_json_w_int(j, m->mode);
	vl_json_w_int(j, m->uid);
	vl_json_w_int(j, m->gid);
	vl_json_w_int(j, (int64_t)m->size);
	put_seconds(j, m->mtime.sec);
	vl_json_w_int(j, m->mtime.nsec);
	vl_json_w_close(j, ']');
}

enum vl_status
vl_steps_w_add(
    struct vl_steps_w *w, const struct vl_step *s, struct vl_err *err)
{
	char path[VL_B64U_SIZE(VL_PATH_MAX)];
	struct vl_json_w j;
	enum vl_status st = VL_OK;
	size_t start = w->buf.n;

	vl_json_w_init(&j, &w->buf);
	vl_json_w_open(&j, '{');
	put_meta(&j, "after", &s->after);
	put_meta(&j, "before", &s->before);
	vl_json_w_key(&j, "k");
	vl_json_w_text(&j, vl_slice_of(kinds[s->kind]));
	vl_json_w_key(&j, "n");
	vl_json_w_int(&j, (int64_t)s->n);
	vl_json_w_key(&j, "other");
	vl_json_w_int(&j, (int64_t)s->other);
	vl_json_w_key(&j, "path");
	vl_json_w_text(&j, vl_slice_of(vl_b64u(path, s->path.p, s->path.n)));
	vl_json_w_close(&j, '}');
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

static bool
get_meta(struct vl_meta *m, const struct vl_json *j, const char *name)
{
	size_t at = vl_json_member(j, 0, name);
	const struct vl_json_item *v = NULL;
	int64_t n[NUMBERS];
	size_t i = 0;

	if (at == VL_JSON_NONE || j->items[at].type != VL_JSON_ARRAY ||
	    j->items[at].count != NUMBERS)
		return false;
	for (i = 0; i < NUMBERS; i++) {
		v = &j->items[at + 1 + i];
		n[i] = v->number;
		if (i == SECONDS ? !get_seconds(&n[i], v) :
		                   v->type != VL_JSON_INT)
			return false;
	}
	if (n[0] < 0 || n[0] > VL_ENTRY_LEFT_OUT || n[1] < 0 || n[1] > 07777 ||
	    n[2] < 0 || n[2] > UINT32_MAX || n[3] < 0 || n[3] > UINT32_MAX ||
	    n[4] < 0 || n[6] < 0 || n[6] > 999999999)
		return false;
	m->type = (enum vl_entry_type)n[0];
	m->mode = (uint32_t)n[1];
	m->uid = (uint32_t)n[2];
	m->gid = (uint32_t)n[3];
	m->size = (uint64_t)n[4];
	m->mtime.sec = n[5];
	m->mtime.nsec = (int32_t)n[6];
	return true;
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
get_step(struct vl_steps_r *r, struct vl_step *s)
{
	const struct vl_json *j = &r->json;
	size_t kind = vl_json_member(j, 0, "k");
	size_t path = vl_json_member(j, 0, "path");
	size_t n = 0;
	size_t i = 0;

	if (kind == VL_JSON_NONE || j->items[kind].type != VL_JSON_STRING ||
	    path == VL_JSON_NONE || j->items[path].type != VL_JSON_STRING ||
	    j->items[path].raw.n > VL_B64U_SIZE(VL_PATH_MAX))
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (vl_slice_equal(j->items[kind].raw, vl_slice_of(kinds[i])))
			break;
	if (i == sizeof(kinds) / sizeof(kinds[0]))
		return false;
	s->kind = (enum vl_step_kind)i;
	if (!vl_unb64u_any(r->path.p, &n, j->items[path].raw))
		return false;
	s->path = (struct vl_slice){ r->path.p, n };
	return get_number(&s->n, j, "n") && get_number(&s->other, j, "other") &&
	    get_meta(&s->before, j, "before") &&
	    get_meta(&s->after, j, "after");
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
	vl_buf_clear(&r->path);
	st = next_line(r, &line, err);
	if (st == VL_OK)
		st = vl_buf_reserve(&r->path, STEP_LINE_MAX, err);
	if (st == VL_OK)
		st = vl_json_parse(&r->json, line, err);
	if (st != VL_OK)
		return st;
	if (r->json.items[0].type != VL_JSON_OBJECT || !get_step(r, s) ||
	    vl_path_check(s->path, err) != VL_OK)
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
	vl_buf_free(&r->path);
	vl_json_free(&r->json);
	free(r);
}
