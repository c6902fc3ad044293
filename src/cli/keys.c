/*
 * Passwords, and files with a secret in them, straight into locked memory.  A
 * password comes from a file, a descriptor, a command, a credential of systemd
 * or the terminal; never from argv or the environment (docs/security.md,
 * "Secrets in memory").
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/password.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "private.h"

#define SHOWN 512

const char *const vl_kdf_words[] = { [VL_KDF_NORMAL] = "normal",
	[VL_KDF_LIGHT] = "light",
	[VL_KDF_STRONG] = "strong",
	NULL };

/*
 * Open what the operator named.  Without O_NONBLOCK the open of a FIFO would
 * wait for a writer, and no signal would end that.
 */
static enum vl_status
open_named(int *fd, const char *file, bool regular, struct vl_err *err)
{
	struct stat st = { 0 };
	char shown[SHOWN];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	*fd = open(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0 || fstat(*fd, &st) != 0)
		(void)vl_fail(err, VL_EUSAGE, "cannot open '%s': %s", shown,
		    strerror(errno));
	else if (!regular && S_ISDIR(st.st_mode))
		(void)vl_fail(err, VL_EUSAGE,
		    "'%s' is a directory; wanted is a file", shown);
	else if (regular && !S_ISREG(st.st_mode))
		(void)vl_fail(err, VL_EUSAGE,
		    "'%s' is not a regular file, as a key has to be", shown);
	else
		return VL_OK;
	if (*fd >= 0)
		(void)close(*fd);
	return err->status;
}

enum vl_status
vl_cli_file(
    struct vl_buf *out, const char *file, size_t max, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = VL_OK;
	size_t got = 0;
	int fd = -1;

	vl_buf_clear(out);
	if (open_named(&fd, file, true, err) != VL_OK)
		return err->status;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	st = vl_buf_reserve(out, max + 1, err);
	if (st == VL_OK)
		st = vl_read_waiting(fd, out->p, max + 1, &got, err);
	if (st != VL_OK)
		st = vl_within(err, "'%s'", shown);
	else if (got > max)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is longer than %zu bytes and cannot be what is "
		    "expected",
		    shown, max);
	else
		out->n = got;
	(void)close(fd);
	return st;
}

/* Read `fd` to its end into `*out`, locked, with a NUL behind. */
static enum vl_status
read_secret(char **out, size_t *n, int fd, size_t max, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t got = 0;

	*out = vl_secret_alloc(max + 1);
	if (*out == NULL)
		return vl_fail_memory(err);
	st = vl_read_waiting(fd, *out, max + 1, &got, err);
	if (st == VL_OK && got > max)
		st = vl_fail(err, VL_EUSAGE, "more than %zu bytes", max);
	if (st != VL_OK) {
		vl_secret_free(*out);
		*out = NULL;
		return st;
	}
	(*out)[got] = '\0';
	*n = got;
	return VL_OK;
}

/* A file with a secret in it, at most `max` bytes. */
struct secret_file {
	const char *file;
	size_t max;
	bool pipe; /* may be one, as <(command) is; a signal ends the wait */
	bool unjudged; /* no warning of its rights */
};

/* It is used all the same: a stick, say, may know no rights. */
void
vl_warn_of_others(const char *file)
{
	struct stat st = { 0 };
	char shown[SHOWN];

	if (stat(file, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		vl_cli_note("warning: the secret in '%s' is open to others "
		            "(mode %04o); 'chmod 600' it",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(file)),
		    (unsigned)st.st_mode & 07777);
}

static enum vl_status
read_secret_file(
    char **out, size_t *n, const struct secret_file *f, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = VL_OK;
	int fd = -1;

	*out = NULL;
	st = open_named(&fd, f->file, !f->pipe, err);
	if (st != VL_OK)
		return st;
	if (!f->unjudged)
		vl_warn_of_others(f->file);
	st = read_secret(out, n, fd, f->max, err);
	if (st != VL_OK)
		(void)vl_within(err, "'%s'",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(f->file)));
	(void)close(fd);
	return st;
}

