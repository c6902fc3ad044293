#ifndef VALISE_CLI_PRIVATE_H
#define VALISE_CLI_PRIVATE_H

/* Between the files of `cli`. */

#include <valise/cli.h>

#define VL_OPTS_MAX     64   /* options of one command */
#define VL_PASSWORD_MAX 1024 /* bytes */
#define VL_PASSWORD_MIN 12   /* characters, to make a bundle with */

/* What the words of a command came to; free with vl_parsed_free(). */
struct vl_parsed {
	void *opts;
	char **operands; /* NULL at the end */
	size_t n;
	bool help; /* --help was among them */
	bool json;
};

/* Parse `argv` (without program and command) against the table of `cmd`,
 * then look at the environment.  VL_EUSAGE says what would be right. */
enum vl_status vl_parse(struct vl_parsed *out, const struct vl_cmd *cmd,
    int argc, char **argv, struct vl_err *err);
void vl_parsed_free(struct vl_parsed *p, const struct vl_cmd *cmd);

/* "VALISE_PASSWORD_FILE" of "password-file". */
void vl_opt_variable(char *text, size_t size, const char *name);

/* `cmd` is of several words, the first of which is `word`. */
bool vl_cmd_begins(const struct vl_cmd *cmd, const char *word);

/* Help on stdout: of the program, of one command, of those that begin with
 * `word`, false where there is none. */
void vl_help_program(const struct vl_program *program);
bool vl_help_group(const struct vl_program *program, const char *word);
void vl_help_cmd(const struct vl_program *program, const struct vl_cmd *cmd);

/* Install handlers; which signal came (0: none). */
void vl_signals_init(void);
int vl_signals_caught(void);

/* One line from the terminal, without its LF, into `text` of `size` bytes
 * (locked memory when `secret`, which also turns echo off). */
struct vl_tty_line {
	const char *prompt;
	bool secret;
	char *text;
	size_t size;
	size_t n;
};
enum vl_status vl_tty_read(struct vl_tty_line *line, struct vl_err *err);

/* keys.c: vl_secret_file(), before it is known to be a secret; once it is, the
 * warning that others can read it. */
enum vl_status vl_secret_file_unjudged(
    char **out, size_t *n, const char *file, size_t max, struct vl_err *err);
void vl_warn_of_others(const char *file);

/* keyfiles.c: the identity of `opts`, with its password. */
enum vl_status vl_identity_read(struct vl_held_keys *held,
    const struct vl_key_opts *opts, struct vl_err *err);

/* What `line` prints, at most size - 1 bytes, a NUL behind it. */
enum vl_status vl_command_output(
    char *out, size_t size, size_t *n, const char *line, struct vl_err *err);

/* Read until `n` bytes or the end; a signal ends the wait (VL_ESIGNAL). */
enum vl_status vl_read_waiting(
    int fd, void *p, size_t n, size_t *got, struct vl_err *err);

#endif
