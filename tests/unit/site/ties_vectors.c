/*
 * formats/vectors/tied-path: paths that hold keys, and the paths here that
 * they become.  Here the id of the row with the key ["X"] is X.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <valise/ties.h>

#define FOLDER SOURCE_DIR "/formats/vectors/tied-path"

struct vector {
	char expect[16];
	char path[256];
	char here[256];
};

static struct vl_ties *ties;

static enum vl_status
find(void *arg, const struct vl_tie *tie, struct vl_slice what,
    struct vl_buf *out, enum vl_tied *how, struct vl_err *err)
{
	(void)tie;
	*how = VL_TIED;
	if (*(const bool *)arg) {
		assert_true(what.n > 4);
		return vl_buf_add(
		    out, (struct vl_slice){ what.p + 2, what.n - 4 }, err);
	}
	return vl_buf_printf(
	    out, err, "[\"%.*s\"]", (int)what.n, (const char *)what.p);
}

static void
take(struct vector *v, const char *line)
{
	if (sscanf(line, "expect: %15s", v->expect) == 1 ||
	    sscanf(line, "path: %255[^\n]", v->path) == 1 ||
	    sscanf(line, "here: %255[^\n]", v->here) == 1)
		return;
	/* An unknown key is a broken vector, never one to skip. */
	assert_int_equal(0, strncmp(line, "comment: ", 9));
}

/* Each name of `here` as an export calls it. */
static void
goes_back(const struct vector *v)
{
	static bool way = false;
	const char *name = v->here;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	enum vl_tied how = VL_TIED;
	struct vl_slice dir = { 0 };
	size_t n = 0;

	vl_ties_ask(ties, &(struct vl_tie_finder){ &way, find });
	for (; *name != '\0'; name += n + (name[n] == '/')) {
		n = strcspn(name, "/");
		dir.p = (const uint8_t *)v->here;
		dir.n = (size_t)(name - v->here);
		dir.n -= dir.n > 0;
		if (out.n > 0)
			assert_int_equal(
			    VL_OK, vl_buf_add_text(&out, "/", &err));
		assert_int_equal(VL_OK,
		    vl_ties_name(ties, dir,
		        (struct vl_slice){ (const uint8_t *)name, n }, &out,
		        &how, &err));
		assert_int_equal(VL_TIED, how);
	}
	assert_int_equal(strlen(v->path), out.n);
	assert_memory_equal(v->path, out.p, out.n);
	vl_buf_free(&out);
}

static void
check(const struct vector *v)
{
	static bool way = true;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	enum vl_tied how = VL_TIED;
	enum vl_status st = VL_OK;
	enum vl_status want = strcmp(v->expect, "ok") == 0 ? VL_OK :
	    strcmp(v->expect, "format") == 0               ? VL_EFORMAT :
	                                                     VL_EREFUSED;

	vl_ties_ask(ties, &(struct vl_tie_finder){ &way, find });
	st = vl_ties_path(ties, vl_slice_of(v->path), &out, &how, &err);
	if (st != want)
		fail_msg("'%s': %s", v->path, st == VL_OK ? "ok" : err.text);
	if (st == VL_OK) {
		assert_int_equal(VL_TIED, how);
		assert_int_equal(strlen(v->here), out.n);
		assert_memory_equal(v->here, out.p, out.n);
		goes_back(v);
	}
	vl_buf_free(&out);
}

static void
every_vector_has_its_outcome_both_ways(void **state)
{
	static char *const texts[] = { (char *)(uintptr_t) "pic/{pic.id}.png",
		(char *)(uintptr_t) "home/u-{user.id}/**",
		(char *)(uintptr_t) "home/u-{user.id}/at/{day.id}" };
	static char database[] = "app";
	static char tree[] = "tree";
	struct vl_path_reference paths[3] = { 0 };
	struct vl_profile_resource r = {
		.resource = database, .paths = paths, .npaths = 3
	};
	struct vl_profile p = { .resources = &r, .nresources = 1 };
	const struct dirent *one = NULL;
	char path[512];
	char line[512];
	struct vl_err err = { 0 };
	DIR *folder = opendir(FOLDER);
	size_t n = 0;

	(void)state;
	assert_non_null(folder);
	p.file = tree;
	for (n = 0; n < 3; n++) {
		paths[n].path = texts[n];
		paths[n].in = tree;
	}
	assert_int_equal(VL_OK, vl_ties_add(&ties, &p, NULL, "tree", &err));
	for (n = 0; (one = readdir(folder)) != NULL;) {
		struct vector v = { 0 };
		FILE *f = NULL;

		if (one->d_name[0] == '.')
			continue;
		(void)snprintf(
		    path, sizeof(path), "%s/%s", FOLDER, one->d_name);
		f = fopen(path, "r");
		assert_non_null(f);
		while (fgets(line, sizeof(line), f) != NULL)
			take(&v, line);
		(void)fclose(f);
		check(&v);
		n++;
	}
	(void)closedir(folder);
	vl_ties_free(ties);
	assert_true(n >= 25);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_vector_has_its_outcome_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
