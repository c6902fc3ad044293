/*
 * valise inspect: what a bundle shows to whoever has no key
 * (docs/security.md, "What is visible on the medium").  Nothing of it is
 * checked here but its form, and the output says so first.
 */

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <valise/encode.h>
#include <valise/fs.h>
#include <valise/json.h>
#include <valise/text.h>

#include "tool.h"

struct inspect_opts {
	bool json;
};

static const struct vl_opt table[] = { VL_JSON_OPT(struct inspect_opts, json,
	                                   "one JSON line"),
	{ .name = NULL } };

static const char *const kind_words[] = {
	[VL_BUNDLE_FULL] = "full", [VL_BUNDLE_DELTA] = "delta"
};
static const char *const type_words[] = { [VL_STANZA_ARGON2ID] = "argon2id",
	[VL_STANZA_X25519] = "x25519",
	[VL_STANZA_UNKNOWN] = "unknown" };
static const char *const role_words[] = {
	[VL_ROLE_FULL] = "full", [VL_ROLE_AUDIT] = "audit"
};
static const struct {
	unsigned bit;
	const char *word;
} must_words[] = { { VL_MUST_GEAR1, "gear1" }, { VL_MUST_SIV1, "siv1" },
	{ VL_MUST_ZSTD, "zstd" } };

#define MUSTS (sizeof(must_words) / sizeof(must_words[0]))

/* One file in the folder, listed in seal.txt or not. */
struct file {
	const char *name; /* as the medium spells it */
	uint64_t size;
	bool listed;
};

struct look {
	struct bundle bundle; /* its seal is read, not checked */
	struct vl_stanzas stanzas;
	struct file *files;
	size_t nfiles;
	uint64_t bytes;
	char key_number[VL_KEY_ID_TEXT]; /* of the sender */
	char fingerprint[VL_FINGERPRINT_SIZE];
	char prev[VL_FINGERPRINT_SIZE];
	char id[VL_HEX_SIZE(VL_ID_SIZE)];
	char series[VL_HEX_SIZE(VL_ID_SIZE)];
};

static enum vl_status
read_text(
    struct vl_buf *out, struct look *l, const char *name, struct vl_err *err)
{
	const struct vl_seal *s = &l->bundle.seal;
	size_t i = 0;

	for (i = 0; i < s->nnames; i++)
		if (strcmp(s->names[i].name, name) == 0)
			return vl_read_file(l->bundle.dirfd, s->names[i].real,
			    VL_HEAD_MAX, out, err);
	return vl_fail(err, VL_EFORMAT, "'%s' is missing", name);
}

static enum vl_status
read_head(struct look *l, struct vl_err *err)
{
	struct vl_seal *s = &l->bundle.seal;
	enum vl_status st = read_text(&s->head_text, l, "head.jsn", err);

	if (st != VL_OK)
		return st;
	st = vl_head_decode(&s->head, vl_buf_slice(&s->head_text), err);
	if (st != VL_OK)
		return vl_within(err, "head.jsn");
	vl_hash_of(s->fingerprint, &(struct vl_hash_opts){ 0 },
	    vl_buf_slice(&s->head_text));
	st = read_text(&s->keys_text, l, "keys.jsn", err);
	if (st != VL_OK)
		return st;
	st = vl_stanzas_decode(&l->stanzas, vl_buf_slice(&s->keys_text), err);
	return st == VL_OK ? VL_OK : vl_within(err, "keys.jsn");
}

static enum vl_status
read_files(struct look *l, struct vl_err *err)
{
	const struct vl_seal *s = &l->bundle.seal;
	struct stat st = { 0 };
	struct file *f = NULL;
	size_t i = 0;

	l->files = calloc(s->nnames + 1, sizeof(*l->files));
	if (l->files == NULL)
		return vl_fail_memory(err);
	for (i = 0; i < s->nnames; i++) {
		f = &l->files[l->nfiles++];
		f->name = s->names[i].real;
		f->listed = strcmp(s->names[i].name, "seal.txt") == 0 ||
		    strcmp(s->names[i].name, "seal.sig") == 0 ||
		    vl_seal_list_find(&s->list, s->names[i].name) != NULL;
		if (fstatat(l->bundle.dirfd, f->name, &st,
		        AT_SYMLINK_NOFOLLOW) != 0)
			return vl_fail_errno(
			    err, "cannot look at a file of the bundle");
		f->size = (uint64_t)st.st_size;
		l->bytes += f->size;
	}
	return VL_OK;
}

