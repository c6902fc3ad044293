/*
 * JSON lines for programs that run ours.  Members stand in the order they
 * are added; this is not the canonical form of manifests.
 */

#include <inttypes.h>

#include <valise/text.h>

#include "private.h"

static void
add(struct vl_msg *m, struct vl_slice bytes)
{
	if (m->status == VL_OK)
		m->status = vl_buf_add(&m->line, bytes, NULL);
}

static void
add_quoted(struct vl_msg *m, struct vl_slice text)
{
	char code[8];
	size_t i = 0;

	add(m, vl_slice_of("\""));
	for (i = 0; i < text.n; i++) {
		if (text.p[i] >= 0x20 && text.p[i] != '"' &&
		    text.p[i] != '\\') {
			add(m, (struct vl_slice){ text.p + i, 1 });
			continue;
		}
		if (text.p[i] >= 0x20)
			(void)snprintf(code, sizeof(code), "\\%c", text.p[i]);
		else
			(void)snprintf(
			    code, sizeof(code), "\\u%04x", text.p[i]);
		add(m, vl_slice_of(code));
	}
	add(m, vl_slice_of("\""));
}

static void
add_key(struct vl_msg *m, const char *key)
{
	add(m, vl_slice_of(","));
	add_quoted(m, vl_slice_of(key));
	add(m, vl_slice_of(":"));
}

void
vl_msg_begin(struct vl_msg *m, const char *type)
{
	memset(m, 0, sizeof(*m));
	add(m, vl_slice_of("{\"message_type\":"));
	add_quoted(m, vl_slice_of(type));
}

void
vl_msg_text(struct vl_msg *m, const char *key, struct vl_slice text)
{
	struct vl_buf escaped = { 0 };

	add_key(m, key);
	if (!vl_utf8_valid(text)) {
		if (m->status == VL_OK)
			m->status = vl_escape(&escaped, text, NULL);
		text = vl_buf_slice(&escaped);
	}
	add_quoted(m, text);
	vl_buf_free(&escaped);
}

void
vl_msg_json(struct vl_msg *m, const char *key, struct vl_slice json)
{
	add_key(m, key);
	add(m, json);
}

void
vl_msg_count(struct vl_msg *m, const char *key, uint64_t n)
{
	char text[32];

	add_key(m, key);
	(void)snprintf(text, sizeof(text), "%" PRIu64, n);
	add(m, vl_slice_of(text));
}

void
vl_msg_bool(struct vl_msg *m, const char *key, bool yes)
{
	add_key(m, key);
	add(m, vl_slice_of(yes ? "true" : "false"));
}

void
vl_msg_end(struct vl_msg *m)
{
	struct vl_buf shown = { 0 };

	add(m, vl_slice_of("}\n"));
	if (m->status == VL_OK)
		m->status =
		    vl_escape_json(&shown, vl_buf_slice(&m->line), NULL);
	if (m->status == VL_OK) {
		vl_progress_clear();
		(void)fwrite(shown.p, 1, shown.n, stdout);
		(void)fflush(stdout);
	}
	vl_buf_free(&shown);
	vl_buf_free(&m->line);
}
