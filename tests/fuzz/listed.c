/*
 * A list of what was brought.  Its end is added here, so that the paths are
 * reached; the same bytes without it are a list that is not whole.
 */

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/listfile.h>

#include "folder.h"

static enum vl_status
read_list(struct vl_slice bytes, uint64_t *count)
{
	struct vl_listfile f = { .lines = "the lines", .line_max = 512 };
	struct vl_listfile_r *r = NULL;
	struct vl_slice line = { NULL, 0 };
	struct vl_err err = { 0 };
	bool more = true;
	enum vl_status st = VL_OK;

	folder_put("list", bytes);
	f.fd = openat(folder_fd(), "list", O_RDONLY | O_CLOEXEC);
	MUST(f.fd >= 0);
	st = vl_listfile_r_open(&r, &f, &err);
	*count = st == VL_OK ? vl_listfile_r_count(r) : 0;
	while (st == VL_OK && more)
		st = vl_listfile_r_next(r, &line, &more, &err);
	vl_listfile_r_free(r);
	MUST(close(f.fd) == 0);
	return st;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct vl_buf file = { 0 };
	struct vl_err err = { 0 };
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	uint64_t lines = 0;
	uint64_t count = 0;
	size_t i = 0;

	for (i = 0; i < n; i++)
		lines += p[i] == '\n';
	(void)read_list((struct vl_slice){ p, n }, &count);
	vl_hash_of(hash, NULL, (struct vl_slice){ p, n });
	MUST(vl_buf_add(&file, (struct vl_slice){ p, n }, &err) == VL_OK);
	MUST(vl_buf_printf(&file, &err, "end %llu %s\n",
	         (unsigned long long)lines,
	         vl_hex(hex, hash, sizeof(hash))) == VL_OK);
	if (read_list(vl_buf_slice(&file), &count) == VL_OK)
		MUST(count == lines);
	vl_buf_free(&file);
	return 0;
}
