#ifndef WORLD_H
#define WORLD_H

/*
 * Trees in memory and on disk, and a target driven with them: the old tree
 * stands below `root`, the records are those of the new one.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/target.h>
#include <valise/tree.h>

#define NODES     256
#define PATH      400
#define CONTENT   512
#define ATTRS     256
#define CHUNK     16 /* bytes of a chunk: some bodies have many */
#define OWN_MTIME 1700000000
#define KILLED    77 /* exit code of a child that was killed */
#define FAILED    78

struct node {
	char path[PATH];
	enum vl_entry_type type; /* never HARD */
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	struct vl_time mtime;
	size_t size;
	uint8_t content[CONTENT]; /* of a FILE; of a LINK where to */
	char to[PATH]; /* one more name of that path, which is no such */
	uint32_t major;
	uint32_t minor;
	uint32_t flags;
	uint8_t attrs[ATTRS]; /* as struct vl_attrs has them */
	size_t nattrs;
	dev_t dev; /* of what was read */
	ino_t ino;
	bool stays; /* of the old tree: outside of what the bundle tells */
};

struct model {
	struct node nodes[NODES];
	size_t n;
};

static inline struct vl_slice
node_path(const struct node *n)
{
	return vl_slice_of(n->path);
}

static inline int
node_cmp(const void *a, const void *b)
{
	return vl_path_cmp(node_path(a), node_path(b));
}

static inline void
model_sort(struct model *m)
{
	qsort(m->nodes, m->n, sizeof(m->nodes[0]), node_cmp);
}

static inline struct node *
model_find(const struct model *m, const char *path)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (strcmp(m->nodes[i].path, path) == 0)
			return (struct node *)(uintptr_t)&m->nodes[i];
	return NULL;
}

static inline struct node *
model_add(struct model *m, const char *path, enum vl_entry_type type)
{
	struct node *n = &m->nodes[m->n++];

	assert_true(m->n <= NODES);
	memset(n, 0, sizeof(*n));
	(void)snprintf(n->path, sizeof(n->path), "%s", path);
	n->type = type;
	n->mode = type == VL_ENTRY_DIR ? 0755 : 0644;
	if (type == VL_ENTRY_LINK)
		n->mode = 0;
	n->uid = geteuid();
	n->gid = getegid();
	n->mtime = (struct vl_time){ OWN_MTIME, 123456789 };
	return n;
}

static inline struct node *
model_text(struct model *m, const char *path, enum vl_entry_type type,
    const char *text)
{
	struct node *n = model_add(m, path, type);

	n->size = strlen(text);
	memcpy(n->content, text, n->size);
	return n;
}

/* A second name of `to`, which stands in the model. */
static inline struct node *
model_hard(struct model *m, const char *path, const char *to)
{
	struct node *n = model_add(m, path, VL_ENTRY_FILE);

	*n = *model_find(m, to);
	(void)snprintf(n->path, sizeof(n->path), "%s", path);
	(void)snprintf(n->to, sizeof(n->to), "%s", to);
	return n;
}

/* The path that stands for a file with several names. */
static inline const char *
node_lead(const struct node *n)
{
	return n->to[0] == '\0' ? n->path : n->to;
}

/* Of the names of a file the first in order is what the others name. */
static inline void
model_lead(struct model *m)
{
	char old[PATH];
	char lead[PATH];
	size_t i;
	size_t k;

	for (i = 0; i < m->n; i++) {
		if (m->nodes[i].to[0] == '\0' ||
		    strcmp(m->nodes[i].to, m->nodes[i].path) < 0)
			continue;
		memcpy(old, m->nodes[i].to, sizeof(old));
		memcpy(lead, m->nodes[i].path, sizeof(lead));
		for (k = 0; k < m->n; k++)
			if (strcmp(node_lead(&m->nodes[k]), old) == 0)
				memcpy(m->nodes[k].to, lead, sizeof(lead));
		m->nodes[i].to[0] = '\0';
	}
}

