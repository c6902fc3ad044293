/* A text without its secrets, and what stands for them. */

#include <stdlib.h>
#include <string.h>

#include "files.h"

#define OVERLAP_MAX 256 /* bytes of one in which another may begin */

/* What is in room[]. */
enum {
	ROOM_SLOTS,
	ROOM_NAMES,
	ROOM_TOKENS,
	ROOM_LIST
};

/* A text on its way. */
struct parting {
	struct vl_parted *out;
	struct vl_secretfiles *s;
	struct vl_slice file;
	struct vl_slice key;
	struct vl_slice text;
	struct vl_err *err;
};

void
vl_parted_free(struct vl_parted *p)
{
	size_t i = 0;

	vl_locked_free(&p->rest);
	for (i = 0; i < sizeof(p->room) / sizeof(p->room[0]); i++)
		vl_buf_free(&p->room[i]);
	*p = (struct vl_parted){ 0 };
}

static enum vl_status
fail_at(const struct parting *p, struct vl_slice inside)
{
	char shown[FILES_SHOWN];

	return vl_within(p->err, "%s", files_shown(shown, p->file, inside));
}

/* ---- Secrets that stand in clear beside those ---- */

static enum vl_status
add_leak(const struct parting *p, const struct vl_needle_found *found,
    size_t number, bool slot)
{
	const struct files_spot spot = {
		.at = found->at, .n = found->n, .form = FORM_LEAK, .slot = slot
	};
	struct vl_buf name = { 0 };
	enum vl_status st =
	    vl_buf_printf(&name, p->err, "%c%zu", LEAK_MARK, number);

	if (st == VL_OK)
		st = files_add_spot(
		    &p->s->spots, &spot, vl_buf_slice(&name), p->err);
	vl_buf_free(&name);
	return st;
}

