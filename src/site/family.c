/*
 * Families of master keys (formats/site.md, "Master keys"): the name of an
 * entry, and the words that say where its key is, hold parts in braces, which
 * are filled with what the path of a file has in their place.  What is filled
 * in is a text and nothing else: in a path into JSON it stands in quotes, and
 * in the path of a file it makes no component that leads elsewhere.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/family.h>
#include <valise/text.h>

#define SHOWN 256

bool
vl_family_next(const char **at, struct vl_slice *before, struct vl_slice *part)
{
	const char *first = *at;
	const char *open = strchr(first, '{');
	const char *close = open == NULL ? NULL : strchr(open, '}');

	*part = (struct vl_slice){ 0 };
	if (close == NULL) {
		*before = vl_slice_of(first);
		*at = first + before->n;
		return false;
	}
	*before =
	    (struct vl_slice){ (const uint8_t *)first, (size_t)(open - first) };
	*part = (struct vl_slice){ (const uint8_t *)open + 1,
		(size_t)(close - open - 1) };
	*at = close + 1;
	return true;
}

bool
vl_family_is(const char *name)
{
	return strchr(name, '{') != NULL;
}

static bool
has_part(const char *text, struct vl_slice part)
{
	struct vl_slice before = { 0 };
	struct vl_slice one = { 0 };

	while (vl_family_next(&text, &before, &one))
		if (vl_slice_equal(one, part))
			return true;
	return false;
}

/* Each part of `text` is one of `name`. */
static bool
only_of(const char *text, const char *name)
{
	struct vl_slice before = { 0 };
	struct vl_slice part = { 0 };

	while (text != NULL && vl_family_next(&text, &before, &part))
		if (!has_part(name, part))
			return false;
	return true;
}

/*
 * The step of a path into JSON from `p` on: `.name`, or `['name']` with either
 * quote.  Where it ends, and the name with its escapes; false: it is neither,
 * and what it begins with is behind `p`.
 */
static bool
next_name(const char **p, struct vl_slice *name)
{
	const char *first = *p;
	const char *end = NULL;
	const bool bracket =
	    first[0] == '[' && (first[1] == '\'' || first[1] == '"');

	if (first[0] == '.' && first[1] == '.') {
		*p += 2;
		return false;
	}
	if (!bracket && first[0] != '.') {
		*p += 1;
		return false;
	}
	first += bracket ? 2 : 1;
	for (end = first; *end != '\0'; end++)
		if (bracket ? *end == first[-1] : strchr(".[~", *end) != NULL)
			break;
		else if (bracket && *end == '\\' && end[1] != '\0')
			end++;
	if (bracket && (*end == '\0' || end[1] != ']')) {
		*p += 1;
		return false;
	}
	*name =
	    (struct vl_slice){ (const uint8_t *)first, (size_t)(end - first) };
	*p = bracket ? end + 2 : end;
	return true;
}

/* Parts stand in names of members and nowhere else. */
static bool
in_names(const char *path)
{
	struct vl_slice name = { 0 };
	const char *from = NULL;

	for (path++; *path != '\0';) {
		from = path;
		if (!next_name(&path, &name) && *from == '{')
			return false;
	}
	return true;
}

static bool
inside_names(const char *path)
{
	return path == NULL || in_names(path);
}

const char *
vl_family_wrong(const struct vl_master_words *m)
{
	if (!vl_family_is(m->name))
		return NULL;
	if (m->file == NULL)
		return "keys of a family stand in a 'file'";
	if (!only_of(m->file, m->name) || !only_of(m->json, m->name) ||
	    !only_of(m->yaml, m->name))
		return "a part in braces is none of those of 'name'";
	if (!inside_names(m->json) || !inside_names(m->yaml))
		return "in a path a part in braces stands in the name of a "
		       "member";
	if (!only_of(m->keyed, "") || !only_of(m->define, ""))
		return "'line' and 'define' have no parts in braces";
	if (m->check != NULL)
		return "'check' is about one key, and this is a family";
	return NULL;
}

/* ---- One member ---- */

static const struct vl_captured *
captured(const struct vl_captured_list *with, struct vl_slice part)
{
	const struct vl_captured *c = with->list;

	for (; c < with->list + with->n; c++)
		if (vl_slice_equal(c->name, part))
			return c;
	return NULL;
}

/* `quoted`: for a name in single quotes of a path into JSON. */
static enum vl_status
add_text(
    struct vl_buf *out, struct vl_slice text, bool quoted, struct vl_err *err)
{
	enum vl_status st = VL_OK;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < text.n; i++) {
		if (quoted && strchr("'\"\\", text.p[i]) != NULL)
			st = vl_buf_add_text(out, "\\", err);
		if (st == VL_OK)
			st = vl_buf_add(
			    out, (struct vl_slice){ text.p + i, 1 }, err);
	}
	return st;
}

