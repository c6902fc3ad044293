/*
 * What a file of frames holds, encrypted here so that the decoder of its
 * records is reached: the input is the plaintext, but for the padding.
 */

#include <valise/secret.h>
#include <valise/stream.h>

#include "../unit/frames.h"
#include "folder.h"

static const uint8_t id[VL_ID_SIZE] = { 1 };
static const uint8_t root[VL_KEY_SIZE] = { 2 };

static void
decode(const struct vl_stored *s)
{
	struct vl_err err = { 0 };
	uint8_t *plain = malloc(s->head.plain > 0 ? s->head.plain : 1);

	MUST(plain != NULL);
	(void)vl_stored_decode(plain, s, NULL, &err);
	free(plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct frames_place at = { .dirfd = folder_fd(),
		.type = VL_FILE_INDEX,
		.number = 1,
		.frame_log2 = VL_FRAME_LOG2_MIN,
		.id = id,
		.root = root };
	const struct vl_stream_expect expect = { .dirfd = folder_fd(),
		.type = VL_FILE_INDEX,
		.number = 1,
		.frame_log2 = VL_FRAME_LOG2_MIN,
		.id = id,
		.root = root };
	struct frames f = { 0 };
	struct vl_stream_r *r = NULL;
	struct vl_stored s = { 0 };
	struct vl_err err = { 0 };
	uint64_t last = 0;
	bool end = false;

	MUST(vl_secret_init());
	if (n > 0)
		frames_bytes(&f, p, n);
	(void)frames_write(&f, &at);
	MUST(vl_stream_r_open(&r, &expect, &err) == VL_OK);
	while (vl_stream_r_next(r, &s, &end, &err) == VL_OK && !end) {
		last = s.offset;
		decode(&s);
		MUST(vl_stream_r_at(r, last, &s, &err) == VL_OK);
		MUST(s.offset == last);
	}
	vl_stream_r_free(r);
	return 0;
}
