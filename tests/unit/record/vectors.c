/* Every vector of formats/vectors/manifest-line and database-line has the
 * outcome it names. */

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
#include <valise/row.h>

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

/* Decodes a line, and writes what it read again. */
typedef enum vl_status decode_fn(
    struct vl_slice line, struct vl_buf *again, struct vl_err *err);

static enum vl_status
decode_entry(struct vl_slice line, struct vl_buf *again, struct vl_err *err)
{
	struct vl_entry_store store = { 0 };
	struct vl_entry e;
	enum vl_status st = vl_entry_decode(&e, &store, line, err);

	if (st == VL_OK)
		assert_int_equal(VL_OK, vl_entry_encode(again, &e, NULL, err));
	vl_entry_store_free(&store);
	return st;
}

/* As a reader of a bundle does: by the kind that the line can be. */
static enum vl_status
decode_any(struct vl_slice line, struct vl_buf *again, struct vl_err *err)
{
	struct vl_row_store store = { 0 };
	struct vl_profile_line p;
	struct vl_table_line t;
	struct vl_row r;
	size_t hash_at = 0;
	enum vl_status st = VL_OK;

	switch (vl_line_kind(line)) {
	case VL_LINE_ENTRY:
		st = decode_entry(line, again, err);
		break;
	case VL_LINE_PROFILE:
		st = vl_profile_line_decode(&p, &store, line, err);
		if (st == VL_OK)
			st = vl_profile_line_encode(again, &p, err);
		break;
	case VL_LINE_TABLE:
		st = vl_table_line_decode(&t, &store, line, err);
		if (st == VL_OK)
			st = vl_table_line_encode(again, &t, err);
		break;
	case VL_LINE_ROW:
		st = vl_row_decode(&r, &store, line, err);
		if (st == VL_OK)
			st = vl_row_encode(again, &r, &hash_at, err);
		break;
	}
	vl_row_store_free(&store);
	return st;
}

/* A copy that ends where its memory ends: an overread dies. */
static enum vl_status
decode_exact(const struct vector *v, decode_fn *decode, struct vl_buf *again)
{
	uint8_t *tight = malloc(v->n);
	struct vl_err err = { 0 };
	enum vl_status st;

	assert_non_null(tight);
	memcpy(tight, v->line, v->n);
	st = decode((struct vl_slice){ tight, v->n }, again, &err);
	assert_true(st == VL_OK || err.text[0] != '\0');
	free(tight);
	return st;
}

/* An empty folder must not pass. */
static void
check_folder(const char *folder, size_t least, decode_fn *decode)
{
	struct vl_buf again = { 0 };
	struct vector *v = malloc(sizeof(*v));
	glob_t found;
	size_t i;

	assert_non_null(v);
	assert_int_equal(0, glob(folder, 0, NULL, &found));
	assert_true(found.gl_pathc >= least);
	for (i = 0; i < found.gl_pathc; i++) {
		print_message("%s\n", found.gl_pathv[i]);
		vector_load(v, found.gl_pathv[i]);
		vl_buf_clear(&again);
		assert_string_equal(
		    v->expect, outcome(decode_exact(v, decode, &again)));
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
}

static void
decodes_manifest_line_vectors(void **state)
{
	(void)state;
	check_folder(
	    SOURCE_DIR "/formats/vectors/manifest-line/*", 200, decode_entry);
}

static void
decodes_database_line_vectors(void **state)
{
	(void)state;
	check_folder(
	    SOURCE_DIR "/formats/vectors/database-line/*", 140, decode_any);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes_manifest_line_vectors),
		cmocka_unit_test(decodes_database_line_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
