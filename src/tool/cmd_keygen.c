/*
 * valise keygen: the key pairs of a sender and of a recipient
 * (formats/seal.md, "Key files of a sender"; formats/keys.md).  A file is there
 * whole or not at all; what was there before is never touched.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/keyfile.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "tool.h"

#define SECRET_MODE 0600
#define PUBLIC_MODE 0644

enum {
	SENDER_KEY,
	SENDER_PUB,
	RECIPIENT_KEY,
	RECIPIENT_PUB,
	FILES
};

static const char *const names[FILES] = { [SENDER_KEY] = "sender.key",
	[SENDER_PUB] = "sender.pub",
	[RECIPIENT_KEY] = "recipient.key",
	[RECIPIENT_PUB] = "recipient.pub" };

struct keygen_opts {
	bool protect;
	struct vl_key_password password;
	unsigned kdf; /* enum vl_kdf_preset */
};

#define AT(member) offsetof(struct keygen_opts, member)

static const struct vl_opt table[] = {
	{ .name = "protect",
	    .type = VL_OPT_FLAG,
	    .at = AT(protect),
	    .help = "put both secret keys under a password" },
	VL_KEY_PASSWORD_OPTS(struct keygen_opts, password, "new-key-password",
	    "the password for both secret keys"),
	VL_KDF_OPT(struct keygen_opts, kdf, "that password"), { .name = NULL }
};

/* A key, and the text as its file holds it. */
struct secret {
	struct vl_secret_key key;
	char text[VL_SECRET_KEY_MAX];
	size_t n;
};

/* Everything secret, in one locked piece. */
struct secrets {
	struct secret sender;
	struct secret recipient;
};

struct keygen {
	const struct keygen_opts *opts;
	const char *path;
	char shown[SHOWN_SIZE];
	int dirfd;
	struct secrets *secrets;
	uint8_t recipient[VL_X25519_SIZE]; /* public */
	struct vl_buf sender_pub;
	struct vl_buf recipient_pub;
	bool protected; /* the secret ones are under a password */
	bool made;      /* the directory was not there before */
	size_t written; /* of `names` */
};

/* The directory, made when its parent is there. */
static enum vl_status
open_dir(struct keygen *k, struct vl_err *err)
{
	k->made = mkdir(k->path, 0700) == 0;
	if (!k->made && errno == ENOENT)
		return vl_fail(err, VL_EUSAGE,
		    "cannot make '%s': its parent does not exist", k->shown);
	if (!k->made && errno != EEXIST)
		return vl_fail_errno(err, "cannot make '%s'", k->shown);
	k->dirfd = open(k->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dirfd < 0 && errno == ENOTDIR)
		return vl_fail(
		    err, VL_EUSAGE, "'%s' is not a directory", k->shown);
	if (k->dirfd < 0)
		return vl_fail_errno(err, "cannot open '%s'", k->shown);
	/* Two runs at once would mix their pairs. */
	if (flock(k->dirfd, LOCK_EX | LOCK_NB) != 0)
		return errno != EWOULDBLOCK ?
		    vl_fail_errno(err, "cannot lock '%s'", k->shown) :
		    vl_fail(err, VL_ELOCKED, "another run makes keys in '%s'",
		        k->shown);
	return k->made ? vl_fsync_dir(k->dirfd, "..", err) : VL_OK;
}

