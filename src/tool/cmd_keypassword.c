/*
 * valise key password: another password for a secret key, or none.  The file is
 * replaced as a whole, once the new one has been opened again.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/keyfile.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "tool.h"

struct password_opts {
	struct vl_key_password old;
	struct vl_key_password new;
	bool remove;
	unsigned kdf; /* enum vl_kdf_preset */
};

#define AT(member) offsetof(struct password_opts, member)

static const struct vl_opt table[] = {
	VL_KEY_PASSWORD_OPTS(struct password_opts, old, "key-password",
	    "the password that it has"),
	VL_KEY_PASSWORD_OPTS(
	    struct password_opts, new, "new-key-password", "the new password"),
	{ .name = "remove",
	    .type = VL_OPT_FLAG,
	    .at = AT(remove),
	    .help = "leave it without a password" },
	VL_KDF_OPT(struct password_opts, kdf, "the new password"),
	{ .name = NULL }
};

/* Everything secret, in one locked piece. */
struct secrets {
	struct vl_secret_key key;
	char text[VL_SECRET_KEY_MAX];
	size_t n;
};

/* In place of `path`, which is no link, with its owner and mode. */
static enum vl_status
replace(const char *path, struct vl_slice text, struct vl_err *err)
{
	struct vl_newfile *file = NULL;
	struct stat old = { 0 };
	enum vl_status st = VL_OK;

	if (stat(path, &old) != 0)
		return vl_fail_errno(err, "cannot examine it");
	st = vl_newfile_create(&file, AT_FDCWD, path, 0600, err);
	if (st == VL_OK &&
	    fchown(vl_newfile_fd(file), old.st_uid, old.st_gid) != 0 &&
	    (old.st_uid != geteuid() || old.st_gid != getegid()))
		st = vl_fail_errno(err, "cannot give it its owner");
	if (st == VL_OK &&
	    fchmod(vl_newfile_fd(file), old.st_mode & 07777) != 0)
		st = vl_fail_errno(err, "cannot set its mode");
	if (st == VL_OK)
		st = vl_write_all(vl_newfile_fd(file), text, err);
	if (st == VL_OK)
		st = vl_newfile_keep(file, err);
	vl_newfile_free(file);
	if (st == VL_OK && old.st_nlink > 1)
		vl_cli_note("note: the old one has other names on this disk, "
		            "under which it is as it was");
	return st;
}

static enum vl_status
check_words(const struct password_opts *o, struct vl_err *err)
{
	if (o->remove && vl_key_password_given(&o->new))
		return vl_fail(err, VL_EUSAGE,
		    "--remove and a new password exclude each other");
	return VL_OK;
}

static enum vl_status
read_key(struct secrets *s, const struct password_opts *o, const char *path,
    struct vl_err *err)
{
	const struct vl_secret_key_from from = {
		.file = path, .password = &o->old, .word = "key-password"
	};
	bool asked = false;
	enum vl_status st = vl_secret_key_read(&s->key, &from, &asked, err);
	char shown[SHOWN_SIZE];

	if (st == VL_OK && o->remove && !s->key.locked)
		return vl_fail(err, VL_EUSAGE, "'%s' is under no password",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)));
	return st;
}

static enum vl_status
make_text(struct secrets *s, const struct password_opts *o, struct vl_err *err)
{
	struct vl_key_lock lock = { .kdf = (enum vl_kdf_preset)o->kdf };
	struct vl_password password = { 0 };
	enum vl_status st = VL_OK;

	if (o->remove)
		return vl_secret_key_encode(s->text, &s->n, &s->key, NULL, err);
	st = vl_key_password_make(&password, &o->new, "new-key-password", err);
	lock.password.p = (const uint8_t *)password.text;
	lock.password.n = password.n;
	if (st == VL_OK)
		st = vl_secret_key_encode(s->text, &s->n, &s->key, &lock, err);
	vl_password_free(&password);
	return st;
}

static enum vl_status
password_run(const struct vl_args *args, struct vl_err *err)
{
	const struct password_opts *o = args->opts;
	const char *file = args->operands[0];
	struct secrets *s = vl_secret_alloc(sizeof(*s));
	char *path = realpath(file, NULL);
	enum vl_status st = check_words(o, err);
	char shown[SHOWN_SIZE];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(file));
	if (st == VL_OK && path == NULL)
		st = vl_fail(err, VL_EUSAGE, "cannot open '%s': %s", shown,
		    strerror(errno));
	if (st == VL_OK && s == NULL)
		st = vl_fail_memory(err);
	if (st == VL_OK)
		st = read_key(s, o, path, err);
	if (st == VL_OK)
		st = make_text(s, o, err);
	if (st == VL_OK && vl_cli_stop())
		st = vl_cli_stopped(err);
	if (st == VL_OK &&
	    replace(path, (struct vl_slice){ (const uint8_t *)s->text, s->n },
	        err) != VL_OK)
		st = vl_within(
		    err, "cannot replace '%s', which is as it was", shown);
	if (st == VL_OK)
		vl_cli_note("'%s' is under %s; copies of it are as they were",
		    shown, o->remove ? "no password" : "the new password");
	free(path);
	vl_secret_free(s);
	return st;
}

const struct vl_cmd vl_cmd_key_password = {
	.name = "key password",
	.operands = "FILE",
	.help = "set, change or remove the password of a secret key",
	.about = "FILE is a sender.key, also of minisign, or a recipient.key. "
	         "What has no password\ngets one. The file is replaced as a "
	         "whole, and never lost.",
	.opts = table,
	.opts_size = sizeof(struct password_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = password_run,
};
