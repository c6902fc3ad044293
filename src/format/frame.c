/*
 * The fixed structures of a bundle: file header, record header, map row and
 * item of a chunk list (formats/bundle.md, "Files of frames" to "Chunk
 * lists").
 */

#include <stdio.h>
#include <string.h>

#include <valise/format.h>

#define PLACE_MAX ((UINT64_C(1) << VL_FILE_LOG2) - VL_RECORD_HEADER_SIZE)

static const uint8_t magic[8] = { 0x89, 'V', 'L', 'S', '\r', '\n', 0x1a, '\n' };

void
vl_file_header_encode(
    uint8_t out[VL_FILE_HEADER_SIZE], const struct vl_file_header *h)
{
	memset(out, 0, VL_FILE_HEADER_SIZE);
	memcpy(out, magic, sizeof(magic));
	out[8] = VL_FORMAT_VERSION;
	out[10] = (uint8_t)h->type;
	out[11] = (uint8_t)h->frame_log2;
	memcpy(out + 16, h->bundle, sizeof(h->bundle));
	vl_put_u64le(out + 32, h->number);
	memcpy(out + 40, h->salt, sizeof(h->salt));
}

enum vl_status
vl_file_header_decode(
    struct vl_file_header *h, struct vl_slice bytes, struct vl_err *err)
{
	struct vl_rd rd = { .rest = bytes };
	struct vl_slice first = vl_rd_take(&rd, sizeof(magic));
	unsigned version = vl_rd_u8(&rd);
	unsigned flags = vl_rd_u8(&rd);
	unsigned type = vl_rd_u8(&rd);
	unsigned frame_log2 = vl_rd_u8(&rd);
	uint32_t zero = vl_rd_u32le(&rd);
	struct vl_slice bundle = vl_rd_take(&rd, VL_ID_SIZE);
	uint64_t number = vl_rd_u64le(&rd);
	struct vl_slice salt = vl_rd_take(&rd, sizeof(h->salt));
	uint64_t tail = vl_rd_u64le(&rd);

	memset(h, 0, sizeof(*h));
	if (!vl_rd_done(&rd))
		return vl_fail(err, VL_EFORMAT,
		    "file header is %zu bytes, not %d", bytes.n,
		    VL_FILE_HEADER_SIZE);
	if (memcmp(first.p, magic, sizeof(magic)) != 0)
		return vl_fail(err, VL_EFORMAT, "not a file of a bundle");
	if (version != VL_FORMAT_VERSION)
		return vl_fail(err, VL_EFORMAT,
		    "file version %u is not known, only %d", version,
		    VL_FORMAT_VERSION);
	if (flags != 0 || zero != 0 || tail != 0)
		return vl_fail(err, VL_EFORMAT,
		    "reserved bytes of the file header are not zero");
	if (type != VL_FILE_PACK && type != VL_FILE_INDEX)
		return vl_fail(err, VL_EFORMAT,
		    "file type %u is not known to this version", type);
	if (frame_log2 < VL_FRAME_LOG2_MIN || frame_log2 > VL_FRAME_LOG2_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "frame size 2^%u is not 2^%d..2^%d", frame_log2,
		    VL_FRAME_LOG2_MIN, VL_FRAME_LOG2_MAX);
	if (number < 1 || number > VL_FILE_NUMBER_MAX)
		return vl_fail(err, VL_EFORMAT, "file number %llu is not 1..%d",
		    (unsigned long long)number, VL_FILE_NUMBER_MAX);
	h->type = (enum vl_file_type)type;
	h->frame_log2 = frame_log2;
	memcpy(h->bundle, bundle.p, sizeof(h->bundle));
	h->number = number;
	memcpy(h->salt, salt.p, sizeof(h->salt));
	return VL_OK;
}

void
vl_file_name(
    char text[VL_FILE_NAME_SIZE], enum vl_file_type type, uint32_t number)
{
	char letter = type == VL_FILE_PACK ? 'p' : 'i';

	/* The remainder only shows the compiler that seven digits do. */
	(void)snprintf(text, VL_FILE_NAME_SIZE, "%c%07u.vl%c", letter,
	    number % (VL_FILE_NUMBER_MAX + 1), letter);
}

