#ifndef VALISE_MASTERS_H
#define VALISE_MASTERS_H

/*
 * The master keys of one site, each read into locked memory when it is first
 * asked for, and the ciphers that go with them on this side.
 */

#include <valise/family.h>
#include <valise/profile.h>
#include <valise/site.h>

struct vl_masters;

struct vl_masters_report {
	void *arg;
	/* One line for the operator, of a key that others may read; or NULL. */
	void (*note)(void *arg, const char *text);
};

/* `site` is borrowed. */
enum vl_status vl_masters_new(struct vl_masters **out,
    const struct vl_site *site, const struct vl_masters_report *report,
    struct vl_err *err);
/* Ciphers may be those of `own`, a profile of this side: borrowed; or NULL. */
void vl_masters_profile(struct vl_masters *m, const struct vl_profile *own);
/*
 * By which cipher and with which key values of these words are kept; borrowed.
 * `masters` is one of these: so it fits whoever asks for keys (rows.h,
 * secretfile.h).  VL_EUSAGE: there is none, or it cannot be read.
 */
enum vl_status vl_masters_key(void *masters,
    const struct vl_secret_words *words, const struct vl_cipher **cipher,
    struct vl_slice *key, struct vl_err *err);
/* The same of a secret in a file, whose `master_key` may have parts: `with` has
 * what stands for them.  The key is borrowed from `m`. */
enum vl_status vl_masters_member(struct vl_masters *m,
    const struct vl_secret_words *words, const struct vl_captured_list *with,
    const struct vl_cipher **cipher, struct vl_slice *key, struct vl_err *err);
void vl_masters_free(struct vl_masters *m);

/* What values say of a master key while one after the other is tried: whether
 * that is enough, and that it is another one. */
struct vl_trial {
	bool proves; /* one that opens does so with this key alone */
	uint64_t opened;
	uint64_t failed;
};
bool vl_trial_ends(const struct vl_trial *t);
bool vl_trial_fails(const struct vl_trial *t);

#endif
