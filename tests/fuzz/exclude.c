/* Exclusion: the last line is a path, each before it a pattern. */

#include <valise/tree.h>

#include "fuzz.h"

#define PATTERNS 16

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *patterns[PATTERNS] = { 0 };
	struct vl_exclude *x = NULL;
	struct vl_err err = { 0 };
	char *text = calloc(1, n + 1);
	char *at = text;
	char *lf = NULL;
	size_t count = 0;

	MUST(text != NULL);
	if (n > 0)
		memcpy(text, p, n);
	while (count < PATTERNS && (lf = strchr(at, '\n')) != NULL) {
		*lf = '\0';
		patterns[count++] = at;
		at = lf + 1;
	}
	if (vl_exclude_new(&x, patterns, count, &err) == VL_OK) {
		(void)vl_exclude_match(x, vl_slice_of(at), false);
		(void)vl_exclude_match(x, vl_slice_of(at), true);
	}
	vl_exclude_free(x);
	free(text);
	return 0;
}
