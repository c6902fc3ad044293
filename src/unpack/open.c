/*
 * Opens a bundle in the order of formats/keys.md: inner head, its agreement
 * with the head, commitments of the keys, chunk map, first line; and ends
 * it.
 */

#include "parts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/secret.h>

enum vl_status
vl_unpack_latch(
    struct vl_unpack *u, enum vl_status st, const struct vl_err *err)
{
	if (st != VL_OK) {
		u->failed = *err;
		u->failed.status = st;
	}
	return st;
}

enum vl_status
vl_unpack_file(struct vl_unpack *u, enum vl_file_type type, uint32_t number,
    struct vl_stream_r **out, struct vl_err *err)
{
	struct vl_stream_expect expect = u->expect;

	expect.type = type;
	expect.number = number;
	return vl_stream_r_open(out, &expect, err);
}

enum vl_status
vl_unpack_count(
    struct vl_unpack *u, const struct vl_stored *s, struct vl_err *err)
{
	u->plain += s->head.plain;
	if (u->plain > u->inner.total_plain)
		return vl_fail(err, VL_ELIMIT,
		    "the bundle holds more than the %llu bytes that its inner "
		    "head says",
		    (unsigned long long)u->inner.total_plain);
	return VL_OK;
}

/* Walk i0000001 to its last record. */
static enum vl_status
read_inner(struct vl_unpack *u, struct vl_buf *text, struct vl_err *err)
{
	struct vl_stream_r *r = NULL;
	struct vl_stored s = { 0 };
	enum vl_status st;
	bool found = false;
	bool end = false;

	st = vl_unpack_file(u, VL_FILE_INDEX, 1, &r, err);
	while (st == VL_OK) {
		st = vl_stream_r_next(r, &s, &end, err);
		if (st != VL_OK || end)
			break;
		if (found ||
		    (s.head.kind != VL_RECORD_MAP &&
		        s.head.kind != VL_RECORD_INNER))
			st = vl_fail(err, VL_EFORMAT,
			    "i0000001.vli: record at %llu is of kind %d",
			    (unsigned long long)s.offset, (int)s.head.kind);
		if (st != VL_OK || s.head.kind == VL_RECORD_MAP)
			continue;
		found = true;
		st = vl_buf_reserve(text, s.head.plain, err);
		if (st == VL_OK)
			st = vl_stored_decode(text->p, &s, NULL, err);
		text->n = s.head.plain;
		if (st != VL_OK)
			(void)vl_within(err, "i0000001.vli");
	}
	if (st == VL_OK && !found)
		st = vl_fail(
		    err, VL_EFORMAT, "i0000001.vli: it has no inner head");
	vl_stream_r_free(r);
	return st;
}

/* The outer head was a hint until now. */
static enum vl_status
check_head(const struct vl_inner_head *inner, const struct vl_head *head,
    struct vl_err *err)
{
	const struct vl_head *h = &inner->head;
	const char *field = vl_head_differs(h, head);

	if (field == NULL && inner->npacks != head->pack_files)
		field = "number of packs";
	if (field != NULL)
		return vl_fail(err, VL_EAUTH,
		    "the inner head has another %s than head.jsn", field);
	if (h->kind != VL_BUNDLE_FULL)
		return vl_fail(err, VL_EREFUSED,
		    "a delta, which this version of valise does not read");
	return VL_OK;
}

static enum vl_status
check_keys(
    struct vl_unpack *u, const struct vl_unpack_source *s, struct vl_err *err)
{
	uint8_t commitment[VL_HASH_SIZE];

	vl_ids_commitment(u->ids, commitment);
	if (!vl_equal_secret(
	        commitment, u->inner.sk_commit, sizeof(commitment)))
		return vl_fail(
		    err, VL_EAUTH, "the series key is another than committed");
	if (s->tk_commit != NULL &&
	    !vl_equal_secret(s->tk_commit, u->inner.tk_commit, VL_HASH_SIZE))
		return vl_fail(err, VL_EAUTH,
		    "the transfer key is another than committed");
	return VL_OK;
}

/* What the inner head says of files, packs and resources can be. */
static enum vl_status
check_inner(const struct vl_inner_head *h, const struct vl_head *head,
    struct vl_err *err)
{
	uint32_t most = (uint32_t)1 << (VL_FILE_LOG2 - head->frame_log2);
	uint64_t first = (uint64_t)head->index_files - h->nmap + 2;
	size_t i;

