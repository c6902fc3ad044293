/*
 * `map` of a site file, the other half: records come out of the sort in the
 * target's order, with the directories that lead to them, and paths that met
 * are noticed.
 */
#include <string.h>

#include <valise/text.h>

#include "map.h"

static size_t
refs_at(const struct vl_map_sort *m)
{
	return m->prefix.n + VL_MAP_KEY_TAIL;
}

/* `item` is a piece of the record in hand, and of this kind. */
static bool
is_piece(const struct vl_map_sort *m, enum vl_map_kind kind)
{
	return m->item.p != NULL && m->prefix.n > 0 &&
	    m->item.n >= refs_at(m) &&
	    memcmp(m->item.p, m->prefix.p, m->prefix.n) == 0 &&
	    m->item.p[m->prefix.n] == kind;
}

static enum vl_status
skip_rest(struct vl_map_sort *m, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (st == VL_OK && is_piece(m, VL_MAP_REFS))
		st = vl_sort_next(m->sort, &m->item, err);
	return st;
}

/* `item` begins a record: its path into `now`, its key into `prefix`. */
static enum vl_status
read_key(struct vl_map_sort *m, struct vl_err *err)
{
	static const uint8_t end[2];
	const uint8_t *behind = memmem(m->item.p, m->item.n, end, sizeof(end));
	struct vl_slice key = { m->item.p, 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (behind != NULL)
		key.n = (size_t)(behind - key.p);
	vl_buf_clear(&m->now);
	vl_buf_clear(&m->prefix);
	st = vl_buf_add(&m->now, key, err);
	key.n += VL_MAP_PREFIX_TAIL;
	if (behind == NULL || key.n + VL_MAP_KEY_TAIL > m->item.n)
		return vl_fail(err, VL_EIO,
		    "what was sorted reads back differently: the disk or the "
		    "memory of this machine is not to be trusted");
	if (st == VL_OK)
		st = vl_buf_add(&m->prefix, key, err);
	for (i = 0; st == VL_OK && i < m->now.n; i++)
		if (m->now.p[i] == 0)
			m->now.p[i] = '/';
	return st;
}

/* The record that `item` begins; `from` is its path at the source. */
static enum vl_status
read_record(struct vl_map_sort *m, struct vl_entry *e, struct vl_slice *from,
    struct vl_slice *line, struct vl_err *err)
{
	struct vl_rd rd = { 0 };
	enum vl_status st = VL_OK;

	vl_buf_clear(&m->head);
	while (st == VL_OK && is_piece(m, VL_MAP_HEAD)) {
		st = vl_buf_add(&m->head,
		    (struct vl_slice){
		        m->item.p + refs_at(m), m->item.n - refs_at(m) },
		    err);
		if (st == VL_OK)
			st = vl_sort_next(m->sort, &m->item, err);
	}
	if (st != VL_OK)
		return st;
	m->at = refs_at(m);
	rd.rest = vl_buf_slice(&m->head);
	*from = vl_rd_take(&rd, vl_rd_u16le(&rd));
	*line = rd.rest;
	st = vl_entry_decode(e, &m->store, *line, err);
	if (st == VL_OK && from->n == 0)
		*from = e->path;
	return st;
}

/* The record in hand has the path of the one before it. */
static enum vl_status
meet(struct vl_map_sort *m, struct vl_err *err)
{
	struct vl_entry e = { 0 };
	struct vl_slice from = { NULL, 0 };
	struct vl_slice line = { NULL, 0 };
	char a[VL_MAP_SHOWN];
	char b[VL_MAP_SHOWN];
	char to[VL_MAP_SHOWN];
	enum vl_status st = read_record(m, &e, &from, &line, err);

	if (st != VL_OK ||
	    (e.type == VL_ENTRY_DIR && m->last_type == VL_ENTRY_DIR))
		return st;
	return vl_fail(err, VL_EREFUSED,
	    "'map' makes '%s' and '%s' of the bundle both '%s'",
	    vl_escape_text(a, sizeof(a), vl_buf_slice(&m->last_from)),
	    vl_escape_text(b, sizeof(b), from),
	    vl_escape_text(to, sizeof(to), e.path));
}

/* Something came to stand below what is no directory. */
static enum vl_status
fail_below(struct vl_map_sort *m, struct vl_err *err)
{
	struct vl_entry e = { 0 };
	struct vl_slice from = { NULL, 0 };
	struct vl_slice line = { NULL, 0 };
	char a[VL_MAP_SHOWN];
	char b[VL_MAP_SHOWN];
	char to[VL_MAP_SHOWN];
	enum vl_status st = read_record(m, &e, &from, &line, err);

	if (st != VL_OK)
		return st;
	return vl_fail(err, VL_EREFUSED,
	    "'map' makes '%s' of the bundle '%s', below '%s', which is no "
	    "directory",
	    vl_escape_text(a, sizeof(a), from),
	    vl_escape_text(to, sizeof(to), e.path),
	    vl_escape_text(b, sizeof(b), vl_buf_slice(&m->last_from)));
}

/* What was yielded: for what comes next. */
static enum vl_status
remember(struct vl_map_sort *m, const struct vl_entry *e, struct vl_slice from,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_buf_clear(&m->last);
	vl_buf_clear(&m->last_from);
	m->last_type = e->type;
	st = vl_buf_add(&m->last, e->path, err);
	if (st == VL_OK)
		st = vl_buf_add(&m->last_from, from, err);
	return st;
}

/* The directories above `now` that were yielded stay; the number of bytes of
 * the deepest one's path. */
static size_t
find_above(struct vl_map_sort *m)
{
	struct vl_slice now = vl_buf_slice(&m->now);
	struct vl_slice last = vl_buf_slice(&m->last);
	const struct vl_map_dir *d = NULL;

	for (; m->ndirs > 0; m->ndirs--) {
		d = &m->dirs[m->ndirs - 1];
		/* All of them are above the last path, or are it. */
		if (vl_path_below(now, (struct vl_slice){ last.p, d->path_n }))
			break;
	}
	m->lines.n = m->ndirs == 0 ? 0 : d->line_at + d->line_n;
	return m->ndirs == 0 ? 0 : d->path_n;
}

/* The directory below the deepest one that leads to `now`. */
static enum vl_status
make_dir(
    struct vl_map_sort *m, struct vl_entry *e, size_t above, struct vl_err *err)
{
	const struct vl_map_dir *d = &m->dirs[m->ndirs - 1];
	size_t n = above == 0 ? 0 : above + 1;
	const uint8_t *slash = memchr(m->now.p + n, '/', m->now.n - n);
	enum vl_status st = VL_OK;

	st = vl_entry_decode(e, &m->store,
	    (struct vl_slice){ m->lines.p + d->line_at, d->line_n }, err);
	if (st != VL_OK)
		return st;
	e->path = (struct vl_slice){ m->now.p, (size_t)(slash - m->now.p) };
	e->xattrs = NULL;
	e->nxattrs = 0;
	e->flags = 0;
	m->dirs[m->ndirs] = *d;
	m->dirs[m->ndirs++].path_n = e->path.n;
	return remember(m, e, e->path, err);
}

static enum vl_status
yield(struct vl_map_sort *m, struct vl_entry *e, struct vl_err *err)
{
	struct vl_slice from = { NULL, 0 };
	struct vl_slice line = { NULL, 0 };
	enum vl_status st = read_record(m, e, &from, &line, err);

	if (st == VL_OK && e->type == VL_ENTRY_DIR) {
		m->dirs[m->ndirs++] = (struct vl_map_dir){ .path_n = e->path.n,
			.line_at = m->lines.n,
			.line_n = line.n };
		st = vl_buf_add(&m->lines, line, err);
	}
	if (st == VL_OK)
		st = remember(m, e, from, err);
	return st;
}

static enum vl_status
map_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	struct vl_map_sort *m = arg;
	struct vl_rd rd = { 0 };
	enum vl_status st = VL_OK;

	*n = 0;
	while (*n < max && is_piece(m, VL_MAP_REFS)) {
		if (m->item.n - m->at < VL_MAP_REF_SIZE) {
			st = vl_sort_next(m->sort, &m->item, err);
			if (st != VL_OK)
				return st;
			m->at = refs_at(m);
			continue;
		}
		rd.rest =
		    (struct vl_slice){ m->item.p + m->at, VL_MAP_REF_SIZE };
		refs[*n].at = vl_rd_u64le(&rd);
		refs[*n].n = vl_rd_u32le(&rd);
		refs[*n].pack = vl_rd_u32le(&rd);
		refs[*n].offset = vl_rd_u64le(&rd);
		refs[*n].index = vl_rd_u16le(&rd);
		m->at += VL_MAP_REF_SIZE;
		(*n)++;
	}
	return VL_OK;
}

