#ifndef VALISE_SECRETFILE_H
#define VALISE_SECRETFILE_H

/*
 * Secrets in files of a tree (formats/profile.md, "Secrets in files"): which
 * files of one resource the words are about, and what becomes of their texts.
 *
 * At the source a text is *parted*: each secret is opened with the master key
 * of this side and taken out; what remains is the body of the file, and for
 * each secret there is a slot and a token.  At the target it is *filled*: each
 * secret is put back, kept as this side keeps it; one that the target has
 * already keeps the bytes that it has there, so that a file in which nothing
 * changed comes out as it is.
 *
 *	new -> (look | part | fill)* -> free
 *
 * By one thread at a time.  Texts, secrets and what is made of them stand in
 * locked memory; no message holds a byte of them.
 */

#include <valise/entry.h>
#include <valise/masters.h>
#include <valise/needles.h>
#include <valise/profile.h>

#define VL_SECRETFILE_MAX VL_FILE_SLOTS_MAX /* bytes of such a file */

struct vl_secretfiles_opts {
	const char *resource; /* its name */
	/* What the profile says of it; or NULL. */
	const struct vl_profile_resource *words;
	struct vl_masters *masters; /* NULL: nothing is opened, only counted */
	/* Fingerprints and tokens; NULL: neither is made, and nothing filled.
	 */
	const struct vl_secret_ops *ops;
	/* Of a source: what is looked for in texts that are parted; or NULL. */
	struct vl_needles *needles;
	/* Which strings of opened JSON are (needles.h). */
	bool (*suspect)(struct vl_slice name, struct vl_slice value);
};

struct vl_secretfiles;
/* What `opts` points to is borrowed.  VL_EUSAGE: a path that is none. */
enum vl_status vl_secretfiles_new(struct vl_secretfiles **out,
    const struct vl_secretfiles_opts *opts, struct vl_err *err);
void vl_secretfiles_free(struct vl_secretfiles *s);

/*
 * `file` is the path of a file in its tree here, by which the words say what
 * they are about.  Whether one of `secrets` is; of `leaks`, and what it says;
 * and whether one of `not_secret` is.
 */
bool vl_secretfiles_concern(
    const struct vl_secretfiles *s, struct vl_slice file);
/* Whether all places that are said of `file` are said of `first`, too. */
bool vl_secretfiles_follow(const struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice first);
bool vl_secretfiles_leak(const struct vl_secretfiles *s, struct vl_slice file,
    enum vl_leak_do *what);
bool vl_secretfiles_none(const struct vl_secretfiles *s, struct vl_slice file);

/* One place that an entry of `secrets` finds in a text; borrowed. */
struct vl_secret_seen {
	size_t entry;           /* among words->file_secrets */
	struct vl_slice inside; /* as in struct vl_file_slot */
	/* VL_OK; VL_EFORMAT, VL_EAUTH: it does not open, or (without `inside`)
	 * the text cannot be read so; `why` says why. */
	enum vl_status status;
	const char *why;
	bool clear;            /* it stands there in clear */
	struct vl_slice plain; /* where masters are */
	const char *of;        /* a name for the entry, for messages; lives as
	                        * long as the set */
};
/* All secrets of a text, opened.  What `seen` answers ends it. */
enum vl_status vl_secretfile_look(struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice text,
    enum vl_status (*seen)(
        void *arg, const struct vl_secret_seen *seen, struct vl_err *err),
    void *arg, struct vl_err *err);

/* The text without what is declared in it, whatever becomes of that, in place
 * of what `out` had; empty where it cannot be read as an entry says. */
enum vl_status vl_secretfile_rest(struct vl_locked *out,
    struct vl_secretfiles *s, struct vl_slice file, struct vl_slice text,
    struct vl_err *err);
/* The cipher of an entry on this side, once one of its secrets was opened;
 * else as the entry says. */
const char *vl_secretfiles_cipher(const struct vl_secretfiles *s, size_t entry);

/*
 * What was looked at says whether the master keys are right (as of columns):
 * VL_EUSAGE at a source, VL_EREFUSED where `target`, with the entry.  With
 * needles, secrets that were seen are among them.
 */
enum vl_status vl_secretfile_try(struct vl_secretfiles *s, struct vl_slice file,
    struct vl_slice text, struct vl_err *err);
enum vl_status vl_secretfiles_tried(
    const struct vl_secretfiles *s, bool target, struct vl_err *err);
/* An entry by which nothing was found in any text that was tried, by its name,
 * from `*at` on; NULL behind the last. */
const char *vl_secretfiles_unfound(const struct vl_secretfiles *s, size_t *at);

/* All zero is empty; may be used again. */
struct vl_parted {
	struct vl_locked rest;            /* the body */
	const struct vl_file_slot *slots; /* of the line, ascending */
	const struct vl_slice *tokens;    /* as many, in their order */
	size_t nslots;
	uint64_t blank;      /* secrets that do not travel */
	const char *leaking; /* what of it stands in clear in the rest, and no
	                      * line of `leaks` is about the file; or NULL */
	struct vl_buf room[4];
};
/*
 * `key` is the path in the line, to which tokens are bound.
 *
 * VL_EREFUSED  a secret does not open, or the text cannot be read as the entry
 *              says, and `on_broken` is `refuse`; two entries meet in the same
 *              bytes; more than VL_SECRETFILE_MAX bytes
 */
enum vl_status vl_secretfile_part(struct vl_parted *out,
    struct vl_secretfiles *s, struct vl_slice file, struct vl_slice key,
    struct vl_slice text, struct vl_err *err);
void vl_parted_free(struct vl_parted *p);

/* What came of a file, and what of it is here. */
struct vl_filling {
	struct vl_slice file;
	struct vl_slice rest; /* its body */
	const struct vl_file_slot *slots;
	size_t nslots;
	const struct vl_slice *plains; /* opened by vl_secret_ops, for each */
	struct vl_slice here;          /* the target's; p is NULL: none */
};
struct vl_filled {
	uint64_t changed; /* secrets that are others here, or not here yet */
	uint64_t same;
	uint64_t kept;  /* the target's own, by `on_secret` */
	uint64_t empty; /* that did not come, and that the target has not */
};
/*
 * The text that is to be there, in place of what `out` had; also of a file
 * without slots that vl_secretfiles_concern().
 *
 * VL_EREFUSED  a slot where the profile here names no secret; one that cannot
 *              be spelled where it is to stand; the file here cannot be read
 *              as the profile says
 * VL_EUSAGE    the master key is not there, or none
 */
enum vl_status vl_secretfile_fill(struct vl_locked *out,
    struct vl_filled *filled, struct vl_secretfiles *s,
    const struct vl_filling *f, struct vl_err *err);

#endif
