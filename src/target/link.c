/*
 * Files with several names.  A hard line of the bundle names an earlier path,
 * its leader; what became of the leader is known when it is closed, and so a
 * hard line is decided and staged when it is closed itself.
 *
 * The word that vl_links keeps of a leader says what became of it, with the
 * number under which t->leaders has the rest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <valise/text.h>

#include "plan.h"

enum fate {
	FATE_OPEN,   /* not closed yet */
	FATE_LIVE,   /* stays where it is, perhaps with other attributes */
	FATE_STAGED, /* made anew */
	FATE_LEFT,   /* left alone */
	FATE_CONFLICT
};

#define FATE_BITS 3
#define FATE_MASK 7u

/* What stands in t->leaders, behind it attributes and a link's target. */
struct leader {
	struct vl_meta after; /* attrs, as link: its length alone counts */
	dev_t dev;            /* LIVE */
	ino_t ino;
	uint64_t n; /* STAGED: new/N, or the directory there that it is in, */
	size_t top; /* with as many bytes of its path; 0: it is new/N */
	bool inner;
	struct vl_slice link; /* LINK: its target */
};

static enum vl_status
fail_order(struct vl_slice path, struct vl_slice to, struct vl_err *err)
{
	char shown[300];
	char shown_to[300];

	return vl_fail(err, VL_EPATH,
	    "'%s' is one more name of '%s', which no earlier record tells of",
	    vl_escape_text(shown, sizeof(shown), path),
	    vl_escape_text(shown_to, sizeof(shown_to), to));
}

static uint64_t *
leader_word(const struct vl_target *t, struct vl_slice path)
{
	return t->opts.links == NULL ? NULL :
	                               vl_links_leader(t->opts.links, path);
}

static uint64_t *
word_of(const struct vl_target *t, struct vl_slice path)
{
	return t->opts.links == NULL ? NULL : vl_links_of(t->opts.links, path);
}

void
vl_link_meet(struct vl_target *t, struct item *i)
{
	uint64_t *word = leader_word(t, vl_item_path(i));

	i->leader = word != NULL;
	/* A word may be left of an earlier pass over the same bundle. */
	if (word != NULL)
		*word = FATE_OPEN;
}

void
vl_link_leave(
    struct vl_target *t, const struct vl_entry *e, enum item_kind kind)
{
	uint64_t *word = NULL;

	if (e->type != VL_ENTRY_DIR && e->type != VL_ENTRY_HARD &&
	    e->type != VL_ENTRY_LEFT_OUT)
		word = leader_word(t, e->path);
	if (word != NULL)
		*word = kind == ITEM_CONFLICT ? FATE_CONFLICT : FATE_LEFT;
}

enum vl_status
vl_link_verdict(struct verdict *v, struct vl_target *t,
    const struct vl_entry *e, struct vl_err *err)
{
	const uint64_t *word = word_of(t, e->target);
	enum fate fate = word == NULL ? FATE_OPEN : *word & FATE_MASK;
	char to[300];

	if (word == NULL)
		return fail_order(e->path, e->target, err);
	if (fate != FATE_LEFT && fate != FATE_CONFLICT)
		return VL_OK;
	/* Not even what is missing is made: so somebody has to be told. */
	v->put = false;
	v->said = true;
	v->kind = fate == FATE_LEFT ? ITEM_KEEP : ITEM_CONFLICT;
	(void)snprintf(v->text, sizeof(v->text),
	    "is one more name of '%s', which is %s",
	    vl_escape_text(to, sizeof(to), e->target),
	    fate == FATE_LEFT ? "left alone here" : "in conflict");
	return VL_OK;
}