/* Attributes of a node; names must come ascending. */
static inline void
node_attr(struct node *n, const char *name, struct vl_slice value)
{
	struct vl_buf b = { 0 };
	struct vl_err err;

	assert_int_equal(
	    VL_OK, vl_attrs_add(&b, vl_slice_of(name), value, &err));
	assert_true(n->nattrs + b.n <= ATTRS);
	memcpy(n->attrs + n->nattrs, b.p, b.n);
	n->nattrs += b.n;
	vl_buf_free(&b);
}

/* An ACL that agrees with the mode and lets user `uid` read. */
static inline void
node_acl(struct node *n, const char *name, uint32_t uid)
{
	const struct vl_acl_entry acl[] = {
		{ .tag = VL_ACL_USER_OBJ, .perm = (n->mode >> 6) & 7 },
		{ .tag = VL_ACL_USER, .perm = 4, .id = uid },
		{ .tag = VL_ACL_GROUP_OBJ, .perm = 5 },
		{ .tag = VL_ACL_MASK, .perm = (n->mode >> 3) & 7 },
		{ .tag = VL_ACL_OTHER, .perm = n->mode & 7 },
	};
	struct vl_owners *owners = NULL;
	struct vl_buf value = { 0 };
	struct vl_err err;

	assert_int_equal(VL_OK, vl_owners_new(&owners, NULL, 0, &err));
	assert_int_equal(VL_OK, vl_acl_encode(&value, acl, 5, owners, &err));
	node_attr(n, name, vl_buf_slice(&value));
	vl_buf_free(&value);
	vl_owners_free(owners);
}

/* To disk */

static inline bool
has_flags(const struct node *n)
{
	return n->type == VL_ENTRY_DIR || n->type == VL_ENTRY_FILE;
}

/* Attributes of a file or directory by descriptor, of the rest by name; an ACL
 * last, since it may take the right to write. */
static inline void
node_set_attrs(int dirfd, const char *path, const struct node *n)
{
	const char *acl = "system.posix_acl_access";
	const struct vl_slice none = { NULL, 0 };
	struct vl_slice rest = { NULL, 0 };
	struct vl_slice one = { NULL, 0 };
	struct vl_xattr x;
	struct vl_err err = { 0 };
	int i;

	if (has_flags(n)) {
		dirfd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		assert_true(dirfd >= 0);
		path = "";
	}
	for (i = 0; i < 2; i++) {
		rest = (struct vl_slice){ n->attrs, n->nattrs };
		while (one = rest, vl_attrs_next(&rest, &x)) {
			one.n = (size_t)(rest.p - one.p);
			if (vl_slice_equal(x.name, vl_slice_of(acl)) ==
			        (i == 1) &&
			    vl_attrs_set(dirfd, path, none, one, &err) != VL_OK)
				fail_msg("%s: %s", n->path, err.text);
		}
	}
	if (has_flags(n))
		(void)close(dirfd);
}

static inline void
node_set_flags(int dirfd, const char *path, const struct node *n)
{
	int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(vl_flags_set(fd, n->flags));
	(void)close(fd);
}

static inline void
node_attributes(int dirfd, const struct node *n)
{
	struct timespec times[2] = { { 0, UTIME_OMIT },
		{ n->mtime.sec, n->mtime.nsec } };
	const char *path = n->path[0] == '\0' ? "." : n->path;

	if (n->to[0] != '\0')
		return;
	assert_int_equal(
	    0, fchownat(dirfd, path, n->uid, n->gid, AT_SYMLINK_NOFOLLOW));
	if (n->nattrs > 0)
		node_set_attrs(dirfd, path, n);
	if (n->type != VL_ENTRY_LINK)
		assert_int_equal(0, fchmodat(dirfd, path, n->mode, 0));
	assert_int_equal(0, utimensat(dirfd, path, times, AT_SYMLINK_NOFOLLOW));
	if (n->flags != 0)
		node_set_flags(dirfd, path, n);
}

