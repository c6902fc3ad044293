/*
 * `map` of a site file: paths of the source that are others at the target
 * (formats/site.md); and those with keys in them, which become ids
 * (formats/manifest.md, "Paths that hold keys").  Here: records go into the
 * sort.
 */
#include <stdlib.h>
#include <string.h>

#include <valise/text.h>

#include "map.h"

#define SORT_MEMORY (8u << 20)
#define PIECE       32768 /* bytes of a head in one item */
#define PART        64    /* chunks read at once */
#define PART_MAX    1024  /* chunks in one item */

static void
rule_init(struct vl_map_rule *rule, const struct vl_map *source)
{
	rule->from = vl_slice_of(source->from);
	rule->to = vl_slice_of(source->to);
	rule->all = rule->from.n > 3 &&
	    memcmp(rule->from.p + rule->from.n - 3, "/**", 3) == 0;
	if (rule->all) {
		rule->from.n -= 3;
		rule->to.n -= 3;
	}
}

enum vl_status
vl_map_new(struct vl_map_sort **out, const struct vl_filter_opts *opts,
    struct vl_err *err)
{
	const struct vl_site *site = opts->site;
	struct vl_map_sort *m = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;
	size_t i = 0;

	*out = NULL;
	for (i = 0; !opts->hold && i < site->nmap; i++)
		n += strcmp(site->map[i].resource, opts->resource) == 0;
	if (n == 0 && opts->ties == NULL && opts->owned == NULL && !opts->hold)
		return VL_OK;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return vl_fail_memory(err);
	m->tree = opts->resource;
	m->ties = opts->ties;
	m->owned = opts->owned;
	m->links = opts->links;
	m->rules = calloc(n + 1, sizeof(*m->rules));
	if (m->rules == NULL)
		st = vl_fail_memory(err);
	for (i = 0; n > 0 && i < site->nmap && st == VL_OK; i++)
		if (strcmp(site->map[i].resource, opts->resource) == 0)
			rule_init(&m->rules[m->nrules++], &site->map[i]);
	if (st == VL_OK)
		st = vl_sort_new(&m->sort, opts->tempdir, SORT_MEMORY, err);
	if (st != VL_OK) {
		vl_map_free(m);
		return st;
	}
	*out = m;
	return VL_OK;
}

static const struct vl_map_rule *
rule_for(const struct vl_map_sort *m, struct vl_slice path)
{
	const struct vl_map_rule *r = m->rules;

	for (; r < m->rules + m->nrules; r++)
		if (r->all ? vl_path_below(path, r->from) :
		             vl_slice_equal(path, r->from))
			return r;
	return NULL;
}

/* What became of a path. */
struct placed {
	enum vl_tied tied;
	bool mapped; /* it is another one */
	const struct vl_map_rule *rule;
};

/* The target's name of `path` into `to`, where it is tied to no row or to one
 * that is here. */
static enum vl_status
map_path(struct vl_map_sort *m, struct vl_slice path, struct vl_buf *to,
    struct placed *placed, struct vl_err *err)
{
	const struct vl_map_rule *rule = NULL;
	struct vl_slice here = path;
	struct vl_err why = { 0 };
	char shown[VL_MAP_SHOWN];
	enum vl_status st = VL_OK;

	*placed = (struct placed){ 0 };
	vl_buf_clear(to);
	if (m->ties != NULL)
		st = vl_ties_path(m->ties, path, &m->here, &placed->tied, err);
	if (st != VL_OK)
		return vl_within(
		    err, "'%s'", vl_escape_text(shown, sizeof(shown), path));
	if (placed->tied != VL_TIED)
		return VL_OK;
	if (m->ties != NULL)
		here = vl_buf_slice(&m->here);
	placed->rule = rule = rule_for(m, here);
	placed->mapped = rule != NULL || !vl_slice_equal(here, path);
	if (rule == NULL)
		return vl_buf_add(to, here, err);
	st = vl_buf_add(to, rule->to, err);
	if (st == VL_OK)
		st = vl_buf_add(to,
		    (struct vl_slice){
		        here.p + rule->from.n, here.n - rule->from.n },
		    err);
	if (st == VL_OK && vl_path_check(vl_buf_slice(to), &why) != VL_OK)
		st = vl_fail(err, VL_EREFUSED, "'map' of '%s': %s",
		    vl_escape_text(shown, sizeof(shown), path), why.text);
	return st;
}

