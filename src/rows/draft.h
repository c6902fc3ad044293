#ifndef ROWS_DRAFT_H
#define ROWS_DRAFT_H

/*
 * Between the files that draft a profile:
 *
 *	draft.c       in which order, and keys
 *	draft_refs.c  which columns refer to what
 *	draft_clue.c  what values show that no name says
 *	draft_text.c  what is written about it
 *	draft_scalar.c
 *	              a text in it
 */

#include <valise/check.h>
#include <valise/draft.h>

#include "ask.h"

enum draft_ref_kind {
	DRAFT_PLAIN,
	DRAFT_DECLARED, /* a foreign key */
	DRAFT_PROVED,   /* by its name, and all its ids are there */
	DRAFT_TYPED,    /* another column says of which table: asked */
	DRAFT_OPEN      /* named like a reference: asked */
};

struct draft_column {
	enum draft_ref_kind kind;
	size_t to;   /* DECLARED, PROVED; OPEN: the likeliest, or NONE */
	size_t type; /* TYPED: that column */
	int64_t ids; /* values but NULL, 0 and '' */
	int64_t met;
	bool zero;  /* 0 stands there, and is no id */
	bool empty; /* so does '' */
};

enum draft_state {
	DRAFT_ASK,
	DRAFT_KEYED,
	DRAFT_OWNED
};

struct draft_table {
	const struct vl_table *schema;
	struct draft_column *columns;
	size_t primary; /* the one column of the primary key; NONE */
	enum draft_state state;
	size_t *key; /* KEYED */
	size_t nkey;
	size_t owner;   /* OWNED: column */
	size_t ordinal; /* column; NONE */
	int64_t rows;
	int64_t doubles; /* rows that share their key, by its NULLs */
	bool referred;
	bool machine; /* looks like a table of one machine */
};

struct draft {
	struct rows_ask ask;
	const struct vl_schema *schema;
	struct draft_table *tables;
	size_t ntables;
	const char *resource;
	struct vl_draft counts;
	struct vl_buf *out;
};

/* A failure of asking or writing, kept until the end. */
bool draft_failed(const struct draft *d);

void draft_refs(struct draft *d);
/* Rows less those that are told apart by these columns. */
int64_t draft_doubles(struct draft *d, const struct draft_table *t,
    const size_t *columns, size_t n);
/* The values of a column and how many rows have each, the most first, with
 * blanks and LF between them; valid until the next question. */
const char *draft_values(
    struct draft *d, const struct draft_table *t, size_t column);
/* The table's name ends in "_" and the id of a row of `of`: how many bytes of
 * it stand before the id; 0: it does not. */
size_t draft_id_in_name(
    struct draft *d, const struct draft_table *t, const struct draft_table *of);
/* draft_clue.c: what values show, as questions. */
void draft_integers(struct draft *d);
void draft_texts(struct draft *d);
void draft_derived(struct draft *d, const struct draft_table *t);
/* draft_text.c */
bool draft_can_name(const char *table, const char *column);
/* A question about a column, and a line to choose; or NULL. */
void draft_ask_line(struct draft *d, const struct draft_table *t, size_t column,
    const char *text, const char *line);
/* All its integers are ids of table `to`. */
void draft_ask_integers(
    struct draft *d, const struct draft_table *t, size_t column, size_t to);
void draft_write(struct draft *d);

#endif
