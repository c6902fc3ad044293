/* The pages of formats/ and the table of words say the same. */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <valise/fs.h>
#include <valise/profile.h>

#include "../../../src/site/profile_about.h"

static char *
read_page(const char *file)
{
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };

	if (vl_read_file(AT_FDCWD, file, 1 << 20, &text, &err) != VL_OK)
		fail_msg("%s", err.text);
	assert_int_equal(VL_OK, vl_buf_printf(&text, &err, "%c", 0));
	return (char *)text.p;
}

static void
names_every_word(const char *file, const struct vl_word *words)
{
	char *page = read_page(file);
	char name[100];

	for (; words->word != NULL; words++) {
		(void)snprintf(name, sizeof(name), "`%s`", words->word);
		if (strstr(page, name) == NULL)
			fail_msg("%s does not name %s", file, name);
	}
	free(page);
}

static void
every_word_stands_in_its_page(void **state)
{
	(void)state;
	names_every_word(SOURCE_DIR "/formats/site.md", vl_site_words);
	names_every_word(SOURCE_DIR "/formats/profile.md", vl_profile_table);
}

/* Where the example of a word of that scope stands. */
static const char *
frame_of(enum vl_scope scope)
{
	switch (scope) {
	case VL_SCOPE_PROFILE:
	case VL_SCOPE_VERSION:
		return "%s\n";
	case VL_SCOPE_DATABASE:
	case VL_SCOPE_TREE_OWNERS:
		return "resources: [%s]\n";
	case VL_SCOPE_TABLE:
	case VL_SCOPE_KEY_PART:
	case VL_SCOPE_NESTED_SET:
		return "resources: [{resource: db, tables: [%s]}]\n";
	case VL_SCOPE_ROWS:
	case VL_SCOPE_KEEP_PATH:
	case VL_SCOPE_KEEP_VALUE:
		return "resources: [{resource: db, keep_here: [%s]}]\n";
	case VL_SCOPE_MEMBERS:
		return "resources: [{resource: db, members: [%s]}]\n";
	case VL_SCOPE_HERE:
		return "resources: [{resource: db, here: [%s]}]\n";
	case VL_SCOPE_SECRET:
	case VL_SCOPE_FILE_SECRET:
		return "resources: [{resource: db, secrets: [%s]}]\n";
	case VL_SCOPE_LEAK:
	case VL_SCOPE_FILE_LEAK:
		return "resources: [{resource: db, leaks: [%s]}]\n";
	case VL_SCOPE_NOT_SECRET:
	case VL_SCOPE_FILE_NOT_SECRET:
		return "resources: [{resource: db, not_secret: [%s]}]\n";
	case VL_SCOPE_CIPHER:
	case VL_SCOPE_CIPHER_KEY:
	case VL_SCOPE_CIPHER_MAC:
	case VL_SCOPE_CIPHER_PART:
		return "resources: [{resource: db}]\nciphers: [%s]\n";
	case VL_SCOPE_USE:
		return "site: a\nresources: [{name: app, kind: sqlite, "
		       "path: a.db}]\n%s\n";
	default:
		return "resources: [{resource: db, references: [%s]}]\n";
	}
}

static void
check_example(const struct vl_word_about *a)
{
	struct vl_buf text = { 0 };
	struct vl_profile *p = NULL;
	struct vl_site *site = NULL;
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	assert_int_equal(
	    VL_OK, vl_buf_add_text(&text, frame_of(a->scope), &err));
	text.n =
	    (size_t)(strstr(frame_of(a->scope), "%s") - frame_of(a->scope));
	assert_int_equal(VL_OK, vl_buf_add_text(&text, a->example, &err));
	assert_int_equal(VL_OK,
	    vl_buf_add_text(&text, strstr(frame_of(a->scope), "%s") + 2, &err));
	if (a->scope <= VL_SCOPE_VERSION &&
	    strncmp(a->example, "resources", 9) != 0)
		assert_int_equal(VL_OK,
		    vl_buf_add_text(
		        &text, "resources: [{resource: db}]\n", &err));
	if (a->scope == VL_SCOPE_USE)
		st = vl_site_parse(&site, "s", vl_buf_slice(&text), &err);
	else
		st = vl_profile_parse(&p, "p", vl_buf_slice(&text), &err);
	if (st != VL_OK)
		fail_msg("%s: %s", a->example, err.text);
	if (strstr(a->example, a->word) == NULL)
		fail_msg("%s: is no example of '%s'", a->example, a->word);
	vl_profile_free(p);
	vl_site_free(site);
	vl_buf_free(&text);
}

static void
every_word_is_described_with_an_example_that_is_right(void **state)
{
	const struct vl_word_about *a = vl_profile_about;
	const struct vl_word *w = vl_profile_table;
	const struct vl_word *known = NULL;

	(void)state;
	for (; w->word != NULL; w++)
		if (w->type != VL_WORD_LATER &&
		    vl_word_about_of(w->scope, w->word) == NULL)
			fail_msg("nothing is said of '%s'", w->word);
	for (; a->word != NULL; a++) {
		known = vl_word_find(a->scope, a->word);
		if (known == NULL || known->type == VL_WORD_LATER)
			fail_msg("'%s' is no word", a->word);
		check_example(a);
	}
}

/* The last block of `page` that begins with `fence`. */
static struct vl_slice
last_block(const char *page, const char *fence)
{
	const char *at = NULL;
	const char *next = strstr(page, fence);

	for (; next != NULL; next = strstr(at, fence))
		at = next + strlen(fence);
	assert_non_null(at);
	assert_non_null(strstr(at, "```"));
	return (struct vl_slice){ (const uint8_t *)at,
		(size_t)(strstr(at, "```") - at) };
}

static void
examples_of_a_profile_are_right(void **state)
{
	char *page = read_page(SOURCE_DIR "/formats/profile.md");
	struct vl_slice json = last_block(page, "```json\n");
	struct vl_profile *p = NULL;
	struct vl_err err = { 0 };

	(void)state;
	if (vl_profile_parse(&p, "tracker.yaml", last_block(page, "```yaml\n"),
	        &err) != VL_OK)
		fail_msg("%s", err.text);
	vl_profile_free(p);
	json.n--; /* the line's end */
	if (vl_profile_from_meaning(&p, json, &err) != VL_OK)
		fail_msg("%s", err.text);
	vl_profile_free(p);
	free(page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_stands_in_its_page),
		cmocka_unit_test(
		    every_word_is_described_with_an_example_that_is_right),
		cmocka_unit_test(examples_of_a_profile_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
