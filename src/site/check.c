/*
 * Single values of a site file: names, labels, paths, choices.  Each refusal
 * says what would be right (formats/site.md).
 */

#include <valise/entry.h>
#include <valise/text.h>

#include "read.h"

#define SHOWN 80

#define LETTERS                                                                \
	"abcdefghijklmnopqrstuvwxyz"                                           \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* Of these bytes alone, which are called `what`. */
static enum vl_status
check_bytes(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, const char *allowed, const char *what,
    struct vl_err *err)
{
	size_t n = strlen(value->text);
	char shown[SHOWN];

	if (n > 0 && n <= VL_SITE_NAME_MAX && strspn(value->text, allowed) == n)
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' cannot be a '%s'; use 1 to %d %s",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text)),
	    word->word, VL_SITE_NAME_MAX, what);
}

static enum vl_status
check_hex16(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	if (strlen(value->text) == 32 &&
	    strspn(value->text, "0123456789abcdef") == 32)
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' takes 32 lower-case hex digits", word->word);
}

/* `text` is a path in a tree as `map` has it, which is no pattern; `value` is
 * where it stands, and how it is written there. */
static enum vl_status
check_mapped(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, const char *text, struct vl_err *err)
{
	struct vl_slice path = vl_site_mapped(text);
	struct vl_err why = { 0 };
	char shown[SHOWN];

	if (strcspn(text, "*?[") < path.n)
		return vl_site_fail(r->file, value, err,
		    "'%s' cannot be a '%s': it is no pattern; only '/**' at "
		    "its end, for a directory and all below, is known",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(value->text)),
		    word->word);
	if (vl_path_check(path, &why) != VL_OK)
		return vl_site_fail(r->file, value, err, "%s", why.text);
	return VL_OK;
}

/* A number as it is meant here: digits, and no owner's that is none. */
static bool
is_owner_number(const char *text)
{
	const size_t n = strspn(text, "0123456789");

	return n > 0 && n <= 10 && text[n] == '\0' &&
	    (text[0] != '0' || n == 1) && strtoull(text, NULL, 10) < UINT32_MAX;
}

/* What would be a number elsewhere: with blanks, a sign, or hexadecimal. */
static bool
looks_like_a_number(const char *text)
{
	const char *p = text + strspn(text, " \t\n+-");
	const char *end = NULL;

	if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X'))
		end = p + 2 + strspn(p + 2, "0123456789abcdefABCDEF");
	else
		end = p + strspn(p, "0123456789");
	return end > p && end[strspn(end, " \t\n")] == '\0';
}

/* A name, or a number, of an owner; any other number would be looked for as a
 * name and not be found. */
static enum vl_status
check_owner(const struct vl_site_reader *r, const struct vl_site_node *value,
    struct vl_err *err)
{
	char shown[SHOWN];

	if (!looks_like_a_number(value->text) || is_owner_number(value->text))
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' cannot be the number of an owner; write 0 to 4294967294 in "
	    "digits",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text)));
}

/* A column with its table, either of which may be a pattern. */
static enum vl_status
check_column(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	char shown[SHOWN];

	if (vl_profile_split(value->text, &table, &column))
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' cannot be a '%s'; write table.column",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text)),
	    word->word);
}

/*
 * How many {table.column} stand in `text`; `plain` gets the text with an `x`
 * in the place of each.  SIZE_MAX where a brace is amiss.
 */
static size_t
count_ids(const char *text, char *plain)
{
	char name[VL_SITE_TEXT_MAX + 1];
	struct vl_slice table = { 0 };
	struct vl_slice column = { 0 };
	size_t found = 0;
	size_t n = 0;

	for (; *text != '\0'; text++) {
		if (*text == '}')
			return SIZE_MAX;
		if (*text != '{') {
			*plain++ = *text;
			continue;
		}
		n = strcspn(++text, "{}");
		memcpy(name, text, n);
		name[n] = '\0';
		if (text[n] != '}' || !vl_profile_split(name, &table, &column))
			return SIZE_MAX;
		text += n;
		*plain++ = 'x';
		found++;
	}
	*plain = '\0';
	return found;
}

/* A table, whose name may hold one id; or a path that holds some. */
static enum vl_status
check_ids(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	char plain[VL_SITE_TEXT_MAX + 1];
	size_t n = count_ids(value->text, plain);
	char shown[SHOWN];

	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text));
	if (n == SIZE_MAX)
		return vl_site_fail(r->file, value, err,
		    "'%s': an id in a name is written {table.column}", shown);
	if (word->type == VL_WORD_TABLE && n > 1)
		return vl_site_fail(r->file, value, err,
		    "'%s': the name of a table holds one id at most", shown);
	if (word->type == VL_WORD_TABLE)
		return VL_OK;
	if (n == 0)
		return vl_site_fail(r->file, value, err,
		    "'%s' holds no id; write {table.column} where it stands",
		    shown);
	return check_mapped(r, word, value, plain, err);
}

/* A name in which {parts} may stand. */
static enum vl_status
check_family(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	const char *at = value->text;
	char shown[SHOWN];
	size_t n = 1;

	while (*at != '\0' && n > 0) {
		n = strspn(at, LETTERS "-");
		if (n == 0 && *at == '{') {
			n = strspn(at + 1, LETTERS "_");
			n = n > 0 && at[n + 1] == '}' ? n + 2 : 0;
		}
		at += n;
	}
	if (*at == '\0' && at > value->text &&
	    at - value->text <= VL_SITE_NAME_MAX)
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' cannot be a '%s'; use 1 to %d letters, digits and dashes, or "
	    "parts in braces such as {tenant}",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text)),
	    word->word, VL_SITE_NAME_MAX);
}

