/*
 * The seal: seal.txt lists and hashes every file of a bundle, seal.sig signs
 * the list (formats/seal.md).  What is read here is only well-formed until
 * vl_seal_verify() has said who signed it.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/seal.h>
#include <valise/text.h>

#include "medium.h"
#include "signed.h"

#define LIST_NAME   "seal.txt"
#define SIG_NAME    "seal.sig"
#define PUBLIC_MODE 0644
#define SHOWN_SIZE  512

/* What the second signature covers. */
static enum vl_status
global_input(struct vl_buf *out, const uint8_t signature[VL_SIGN_SIZE],
    struct vl_slice comment, struct vl_err *err)
{
	enum vl_status st;

	st = vl_buf_add(out, (struct vl_slice){ signature, VL_SIGN_SIZE }, err);
	if (st == VL_OK)
		st = vl_buf_add(out, comment, err);
	return st;
}

/* Sign `list_text` and put the four lines into `out`. */
static enum vl_status
make_sig(struct vl_buf *out, const struct vl_seal_make *make,
    struct vl_slice list_text, struct vl_err *err)
{
	struct vl_seal_sig sig = { 0 };
	struct vl_seal_comment comment = { 0 };
	struct vl_buf text = { 0 };
	struct vl_buf input = { 0 };
	uint8_t hash[64];
	enum vl_status st;

	memcpy(comment.id, make->head->id, sizeof(comment.id));
	comment.seq = make->head->seq;
	comment.kind = make->head->kind;
	comment.files = make->list.n;
	comment.bytes = make->bytes;
	memcpy(comment.head, make->fingerprint, sizeof(comment.head));
	st = vl_seal_comment_encode(&text, &comment, err);
	if (st != VL_OK)
		goto out;
	vl_hash512_of(hash, list_text);
	memcpy(sig.key_id, make->sender->pub.key_id, sizeof(sig.key_id));
	vl_sign(sig.signature, (struct vl_slice){ hash, sizeof(hash) },
	    make->sender->key);
	sig.comment_text = vl_buf_slice(&text);
	st = global_input(&input, sig.signature, sig.comment_text, err);
	if (st != VL_OK)
		goto out;
	vl_sign(sig.global, vl_buf_slice(&input), make->sender->key);
	st = vl_seal_sig_encode(out, &sig, err);
out:
	vl_buf_free(&input);
	vl_buf_free(&text);
	return st;
}

enum vl_status
vl_seal_encode(struct vl_buf *list, struct vl_buf *sig,
    const struct vl_seal_make *make, struct vl_err *err)
{
	enum vl_status st = vl_seal_list_encode(list, &make->list, err);

	return st == VL_OK ? make_sig(sig, make, vl_buf_slice(list), err) : st;
}

enum vl_status
vl_seal_write(const struct vl_seal_make *make, struct vl_err *err)
{
	struct vl_buf list = { 0 };
	struct vl_buf sig = { 0 };
	enum vl_status st;

	st = vl_seal_encode(&list, &sig, make, err);
	if (st != VL_OK)
		goto out;
	st = vl_put_file(
	    make->dirfd, LIST_NAME, PUBLIC_MODE, vl_buf_slice(&list), err);
	if (st != VL_OK)
		goto out;
	st = vl_put_file(
	    make->dirfd, SIG_NAME, PUBLIC_MODE, vl_buf_slice(&sig), err);
out:
	vl_buf_free(&sig);
	vl_buf_free(&list);
	if (st != VL_OK)
		(void)vl_within(err, "cannot seal the bundle");
	return st;
}

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name);
	size_t m = strlen(end);

	return n >= m && strcasecmp(name + n - m, end) == 0;
}

/* Folders that are called as bundles are. */
struct found {
	const char *newest; /* borrowed; NULL: there is none */
	size_t n;
	uint64_t seq;
	struct timespec time;
};

/*
 * The number that head.jsn in folder `name` tells, 0 when none can be read.
 * It is not checked: it only serves to name a bundle.
 */
