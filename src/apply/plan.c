/* A plan from bytes, line by line (formats/plan.md). */

#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/value.h>

#include "planning.h"

static const struct vl_slice nothing = { NULL, 0 };

/* The text of a value as it stands, quotes and all. */
static struct vl_slice
raw_of(const struct vl_json *j, size_t item)
{
	struct vl_slice raw = j->items[item].raw;

	if (j->items[item].type == VL_JSON_STRING)
		raw = (struct vl_slice){ raw.p - 1, raw.n + 2 };
	return raw;
}

static bool
is_word(struct vl_slice raw, const char *word)
{
	return raw.n == strlen(word) + 2 &&
	    memcmp(raw.p + 1, word, strlen(word)) == 0;
}

static enum vl_status
read_members(
    struct plan_members *m, const struct vl_json *j, struct vl_err *err)
{
	size_t item = 1;
	size_t i = 0;
	size_t k = 0;

	*m = (struct plan_members){ 0 };
	if (j->items[0].type != VL_JSON_OBJECT)
		return vl_fail(err, VL_EUSAGE, "it is no JSON object");
	for (i = 0; i < j->items[0].count; i++) {
		for (k = 0; k < PLAN_PARTS; k++)
			if (vl_slice_equal(
			        j->items[item].raw, vl_slice_of(plan_names[k])))
				break;
		if (k == PLAN_PARTS)
			return vl_fail(err, VL_EUSAGE,
			    "it has a member '%.*s', which a plan has not",
			    (int)j->items[item].raw.n,
			    (const char *)j->items[item].raw.p);
		m->part[k] = raw_of(j, item + 1);
		if (k != PLAN_FIELDS && k != PLAN_KEY && k != PLAN_TO &&
		    j->items[item + 1].type != VL_JSON_STRING)
			return vl_fail(
			    err, VL_EUSAGE, "'%s' is no text", plan_names[k]);
		item = j->items[item + 1].next;
	}
	return VL_OK;
}

/* What has to be there, and what not. */
static enum vl_status
check_members(const struct plan_members *m, struct vl_err *err)
{
	const bool row = m->part[PLAN_TABLE].n > 0;
	const bool add = is_word(m->part[PLAN_CHANGE], "add");
	const bool given[PLAN_PARTS] = { [PLAN_ACTION] = true,
		[PLAN_CHANGE] = true,
		[PLAN_DETAIL] = !row,
		[PLAN_FIELDS] = m->part[PLAN_FIELDS].n > 0 && row,
		[PLAN_HERE] = row && !add,
		[PLAN_ID] = true,
		[PLAN_KEY] = row,
		[PLAN_PATH] = !row,
		[PLAN_RESOURCE] = true,
		[PLAN_TABLE] = row,
		[PLAN_TO] = is_word(m->part[PLAN_ACTION], "map") };
	size_t i = 0;

	for (i = 0; i < PLAN_PARTS; i++)
		if (given[i] != (m->part[i].n > 0))
			return vl_fail(err, VL_EUSAGE, "it has %s '%s'",
			    given[i] ? "no" : "a member it may not have,",
			    plan_names[i]);
	return VL_OK;
}

static enum vl_status
read_action(
    struct plan_line *l, const struct plan_members *m, struct vl_err *err)
{
	static const enum vl_change changes[] = { VL_CHANGE_ADD,
		VL_CHANGE_MODIFY, VL_CHANGE_DELETE };
	const struct vl_slice action = m->part[PLAN_ACTION];
	const bool row = m->part[PLAN_TABLE].n > 0;
	size_t i = 0;

	for (i = 0; i < 3; i++)
		if (is_word(m->part[PLAN_CHANGE], plan_change_word(changes[i])))
			break;
	if (i == 3)
		return vl_fail(err, VL_EUSAGE,
		    "'change' is not one of add, change, delete");
	l->action = PLAN_DO;
	if (is_word(action, plan_action_word(changes[i])))
		return VL_OK;
	l->action = is_word(action, "skip") ? PLAN_SKIP : PLAN_MAP;
	if (l->action == PLAN_MAP && !is_word(action, "map"))
		return vl_fail(err, VL_EUSAGE,
		    "action %.*s: it is '%s' or 'skip'%s", (int)action.n,
		    (const char *)action.p, plan_action_word(changes[i]),
		    i == 0 && row ? ", or 'map' with 'to'" : "");
	if (l->action == PLAN_MAP && (changes[i] != VL_CHANGE_ADD || !row))
		return vl_fail(err, VL_EUSAGE,
		    "only a row that would be inserted can be mapped");
	return VL_OK;
}

static enum vl_status
check_id(struct vl_plan *p, struct plan_line *l, const struct plan_members *m,
    struct vl_err *err)
{
	struct vl_slice hex = m->part[PLAN_ID];
	uint8_t id[PLAN_ID_SIZE];
	enum vl_status st = plan_id(id, p->bundle, m, &p->line, err);

