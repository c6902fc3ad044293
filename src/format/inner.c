/*
 * The inner head, last record of i0000001 (formats/bundle.md, "Inner head"):
 * what head.jsn says, and what only who opens the bundle may know.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/format.h>
#include <valise/json.h>
#include <valise/text.h>

#include "canon.h"
#include "head.h"
#include "inner.h"

#define INNER_TIME_SIZE 32

static void
take_chunker(struct canon_obj *o, struct vl_inner_head *h)
{
	struct canon_obj c;
	const cJSON *value = canon_get(o, "chunker");

	if (o->status != VL_OK)
		return;
	canon_open(&c, value, "inner head: chunker", o->err);
	h->chunk_avg = (uint32_t)canon_uint(&c, "avg", 1, INNER_CHUNK_MAX);
	h->chunk_max = (uint32_t)canon_uint(&c, "max", 1, INNER_CHUNK_MAX);
	h->chunk_min =
	    (uint32_t)canon_uint(&c, "min", INNER_CHUNK_MIN, INNER_CHUNK_MAX);
	if (!inner_chunker_valid(h))
		canon_fail(&c, VL_EFORMAT,
		    "%u, %u, %u are not min < avg < max, avg a power of two",
		    h->chunk_min, h->chunk_avg, h->chunk_max);
	o->status = canon_end(&c);
}

static void
take_counts(struct canon_obj *o, struct vl_inner_head *h)
{
	struct canon_obj c;
	const cJSON *value = canon_get(o, "counts");

	if (o->status != VL_OK)
		return;
	canon_open(&c, value, "inner head: counts", o->err);
	h->chunks = canon_uint(&c, "chunks", 0, CANON_INT_MAX);
	h->lines = canon_uint(&c, "lines", 0, CANON_INT_MAX);
	o->status = canon_end(&c);
}

/* "1700000000.000000005"; "-1.500000000" is half a second before 1970. */
static bool
read_time(struct vl_time *t, const char *text)
{
	char again[INNER_TIME_SIZE];
	const char *dot = strchr(text, '.');
	const char *p = text[0] == '-' ? text + 1 : text;
	uint64_t sec = 0;
	int32_t nsec = 0;

	if (dot == NULL || dot - p < 1 || dot - p > 18 || strlen(dot) != 10)
		return false;
	for (; p < dot; p++) {
		if (*p < '0' || *p > '9')
			return false;
		sec = 10 * sec + (uint64_t)(*p - '0');
	}
	for (p = dot + 1; *p != '\0'; p++) {
		if (*p < '0' || *p > '9')
			return false;
		nsec = 10 * nsec + (*p - '0');
	}
	t->sec = text[0] == '-' ? -(int64_t)sec : (int64_t)sec;
	t->nsec = nsec;
	/* Leading zeros and -0 do not come out again. */
	inner_time_text(again, sizeof(again), t);
	return strcmp(again, text) == 0;
}

void
inner_time_text(char *text, size_t size, const struct vl_time *t)
{
	(void)snprintf(text, size, "%" PRId64 ".%09" PRId32, t->sec, t->nsec);
}

static void
take_created(struct canon_obj *o, struct vl_inner_head *h)
{
	char text[INNER_TIME_SIZE];

	canon_text(o, "created", text, sizeof(text));
	if (o->status == VL_OK && !read_time(&h->created, text))
		canon_fail(o, VL_EFORMAT, "'created' is not a time");
}

static void
take_map(struct canon_obj *o, struct vl_inner_head *h)
{
	struct canon_obj c;
	const cJSON *array = NULL;
	const cJSON *value = NULL;
	struct vl_map_file *f = NULL;
	size_t n = 0;

	array = canon_array(o, "map", &n);
	if (o->status != VL_OK || n == 0)
		return;
	h->map = calloc(n, sizeof(*h->map));
	if (h->map == NULL) {
		o->status = vl_fail_memory(o->err);
		return;
	}
	cJSON_ArrayForEach(value, array)
	{
		f = &h->map[h->nmap++];
		canon_open(&c, value, "inner head: map", o->err);
		f->file =
		    (uint32_t)canon_uint(&c, "file", 1, VL_FILE_NUMBER_MAX);
		canon_hex(&c, "first_id", f->first_id, sizeof(f->first_id));
		f->rows = canon_uint(&c, "rows", 1, CANON_INT_MAX);
		o->status = canon_end(&c);
		if (o->status != VL_OK)
			return;
	}
	if (!inner_map_valid(h))
		canon_fail(o, VL_EFORMAT,
		    "'map' does not ascend to file 1 at its end");
}

static void
take_packs(struct canon_obj *o, struct vl_inner_head *h)
{
	const cJSON *array = NULL;
	const cJSON *value = NULL;
	size_t n = 0;

	array = canon_array(o, "packs", &n);
	if (o->status != VL_OK || n == 0)
		return;
	h->pack_frames = calloc(n, sizeof(*h->pack_frames));
	if (h->pack_frames == NULL) {
		o->status = vl_fail_memory(o->err);
		return;
	}
	cJSON_ArrayForEach(value, array) h->pack_frames[h->npacks++] =
	    (uint32_t)canon_item_uint(o, value, "packs", 1,
	        1u << (VL_FILE_LOG2 - h->head.frame_log2));
}

