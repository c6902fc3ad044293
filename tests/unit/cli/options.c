/* Words and environment against an option table; help out of the same. */

#include "capture.h"

struct opts {
	bool flag;
	const char *text;
	struct vl_texts list;
	struct vl_number number;
	uint64_t size;
	unsigned choice;
	const char *other;
};

#define AT(member) offsetof(struct opts, member)

static const char *const choices[] = { "normal", "light", "strong", NULL };

static const struct vl_opt table[] = { { .name = "flag",
	                                   .type = VL_OPT_FLAG,
	                                   .at = AT(flag),
	                                   .help = "a flag" },
	{ .name = "text",
	    .letter = 't',
	    .arg = "TEXT",
	    .type = VL_OPT_TEXT,
	    .at = AT(text),
	    .env = true,
	    .group = 'g',
	    .help = "a text" },
	{ .name = "other-text",
	    .arg = "TEXT",
	    .type = VL_OPT_TEXT,
	    .at = AT(other),
	    .env = true,
	    .group = 'g',
	    .help = "another" },
	{ .name = "list",
	    .arg = "ITEM",
	    .type = VL_OPT_LIST,
	    .at = AT(list),
	    .help = "items" },
	{ .name = "number",
	    .arg = "N",
	    .type = VL_OPT_NUMBER,
	    .at = AT(number),
	    .min = 1,
	    .max = 12,
	    .env = true,
	    .help = "a number" },
	{ .name = "size",
	    .arg = "SIZE",
	    .type = VL_OPT_SIZE,
	    .at = AT(size),
	    .help = "a size" },
	{ .name = "choice",
	    .arg = "WORD",
	    .type = VL_OPT_CHOICE,
	    .at = AT(choice),
	    .choices = choices,
	    .help = "a choice" },
	{ .name = "tomorrow", .type = VL_OPT_LATER },
	{ .name = "elsewhere",
	    .type = VL_OPT_LATER,
	    .help = "is not for this" },
	{ .name = NULL } };

/* What the command last saw; lists are copied, they end with the run. */
static struct opts seen;
static char items[4][32];
static char operands[4][32];
static size_t noperands;

static enum vl_status
remember(const struct vl_args *args, struct vl_err *err)
{
	size_t i = 0;

	(void)err;
	seen = *(const struct opts *)args->opts;
	noperands = args->n;
	for (i = 0; i < args->n; i++)
		(void)snprintf(
		    operands[i], sizeof(operands[i]), "%s", args->operands[i]);
	for (i = 0; i < seen.list.n; i++)
		(void)snprintf(
		    items[i], sizeof(items[i]), "%s", seen.list.list[i]);
	/* Words are gone after the run: what is compared must be so now. */
	if (seen.text != NULL)
		(void)snprintf(items[3], sizeof(items[3]), "%s", seen.text);
	return VL_OK;
}

static const struct vl_cmd plain = {
	.operands = "FILE...",
	.help = "does it",
	.opts = table,
	.opts_size = sizeof(struct opts),
	.min_operands = 1,
	.max_operands = 3,
	.run = remember,
};

static const struct vl_opt other_table[] = { { .name = "to",
	                                         .arg = "DIR",
	                                         .type = VL_OPT_TEXT,
	                                         .at = AT(text),
	                                         .required = true,
	                                         .help = "where" },
	{ .name = NULL } };

static const struct vl_cmd other = {
	.name = "other",
	.help = "does something else",
	.opts = other_table,
	.opts_size = sizeof(struct opts),
	.run = remember,
};

static const struct vl_cmd raw = {
	.name = "raw",
	.help = "hands words on",
	.opts_size = sizeof(struct opts),
	.max_operands = 4,
	.raw = true,
	.run = remember,
};

static const struct vl_cmd *const cmds[] = { &plain, &other, &raw, NULL };
static const struct vl_cmd *const named[] = { &other, NULL };
static const struct vl_program program = {
	.name = "prog", .version = "1.2.3", .help = "Does it all.", .cmds = cmds
};
static const struct vl_program strict = { .name = "strict",
	.version = "1",
	.help = "Commands only.",
	.cmds = named };

static int
clear_environment(void **state)
{
	(void)state;
	return unsetenv("VALISE_TEXT") | unsetenv("VALISE_OTHER_TEXT") |
	    unsetenv("VALISE_NUMBER");
}

static void
reads_options_in_every_form(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(0,
	    RUN(&c, &program, "--flag", "a", "--text=x=y", "--list", "1",
	        "--number", "12", "--list=2", "--size", "64K", "--choice=light",
	        "--", "--flag", "-"));
	assert_true(seen.flag);
	assert_string_equal("x=y", items[3]);
	assert_int_equal(2, seen.list.n);
	assert_string_equal("1", items[0]);
	assert_string_equal("2", items[1]);
	assert_true(seen.number.given);
	assert_int_equal(12, seen.number.value);
	assert_int_equal(65536, seen.size);
	assert_int_equal(1, seen.choice);
	assert_int_equal(3, noperands);
	assert_string_equal("a", operands[0]);
	assert_string_equal("--flag", operands[1]);
	assert_string_equal("-", operands[2]);

	assert_int_equal(0, RUN(&c, &program, "-t", "x", "a"));
	assert_string_equal("x", items[3]);
	assert_int_equal(0, RUN(&c, &program, "-tx y", "a"));
	assert_string_equal("x y", items[3]);
	assert_false(seen.flag);
	assert_false(seen.number.given);
}