enum vl_status
vl_secret_file(
    char **out, size_t *n, const char *file, size_t max, struct vl_err *err)
{
	return read_secret_file(
	    out, n, &(struct secret_file){ .file = file, .max = max }, err);
}

enum vl_status
vl_secret_file_unjudged(
    char **out, size_t *n, const char *file, size_t max, struct vl_err *err)
{
	return read_secret_file(out, n,
	    &(struct secret_file){ .file = file, .max = max, .unjudged = true },
	    err);
}

/* What a password is held against. */
enum use {
	OPENS,  /* something of ours */
	MAKES,  /* also not too short */
	FOREIGN /* a key that may be minisign's, which takes any bytes */
};

static enum vl_status
check_password(const struct vl_password *p, enum use use, struct vl_err *err)
{
	size_t i = 0;

	if (p->n == 0)
		return vl_fail(err, VL_EUSAGE, "the password is empty");
	if (p->n > VL_PASSWORD_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "the password is longer than %d characters",
		    VL_PASSWORD_MAX);
	for (i = 0; i < p->n; i++) {
		/* One letter has several forms in Unicode, and keyboards
		 * differ in which they send: it might never open again. */
		if ((unsigned char)p->text[i] >= 0x80 && use != FOREIGN)
			return vl_fail(err, VL_EUSAGE,
			    "the password has a character that is not ASCII; "
			    "keyboards do not agree on its bytes");
		if ((unsigned char)p->text[i] < 0x20 || p->text[i] == 0x7f)
			return vl_fail(err, VL_EUSAGE,
			    "the password has a control character in it (a "
			    "second line, or a line end of Windows?)");
	}
	if (use == MAKES && p->n < VL_PASSWORD_MIN)
		return vl_fail(err, VL_EUSAGE,
		    "the password has fewer than %d characters; 'valise "
		    "passgen' makes a good one",
		    VL_PASSWORD_MIN);
	return VL_OK;
}

/* A LF at the end of a file is not part of the password. */
static void
drop_line_end(struct vl_password *p)
{
	if (p->n > 0 && p->text[p->n - 1] == '\n')
		p->text[--p->n] = '\0';
}

void
vl_password_free(struct vl_password *p)
{
	vl_secret_free(p->text);
	*p = (struct vl_password){ 0 };
}

static enum vl_status
from_descriptor(
    struct vl_password *p, uint32_t fd, size_t max, struct vl_err *err)
{
	if (fcntl((int)fd, F_GETFD) < 0)
		return vl_fail(err, VL_EUSAGE,
		    "password from descriptor %u: it is not open", fd);
	if (read_secret(&p->text, &p->n, (int)fd, max, err) != VL_OK)
		return vl_within(err, "password from descriptor %u", fd);
	return VL_OK;
}

static enum vl_status
from_command(
    struct vl_password *p, const char *command, size_t max, struct vl_err *err)
{
	p->text = vl_secret_alloc(max + 1);
	if (p->text == NULL)
		return vl_fail_memory(err);
	if (vl_command_output(p->text, max + 1, &p->n, command, err) != VL_OK)
		return vl_within(err, "password command");
	return VL_OK;
}

/* The credential `valise-<word>` of a service, where it has one. */
static enum vl_status
from_credential(
    struct vl_password *p, const char *word, size_t max, struct vl_err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[4096];
	/* Lent by systemd, with rights that are not ours to judge. */
	const struct secret_file file = {
		.file = path, .max = max, .unjudged = true
	};

	if (dir == NULL || dir[0] != '/')
		return VL_OK;
	(void)snprintf(path, sizeof(path), "%s/valise-%s", dir, word);
	if (access(path, F_OK) != 0)
		return VL_OK;
	return read_secret_file(&p->text, &p->n, &file, err);
}

