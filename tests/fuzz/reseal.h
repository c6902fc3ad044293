#ifndef VALISE_TESTS_FUZZ_RESEAL_H
#define VALISE_TESTS_FUZZ_RESEAL_H

/*
 * Makes a small bundle from the ground up with all keys at hand.  One of its
 * structures may be edited on the way, and everything above that is made
 * from the edited bytes: ids, records, roots, frames, MAC, seal, signature.
 *
 *	""   a directory
 *	a    a file, chunk 0
 *	d    a directory
 *	d/x  a file, chunk 1
 *	h    one more name of a
 *	l    a symbolic link
 *
 * Before the tree may stand the lines of another resource, `app`; a may be a
 *text, and may have secrets.
 */

#include "reseal_parts.h"

/* One block of two chunks, in a pack. */
static inline void
reseal_pack(struct reseal_work *w)
{
	static const uint8_t seed[VL_KEY_SIZE] = { 8 };
	const struct vl_record_header kind = { .kind = VL_RECORD_BLOCK,
		.items = RESEAL_CHUNKS };
	struct vl_buf plain = { 0 };
	struct vl_buf table = { 0 };
	uint8_t bytes[1000];
	uint8_t le[4];
	size_t at = 0;
	size_t n = 700;
	size_t i = 0;

	vl_random_from(bytes, sizeof(bytes), seed);
	if (w->all->text.n > 0) {
		n = w->all->text.n;
		reseal_add(&w->block, w->all->text.p, n);
	}
	reseal_add(&w->block, bytes, sizeof(bytes));
	reseal_part(w, RESEAL_BLOCK, &w->block);
	for (i = 0; i < RESEAL_CHUNKS; i++) {
		n = i > 0 || w->block.n < n ? w->block.n - at : n;
		w->chunks[i] = (struct vl_slice){ w->block.p + at, n };
		vl_ids_chunk(w->all->ids, w->chunk_ids[i], w->chunks[i]);
		vl_put_u32le(le, (uint32_t)n);
		reseal_add(&table, le, sizeof(le));
		at += n;
	}
	reseal_part(w, RESEAL_TABLE, &table);
	reseal_record(w, &plain, &kind, &table, &w->block);
	reseal_part(w, RESEAL_RECORDS, &plain);
	reseal_file(w, &plain, VL_FILE_PACK, 1);
	vl_buf_free(&table);
	vl_buf_free(&plain);
}

/* The list of a line whose body is one chunk, which is how it would be cut. */
static inline void
reseal_list(
    struct reseal_work *w, struct vl_buf *lists, uint64_t line, size_t chunk)
{
	static const uint8_t no_zeros[4];
	uint8_t head[16];

	vl_list_item_encode(head, line, 0, 1);
	reseal_add(lists, head, sizeof(head));
	reseal_add(lists, no_zeros, sizeof(no_zeros));
	reseal_add(lists, w->chunk_ids[chunk], VL_HASH_SIZE);
	w->nlists++;
}

static inline void
reseal_body(struct reseal_work *w, struct vl_entry *e, struct vl_buf *lists,
    uint64_t line, size_t chunk)
{
	struct vl_content_hash h = { 0 };

	reseal_list(w, lists, line, chunk);
	e->size = w->chunks[chunk].n;
	vl_content_begin(&h, w->all->ids, e->size);
	vl_content_add(&h, 0, w->chunk_ids[chunk]);
	vl_content_end(&h, e->hash);
}

/* One item; its fingerprint into `slot`. */
static inline void
reseal_token(const struct reseal *all, struct vl_buf *items,
    const struct vl_slot_place *place, uint64_t line, uint32_t number,
    struct vl_slot *slot)
{
	const struct vl_slice plain = vl_slice_of("correct horse battery");
	const struct vl_secret_ops *ops = all->secrets;
	uint8_t head[VL_SECRET_ITEM_HEAD];
	struct vl_buf token = { 0 };
	struct vl_err err = { 0 };

	ops->print(ops->arg, place, plain, slot->print);
	MUST(ops->seal(ops->arg, place, plain, &token, &err) == VL_OK);
	vl_secret_item_encode(head, line, number, (uint32_t)token.n);
	reseal_add(items, head, sizeof(head));
	reseal_add(items, token.p, token.n);
	vl_buf_free(&token);
}

