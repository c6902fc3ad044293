/* Every vector of formats/vectors/manifest-line has the outcome it names. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <glob.h>

#include <valise/encode.h>
#include <valise/entry.h>

struct vector {
	char expect[16];
	uint8_t line[VL_LINE_MAX + 16];
	size_t n;
};

static const char *
outcome(enum vl_status st)
{
	switch (st) {
	case VL_OK:
		return "ok";
	case VL_EFORMAT:
		return "format";
	case VL_EPATH:
		return "path";
	case VL_ELIMIT:
		return "limit";
	case VL_EREFUSED:
		return "refused";
	default:
		return "other";
	}
}

/* The text behind "<key>: ", or NULL when the line has another key. */
static const char *
value_of(const char *text, const char *key)
{
	size_t n = strlen(key);

	return strncmp(text, key, n) == 0 ? text + n : NULL;
}

static void
take(struct vector *v, const char *text)
{
	const char *value = NULL;

	if (value_of(text, "comment: ") != NULL)
		return;
	value = value_of(text, "expect: ");
	if (value != NULL) {
		assert_true(strlen(value) < sizeof(v->expect));
		memcpy(v->expect, value, strlen(value) + 1);
		return;
	}
	assert_int_equal(0, v->n); /* one line a vector */
	value = value_of(text, "line: ");
	if (value != NULL) {
		v->n = strlen(value);
		assert_true(v->n < sizeof(v->line));
		memcpy(v->line, value, v->n);
		v->line[v->n++] = '\n';
		return;
	}
	value = value_of(text, "hex: ");
	/* An unknown key is a broken vector, never one to skip. */
	assert_non_null(value);
	v->n = strlen(value) / 2;
	assert_true(v->n <= sizeof(v->line));
	assert_true(vl_unhex(v->line, v->n, vl_slice_of(value)));
}

static void
vector_load(struct vector *v, const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	assert_non_null(f);
	memset(v, 0, sizeof(*v));
	while ((n = getline(&text, &cap, f)) > 0) {
		assert_int_equal('\n', text[n - 1]);
		text[n - 1] = '\0';
		take(v, text);
	}
	free(text);
	assert_int_equal(0, fclose(f));
	assert_true(v->n > 0);
}

/* A copy that ends where its memory ends: an overread dies. */
static enum vl_status
decode_exact(
    const struct vector *v, struct vl_entry_store *store, struct vl_buf *again)
{
	uint8_t *tight = malloc(v->n);
	struct vl_entry e;
	struct vl_err err = { 0 };
	enum vl_status st;

	assert_non_null(tight);
	memcpy(tight, v->line, v->n);
	st = vl_entry_decode(&e, store, (struct vl_slice){ tight, v->n }, &err);
	if (st == VL_OK)
		assert_int_equal(VL_OK, vl_entry_encode(again, &e, NULL, &err));
	else
		assert_true(err.text[0] != '\0');
	free(tight);
	return st;
}

static void
decodes_manifest_line_vectors(void **state)
{
	struct vl_entry_store store = { 0 };
	struct vl_buf again = { 0 };
	struct vector *v = malloc(sizeof(*v));
	glob_t found;
	size_t i;

	(void)state;
	assert_non_null(v);
	assert_int_equal(0,
	    glob(SOURCE_DIR "/formats/vectors/manifest-line/*", 0, NULL,
	        &found));
	assert_true(found.gl_pathc >= 200); /* an empty folder must not pass */
	for (i = 0; i < found.gl_pathc; i++) {
		print_message("%s\n", found.gl_pathv[i]);
		vector_load(v, found.gl_pathv[i]);
		vl_buf_clear(&again);
		assert_string_equal(
		    v->expect, outcome(decode_exact(v, &store, &again)));
		/* Nothing but a member that is passed over may get lost. */
		if (strcmp(v->expect, "ok") != 0 ||
		    memmem(v->line, v->n, ",\"x_", 4) != NULL)
			continue;
		assert_int_equal(v->n, again.n);
		assert_memory_equal(v->line, again.p, again.n);
	}
	globfree(&found);
	free(v);
	vl_buf_free(&again);
	vl_entry_store_free(&store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_manifest_line_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
