/*
 * keepmem GIB: hold every second 64 KiB of GIB until killed.
 *
 * A virtual machine may hand freed memory back to its host in large pieces,
 * and pay for each page that it touches anew.  What is freed between the
 * pieces held here stays, so that runs that need more memory than those
 * before are not measured against the host.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE (64u << 10)
#define PAGE  4096u

int
main(int argc, char **argv)
{
	size_t n = argc == 2 ? strtoul(argv[1], NULL, 10) << 30 : 0;
	size_t at;
	char *p;

	p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0);
	if (p == MAP_FAILED) {
		(void)fprintf(stderr, "usage: keepmem GIB\n");
		return 2;
	}
	(void)madvise(p, n, MADV_NOHUGEPAGE);
	for (at = 0; at < n; at += PAGE)
		p[at] = 1;
	for (at = 0; at < n; at += 2 * PIECE)
		(void)madvise(p + at, PIECE, MADV_DONTNEED);
	(void)puts("held");
	(void)fflush(stdout);
	(void)pause();
	return 0;
}
