/* Extended attributes as one string of bytes. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include <valise/tree.h>

#include "look.h"

#define HEAD_SIZE     6 /* lengths of name and value */
#define ATTR_NAME_MAX 255
#define VALUE_MAX     65536
#define LIST_MAX      65536 /* of names, as the kernel has it */
#define LIST_SMALL    1024
#define ROOM          256 /* for a value at the first try */
#define TRIES         4   /* when what was listed is gone */

/* An open file, or a name in an open directory by way of /proc. */
struct place {
	int fd;
	bool named;
	char path[VL_LOOK_PROC_MAX];
};

static bool
place_init(struct place *p, int fd, const char *name)
{
	p->fd = fd;
	p->named = name[0] != '\0';
	return !p->named || vl_look_proc(p->path, fd, name);
}

static ssize_t
list_names(const struct place *p, char *list, size_t n)
{
	return p->named ? llistxattr(p->path, list, n) :
	                  flistxattr(p->fd, list, n);
}

static ssize_t
get_value(const struct place *p, const char *name, void *value, size_t n)
{
	return p->named ? lgetxattr(p->path, name, value, n) :
	                  fgetxattr(p->fd, name, value, n);
}

static bool
begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

unsigned
vl_attrs_which(bool privileged)
{
	return VL_ATTRS_PLAIN | VL_ATTRS_FLAGS |
	    (privileged ? VL_ATTRS_PRIVILEGED : 0);
}

bool
vl_attrs_is_acl(struct vl_slice name)
{
	return vl_slice_equal(name, vl_slice_of(VL_ATTR_ACL_ACCESS)) ||
	    vl_slice_equal(name, vl_slice_of(VL_ATTR_ACL_DEFAULT));
}

/* Of which kind a name is (VL_ATTRS_*); 0: not ours to carry. */
static unsigned
kind_of(const char *name)
{
	if (begins(name, "user.") || strcmp(name, VL_ATTR_ACL_ACCESS) == 0 ||
	    strcmp(name, VL_ATTR_ACL_DEFAULT) == 0)
		return VL_ATTRS_PLAIN;
	/* A machine's own label; XFS's second face of the ACLs. */
	if (strcmp(name, "security.selinux") == 0 ||
	    begins(name, "trusted.SGI_ACL_"))
		return 0;
	if (begins(name, "security.") || begins(name, "trusted."))
		return VL_ATTRS_PRIVILEGED;
	return 0;
}

static int
compare_names(const void *a, const void *b)
{
	const char *const *x = a;
	const char *const *y = b;

	return strcmp(*x, *y);
}

/* Append `name` with its value; false: errno, ENODATA when it is gone. */
static bool
append(struct vl_buf *bytes, const struct place *p, const char *name)
{
	const size_t name_n = strlen(name);
	const size_t head = HEAD_SIZE + name_n;
	struct vl_err err = { 0 };
	size_t room = ROOM;
	ssize_t n = -1;
	uint8_t *at = NULL;

	for (;;) {
		if (vl_buf_reserve(bytes, head + room, &err) != VL_OK) {
			errno = ENOMEM;
			return false;
		}
		at = bytes->p + bytes->n;
		n = get_value(p, name, at + head, room);
		if (n >= 0 || errno != ERANGE || room > VALUE_MAX)
			break;
		n = get_value(p, name, NULL, 0);
		if (n < 0)
			break;
		/* It may grow once more before it is read. */
		room = (size_t)n > room ? (size_t)n : room * 2;
	}
	if (n < 0)
		return false;
	vl_put_u16le(at, (uint16_t)name_n);
	vl_put_u32le(at + 2, (uint32_t)n);
	memcpy(at + HEAD_SIZE, name, name_n);
	bytes->n += head + (size_t)n;
	return true;
}

/* Names as the kernel lists them, each ended by NUL. */
struct names {
	char *list;
	size_t n;
};

/* The first name, or the one behind `name`; NULL: no more. */
static char *
next_name(const struct names *all, const char *name)
{
	char *next = name == NULL ?
	    all->list :
	    all->list + (name - all->list) + strlen(name) + 1;

	return next < all->list + all->n ? next : NULL;
}

/*
 * Read those of `all` that `which` asks for.  A name that is listed but has
 * no value is as good as absent in the `last` try: there are file systems
 * that list what they refuse to this user.
 */
