/* Master keys of a site. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/master.h>
#include <valise/masters.h>

struct master {
	const struct vl_master_words *words;
	struct vl_buf member; /* of a family: what stands for its parts */
	struct vl_locked key;
	struct vl_master_found found;
};

struct vl_masters {
	const struct vl_site *site;
	const struct vl_profile *own;
	struct vl_masters_report report;
	struct master *list; /* those that were asked for */
	size_t n;
	size_t cap;
};

enum vl_status
vl_masters_new(struct vl_masters **out, const struct vl_site *site,
    const struct vl_masters_report *report, struct vl_err *err)
{
	struct vl_masters *m = calloc(1, sizeof(*m));

	*out = m;
	if (m == NULL)
		return vl_fail_memory(err);
	m->site = site;
	m->report = *report;
	return VL_OK;
}

void
vl_masters_profile(struct vl_masters *m, const struct vl_profile *own)
{
	m->own = own;
}

static void
free_one(struct master *one)
{
	vl_buf_free(&one->member);
	vl_locked_free(&one->key);
	*one = (struct master){ 0 };
}

void
vl_masters_free(struct vl_masters *m)
{
	size_t i = 0;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++)
		free_one(&m->list[i]);
	free(m->list);
	free(m);
}

static void
tell_exposed(const struct vl_masters *m, const struct vl_master_words *w)
{
	char text[1024];

	(void)snprintf(text, sizeof(text),
	    "warning: everybody on this machine may read master key '%s' in "
	    "'%s': chmod o-r",
	    w->name, w->file == NULL ? w->credential : w->file);
	if (m->report.note != NULL)
		m->report.note(m->report.arg, text);
}

/* No two members have the same: no component of a path has a slash. */
static enum vl_status
name_member(struct vl_buf *out, const struct vl_master_words *family,
    const struct vl_captured_list *with, struct vl_err *err)
{
	const char *at = family->name;
	struct vl_slice before = { 0 };
	struct vl_slice part = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	while (st == VL_OK && vl_family_next(&at, &before, &part))
		for (i = 0; st == VL_OK && i < with->n; i++) {
			if (!vl_slice_equal(with->list[i].name, part))
				continue;
			st = vl_buf_add(out, with->list[i].text, err);
			if (st == VL_OK)
				st = vl_buf_add_text(out, "/", err);
		}
	return st;
}

static enum vl_status
read_one(struct vl_masters *m, struct master *one,
    const struct vl_captured_list *with, struct vl_err *err)
{
	struct vl_family_member member = { 0 };
	const struct vl_master_words *words = one->words;
	enum vl_status st = VL_OK;

	if (vl_family_is(words->name)) {
		st = vl_family_member(&member, words, with, err);
		words = &member.words;
	}
	if (st == VL_OK)
		st = vl_site_master_read(
		    &one->key, &one->found, m->site, words, err);
	if (st == VL_OK && one->found.exposed)
		tell_exposed(m, words);
	vl_family_free(&member);
	return st;
}

static enum vl_status
more_room(struct vl_masters *m, struct vl_err *err)
{
	const size_t cap = m->cap * 2 + 4;
	struct master *grown = NULL;

	if (m->n < m->cap)
		return VL_OK;
	grown = reallocarray(m->list, cap, sizeof(*grown));
	if (grown == NULL)
		return vl_fail_memory(err);
	m->list = grown;
	m->cap = cap;
	return VL_OK;
}

static enum vl_status
read_key(struct vl_masters *m, const char *name,
    const struct vl_captured_list *with, const struct master **out,
    struct vl_err *err)
{
	struct master *one = m->list;
	struct master made = { 0 };
	enum vl_status st =
	    vl_site_master_find(&made.words, m->site, name, err);

	if (st == VL_OK)
		st = name_member(&made.member, made.words, with, err);
	for (; st == VL_OK && one < m->list + m->n; one++)
		if (one->words == made.words &&
		    vl_slice_equal(vl_buf_slice(&one->member),
		        vl_buf_slice(&made.member))) {
			free_one(&made);
			*out = one;
			return VL_OK;
		}
	if (st == VL_OK)
		st = read_one(m, &made, with, err);
	if (st == VL_OK)
		st = more_room(m, err);
	if (st != VL_OK) {
		free_one(&made);
		return st;
	}
	*out = &m->list[m->n];
	m->list[m->n++] = made;
	return VL_OK;
}

enum vl_status
vl_masters_member(struct vl_masters *m, const struct vl_secret_words *words,
    const struct vl_captured_list *with, const struct vl_cipher **cipher,
    struct vl_slice *key, struct vl_err *err)
{
	const struct master *one = NULL;
	enum vl_status st = vl_site_cipher(cipher, m->site, m->own, words, err);

	*key = (struct vl_slice){ 0 };
	if (st != VL_OK || words->master_key == NULL ||
	    (*cipher)->cipher == VL_CIPHER_PLAIN)
		return st;
	st = read_key(m, words->master_key, with, &one, err);
	if (st != VL_OK)
		return st;
	if (one->found.absent)
		*cipher = vl_cipher_named("plain");
	*key = vl_locked_slice(&one->key);
	return VL_OK;
}

enum vl_status
vl_masters_key(void *masters, const struct vl_secret_words *words,
    const struct vl_cipher **cipher, struct vl_slice *key, struct vl_err *err)
{
	const struct vl_captured_list none = { 0 };

	return vl_masters_member(masters, words, &none, cipher, key, err);
}
