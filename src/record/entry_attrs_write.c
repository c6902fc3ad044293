/* ACLs, flags and extended attributes to members of a line
 * (formats/manifest.md, "Attributes"). */

#include <valise/encode.h>

#include "entry_rules.h"

static void
put_acl_entry(struct vl_json_w *w, const struct vl_acl_entry *a)
{
	const uint8_t perm[3] = { a->perm & 4 ? 'r' : '-',
		a->perm & 2 ? 'w' : '-', a->perm & 1 ? 'x' : '-' };

	vl_json_w_open(w, '[');
	vl_json_w_text(w, vl_slice_of(vl_acl_tag_words[a->tag]));
	vl_json_w_text(w, (struct vl_slice){ perm, sizeof(perm) });
	if (a->tag == VL_ACL_USER || a->tag == VL_ACL_GROUP) {
		vl_json_w_int(w, a->id);
		/* As of owners: what cannot be a text is not recorded. */
		if (a->name.n > 0 && vl_entry_is_text(a->name))
			vl_json_w_text(w, a->name);
	}
	vl_json_w_close(w, ']');
}

void
vl_entry_put_acl(struct vl_json_w *w, const char *key,
    const struct vl_acl_entry *acl, size_t n)
{
	size_t i;

	if (n == 0)
		return;
	vl_json_w_key(w, key);
	vl_json_w_open(w, '[');
	for (i = 0; i < n; i++)
		put_acl_entry(w, &acl[i]);
	vl_json_w_close(w, ']');
}

void
vl_entry_put_flags(struct vl_json_w *w, uint32_t flags)
{
	size_t i;

	if (flags == 0)
		return;
	vl_json_w_key(w, "flags");
	vl_json_w_open(w, '[');
	for (i = 0; vl_flag_words[i] != NULL; i++)
		if ((flags & UINT32_C(1) << i) != 0)
			vl_json_w_text(w, vl_slice_of(vl_flag_words[i]));
	vl_json_w_close(w, ']');
}

static void
put_bytes(struct vl_json_w *w, struct vl_slice bytes)
{
	struct vl_buf text = { 0 };
	enum vl_status st;

	if (vl_entry_is_text(bytes)) {
		vl_json_w_text(w, bytes);
		return;
	}
	st = vl_buf_reserve(&text, VL_B64U_SIZE(bytes.n), NULL);
	if (st == VL_OK) {
		vl_json_w_open(w, '{');
		vl_json_w_key(w, "$b64");
		vl_json_w_text(
		    w, vl_slice_of(vl_b64u((char *)text.p, bytes.p, bytes.n)));
		vl_json_w_close(w, '}');
	} else if (w->status == VL_OK) {
		w->status = st;
	}
	vl_buf_free(&text);
}

void
vl_entry_put_xattrs(struct vl_json_w *w, const struct vl_entry *e)
{
	size_t i;

	if (e->nxattrs == 0)
		return;
	vl_json_w_key(w, "xattrs");
	vl_json_w_open(w, '[');
	for (i = 0; i < e->nxattrs; i++) {
		vl_json_w_open(w, '[');
		put_bytes(w, e->xattrs[i].name);
		put_bytes(w, e->xattrs[i].value);
		vl_json_w_close(w, ']');
	}
	vl_json_w_close(w, ']');
}
