/*
 * valise doctor: what this machine gives to keep a reader of bundles in, and
 * whether it holds, tried on the spot.
 */

#include <inttypes.h>
#include <sys/resource.h>

#include "tool.h"

struct doctor_opts {
	bool json;
};

static const struct vl_opt table[] = { VL_JSON_OPT(struct doctor_opts, json,
	                                   "JSON lines on stdout"),
	{ .name = NULL } };

static void
tell(const struct doctor_opts *o, const char *what, const char *value)
{
	struct vl_msg m = { 0 };

	if (!o->json) {
		printf("%s\t%s\n", value, what);
		return;
	}
	vl_msg_begin(&m, "check");
	vl_msg_text(&m, "what", vl_slice_of(what));
	vl_msg_text(&m, "result", vl_slice_of(value));
	vl_msg_end(&m);
}

static void
tell_limit(const struct doctor_opts *o, const char *what, int resource)
{
	struct rlimit limit = { 0 };
	char value[32] = "no limit";

	if (getrlimit((__rlimit_resource_t)resource, &limit) != 0)
		return;
	if (limit.rlim_cur != RLIM_INFINITY)
		(void)snprintf(value, sizeof(value), "%" PRIuMAX,
		    (uintmax_t)limit.rlim_cur);
	tell(o, what, value);
}

static void
tell_kernel(const struct doctor_opts *o)
{
	struct vl_cage_kernel k = { 0 };
	char abi[16];

	vl_cage_kernel(&k);
	(void)snprintf(abi, sizeof(abi), "%d", k.landlock);
	tell(o, "Landlock, its ABI", k.landlock > 0 ? abi : "missing");
	tell(o, "list of system calls (seccomp)",
	    k.seccomp ? "there" : "missing");
	tell_limit(o, "bytes of memory that can be locked", RLIMIT_MEMLOCK);
	tell_limit(o, "bytes of a core dump", RLIMIT_CORE);
}

static enum vl_status
try_all(const struct doctor_opts *o, struct vl_err *err)
{
	static const char *const words[] = { [VL_CAGE_HELD] = "held",
		[VL_CAGE_ESCAPED] = "ESCAPED",
		[VL_CAGE_NOT_TRIED] = "not tried" };
	enum vl_cage_held held = VL_CAGE_HELD;
	struct vl_err first = { 0 };
	const char *name = NULL;
	size_t escaped = 0;
	size_t i = 0;

	while ((name = vl_cage_trial(i++, &held, &first)) != NULL) {
		escaped += held == VL_CAGE_ESCAPED;
		tell(o, name, words[held]);
	}
	if (first.status != VL_OK)
		return vl_fail(err, first.status, "%s", first.text);
	if (escaped > 0)
		return vl_fail(err, VL_EIO,
		    "the cage does not hold: a child without rights did %zu "
		    "things that it may not; do not import here",
		    escaped);
	return VL_OK;
}

static enum vl_status
doctor_run(const struct vl_args *args, struct vl_err *err)
{
	const struct doctor_opts *o = args->opts;
	enum vl_status st = VL_OK;

	tell_kernel(o);
	/* What is buffered would be a child's as well. */
	if (fflush(stdout) != 0)
		return vl_fail_errno(err, "cannot write to standard output");
	st = try_all(o, err);
	return st == VL_OK ? vl_cage_require(err) : st;
}

const struct vl_cmd vl_cmd_doctor = {
	.name = "doctor",
	.help = "try whether a reader of bundles is locked in on this machine",
	.about = "A child, locked as the one that reads bundles, tries to get "
	         "out. Prints a line for\neach thing that the kernel gives "
	         "and for each attempt, parted by tabs:\n  result, what\n"
	         "Exit 0 when every attempt was held and nothing is missing.",
	.opts = table,
	.opts_size = sizeof(struct doctor_opts),
	.run = doctor_run,
};
