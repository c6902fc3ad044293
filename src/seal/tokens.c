/*
 * Secrets under the transfer key TK: KDF(TK,1) makes the tag and KDF(TK,2) the
 * key stream of a token, KDF(TK,3) the fingerprint (formats/manifest.md,
 * "Secrets").  The tag is over place and plaintext and is the nonce, so that
 * nothing has to be drawn, and nothing is encrypted twice under one nonce but
 * the same.
 *
 * Plaintexts stand in locked memory alone: none is copied, and what is opened
 * is decrypted where it shall stand.
 */

#include <string.h>

#include <valise/secret.h>
#include <valise/tokens.h>

#define BLOCK VL_TOKEN_BLOCK
#define TAG   8 /* where it is in a token */

static const char context[8] = { 'v', 'l', 's', '1', 'x', 'f', 'e', 'r' };

enum {
	XFER_MAC = 1,
	XFER_STREAM = 2,
	XFER_PRINT = 3
};

struct vl_tokens {
	uint8_t series[VL_SERIES_SIZE];
	uint64_t epoch;
	uint8_t mac[VL_KEY_SIZE];
	uint8_t stream[VL_KEY_SIZE];
	uint8_t print[VL_KEY_SIZE];
};

enum vl_status
vl_tokens_new(struct vl_tokens **out, const uint8_t series[VL_SERIES_SIZE],
    uint64_t epoch, const uint8_t tk[VL_KEY_SIZE], struct vl_err *err)
{
	struct vl_tokens *t = NULL;

	*out = NULL;
	t = vl_secret_alloc(sizeof(*t));
	if (t == NULL)
		return vl_fail_memory(err);
	memcpy(t->series, series, sizeof(t->series));
	t->epoch = epoch;
	vl_kdf(t->mac, XFER_MAC, context, tk);
	vl_kdf(t->stream, XFER_STREAM, context, tk);
	vl_kdf(t->print, XFER_PRINT, context, tk);
	*out = t;
	return VL_OK;
}

void
vl_tokens_free(struct vl_tokens *t)
{
	vl_secret_free(t);
}

/* The parts of a place, in their order. */
#define PARTS       8
#define PLACE_SHORT 512
struct place {
	uint8_t epoch[8];
	struct vl_slice parts[PARTS];
	size_t size; /* of all, each behind its length */
};

static void
lay_out(struct place *l, const struct vl_tokens *t,
    const struct vl_slot_place *place)
{
	const struct vl_slice parts[PARTS] = {
		{ t->series, sizeof(t->series) },
		{ l->epoch, sizeof(l->epoch) },
		place->resource,
		place->collection,
		place->key,
		place->column,
		place->inside,
		vl_slice_of(vl_slot_type(place->form, place->blob)),
	};
	size_t i = 0;

	vl_put_u64le(l->epoch, t->epoch);
	memcpy(l->parts, parts, sizeof(parts));
	l->size = 0;
	for (i = 0; i < PARTS; i++)
		l->size += 4 + parts[i].n;
}

static void
add_u32(struct vl_hash *h, size_t n)
{
	uint8_t le[4];

	vl_put_u32le(le, (uint32_t)n);
	vl_hash_add(h, (struct vl_slice){ le, sizeof(le) });
}

static void
add_u64(struct vl_hash *h, size_t n)
{
	uint8_t le[8];

	vl_put_u64le(le, n);
	vl_hash_add(h, (struct vl_slice){ le, sizeof(le) });
}

/* Parts are short mostly: they are put together before they are hashed. */
static void
add_place(struct vl_hash *h, const struct place *l)
{
	uint8_t bytes[PLACE_SHORT];
	struct vl_slice part = { 0 };
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < PARTS; i++) {
		part = l->parts[i];
		if (n + 4 + part.n > sizeof(bytes)) {
			vl_hash_add(h, (struct vl_slice){ bytes, n });
			n = 0;
		}
		vl_put_u32le(bytes + n, (uint32_t)part.n);
		n += 4;
		if (n + part.n > sizeof(bytes)) {
			vl_hash_add(h, (struct vl_slice){ bytes, n });
			vl_hash_add(h, part);
			n = 0;
		} else if (part.n > 0) {
			memcpy(bytes + n, part.p, part.n);
			n += part.n;
		}
	}
	vl_hash_add(h, (struct vl_slice){ bytes, n });
}

static void
print(const struct vl_tokens *t, const struct place *l, struct vl_slice plain,
    uint8_t out[VL_SLOT_PRINT_SIZE])
{
	const struct vl_hash_opts opts = { .key = t->print };
	uint8_t whole[VL_HASH_SIZE];
	struct vl_hash h;

	vl_hash_init(&h, &opts);
	vl_hash_add(&h, vl_slice_of("vls1-sf"));
	add_u32(&h, l->size);
	add_place(&h, l);
	add_u32(&h, plain.n);
	if (plain.n > 0)
		vl_hash_add(&h, plain);
	vl_hash_end(&h, whole);
	memcpy(out, whole, VL_SLOT_PRINT_SIZE);
}

static void
make_print(const void *arg, const struct vl_slot_place *place,
    struct vl_slice plain, uint8_t out[VL_SLOT_PRINT_SIZE])
{
	struct place l;

	lay_out(&l, arg, place);
	print(arg, &l, plain, out);
}

/* Behind the plaintext stand 0x80 and as many zeros as make whole blocks. */
static const uint8_t padding[BLOCK] = { 0x80 };

