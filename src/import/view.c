/*
 * What a run shows while it works: changed records and the table on stdout
 * for a preview, everything else on stderr; or all of it as JSON lines.
 * Names from bundles and trees are escaped here and nowhere below.
 */

#include <unistd.h>

#include <valise/text.h>

#include "import.h"

#define SHOWN      32800 /* a path of 8,192 bytes, each escaped */
#define PATH_WIDTH 24    /* before the detail */
#define COLUMNS    6
#define GAP        3

struct row {
	char name[264]; /* of a resource, or of a table behind two blanks */
	uint64_t n[COLUMNS];
};

void
view_free(struct view *v)
{
	free(v->rows);
	v->rows = NULL;
	v->nrows = 0;
}

static void
show_progress(void *arg, const char *what, uint64_t done, uint64_t total)
{
	struct view *v = &((struct run *)arg)->view;
	const char *doing = v->opts->preview ? "previewing" :
	    v->opts->recover                 ? "recovering" :
	                                       "importing";

	/* The rate is that of what is going on, not of the whole run. */
	if (strncmp(v->phase, what, sizeof(v->phase) - 1) != 0) {
		(void)snprintf(v->phase, sizeof(v->phase), "%s", what);
		vl_progress_begin(&v->progress, doing, v->opts->json);
	}
	vl_progress_show(&v->progress, vl_slice_of(v->phase), done, total);
}

static bool
is_stopped(void *arg)
{
	(void)arg;
	return vl_cli_stop();
}

static void
hold_signals(void *arg, bool held)
{
	/* The decision is the last moment for the table to be of use. */
	view_table(&((struct run *)arg)->view);
	if (held)
		vl_cli_hold();
	else
		vl_cli_release();
}

static void
show_note(void *arg, const char *text)
{
	struct view *v = &((struct run *)arg)->view;
	struct vl_msg m = { 0 };

	vl_cli_note("%s", text);
	if (!v->opts->json)
		return;
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "note", vl_slice_of(text));
	vl_msg_end(&m);
}

static void
tell_wrong(const char *what, const char *name, const char *why)
{
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "error");
	vl_msg_text(&m, what, vl_slice_of(name));
	vl_msg_text(&m, "why", vl_slice_of(why));
	vl_msg_end(&m);
}

static void
show_wrong_file(void *arg, const char *name, const char *why)
{
	struct run *run = arg;
	struct view *v = &run->view;
	char line[sizeof(v->wrong)];
	char shown[SHOWN];

	(void)snprintf(line, sizeof(line), "file '%s' of the bundle: %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(name)), why);
	/* The error at the end tells the first: alone it is not told twice. */
	if (v->nwrong++ == 0) {
		memcpy(v->wrong, line, sizeof(line));
	} else {
		if (v->nwrong == 2)
			vl_cli_note("%s", v->wrong);
		vl_cli_note("%s", line);
	}
	if (run->opts->json)
		tell_wrong("file", name, why);
}

enum vl_status
view_wrong(const struct run *run, struct vl_err *err)
{
	const struct view *v = &run->view;
	char shown[SHOWN];

	/* Who stops the run hears that it was stopped. */
	if (v->nwrong == 1 && err->status == VL_ESIGNAL)
		vl_cli_note("%s", v->wrong);
	if (v->nwrong < 2 || err->status == VL_ESIGNAL)
		return err->status;
	return vl_fail(err, err->status,
	    "bundle '%s': %zu files are wrong or cannot be read, as listed "
	    "above",
	    vl_escape_text(
	        shown, sizeof(shown), vl_slice_of(run->args->operands[1])),
	    v->nwrong);
}

static void
show_entry(void *arg, const char *path, const char *why)
{
	const struct run *run = arg;
	char shown[SHOWN];

	vl_cli_note("'%s': %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)), why);
	if (run->opts->json)
		tell_wrong("path", path, why);
}

int
view_width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

struct view_look
view_look(const struct view *v, enum vl_change change)
{
	static const struct view_look looks[] = { [VL_CHANGE_ADD] = { '+',
		                                      "\033[32m", "\033[0m" },
		[VL_CHANGE_MODIFY] = { '~', "\033[33m", "\033[0m" },
		[VL_CHANGE_DELETE] = { '-', "\033[31m", "\033[0m" },
		[VL_CHANGE_CONFLICT] = { '!', "\033[1;31m", "\033[0m" },
		[VL_CHANGE_KEEP] = { '=', "", "\033[0m" },
		[VL_CHANGE_DROP] = { '?', "\033[35m", "\033[0m" },
		[VL_CHANGE_DERIVE] = { '*', "\033[36m", "\033[0m" },
		[VL_CHANGE_SECRET] = { 's', "\033[33m", "\033[0m" } };
	struct view_look look = looks[change];

	if (!v->colour)
		look.colour = look.plain = "";
	return look;
}

const char *
view_word(enum vl_change change)
{
	static const char *const words[] = { [VL_CHANGE_ADD] = "add",
		[VL_CHANGE_MODIFY] = "change",
		[VL_CHANGE_DELETE] = "delete",
		[VL_CHANGE_CONFLICT] = "conflict",
		[VL_CHANGE_KEEP] = "keep",
		[VL_CHANGE_DROP] = "drop",
		[VL_CHANGE_DERIVE] = "derive",
		[VL_CHANGE_SECRET] = "secret" };

	return words[change];
}

static void
print_change(const struct view *v, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	const struct view_look look = view_look(v, change);
	char shown[SHOWN];
	int pad = 0;

	(void)vl_escape_text(shown, sizeof(shown), path);
	/* The root has an empty name. */
	if (shown[0] == '\0')
		(void)snprintf(shown, sizeof(shown), ".");
	if (detail[0] != '\0')
		pad = PATH_WIDTH - view_width(shown);
	vl_progress_clear();
	printf("%-*s  %s%c %s%s%s%*s%s\n", v->name_width, resource, look.colour,
	    look.sign, shown, look.plain, detail[0] != '\0' ? "  " : "",
	    pad > 0 ? pad : 0, "", detail);
}

static void
show_change(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, const char *detail)
{
	struct view *v = &((struct run *)arg)->view;
	struct vl_msg m = { 0 };

	if (!v->opts->json) {
		if (v->opts->preview)
			print_change(v, resource, change, path, detail);
		return;
	}
	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "change", vl_slice_of(view_word(change)));
	vl_msg_text(&m, "path", path);
	vl_msg_text(&m, "detail", vl_slice_of(detail));
	vl_msg_end(&m);
}

/* Behind its file. */
static void
show_member(void *arg, const char *resource, enum vl_change change,
    struct vl_slice path, struct vl_slice member)
{
	struct view *v = &((struct run *)arg)->view;
	char shown[SHOWN];
	struct vl_msg m = { 0 };

	if (!v->opts->json) {
		if (v->opts->preview)
			print_change(v, resource, change, path,
			    vl_escape_text(shown, sizeof(shown), member));
		return;
	}
	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "change", vl_slice_of(view_word(change)));
	vl_msg_text(&m, "path", path);
	vl_msg_text(&m, "member", member);
	vl_msg_end(&m);
}