/* Two secrets of the file; `slots` is room for them. */
static inline void
reseal_slots(struct reseal_work *w, struct vl_entry *e,
    struct vl_file_slot slots[2], uint64_t line)
{
	struct vl_slot_place place;
	uint32_t i = 0;

	slots[0] = (struct vl_file_slot){ .at = 3,
		.slot = { .form = VL_SLOT_CLEAR },
		.inside = vl_slice_of("$.a") };
	slots[1] = (struct vl_file_slot){ .at = e->size,
		.slot = { .form = VL_SLOT_SEALED },
		.inside = vl_slice_of("line B") };
	if (w->all->places != NULL)
		memcpy(slots, w->all->places, 2 * sizeof(*slots));
	e->slots = slots;
	e->nslots = 2;
	for (i = 0; i < 2; i++) {
		place = vl_entry_slot_place(e, i);
		reseal_token(
		    w->all, &w->tokens, &place, line, i, &slots[i].slot);
		w->ntokens++;
	}
}

/* Those of rows, then those of files. */
static inline void
reseal_secrets(struct reseal_work *w, struct vl_buf *plain)
{
	struct vl_record_header kind = { .kind = VL_RECORD_SECRETS,
		.items = w->ntokens + (w->all->row_token.n > 0) };
	struct vl_buf items = { 0 };

	if (w->all->secrets == NULL)
		return;
	reseal_add(&items, w->all->row_token.p, w->all->row_token.n);
	reseal_add(&items, w->tokens.p, w->tokens.n);
	reseal_part(w, RESEAL_TOKENS, &items);
	reseal_record(w, plain, &kind, NULL, &items);
	vl_buf_free(&items);
}

