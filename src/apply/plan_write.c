/*
 * What a preview finds, as a plan (formats/plan.md): lines in the order of
 * their resources, tables and keys, whatever the order in which they were
 * found.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include <valise/encode.h>
#include <valise/fs.h>

#include "planning.h"

#define SORT_MEMORY (8u << 20)
#define KEY_SORTED  8192 /* bytes of a key by which lines are sorted */
#define ORDER_SIZE  4
#define FIELDS_MAX  8192 /* more are left out: they are for reading */

struct plan_writer {
	struct vl_sort *sort;
	uint64_t n;
	uint64_t bytes;
	uint32_t again; /* lines that stand for others */
	struct vl_buf memory;
	struct vl_buf text;
	struct vl_buf item;
};

enum vl_status
plan_write_open(struct vl_run *run, struct vl_err *err)
{
	if (run->opts->plan_to == NULL)
		return VL_OK;
	run->writer = calloc(1, sizeof(*run->writer));
	if (run->writer == NULL)
		return vl_fail_memory(err);
	return vl_sort_new(&run->writer->sort, vl_state_path(run->opts->state),
	    SORT_MEMORY, err);
}

void
plan_write_free(struct plan_writer *w)
{
	if (w == NULL)
		return;
	vl_sort_free(w->sort);
	vl_buf_free(&w->memory);
	vl_buf_free(&w->text);
	vl_buf_free(&w->item);
	free(w);
}

/* The parts by which it is sorted, NUL behind each, what names the line, a
 * number that is lower for one that was made later, and the line. */
static enum vl_status
make_item(struct plan_writer *w, const struct plan_change *c,
    const struct plan_members *m, const uint8_t id[PLAN_ID_SIZE],
    struct vl_err *err)
{
	const uint32_t number = UINT32_MAX - (c->again ? ++w->again : 0);
	const uint8_t order[ORDER_SIZE] = { (uint8_t)(number >> 24),
		(uint8_t)(number >> 16), (uint8_t)(number >> 8),
		(uint8_t)number };
	const struct vl_slice end = { (const uint8_t *)"", 1 };
	const struct vl_slice parts[] = { vl_slice_of(c->resource), end,
		vl_slice_of(c->table == NULL ? "" : c->table), end,
		{ c->key.p, c->key.n < KEY_SORTED ? c->key.n : KEY_SORTED },
		end, { id, PLAN_ID_SIZE }, { order, sizeof(order) } };
	enum vl_status st = VL_OK;
	uint8_t place[4];
	size_t i = 0;

	vl_buf_clear(&w->item);
	for (i = 0; st == VL_OK && i < sizeof(parts) / sizeof(parts[0]); i++)
		st = vl_buf_add(&w->item, parts[i], err);
	i = w->item.n;
	if (st == VL_OK)
		st = plan_encode(&w->item, m, false, err);
	if (st == VL_OK)
		st = vl_buf_printf(&w->item, err, "\n");
	w->bytes += w->item.n - i;
	/* Where the line begins, behind it. */
	vl_put_u32le(place, (uint32_t)i);
	return st == VL_OK ?
	    vl_buf_add(
	        &w->item, (struct vl_slice){ place, sizeof(place) }, err) :
	    st;
}

enum vl_status
plan_write_add(struct plan_writer *w, const struct vl_run *run,
    const struct plan_change *c, struct vl_err *err)
{
	struct plan_members m = { 0 };
	uint8_t id[PLAN_ID_SIZE];
	char hex[VL_HEX_SIZE(PLAN_ID_SIZE)];
	char quoted[VL_HEX_SIZE(PLAN_ID_SIZE) + 2];
	char action[16];
	enum vl_status st = VL_OK;

	if (w == NULL)
		return VL_OK;
	st = plan_members_of(&m, &w->memory, c, err);
	if (st == VL_OK)
		st = plan_id(id, run->header.head, &m, &w->text, err);
	if (st != VL_OK)
		return st;
	(void)snprintf(
	    quoted, sizeof(quoted), "\"%s\"", vl_hex(hex, id, sizeof(id)));
	(void)snprintf(
	    action, sizeof(action), "\"%s\"", plan_action_word(c->what));
	m.part[PLAN_ID] = vl_slice_of(quoted);
	m.part[PLAN_ACTION] = vl_slice_of(action);
	if (m.part[PLAN_FIELDS].n > FIELDS_MAX)
		m.part[PLAN_FIELDS].n = 0;
	st = make_item(w, c, &m, id, err);
	if (st == VL_OK && w->bytes > VL_PLAN_MAX - 65536)
		return vl_fail(err, VL_EREFUSED,
		    "the plan would be longer than %u MiB, which no person "
		    "reads: see '--map', '--on-match' and the site file",
		    VL_PLAN_MAX >> 20);
	w->n += !c->again;
	return st == VL_OK ? vl_sort_add(w->sort, vl_buf_slice(&w->item), err) :
	                     st;
}

