/* What was exported and what was not, for people and as a JSON line. */

#include <inttypes.h>

#include <valise/text.h>

#include "export.h"

#define LINE 512
#define WHYS 6

/* One thing to be counted in a line. */
struct item {
	uint64_t n;
	const char *one; /* what it is called when n is 1 */
	const char *many;
};

/* "3 unreadable, 1 excluded" of what is not 0; false when all are. */
static bool
join(char *text, size_t size, const struct item *items, size_t n)
{
	char count[32];
	size_t used = 0;
	size_t i = 0;

	text[0] = '\0';
	for (i = 0; i < n && used < size; i++)
		if (items[i].n > 0)
			used += (size_t)snprintf(text + used, size - used,
			    "%s%s %s", used > 0 ? ", " : "",
			    vl_format_count(count, sizeof(count), items[i].n),
			    items[i].n == 1 ? items[i].one : items[i].many);
	return used > 0;
}

static void
show_source(const struct vl_one_source *one, bool written)
{
	const struct vl_source_counts *c = &one->counts;
	const char *name = one->resource->name;
	const struct item carried[] = { { c->files, "file", "files" },
		{ c->dirs, "directory", "directories" },
		{ c->links, "link", "links" } };
	const struct item left[] = {
		{ c->left_out[VL_WHY_UNREADABLE], "unreadable", "unreadable" },
		{ c->left_out[VL_WHY_UNSTABLE], "changing", "changing" },
		{ c->left_out[VL_WHY_EXCLUDED], "excluded", "excluded" },
		{ c->left_out[VL_WHY_KIND], "socket, FIFO or device",
		    "sockets, FIFOs or devices" },
		{ c->left_out[VL_WHY_MOUNT], "other file system",
		    "other file systems" },
		{ c->left_out[VL_WHY_NAME], "name too long", "names too long" }
	};
	const struct item lost[] = { { c->hard_links,
		                         "hard link (as a file of its own)",
		                         "hard links (as files of their own)" },
		{ c->attributes, "with attributes or ACLs",
		    "with attributes or ACLs" },
		{ c->sparse, "sparse file (holes are not kept)",
		    "sparse files (holes are not kept)" },
		{ c->special_bits, "with setuid or setgid",
		    "with setuid or setgid" } };
	char bytes[32];
	char line[LINE];

	(void)join(line, sizeof(line), carried, 3);
	vl_cli_note("%s '%s': %s; %s", written ? "exported" : "would export",
	    name, line[0] != '\0' ? line : "nothing",
	    vl_format_bytes(bytes, sizeof(bytes), c->bytes));
	if (join(line, sizeof(line), left, WHYS))
		vl_cli_note("left out of '%s', and untouched at the target: %s",
		    name, line);
	if (join(line, sizeof(line), lost, 4))
		vl_cli_note(
		    "not carried of '%s' by this version: %s", name, line);
}

static void
show_bundle(const struct vl_summary *s)
{
	struct item who[3] = { { 0, "password", "passwords" },
		{ 0, "recipient key", "recipient keys" },
		{ 0, "audit key", "audit keys" } };
	char line[LINE];
	char size[32];
	size_t i = 0;

	for (i = 0; i < s->openers->n; i++)
		if (s->openers->list[i].type == VL_STANZA_ARGON2ID)
			who[0].n++;
		else if (s->openers->list[i].role == VL_ROLE_FULL)
			who[1].n++;
		else
			who[2].n++;
	(void)join(line, sizeof(line), who, 3);
	vl_cli_note("bundle %" PRIu64 " of its series, %s on the medium; opens "
	            "with: %s",
	    s->seq,
	    vl_format_bytes(size, sizeof(size), s->totals->stored_bytes), line);
}

static void
show_json(const struct vl_summary *s)
{
	struct vl_source_counts all = { 0 };
	uint64_t left_out[WHYS] = { 0 };
	const struct vl_source_counts *c = NULL;
	struct vl_msg m = { 0 };
	char key[64];
	size_t i = 0;
	size_t j = 0;

	for (i = 0; i < s->feed->n; i++) {
		c = &s->feed->sources[i].counts;
		all.files += c->files;
		all.dirs += c->dirs;
		all.links += c->links;
		all.bytes += c->bytes;
		all.hard_links += c->hard_links;
		all.attributes += c->attributes;
		all.sparse += c->sparse;
		all.special_bits += c->special_bits;
		for (j = 0; j < WHYS; j++)
			left_out[j] += c->left_out[j];
	}
	vl_msg_begin(&m, "summary");
	vl_msg_bool(&m, "dry_run", s->totals == NULL);
	vl_msg_count(&m, "files", all.files);
	vl_msg_count(&m, "directories", all.dirs);
	vl_msg_count(&m, "links", all.links);
	vl_msg_count(&m, "bytes", all.bytes);
	for (j = 0; j < WHYS; j++) {
		(void)snprintf(
		    key, sizeof(key), "left_out_%s", vl_why_words[j]);
		vl_msg_count(&m, key, left_out[j]);
	}
	vl_msg_count(&m, "not_carried_hard_links", all.hard_links);
	vl_msg_count(&m, "not_carried_attributes", all.attributes);
	vl_msg_count(&m, "not_carried_sparse", all.sparse);
	vl_msg_count(&m, "not_carried_special_bits", all.special_bits);
	vl_msg_count(&m, "problems", s->feed->problems);
	if (s->totals != NULL) {
		vl_msg_text(&m, "bundle", vl_slice_of(s->bundle));
		vl_msg_count(&m, "seq", s->seq);
		vl_msg_count(&m, "stored_bytes", s->totals->stored_bytes);
		vl_msg_count(&m, "chunks", s->totals->chunks);
		vl_msg_count(&m, "duplicate_chunks", s->totals->duplicates);
	}
	vl_msg_end(&m);
}

void
vl_summary_show(const struct vl_summary *s)
{
	size_t i = 0;

	for (i = 0; i < s->feed->n; i++)
		show_source(&s->feed->sources[i], s->totals != NULL);
	if (s->totals != NULL)
		show_bundle(s);
	if (s->json)
		show_json(s);
}