/* What no rule can say is refused with the paths of both sides. */
static enum vl_status
check_mapped(const struct vl_map_sort *m, const struct vl_entry *e,
    const struct placed *placed, struct vl_err *err)
{
	char name[VL_MAP_SHOWN];
	char to[VL_MAP_SHOWN];

	if (placed->rule != NULL && e->type == VL_ENTRY_DIR &&
	    !placed->rule->all)
		return vl_fail(err, VL_EREFUSED,
		    "'map' of '%s': it is a directory; write '/**' behind "
		    "both paths",
		    vl_escape_text(name, sizeof(name), e->path));
	if (e->type != VL_ENTRY_HARD ||
	    vl_path_cmp(vl_buf_slice(&m->target), vl_buf_slice(&m->path)) < 0)
		return VL_OK;
	vl_escape_text(name, sizeof(name), e->path);
	vl_escape_text(to, sizeof(to), e->target);
	if (m->ties != NULL || m->owned != NULL)
		return vl_fail(err, VL_EREFUSED,
		    "with the %s of this side '%s' would stand before '%s', "
		    "of which it is a hard link: make it a file of its own at "
		    "the source",
		    m->ties != NULL ? "ids" : "names", name, to);
	return vl_fail(err, VL_EREFUSED,
	    "'map' would put '%s' before '%s', of which it is a hard "
	    "link: map both so that they keep their order",
	    name, to);
}

/* The record is tied to a row that is not here.  What was left out says no
 * more than that nothing is to be touched. */
static enum vl_status
pass_over(const struct vl_entry *e, enum vl_tied tied, struct vl_err *err)
{
	char shown[VL_MAP_SHOWN];

	if (tied == VL_TIED_LEFT || e->type == VL_ENTRY_LEFT_OUT)
		return VL_OK;
	return vl_fail(err, VL_EREFUSED,
	    "'%s' belongs to a row that is neither in the bundle nor here",
	    vl_escape_text(shown, sizeof(shown), e->path));
}

/* Where the path of a hard link leads; its first name has to be here. */
static enum vl_status
map_target(struct vl_map_sort *m, const struct vl_entry *e, struct vl_err *err)
{
	struct placed to = { 0 };
	enum vl_status st = map_path(m, e->target, &m->target, &to, err);
	char name[VL_MAP_SHOWN];
	char first[VL_MAP_SHOWN];

	if (st == VL_OK && to.tied != VL_TIED)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is one more name of '%s', which belongs to a row "
		    "that is not to be here: make it a file of its own at the "
		    "source",
		    vl_escape_text(name, sizeof(name), e->path),
		    vl_escape_text(first, sizeof(first), e->target));
	return st;
}

static enum vl_status
begin_key(struct vl_map_sort *m, bool mapped, struct vl_err *err)
{
	uint8_t tail[VL_MAP_PREFIX_TAIL] = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_buf_clear(&m->out);
	st = vl_buf_add(&m->out, vl_buf_slice(&m->path), err);
	if (st != VL_OK)
		return st;
	for (i = 0; i < m->out.n; i++)
		if (m->out.p[i] == '/')
			m->out.p[i] = 0;
	tail[2] = mapped;
	for (i = 0; i < 8; i++)
		tail[3 + i] = (uint8_t)(m->number >> (56 - 8 * i));
	return vl_buf_add(
	    &m->out, (struct vl_slice){ tail, sizeof(tail) }, err);
}

/* One item; `m->out` holds the prefix before and after. */
static enum vl_status
add_piece(struct vl_map_sort *m, enum vl_map_kind kind, uint32_t piece,
    struct vl_slice bytes, struct vl_err *err)
{
	const uint8_t tail[VL_MAP_KEY_TAIL] = { (uint8_t)kind,
		(uint8_t)(piece >> 24), (uint8_t)(piece >> 16),
		(uint8_t)(piece >> 8), (uint8_t)piece };
	size_t n = m->out.n;
	enum vl_status st =
	    vl_buf_add(&m->out, (struct vl_slice){ tail, sizeof(tail) }, err);

	if (st == VL_OK)
		st = vl_buf_add(&m->out, bytes, err);
	if (st == VL_OK)
		st = vl_sort_add(m->sort, vl_buf_slice(&m->out), err);
	m->out.n = n;
	return st;
}

/* The key that was begun is one of the record's. */
static enum vl_status
keep_key(struct vl_map_sort *m, struct vl_err *err)
{
	uint8_t length[4];
	enum vl_status st = VL_OK;

	vl_put_u32le(length, (uint32_t)m->out.n);
	st = vl_buf_add(
	    &m->keys, (struct vl_slice){ length, sizeof(length) }, err);
	return st == VL_OK ? vl_buf_add(&m->keys, vl_buf_slice(&m->out), err) :
	                     st;
}

