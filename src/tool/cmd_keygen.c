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

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/sealform.h>
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

/* Everything secret, in one locked piece; texts as the files hold them. */
struct secrets {
	struct vl_sender_secret sender;
	char sender_text[VL_SENDER_SECRET_MAX];
	size_t sender_size;
	uint8_t recipient[VL_X25519_SIZE];
	char recipient_text[VL_B64U_SIZE(VL_X25519_SIZE) + 1];
};

struct keygen {
	const char *path;
	char shown[SHOWN_SIZE];
	int dirfd;
	struct secrets *secrets;
	uint8_t recipient[VL_X25519_SIZE]; /* public */
	struct vl_buf sender_pub;
	struct vl_buf recipient_pub;
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
make_sender(struct keygen *k, struct vl_err *err)
{
	struct secrets *s = k->secrets;
	enum vl_status st = VL_OK;

	vl_sender_secret_make(&s->sender);
	st = vl_sender_secret_encode(
	    s->sender_text, &s->sender_size, &s->sender, err);
	if (st != VL_OK)
		return st;
	return vl_sender_public_encode(&k->sender_pub, &s->sender.pub, err);
}

static enum vl_status
make_recipient(struct keygen *k, struct vl_err *err)
{
	struct secrets *s = k->secrets;
	char text[VL_B64U_SIZE(VL_X25519_SIZE)];
	size_t n = sizeof(text) - 1;

	vl_x25519_keypair(k->recipient, s->recipient);
	(void)vl_b64u(s->recipient_text, s->recipient, sizeof(s->recipient));
	s->recipient_text[n] = '\n';
	return vl_buf_printf(&k->recipient_pub, err, "%s\n",
	    vl_b64u(text, k->recipient, sizeof(k->recipient)));
}

static enum vl_status
write_files(struct keygen *k, struct vl_err *err)
{
	const struct secrets *s = k->secrets;
	const struct vl_slice contents[FILES] = {
		[SENDER_KEY] = { (const uint8_t *)s->sender_text,
		    s->sender_size },
		[SENDER_PUB] = vl_buf_slice(&k->sender_pub),
		[RECIPIENT_KEY] = { (const uint8_t *)s->recipient_text,
		    sizeof(s->recipient_text) - 1 },
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
	char text[VL_FINGERPRINT_SIZE];

	vl_cli_note("made '%s/sender.key', which signs bundles; keep it to "
	            "yourself",
	    k->shown);
	vl_cli_note("made '%s/sender.pub', for whoever imports or checks; "
	            "fingerprint %s",
	    k->shown, vl_cli_fingerprint(text, k->secrets->sender.pub.key));
	vl_cli_note("made '%s/recipient.key', which opens bundles; keep it "
	            "where they are imported",
	    k->shown);
	vl_cli_note("made '%s/recipient.pub', for whoever exports to you; "
	            "fingerprint %s",
	    k->shown, vl_cli_fingerprint(text, k->recipient));
}

static enum vl_status
keygen_run(const struct vl_args *args, struct vl_err *err)
{
	struct keygen k = { .path = args->operands[0], .dirfd = -1 };
	enum vl_status st = VL_OK;

	(void)vl_escape_text(k.shown, sizeof(k.shown), vl_slice_of(k.path));
	k.secrets = vl_secret_alloc(sizeof(*k.secrets));
	if (k.secrets == NULL)
		return vl_fail_memory(err);
	st = open_dir(&k, err);
	if (st == VL_OK)
		st = check_absent(&k, err);
	if (st == VL_OK)
		st = make_sender(&k, err);
	if (st == VL_OK)
		st = make_recipient(&k, err);
	if (st == VL_OK) {
		st = write_files(&k, err);
		if (st == VL_OK)
			show(&k);
		else
			take_back(&k);
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
	.about = "DIR is made when it is not there. The sender's keys are of "
	         "minisign's format;\nthe secret ones have no password, so DIR "
	         "must be where nobody else reads.",
	.min_operands = 1,
	.max_operands = 1,
	.run = keygen_run,
};
