/*
 * head.jsn, the public head of a bundle (formats/bundle.md, "head.jsn"), and
 * what the inner head repeats of it.
 */

#include <string.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/sealform.h>
#include <valise/text.h>

#include "canon.h"
#include "head.h"

#define HINT_MAX        64
#define FILE_NUMBER_MAX VL_SEAL_FILES_MAX

/* Ascending by name, as they stand in `must`. */
static const struct {
	const char *name;
	unsigned bit;
} features[] = {
	{ "gear1", VL_MUST_GEAR1 },
	{ "siv1", VL_MUST_SIV1 },
	{ "zstd", VL_MUST_ZSTD },
};
#define NFEATURES (sizeof(features) / sizeof(features[0]))
#define MUST_ALL  ((unsigned)(VL_MUST_GEAR1 | VL_MUST_SIV1 | VL_MUST_ZSTD))

enum vl_status
head_open(struct canon_obj *o, const cJSON *root, const char *what,
    struct vl_err *err)
{
	const cJSON *kind = NULL;
	enum vl_status st;

	canon_open(o, root, what, err);
	if (o->status != VL_OK)
		return o->status;
	st = canon_version(root, what, err);
	if (st != VL_OK)
		return st;
	kind = cJSON_GetObjectItemCaseSensitive(root, "kind");
	if (cJSON_IsString(kind) && strcmp(kind->valuestring, "delta") == 0)
		return vl_fail(err, VL_EREFUSED,
		    "%s: delta bundles are not known to this version", what);
	return VL_OK;
}

void
head_take_must(struct canon_obj *o, struct vl_head *h)
{
	const cJSON *value = NULL;
	const cJSON *array = NULL;
	char shown[128];
	size_t n = 0;
	size_t i = 0;

	h->must = 0;
	array = canon_array(o, "must", &n);
	cJSON_ArrayForEach(value, array)
	{
		if (!cJSON_IsString(value)) {
			canon_fail(o, VL_EFORMAT, "'must' holds no text");
			return;
		}
		for (i = 0; i < NFEATURES; i++)
			if (strcmp(features[i].name, value->valuestring) == 0)
				break;
		if (i == NFEATURES) {
			canon_fail(o, VL_EFORMAT,
			    "feature '%s' is not known to this version",
			    vl_escape_text(shown, sizeof(shown),
			        vl_slice_of(value->valuestring)));
			return;
		}
		/* Bits ascend with the names. */
		if (h->must >= features[i].bit) {
			canon_fail(o, VL_EFORMAT, "'must' does not ascend");
			return;
		}
		h->must |= features[i].bit;
	}
}

void
head_take_hints(struct canon_obj *o, struct vl_head *h)
{
	const cJSON *value = NULL;
	const cJSON *array = NULL;
	const char *before = NULL;
	struct vl_hash hash;
	struct vl_slice text = { 0 };
	size_t n = 0;

	memset(h->hints, 0, sizeof(h->hints));
	array = canon_array(o, "hints", &n);
	if (n == 0)
		return;
	vl_hash_init(&hash, &(struct vl_hash_opts){ 0 });
	cJSON_ArrayForEach(value, array)
	{
		if (!cJSON_IsString(value) || value->valuestring[0] == '\0' ||
		    strlen(value->valuestring) > HINT_MAX) {
			canon_fail(o, VL_EFORMAT,
			    "'hints' holds no text of 1..%d bytes", HINT_MAX);
			return;
		}
		if (before != NULL && strcmp(before, value->valuestring) >= 0) {
			canon_fail(o, VL_EFORMAT, "'hints' does not ascend");
			return;
		}
		before = value->valuestring;
		text = vl_slice_of(value->valuestring);
		text.n++; /* its NUL keeps two hints apart */
		vl_hash_add(&hash, text);
	}
	vl_hash_end(&hash, h->hints);
}

