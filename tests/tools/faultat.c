/*
 * faultat - let the N-th state-changing system call of a program fail, or
 * kill the program there, or ask it there to stop.
 *
 * One count runs over all threads and children, so that "the N-th" is one
 * point in time; strace's inject counts each name and each thread apart.  A
 * seccomp filter stops the program at the calls of the table below and at no
 * other; this program, its tracer, counts and interferes.
 *
 * With -R it counts reading instead: a medium that fails in the middle.
 *
 * Linux on x86-64.  io_uring and memory maps are invisible to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_SIZE     4352 /* a path of 4,096 behind a directory's name */
#define PREFIXES_MAX  16
#define PROCESSES_MAX 4096
#define EXIT_USAGE    64
#define EXIT_SETUP    65
#define EXIT_KILLED   137

static const char usage[] =
    "usage: faultat [-R] [-l LOG] [-p PREFIX]... [-n N -a ACTION] [-S] --"
    " COMMAND\n"
    "  without -n  count only: \"POINTS=n\" goes to descriptor 3, else stderr\n"
    "  -a kill     SIGKILL to all just before the N-th call runs\n"
    "  -a after    SIGKILL to all just after it returned\n"
    "  -a torn     a write does half of its bytes, then SIGKILL; else: after\n"
    "  -a short    a write does half of its bytes, the program goes on\n"
    "  -a term     SIGTERM to all just before the N-th call, which then runs\n"
    "  -a ENOSPC   (or EIO, EDQUOT, EINTR, EROFS, EMFILE, ENOMEM, EACCES)\n"
    "              the call is not run and fails with it\n"
    "  -S          every later call that can fill a disk fails likewise\n"
    "  -p PREFIX   count only calls on paths that begin so (\"socket:\" too)\n"
    "  -R          count calls that read files and directories instead\n"
    "  -l LOG      a line for each point: number, thread, call, path, length\n"
    "exit: 137 when it killed, else the command's own status\n";

/* Which arguments say what the call works on. */
enum subject {
	ON_FD0,       /* the descriptor in argument 0 */
	ON_FD2,       /* ... in argument 2 */
	ON_PATH0,     /* the path in argument 0 */
	ON_PATH1,     /* ... in argument 1 */
	ON_AT01,      /* path 1, seen from the directory 0 */
	ON_AT12,      /* path 2, seen from the directory 1 */
	ON_PATHS01,   /* from path 0 to path 1 */
	ON_AT01_AT23, /* from path 1 of directory 0 to path 3 of directory 2 */
	ON_NOTHING
};

enum {
	TEARS = 1,    /* argument 2 is a length in bytes: can be done in part */
	FILLS = 2,    /* fails when the disk is full */
	OPENS = 4,    /* counts only when it creates or truncates */
	CONTROLS = 8, /* counts only for the ioctls that change a file */
	READS = 16    /* counts only with -R, and then nothing else does */
};