static bool
read_values(struct vl_attrs *a, const struct place *p, const struct names *all,
    unsigned which, bool last)
{
	const char **names = NULL;
	size_t count = 0;
	size_t i = 0;
	bool good = true;
	char *name = NULL;

	while ((name = next_name(all, name)) != NULL)
		count += (kind_of(name) & which) != 0;
	if (count == 0)
		return true;
	names = calloc(count, sizeof(*names));
	if (names == NULL)
		return false;
	while ((name = next_name(all, name)) != NULL)
		if ((kind_of(name) & which) != 0)
			names[i++] = name;
	qsort(names, count, sizeof(*names), compare_names);
	for (i = 0; i < count && good; i++) {
		if (i > 0 && strcmp(names[i - 1], names[i]) == 0)
			continue;
		good = append(&a->bytes, p, names[i]) || errno == ENOTSUP ||
		    (last && errno == ENODATA);
	}
	free(names);
	return good;
}

/* One try; errno is ENODATA when what was listed is gone. */
static bool
read_once(struct vl_attrs *a, const struct place *p, unsigned which, bool last)
{
	char small[LIST_SMALL];
	struct names all = { .list = small };
	char *large = NULL;
	const char *name = NULL;
	ssize_t n = list_names(p, small, sizeof(small));
	bool good = false;

	if (n < 0 && errno == ERANGE) {
		large = malloc(LIST_MAX);
		if (large == NULL)
			return false;
		all.list = large;
		n = list_names(p, large, LIST_MAX);
	}
	if (n < 0) {
		good = errno == ENOTSUP;
		goto out;
	}
	all.n = (size_t)n;
	a->others = 0;
	while ((name = next_name(&all, name)) != NULL)
		a->others += (kind_of(name) & ~which) != 0;
	good = read_values(a, p, &all, which, last);
out:
	free(large);
	return good;
}

bool
vl_attrs_read(struct vl_attrs *a, int fd, const char *name, unsigned which)
{
	struct place p;
	bool good = false;
	int tries = 0;

	vl_buf_clear(&a->bytes);
	a->flags = 0;
	a->others = 0;
	if (!place_init(&p, fd, name))
		return false;
	do {
		vl_buf_clear(&a->bytes);
		good = read_once(a, &p, which, ++tries == TRIES);
	} while (!good && errno == ENODATA && tries < TRIES);
	if (!good)
		return p.named ? vl_look_proc_failed() : false;
	if ((which & VL_ATTRS_FLAGS) != 0 && !p.named)
		return vl_flags_get(fd, &a->flags);
	return true;
}

bool
vl_attrs_next(struct vl_slice *rest, struct vl_xattr *x)
{
	struct vl_rd rd = { .rest = *rest };
	const uint16_t name_n = vl_rd_u16le(&rd);
	const uint32_t value_n = vl_rd_u32le(&rd);

	x->name = vl_rd_take(&rd, name_n);
	x->value = vl_rd_take(&rd, value_n);
	if (rd.short_)
		return false;
	*rest = rd.rest;
	return true;
}

enum vl_status
vl_attrs_add(struct vl_buf *bytes, struct vl_slice name, struct vl_slice value,
    struct vl_err *err)
{
	enum vl_status st = VL_OK;
	uint8_t *p = NULL;

	if (name.n == 0 || name.n > ATTR_NAME_MAX || value.n > VALUE_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "an extended attribute has a name of %zu bytes and a value "
		    "of %zu",
		    name.n, value.n);
	st = vl_buf_reserve(bytes, HEAD_SIZE + name.n + value.n, err);
	if (st != VL_OK)
		return st;
	p = bytes->p + bytes->n;
	vl_put_u16le(p, (uint16_t)name.n);
	vl_put_u32le(p + 2, (uint32_t)value.n);
	memcpy(p + HEAD_SIZE, name.p, name.n);
	if (value.n > 0)
		memcpy(p + HEAD_SIZE + name.n, value.p, value.n);
	bytes->n += HEAD_SIZE + name.n + value.n;
	return VL_OK;
}

bool
vl_attrs_valid(struct vl_slice bytes)
{
	struct vl_slice last = { 0 };
	struct vl_xattr x = { 0 };

	while (vl_attrs_next(&bytes, &x)) {
		if (x.name.n == 0 || x.name.n > ATTR_NAME_MAX ||
		    x.value.n > VALUE_MAX ||
		    memchr(x.name.p, 0, x.name.n) != NULL ||
		    vl_slice_cmp(last, x.name) >= 0)
			return false;
		last = x.name;
	}
	return bytes.n == 0;
}

void
vl_attrs_free(struct vl_attrs *a)
{
	if (a == NULL)
		return;
	vl_buf_free(&a->bytes);
	memset(a, 0, sizeof(*a));
}