static inline uint64_t
reseal_lines(struct vl_slice text)
{
	uint64_t n = 0;
	size_t i = 0;

	for (i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static inline void
reseal_entries(
    struct reseal_work *w, struct vl_buf *lines, struct vl_buf *lists)
{
	const uint64_t first = reseal_lines(w->all->rows);
	struct {
		enum vl_entry_type type;
		const char *path;
	} all[RESEAL_ENTRIES] = { { VL_ENTRY_DIR, "" }, { VL_ENTRY_FILE, "a" },
		{ VL_ENTRY_DIR, "d" }, { VL_ENTRY_FILE, "d/x" },
		{ VL_ENTRY_HARD, "h" }, { VL_ENTRY_LINK, "l" } };
	struct vl_file_slot slots[2];
	struct vl_err err = { 0 };
	size_t i = 0;

	reseal_add(lines, w->all->rows.p, w->all->rows.n);
	if (w->all->with_body > 0)
		reseal_list(w, lists, w->all->with_body, 0);
	if (w->all->tied != NULL)
		all[3].path = w->all->tied;
	for (i = 0; i < RESEAL_ENTRIES; i++) {
		struct vl_entry e = { .type = all[i].type,
			.resource = vl_slice_of("tree"),
			.path = vl_slice_of(all[i].path),
			.mode = 0755,
			.uid = getuid(),
			.gid = getgid(),
			.mtime.sec = 1600000000 };

		if (e.type == VL_ENTRY_FILE)
			reseal_body(w, &e, lists, first + i, i / 2);
		if (i == 1 && w->all->secrets != NULL)
			reseal_slots(w, &e, slots, first + i);
		if (e.type == VL_ENTRY_HARD)
			e.target = vl_slice_of("a");
		if (e.type == VL_ENTRY_LINK)
			e.target = vl_slice_of("d/x");
		MUST(vl_entry_encode(lines, &e, NULL, &err) == VL_OK);
	}
}

/* The Merkle root over what are lines now; returns how many. */
static inline uint64_t
reseal_root(struct reseal_work *w, struct vl_slice lines)
{
	struct vl_merkle merkle = { 0 };
	const uint8_t *lf = NULL;
	uint64_t n = 0;
	size_t take = 0;
	uint8_t le[8];

	vl_merkle_init(&merkle, 0);
	for (; lines.n > 0; n++) {
		lf = memchr(lines.p, '\n', lines.n);
		take = lf == NULL ? lines.n : (size_t)(lf + 1 - lines.p);
		vl_merkle_add(
		    &merkle, w->all->ids, (struct vl_slice){ lines.p, take });
		lines.p += take;
		lines.n -= take;
	}
	vl_put_u64le(le, n > 0 ? n - 1 : 0);
	vl_merkle_add(
	    &merkle, w->all->ids, (struct vl_slice){ le, sizeof(le) });
	vl_merkle_root(&merkle, w->all->ids, w->inner.manifest_root);
	return n;
}

/* i0000002.vli: the lines, and the lists. */
static inline void
reseal_index(struct reseal_work *w)
{
	struct vl_manifest_head first = { .epoch = 1, .site = RESEAL_SITE };
	struct vl_record_header kind = { .kind = VL_RECORD_LINES };
	struct vl_buf plain = { 0 };
	struct vl_buf lines = { 0 };
	struct vl_buf lists = { 0 };
	struct vl_buf tail = { 0 };
	struct vl_err err = { 0 };
	uint64_t n = 0;

	memcpy(first.series, w->all->head.series, VL_ID_SIZE);
	MUST(vl_manifest_head_encode(&lines, &first, &err) == VL_OK);
	reseal_entries(w, &lines, &lists);
	reseal_part(w, RESEAL_LINES, &lines);
	n = reseal_root(w, vl_buf_slice(&lines));
	w->inner.lines = n > 0 ? n - 1 : 0;
	MUST(vl_manifest_tail_encode(
	         &tail, w->inner.lines, w->inner.manifest_root, &err) == VL_OK);
	reseal_part(w, RESEAL_TAIL, &tail);
	reseal_add(&lines, tail.p, tail.n);
	kind.items = (uint32_t)(n + 1);
	reseal_record(w, &plain, &kind, NULL, &lines);
	reseal_secrets(w, &plain);
	kind = (struct vl_record_header){ .kind = VL_RECORD_LISTS,
		.items = w->nlists };
	reseal_part(w, RESEAL_LISTS, &lists);
	reseal_record(w, &plain, &kind, NULL, &lists);
	reseal_part(w, RESEAL_INDEX, &plain);
	reseal_file(w, &plain, VL_FILE_INDEX, 2);
	vl_buf_free(&plain);
	vl_buf_free(&lines);
	vl_buf_free(&lists);
	vl_buf_free(&tail);
}

/* The chunk map: both rows, ascending by id. */
static inline void
reseal_map(struct reseal_work *w, struct vl_buf *rows)
{
	const size_t low =
	    memcmp(w->chunk_ids[0], w->chunk_ids[1], VL_HASH_SIZE) < 0 ? 0 : 1;
	uint8_t bytes[VL_MAP_ROW_SIZE];
	size_t i = 0;

	for (i = 0; i < RESEAL_CHUNKS; i++) {
		const size_t c = i == 0 ? low : 1 - low;
		struct vl_map_row r = { .pack = 1,
			.index = (uint16_t)c,
			.length = (uint32_t)w->chunks[c].n };

		memcpy(r.id, w->chunk_ids[c], sizeof(r.id));
		vl_map_row_encode(bytes, &r);
		reseal_add(rows, bytes, sizeof(bytes));
	}
	reseal_part(w, RESEAL_MAP, rows);
}

/* i0000001.vli: the map, and the inner head. */
static inline void
reseal_inner(struct reseal_work *w)
{
	struct vl_record_header kind = { .kind = VL_RECORD_MAP };
	struct vl_inner_head *h = &w->inner;
	struct vl_map_file map = { .file = 1 };
	struct vl_resource_id resources[2] = { { .name = "app",
		                                   .kind = "sqlite" },
		{ .name = "tree", .kind = "files" } };
	const size_t absent = w->all->rows.n > 0 ? 0 : 1;
	uint32_t frames = 1;
	struct vl_buf plain = { 0 };
	struct vl_buf rows = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };

	if (w->all->rows_kind != NULL)
		(void)snprintf(resources[0].kind, sizeof(resources[0].kind),
		    "%s", w->all->rows_kind);
	reseal_map(w, &rows);
	kind.items = (uint32_t)(rows.n / VL_MAP_ROW_SIZE);
	reseal_record(w, &plain, &kind, NULL, &rows);
	map.rows = kind.items > 0 ? kind.items : 1;
	memcpy(map.first_id, rows.p, rows.n < 32 ? rows.n : 32);
	h->head = w->all->head;
	memcpy(h->site, RESEAL_SITE, sizeof(RESEAL_SITE));
	memcpy(h->tool, "reseal", sizeof("reseal"));
	h->chunk_min = VL_CHUNK_MIN_DEFAULT;
	h->chunk_avg = VL_CHUNK_AVG_DEFAULT;
	h->chunk_max = VL_CHUNK_MAX_DEFAULT;
	h->chunks = RESEAL_CHUNKS;
	h->total_plain = w->plain;
	memcpy(h->sender, w->all->sender->pub.key, sizeof(h->sender));
	vl_ids_commitment(w->all->ids, h->sk_commit);
	vl_keys_tk_commit(h->tk_commit, w->all->keys);
	h->resources = resources + absent;
	h->nresources = 2 - absent;
	h->pack_frames = &frames;
	h->npacks = 1;
	h->map = &map;
	h->nmap = 1;
	MUST(vl_inner_head_encode(&text, h, &err) == VL_OK);
	reseal_part(w, RESEAL_INNER, &text);
	kind = (struct vl_record_header){ .kind = VL_RECORD_INNER, .items = 1 };
	reseal_record(w, &plain, &kind, NULL, &text);
	reseal_part(w, RESEAL_FIRST, &plain);
	reseal_file(w, &plain, VL_FILE_INDEX, 1);
	vl_buf_free(&plain);
	vl_buf_free(&rows);
	vl_buf_free(&text);
}

/* keys.jsn with a MAC that fits what was edited. */
static inline void
reseal_keys(struct reseal_work *w)
{
	static const char mac_at[] = "{\"mac\":\"";
	struct vl_buf text = { 0 };
	struct vl_buf input = { 0 };
	struct vl_err err = { 0 };
	uint8_t key[VL_KEY_SIZE];
	uint8_t mac[VL_HASH_SIZE];
	char hex[VL_HEX_SIZE(VL_HASH_SIZE)];

	reseal_add(&text, w->all->keys_text.p, w->all->keys_text.n);
	reseal_part(w, RESEAL_KEYS, &text);
	if (vl_stanzas_mac_input(&input, vl_buf_slice(&text), &err) == VL_OK &&
	    text.n > sizeof(mac_at) + sizeof(hex) &&
	    memcmp(text.p, mac_at, sizeof(mac_at) - 1) == 0) {
		vl_kdf(key, 3, "vls1bndl", w->all->keys->bk);
		vl_hash_of(mac, &(struct vl_hash_opts){ .key = key },
		    vl_buf_slice(&input));
		memcpy(text.p + sizeof(mac_at) - 1,
		    vl_hex(hex, mac, sizeof(mac)), sizeof(hex) - 1);
	}
	reseal_put(w, "keys.jsn", &text, true);
	vl_buf_free(&text);
	vl_buf_free(&input);
}

static inline int
reseal_compare(const void *a, const void *b)
{
	return strcmp(((const struct vl_seal_file *)a)->name,
	    ((const struct vl_seal_file *)b)->name);
}

/* head.jsn and its hash. */
static inline void
reseal_head(struct reseal_work *w, uint8_t hash[VL_HASH_SIZE])
{
	struct vl_head h = w->all->head;
	struct vl_hash root = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	struct stat at = { 0 };
	size_t i = 0;

	vl_files_root_begin(&root);
	qsort(w->files, w->nfiles, sizeof(w->files[0]), reseal_compare);
	for (i = 0; i < w->nfiles; i++) {
		MUST(fstatat(w->dirfd, w->files[i].name, &at, 0) == 0);
		vl_files_root_add(&root, w->files[i].name, (uint64_t)at.st_size,
		    w->files[i].hash);
	}
	vl_hash_end(&root, h.files_root);
	MUST(vl_head_encode(&text, &h, &err) == VL_OK);
	reseal_part(w, RESEAL_HEAD, &text);
	vl_hash_of(hash, NULL, vl_buf_slice(&text));
	reseal_put(w, "head.jsn", &text, true);
	vl_buf_free(&text);
}

/* seal.txt and seal.sig. */
static inline void
reseal_seal(struct reseal_work *w, const uint8_t head[VL_HASH_SIZE])
{
	const struct vl_seal_list list = { w->files, w->nfiles };
	struct vl_seal_comment c = { .seq = w->all->head.seq };
	struct vl_seal_sig sig = { 0 };
	struct vl_buf text = { 0 };
	struct vl_buf comment = { 0 };
	struct vl_buf both = { 0 };
	struct vl_err err = { 0 };
	uint8_t hash[64];

	qsort(w->files, w->nfiles, sizeof(w->files[0]), reseal_compare);
	MUST(vl_seal_list_encode(&text, &list, &err) == VL_OK);
	reseal_part(w, RESEAL_SEAL, &text);
	reseal_put(w, "seal.txt", &text, false);
	vl_hash512_of(hash, vl_buf_slice(&text));
	memcpy(c.id, w->all->head.id, sizeof(c.id));
	c.files = w->nfiles;
	c.bytes = w->bytes;
	memcpy(c.head, head, sizeof(c.head));
	MUST(vl_seal_comment_encode(&comment, &c, &err) == VL_OK);
	reseal_part(w, RESEAL_COMMENT, &comment);
	memcpy(sig.key_id, w->all->sender->pub.key_id, sizeof(sig.key_id));
	vl_sign(sig.signature, (struct vl_slice){ hash, sizeof(hash) },
	    w->all->sender->key);
	reseal_add(&both, sig.signature, sizeof(sig.signature));
	reseal_add(&both, comment.p, comment.n);
	vl_sign(sig.global, vl_buf_slice(&both), w->all->sender->key);
	sig.comment_text = vl_buf_slice(&comment);
	vl_buf_clear(&text);
	MUST(vl_seal_sig_encode(&text, &sig, &err) == VL_OK);
	reseal_put(w, "seal.sig", &text, false);
	vl_buf_free(&text);
	vl_buf_free(&comment);
	vl_buf_free(&both);
}

/* The bundle of input `p` into the folder `dirfd`. */
static inline void
reseal_bundle(const struct reseal *all, int dirfd, struct vl_slice input)
{
	struct reseal_work w = { .all = all, .dirfd = dirfd };
	struct vl_buf readme = { 0 };
	uint8_t head[VL_HASH_SIZE];

	reseal_add(&readme, vl_readme_text, strlen(vl_readme_text));
	if (input.n > 0) {
		w.part = (enum reseal_part)(
		    1 + (input.p[0] & RESEAL_NUMBER) % (RESEAL_PARTS - 1));
		w.edits = (struct vl_slice){ input.p + 1, input.n - 1 };
	}
	reseal_pack(&w);
	reseal_index(&w);
	reseal_inner(&w);
	reseal_head(&w, head);
	reseal_keys(&w);
	reseal_put(&w, "readme.txt", &readme, true);
	reseal_seal(&w, head);
	vl_buf_free(&w.block);
	vl_buf_free(&w.tokens);
	vl_buf_free(&readme);
}

/* Keys of this process, fixed but for those that sign and wrap. */
static inline void
reseal_init(struct reseal *all)
{
	struct vl_recipient r = { .type = VL_STANZA_X25519,
		.role = VL_ROLE_FULL };
	struct vl_err err = { 0 };

	MUST(vl_secret_init());
	all->keys = vl_secret_alloc(sizeof(*all->keys));
	all->read = vl_secret_alloc(sizeof(*all->read));
	all->sender = vl_secret_alloc(sizeof(*all->sender));
	MUST(all->keys != NULL && all->read != NULL && all->sender != NULL);
	memset(all->keys, 3, sizeof(*all->keys));
	all->keys->has_tk = true;
	vl_sender_secret_make(all->sender);
	memset(&all->head, 0, sizeof(all->head));
	memset(all->head.id, 5, sizeof(all->head.id));
	memset(all->head.series, 6, sizeof(all->head.series));
	all->head.seq = 1;
	all->head.epoch = 1;
	all->head.must = VL_MUST_GEAR1;
	all->head.frame_log2 = RESEAL_LOG2;
	all->head.index_files = 2;
	all->head.pack_files = 1;
	vl_keys_commit(all->head.commit, all->keys);
	MUST(vl_ids_new(&all->ids, all->keys->sk, VL_CHUNK_MIN_DEFAULT,
	         VL_CHUNK_AVG_DEFAULT, VL_CHUNK_MAX_DEFAULT, &err) == VL_OK);
	vl_x25519_keypair(r.public, all->identity);
	MUST(vl_keys_wrap(
	         &all->keys_text, all->keys, &all->head, &r, 1, &err) == VL_OK);
}

#endif
