/*
 * A hash table in two unlinked files: slots, mapped, at most half of them in
 * use, so that what is looked for stands at its place or soon behind it; and
 * values, one behind the other.  Where the slots get too many, a file of
 * twice as many takes their place.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <valise/fs.h>
#include <valise/table.h>

#include "path.h"

#define SLOTS_FIRST 4096u

struct slot {
	uint8_t key[VL_TABLE_KEY_SIZE];
	uint64_t word;
	uint64_t at; /* where the value begins */
	uint32_t n;  /* bytes of the value */
	uint32_t used;
};

/* Slots, a power of two of them; no file where `count` is 0. */
struct slots {
	struct slot *slot;
	uint64_t count;
	int fd;
};

struct vl_table {
	char *dir;
	uint64_t seed[2];
	struct slots slots;
	uint64_t used;
	int values; /* -1: none yet */
	uint64_t end;
};

enum vl_status
vl_table_new(struct vl_table **out, const char *dir, struct vl_err *err)
{
	struct vl_table *t = calloc(1, sizeof(*t));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (t == NULL)
		return vl_fail_memory(err);
	t->slots.fd = -1;
	t->values = -1;
	t->dir = strdup(dir);
	if (t->dir == NULL)
		st = vl_fail_memory(err);
	else if (getrandom(t->seed, sizeof(t->seed), 0) != sizeof(t->seed))
		st = vl_fail_errno(err, "cannot get random bytes");
	if (st != VL_OK) {
		vl_table_free(t);
		return st;
	}
	*out = t;
	return VL_OK;
}

static void
close_slots(struct slots *s)
{
	if (s->slot != NULL)
		(void)munmap(s->slot, (size_t)(s->count * sizeof(*s->slot)));
	if (s->fd >= 0)
		(void)close(s->fd);
	*s = (struct slots){ .fd = -1 };
}

/* A file of empty slots.  All of it is allocated, because a page that finds
 * the disk full when it is written to would end the process. */
static enum vl_status
open_slots(struct slots *s, const char *dir, uint64_t count, struct vl_err *err)
{
	const size_t size = (size_t)(count * sizeof(*s->slot));
	enum vl_status st = VL_OK;
	void *p = MAP_FAILED;
	struct shown shown;
	int rc = EINTR;

	*s = (struct slots){ .fd = -1 };
	if (count > PTRDIFF_MAX / sizeof(*s->slot))
		return vl_fail_memory(err);
	st = vl_temp_file(&s->fd, dir, err);
	if (st != VL_OK)
		return st;
	while (rc == EINTR)
		rc = posix_fallocate(s->fd, 0, (off_t)size);
	if (rc == 0) {
		p = mmap(
		    NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd, 0);
		rc = p == MAP_FAILED ? errno : 0;
	}
	if (rc != 0) {
		close_slots(s);
		errno = rc;
		return vl_fail_errno(err,
		    "cannot make a table of %zu bytes in folder '%s'", size,
		    show_name(&shown, dir));
	}
	s->slot = p;
	s->count = count;
	return VL_OK;
}

/*
 * Where the search for `key` begins.  A key may be chosen by somebody (who
 * makes files until their inodes suit), the seed may not.
 */
static uint64_t
hash(const struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE])
{
	uint64_t part[2] = { 0 };
	uint64_t h = 0;

	memcpy(part, key, sizeof(part));
	h = (part[0] ^ t->seed[0]) * 0x9e3779b97f4a7c15u;
	h ^= h >> 29;
	h = (h + (part[1] ^ t->seed[1])) * 0xbf58476d1ce4e5b9u;
	h ^= h >> 32;
	h *= 0x94d049bb133111ebu;
	return h ^ h >> 31;
}

/* The slot of `key`, or the free one where it would stand. */
static struct slot *
find(const struct vl_table *t, const struct slots *s,
    const uint8_t key[VL_TABLE_KEY_SIZE])
{
	uint64_t i = hash(t, key) & (s->count - 1);

	while (s->slot[i].used &&
	    memcmp(s->slot[i].key, key, VL_TABLE_KEY_SIZE) != 0)
		i = (i + 1) & (s->count - 1);
	return &s->slot[i];
}

static enum vl_status
grow(struct vl_table *t, struct vl_err *err)
{
	struct slots more = { .fd = -1 };
	const uint64_t count =
	    t->slots.count == 0 ? SLOTS_FIRST : t->slots.count * 2;
	enum vl_status st = open_slots(&more, t->dir, count, err);
	uint64_t i;

	if (st != VL_OK)
		return st;
	for (i = 0; i < t->slots.count; i++)
		if (t->slots.slot[i].used)
			*find(t, &more, t->slots.slot[i].key) =
			    t->slots.slot[i];
	close_slots(&t->slots);
	t->slots = more;
	return VL_OK;
}

static enum vl_status
add_value(struct vl_table *t, struct vl_slice value, struct vl_err *err)
{
	enum vl_status st = VL_OK;

	if (value.n == 0)
		return VL_OK;
	if (t->values < 0)
		st = vl_temp_file(&t->values, t->dir, err);
	if (st == VL_OK)
		st = vl_pwrite_all(t->values, value, (off_t)t->end, err);
	if (st == VL_OK)
		t->end += value.n;
	return st;
}

enum vl_status
vl_table_put(struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE],
    struct vl_slice value, uint64_t word, struct vl_err *err)
{
	struct slot *slot = NULL;
	enum vl_status st = VL_OK;

	if (value.n > VL_TABLE_VALUE_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a value of %zu bytes is too long for a table", value.n);
	if (t->used >= t->slots.count / 2)
		st = grow(t, err);
	if (st == VL_OK)
		st = add_value(t, value, err);
	if (st != VL_OK)
		return st;
	slot = find(t, &t->slots, key);
	memcpy(slot->key, key, VL_TABLE_KEY_SIZE);
	slot->word = word;
	slot->at = t->end - value.n;
	slot->n = (uint32_t)value.n;
	slot->used = 1;
	t->used++;
	return VL_OK;
}

uint64_t *
vl_table_word(struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE])
{
	struct slot *slot = NULL;

	if (t->used == 0)
		return NULL;
	slot = find(t, &t->slots, key);
	return slot->used ? &slot->word : NULL;
}

enum vl_status
vl_table_value(struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE],
    struct vl_buf *out, struct vl_err *err)
{
	const struct slot *slot = find(t, &t->slots, key);
	enum vl_status st = VL_OK;
	size_t got = 0;

	vl_buf_clear(out);
	st = vl_buf_reserve(out, slot->n, err);
	if (st == VL_OK && slot->n > 0)
		st = vl_pread_full(
		    t->values, out->p, slot->n, (off_t)slot->at, &got, err);
	if (st != VL_OK)
		return st;
	if (got != slot->n)
		return vl_fail(
		    err, VL_EIO, "a temporary file of a table was cut short");
	out->n = got;
	return VL_OK;
}

uint64_t
vl_table_count(const struct vl_table *t)
{
	return t->used;
}

const uint8_t *
vl_table_each(const struct vl_table *t, uint64_t *at, uint64_t *word)
{
	const struct slot *slot = NULL;

	while (*at < t->slots.count) {
		slot = &t->slots.slot[(*at)++];
		if (slot->used) {
			*word = slot->word;
			return slot->key;
		}
	}
	return NULL;
}

void
vl_table_free(struct vl_table *t)
{
	if (t == NULL)
		return;
	close_slots(&t->slots);
	if (t->values >= 0)
		(void)close(t->values);
	free(t->dir);
	free(t);
}