bool
vl_key_password_given(const struct vl_key_password *how)
{
	return how->file != NULL || how->fd.given || how->command != NULL;
}

/* From the options, or the credential; no password is no failure. */
static enum vl_status
from_files(struct vl_password *p, const struct vl_key_password *how,
    const char *word, bool credential, struct vl_err *err)
{
	const size_t max = VL_PASSWORD_MAX + 1; /* with LF */
	const struct secret_file file = {
		.file = how->file, .max = max, .pipe = true
	};
	enum vl_status st = VL_OK;

	if ((how->file != NULL) + how->fd.given + (how->command != NULL) > 1)
		return vl_fail(err, VL_EUSAGE,
		    "more than one password; give --%s-file, --%s-fd or "
		    "--%s-command, but one",
		    word, word, word);
	if (how->file != NULL)
		st = read_secret_file(&p->text, &p->n, &file, err);
	else if (how->fd.given)
		st = from_descriptor(p, how->fd.value, max, err);
	else if (how->command != NULL)
		st = from_command(p, how->command, max, err);
	else if (credential)
		st = from_credential(p, word, max, err);
	if (st == VL_OK && p->text != NULL)
		drop_line_end(p);
	return st;
}

/* Which of several passwords is not right; who typed it knows. */
static enum vl_status
check_given(const struct vl_password *p, enum use use,
    const struct vl_key_password *how, const char *word, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = check_password(p, use, err);

	if (st == VL_OK || p->asked)
		return st;
	if (how->file != NULL)
		return vl_within(err, "'%s'",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(how->file)));
	if (how->fd.given)
		return vl_within(
		    err, "password from descriptor %u", how->fd.value);
	return how->command != NULL ?
	    vl_within(err, "password command") :
	    vl_within(err, "credential 'valise-%s'", word);
}

static enum vl_status
ask_password(struct vl_password *p, const char *prompt, struct vl_err *err)
{
	struct vl_tty_line line = { .prompt = prompt, .secret = true };
	enum vl_status st = VL_OK;

	line.size = VL_PASSWORD_MAX + 2;
	line.text = vl_secret_alloc(line.size);
	if (line.text == NULL)
		return vl_fail_memory(err);
	st = vl_tty_read(&line, err);
	if (st != VL_OK) {
		vl_secret_free(line.text);
		return st;
	}
	p->text = line.text;
	p->n = line.n;
	p->asked = true;
	return VL_OK;
}

/* Twice, since what was not meant would never open again. */
static enum vl_status
ask_new_password(struct vl_password *p, const char *prompt, struct vl_err *err)
{
	struct vl_password again = { 0 };
	enum vl_status st = ask_password(p, prompt, err);

	if (st == VL_OK)
		st = check_password(p, MAKES, err);
	if (st == VL_OK)
		st = ask_password(&again, "the same again: ", err);
	if (st == VL_OK &&
	    (again.n != p->n || memcmp(again.text, p->text, p->n) != 0))
		st = vl_fail(err, VL_EUSAGE, "the two passwords differ");
	vl_password_free(&again);
	return st;
}

enum vl_status
vl_key_password_open(struct vl_password *p, const struct vl_key_password *how,
    const char *word, const char *file, struct vl_err *err)
{
	char shown[SHOWN];
	char prompt[SHOWN + 32];
	enum vl_status st = VL_OK;

	*p = (struct vl_password){ 0 };
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	st = from_files(p, how, word, true, err);
	if (st == VL_OK && p->text == NULL && !vl_cli_interactive())
		st = vl_fail(err, VL_EUSAGE,
		    "'%s' is under a password; give --%s-file, --%s-fd or "
		    "--%s-command",
		    shown, word, word, word);
	if (st == VL_OK && p->text == NULL) {
		(void)snprintf(
		    prompt, sizeof(prompt), "password of '%s': ", shown);
		st = ask_password(p, prompt, err);
	}
	if (st == VL_OK)
		st = check_given(p, FOREIGN, how, word, err);
	if (st != VL_OK)
		vl_password_free(p);
	return st;
}