	for (i = 0; i < h->npacks; i++)
		if (h->pack_frames[i] == 0 || h->pack_frames[i] > most)
			return vl_fail(err, VL_EFORMAT,
			    "pack %zu cannot have %u frames", i + 1,
			    h->pack_frames[i]);
	for (i = 1; i < h->nresources; i++)
		if (strcmp(h->resources[i - 1].name, h->resources[i].name) >= 0)
			return vl_fail(
			    err, VL_EFORMAT, "resources are not ascending");
	if (h->nmap == 0)
		return VL_OK;
	/* i0000002 is left for the lines at least. */
	if (h->nmap > head->index_files || first < 3)
		return vl_fail(err, VL_EFORMAT,
		    "more files of the chunk map than index files");
	for (i = 0; i + 1 < h->nmap; i++)
		if (h->map[i].file != first + i || h->map[i].rows == 0)
			break;
	if (i + 1 != h->nmap || h->map[i].file != 1)
		return vl_fail(err, VL_EFORMAT,
		    "the files of the chunk map are not the last ones and "
		    "i0000001");
	return VL_OK;
}

/* A part of the map; of a file's first one `say` has the first id. */
static enum vl_status
take_map(struct vl_unpack *u, const struct vl_stored *s,
    const struct vl_map_file *say, struct vl_buf *rows, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (s->head.kind != VL_RECORD_MAP || s->head.items == 0 ||
	    s->head.plain != s->head.items * VL_MAP_ROW_SIZE)
		return vl_fail(err, VL_EFORMAT,
		    "record at %llu is not a part of the chunk map",
		    (unsigned long long)s->offset);
	st = vl_unpack_count(u, s, err);
	vl_buf_clear(rows);
	if (st == VL_OK)
		st = vl_buf_reserve(rows, s->head.plain, err);
	if (st == VL_OK)
		st = vl_stored_decode(rows->p, s, NULL, err);
	if (st != VL_OK)
		return st;
	rows->n = s->head.plain;
	if (say != NULL && memcmp(rows->p, say->first_id, VL_HASH_SIZE) != 0)
		return vl_fail(
		    err, VL_EFORMAT, "the chunk map begins with another id");
	return vl_unpack_map_add(&u->map, vl_buf_slice(rows), &u->inner, err);
}

/* One file of the map, with as many rows as `say` has; or NULL: none. */
static enum vl_status
read_map_file(struct vl_unpack *u, uint32_t file, const struct vl_map_file *say,
    struct vl_err *err)
{
	const uint64_t before = u->map.rows;
	struct vl_stream_r *r = NULL;
	struct vl_buf rows = { 0 };
	struct vl_stored s = { 0 };
	char name[VL_FILE_NAME_SIZE];
	enum vl_status st;
	bool end = false;

	vl_file_name(name, VL_FILE_INDEX, file);
	st = vl_unpack_file(u, VL_FILE_INDEX, file, &r, err);
	while (st == VL_OK) {
		st = vl_stream_r_next(r, &s, &end, err);
		if (st != VL_OK || end)
			break;
		if (file == 1 && s.head.kind == VL_RECORD_INNER)
			continue;
		st = take_map(
		    u, &s, u->map.rows == before ? say : NULL, &rows, err);
		if (st != VL_OK)
			(void)vl_within(err, "%s", name);
	}
	if (st == VL_OK &&
	    u->map.rows - before != (say == NULL ? 0 : say->rows))
		st = vl_fail(err, VL_EFORMAT,
		    "%s: the chunk map has %llu rows here, and the inner head "
		    "says another number",
		    name, (unsigned long long)(u->map.rows - before));
	vl_stream_r_free(r);
	vl_buf_free(&rows);
	return st;
}

static enum vl_status
read_map(struct vl_unpack *u, int fd, struct vl_err *err)
{
	const struct vl_inner_head *h = &u->inner;
	enum vl_status st = vl_unpack_map_open(&u->map, fd, err);
	size_t i = 0;

	if (st == VL_OK && h->nmap == 0)
		st = read_map_file(u, 1, NULL, err);
	for (i = 0; st == VL_OK && i < h->nmap; i++)
		st = read_map_file(u, h->map[i].file, &h->map[i], err);
	if (st != VL_OK)
		return st;
	vl_unpack_map_done(&u->map);
	u->named = calloc(1, (size_t)(u->map.rows / 8 + 1));
	return u->named == NULL ? vl_fail_memory(err) : VL_OK;
}

enum vl_status
vl_unpack_check_inner(
    struct vl_unpack *u, const struct vl_unpack_source *s, struct vl_err *err)
{
	const struct vl_inner_head *h = &u->inner;
	enum vl_status st = check_head(h, s->head, err);

