/* ACLs as the kernel keeps them, and attributes as they are stored. */

#include <valise/tree.h>

#include "fuzz.h"

static void
check_attrs(struct vl_slice bytes)
{
	struct vl_slice rest = bytes;
	struct vl_xattr x = { 0 };
	struct vl_buf again = { 0 };
	struct vl_err err = { 0 };

	if (vl_attrs_valid(bytes)) {
		while (vl_attrs_next(&rest, &x))
			MUST(vl_attrs_add(&again, x.name, x.value, &err) ==
			    VL_OK);
		MUST(rest.n == 0);
		MUST(vl_slice_equal(bytes, vl_buf_slice(&again)));
	}
	vl_buf_free(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct vl_owners *owners;
	const struct vl_slice value = { p, n };
	struct vl_buf entries = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };

	/* One for all inputs: what it was asked for it remembers. */
	if (owners == NULL)
		MUST(vl_owners_new(&owners, NULL, 0, &err) == VL_OK);
	check_attrs(value);
	if (vl_acl_decode(&entries, value, owners, &err) == VL_OK)
		MUST(vl_acl_encode(&out, (const void *)entries.p,
		         entries.n / sizeof(struct vl_acl_entry), owners,
		         &err) == VL_OK &&
		    out.n == n);
	vl_buf_free(&entries);
	vl_buf_free(&out);
	return 0;
}
