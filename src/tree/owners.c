/*
 * Owners and groups by name and number, each asked for once.  The name of a
 * number is asked through libarchive; the number of a name is not, because
 * its writer touches the umask of the whole process.
 */

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <archive.h>

#include <valise/text.h>
#include <valise/tree.h>

#define BUCKETS  256u
#define NO_ID    UINT32_MAX
#define TEXT_MAX (1u << 20) /* of one line of passwd or group */
#define NAME_LEN 255        /* longer names nobody has */
#define UNKNOWN  1024       /* names without a number that are kept */

#define LOST_USER  1u
#define LOST_GROUP 2u
#define TOLD       2 /* bits to the left of these */

/*
 * One pair that was asked for: of a number, with an empty name when it has
 * none, or of a name, with NO_ID when nobody here has it.
 */
struct known {
	struct known *next;
	uint32_t id;
	size_t n;
	char name[];
};

struct vl_owners {
	struct archive *lookup;
	struct known *users[BUCKETS]; /* by number */
	struct known *groups[BUCKETS];
	struct known *uids[BUCKETS]; /* by name */
	struct known *gids[BUCKETS];
	const struct vl_pair *map; /* borrowed */
	size_t nmap;
	uint8_t *lost; /* of each pair: LOST_*, and TOLD */
	size_t nlost;  /* to be told of */
	struct vl_unknown_owner *unknown;
	size_t nunknown;
};

enum vl_status
vl_owners_new(struct vl_owners **out, const struct vl_pair *map, size_t nmap,
    struct vl_err *err)
{
	struct vl_owners *o = calloc(1, sizeof(*o));

	*out = NULL;
	if (o == NULL)
		return vl_fail_memory(err);
	o->map = map;
	o->nmap = nmap;
	o->lost = calloc(nmap + 1, sizeof(*o->lost));
	o->lookup = archive_read_disk_new();
	if (o->lost == NULL || o->lookup == NULL ||
	    archive_read_disk_set_standard_lookup(o->lookup) != ARCHIVE_OK) {
		vl_owners_free(o);
		return vl_fail_memory(err);
	}
	*out = o;
	return VL_OK;
}

/* Remember a pair; NULL without memory, which is as good as unknown. */
static const struct known *
remember(struct known **bucket, uint32_t id, struct vl_slice name)
{
	struct known *k = malloc(sizeof(*k) + name.n);

	if (k == NULL)
		return NULL;
	k->next = *bucket;
	k->id = id;
	k->n = name.n;
	if (name.n > 0)
		memcpy(k->name, name.p, name.n);
	*bucket = k;
	return k;
}

static struct vl_slice
name_of(const struct known *k)
{
	if (k == NULL)
		return (struct vl_slice){ 0 };
	return (struct vl_slice){ (const uint8_t *)k->name, k->n };
}

typedef const char *name_lookup(struct archive *lookup, la_int64_t id);

static struct vl_slice
name_by_id(struct vl_owners *o, struct known *buckets[BUCKETS], uint32_t id,
    name_lookup *ask)
{
	struct known **bucket = &buckets[id % BUCKETS];
	const struct known *k = *bucket;
	struct vl_slice name = { 0 };
	const char *text = NULL;

	while (k != NULL && k->id != id)
		k = k->next;
	if (k != NULL)
		return name_of(k);
	text = ask(o->lookup, id);
	if (text != NULL)
		name = vl_slice_of(text);
	if (!vl_utf8_valid(name))
		name.n = 0;
	return name_of(remember(bucket, id, name));
}

struct vl_slice
vl_owners_user(struct vl_owners *o, uint32_t uid)
{
	return name_by_id(o, o->users, uid, archive_read_disk_uname);
}

struct vl_slice
vl_owners_group(struct vl_owners *o, uint32_t gid)
{
	return name_by_id(o, o->groups, gid, archive_read_disk_gname);
}

/* What getpwnam_r() and getgrnam_r() say: 0, ERANGE for a larger buffer ... */
typedef int id_lookup(const char *name, char *buf, size_t n, uint32_t *id);

static int
ask_uid(const char *name, char *buf, size_t n, uint32_t *id)
{
	struct passwd entry = { 0 };
	struct passwd *found = NULL;
	int rc = getpwnam_r(name, &entry, buf, n, &found);

	if (rc == 0 && found != NULL)
		*id = found->pw_uid;
	return rc;
}

static int
ask_gid(const char *name, char *buf, size_t n, uint32_t *id)
{
	struct group entry = { 0 };
	struct group *found = NULL;
	int rc = getgrnam_r(name, &entry, buf, n, &found);

	if (rc == 0 && found != NULL)
		*id = found->gr_gid;
	return rc;
}

/* Ask the system, with as large a buffer as it takes (groups are long). */
static uint32_t
id_of(const char *name, id_lookup *ask)
{
	uint32_t id = NO_ID;
	char *buf = NULL;
	size_t n;
	int rc = ERANGE;

	for (n = 1024; rc == ERANGE && n <= TEXT_MAX; n *= 4) {
		free(buf);
		buf = malloc(n);
		if (buf == NULL)
			break;
		rc = ask(name, buf, n, &id);
	}
	free(buf);
	return id;
}

/* The number that `text` is, or NO_ID. */
static uint32_t
number_of(const char *text)
{
	const size_t n = strspn(text, "0123456789");
	unsigned long long v = 0;

	if (n == 0 || text[n] != '\0')
		return NO_ID;
	v = strtoull(text, NULL, 10);
	return v < NO_ID ? (uint32_t)v : NO_ID;
}

