/* What was exported and what was not, for people and as a JSON line. */

#include <inttypes.h>
#include <string.h>

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
	char count[64];
	size_t used = 0;
	size_t i = 0;

	text[0] = '\0';
	for (i = 0; i < n && used < size; i++)
		if (items[i].n > 0)
			used += (size_t)snprintf(text + used, size - used,
			    "%s%s", used > 0 ? ", " : "",
			    vl_format_counted(count, sizeof(count), items[i].n,
			        items[i].one, items[i].many));
	return used > 0;
}

/* What travels with the entries besides. */
static void
show_besides(const char *name, const struct vl_source_counts *c)
{
	const struct item besides[] = {
		{ c->sparse, "file with holes", "files with holes" },
		{ c->attributes, "entry with ACLs, attributes or flags",
		    "entries with ACLs, attributes or flags" },
	};
	char line[LINE];

	if (join(line, sizeof(line), besides, 2))
		vl_cli_note("of '%s' travel as they are: %s", name, line);
}

static void
show_left_out(const struct vl_one_source *one)
{
	const struct vl_source_counts *c = &one->counts;
	const bool special = one->resource->special;
	const struct item left[] = {
		{ c->left_out[VL_WHY_UNREADABLE], "unreadable", "unreadable" },
		{ c->left_out[VL_WHY_UNSTABLE], "changing", "changing" },
		{ c->left_out[VL_WHY_EXCLUDED], "excluded", "excluded" },
		{ c->left_out[VL_WHY_KIND] - c->outward,
		    special ? "socket" : "socket, FIFO or device",
		    special ? "sockets" : "sockets, FIFOs or devices" },
		{ c->outward, "link out of the tree", "links out of the tree" },
		{ c->left_out[VL_WHY_MOUNT], "mount point", "mount points" },
		{ c->left_out[VL_WHY_NAME], "name too long", "names too long" }
	};
	char line[LINE];

	if (!join(line, sizeof(line), left, 7))
		return;
	vl_cli_note("left out of '%s', and untouched at the target: %s",
	    one->resource->name, line);
	if (!special && c->left_out[VL_WHY_KIND] > c->outward)
		vl_cli_note("FIFOs and devices travel with 'special: true', "
		            "sockets never");
}

static void
show_mounts(const struct vl_one_source *one)
{
	const uint64_t n = one->counts.left_out[VL_WHY_MOUNT];
	char count[32];
	size_t i = 0;

	for (i = 0; i < one->nmounts; i++)
		vl_cli_note("not entered: '%s', %s", one->mounts[i],
		    one->resource->one_file_system ?
		        "where another file system is mounted" :
		        "where a directory above it is mounted");
	if (n > one->nmounts)
		vl_cli_note("and %s more",
		    vl_format_count(count, sizeof(count), n - one->nmounts));
	if (n > 0 && one->resource->one_file_system)
		vl_cli_note("'one_file_system: false' enters them");
}

/* What travels, but without something. */
static void
show_lost(const char *name, const struct vl_source_counts *c)
{
	char count[48];

	if (c->cut > 0)
		vl_cli_note("%s of '%s' %s names outside of what is exported; "
		            "each travels as a file of its own",
		    vl_format_counted(
		        count, sizeof(count), c->cut, "file", "files"),
		    name, c->cut == 1 ? "has" : "have");
	if (c->rowless > 0)
		vl_cli_note("not carried of '%s', whose names hold ids of rows "
		            "that do not travel: %s, with what is below",
		    name,
		    vl_format_counted(
		        count, sizeof(count), c->rowless, "entry", "entries"));
	if (c->porous > 0)
		vl_cli_note("%s of '%s' %s more holes than the manifest has "
		            "room for: the smallest take room at the target",
		    vl_format_counted(
		        count, sizeof(count), c->porous, "file", "files"),
		    name, c->porous == 1 ? "has" : "have");
	if (c->privileged > 0)
		vl_cli_note("not carried of '%s': setuid, setgid, security.* "
		            "or trusted.* of %s; they travel with "
		            "'privileged: true'",
		    name,
		    vl_format_counted(count, sizeof(count), c->privileged,
		        "entry", "entries"));
}

/* "1 view", "2 indexes". */
static const char *
format_kind(char *text, size_t size, const struct vl_uncarried_kind *u)
{
	char many[32];

	(void)snprintf(many, sizeof(many), "%s%s", u->kind,
	    u->kind[strlen(u->kind) - 1] == 'x' ? "es" : "s");
	return vl_format_counted(text, size, u->n, u->kind, many);
}

