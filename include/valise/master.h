#ifndef VALISE_MASTER_H
#define VALISE_MASTER_H

/*
 * Master keys: where this side has the key under which its applications keep
 * their secrets (formats/site.md, "Master keys"), read into locked memory.
 */

#include <valise/vault.h>

#define VL_MASTER_FILE_MAX                                                     \
	1048576 /* bytes of a file with more than the key                      \
	         */

/* Names values that a right key opens. */
struct vl_master_check {
	char *resource;
	char *of; /* "table.column" */
};

/* What the site says of one.  One of `file`, `command` and `credential` is
 * set, or none where `cipher` is "plain". */
struct vl_master_words {
	char *name;
	char *file;   /* absolute; all of it, or what one of these finds: */
	char *json;   /* JSONPath of one string or number */
	char *yaml;   /* the same */
	char *keyed;  /* `line`: what stands before the `=` */
	char *define; /* a constant of PHP */
	char **command;
	size_t ncommand;
	char *credential; /* a file in $CREDENTIALS_DIRECTORY */
	bool optional;    /* where it is absent values are in clear */
	char *cipher;     /* of this side, over the profile's; or NULL */
	struct vl_master_check *check; /* or NULL */
	unsigned line;
	unsigned column;
};

struct vl_master_found {
	bool absent;  /* it is `optional`, and not there; `out` is empty */
	bool exposed; /* others than owner and group may read its file */
};

/*
 * The key, in place of what `out` had.  One line feed at the end of a whole
 * file, credential or output does not belong to it.  VL_EUSAGE: it is not
 * there, or no key: empty, longer than VL_VAULT_KEY_MAX, found twice; the
 * message names where it was looked for and holds no byte of it.  VL_EIO: it
 * could not be looked for now, as without memory.
 */
enum vl_status vl_master_read(struct vl_locked *out,
    struct vl_master_found *found, const struct vl_master_words *words,
    struct vl_err *err);
/* The same where the file that `words` name has these bytes. */
enum vl_status vl_master_in(struct vl_locked *out,
    struct vl_master_found *found, const struct vl_master_words *words,
    struct vl_slice bytes, struct vl_err *err);

#endif
