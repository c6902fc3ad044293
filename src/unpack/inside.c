/*
 * A reader in a cage: the child's side.  One thread serves records, one
 * blocks, each on its own channel, and a pool of workers does for both what
 * it does in any process.  Files are asked for, and come as descriptors.
 */

#include "parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valise/secret.h>

#include "wire.h"

#define RECORDS 0 /* channels */
#define BLOCKS  1

#define READERS      8 /* at a time */
#define WORKERS_MAX  64
#define SLOTS_SPARE  96 /* what the parent holds and keeps, and some */
#define PRIVATE      ((size_t)512 << 20)
#define PRIVATE_EACH ((size_t)32 << 20) /* for each worker */
#define OPEN_TIME    600
#define REFS         64

/* Exit codes of a child whose parent is not what it should be. */
enum {
	NO_START = 112,
	NO_SENSE = 113
};

struct reader {
	struct vl_unpack *unpack;
	bool in_body; /* of the record that went last */
	bool ended;   /* its tail, or a failure, went */
};

struct inside {
	const struct vl_cage_inside *cage;
	struct vl_pool *pool;
	pthread_barrier_t started;
	pthread_t blocks;
	struct vl_unpack_slots slots;
	pthread_mutex_t mutex; /* of the two lists */
	struct reader readers[READERS];
	/* What the parent holds, by slot. */
	struct vl_chunk_hold **held;
	struct vl_unpack **held_by;
	size_t nslots;
};

/* On which channel a thread asks for files. */
static _Thread_local int own_channel = -1;

static bool
find_file(void *arg, enum vl_file_type type, uint32_t number,
    struct vl_stream_found *found)
{
	struct vl_cage_message m = { .kind = WIRE_WANTS, .fd = -1 };
	struct wire_file is = { 0 };
	uint8_t ask[8];
	uint8_t answer[16];

	(void)arg;
	vl_put_u32le(ask, type);
	vl_put_u32le(ask + 4, number);
	if (vl_cage_put(own_channel, &m, (struct vl_slice){ ask, sizeof(ask) },
	        NULL) != VL_OK ||
	    vl_cage_take(own_channel, &m, NULL) != VL_OK ||
	    m.kind != WIRE_FILE || m.n != sizeof(answer) ||
	    vl_cage_body(own_channel, answer, sizeof(answer), NULL) != VL_OK ||
	    !wire_take_file(&is, (struct vl_slice){ answer, sizeof(answer) }))
		_exit(NO_SENSE);
	*found = (struct vl_stream_found){
		.fd = m.fd, .regular = is.regular, .size = is.size
	};
	errno = (int)is.error;
	return is.error == 0 && m.fd >= 0;
}

static void
answer(int channel, uint32_t kind, struct vl_slice body)
{
	const struct vl_cage_message m = { .kind = kind, .fd = -1 };

	/* A parent that is gone ends this child anyway. */
	if (vl_cage_put(channel, &m, body, NULL) != VL_OK)
		_exit(0);
}

/* What was made, or why not. */
static void
answer_made(int channel, enum vl_status st, const struct vl_buf *made,
    struct vl_err *err)
{
	struct vl_buf out = { 0 };

	if (!vl_secret_locked())
		answer(channel, WIRE_UNLOCKED, (struct vl_slice){ NULL, 0 });
	if (st == VL_OK && made->n <= WIRE_MAX) {
		answer(channel, WIRE_DONE, vl_buf_slice(made));
		return;
	}
	err->status = st;
	if (st == VL_OK)
		(void)vl_fail(err, VL_ELIMIT, "an answer is too long");
	if (wire_put_failure(&out, err, NULL) != VL_OK)
		_exit(VL_CAGE_NO_MEMORY);
	answer(channel, WIRE_FAILED, vl_buf_slice(&out));
	vl_buf_free(&out);
}

static struct reader *
free_reader(struct inside *in, uint32_t *number)
{
	for (*number = 0; *number < READERS; (*number)++)
		if (in->readers[*number].unpack == NULL)
			return &in->readers[*number];
	return NULL;
}

static enum vl_status
say_opened(struct vl_buf *out, const struct vl_unpack *u, uint32_t number,
    struct vl_err *err)
{
	enum vl_status st = wire_put_u32(out, number, err);

