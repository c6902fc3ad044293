/*
 *   cipher [PROFILE] NAME
 *
 * A cipher of src/vault, or one that a profile declares, for the tests, in the
 * lines that a program speaks with which one is declared (formats/ciphers.md,
 * "Programs"): `key B64`, then `open B64` or `seal B64`, answered with `ok B64`
 * or `bad TEXT`.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/profile.h>
#include <valise/secret.h>
#include <valise/vault.h>

/* What stands behind the word, decoded; false where it is another. */
static bool
behind(struct vl_buf *out, const char *line, const char *word)
{
	const size_t n = strlen(word);
	size_t pad = 0;
	size_t end = strlen(line);

	vl_buf_clear(out);
	if (strncmp(line, word, n) != 0 || line[n] != ' ')
		return false;
	for (; pad < 2 && line[end - 1 - pad] == '='; pad++)
		;
	out->n = (end - n - 1) / 4 * 3 - pad;
	if (vl_buf_reserve(out, 1, NULL) != VL_OK)
		return false;
	return vl_unb64(out->p, out->n, vl_slice_of(line + n + 1));
}

static void
answer(enum vl_status st, const struct vl_locked *out, const struct vl_err *err)
{
	char *text = NULL;

	if (st != VL_OK) {
		printf("bad %d %s\n", (int)st, err->text);
	} else {
		text = malloc(VL_B64_SIZE(out->n));
		if (text != NULL)
			printf("ok %s\n", vl_b64(text, out->p, out->n));
		free(text);
	}
	(void)fflush(stdout);
}

/* `out` is kept for the next line: taking locked memory costs more than most
 * ciphers. */
static enum vl_status
do_line(struct vl_vault **v, const struct vl_cipher *c, const char *line,
    struct vl_locked *out, struct vl_err *err)
{
	struct vl_buf bytes = { 0 };
	enum vl_status st = VL_EUSAGE;
	bool clear = false;

	if (*v == NULL) {
		st = behind(&bytes, line, "key") ?
		    vl_vault_new(v, c, vl_buf_slice(&bytes), err) :
		    vl_fail(err, VL_EUSAGE, "no key");
		if (st != VL_OK)
			answer(st, out, err);
		vl_buf_free(&bytes);
		return st;
	}
	if (behind(&bytes, line, "open"))
		st = vl_vault_open(*v, out, &clear, vl_buf_slice(&bytes), err);
	else if (behind(&bytes, line, "seal"))
		st = vl_vault_seal(*v, out, vl_buf_slice(&bytes), err);
	answer(st, out, err);
	vl_buf_free(&bytes);
	return VL_OK;
}

static const struct vl_cipher *
declared(struct vl_profile **p, const char *file, const char *name)
{
	struct vl_err err = { 0 };
	size_t i = 0;

	if (vl_profile_load(p, file, &err) != VL_OK) {
		fprintf(stderr, "%s\n", err.text);
		return NULL;
	}
	for (i = 0; i < (*p)->nciphers; i++)
		if (strcmp((*p)->ciphers[i].cipher.name, name) == 0)
			return &(*p)->ciphers[i].cipher;
	return NULL;
}

int
main(int argc, char **argv)
{
	const struct vl_cipher *c = NULL;
	struct vl_profile *p = NULL;
	struct vl_vault *v = NULL;
	struct vl_locked out = { 0 };
	struct vl_err err = { 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = 0;
	enum vl_status st = VL_OK;

	if (argc == 2)
		c = vl_cipher_named(argv[1]);
	else if (argc == 3)
		c = declared(&p, argv[1], argv[2]);
	if (c == NULL || !vl_secret_init()) {
		fputs("usage: cipher [PROFILE] NAME\n", stderr);
		vl_profile_free(p);
		return 2;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	while (st == VL_OK && (n = getline(&line, &cap, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		st = do_line(&v, c, line, &out, &err);
	}
	free(line);
	vl_locked_free(&out);
	vl_vault_free(v);
	vl_profile_free(p);
	return st == VL_OK ? 0 : 1;
}
