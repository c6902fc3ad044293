/*
 * keys.jsn, the wrapped keys of a bundle (formats/keys.md).
 */

#include <string.h>

#include <valise/encode.h>
#include <valise/format.h>
#include <valise/json.h>

#include "canon.h"
#include "head.h"

#define WRAP_FULL  112
#define WRAP_AUDIT 80

static const char *const role_words[] = {
	[VL_ROLE_FULL] = "full",
	[VL_ROLE_AUDIT] = "audit",
};

static void
take_role(struct canon_obj *o, struct vl_stanza *s)
{
	char word[8];

	canon_text(o, "role", word, sizeof(word));
	if (strcmp(word, role_words[VL_ROLE_AUDIT]) == 0)
		s->role = VL_ROLE_AUDIT;
	else if (strcmp(word, role_words[VL_ROLE_FULL]) == 0)
		s->role = VL_ROLE_FULL;
	else
		canon_fail(o, VL_EFORMAT, "'role' is neither full nor audit");
	s->wrap_size = s->role == VL_ROLE_AUDIT ? WRAP_AUDIT : WRAP_FULL;
}

/* A number that has a cap where the stanza is tried; here it must only fit. */
static uint32_t
take_u32(struct canon_obj *o, const char *name)
{
	uint64_t n = canon_uint(o, name, 0, CANON_INT_MAX);

	if (n > UINT32_MAX)
		canon_fail(o, VL_ELIMIT, "'%s' is %llu, more than %u", name,
		    (unsigned long long)n, UINT32_MAX);
	return (uint32_t)n;
}

static enum vl_status
take_argon2id(struct vl_stanza *s, const cJSON *value, struct vl_err *err)
{
	struct canon_obj o;
	uint32_t lanes = 0;

	canon_open(&o, value, "stanza", err);
	o.strict = true;
	canon_b64u(&o, "kc", s->kc, sizeof(s->kc));
	s->kib = take_u32(&o, "m");
	s->passes = take_u32(&o, "n");
	lanes = take_u32(&o, "p");
	if (lanes != 1)
		canon_fail(&o, VL_ELIMIT, "'p' is %u, not 1", lanes);
	take_role(&o, s);
	canon_b64u(&o, "salt", s->salt, sizeof(s->salt));
	canon_word(&o, "t", "argon2id");
	canon_b64u(&o, "wrap", s->wrap, s->wrap_size);
	return canon_end(&o);
}

static enum vl_status
take_x25519(struct vl_stanza *s, const cJSON *value, struct vl_err *err)
{
	struct canon_obj o;

	canon_open(&o, value, "stanza", err);
	o.strict = true;
	canon_b64u(&o, "epk", s->epk, sizeof(s->epk));
	canon_b64u(&o, "kc", s->kc, sizeof(s->kc));
	take_role(&o, s);
	canon_word(&o, "t", "x25519");
	canon_b64u(&o, "wrap", s->wrap, s->wrap_size);
	return canon_end(&o);
}

static enum vl_status
take_stanza(struct vl_stanza *s, const cJSON *value, struct vl_err *err)
{
	const cJSON *type = cJSON_GetObjectItemCaseSensitive(value, "t");

	memset(s, 0, sizeof(*s));
	if (!cJSON_IsObject(value) || !cJSON_IsString(type))
		return vl_fail(err, VL_EFORMAT, "stanza: no type");
	if (strcmp(type->valuestring, "argon2id") == 0) {
		s->type = VL_STANZA_ARGON2ID;
		return take_argon2id(s, value, err);
	}
	if (strcmp(type->valuestring, "x25519") == 0) {
		s->type = VL_STANZA_X25519;
		return take_x25519(s, value, err);
	}
	s->type = VL_STANZA_UNKNOWN;
	return VL_OK;
}

enum vl_status
vl_stanzas_decode(
    struct vl_stanzas *s, struct vl_slice text, struct vl_err *err)
{
	struct canon_obj o;
	cJSON *root = NULL;
	const cJSON *array = NULL;
	const cJSON *value = NULL;
	size_t n = 0;
	enum vl_status st;