static enum vl_status
map_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	const struct vl_map_sort *m = arg;

	return m->body.chunk(m->body.arg, ref, bytes, hold, err);
}

static void
map_release(void *arg, void *hold)
{
	const struct vl_map_sort *m = arg;

	m->body.release(m->body.arg, hold);
}

enum vl_status
vl_map_next(struct vl_map_sort *m, struct vl_entry *e, struct vl_body *body,
    bool *more, struct vl_err *err)
{
	struct vl_slice now = { NULL, 0 };
	enum vl_status st = skip_rest(m, err);
	size_t above = 0;

	*body = (struct vl_body){ .arg = m,
		.part = map_part,
		.chunk = map_chunk,
		.release = map_release,
		.cut = m->body.cut };
	*more = false;
	for (;;) {
		if (st != VL_OK || m->item.p == NULL)
			return st;
		st = read_key(m, err);
		if (st != VL_OK)
			return st;
		now = vl_buf_slice(&m->now);
		if (m->ndirs == 0 ||
		    !vl_slice_equal(now, vl_buf_slice(&m->last)))
			break;
		st = meet(m, err);
	}
	*more = true;
	if (m->ndirs > 0 && m->last_type != VL_ENTRY_DIR &&
	    vl_path_below(now, vl_buf_slice(&m->last)))
		return fail_below(m, err);
	above = find_above(m);
	if (m->ndirs == 0 && now.n > 0)
		return vl_fail(
		    err, VL_EFORMAT, "a tree must begin with its root");
	if (vl_path_parent(now).n > above)
		return make_dir(m, e, above, err);
	return yield(m, e, err);
}
