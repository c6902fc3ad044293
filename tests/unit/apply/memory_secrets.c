/*
 * Every allocation fails once where a file of the bundle has secrets that are
 * put back into it: the tree is the old or the new one, a failure is told, and
 * the next run brings the import to its end.
 */

#include "../sweep.h"

#include <valise/tokens.h>

#include "outcome.h"

SWEEP(void *, malloc, NULL, (size_t size), (size))
SWEEP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
SWEEP(void *, realloc, NULL, (void *p, size_t size), (p, size))
SWEEP(
    void *, reallocarray, NULL, (void *p, size_t n, size_t size), (p, n, size))
SWEEP(char *, strdup, NULL, (const char *s), (s))
SWEEP(void *, vl_secret_alloc, NULL, (size_t size), (size))

#define SECRETS                                                                \
	SITE "profile:\n  resources:\n    - resource: tree\n"                  \
	     "      secrets: [{file: a, line: A}, {file: a, line: B}]\n"
#define LEFT "A=\nB=\nC=theirs\n"
#define OURS "A=another secret\nB=correct horse battery\nC=ours\n"
#define BOTH "A=correct horse battery\nB=correct horse battery\nC=theirs\n"

static struct vl_tokens *tokens;
static struct vl_secret_ops ops;
static struct vl_file_slot places[2];

static void
reset_secrets(void *arg)
{
	reset(arg);
	folder_put("world/tree/a", vl_slice_of(OURS));
}

static void
secrets_are_put_back_all_or_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_secrets, .work = import, .after = ends
	};

	(void)state;
	use_from(SECRETS, reset_secrets);
	assert_non_null(memmem(new_tree.p, new_tree.n, BOTH, sizeof(BOTH) - 1));
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

static void
a_preview_of_them_changes_nothing_without_memory(void **state)
{
	const struct sweep_work w = {
		.before = reset_secrets, .work = preview, .after = stays_old
	};

	(void)state;
	use_from(SECRETS, reset_secrets);
	assert_true(sweep_all(&w, ENOMEM) > 80);
}

/* The bundle anew, with secrets: keys are there once it was begun. */
static void
seal_secrets(void)
{
	struct vl_err err = { 0 };

	assert_int_equal(VL_OK,
	    vl_tokens_new(
	        &tokens, all.head.series, all.head.epoch, all.keys->tk, &err));
	ops = vl_tokens_ops(tokens);
	places[0] = (struct vl_file_slot){ .at = 2,
		.slot = { .form = VL_SLOT_CLEAR },
		.inside = vl_slice_of("line A") };
	places[1] = (struct vl_file_slot){ .at = 5,
		.slot = { .form = VL_SLOT_CLEAR },
		.inside = vl_slice_of("line B") };
	all.text = vl_slice_of(LEFT);
	all.secrets = &ops;
	all.places = places;
	all.head.must |= VL_MUST_SIV1;
	importer_bundle();
}

static int
begin(void **state)
{
	(void)state;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 9;
	importer_begin();
	seal_secrets();
	return 0;
}

static int
end(void **state)
{
	(void)state;
	outcome_end();
	vl_tokens_free(tokens);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    secrets_are_put_back_all_or_nothing_without_memory),
		cmocka_unit_test(
		    a_preview_of_them_changes_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
