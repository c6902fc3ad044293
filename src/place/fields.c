/*
 * Two values beside one another, each as a list of its leaves with their
 * paths, in the order of paths.  Ids stand in them as numbers of their own,
 * which are put back by names when a leaf is told.
 */

#include <stdlib.h>

#include <valise/fields.h>
#include <valise/text.h>

#include "spelled.h"

#define VALUE_MAX   1048576 /* bytes that are looked into */
#define LEAVES_MAX  16384
#define MEMORY_MAX  (8 << 20) /* for paths and texts of a side, about */
#define SHOWN_MAX   80        /* bytes of a text that is told */
#define PATH_SHOWN  160
#define ID_PREFIX   "73105829" /* of the number for an id, and six digits */
#define ID_DIGITS   6
#define SLOT_PREFIX "sf1." /* of the text of a slot (slot.h) */
#define IDS_MAX     512    /* more are one and the same */

/* Offsets are of `memory`. */
struct field {
	size_t path;
	size_t npath;
	size_t text;
	size_t ntext;
	bool quoted;
	bool secret;
};

struct side {
	struct vl_buf value;
	uint64_t pieces;
	uint64_t end[VL_COUNTED_DEPTH]; /* number of the piece behind it */
	size_t from[VL_COUNTED_DEPTH];
	size_t depth;
	bool slots; /* of secrets: their texts are in the value */
	struct vl_buf memory;
	struct field *list;
	size_t n;
	size_t cap;
};

struct vl_fields {
	struct side sides[VL_SIDES];
	struct vl_buf ids; /* names, one behind the other, each ended by NUL */
	size_t *names;     /* where each begins */
	size_t nids;
	size_t cap_ids;
	struct vl_buf shown;
};

/* A side while it is read. */
struct reading {
	struct trail trail;         /* to the leaf at hand */
	bool secret[DEPTH_MAX + 2]; /* as trail.marks: the path up to there */
	size_t depth;               /* of these, the leaf's */
	struct side *side;
	struct vl_slice value;
};

enum vl_status
vl_fields_new(struct vl_fields **out, struct vl_err *err)
{
	*out = calloc(1, sizeof(**out));
	return *out != NULL ? VL_OK : vl_fail_memory(err);
}

void
vl_fields_free(struct vl_fields *f)
{
	size_t i = 0;

	if (f == NULL)
		return;
	for (i = 0; i < VL_SIDES; i++) {
		vl_buf_free(&f->sides[i].value);
		vl_buf_free(&f->sides[i].memory);
		free(f->sides[i].list);
	}
	vl_buf_free(&f->ids);
	vl_buf_free(&f->shown);
	free(f->names);
	free(f);
}

void
vl_fields_begin(struct vl_fields *f)
{
	struct side *s = NULL;

	for (s = f->sides; s < f->sides + VL_SIDES; s++) {
		vl_buf_clear(&s->value);
		vl_buf_clear(&s->memory);
		s->pieces = 0;
		s->depth = 0;
		s->slots = false;
		s->n = 0;
	}
	vl_buf_clear(&f->ids);
	f->nids = 0;
}

/* The number of an id: the same for the same row. */
static enum vl_status
number_of(struct vl_fields *f, const struct vl_text_part *part, size_t *number,
    struct vl_err *err)
{
	size_t *grown = NULL;
	const size_t at = f->ids.n;
	enum vl_status st = vl_buf_printf(&f->ids, err, "%.*s %.*s%c",
	    (int)part->table.n, (const char *)part->table.p, (int)part->key.n,
	    (const char *)part->key.p, 0);

