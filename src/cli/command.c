/* A command whose output is the password; no shell is involved. */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "private.h"

extern char **environ;

/* Words of a command line: blanks part them, quotes hold them together.
 * `words` ends with NULL; free both with free(). */
static enum vl_status
split_words(char ***words, char **memory, const char *line, struct vl_err *err)
{
	size_t room = strlen(line) + 1;
	char *to = malloc(room);
	char quote = '\0';
	bool inside = false; /* of a word */
	size_t n = 0;

	*memory = to;
	*words = calloc(room / 2 + 2, sizeof(char *));
	if (to == NULL || *words == NULL)
		return vl_fail_memory(err);
	for (; *line != '\0'; line++) {
		if (quote == '\0' && (*line == ' ' || *line == '\t')) {
			if (inside)
				*to++ = '\0';
			inside = false;
			continue;
		}
		if (!inside)
			(*words)[n++] = to;
		inside = true;
		if (quote == '\0' && (*line == '\'' || *line == '"'))
			quote = *line;
		else if (*line == quote)
			quote = '\0';
		else
			*to++ = *line;
	}
	*to = '\0';
	if (quote != '\0')
		return vl_fail(
		    err, VL_EUSAGE, "a quote in the command is not closed");
	if (n == 0)
		return vl_fail(err, VL_EUSAGE, "the command is empty");
	return VL_OK;
}

static enum vl_status
start(pid_t *pid, int out, char **words, struct vl_err *err)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int rc = 0;

	/* We ignore these, which the command would inherit. */
	(void)sigemptyset(&defaults);
	(void)sigaddset(&defaults, SIGPIPE);
	(void)sigaddset(&defaults, SIGXFSZ);
	rc = posix_spawn_file_actions_init(&actions);
	if (rc != 0)
		return vl_fail_memory(err);
	rc = posix_spawnattr_init(&attr);
	if (rc != 0) {
		(void)posix_spawn_file_actions_destroy(&actions);
		return vl_fail_memory(err);
	}
	(void)posix_spawnattr_setsigdefault(&attr, &defaults);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawnp(
		    pid, words[0], &actions, &attr, words, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	if (rc != 0)
		return vl_fail(err, VL_EUSAGE, "cannot run '%s': %s", words[0],
		    strerror(rc));
	return VL_OK;
}

enum vl_status
vl_command_output(
    char *out, size_t size, size_t *n, const char *line, struct vl_err *err)
{
	char **words = NULL;
	char *memory = NULL;
	int ends[2] = { -1, -1 };
	enum vl_status st = VL_OK;
	pid_t pid = -1;
	int how = 0;

	st = split_words(&words, &memory, line, err);
	if (st != VL_OK)
		goto out;
	if (pipe2(ends, O_CLOEXEC) != 0) {
		st = vl_fail_errno(err, "cannot make a pipe");
		goto out;
	}
	st = start(&pid, ends[1], words, err);
	(void)close(ends[1]);
	ends[1] = -1;
	if (st == VL_OK)
		st = vl_read_waiting(ends[0], out, size, n, err);
	/* What is still printing must not wait for us for ever. */
	(void)close(ends[0]);
	ends[0] = -1;
	while (pid > 0 && waitpid(pid, &how, 0) < 0 && errno == EINTR)
		;
	if (st == VL_OK && *n == size)
		st = vl_fail(
		    err, VL_EUSAGE, "it prints more than %zu bytes", size - 1);
	if (st == VL_OK && (!WIFEXITED(how) || WEXITSTATUS(how) != 0))
		st = vl_fail(err, VL_EUSAGE, "'%s' failed", words[0]);
	if (st == VL_OK)
		out[*n] = '\0';
out:
	if (ends[0] >= 0)
		(void)close(ends[0]);
	free(words);
	free(memory);
	return st;
}
