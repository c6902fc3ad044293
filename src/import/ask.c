/*
 * What a run asks a person: whether to trust a sender, to delete, to go on,
 * and for the password.  Where nobody can be asked the answer is no.  A run
 * that asked ends with the command line that would not have.
 */

#include <valise/secret.h>
#include <valise/text.h>

#include "import.h"

/* ---- Questions ---- */

static bool
ask(struct run *run, const char *question)
{
	struct vl_err ignored = { 0 };
	bool yes = false;

	if (!vl_cli_interactive())
		return false;
	run->answers.asked = true;
	/* A signal that ends the question is met by whoever asked. */
	(void)vl_cli_ask(question, &yes, &ignored);
	return yes;
}

static bool
accept_sender(void *arg, const char *fingerprint)
{
	struct run *run = arg;

	if (!vl_cli_interactive())
		return false;
	vl_cli_note("the sender of this bundle is not known here; its "
	            "fingerprint is");
	vl_cli_note("    %s", fingerprint);
	return ask(run,
	    "Did the sender tell you the same, by another way than "
	    "this medium? Trust it from now on?");
}

/*
 * Whether to go on, and where there is a reason against it: it is shown, and
 * --yes does not answer it.
 */
static bool
confirm(void *arg, const char *reason)
{
	struct run *run = arg;
	/* The number of a bundle is asked about before that. */
	bool compared = run->view.nrows > 0;
	bool yes = false;

	view_table(&run->view);
	if (reason == NULL || reason[0] == '\0')
		return run->opts->yes || ask(run, "Import this?");
	if (!vl_cli_interactive())
		return false;
	vl_cli_note("%s", reason);
	yes = ask(run, "Import this all the same?");
	run->answers.deletes = yes && compared;
	return yes;
}

static enum vl_status
open_keys(struct run *run, struct vl_err *err)
{
	if (run->keys.password != NULL || run->keys.identity != NULL)
		return VL_OK;
	return vl_held_keys_open(&run->keys, &run->opts->keys, err);
}

static bool
key_is_given(const struct vl_key_opts *o)
{
	return o->password_file != NULL || o->password_command != NULL ||
	    o->password_fd.given || o->identity != NULL;
}

static enum vl_status
get_opener(void *arg, struct vl_opener *opener, struct vl_err *err)
{
	struct run *run = arg;
	bool held = run->keys.password != NULL || run->keys.identity != NULL;
	enum vl_status st = VL_OK;

	if (!held && !key_is_given(&run->opts->keys)) {
		run->answers.asked = true;
		run->answers.password = true;
	}
	st = open_keys(run, err);
	opener->password.p = (const uint8_t *)run->keys.password;
	opener->password.n = run->keys.password_size;
	opener->identity = run->keys.identity;
	return st;
}

static void
forget_keys(void *arg)
{
	struct run *run = arg;

	vl_held_keys_free(&run->keys);
}

enum vl_status
ask_early(struct run *run, struct vl_err *err)
{
	if (vl_cli_interactive() && !key_is_given(&run->opts->keys))
		return VL_OK;
	return open_keys(run, err);
}

void
ask_fill(struct vl_apply_ui *ui)
{
	ui->interactive = vl_cli_interactive();
	ui->accept_sender = accept_sender;
	ui->confirm = confirm;
	ui->opener = get_opener;
	ui->opened = forget_keys;
}

/* ---- The command line that asks nothing ---- */

/* A line that remembers its first failure. */
struct words {
	struct vl_buf line;
	enum vl_status status;
};

static void
add(struct words *w, const char *text)
{
	if (w->status == VL_OK)
		w->status = vl_buf_add_text(&w->line, text, NULL);
}

static bool
is_plain(const char *word)
{
	static const char safe[] = "abcdefghijklmnopqrstuvwxyz"
	                           "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                           "0123456789-_./,:=@%+";

	return word[0] != '\0' && word[strspn(word, safe)] == '\0';
}

/* As a shell reads it, and as a terminal may show it. */
static void
add_word(struct words *w, const char *word)
{
	struct vl_buf shown = { 0 };
	bool same = false;
	size_t i = 0;
	char c[2] = "";

	add(w, w->line.n > 0 ? " " : "");
	if (is_plain(word)) {
		add(w, word);
		return;
	}
	if (w->status == VL_OK)
		w->status = vl_escape(&shown, vl_slice_of(word), NULL);
	same = vl_slice_equal(vl_buf_slice(&shown), vl_slice_of(word));
	add(w, same ? "'" : "$'");
	for (i = 0; i < shown.n; i++) {
		c[0] = (char)shown.p[i];
		add(w, c[0] != '\'' ? c : same ? "'\\''" : "\\'");
	}
	add(w, "'");
	vl_buf_free(&shown);
}

static void
add_text(struct words *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	add_word(w, name);
	add_word(w, value);
}

static void
add_list(struct words *w, const char *name, const struct vl_texts *values)
{
	size_t i = 0;

	for (i = 0; i < values->n; i++)
		add_text(w, name, values->list[i]);
}

static void
add_number(struct words *w, const char *name, const struct vl_number *n)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", n->value);
	add_text(w, name, n->given ? text : NULL);
}

static void
add_flag(struct words *w, const char *name, bool given)
{
	if (given)
		add_word(w, name);
}

static void
add_keys(struct words *w, const struct run *run)
{
	const struct vl_key_opts *o = &run->opts->keys;

	add_text(w, "--password-file", o->password_file);
	add_number(w, "--password-fd", &o->password_fd);
	add_text(w, "--password-command", o->password_command);
	add_text(w, "--identity", o->identity);
	if (run->answers.password)
		add(w, " --password-file FILE");
}

void
ask_show_words(const struct run *run)
{
	const struct import_opts *o = run->opts;
	struct words w = { 0 };
	size_t i = 0;

	if (!run->answers.asked)
		return;
	add_word(&w, run->args->program->name);
	for (i = 0; i < run->args->n; i++)
		add_word(&w, run->args->operands[i]);
	add_flag(&w, "--preview", o->preview);
	add_flag(&w, "--exit-code", o->exit_code);
	add_flag(&w, "--yes", o->yes || !o->preview);
	add_flag(&w, "--allow-delete", o->allow_delete || run->answers.deletes);
	add_text(&w, "--on-match", o->on_match);
	add_list(&w, "--only", &o->only);
	add_list(&w, "--trust", &o->trust);
	add_keys(&w, run);
	add_number(&w, "--wait", &o->wait);
	add_number(&w, "--workers", &o->workers);
	add_flag(&w, "--json", o->json);
	if (w.status == VL_OK)
		vl_cli_note("the same without questions: %.*s", (int)w.line.n,
		    (const char *)w.line.p);
	vl_buf_free(&w.line);
}