	if (st == VL_OK)
		st = wire_put_inner(out, &u->inner, err);
	return st == VL_OK ? wire_put_bytes(out, vl_buf_slice(&u->first), err) :
	                     st;
}

/* Head and keys have come; `mapfd` goes to the reader. */
static void
open_reader(struct inside *in, const struct wire_open *o, const uint8_t *keys,
    int mapfd)
{
	const struct vl_unpack_source source = { .head = &o->head,
		.root = keys,
		.sk = keys + VL_KEY_SIZE,
		.tk_commit = o->has_tk ? keys + 2 * VL_KEY_SIZE : NULL,
		.sender = o->has_sender ? o->sender : NULL,
		.max_plain = o->max_plain,
		.pool = in->pool,
		.dirfd = -1,
		.files = { .dirfd = -1, .find = find_file },
		.mapfd = mapfd,
		.slots = &in->slots };
	struct vl_unpack *u = NULL;
	struct vl_err err = { 0 };
	struct vl_buf out = { 0 };
	uint32_t number = 0;
	struct reader *r = free_reader(in, &number);
	enum vl_status st = r == NULL ?
	    vl_fail(&err, VL_EIO, "too many readers of a bundle") :
	    vl_unpack_open_source(&u, &source, &err);

	if (st == VL_OK)
		st = say_opened(&out, u, number, &err);
	if (st == VL_OK) {
		(void)pthread_mutex_lock(&in->mutex);
		*r = (struct reader){ .unpack = u };
		(void)pthread_mutex_unlock(&in->mutex);
	} else {
		vl_unpack_free(u);
	}
	answer_made(own_channel, st, &out, &err);
	vl_buf_free(&out);
}

static void
serve_open(struct inside *in, const struct vl_cage_message *first)
{
	struct vl_cage_message m = { .fd = -1 };
	struct wire_open o;
	uint8_t *keys = vl_secret_alloc(WIRE_SECRET);

	if (keys == NULL)
		_exit(VL_CAGE_NO_MEMORY);
	if (first->n != sizeof(o) || first->fd < 0 ||
	    vl_cage_body(own_channel, (uint8_t *)&o, sizeof(o), NULL) !=
	        VL_OK ||
	    vl_cage_take(own_channel, &m, NULL) != VL_OK ||
	    m.kind != WIRE_KEYS || m.n != WIRE_SECRET ||
	    vl_cage_body(own_channel, keys, WIRE_SECRET, NULL) != VL_OK)
		_exit(NO_SENSE);
	open_reader(in, &o, keys, first->fd);
	vl_secret_free(keys);
}

static enum vl_status
put_kind(struct vl_buf *out, uint8_t kind, struct vl_err *err)
{
	return vl_buf_add(out, (struct vl_slice){ &kind, 1 }, err);
}

/* Some chunks of the body in hand, or its end; `*ahead` counts their bytes. */
static enum vl_status
put_part(
    struct vl_buf *out, struct reader *r, uint64_t *ahead, struct vl_err *err)
{
	struct vl_chunk_ref refs[REFS];
	size_t n = 0;
	size_t i = 0;
	enum vl_status st = vl_unpack_part(r->unpack, refs, REFS, &n, err);

	if (st != VL_OK)
		return st;
	r->in_body = n > 0;
	if (n == 0)
		return put_kind(out, WIRE_BODY_END, err);
	for (i = 0; i < n; i++)
		*ahead += refs[i].n;
	st = put_kind(out, WIRE_REFS, err);
	return st == VL_OK ? wire_put_refs(out, refs, n, err) : st;
}

static enum vl_status
put_record(struct vl_buf *out, struct reader *r, enum wire_mode mode,
    struct vl_err *err)
{
	struct vl_unpacked rec = { 0 };
	enum vl_status st = vl_unpack_next(r->unpack, &rec, err);

