#ifndef VALISE_TABLE_H
#define VALISE_TABLE_H

/*
 * A hash table that does not live in memory: keys of 16 bytes (an inode, or
 * a hash of something longer), each with a word that may change and a value
 * that does not.  Everything stands in unlinked files of directory `dir`,
 * the slots mapped, so that the kernel may write out and drop what is not in
 * use; nothing is made before the first key is put.
 */

#include <valise/bytes.h>

#define VL_TABLE_KEY_SIZE  16
#define VL_TABLE_VALUE_MAX 65536

struct vl_table;

enum vl_status vl_table_new(
    struct vl_table **out, const char *dir, struct vl_err *err);
/* `key` must be new. */
enum vl_status vl_table_put(struct vl_table *t,
    const uint8_t key[VL_TABLE_KEY_SIZE], struct vl_slice value, uint64_t word,
    struct vl_err *err);
/* The word of `key`, to be read and changed until the next put; NULL: the
 * key is not there. */
uint64_t *vl_table_word(
    struct vl_table *t, const uint8_t key[VL_TABLE_KEY_SIZE]);
/* The value of `key`, which is there, into `out` (replaced). */
enum vl_status vl_table_value(struct vl_table *t,
    const uint8_t key[VL_TABLE_KEY_SIZE], struct vl_buf *out,
    struct vl_err *err);
uint64_t vl_table_count(const struct vl_table *t);
/* Every key and word in any order: call with *at 0 first; NULL at the end. */
const uint8_t *vl_table_each(
    const struct vl_table *t, uint64_t *at, uint64_t *word);
void vl_table_free(struct vl_table *t);

#endif
