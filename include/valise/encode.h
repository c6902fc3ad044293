#ifndef VALISE_ENCODE_H
#define VALISE_ENCODE_H

/*
 * Text forms of bytes.  Decoders accept the canonical form only: lower-case
 * hex, base64 without stray bits, and exactly the length asked for.
 */

#include <stdbool.h>

#include <valise/bytes.h>

#define VL_HEX_SIZE(n)  (2 * (n) + 1)             /* with NUL */
#define VL_B64U_SIZE(n) (((n)*4 + 2) / 3 + 1)     /* base64url, no padding */
#define VL_B64_SIZE(n)  ((((n) + 2) / 3) * 4 + 1) /* base64, padded */

char *vl_hex(char *text, const uint8_t *p, size_t n);
bool vl_unhex(uint8_t *out, size_t n, struct vl_slice text);

char *vl_b64u(char *text, const uint8_t *p, size_t n);
bool vl_unb64u(uint8_t *out, size_t n, struct vl_slice text);
/* Of unknown length: `out` has room for text.n bytes. */
bool vl_unb64u_any(uint8_t *out, size_t *n, struct vl_slice text);

char *vl_b64(char *text, const uint8_t *p, size_t n);
bool vl_unb64(uint8_t *out, size_t n, struct vl_slice text);

/* Crockford base32, lower case, of n bytes where 8n is a multiple of 5;
 * `text` has room for 8n/5 + 1. */
char *vl_base32(char *text, const uint8_t *p, size_t n);
/* A fingerprint as people read it: the first 160 bits as 8 groups of 4
 * Crockford characters, "abcd-efgh-...": 40 bytes with NUL. */
#define VL_FINGERPRINT_SIZE 40
char *vl_fingerprint(char text[VL_FINGERPRINT_SIZE], const uint8_t hash[32]);

#endif
