/* docs/profile-words.md: every word of a profile, out of the table of words. */

#include <ctype.h>

#include <valise/profile.h>

#include "profile_about.h"

static const struct {
	enum vl_scope scope;
	const char *title;
	const char *where;
} sections[] = {
	{ VL_SCOPE_PROFILE, "A profile", "the file, or `profile:` of a site" },
	{ VL_SCOPE_VERSION, "`version`", "a profile" },
	{ VL_SCOPE_DATABASE, "A resource", "`resources` of a profile" },
	{ VL_SCOPE_TABLE, "An entry of `tables`", "a resource" },
	{ VL_SCOPE_KEY_PART, "A part of `key`", "an entry of `tables`" },
	{ VL_SCOPE_NESTED_SET, "`nested_set`", "an entry of `tables`" },
	{ VL_SCOPE_REFERENCE, "An entry of `references`", "a resource" },
	{ VL_SCOPE_TO_BY, "`to_by`", "an entry of `references`" },
	{ VL_SCOPE_PATH, "An entry of `references` about paths", "a resource" },
	{ VL_SCOPE_FILE, "An entry of `references` about files of rows",
	    "a resource" },
	{ VL_SCOPE_ROWS, "An entry of `keep_here`", "a resource" },
	{ VL_SCOPE_KEEP_PATH, "An entry of `keep_here` about files",
	    "a resource that is a tree" },
	{ VL_SCOPE_KEEP_VALUE, "An entry of `keep_here` about values in files",
	    "a resource that is a tree" },
	{ VL_SCOPE_MEMBERS, "An entry of `members`",
	    "a resource that is a tree" },
	{ VL_SCOPE_TREE_OWNERS, "`owners`", "a resource that is a tree" },
	{ VL_SCOPE_HERE, "An entry of `here`", "a resource" },
	{ VL_SCOPE_SECRET, "An entry of `secrets`", "a resource" },
	{ VL_SCOPE_NOT_SECRET, "An entry of `not_secret`", "a resource" },
	{ VL_SCOPE_LEAK, "An entry of `leaks`", "a resource" },
	{ VL_SCOPE_FILE_SECRET, "An entry of `secrets` about files",
	    "a resource that is a tree" },
	{ VL_SCOPE_FILE_NOT_SECRET, "An entry of `not_secret` about files",
	    "a resource that is a tree" },
	{ VL_SCOPE_FILE_LEAK, "An entry of `leaks` about files",
	    "a resource that is a tree" },
	{ VL_SCOPE_CIPHER, "An entry of `ciphers`", "a profile" },
	{ VL_SCOPE_CIPHER_PART, "An entry of `parts` and `after`",
	    "an entry of `ciphers`" },
	{ VL_SCOPE_CIPHER_KEY, "`key` of a cipher", "an entry of `ciphers`" },
	{ VL_SCOPE_CIPHER_MAC, "`mac` of a cipher", "an entry of `ciphers`" },
	{ VL_SCOPE_USE, "Over a profile", "`profile:` of a site" },
};

static const char *const types[] = {
	[VL_WORD_NAME] = "name",
	[VL_WORD_FAMILY] = "name, which may hold `{part}`",
	[VL_WORD_LABEL] = "label",
	[VL_WORD_PATH] = "path",
	[VL_WORD_TEXT] = "text",
	[VL_WORD_QUOTED] = "text, which may be empty",
	[VL_WORD_MAPPED] = "path in a tree",
	[VL_WORD_COLUMN] = "table.column",
	[VL_WORD_TABLE] = "table",
	[VL_WORD_IDS] = "path that holds ids",
	[VL_WORD_JSON] = "path that begins with `$`",
	[VL_WORD_HEX16] = "32 hex digits",
	[VL_WORD_BOOL] = "`true` or `false`",
	[VL_WORD_COUNT] = "number",
	[VL_WORD_CHOICE] = "one of",
	[VL_WORD_SWITCH] = "one of",
	[VL_WORD_PAIRS] = "map",
	[VL_WORD_NAMES] = "map of names",
	[VL_WORD_HERE] = "map",
	[VL_WORD_PREFIX] = "map",
	[VL_WORD_VALUES] = "map from value to table, or name",
	[VL_WORD_TYPES] = "map of maps",
	[VL_WORD_SKIP] = "`true`, `false`, or SQL",
	[VL_WORD_KEY] = "list of columns and maps",
	[VL_WORD_USE] = "map",
	[VL_WORD_LINES] = "list of maps, each with `resource`",
	[VL_WORD_WHOLE] = "map",
	[VL_WORD_MAPS] = "list of maps",
	[VL_WORD_MAP] = "map",
	[VL_WORD_STRUCT] = "map",
	[VL_WORD_LATER] = "",
};