static size_t
padded_size(size_t n)
{
	return (n / BLOCK + 1) * BLOCK;
}

/* Of `plain` and what pads it. */
static void
make_tag(const struct vl_tokens *t, const struct place *l,
    struct vl_slice plain, uint8_t tag[VL_HASH_SIZE])
{
	const struct vl_hash_opts opts = { .key = t->mac,
		.personal = "vls1-siv" };
	const size_t n = padded_size(plain.n);
	struct vl_hash h;

	vl_hash_init(&h, &opts);
	add_u64(&h, l->size);
	add_u64(&h, n);
	add_place(&h, l);
	if (plain.n > 0)
		vl_hash_add(&h, plain);
	vl_hash_add(&h, (struct vl_slice){ padding, n - plain.n });
	vl_hash_end(&h, tag);
}

static enum vl_status
seal(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    struct vl_buf *out, struct vl_err *err)
{
	const struct vl_tokens *t = arg;
	const size_t n = padded_size(plain.n);
	struct place l;
	enum vl_status st = VL_OK;
	uint8_t *p = NULL;
	size_t i = 0;

	if (plain.n > VL_SECRET_MAX)
		return vl_fail(err, VL_EREFUSED,
		    "a secret of more than %u MiB does not travel: leave it "
		    "out, or say 'on_secret: blank'",
		    VL_SECRET_MAX >> 20);
	st = vl_buf_reserve(out, VL_TOKEN_HEAD + n, err);
	if (st != VL_OK)
		return st;
	p = out->p + out->n;
	lay_out(&l, t, place);
	vl_put_u64le(p, t->epoch);
	make_tag(t, &l, plain, p + TAG);
	/* The key stream first, so that the plaintext is in no memory but its
	 * own. */
	vl_xchacha20(p + VL_TOKEN_HEAD, n, p + TAG, t->stream);
	for (i = 0; i < n; i++)
		p[VL_TOKEN_HEAD + i] ^=
		    i < plain.n ? plain.p[i] : padding[i - plain.n];
	out->n += VL_TOKEN_HEAD + n;
	return VL_OK;
}

/* How many bytes are left without the padding; false: it is none. */
static bool
unpad(const struct vl_locked *plain, size_t *n)
{
	size_t i = plain->n;

	while (i > 0 && plain->p[i - 1] == 0)
		i--;
	if (i == 0 || plain->p[i - 1] != 0x80 || plain->n - i >= BLOCK)
		return false;
	*n = i - 1;
	return true;
}

static enum vl_status
decrypt(const struct vl_tokens *t, const struct place *l, struct vl_slice token,
    struct vl_locked *plain, struct vl_err *err)
{
	const uint8_t *tag = token.p + TAG;
	uint8_t found[VL_HASH_SIZE];
	enum vl_status st = VL_OK;
	size_t n = token.n - VL_TOKEN_HEAD;
	size_t i = 0;

	st = vl_locked_reserve(plain, n, err);
	if (st != VL_OK)
		return st;
	plain->n = n;
	vl_xchacha20(plain->p, n, tag, t->stream);
	for (i = 0; i < n; i++)
		plain->p[i] ^= token.p[VL_TOKEN_HEAD + i];
	if (!unpad(plain, &n))
		return vl_fail(err, VL_EAUTH,
		    "a secret does not open: it was altered, or is of another "
		    "place");
	plain->n = n;
	make_tag(t, l, vl_locked_slice(plain), found);
	return vl_equal_secret(found, tag, sizeof(found)) ?
	    VL_OK :
	    vl_fail(err, VL_EAUTH,
	        "a secret does not open: it was altered, or is of another "
	        "place");
}

static enum vl_status
open_token(const struct vl_tokens *t, const struct vl_slot_place *place,
    const uint8_t want[VL_SLOT_PRINT_SIZE], struct vl_slice token,
    struct vl_locked *plain, struct vl_err *err)
{
	uint8_t found[VL_SLOT_PRINT_SIZE];
	struct vl_rd rd = { .rest = token };
	struct place l;
	enum vl_status st = VL_OK;

	if (!vl_token_valid(token))
		return vl_fail(err, VL_EAUTH,
		    "%zu bytes are not those of a secret", token.n);
	if (vl_rd_u64le(&rd) != t->epoch)
		return vl_fail(err, VL_EAUTH,
		    "a secret is of another epoch of the series");
	lay_out(&l, t, place);
	st = decrypt(t, &l, token, plain, err);
	if (st != VL_OK)
		return st;
	print(t, &l, vl_locked_slice(plain), found);
	return vl_equal_secret(found, want, sizeof(found)) ?
	    VL_OK :
	    vl_fail(err, VL_EAUTH,
	        "a secret is another than its fingerprint in the line says");
}

static enum vl_status
open_it(const void *arg, const struct vl_slot_place *place,
    const uint8_t want[VL_SLOT_PRINT_SIZE], struct vl_slice token,
    struct vl_locked *plain, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	vl_locked_clear(plain);
	st = open_token(arg, place, want, token, plain, err);
	if (st != VL_OK && plain->p != NULL) {
		/* Also what stands behind `n`. */
		vl_secret_wipe(plain->p, plain->cap);
		plain->n = 0;
	}
	return st;
}

struct vl_secret_ops
vl_tokens_ops(const struct vl_tokens *t)
{
	return (struct vl_secret_ops){
		.arg = t, .print = make_print, .seal = seal, .open = open_it
	};
}
