#ifndef SECRETS_FILES_H
#define SECRETS_FILES_H

/* Between the files of this room that are about secrets in texts of files. */

#include <valise/hidden.h>
#include <valise/secretfile.h>
#include <valise/tree.h>

#define FILES_SHOWN 512
/* Places in one file; of fewer slots a line is full (VL_LINE_MAX). */
#define FILES_SPOTS_MAX 2048
#define LEAK_MARK       '@' /* before the number of one that stood in clear */

/* What was tried of one master key. */
struct files_trial {
	struct vl_buf member; /* of a family, as name_member() says */
	struct vl_trial trial;
	struct vl_err first; /* of those that failed */
};

/* One entry of `secrets`. */
struct files_entry {
	const struct vl_secret_words *words;
	struct vl_exclude *glob;
	char *name; /* for messages */
	/* With the key of `member`, where that is one of a family. */
	struct vl_vault *vault;
	struct vl_buf member;
	const char *cipher; /* of this side, once there is a vault */
	bool in_clear;      /* this side keeps it so */
	bool proves;        /* a value that opens does so with this key */
	struct files_trial *trials;
	size_t ntrials;
	size_t trial;   /* the one that was asked for last */
	uint64_t found; /* places, in what was tried */
};

/* How a secret is spelled where it stands. */
enum files_form {
	FORM_WHOLE,
	FORM_LINE,
	FORM_CONSTANT, /* of PHP, in single quotes */
	FORM_CONSTANT_DOUBLE,
	FORM_JSON, /* between quotes */
	FORM_BARE, /* of JSON a number, of YAML a plain scalar */
	FORM_YAML_SINGLE,
	FORM_YAML_DOUBLE,
	FORM_YAML_LINES, /* of a block */
	FORM_LEAK        /* as it was found */
};

struct files_spot {
	size_t at; /* in the text */
	size_t n;  /* 0: it is empty there */
	enum files_form form;
	size_t entry;
	struct vl_place place; /* by a path */
	size_t inside;         /* where it is called, in `names` */
	size_t ninside;
	bool slot; /* of a leak: it travels */
};

/* Where secrets stand in one text, ascending. */
struct files_spots {
	struct files_spot *list;
	size_t n;
	size_t cap;
	struct vl_buf names;
	/* An entry by which the text cannot be read, and why; or NULL. */
	const struct files_entry *broken;
	struct vl_err why;
};

struct vl_secretfiles {
	struct vl_secretfiles_opts opts;
	struct files_entry *entries;
	size_t n;
	struct vl_exclude **leaks;
	size_t nleaks;
	struct vl_exclude *none;
	struct files_spots spots;
	struct files_spots here;
	struct vl_places places;
	struct vl_locked scrubbed;
	struct vl_locked value; /* as it is read */
	struct vl_locked plain; /* as it opens */
	struct vl_locked work;
};

/* files.c */
bool files_is_about(const struct files_entry *e, struct vl_slice file);
enum vl_status files_check_size(
    struct vl_slice file, struct vl_slice text, struct vl_err *err);
const char *files_shown(
    char text[FILES_SHOWN], struct vl_slice file, struct vl_slice inside);

/* spots.c: in place of what `out` had. */
enum vl_status files_find(struct files_spots *out, struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice text, struct vl_err *err);
enum vl_status files_add_spot(struct files_spots *spots,
    const struct files_spot *spot, struct vl_slice inside, struct vl_err *err);
struct vl_slice files_inside(
    const struct files_spots *spots, const struct files_spot *spot);
const struct files_spot *files_named(
    const struct files_spots *spots, struct vl_slice inside);
/* In place of what `out` had.  VL_EFORMAT: a spelling that is not read. */
enum vl_status files_read(struct vl_locked *out, struct vl_slice text,
    const struct files_spot *spot, struct vl_err *err);
void files_spots_free(struct files_spots *spots);

/* open.c: s->value into s->plain; `*clear`: it stood so beside others that are
 * encrypted.  VL_EFORMAT, VL_EAUTH: it does not open, and why. */
enum vl_status files_open(struct vl_secretfiles *s, struct files_entry *e,
    struct vl_slice file, enum files_form form, bool *clear,
    struct vl_err *err);
/* `e` has the vault of the key that values of this file are under. */
enum vl_status files_vault(struct vl_secretfiles *s, struct files_entry *e,
    struct vl_slice file, struct vl_err *err);

/* family.c: what stands for the parts of a pattern; `list` has room for
 * FAMILY_PARTS.  False: it does not fit. */
#define FAMILY_PARTS 8
bool files_captured(struct vl_captured *list, size_t *n, const char *pattern,
    struct vl_slice file);
/* The pattern with stars for its parts. */
char *files_glob(const char *pattern);

/* spell.c: append `value` as it is spelled behind what `out` has; `json`: in a
 * file of that.
 * VL_EREFUSED: it cannot be there. */
struct files_spelling {
	enum files_form form;
	bool json;
};
enum vl_status files_spell(struct vl_locked *out,
    const struct files_spelling *how, struct vl_slice value,
    struct vl_err *err);

#endif