/* [1,n] */
static uint32_t
take_range(struct canon_obj *o, const cJSON *range, const char *name)
{
	uint64_t last = 0;

	if (o->status != VL_OK)
		return 0;
	if (!cJSON_IsArray(range) || cJSON_GetArraySize(range) != 2) {
		canon_fail(o, VL_EFORMAT, "'%s' is not a range", name);
		return 0;
	}
	(void)canon_item_uint(o, range->child, name, 1, 1);
	last = canon_item_uint(o, range->child->next, name, 1, CANON_INT_MAX);
	if (last > FILE_NUMBER_MAX)
		canon_fail(o, VL_ELIMIT, "'%s' counts %llu files, more than %d",
		    name, (unsigned long long)last, FILE_NUMBER_MAX);
	return (uint32_t)last;
}

static enum vl_status
take_volumes(struct vl_head *h, const cJSON *volume, struct vl_err *err)
{
	struct canon_obj o;
	const cJSON *packs = NULL;

	canon_open(&o, volume, "head: volume", err);
	h->index_files = take_range(&o, canon_get(&o, "i"), "i");
	packs = canon_maybe(&o, "p");
	if (packs != NULL)
		h->pack_files = take_range(&o, packs, "p");
	return canon_end(&o);
}

enum vl_status
vl_head_decode(struct vl_head *h, struct vl_slice text, struct vl_err *err)
{
	struct canon_obj o;
	cJSON *root = NULL;
	const cJSON *volumes = NULL;
	size_t nvolumes = 0;
	enum vl_status st;

	memset(h, 0, sizeof(*h));
	st = canon_parse_line(&root, text, VL_HEAD_MAX, err);
	if (st != VL_OK)
		goto out;
	st = head_open(&o, root, "head", err);
	if (st != VL_OK)
		goto out;
	if (cJSON_GetObjectItemCaseSensitive(root, "parity") != NULL) {
		st = vl_fail(err, VL_EFORMAT,
		    "head: parity is not known to this version");
		goto out;
	}
	canon_hex(&o, "commit", h->commit, sizeof(h->commit));
	h->epoch = canon_uint(&o, "epoch", 1, CANON_INT_MAX);
	canon_hex(&o, "files_root", h->files_root, sizeof(h->files_root));
	canon_word(&o, "format", HEAD_FORMAT_WORD);
	h->frame_log2 = (unsigned)canon_uint(
	    &o, "frame_log2", VL_FRAME_LOG2_MIN, VL_FRAME_LOG2_MAX);
	head_take_hints(&o, h);
	canon_hex(&o, "id", h->id, sizeof(h->id));
	canon_word(&o, "kind", "full");
	head_take_must(&o, h);
	canon_hex(&o, "prev", h->prev, sizeof(h->prev));
	h->seq = canon_uint(&o, "seq", 1, CANON_INT_MAX);
	canon_hex(&o, "series", h->series, sizeof(h->series));
	(void)canon_uint(&o, "v", 0, VL_FORMAT_VERSION);
	volumes = canon_array(&o, "volumes", &nvolumes);
	st = canon_end(&o);
	if (st != VL_OK)
		goto out;
	if (nvolumes != 1)
		st = vl_fail(err, VL_EFORMAT,
		    "head: %zu volumes are not known to this version",
		    nvolumes);
	else
		st = take_volumes(h, volumes->child, err);
out:
	cJSON_Delete(root);
	return st;
}

const char *
vl_head_differs(const struct vl_head *a, const struct vl_head *b)
{
	if (memcmp(a->commit, b->commit, sizeof(a->commit)) != 0)
		return "commit";
	if (a->epoch != b->epoch)
		return "epoch";
	if (a->frame_log2 != b->frame_log2)
		return "frame_log2";
	if (memcmp(a->hints, b->hints, sizeof(a->hints)) != 0)
		return "hints";
	if (memcmp(a->id, b->id, sizeof(a->id)) != 0)
		return "id";
	if (a->kind != b->kind)
		return "kind";
	if (a->must != b->must)
		return "must";
	if (memcmp(a->prev, b->prev, sizeof(a->prev)) != 0)
		return "prev";
	if (a->seq != b->seq)
		return "seq";
	if (memcmp(a->series, b->series, sizeof(a->series)) != 0)
		return "series";
	return NULL;
}

