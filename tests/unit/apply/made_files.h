#ifndef TEST_APPLY_MADE_FILES_H
#define TEST_APPLY_MADE_FILES_H

/* Bundles and targets where what comes of a file is made here: values of it
 * stay the target's and its members are records, or secrets are put back into
 * it. */

#include <valise/tokens.h>

#include "outcome.h"

#define VALUES                                                                 \
	SITE "profile:\n  resources:\n    - resource: tree\n      members: "   \
	     "[{file: a, json: $.all}]\n"                                      \
	     "      keep_here: [{file: a, json: $.own}]\n"
#define VALUES_THERE "{\"all\":{\"one\":1,\"two\":[2]},\"own\":\"theirs\"}\n"
#define VALUES_HERE  "{\"all\":{\"mine\":{},\"two\":3},\"own\":\"ours\"}\n"
#define VALUES_MADE                                                            \
	"{\"all\":{\"one\":1,\"two\":[2],\"mine\":{}},\"own\":\"ours\"}\n"

#define SECRET_WORDS                                                           \
	"profile:\n  resources:\n    - resource: tree\n"                       \
	"      secrets: [{file: a, line: A}, {file: a, line: B}]\n"
#define SECRETS      SITE SECRET_WORDS
#define SECRETS_LEFT "A=\nB=\nC=theirs\n"
#define SECRETS_HERE "A=another secret\nB=correct horse battery\nC=ours\n"
#define SECRETS_MADE                                                           \
	"A=correct horse battery\nB=correct horse battery\nC=theirs\n"

static struct vl_tokens *tokens;
static struct vl_secret_ops ops;
static struct vl_file_slot places[2];

static const char *file; /* what the target has */

static inline void
reset_file(void *arg)
{
	reset(arg);
	folder_put("world/tree/a", vl_slice_of(file));
}

/* The bundle anew, with secrets: keys are there once it was begun. */
static inline void
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

/* Before this the old tree is the target with `here`; the new one has `made`.
 */
static inline void
use_made(const char *words, const char *here, const char *made)
{
	file = here;
	use_from(words, reset_file);
	assert_non_null(memmem(new_tree.p, new_tree.n, made, strlen(made)));
}

static inline int
made_begin(void **state)
{
	all.text = vl_slice_of(VALUES_THERE);
	return importer_begin(state);
}

static inline int
made_end(void **state)
{
	vl_tokens_free(tokens);
	return outcome_end(state);
}

#endif
