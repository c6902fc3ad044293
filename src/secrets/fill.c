/*
 * A text with its secrets put back.  Where each is to stand, and how it is
 * spelled there, shows when a digit stands for it; and when all are there the
 * text is read again, and each must be what was put in.
 */

#include <stdio.h>
#include <string.h>

#include <valise/crypt.h>

#include "files.h"

struct filling {
	struct vl_locked *out;
	struct vl_filled *filled;
	struct vl_secretfiles *s;
	const struct vl_filling *f;
	const struct files_spots *here;
	struct vl_locked marked; /* with a digit for each secret */
	struct vl_locked put;    /* the values that were, one behind another */
	struct vl_buf list;      /* struct put, of each */
	struct vl_buf names;
	struct vl_err *err;
};

/* A value that was put in: where it ends, and what it is called. */
struct put {
	size_t end;
	size_t name;
	size_t nname;
};

static enum vl_status
fail_at(const struct filling *g, struct vl_slice inside)
{
	char shown[FILES_SHOWN];

	return vl_within(g->err, "%s", files_shown(shown, g->f->file, inside));
}

static struct vl_slice
before(struct vl_slice text, size_t from, size_t to)
{
	return (
	    struct vl_slice){ text.n == 0 ? text.p : text.p + from, to - from };
}

/* ---- What the target has ---- */

/* g->s->value is what stands there.  `*same`: it is the secret of the slot. */
static enum vl_status
compare(const struct filling *g, struct files_entry *e,
    const struct files_spot *there, size_t slot, bool *same)
{
	struct vl_secretfiles *s = g->s;
	const enum vl_slot_form form = g->f->slots[slot].slot.form;
	const struct vl_slice plain = g->f->plains[slot];
	struct vl_slice has = vl_locked_slice(&s->value);
	struct vl_err why = { 0 };
	enum vl_status st = VL_OK;
	bool clear = false;

	*same = false;
	if (form != VL_SLOT_BROKEN) {
		st = files_open(s, e, g->f->file, there->form, &clear, &why);
		if (st == VL_EFORMAT || st == VL_EAUTH || st == VL_ELIMIT)
			return VL_OK;
		if (st != VL_OK) {
			*g->err = why;
			return st;
		}
		has = vl_locked_slice(&s->plain);
	}
	if (form == VL_SLOT_CLEAR ? !clear && !e->in_clear : clear)
		return VL_OK;
	*same = has.n == plain.n &&
	    (has.n == 0 || vl_equal_secret(has.p, plain.p, has.n));
	return VL_OK;
}

/* The value of the target's file by that name into s->value; false: none. */
static bool
read_here(const struct filling *g, const struct files_spot *there)
{
	struct vl_err ignored = { 0 };

	vl_locked_clear(&g->s->value);
	return there != NULL && there->n > 0 &&
	    files_read(&g->s->value, g->f->here, there, &ignored) == VL_OK;
}

/* ---- Values ---- */

/* The bytes that the target has mean the same here. */
static bool
as_it_stands(const struct filling *g, const struct files_spot *there,
    const struct files_spot *spot)
{
	size_t indent[2] = { 0 };

	if (there->form != spot->form)
		return false;
	if (there->form != FORM_YAML_LINES)
		return true;
	while (indent[0] < there->at &&
	    g->f->here.p[there->at - indent[0] - 1] == ' ')
		indent[0]++;
	while (indent[1] < g->out->n &&
	    g->out->p[g->out->n - indent[1] - 1] == ' ')
		indent[1]++;
	return indent[0] == indent[1];
}

static enum vl_status
note_put(struct filling *g, struct vl_slice inside, struct vl_slice value)
{
	enum vl_status st = vl_locked_add(&g->put, value, g->err);
	const struct put put = { g->put.n, g->names.n, inside.n };

	if (st == VL_OK)
		st = vl_buf_add(&g->names, inside, g->err);
	return st == VL_OK ?
	    vl_buf_add(&g->list,
	        (struct vl_slice){ (const uint8_t *)&put, sizeof(put) },
	        g->err) :
	    st;
}

