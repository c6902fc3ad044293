#ifndef TEST_FILE_WRITER_H
#define TEST_FILE_WRITER_H

/* A writer of a bundle with secrets in files, for tests. */

#include "secrets.h"

#define SLOTS 3

struct file {
	const char *path;
	const char *body;
	struct vl_file_slot slots[SLOTS];
	size_t n;
	size_t size; /* of each secret */
};

static inline struct vl_file_slot
slot(uint64_t at, const char *inside, enum vl_slot_form form)
{
	return (struct vl_file_slot){ .at = at,
		.slot = { .form = form },
		.inside = vl_slice_of(inside) };
}

static inline struct writer *
tree_writer(void)
{
	static const struct vl_resource_id app = { .name = "app",
		.kind = "files" };
	struct writer *w = writer_of(&app);

	put_line(w,
	    "{\"gid\":0,\"mode\":\"0755\",\"mtime\":\"0.000000000\","
	    "\"path\":\"\",\"r\":\"app\",\"t\":\"dir\",\"uid\":0}\n");
	return w;
}

/* Its secret: bytes that follow from the place. */
static inline void
make_secret(struct vl_buf *out, const struct vl_slot_place *place, size_t n)
{
	struct vl_err err;
	size_t i;

	vl_buf_clear(out);
	must(vl_buf_reserve(out, n + 1, &err), &err);
	out->n = n;
	for (i = 0; i < n; i++)
		out->p[i] = (uint8_t)(place->key.p[i % place->key.n] +
		    place->inside.n + (size_t)place->form + i / 3);
}

/* Fingerprint and token of slot `i` of `e`. */
static inline void
make_token(struct writer *w, struct vl_entry *e, struct vl_file_slot *s,
    size_t i, size_t n, struct vl_buf *token)
{
	struct vl_slot_place place = vl_entry_slot_place(e, i);
	struct vl_buf plain = { 0 };
	struct vl_err err;
	size_t k;

	make_secret(&plain, &place, n);
	for (k = 0; k < plain.n; k++)
		plain.p[k] ^= w->other;
	w->ops.print(w->ops.arg, &place, vl_buf_slice(&plain), s->slot.print);
	must(w->ops.seal(w->ops.arg, &place, vl_buf_slice(&plain), token, &err),
	    &err);
	if (w->rows == w->wrong_row && i == 1)
		w->wrong(w, &place, &s->slot, token);
	vl_buf_free(&plain);
}

static inline enum vl_status
put_file(struct writer *w, const struct file *f, struct vl_err *err)
{
	struct vl_slice body = vl_slice_of(f->body);
	struct vl_file_slot slots[SLOTS];
	struct vl_entry e = { .type = VL_ENTRY_FILE,
		.resource = vl_slice_of("app"),
		.path = vl_slice_of(f->path),
		.mode = 0644,
		.size = body.n,
		.slots = slots,
		.nslots = f->n };
	struct vl_buf tokens[SLOTS] = { 0 };
	struct vl_slice slices[SLOTS] = { 0 };
	struct vl_record rec = { .has_body = true,
		.body_size = body.n,
		.tokens = slices,
		.ntokens = f->n };
	struct vl_buf line = { 0 };
	enum vl_status st;
	uint8_t *room = NULL;
	size_t n = 0;
	size_t i;

	memcpy(slots, f->slots, sizeof(slots));
	for (i = 0; i < f->n; i++) {
		make_token(w, &e, &slots[i], i, f->size, &tokens[i]);
		slices[i] = vl_buf_slice(&tokens[i]);
	}
	must(vl_entry_encode(&line, &e, &rec.hash_at, err), err);
	rec.line = vl_buf_slice(&line);
	st = vl_pack_record(w->p, &rec, err);
	if (st == VL_OK) {
		must(vl_pack_body_room(w->p, &room, &n, err), err);
		assert_true(body.n <= n);
		memcpy(room, body.p, body.n);
		must(vl_pack_body_fill(w->p, body.n, err), err);
		must(vl_pack_body_end(w->p, err), err);
	}
	w->rows++;
	for (i = 0; i < SLOTS; i++)
		vl_buf_free(&tokens[i]);
	vl_buf_free(&line);
	return st;
}

#endif
