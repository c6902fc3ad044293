/*
 * Passwords and key files, straight into locked memory.  A password comes
 * from a file, a descriptor, a command, a credential of systemd or the
 * terminal; never from argv or the environment (docs/security.md, "Secrets in
 * memory").
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "private.h"

#define SHOWN        512
#define KEY_FILE_MAX 1024 /* room for a key of another kind, to tell it */
#define KEY_TEXT     43   /* base64url of 32 bytes */
/* Base64 of 42 and of 158 bytes, which begin with "Ed". */
#define MINISIGN_PUB 56
#define MINISIGN_KEY 212

static const char what_to_give[] =
    "give --password-file, --password-fd or --password-command";

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
		st = vl_within(err, "cannot read '%s'", shown);
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
	bool lent; /* by systemd, with rights that are not ours to judge */
};

/* It is used all the same: a stick, say, may know no rights. */
static void
warn_of_others(int fd, const char *file)
{
	struct stat st = { 0 };
	char shown[SHOWN];

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
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
	if (!f->lent)
		warn_of_others(fd, f->file);
	st = read_secret(out, n, fd, f->max, err);
	if (st != VL_OK)
		(void)vl_within(err, "cannot read '%s'",
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

/* Refuses what is no password; `make`: also one that is too short. */
static enum vl_status
check_password(const char *p, size_t n, bool make, struct vl_err *err)
{
	size_t i = 0;

	if (n == 0)
		return vl_fail(err, VL_EUSAGE, "the password is empty");
	if (n > VL_PASSWORD_MAX)
		return vl_fail(err, VL_EUSAGE,
		    "the password is longer than %d characters",
		    VL_PASSWORD_MAX);
	for (i = 0; i < n; i++) {
		/* One letter has several forms in Unicode, and keyboards
		 * differ in which they send: it might never open again. */
		if ((unsigned char)p[i] >= 0x80)
			return vl_fail(err, VL_EUSAGE,
			    "the password has a character that is not ASCII; "
			    "keyboards do not agree on its bytes");
		if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
			return vl_fail(err, VL_EUSAGE,
			    "the password has a control character in it (a "
			    "second line, or a line end of Windows?)");
	}
	if (make && n < VL_PASSWORD_MIN)
		return vl_fail(err, VL_EUSAGE,
		    "the password has fewer than %d characters; 'valise "
		    "passgen' makes a good one",
		    VL_PASSWORD_MIN);
	return VL_OK;
}

/* A LF at the end of a file is not part of the password. */
static void
drop_line_end(struct vl_held_keys *keys)
{
	if (keys->password_size > 0 &&
	    keys->password[keys->password_size - 1] == '\n')
		keys->password[--keys->password_size] = '\0';
}

/* From the options, or the credential; no password is no failure. */
static enum vl_status
from_files(struct vl_held_keys *keys, const struct vl_key_opts *o,
    bool credential, struct vl_err *err)
{
	int ways = (o->password_file != NULL) + o->password_fd.given +
	    (o->password_command != NULL);
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t max = VL_PASSWORD_MAX + 1; /* with LF */
	struct secret_file file = { .max = max, .pipe = true };
	enum vl_status st = VL_OK;
	char path[4096];

	if (ways > 1)
		return vl_fail(err, VL_EUSAGE,
		    "more than one password; %s, but one", what_to_give);
	if (o->password_file != NULL) {
		file.file = o->password_file;
		st = read_secret_file(
		    &keys->password, &keys->password_size, &file, err);
	} else if (o->password_fd.given) {
		if (fcntl((int)o->password_fd.value, F_GETFD) < 0)
			return vl_fail(err, VL_EUSAGE,
			    "password from descriptor %u: it is not open",
			    o->password_fd.value);
		st = read_secret(&keys->password, &keys->password_size,
		    (int)o->password_fd.value, max, err);
		if (st != VL_OK)
			(void)vl_within(err, "password from descriptor %u",
			    o->password_fd.value);
	} else if (o->password_command != NULL) {
		keys->password = vl_secret_alloc(max + 1);
		if (keys->password == NULL)
			return vl_fail_memory(err);
		st = vl_command_output(keys->password, max + 1,
		    &keys->password_size, o->password_command, err);
		if (st != VL_OK)
			(void)vl_within(err, "password command");
	} else if (credential && dir != NULL && dir[0] == '/') {
		(void)snprintf(path, sizeof(path), "%s/valise-password", dir);
		file = (struct secret_file){
			.file = path, .max = max, .lent = true
		};
		if (access(path, F_OK) == 0)
			st = read_secret_file(
			    &keys->password, &keys->password_size, &file, err);
	}
	if (st == VL_OK && keys->password != NULL)
		drop_line_end(keys);
	return st;
}

static enum vl_status
ask_password(char **out, size_t *n, const char *prompt, struct vl_err *err)
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
	*out = line.text;
	*n = line.n;
	return VL_OK;
}

/* Whether `file` ends with the name people give to the other half. */
static bool
is_named(const char *file, const char *ending)
{
	size_t n = strlen(file);
	size_t m = strlen(ending);

	return n >= m && strcmp(file + n - m, ending) == 0;
}

static bool
decode_key(uint8_t key[32], struct vl_slice text)
{
	if (text.n == KEY_TEXT + 1 && text.p[KEY_TEXT] == '\n')
		text.n--;
	return text.n == KEY_TEXT && vl_unb64u(key, 32, text);
}

/* Recipients' keys are 32 bytes both: only the name can tell the half. */
static enum vl_key_file
looks_like(const char *file, struct vl_slice text)
{
	uint8_t key[32];
	const uint8_t *lf = NULL;
	bool known = decode_key(key, text);

	vl_secret_wipe(key, sizeof(key));
	if (known)
		return is_named(file, ".key") ? VL_RECIPIENT_KEY :
		                                VL_RECIPIENT_PUB;
	if (text.n > 0 && text.p[text.n - 1] == '\n')
		text.n--;
	lf = text.n > 0 ? memrchr(text.p, '\n', text.n) : NULL;
	if (lf != NULL) {
		text.n -= (size_t)(lf + 1 - text.p);
		text.p = lf + 1;
	}
	if (text.n < 2 || memcmp(text.p, "RW", 2) != 0)
		return VL_KEY_FILE_OTHER;
	return text.n == MINISIGN_PUB ? VL_SENDER_PUB :
	    text.n == MINISIGN_KEY    ? VL_SENDER_KEY :
	                                VL_KEY_FILE_OTHER;
}

enum vl_status
vl_wrong_key_file(const char *file, enum vl_key_file wanted,
    struct vl_slice text, struct vl_err *err)
{
	static const char *const words[] = {
		[VL_SENDER_PUB] = "a sender's public key (sender.pub)",
		[VL_SENDER_KEY] = "a sender's secret key (sender.key)",
		[VL_RECIPIENT_PUB] = "a recipient's public key (recipient.pub)",
		[VL_RECIPIENT_KEY] = "a recipient's secret key (recipient.key)",
	};
	enum vl_key_file kind = looks_like(file, text);
	char shown[SHOWN];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (kind == wanted) {
		err->status = VL_EUSAGE;
		return vl_within(err, "'%s'", shown);
	}
	if (kind == VL_KEY_FILE_OTHER)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is not %s as 'valise keygen' makes it", shown,
		    words[wanted]);
	return vl_fail(err, VL_EUSAGE, "'%s' looks like %s; wanted is %s",
	    shown, words[kind], words[wanted]);
}

