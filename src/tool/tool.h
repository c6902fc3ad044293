#ifndef VALISE_TOOL_TOOL_H
#define VALISE_TOOL_TOOL_H

/* Between the files of the program valise. */

#include <valise/cli.h>
#include <valise/links.h>
#include <valise/seal.h>
#include <valise/unpack.h>

extern const struct vl_cmd vl_cmd_cat;
extern const struct vl_cmd vl_cmd_diff;
extern const struct vl_cmd vl_cmd_doctor;
extern const struct vl_cmd vl_cmd_export;
extern const struct vl_cmd vl_cmd_import;
extern const struct vl_cmd vl_cmd_init;
extern const struct vl_cmd vl_cmd_check;
extern const struct vl_cmd vl_cmd_inventory;
extern const struct vl_cmd vl_cmd_inspect;
extern const struct vl_cmd vl_cmd_key_export;
extern const struct vl_cmd vl_cmd_key_import;
extern const struct vl_cmd vl_cmd_key_password;
extern const struct vl_cmd vl_cmd_keygen;
extern const struct vl_cmd vl_cmd_ls;
extern const struct vl_cmd vl_cmd_passgen;
extern const struct vl_cmd vl_cmd_rekey;
extern const struct vl_cmd vl_cmd_series_rotate;
extern const struct vl_cmd vl_cmd_verify;

/* ---- cmd_other.c ---- */

/* The command that answers for `word` of the contract when this version
 * does not have it; NULL for any other word. */
const struct vl_cmd *other_later(const char *word);

/* ---- open.c: from a path to verified records ---- */

#define SHOWN_SIZE 512
#define ID8_SIZE   9

/* What commands that open a bundle are told about keys and threads. */
struct open_opts {
	const char *sender; /* file of the public key, or NULL */
	struct vl_key_opts keys;
	struct vl_number workers;
	bool sandbox; /* required */
};

#define SANDBOX_OPT(s, member)                                                 \
	{                                                                      \
		.name = "require-sandbox", .type = VL_OPT_FLAG,                \
		.at = offsetof(s, member.sandbox),                             \
		.help = "refuse where the reader cannot be locked in wholly"   \
	}

#define SENDER_OPT(s, member)                                                  \
	{                                                                      \
		.name = "sender", .arg = "PUB", .type = VL_OPT_TEXT,           \
		.at = offsetof(s, member.sender), .env = true,                 \
		.help = "the signature must be by this key (sender.pub)"       \
	}

/*
 * A bundle directory, as far as it has been opened:
 *
 *	open -> seal -> unlock -> unpack -> close
 *
 * All zero but dirfd is empty.
 */
struct bundle {
	char shown[SHOWN_SIZE]; /* its path, safe to print */
	int dirfd;              /* -1: none */
	/* Who was found to have signed; NULL: not looked at.  Borrowed. */
	const struct vl_sender_public *signer;
	struct vl_seal seal;
	struct vl_key_set *keys; /* locked memory */
	enum vl_role role;
	struct vl_pool *pool;
	struct vl_cage *cage; /* where it is unpacked */
	struct vl_unpack *unpack;
};

#define BUNDLE_NONE                                                            \
	{                                                                      \
		.dirfd = -1                                                    \
	}

/* A wrong file is a wrong command: VL_EUSAGE. */
enum vl_status sender_read(
    struct vl_sender_public *out, const char *file, struct vl_err *err);

/*
 * Before anything else for who will unlock it, and while there is no other
 * thread: the child that will read it.  `required`: not one whom the kernel
 * locks in less than it could.
 */
enum vl_status bundle_cage(struct bundle *b, const struct vl_number *workers,
    bool required, struct vl_err *err);
/* VL_ETEMP when it is absent; VL_EFORMAT when it is no directory, or
 * vl_seal_look() says that it cannot be a bundle. */
enum vl_status bundle_open(
    struct bundle *b, const char *path, struct vl_err *err);

struct seal_opts {
	/* Who must have signed; NULL: the signature is not looked at. */
	const struct vl_sender_public *sender;
	enum vl_seal_reads reads;
	const struct vl_seal_report *report;
};
/* Form of the seal, signature, hashes. */
enum vl_status bundle_seal(
    struct bundle *b, const struct seal_opts *opts, struct vl_err *err);

