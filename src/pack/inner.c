/*
 * The inner head: what it says, and whether it can say it.  It lists every
 * pack, so it is what bounds a bundle (formats/limits.md), and is asked for
 * each pack that begins, not when all of them are written.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/json.h>

#include "parts.h"

/* What is known from the begin. */
static void
fill_facts(const struct vl_pack *p, struct vl_inner_head *inner)
{
	const struct vl_chunker *chunker = vl_ids_chunker(p->opts.ids);

	inner->head = p->opts.head;
	inner->chunk_min = chunker->min;
	inner->chunk_avg = chunker->avg;
	inner->chunk_max = chunker->max;
	inner->created = p->opts.created;
	memcpy(inner->sender, p->opts.sender->pub.key, sizeof(inner->sender));
	vl_ids_commitment(p->opts.ids, inner->sk_commit);
	vl_keys_tk_commit(inner->tk_commit, p->opts.keys);
}

static enum vl_status
copy_text(char *out, size_t size, const char *text, const char *what,
    struct vl_err *err)
{
	size_t n = text == NULL ? 0 : strlen(text);

	if (n >= size)
		return vl_fail(err, VL_EUSAGE, "%s is longer than %zu bytes",
		    what, size - 1);
	if (n > 0)
		memcpy(out, text, n);
	return VL_OK;
}

static enum vl_status
fill_names(
    const struct vl_pack *p, struct vl_inner_head *inner, struct vl_err *err)
{
	const struct vl_pack_opts *o = &p->opts;
	enum vl_status st;

	st = copy_text(inner->site, sizeof(inner->site), o->site,
	    "the name of the site", err);
	if (st == VL_OK)
		st = copy_text(inner->environment, sizeof(inner->environment),
		    o->environment, "the name of the environment", err);
	if (st == VL_OK)
		st = copy_text(inner->tool, sizeof(inner->tool), o->tool,
		    "the name of the tool", err);
	if (st != VL_OK || o->nresources == 0)
		return st;
	inner->resources = calloc(o->nresources, sizeof(*inner->resources));
	if (inner->resources == NULL)
		return vl_fail_memory(err);
	memcpy(inner->resources, o->resources,
	    o->nresources * sizeof(*inner->resources));
	inner->nresources = o->nresources;
	return VL_OK;
}

/* A pack that is not closed yet may become as long as one can be. */
static enum vl_status
fill_packs(
    const struct vl_pack *p, struct vl_inner_head *inner, struct vl_err *err)
{
	const uint32_t most = UINT32_C(1)
	    << (VL_FILE_LOG2 - p->opts.frame_log2);
	const struct vl_stream_file *files = NULL;
	size_t n = 0;
	size_t i = 0;

	if (p->packs == NULL)
		return VL_OK;
	files = vl_stream_w_files(p->packs, &n);
	inner->pack_frames = calloc(n, sizeof(*inner->pack_frames));
	if (inner->pack_frames == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < n; i++)
		inner->pack_frames[i] =
		    files[i].frames > 0 ? files[i].frames : most;
	inner->npacks = n;
	return VL_OK;
}

enum vl_status
inner_encode(struct vl_pack *p, struct vl_buf *out,
    const uint8_t root[VL_ROOT_SIZE], struct vl_err *err)
{
	struct vl_inner_head inner = { 0 };
	enum vl_status st = VL_OK;

	fill_facts(p, &inner);
	inner.chunks = p->totals.chunks;
	inner.lines = p->totals.lines;
	memcpy(inner.manifest_root, root, VL_ROOT_SIZE);
	inner.total_plain =
	    vl_stream_w_plain(p->index) + vl_stream_w_plain(p->first);
	if (p->packs != NULL)
		inner.total_plain += vl_stream_w_plain(p->packs);
	inner.map = p->map.files;
	inner.nmap = p->map.nfiles;
	st = fill_names(p, &inner, err);
	if (st == VL_OK)
		st = fill_packs(p, &inner, err);
	if (st == VL_OK)
		st = vl_inner_head_encode(out, &inner, err);
	/* The map stays that of struct map. */
	inner.map = NULL;
	vl_inner_head_free(&inner);
	return st;
}

/* As many files of the map as all chunks so far may take, with the longest
 * numbers that there are. */
static enum vl_status
fill_map(
    const struct vl_pack *p, struct vl_inner_head *inner, struct vl_err *err)
{
	const size_t n = map_files_most(&p->map, p->opts.frame_log2);
	struct vl_map_file *f = calloc(n, sizeof(*f));
	size_t i = 0;

	if (f == NULL)
		return vl_fail_memory(err);
	inner->map = f;
	inner->nmap = n;
	for (i = 0; i < n; i++) {
		f[i].file = i + 1 < n ? (uint32_t)(VL_SEAL_FILES_MAX + i) : 1;
		f[i].rows = VL_SEAL_FILES_MAX * UINT64_C(100);
		f[i].first_id[0] = (uint8_t)(i >> 8);
		f[i].first_id[1] = (uint8_t)i;
	}
	return VL_OK;
}

static enum vl_status
check_files(const struct vl_pack *p, struct vl_err *err)
{
	size_t n = 0;
	size_t all = SMALL_FILES + map_files_most(&p->map, p->opts.frame_log2);

	(void)vl_stream_w_files(p->index, &n);
	all += n;
	if (p->packs != NULL) {
		(void)vl_stream_w_files(p->packs, &n);
		all += n;
	}
	if (all > VL_SEAL_FILES_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "it would have more than %d files", VL_SEAL_FILES_MAX);
	return VL_OK;
}

enum vl_status
inner_has_room(struct vl_pack *p, struct vl_err *err)
{
	struct vl_inner_head inner = { 0 };
	struct vl_buf text = { 0 };
	enum vl_status st = check_files(p, err);

	fill_facts(p, &inner);
	inner.head.must = VL_MUST_GEAR1 | VL_MUST_ZSTD | VL_MUST_SIV1;
	inner.chunks = (uint64_t)VL_JSON_INT_MAX;
	inner.lines = (uint64_t)VL_JSON_INT_MAX;
	inner.total_plain = (uint64_t)VL_JSON_INT_MAX;
	if (st == VL_OK)
		st = fill_names(p, &inner, err);
	if (st == VL_OK)
		st = fill_packs(p, &inner, err);
	if (st == VL_OK && inner.npacks > 0)
		st = fill_map(p, &inner, err);
	if (inner.npacks == 0)
		inner.chunks = 0;
	if (st == VL_OK)
		st = vl_inner_head_encode(&text, &inner, err);
	vl_inner_head_free(&inner);
	vl_buf_free(&text);
	return st == VL_ELIMIT ?
	    vl_within(err,
	        "there is more than one bundle can hold; make several sites "
	        "of the resources") :
	    st;
}