static inline void
node_write(int dirfd, const struct node *n)
{
	char target[CONTENT + 1] = "";
	int fd = -1;

	memcpy(target, n->content, n->size);
	if (n->to[0] != '\0') {
		assert_int_equal(0, linkat(dirfd, n->to, dirfd, n->path, 0));
	} else if (n->type == VL_ENTRY_DIR) {
		if (n->path[0] != '\0')
			assert_int_equal(0, mkdirat(dirfd, n->path, 0755));
	} else if (n->type == VL_ENTRY_LINK) {
		assert_int_equal(0, symlinkat(target, dirfd, n->path));
	} else if (n->type == VL_ENTRY_FIFO) {
		assert_int_equal(0, mkfifoat(dirfd, n->path, 0600));
	} else if (n->type != VL_ENTRY_FILE) {
		assert_int_equal(0,
		    mknodat(dirfd, n->path,
		        0600 | (n->type == VL_ENTRY_CHAR ? S_IFCHR : S_IFBLK),
		        makedev(n->major, n->minor)));
	} else {
		fd = openat(dirfd, n->path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		assert_true(fd >= 0);
		assert_int_equal(n->size, write(fd, n->content, n->size));
		assert_int_equal(0, close(fd));
	}
}

/* Below `root`, which must not exist; parents stand before children. */
static inline void
model_build(const struct model *m, const char *root)
{
	size_t i;
	int fd = -1;

	assert_int_equal(0, mkdir(root, 0755));
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (i = 0; i < m->n; i++)
		node_write(fd, &m->nodes[i]);
	for (i = m->n; i-- > 0;)
		node_attributes(fd, &m->nodes[i]);
	(void)close(fd);
}

/* From disk */

static inline void
node_read_attrs(struct node *n, int dirfd, const char *name)
{
	struct vl_attrs a = { 0 };
	int fd = -1;

	if (has_flags(n)) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		assert_true(fd >= 0);
	}
	assert_true(vl_attrs_read(&a, fd >= 0 ? fd : dirfd, fd >= 0 ? "" : name,
	    VL_ATTRS_PLAIN | VL_ATTRS_PRIVILEGED | VL_ATTRS_FLAGS));
	assert_true(a.bytes.n <= ATTRS);
	if (a.bytes.n > 0)
		memcpy(n->attrs, a.bytes.p, a.bytes.n);
	n->nattrs = a.bytes.n;
	n->flags = a.flags;
	vl_attrs_free(&a);
	if (fd >= 0)
		(void)close(fd);
}

static inline enum vl_entry_type
type_of_mode(mode_t mode)
{
	return S_ISDIR(mode) ? VL_ENTRY_DIR :
	    S_ISLNK(mode)    ? VL_ENTRY_LINK :
	    S_ISREG(mode)    ? VL_ENTRY_FILE :
	    S_ISFIFO(mode)   ? VL_ENTRY_FIFO :
	    S_ISCHR(mode)    ? VL_ENTRY_CHAR :
	    S_ISBLK(mode)    ? VL_ENTRY_BLOCK :
	                       VL_ENTRY_LEFT_OUT;
}

static inline void
node_read(struct node *n, int dirfd, const char *name)
{
	struct stat st;
	ssize_t got = 0;
	int fd = -1;

	assert_int_equal(0, fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW));
	n->type = type_of_mode(st.st_mode);
	n->dev = st.st_dev;
	n->ino = st.st_ino;
	if (n->type == VL_ENTRY_CHAR || n->type == VL_ENTRY_BLOCK) {
		n->major = major(st.st_rdev);
		n->minor = minor(st.st_rdev);
	}
	node_read_attrs(n, dirfd, name);
	n->mode = n->type == VL_ENTRY_LINK ? 0 : st.st_mode & 07777;
	n->uid = st.st_uid;
	n->gid = st.st_gid;
	n->mtime.sec = st.st_mtim.tv_sec;
	n->mtime.nsec = (int32_t)st.st_mtim.tv_nsec;
	if (n->type == VL_ENTRY_LINK) {
		got = readlinkat(dirfd, name, (char *)n->content, CONTENT);
	} else if (n->type == VL_ENTRY_FILE) {
		fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW);
		assert_true(fd >= 0);
		got = read(fd, n->content, CONTENT);
		(void)close(fd);
	}
	assert_true(got >= 0);
	n->size = (size_t)got;
}

