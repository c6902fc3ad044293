#ifndef VALISE_TREE_NAMES_H
#define VALISE_TREE_NAMES_H

/*
 * The names in one directory, ascending by bytes, without "." and "..".
 *
 * With a namer they ascend by what they are called: each stands as that, NUL,
 * `0` or, where it is left out, `1`, its own name, NUL.
 */

#include <dirent.h>
#include <stdint.h>

#include <valise/sort.h>
#include <valise/tree.h>

#define NAMES_IN_MEMORY   65536u     /* of one directory; beyond, on disk */
#define NAMES_SORT_MEMORY (8u << 20) /* of the sort on disk */

/* All zero is empty. */
struct names {
	struct vl_buf text; /* each with its NUL */
	uint32_t *at;       /* where in text, sorted */
	size_t n;
	size_t cap;
	size_t next;
	struct vl_sort *sort; /* instead, for very many; or NULL */
	size_t longest;       /* bytes of the longest name, as it travels */
	struct vl_buf item;   /* with a namer: the name in hand */
	bool named;           /* there is one */
};

/* One name; p is NULL at the end. */
struct name {
	struct vl_slice here;
	struct vl_slice as; /* as it travels */
	bool left;          /* left out */
};

struct names_opts {
	const char *tempdir; /* NULL: everything stays in memory */
	const char *after;   /* only names behind this one, as they travel */
	const struct vl_namer *namer; /* or NULL */
	struct vl_slice dir;          /* for it */
	void *block; /* for getdents64(), aligned as malloc does */
	size_t block_size;
};

/*
 * Read the directory `fd` from its beginning into `names`, which must be
 * empty.  VL_OK with *cause an errno when the directory refuses to be read.
 */
enum vl_status vl_names_load(struct names *names, int fd,
    const struct names_opts *opts, int *cause, struct vl_err *err);
/* The next name, valid until the next call or clear. */
enum vl_status vl_names_next(
    struct names *names, struct name *name, struct vl_err *err);
/* Memory that it holds on to. */
size_t vl_names_memory(const struct names *names);
/* Forget all; small buffers are kept for the next directory. */
void vl_names_clear(struct names *names);
void vl_names_free(struct names *names);

#endif