	hex = (struct vl_slice){ hex.p + 1, hex.n - 2 };
	if (st == VL_OK &&
	    (!vl_unhex(l->id, sizeof(l->id), hex) ||
	        memcmp(l->id, id, sizeof(id)) != 0))
		return vl_fail(err, VL_EUSAGE,
		    "this record is not in the plan as it was written: only "
		    "'action' and 'to' may be edited");
	return st;
}

/* A text of the line in hand, decoded. */
static char *
text_of(const struct vl_plan *p, enum plan_part part)
{
	size_t at = vl_json_member(&p->json, 0, plan_names[part]);
	struct vl_buf text = { 0 };
	struct vl_err ignored = { 0 };
	char *copy = NULL;

	if (vl_json_decode(&p->json, at, &text, &ignored) == VL_OK)
		copy = strndup(text.n == 0 ? "" : (const char *)text.p, text.n);
	vl_buf_free(&text);
	return copy;
}

static char **
key_of(struct vl_slice json)
{
	char **key = calloc(1, sizeof(*key));

	if (key != NULL)
		key[0] = strndup((const char *)json.p, json.n);
	return key;
}

/* ["a", 1] of `key` is ["b", 2] here. */
static enum vl_status
add_map(struct vl_plan *p, const struct plan_members *m, size_t number,
    struct vl_err *err)
{
	struct vl_map_record *r = NULL;

	r = reallocarray(p->maps, p->nmaps + 1, sizeof(*r));
	if (r == NULL)
		return vl_fail_memory(err);
	p->maps = r;
	r += p->nmaps++;
	*r = (struct vl_map_record){
		.file = p->file, .line = (unsigned)number, .nfrom = 1, .nto = 1
	};
	r->resource = text_of(p, PLAN_RESOURCE);
	r->table = text_of(p, PLAN_TABLE);
	r->from = key_of(m->part[PLAN_KEY]);
	r->to = key_of(m->part[PLAN_TO]);
	return r->resource != NULL && r->table != NULL && r->from != NULL &&
	        r->to != NULL && r->from[0] != NULL && r->to[0] != NULL ?
	    VL_OK :
	    vl_fail_memory(err);
}

static enum vl_status
parse(struct vl_plan *p, struct vl_slice text, struct vl_err *err)
{
	if (vl_json_parse(&p->json, text, err) == VL_OK)
		return VL_OK;
	return err->status == VL_EIO ?
	    VL_EIO :
	    vl_fail(err, VL_EUSAGE, "it is no canonical JSON: %s", err->text);
}

static enum vl_status
read_line(
    struct vl_plan *p, struct vl_slice text, size_t number, struct vl_err *err)
{
	struct plan_line *l = &p->lines[p->n];
	struct plan_members m = { 0 };
	struct vl_buf arena = { 0 };
	enum vl_status st = parse(p, text, err);
	size_t to = 0;

	*l = (struct plan_line){ .text = text, .number = number };
	if (st == VL_OK)
		st = read_members(&m, &p->json, err);
	if (st == VL_OK)
		st = check_members(&m, err);
	if (st == VL_OK)
		st = read_action(l, &m, err);
	if (st == VL_OK)
		st = check_id(p, l, &m, err);
	if (st == VL_OK && l->action == PLAN_MAP) {
		to = vl_json_member(&p->json, 0, plan_names[PLAN_TO]);
		st = vl_buf_reserve(&arena, text.n, err);
		if (st == VL_OK && !vl_key_valid(&p->json, to, &arena))
			st = vl_fail(err, VL_EUSAGE, "'to' is no key");
		if (st == VL_OK)
			st = add_map(p, &m, number, err);
	}
	vl_buf_free(&arena);
	if (st == VL_OK && l->action == PLAN_SKIP && m.part[PLAN_TABLE].n == 0)
		st = plan_paths_add(p, &m, err);
	l->path = m.part[PLAN_TABLE].n == 0;
	p->n += st == VL_OK;
	return st;
}

/* A member of the first line; or one that is not there. */
static size_t
head_member(const struct vl_plan *p, const char *name, enum vl_json_type type)
{
	size_t at = vl_json_member(&p->json, 0, name);

	return at != VL_JSON_NONE && p->json.items[at].type == type ?
	    at :
	    VL_JSON_NONE;
}

