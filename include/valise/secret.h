#ifndef VALISE_SECRET_H
#define VALISE_SECRET_H

/*
 * Memory for keys: locked, guarded by unreadable pages, wiped when freed.
 * sodium_malloc does not fail when locking does; vl_secret_locked() tells,
 * so that a program can say so once.
 */

#include <stdbool.h>
#include <stddef.h>

#include <valise/bytes.h>

/* No core dumps, not dumpable, libsodium ready.  First call of a program. */
bool vl_secret_init(void);
void *vl_secret_alloc(size_t n); /* zeroed; NULL when memory is exhausted */
void vl_secret_free(void *p);    /* wipes; NULL is allowed */
void vl_secret_wipe(void *p, size_t n);
/* Wipe what functions that returned have left on the stack of this thread, as
 * ciphers and hashes do. */
void vl_secret_wipe_stack(void);
/* False once any allocation could not be locked into memory. */
bool vl_secret_locked(void);
/* From now on it is false: another process that holds keys of this run could
 * not lock them. */
void vl_secret_note_unlocked(void);

/* Bytes in such memory that grow; all zero is empty. */
struct vl_locked {
	uint8_t *p;
	size_t n;
	size_t cap;
};

struct vl_slice vl_locked_slice(const struct vl_locked *l);
/* Make room for `more` bytes after the `n` that are there. */
enum vl_status vl_locked_reserve(
    struct vl_locked *l, size_t more, struct vl_err *err);
enum vl_status vl_locked_add(
    struct vl_locked *l, struct vl_slice bytes, struct vl_err *err);
void vl_locked_clear(struct vl_locked *l); /* wipes, keeps the memory */
void vl_locked_free(struct vl_locked *l);  /* wipes */

#endif