static int
by_place(const void *a, const void *b)
{
	const struct files_spot *x = a;
	const struct files_spot *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

/* Leaks of a text, from its beginning on. */
struct leaks {
	size_t declared; /* spots that were there before */
	size_t next;     /* of those, the first that ends behind `done` */
	size_t done;     /* bytes that are spoken of */
	size_t number;
};

/* The next bytes of one as far as `end` that nothing else is about; false:
 * there are none. */
static bool
next_piece(const struct files_spots *spots, struct leaks *l, size_t end,
    struct vl_needle_found *piece)
{
	const struct files_spot *spot = NULL;

	for (; l->next < l->declared; l->next++) {
		spot = &spots->list[l->next];
		if (spot->at > l->done)
			break;
		if (spot->at + spot->n > l->done)
			l->done = spot->at + spot->n;
	}
	if (l->done >= end)
		return false;
	piece->at = l->done;
	if (l->next < l->declared && spots->list[l->next].at < end)
		end = spots->list[l->next].at;
	piece->n = end - piece->at;
	return true;
}

/* Secrets may overlap, and then all of them is taken. */
static enum vl_status
find_leaks(const struct parting *p)
{
	struct files_spots *spots = &p->s->spots;
	struct vl_needle_found found = { 0 };
	struct vl_needle_found piece = { 0 };
	enum vl_leak_do what = VL_LEAK_ALLOW;
	const bool decided = vl_secretfiles_leak(p->s, p->file, &what);
	struct leaks l = { .declared = spots->n };
	enum vl_status st = VL_OK;
	size_t from = 0;

	if (p->s->opts.needles == NULL || (decided && what == VL_LEAK_ALLOW))
		return VL_OK;
	while (st == VL_OK &&
	    vl_needles_find(p->s->opts.needles, p->text, from, &found)) {
		/* Of long ones the next may not begin in this one: that would
		 * take the square of their length. */
		from = found.at + (found.n > OVERLAP_MAX ? found.n : 1);
		if (l.done < found.at)
			l.done = found.at;
		while (st == VL_OK &&
		    next_piece(spots, &l, found.at + found.n, &piece)) {
			if (!decided) {
				p->out->leaking = found.of;
				return VL_OK;
			}
			st = add_leak(
			    p, &piece, ++l.number, what == VL_LEAK_SLOT);
			l.done = piece.at + piece.n;
		}
	}
	if (st == VL_OK && spots->n > l.declared)
		qsort(spots->list, spots->n, sizeof(*spots->list), by_place);
	return st;
}

/* ---- Slots ---- */

static enum vl_status
add_token(const struct parting *p, const struct vl_slot_place *place)
{
	const struct vl_secret_ops *ops = p->s->opts.ops;
	struct vl_buf *tokens = &p->out->room[ROOM_TOKENS];
	/* Where it is; until all are there. */
	struct vl_slice token = { NULL, tokens->n };
	enum vl_status st = ops->seal(
	    ops->arg, place, vl_locked_slice(&p->s->plain), tokens, p->err);

	token.n = tokens->n - token.n;
	return st == VL_OK ?
	    vl_buf_add(&p->out->room[ROOM_LIST],
	        (struct vl_slice){ (const uint8_t *)&token, sizeof(token) },
	        p->err) :
	    st;
}

/* s->plain is what travels. */
static enum vl_status
add_slot(
    const struct parting *p, struct vl_slice inside, enum vl_slot_form form)
{
	const struct vl_secret_ops *ops = p->s->opts.ops;
	const struct vl_slot_place place = { .resource = vl_slice_of(
		                                 p->s->opts.resource),
		.key = p->key,
		.inside = inside,
		.form = form };
	struct vl_file_slot slot = { .at = p->out->rest.n,
		.slot = { .form = form },
		.inside = { NULL, inside.n } };
	enum vl_status st =
	    vl_buf_add(&p->out->room[ROOM_NAMES], inside, p->err);

	if (st == VL_OK && ops != NULL) {
		ops->print(ops->arg, &place, vl_locked_slice(&p->s->plain),
		    slot.slot.print);
		st = add_token(p, &place);
		if (st != VL_OK)
			st = fail_at(p, inside);
	}
	if (st == VL_OK)
		st = vl_buf_add(&p->out->room[ROOM_SLOTS],
		    (struct vl_slice){ (const uint8_t *)&slot, sizeof(slot) },
		    p->err);
	p->out->nslots += st == VL_OK;
	vl_locked_clear(&p->s->plain);
	return st;
}

/* What does not open, or cannot be read, is refused, or travels as it is. */
static enum vl_status
refuse_broken(const struct parting *p, const struct files_entry *e,
    struct vl_slice inside, const struct vl_err *why)
{
	if (e->words->on_broken == VL_SECRET_BROKEN_CARRY)
		return VL_OK;
	(void)vl_fail(p->err, VL_EREFUSED,
	    "%s: mend it, or say 'on_broken: carry_as_is' in the profile",
	    why->text);
	return fail_at(p, inside);
}

static enum vl_status
take_as_is(
    const struct parting *p, struct vl_slice inside, struct vl_slice value)
{
	enum vl_status st = VL_OK;

	vl_locked_clear(&p->s->plain);
	st = vl_locked_add(&p->s->plain, value, p->err);
	return st == VL_OK ? add_slot(p, inside, VL_SLOT_BROKEN) : st;
}

static enum vl_status
take_declared(const struct parting *p, const struct files_spot *spot)
{
	struct vl_secretfiles *s = p->s;
	struct files_entry *e = &s->entries[spot->entry];
	const struct vl_slice inside = files_inside(&s->spots, spot);
	struct vl_err why = { 0 };
	enum vl_status st = files_read(&s->value, p->text, spot, &why);
	bool clear = false;

	/* What it says is not known, and so not how it would be put back. */
	if (st == VL_EFORMAT)
		st = vl_fail(&why, VL_EREFUSED, "%s", why.text);
	if (st == VL_OK)
		st = files_open(s, e, p->file, spot->form, &clear, &why);
	if (st == VL_OK) {
		st =
		    add_slot(p, inside, clear ? VL_SLOT_CLEAR : VL_SLOT_SEALED);
	} else if (st == VL_EFORMAT || st == VL_EAUTH) {
		st = refuse_broken(p, e, inside, &why);
		if (st == VL_OK)
			st = take_as_is(p, inside, vl_locked_slice(&s->value));
	} else {
		*p->err = why;
		st = fail_at(p, inside);
	}
	vl_locked_clear(&s->value);
	return st;
}

/* Where no quotes are an empty one would be another value, or none. */
static enum vl_status
leave_blank(const struct parting *p, const struct files_spot *spot)
{
	p->out->blank += spot->form != FORM_LEAK;
	return spot->form == FORM_BARE ?
	    vl_locked_add(&p->out->rest, vl_slice_of("\"\""), p->err) :
	    VL_OK;
}

static bool
is_blank(const struct parting *p, const struct files_spot *spot)
{
	return spot->form == FORM_LEAK ?
	    !spot->slot :
	    p->s->entries[spot->entry].words->on_secret == VL_SECRET_BLANK;
}

static enum vl_status
take_spot(const struct parting *p, const struct files_spot *spot)
{
	enum vl_status st = VL_OK;

	if (is_blank(p, spot))
		return leave_blank(p, spot);
	if (spot->form != FORM_LEAK)
		return take_declared(p, spot);
	vl_locked_clear(&p->s->plain);
	st = vl_locked_add(&p->s->plain,
	    (struct vl_slice){ p->text.p + spot->at, spot->n }, p->err);
	return st == VL_OK ?
	    add_slot(p, files_inside(&p->s->spots, spot), VL_SLOT_SEALED) :
	    st;
}

/* The text between one and the next. */
static enum vl_status
take_all(const struct parting *p)
{
	const struct files_spots *spots = &p->s->spots;
	struct vl_locked *rest = &p->out->rest;
	enum vl_status st = VL_OK;
	size_t done = 0;
	size_t i = 0;

	for (i = 0; st == VL_OK && i < spots->n; i++) {
		if (spots->list[i].n == 0)
			continue;
		st = vl_locked_add(rest,
		    (struct vl_slice){
		        p->text.p + done, spots->list[i].at - done },
		    p->err);
		if (st == VL_OK)
			st = take_spot(p, &spots->list[i]);
		done = spots->list[i].at + spots->list[i].n;
	}
	if (st != VL_OK || done == p->text.n)
		return st;
	return vl_locked_add(rest,
	    (struct vl_slice){ p->text.p + done, p->text.n - done }, p->err);
}

/* All are there, and are not moved any more. */
static void
point(struct vl_parted *out)
{
	struct vl_file_slot *slots = (void *)out->room[ROOM_SLOTS].p;
	struct vl_slice *tokens = (void *)out->room[ROOM_LIST].p;
	const uint8_t *name = out->room[ROOM_NAMES].p;
	const uint8_t *token = out->room[ROOM_TOKENS].p;
	size_t i = 0;

	for (i = 0; i < out->nslots; i++) {
		slots[i].inside.p = name;
		name += slots[i].inside.n;
		if (out->room[ROOM_LIST].n == 0)
			continue;
		tokens[i].p = token;
		token += tokens[i].n;
	}
	out->slots = slots;
	out->tokens = tokens;
}

enum vl_status
vl_secretfile_rest(struct vl_locked *out, struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice text, struct vl_err *err)
{
	enum vl_status st = files_check_size(file, text, err);
	const struct files_spot *spot = NULL;
	size_t done = 0;

	vl_locked_clear(out);
	if (st == VL_OK)
		st = files_find(&s->spots, s, file, text, err);
	if (st != VL_OK || s->spots.broken != NULL)
		return st;
	for (spot = s->spots.list;
	     st == VL_OK && spot < s->spots.list + s->spots.n; spot++) {
		st = vl_locked_add(out,
		    (struct vl_slice){ text.p + done, spot->at - done }, err);
		done = spot->at + spot->n;
	}
	return st == VL_OK && done < text.n ?
	    vl_locked_add(
	        out, (struct vl_slice){ text.p + done, text.n - done }, err) :
	    st;
}

enum vl_status
vl_secretfile_part(struct vl_parted *out, struct vl_secretfiles *s,
    struct vl_slice file, struct vl_slice key, struct vl_slice text,
    struct vl_err *err)
{
	const struct parting p = { out, s, file, key, text, err };
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_locked_clear(&out->rest);
	for (i = 0; i < sizeof(out->room) / sizeof(out->room[0]); i++)
		vl_buf_clear(&out->room[i]);
	out->nslots = 0;
	out->blank = 0;
	out->leaking = NULL;
	st = files_check_size(file, text, err);
	if (st == VL_OK)
		st = files_find(&s->spots, s, file, text, err);
	if (st == VL_OK && s->spots.broken != NULL) {
		st = refuse_broken(
		    &p, s->spots.broken, (struct vl_slice){ 0 }, &s->spots.why);
		if (st == VL_OK)
			st = take_as_is(&p, (struct vl_slice){ 0 }, text);
	} else if (st == VL_OK) {
		st = find_leaks(&p);
		if (st == VL_OK)
			st = take_all(&p);
	}
	point(out);
	return st;
}