static enum vl_status
check_absent(const struct keygen *k, struct vl_err *err)
{
	struct stat st = { 0 };
	size_t i = 0;

	for (i = 0; i < FILES; i++) {
		if (fstatat(k->dirfd, names[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			return vl_fail(err, VL_EUSAGE,
			    "'%s/%s' is there already and is not overwritten; "
			    "name another directory",
			    k->shown, names[i]);
		if (errno != ENOENT)
			return vl_fail_errno(
			    err, "cannot look for '%s/%s'", k->shown, names[i]);
	}
	return VL_OK;
}

static enum vl_status
make_keys(struct keygen *k, struct vl_err *err)
{
	struct secrets *s = k->secrets;
	char text[VL_B64U_SIZE(VL_X25519_SIZE)];
	enum vl_status st = VL_OK;

	s->sender.key.kind = VL_SENDER_KEY;
	vl_sender_secret_make(&s->sender.key.sender);
	st = vl_sender_public_encode(
	    &k->sender_pub, &s->sender.key.sender.pub, err);
	if (st != VL_OK)
		return st;
	s->recipient.key.kind = VL_RECIPIENT_KEY;
	vl_x25519_keypair(k->recipient, s->recipient.key.identity);
	return vl_buf_printf(&k->recipient_pub, err, "%s\n",
	    vl_b64u(text, k->recipient, sizeof(k->recipient)));
}

/* The texts of the secret ones, under a password where that is wanted. */
static enum vl_status
make_texts(struct keygen *k, struct vl_err *err)
{
	const struct keygen_opts *o = k->opts;
	struct vl_key_lock lock = { .kdf = (enum vl_kdf_preset)o->kdf };
	struct secret *list[] = { &k->secrets->sender, &k->secrets->recipient };
	struct vl_password password = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	k->protected = o->protect || vl_key_password_given(&o->password);
	if (k->protected)
		st = vl_key_password_make(
		    &password, &o->password, "new-key-password", err);
	lock.password.p = (const uint8_t *)password.text;
	lock.password.n = password.n;
	for (i = 0; st == VL_OK && i < sizeof(list) / sizeof(list[0]); i++)
		st = vl_secret_key_encode(list[i]->text, &list[i]->n,
		    &list[i]->key, k->protected ? &lock : NULL, err);
	vl_password_free(&password);
	return st;
}

static enum vl_status
write_files(struct keygen *k, struct vl_err *err)
{
	const struct secrets *s = k->secrets;
	const struct vl_slice contents[FILES] = {
		[SENDER_KEY] = { (const uint8_t *)s->sender.text, s->sender.n },
		[SENDER_PUB] = vl_buf_slice(&k->sender_pub),
		[RECIPIENT_KEY] = { (const uint8_t *)s->recipient.text,
		    s->recipient.n },
		[RECIPIENT_PUB] = vl_buf_slice(&k->recipient_pub),
	};
	enum vl_status st = VL_OK;
	mode_t mode = 0;

	for (; k->written < FILES; k->written++) {
		if (vl_cli_stop())
			return vl_cli_stopped(err);
		mode = k->written == SENDER_KEY || k->written == RECIPIENT_KEY ?
		    SECRET_MODE :
		    PUBLIC_MODE;
		st = vl_put_file(k->dirfd, names[k->written], mode,
		    contents[k->written], err);
		if (st != VL_OK)
			return vl_within(err, "cannot make '%s/%s'", k->shown,
			    names[k->written]);
	}
	return VL_OK;
}

/*
 * Half a set of keys is of no use and would stand in the way.  The one that
 * failed may be in place, too, and only not durable.
 */
static void
take_back(struct keygen *k)
{
	size_t i = 0;

	for (i = 0; i < FILES && i <= k->written; i++)
		(void)unlinkat(k->dirfd, names[i], 0);
	if (k->made)
		(void)rmdir(k->path);
}

static void
show(const struct keygen *k)
{
	const char *under = k->protected ? ", under the password" : "";
	char text[VL_FINGERPRINT_SIZE];

	vl_cli_note("made '%s/sender.key', which signs bundles%s; keep it to "
	            "yourself",
	    k->shown, under);
	vl_cli_note("made '%s/sender.pub', for whoever imports or checks; "
	            "fingerprint %s",
	    k->shown,
	    vl_cli_fingerprint(text, k->secrets->sender.key.sender.pub.key));
	vl_cli_note("made '%s/recipient.key', which opens bundles%s; keep it "
	            "where they are imported",
	    k->shown, under);
	vl_cli_note("made '%s/recipient.pub', for whoever exports to you; "
	            "fingerprint %s",
	    k->shown, vl_cli_fingerprint(text, k->recipient));
}

static enum vl_status
keygen_run(const struct vl_args *args, struct vl_err *err)
{
	struct keygen k = {
		.opts = args->opts, .path = args->operands[0], .dirfd = -1
	};
	enum vl_status st = VL_OK;

	(void)vl_escape_text(k.shown, sizeof(k.shown), vl_slice_of(k.path));
	k.secrets = vl_secret_alloc(sizeof(*k.secrets));
	if (k.secrets == NULL)
		return vl_fail_memory(err);
	st = open_dir(&k, err);
	if (st == VL_OK)
		st = check_absent(&k, err);
	if (st == VL_OK)
		st = make_keys(&k, err);
	if (st == VL_OK)
		st = make_texts(&k, err);
	if (st == VL_OK) {
		st = write_files(&k, err);
		if (st == VL_OK)
			show(&k);
		else
			take_back(&k);
	} else if (k.made) {
		(void)rmdir(k.path);
	}
	if (k.dirfd >= 0)
		(void)close(k.dirfd);
	vl_buf_free(&k.recipient_pub);
	vl_buf_free(&k.sender_pub);
	vl_secret_free(k.secrets);
	return st;
}

const struct vl_cmd vl_cmd_keygen = {
	.name = "keygen",
	.operands = "DIR",
	.help = "make the keys of a sender and of a recipient",
	.about =
	    "DIR is made when it is not there. The sender's keys are of "
	    "minisign's format.\nWithout --protect or --new-key-password-* the "
	    "secret ones have no password, so\nDIR must be where nobody else "
	    "reads. 'valise key password' sets one later.",
	.opts = table,
	.opts_size = sizeof(struct keygen_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = keygen_run,
};
