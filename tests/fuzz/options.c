/* Words of a command line, one a line, against a table of every type. */

#include <valise/cli.h>

#include "fuzz.h"
#include "private.h"

#define WORDS 16

struct opts {
	bool flag;
	const char *text;
	struct vl_texts list;
	struct vl_number number;
	uint64_t size;
	unsigned choice;
};

static const char *const choices[] = { "light", "normal", "strong", NULL };
static const struct vl_opt table[] = { { .name = "flag",
	                                   .type = VL_OPT_FLAG,
	                                   .letter = 'f',
	                                   .at = offsetof(struct opts, flag) },
	{ .name = "text",
	    .arg = "TEXT",
	    .type = VL_OPT_TEXT,
	    .at = offsetof(struct opts, text) },
	VL_ONLY_OPT(struct opts, list, "carry"),
	{ .name = "number",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .min = 2,
	    .max = 64,
	    .at = offsetof(struct opts, number) },
	{ .name = "size",
	    .arg = "SIZE",
	    .type = VL_OPT_SIZE,
	    .at = offsetof(struct opts, size) },
	{ .name = "choice",
	    .arg = "WORD",
	    .type = VL_OPT_CHOICE,
	    .choices = choices,
	    .at = offsetof(struct opts, choice) },
	{ .name = "later", .type = VL_OPT_LATER }, { .name = NULL } };
static const struct vl_cmd cmd = { .name = "try",
	.operands = "WORD...",
	.opts = table,
	.opts_size = sizeof(struct opts),
	.max_operands = 3 };

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct opts *opts = NULL;
	struct vl_parsed parsed = { 0 };
	struct vl_err err = { 0 };
	char *words[WORDS + 1] = { NULL };
	char *text = calloc(1, n + 1);
	char *rest = text;
	int count = 0;

	MUST(text != NULL);
	if (n > 0)
		memcpy(text, p, n);
	while (count < WORDS && (words[count] = strsep(&rest, "\n")) != NULL)
		count++;
	if (vl_parse(&parsed, &cmd, count, words, &err) == VL_OK) {
		opts = parsed.opts;
		MUST(parsed.help || parsed.n <= cmd.max_operands);
		MUST(!opts->number.given ||
		    (opts->number.value >= 2 && opts->number.value <= 64));
		MUST(opts->choice < 3);
	} else {
		MUST(err.status == VL_EUSAGE);
	}
	vl_parsed_free(&parsed, &cmd);
	free(text);
	return 0;
}
