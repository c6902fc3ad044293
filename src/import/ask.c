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
	enum vl_status st = VL_OK;

	if (run->keys.password != NULL || run->keys.identity != NULL)
		return VL_OK;
	st = vl_held_keys_open(&run->keys, &run->opts->keys, err);
	if (run->keys.asked && run->keys.identity != NULL) {
		run->answers.asked = true;
		run->answers.identity_password = true;
	}
	return st;
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

static void
add_keys(struct vl_words *w, const struct run *run)
{
	const struct vl_key_opts *o = &run->opts->keys;

	vl_words_text(w, "--password-file", o->password_file);
	vl_words_number(w, "--password-fd", &o->password_fd);
	vl_words_text(w, "--password-command", o->password_command);
	vl_words_text(w, "--identity", o->identity);
	vl_words_key_password(w, "--identity-password", &o->identity_password);
	vl_words_text(w, "--identity-password-file",
	    run->answers.identity_password ? "FILE" : NULL);
	vl_words_text(
	    w, "--password-file", run->answers.password ? "FILE" : NULL);
}

void
ask_show_words(const struct run *run)
{
	const struct import_opts *o = run->opts;
	struct vl_words w = { 0 };
	size_t i = 0;

	if (!run->answers.asked)
		return;
	vl_words_add(&w, run->args->program->name);
	for (i = 0; i < run->args->n; i++)
		vl_words_add(&w, run->args->operands[i]);
	vl_words_flag(&w, "--preview", o->preview);
	vl_words_flag(&w, "--exit-code", o->exit_code);
	vl_words_flag(&w, "--yes", o->yes || !o->preview);
	vl_words_flag(
	    &w, "--allow-delete", o->allow_delete || run->answers.deletes);
	vl_words_flag(&w, "--allow-schema-drift", o->allow_drift);
	vl_words_text(&w, "--on-match", o->on_match);
	vl_words_text(&w, "--plan", o->plan);
	vl_words_text(&w, "--map", o->map);
	vl_words_list(&w, "--only", &o->only);
	vl_words_list(&w, "--trust", &o->trust);
	add_keys(&w, run);
	vl_words_number(&w, "--wait", &o->wait);
	vl_words_number(&w, "--workers", &o->workers);
	vl_words_flag(&w, "--json", o->json);
	vl_words_show(&w);
}
