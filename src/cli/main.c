/* From argv to exit code: the frame in which every command runs. */

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/resource.h>
#include <unistd.h>

#include <valise/secret.h>
#include <valise/text.h>

#include "private.h"

/* For the lines on stderr; set once, before anything else runs. */
static const char *program_name = "valise";

int
vl_exit_code(enum vl_status status)
{
	static const struct {
		enum vl_status status;
		int code;
	} codes[] = { { VL_OK, 0 }, { VL_EIO, 1 }, { VL_EUSAGE, 2 },
		{ VL_EPARTIAL, 3 }, { VL_EREFUSED, 4 }, { VL_EFORMAT, 5 },
		{ VL_EAUTH, 5 }, { VL_ELIMIT, 5 }, { VL_EPATH, 5 },
		{ VL_ETRUST, 6 }, { VL_EKEY, 7 }, { VL_ELOCKED, 8 },
		{ VL_EPENDING, 9 }, { VL_EDIFFER, 10 }, { VL_ETEMP, 75 } };
	size_t i = 0;

	if (status == VL_ESIGNAL)
		return 128 + vl_signals_caught();
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].status == status)
			return codes[i].code;
	return 1;
}

void
vl_cli_note(const char *format, ...)
{
	va_list args;

	/* A log that both go to is read in the order of what happened. */
	(void)fflush(stdout);
	vl_progress_clear();
	(void)fprintf(stderr, "%s: ", program_name);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
}

/* No file of ours may come to stand where messages go. */
static void
fill_standard_descriptors(void)
{
	int fd = 0;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

/* Many files at once, and keys that stay out of swap. */
static void
raise_limits(void)
{
	struct rlimit limit = { 0 };

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_MEMLOCK, &limit);
	}
}

/* How many of the words `name` consists of, as "key export" does of two, or of
 * one where they are quoted; 0 where it is another command. */
static int
words_of(const char *name, int argc, char **argv)
{
	int n = 0;
	size_t len = 0;

	if (argc > 0 && strcmp(name, argv[0]) == 0)
		return 1;
	for (; *name != '\0'; n++) {
		len = strcspn(name, " ");
		if (n == argc || strlen(argv[n]) != len ||
		    memcmp(name, argv[n], len) != 0)
			return 0;
		name += len;
		name += *name == ' ';
	}
	return n;
}

/* The command that the words begin with, and how many of them it is. */
static const struct vl_cmd *
find_cmd(const struct vl_program *program, int argc, char **argv, int *words)
{
	const struct vl_cmd *const *c = program->cmds;

	for (; *c != NULL; c++) {
		*words =
		    (*c)->name != NULL ? words_of((*c)->name, argc, argv) : 0;
		if (*words > 0)
			return *c;
	}
	return NULL;
}

/* What the program does without a command's word. */
static const struct vl_cmd *
plain_cmd(const struct vl_program *program)
{
	const struct vl_cmd *const *c = program->cmds;

	while (*c != NULL && (*c)->name != NULL)
		c++;
	return *c;
}

bool
vl_cmd_begins(const struct vl_cmd *cmd, const char *word)
{
	const size_t len = strlen(word);

	return cmd->name != NULL && len > 0 &&
	    strncmp(cmd->name, word, len) == 0 && cmd->name[len] == ' ';
}

/* `word` needs one more: into `text`, with what there is; or nothing. */
static void
more_words(
    char *text, size_t size, const struct vl_program *program, const char *word)
{
	const struct vl_cmd *const *c = program->cmds;
	size_t used = 0;

	text[0] = '\0';
	for (; *c != NULL && used < size; c++)
		if (vl_cmd_begins(*c, word))
			used += (size_t)snprintf(text + used, size - used,
			    "%s'%s %s'", used > 0 ? ", " : "", program->name,
			    (*c)->name);
}

static enum vl_status
unknown_cmd(
    const struct vl_program *program, const char *word, struct vl_err *err)
{
	const char *names[VL_OPTS_MAX + 2] = { NULL };
	const struct vl_cmd *const *c = program->cmds;
	const char *near = NULL;
	char shown[80];
	char more[256];
	size_t n = 0;

	more_words(more, sizeof(more), program, word);
	if (more[0] != '\0')
		return vl_fail(err, VL_EUSAGE,
		    "a word is missing: '%s %s' is the beginning of %s",
		    program->name, word, more);
	for (; *c != NULL && n < VL_OPTS_MAX; c++)
		if ((*c)->name != NULL)
			names[n++] = (*c)->name;
	names[n] = "help";
	near = vl_nearest(word, names);
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(word));
	if (near != NULL)
		return vl_fail(err, VL_EUSAGE,
		    "unknown command '%s'; did you mean '%s'?", shown, near);
	return vl_fail(err, VL_EUSAGE,
	    "unknown command '%s'; '%s help' lists what there is", shown,
	    program->name);
}

