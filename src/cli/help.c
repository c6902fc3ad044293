/* Help, from the tables that the parser reads. */

#include <valise/text.h>

#include "private.h"

#define COLUMN 30 /* where explanations begin */

static void
print_usage(const struct vl_program *program, const struct vl_cmd *cmd,
    const char *before)
{
	const struct vl_opt *o = cmd->opts;
	bool optional = false;

	printf("%s%s", before, program->name);
	if (cmd->name != NULL)
		printf(" %s", cmd->name);
	if (cmd->operands != NULL)
		printf(" %s", cmd->operands);
	for (; o != NULL && o->name != NULL; o++)
		if (o->required)
			printf(" --%s %s", o->name, o->arg);
		else if (o->type != VL_OPT_LATER)
			optional = true;
	printf("%s\n", optional ? " [OPTION]..." : "");
}

static void
print_option(const struct vl_opt *o)
{
	char left[64];
	char variable[64];
	int n = 0;

	n = o->letter != 0 ?
	    snprintf(left, sizeof(left), "  -%c, --%s", o->letter, o->name) :
	    snprintf(left, sizeof(left), "  --%s", o->name);
	if (o->arg != NULL && n > 0 && (size_t)n < sizeof(left))
		(void)snprintf(
		    left + n, sizeof(left) - (size_t)n, " %s", o->arg);
	if (strlen(left) < COLUMN - 1)
		printf("%-*s%s", COLUMN, left, o->help);
	else
		printf("%s\n%*s%s", left, COLUMN, "", o->help);
	if (o->type == VL_OPT_LIST)
		printf(" (may be repeated)");
	if (o->env) {
		vl_opt_variable(variable, sizeof(variable), o->name);
		printf(" [%s]", variable);
	}
	printf("\n");
}

static void
print_options(const struct vl_cmd *cmd)
{
	const struct vl_opt *o = cmd->opts;

	printf("\nOptions:\n");
	for (; o != NULL && o->name != NULL; o++)
		if (o->type != VL_OPT_LATER)
			print_option(o);
	printf("%-*s%s\n", COLUMN, "  -h, --help", "show this help");
}

void
vl_help_cmd(const struct vl_program *program, const struct vl_cmd *cmd)
{
	print_usage(program, cmd, "usage: ");
	printf("\n%s\n", cmd->help);
	if (cmd->about != NULL)
		printf("\n%s\n", cmd->about);
	print_options(cmd);
}

bool
vl_help_group(const struct vl_program *program, const char *word)
{
	const struct vl_cmd *const *c = program->cmds;
	bool any = false;

	for (; *c != NULL; c++) {
		if (!vl_cmd_begins(*c, word))
			continue;
		if (!any)
			printf("usage: %s %s COMMAND ...\n\nCommands:\n",
			    program->name, word);
		any = true;
		printf("  %-*s%s\n", COLUMN - 2, (*c)->name, (*c)->help);
	}
	if (any)
		printf("\n'%s %s COMMAND --help' shows how one is used.\n",
		    program->name, word);
	return any;
}

void
vl_help_program(const struct vl_program *program)
{
	const struct vl_cmd *const *c = program->cmds;
	const struct vl_cmd *plain = NULL;
	const char *before = "usage: ";

	for (; *c != NULL; c++)
		if ((*c)->name == NULL)
			plain = *c;
	if (plain != NULL) {
		print_usage(program, plain, before);
		before = "       ";
	}
	printf(
	    "%s%s COMMAND ...\n\n%s\n", before, program->name, program->help);
	if (plain != NULL && plain->about != NULL)
		printf("\n%s\n", plain->about);
	printf("\nCommands:\n");
	for (c = program->cmds; *c != NULL; c++)
		if ((*c)->name != NULL)
			printf(
			    "  %-*s%s\n", COLUMN - 2, (*c)->name, (*c)->help);
	printf("  %-*s%s\n", COLUMN - 2, "help [COMMAND]",
	    "show how a command is used");
	if (plain != NULL) {
		print_options(plain);
		printf("%-*s%s\n", COLUMN, "  --version", "show the version");
	}
}