/* s->value is put where the spot is; `there`: with the bytes that it has. */
static enum vl_status
put_value(struct filling *g, const struct files_spot *spot,
    const struct files_spot *there)
{
	const struct vl_secret_words *w = g->s->entries[spot->entry].words;
	const struct files_spelling how = { spot->form, w->json != NULL };
	enum vl_status st = note_put(
	    g, files_inside(&g->s->spots, spot), vl_locked_slice(&g->s->value));

	if (st != VL_OK)
		return st;
	if (there != NULL && as_it_stands(g, there, spot))
		return vl_locked_add(g->out,
		    before(g->f->here, there->at, there->at + there->n),
		    g->err);
	return files_spell(g->out, &how, vl_locked_slice(&g->s->value), g->err);
}

/* The secret of a slot into s->value, as this side keeps it. */
static enum vl_status
seal(const struct filling *g, struct files_entry *e, size_t slot)
{
	struct vl_secretfiles *s = g->s;
	enum vl_status st = VL_OK;

	if (g->f->slots[slot].slot.form == VL_SLOT_SEALED) {
		st = files_vault(s, e, g->f->file, g->err);
		return st == VL_OK ? vl_vault_seal(e->vault, &s->value,
		                         g->f->plains[slot], g->err) :
		                     st;
	}
	vl_locked_clear(&s->value);
	return vl_locked_add(&s->value, g->f->plains[slot], g->err);
}

static enum vl_status
put_slot(struct filling *g, const struct files_spot *spot, size_t slot)
{
	struct files_entry *e = &g->s->entries[spot->entry];
	const struct vl_slice inside = g->f->slots[slot].inside;
	const struct files_spot *there =
	    g->here == NULL ? NULL : files_named(g->here, inside);
	enum vl_status st = VL_OK;
	bool same = false;

	if (!read_here(g, there))
		there = NULL;
	if (there != NULL && e->words->on_secret != VL_SECRET_CARRY) {
		g->filled->kept++;
	} else {
		if (there != NULL)
			st = compare(g, e, there, slot, &same);
		g->filled->same += same;
		g->filled->changed += !same;
		if (st == VL_OK && !same) {
			there = NULL;
			st = seal(g, e, slot);
		}
	}
	if (st == VL_OK)
		st = put_value(g, spot, there);
	vl_locked_clear(&g->s->value);
	vl_locked_clear(&g->s->plain);
	return st == VL_OK ? st : fail_at(g, inside);
}

/* A place that came empty: what the target has stays, where it is its own. */
static enum vl_status
put_empty(struct filling *g, const struct files_spots *marked,
    const struct files_spot *spot)
{
	const struct files_entry *e = &g->s->entries[spot->entry];
	const struct vl_slice inside = files_inside(marked, spot);
	const struct files_spot *there =
	    g->here == NULL ? NULL : files_named(g->here, inside);
	enum vl_status st = VL_OK;

	if (e->words->on_secret == VL_SECRET_CARRY)
		return VL_OK;
	if (!read_here(g, there)) {
		g->filled->empty++;
		return VL_OK;
	}
	g->filled->kept++;
	st = put_value(g, spot, there);
	vl_locked_clear(&g->s->value);
	return st == VL_OK ? st : fail_at(g, inside);
}

/* ---- The text ---- */

static enum vl_status
mark(struct filling *g)
{
	const struct vl_filling *f = g->f;
	enum vl_status st = VL_OK;
	size_t done = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < f->nslots; i++) {
		if (f->slots[i].at < done || f->slots[i].at > f->rest.n)
			return vl_fail(
			    g->err, VL_EFORMAT, "a slot stands where none can");
		st = vl_locked_add(
		    &g->marked, before(f->rest, done, f->slots[i].at), g->err);
		if (st == VL_OK)
			st =
			    vl_locked_add(&g->marked, vl_slice_of("1"), g->err);
		done = f->slots[i].at;
	}
	return st == VL_OK ? vl_locked_add(&g->marked,
	                         before(f->rest, done, f->rest.n), g->err) :
	                     st;
}

static bool
is_leak(const struct vl_file_slot *slot)
{
	return slot->inside.n > 0 && *slot->inside.p == LEAK_MARK;
}

/* Where the words of this side find the slot, whose digit is at byte `at`. */
static enum vl_status
find_slot(const struct filling *g, const struct files_spots *marked,
    size_t slot, size_t at, struct files_spot *spot)
{
	const struct vl_file_slot *s = &g->f->slots[slot];
	const struct files_spot *found = files_named(marked, s->inside);

	*spot = (struct files_spot){ .at = at, .n = 1, .form = FORM_LEAK };
	if (is_leak(s))
		return VL_OK;
	if (found == NULL || found->at != at || found->n != 1) {
		(void)vl_fail(g->err, VL_EREFUSED,
		    "a secret came for it, and no entry of 'secrets' in the "
		    "profile here finds one there: use the same profile on "
		    "both sides");
		return fail_at(g, s->inside);
	}
	*spot = *found;
	return VL_OK;
}