void
head_put_hex(struct vl_json_w *w, const char *key, const uint8_t *p, size_t n)
{
	char text[VL_HEX_SIZE(VL_ROOT_SIZE)];

	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(vl_hex(text, p, n)));
}

void
head_put_int(struct vl_json_w *w, const char *key, uint64_t n)
{
	vl_json_w_key(w, key);
	vl_json_w_int(w, (int64_t)n);
}

void
head_put_text(struct vl_json_w *w, const char *key, const char *text)
{
	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(text));
}

void
head_put_must(struct vl_json_w *w, unsigned must)
{
	size_t i = 0;

	vl_json_w_key(w, "must");
	vl_json_w_open(w, '[');
	for (i = 0; i < NFEATURES; i++)
		if ((must & features[i].bit) != 0)
			vl_json_w_text(w, vl_slice_of(features[i].name));
	vl_json_w_close(w, ']');
}

void
head_put_no_hints(struct vl_json_w *w)
{
	vl_json_w_key(w, "hints");
	vl_json_w_open(w, '[');
	vl_json_w_close(w, ']');
}

enum vl_status
head_check(const struct vl_head *h, struct vl_err *err)
{
	if (h->kind != VL_BUNDLE_FULL)
		return vl_fail(err, VL_EUSAGE,
		    "delta bundles are not known to this version");
	if (h->seq == 0 || h->seq > CANON_INT_MAX || h->epoch == 0 ||
	    h->epoch > CANON_INT_MAX || h->frame_log2 < VL_FRAME_LOG2_MIN ||
	    h->frame_log2 > VL_FRAME_LOG2_MAX || (h->must & ~MUST_ALL) != 0)
		return vl_fail(
		    err, VL_EUSAGE, "head: a number is out of its range");
	return VL_OK;
}

static void
put_range(struct vl_json_w *w, const char *key, uint32_t last)
{
	vl_json_w_key(w, key);
	vl_json_w_open(w, '[');
	vl_json_w_int(w, 1);
	vl_json_w_int(w, last);
	vl_json_w_close(w, ']');
}

enum vl_status
vl_head_encode(struct vl_buf *out, const struct vl_head *h, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st = head_check(h, err);

	if (st != VL_OK)
		return st;
	if (h->index_files == 0 || h->index_files > FILE_NUMBER_MAX ||
	    h->pack_files > FILE_NUMBER_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "head: %u index files and %u packs are not 1..%d",
		    h->index_files, h->pack_files, FILE_NUMBER_MAX);
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	head_put_hex(&w, "commit", h->commit, sizeof(h->commit));
	head_put_int(&w, "epoch", h->epoch);
	head_put_hex(&w, "files_root", h->files_root, sizeof(h->files_root));
	head_put_text(&w, "format", HEAD_FORMAT_WORD);
	head_put_int(&w, "frame_log2", h->frame_log2);
	head_put_no_hints(&w);
	head_put_hex(&w, "id", h->id, sizeof(h->id));
	head_put_text(&w, "kind", "full");
	head_put_must(&w, h->must);
	head_put_hex(&w, "prev", h->prev, sizeof(h->prev));
	head_put_int(&w, "seq", h->seq);
	head_put_hex(&w, "series", h->series, sizeof(h->series));
	head_put_int(&w, "v", VL_FORMAT_VERSION);
	vl_json_w_key(&w, "volumes");
	vl_json_w_open(&w, '[');
	vl_json_w_open(&w, '{');
	put_range(&w, "i", h->index_files);
	if (h->pack_files > 0)
		put_range(&w, "p", h->pack_files);
	vl_json_w_close(&w, '}');
	vl_json_w_close(&w, ']');
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	return vl_buf_add_text(out, "\n", err);
}
