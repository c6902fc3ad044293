/*
 * The system calls of a child that has its threads, its memory and its
 * channels already: to read and write what it was handed, to take memory
 * that cannot be run, and to end.  Whatever else it asks for ends it.
 *
 * The list is a program for the kernel, written here by hand: a load, and a
 * comparison for each number.
 */

#include "private.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
#else
#define MACHINE 0 /* none that this list was tried on */
#endif

static const unsigned allowed[] = {
	/* Its channels and files. */
	__NR_sendmsg, __NR_recvmsg, __NR_sendto, __NR_recvfrom, __NR_read,
	__NR_write, __NR_pread64, __NR_pwrite64, __NR_lseek, __NR_close,
	/* Its memory. */
	__NR_munmap, __NR_mremap, __NR_madvise, __NR_brk, __NR_mlock,
	__NR_munlock, __NR_getrandom,
	/* Its threads and their end. */
	__NR_futex, __NR_sched_yield, __NR_rt_sigreturn, __NR_rt_sigprocmask,
	__NR_restart_syscall, __NR_clock_gettime, __NR_exit, __NR_exit_group
};
/* With memory that is not to be run. */
static const unsigned memory[] = { __NR_mmap, __NR_mprotect };

#define NALLOWED (sizeof(allowed) / sizeof(allowed[0]))
#define NMEMORY  (sizeof(memory) / sizeof(memory[0]))
#define PROGRAM  (8 + 2 * NALLOWED + 4 * NMEMORY)

struct program {
	struct sock_filter code[PROGRAM];
	unsigned short n;
};

static void
add(struct program *p, unsigned code, uint32_t k, unsigned yes, unsigned no)
{
	p->code[p->n++] = (struct sock_filter){ (uint16_t)code, (uint8_t)yes,
		(uint8_t)no, k };
}

static void
load(struct program *p, size_t at)
{
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at, 0, 0);
}

static void
make_program(struct program *p)
{
	size_t i = 0;

	p->n = 0;
	load(p, offsetof(struct seccomp_data, arch));
	add(p, BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0);
	add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
	load(p, offsetof(struct seccomp_data, nr));
	for (i = 0; i < NALLOWED; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	}
	/* The third argument of both is the protection; the machines of the
	 * list have their low half first. */
	for (i = 0; i < NMEMORY; i++) {
		add(p, BPF_JMP | BPF_JEQ | BPF_K, memory[i], 0, 3);
		load(p, offsetof(struct seccomp_data, args) + 2 * 8);
		add(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC,
		    (unsigned)(4 * (NMEMORY - i) - 3), 0);
		add(p, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	}
	add(p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

bool
cage_can_filter(void)
{
	const uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return MACHINE != 0 &&
	    syscall(__NR_seccomp, SECCOMP_GET_ACTION_AVAIL, 0u, &action) == 0;
}

bool
vl_cage_shut(void)
{
	struct program p = { .n = 0 };
	struct sock_fprog prog = { 0 };

	if (CAGE_SANITIZED || !cage_can_filter())
		return true;
	make_program(&p);
	prog.len = p.n;
	prog.filter = p.code;
	return syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
	           SECCOMP_FILTER_FLAG_TSYNC, &prog) == 0;
}