static enum vl_status
live_dirs(struct vl_target *t, struct vl_err *err)
{
	if (t->live_dirs != NULL)
		return VL_OK;
	t->rootfd =
	    open(t->opts.tree->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (t->rootfd < 0)
		return vl_fail_errno(
		    err, "cannot open '%s'", t->opts.tree->root);
	return vl_dirs_new(&t->live_dirs, t->rootfd, err);
}

/* The directory that `path` is in, and its name there. */
static enum vl_status
open_place(struct vl_dirs *dirs, struct vl_slice path, int *fd,
    char name[VL_NAME_MAX + 1], struct vl_err *err)
{
	struct vl_slice last = vl_path_name(path);

	if (last.n == 0 || last.n > VL_NAME_MAX)
		return vl_fail(err, VL_EPATH, "no name for a file");
	memcpy(name, last.p, last.n);
	name[last.n] = '\0';
	return vl_dirs_get(dirs, vl_path_parent(path), fd, err);
}

struct group {
	const struct item *leader;
	uint64_t n;
	bool same;
};

static bool
look_at_name(void *arg, struct vl_slice path)
{
	struct group *g = arg;
	char name[VL_NAME_MAX + 1];
	struct vl_err ignored;
	int fd = -1;

	/* It stays what it is, and whose attributes it has. */
	if (vl_policy_untouched(g->leader->t, path))
		return true;
	g->n++;
	g->same = open_place(g->leader->t->live_dirs, path, &fd, name,
	              &ignored) == VL_OK &&
	    vl_meta_is_inode(fd, name, g->leader->dev, g->leader->ino);
	return g->same;
}

/* The names of the target's file are the leader and its hard lines, no more
 * and no fewer: then its attributes are theirs alone.  Hard lines that are
 * left alone are no names of it, as the target knows it. */
static enum vl_status
look_at_group(
    struct vl_target *t, struct item *i, nlink_t nlink, struct vl_err *err)
{
	struct group g = { .leader = i, .n = 1, .same = true };
	enum vl_status st = live_dirs(t, err);

	if (st == VL_OK)
		st = vl_links_names(
		    t->opts.links, vl_item_path(i), look_at_name, &g, err);
	i->complete = st == VL_OK && g.same;
	i->whole = i->complete && g.n == nlink;
	return st;
}

enum vl_status
vl_link_claim(
    struct vl_target *t, struct item *i, nlink_t nlink, struct vl_err *err)
{
	const struct vl_slice none = { NULL, 0 };
	uint8_t key[VL_TABLE_KEY_SIZE];
	enum vl_status st = VL_OK;

	if (i->leader)
		st = look_at_group(t, i, nlink, err);
	if (st != VL_OK || nlink == 1)
		return st;
	vl_put_u64le(key, (uint64_t)i->dev);
	vl_put_u64le(key + 8, (uint64_t)i->ino);
	if (t->claims == NULL)
		st = vl_table_new(&t->claims, t->opts.tempdir, err);
	if (st != VL_OK)
		return st;
	i->anew = vl_table_word(t->claims, key) != NULL;
	return i->anew ? VL_OK : vl_table_put(t->claims, key, none, 0, err);
}

bool
vl_link_barred(const struct item *i)
{
	return i->leader && !i->complete &&
	    ((i->before.flags & VL_FLAGS_LOCK) != 0 ||
	        (geteuid() != 0 && i->before.uid != geteuid()));
}

enum vl_status
vl_link_settle(struct vl_target *t, const struct item *i, bool conflict,
    struct vl_err *err)
{
	struct leader l = { .after = i->after,
		.dev = i->dev,
		.ino = i->ino,
		.n = i->inner ? i->top_n : i->n,
		.top = i->top_path_n,
		.inner = i->inner,
		.link = { NULL, i->link.n } };
	uint64_t *word = word_of(t, vl_item_path(i));
	enum fate fate = conflict       ? FATE_CONFLICT :
	    i->outcome == OUTCOME_STAGE ? FATE_STAGED :
	                                  FATE_LIVE;
	uint8_t key[VL_TABLE_KEY_SIZE];
	struct vl_buf value = { 0 };
	enum vl_status st = VL_OK;

	l.after.attrs.p = NULL;
	st = vl_buf_add(
	    &value, (struct vl_slice){ (const uint8_t *)&l, sizeof(l) }, err);
	if (st == VL_OK)
		st = vl_buf_add(&value, i->after.attrs, err);
	if (st == VL_OK)
		st = vl_buf_add(&value, vl_buf_slice(&i->link), err);
	if (st == VL_OK && t->leaders == NULL)
		st = vl_table_new(&t->leaders, t->opts.tempdir, err);
	vl_inner_key(key, ++t->nleaders);
	if (st == VL_OK)
		st =
		    vl_table_put(t->leaders, key, vl_buf_slice(&value), 0, err);
	if (st == VL_OK && word != NULL)
		*word = (uint64_t)fate | t->nleaders << FATE_BITS;
	vl_buf_free(&value);
	return st;
}

/* What stands of the leader; it borrows from i->attrs_after. */
static enum vl_status
get_leader(struct vl_target *t, struct item *i, uint64_t word, struct leader *l,
    struct vl_err *err)
{
	uint8_t key[VL_TABLE_KEY_SIZE];
	enum vl_status st = VL_OK;

	vl_inner_key(key, word >> FATE_BITS);
	st = vl_table_value(t->leaders, key, &i->attrs_after, err);
	if (st != VL_OK)
		return st;
	memcpy(l, i->attrs_after.p, sizeof(*l));
	i->after = l->after;
	i->after.attrs.p = i->attrs_after.p + sizeof(*l);
	l->link.p = i->after.attrs.p + i->after.attrs.n;
	return VL_OK;
}

/* One more name in the staging, of what `fd` has under `from`. */
static enum vl_status
make_name(const struct item *i, int fd, const char *from, struct vl_err *err)
{
	char n[VL_STAGE_N_SIZE];
	char to[300];

	if (linkat(fd, from, i->dir->fd, vl_write_name(i, n), 0) == 0)
		return VL_OK;
	vl_escape_text(to, sizeof(to), vl_slice_of(i->to));
	if (errno == EMLINK)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' cannot be one more name of '%s': this file system "
		    "allows a file no more names",
		    i->path, to);
	if (errno == EPERM)
		return vl_fail(err, VL_EREFUSED,
		    "'%s' cannot be one more name of '%s': this system does "
		    "not let its importer name that",
		    i->path, to);
	return vl_fail_errno(
	    err, "cannot stage '%s' as one more name of '%s'", i->path, to);
}

