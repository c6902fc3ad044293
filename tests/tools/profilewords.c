/* docs/profile-words.md to stdout, as the table of words makes it. */

#include <stdio.h>

#include <valise/profile.h>

int
main(void)
{
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	int code = 1;

	if (vl_profile_reference(&out, &err) != VL_OK)
		fprintf(stderr, "%s\n", err.text);
	else
		code = fwrite(out.p, 1, out.n, stdout) == out.n ? 0 : 1;
	vl_buf_free(&out);
	return code;
}