void
vl_record_header_encode(
    uint8_t out[VL_RECORD_HEADER_SIZE], const struct vl_record_header *h)
{
	memset(out, 0, VL_RECORD_HEADER_SIZE);
	out[0] = (uint8_t)h->kind;
	out[1] = h->zstd ? 1 : 0;
	vl_put_u32le(out + 4, h->items);
	vl_put_u32le(out + 8, h->stored);
	vl_put_u32le(out + 12, h->plain);
	vl_put_u64le(out + 16, h->ordinal);
	vl_put_u64le(out + 24, h->xxh);
}

/* The least number of plain bytes that `items` items of a kind can be. */
static uint64_t
plain_least(const struct vl_record_header *h)
{
	switch (h->kind) {
	case VL_RECORD_MAP:
		return (uint64_t)h->items * VL_MAP_ROW_SIZE;
	case VL_RECORD_LISTS:
	case VL_RECORD_SECRETS:
		return (uint64_t)h->items * 16;
	default:
		return h->items;
	}
}

static bool
always_raw(enum vl_record_kind kind)
{
	return kind == VL_RECORD_MAP || kind == VL_RECORD_SECRETS ||
	    kind == VL_RECORD_INNER;
}

static enum vl_status
check_record(const struct vl_record_header *h, struct vl_err *err)
{
	if (h->items < 1 || h->items > VL_RECORD_ITEMS_MAX ||
	    (h->kind == VL_RECORD_INNER && h->items != 1))
		return vl_fail(err, VL_EFORMAT,
		    "a record of kind %d has %u items", (int)h->kind, h->items);
	if (h->plain > VL_RECORD_PLAIN_MAX || h->plain < plain_least(h) ||
	    (h->kind == VL_RECORD_MAP && h->plain != plain_least(h)) ||
	    (h->kind == VL_RECORD_INNER && h->plain > VL_HEAD_MAX))
		return vl_fail(err, VL_EFORMAT,
		    "a record of kind %d with %u items has %u plain bytes",
		    (int)h->kind, h->items, h->plain);
	if (h->zstd && always_raw(h->kind))
		return vl_fail(err, VL_EFORMAT,
		    "a record of kind %d is compressed", (int)h->kind);
	if (h->stored < 1 || h->stored > VL_RECORD_STORED_MAX ||
	    (!h->zstd && h->stored != h->plain))
		return vl_fail(err, VL_EFORMAT,
		    "a record has %u stored bytes for %u plain ones", h->stored,
		    h->plain);
	return VL_OK;
}

enum vl_status
vl_record_header_decode(
    struct vl_record_header *h, struct vl_slice bytes, struct vl_err *err)
{
	struct vl_rd rd = { .rest = bytes };
	unsigned kind = vl_rd_u8(&rd);
	unsigned codec = vl_rd_u8(&rd);
	unsigned reserved = vl_rd_u16le(&rd);

	memset(h, 0, sizeof(*h));
	h->items = vl_rd_u32le(&rd);
	h->stored = vl_rd_u32le(&rd);
	h->plain = vl_rd_u32le(&rd);
	h->ordinal = vl_rd_u64le(&rd);
	h->xxh = vl_rd_u64le(&rd);
	if (!vl_rd_done(&rd))
		return vl_fail(err, VL_EFORMAT,
		    "record header is %zu bytes, not %d", bytes.n,
		    VL_RECORD_HEADER_SIZE);
	if (kind < VL_RECORD_BLOCK || kind > VL_RECORD_INNER)
		return vl_fail(err, VL_EFORMAT,
		    "record kind %u is not known to this version", kind);
	if (codec > 1)
		return vl_fail(err, VL_EFORMAT,
		    "codec %u is not known to this version", codec);
	if (reserved != 0)
		return vl_fail(err, VL_EFORMAT,
		    "reserved bytes of a record header are not zero");
	h->kind = (enum vl_record_kind)kind;
	h->zstd = codec == 1;
	return check_record(h, err);
}