	memset(s, 0, sizeof(*s));
	st = canon_parse_line(&root, text, VL_HEAD_MAX, err);
	if (st != VL_OK)
		goto out;
	canon_open(&o, root, "keys", err);
	st = o.status;
	if (st == VL_OK)
		st = canon_version(root, "keys", err);
	if (st != VL_OK)
		goto out;
	canon_hex(&o, "mac", s->mac, sizeof(s->mac));
	array = canon_array(&o, "stanzas", &n);
	if (n < 1 || n > VL_STANZAS_MAX)
		canon_fail(&o, VL_EFORMAT, "%zu stanzas are not 1..%d", n,
		    VL_STANZAS_MAX);
	(void)canon_uint(&o, "v", 0, VL_FORMAT_VERSION);
	st = canon_end(&o);
	if (st != VL_OK)
		goto out;
	cJSON_ArrayForEach(value, array)
	{
		st = take_stanza(&s->list[s->n], value, err);
		if (st != VL_OK)
			goto out;
		s->n++;
	}
out:
	cJSON_Delete(root);
	if (st != VL_OK)
		memset(s, 0, sizeof(*s));
	return st;
}

enum vl_status
vl_stanzas_mac_input(
    struct vl_buf *out, struct vl_slice text, struct vl_err *err)
{
	cJSON *root = NULL;
	char *printed = NULL;
	enum vl_status st;

	st = canon_parse_line(&root, text, VL_HEAD_MAX, err);
	if (st != VL_OK)
		goto out;
	cJSON_DeleteItemFromObjectCaseSensitive(root, "mac");
	printed = cJSON_PrintUnformatted(root);
	if (printed == NULL) {
		st = vl_fail_memory(err);
		goto out;
	}
	st = vl_buf_add_text(out, printed, err);
out:
	cJSON_free(printed);
	cJSON_Delete(root);
	return st;
}

static void
put_b64u(struct vl_json_w *w, const char *key, const uint8_t *p, size_t n)
{
	char text[VL_B64U_SIZE(WRAP_FULL)];

	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(vl_b64u(text, p, n)));
}

/* `whole`: with kc and wrap, which the AD leaves out. */
static void
put_stanza(struct vl_json_w *w, const struct vl_stanza *s, bool whole)
{
	bool argon = s->type == VL_STANZA_ARGON2ID;

	vl_json_w_open(w, '{');
	if (!argon)
		put_b64u(w, "epk", s->epk, sizeof(s->epk));
	if (whole)
		put_b64u(w, "kc", s->kc, sizeof(s->kc));
	if (argon) {
		head_put_int(w, "m", s->kib);
		head_put_int(w, "n", s->passes);
		head_put_int(w, "p", 1);
	}
	head_put_text(w, "role", role_words[s->role]);
	if (argon)
		put_b64u(w, "salt", s->salt, sizeof(s->salt));
	head_put_text(w, "t", argon ? "argon2id" : "x25519");
	if (whole)
		put_b64u(w, "wrap", s->wrap, s->wrap_size);
	vl_json_w_close(w, '}');
}

static enum vl_status
check_stanza(const struct vl_stanza *s, struct vl_err *err)
{
	if (s->type != VL_STANZA_ARGON2ID && s->type != VL_STANZA_X25519)
		return vl_fail(err, VL_EUSAGE,
		    "a stanza of unknown type cannot be written");
	return VL_OK;
}

enum vl_status
vl_stanza_ad_json(
    struct vl_buf *out, const struct vl_stanza *s, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st = check_stanza(s, err);

	if (st != VL_OK)
		return st;
	vl_json_w_init(&w, out);
	put_stanza(&w, s, false);
	return vl_json_w_end(&w, err);
}

enum vl_status
vl_stanzas_encode(
    struct vl_buf *out, const struct vl_stanzas *s, struct vl_err *err)
{
	struct vl_json_w w;
	enum vl_status st = VL_OK;
	size_t i = 0;

	if (s->n < 1 || s->n > VL_STANZAS_MAX)
		return vl_fail(err, VL_EUSAGE, "%zu recipients are not 1..%d",
		    s->n, VL_STANZAS_MAX);
	for (i = 0; i < s->n; i++) {
		st = check_stanza(&s->list[i], err);
		if (st != VL_OK)
			return st;
		if (s->list[i].wrap_size !=
		    (s->list[i].role == VL_ROLE_AUDIT ? WRAP_AUDIT : WRAP_FULL))
			return vl_fail(err, VL_EUSAGE,
			    "a wrap of %zu bytes does not fit its role",
			    s->list[i].wrap_size);
	}
	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	head_put_hex(&w, "mac", s->mac, sizeof(s->mac));
	vl_json_w_key(&w, "stanzas");
	vl_json_w_open(&w, '[');
	for (i = 0; i < s->n; i++)
		put_stanza(&w, &s->list[i], true);
	vl_json_w_close(&w, ']');
	head_put_int(&w, "v", VL_FORMAT_VERSION);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st != VL_OK)
		return st;
	return vl_buf_add_text(out, "\n", err);
}
