/*
 * Words that other programs answer, so that people learn one name, and
 * words of the contract that come later.
 */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"

/* Beside this program, where both were built or unpacked together. */
static bool
find_beside(char *path, size_t size, const char *name)
{
	ssize_t n = readlink("/proc/self/exe", path, size);
	char *slash = NULL;
	size_t room = 0;

	if (n <= 0 || (size_t)n >= size)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return false;
	room = size - (size_t)(slash + 1 - path);
	return (size_t)snprintf(slash + 1, room, "%s", name) < room &&
	    access(path, X_OK) == 0;
}

/* Become `name` with the words of this command, after `word` if given. */
static enum vl_status
become(const char *name, const char *word, const struct vl_args *args,
    struct vl_err *err)
{
	char **argv = calloc(args->n + 3, sizeof(char *));
	char path[PATH_MAX];
	size_t n = 0;

	if (argv == NULL)
		return vl_fail_memory(err);
	/* exec() takes them as they are and writes to none. */
	argv[n++] = (char *)(uintptr_t)name;
	if (word != NULL)
		argv[n++] = (char *)(uintptr_t)word;
	memcpy(argv + n, args->operands, args->n * sizeof(char *));
	if (find_beside(path, sizeof(path), name))
		(void)execv(path, argv);
	else
		(void)execvp(name, argv);
	free(argv);
	if (errno == ENOENT)
		return vl_fail(err, VL_EUSAGE,
		    "'%s' is not installed; '%s %s' needs it", name,
		    args->program->name, args->cmd->name);
	return vl_fail_errno(err, "cannot run '%s'", name);
}

static enum vl_status
export_run(const struct vl_args *args, struct vl_err *err)
{
	return become("valise-export", NULL, args, err);
}

static enum vl_status
import_run(const struct vl_args *args, struct vl_err *err)
{
	return become("valise-import", NULL, args, err);
}

static enum vl_status
init_run(const struct vl_args *args, struct vl_err *err)
{
	return become("valise-export", "init", args, err);
}

static enum vl_status
check_run(const struct vl_args *args, struct vl_err *err)
{
	return become("valise-export", "check-profile", args, err);
}

static enum vl_status
inventory_run(const struct vl_args *args, struct vl_err *err)
{
	return become("valise-export", "inventory", args, err);
}

const struct vl_cmd vl_cmd_export = {
	.name = "export",
	.operands = "...",
	.help = "run valise-export, which writes a bundle",
	.about = "'valise export --help' shows its options.",
	.max_operands = SIZE_MAX,
	.raw = true,
	.run = export_run,
};

const struct vl_cmd vl_cmd_import = {
	.name = "import",
	.operands = "...",
	.help = "run valise-import, which applies a bundle",
	.about = "'valise import --help' shows its options.",
	.max_operands = SIZE_MAX,
	.raw = true,
	.run = import_run,
};

const struct vl_cmd vl_cmd_init = {
	.name = "init",
	.operands = "...",
	.help = "run valise-export init, which writes a site file",
	.about = "'valise init --help' shows its options.",
	.max_operands = SIZE_MAX,
	.raw = true,
	.run = init_run,
};

const struct vl_cmd vl_cmd_check = {
	.name = "check-profile",
	.operands = "...",
	.help = "run valise-export check-profile, which tries a profile",
	.about = "'valise check-profile SITE.yaml' holds it against databases.",
	.max_operands = SIZE_MAX,
	.raw = true,
	.run = check_run,
};

const struct vl_cmd vl_cmd_inventory = {
	.name = "inventory",
	.operands = "...",
	.help = "run valise-export inventory, which lists secrets",
	.about = "'valise inventory --secrets SITE.yaml' says where they are.",
	.max_operands = SIZE_MAX,
	.raw = true,
	.run = inventory_run,
};

static enum vl_status
later_run(const struct vl_args *args, struct vl_err *err)
{
	return vl_fail(err, VL_EUSAGE,
	    "'%s %s' is not known to this version yet", args->program->name,
	    args->cmd->name);
}

#define LATER(word)                                                            \
	{                                                                      \
		.name = word, .help = "not known to this version yet",         \
		.max_operands = SIZE_MAX, .raw = true, .run = later_run        \
	}

const struct vl_cmd *
other_later(const char *word)
{
	static const struct vl_cmd later[] = { LATER("completion"),
		LATER("log"), LATER("manifest"), LATER("report"),
		LATER("schedule") };
	size_t i = 0;

	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++)
		if (strcmp(later[i].name, word) == 0)
			return &later[i];
	return NULL;
}