struct writing {
	struct vl_buf *out;
	enum vl_status st;
	struct vl_err *err;
};

static void
put(struct writing *w, const char *text)
{
	if (w->st == VL_OK)
		w->st = vl_buf_add_text(w->out, text, w->err);
}

/* Begun and ended as one. */
static void
put_sentence(struct writing *w, const char *text)
{
	const char first[2] = { (char)toupper((unsigned char)*text), '\0' };

	put(w, first);
	put(w, text + 1);
	put(w, ".");
}

static void
put_type(struct writing *w, const struct vl_word *word)
{
	size_t i = 0;

	if (word->many == VL_LIST)
		put(w, "list of ");
	if (word->many == VL_ONE_OR_LIST)
		put(w, "one or list of ");
	put(w, types[word->type]);
	for (i = 0; word->type == VL_WORD_CHOICE && word->choices[i] != NULL;
	     i++) {
		put(w, i == 0 ? " `" : ", `");
		put(w, word->choices[i]);
		put(w, "`");
	}
}

static void
put_default(struct writing *w, const struct vl_word *word,
    const struct vl_word_about *about)
{
	if (about->fallback != NULL) {
		put(w, about->fallback);
	} else if (word->required) {
		put(w, "required");
	} else if (word->type == VL_WORD_CHOICE && word->many == VL_ONE) {
		put(w, "`");
		put(w, word->choices[0]);
		put(w, "`");
	} else if (word->type == VL_WORD_BOOL || word->type == VL_WORD_SKIP) {
		put(w, "`false`");
	} else {
		put(w, "none");
	}
}

static void
put_word(struct writing *w, const struct vl_word *word)
{
	const struct vl_word_about *about =
	    vl_word_about_of(word->scope, word->word);

	if (about == NULL && w->st == VL_OK)
		w->st = vl_fail(w->err, VL_EUSAGE,
		    "profile_about.c does not say what '%s' is", word->word);
	if (w->st != VL_OK)
		return;
	put(w, "### `");
	put(w, word->word);
	put(w, "`\n\n");
	put_sentence(w, about->about);
	put(w, "\n\n| type | side | default |\n|---|---|---|\n| ");
	put_type(w, word);
	put(w,
	    word->scope == VL_SCOPE_USE ? " | this side's | " :
	        word->policy            ? " | policy | " :
	                                  " | meaning | ");
	put_default(w, word, about);
	put(w, " |\n\n    ");
	put(w, about->example);
	put(w, "\n\n");
}

static void
put_later(struct writing *w, enum vl_scope scope)
{
	const struct vl_word *word = vl_word_next(scope, NULL);
	bool any = false;

	for (; word != NULL; word = vl_word_next(scope, word)) {
		if (word->type != VL_WORD_LATER)
			continue;
		put(w, any ? ", `" : "Known, and not to this version: `");
		put(w, word->word);
		put(w, "`");
		any = true;
	}
	put(w, any ? ".\n\n" : "");
}

enum vl_status
vl_profile_reference(struct vl_buf *out, struct vl_err *err)
{
	struct writing w = { out, VL_OK, err };
	const struct vl_word *word = NULL;
	size_t i = 0;

	put(&w,
	    "# Words of a profile\n\n"
	    "Every word with its type, its side, what holds without it, and an "
	    "entry in which\nit stands: made from the table that reads them "
	    "(`ninja profile_words` in the\nbuild), which a test compares. "
	    "`formats/profile.md` is the contract,\n"
	    "`docs/profiles.md` teaches. *Meaning* is the source's and travels "
	    "in the bundle;\n*policy* is the target's own.\n\n");
	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		put(&w, "## ");
		put(&w, sections[i].title);
		put(&w, "\n\nStands in ");
		put(&w, sections[i].where);
		put(&w, ".\n\n");
		word = vl_word_next(sections[i].scope, NULL);
		for (; word != NULL; word = vl_word_next(word->scope, word))
			if (word->type != VL_WORD_LATER)
				put_word(&w, word);
		put_later(&w, sections[i].scope);
	}
	if (w.st == VL_OK && out->n > 0)
		out->n--;
	return w.st;
}
