#ifndef VALISE_FORMAT_H
#define VALISE_FORMAT_H

/*
 * The structures of a bundle, bytes to structs and back (formats/bundle.md).
 * Pure: no I/O, no keys.  Decoders refuse everything the text does not
 * allow: VL_EFORMAT, or VL_ELIMIT where a number is over its limit.
 */

#include <valise/bytes.h>
#include <valise/entry.h>
#include <valise/slot.h>

#define VL_FORMAT_VERSION     0
#define VL_ID_SIZE            16
#define VL_ROOT_SIZE          32
#define VL_HEAD_MAX           65536 /* bytes of head.jsn, keys.jsn, inner head */
#define VL_STANZAS_MAX        8
#define VL_SITE_MAX           64 /* bytes of a site or resource name */
#define VL_LABEL_MAX          255
#define VL_RESOURCES_MAX      256
#define VL_FILE_NUMBER_MAX    9999999 /* the 7 digits of a name */
#define VL_FILE_LOG2          26 /* frames of one file fill at most 2^26 bytes */
#define VL_FRAME_LOG2_MIN     16
#define VL_FRAME_LOG2_MAX     20
#define VL_FILE_HEADER_SIZE   64
#define VL_RECORD_HEADER_SIZE 32
#define VL_RECORD_ITEMS_MAX   16384
#define VL_RECORD_PLAIN_MAX   (2u << 20)
#define VL_RECORD_STORED_MAX  2105344u
#define VL_MAP_ROW_SIZE       56
#define VL_LIST_REF_SIZE      36

enum vl_bundle_kind {
	VL_BUNDLE_FULL,
	VL_BUNDLE_DELTA
};

/* Features of `must`. */
enum {
	VL_MUST_GEAR1 = 1,
	VL_MUST_SIV1 = 2,
	VL_MUST_ZSTD = 4
};

/* head.jsn.  One volume: the numbers of index and pack files. */
struct vl_head {
	uint8_t id[VL_ID_SIZE];
	uint8_t series[VL_ID_SIZE];
	uint8_t prev[VL_ROOT_SIZE];   /* zeros for the first */
	uint8_t commit[VL_ROOT_SIZE]; /* KDF(BK,1) */
	uint8_t files_root[VL_ROOT_SIZE];
	uint8_t hints[VL_ROOT_SIZE]; /* hash of them, zeros for none; not
	                              * written: this version gives none */
	uint64_t seq;                /* from 1 */
	uint64_t epoch;              /* from 1 */
	enum vl_bundle_kind kind;
	unsigned must;
	unsigned frame_log2;
	uint32_t index_files; /* i0000001 .. */
	uint32_t pack_files;  /* p0000001 .., may be 0 */
};

/* Encode with the LF that the fingerprint covers. */
enum vl_status vl_head_encode(
    struct vl_buf *out, const struct vl_head *h, struct vl_err *err);
enum vl_status vl_head_decode(
    struct vl_head *h, struct vl_slice text, struct vl_err *err);

/*
 * The first member that head.jsn and inner head both have and that is not
 * the same in `a` and `b`, or NULL.
 */
const char *vl_head_differs(const struct vl_head *a, const struct vl_head *b);

enum vl_stanza_type {
	VL_STANZA_ARGON2ID = 1, /* the type byte of the AD */
	VL_STANZA_X25519 = 2,
	VL_STANZA_UNKNOWN = 0 /* skipped whole */
};

enum vl_role {
	VL_ROLE_FULL,
	VL_ROLE_AUDIT
};

struct vl_stanza {
	enum vl_stanza_type type;
	enum vl_role role;
	uint32_t kib;    /* argon2id: m */
	uint32_t passes; /* argon2id: n; p is 1 */
	uint8_t salt[16];
	uint8_t epk[32]; /* x25519 */
	uint8_t kc[32];
	uint8_t wrap[112];
	size_t wrap_size; /* 112 full, 80 audit */
};

/* keys.jsn */
struct vl_stanzas {
	struct vl_stanza list[VL_STANZAS_MAX];
	size_t n;
	uint8_t mac[32];
};

/* keys.jsn with LF. */
enum vl_status vl_stanzas_encode(
    struct vl_buf *out, const struct vl_stanzas *s, struct vl_err *err);
/* The caps of Argon2 (formats/limits.md, "Keys") are not checked here: they
 * hold for stanzas that are tried. */
enum vl_status vl_stanzas_decode(
    struct vl_stanzas *s, struct vl_slice text, struct vl_err *err);
/* The input of the MAC: the text without `mac`, canonical, without LF.  From
 * the text, so that stanzas of unknown type stay in it. */
enum vl_status vl_stanzas_mac_input(
    struct vl_buf *out, struct vl_slice text, struct vl_err *err);
/* Canonical JSON of one stanza without kc and wrap, for its AD. */
enum vl_status vl_stanza_ad_json(
    struct vl_buf *out, const struct vl_stanza *s, struct vl_err *err);

struct vl_resource_id {
	char name[VL_SITE_MAX + 1];
	char kind[16];
	uint8_t hash[32]; /* KDF(SK,6) hash of machine id and real path */
};

struct vl_map_file {
	uint32_t file;
	uint8_t first_id[32];
	uint64_t rows;
};

