/*
 * The steps of one tree.  The last line, with number and hash of those
 * before it, is added here, so that the lines themselves are reached.
 */

#include <valise/encode.h>

#include "folder.h"
#include "steps.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_steps_r *r = NULL;
	struct vl_step step = { 0 };
	struct vl_buf file = { 0 };
	struct vl_err err = { 0 };
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	unsigned long long lines = 0;
	bool more = true;
	size_t i = 0;

	for (i = 0; i < n; i++)
		lines += p[i] == '\n';
	vl_hash_of(
	    hash, &(struct vl_hash_opts){ 0 }, (struct vl_slice){ p, n });
	MUST(vl_buf_add(&file, (struct vl_slice){ p, n }, &err) == VL_OK);
	MUST(vl_buf_printf(&file, &err, "end %llu %s\n", lines,
	         vl_hex(hex, hash, sizeof(hash))) == VL_OK);
	folder_put("steps", vl_buf_slice(&file));
	if (vl_steps_r_open(&r, folder_fd(), &err) == VL_OK)
		while (more && vl_steps_r_next(r, &step, &more, &err) == VL_OK)
			MUST(!more || vl_path_check(step.path, &err) == VL_OK);
	vl_steps_r_free(r);
	vl_buf_free(&file);
	return 0;
}
