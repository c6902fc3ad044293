/* valise passgen: a password that nobody guesses (formats/keys.md). */

#include <unistd.h>

#include <valise/crypt.h>
#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/secret.h>

#include "tool.h"

#define CHARACTERS 20 /* of 5 bits */

/* All that is secret here; 15 bytes are 24 characters. */
struct made {
	uint8_t random[15];
	char text[25];
};

static enum vl_status
passgen_run(const struct vl_args *args, struct vl_err *err)
{
	struct made *made = vl_secret_alloc(sizeof(*made));
	enum vl_status st = VL_OK;

	(void)args;
	if (made == NULL)
		return vl_fail_memory(err);
	vl_random(made->random, sizeof(made->random));
	(void)vl_base32(made->text, made->random, sizeof(made->random));
	made->text[CHARACTERS] = '\n';
	/* Not by way of stdout, whose buffer is not wiped. */
	st = vl_write_all(STDOUT_FILENO,
	    (struct vl_slice){ (uint8_t *)made->text, CHARACTERS + 1 }, err);
	vl_secret_free(made);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "cannot write to standard output");
}

const struct vl_cmd vl_cmd_passgen = {
	.name = "passgen",
	.help = "print a new password of 100 random bits",
	.run = passgen_run,
};
