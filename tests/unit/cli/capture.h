#ifndef VALISE_TEST_CLI_CAPTURE_H
#define VALISE_TEST_CLI_CAPTURE_H

/* Run something with stdout and stderr going to files, and look at them. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

#include <valise/cli.h>

struct captured {
	char out[16384];
	char err[16384];
};

static inline int
capture_begin(int fd, const char *file)
{
	int kept = dup(fd);
	int to = open(file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(kept >= 0 && to >= 0);
	assert_int_equal(fd, dup2(to, fd));
	(void)close(to);
	return kept;
}

static inline void
capture_end(int fd, int kept, const char *file, char *text, size_t size)
{
	ssize_t n = 0;
	int from = open(file, O_RDONLY);

	assert_true(from >= 0);
	n = read(from, text, size - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	(void)close(from);
	(void)unlink(file);
	assert_int_equal(fd, dup2(kept, fd));
	(void)close(kept);
}

/* vl_cli_main() with these words; returns the exit code. */
static inline int
run_main(struct captured *c, const struct vl_program *program,
    const char *const *words)
{
	char *argv[32] = { NULL };
	char out[64];
	char err[64];
	int argc = 0;
	int kept[2] = { -1, -1 };
	int code = 0;

	(void)snprintf(out, sizeof(out), "out.%d", (int)getpid());
	(void)snprintf(err, sizeof(err), "err.%d", (int)getpid());
	argv[argc++] = strdup(program->name);
	for (; *words != NULL && argc < 31; words++)
		argv[argc++] = strdup(*words);
	(void)fflush(stdout);
	(void)fflush(stderr);
	kept[0] = capture_begin(STDOUT_FILENO, out);
	kept[1] = capture_begin(STDERR_FILENO, err);
	code = vl_cli_main(program, argc, argv);
	(void)fflush(stdout);
	(void)fflush(stderr);
	capture_end(STDERR_FILENO, kept[1], err, c->err, sizeof(c->err));
	capture_end(STDOUT_FILENO, kept[0], out, c->out, sizeof(c->out));
	while (argc > 0)
		free(argv[--argc]);
	return code;
}

#define RUN(c, program, ...)                                                   \
	run_main(c, program, (const char *const[]){ __VA_ARGS__, NULL })

#endif
