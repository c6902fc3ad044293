#ifndef VALISE_SOURCE_FILES_H
#define VALISE_SOURCE_FILES_H

/* Between the files of the kind "files". */

#include <sys/stat.h>
#include <time.h>

#include <valise/check.h>
#include <valise/entry.h>
#include <valise/owned.h>
#include <valise/secretfile.h>
#include <valise/table.h>
#include <valise/tree.h>

#include "kind.h"

/* ---- extras.c: ACLs, extended attributes and flags of one path ---- */

/* What a line takes of it is valid until the next is read. */
struct extras {
	struct vl_owners *owners; /* borrowed; for the names in ACLs */
	bool privileged;          /* security.* and trusted.* too */
	int error;                /* errno, where they could not be read */
	struct vl_attrs attrs;
	struct vl_buf acl;         /* struct vl_acl_entry */
	struct vl_buf acl_default; /* the same */
	struct vl_buf xattrs;      /* struct vl_xattr, into `attrs` */
};

/* Of what `fd` has open (`name` ""), or of `name` in directory `fd`; see
 * `error`. */
enum vl_status vl_extras_read(
    struct extras *x, int fd, const char *name, struct vl_err *err);
/* There are none. */
void vl_extras_clear(struct extras *x);
/* Is there anything that a line says? */
bool vl_extras_any(const struct extras *x);
/* Into the line. */
void vl_extras_set(const struct extras *x, struct vl_entry *e);
void vl_extras_free(struct extras *x);

/* ---- linked.c: inodes with several names, and the first of them ---- */

struct linked;

enum vl_status vl_linked_new(
    struct linked **out, const char *dir, struct vl_err *err);
/* The first name of the inode that `st` is of, if it was taken as `st` says it
 * still is: valid until the next call; else to->p is NULL. */
enum vl_status vl_linked_first(struct linked *l, struct vl_slice *to,
    const struct stat *st, struct vl_err *err);
/* `path` has travelled with the content, as `st` says; it becomes the first
 * name if there is none. */
enum vl_status vl_linked_took(struct linked *l, const struct stat *st,
    struct vl_slice path, struct vl_err *err);
/* One more name travels as that of the first. */
void vl_linked_met(struct linked *l, const struct stat *st);
/* How many had more names than were met. */
uint64_t vl_linked_cut(const struct linked *l);
void vl_linked_free(struct linked *l);

/* ---- body.c: the content of one file ---- */

/* All zero with `fd` -1 is empty. */
struct body {
	int fd;
	int error;           /* errno of a read that failed */
	uint64_t done;       /* bytes that came, holes among them */
	struct stat stat;    /* before the first byte */
	struct vl_buf holes; /* struct vl_hole */
	size_t nholes;
	size_t hole; /* the next one */
	/* In place of what is in the file; borrowed. */
	bool served;
	struct vl_slice text;
};

/* Open what the walk stands at; false: errno. */
bool vl_body_open(struct body *b, struct vl_walk *walk);
/* As vl_source_hole() and vl_source_read(). */
uint64_t vl_body_hole(struct body *b);
size_t vl_body_read(struct body *b, uint8_t *p, size_t n);
/* The first `n` bytes of it at once; false: they are not there, or cannot be
 * read (errno in `error`). */
bool vl_body_take(struct body *b, uint8_t *p, size_t n);
/* From now on `text` comes as the body, without holes. */
void vl_body_serve(struct body *b, struct vl_slice text);
/* Is the file still what it was before its first byte was read? */
bool vl_body_unchanged(const struct body *b);
/* And was it read to its end? */
bool vl_body_whole(const struct body *b);
void vl_body_close(struct body *b);
void vl_body_free(struct body *b);

/* ---- files.c: the kind's doors; yield.c: one record ---- */

enum stage {
	BETWEEN, /* no file is open */
	BODY,    /* the file last yielded is open */
	RETRY    /* it did not settle: yield the path anew */
};

#define VL_FILES_TRIES 3 /* of a path that changes */

struct files {
	struct vl_source base;
	const struct vl_resource *resource;
	struct vl_source_report report;
	struct vl_source_counts counts;
	struct vl_walk *walk;
	struct vl_ties *ties; /* or NULL */
	struct vl_namer namer;
	struct vl_owned *owned; /* by rows; or NULL */
	struct vl_exclude *exclude;
	struct vl_owners *owners;
	struct linked *linked;
	char *path; /* real */
	struct vl_buf line;
	struct vl_node node; /* the walk stands here */
	enum stage stage;
	int tries; /* at this path that came to nothing */
	struct body body;
	struct extras extras;
	struct vl_buf larger; /* holes, where a line has no room for all */
	size_t nholes;        /* in the line */
	bool holes_cut;       /* and there are more */
	const char *tempdir;
	/* Secrets: */
	struct vl_secretfiles *secrets;
	struct vl_needles *needles; /* or NULL */
	const struct vl_secret_ops *ops;
	bool declares;         /* files hold some */
	struct vl_locked text; /* of one, as it is here */
	struct vl_parted parted;
	bool is_parted;      /* the body is of that */
	const char *leaking; /* whose secret stands in it in clear */
	struct vl_buf tail;  /* of the bytes that were looked through */
	uint64_t blank;      /* that do not travel */
	/* What looks like one: */
	struct vl_check_texts *texts;
	struct vl_buf small; /* of a file that is looked into, what came */
	bool is_small;
};

/* ---- secrets.c ---- */

enum vl_status vl_files_secrets_open(
    struct files *f, const struct vl_source_opts *opts, struct vl_err *err);
void vl_files_secrets_free(struct files *f);
/* All that is declared, from files of the tree: whether the master keys are
 * right, and what is looked for. */
enum vl_status vl_files_learn(struct files *f, struct vl_err *err);
/* Of the file that was opened: one that holds secrets is read and parted.
 * `*again`: it changed meanwhile. */
enum vl_status vl_files_secrets_begin(
    struct files *f, bool *again, struct vl_err *err);
/* Of one more name of the file that travelled as `first`.  VL_EREFUSED: secrets
 * are declared for this name that `first` was not parted by. */
enum vl_status vl_files_secrets_link(
    struct files *f, struct vl_slice first, struct vl_err *err);
/* Into its line, and beside it. */
void vl_files_secrets_set(const struct files *f, struct vl_entry *e);
void vl_files_secrets_tokens(const struct files *f, struct vl_record *rec);
/* The next bytes of its body. */
enum vl_status vl_files_search(
    struct files *f, struct vl_slice piece, struct vl_err *err);
/* It travels. */
enum vl_status vl_files_secrets_count(struct files *f, struct vl_err *err);
/* All did. */
void vl_files_secrets_end(struct files *f);

/* Yield what the walk stands at; `*again` is set when it is not any more what
 * the walk saw. */
enum vl_status vl_files_yield(
    struct files *f, struct vl_record *rec, bool *again, struct vl_err *err);
/* Yield it as left out; `cause` is for a person, or NULL. */
enum vl_status vl_files_leave_out(struct files *f, struct vl_record *rec,
    enum vl_why why, const char *cause, struct vl_err *err);
/* The path, which was as `st` says, travels as its line says. */
enum vl_status vl_files_count(
    struct files *f, const struct stat *st, struct vl_err *err);

#endif