/* One item under each of the record's keys. */
static enum vl_status
add_refs_piece(struct vl_map_sort *m, uint32_t piece, struct vl_err *err)
{
	struct vl_rd rd = { .rest = vl_buf_slice(&m->keys) };
	enum vl_status st = VL_OK;

	while (st == VL_OK && rd.rest.n > 0) {
		vl_buf_clear(&m->out);
		st =
		    vl_buf_add(&m->out, vl_rd_take(&rd, vl_rd_u32le(&rd)), err);
		if (st == VL_OK)
			st = add_piece(
			    m, VL_MAP_REFS, piece, vl_buf_slice(&m->text), err);
	}
	return st;
}

/* The line of `there`, whose path at the source is `from`. */
static enum vl_status
encode(struct vl_map_sort *m, const struct vl_entry *there,
    struct vl_slice from, struct vl_err *err)
{
	enum vl_status st = vl_entry_encode(&m->text, there, NULL, err);
	char shown[VL_MAP_SHOWN];

	/* The bundle's own line was not too long: the rule makes it so. */
	if (st == VL_ELIMIT)
		st = vl_fail(err, VL_EREFUSED,
		    "'map' of '%s': with a longer path it has no room in a "
		    "line of %d bytes",
		    vl_escape_text(shown, sizeof(shown), from), VL_LINE_MAX);
	return st;
}

static enum vl_status
add_head(struct vl_map_sort *m, const struct vl_entry *e, bool mapped,
    struct vl_err *err)
{
	struct vl_entry there = *e;
	uint8_t length[2];
	struct vl_slice rest = { NULL, 0 };
	struct vl_slice piece = { NULL, 0 };
	uint32_t n = 0;
	enum vl_status st = VL_OK;

	there.path = vl_buf_slice(&m->path);
	if (e->type == VL_ENTRY_HARD)
		there.target = vl_buf_slice(&m->target);
	vl_buf_clear(&m->text);
	vl_put_u16le(length, mapped ? (uint16_t)e->path.n : 0);
	st = vl_buf_add(
	    &m->text, (struct vl_slice){ length, sizeof(length) }, err);
	if (st == VL_OK && mapped)
		st = vl_buf_add(&m->text, e->path, err);
	if (st == VL_OK)
		st = encode(m, &there, e->path, err);
	rest = vl_buf_slice(&m->text);
	while (st == VL_OK && rest.n > 0) {
		piece = rest;
		if (piece.n > PIECE)
			piece.n = PIECE;
		st = add_piece(m, VL_MAP_HEAD, n++, piece, err);
		rest = (struct vl_slice){ rest.p + piece.n, rest.n - piece.n };
	}
	return st;
}

static enum vl_status
put_ref(struct vl_buf *out, const struct vl_chunk_ref *ref, struct vl_err *err)
{
	uint8_t bytes[VL_MAP_REF_SIZE];

	vl_put_u64le(bytes, ref->at);
	vl_put_u32le(bytes + 8, ref->n);
	vl_put_u32le(bytes + 12, ref->pack);
	vl_put_u64le(bytes + 16, ref->offset);
	vl_put_u16le(bytes + 24, ref->index);
	return vl_buf_add(out, (struct vl_slice){ bytes, sizeof(bytes) }, err);
}

static enum vl_status
add_refs(struct vl_map_sort *m, struct vl_err *err)
{
	struct vl_chunk_ref refs[PART];
	enum vl_status st = VL_OK;
	uint32_t piece = 0;
	size_t n = 0;
	size_t i = 0;

	vl_buf_clear(&m->text);
	do {
		st = m->body.part(m->body.arg, refs, PART, &n, err);
		for (i = 0; i < n && st == VL_OK; i++)
			st = put_ref(&m->text, &refs[i], err);
		if (st == VL_OK && m->text.n > 0 &&
		    (n == 0 ||
		        m->text.n >
		            (PART_MAX - PART) * (size_t)VL_MAP_REF_SIZE)) {
			st = add_refs_piece(m, piece++, err);
			vl_buf_clear(&m->text);
		}
	} while (st == VL_OK && n > 0);
	return st;
}

/* The record under m->path, but for its body. */
static enum vl_status
add_record(struct vl_map_sort *m, const struct vl_entry *e,
    const struct placed *placed, struct vl_err *err)
{
	enum vl_status st = check_mapped(m, e, placed, err);

	if (st == VL_OK)
		st = begin_key(m, placed->mapped, err);
	if (st == VL_OK)
		st = keep_key(m, err);
	if (st == VL_OK)
		st = add_head(m, e, placed->mapped, err);
	if (st == VL_OK && e->type == VL_ENTRY_HARD && m->links != NULL)
		st = vl_links_add(m->links, vl_buf_slice(&m->target),
		    vl_buf_slice(&m->path), err);
	m->number++;
	return st;
}

