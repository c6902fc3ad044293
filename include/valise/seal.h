#ifndef VALISE_SEAL_H
#define VALISE_SEAL_H

/*
 * The seal of a bundle directory: made last, checked first, without any key
 * but the sender's public one (formats/seal.md).
 */

#include <valise/keys.h>
#include <valise/sealform.h>

/*
 * files_root (formats/bundle.md): begin, add each index and pack file in
 * order of names, then vl_hash_end().  Writer and check have this one form.
 */
void vl_files_root_begin(struct vl_hash *root);
void vl_files_root_add(struct vl_hash *root, const char *name, uint64_t size,
    const uint8_t hash[VL_HASH_SIZE]);

/* Sign `list` (all files, ascending) and write seal.txt, seal.sig into
 * dirfd, each synced. `head` is decoded from head.jsn's bytes. */
struct vl_seal_make {
	int dirfd;
	const struct vl_head *head;
	const uint8_t *fingerprint; /* BLAKE2b-256 of head.jsn */
	struct vl_seal_list list;
	uint64_t bytes; /* sum of sizes of the listed files */
	const struct vl_sender_secret *sender;
};
enum vl_status vl_seal_write(
    const struct vl_seal_make *make, struct vl_err *err);

/* The same into buffers; nothing is written, and dirfd not looked at. */
enum vl_status vl_seal_encode(struct vl_buf *list, struct vl_buf *sig,
    const struct vl_seal_make *make, struct vl_err *err);

/* A finding of the check: one wrong file, or the seal itself. */
struct vl_seal_report {
	void *arg;
	/* `name` is escaped already where it is not of the bundle. */
	void (*wrong)(void *arg, const char *name, const char *why);
	/* Bytes hashed so far; may be NULL. */
	void (*progress)(void *arg, uint64_t done, uint64_t total);
	/* Asked between blocks; true stops the check with VL_ESIGNAL. */
	bool (*stop)(void *arg);
	/* Decodes head.jsn; NULL: it is done here. */
	const struct vl_small_reader *reader;
};

/* A name in the bundle's folder. */
struct vl_seal_name {
	char name[VL_NAME83_SIZE]; /* folded; "" when no bundle has such */
	char *real;                /* as the medium spells it; owned */
};

struct vl_seal {
	struct vl_seal_name *names; /* ascending; the folder, listed once */
	size_t nnames;
	struct vl_seal_list list;
	struct vl_seal_sig sig; /* comment_text borrowed from sig_text */
	struct vl_buf list_text;
	struct vl_buf sig_text;
	struct vl_buf head_text;
	struct vl_buf keys_text;
	struct vl_head head;
	uint8_t fingerprint[VL_HASH_SIZE];
	uint64_t bytes; /* of the listed files */
};

/*
 * What the names alone tell: VL_EFORMAT where the folder `path`, open as
 * dirfd, was never finished (`.par`) or has no seal.txt.  Whoever gave the
 * medium in place of a bundle on it is told one.  What else fails is left to
 * vl_seal_read().
 */
enum vl_status vl_seal_look(int dirfd, const char *path, struct vl_err *err);

/*
 * List the folder and read the form of the seal: seal.sig and seal.txt,
 * parsed and consistent with each other.  Nothing is believed yet; what the
 * folder holds is held against the list by vl_seal_check(), because a list
 * that was tampered with is first of all one that nobody signed.
 *
 * A folder that is called `.par` is not a bundle: who knows the name refuses
 * it before.
 *
 * VL_EFORMAT, VL_ELIMIT  not a bundle, or malformed
 * VL_ETRUST  seal.sig is of another seal.txt
 * VL_ETEMP   the directory is absent or the medium gone
 */
enum vl_status vl_seal_read(struct vl_seal *s, int dirfd,
    const struct vl_seal_report *report, struct vl_err *err);

/* The signatures fit `pub`. VL_ETRUST. */
enum vl_status vl_seal_verify(const struct vl_seal *s,
    const struct vl_sender_public *pub, struct vl_err *err);

/* Which files vl_seal_check() reads; of the others it looks at the size, and
 * that is for the public check only. */
enum vl_seal_reads {
	VL_READS_ALL,
	VL_READS_INDEX, /* no packs */
	VL_READS_SMALL  /* no packs and no index files */
};

