#ifndef VALISE_CHECK_H
#define VALISE_CHECK_H

/*
 * A profile held against a live database: the plan and the keys of an export
 * are made as vl_rows_open() makes them, but what an export ends at is told,
 * and the rest is looked at, too.  Then an export is run for its answer.
 *
 * The texts of what is told are borrowed for the call; names in them are
 * escaped, names beside them are as they are.
 */

#include <valise/rows.h>

enum vl_check_kind {
	VL_CHECK_WRONG,   /* the profile names what is not there */
	VL_CHECK_REFUSED, /* an export is refused */
	VL_CHECK_HINT     /* worth a look */
};

struct vl_check_finding {
	enum vl_check_kind kind;
	const char *table;  /* or NULL */
	const char *column; /* or NULL */
	const char *text;
	const char *line; /* that would mend it, in the profile; or NULL */
	bool secret;      /* what it is about looks like one */
	bool error;       /* `text` is what an export ends with, and says itself
	                   * where that is */
};

/*
 * Texts that are no cells of rows: files of a tree.  Of settings what stands in
 * them beside names of secrets, of all others whether all of one is a secret;
 * as columns, but that more must speak for it.
 */
#define VL_CHECK_TEXT_MAX 65536 /* bytes of a file that is looked into */
struct vl_check_texts;
/* `ciphers`, borrowed: whose form is known besides; or none. */
enum vl_status vl_check_texts_open(struct vl_check_texts **out,
    const struct vl_declared *ciphers, size_t nciphers, struct vl_err *err);
void vl_check_texts_free(struct vl_check_texts *c);
/* What of the file called `name` looks like a secret is told, in words; how
 * many of them. */
enum vl_status vl_check_text(struct vl_check_texts *c, const char *name,
    struct vl_slice text, uint64_t *n,
    void (*found)(void *arg, const char *text), void *arg, struct vl_err *err);

/* Rows of an entry of the profile, or of a table without one. */
struct vl_check_entry {
	const char *table;
	const char *where; /* SQL, or NULL */
	const char *key;   /* how its rows are called, in words */
	unsigned line;     /* of the profile; 0: no entry */
	uint64_t rows;     /* carried */
	uint64_t skipped;
	uint64_t refused; /* told as findings */
};

/* One way in which a column refers to rows. */
struct vl_check_reference {
	const char *table;
	const char *column;
	const char *to;       /* a table; NULL: a value names it */
	const char *inside;   /* JSONPath or pattern; NULL: the whole value */
	unsigned line;        /* of the profile; 0: a foreign key */
	uint64_t rows;        /* that the line is about */
	uint64_t none;        /* values that refer to nothing */
	uint64_t met;         /* ids of rows that are there */
	uint64_t dangling;    /* ids of none */
	const char *examples; /* of those, the first */
};

/* What became of the values of one entry of `secrets`, on this side. */
struct vl_check_secret {
	const char *table; /* NULL: of files ... */
	const char *column;
	const char *file; /* ... that fit this pattern; `inside` is where */
	uint64_t files;
	const char *where;      /* SQL, or NULL */
	const char *inside;     /* JSONPath; NULL: the whole value */
	const char *cipher;     /* of this side */
	const char *master_key; /* or NULL */
	unsigned line;          /* of the profile */
	enum vl_on_secret on_secret;
	bool tried;      /* its values were opened; else only counted */
	uint64_t values; /* that are there */
	uint64_t opened;
	uint64_t clear;  /* stand there in clear */
	uint64_t broken; /* do not open; told as a finding */
};

/* Whom it tells; but for `finding` each may be NULL. */
struct vl_check {
	void *arg;
	void (*finding)(void *arg, const struct vl_check_finding *f);
	/* What the application answered to the question for its version. */
	void (*version)(void *arg, const char *text);
	void (*entry)(void *arg, const struct vl_check_entry *e);
	void (*reference)(void *arg, const struct vl_check_reference *r);
	void (*secret)(void *arg, const struct vl_check_secret *s);
};

/*
 * `*verdict` is VL_OK where an export would go, VL_EREFUSED where it would be
 * refused, VL_EUSAGE where the profile names what is not there.  The answer
 * of the call is about the check itself: VL_EFORMAT for damaged pages.
 */
enum vl_status vl_rows_check(const struct vl_rows_opts *opts,
    const struct vl_check *to, enum vl_status *verdict, struct vl_err *err);

/* A column of that name may hold a secret: what it holds is not shown. */
bool vl_rows_secret_name(const char *column);
/* Which strings of opened JSON are looked for elsewhere, by name or value. */
bool vl_rows_secret_text(struct vl_slice name, struct vl_slice value);

#endif
