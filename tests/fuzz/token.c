/*
 * Tokens of secrets.  The input is a place, a secret and a byte to change:
 * the secret comes back, and nothing does once one bit is another.  And the
 * whole input as a token opens nowhere, and is read to its end at most.
 */

#include <valise/secret.h>
#include <valise/tokens.h>

#include "fuzz.h"

static struct vl_slot_place
take_place(struct vl_rd *rd)
{
	struct vl_slot_place place = { .resource = vl_slice_of("r") };

	place.form = (enum vl_slot_form)(vl_rd_u8(rd) % 3);
	place.blob = vl_rd_u8(rd) % 2 == 1;
	place.key = vl_rd_take(rd, vl_rd_u8(rd));
	place.column = vl_rd_take(rd, vl_rd_u8(rd));
	place.inside = vl_rd_take(rd, vl_rd_u8(rd));
	return place;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint8_t key[VL_KEY_SIZE] = { 1, 2, 3 };
	static struct vl_tokens *tokens;
	static struct vl_locked plain;
	static struct vl_buf token;
	struct vl_rd rd = { .rest = { p, n } };
	struct vl_slot_place place = take_place(&rd);
	uint8_t print[VL_SLOT_PRINT_SIZE] = { 0 };
	struct vl_secret_ops ops;
	struct vl_err err = { 0 };
	size_t at = vl_rd_u32le(&rd);

	if (tokens == NULL) {
		MUST(vl_secret_init());
		MUST(vl_tokens_new(&tokens, key, 1, key, &err) == VL_OK);
	}
	ops = vl_tokens_ops(tokens);
	MUST(ops.open(ops.arg, &place, print, (struct vl_slice){ p, n }, &plain,
	         &err) == VL_EAUTH);
	if (rd.short_)
		return 0;
	vl_buf_clear(&token);
	ops.print(ops.arg, &place, rd.rest, print);
	MUST(ops.seal(ops.arg, &place, rd.rest, &token, &err) == VL_OK);
	MUST(vl_token_valid(vl_buf_slice(&token)));
	MUST(ops.open(ops.arg, &place, print, vl_buf_slice(&token), &plain,
	         &err) == VL_OK);
	MUST(vl_slice_equal(rd.rest, vl_locked_slice(&plain)));
	token.p[at % token.n] ^= (uint8_t)(1u << (at / 7 % 8));
	MUST(ops.open(ops.arg, &place, print, vl_buf_slice(&token), &plain,
	         &err) == VL_EAUTH &&
	    plain.n == 0);
	return 0;
}