/* Exit 2, nothing on stdout, "prog: " and the message on stderr. */
static void
refused(
    const struct vl_program *p, const char *const *words, const char *message)
{
	struct captured c;
	char expected[512];

	assert_int_equal(2, run_main(&c, p, words));
	assert_string_equal("", c.out);
	(void)snprintf(
	    expected, sizeof(expected), "%s: %s\n", p->name, message);
	assert_string_equal(expected, c.err);
}

#define REFUSED(message, ...)                                                  \
	refused(&program, (const char *const[]){ __VA_ARGS__, NULL }, message)

static void
says_what_would_be_right(void **state)
{
	(void)state;
	REFUSED(
	    "unknown option '--flga'; did you mean '--flag'?", "a", "--flga");
	REFUSED(
	    "unknown option '--txet'; did you mean '--text'?", "a", "--txet=v");
	/* The beginning of a longer one, however near another is. */
	REFUSED("unknown option '--other'; did you mean '--other-text'?", "a",
	    "--other=v");
	REFUSED("unknown option '--xyzzyplugh'; '--help' lists what there is",
	    "a", "--xyzzyplugh");
	REFUSED("unknown option '-x'; '--help' lists what there is", "-x");
	REFUSED("'--tomorrow' is not known to this version yet", "a",
	    "--tomorrow", "1");
	REFUSED("'--elsewhere' is not for this", "a", "--elsewhere");
	REFUSED("'--text' needs a value: '--text TEXT'", "a", "--text");
	REFUSED("'--text' is given twice", "a", "--text=1", "-t", "2");
	REFUSED("'--text' is empty", "a", "--text=");
	REFUSED("'--flag' takes no value", "a", "--flag=yes");
	REFUSED("'--number' takes a number from 1 to 12, not '13'", "a",
	    "--number", "13");
	REFUSED("'--number' takes a number from 1 to 12, not '0'", "a",
	    "--number=0");
	REFUSED("'--number' takes a number from 1 to 12, not '-1'", "a",
	    "--number", "-1");
	REFUSED("'--number' takes a number from 1 to 12, not "
	        "'18446744073709551617'",
	    "a", "--number", "18446744073709551617");
	REFUSED("'--choice' takes one of normal, light, strong, not 'lihgt'; "
	        "did you mean 'light'?",
	    "a", "--choice", "lihgt");
	REFUSED("something is missing: 'FILE...' is expected; see '--help'",
	    "--flag");
	REFUSED("'d\\x1b' is one word too many", "a", "b", "c", "d\x1b");
	REFUSED("'--to DIR' is missing; see '--help'", "other");
	refused(&strict, (const char *const[]){ "othre", NULL },
	    "unknown command 'othre'; did you mean 'other'?");
	refused(&strict, (const char *const[]){ NULL },
	    "a command is missing; 'strict help' lists what there is");
}

static void
prefers_flags_to_the_environment(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(0, setenv("VALISE_TEXT", "from-env", 1));
	assert_int_equal(0, setenv("VALISE_NUMBER", "7", 1));
	assert_int_equal(0, RUN(&c, &program, "a"));
	assert_string_equal("from-env", items[3]);
	assert_int_equal(7, seen.number.value);
	assert_int_equal(0, RUN(&c, &program, "a", "--text=flag"));
	assert_string_equal("flag", items[3]);
	/* Another of the same group says it already. */
	assert_int_equal(0, RUN(&c, &program, "a", "--other-text=flag"));
	assert_null(seen.text);
	assert_int_equal(0, setenv("VALISE_NUMBER", "many", 1));
	REFUSED("'VALISE_NUMBER' takes a number from 1 to 12, not 'many'", "a");
}

static void
hands_raw_words_on(void **state)
{
	struct captured c;

	(void)state;
	assert_int_equal(0, RUN(&c, &program, "raw", "--help", "--", "-x"));
	assert_int_equal(3, noperands);
	assert_string_equal("--help", operands[0]);
	assert_string_equal("--", operands[1]);
}

static void
lists_every_option_in_help(void **state)
{
	static const char *const asked[][3] = { { "--help" }, { "help" },
		{ "a", "--flag", "-h" } };
	const struct vl_opt *o = NULL;
	struct captured c;
	char word[64];
	size_t i = 0;

	(void)state;
	for (i = 0; i < 3; i++) {
		const char *words[] = { asked[i][0], asked[i][1], asked[i][2],
			NULL };

		assert_int_equal(0, run_main(&c, &program, words));
		assert_string_equal("", c.err);
		for (o = table; o->name != NULL; o++) {
			(void)snprintf(word, sizeof(word), "--%s", o->name);
			if (o->type == VL_OPT_LATER)
				assert_null(strstr(c.out, word));
			else
				assert_non_null(strstr(c.out, word));
		}
		assert_non_null(strstr(c.out, "VALISE_OTHER_TEXT"));
		assert_non_null(strstr(c.out, "does something else"));
	}
	assert_int_equal(0, RUN(&c, &program, "help", "other"));
	assert_non_null(strstr(c.out, "usage: prog other --to DIR\n"));
	assert_int_equal(0, RUN(&c, &program, "--version"));
	assert_string_equal("prog 1.2.3\n", c.out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_options_in_every_form),
		cmocka_unit_test(says_what_would_be_right),
		cmocka_unit_test_teardown(
		    prefers_flags_to_the_environment, clear_environment),
		cmocka_unit_test(hands_raw_words_on),
		cmocka_unit_test(lists_every_option_in_help),
	};

	if (clear_environment(NULL) != 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
