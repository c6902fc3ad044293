/*
 * A file with secrets in clear: the first byte says how they are found, the
 * rest of the first line where, and what follows is the file; if its high bit
 * is set that ends at a byte 0xff, and the file that the target has follows.
 * What is taken out of it and put back is the file; and what is put where the
 * target has another one, or none, has the same secrets in the same places.
 */

#include <valise/secretfile.h>

#include "fuzz.h"

static void
print(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    uint8_t out[VL_SLOT_PRINT_SIZE])
{
	(void)arg;
	(void)place;
	(void)plain;
	memset(out, 0, VL_SLOT_PRINT_SIZE);
}

/* A token is the secret itself. */
static enum vl_status
seal(const void *arg, const struct vl_slot_place *place, struct vl_slice plain,
    struct vl_buf *out, struct vl_err *err)
{
	(void)arg;
	(void)place;
	return vl_buf_add(out, plain, err);
}

static const struct vl_secret_ops ops = { .print = print, .seal = seal };

static void
set_place(struct vl_secret_words *w, uint8_t how, char *where)
{
	how &= 0x7f;
	w->json = how % 5 == 0 ? where : NULL;
	w->yaml = how % 5 == 1 ? where : NULL;
	w->keyed = how % 5 == 2 ? where : NULL;
	w->define = how % 5 == 3 ? where : NULL;
}

static void
check_same(const struct vl_parted *a, const struct vl_parted *b)
{
	size_t i = 0;

	MUST(a->nslots == b->nslots);
	for (i = 0; i < a->nslots; i++) {
		MUST(vl_slice_equal(a->slots[i].inside, b->slots[i].inside));
		MUST(vl_slice_equal(a->tokens[i], b->tokens[i]));
	}
}

static void
check(struct vl_secretfiles *set, struct vl_slice text, struct vl_slice here)
{
	const struct vl_slice file = vl_slice_of("f");
	struct vl_filling f = { .file = file };
	struct vl_parted parted = { 0 };
	struct vl_parted again = { 0 };
	struct vl_locked out = { 0 };
	struct vl_filled filled = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st =
	    vl_secretfile_part(&parted, set, file, file, text, &err);

	MUST(st == VL_OK || st == VL_EREFUSED);
	if (st == VL_OK) {
		f.rest = vl_locked_slice(&parted.rest);
		f.slots = parted.slots;
		f.nslots = parted.nslots;
		f.plains = parted.tokens;
		f.here = text;
		MUST(vl_secretfile_fill(&out, &filled, set, &f, &err) == VL_OK);
		MUST(vl_slice_equal(text, vl_locked_slice(&out)));
		MUST(filled.same == parted.nslots && filled.changed == 0);
		f.here = here;
		st = vl_secretfile_fill(&out, &filled, set, &f, &err);
		MUST(st == VL_OK || st == VL_EREFUSED);
	}
	if (st == VL_OK) {
		MUST(vl_secretfile_part(&again, set, file, file,
		         vl_locked_slice(&out), &err) == VL_OK);
		check_same(&parted, &again);
	}
	vl_parted_free(&parted);
	vl_parted_free(&again);
	vl_locked_free(&out);
}

/* Cut the file of the target off. */
static struct vl_slice
take_here(uint8_t how, struct vl_slice *text)
{
	const uint8_t *end = NULL;
	struct vl_slice here = { 0 };

	if ((how & 0x80) != 0 && text->n > 0)
		end = memchr(text->p, 0xff, text->n);
	if (end == NULL)
		return here;
	here =
	    (struct vl_slice){ end + 1, text->n - (size_t)(end - text->p) - 1 };
	text->n = (size_t)(end - text->p);
	return here;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static char file[] = "f";
	static char plain[] = "plain";
	static struct vl_site site;
	static bool ready;
	const uint8_t *end = n > 0 ? memchr(p, '\n', n) : NULL;
	struct vl_secret_words words = { .file = file, .cipher = plain };
	const struct vl_profile_resource about = { .file_secrets = &words,
		.nfile_secrets = 1 };
	struct vl_secretfiles_opts opts = {
		.resource = "r", .words = &about, .ops = &ops
	};
	struct vl_secretfiles *set = NULL;
	struct vl_slice text = { 0 };
	struct vl_slice here = { 0 };
	struct vl_err err = { 0 };
	char where[256];

	if (end == NULL || end < p + 2 || end - p > (ptrdiff_t)sizeof(where))
		return 0;
	ready = ready || vl_secret_init();
	MUST(ready);
	memcpy(where, p + 1, (size_t)(end - p) - 1);
	where[end - p - 1] = '\0';
	if (where[0] == '\0')
		return 0;
	set_place(&words, *p, where);
	MUST(vl_masters_new(&opts.masters, &site,
	         &(struct vl_masters_report){ NULL, NULL }, &err) == VL_OK);
	text = (struct vl_slice){ end + 1, n - (size_t)(end - p) - 1 };
	here = take_here(*p, &text);
	if (vl_secretfiles_new(&set, &opts, &err) == VL_OK)
		check(set, text, here);
	vl_secretfiles_free(set);
	vl_masters_free(opts.masters);
	return 0;
}
