/*
 * A command line as a shell reads it, for a run that asked something: the same
 * without questions.
 */

#include <stdio.h>
#include <string.h>

#include <valise/cli.h>
#include <valise/text.h>

static void
add(struct vl_words *w, const char *text)
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
void
vl_words_add(struct vl_words *w, const char *word)
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

void
vl_words_text(struct vl_words *w, const char *name, const char *value)
{
	if (value == NULL)
		return;
	vl_words_add(w, name);
	vl_words_add(w, value);
}

void
vl_words_list(
    struct vl_words *w, const char *name, const struct vl_texts *values)
{
	size_t i = 0;

	for (i = 0; i < values->n; i++)
		vl_words_text(w, name, values->list[i]);
}

void
vl_words_number(struct vl_words *w, const char *name, const struct vl_number *n)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "%u", n->value);
	vl_words_text(w, name, n->given ? text : NULL);
}

void
vl_words_key_password(
    struct vl_words *w, const char *name, const struct vl_key_password *how)
{
	char option[64];

	(void)snprintf(option, sizeof(option), "%s-file", name);
	vl_words_text(w, option, how->file);
	(void)snprintf(option, sizeof(option), "%s-fd", name);
	vl_words_number(w, option, &how->fd);
	(void)snprintf(option, sizeof(option), "%s-command", name);
	vl_words_text(w, option, how->command);
}

void
vl_words_flag(struct vl_words *w, const char *name, bool given)
{
	if (given)
		vl_words_add(w, name);
}

void
vl_words_show(struct vl_words *w)
{
	if (w->status == VL_OK)
		vl_cli_note("the same without questions: %.*s", (int)w->line.n,
		    (const char *)w->line.p);
	vl_buf_free(&w->line);
}
