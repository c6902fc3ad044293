#ifndef VALISE_KEYFILE_H
#define VALISE_KEYFILE_H

/*
 * Secret key files of people: sender.key and recipient.key, in clear or under
 * a password, which is asked for here (formats/keys.md, "Files of people";
 * formats/seal.md, "Key files of a sender").
 */

#include <valise/cli.h>
#include <valise/sealform.h>

/* In locked memory. */
struct vl_secret_key {
	enum vl_key_file kind; /* VL_SENDER_KEY or VL_RECIPIENT_KEY */
	bool locked;           /* its file is under a password */
	struct vl_sender_secret sender;
	uint8_t identity[32];
};

struct vl_secret_key_from {
	const char *file;
	enum vl_key_file wanted; /* VL_KEY_FILE_OTHER: either */
	/* Where its password comes from when it has one, by options that are
	 * called `word` and -file, -fd, -command, and a credential. */
	const struct vl_key_password *password;
	const char *word;
};

/*
 * `*asked` gets true when a person was asked for the password; else it stays.
 *
 * VL_EUSAGE   not such a key, or no password for it
 * VL_EKEY     wrong password, or damaged
 * VL_ELIMIT   its password costs more than the caps
 */
enum vl_status vl_secret_key_read(struct vl_secret_key *k,
    const struct vl_secret_key_from *from, bool *asked, struct vl_err *err);

/* The key of --sign-key, with the options of VL_SIGN_KEY_PASSWORD_OPTS. */
enum vl_status vl_sign_key_read(struct vl_sender_secret *k, const char *file,
    const struct vl_key_password *password, bool *asked, struct vl_err *err);

#define VL_SECRET_KEY_MAX VL_SENDER_SECRET_MAX
/* The text of a file that holds it: under `lock`, with NULL in clear.  `text`
 * is locked memory; `*n` gets the length. */
enum vl_status vl_secret_key_encode(char text[VL_SECRET_KEY_MAX], size_t *n,
    const struct vl_secret_key *k, const struct vl_key_lock *lock,
    struct vl_err *err);

#endif
