#ifndef VALISE_IMPORT_IMPORT_H
#define VALISE_IMPORT_IMPORT_H

/* Between the files of valise-import. */

#include <valise/apply.h>
#include <valise/cli.h>

extern const struct vl_cmd vl_cmd_import;

struct import_opts {
	struct vl_key_opts keys;
	struct vl_texts only;
	struct vl_texts trust;
	struct vl_texts keep_theirs;
	struct vl_texts take_ours;
	const char *on_match;
	const char *map;
	const char *plan;
	const char *state;
	struct vl_number wait;
	struct vl_number workers;
	bool preview;
	bool status;
	bool recover;
	bool sandbox;
	bool abandon;
	bool state_lost;
	bool allow_delete;
	bool allow_drift;
	bool yes;
	bool exit_code;
	bool json;
};

/* What was asked of a person, and granted. */
struct answers {
	bool asked;
	bool deletes;
	bool password;
	bool identity_password;
};

/* What is shown; private to view.c. */
struct view {
	const struct import_opts *opts;
	struct vl_progress progress;
	char phase[64]; /* what progress counts */
	int name_width; /* of the column of resources */
	bool colour;
	struct row *rows; /* of the table, told and not shown yet */
	size_t nrows;
	size_t nwrong;    /* files of the bundle */
	char wrong[2048]; /* the first of them, while it is the only one */
};

/* One run, whatever it is for; what apply hands to its callbacks. */
struct run {
	const struct vl_args *args;
	const struct import_opts *opts;
	struct vl_site *site; /* NULL with --state */
	struct vl_state *state;
	struct vl_cage *cage; /* reads the bundle */
	struct view view;
	struct answers answers;
	struct vl_held_keys keys;
	struct vl_map_list told; /* --map */
	struct vl_plan *plan;    /* --plan of an import */
	size_t nmap;
	struct vl_map_record *map; /* what it maps, and the site file */
};

/* ---- transfer.c: import and preview ---- */

enum vl_status transfer_run(struct run *run, struct vl_err *err);

/* ---- said.c: files in which the operator says more ---- */

/* run->plan, and that there is room for one to write. */
enum vl_status said_plan(struct run *run, struct vl_err *err);
/* run->map; --map is read, if it is given. */
enum vl_status said_map(struct run *run, struct vl_err *err);

/* ---- recovery.c ---- */

enum vl_status recover_run(struct run *run, struct vl_err *err);
enum vl_status status_run(struct run *run, struct vl_err *err);
/* run->state for an import or a preview: made where nothing was ever
 * imported, but not in place of one that is lost. */
enum vl_status recovery_make_state(struct run *run, struct vl_err *err);

/* ---- view.c: what a run shows while it works ---- */

/* Begin, and fill in what shows, the signals, and `run` as the argument. */
void view_fill(struct vl_apply_ui *ui, struct run *run);
/* The table of what was counted so far; once. */
void view_table(struct view *view);
/* `err` of a failed run tells one wrong file; several were told before. */
enum vl_status view_wrong(const struct run *run, struct vl_err *err);
void view_free(struct view *view);

/* How a change looks, and is called. */
struct view_look {
	char sign;
	const char *colour; /* "" where there are none */
	const char *plain;
};
struct view_look view_look(const struct view *view, enum vl_change change);
const char *view_word(enum vl_change change);
/* Columns that `text` takes on a terminal, about. */
int view_width(const char *text);

/* ---- rows.c: the same for rows; a callback of vl_apply_ui ---- */

void view_row(void *arg, const struct vl_row_told *row);

/* ---- ask.c: what a run asks a person, and the words that spare it ---- */

/* Fill in what asks. */
void ask_fill(struct vl_apply_ui *ui);
/* Without a terminal the key is opened at once: whoever has none learns it
 * before a bundle was copied. */
enum vl_status ask_early(struct run *run, struct vl_err *err);
/* If a person was asked: the same command line for a script. */
void ask_show_words(const struct run *run);

#endif
