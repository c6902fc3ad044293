#ifndef ROWS_CLUE_H
#define ROWS_CLUE_H

/*
 * What a profile may have forgotten, told from values: ids that stand in texts
 * beside a name, and what looks like a secret.  A person decides; nothing here
 * changes what is carried.
 *
 *	clue.c        ids of the database, and what stood beside which name
 *	clue_text.c   names and values in a text, in JSON, in what PHP
 *serialised clue_tell.c   which of it is worth a look
 *
 *	clues_open -> clues_ids of each table -> clues_read of each text of a
 *	table -> clues_tell -> clues_next_table ... -> clues_free
 */

#include "parts.h"

#define CLUE_NAME_MAX 64
#define CLUE_SEEN     3 /* different integers that are remembered */

enum clue_form {
	CLUE_WHOLE,
	CLUE_TEXT,
	CLUE_JSON,
	CLUE_PHP,
	CLUE_FORMS
};

/* What stood beside one name in one column; where the table has a name for
 * each row, in the rows of that name. */
struct clue {
	size_t column;
	size_t row_column; /* NONE: all rows */
	char row[CLUE_NAME_MAX];
	char name[CLUE_NAME_MAX]; /* "": the whole value */
	uint64_t hash;
	uint64_t numbers;
	uint64_t forms[CLUE_FORMS];
	int64_t seen[CLUE_SEEN];
	size_t nseen;
	int64_t most;
	uint64_t *tables;    /* bit by table: it has all of these numbers */
	uint64_t texts;      /* ids that are no numbers ... */
	uint64_t others;     /* ... and whole values that are none */
	size_t to;           /* ... and whose the first was */
	uint64_t secrets;    /* texts that hold one */
	uint64_t counted[2]; /* the number of the last, of both */
	uint64_t sealed;     /* of them, that have the form of a cipher */
	const char *cipher;  /* which the first of them has, and where */
	enum clue_form sealed_form;
};

struct clue_id {
	uint64_t hash;
	size_t table;
};

struct clue_table {
	const struct vl_table *schema; /* NULL: its ids are not looked for */
	const char *id;                /* column */
	int64_t *numbers;              /* ascending */
	size_t n;
};

struct clues {
	struct clue_table *tables;
	size_t ntables;
	const struct vl_declared *ciphers; /* forms besides the well-known */
	size_t nciphers;
	struct clue_id *ids; /* that are no numbers, ascending by hash */
	size_t nids;
	size_t cap_ids;
	bool sorted;
	uint64_t ntexts; /* that were read */
	bool strict;     /* clue_strong_secret() */
	/* Of the table that is gone through. */
	struct clue **list; /* in the order in which they were met */
	size_t n;
	size_t *slots; /* of the list, by hash */
};

/* A text of a row. */
struct clue_text {
	size_t column;
	size_t row_column; /* has the name of the row; NONE */
	struct vl_slice row;
	const char *name; /* of the column */
	struct vl_slice text;
	/* What a line of the profile speaks of already, ascending or not. */
	const struct vl_place *covered;
	size_t ncovered;
	bool open; /* it may hold ids that nobody declared */
	bool may_be_secret;
};

enum vl_status clues_open(
    struct clues **out, size_t ntables, struct vl_err *err);
/* The ids of that table, of one column. */
enum vl_status clues_ids(struct clues *c, struct vl_db *db, size_t table,
    const struct clue_table *of, struct vl_err *err);
enum vl_status clues_read(
    struct clues *c, const struct clue_text *t, struct vl_err *err);
void clues_next_table(struct clues *c);
void clues_free(struct clues *c);

/* clue.c, for clue_text.c: a value beside a name. */
struct clue_value {
	struct vl_slice name;
	struct vl_slice value;
	enum clue_form form;
};
enum vl_status clues_add(struct clues *c, const struct clue_text *t,
    const struct clue_value *v, struct vl_err *err);
/* clue_text.c */
bool clue_like_secret(struct vl_slice value);
bool clue_known_secret(struct vl_slice value);
extern const char *const clue_heads[]; /* that such values have; NULL */
/* clue_words.c: each begins with two letters by which it is found, in any case:
 * the number of a word, from 1 on, and behind it those of others that begin so.
 */
#define CLUE_WORDS_MAX 64
struct clue_words {
	uint8_t first[65536];
	uint8_t next[CLUE_WORDS_MAX + 1];
	const char *words[CLUE_WORDS_MAX + 1];
	size_t lengths[CLUE_WORDS_MAX + 1];
	size_t nwords;
};
void clue_words_make(struct clue_words *s);
bool clue_words_any(const struct clue_words *s, struct vl_slice text);
/* Of files more must speak for it: two digits, capitals or signs, and that it
 * is no name, path or example. */
bool clue_strong_secret(struct vl_slice value);
/* Which cipher's form the value has, or NULL. */
const char *clue_cipher(const struct clues *c, struct vl_slice value);

/* What is told of a clue. */
struct clue_said {
	size_t column;
	const char *text;
	const char *line; /* of the profile, to be added; or NULL */
	bool secret;
	bool sealed; /* the line is one of `secrets` */
};
void clues_tell(const struct clues *c, const struct vl_table *t,
    void (*say)(void *arg, const struct clue_said *said), void *arg);

#endif