	if (st != VL_OK)
		return st;
	r->ended = rec.line.p == NULL;
	r->in_body = rec.has_body && mode != WIRE_LINES;
	if (r->ended) {
		st = put_kind(out, WIRE_TAIL, err);
		return st == VL_OK ?
		    wire_put_bytes(out, vl_unpack_tail(r->unpack), err) :
		    st;
	}
	if (rec.kind != VL_LINE_ENTRY) {
		st = put_kind(out, WIRE_LINE, err);
		if (st == VL_OK)
			st = wire_put_line(out, &rec, err);
	} else {
		st = put_kind(out, WIRE_ENTRY, err);
		if (st == VL_OK)
			st = wire_put_entry(out, &rec, err);
	}
	return st == VL_OK ? wire_put_tokens(out, &rec, err) : st;
}

/* Whole items, until there are enough; behind a failure comes nothing. */
static enum vl_status
put_batch(struct vl_buf *out, struct reader *r, uint32_t kind,
    enum wire_mode mode, struct vl_err *err)
{
	struct vl_err failure = { 0 };
	uint64_t ahead = 0;
	size_t before = 0;
	enum vl_status st = VL_OK;
	bool more = true;

	while (st == VL_OK && more && !r->ended && out->n < WIRE_BATCH &&
	    ahead < WIRE_AHEAD) {
		before = out->n;
		if (r->in_body && (mode == WIRE_SWEPT || kind == WIRE_PART))
			st = put_part(out, r, &ahead, &failure);
		else
			st = put_record(out, r, mode, &failure);
		more = mode != WIRE_STEPS || (kind == WIRE_PART && r->in_body);
	}
	if (st == VL_OK)
		return VL_OK;
	r->ended = true;
	out->n = before;
	st = put_kind(out, WIRE_FAILURE, err);
	return st == VL_OK ? wire_put_failure(out, &failure, err) : st;
}

static void
close_reader(struct inside *in, struct reader *r)
{
	size_t i = 0;

	(void)pthread_mutex_lock(&in->mutex);
	for (i = 0; i < in->nslots; i++)
		if (in->held_by[i] == r->unpack) {
			vl_unpack_release(r->unpack, in->held[i]);
			in->held[i] = NULL;
			in->held_by[i] = NULL;
		}
	vl_unpack_free(r->unpack);
	*r = (struct reader){ 0 };
	(void)pthread_mutex_unlock(&in->mutex);
}

static void
serve_reader(struct inside *in, uint32_t kind, uint32_t number, uint32_t mode)
{
	struct reader *r = NULL;
	struct vl_unpack_totals totals = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	if (number >= READERS || in->readers[number].unpack == NULL ||
	    mode > WIRE_LINES)
		_exit(NO_SENSE);
	r = &in->readers[number];
	if (mode != WIRE_SWEPT) {
		/* Who serves its blocks looks at that. */
		(void)pthread_mutex_lock(&in->mutex);
		vl_unpack_unswept(r->unpack);
		(void)pthread_mutex_unlock(&in->mutex);
	}
	if (kind == WIRE_CLOSE) {
		close_reader(in, r);
		return;
	}
	if (kind == WIRE_END) {
		st = vl_unpack_end(r->unpack, &totals, &err);
		if (st == VL_OK)
			st = wire_put_totals(&out, &totals, &err);
	} else {
		st = put_batch(&out, r, kind, (enum wire_mode)mode, &err);
	}
	answer_made(own_channel, st, &out, &err);
	vl_buf_free(&out);
}

static enum vl_status
put_small(
    struct vl_buf *out, uint32_t kind, struct vl_slice text, struct vl_err *err)
{
	struct vl_stanzas s;
	struct vl_head h;
	enum vl_status st = VL_OK;

	if (kind == WIRE_HEAD) {
		st = vl_head_decode(&h, text, err);
		return st == VL_OK ?
		    vl_buf_add(out,
		        (struct vl_slice){ (uint8_t *)&h, sizeof(h) }, err) :
		    st;
	}
	st = vl_stanzas_decode(&s, text, err);
	if (st == VL_OK)
		st = vl_buf_add(
		    out, (struct vl_slice){ (uint8_t *)&s, sizeof(s) }, err);
	return st == VL_OK ? vl_stanzas_mac_input(out, text, err) : st;
}

