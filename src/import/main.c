/* valise-import: a bundle into a site, all of it or nothing. */

#include "import.h"

int
main(int argc, char **argv)
{
	static const struct vl_cmd *const cmds[] = { &vl_cmd_import, NULL };
	static const struct vl_program program = {
		.name = "valise-import",
		.version = VALISE_VERSION,
		.help = "Checks the bundle in DIR against its seal, compares "
		        "it with the site that\nSITE.yaml describes, and "
		        "applies it in one transaction.",
		.cmds = cmds,
	};

	return vl_cli_main(&program, argc, argv);
}