static const struct call {
	long number;
	const char *name;
	enum subject on;
	unsigned traits;
} calls[] = {
	{ SYS_write, "write", ON_FD0, TEARS | FILLS },
	{ SYS_pwrite64, "pwrite64", ON_FD0, TEARS | FILLS },
	{ SYS_writev, "writev", ON_FD0, FILLS },
	{ SYS_pwritev, "pwritev", ON_FD0, FILLS },
	{ SYS_pwritev2, "pwritev2", ON_FD0, FILLS },
	{ SYS_sendto, "sendto", ON_FD0, TEARS },
	{ SYS_sendmsg, "sendmsg", ON_FD0, 0 },
	{ SYS_sendfile, "sendfile", ON_FD0, FILLS },
	{ SYS_copy_file_range, "copy_file_range", ON_FD2, FILLS },
	{ SYS_fsync, "fsync", ON_FD0, FILLS },
	{ SYS_fdatasync, "fdatasync", ON_FD0, FILLS },
	{ SYS_syncfs, "syncfs", ON_FD0, FILLS },
	{ SYS_sync_file_range, "sync_file_range", ON_FD0, 0 },
	{ SYS_sync, "sync", ON_NOTHING, 0 },
	{ SYS_msync, "msync", ON_NOTHING, 0 },
	{ SYS_ftruncate, "ftruncate", ON_FD0, FILLS },
	{ SYS_truncate, "truncate", ON_PATH0, FILLS },
	{ SYS_fallocate, "fallocate", ON_FD0, FILLS },
	{ SYS_open, "open", ON_PATH0, FILLS | OPENS },
	{ SYS_openat, "openat", ON_AT01, FILLS | OPENS },
	{ SYS_openat2, "openat2", ON_AT01, FILLS | OPENS },
	{ SYS_creat, "creat", ON_PATH0, FILLS },
	{ SYS_mkdir, "mkdir", ON_PATH0, FILLS },
	{ SYS_mkdirat, "mkdirat", ON_AT01, FILLS },
	{ SYS_mknod, "mknod", ON_PATH0, FILLS },
	{ SYS_mknodat, "mknodat", ON_AT01, FILLS },
	{ SYS_link, "link", ON_PATHS01, FILLS },
	{ SYS_linkat, "linkat", ON_AT01_AT23, FILLS },
	{ SYS_symlink, "symlink", ON_PATH1, FILLS },
	{ SYS_symlinkat, "symlinkat", ON_AT12, FILLS },
	{ SYS_rename, "rename", ON_PATHS01, FILLS },
	{ SYS_renameat, "renameat", ON_AT01_AT23, FILLS },
	{ SYS_renameat2, "renameat2", ON_AT01_AT23, FILLS },
	{ SYS_unlink, "unlink", ON_PATH0, 0 },
	{ SYS_unlinkat, "unlinkat", ON_AT01, 0 },
	{ SYS_rmdir, "rmdir", ON_PATH0, 0 },
	{ SYS_chmod, "chmod", ON_PATH0, 0 },
	{ SYS_fchmod, "fchmod", ON_FD0, 0 },
	{ SYS_fchmodat, "fchmodat", ON_AT01, 0 },
	{ SYS_chown, "chown", ON_PATH0, 0 },
	{ SYS_lchown, "lchown", ON_PATH0, 0 },
	{ SYS_fchown, "fchown", ON_FD0, 0 },
	{ SYS_fchownat, "fchownat", ON_AT01, 0 },
	{ SYS_utimensat, "utimensat", ON_AT01, 0 },
	{ SYS_setxattr, "setxattr", ON_PATH0, FILLS },
	{ SYS_lsetxattr, "lsetxattr", ON_PATH0, FILLS },
	{ SYS_fsetxattr, "fsetxattr", ON_FD0, FILLS },
	{ SYS_removexattr, "removexattr", ON_PATH0, 0 },
	{ SYS_lremovexattr, "lremovexattr", ON_PATH0, 0 },
	{ SYS_fremovexattr, "fremovexattr", ON_FD0, 0 },
	{ SYS_ioctl, "ioctl", ON_FD0, CONTROLS },
	{ SYS_read, "read", ON_FD0, TEARS | READS },
	{ SYS_pread64, "pread64", ON_FD0, TEARS | READS },
	{ SYS_readv, "readv", ON_FD0, READS },
	{ SYS_getdents64, "getdents64", ON_FD0, READS },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static const struct {
	const char *name;
	int value;
} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO }, { "EDQUOT", EDQUOT },
	{ "EINTR", EINTR }, { "EROFS", EROFS }, { "EMFILE", EMFILE },
	{ "ENOMEM", ENOMEM }, { "EACCES", EACCES } };

enum action {
	DO_COUNT,
	DO_KILL,
	DO_AFTER,
	DO_TORN,
	DO_SHORT,
	DO_TERM,
	DO_FAIL
};

struct options {
	enum action action;
	int error; /* of DO_FAIL */
	long nth;
	bool sticky;
	bool reads;
	const char *prefixes[PREFIXES_MAX];
	size_t nprefixes;
	FILE *log;
};

struct run {
	pid_t alive[PROCESSES_MAX]; /* threads too */
	size_t nalive;
	long points;
	bool fired;
};