static inline void
model_read_dir(struct model *m, int at, const char *name, const char *path)
{
	struct dirent *e = NULL;
	char below[PATH];
	DIR *dir = NULL;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	assert_true(fd >= 0);
	dir = fdopendir(fd);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(below, sizeof(below), "%s%s%s", path,
		    path[0] == '\0' ? "" : "/", e->d_name);
		node_read(model_add(m, below, VL_ENTRY_FILE), fd, e->d_name);
		if (m->nodes[m->n - 1].type == VL_ENTRY_DIR)
			model_read_dir(m, fd, e->d_name, below);
	}
	(void)closedir(dir);
}

static inline void
model_read(struct model *m, const char *root)
{
	memset(m, 0, sizeof(*m));
	node_read(model_add(m, "", VL_ENTRY_DIR), AT_FDCWD, root);
	model_read_dir(m, AT_FDCWD, root, "");
	model_sort(m);
}

static inline bool
node_equal(const struct node *a, const struct node *b)
{
	return strcmp(a->path, b->path) == 0 && a->type == b->type &&
	    a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
	    a->mtime.sec == b->mtime.sec && a->mtime.nsec == b->mtime.nsec &&
	    a->size == b->size &&
	    memcmp(a->content, b->content, a->size) == 0 &&
	    a->major == b->major && a->minor == b->minor &&
	    a->flags == b->flags && a->nattrs == b->nattrs &&
	    memcmp(a->attrs, b->attrs, a->nattrs) == 0;
}

/* Two names are one file in `have` where they are in `want`, and only there;
 * both have the same paths. */
static inline bool
links_equal(const struct model *want, const struct model *have)
{
	const struct node *a = NULL;
	const struct node *b = NULL;
	bool one = false;
	size_t i;
	size_t k;

	for (i = 0; i < want->n; i++)
		for (k = 0; k < i; k++) {
			a = &want->nodes[i];
			b = &want->nodes[k];
			if (a->stays || b->stays)
				continue;
			one = have->nodes[i].ino == have->nodes[k].ino &&
			    have->nodes[i].dev == have->nodes[k].dev;
			if (one == (strcmp(node_lead(a), node_lead(b)) == 0))
				continue;
			print_error("'%s' and '%s': %s file\n", b->path,
			    a->path, one ? "one" : "not one");
			return false;
		}
	return true;
}

static inline void
node_print(const char *what, const struct node *n)
{
	print_error("%s '%s' type %d mode %o owner %u:%u time %lld.%09d size "
	            "%zu flags %x attributes %zu link '%s'\n",
	    what, n->path, (int)n->type, n->mode, n->uid, n->gid,
	    (long long)n->mtime.sec, (int)n->mtime.nsec, n->size, n->flags,
	    n->nattrs, n->to);
}

/* False, and the first differences printed, unless `root` is as `want`. */
static inline bool
model_stands(const struct model *want, const char *root)
{
	static struct model have;
	size_t i;
	bool same = true;

	model_read(&have, root);
	for (i = 0; i < want->n && i < have.n && same; i++)
		same = node_equal(&want->nodes[i], &have.nodes[i]);
	if (same && want->n == have.n)
		return links_equal(want, &have);
	for (i -= !same; i < want->n || i < have.n; i++) {
		if (i < want->n)
			node_print("want", &want->nodes[i]);
		if (i < have.n)
			node_print("have", &have.nodes[i]);
	}
	return false;
}