static enum vl_status
link_live(struct vl_target *t, struct item *i, const struct leader *l,
    struct vl_err *err)
{
	char name[VL_NAME_MAX + 1];
	char n[VL_STAGE_N_SIZE];
	int fd = -1;
	enum vl_status st = live_dirs(t, err);

	if (st == VL_OK)
		st = open_place(
		    t->live_dirs, vl_slice_of(i->to), &fd, name, err);
	if (st == VL_OK)
		st = make_name(i, fd, name, err);
	if (st != VL_OK ||
	    vl_meta_is_inode(i->dir->fd, vl_write_name(i, n), l->dev, l->ino))
		return st;
	if (errno != 0)
		return vl_fail_errno(
		    err, "cannot look at '%s/%s'", t->opts.tree->staging, n);
	return vl_fail(err, VL_EREFUSED, "'%s/%s' changed while the import ran",
	    t->opts.tree->root, i->to);
}

static enum vl_status
link_staged(struct vl_target *t, struct item *i, const struct leader *l,
    struct vl_err *err)
{
	struct vl_buf path = { 0 };
	char name[VL_NAME_MAX + 1];
	int fd = -1;
	enum vl_status st = VL_OK;

	if (t->staged_dirs == NULL)
		st = vl_dirs_new(
		    &t->staged_dirs, vl_stage_newfd(t->opts.stage), err);
	if (st == VL_OK)
		st = vl_inner_path(
		    &path, l->n, l->inner ? i->to + l->top : "", err);
	if (st == VL_OK)
		st = open_place(
		    t->staged_dirs, vl_buf_slice(&path), &fd, name, err);
	if (st == VL_OK)
		st = make_name(i, fd, name, err);
	vl_buf_free(&path);
	return st;
}

/* A link that has several names leads elsewhere from each of them. */
static bool
leads_out(struct vl_target *t, const struct item *i, const struct leader *l,
    const char **why)
{
	if (l->after.type != VL_ENTRY_LINK ||
	    vl_link_stays_inside(vl_item_path(i), l->link))
		return false;
	if (t->opts.resource->links != VL_LINKS_INSIDE) {
		t->counts.outside++;
		return false;
	}
	*why = WHY_LEADS_OUT;
	return true;
}

enum vl_status
vl_link_close(struct vl_target *t, struct item *i, bool *live, const char **why,
    struct vl_err *err)
{
	const uint64_t *word = word_of(t, vl_slice_of(i->to));
	struct leader l = { 0 };
	enum fate fate = word == NULL ? FATE_OPEN : *word & FATE_MASK;
	enum vl_status st = VL_OK;

	*why = NULL;
	*live = fate == FATE_LIVE;
	if (fate == FATE_CONFLICT) {
		*why = "is one more name of a file that is in conflict";
		return VL_OK;
	}
	if (fate != FATE_LIVE && fate != FATE_STAGED)
		return fail_order(vl_item_path(i), vl_slice_of(i->to), err);
	st = get_leader(t, i, *word, &l, err);
	if (st != VL_OK || leads_out(t, i, &l, why))
		return st;
	if (*live && i->matched && i->dev == l.dev && i->ino == l.ino) {
		i->outcome = OUTCOME_SAME;
		return VL_OK;
	}
	if (i->dry)
		return VL_OK;
	return *live ? link_live(t, i, &l, err) : link_staged(t, i, &l, err);
}