static enum vl_status
check_json(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	if (value->text[0] == '$')
		return VL_OK;
	return vl_site_fail(r->file, value, err,
	    "'%s' takes a path from the root, such as $.a.b or $[*].id",
	    word->word);
}

static enum vl_status
check_text(const struct vl_site_reader *r, const struct vl_word *word,
    const struct vl_site_node *value, struct vl_err *err)
{
	switch (word->type) {
	case VL_WORD_NAME:
	case VL_WORD_NAMES:
		return check_bytes(r, word, value, LETTERS "-",
		    "letters, digits and dashes", err);
	case VL_WORD_FAMILY:
		return check_family(r, word, value, err);
	case VL_WORD_PREFIX:
		/* It is put into SQL as it stands. */
		return check_bytes(r, word, value, LETTERS "_",
		    "letters, digits and underscores", err);
	case VL_WORD_HEX16:
		return check_hex16(r, word, value, err);
	case VL_WORD_MAPPED:
		return check_mapped(r, word, value, value->text, err);
	case VL_WORD_PAIRS:
		return check_owner(r, value, err);
	case VL_WORD_COLUMN:
		return check_column(r, word, value, err);
	case VL_WORD_TABLE:
	case VL_WORD_IDS:
		return check_ids(r, word, value, err);
	case VL_WORD_JSON:
		return check_json(r, word, value, err);
	default:
		return VL_OK;
	}
}

struct vl_slice
vl_site_mapped(const char *text)
{
	struct vl_slice path = vl_slice_of(text);

	if (path.n > 3 && memcmp(path.p + path.n - 3, "/**", 3) == 0)
		path.n -= 3;
	return path;
}

char *
vl_site_join(const char *dir, const char *path)
{
	size_t room = strlen(dir) + strlen(path) + 2;
	char *joined = malloc(room);
	char *from = joined;
	char *to = joined;

	if (joined == NULL)
		return NULL;
	(void)snprintf(joined, room, "%s/%s", path[0] == '/' ? "" : dir, path);
	while (*from != '\0') {
		if (from[0] == '/' && (from[1] == '/' || from[1] == '\0'))
			from++;
		else if (from[0] == '/' && from[1] == '.' &&
		    (from[2] == '/' || from[2] == '\0'))
			from += 2;
		else
			*to++ = *from++;
	}
	if (to == joined)
		*to++ = '/';
	*to = '\0';
	return joined;
}

enum vl_status
vl_site_read_text(const struct vl_site_reader *r, const struct vl_word *word,
    char **out, const struct vl_site_node *value, struct vl_err *err)
{
	bool label = word->type == VL_WORD_LABEL;
	size_t max = label ? VL_SITE_LABEL_MAX : VL_SITE_TEXT_MAX;
	enum vl_status st = VL_OK;

	if (value->type != VL_NODE_TEXT)
		return vl_site_fail(
		    r->file, value, err, "'%s' takes one text", word->word);
	if (value->text[0] == '\0' &&
	    (word->type != VL_WORD_QUOTED || value->plain))
		return vl_site_fail(
		    r->file, value, err, "'%s' has no value", word->word);
	if (strlen(value->text) > max)
		return vl_site_fail(r->file, value, err,
		    "'%s' takes at most %zu bytes", word->word, max);
	st = check_text(r, word, value, err);
	if (st != VL_OK)
		return st;
	*out = word->type == VL_WORD_PATH ? vl_site_join(r->dir, value->text) :
	                                    strdup(value->text);
	return *out != NULL ? VL_OK : vl_fail_memory(err);
}

/* Index of `text` in `words`; false when it is not there. */
static bool
find(const char *const *words, const char *text, size_t *at)
{
	for (*at = 0; words != NULL && words[*at] != NULL; (*at)++)
		if (strcmp(words[*at], text) == 0)
			return true;
	return false;
}

enum vl_status
vl_site_read_choice(const struct vl_site_reader *r, const struct vl_word *word,
    size_t *choice, const struct vl_site_node *value, struct vl_err *err)
{
	char shown[SHOWN];
	char all[160] = "";
	const char *near = NULL;
	size_t used = 0;
	size_t i = 0;

	if (value->type != VL_NODE_TEXT)
		return vl_site_fail(
		    r->file, value, err, "'%s' takes one word", word->word);
	if (find(word->choices, value->text, choice))
		return VL_OK;
	(void)vl_escape_text(shown, sizeof(shown), vl_slice_of(value->text));
	if (find(word->later, value->text, &i))
		return vl_site_fail(r->file, value, err,
		    "'%s' is not known to this version yet", shown);
	for (i = 0; word->choices[i] != NULL && used < sizeof(all); i++)
		used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s",
		    i > 0 ? ", " : "", word->choices[i]);
	near = vl_nearest(value->text, word->choices);
	if (near == NULL)
		return vl_site_fail(
		    r->file, value, err, "'%s' is not one of %s", shown, all);
	return vl_site_fail(r->file, value, err,
	    "'%s' is not one of %s; did you mean '%s'?", shown, all, near);
}
