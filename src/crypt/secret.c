/*
 * Memory for keys over sodium_malloc: a guard page behind it, locked, not
 * dumped, wiped when freed.
 */

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <valise/banned.h>
#include <valise/secret.h>

/* Bytes of stack that a cipher or hash may have used. */
#define STACK_WIPED 32768

/* The locking limit belongs to the process, and so does the answer. */
static atomic_bool lock_failed;

bool
vl_secret_init(void)
{
	struct rlimit none = { 0, 0 };

	/* A core_pattern that is a pipe does not ask for the limit; nothing is
	 * dumped of a process that is not dumpable. */
	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return false;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return false;
	return sodium_init() >= 0;
}

/* A child has no use for a secret; the pages are not even mapped there. */
static void
keep_from_children(void *p, size_t n)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t from = (uintptr_t)p / page * page;

	(void)madvise((void *)from, (uintptr_t)p + n - from, MADV_DONTFORK);
}

void *
vl_secret_alloc(size_t n)
{
	const size_t align = _Alignof(max_align_t);
	void *p = NULL;

	/* It ends at a page boundary, so its size decides its alignment. */
	if (n > SIZE_MAX - align)
		return NULL;
	n = (n + align - 1) / align * align;
	p = sodium_malloc(n);
	if (p == NULL)
		return NULL;
	memset(p, 0, n);
	keep_from_children(p, n);
	/* sodium_malloc has tried and kept silent; asking again is free. */
	if (sodium_mlock(p, n) != 0)
		atomic_store(&lock_failed, true);
	return p;
}

void
vl_secret_free(void *p)
{
	sodium_free(p);
}

void
vl_secret_wipe(void *p, size_t n)
{
	sodium_memzero(p, n);
}

void
vl_secret_wipe_stack(void)
{
	sodium_stackzero(STACK_WIPED);
}

bool
vl_secret_locked(void)
{
	return !atomic_load(&lock_failed);
}

void
vl_secret_note_unlocked(void)
{
	atomic_store(&lock_failed, true);
}