static void
make_texts(struct look *l)
{
	const struct vl_seal *s = &l->bundle.seal;
	static const uint8_t none[VL_ROOT_SIZE] = { 0 };

	(void)vl_key_id_text(l->key_number, s->sig.key_id);
	(void)vl_fingerprint(l->fingerprint, s->fingerprint);
	(void)snprintf(l->prev, sizeof(l->prev), "none");
	if (memcmp(s->head.prev, none, sizeof(none)) != 0)
		(void)vl_fingerprint(l->prev, s->head.prev);
	(void)vl_hex(l->id, s->head.id, VL_ID_SIZE);
	(void)vl_hex(l->series, s->head.series, VL_ID_SIZE);
}

static enum vl_status
look_at(struct look *l, const char *path, struct vl_err *err)
{
	enum vl_status st = bundle_open(&l->bundle, path, err);

	if (st != VL_OK)
		return st;
	st = vl_seal_read(&l->bundle.seal, l->bundle.dirfd, NULL, err);
	if (st == VL_OK)
		st = read_head(l, err);
	if (st == VL_OK)
		st = read_files(l, err);
	if (st != VL_OK)
		return vl_within(err, "bundle '%s'", l->bundle.shown);
	make_texts(l);
	return VL_OK;
}

static void
print_stanzas(const struct look *l)
{
	const struct vl_stanza *s = l->stanzas.list;
	size_t i = 0;

	for (i = 0; i < l->stanzas.n; i++, s++)
		if (s->type == VL_STANZA_ARGON2ID)
			printf("opens with\tpassword\t%s\t%s\t%" PRIu32
			       " passes over %" PRIu32 " KiB\n",
			    type_words[s->type], role_words[s->role], s->passes,
			    s->kib);
		else if (s->type == VL_STANZA_X25519)
			printf("opens with\tkey\t%s\t%s\n", type_words[s->type],
			    role_words[s->role]);
		else
			printf("opens with\tunknown\n");
}

static void
print_text(const struct look *l)
{
	const struct vl_head *h = &l->bundle.seal.head;
	char shown[SHOWN_SIZE];
	size_t i = 0;

	printf("not verified\t'valise verify' tells whether this is true\n"
	       "bundle\t%s\nformat\tvalise-bundle\t%d\nfingerprint\t%s\n"
	       "id\t%s\nseries\t%s\nseq\t%" PRIu64 "\nepoch\t%" PRIu64
	       "\nkind\t%s\nprevious\t%s\nsender key\t%s\nframes\t%u bytes\n",
	    l->bundle.shown, VL_FORMAT_VERSION, l->fingerprint, l->id,
	    l->series, h->seq, h->epoch, kind_words[h->kind], l->prev,
	    l->key_number, 1u << h->frame_log2);
	for (i = 0; i < MUSTS; i++)
		if ((h->must & must_words[i].bit) != 0)
			printf("needs\t%s\n", must_words[i].word);
	print_stanzas(l);
	printf("files\t%zu\t%" PRIu64 "\n", l->nfiles, l->bytes);
	for (i = 0; i < l->nfiles; i++)
		printf("file\t%s\t%" PRIu64 "%s\n",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(l->files[i].name)),
		    l->files[i].size,
		    l->files[i].listed ? "" : "\tnot in seal.txt");
}

static void
json_text(struct vl_json_w *w, const char *key, const char *text)
{
	vl_json_w_key(w, key);
	vl_json_w_text(w, vl_slice_of(text));
}

static void
json_int(struct vl_json_w *w, const char *key, uint64_t n)
{
	vl_json_w_key(w, key);
	vl_json_w_int(w, n > VL_JSON_INT_MAX ? VL_JSON_INT_MAX : (int64_t)n);
}