static enum vl_status
put_leak(struct filling *g, size_t slot)
{
	return vl_locked_add(g->out, g->f->plains[slot], g->err);
}

/* The next of slots and of places that came empty, as far as byte `at` of the
 * marked text is done. */
static enum vl_status
put_all(struct filling *g, const struct files_spots *marked)
{
	const struct vl_slice text = vl_locked_slice(&g->marked);
	struct files_spot spot = { 0 };
	enum vl_status st = VL_OK;
	size_t done = 0;
	size_t slot = 0;
	size_t next = 0; /* empty one */
	size_t at = 0;

	while (st == VL_OK) {
		while (next < marked->n && marked->list[next].n > 0)
			next++;
		at = slot < g->f->nslots ? (size_t)g->f->slots[slot].at + slot :
		                           SIZE_MAX;
		if (next < marked->n && marked->list[next].at <= at)
			at = marked->list[next].at;
		else if (slot == g->f->nslots)
			break;
		st = vl_locked_add(g->out, before(text, done, at), g->err);
		done = at;
		if (st != VL_OK)
			break;
		if (next < marked->n && marked->list[next].at == at) {
			st = put_empty(g, marked, &marked->list[next++]);
			continue;
		}
		st = find_slot(g, marked, slot, at, &spot);
		if (st == VL_OK)
			st = spot.form == FORM_LEAK ? put_leak(g, slot) :
			                              put_slot(g, &spot, slot);
		slot++;
		done = at + 1;
	}
	return st == VL_OK ?
	    vl_locked_add(g->out, before(text, done, text.n), g->err) :
	    st;
}

/* Of a block the last line feed is not read. */
static bool
is_value(const struct vl_secretfiles *s, const uint8_t *p, size_t n, bool lines)
{
	n -= lines && n > 0 && p[n - 1] == '\n';
	return s->value.n == n && (n == 0 || vl_equal_secret(s->value.p, p, n));
}

/* Each is what was put in, where it was. */
static enum vl_status
prove(struct filling *g)
{
	struct vl_secretfiles *s = g->s;
	const struct vl_slice text = vl_locked_slice(g->out);
	const struct put *put = (const void *)g->list.p;
	const size_t n = g->list.n / sizeof(*put);
	const struct files_spot *spot = NULL;
	enum vl_status st = files_find(&s->spots, s, g->f->file, text, g->err);
	bool right = st == VL_OK && s->spots.broken == NULL;
	size_t done = 0;
	size_t i = 0;

	for (i = 0; right && i < n; i++) {
		spot = files_named(&s->spots,
		    (struct vl_slice){
		        g->names.p + put[i].name, put[i].nname });
		right = spot != NULL &&
		    files_read(&s->value, text, spot, g->err) == VL_OK &&
		    is_value(s, g->put.p + done, put[i].end - done,
		        spot->form == FORM_YAML_LINES);
		done = put[i].end;
	}
	vl_locked_clear(&s->value);
	if (st != VL_OK || right)
		return st;
	(void)vl_fail(g->err, VL_EREFUSED,
	    "a secret cannot be spelled where it is to stand");
	return fail_at(g, (struct vl_slice){ 0 });
}

static enum vl_status
fill_text(struct filling *g)
{
	struct vl_secretfiles *s = g->s;
	enum vl_status st = mark(g);

	if (st == VL_OK)
		st = files_find(&s->spots, s, g->f->file,
		    vl_locked_slice(&g->marked), g->err);
	if (st == VL_OK && s->spots.broken != NULL) {
		(void)vl_fail(g->err, VL_EREFUSED,
		    "what came cannot be read as '%s' of 'secrets' says: %s",
		    s->spots.broken->name, s->spots.why.text);
		return fail_at(g, (struct vl_slice){ 0 });
	}
	if (st == VL_OK)
		st = put_all(g, &s->spots);
	return st == VL_OK ? prove(g) : st;
}

/* ---- A whole file ---- */

