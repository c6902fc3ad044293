/* The key that signs seals: given, or the site's own in its state. */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>

#include "export.h"

static const char key_name[] = "sender.key";
static const char pub_name[] = "sender.pub";

static enum vl_status
read_key(struct vl_sender_secret *k, const char *file, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	st = vl_secret_file(&text, &n, file, VL_SENDER_SECRET_MAX, err);
	if (st == VL_OK) {
		st = vl_sender_secret_decode(
		    k, (struct vl_slice){ (uint8_t *)text, n }, err);
		if (st != VL_OK) {
			/* A wrong file is a wrong command. */
			err->status = VL_EUSAGE;
			st = vl_within(err, "sender key '%s'", file);
		}
	}
	vl_secret_free(text);
	return st;
}

static enum vl_status
make_key(struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	char *text = NULL;
	size_t n = 0;

	vl_sign_keypair(k->pub.key, k->key);
	vl_random(k->pub.key_id, sizeof(k->pub.key_id));
	text = vl_secret_alloc(VL_SENDER_SECRET_MAX);
	if (text == NULL)
		return vl_fail_memory(err);
	st = vl_sender_secret_encode(text, &n, k, err);
	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(s), key_name, 0600,
		    (struct vl_slice){ (uint8_t *)text, n }, err);
	vl_secret_free(text);
	if (st == VL_OK)
		vl_cli_note("made this site's sender key, '%s/%s'; keep it, "
		            "and give '%s' to whoever imports or checks",
		    vl_state_path(s), key_name, pub_name);
	return st;
}

/* The public half stands beside it, also when a crash parted the two. */
static enum vl_status
put_public(
    const struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (faccessat(vl_state_fd(s), pub_name, F_OK, 0) == 0)
		return VL_OK;
	st = vl_sender_public_encode(&text, &k->pub, err);
	if (st == VL_OK)
		st = vl_put_file(
		    vl_state_fd(s), pub_name, 0644, vl_buf_slice(&text), err);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
own_key(struct vl_sender_secret *k, struct vl_state *s, struct vl_err *err)
{
	struct vl_buf path = { 0 };
	enum vl_status st = VL_OK;

	if (faccessat(vl_state_fd(s), key_name, F_OK, 0) == 0) {
		st = vl_buf_printf(
		    &path, err, "%s/%s", vl_state_path(s), key_name);
		if (st == VL_OK)
			st = vl_buf_add(&path,
			    (struct vl_slice){ (const uint8_t *)"", 1 }, err);
		if (st == VL_OK)
			st = read_key(k, (const char *)path.p, err);
	} else if (errno == ENOENT) {
		st = make_key(k, s, err);
	} else {
		st = vl_fail_errno(
		    err, "cannot look for '%s/%s'", vl_state_path(s), key_name);
	}
	if (st == VL_OK)
		st = put_public(k, s, err);
	vl_buf_free(&path);
	return st;
}

static void
show_key(const struct vl_sender_secret *k)
{
	struct vl_buf text = { 0 };
	char fingerprint[VL_FINGERPRINT_SIZE];
	struct vl_slice line = { 0 };
	const uint8_t *end = NULL;

	if (vl_sender_public_encode(&text, &k->pub, NULL) == VL_OK) {
		line = vl_buf_slice(&text);
		end = memchr(line.p, '\n', line.n);
		if (end != NULL) {
			line.n -= (size_t)(end + 1 - line.p);
			line.p = end + 1;
		}
		if (line.n > 0 && line.p[line.n - 1] == '\n')
			line.n--;
		vl_cli_note("signed by %.*s, fingerprint %s", (int)line.n,
		    (const char *)line.p,
		    vl_cli_fingerprint(fingerprint, k->pub.key));
	}
	vl_buf_free(&text);
}

enum vl_status
vl_sender_get(struct vl_sender_secret **out, struct vl_state *s,
    const char *file, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	*out = vl_secret_alloc(sizeof(**out));
	if (*out == NULL)
		return vl_fail_memory(err);
	st = file != NULL ? read_key(*out, file, err) : own_key(*out, s, err);
	if (st != VL_OK) {
		vl_secret_free(*out);
		*out = NULL;
		return st;
	}
	show_key(*out);
	return VL_OK;
}