static void
put_counts(struct vl_msg *m, const struct vl_target_counts *c)
{
	vl_msg_count(m, "add", c->add);
	vl_msg_count(m, "change", c->change);
	vl_msg_count(m, "delete", c->deletions);
	vl_msg_count(m, "same", c->same);
	vl_msg_count(m, "skip", c->skip);
	vl_msg_count(m, "conflict", c->conflict);
}

static void
show_summary(const char *resource, const struct vl_target_counts *c)
{
	struct vl_msg m = { 0 };

	vl_msg_begin(&m, "summary");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	put_counts(&m, c);
	vl_msg_count(&m, "before", c->before);
	vl_msg_count(&m, "staged_bytes", c->staged_bytes);
	vl_msg_count(&m, "links_outside", c->outside);
	vl_msg_count(&m, "dropped", c->dropped);
	vl_msg_count(&m, "proved", c->proved);
	vl_msg_end(&m);
}

static void
show_owner(void *arg, const char *resource, bool group, const char *name,
    uint32_t number)
{
	const struct run *run = arg;
	char shown[SHOWN];
	struct vl_msg m = { 0 };

	vl_cli_note("note: %s '%s' is not known here: number %lu is used",
	    group ? "group" : "owner",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(name)),
	    (unsigned long)number);
	if (!run->opts->json)
		return;
	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(
	    &m, group ? "unknown_group" : "unknown_owner", vl_slice_of(name));
	vl_msg_count(&m, "number", number);
	vl_msg_end(&m);
}

static void
show_rewritten(
    void *arg, const char *resource, uint64_t files, uint64_t replacements)
{
	const struct run *run = arg;
	char count[48];
	char places[48];
	struct vl_msg m = { 0 };

	vl_cli_note("note: text of '%s' is rewritten: %s, %s", resource,
	    vl_format_counted(count, sizeof(count), files, "file", "files"),
	    vl_format_counted(
	        places, sizeof(places), replacements, "place", "places"));
	if (!run->opts->json)
		return;
	vl_msg_begin(&m, "plan");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_count(&m, "rewritten_files", files);
	vl_msg_count(&m, "replacements", replacements);
	vl_msg_end(&m);
}