/* A hasher that is no more than order and length of the bytes. */

struct weak_hasher {
	struct vl_hasher base;
	uint64_t sum;
	uint64_t left;
	bool over;
};

static inline void
weak_begin(struct vl_hasher *h, uint64_t size)
{
	struct weak_hasher *w = (struct weak_hasher *)(void *)h;

	w->sum = 14695981039346656037u;
	w->left = size;
	w->over = false;
}

static inline enum vl_status
weak_add(struct vl_hasher *h, struct vl_slice bytes, struct vl_err *err)
{
	struct weak_hasher *w = (struct weak_hasher *)(void *)h;
	size_t i;

	(void)err;
	for (i = 0; i < bytes.n; i++)
		w->sum = (w->sum ^ bytes.p[i]) * 1099511628211u;
	w->over = w->over || bytes.n > w->left;
	w->left -= w->over ? w->left : bytes.n;
	return VL_OK;
}

static inline bool
weak_end(struct vl_hasher *h, uint8_t out[VL_CONTENT_HASH_SIZE])
{
	struct weak_hasher *w = (struct weak_hasher *)(void *)h;

	memset(out, 0, VL_CONTENT_HASH_SIZE);
	memcpy(out, &w->sum, sizeof(w->sum));
	return !w->over && w->left == 0;
}

static inline void
weak_free(struct vl_hasher *h)
{
	free(h);
}

static const struct vl_hasher_ops weak_ops = {
	.begin = weak_begin, .add = weak_add, .end = weak_end, .free = weak_free
};

static inline enum vl_status
weak_make(const void *arg, struct vl_hasher **out, struct vl_err *err)
{
	struct weak_hasher *w = calloc(1, sizeof(*w));

	(void)arg;
	(void)err;
	assert_non_null(w);
	w->base.ops = &weak_ops;
	*out = &w->base;
	return VL_OK;
}

static inline void
weak_hash(uint8_t out[VL_CONTENT_HASH_SIZE], const struct node *n)
{
	struct weak_hasher w = { .base = { &weak_ops } };

	weak_begin(&w.base, n->size);
	(void)weak_add(&w.base, (struct vl_slice){ n->content, n->size }, NULL);
	assert_true(weak_end(&w.base, out));
}

/* A body in chunks of CHUNK bytes; one that is all zero is a hole. */

struct body {
	const struct node *n;
	size_t at;
};

static inline enum vl_status
body_part(void *arg, struct vl_chunk_ref *refs, size_t max, size_t *n,
    struct vl_err *err)
{
	static const uint8_t zeros[CHUNK];
	struct body *b = arg;
	size_t size = 0;

	(void)err;
	for (*n = 0; *n < max && b->at < b->n->size; b->at += size) {
		size = b->n->size - b->at < CHUNK ? b->n->size - b->at : CHUNK;
		if (memcmp(b->n->content + b->at, zeros, size) == 0)
			continue;
		refs[*n] = (struct vl_chunk_ref){ .at = b->at,
			.n = (uint32_t)size,
			.offset = (uint64_t)(uintptr_t)b->n };
		(*n)++;
	}
	return VL_OK;
}

static inline enum vl_status
body_chunk(void *arg, const struct vl_chunk_ref *ref, struct vl_slice *bytes,
    void **hold, struct vl_err *err)
{
	const struct node *n = (const struct node *)(uintptr_t)ref->offset;

	(void)err;
	bytes->p = n->content + ref->at;
	bytes->n = ref->n;
	*hold = arg;
	return VL_OK;
}

static inline void
body_release(void *arg, void *hold)
{
	assert_ptr_equal(arg, hold);
}

/* One import of one tree. */