/* The place of `name` in the map; o->nmap: it is not there. */
static size_t
mapped(const struct vl_owners *o, const char *name)
{
	size_t i = 0;

	while (i < o->nmap && strcmp(o->map[i].from, name) != 0)
		i++;
	return i;
}

static void
note_lost(struct vl_owners *o, size_t at, bool group)
{
	const unsigned bit = group ? LOST_GROUP : LOST_USER;

	if ((o->lost[at] & (bit | bit << TOLD)) != 0)
		return;
	o->lost[at] = (uint8_t)(o->lost[at] | bit);
	o->nlost++;
}

bool
vl_owners_lost(struct vl_owners *o, struct vl_lost_owner *lost)
{
	unsigned bit = 0;
	size_t i = 0;

	if (o->nlost == 0)
		return false;
	while ((o->lost[i] & (LOST_USER | LOST_GROUP)) == 0)
		i++;
	bit = (o->lost[i] & LOST_USER) != 0 ? LOST_USER : LOST_GROUP;
	o->lost[i] = (uint8_t)((o->lost[i] & ~bit) | bit << TOLD);
	o->nlost--;
	*lost = (struct vl_lost_owner){ .from = o->map[i].from,
		.to = o->map[i].to,
		.group = bit == LOST_GROUP };
	return true;
}

/* Without memory it is not told; nothing else depends on it. */
static void
note_unknown(struct vl_owners *o, const char *name, bool group, uint32_t number)
{
	struct vl_unknown_owner *u = o->unknown;
	size_t i;

	for (i = 0; i < o->nunknown; i++)
		if (u[i].group == group && strcmp(u[i].name, name) == 0)
			return;
	if (o->nunknown == UNKNOWN)
		return;
	if (u == NULL) {
		u = calloc(UNKNOWN, sizeof(*u));
		o->unknown = u;
	}
	if (u == NULL)
		return;
	u[o->nunknown].name = strdup(name);
	if (u[o->nunknown].name == NULL)
		return;
	u[o->nunknown].group = group;
	u[o->nunknown++].number = number;
}

/* The number of `name`, by the map or else by the system; NO_ID. */
static uint32_t
resolve(struct vl_owners *o, const char *name, bool group, uint32_t fallback)
{
	const size_t at = mapped(o, name);
	const bool is_mapped = at < o->nmap;
	uint32_t id = is_mapped ? number_of(o->map[at].to) : NO_ID;

	if (id == NO_ID)
		id = id_of(is_mapped ? o->map[at].to : name,
		    group ? ask_gid : ask_uid);
	if (id == NO_ID && is_mapped)
		note_lost(o, at, group);
	else if (id == NO_ID)
		note_unknown(o, name, group, fallback);
	return id;
}

static uint32_t
id_by_name(
    struct vl_owners *o, bool group, struct vl_slice name, uint32_t fallback)
{
	struct known **bucket = NULL;
	const struct known *k = NULL;
	char text[NAME_LEN + 1];
	uint32_t hash = 0;
	uint32_t id = NO_ID;
	size_t i;

	for (i = 0; i < name.n; i++)
		hash = hash * 31 + name.p[i];
	bucket = &(group ? o->gids : o->uids)[hash % BUCKETS];
	k = *bucket;
	while (k != NULL && !vl_slice_equal(name_of(k), name))
		k = k->next;
	if (k != NULL)
		return k->id == NO_ID ? fallback : k->id;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	id = resolve(o, text, group, fallback);
	(void)remember(bucket, id, name);
	return id == NO_ID ? fallback : id;
}

/*
 * A number without a name is only looked for in the map: as text it is a name
 * like others there.
 */
static uint32_t
id_of_owner(
    struct vl_owners *o, bool group, struct vl_slice name, uint32_t number)
{
	char text[NAME_LEN + 1];

	if (name.n > 0 && memchr(name.p, 0, name.n) != NULL)
		return number;
	if (name.n > NAME_LEN) {
		memcpy(text, name.p, NAME_LEN);
		text[NAME_LEN] = '\0';
		note_unknown(o, text, group, number);
		return number;
	}
	if (name.n > 0)
		return id_by_name(o, group, name, number);
	(void)snprintf(text, sizeof(text), "%u", number);
	if (mapped(o, text) == o->nmap)
		return number;
	return id_by_name(o, group, vl_slice_of(text), number);
}

uint32_t
vl_owners_uid(struct vl_owners *o, struct vl_slice name, uint32_t fallback)
{
	return id_of_owner(o, false, name, fallback);
}

uint32_t
vl_owners_gid(struct vl_owners *o, struct vl_slice name, uint32_t fallback)
{
	return id_of_owner(o, true, name, fallback);
}

const struct vl_unknown_owner *
vl_owners_unknown(const struct vl_owners *o, size_t *n)
{
	*n = o->nunknown;
	return o->unknown;
}

static void
forget(struct known **buckets)
{
	struct known *next = NULL;
	size_t i;

	for (i = 0; i < BUCKETS; i++) {
		for (; buckets[i] != NULL; buckets[i] = next) {
			next = buckets[i]->next;
			free(buckets[i]);
		}
	}
}

void
vl_owners_free(struct vl_owners *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < o->nunknown; i++)
		free(o->unknown[i].name);
	free(o->unknown);
	free(o->lost);
	forget(o->users);
	forget(o->groups);
	forget(o->uids);
	forget(o->gids);
	if (o->lookup != NULL)
		(void)archive_read_free(o->lookup);
	free(o);
}