	if (st != VL_OK)
		return st;
	for (*number = 0; *number < f->nids; ++*number)
		if (strcmp((char *)f->ids.p + f->names[*number],
		        (char *)f->ids.p + at) == 0) {
			f->ids.n = at;
			return VL_OK;
		}
	if (f->nids == IDS_MAX)
		return VL_OK;
	if (f->nids == f->cap_ids) {
		f->cap_ids = f->cap_ids == 0 ? 16 : 2 * f->cap_ids;
		grown = reallocarray(f->names, f->cap_ids, sizeof(*grown));
		if (grown == NULL)
			return vl_fail_memory(err);
		f->names = grown;
	}
	f->names[f->nids++] = at;
	return VL_OK;
}

/* Lengths of the counted texts that end before the next piece. */
static enum vl_status
close_counted(struct side *s, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	while (st == VL_OK && s->depth > 0 && s->end[s->depth - 1] <= s->pieces)
		st = vl_place_count(&s->value, s->from[--s->depth], err);
	return st;
}

enum vl_status
vl_fields_add(struct vl_fields *f, enum vl_side side,
    const struct vl_text_part *part, struct vl_slice body, struct vl_err *err)
{
	struct side *s = &f->sides[side];
	enum vl_status st = close_counted(s, err);
	char slot[VL_SLOT_TEXT_SIZE];
	size_t number = 0;

	s->pieces++;
	/* Too large to be looked into. */
	if (st != VL_OK || s->value.n > VALUE_MAX)
		return st;
	switch (part->kind) {
	case VL_PART_TEXT:
		return vl_buf_add(&s->value, part->text, err);
	case VL_PART_BODY:
		return vl_buf_add(&s->value, body, err);
	case VL_PART_REF:
		st = number_of(f, part, &number, err);
		return st != VL_OK ? st :
		                     vl_buf_printf(&s->value, err,
		                         ID_PREFIX "%0*zu", ID_DIGITS, number);
	case VL_PART_SECRET:
		/* Of letters that no form has to escape. */
		s->slots = true;
		return vl_buf_add_text(
		    &s->value, vl_slot_text(slot, part->slot.print), err);
	case VL_PART_COUNT:
		if (s->depth == VL_COUNTED_DEPTH)
			return VL_OK;
		s->end[s->depth] = s->pieces + part->n;
		s->from[s->depth++] = s->value.n;
		return VL_OK;
	}
	return VL_OK;
}

/* What people keep to themselves, by a name on the path to it. */
static bool
is_secret(struct vl_slice path)
{
	static const char *const names[] = { "passwd", "password", "secret",
		"token", "apikey", "api_key", "private_key", "privatekey",
		"credential", "salt" };
	size_t i = 0;
	size_t k = 0;
	size_t n = 0;

	for (k = 0; k < sizeof(names) / sizeof(names[0]); k++) {
		n = strlen(names[k]);
		for (i = 0; i + n <= path.n; i++)
			if (strncasecmp(
			        (const char *)path.p + i, names[k], n) == 0)
				return true;
	}
	return false;
}

static struct vl_slice
path_of(const struct side *s, const struct field *f)
{
	return (struct vl_slice){ s->memory.p + f->path, f->npath };
}

static struct vl_slice
text_of(const struct side *s, const struct field *f)
{
	return (struct vl_slice){ s->memory.p + f->text, f->ntext };
}

/* A secret stands in it, though its name may not say so. */
static bool
has_slot(const struct side *s, struct vl_slice text)
{
	return s->slots &&
	    memmem(text.p, text.n, SLOT_PREFIX, strlen(SLOT_PREFIX)) != NULL;
}

/* Each name is looked at once, however many leaves are below it; a word does
 * not reach from one into the next, for something stands between them. */
static void
enter(void *with, size_t depth, const struct kid *kid)
{
	struct reading *r = with;
	struct vl_slice path = { NULL, 0 };

	trail_enter(&r->trail, depth, kid);
	if (r->trail.st != VL_OK)
		return;
	path = vl_buf_slice(&r->trail.path);
	path.p += r->trail.marks[depth];
	path.n -= r->trail.marks[depth];
	r->depth = depth + 1;
	r->secret[r->depth] = r->secret[depth] || is_secret(path);
}