/* The arguments of a stopped call, by number. */
static unsigned long
argument(const struct user_regs_struct *regs, int i)
{
	const unsigned long long in[] = { regs->rdi, regs->rsi, regs->rdx,
		regs->r10 };

	return (unsigned long)in[i];
}

static void
remember(struct run *run, pid_t pid)
{
	size_t i;

	for (i = 0; i < run->nalive; i++)
		if (run->alive[i] == pid)
			return;
	if (run->nalive < PROCESSES_MAX)
		run->alive[run->nalive++] = pid;
}

static void
forget(struct run *run, pid_t pid)
{
	size_t i;

	for (i = 0; i < run->nalive; i++)
		if (run->alive[i] == pid)
			run->alive[i--] = run->alive[--run->nalive];
}

/* A thread's number reaches its process, and one signal of a kind waits. */
static void
signal_all(const struct run *run, int number)
{
	size_t i;

	for (i = 0; i < run->nalive; i++)
		kill(run->alive[i], number);
}

static void
kill_all(struct run *run)
{
	int status;
	pid_t pid;

	signal_all(run, SIGKILL);
	/* One that was just begun is met only now, at its first stop. */
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR)
		if (pid > 0 && WIFSTOPPED(status))
			kill(pid, SIGKILL);
}

/* A string of the stopped program; what cannot be read is "". */
static void
peek_text(pid_t pid, unsigned long address, char out[PATH_SIZE])
{
	size_t have = 0;

	while (address != 0 && have < PATH_SIZE - 1) {
		/* One page at a time: the next one may not be mapped. */
		size_t n = 4096 - (address + have) % 4096;
		struct iovec local = { out + have, n };
		struct iovec remote = { .iov_len = n };
		ssize_t got;

		remote.iov_base = (void *)(uintptr_t)(address + have);
		if (n > PATH_SIZE - 1 - have)
			local.iov_len = remote.iov_len = PATH_SIZE - 1 - have;
		got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		if (got <= 0)
			break;
		if (memchr(out + have, '\0', (size_t)got) != NULL)
			return;
		have += (size_t)got;
	}
	out[have] = '\0';
}

static void
descriptor_path(pid_t pid, int fd, char out[PATH_SIZE])
{
	char link[64];
	ssize_t n;

	if (fd == AT_FDCWD)
		snprintf(link, sizeof(link), "/proc/%d/cwd", pid);
	else
		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
	n = readlink(link, out, PATH_SIZE - 1);
	out[n < 0 ? 0 : n] = '\0';
}

/*
 * The path at `address`, seen from the directory `dirfd`.  Of calls that take
 * no descriptor it may be /proc/self/fd/N/name instead.
 */
static void
path_at(pid_t pid, int dirfd, unsigned long address, char out[PATH_SIZE])
{
	static const char by_fd[] = "/proc/self/fd/";
	char text[PATH_SIZE];
	char *name = text;
	size_t n;

	peek_text(pid, address, text);
	if (strncmp(text, by_fd, strlen(by_fd)) == 0) {
		dirfd = (int)strtol(text + strlen(by_fd), &name, 10);
		name += *name == '/';
	} else if (text[0] == '/') {
		memcpy(out, text, sizeof(text));
		return;
	}
	descriptor_path(pid, dirfd, out);
	n = strlen(out);
	if (name[0] != '\0')
		snprintf(out + n, PATH_SIZE - n, "/%s", name);
}

/* What the call works on; `to` is "" where there is one path only. */
static void
subject_of(pid_t pid, const struct call *call,
    const struct user_regs_struct *regs, char from[PATH_SIZE],
    char to[PATH_SIZE])
{
	unsigned long a0 = argument(regs, 0);
	unsigned long a1 = argument(regs, 1);
	unsigned long a2 = argument(regs, 2);

	from[0] = to[0] = '\0';
	switch (call->on) {
	case ON_FD0:
		descriptor_path(pid, (int)a0, from);
		break;
	case ON_FD2:
		descriptor_path(pid, (int)a2, from);
		break;
	case ON_PATH0:
		path_at(pid, AT_FDCWD, a0, from);
		break;
	case ON_PATH1:
		path_at(pid, AT_FDCWD, a1, from);
		break;
	case ON_AT01:
		path_at(pid, (int)a0, a1, from);
		break;
	case ON_AT12:
		path_at(pid, (int)a1, a2, from);
		break;
	case ON_PATHS01:
		path_at(pid, AT_FDCWD, a0, from);
		path_at(pid, AT_FDCWD, a1, to);
		break;
	case ON_AT01_AT23:
		path_at(pid, (int)a0, a1, from);
		path_at(pid, (int)a2, argument(regs, 3), to);
		break;
	case ON_NOTHING:
		break;
	}
}

