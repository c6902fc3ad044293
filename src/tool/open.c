/*
 * Opening a bundle with a key, in the order of formats/seal.md and
 * formats/keys.md: form of the seal, signature, hashes, stanzas, inner head.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/secret.h>
#include <valise/text.h>

#include "tool.h"

enum vl_status
bundle_cage(struct bundle *b, const struct vl_number *workers, bool required,
    struct vl_err *err)
{
	static bool told; /* once for all bundles of a run */
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;

	if (vl_cage_require(&why) != VL_OK) {
		if (required)
			return vl_fail(err, why.status, "%s", why.text);
		if (!told)
			vl_cli_note("note: %s", why.text);
		told = true;
	}
	st = vl_unpack_cage_open(&b->cage, workers->value, err);
	if (st == VL_OK)
		vl_cage_heed(b->cage, bundle_stop, NULL);
	return st;
}

enum vl_status
bundle_open(struct bundle *b, const char *path, struct vl_err *err)
{
	int number = 0;

	(void)vl_escape_text(b->shown, sizeof(b->shown), vl_slice_of(path));
	b->dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	number = errno;
	if (b->dirfd < 0 && number == ENOTDIR)
		return vl_fail(err, VL_EFORMAT,
		    "'%s' is not a bundle: it is not a directory; name the "
		    "folder that holds it",
		    b->shown);
	if (b->dirfd < 0 && (number == EACCES || number == EPERM))
		return vl_fail(err, VL_EIO, "cannot open bundle '%s': %s",
		    b->shown, strerror(number));
	if (b->dirfd < 0)
		return vl_fail(err, VL_ETEMP,
		    "cannot open bundle '%s': %s; is it mounted, and the path "
		    "right?",
		    b->shown, strerror(number));
	return vl_seal_look(b->dirfd, path, err);
}

enum vl_status
sender_read(struct vl_sender_public *out, const char *file, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = vl_cli_file(&text, file, VL_SENDER_PUBLIC_MAX, err);

	if (st == VL_OK &&
	    vl_sender_public_decode(out, vl_buf_slice(&text), err) != VL_OK)
		st = vl_wrong_key_file(
		    file, VL_SENDER_PUB, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

enum vl_status
bundle_seal(struct bundle *b, const struct seal_opts *opts, struct vl_err *err)
{
	const struct vl_small_reader reader = vl_unpack_small_reader(b->cage);
	struct vl_seal_report report = *opts->report;
	enum vl_status st = vl_seal_read(&b->seal, b->dirfd, &report, err);

	if (b->cage != NULL)
		report.reader = &reader;
	if (st == VL_OK && opts->sender != NULL) {
		st = vl_seal_verify(&b->seal, opts->sender, err);
		b->signer = st == VL_OK ? opts->sender : NULL;
	}
	if (st == VL_OK)
		st = vl_seal_check(
		    &b->seal, b->dirfd, -1, opts->reads, &report, err);
	return st == VL_OK ? VL_OK : vl_within(err, "bundle '%s'", b->shown);
}

enum vl_status
bundle_unlock(
    struct bundle *b, const struct vl_held_keys *held, struct vl_err *err)
{
	const struct vl_small_reader reader = vl_unpack_small_reader(b->cage);
	struct vl_opener opener = { .identity = held->identity,
		.reader = b->cage != NULL ? &reader : NULL };
	enum vl_status st = VL_OK;

	opener.password.p = (const uint8_t *)held->password;
	opener.password.n = held->password_size;
	b->keys = vl_secret_alloc(sizeof(*b->keys));
	if (b->keys == NULL)
		return vl_fail_memory(err);
	st = vl_keys_unlock(b->keys, &b->role, &b->seal.head,
	    vl_buf_slice(&b->seal.keys_text), &opener, err);
	return st == VL_OK ? VL_OK : vl_within(err, "bundle '%s'", b->shown);
}

const char *
bundle_tempdir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir == NULL || dir[0] != '/' ? "/var/tmp" : dir;
}

enum vl_status
bundle_reader(
    const struct bundle *b, struct vl_unpack **out, struct vl_err *err)
{
	struct vl_unpack_opts opts = { .dirfd = b->dirfd,
		.head = &b->seal.head,
		.keys = b->keys,
		.role = b->role,
		.tempdir = bundle_tempdir(),
		.pool = b->pool,
		.cage = b->cage };

	if (b->signer != NULL)
		opts.sender = b->signer->key;
	return vl_unpack_open(out, &opts, err);
}

enum vl_status
bundle_unpack(
    struct bundle *b, const struct vl_number *workers, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	st = vl_pool_new(&b->pool, workers->value, err);
	if (st != VL_OK)
		return st;
	st = bundle_reader(b, &b->unpack, err);
	return st == VL_OK ? VL_OK : vl_within(err, "bundle '%s'", b->shown);
}

enum vl_status
bundles_open_to_read(struct bundle *b, char *const *paths, size_t n,
    const struct open_opts *opts, struct vl_err *err)
{
	const struct vl_seal_report report = { .stop = bundle_stop };
	struct seal_opts seal = { .reads = VL_READS_INDEX, .report = &report };
	struct vl_sender_public sender = { 0 };
	struct vl_held_keys held = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < n; i++)
		st = bundle_cage(&b[i], &opts->workers, opts->sandbox, err);
	if (st == VL_OK && opts->sender != NULL) {
		seal.sender = &sender;
		st = sender_read(&sender, opts->sender, err);
	}
	for (i = 0; st == VL_OK && i < n; i++)
		st = bundle_open(&b[i], paths[i], err);
	if (st == VL_OK)
		st = vl_held_keys_open(&held, &opts->keys, err);
	for (i = 0; st == VL_OK && i < n; i++)
		st = bundle_seal(&b[i], &seal, err);
	for (i = 0; st == VL_OK && i < n; i++)
		st = bundle_unlock(&b[i], &held, err);
	vl_held_keys_free(&held);
	for (i = 0; st == VL_OK && i < n; i++)
		st = bundle_unpack(&b[i], &opts->workers, err);
	for (i = 0; i < n; i++)
		b[i].signer = NULL; /* `sender` ends here */
	return st;
}

enum vl_status
bundle_open_to_read(struct bundle *b, const char *path,
    const struct open_opts *opts, struct vl_err *err)
{
	char *paths[] = { (char *)(uintptr_t)path };

	return bundles_open_to_read(b, paths, 1, opts, err);
}

void
bundle_close(struct bundle *b)
{
	vl_unpack_free(b->unpack);
	vl_cage_close(b->cage);
	vl_pool_free(b->pool);
	vl_secret_free(b->keys);
	vl_seal_free(&b->seal);
	if (b->dirfd >= 0)
		(void)close(b->dirfd);
	*b = (struct bundle)BUNDLE_NONE;
}

char *
bundle_id8(char text[ID8_SIZE], const struct bundle *b)
{
	return vl_base32(text, b->seal.head.id, 5);
}

bool
bundle_stop(void *arg)
{
	(void)arg;
	return vl_cli_stop();
}

void
place_of(struct place *p, const char *operand)
{
	const char *slash = strchr(operand, '/');

	p->resource = vl_slice_of(operand);
	p->path = vl_slice_of("");
	p->has_path = slash != NULL;
	if (slash == NULL)
		return;
	p->resource.n = (size_t)(slash - operand);
	p->path = vl_slice_of(slash + 1);
}