enum vl_status
plan_resources(const struct vl_run *run, struct vl_buf *out, struct vl_err *err)
{
	struct vl_json_w w = { 0 };
	struct vl_taken t = { 0 };
	size_t i = 0;

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '[');
	for (i = 0; vl_run_taken(run, i, &t); i++)
		vl_json_w_text(&w, vl_slice_of(t.resource));
	vl_json_w_close(&w, ']');
	return vl_json_w_end(&w, err);
}

static enum vl_status
make_head(const struct vl_run *run, struct vl_buf *out, struct vl_err *err)
{
	const struct vl_header *h = &run->header;
	char bundle[VL_HEX_SIZE(sizeof(h->head))];
	char series[VL_HEX_SIZE(sizeof(h->series))];
	struct vl_buf names = { 0 };
	struct vl_json_w w = { 0 };
	enum vl_status st = plan_resources(run, &names, err);

	vl_json_w_init(&w, out);
	vl_json_w_open(&w, '{');
	vl_json_w_key(&w, "bundle");
	vl_json_w_text(
	    &w, vl_slice_of(vl_hex(bundle, h->head, sizeof(h->head))));
	vl_json_w_key(&w, "format");
	vl_json_w_text(&w, vl_slice_of("valise-plan"));
	vl_json_w_key(&w, "records");
	vl_json_w_int(&w, (int64_t)run->writer->n);
	vl_json_w_key(&w, "resources");
	vl_json_w_raw(&w, vl_buf_slice(&names));
	vl_json_w_key(&w, "seq");
	vl_json_w_int(&w, (int64_t)h->seq);
	vl_json_w_key(&w, "series");
	vl_json_w_text(
	    &w, vl_slice_of(vl_hex(series, h->series, sizeof(h->series))));
	vl_json_w_key(&w, "site");
	vl_json_w_text(&w, vl_slice_of(h->site));
	vl_json_w_key(&w, "v");
	vl_json_w_int(&w, 0);
	vl_json_w_close(&w, '}');
	if (st == VL_OK)
		st = vl_json_w_end(&w, err);
	vl_buf_free(&names);
	return st == VL_OK ? vl_buf_printf(out, err, "\n") : st;
}

static enum vl_status
write_lines(struct plan_writer *w, int fd, struct vl_err *err)
{
	enum vl_status st = vl_sort_finish(w->sort, err);
	struct vl_slice item = { NULL, 0 };
	struct vl_slice name = { NULL, 0 };
	struct vl_rd rd = { 0 };
	size_t at = 0;

	vl_buf_clear(&w->memory);

	while (st == VL_OK) {
		st = vl_sort_next(w->sort, &item, err);
		if (st != VL_OK || item.p == NULL)
			break;
		rd.rest = (struct vl_slice){ item.p + item.n - 4, 4 };
		at = vl_rd_u32le(&rd);
		name = (struct vl_slice){ item.p, at - ORDER_SIZE };
		if (vl_slice_equal(name, vl_buf_slice(&w->memory)))
			continue;
		vl_buf_clear(&w->memory);
		st = vl_buf_add(&w->memory, name, err);
		if (st == VL_OK)
			st = vl_write_all(fd,
			    (struct vl_slice){ item.p + at, item.n - 4 - at },
			    err);
	}
	return st;
}

enum vl_status
plan_write_finish(struct vl_run *run, struct vl_err *err)
{
	struct plan_writer *w = run->writer;
	struct vl_newfile *f = NULL;
	enum vl_status st = VL_OK;

	if (w == NULL)
		return VL_OK;
	vl_buf_clear(&w->text);
	st = make_head(run, &w->text, err);
	/* It names records: for who made it alone. */
	if (st == VL_OK)
		st = vl_newfile_create(
		    &f, AT_FDCWD, run->opts->plan_to, 0600, err);
	if (st == VL_OK)
		st =
		    vl_write_all(vl_newfile_fd(f), vl_buf_slice(&w->text), err);
	if (st == VL_OK)
		st = write_lines(w, vl_newfile_fd(f), err);
	if (st == VL_OK)
		st = vl_newfile_keep(f, err);
	vl_newfile_free(f);
	return st == VL_OK ? VL_OK :
	                     vl_within(err, "plan '%s'", run->opts->plan_to);
}