static enum vl_status
show_help(
    const struct vl_program *program, int argc, char **argv, struct vl_err *err)
{
	const struct vl_cmd *cmd = NULL;
	int words = 0;

	if (argc == 0) {
		vl_help_program(program);
		return VL_OK;
	}
	cmd = find_cmd(program, argc, argv, &words);
	if (cmd != NULL)
		vl_help_cmd(program, cmd);
	else if (argc > 1 || !vl_help_group(program, argv[0]))
		return unknown_cmd(program, argv[0], err);
	return VL_OK;
}

static enum vl_status
run_cmd(const struct vl_program *program, const struct vl_cmd *cmd, int argc,
    char **argv, struct vl_err *err)
{
	struct vl_parsed parsed = { 0 };
	struct vl_args args = { .program = program, .cmd = cmd };
	struct vl_msg m = { 0 };
	enum vl_status st = vl_parse(&parsed, cmd, argc, argv, err);

	if (st == VL_OK && parsed.help) {
		if (cmd->name == NULL)
			vl_help_program(program);
		else
			vl_help_cmd(program, cmd);
	} else if (st == VL_OK) {
		args.opts = parsed.opts;
		args.operands = parsed.operands;
		args.n = parsed.n;
		args.json = parsed.json;
		st = cmd->run(&args, err);
	}
	if (st != VL_OK && parsed.json) {
		vl_msg_begin(&m, "exit_error");
		vl_msg_count(&m, "code", (uint64_t)vl_exit_code(st));
		vl_msg_text(&m, "message", vl_slice_of(err->text));
		vl_msg_end(&m);
	}
	vl_parsed_free(&parsed, cmd);
	return st;
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static enum vl_status
run_words(
    const struct vl_program *program, int argc, char **argv, struct vl_err *err)
{
	const struct vl_cmd *cmd = NULL;
	int words = 0;

	if (argc > 0 && asks_for_help(argv[0]))
		return show_help(program, 0, NULL, err);
	if (argc > 0 && strcmp(argv[0], "help") == 0)
		return show_help(program, argc - 1, argv + 1, err);
	if (argc > 0 && strcmp(argv[0], "--version") == 0) {
		printf("%s %s\n", program->name, program->version);
		return VL_OK;
	}
	cmd = find_cmd(program, argc, argv, &words);
	if (cmd != NULL)
		return run_cmd(program, cmd, argc - words, argv + words, err);
	cmd = plain_cmd(program);
	if (cmd != NULL)
		return run_cmd(program, cmd, argc, argv, err);
	if (argc == 0)
		return vl_fail(err, VL_EUSAGE,
		    "a command is missing; '%s help' lists what there is",
		    program->name);
	if (argc == 2 && asks_for_help(argv[1]) &&
	    vl_help_group(program, argv[0]))
		return VL_OK;
	return unknown_cmd(program, argv[0], err);
}

int
vl_cli_main(const struct vl_program *program, int argc, char **argv)
{
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	program_name = program->name;
	fill_standard_descriptors();
	/* Before a word of the command line is looked at. */
	if (!vl_secret_init()) {
		vl_cli_note("cannot start: core dumps cannot be forbidden, or "
		            "libsodium does not initialise");
		return 1;
	}
	raise_limits();
	vl_signals_init();
	st = run_words(program, argc > 0 ? argc - 1 : 0, argv + 1, &err);
	vl_progress_clear();
	if (!vl_secret_locked())
		vl_cli_note("note: keys could not be locked into memory and "
		            "may have reached swap; 'ulimit -l' is too low");
	if (st != VL_OK && err.text[0] != '\0')
		vl_cli_note("%s", err.text);
	if ((fflush(stdout) != 0 || ferror(stdout)) && st == VL_OK) {
		vl_cli_note("done, but its output could not be written: %s",
		    strerror(errno));
		st = VL_EIO;
	}
	return vl_exit_code(st);
}