static enum vl_status
read_identity(uint8_t **out, const char *file, struct vl_err *err)
{
	char shown[SHOWN];
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	/* Both halves are 32 bytes: only the name can tell a mix-up. */
	if (is_named(file, ".pub"))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is named like a public key; --identity takes the "
		    "secret one (recipient.key)",
		    shown);
	st = vl_secret_file(&text, &n, file, KEY_FILE_MAX, err);
	if (st != VL_OK)
		return st;
	*out = vl_secret_alloc(32);
	if (*out == NULL)
		st = vl_fail_memory(err);
	else if (!decode_key(*out, (struct vl_slice){ (uint8_t *)text, n }))
		st = vl_wrong_key_file(file, VL_RECIPIENT_KEY,
		    (struct vl_slice){ (uint8_t *)text, n }, err);
	vl_secret_free(text);
	return st;
}

enum vl_status
vl_recipient_read(uint8_t public[32], const char *file, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char shown[SHOWN];
	enum vl_status st = VL_OK;

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (is_named(file, ".key"))
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is named like a secret key; a recipient is given by "
		    "the public one (recipient.pub)",
		    shown);
	st = vl_cli_file(&text, file, KEY_FILE_MAX, err);
	if (st == VL_OK && !decode_key(public, vl_buf_slice(&text)))
		st = vl_wrong_key_file(
		    file, VL_RECIPIENT_PUB, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

char *
vl_cli_fingerprint(char *text, const uint8_t public[32])
{
	uint8_t hash[VL_HASH_SIZE];

	vl_hash_of(
	    hash, &(struct vl_hash_opts){ 0 }, (struct vl_slice){ public, 32 });
	return vl_fingerprint(text, hash);
}

enum vl_status
vl_held_keys_open(struct vl_held_keys *keys, const struct vl_key_opts *opts,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(keys, 0, sizeof(*keys));
	if (opts->identity != NULL)
		st = read_identity(&keys->identity, opts->identity, err);
	if (st == VL_OK)
		st = from_files(keys, opts, keys->identity == NULL, err);
	if (st == VL_OK && keys->password == NULL && keys->identity == NULL) {
		if (!vl_cli_interactive())
			st = vl_fail(err, VL_EUSAGE,
			    "no key to open it with; %s, or --identity",
			    what_to_give);
		else
			st = ask_password(&keys->password, &keys->password_size,
			    "password: ", err);
		keys->asked = true;
	}
	if (st == VL_OK && keys->password != NULL)
		st = check_password(
		    keys->password, keys->password_size, false, err);
	if (st != VL_OK)
		vl_held_keys_free(keys);
	return st;
}

/* Twice, since what was not meant would never open again. */
static enum vl_status
ask_new_password(struct vl_held_keys *keys, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *again = NULL;
	size_t n = 0;

	st = ask_password(&keys->password, &keys->password_size,
	    "password for the bundle: ", err);
	if (st == VL_OK)
		st = check_password(
		    keys->password, keys->password_size, true, err);
	if (st == VL_OK)
		st = ask_password(&again, &n, "the same again: ", err);
	if (st == VL_OK &&
	    (n != keys->password_size || memcmp(again, keys->password, n) != 0))
		st = vl_fail(err, VL_EUSAGE, "the two passwords differ");
	vl_secret_free(again);
	return st;
}

enum vl_status
vl_held_keys_make(struct vl_held_keys *keys, const struct vl_key_opts *opts,
    bool optional, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	memset(keys, 0, sizeof(*keys));
	st = from_files(keys, opts, !optional, err);
	if (st == VL_OK && keys->password == NULL && !optional) {
		if (!vl_cli_interactive())
			st = vl_fail(err, VL_EUSAGE,
			    "nobody could open the bundle; %s, or --recipient; "
			    "'valise passgen' makes a good password",
			    what_to_give);
		else
			st = ask_new_password(keys, err);
		keys->asked = true;
	}
	if (st == VL_OK && keys->password != NULL)
		st = check_password(
		    keys->password, keys->password_size, true, err);
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