/* Of a database, besides its rows. */
static void
show_rows(const struct vl_one_source *one)
{
	const struct vl_uncarried_kind *u = one->uncarried;
	const struct vl_source_counts *c = &one->counts;
	const char *name = one->resource->name;
	char line[LINE];
	char count[48];
	int used = 0;
	size_t i = 0;

	if (c->skipped > 0)
		vl_cli_note("left out of '%s' by 'skip', and untouched at the "
		            "target: %s",
		    name,
		    vl_format_counted(
		        count, sizeof(count), c->skipped, "row", "rows"));
	if (c->dropped > 0)
		vl_cli_note("left out of '%s' by 'on_dangling: drop': %s that "
		            "refer%s to what is not there, with what they own",
		    name,
		    vl_format_counted(
		        count, sizeof(count), c->dropped, "row", "rows"),
		    c->dropped == 1 ? "s" : "");
	for (; u->kind != NULL; u++) {
		used = 0;
		for (i = 0; i < u->nnames && (size_t)used < sizeof(line); i++)
			used +=
			    snprintf(line + used, sizeof(line) - (size_t)used,
			        "%s'%s'", i > 0 ? ", " : "", u->names[i]);
		vl_cli_note("not carried of '%s', which the target has its "
		            "own of: %s (%s%s)",
		    name, format_kind(count, sizeof(count), u), line,
		    u->n > u->nnames ? ", ..." : "");
	}
}

static void
show_source(const struct vl_one_source *one, bool written)
{
	const struct vl_source_counts *c = &one->counts;
	const char *name = one->resource->name;
	const struct item carried[] = { { c->files, "file", "files" },
		{ c->dirs, "directory", "directories" },
		{ c->links, "link", "links" },
		{ c->hard_links, "hard link", "hard links" },
		{ c->specials, "FIFO or device", "FIFOs and devices" },
		{ c->rows, "row", "rows" }, { c->tables, "table", "tables" } };
	char bytes[32];
	char line[LINE];

	(void)join(line, sizeof(line), carried, 7);
	vl_cli_note("%s '%s': %s; %s", written ? "exported" : "would export",
	    name, line[0] != '\0' ? line : "nothing",
	    vl_format_bytes(bytes, sizeof(bytes), c->bytes));
	show_besides(name, c);
	show_left_out(one);
	show_mounts(one);
	show_lost(name, c);
	show_rows(one);
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
add_counts(struct vl_source_counts *all, const struct vl_source_counts *c)
{
	size_t i = 0;

	all->files += c->files;
	all->dirs += c->dirs;
	all->links += c->links;
	all->bytes += c->bytes;
	all->hard_links += c->hard_links;
	all->specials += c->specials;
	all->sparse += c->sparse;
	all->attributes += c->attributes;
	all->cut += c->cut;
	all->privileged += c->privileged;
	all->porous += c->porous;
	all->rowless += c->rowless;
	all->outward += c->outward;
	all->tables += c->tables;
	all->rows += c->rows;
	all->skipped += c->skipped;
	all->dropped += c->dropped;
	for (i = 0; i < WHYS; i++)
		all->left_out[i] += c->left_out[i];
}

static void
put_counts(struct vl_msg *m, const struct vl_source_counts *c)
{
	char key[64];
	size_t i = 0;

	vl_msg_count(m, "files", c->files);
	vl_msg_count(m, "directories", c->dirs);
	vl_msg_count(m, "links", c->links);
	vl_msg_count(m, "hard_links", c->hard_links);
	vl_msg_count(m, "specials", c->specials);
	vl_msg_count(m, "bytes", c->bytes);
	vl_msg_count(m, "with_holes", c->sparse);
	vl_msg_count(m, "with_attributes", c->attributes);
	for (i = 0; i < WHYS; i++) {
		(void)snprintf(
		    key, sizeof(key), "left_out_%s", vl_why_words[i]);
		vl_msg_count(m, key, c->left_out[i]);
	}
	vl_msg_count(m, "links_outside", c->outward);
	vl_msg_count(m, "not_carried_hard_links", c->cut);
	vl_msg_count(m, "not_carried_privileged", c->privileged);
	vl_msg_count(m, "not_carried_holes", c->porous);
	vl_msg_count(m, "not_carried_rowless", c->rowless);
	vl_msg_count(m, "tables", c->tables);
	vl_msg_count(m, "rows", c->rows);
	vl_msg_count(m, "skipped_rows", c->skipped);
	vl_msg_count(m, "dropped_rows", c->dropped);
}

static void
show_json(const struct vl_summary *s)
{
	struct vl_source_counts all = { 0 };
	struct vl_msg m = { 0 };
	size_t i = 0;

	for (i = 0; i < s->feed->n; i++)
		add_counts(&all, &s->feed->sources[i].counts);
	vl_msg_begin(&m, "summary");
	vl_msg_bool(&m, "dry_run", s->totals == NULL);
	put_counts(&m, &all);
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