/* Opening to read, and most ioctls, change nothing. */
static bool
changes_state(
    pid_t pid, const struct call *call, const struct user_regs_struct *regs)
{
	unsigned long flags = argument(regs, 1);

	if (call->traits & OPENS) {
		if (call->number == SYS_openat)
			flags = argument(regs, 2);
		if (call->number == SYS_openat2) {
			errno = 0;
			flags = (unsigned long)ptrace(PTRACE_PEEKDATA, pid,
			    (void *)(uintptr_t)argument(regs, 2), NULL);
			if (errno != 0)
				flags = 0;
		}
		/* O_TMPFILE has the bit of O_DIRECTORY in it. */
		return (flags & (O_CREAT | O_TRUNC)) != 0 ||
		    (flags & O_TMPFILE) == O_TMPFILE;
	}
	if (call->traits & CONTROLS)
		return flags == FICLONE || flags == FICLONERANGE ||
		    flags == FS_IOC_SETFLAGS;
	return true;
}

static bool
below_a_prefix(const struct options *o, const char *path)
{
	size_t i;

	for (i = 0; i < o->nprefixes; i++)
		if (strncmp(path, o->prefixes[i], strlen(o->prefixes[i])) == 0)
			return true;
	return false;
}

/* Let the stopped call run to its return. */
static void
finish_call(pid_t pid)
{
	int status;

	ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	waitpid(pid, &status, __WALL);
}

/* Do to the stopped call what was asked; true: all were killed. */
static bool
strike(struct run *run, const struct options *o, pid_t pid,
    const struct call *call, struct user_regs_struct *regs)
{
	bool halved = false;

	run->fired = true;
	if (o->action == DO_FAIL) {
		regs->orig_rax = (unsigned long long)-1;
		regs->rax = (unsigned long long)-o->error;
		ptrace(PTRACE_SETREGS, pid, NULL, regs);
		return false;
	}
	if (o->action == DO_TERM) {
		signal_all(run, SIGTERM);
		return false;
	}
	if ((o->action == DO_TORN || o->action == DO_SHORT) &&
	    (call->traits & TEARS) && regs->rdx > 1) {
		regs->rdx /= 2;
		halved = true;
		ptrace(PTRACE_SETREGS, pid, NULL, regs);
	}
	if (o->action == DO_SHORT)
		return false;
	if (o->action != DO_KILL || halved)
		finish_call(pid);
	kill_all(run);
	return true;
}

/* A thread stands before a call of the table; true: all were killed. */
static bool
at_call(struct run *run, const struct options *o, pid_t pid)
{
	struct user_regs_struct regs;
	char from[PATH_SIZE];
	char to[PATH_SIZE];
	unsigned long index = 0;
	const struct call *call;
	bool hit;

	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &index) < 0 ||
	    index >= CALLS || ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return false;
	call = &calls[index];
	if (o->reads != ((call->traits & READS) != 0) ||
	    !changes_state(pid, call, &regs))
		return false;
	subject_of(pid, call, &regs, from, to);
	if (o->nprefixes != 0 && !below_a_prefix(o, from) &&
	    !below_a_prefix(o, to))
		return false;

	run->points++;
	if (o->log != NULL) {
		fprintf(o->log, "%ld %d %s %s%s%s len=%llu\n", run->points, pid,
		    call->name, from, to[0] == '\0' ? "" : " -> ", to,
		    call->traits & TEARS ? regs.rdx : 0ULL);
		fflush(o->log);
	}
	hit = run->points == o->nth ||
	    (o->sticky && run->fired && (call->traits & (FILLS | READS)));
	return o->action != DO_COUNT && hit && strike(run, o, pid, call, &regs);
}