void
vl_map_row_encode(uint8_t out[VL_MAP_ROW_SIZE], const struct vl_map_row *r)
{
	memset(out, 0, VL_MAP_ROW_SIZE);
	memcpy(out, r->id, sizeof(r->id));
	vl_put_u32le(out + 32, r->pack);
	vl_put_u64le(out + 36, r->offset);
	vl_put_u16le(out + 44, r->index);
	vl_put_u32le(out + 48, r->length);
}

enum vl_status
vl_map_row_decode(
    struct vl_map_row *r, struct vl_slice bytes, struct vl_err *err)
{
	struct vl_rd rd = { .rest = bytes };
	struct vl_slice id = vl_rd_take(&rd, sizeof(r->id));
	unsigned flags = 0;
	uint32_t zero = 0;

	memset(r, 0, sizeof(*r));
	r->pack = vl_rd_u32le(&rd);
	r->offset = vl_rd_u64le(&rd);
	r->index = vl_rd_u16le(&rd);
	flags = vl_rd_u16le(&rd);
	r->length = vl_rd_u32le(&rd);
	zero = vl_rd_u32le(&rd);
	if (!vl_rd_done(&rd))
		return vl_fail(err, VL_EFORMAT, "map row is %zu bytes, not %d",
		    bytes.n, VL_MAP_ROW_SIZE);
	if (flags != 0 || zero != 0)
		return vl_fail(err, VL_EFORMAT,
		    "reserved bytes of a map row are not zero");
	if (r->pack < 1 || r->pack > VL_FILE_NUMBER_MAX ||
	    r->offset > PLACE_MAX || r->index >= VL_RECORD_ITEMS_MAX ||
	    r->length < 1 || r->length > VL_RECORD_PLAIN_MAX)
		return vl_fail(err, VL_EFORMAT,
		    "a map row points to pack %u, offset %llu, index %u, "
		    "length %u, where no chunk can be",
		    r->pack, (unsigned long long)r->offset, r->index,
		    r->length);
	memcpy(r->id, id.p, sizeof(r->id));
	return VL_OK;
}

void
vl_list_item_encode(uint8_t out[16], uint64_t line, uint32_t body, uint32_t n)
{
	vl_put_u64le(out, line);
	vl_put_u32le(out + 8, body);
	vl_put_u32le(out + 12, n);
}

enum vl_status
vl_list_item_decode(
    struct vl_list_item *item, struct vl_rd *rd, struct vl_err *err)
{
	memset(item, 0, sizeof(*item));
	item->line = vl_rd_u64le(rd);
	item->body = vl_rd_u32le(rd);
	item->n = vl_rd_u32le(rd);
	if (rd->short_ || item->n > rd->rest.n / VL_LIST_REF_SIZE)
		return vl_fail(
		    err, VL_EFORMAT, "an item of a chunk list is cut short");
	item->refs = vl_rd_take(rd, (size_t)item->n * VL_LIST_REF_SIZE);
	return VL_OK;
}

void
vl_secret_item_encode(
    uint8_t out[VL_SECRET_ITEM_HEAD], uint64_t line, uint32_t slot, uint32_t n)
{
	vl_list_item_encode(out, line, slot, n);
}

enum vl_status
vl_secret_item_decode(
    struct vl_secret_item *item, struct vl_rd *rd, struct vl_err *err)
{
	uint32_t n = 0;

	memset(item, 0, sizeof(*item));
	item->line = vl_rd_u64le(rd);
	item->slot = vl_rd_u32le(rd);
	n = vl_rd_u32le(rd);
	if (!rd->short_ && n > VL_TOKEN_MAX)
		return vl_fail(err, VL_ELIMIT,
		    "a secret of %u bytes is over %d", n, VL_TOKEN_MAX);
	item->token = vl_rd_take(rd, n);
	if (rd->short_)
		return vl_fail(err, VL_EFORMAT, "a secret is cut short");
	if (!vl_token_valid(item->token))
		return vl_fail(
		    err, VL_EFORMAT, "%u bytes are not those of a secret", n);
	return VL_OK;
}