struct world {
	char path[256]; /* of a folder of its own, absolute */
	char root[288];
	char state[288];
	struct model old;
	struct model now;    /* the records */
	struct model wanted; /* what stands at the end */
	struct vl_resource resource;
	struct vl_header_tree tree;
	struct vl_header header;
	struct vl_journal journal;
	struct vl_choice_line choices[16];
	struct vl_target_counts counts;
	struct vl_links *links;
	struct vl_err err;
	/* What the redo reported last, and how often. */
	char said[512];
	unsigned blocked;
	unsigned diverged;
	unsigned kept;
	uint64_t proved;
	/* What happens between staging and prepare; or NULL. */
	void (*before_prepare)(struct world *w);
};

static inline void
world_open(struct world *w)
{
	char here[128];

	memset(w, 0, sizeof(*w));
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(w->path, sizeof(w->path), "%s/scratch-XXXXXX", here);
	assert_non_null(mkdtemp(w->path));
	assert_int_equal(0, chmod(w->path, 0755));
	(void)snprintf(w->root, sizeof(w->root), "%s/root", w->path);
	(void)snprintf(w->state, sizeof(w->state), "%s/state", w->path);
	w->resource.name = (char *)(uintptr_t) "up";
	w->resource.path = w->root;
	w->resource.special = true;
	w->resource.privileged = geteuid() == 0;
}

static inline void
world_forget(struct world *w)
{
	free(w->tree.root);
	free(w->tree.staging);
	w->tree.root = w->tree.staging = NULL;
}

/* Nothing below `name` is immutable or append-only any more. */
static inline void
unlock_below(int at, const char *name)
{
	struct dirent *e = NULL;
	uint32_t flags = 0;
	DIR *dir = NULL;
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	int file = -1;

	if (fd < 0)
		return;
	if (vl_flags_get(fd, &flags) && (flags & VL_FLAGS_LOCK) != 0)
		(void)vl_flags_set(fd, 0);
	dir = fdopendir(fd);
	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_type == DT_DIR)
			unlock_below(fd, e->d_name);
		if (e->d_type != DT_REG)
			continue;
		file = openat(fd, e->d_name, O_RDONLY | O_NOFOLLOW);
		if (file >= 0 && vl_flags_get(file, &flags) &&
		    (flags & VL_FLAGS_LOCK) != 0)
			(void)vl_flags_set(file, 0);
		if (file >= 0)
			(void)close(file);
	}
	(void)closedir(dir);
}

