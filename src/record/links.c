/*
 * Hard links, in three tables: of each path that is named, itself and the
 * caller's word; of each such path, which name came last and whether it was
 * met; and the names, counted from 1, each with the one before it.
 */

#include <stdlib.h>
#include <string.h>

#include <valise/crypt.h>
#include <valise/links.h>
#include <valise/text.h>

#define MET       1u /* in a word of `state`; above it, the last name */
#define NAME_HEAD 8  /* the number of the name before it, or 0 */

struct vl_links {
	struct vl_table *named; /* hash of path: path, word of the caller */
	struct vl_table *state; /* hash of path */
	struct vl_table *names; /* number */
};

struct key {
	uint8_t bytes[VL_TABLE_KEY_SIZE];
};

static struct key
key_of_path(struct vl_slice path)
{
	uint8_t hash[VL_HASH_SIZE];
	struct key key = { 0 };

	vl_hash_of(hash, NULL, path);
	memcpy(key.bytes, hash, sizeof(key.bytes));
	return key;
}

static struct key
key_of_number(uint64_t number)
{
	struct key key = { 0 };

	vl_put_u64le(key.bytes, number);
	return key;
}

enum vl_status
vl_links_new(struct vl_links **out, const char *dir, struct vl_err *err)
{
	struct vl_links *l = calloc(1, sizeof(*l));
	enum vl_status st = VL_OK;

	*out = NULL;
	if (l == NULL)
		return vl_fail_memory(err);
	st = vl_table_new(&l->named, dir, err);
	if (st == VL_OK)
		st = vl_table_new(&l->state, dir, err);
	if (st == VL_OK)
		st = vl_table_new(&l->names, dir, err);
	if (st != VL_OK) {
		vl_links_free(l);
		return st;
	}
	*out = l;
	return VL_OK;
}

/* Append a name to the chain that ends with number `last`. */
static enum vl_status
add_name(
    struct vl_links *l, uint64_t last, struct vl_slice path, struct vl_err *err)
{
	const struct key key = key_of_number(vl_table_count(l->names) + 1);
	struct vl_buf value = { 0 };
	enum vl_status st = vl_buf_reserve(&value, NAME_HEAD + path.n, err);

	if (st == VL_OK) {
		vl_put_u64le(value.p, last);
		value.n = NAME_HEAD;
		st = vl_buf_add(&value, path, err);
	}
	if (st == VL_OK)
		st = vl_table_put(
		    l->names, key.bytes, vl_buf_slice(&value), 0, err);
	vl_buf_free(&value);
	return st;
}

enum vl_status
vl_links_add(struct vl_links *l, struct vl_slice to, struct vl_slice path,
    struct vl_err *err)
{
	const struct vl_slice none = { 0 };
	const struct key key = key_of_path(to);
	uint64_t *state = vl_table_word(l->state, key.bytes);
	enum vl_status st = VL_OK;

	st = add_name(l, state == NULL ? 0 : *state >> 1, path, err);
	if (st == VL_OK && state == NULL) {
		st = vl_table_put(l->named, key.bytes, to, 0, err);
		if (st == VL_OK)
			st = vl_table_put(l->state, key.bytes, none, 0, err);
		if (st == VL_OK)
			state = vl_table_word(l->state, key.bytes);
	}
	if (st == VL_OK)
		*state = vl_table_count(l->names) << 1 | (*state & MET);
	return st;
}

bool
vl_links_any(const struct vl_links *l)
{
	return vl_table_count(l->state) > 0;
}

uint64_t *
vl_links_leader(struct vl_links *l, struct vl_slice path)
{
	struct key key = { 0 };
	uint64_t *state = NULL;

	if (!vl_links_any(l))
		return NULL;
	key = key_of_path(path);
	state = vl_table_word(l->state, key.bytes);
	if (state == NULL)
		return NULL;
	*state |= MET;
	return vl_table_word(l->named, key.bytes);
}

uint64_t *
vl_links_of(struct vl_links *l, struct vl_slice to)
{
	const struct key key = key_of_path(to);
	const uint64_t *state = vl_table_word(l->state, key.bytes);

	if (state == NULL || (*state & MET) == 0)
		return NULL;
	return vl_table_word(l->named, key.bytes);
}

/* Name `number` into `value`; *path is in it, *before the one before it. */
static enum vl_status
get_name(struct vl_links *l, uint64_t number, struct vl_buf *value,
    struct vl_slice *path, struct vl_err *err)
{
	const struct key key = key_of_number(number);
	enum vl_status st = vl_table_value(l->names, key.bytes, value, err);

	if (st == VL_OK)
		*path = (struct vl_slice){ value->p + NAME_HEAD,
			value->n - NAME_HEAD };
	return st;
}

enum vl_status
vl_links_names(struct vl_links *l, struct vl_slice to,
    bool (*each)(void *arg, struct vl_slice path), void *arg,
    struct vl_err *err)
{
	const struct key key = key_of_path(to);
	const uint64_t *state = vl_table_word(l->state, key.bytes);
	uint64_t number = state == NULL ? 0 : *state >> 1;
	struct vl_buf value = { 0 };
	struct vl_slice path = { 0 };
	struct vl_rd rd = { 0 };
	enum vl_status st = VL_OK;

	while (number != 0) {
		st = get_name(l, number, &value, &path, err);
		if (st != VL_OK || !each(arg, path))
			break;
		rd.rest = vl_buf_slice(&value);
		number = vl_rd_u64le(&rd);
	}
	vl_buf_free(&value);
	return st;
}

/* Say which hard link leads nowhere: name `number`, to what `key` stands for.
 */
static enum vl_status
unanswered(struct vl_links *l, const struct key *key, uint64_t number,
    struct vl_err *err)
{
	struct vl_buf to = { 0 };
	struct vl_buf name = { 0 };
	struct vl_slice path = { 0 };
	char shown[512];
	char shown_to[512];
	enum vl_status st = vl_table_value(l->named, key->bytes, &to, err);

	if (st == VL_OK)
		st = get_name(l, number, &name, &path, err);
	if (st == VL_OK)
		st = vl_fail(err, VL_EPATH,
		    "'%s' is a hard link to '%s', which is no file of the "
		    "bundle",
		    vl_escape_text(shown, sizeof(shown), path),
		    vl_escape_text(
		        shown_to, sizeof(shown_to), vl_buf_slice(&to)));
	vl_buf_free(&name);
	vl_buf_free(&to);
	return st;
}

enum vl_status
vl_links_check(struct vl_links *l, struct vl_err *err)
{
	const uint8_t *at = NULL;
	struct key first = { 0 };
	uint64_t number = 0; /* the order of the table is that of no one */
	uint64_t word = 0;
	uint64_t i = 0;

	while ((at = vl_table_each(l->state, &i, &word)) != NULL) {
		if ((word & MET) != 0 || (number != 0 && word >> 1 > number))
			continue;
		number = word >> 1;
		memcpy(first.bytes, at, sizeof(first.bytes));
	}
	return number == 0 ? VL_OK : unanswered(l, &first, number, err);
}

void
vl_links_free(struct vl_links *l)
{
	if (l == NULL)
		return;
	vl_table_free(l->named);
	vl_table_free(l->state);
	vl_table_free(l->names);
	free(l);
}
