#ifndef VALISE_CLI_H
#define VALISE_CLI_H

/*
 * What the three programs have in common: option tables that feed parser
 * and help, exit codes, signals, progress, JSON lines, passwords and
 * questions.  The only room that prints errors or ends the process.
 *
 *	int main(int argc, char **argv)
 *	{
 *		return vl_cli_main(&program, argc, argv);
 *	}
 *
 * A command runs on one thread; nothing here is thread-safe but
 * vl_cli_stop().
 */

#include <stdbool.h>

#include <valise/bytes.h>

/* ---- Options and commands ---- */

enum vl_opt_type {
	VL_OPT_FLAG = 1, /* bool */
	VL_OPT_TEXT,     /* const char * */
	VL_OPT_LIST,     /* struct vl_texts; may be given again and again */
	VL_OPT_NUMBER,   /* struct vl_number, min .. max */
	VL_OPT_SIZE,     /* uint64_t, as vl_parse_size() */
	VL_OPT_CHOICE,   /* unsigned: index into `choices` */
	VL_OPT_LATER     /* of the contract, but not of this version, or of no
	                  * use here: `help`, if any, says it behind the name */
};

struct vl_texts {
	const char **list;
	size_t n;
};

struct vl_number {
	bool given;
	uint32_t value;
};

struct vl_opt {
	const char *name; /* without dashes */
	const char *arg;  /* what stands for the value in help; NULL: flag */
	const char *help; /* one line */
	enum vl_opt_type type;
	size_t at; /* offset in the command's options struct */
	/* VALISE_NAME in the environment gives it when no flag does.  Never
	 * a password itself. */
	bool env;
	char letter;   /* "-o", or 0 */
	char group;    /* others of this group silence the environment */
	bool required; /* by flag or environment */
	uint32_t min;
	uint32_t max;
	const char *const *choices; /* NULL at the end */
};

/* What a command is run with. */
struct vl_args {
	const void *opts; /* zeroed, then set from the environment and flags */
	size_t n;         /* operands */
	char **operands;
	const struct vl_program *program;
	const struct vl_cmd *cmd;
	bool json; /* --json was given */
};

struct vl_cmd {
	/* A word, or two with a blank between them; NULL: what the program does
	 * without one. */
	const char *name;
	const char *operands;      /* "<bundle>..." for help */
	const char *help;          /* one line */
	const char *about;         /* further lines for its --help, or NULL */
	const struct vl_opt *opts; /* name NULL at the end */
	size_t opts_size;
	size_t min_operands;
	size_t max_operands;
	/* Words are not parsed but handed on: `valise export ...`. */
	bool raw;
	enum vl_status (*run)(const struct vl_args *args, struct vl_err *err);
};

struct vl_program {
	const char *name;
	const char *version;
	const char *help;
	const struct vl_cmd *const *cmds; /* NULL at the end */
};

/*
 * Everything main() does: no core dumps, limits and signals, parse, help and
 * version, run, the message on stderr, flush of stdout, the exit code.
 */
int vl_cli_main(const struct vl_program *program, int argc, char **argv);

/* The exit code of a status: the one table (docs/exit-codes.md). */
int vl_exit_code(enum vl_status status);

/* A warning or a note on stderr: "valise-export: <text>". */
void vl_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Options that mean the same in every command that has them. */

/* struct vl_texts */
#define VL_ONLY_OPT(s, member, verb)                                           \
	{                                                                      \
		.name = "only", .arg = "RESOURCE", .type = VL_OPT_LIST,        \
		.at = offsetof(s, member), .help = verb " this resource only"  \
	}

/* struct vl_number, for vl_pool_new() */
#define VL_WORKERS_OPT(s, member)                                              \
	{                                                                      \
		.name = "workers", .arg = "N", .type = VL_OPT_NUMBER,          \
		.at = offsetof(s, member), .min = 1, .max = 64, .env = true,   \
		.help = "threads; default: one for each processor"             \
	}

/* bool; `text` says what stands on stdout then. */
#define VL_JSON_OPT(s, member, text)                                           \
	{                                                                      \
		.name = "json", .type = VL_OPT_FLAG,                           \
		.at = offsetof(s, member), .help = text                        \
	}

/* ---- Signals ---- */

/*
 * True once SIGINT, SIGTERM or SIGHUP came and is not held back: long work
 * asks this and stops with VL_ESIGNAL (vl_cli_stopped() words it).
 */
bool vl_cli_stop(void);
enum vl_status vl_cli_stopped(struct vl_err *err);
/* After the decision signals wait until the end; release undoes hold. */
void vl_cli_hold(void);
void vl_cli_release(void);

/* ---- Results and JSON lines, on stdout ---- */

/*
 * One JSON line: begin, members, end.  Text that is not UTF-8 stands
 * escaped as on a terminal; what a terminal obeys is \uXXXX.  A failed write
 * is met by vl_cli_main().
 */
