/*
 * The journal.  Each line of the input gets the hash it must have, so that
 * what stands behind the hash is reached; a line without LF stays torn.
 */

#include <valise/encode.h>
#include <valise/journal.h>

#include "folder.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct vl_hash_opts opts = { .personal = "vls1-journal" };
	struct vl_state *s = NULL;
	struct vl_journal j = { 0 };
	struct vl_buf file = { 0 };
	struct vl_err err = { 0 };
	uint8_t hash[VL_HASH_SIZE];
	char path[64];
	char hex[VL_HEX_SIZE(8)];

	while (n > 0) {
		const uint8_t *lf = memchr(p, '\n', n);
		size_t text = lf == NULL ? n : (size_t)(lf - p);
		size_t take = lf == NULL ? n : text + 1;

		vl_hash_of(hash, &opts, (struct vl_slice){ p, text });
		MUST(vl_buf_printf(&file, &err, "%s ", vl_hex(hex, hash, 8)) ==
		    VL_OK);
		MUST(vl_buf_add(&file, (struct vl_slice){ p, take }, &err) ==
		    VL_OK);
		p += take;
		n -= take;
	}
	folder_put("journal", vl_buf_slice(&file));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", folder_fd());
	MUST(vl_state_open(&s,
	         &(struct vl_state_opts){ .dir = path, .create = true },
	         &err) == VL_OK);
	(void)vl_journal_load(&j, s, &err);
	vl_journal_free(&j);
	vl_state_free(s);
	vl_buf_free(&file);
	return 0;
}