static uint64_t
read_seq(int dirfd, const char *name)
{
	char real[] = "head.jsn";
	const struct vl_seal_name file = { .name = "head.jsn", .real = real };
	struct vl_head head = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err ignored = { 0 };
	bool read = false;
	int fd = openat(dirfd, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return 0;
	read = medium_read(&text, fd, &file, VL_HEAD_MAX, &ignored) == VL_OK &&
	    vl_head_decode(&head, vl_buf_slice(&text), &ignored) == VL_OK;
	vl_buf_free(&text);
	(void)close(fd);
	return read ? head.seq : 0;
}

static bool
is_newer(uint64_t seq, const struct timespec *time, const struct found *than)
{
	if (seq != than->seq)
		return seq > than->seq;
	return time->tv_sec != than->time.tv_sec ?
	    time->tv_sec > than->time.tv_sec :
	    time->tv_nsec > than->time.tv_nsec;
}

/* The newest by number, where numbers are equal or unknown by time. */
static void
find_bundles(struct found *found, const struct vl_seal *s, int dirfd)
{
	struct stat st = { 0 };
	uint64_t seq = 0;
	size_t i = 0;

	for (i = 0; i < s->nnames; i++) {
		/* As it is: one that begins with a digit is no name of a
		 * file in a bundle. */
		if (!ends_with(s->names[i].real, ".vls") ||
		    fstatat(dirfd, s->names[i].real, &st,
		        AT_SYMLINK_NOFOLLOW) != 0 ||
		    !S_ISDIR(st.st_mode))
			continue;
		seq = read_seq(dirfd, s->names[i].real);
		if (found->n++ == 0 || is_newer(seq, &st.st_mtim, found)) {
			found->newest = s->names[i].real;
			found->seq = seq;
			found->time = st.st_mtim;
		}
	}
}

static enum vl_status
fail_no_bundle(const char *shown, const struct found *found, struct vl_err *err)
{
	if (found->n == 0)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is not a bundle (no " LIST_NAME ")", shown);
	if (found->n == 1)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is not a bundle (no " LIST_NAME
		    "); name the folder in it, '%s/%s'",
		    shown, shown, found->newest);
	return vl_fail(err, VL_EFORMAT,
	    "'%s' is not a bundle (no " LIST_NAME
	    "); name one of the %zu bundles in it: the newest is '%s/%s'",
	    shown, found->n, shown, found->newest);
}

enum vl_status
vl_seal_look(int dirfd, const char *path, struct vl_err *err)
{
	char shown[SHOWN_SIZE];
	struct vl_seal s = { 0 };
	struct vl_err ignored = { 0 };
	char *real = realpath(path, NULL);
	struct found found = { 0 };
	enum vl_status st = VL_OK;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	(void)vl_escape_text(shown, sizeof(shown),
	    (struct vl_slice){ (const uint8_t *)path, n });
	if (real != NULL &&
	    (ends_with(real, VL_REKEY_WRITING) ||
	        ends_with(real, VL_REKEY_DECIDED))) {
		st = vl_fail(err, VL_EFORMAT,
		    "'%s' is an unfinished bundle: the rekey of it was broken "
		    "off; run 'valise rekey' on it again",
		    shown);
		goto out;
	}
	/* Whoever never finished it left it the name it is written under. */
	if (real != NULL && ends_with(real, ".par")) {
		st = vl_fail(err, VL_EFORMAT,
		    "'%s' is an unfinished bundle: its export was broken off; "
		    "export again",
		    shown);
		goto out;
	}
	if (medium_list(&s, dirfd, &ignored) != VL_OK ||
	    medium_find(&s, LIST_NAME, &n) != NULL)
		goto out;
	find_bundles(&found, &s, dirfd);
	st = fail_no_bundle(shown, &found, err);
out:
	free(real);
	vl_seal_free(&s);
	return st;
}

static void
tell(const struct vl_seal_report *report, const char *name, const char *why)
{
	if (report != NULL && report->wrong != NULL)
		report->wrong(report->arg, name, why);
}

/* Both texts, each under exactly one name. */
static enum vl_status
read_texts(struct vl_seal *s, int dirfd, const char **name, struct vl_err *err)
{
	size_t nlist = 0;
	size_t nsig = 0;
	const struct vl_seal_name *list = medium_find(s, LIST_NAME, &nlist);
	const struct vl_seal_name *sig = medium_find(s, SIG_NAME, &nsig);
	enum vl_status st;

	*name = nlist != 1 ? LIST_NAME : SIG_NAME;
	if (nlist != 1 || nsig != 1)
		return vl_fail(err, VL_EFORMAT,
		    "not a bundle: there is not exactly one '%s'", *name);
	st = medium_read(&s->sig_text, dirfd, sig, VL_SEAL_SIG_MAX, err);
	if (st == VL_OK)
		st = vl_seal_sig_decode(
		    &s->sig, vl_buf_slice(&s->sig_text), err);
	if (st != VL_OK)
		return st;
	*name = LIST_NAME;
	st = medium_read(&s->list_text, dirfd, list, VL_SEAL_MAX, err);
	if (st == VL_OK)
		st = vl_seal_list_decode(
		    &s->list, vl_buf_slice(&s->list_text), err);
	return st;
}

enum vl_status
vl_seal_read(struct vl_seal *s, int dirfd, const struct vl_seal_report *report,
    struct vl_err *err)
{
	struct vl_err own = { 0 };
	const char *name = NULL;
	enum vl_status st;

	if (err == NULL)
		err = &own;
	memset(s, 0, sizeof(*s));
	st = medium_list(s, dirfd, err);
	if (st != VL_OK)
		return st;
	st = read_texts(s, dirfd, &name, err);
	if (st == VL_OK && s->sig.comment.files != s->list.n) {
		name = SIG_NAME;
		st = vl_fail(err, VL_ETRUST,
		    "'" SIG_NAME "' speaks of %" PRIu64 " files, '" LIST_NAME
		    "' lists %zu: they are not of one bundle",
		    s->sig.comment.files, s->list.n);
	}
	if (st != VL_OK)
		tell(report, name, err->text);
	return st;
}

enum vl_status
signed_comment(const struct vl_seal_sig *sig,
    const struct vl_sender_public *pub, struct vl_err *err)
{
	struct vl_buf input = { 0 };
	char trusted[VL_KEY_ID_TEXT];
	enum vl_status st =
	    global_input(&input, sig->signature, sig->comment_text, err);

	if (st == VL_OK &&
	    !vl_sign_verify(sig->global, vl_buf_slice(&input), pub->key))
		st = vl_fail(err, VL_ETRUST,
		    "the trusted comment of '" SIG_NAME "' is not signed "
		    "with key %s",
		    vl_key_id_text(trusted, pub->key_id));
	vl_buf_free(&input);
	return st;
}

enum vl_status
vl_seal_verify(const struct vl_seal *s, const struct vl_sender_public *pub,
    struct vl_err *err)
{
	char trusted[VL_KEY_ID_TEXT];
	char other[VL_KEY_ID_TEXT];
	uint8_t hash[64];

	(void)vl_key_id_text(trusted, pub->key_id);
	if (memcmp(s->sig.key_id, pub->key_id, VL_KEY_ID_SIZE) != 0)
		return vl_fail(err, VL_ETRUST,
		    "'" SIG_NAME "' is by key %s, not by the trusted %s",
		    vl_key_id_text(other, s->sig.key_id), trusted);
	vl_hash512_of(hash, vl_buf_slice(&s->list_text));
	if (!vl_sign_verify(s->sig.signature,
	        (struct vl_slice){ hash, sizeof(hash) }, pub->key))
		return vl_fail(err, VL_ETRUST,
		    "'" SIG_NAME "' does not sign this '" LIST_NAME
		    "' with key %s",
		    trusted);
	return signed_comment(&s->sig, pub, err);
}

void
vl_seal_free(struct vl_seal *s)
{
	size_t i = 0;

	for (i = 0; i < s->nnames; i++)
		free(s->names[i].real);
	free(s->names);
	vl_seal_list_free(&s->list);
	vl_buf_free(&s->list_text);
	vl_buf_free(&s->sig_text);
	vl_buf_free(&s->head_text);
	vl_buf_free(&s->keys_text);
	memset(s, 0, sizeof(*s));
}