static const struct files_spot *
whole_here(const struct filling *g)
{
	const struct files_spot *spot = g->here == NULL ?
	    NULL :
	    files_named(g->here, (struct vl_slice){ 0 });

	return spot != NULL && spot->n > 0 ? spot : NULL;
}

static struct files_entry *
whole_entry(const struct filling *g)
{
	struct files_entry *e = g->s->entries;

	for (; e < g->s->entries + g->s->n; e++)
		if (e->words->keyed == NULL && e->words->define == NULL &&
		    e->words->json == NULL && e->words->yaml == NULL &&
		    files_is_about(e, g->f->file))
			return e;
	return NULL;
}

static enum vl_status
put_whole(struct filling *g, struct files_entry *e)
{
	const struct files_spot *there = whole_here(g);
	enum vl_status st = VL_OK;
	bool same = false;

	if (!read_here(g, there))
		there = NULL;
	if (there != NULL && e->words->on_secret != VL_SECRET_CARRY) {
		g->filled->kept++;
		same = true;
	} else {
		if (there != NULL)
			st = compare(g, e, there, 0, &same);
		g->filled->same += same;
		g->filled->changed += !same;
	}
	if (st == VL_OK && !same)
		st = seal(g, e, 0);
	if (st == VL_OK)
		st = vl_locked_add(
		    g->out, vl_locked_slice(&g->s->value), g->err);
	/* An editor put it there, which a cipher does not. */
	if (st == VL_OK && !same && there != NULL && !e->in_clear &&
	    g->f->here.p[g->f->here.n - 1] == '\n' &&
	    (g->out->n == 0 || g->out->p[g->out->n - 1] != '\n'))
		st = vl_locked_add(g->out, vl_slice_of("\n"), g->err);
	vl_locked_clear(&g->s->value);
	vl_locked_clear(&g->s->plain);
	return st;
}

static enum vl_status
fill_whole(struct filling *g, struct files_entry *e)
{
	enum vl_status st = VL_OK;

	/* As it is broken anything may be carried as one. */
	if (e == NULL && g->f->slots[0].slot.form == VL_SLOT_BROKEN &&
	    vl_secretfiles_concern(g->s, g->f->file)) {
		g->filled->changed +=
		    !vl_slice_equal(g->f->here, g->f->plains[0]);
		return vl_locked_add(g->out, g->f->plains[0], g->err);
	}
	if (e == NULL)
		st = vl_fail(g->err, VL_EREFUSED,
		    "all of it came as a secret, and no entry of 'secrets' in "
		    "the profile here is about it: use the same profile on "
		    "both sides");
	else
		st = put_whole(g, e);
	return st == VL_OK ? st : fail_at(g, (struct vl_slice){ 0 });
}

/* It did not come, by `on_secret: blank`. */
static enum vl_status
keep_whole(struct filling *g)
{
	const bool there = whole_here(g) != NULL;

	g->filled->kept += there;
	g->filled->empty += !there;
	return there ? vl_locked_add(g->out, g->f->here, g->err) : VL_OK;
}

enum vl_status
vl_secretfile_fill(struct vl_locked *out, struct vl_filled *filled,
    struct vl_secretfiles *s, const struct vl_filling *f, struct vl_err *err)
{
	struct filling g = {
		.out = out, .filled = filled, .s = s, .f = f, .err = err
	};
	struct files_entry *whole = whole_entry(&g);
	enum vl_status st = VL_OK;

	vl_locked_clear(out);
	*filled = (struct vl_filled){ 0 };
	if (f->here.p != NULL)
		st = files_find(&s->here, s, f->file, f->here, err);
	/* What cannot be read here has none, and is written anew. */
	if (f->here.p != NULL && st == VL_OK && s->here.broken == NULL)
		g.here = &s->here;
	if (st != VL_OK)
		return st;
	if (f->nslots == 1 && f->slots[0].inside.n == 0)
		st = fill_whole(&g, whole);
	else if (whole != NULL && f->nslots == 0 && f->rest.n == 0 &&
	    whole->words->on_secret == VL_SECRET_BLANK)
		st = keep_whole(&g);
	else
		st = fill_text(&g);
	vl_locked_free(&g.marked);
	vl_locked_free(&g.put);
	vl_buf_free(&g.list);
	vl_buf_free(&g.names);
	if (st != VL_OK)
		vl_locked_clear(out);
	return st;
}
