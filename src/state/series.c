/*
 * The series of a source: id, keys, and the seq that was issued last.  The
 * keys stand in clear in a file of mode 0600: they are what the exporter
 * works with unattended (docs/security.md says what that means).  They pass
 * only through locked memory here.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>

#include "state_private.h"

/* Six lines "name value". */
#define SERIES_TEXT_MAX 512
#define EPOCH_MAX       999999999999999u /* as formats/ has numbers */

static const char series_form[] =
    "series %s\nepoch %llu\nseq %llu\nprev %s\nsk %s\ntk %s\n";

/* In locked memory. */
struct series_text {
	char all[SERIES_TEXT_MAX];
	char sk[VL_HEX_SIZE(VL_KEY_SIZE)];
	char tk[VL_HEX_SIZE(VL_KEY_SIZE)];
};

static size_t
encode(struct series_text *text, const struct vl_series *series)
{
	char id[VL_HEX_SIZE(16)];
	char prev[VL_HEX_SIZE(32)];
	int len = 0;

	vl_hex(id, series->id, 16);
	vl_hex(prev, series->prev, 32);
	vl_hex(text->sk, series->sk, VL_KEY_SIZE);
	vl_hex(text->tk, series->tk, VL_KEY_SIZE);
	len = snprintf(text->all, sizeof(text->all), series_form, id,
	    (unsigned long long)series->epoch, (unsigned long long)series->seq,
	    prev, text->sk, text->tk);
	return (size_t)len;
}

static enum vl_status
save(struct vl_state *s, const struct vl_series *series, struct vl_err *err)
{
	struct series_text *secret = vl_secret_alloc(sizeof(*secret));
	enum vl_status st = VL_OK;
	size_t n = 0;

	if (secret == NULL)
		return vl_fail_memory(err);
	n = encode(secret, series);
	st = vl_put_file(vl_state_fd(s), "series", 0600,
	    (struct vl_slice){ (const uint8_t *)secret->all, n }, err);
	vl_secret_free(secret);
	if (st != VL_OK)
		return vl_within(
		    err, "cannot keep the series in '%s'", vl_state_path(s));
	return VL_OK;
}

/* Take "name " and then the value up to LF off the front of `rest`. */
static struct vl_slice
take(struct vl_slice *rest, const char *name)
{
	const struct vl_slice none = { NULL, 0 };
	size_t len = strlen(name);
	const uint8_t *lf = NULL;
	struct vl_slice value = none;

	if (rest->n <= len || memcmp(rest->p, name, len) != 0)
		return none;
	lf = memchr(rest->p, '\n', rest->n);
	if (lf == NULL)
		return none;
	value.p = rest->p + len;
	value.n = (size_t)(lf - value.p);
	rest->n -= (size_t)(lf + 1 - rest->p);
	rest->p = lf + 1;
	return value;
}

static bool
number(struct vl_slice text, uint64_t *n)
{
	size_t i = 0;

	*n = 0;
	if (text.n == 0 || text.n > 15)
		return false;
	for (i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*n = *n * 10 + (uint64_t)(text.p[i] - '0');
	}
	return true;
}

static enum vl_status
decode(struct vl_series *series, struct vl_slice text, struct vl_err *err)
{
	struct vl_slice id = take(&text, "series ");
	struct vl_slice epoch = take(&text, "epoch ");
	struct vl_slice seq = take(&text, "seq ");
	struct vl_slice prev = take(&text, "prev ");
	struct vl_slice sk = take(&text, "sk ");
	struct vl_slice tk = take(&text, "tk ");

	if (text.n != 0 || !vl_unhex(series->id, 16, id) ||
	    !number(epoch, &series->epoch) || series->epoch < 1 ||
	    !number(seq, &series->seq) || !vl_unhex(series->prev, 32, prev) ||
	    !vl_unhex(series->sk, VL_KEY_SIZE, sk) ||
	    !vl_unhex(series->tk, VL_KEY_SIZE, tk))
		return vl_fail(err, VL_EIO,
		    "file 'series' is damaged: restore it from a copy of the "
		    "state directory");
	return VL_OK;
}

/* Read the file into locked memory. */
static enum vl_status
read_secret(struct vl_state *s, uint8_t *text, size_t *n, bool *there,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	int fd = openat(vl_state_fd(s), "series",
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	*n = 0;
	*there = fd >= 0 || errno != ENOENT;
	if (!*there)
		return VL_OK;
	if (fd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s/series'", vl_state_path(s));
	st = vl_read_full(fd, text, SERIES_TEXT_MAX, n, err);
	close(fd);
	return st;
}

enum vl_status
vl_series_load(struct vl_series *series, struct vl_state *s, struct vl_err *err)
{
	uint8_t *text = vl_secret_alloc(SERIES_TEXT_MAX);
	enum vl_status st = VL_OK;
	bool there = false;
	size_t n = 0;

	memset(series, 0, sizeof(*series));
	series->sk = vl_secret_alloc(2 * VL_KEY_SIZE);
	if (text == NULL || series->sk == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	series->tk = series->sk + VL_KEY_SIZE;
	st = read_secret(s, text, &n, &there, err);
	if (st != VL_OK)
		goto out;
	if (there) {
		st = decode(series, (struct vl_slice){ text, n }, err);
		if (st != VL_OK)
			vl_within(err, "state '%s'", vl_state_path(s));
		goto out;
	}
	vl_random(series->id, sizeof(series->id));
	vl_random(series->sk, 2 * VL_KEY_SIZE);
	series->epoch = 1;
	st = save(s, series, err);
out:
	vl_secret_free(text);
	if (st != VL_OK)
		vl_series_free(series);
	return st;
}

enum vl_status
vl_series_exists(bool *there, struct vl_state *s, struct vl_err *err)
{
	*there =
	    faccessat(vl_state_fd(s), "series", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (!*there && errno != ENOENT)
		return vl_fail_errno(
		    err, "cannot look for '%s/series'", vl_state_path(s));
	return VL_OK;
}

enum vl_status
vl_series_adopt(
    struct vl_state *s, const struct vl_series *series, struct vl_err *err)
{
	bool there = false;
	enum vl_status st = vl_series_exists(&there, s, err);

	if (st == VL_OK && there)
		st = vl_fail(err, VL_EUSAGE,
		    "'%s/series' is there: a series is put only where there is "
		    "none",
		    vl_state_path(s));
	return st == VL_OK ? save(s, series, err) : st;
}

enum vl_status
vl_series_issue(struct vl_state *s, struct vl_series *series, uint64_t seq,
    const uint8_t head[32], struct vl_err *err)
{
	series->seq = seq;
	memcpy(series->prev, head, 32);
	return save(s, series, err);
}

enum vl_status
vl_series_rotate(
    struct vl_state *s, struct vl_series *series, struct vl_err *err)
{
	struct vl_series next = *series;
	enum vl_status st = VL_OK;

	if (series->epoch >= EPOCH_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "the series has no epoch behind %llu",
		    (unsigned long long)series->epoch);
	next.epoch++;
	next.sk = vl_secret_alloc(2 * VL_KEY_SIZE);
	if (next.sk == NULL)
		return vl_fail_memory(err);
	next.tk = next.sk + VL_KEY_SIZE;
	vl_random(next.sk, 2 * VL_KEY_SIZE);
	st = save(s, &next, err);
	if (st != VL_OK) {
		vl_series_free(&next);
		return st;
	}
	vl_series_free(series);
	*series = next;
	return VL_OK;
}

void
vl_series_free(struct vl_series *series)
{
	vl_secret_free(series->sk);
	memset(series, 0, sizeof(*series));
}
