#ifndef VALISE_SORT_H
#define VALISE_SORT_H

/*
 * External merge sort of byte strings with bounded memory: items in any
 * order in, the same items ascending by bytes out (memcmp, a prefix before
 * what it begins).  Equal items are kept.
 *
 *	new -> add* -> finish -> next* -> (again -> add* ...) -> free
 *
 * Up to `memory` bytes (never less than 272 KiB) stay in memory; beyond,
 * sorted runs go to unlinked files in directory `dir`, two at most at a time.
 */

#include <valise/bytes.h>
#include <valise/pool.h>

#define VL_SORT_ITEM_MAX 65536

struct vl_sort;

enum vl_status vl_sort_new(
    struct vl_sort **out, const char *dir, size_t memory, struct vl_err *err);
/* Before the first item: a worker makes runs while more items are added.  NULL:
 * whoever adds them does. */
void vl_sort_beside(struct vl_sort *s, struct vl_pool *pool);
/* `item` (at most VL_SORT_ITEM_MAX bytes) is copied. */
enum vl_status vl_sort_add(
    struct vl_sort *s, struct vl_slice item, struct vl_err *err);
/* An item that is put together. */
enum vl_status vl_sort_add_parts(struct vl_sort *s,
    const struct vl_slice *parts, size_t nparts, struct vl_err *err);
/* Forget all items, to add others: memory and file are used again. */
void vl_sort_again(struct vl_sort *s);
enum vl_status vl_sort_finish(struct vl_sort *s, struct vl_err *err);
/* The next item, valid until the next call; `item->p` is NULL at the end. */
enum vl_status vl_sort_next(
    struct vl_sort *s, struct vl_slice *item, struct vl_err *err);
void vl_sort_free(struct vl_sort *s);

#endif
