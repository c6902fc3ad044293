#ifndef RANDOM_H
#define RANDOM_H

/* Random trees from a seed, and what an import of one over the other makes. */

#include "world.h"

struct random {
	uint64_t state;
};

static inline unsigned
pick(struct random *r, unsigned n)
{
	/* Constants of Knuth's MMIX. */
	r->state = r->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(r->state >> 33) % n;
}

/* Few contents, so that old and new often agree; holes and many chunks. */
static inline void
random_content(struct random *r, struct node *n)
{
	static const char *const texts[] = { "", "1", "2", "33" };
	unsigned which = pick(r, 7);

	if (which < 4) {
		n->size = strlen(texts[which]);
		memcpy(n->content, texts[which], n->size);
		return;
	}
	n->size = 40 + 100 * (which - 4) * (which - 4);
	memset(n->content, which == 5 ? 0 : 'x', n->size);
	n->content[n->size / 2] = (uint8_t)('a' + pick(r, 2));
}

/* What `mode` and owner do not say. */
static inline void
random_extras(struct random *r, struct node *n)
{
	static const uint32_t flags[] = { VL_FLAG_IMMUTABLE, VL_FLAG_APPEND,
		VL_FLAG_NODUMP, VL_FLAG_NODUMP | VL_FLAG_IMMUTABLE,
		VL_FLAG_NOATIME };
	const uint8_t value = (uint8_t)('a' + pick(r, 2));
	const bool root = geteuid() == 0;

	if (n->type != VL_ENTRY_LINK && pick(r, 6) == 0)
		node_acl(n, "system.posix_acl_access", 4000 + pick(r, 2));
	if (n->type == VL_ENTRY_DIR && pick(r, 6) == 0)
		node_acl(n, "system.posix_acl_default", 4000);
	if (root && n->type != VL_ENTRY_LINK && pick(r, 6) == 0)
		node_attr(n, "trusted.valise", (struct vl_slice){ &value, 1 });
	if (has_flags(n) && pick(r, 5) == 0)
		node_attr(n, "user.valise", (struct vl_slice){ &value, 1 });
	if (has_flags(n) && pick(r, 4) == 0)
		n->flags = flags[root ? pick(r, 5) : 2];
}

static inline void
random_attributes(struct random *r, struct node *n)
{
	static const uint32_t dirs[] = { 0755, 0755, 0700, 0555, 01777 };
	static const uint32_t files[] = { 0644, 0644, 0600, 0444, 0 };
	static const uint32_t root_files[] = { 0644, 0644, 0600, 04755, 0 };

	if (n->type == VL_ENTRY_DIR)
		n->mode = dirs[pick(r, 5)];
	else if (n->type != VL_ENTRY_LINK)
		n->mode =
		    geteuid() == 0 ? root_files[pick(r, 5)] : files[pick(r, 5)];
	n->mtime.sec = OWN_MTIME + pick(r, 3);
	if (geteuid() == 0) {
		n->uid = pick(r, 4) == 0 ? 1000 : 0;
		n->gid = pick(r, 4) == 0 ? 1001 : 0;
	} else if (n->type == VL_ENTRY_FILE) {
		n->mode |= 0400; /* what cannot be read cannot be compared */
	}
	random_extras(r, n);
}

/* Excluded by "*.keep", itself or by a directory above. */
static inline bool
is_excluded(const char *path)
{
	return strstr(path, ".keep") != NULL;
}

/* In a bundle all names of a file travel. */
static inline void
random_second_name(struct random *r, struct model *m, struct node *n, bool old)
{
	const struct node *to = &m->nodes[pick(r, (unsigned)m->n)];
	char path[PATH];

	if (to->type == VL_ENTRY_DIR || to->to[0] != '\0' || to == n ||
	    (!old && (is_excluded(to->path) || is_excluded(n->path))))
		return;
	memcpy(path, n->path, sizeof(path));
	*n = *to;
	memcpy(n->path, path, sizeof(path));
	memcpy(n->to, to->path, sizeof(n->to));
}

static inline enum vl_entry_type
random_special(struct random *r, struct node *n)
{
	if (geteuid() != 0 || pick(r, 2) == 0)
		return VL_ENTRY_FIFO;
	n->major = 1;
	n->minor = 3 + 2 * pick(r, 2);
	return VL_ENTRY_CHAR;
}

