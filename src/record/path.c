/* Paths in a manifest: their order and their rules (formats/manifest.md). */

#include <string.h>

#include <valise/entry.h>
#include <valise/text.h>

#define ID_DIGITS 32 /* of an import */

int
vl_path_cmp(struct vl_slice a, struct vl_slice b)
{
	const size_t n = a.n < b.n ? a.n : b.n;
	uint64_t x;
	uint64_t y;
	size_t i = 0;

	/* Neighbours in a walk share most of their bytes: go by words. */
	for (; n - i >= sizeof(x); i += sizeof(x)) {
		memcpy(&x, a.p + i, sizeof(x));
		memcpy(&y, b.p + i, sizeof(y));
		if (x != y)
			break;
	}
	while (i < n && a.p[i] == b.p[i])
		i++;
	if (i == n)
		return (a.n > b.n) - (a.n < b.n);
	if (a.p[i] == '/')
		return -1;
	if (b.p[i] == '/')
		return 1;
	return a.p[i] < b.p[i] ? -1 : 1;
}

bool
vl_path_below(struct vl_slice path, struct vl_slice dir)
{
	if (dir.n == 0)
		return true;
	return path.n >= dir.n && memcmp(path.p, dir.p, dir.n) == 0 &&
	    (path.n == dir.n || path.p[dir.n] == '/');
}

struct vl_slice
vl_path_parent(struct vl_slice path)
{
	struct vl_slice name = vl_path_name(path);

	path.n -= name.n;
	if (path.n > 0)
		path.n--; /* the slash */
	return path;
}

static bool
is_hex(const uint8_t *p, size_t n)
{
	for (; n > 0; n--, p++)
		if ((*p < '0' || *p > '9') && (*p < 'a' || *p > 'f'))
			return false;
	return true;
}

bool
vl_path_hidden(struct vl_slice path, const char *word)
{
	static const char *const kinds[] = { ".", ".theirs.", ".abandoned.",
		".probe." };
	const uint8_t *slash = path.n == 0 ? NULL : memchr(path.p, '/', path.n);
	size_t n = strlen(word);
	size_t i = 0;

	if (slash != NULL)
		path.n = (size_t)(slash - path.p);
	if (path.n < n || memcmp(path.p, word, n) != 0)
		return false;
	path.p += n;
	path.n -= n;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = strlen(kinds[i]);
		if (path.n == n + ID_DIGITS &&
		    memcmp(path.p, kinds[i], n) == 0 &&
		    is_hex(path.p + n, ID_DIGITS))
			return true;
	}
	return path.n == 0;
}

struct vl_slice
vl_path_name(struct vl_slice path)
{
	const uint8_t *slash = NULL;
	size_t before;

	if (path.n > 0)
		slash = memrchr(path.p, '/', path.n);
	if (slash == NULL)
		return path;
	before = (size_t)(slash - path.p) + 1;
	return (struct vl_slice){ path.p + before, path.n - before };
}

/* Why one component may not stand in a path, or NULL. */
static const char *
name_fault(struct vl_slice name, bool keys)
{
	if (name.n == 0)
		return "has an empty component or a slash at an end";
	if (name.n > VL_NAME_MAX &&
	    !(keys &&
	        (memchr(name.p, '{', name.n) != NULL ||
	            memchr(name.p, '%', name.n) != NULL)))
		return "has a component of more than 255 bytes";
	if (name.p[0] == '.' &&
	    (name.n == 1 || (name.n == 2 && name.p[1] == '.')))
		return "has a component '.' or '..'";
	return NULL;
}

static const char *
path_fault(struct vl_slice path, bool keys)
{
	const uint8_t *end = path.p + path.n;
	const uint8_t *name = path.p;
	const uint8_t *slash = NULL;
	const char *fault = NULL;
	unsigned depth = 0;

	if (path.n > VL_PATH_MAX)
		return "is longer than 8192 bytes";
	if (memchr(path.p, 0, path.n) != NULL)
		return "holds a NUL";
	do {
		slash = memchr(name, '/', (size_t)(end - name));
		if (slash == NULL)
			slash = end;
		fault = name_fault(
		    (struct vl_slice){ name, (size_t)(slash - name) }, keys);
		if (fault != NULL)
			return fault;
		if (++depth > VL_PATH_DEPTH_MAX)
			return "has more than 1000 components";
		name = slash + 1;
	} while (slash != end);
	return NULL;
}

static enum vl_status
check(struct vl_slice path, bool keys, struct vl_err *err)
{
	const char *fault = NULL;
	char text[256];

	if (path.n == 0)
		return VL_OK;
	fault = path_fault(path, keys);
	if (fault == NULL)
		return VL_OK;
	return vl_fail(err, VL_EPATH, "path '%s' %s",
	    vl_escape_text(text, sizeof(text), path), fault);
}

enum vl_status
vl_path_check(struct vl_slice path, struct vl_err *err)
{
	return check(path, false, err);
}

enum vl_status
vl_path_check_line(struct vl_slice path, struct vl_err *err)
{
	return check(path, true, err);
}

bool
vl_link_stays_inside(struct vl_slice path, struct vl_slice target)
{
	const uint8_t *end = target.p + target.n;
	const uint8_t *name = target.p;
	const uint8_t *slash = NULL;
	bool down = false; /* behind a name, which may be of a link */
	size_t dirs = 0;
	size_t n;
	size_t i;

	if (target.n == 0 || target.p[0] == '/')
		return false;
	for (i = 0; i < path.n; i++)
		dirs += path.p[i] == '/';
	do {
		slash = memchr(name, '/', (size_t)(end - name));
		if (slash == NULL)
			slash = end;
		n = (size_t)(slash - name);
		if (n == 2 && name[0] == '.' && name[1] == '.') {
			if (down || dirs == 0)
				return false;
			dirs--;
		} else if (n > 1 || (n == 1 && name[0] != '.')) {
			down = true;
		}
		name = slash + 1;
	} while (slash != end);
	return true;
}