/*
 * Hold the names in the folder against the list, then hash every listed
 * file, each byte read once; with copyfd >= 0 also copy it
 * there under its folded name (mode 0600).  Then decode head.jsn, take
 * keys.jsn, and hold them against seal, comment and files_root.
 *
 * Every wrong file is reported; the first one's status is returned.
 *
 * VL_EFORMAT, VL_ELIMIT  a file is wrong, missing, or not listed
 * VL_EREFUSED  a delta bundle
 * VL_ETRUST  the comment of seal.sig is of another bundle
 * VL_EIO     a file cannot be read, or its copy not written
 * VL_ESIGNAL  report->stop() said so
 *
 * Copies are closed, not synced.  Once a file is wrong no further copy is
 * made.
 */
enum vl_status vl_seal_check(struct vl_seal *s, int dirfd, int copyfd,
    enum vl_seal_reads reads, const struct vl_seal_report *report,
    struct vl_err *err);
void vl_seal_free(struct vl_seal *s);

/* The bundle with the highest number of a series. */
struct vl_newest {
	uint64_t known; /* from the caller: numbers up to it are known, and
	                 * bundles that have one need not be whole */
	uint64_t seq;   /* 0: none was found */
	uint64_t epoch; /* its own; none is higher */
	uint8_t head[VL_HASH_SIZE]; /* its fingerprint */
	char shown[512];            /* where it lies, safe to print */
};
/*
 * Look for it in folder `path` and one level below: `out`, zero but for
 * `known` to begin with, gets what is newer than what it holds.  Only what
 * `sender` signed is believed.
 *
 * A number is issued once, so a folder that has seal.sig, seal.txt or
 * head.jsn is passed over only where it is told to be no newer one: named
 * as an export that was not finished, signed by somebody else, of another
 * series, or of a number that is known.  A folder that may not be looked
 * into is, where it is not called as bundles are.
 *
 * VL_ETEMP  no such folder, or the medium is gone
 * VL_EIO    something cannot be read
 * VL_EFORMAT, VL_ELIMIT  a bundle is damaged, and may be a newer one
 */
enum vl_status vl_seal_newest(struct vl_newest *out, const char *path,
    const uint8_t series[VL_ID_SIZE], const struct vl_sender_public *sender,
    struct vl_err *err);

/*
 * Another keys.jsn for a finished bundle, with a new seal (formats/seal.md,
 * "Rekey"):
 *
 *	open -> put? -> free
 *
 * Killed at any moment the folder holds the old bundle, or the new one, or is
 * called by its name with one of these behind it; then the next open makes
 * the old one of it (WRITING), or the new one.
 */
#define VL_REKEY_WRITING ".rekey.par"
#define VL_REKEY_DECIDED ".rekeyed.par"

struct vl_rekey;

enum vl_rekey_found {
	VL_REKEY_NOTHING, /* a folder under its own name */
	VL_REKEY_UNDONE,  /* one that was broken off: the old bundle again */
	VL_REKEY_FINISHED /* the same: the new bundle */
};

/*
 * Lock the folder that `path` names, and recover where a run was killed;
 * `path` is then the bundle's own name or the unfinished one.
 *
 * VL_ETEMP    there is no such folder
 * VL_EFORMAT  it is no folder
 * VL_ELOCKED  another run rekeys it
 */
enum vl_status vl_rekey_open(
    struct vl_rekey **out, const char *path, struct vl_err *err);
enum vl_rekey_found vl_rekey_found(const struct vl_rekey *r);
/* Its path under its own name, for vl_seal_look(). */
const char *vl_rekey_path(const struct vl_rekey *r);
struct vl_rekey_with {
	struct vl_slice keys_text; /* for keys.jsn */
	const struct vl_sender_secret *sender;
};
/*
 * Durable: the new keys and a seal over them; `seal` is what vl_seal_check()
 * found in the folder.  After a failure it is the old bundle, or the message
 * says what it is called.
 */
enum vl_status vl_rekey_put(struct vl_rekey *r, const struct vl_seal *seal,
    const struct vl_rekey_with *with, struct vl_err *err);
void vl_rekey_free(struct vl_rekey *r);

#endif