static void
serve_small(const struct vl_cage_message *m)
{
	struct vl_buf text = { 0 };
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	enum vl_status st = VL_OK;

	if (m->n > VL_HEAD_MAX)
		_exit(NO_SENSE);
	if (vl_buf_reserve(&text, m->n, NULL) != VL_OK)
		_exit(VL_CAGE_NO_MEMORY);
	if (vl_cage_body(own_channel, text.p, m->n, NULL) != VL_OK)
		_exit(NO_SENSE);
	text.n = m->n;
	st = put_small(&out, m->kind, vl_buf_slice(&text), &err);
	answer_made(own_channel, st, &out, &err);
	vl_buf_free(&text);
	vl_buf_free(&out);
}

/* Requests for records, until the parent goes away. */
static int
serve_records(struct inside *in)
{
	struct vl_cage_message m = { .fd = -1 };
	uint8_t body[8];
	struct vl_rd rd = { .rest = { NULL, 0 } };
	uint32_t number = 0;

	own_channel = in->cage->channel[RECORDS];
	while (vl_cage_take(own_channel, &m, NULL) == VL_OK) {
		if (m.kind == WIRE_OPEN) {
			serve_open(in, &m);
			continue;
		}
		if (m.kind == WIRE_HEAD || m.kind == WIRE_STANZAS) {
			serve_small(&m);
			continue;
		}
		if ((m.kind != WIRE_NEXT && m.kind != WIRE_PART &&
		        m.kind != WIRE_END && m.kind != WIRE_CLOSE) ||
		    m.n != sizeof(body) ||
		    vl_cage_body(own_channel, body, sizeof(body), NULL) !=
		        VL_OK)
			return NO_SENSE;
		rd = (struct vl_rd){ .rest = { body, sizeof(body) } };
		number = vl_rd_u32le(&rd);
		serve_reader(in, m.kind, number, vl_rd_u32le(&rd));
	}
	return 0;
}

/* What the parent needs no more. */
static void
release(struct inside *in, uint32_t slot)
{
	if (slot >= in->nslots)
		_exit(NO_SENSE);
	(void)pthread_mutex_lock(&in->mutex);
	if (in->held[slot] != NULL)
		vl_unpack_release(in->held_by[slot], in->held[slot]);
	in->held[slot] = NULL;
	in->held_by[slot] = NULL;
	(void)pthread_mutex_unlock(&in->mutex);
}

/* One hold of each block is the parent's. */
static void
note_hold(struct inside *in, struct vl_unpack *u, struct vl_chunk_hold *h)
{
	(void)pthread_mutex_lock(&in->mutex);
	if (in->held[h->slot] == NULL) {
		in->held[h->slot] = h;
		in->held_by[h->slot] = u;
		h = NULL;
	}
	(void)pthread_mutex_unlock(&in->mutex);
	vl_unpack_release(u, h);
}

static void
serve_block(struct inside *in, struct vl_slice body)
{
	struct vl_rd rd = { .rest = body };
	struct vl_chunk_ref ref = { 0 };
	struct vl_chunk_hold *h = NULL;
	struct vl_unpack *u = NULL;
	struct vl_buf out = { 0 };
	struct vl_err err = { 0 };
	uint32_t number = vl_rd_u32le(&rd);
	enum vl_status st = VL_OK;

	ref.pack = vl_rd_u32le(&rd);
	ref.offset = (uint64_t)vl_rd_u32le(&rd) << 32;
	ref.offset |= vl_rd_u32le(&rd);
	if (rd.short_ || rd.rest.n % 4 != 0 || number >= READERS)
		_exit(NO_SENSE);
	while (rd.rest.n > 0)
		release(in, vl_rd_u32le(&rd));
	(void)pthread_mutex_lock(&in->mutex);
	u = in->readers[number].unpack;
	(void)pthread_mutex_unlock(&in->mutex);
	if (u == NULL)
		_exit(NO_SENSE);
	st = vl_unpack_block(u, &ref, &h, &err);
	if (st == VL_OK)
		st = wire_put_block(&out, h->slot, h->ends, h->items, &err);
	if (h != NULL)
		note_hold(in, u, h);
	answer_made(own_channel, st, &out, &err);
	vl_buf_free(&out);
}