static enum vl_status
take_leaf(void *with, const struct leaf *leaf, struct vl_err *err)
{
	struct reading *r = with;
	struct side *s = r->side;
	struct vl_slice raw = { r->value.p + leaf->at, leaf->n };
	struct vl_slice path = vl_buf_slice(&r->trail.path);
	struct field *field = NULL;
	enum vl_status st = r->trail.st;

	if (st == VL_OK && s->n == s->cap) {
		s->cap = s->cap == 0 ? 64 : 2 * s->cap;
		field = reallocarray(s->list, s->cap, sizeof(*field));
		if (field == NULL)
			return vl_fail_memory(err);
		s->list = field;
	}
	if (st == VL_OK && (s->n == LEAVES_MAX || s->memory.n > MEMORY_MAX))
		return vl_fail(err, VL_ELIMIT, "more values than are told");
	if (st != VL_OK)
		return st;
	field = &s->list[s->n++];
	*field = (struct field){ .path = s->memory.n,
		.npath = path.n,
		.quoted = leaf->head > 0 || leaf->form == VL_FORM_JSON_TEXT ||
		    (leaf->spelled != NULL && leaf->form != VL_FORM_YAML) };
	field->secret = r->secret[r->depth];
	st = vl_buf_add(&s->memory, path, err);
	field->text = s->memory.n;
	if (st == VL_OK && leaf->spelled != NULL)
		st = vl_buf_add(
		    &s->memory, vl_buf_slice(&leaf->spelled->text), err);
	else if (st == VL_OK && leaf->form == VL_FORM_JSON_TEXT)
		st = json_text(&s->memory, raw, err);
	else if (st == VL_OK)
		st = vl_buf_add(&s->memory, raw, err);
	field->ntext = s->memory.n - field->text;
	field->secret = field->secret || has_slot(s, text_of(s, field));
	return st;
}

static int
by_path(const void *a, const void *b, void *side)
{
	const struct field *x = a;
	const struct field *y = b;
	const int order = vl_slice_cmp(path_of(side, x), path_of(side, y));

	return order != 0 ? order : (x->text > y->text) - (x->text < y->text);
}

enum form {
	FORM_NONE,
	FORM_JSON,
	FORM_PHP,
	FORM_YAML
};

/* All leaves of a value; `*read` is false where it cannot be read so. */
static enum vl_status
read_side(struct side *s, enum form form, bool *read, struct vl_err *err)
{
	struct reading r = { .side = s, .value = vl_buf_slice(&s->value) };
	const struct leaf_visit visit = {
		.leaf = take_leaf, .with = &r, .enter = enter
	};
	enum vl_status st = trail_begin(&r.trail, err);

	s->n = 0;
	vl_buf_clear(&s->memory);
	if (st == VL_OK && form == FORM_JSON)
		st = json_scan(NULL, r.value, &visit, err);
	else if (st == VL_OK && form == FORM_PHP)
		st = php_scan(NULL, r.value, &visit, err);
	else if (st == VL_OK)
		st = yaml_scan(NULL, r.value, &visit, err);
	if (st == VL_OK)
		st = r.trail.st;
	vl_buf_free(&r.trail.path);
	*read = st == VL_OK;
	if (st != VL_OK && st != VL_EFORMAT && st != VL_ELIMIT)
		return st;
	if (s->n > 1)
		qsort_r(s->list, s->n, sizeof(*s->list), by_path, s);
	return VL_OK;
}

/* The number of an id at the beginning of the text: its name. */
static const char *
id_at(const struct vl_fields *f, struct vl_slice text)
{
	const size_t n = strlen(ID_PREFIX);
	size_t number = 0;
	size_t i = 0;

	if (text.n < n + ID_DIGITS || memcmp(text.p, ID_PREFIX, n) != 0)
		return NULL;
	for (i = n; i < n + ID_DIGITS; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return NULL;
		number = number * 10 + (size_t)(text.p[i] - '0');
	}
	if (number == IDS_MAX)
		return "(a row)";
	return number < f->nids ? (const char *)f->ids.p + f->names[number] :
	                          NULL;
}

