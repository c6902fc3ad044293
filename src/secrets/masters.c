/* Master keys of a site. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/master.h>
#include <valise/masters.h>

struct master {
	const struct vl_master_words *words;
	struct vl_locked key;
	struct vl_master_found found;
};

struct vl_masters {
	const struct vl_site *site;
	const struct vl_profile *own;
	struct vl_masters_report report;
	struct master *list; /* those that were asked for */
	size_t n;
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
	m->list = calloc(site->nmasters + 1, sizeof(*m->list));
	return m->list == NULL ? vl_fail_memory(err) : VL_OK;
}

void
vl_masters_profile(struct vl_masters *m, const struct vl_profile *own)
{
	m->own = own;
}

void
vl_masters_free(struct vl_masters *m)
{
	size_t i = 0;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++)
		vl_locked_free(&m->list[i].key);
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

static enum vl_status
read_key(struct vl_masters *m, const char *name, const struct master **out,
    struct vl_err *err)
{
	const struct vl_master_words *words = vl_site_master(m->site, name);
	struct master *one = m->list;
	enum vl_status st = VL_OK;

	for (; one < m->list + m->n; one++)
		if (one->words == words) {
			*out = one;
			return VL_OK;
		}
	st = vl_site_master_read(&one->key, &one->found, m->site, name, err);
	if (st != VL_OK) {
		vl_locked_free(&one->key);
		return st;
	}
	one->words = words;
	m->n++;
	*out = one;
	if (one->found.exposed)
		tell_exposed(m, words);
	return VL_OK;
}

enum vl_status
vl_masters_key(void *masters, const struct vl_secret_words *words,
    const struct vl_cipher **cipher, struct vl_slice *key, struct vl_err *err)
{
	struct vl_masters *m = masters;
	const struct master *one = NULL;
	enum vl_status st = vl_site_cipher(cipher, m->site, m->own, words, err);

	*key = (struct vl_slice){ 0 };
	if (st != VL_OK || words->master_key == NULL ||
	    (*cipher)->cipher == VL_CIPHER_PLAIN)
		return st;
	st = read_key(m, words->master_key, &one, err);
	if (st != VL_OK)
		return st;
	if (one->found.absent)
		*cipher = vl_cipher_named("plain");
	*key = vl_locked_slice(&one->key);
	return VL_OK;
}