static void *
serve_blocks(void *arg)
{
	struct inside *in = arg;
	struct vl_cage_message m = { .fd = -1 };
	struct vl_buf body = { 0 };

	own_channel = in->cage->channel[BLOCKS];
	(void)pthread_barrier_wait(&in->started);
	while (vl_cage_take(own_channel, &m, NULL) == VL_OK) {
		vl_buf_clear(&body);
		if (m.kind != WIRE_BLOCK || m.n > WIRE_MAX)
			_exit(NO_SENSE);
		if (vl_buf_reserve(&body, m.n, NULL) != VL_OK)
			_exit(VL_CAGE_NO_MEMORY);
		if (vl_cage_body(own_channel, body.p, m.n, NULL) != VL_OK)
			_exit(NO_SENSE);
		body.n = m.n;
		serve_block(in, vl_buf_slice(&body));
	}
	_exit(0);
}

/* A worker that is there waits until all are. */
struct start_job {
	struct vl_job job;
	pthread_barrier_t *barrier;
};

static enum vl_status
run_start(struct vl_job *job, unsigned worker)
{
	struct start_job *s = (struct start_job *)job;
	void *volatile arena = NULL; /* else no allocation need be made */

	(void)worker;
	/* What a thread's first allocation asks of the system it asks now. */
	arena = malloc(1);
	(void)pthread_barrier_wait(s->barrier);
	free(arena);
	return VL_OK;
}

static bool
make_slots(struct inside *in)
{
	size_t i = 0;

	in->nslots = in->cage->memory_size / VL_RECORD_PLAIN_MAX;
	in->slots.memory = in->cage->memory;
	in->slots.free = calloc(in->nslots, sizeof(*in->slots.free));
	in->held = calloc(in->nslots, sizeof(struct vl_chunk_hold *));
	in->held_by = calloc(in->nslots, sizeof(struct vl_unpack *));
	if (in->slots.free == NULL || in->held == NULL || in->held_by == NULL)
		return false;
	for (i = in->nslots; i > 0; i--)
		in->slots.free[in->slots.nfree++] = (uint32_t)(i - 1);
	(void)pthread_mutex_init(&in->slots.mutex, NULL);
	(void)pthread_mutex_init(&in->mutex, NULL);
	return true;
}

/* All threads that there will be, each past its own beginning. */
static bool
start_threads(struct inside *in)
{
	const unsigned *workers = in->cage->arg;
	struct start_job jobs[WORKERS_MAX];
	unsigned n = 0;
	unsigned i = 0;

	if (vl_pool_new(&in->pool, *workers, NULL) != VL_OK)
		return false;
	n = vl_pool_workers(in->pool);
	if (n > WORKERS_MAX ||
	    pthread_barrier_init(&in->started, NULL, n + 2) != 0 ||
	    pthread_create(&in->blocks, NULL, serve_blocks, in) != 0)
		return false;
	for (i = 0; i < n; i++) {
		jobs[i] = (struct start_job){ .job = { .run = run_start },
			.barrier = &in->started };
		vl_pool_submit(in->pool, &jobs[i].job);
	}
	(void)pthread_barrier_wait(&in->started);
	for (i = 0; i < n; i++)
		(void)vl_pool_wait(in->pool, &jobs[i].job, NULL);
	return true;
}

static int
inside(const struct vl_cage_inside *cage)
{
	/* Not on the stack: its threads use it until the process ends, which is
	 * when this has returned. */
	struct inside *in = calloc(1, sizeof(*in));

	if (in == NULL)
		return VL_CAGE_NO_MEMORY;
	in->cage = cage;
	if (!make_slots(in))
		return VL_CAGE_NO_MEMORY;
	if (!start_threads(in) || !vl_cage_shut())
		return NO_START;
	return serve_records(in);
}

enum vl_status
vl_unpack_cage_open(struct vl_cage **out, unsigned workers, struct vl_err *err)
{
	long n = workers > 0 ? (long)workers : sysconf(_SC_NPROCESSORS_CONF);
	size_t most = n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (size_t)n;

	return vl_cage_open(out,
	    &(struct vl_cage_opts){ .inside = inside,
	        .arg = &workers,
	        .memory = (SLOTS_SPARE + 6 * most) * VL_RECORD_PLAIN_MAX,
	        .private = PRIVATE + most * PRIVATE_EACH,
	        .seconds = OPEN_TIME },
	    err);
}