struct vl_msg {
	struct vl_buf line;
	enum vl_status status;
};

/* type: "plan", "status", "error", "summary", "exit_error" */
void vl_msg_begin(struct vl_msg *m, const char *type);
void vl_msg_text(struct vl_msg *m, const char *key, struct vl_slice text);
/* A value that is JSON. */
void vl_msg_json(struct vl_msg *m, const char *key, struct vl_slice json);
void vl_msg_count(struct vl_msg *m, const char *key, uint64_t n);
void vl_msg_bool(struct vl_msg *m, const char *key, bool yes);
void vl_msg_end(struct vl_msg *m); /* writes the line, frees */

/* ---- Progress, on stderr ---- */

struct vl_progress {
	const char *what; /* "exporting" */
	bool json;        /* status lines on stdout instead */
	bool terminal;
	int64_t begun; /* milliseconds */
	int64_t last;  /* the last line */
};

void vl_progress_begin(struct vl_progress *p, const char *what, bool json);
/*
 * Call as often as convenient.  `total` 0: not known.  A line is rewritten
 * at most 5 times a second on a terminal, else written once a minute.
 */
void vl_progress_show(struct vl_progress *p, struct vl_slice subject,
    uint64_t done, uint64_t total);
/* Clear the line, at the end and before other output than vl_cli_note(). */
void vl_progress_clear(void);

/* ---- Questions ---- */

/* A person can be asked: stdin and stderr are a terminal. */
bool vl_cli_interactive(void);
/* Colour may be used on `fd`: a terminal, and NO_COLOR is not set. */
bool vl_cli_colour(int fd);
/* Ask on the terminal; only y or yes is yes.  VL_EUSAGE without one. */
enum vl_status vl_cli_ask(const char *question, bool *yes, struct vl_err *err);

/* ---- Keys an operator holds ---- */

/* Where the password of a key file comes from; set by VL_KEY_PASSWORD_OPTS. */
struct vl_key_password {
	const char *file;
	const char *command;
	struct vl_number fd;
};
bool vl_key_password_given(const struct vl_key_password *how);

/* `word` "-file" and so on.  No variable gives them: it would be there also
 * for commands that read no such key. */
#define VL_KEY_PASSWORD_OPTS(s, member, word, what)                            \
	{ .name = word "-file",                                                \
		.arg = "FILE",                                                 \
		.help = "read " what " from FILE",                             \
		.type = VL_OPT_TEXT,                                           \
		.at = offsetof(s, member.file) },                              \
	    { .name = word "-fd",                                              \
		    .arg = "N",                                                \
		    .help = "read " what " from descriptor N",                 \
		    .type = VL_OPT_NUMBER,                                     \
		    .at = offsetof(s, member.fd),                              \
		    .max = 1048576 },                                          \
	{                                                                      \
		.name = word "-command", .arg = "COMMAND",                     \
		.help = "read " what " from what COMMAND prints",              \
		.type = VL_OPT_TEXT, .at = offsetof(s, member.command)         \
	}

#define VL_SIGN_KEY_PASSWORD_OPTS(s, member)                                   \
	VL_KEY_PASSWORD_OPTS(                                                  \
	    s, member, "sign-key-password", "the password of the sign key")

/* unsigned, an enum vl_kdf_preset; `what` is guessed. */
extern const char *const vl_kdf_words[];
#define VL_KDF_OPT(s, member, what)                                            \
	{                                                                      \
		.name = "kdf", .arg = "light|normal|strong",                   \
		.type = VL_OPT_CHOICE, .at = offsetof(s, member),              \
		.choices = vl_kdf_words, .env = true,                          \
		.help = "memory and time a guess of " what                     \
		        " costs; default normal"                               \
	}

/* A password in vl_secret_alloc memory, a NUL behind it. */
struct vl_password {
	char *text; /* NULL: none */
	size_t n;
	bool asked; /* on the terminal */
};
/* The password that `file` is under: from options that are called `word`, the
 * credential `valise-<word>`, or the terminal; else VL_EUSAGE. */
enum vl_status vl_key_password_open(struct vl_password *p,
    const struct vl_key_password *how, const char *word, const char *file,
    struct vl_err *err);
/* A new one, from options or (asked for twice) the terminal: at least 12
 * characters. */
enum vl_status vl_key_password_make(struct vl_password *p,
    const struct vl_key_password *how, const char *word, struct vl_err *err);
void vl_password_free(struct vl_password *p);

/* Members of a command's options, set by VL_KEY_OPTS below. */
struct vl_key_opts {
	const char *password_file;
	const char *password_command;
	struct vl_number password_fd;
	const char *identity;
	struct vl_key_password identity_password;
};

