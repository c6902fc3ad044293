/*
 * formats/vectors/manifest: whole manifests, in a bundle whose inner head says
 * what the vector says of them.  Reading ends as it says, and until then gives
 * out the lines that it says and no byte more.
 */

#include "forge.h"

#include <glob.h>

#define VECTORS SOURCE_DIR "/formats/vectors/manifest/*"

/* What a vector says beside the fields of a forge. */
struct vector {
	char expect[16];
	char released[VL_HEX_SIZE(VL_HASH_SIZE)];
	struct vl_buf lines;
	uint32_t nlines;
};

static void
unhex(uint8_t *out, size_t n, const char *value)
{
	assert_int_equal(2 * n, strlen(value));
	assert_true(vl_unhex(out, n, vl_slice_of(value)));
}

static void
copy_text(char *to, size_t size, const char *value)
{
	assert_true(strlen(value) < size);
	memcpy(to, value, strlen(value) + 1);
}

static void
take_resources(
    struct vl_inner_head *h, struct vl_resource_id *to, const char *value)
{
	size_t name = 0;
	size_t n = 0;

	for (h->nresources = 0; *value != '\0'; h->nresources++) {
		assert_true(h->nresources < 2);
		n = strcspn(value, " ");
		name = strcspn(value, ": ");
		(void)snprintf(to[h->nresources].name, sizeof(to[0].name),
		    "%.*s", (int)name, value);
		(void)snprintf(to[h->nresources].kind, sizeof(to[0].kind),
		    "%.*s", name < n ? (int)(n - name - 1) : 5,
		    name < n ? value + name + 1 : "files");
		value += n + strspn(value + n, " ");
	}
}

/* A line with its LF; files among them get a list without chunks. */
static void
take_line(struct forge *f, struct vector *v, struct vl_slice line)
{
	const struct item none = { .line = v->nlines - 1, .n = 0 };

	must(vl_buf_add(&v->lines, line, NULL), &(struct vl_err){ 0 });
	if (v->nlines > 0 &&
	    memmem(line.p, line.n, "\"t\":\"file\"", 10) != NULL)
		f->items[f->nitems++] = none;
	v->nlines++;
}

static void
take(struct forge *f, struct vector *v, char *key, char *value)
{
	size_t n = strlen(value);
	struct vl_inner_head *h = &f->inner;

	if (strcmp(key, "comment") == 0)
		return;
	if (strcmp(key, "expect") == 0) {
		copy_text(v->expect, sizeof(v->expect), value);
	} else if (strcmp(key, "released") == 0) {
		copy_text(v->released, sizeof(v->released), value);
	} else if (strcmp(key, "sk") == 0) {
		unhex(f->b.keys->sk, VL_KEY_SIZE, value);
	} else if (strcmp(key, "epoch") == 0) {
		f->b.head.epoch = strtoull(value, NULL, 10);
	} else if (strcmp(key, "series") == 0) {
		unhex(f->b.head.series, VL_ID_SIZE, value);
	} else if (strcmp(key, "site") == 0) {
		copy_text(h->site, sizeof(h->site), value);
	} else if (strcmp(key, "resources") == 0) {
		take_resources(h, f->resources, value);
	} else if (strcmp(key, "count") == 0) {
		h->lines = strtoull(value, NULL, 10);
	} else if (strcmp(key, "root") == 0) {
		unhex(h->manifest_root, VL_ROOT_SIZE, value);
	} else {
		/* An unknown key is a broken vector, never one to skip. */
		assert_string_equal("line", key);
		value[n] = '\n';
		take_line(f, v, (struct vl_slice){ (uint8_t *)value, n + 1 });
	}
}

static void
load(struct forge *f, struct vector *v, const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = NULL;
	char *colon = NULL;
	size_t cap = 0;
	ssize_t n = 0;

	assert_non_null(file);
	while ((n = getline(&text, &cap, file)) > 0) {
		assert_int_equal('\n', text[n - 1]);
		text[n - 1] = '\0';
		colon = strchr(text, ':');
		assert_true(colon != NULL && colon[1] == ' ');
		*colon = '\0';
		take(f, v, text, colon + 2);
	}
	free(text);
	assert_int_equal(0, fclose(file));
}