enum vl_status
vl_key_password_make(struct vl_password *p, const struct vl_key_password *how,
    const char *word, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*p = (struct vl_password){ 0 };
	st = from_files(p, how, word, false, err);
	if (st == VL_OK && p->text == NULL && !vl_cli_interactive())
		st = vl_fail(err, VL_EUSAGE,
		    "a new password is missing; give --%s-file, --%s-fd or "
		    "--%s-command; 'valise passgen' makes a good one",
		    word, word, word);
	if (st == VL_OK && p->text == NULL)
		st = ask_new_password(p, "new password for the key: ", err);
	if (st == VL_OK)
		st = check_given(p, MAKES, how, word, err);
	if (st != VL_OK)
		vl_password_free(p);
	return st;
}

/* ---- What opens a bundle ---- */

static const char what_to_give[] =
    "give --password-file, --password-fd or --password-command";

static struct vl_key_password
of_bundle(const struct vl_key_opts *opts)
{
	return (struct vl_key_password){ .file = opts->password_file,
		.command = opts->password_command,
		.fd = opts->password_fd };
}

/* `keys` takes over the password. */
static void
hold(struct vl_held_keys *keys, const struct vl_password *p)
{
	keys->password = p->text;
	keys->password_size = p->n;
	keys->asked = keys->asked || p->asked;
}

enum vl_status
vl_held_keys_open(struct vl_held_keys *keys, const struct vl_key_opts *opts,
    struct vl_err *err)
{
	const struct vl_key_password how = of_bundle(opts);
	struct vl_password p = { 0 };
	enum vl_status st = VL_OK;

	memset(keys, 0, sizeof(*keys));
	if (opts->identity != NULL)
		st = vl_identity_read(keys, opts, err);
	else if (vl_key_password_given(&opts->identity_password))
		st = vl_fail(err, VL_EUSAGE,
		    "a password of an identity is given, and no identity; give "
		    "--identity, too");
	if (st == VL_OK)
		st = from_files(
		    &p, &how, "password", keys->identity == NULL, err);
	if (st == VL_OK && p.text == NULL && keys->identity == NULL) {
		if (!vl_cli_interactive())
			st = vl_fail(err, VL_EUSAGE,
			    "no key to open it with; %s, or --identity",
			    what_to_give);
		else
			st = ask_password(&p, "password: ", err);
	}
	if (st == VL_OK && p.text != NULL)
		st = check_given(&p, OPENS, &how, "password", err);
	hold(keys, &p);
	if (st != VL_OK)
		vl_held_keys_free(keys);
	return st;
}

enum vl_status
vl_held_keys_make(struct vl_held_keys *keys, const struct vl_key_opts *opts,
    bool optional, struct vl_err *err)
{
	const struct vl_key_password how = of_bundle(opts);
	struct vl_password p = { 0 };
	enum vl_status st = VL_OK;

	memset(keys, 0, sizeof(*keys));
	st = from_files(&p, &how, "password", !optional, err);
	if (st == VL_OK && p.text == NULL && !optional) {
		if (!vl_cli_interactive())
			st = vl_fail(err, VL_EUSAGE,
			    "nobody could import the bundle; %s, or "
			    "--recipient; "
			    "'valise passgen' makes a good password",
			    what_to_give);
		else
			st = ask_new_password(
			    &p, "password for the bundle: ", err);
	}
	if (st == VL_OK && p.text != NULL)
		st = check_given(&p, MAKES, &how, "password", err);
	hold(keys, &p);
	if (st != VL_OK)
		vl_held_keys_free(keys);
	return st;
}

void
vl_held_keys_free(struct vl_held_keys *keys)
{
	vl_secret_free(keys->password);
	vl_secret_free(keys->identity);
	memset(keys, 0, sizeof(*keys));
}
