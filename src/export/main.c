/* valise-export: what a site holds, sealed into one bundle. */

#include "export.h"

int
main(int argc, char **argv)
{
	static const struct vl_cmd *const cmds[] = { &vl_cmd_export,
		&vl_cmd_init, &vl_cmd_check, &vl_cmd_inventory, NULL };
	static const struct vl_program program = {
		.name = "valise-export",
		.version = VALISE_VERSION,
		.help = "Reads the resources that SITE.yaml describes and "
		        "writes them as one sealed bundle\ninto the directory "
		        "DIR. Prints the path of the bundle.",
		.cmds = cmds,
	};

	return vl_cli_main(&program, argc, argv);
}