/* Bytes of the character at the text's beginning. */
static size_t
character(struct vl_slice text)
{
	size_t n = 1;

	while (n < text.n && n < 4 && (text.p[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Into f->shown, up to about `max` bytes, with names for ids. */
static enum vl_status
show(struct vl_fields *f, struct vl_slice text, size_t max, struct vl_err *err)
{
	const char *name = NULL;
	enum vl_status st = VL_OK;
	size_t n = 0;

	for (; st == VL_OK && text.n > 0 && f->shown.n < max;
	     text.p += n, text.n -= n) {
		name = id_at(f, text);
		n = name == NULL ? character(text) :
		                   strlen(ID_PREFIX) + ID_DIGITS;
		st = name == NULL ?
		    vl_buf_add(&f->shown, (struct vl_slice){ text.p, n }, err) :
		    vl_buf_add_text(&f->shown, name, err);
	}
	return st == VL_OK && text.n > 0 ?
	    vl_buf_add_text(&f->shown, "...", err) :
	    st;
}

static enum vl_status
show_text(struct vl_fields *f, const struct side *s, const struct field *field,
    bool secret, struct vl_err *err)
{
	struct vl_slice text = text_of(s, field);
	enum vl_status st = VL_OK;

	vl_buf_clear(&f->shown);
	if (secret)
		return vl_buf_add_text(&f->shown, "(not shown)", err);
	if (field->quoted && id_at(f, text) == NULL)
		st = vl_buf_add_text(&f->shown, "\"", err);
	if (st == VL_OK)
		st = show(f, text, SHOWN_MAX, err);
	if (st == VL_OK && field->quoted && f->shown.p != NULL &&
	    f->shown.p[0] == '"')
		st = vl_buf_add_text(&f->shown, "\"", err);
	return st;
}

static enum vl_status
write_text(struct vl_json_w *w, const char *key, struct vl_slice text,
    struct vl_err *err)
{
	struct vl_buf escaped = { 0 };
	enum vl_status st = VL_OK;

	if (!vl_utf8_valid(text) ||
	    (text.n > 0 && memchr(text.p, 0, text.n) != NULL)) {
		st = vl_escape(&escaped, text, err);
		text = vl_buf_slice(&escaped);
	}
	if (st == VL_OK) {
		vl_json_w_key(w, key);
		vl_json_w_text(w, text);
	}
	vl_buf_free(&escaped);
	return st;
}

/* One path: what each side has there, or nothing. */
static enum vl_status
tell(struct vl_fields *f, const struct field *const both[VL_SIDES],
    struct vl_slice column, struct vl_json_w *w, struct vl_err *err)
{
	static const char *const keys[] = { "old", "new" };
	const size_t first = both[VL_SIDE_OLD] == NULL;
	struct vl_slice path = path_of(&f->sides[first], both[first]);
	enum vl_status st = VL_OK;
	bool secret = false;
	size_t i = 0;

	for (i = 0; i < VL_SIDES; i++)
		secret = secret || (both[i] != NULL && both[i]->secret);
	vl_json_w_open(w, '{');
	st = write_text(w, "column", column, err);
	for (i = VL_SIDES; st == VL_OK && i-- > 0;) {
		if (both[i] == NULL)
			continue;
		st = show_text(f, &f->sides[i], both[i], secret, err);
		if (st == VL_OK)
			st = write_text(
			    w, keys[i], vl_buf_slice(&f->shown), err);
	}
	vl_buf_clear(&f->shown);
	if (st == VL_OK && has_slot(&f->sides[first], path))
		st = vl_buf_add_text(&f->shown, "(not shown)", err);
	else if (st == VL_OK)
		st = show(f, path, PATH_SHOWN, err);
	if (st == VL_OK)
		st = write_text(w, "path", vl_buf_slice(&f->shown), err);
	vl_json_w_close(w, '}');
	return st;
}

static enum form
guess(struct vl_slice text)
{
	while (text.n > 0 && strchr(" \t\r\n", text.p[0]) != NULL &&
	    text.p[0] != 0) {
		text.p++;
		text.n--;
	}
	if (text.n > 1 && (text.p[0] == '{' || text.p[0] == '['))
		return FORM_JSON;
	return text.n > 1 && (text.p[0] == 'a' || text.p[0] == 'O') &&
	        text.p[1] == ':' ?
	    FORM_PHP :
	    FORM_NONE;
}

/* Both sides as lists; false: they cannot be told. */
static enum vl_status
read_both(struct vl_fields *f, enum vl_fields_form how, bool *read,
    struct vl_err *err)
{
	enum form form = FORM_YAML;
	enum vl_status st = VL_OK;
	struct side *s = NULL;

	*read = true;
	for (s = f->sides; st == VL_OK && s < f->sides + VL_SIDES; s++) {
		st = close_counted(s, err);
		*read = *read && s->value.n <= VALUE_MAX;
	}
	if (how == VL_FIELDS_GUESS) {
		form = guess(vl_buf_slice(&f->sides[VL_SIDE_OLD].value));
		if (form != guess(vl_buf_slice(&f->sides[VL_SIDE_NEW].value)))
			form = FORM_NONE;
	}
	*read = *read && form != FORM_NONE;
	for (s = f->sides; st == VL_OK && *read && s < f->sides + VL_SIDES; s++)
		st = read_side(s, form, read, err);
	return st;
}

/* The next path that differs; false: there is none. */
static bool
next_pair(const struct vl_fields *f, size_t at[VL_SIDES],
    const struct field *both[VL_SIDES])
{
	const struct side *a = &f->sides[VL_SIDE_OLD];
	const struct side *b = &f->sides[VL_SIDE_NEW];
	int order = 0;

	while (at[0] < a->n || at[1] < b->n) {
		both[0] = at[0] < a->n ? &a->list[at[0]] : NULL;
		both[1] = at[1] < b->n ? &b->list[at[1]] : NULL;
		order = both[0] == NULL ?
		    1 :
		    both[1] == NULL ?
		    -1 :
		    vl_slice_cmp(path_of(a, both[0]), path_of(b, both[1]));
		at[0] += order <= 0;
		at[1] += order >= 0;
		if (order == 0 && both[0]->quoted == both[1]->quoted &&
		    vl_slice_equal(text_of(a, both[0]), text_of(b, both[1])))
			continue;
		if (order > 0)
			both[0] = NULL;
		if (order < 0)
			both[1] = NULL;
		return true;
	}
	return false;
}

enum vl_status
vl_fields_differ(struct vl_fields *f, enum vl_fields_form form,
    struct vl_slice column, struct vl_json_w *w, struct vl_err *err)
{
	const struct field *both[VL_SIDES] = { NULL, NULL };
	size_t at[VL_SIDES] = { 0, 0 };
	size_t told = 0;
	size_t more = 0;
	bool read = false;
	enum vl_status st = read_both(f, form, &read, err);

	while (st == VL_OK && read && next_pair(f, at, both)) {
		if (told == VL_FIELDS_MAX)
			more++;
		else
			st = tell(f, both, column, w, err);
		told += told < VL_FIELDS_MAX;
	}
	if (st != VL_OK || more == 0)
		return st;
	vl_json_w_open(w, '{');
	st = write_text(w, "column", column, err);
	vl_json_w_key(w, "more");
	vl_json_w_int(w, (int64_t)more);
	vl_json_w_close(w, '}');
	return st;
}