static void
add_row(struct view *v, const char *name, const struct vl_target_counts *c)
{
	struct row *more = NULL;
	size_t i = 0;

	/* A second pass counts the same resource anew. */
	while (i < v->nrows && strcmp(v->rows[i].name, name) != 0)
		i++;
	if (i == v->nrows || name[0] == ' ') {
		more = reallocarray(v->rows, v->nrows + 1, sizeof(*v->rows));
		/* A table is not worth failing for. */
		if (more == NULL)
			return;
		v->rows = more;
		i = v->nrows++;
	}
	v->rows[i] = (struct row){ .n = { c->add, c->change, c->deletions,
		                       c->same, c->skip, c->conflict } };
	(void)snprintf(v->rows[i].name, sizeof(v->rows[i].name), "%s", name);
}

static void
take_counts(void *arg, const char *resource, const struct vl_target_counts *c)
{
	struct view *v = &((struct run *)arg)->view;
	char count[32];

	if (v->opts->json)
		show_summary(resource, c);
	if (c->outside > 0)
		vl_cli_note("note: symbolic links of '%s' that point out of "
		            "it: %s",
		    resource,
		    vl_format_count(count, sizeof(count), c->outside));
	if (c->dropped > 0)
		vl_cli_note("note: records of '%s' that are brought without "
		            "something: %s",
		    resource,
		    vl_format_count(count, sizeof(count), c->dropped));
	add_row(v, resource, c);
}

/* Those of which nothing is said but that all is the same are many. */
static void
take_table(void *arg, const char *resource, const char *table,
    const struct vl_target_counts *c)
{
	struct view *v = &((struct run *)arg)->view;
	char name[sizeof(v->rows->name)] = "  ";
	struct vl_msg m = { 0 };

	if (c->add + c->change + c->deletions + c->skip + c->conflict == 0)
		return;
	(void)vl_escape_text(name + 2, sizeof(name) - 2, vl_slice_of(table));
	if (!v->opts->json) {
		add_row(v, name, c);
		return;
	}
	vl_msg_begin(&m, "status");
	vl_msg_text(&m, "resource", vl_slice_of(resource));
	vl_msg_text(&m, "table", vl_slice_of(table));
	put_counts(&m, c);
	vl_msg_end(&m);
}

static void
print_table(FILE *to, const struct view *v)
{
	static const char *const heads[COLUMNS] = { "add", "change", "delete",
		"same", "skip", "conflict" };
	int widths[COLUMNS] = { 0 };
	int width = v->name_width;
	char count[32];
	size_t i = 0;
	size_t j = 0;
	int n = 0;

	for (i = 0; i < v->nrows; i++)
		if (view_width(v->rows[i].name) > width)
			width = view_width(v->rows[i].name);
	(void)fprintf(to, "%-*s", width, "");
	for (j = 0; j < COLUMNS; j++) {
		widths[j] = (int)strlen(heads[j]);
		for (i = 0; i < v->nrows; i++) {
			n = (int)strlen(vl_format_count(
			    count, sizeof(count), v->rows[i].n[j]));
			if (n > widths[j])
				widths[j] = n;
		}
		(void)fprintf(to, "%*s", widths[j] + GAP, heads[j]);
	}
	(void)fputc('\n', to);
	for (i = 0; i < v->nrows; i++) {
		(void)fprintf(to, "%s%*s", v->rows[i].name,
		    width - view_width(v->rows[i].name), "");
		for (j = 0; j < COLUMNS; j++)
			(void)fprintf(to, "%*s", widths[j] + GAP,
			    vl_format_count(
			        count, sizeof(count), v->rows[i].n[j]));
		(void)fputc('\n', to);
	}
}

void
view_table(struct view *v)
{
	if (v->nrows == 0)
		return;
	vl_progress_clear();
	/* With JSON lines it is for the person who is going to be asked. */
	if (v->opts->preview && !v->opts->json)
		print_table(stdout, v);
	else if (!v->opts->preview && !(v->opts->json && v->opts->yes))
		print_table(stderr, v);
	v->nrows = 0;
}

void
view_fill(struct vl_apply_ui *ui, struct run *run)
{
	struct view *v = &run->view;
	size_t i = 0;
	int n = 0;

	v->opts = run->opts;
	v->colour = vl_cli_colour(STDOUT_FILENO);
	for (i = 0; run->site != NULL && i < run->site->nresources; i++) {
		n = (int)strlen(run->site->resources[i].name);
		if (n > v->name_width)
			v->name_width = n;
	}
	ui->arg = run;
	ui->progress = show_progress;
	ui->stop = is_stopped;
	ui->hold = hold_signals;
	ui->note = show_note;
	ui->wrong_file = show_wrong_file;
	ui->change = show_change;
	ui->member = show_member;
	if (v->opts->preview || v->opts->json)
		ui->row = view_row;
	ui->owner = show_owner;
	ui->rewritten = show_rewritten;
	ui->counts = take_counts;
	ui->table = take_table;
	ui->entry = show_entry;
}
