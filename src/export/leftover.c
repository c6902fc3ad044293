/*
 * What a killed export leaves on the medium: a folder `ID.par`, which nobody
 * takes for a bundle, but which takes its room.  Its path is kept in the
 * state while it is written, and the next export removes it.
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/text.h>

#include "export.h"

#define UNFINISHED "unfinished"
#define NAME_SIZE  12 /* 8 characters of the id and ".par" */
#define ID_BYTES   5

enum vl_status
vl_leftover_note(struct vl_state *state, const char *to,
    const uint8_t id[VL_ID_SIZE], struct vl_err *err)
{
	struct vl_buf text = { 0 };
	char id8[8 + 1];
	char *real = realpath(to, NULL);
	enum vl_status st = VL_OK;

	if (real == NULL)
		return vl_fail_errno(err, "cannot resolve '%s'", to);
	st = vl_buf_printf(
	    &text, err, "%s/%s.par\n", real, vl_base32(id8, id, ID_BYTES));
	if (st == VL_OK)
		st = vl_put_file(vl_state_fd(state), UNFINISHED, 0600,
		    vl_buf_slice(&text), err);
	vl_buf_free(&text);
	free(real);
	return st;
}

void
vl_leftover_clear(struct vl_state *state)
{
	/* One that stays names a folder that is not there: no harm. */
	(void)unlinkat(vl_state_fd(state), UNFINISHED, 0);
}

/* "8 characters.par" */
static bool
is_unfinished_name(const char *name)
{
	static const char letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

	return strlen(name) == NAME_SIZE && strspn(name, letters) == 8 &&
	    strcmp(name + 8, ".par") == 0;
}

static enum vl_status
remove_folder(char *path, struct vl_err *err)
{
	char *slash = strrchr(path, '/');
	char shown[512];
	enum vl_status st = VL_OK;
	int fd = -1;

	if (slash == NULL || !is_unfinished_name(slash + 1))
		return VL_OK;
	*slash = '\0';
	fd = open(
	    path[0] == '\0' ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return VL_OK; /* another medium, or none */
	if (faccessat(fd, slash + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		vl_cli_note("removing '%s/%s', which a killed export left",
		    vl_escape_text(shown, sizeof(shown), vl_slice_of(path)),
		    slash + 1);
		st = vl_remove_tree(fd, slash + 1, err);
	}
	close(fd);
	return st;
}

enum vl_status
vl_leftover_remove(struct vl_state *state, struct vl_err *err)
{
	struct vl_buf text = { 0 };
	struct vl_err absent = { 0 };
	enum vl_status st = VL_OK;

	if (vl_read_file(vl_state_fd(state), UNFINISHED, PATH_MAX + NAME_SIZE,
	        &text, &absent) == VL_OK &&
	    text.n > 1 && text.p[text.n - 1] == '\n') {
		text.p[text.n - 1] = '\0';
		st = remove_folder((char *)text.p, err);
	}
	vl_buf_free(&text);
	if (st == VL_OK)
		vl_leftover_clear(state);
	return st;
}
