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

#include "../../../src/site/words.h"

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
		cmocka_unit_test(examples_of_a_profile_are_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
