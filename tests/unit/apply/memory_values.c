/*
 * Every allocation fails once where what comes of a file is made here: values
 * of it stay the target's and its members are records, or secrets are put back
 * into it.  The tree is the old or the new one, with the list of what was
 * brought, a failure is told, and the next run brings the import to its end.
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

#define VALUES                                                                 \
	SITE "profile:\n  resources:\n    - resource: tree\n      members: "   \
	     "[{file: a, json: $.all}]\n"                                      \
	     "      keep_here: [{file: a, json: $.own}]\n"
#define VALUES_THERE "{\"all\":{\"one\":1,\"two\":[2]},\"own\":\"theirs\"}\n"
#define VALUES_HERE  "{\"all\":{\"mine\":{},\"two\":3},\"own\":\"ours\"}\n"
#define VALUES_MADE                                                            \
	"{\"all\":{\"one\":1,\"two\":[2],\"mine\":{}},\"own\":\"ours\"}\n"

#define SECRETS                                                                \
	SITE "profile:\n  resources:\n    - resource: tree\n"                  \
	     "      secrets: [{file: a, line: A}, {file: a, line: B}]\n"
#define SECRETS_LEFT "A=\nB=\nC=theirs\n"
#define SECRETS_HERE "A=another secret\nB=correct horse battery\nC=ours\n"
#define SECRETS_MADE                                                           \
	"A=correct horse battery\nB=correct horse battery\nC=theirs\n"

static struct vl_tokens *tokens;
static struct vl_secret_ops ops;
static struct vl_file_slot places[2];

static const char *file; /* what the target has */

static void
reset_file(void *arg)
{
	reset(arg);
	folder_put("world/tree/a", vl_slice_of(file));
}

/* An import by these words makes `made`; it, and a preview, without memory. */
static void
sweep_words(const char *words, const char *here, const char *made)
{
	const struct sweep_work imported = {
		.before = reset_file, .work = import, .after = ends
	};
	const struct sweep_work previewed = {
		.before = reset_file, .work = preview, .after = stays_old
	};

	file = here;
	use_from(words, reset_file);
	assert_non_null(memmem(new_tree.p, new_tree.n, made, strlen(made)));
	assert_true(sweep_all(&imported, ENOMEM) > 80);
	assert_true(sweep_all(&previewed, ENOMEM) > 80);
}

static void
values_and_members_are_all_or_nothing_without_memory(void **state)
{
	(void)state;
	sweep_words(VALUES, VALUES_HERE, VALUES_MADE);
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
	all.text = vl_slice_of(SECRETS_LEFT);
	all.secrets = &ops;
	all.places = places;
	all.head.must |= VL_MUST_SIV1;
	importer_bundle();
}

static void
secrets_are_put_back_all_or_nothing_without_memory(void **state)
{
	(void)state;
	seal_secrets();
	sweep_words(SECRETS, SECRETS_HERE, SECRETS_MADE);
}

static int
begin(void **state)
{
	(void)state;
	sweep.step = getenv("VALISE_TEST_ALL") != NULL ? 1 : 7;
	all.text = vl_slice_of(VALUES_THERE);
	importer_begin();
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
		    values_and_members_are_all_or_nothing_without_memory),
		cmocka_unit_test(
		    secrets_are_put_back_all_or_nothing_without_memory),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