static inline void
random_dir(
    struct random *r, struct model *m, const char *path, int depth, bool old)
{
	static const char *const names[] = { "a", "b", "c", "d.keep", "e " };
	char below[PATH];
	struct node *n = NULL;
	size_t i;
	unsigned kind = 0;

	for (i = 0; i < 5; i++) {
		if (pick(r, 2) == 0)
			continue;
		(void)snprintf(below, sizeof(below), "%s%s%s", path,
		    path[0] == '\0' ? "" : "/", names[i]);
		kind = pick(r, 10);
		if (kind < 3 && depth < 3) {
			n = model_add(m, below, VL_ENTRY_DIR);
			random_attributes(r, n);
			random_dir(r, m, below, depth + 1, old);
		} else if (kind == 3) {
			n = model_text(m, below, VL_ENTRY_LINK,
			    pick(r, 2) == 0 ? "x" : "../y");
			random_attributes(r, n);
		} else if (kind == 5) {
			n = model_add(m, below, VL_ENTRY_FIFO);
			n->type = random_special(r, n);
			random_attributes(r, n);
		} else {
			n = model_add(m, below, VL_ENTRY_FILE);
			random_content(r, n);
			random_attributes(r, n);
			if (kind == 4)
				random_second_name(r, m, n, old);
		}
	}
}

/* Second names come after what they name: build it in the order it was
 * made. */
static inline void
random_tree(struct random *r, struct model *m, bool old)
{
	memset(m, 0, sizeof(*m));
	random_attributes(r, model_add(m, "", VL_ENTRY_DIR));
	m->nodes[0].mode |= 0700;
	m->nodes[0].nattrs = 0;
	m->nodes[0].flags &= ~VL_FLAGS_LOCK; /* staging may stand inside */
	random_dir(r, m, "", 0, old);
}

static inline bool
has_below(const struct model *m, const struct node *dir)
{
	size_t n = strlen(dir->path);
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strncmp(m->nodes[i].path, dir->path, n) == 0 &&
		    m->nodes[i].path[n] == '/')
			return true;
	return false;
}

/*
 * What is to stand at the end: the new tree without what is excluded, and of
 * the old one what is excluded or kept, with the directories above it.
 * False: something has to stay below a directory that shall be no directory.
 */
static inline bool
random_wanted(struct world *w)
{
	const bool keep = w->resource.target_only == VL_TARGET_ONLY_KEEP;
	const struct node *o = NULL;
	struct node *n = NULL;
	size_t i;

	w->wanted.n = 0;
	for (i = 0; i < w->now.n; i++)
		if (!is_excluded(w->now.nodes[i].path))
			w->wanted.nodes[w->wanted.n++] = w->now.nodes[i];
	/* Children first: a directory stays for what stays in it. */
	for (i = w->old.n; i-- > 0;) {
		o = &w->old.nodes[i];
		n = model_find(&w->wanted, o->path);
		if (o->type == VL_ENTRY_DIR && n != NULL &&
		    n->type != VL_ENTRY_DIR && has_below(&w->wanted, o))
			return false;
		if (n == NULL &&
		    (keep || is_excluded(o->path) ||
		        (o->type == VL_ENTRY_DIR &&
		            has_below(&w->wanted, o)))) {
			w->wanted.nodes[w->wanted.n] = *o;
			w->wanted.nodes[w->wanted.n++].stays = true;
		}
	}
	model_sort(&w->wanted);
	model_lead(&w->wanted);
	return true;
}

/* Old tree, records, what is wanted, and the policy, all from one seed. */
static inline bool
random_world(struct world *w, uint64_t seed)
{
	static char *exclude[] = { (char *)(uintptr_t) "*.keep" };
	struct random r = { seed * 2654435761u };

	(void)pick(&r, 2);
	random_tree(&r, &w->old, true);
	random_tree(&r, &w->now, false);
	w->resource.exclude = exclude;
	w->resource.nexclude = 1;
	w->resource.target_only =
	    pick(&r, 4) == 0 ? VL_TARGET_ONLY_KEEP : VL_TARGET_ONLY_DELETE;
	return random_wanted(w);
}

#endif