/* The bundle: these lines, their lists, an inner head, and no chunk. */
static void
write_bundle(struct forge *f, const struct vector *v)
{
	struct vl_inner_head *h = &f->inner;
	struct frames first = { 0 };
	struct vl_buf text_of = { 0 };
	struct vl_err err;

	f->b.head.pack_files = 0;
	h->head = f->b.head;
	h->npacks = 0;
	h->nmap = 0;
	h->chunks = 0;
	vl_ids_free(f->ids);
	must(vl_ids_new(&f->ids, f->b.keys->sk, h->chunk_min, h->chunk_avg,
	         h->chunk_max, &err),
	    &err);
	vl_ids_commitment(f->ids, h->sk_commit);
	(void)frames_raw(&f->index, VL_RECORD_LINES, v->nlines,
	    (struct vl_slice){ 0 }, vl_buf_slice(&v->lines));
	f->plain = v->lines.n;
	write_lists(f);
	(void)write_file(f, &f->index, VL_FILE_INDEX, 2);
	h->total_plain = f->plain;
	must(vl_inner_head_encode(&text_of, h, &err), &err);
	(void)frames_raw(&first, VL_RECORD_INNER, 1, (struct vl_slice){ 0 },
	    vl_buf_slice(&text_of));
	(void)write_file(f, &first, VL_FILE_INDEX, 1);
	vl_buf_free(&text_of);
}

/* Every line that comes out, until one fails. */
static enum vl_status
read_lines(struct forge *f, struct vl_hash *h)
{
	struct vl_unpack *u = NULL;
	struct vl_unpacked rec = { 0 };
	struct vl_unpack_totals totals;
	struct vl_err err = { 0 };
	enum vl_status st;

	st = bundle_unpack(&u, &f->b, &err);
	if (st == VL_OK)
		vl_hash_add(h, vl_unpack_first(u));
	while (st == VL_OK) {
		st = vl_unpack_next(u, &rec, &err);
		if (st != VL_OK || rec.line.p == NULL)
			break;
		vl_hash_add(h, rec.line);
	}
	if (st == VL_OK) {
		vl_hash_add(h, vl_unpack_tail(u));
		st = vl_unpack_end(u, &totals, &err);
	}
	if (st != VL_OK)
		print_message("  %s\n", err.text);
	vl_unpack_free(u);
	return st;
}

static const char *
outcome(enum vl_status st)
{
	switch (st) {
	case VL_OK:
		return "ok";
	case VL_EFORMAT:
		return "format";
	case VL_EAUTH:
		return "auth";
	case VL_EPATH:
		return "path";
	case VL_ELIMIT:
		return "limit";
	case VL_EREFUSED:
		return "refused";
	default:
		return "other";
	}
}

static void
check_vector(const char *path)
{
	const struct vl_hash_opts opts = { 0 };
	struct vector v = { 0 };
	void *state = NULL;
	struct forge *f = NULL;
	uint8_t hash[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];
	struct vl_hash h;

	print_message("%s\n", path);
	assert_int_equal(0, forge_new(&state));
	f = state;
	f->nitems = 0;
	load(f, &v, path);
	write_bundle(f, &v);
	vl_hash_init(&h, &opts);
	assert_string_equal(v.expect, outcome(read_lines(f, &h)));
	vl_hash_end(&h, hash);
	assert_string_equal(v.released, vl_hex(hex, hash, sizeof(hash)));
	vl_buf_free(&v.lines);
	vl_buf_free(&f->packs[0].plain);
	vl_buf_free(&f->packs[1].plain);
	assert_int_equal(0, forge_free(&state));
}

static void
gives_out_what_the_vectors_say(void **state)
{
	glob_t found;
	size_t i;

	(void)state;
	assert_int_equal(0, glob(VECTORS, 0, NULL, &found));
	assert_true(found.gl_pathc >= 57);
	for (i = 0; i < found.gl_pathc; i++)
		check_vector(found.gl_pathv[i]);
	globfree(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_out_what_the_vectors_say),
	};

	if (!vl_secret_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