/* Inner head.  Arrays are owned; free with vl_inner_head_free(). */
struct vl_inner_head {
	struct vl_head head; /* files_root and numbers of files unused */
	char site[VL_SITE_MAX + 1];
	char environment[VL_LABEL_MAX + 1]; /* "" is absent */
	char audience[VL_LABEL_MAX + 1];    /* "" is absent */
	char tool[VL_LABEL_MAX + 1];
	uint32_t chunk_min;
	uint32_t chunk_avg;
	uint32_t chunk_max;
	uint64_t chunks;
	uint64_t lines;
	uint64_t total_plain;
	struct vl_time created;
	uint8_t manifest_root[VL_ROOT_SIZE];
	uint8_t sender[32];
	uint8_t sk_commit[32];
	uint8_t tk_commit[32];
	struct vl_resource_id *resources;
	size_t nresources;
	uint32_t *pack_frames;
	size_t npacks;
	struct vl_map_file *map;
	size_t nmap;
};

enum vl_status vl_inner_head_encode(
    struct vl_buf *out, const struct vl_inner_head *h, struct vl_err *err);
enum vl_status vl_inner_head_decode(
    struct vl_inner_head *h, struct vl_slice text, struct vl_err *err);
void vl_inner_head_free(struct vl_inner_head *h);

/* The 64 bytes before the frames of a file. */
enum vl_file_type {
	VL_FILE_PACK = 1,
	VL_FILE_INDEX = 2
};

struct vl_file_header {
	enum vl_file_type type;
	unsigned frame_log2;
	uint8_t bundle[VL_ID_SIZE];
	uint64_t number;
	uint8_t salt[16];
};

void vl_file_header_encode(
    uint8_t out[VL_FILE_HEADER_SIZE], const struct vl_file_header *h);
enum vl_status vl_file_header_decode(
    struct vl_file_header *h, struct vl_slice bytes, struct vl_err *err);
/* "p0000001.vlp": 13 bytes with NUL. */
#define VL_FILE_NAME_SIZE 13
void vl_file_name(
    char text[VL_FILE_NAME_SIZE], enum vl_file_type type, uint32_t number);

enum vl_record_kind {
	VL_RECORD_PADDING = 0,
	VL_RECORD_BLOCK = 1,
	VL_RECORD_LINES = 2,
	VL_RECORD_MAP = 3,
	VL_RECORD_LISTS = 4,
	VL_RECORD_SECRETS = 5,
	VL_RECORD_INNER = 6,
	VL_RECORD_CHANGES = 7
};

struct vl_record_header {
	enum vl_record_kind kind;
	bool zstd;
	uint32_t items;
	uint32_t stored; /* without the table of kind 1 */
	uint32_t plain;
	uint64_t ordinal;
	uint64_t xxh;
};

void vl_record_header_encode(
    uint8_t out[VL_RECORD_HEADER_SIZE], const struct vl_record_header *h);
/* All that one header can break: kind, codec for the kind, reserved bytes,
 * limits.  Padding is not decoded here (its kind byte is looked at first). */
enum vl_status vl_record_header_decode(
    struct vl_record_header *h, struct vl_slice bytes, struct vl_err *err);

struct vl_map_row {
	uint8_t id[32];
	uint32_t pack;
	uint64_t offset;
	uint16_t index;
	uint32_t length;
};

void vl_map_row_encode(
    uint8_t out[VL_MAP_ROW_SIZE], const struct vl_map_row *r);
enum vl_status vl_map_row_decode(
    struct vl_map_row *r, struct vl_slice bytes, struct vl_err *err);

/* An item of a chunk list: le64 line, le32 body, le32 n, then n refs of
 * (le32 zero blocks before it, id). */
struct vl_list_item {
	uint64_t line;
	uint32_t body;
	uint32_t n;
	struct vl_slice refs; /* n * VL_LIST_REF_SIZE bytes, borrowed */
};

/* Take the next item from `rd`; VL_EFORMAT when it is cut short. */
enum vl_status vl_list_item_decode(
    struct vl_list_item *item, struct vl_rd *rd, struct vl_err *err);
void vl_list_item_encode(
    uint8_t out[16], uint64_t line, uint32_t body, uint32_t n);

/* An item of kind 5: le64 line, le32 slot, le32 n, then n bytes of token. */
struct vl_secret_item {
	uint64_t line;
	uint32_t slot;
	struct vl_slice token; /* borrowed */
};

/* Bytes of all items of one line: one of the longest secret, or several that
 * are shorter. */
#define VL_SECRET_ITEM_HEAD 16
#define VL_LINE_SECRETS_MAX (VL_SECRET_ITEM_HEAD + VL_TOKEN_MAX)

/* Take the next item from `rd`; VL_EFORMAT when it is cut short or what it
 * holds is no token, VL_ELIMIT for one that is too long. */
enum vl_status vl_secret_item_decode(
    struct vl_secret_item *item, struct vl_rd *rd, struct vl_err *err);
void vl_secret_item_encode(
    uint8_t out[VL_SECRET_ITEM_HEAD], uint64_t line, uint32_t slot, uint32_t n);

/* First and last line of a manifest, with LF. */
struct vl_manifest_head {
	uint64_t epoch;
	uint8_t series[VL_ID_SIZE];
	char site[VL_SITE_MAX + 1];
};

enum vl_status vl_manifest_head_encode(
    struct vl_buf *out, const struct vl_manifest_head *h, struct vl_err *err);
enum vl_status vl_manifest_head_decode(
    struct vl_manifest_head *h, struct vl_slice line, struct vl_err *err);
enum vl_status vl_manifest_tail_encode(struct vl_buf *out, uint64_t count,
    const uint8_t root[VL_ROOT_SIZE], struct vl_err *err);
enum vl_status vl_manifest_tail_decode(uint64_t *count,
    uint8_t root[VL_ROOT_SIZE], struct vl_slice line, struct vl_err *err);

#endif