static void
take_resource(struct canon_obj *o, struct vl_inner_head *h, const cJSON *value)
{
	struct canon_obj c;
	struct vl_resource_id *r = &h->resources[h->nresources];
	size_t i = 0;

	canon_open(&c, value, "inner head: resource", o->err);
	canon_hex(&c, "hash", r->hash, sizeof(r->hash));
	canon_name(&c, "kind", r->kind, sizeof(r->kind));
	canon_name(&c, "name", r->name, sizeof(r->name));
	for (i = 0; i < h->nresources; i++)
		if (strcmp(h->resources[i].name, r->name) == 0)
			canon_fail(
			    &c, VL_EFORMAT, "'%s' stands twice", r->name);
	h->nresources++;
	o->status = canon_end(&c);
}

static void
take_resources(struct canon_obj *o, struct vl_inner_head *h)
{
	const cJSON *array = NULL;
	const cJSON *value = NULL;
	size_t n = 0;

	array = canon_array(o, "resources", &n);
	if (o->status != VL_OK || n == 0)
		return;
	if (n > VL_RESOURCES_MAX) {
		canon_fail(o, VL_ELIMIT, "%zu resources, more than %d", n,
		    VL_RESOURCES_MAX);
		return;
	}
	h->resources = calloc(n, sizeof(*h->resources));
	if (h->resources == NULL) {
		o->status = vl_fail_memory(o->err);
		return;
	}
	cJSON_ArrayForEach(value, array)
	{
		if (o->status == VL_OK)
			take_resource(o, h, value);
	}
}

/* All members in their order. */
static enum vl_status
take_members(struct vl_inner_head *h, const cJSON *root, struct vl_err *err)
{
	struct canon_obj o;
	enum vl_status st = head_open(&o, root, "inner head", err);

	if (st != VL_OK)
		return st;
	canon_text_maybe(&o, "audience", h->audience, sizeof(h->audience));
	take_chunker(&o, h);
	canon_hex(&o, "commit", h->head.commit, sizeof(h->head.commit));
	take_counts(&o, h);
	take_created(&o, h);
	canon_text_maybe(
	    &o, "environment", h->environment, sizeof(h->environment));
	h->head.epoch = canon_uint(&o, "epoch", 1, CANON_INT_MAX);
	canon_word(&o, "format", HEAD_FORMAT_WORD);
	h->head.frame_log2 = (unsigned)canon_uint(
	    &o, "frame_log2", VL_FRAME_LOG2_MIN, VL_FRAME_LOG2_MAX);
	head_take_hints(&o, &h->head);
	canon_hex(&o, "id", h->head.id, sizeof(h->head.id));
	canon_word(&o, "kind", "full");
	canon_hex(
	    &o, "manifest_root", h->manifest_root, sizeof(h->manifest_root));
	take_map(&o, h);
	head_take_must(&o, &h->head);
	take_packs(&o, h);
	canon_hex(&o, "prev", h->head.prev, sizeof(h->head.prev));
	take_resources(&o, h);
	canon_hex(&o, "sender", h->sender, sizeof(h->sender));
	h->head.seq = canon_uint(&o, "seq", 1, CANON_INT_MAX);
	canon_hex(&o, "series", h->head.series, sizeof(h->head.series));
	canon_name(&o, "site", h->site, sizeof(h->site));
	canon_hex(&o, "sk_commit", h->sk_commit, sizeof(h->sk_commit));
	canon_hex(&o, "tk_commit", h->tk_commit, sizeof(h->tk_commit));
	canon_text(&o, "tool", h->tool, sizeof(h->tool));
	h->total_plain = canon_uint(&o, "total_plain", 0, CANON_INT_MAX);
	(void)canon_uint(&o, "v", 0, VL_FORMAT_VERSION);
	return canon_end(&o);
}

enum vl_status
vl_inner_head_decode(
    struct vl_inner_head *h, struct vl_slice text, struct vl_err *err)
{
	cJSON *root = NULL;
	enum vl_status st;

	memset(h, 0, sizeof(*h));
	st = canon_parse(&root, text, VL_HEAD_MAX, err);
	if (st != VL_OK) {
		(void)vl_within(err, "inner head");
		goto out;
	}
	st = take_members(h, root, err);
	if (st == VL_OK)
		st = inner_check(h, err);
out:
	cJSON_Delete(root);
	if (st != VL_OK)
		vl_inner_head_free(h);
	return st;
}

void
vl_inner_head_free(struct vl_inner_head *h)
{
	free(h->resources);
	free(h->pack_frames);
	free(h->map);
	memset(h, 0, sizeof(*h));
}