static inline void
world_close(struct world *w)
{
	world_forget(w);
	vl_links_free(w->links);
	w->links = NULL;
	unlock_below(AT_FDCWD, w->path);
	if (vl_remove_tree(AT_FDCWD, w->path, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
}

/* What a survey tells before: which paths hard lines name. */
static inline void
world_links(struct world *w)
{
	const struct node *n = NULL;
	size_t i;

	vl_links_free(w->links);
	assert_int_equal(VL_OK, vl_links_new(&w->links, w->path, &w->err));
	for (i = 0; i < w->now.n; i++) {
		n = &w->now.nodes[i];
		if (n->to[0] != '\0')
			assert_int_equal(VL_OK,
			    vl_links_add(w->links, vl_slice_of(n->to),
			        node_path(n), &w->err));
	}
}

/* Build the old tree, locate, fill in the header. */
static inline void
world_build(struct world *w, bool inside)
{
	if (w->old.n > 0)
		model_build(&w->old, w->root);
	model_sort(&w->old); /* second names are made by now */
	model_sort(&w->now);
	model_lead(&w->now);
	world_links(w);
	world_forget(w);
	memset(&w->tree, 0, sizeof(w->tree));
	if (vl_stage_locate(&w->tree, w->root, &w->err) != VL_OK)
		fail_msg("%s", w->err.text);
	if (inside) {
		free(w->tree.staging);
		w->tree.inside = true;
		assert_true(
		    asprintf(&w->tree.staging, "%s/.valise", w->tree.root) > 0);
	}
	(void)snprintf(w->tree.resource, sizeof(w->tree.resource), "up");
	w->tree.privileged = w->resource.privileged;
	memset(&w->header, 0, sizeof(w->header));
	memset(w->header.import, 0x1a, sizeof(w->header.import));
	memset(w->header.state, 0x2b, sizeof(w->header.state));
	w->header.state_path = w->state;
	(void)snprintf(w->header.site, sizeof(w->header.site), "s");
	w->header.seq = 1;
	w->header.trees = &w->tree;
	w->header.ntrees = 1;
	w->journal = (struct vl_journal){
		.present = true, .header = w->header, .choices = w->choices
	};
}

/* The attributes of a node as a record has them. */
struct record {
	struct vl_buf acl;
	struct vl_buf acl_default;
	struct vl_buf xattrs;
};

static inline void
record_free(struct record *r)
{
	vl_buf_free(&r->acl);
	vl_buf_free(&r->acl_default);
	vl_buf_free(&r->xattrs);
}

static inline void
record_attrs(struct record *r, struct vl_entry *e, const struct node *n)
{
	struct vl_slice rest = { n->attrs, n->nattrs };
	struct vl_owners *owners = NULL;
	struct vl_xattr x;
	struct vl_buf *acl = NULL;
	struct vl_err err;

	assert_int_equal(VL_OK, vl_owners_new(&owners, NULL, 0, &err));
	while (vl_attrs_next(&rest, &x)) {
		acl = NULL;
		if (vl_slice_equal(
		        x.name, vl_slice_of("system.posix_acl_access")))
			acl = &r->acl;
		if (vl_slice_equal(
		        x.name, vl_slice_of("system.posix_acl_default")))
			acl = &r->acl_default;
		if (acl != NULL)
			assert_int_equal(
			    VL_OK, vl_acl_decode(acl, x.value, owners, &err));
		else
			assert_int_equal(VL_OK,
			    vl_buf_add(&r->xattrs,
			        (struct vl_slice){
			            (const uint8_t *)&x, sizeof(x) },
			        &err));
	}
	vl_owners_free(owners);
	e->acl = (const struct vl_acl_entry *)(const void *)r->acl.p;
	e->nacl = r->acl.n / sizeof(struct vl_acl_entry);
	e->acl_default =
	    (const struct vl_acl_entry *)(const void *)r->acl_default.p;
	e->nacl_default = r->acl_default.n / sizeof(struct vl_acl_entry);
	e->xattrs = (const struct vl_xattr *)(const void *)r->xattrs.p;
	e->nxattrs = r->xattrs.n / sizeof(struct vl_xattr);
	e->flags = n->flags;
}

static inline void
record_of(struct record *r, struct vl_entry *e, const struct node *n)
{
	*e = (struct vl_entry){ .type = n->type,
		.resource = vl_slice_of("up"),
		.path = node_path(n),
		.uid = n->uid,
		.gid = n->gid,
		.mode = n->mode,
		.mtime = n->mtime,
		.major = n->major,
		.minor = n->minor };
	if (n->to[0] != '\0') {
		*e = (struct vl_entry){ .type = VL_ENTRY_HARD,
			.resource = vl_slice_of("up"),
			.path = node_path(n),
			.target = vl_slice_of(n->to) };
		return;
	}
	if (n->type == VL_ENTRY_LINK)
		e->target = (struct vl_slice){ n->content, n->size };
	if (n->type == VL_ENTRY_FILE) {
		e->size = n->size;
		weak_hash(e->hash, n);
	}
	record_attrs(r, e, n);
}

static inline enum vl_status
world_put(struct vl_target *t, const struct world *w, struct vl_err *err)
{
	struct body b = { 0 };
	struct vl_body body = { .arg = &b,
		.part = body_part,
		.chunk = body_chunk,
		.release = body_release };
	struct vl_entry e = { 0 };
	enum vl_status st = VL_OK;
	size_t i;

	for (i = 0; i < w->now.n && st == VL_OK; i++) {
		struct record r = { 0 };

		b = (struct body){ &w->now.nodes[i], 0 };
		record_of(&r, &e, &w->now.nodes[i]);
		st = vl_target_put(t, &e, &body, err);
		record_free(&r);
	}
	return st;
}

/* Compare and stage, up to and with the sync that comes before the
 * decision; `stage` NULL: a preview. */
static inline enum vl_status
world_prepare(struct world *w, struct vl_stage *stage)
{
	struct vl_pool *pool = NULL;
	struct vl_target *t = NULL;
	struct vl_target_opts opts = { .resource = &w->resource,
		.tree = &w->tree,
		.stage = stage,
		.hashers = { weak_make, NULL },
		.tempdir = w->path,
		.keep_owner = geteuid() != 0 };
	enum vl_status st = VL_OK;

	assert_int_equal(VL_OK, vl_pool_new(&pool, 2, &w->err));
	opts.links = w->links;
	opts.pool = pool;
	opts.on_match = w->resource.on_match;
	st = vl_target_open(&t, &opts, &w->err);
	if (st == VL_OK)
		st = world_put(t, w, &w->err);
	if (st == VL_OK)
		st = vl_target_end(t, &w->err);
	if (st == VL_OK)
		vl_target_counts(t, &w->counts);
	if (st == VL_OK && w->before_prepare != NULL)
		w->before_prepare(w);
	if (st == VL_OK && stage != NULL)
		st = vl_target_prepare(t, &w->err);
	vl_target_free(t);
	vl_pool_free(pool);
	if (st == VL_OK && stage != NULL)
		st = vl_stage_seal(stage, &w->header, &w->err);
	if (st == VL_OK && stage != NULL)
		st = vl_stage_sync(stage, &w->err);
	return st;
}

static inline enum vl_status
world_stage(struct world *w)
{
	struct vl_stage *stage = NULL;
	enum vl_status st = vl_stage_make(&stage, &w->header, 0, &w->err);

	if (st == VL_OK)
		st = world_prepare(w, stage);
	vl_stage_close(stage);
	return st;
}

/* Recovery of what was decided */

static inline void
world_blocked(void *arg, const char *path, const char *why)
{
	struct world *w = arg;

	(void)snprintf(
	    w->said, sizeof(w->said), "%s: %s", path + strlen(w->root), why);
	w->blocked++;
}

static inline void
world_diverged(void *arg, const char *path, const char *why)
{
	world_blocked(arg, path, why);
	((struct world *)arg)->blocked--;
	((struct world *)arg)->diverged++;
}

static inline void
world_kept(void *arg, const char *path, const char *why)
{
	world_blocked(arg, path, why);
	((struct world *)arg)->blocked--;
	((struct world *)arg)->kept++;
}

static inline void
world_proved(void *arg, const char *root, uint64_t entries)
{
	struct world *w = arg;

	assert_string_equal(w->root, root);
	w->proved = entries;
}

static inline struct vl_stage_report
world_report(struct world *w)
{
	w->blocked = w->diverged = w->kept = 0;
	w->proved = 0;
	w->said[0] = '\0';
	return (struct vl_stage_report){ .arg = w,
		.blocked = world_blocked,
		.diverged = world_diverged,
		.kept = world_kept,
		.proved = world_proved };
}

static inline enum vl_status
world_redo(struct world *w)
{
	struct vl_stage_report report = world_report(w);
	enum vl_stage_found found = VL_STAGE_ABSENT;
	struct vl_stage *stage = NULL;
	enum vl_status st =
	    vl_stage_open(&stage, &w->header, 0, &found, &w->err);

	if (st == VL_OK && stage == NULL)
		st = vl_fail(&w->err, VL_EIO, "no staging: %d", (int)found);
	if (st == VL_OK)
		st = vl_stage_mark(stage, VL_STAGE_DECIDED, &w->err);
	if (st == VL_OK)
		st = vl_stage_redo(stage, &w->journal, &report, &w->err);
	vl_stage_close(stage);
	return st;
}

#endif