#define VL_PASSWORD_OPTS(s, member)                                            \
	{ .name = "password-file",                                             \
		.arg = "FILE",                                                 \
		.help = "read the password from FILE",                         \
		.type = VL_OPT_TEXT,                                           \
		.at = offsetof(s, member.password_file),                       \
		.env = true,                                                   \
		.group = 'p' },                                                \
	    { .name = "password-fd",                                           \
		    .arg = "N",                                                \
		    .help = "read the password from descriptor N",             \
		    .type = VL_OPT_NUMBER,                                     \
		    .at = offsetof(s, member.password_fd),                     \
		    .max = 1048576,                                            \
		    .group = 'p' },                                            \
	{                                                                      \
		.name = "password-command", .arg = "COMMAND",                  \
		.help = "read the password from what COMMAND prints",          \
		.type = VL_OPT_TEXT,                                           \
		.at = offsetof(s, member.password_command), .env = true,       \
		.group = 'p'                                                   \
	}

#define VL_KEY_OPTS(s, member)                                                 \
	VL_PASSWORD_OPTS(s, member),                                           \
	    { .name = "identity",                                              \
		    .arg = "FILE",                                             \
		    .help =                                                    \
		        "open with the secret key in FILE (recipient.key)",    \
		    .type = VL_OPT_TEXT,                                       \
		    .at = offsetof(s, member.identity),                        \
		    .env = true,                                               \
		    .group = 'p' },                                            \
	    VL_KEY_PASSWORD_OPTS(s, member.identity_password,                  \
	        "identity-password", "the password of the identity")

/* All in vl_secret_alloc memory. */
struct vl_held_keys {
	char *password; /* NULL: none */
	size_t password_size;
	bool asked;        /* on the terminal, for either */
	uint8_t *identity; /* 32 bytes, or NULL */
};

/*
 * What opens a bundle: from the options; else the credential
 * valise-password of systemd; else asked for on the terminal; else
 * VL_EUSAGE, saying what to give.
 */
enum vl_status vl_held_keys_open(struct vl_held_keys *keys,
    const struct vl_key_opts *opts, struct vl_err *err);
/*
 * A password to make a bundle with, by the same ways (on a terminal asked
 * for twice): at least 12 characters.  With `optional` none is no failure,
 * and only the options are looked at.
 */
enum vl_status vl_held_keys_make(struct vl_held_keys *keys,
    const struct vl_key_opts *opts, bool optional, struct vl_err *err);
void vl_held_keys_free(struct vl_held_keys *keys);

/* The directory of the profiles that come with the programs, written to
 * `path`; returns that. */
char *vl_cli_profiles(char *path, size_t size);

/*
 * The command line that asks nothing, for who was asked: its words as a shell
 * reads and a terminal may show them.  Zeroed to begin with; it remembers its
 * first failure, and is not shown then.
 */
struct vl_words {
	struct vl_buf line;
	enum vl_status status;
};

void vl_words_add(struct vl_words *w, const char *word);
/* Options; what was not given is left out. */
void vl_words_text(struct vl_words *w, const char *name, const char *value);
void vl_words_list(
    struct vl_words *w, const char *name, const struct vl_texts *values);
void vl_words_number(
    struct vl_words *w, const char *name, const struct vl_number *n);
/* `name` and -file, -fd, -command. */
void vl_words_key_password(
    struct vl_words *w, const char *name, const struct vl_key_password *how);
void vl_words_flag(struct vl_words *w, const char *name, bool given);
/* "the same without questions: ..."; `w` is empty afterwards. */
void vl_words_show(struct vl_words *w);

/* How a public key is read over a phone: vl_fingerprint() of BLAKE2b-256 of
 * its 32 bytes.  `text` has room for VL_FINGERPRINT_SIZE (encode.h). */
char *vl_cli_fingerprint(char *text, const uint8_t public[32]);

/* recipient.pub: one line, base64url of 32 bytes, which are a public key of
 * X25519. */
enum vl_status vl_recipient_read(
    uint8_t public[32], const char *file, struct vl_err *err);

enum vl_key_file {
	VL_KEY_FILE_OTHER,
	VL_SENDER_PUB,
	VL_SENDER_KEY,
	VL_RECIPIENT_PUB,
	VL_RECIPIENT_KEY,
	VL_SERIES_KEY
};
/*
 * `text` of `file` is not the key that is wanted (VL_KEY_FILE_OTHER: the secret
 * one of a sender or a recipient): VL_EUSAGE, which says what it looks like.
 * Where it looks right, `err` has the reason already.
 */
enum vl_status vl_wrong_key_file(const char *file, enum vl_key_file wanted,
    struct vl_slice text, struct vl_err *err);

/* A public file that the operator named, at most `max` bytes; links are
 * followed.  VL_EUSAGE when it cannot be read, is longer or not regular. */
enum vl_status vl_cli_file(
    struct vl_buf *out, const char *file, size_t max, struct vl_err *err);
/* The same into locked memory, a NUL behind it. */
enum vl_status vl_secret_file(
    char **out, size_t *n, const char *file, size_t max, struct vl_err *err);

#endif