/* `template` with its parts filled. */
static enum vl_status
fill(struct vl_buf *out, struct vl_slice template,
    const struct vl_captured_list *with, bool quoted, struct vl_err *err)
{
	char *text = strndup((const char *)template.p, template.n);
	const struct vl_captured *c = NULL;
	const char *at = text;
	struct vl_slice before = { 0 };
	struct vl_slice part = { 0 };
	enum vl_status st = text == NULL ? vl_fail_memory(err) : VL_OK;
	bool more = true;

	while (st == VL_OK && more) {
		more = vl_family_next(&at, &before, &part);
		/* As it stands: it has its escapes. */
		st = vl_buf_add(out, before, err);
		c = more ? captured(with, part) : NULL;
		if (st == VL_OK && more && c == NULL)
			st = vl_fail(err, VL_EUSAGE,
			    "nothing stands for '{%.*s}'", (int)part.n,
			    (const char *)part.p);
		if (st == VL_OK && more)
			st = add_text(out, c->text, quoted, err);
	}
	free(text);
	return st;
}

static enum vl_status
fill_path(struct vl_buf *out, const char *path,
    const struct vl_captured_list *with, struct vl_err *err)
{
	enum vl_status st = vl_buf_add_text(out, "$", err);
	struct vl_slice name = { 0 };
	const char *from = NULL;
	const char *quote = NULL;

	for (path++; st == VL_OK && *path != '\0';) {
		from = path;
		if (!next_name(&path, &name) ||
		    memchr(name.p, '{', name.n) == NULL) {
			st = vl_buf_add(out,
			    (struct vl_slice){
			        (const uint8_t *)from, (size_t)(path - from) },
			    err);
			continue;
		}
		quote = from[0] == '[' && from[1] == '"' ? "\"" : "'";
		st = vl_buf_printf(out, err, "[%s", quote);
		if (st == VL_OK)
			st = fill(out, name, with, true, err);
		if (st == VL_OK)
			st = vl_buf_printf(out, err, "%s]", quote);
	}
	return st;
}

static enum vl_status
take(char **out, struct vl_buf *text, struct vl_err *err)
{
	enum vl_status st =
	    vl_buf_add(text, (struct vl_slice){ (const uint8_t *)"", 1 }, err);

	if (st == VL_OK) {
		*out = (char *)text->p;
		*text = (struct vl_buf){ 0 };
	}
	return st;
}

/* A component that would lead elsewhere than to a name in its directory. */
static bool
leads_away(const char *path)
{
	size_t n = 0;

	for (; *path == '/'; path += n) {
		path++;
		n = strcspn(path, "/");
		if (n == 0 || (n == 1 && path[0] == '.') ||
		    (n == 2 && path[0] == '.' && path[1] == '.'))
			return true;
	}
	return false;
}

static enum vl_status
fill_file(char **out, const char *file, const struct vl_captured_list *with,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = fill(&text, vl_slice_of(file), with, false, err);

	if (st == VL_OK)
		st = take(out, &text, err);
	if (st == VL_OK && leads_away(*out))
		st = vl_fail(err, VL_EUSAGE,
		    "the path of its file would not be one below '%.*s'",
		    (int)strcspn(file, "{"), file);
	vl_buf_free(&text);
	return st;
}

static enum vl_status
fill_inside(char **out, const char *path, const struct vl_captured_list *with,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	enum vl_status st = VL_OK;

	if (path == NULL)
		return VL_OK;
	st = fill_path(&text, path, with, err);
	if (st == VL_OK)
		st = take(out, &text, err);
	vl_buf_free(&text);
	return st;
}

/* For messages: no byte of it does what a terminal would. */
static enum vl_status
fill_name(char **out, const char *name, const struct vl_captured_list *with,
    struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char shown[SHOWN];
	enum vl_status st = fill(&text, vl_slice_of(name), with, false, err);

	if (st == VL_OK) {
		(void)vl_escape_text(shown, sizeof(shown), vl_buf_slice(&text));
		*out = strdup(shown);
		st = *out == NULL ? vl_fail_memory(err) : VL_OK;
	}
	vl_buf_free(&text);
	return st;
}

static bool
is_text(const struct vl_captured_list *with)
{
	const struct vl_captured *c = with->list;

	for (; c < with->list + with->n; c++)
		if (c->text.n == 0 || memchr(c->text.p, 0, c->text.n) != NULL ||
		    memchr(c->text.p, '/', c->text.n) != NULL)
			return false;
	return true;
}

void
vl_family_free(struct vl_family_member *m)
{
	free(m->words.name);
	free(m->words.file);
	free(m->words.json);
	free(m->words.yaml);
	*m = (struct vl_family_member){ 0 };
}

enum vl_status
vl_family_member(struct vl_family_member *m,
    const struct vl_master_words *family, const struct vl_captured_list *with,
    struct vl_err *err)
{
	struct vl_master_words *out = &m->words;
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;

	*out = *family;
	out->name = out->file = out->json = out->yaml = NULL;
	if (!is_text(with))
		st = vl_fail(&why, VL_EUSAGE,
		    "what stands for a part in braces is no name");
	if (st == VL_OK)
		st = fill_name(&out->name, family->name, with, &why);
	if (st == VL_OK)
		st = fill_file(&out->file, family->file, with, &why);
	if (st == VL_OK)
		st = fill_inside(&out->json, family->json, with, &why);
	if (st == VL_OK)
		st = fill_inside(&out->yaml, family->yaml, with, &why);
	if (st == VL_OK)
		return VL_OK;
	st = vl_fail(err, why.status, "master key '%s': %s",
	    out->name == NULL ? family->name : out->name, why.text);
	vl_family_free(m);
	return st;
}
