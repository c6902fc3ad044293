/*
 * First and last line of a manifest (formats/manifest.md).  The lines
 * between are read by `record`.
 */

#include <string.h>

#include <valise/format.h>
#include <valise/json.h>

#include "canon.h"
#include "head.h"

#define MANIFEST_WORD "valise-manifest"

enum vl_status
vl_manifest_head_encode(
    struct vl_buf *out, const struct vl_manifest_head *h, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st;

	if (h->epoch < 1 || h->epoch > CANON_INT_MAX ||
	    !canon_name_valid(h->site))
		return vl_fail(
		    err, VL_EUSAGE, "manifest: epoch or site may not stand so");
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	head_put_int(&w, "epoch", h->epoch);
	head_put_text(&w, "format", MANIFEST_WORD);
	head_put_hex(&w, "series", h->series, sizeof(h->series));
	head_put_text(&w, "site", h->site);
	head_put_int(&w, "v", VL_FORMAT_VERSION);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	return vl_buf_add_text(out, "\n", err);
}

enum vl_status
vl_manifest_head_decode(
    struct vl_manifest_head *h, struct vl_slice line, struct vl_err *err)
{
	struct canon_obj o;
	cJSON *root = NULL;
	enum vl_status st;

	memset(h, 0, sizeof(*h));
	st = canon_parse_line(&root, line, VL_LINE_MAX, err);
	if (st != VL_OK)
		goto out;
	canon_open(&o, root, "manifest", err);
	st = o.status;
	if (st == VL_OK)
		st = canon_version(root, "manifest", err);
	if (st != VL_OK)
		goto out;
	o.strict = true;
	h->epoch = canon_uint(&o, "epoch", 1, CANON_INT_MAX);
	canon_word(&o, "format", MANIFEST_WORD);
	canon_hex(&o, "series", h->series, sizeof(h->series));
	canon_name(&o, "site", h->site, sizeof(h->site));
	(void)canon_uint(&o, "v", 0, VL_FORMAT_VERSION);
	st = canon_end(&o);
out:
	cJSON_Delete(root);
	return st;
}

enum vl_status
vl_manifest_tail_encode(struct vl_buf *out, uint64_t count,
    const uint8_t root[VL_ROOT_SIZE], struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st;

	if (count > CANON_INT_MAX)
		return vl_fail(err, VL_ELIMIT, "manifest: too many lines");
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	head_put_int(&w, "count", count);
	head_put_hex(&w, "root", root, VL_ROOT_SIZE);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	return vl_buf_add_text(out, "\n", err);
}

enum vl_status
vl_manifest_tail_decode(uint64_t *count, uint8_t root[VL_ROOT_SIZE],
    struct vl_slice line, struct vl_err *err)
{
	struct canon_obj o;
	cJSON *value = NULL;
	enum vl_status st;

	*count = 0;
	memset(root, 0, VL_ROOT_SIZE);
	st = canon_parse_line(&value, line, VL_LINE_MAX, err);
	if (st != VL_OK)
		goto out;
	canon_open(&o, value, "end of the manifest", err);
	o.strict = true;
	*count = canon_uint(&o, "count", 0, CANON_INT_MAX);
	canon_hex(&o, "root", root, VL_ROOT_SIZE);
	st = canon_end(&o);
out:
	cJSON_Delete(value);
	return st;
}