static void
json_files(struct vl_json_w *w, const struct look *l)
{
	char shown[SHOWN_SIZE];
	size_t i = 0;

	vl_json_w_key(w, "files");
	vl_json_w_open(w, '[');
	for (i = 0; i < l->nfiles; i++) {
		vl_json_w_open(w, '{');
		vl_json_w_key(w, "listed");
		vl_json_w_bool(w, l->files[i].listed);
		json_text(w, "name",
		    vl_escape_text(
		        shown, sizeof(shown), vl_slice_of(l->files[i].name)));
		json_int(w, "size", l->files[i].size);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
}

static void
json_stanzas(struct vl_json_w *w, const struct look *l)
{
	const struct vl_stanza *s = l->stanzas.list;
	size_t i = 0;

	vl_json_w_key(w, "stanzas");
	vl_json_w_open(w, '[');
	for (i = 0; i < l->stanzas.n; i++, s++) {
		vl_json_w_open(w, '{');
		if (s->type == VL_STANZA_ARGON2ID) {
			json_int(w, "kib", s->kib);
			json_int(w, "passes", s->passes);
		}
		if (s->type != VL_STANZA_UNKNOWN)
			json_text(w, "role", role_words[s->role]);
		json_text(w, "type", type_words[s->type]);
		vl_json_w_close(w, '}');
	}
	vl_json_w_close(w, ']');
}

static enum vl_status
print_json(const struct look *l, struct vl_err *err)
{
	const struct vl_head *h = &l->bundle.seal.head;
	struct vl_buf out = { 0 };
	struct vl_json_w w = { 0 };
	enum vl_status st = VL_OK;
	size_t i = 0;

	vl_json_w_init(&w, &out);
	vl_json_w_open(&w, '{');
	json_text(&w, "bundle", l->bundle.shown);
	json_int(&w, "bytes", l->bytes);
	json_int(&w, "epoch", h->epoch);
	json_files(&w, l);
	json_text(&w, "fingerprint", l->fingerprint);
	json_text(&w, "format", "valise-bundle");
	json_int(&w, "frame_log2", h->frame_log2);
	json_text(&w, "id", l->id);
	json_text(&w, "kind", kind_words[h->kind]);
	json_text(&w, "message_type", "summary");
	vl_json_w_key(&w, "must");
	vl_json_w_open(&w, '[');
	for (i = 0; i < MUSTS; i++)
		if ((h->must & must_words[i].bit) != 0)
			vl_json_w_text(&w, vl_slice_of(must_words[i].word));
	vl_json_w_close(&w, ']');
	json_text(&w, "prev", l->prev);
	json_text(&w, "sender_key", l->key_number);
	json_int(&w, "seq", h->seq);
	json_text(&w, "series", l->series);
	json_stanzas(&w, l);
	json_int(&w, "v", VL_FORMAT_VERSION);
	vl_json_w_key(&w, "verified");
	vl_json_w_bool(&w, false);
	vl_json_w_close(&w, '}');
	st = vl_json_w_end(&w, err);
	if (st == VL_OK)
		printf("%.*s\n", (int)out.n, (const char *)out.p);
	vl_buf_free(&out);
	return st;
}

static enum vl_status
inspect_run(const struct vl_args *args, struct vl_err *err)
{
	const struct inspect_opts *o = args->opts;
	struct look l = { .bundle = BUNDLE_NONE };
	enum vl_status st = look_at(&l, args->operands[0], err);

	if (st == VL_OK && o->json)
		st = print_json(&l, err);
	else if (st == VL_OK)
		print_text(&l);
	free(l.files);
	bundle_close(&l.bundle);
	return st;
}

const struct vl_cmd vl_cmd_inspect = {
	.name = "inspect",
	.operands = "DIR",
	.help = "show what a bundle tells without a key",
	.about = "Believes nothing: only the form of what it shows is looked "
	         "at.",
	.opts = table,
	.opts_size = sizeof(struct inspect_opts),
	.min_operands = 1,
	.max_operands = 1,
	.run = inspect_run,
};