/* In the child: stop at the calls of the table, then become the command. */
static void
become(char **command)
{
	struct sock_filter filter[2 * CALLS + 2];
	struct sock_fprog program = { 0, filter };
	unsigned short n = 0;
	size_t i;

	filter[n++] = (struct sock_filter)BPF_STMT(
	    BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < CALLS; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)calls[i].number, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(
		    BPF_RET | BPF_K, SECCOMP_RET_TRACE | (uint32_t)i);
	}
	filter[n++] =
	    (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	program.len = n;

	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	/* Root needs no promise to gain no rights, others do. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0 &&
	    (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)) {
		perror("faultat: cannot set the filter");
		_exit(EXIT_SETUP);
	}
	execvp(command[0], command);
	perror("faultat: cannot run the command");
	_exit(127);
}

/* Follow all until the last has gone; the status of the first. */
static int
follow(struct run *run, const struct options *o, pid_t first)
{
	int result = 0;
	int status;
	int signal;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid < 0)
			continue;
		if (!WIFSTOPPED(status)) {
			forget(run, pid);
			if (pid == first)
				result = WIFEXITED(status) ?
				    WEXITSTATUS(status) :
				    128 + WTERMSIG(status);
			continue;
		}
		remember(run, pid);
		signal = WSTOPSIG(status);
		if (status >> 16 == PTRACE_EVENT_SECCOMP &&
		    at_call(run, o, pid))
			return EXIT_KILLED;
		/* Stops of our own making are not passed on as signals. */
		if (status >> 16 != 0 || signal == SIGSTOP ||
		    signal == SIGTRAP || signal == (SIGTRAP | 0x80))
			signal = 0;
		ptrace(PTRACE_CONT, pid, NULL, (void *)(uintptr_t)signal);
	}
	return result;
}

static bool
parse_action(struct options *o, const char *word)
{
	static const char *const words[] = { [DO_KILL] = "kill",
		[DO_AFTER] = "after",
		[DO_TORN] = "torn",
		[DO_SHORT] = "short",
		[DO_TERM] = "term" };
	size_t i;

	for (i = DO_KILL; i <= DO_TERM; i++)
		if (strcmp(words[i], word) == 0) {
			o->action = (enum action)i;
			return true;
		}
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, word) == 0) {
			o->action = DO_FAIL;
			o->error = errors[i].value;
			return true;
		}
	return false;
}

static bool
parse_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "+n:a:p:l:SR")) != -1) {
		if (c == 'n')
			o->nth = strtol(optarg, NULL, 10);
		else if (c == 'S')
			o->sticky = true;
		else if (c == 'R')
			o->reads = true;
		else if (c == 'p' && o->nprefixes < PREFIXES_MAX)
			o->prefixes[o->nprefixes++] = optarg;
		else if (c == 'l' && (o->log = fopen(optarg, "we")) == NULL)
			return false;
		else if (c == 'a' && !parse_action(o, optarg))
			return false;
		else if (c == '?')
			return false;
	}
	return optind < argc && (o->nth > 0) == (o->action != DO_COUNT);
}

int
main(int argc, char **argv)
{
	static struct run run;
	struct options o = { 0 };
	const long follow_all = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
	    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
	    PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
	pid_t child;
	int result;

	if (!parse_options(&o, argc, argv)) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	child = fork();
	if (child == 0)
		become(argv + optind);
	if (child < 0 || waitpid(child, NULL, 0) < 0 ||
	    ptrace(PTRACE_SETOPTIONS, child, NULL,
	        (void *)(uintptr_t)follow_all) < 0) {
		perror("faultat: cannot trace");
		return EXIT_SETUP;
	}
	remember(&run, child);
	ptrace(PTRACE_CONT, child, NULL, NULL);
	result = follow(&run, &o, child);
	if (o.action == DO_COUNT && dprintf(3, "POINTS=%ld\n", run.points) < 0)
		fprintf(stderr, "POINTS=%ld\n", run.points);
	return result;
}
