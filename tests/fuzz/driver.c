/*
 * Stands in for libFuzzer where there is none: runs a target once over each
 * file of the folders it is given.  The first folder holds inputs as they
 * are, the others vectors (formats/bundle.md, "Conventions").
 */

#include <dirent.h>

#include "../unit/format/vector.h"
#include "fuzz.h"

/* An input in memory of its very size, so that reading past it is seen. */
static void
try_bytes(const struct vl_buf *bytes)
{
	uint8_t *copy = malloc(bytes->n > 0 ? bytes->n : 1);

	MUST(copy != NULL);
	if (bytes->n > 0)
		memcpy(copy, bytes->p, bytes->n);
	MUST(LLVMFuzzerTestOneInput(copy, bytes->n) == 0);
	free(copy);
}

static void
load_bytes(struct vl_buf *bytes, const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0;

	MUST(f != NULL);
	vl_buf_clear(bytes);
	do {
		MUST(vl_buf_reserve(bytes, 65536, NULL) == VL_OK);
		n = fread(bytes->p + bytes->n, 1, 65536, f);
		bytes->n += n;
	} while (n > 0);
	MUST(!ferror(f));
	fclose(f);
}

/* How many files were tried. */
static size_t
try_folder(const char *folder, bool vectors)
{
	struct vector v = { 0 };
	struct dirent *entry = NULL;
	char path[4096];
	size_t tried = 0;
	DIR *d = opendir(folder);

	MUST(d != NULL);
	while ((entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (vectors)
			vector_load(&v, path);
		else
			load_bytes(&v.bytes, path);
		try_bytes(&v.bytes);
		tried++;
	}
	closedir(d);
	vl_buf_free(&v.bytes);
	return tried;
}

int
main(int argc, char **argv)
{
	int i = 0;

	for (i = 1; i < argc; i++) {
		size_t tried = try_folder(argv[i], i > 1);

		printf("%s: %zu\n", argv[i], tried);
		MUST(tried > 0);
	}
	return argc > 1 ? 0 : 1;
}