enum vl_status bundle_unlock(
    struct bundle *b, const struct vl_held_keys *held, struct vl_err *err);
/* Unlocked: up to the first record. */
enum vl_status bundle_unpack(
    struct bundle *b, const struct vl_number *workers, struct vl_err *err);
/* One more reader of the same bundle, from its first record on.  Free it
 * before the bundle. */
enum vl_status bundle_reader(
    const struct bundle *b, struct vl_unpack **out, struct vl_err *err);
/* Where temporary files go. */
const char *bundle_tempdir(void);

/*
 * All of it for a command that shows what is inside: the hashes of all but
 * the packs, the signature where a sender is named, the keys, the index.
 * Every frame that is read on authenticates by itself.
 */
enum vl_status bundle_open_to_read(struct bundle *b, const char *path,
    const struct open_opts *opts, struct vl_err *err);
/* The same for `n` bundles that one key opens; `b` are empty. */
enum vl_status bundles_open_to_read(struct bundle *b, char *const *paths,
    size_t n, const struct open_opts *opts, struct vl_err *err);
void bundle_close(struct bundle *b);

/* How a bundle's folder is called by itself. */
char *bundle_id8(char text[ID8_SIZE], const struct bundle *b);
/* For vl_seal_report: a signal came. */
bool bundle_stop(void *arg);

/* RESOURCE/KEY in an operand, where KEY is a path of a tree, TABLE or
 * TABLE/KEY of a database; without '/' it is "". */
struct place {
	struct vl_slice resource;
	struct vl_slice path;
	bool has_path;
};
void place_of(struct place *p, const char *operand);

/* ---- row.c: rows of databases ---- */

/* `path` is TABLE/KEY of the row: KEY as it stands in the line, or, where it is
 * one text, that. */
bool row_is(const struct vl_row *row, struct vl_slice path);
/* The record is what `place` names, or part of it. */
bool place_holds(const struct place *place, const struct vl_unpacked *rec);
/* RESOURCE/KEY of any record, escaped, as place_of() takes it: appended. */
enum vl_status record_name(
    struct vl_buf *out, const struct vl_unpacked *rec, struct vl_err *err);
/* To standard output, once its body has proved to be the right one; with its
 * secrets: secrets_show(). */
enum vl_status row_show(struct vl_unpack *u, const struct vl_unpacked *rec,
    bool secrets, struct vl_err *err);

/* ---- secrets.c: those of one record, on a terminal ---- */

/* Where one is shown in a text, and how many bytes of that it stands for. */
struct secret_mark {
	size_t at;
	size_t instead;
};
enum vl_status secrets_mark(
    struct vl_buf *marks, size_t at, size_t instead, struct vl_err *err);
/* VL_EUSAGE where anything but a person would get them. */
enum vl_status secrets_check_terminal(struct vl_err *err);
/* VL_EKEY in the role audit; VL_EREFUSED when the person says no. */
enum vl_status secrets_ask(const struct bundle *b,
    const struct vl_unpacked *rec, const char *name, struct vl_err *err);
/* `text` with the secrets of `rec`, each of which has its mark, in their
 * order: of a row as JSON, of a file as they are.  What a terminal would obey
 * becomes '?'. */
enum vl_status secrets_show(struct vl_unpack *u, const struct vl_unpacked *rec,
    struct vl_slice text, const struct vl_buf *marks, struct vl_err *err);

/* ---- hard.c ---- */

/*
 * Hard lines of a bundle that is unpacked; all zero is empty:
 *
 *	begin -> add* -> check -> free
 */
struct hard_lines {
	const struct vl_inner_head *inner;
	struct vl_links **of; /* by resource */
	size_t n;
	size_t at; /* the resource of the line before */
};

enum vl_status hard_begin(struct hard_lines *h,
    const struct vl_inner_head *inner, struct vl_err *err);
/* Each record in its order; those that are no hard link are passed over. */
enum vl_status hard_add(
    struct hard_lines *h, const struct vl_entry *e, struct vl_err *err);
/* Behind the last: VL_EPATH unless each names an earlier line that is no
 * directory, hard link or left-out path.  Where there are hard links, the
 * lines are read again. */
enum vl_status hard_check(
    struct hard_lines *h, const struct bundle *b, struct vl_err *err);
void hard_free(struct hard_lines *h);

#endif