/* The next of the paths of one record. */
static bool
next_place(struct vl_slice *rest, struct vl_slice *path)
{
	const uint8_t *nul = memchr(rest->p, 0, rest->n);

	if (rest->n == 0 || nul == NULL)
		return false;
	*path = (struct vl_slice){ rest->p, (size_t)(nul - rest->p) };
	rest->p = nul + 1;
	rest->n -= path->n + 1;
	return true;
}

/* The first name of a file that has several here. */
static enum vl_status
find_first(struct vl_map_sort *m, const struct vl_entry *e, struct vl_err *err)
{
	enum vl_tied how = VL_TIED;
	struct vl_slice rest = { 0 };
	struct vl_slice path = { 0 };
	enum vl_status st = VL_OK;
	char name[VL_MAP_SHOWN];
	char first[VL_MAP_SHOWN];

	vl_buf_clear(&m->target);
	vl_buf_clear(&m->here);
	st = vl_owned_to(m->owned, m->tree, e->target, &m->here, &how, err);
	if (st != VL_OK)
		return st;
	rest = vl_buf_slice(&m->here);
	if (how != VL_TIED || !next_place(&rest, &path))
		return vl_fail(err, VL_EREFUSED,
		    "'%s' is one more name of '%s', which belongs to a row "
		    "that is not to be here: make it a file of its own at the "
		    "source",
		    vl_escape_text(name, sizeof(name), e->path),
		    vl_escape_text(first, sizeof(first), e->target));
	return vl_buf_add(&m->target, path, err);
}

/* A record of a tree whose files rows own: wherever they have it. */
static enum vl_status
add_owned(struct vl_map_sort *m, const struct vl_entry *e, struct vl_err *err)
{
	struct placed placed = { .tied = VL_TIED };
	struct vl_slice rest = { 0 };
	struct vl_slice path = { 0 };
	enum vl_status st = VL_OK;

	vl_buf_clear(&m->places);
	vl_buf_clear(&m->keys);
	st = vl_owned_to(
	    m->owned, m->tree, e->path, &m->places, &placed.tied, err);
	if (st != VL_OK || placed.tied != VL_TIED)
		return st;
	if (e->type == VL_ENTRY_HARD)
		st = find_first(m, e, err);
	rest = vl_buf_slice(&m->places);
	while (st == VL_OK && next_place(&rest, &path)) {
		vl_buf_clear(&m->path);
		st = vl_buf_add(&m->path, path, err);
		placed.mapped = !vl_slice_equal(path, e->path);
		if (st == VL_OK)
			st = add_record(m, e, &placed, err);
	}
	return st;
}

enum vl_status
vl_map_add(struct vl_map_sort *m, const struct vl_entry *e,
    const struct vl_body *body, struct vl_err *err)
{
	struct placed placed = { 0 };
	enum vl_status st = VL_OK;

	if (m->body.part == NULL)
		m->body = *body;
	vl_buf_clear(&m->keys);
	if (m->owned != NULL) {
		st = add_owned(m, e, err);
	} else {
		st = map_path(m, e->path, &m->path, &placed, err);
		if (st == VL_OK && placed.tied != VL_TIED)
			return pass_over(e, placed.tied, err);
		if (st == VL_OK && e->type == VL_ENTRY_HARD)
			st = map_target(m, e, err);
		if (st == VL_OK)
			st = add_record(m, e, &placed, err);
	}
	if (st == VL_OK && e->type == VL_ENTRY_FILE && m->keys.n > 0)
		st = add_refs(m, err);
	return st;
}

enum vl_status
vl_map_finish(struct vl_map_sort *m, struct vl_err *err)
{
	enum vl_status st = vl_sort_finish(m->sort, err);

	if (st == VL_OK)
		st = vl_sort_next(m->sort, &m->item, err);
	return st;
}

void
vl_map_free(struct vl_map_sort *m)
{
	if (m == NULL)
		return;
	vl_sort_free(m->sort);
	vl_buf_free(&m->here);
	vl_buf_free(&m->path);
	vl_buf_free(&m->target);
	vl_buf_free(&m->text);
	vl_buf_free(&m->out);
	vl_buf_free(&m->places);
	vl_buf_free(&m->keys);
	vl_buf_free(&m->prefix);
	vl_buf_free(&m->head);
	vl_entry_store_free(&m->store);
	vl_buf_free(&m->now);
	vl_buf_free(&m->last);
	vl_buf_free(&m->last_from);
	vl_buf_free(&m->lines);
	free(m->rules);
	free(m);
}