	if (st != VL_OK)
		return st;
	if (s->sender != NULL &&
	    memcmp(s->sender, h->sender, sizeof(h->sender)) != 0)
		return vl_fail(err, VL_ETRUST,
		    "the bundle is by another sender than its seal: who sealed "
		    "it did not make it; ask for one as its sender sealed it");
	st = check_inner(h, s->head, err);
	if (st != VL_OK)
		return vl_within(err, "inner head");
	st = vl_ids_new(
	    &u->ids, s->sk, h->chunk_min, h->chunk_avg, h->chunk_max, err);
	if (st == VL_OK)
		st = check_keys(u, s, err);
	if (st == VL_OK && s->max_plain > 0 && h->total_plain > s->max_plain)
		st = vl_fail(err, VL_ELIMIT,
		    "the bundle holds %llu bytes, the limit is %llu",
		    (unsigned long long)h->total_plain,
		    (unsigned long long)s->max_plain);
	return st;
}

/* Inner head, trust, keys: before a byte of it is used for anything else. */
static enum vl_status
open_inner(
    struct vl_unpack *u, const struct vl_unpack_source *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st;

	st = read_inner(u, &text, err);
	if (st == VL_OK)
		st = vl_inner_head_decode(&u->inner, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st == VL_OK ? vl_unpack_check_inner(u, s, err) : st;
}

static struct vl_unpack *
reader_new(void)
{
	struct vl_unpack *u =
	    aligned_alloc(_Alignof(struct vl_unpack), sizeof(*u));

	if (u == NULL)
		return NULL;
	memset(u, 0, sizeof(*u));
	u->map.fd = -1;
	(void)pthread_mutex_init(&u->map.mutex, NULL);
	(void)pthread_mutex_init(&u->again_mutex, NULL);
	vl_unpack_blocks_init(&u->blocks);
	return u;
}

/* Up to the first record, in this process. */
static enum vl_status
begin(struct vl_unpack *u, const struct vl_unpack_source *s, struct vl_err *err)
{
	enum vl_status st;

	u->pool = s->pool;
	u->blocks.slots = s->slots;
	u->root = vl_secret_alloc(VL_KEY_SIZE);
	if (u->root == NULL) {
		(void)close(s->mapfd);
		return vl_fail_memory(err);
	}
	memcpy(u->root, s->root, VL_KEY_SIZE);
	memcpy(u->id, s->head->id, sizeof(u->id));
	u->expect = s->files;
	u->expect.frame_log2 = s->head->frame_log2;
	u->expect.id = u->id;
	u->expect.root = u->root;
	u->map.fd = s->mapfd; /* closed with the reader */
	st = open_inner(u, s, err);
	if (st == VL_OK)
		st = read_map(u, s->mapfd, err);
	if (st == VL_OK)
		st = vl_sweep_init(u, err);
	if (st != VL_OK)
		return st;
	u->index.file = 1;
	u->index.last = s->head->index_files;
	if (u->inner.nmap > 1)
		u->index.last -= (uint32_t)(u->inner.nmap - 1);
	return vl_lines_begin(u, err);
}

enum vl_status
vl_unpack_open_source(struct vl_unpack **out, const struct vl_unpack_source *s,
    struct vl_err *err)
{
	struct vl_unpack *u = reader_new();
	enum vl_status st;

	*out = NULL;
	if (u == NULL) {
		(void)close(s->mapfd);
		return vl_fail_memory(err);
	}
	st = begin(u, s, err);
	if (st != VL_OK) {
		vl_unpack_free(u);
		return st;
	}
	*out = u;
	return VL_OK;
}

static enum vl_status
open_in_cage(struct vl_unpack **out, const struct vl_unpack_source *s,
    struct vl_cage *cage, struct vl_err *err)
{
	struct vl_unpack *u = reader_new();
	enum vl_status st;

	if (u == NULL) {
		(void)close(s->mapfd);
		return vl_fail_memory(err);
	}
	u->pool = s->pool;
	st = vl_proxy_open(u, s, cage, err);
	(void)close(s->mapfd); /* the child has its own */
	if (st == VL_OK)
		st = vl_unpack_check_inner(u, s, err);
	if (st != VL_OK) {
		vl_unpack_free(u);
		return st;
	}
	*out = u;
	return VL_OK;
}

/* It opens secrets, and is of no use to a child. */
static enum vl_status
hold_transfer_key(
    struct vl_unpack *u, const struct vl_unpack_opts *opts, struct vl_err *err)
{
	const struct vl_head *h = &u->inner.head;
	enum vl_status st = vl_tokens_new(
	    &u->transfer, h->series, h->epoch, opts->keys->tk, err);

	if (st == VL_OK)
		u->secrets = vl_tokens_ops(u->transfer);
	return st;
}

enum vl_status
vl_unpack_open(struct vl_unpack **out, const struct vl_unpack_opts *opts,
    struct vl_err *err)
{
	uint8_t tk_commit[VL_HASH_SIZE];
	uint8_t *root = NULL;
	struct vl_unpack_source s = { .head = opts->head,
		.sk = opts->keys->sk,
		.sender = opts->sender,
		.max_plain = opts->max_plain,
		.pool = opts->pool,
		.dirfd = opts->dirfd,
		.files = { .dirfd = opts->dirfd },
		.mapfd = -1 };
	enum vl_status st = VL_OK;

	*out = NULL;
	if (opts->role == VL_ROLE_FULL && !opts->keys->has_tk)
		return vl_fail(err, VL_EKEY, "the transfer key is missing");
	if (opts->role == VL_ROLE_FULL) {
		vl_keys_tk_commit(tk_commit, opts->keys);
		s.tk_commit = tk_commit;
	}
	root = vl_secret_alloc(VL_KEY_SIZE);
	if (root == NULL)
		return vl_fail_memory(err);
	vl_keys_file_root(root, opts->keys);
	s.root = root;
	st = vl_temp_file(&s.mapfd, opts->tempdir, err);
	if (st == VL_OK)
		st = opts->cage != NULL ?
		    open_in_cage(out, &s, opts->cage, err) :
		    vl_unpack_open_source(out, &s, err);
	vl_secret_free(root);
	if (st == VL_OK && opts->role == VL_ROLE_FULL)
		st = hold_transfer_key(*out, opts, err);
	if (st != VL_OK) {
		vl_unpack_free(*out);
		*out = NULL;
	}
	return st;
}

const struct vl_inner_head *
vl_unpack_inner(const struct vl_unpack *u)
{
	return &u->inner;
}

const struct vl_ids *
vl_unpack_ids(const struct vl_unpack *u)
{
	return u->ids;
}

const struct vl_secret_ops *
vl_unpack_secrets(const struct vl_unpack *u)
{
	return u->transfer != NULL ? &u->secrets : NULL;
}

struct vl_slice
vl_unpack_first(const struct vl_unpack *u)
{
	return vl_buf_slice(&u->first);
}

struct vl_slice
vl_unpack_tail(const struct vl_unpack *u)
{
	return vl_buf_slice(&u->tail);
}

void
vl_unpack_unswept(struct vl_unpack *u)
{
	u->unswept = true;
	if (u->proxy != NULL)
		vl_proxy_unswept(u, false);
}

void
vl_unpack_lines_only(struct vl_unpack *u)
{
	u->unswept = true;
	if (u->proxy != NULL)
		vl_proxy_unswept(u, true);
}

enum vl_status
vl_unpack_end(
    struct vl_unpack *u, struct vl_unpack_totals *totals, struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	enum vl_status st = VL_OK;

	memset(totals, 0, sizeof(*totals));
	if (u->unswept)
		return vl_fail(err, VL_EREFUSED,
		    "the packs of this bundle were not swept");
	while (st == VL_OK && (u->tail.n == 0 || u->failed.status != VL_OK))
		st = vl_unpack_next(u, &rec, err);
	if (st == VL_OK && u->proxy != NULL) {
		st = vl_proxy_end(u, totals, err);
		if (st == VL_OK)
			totals->secrets = u->nsecrets;
		return vl_unpack_latch(u, st, err);
	}
	if (st == VL_OK)
		st = vl_sweep_end(u, err);
	if (st == VL_OK && u->plain != u->inner.total_plain)
		st = vl_fail(err, VL_EFORMAT,
		    "the bundle holds %llu bytes where its inner head says "
		    "%llu",
		    (unsigned long long)u->plain,
		    (unsigned long long)u->inner.total_plain);
	if (st != VL_OK)
		return vl_unpack_latch(u, st, err);
	totals->lines = u->number;
	totals->chunks = u->sweep.chunks;
	totals->unused_chunks = u->map.rows - u->nnamed;
	totals->plain = u->plain;
	totals->secrets = u->nsecrets;
	return VL_OK;
}

void
vl_unpack_free(struct vl_unpack *u)
{
	if (u == NULL)
		return;
	vl_proxy_free(u);
	vl_sweep_free(u);
	vl_unpack_blocks_free(&u->blocks);
	vl_stream_r_free(u->again);
	(void)pthread_mutex_destroy(&u->again_mutex);
	vl_stream_r_free(u->index.r);
	vl_buf_free(&u->lines);
	vl_buf_free(&u->lists.bytes);
	vl_buf_free(&u->first);
	vl_buf_free(&u->tail);
	vl_order_free(&u->order);
	vl_entry_store_free(&u->store);
	vl_row_store_free(&u->rows);
	vl_line_tokens_free(u);
	vl_unpack_map_close(&u->map);
	free(u->named);
	vl_inner_head_free(&u->inner);
	vl_ids_free(u->ids);
	vl_secret_free(u->root);
	free(u);
}
