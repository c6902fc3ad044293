/*
 * Values of a real application, n8n (fixtures/place): its ids are found, and
 * with others in their place nothing else has changed.
 */

#include <stdio.h>

#include "find.h"

static void
load(struct vl_buf *b, const char *name)
{
	char path[4096];
	FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/fixtures/place/%s", SOURCE_DIR, name);
	file = fopen(path, "rb");
	if (file == NULL)
		fail_msg("cannot open '%s'", path);
	assert_int_equal(VL_OK, vl_buf_reserve(b, 65536, NULL));
	b->n = fread(b->p, 1, 65536, file);
	fclose(file);
	assert_true(b->n > 0 && b->n < 65536);
}

/* All in one list, as a column with several references has them. */
static void
find_all(struct vl_places *all, struct vl_slice value, const struct find *how,
    size_t n)
{
	struct vl_places places = { 0 };
	struct vl_err err = { 0 };
	size_t i = 0;

	for (i = 0; i < n; i++) {
		struct vl_finder *f = finder_of(&how[i]);

		places.n = 0;
		assert_int_equal(
		    VL_OK, vl_finder_find(f, value, &places, &err));
		assert_true(places.n > 0);
		assert_int_equal(VL_OK, vl_places_merge(all, &places, &err));
		vl_finder_free(f);
	}
	vl_places_free(&places);
}

static void
text_is(struct vl_slice value, const struct vl_place *place, const char *text)
{
	struct vl_buf out = { 0 };

	assert_int_equal(VL_OK, vl_place_read(&out, value, place, NULL));
	assert_true(vl_slice_equal(vl_slice_of(text), vl_buf_slice(&out)));
	vl_buf_free(&out);
}

/* `out`: the value with the text `to` at every place. */
static void
replace(struct vl_buf *out, struct vl_slice value, const struct vl_places *all,
    const char *to)
{
	size_t done = 0;
	size_t i = 0;

	for (i = 0; i <= all->n; i++) {
		const size_t at = i < all->n ? all->list[i].at : value.n;

		assert_int_equal(VL_OK,
		    vl_buf_add(out,
		        (struct vl_slice){ value.p + done, at - done }, NULL));
		if (i == all->n)
			break;
		assert_int_equal(VL_OK,
		    vl_place_write(
		        out, all->list[i].form, vl_slice_of(to), NULL));
		done = at + all->list[i].n;
	}
}

/* `a` with each `from` replaced is `b`. */
static void
differs_only_in(struct vl_slice a, struct vl_slice b, const char *const *from,
    const char *to)
{
	struct vl_buf plain = { 0 };
	size_t i = 0;
	size_t k = 0;

	while (i < a.n) {
		for (k = 0; from[k] != NULL; k++)
			if (a.n - i >= strlen(from[k]) &&
			    memcmp(a.p + i, from[k], strlen(from[k])) == 0)
				break;
		assert_int_equal(VL_OK,
		    from[k] != NULL ?
		        vl_buf_add_text(&plain, to, NULL) :
		        vl_buf_add(
		            &plain, (struct vl_slice){ a.p + i, 1 }, NULL));
		i += from[k] != NULL ? strlen(from[k]) : 1;
	}
	assert_true(vl_slice_equal(vl_buf_slice(&plain), b));
	vl_buf_free(&plain);
}

static void
workflows_name_credentials_and_workflows(void **state)
{
	static const struct find how[] = {
		{ .json = "$[*].credentials.*.id" },
		{ .json = "$[*].parameters.workflowId.value" },
	};
	static const char *const ids[] = { "credHeader000002",
		"wfSubNormalise01", "credHttpBasic001", NULL };
	struct vl_places all = { 0 };
	struct vl_buf nodes = { 0 };
	struct vl_buf other = { 0 };
	size_t i = 0;

	(void)state;
	load(&nodes, "n8n-nodes.json");
	find_all(&all, vl_buf_slice(&nodes), how, 2);
	assert_int_equal(3, all.n);
	for (i = 0; i < 3; i++)
		text_is(vl_buf_slice(&nodes), &all.list[i], ids[i]);
	replace(&other, vl_buf_slice(&nodes), &all, "\"new\"");
	differs_only_in(
	    vl_buf_slice(&nodes), vl_buf_slice(&other), ids, "\\\"new\\\"");
	vl_places_free(&all);
	vl_buf_free(&nodes);
	vl_buf_free(&other);
}

static void
settings_name_the_workflow_for_errors(void **state)
{
	static const struct find how[] = { { .json = "$.errorWorkflow" } };
	struct vl_places all = { 0 };
	struct vl_buf settings = { 0 };

	(void)state;
	load(&settings, "n8n-settings.json");
	find_all(&all, vl_buf_slice(&settings), how, 1);
	assert_int_equal(1, all.n);
	text_is(vl_buf_slice(&settings), &all.list[0], "wfErrorHandler01");
	vl_places_free(&all);
	vl_buf_free(&settings);
}

/* By pattern over the bytes, and the same over the strings of the JSON. */
static void
executions_name_files_by_path(void **state)
{
	static const struct find how[] = {
		{ .pattern = "filesystem-v2:workflows/([^/\"]+)/executions/" },
		{ .pattern = "filesystem-v2:workflows/[^/\"]+/executions/"
		             "(\\d+)/binary_data/" },
	};
	struct find json = { 0 };
	struct vl_places all = { 0 };
	struct vl_places same = { 0 };
	struct vl_buf data = { 0 };
	struct vl_buf other = { 0 };
	size_t i = 0;

	(void)state;
	load(&data, "n8n-execution.json");
	find_all(&all, vl_buf_slice(&data), how, 2);
	assert_int_equal(2, all.n);
	text_is(vl_buf_slice(&data), &all.list[0], "wfMainIntake0001");
	text_is(vl_buf_slice(&data), &all.list[1], "1");
	for (i = 0; i < 2; i++) {
		json =
		    (struct find){ .json = "$[*]", .pattern = how[i].pattern };
		same.n = 0;
		find_all(&same, vl_buf_slice(&data), &json, 1);
		assert_int_equal(1, same.n);
		assert_int_equal(all.list[i].at, same.list[0].at);
		assert_int_equal(all.list[i].n, same.list[0].n);
		assert_int_equal(VL_FORM_JSON_TEXT, same.list[0].form);
	}
	replace(&other, vl_buf_slice(&data), &all, "777");
	assert_non_null(memmem(other.p, other.n,
	    "\"filesystem-v2:workflows/777/executions/777/binary_data/", 54));
	assert_int_equal(data.n - 16 + 3 - 1 + 3, other.n);
	vl_places_free(&all);
	vl_places_free(&same);
	vl_buf_free(&data);
	vl_buf_free(&other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workflows_name_credentials_and_workflows),
		cmocka_unit_test(settings_name_the_workflow_for_errors),
		cmocka_unit_test(executions_name_files_by_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
