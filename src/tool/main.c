/* The program valise: what concerns one bundle, on every side. */

#include "tool.h"

int
main(int argc, char **argv)
{
	static const struct vl_cmd *const cmds[] = { &vl_cmd_keygen,
		&vl_cmd_passgen, &vl_cmd_init, &vl_cmd_check, &vl_cmd_inventory,
		&vl_cmd_export, &vl_cmd_verify, &vl_cmd_inspect, &vl_cmd_ls,
		&vl_cmd_cat, &vl_cmd_diff, &vl_cmd_rekey, &vl_cmd_doctor,
		&vl_cmd_import, &vl_cmd_key_password, &vl_cmd_key_export,
		&vl_cmd_key_import, &vl_cmd_series_rotate, NULL };
	const struct vl_cmd *later[] = { NULL, NULL };
	struct vl_program program = {
		.name = "valise",
		.version = VALISE_VERSION,
		.help = "Makes keys, checks bundles and shows what is in "
		        "them.",
		.cmds = cmds,
	};

	/* Such a word is answered, but not listed. */
	if (argc > 1)
		later[0] = other_later(argv[1]);
	if (later[0] != NULL)
		program.cmds = later;
	return vl_cli_main(&program, argc, argv);
}