static enum vl_status
read_head(struct vl_plan *p, struct vl_slice text, struct vl_err *err)
{
	static const struct {
		const char *name;
		enum vl_json_type type;
	} members[] = { { "bundle", VL_JSON_STRING },
		{ "format", VL_JSON_STRING }, { "records", VL_JSON_INT },
		{ "resources", VL_JSON_ARRAY }, { "seq", VL_JSON_INT },
		{ "series", VL_JSON_STRING }, { "site", VL_JSON_STRING },
		{ "v", VL_JSON_INT } };
	const size_t n = sizeof(members) / sizeof(members[0]);
	const struct vl_json_item *item[sizeof(members) / sizeof(members[0])];
	enum vl_status st = parse(p, text, err);
	size_t at = 0;
	size_t i = 0;

	if (st != VL_OK)
		return st;
	for (i = 0; i < n; i++) {
		at = p->json.items[0].type != VL_JSON_OBJECT ?
		    VL_JSON_NONE :
		    head_member(p, members[i].name, members[i].type);
		if (at == VL_JSON_NONE)
			return vl_fail(err, VL_EUSAGE,
			    "it is not the first line of a plan: it has no "
			    "'%s'",
			    members[i].name);
		item[i] = &p->json.items[at];
	}
	if (p->json.items[0].count != n || item[7]->number != 0 ||
	    !vl_slice_equal(item[1]->raw, vl_slice_of("valise-plan")))
		return vl_fail(err, VL_EUSAGE,
		    "it is not the first line of a plan that this version "
		    "knows");
	if (!vl_unhex(p->bundle, sizeof(p->bundle), item[0]->raw) ||
	    item[6]->raw.n >= sizeof(p->site) || item[2]->number < 0)
		return vl_fail(err, VL_EUSAGE,
		    "'bundle', 'site' or 'records' is not as in a plan");
	memcpy(p->site, item[6]->raw.p, item[6]->raw.n);
	p->resources = item[3]->raw;
	p->records = (uint64_t)item[2]->number;
	return VL_OK;
}

static int
by_id(const void *a, const void *b)
{
	const struct plan_line *x = a;
	const struct plan_line *y = b;

	return memcmp(x->id, y->id, sizeof(x->id));
}

static size_t
count_lines(struct vl_slice text)
{
	size_t n = 0;
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static enum vl_status
read_lines(struct vl_plan *p, struct vl_err *err)
{
	struct vl_slice rest = vl_buf_slice(&p->text);
	struct vl_slice line = nothing;
	enum vl_status st = VL_OK;
	size_t number = 0;

	if (rest.n == 0 || rest.p[rest.n - 1] != '\n')
		return vl_fail(
		    err, VL_EUSAGE, "%s: its last line has no end", p->file);
	p->lines = calloc(count_lines(rest) + 1, sizeof(*p->lines));
	if (p->lines == NULL)
		return vl_fail_memory(err);
	while (st == VL_OK && rest.n > 0) {
		line = rest;
		line.n =
		    (size_t)((const uint8_t *)memchr(rest.p, '\n', rest.n) -
		        rest.p);
		rest.p += line.n + 1;
		rest.n -= line.n + 1;
		st = ++number == 1 ? read_head(p, line, err) :
		                     read_line(p, line, number, err);
		if (st != VL_OK)
			return vl_within(err, "%s:%zu", p->file, number);
	}
	return VL_OK;
}

/* All records are there, each once. */
static enum vl_status
check_whole(struct vl_plan *p, struct vl_err *err)
{
	size_t i = 0;

	qsort(p->lines, p->n, sizeof(*p->lines), by_id);
	plan_paths_sort(p);
	for (i = 1; i < p->n; i++)
		if (by_id(&p->lines[i - 1], &p->lines[i]) == 0)
			return vl_fail(err, VL_EUSAGE,
			    "%s: lines %zu and %zu are about one record",
			    p->file, p->lines[i - 1].number,
			    p->lines[i].number);
	if (p->records != p->n)
		return vl_fail(err, VL_EUSAGE,
		    "%s: it was written with %llu records and has %zu: one "
		    "that is to be left alone has the action 'skip'",
		    p->file, (unsigned long long)p->records, p->n);
	return VL_OK;
}

enum vl_status
vl_plan_decode(struct vl_plan **out, const char *file, struct vl_buf *text,
    struct vl_err *err)
{
	struct vl_plan *p = calloc(1, sizeof(*p));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (p == NULL) {
		vl_buf_free(text);
		return vl_fail_memory(err);
	}
	p->text = *text;
	*text = (struct vl_buf){ 0 };
	p->file = strdup(file);
	st = p->file == NULL ? vl_fail_memory(err) : read_lines(p, err);
	if (st == VL_OK)
		st = check_whole(p, err);
	if (st != VL_OK)
		vl_plan_free(p);
	else
		*out = p;
	return st;
}

const struct vl_map_record *
vl_plan_map(const struct vl_plan *p, size_t *n)
{
	*n = p == NULL ? 0 : p->nmaps;
	return p == NULL ? NULL : p->maps;
}

void
vl_plan_free(struct vl_plan *p)
{
	size_t i = 0;

	if (p == NULL)
		return;
	for (i = 0; i < p->nmaps; i++) {
		if (p->maps[i].from != NULL)
			free(p->maps[i].from[0]);
		if (p->maps[i].to != NULL)
			free(p->maps[i].to[0]);
		free(p->maps[i].from);
		free(p->maps[i].to);
		free(p->maps[i].resource);
		free(p->maps[i].table);
	}
	free(p->maps);
	free(p->paths);
	free(p->lines);
	free(p->file);
	vl_buf_free(&p->text);
	vl_buf_free(&p->line);
	vl_json_free(&p->json);
	free(p);
}
