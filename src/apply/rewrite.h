#ifndef VALISE_APPLY_REWRITE_H
#define VALISE_APPLY_REWRITE_H

/* What the two files of `rewrite` share. */

#include "fills.h"
#include "filter.h"
#include "keyfiles.h"
#include "merges.h"

#define PART  16         /* chunks of a body that are read at once */
#define PIECE (1u << 20) /* bytes of a chunk of new content */

struct rule {
	struct vl_exclude *pattern;
	struct vl_slice from;
	struct vl_slice to;
};

struct vl_rewrites {
	struct rule *rules;
	size_t nrules;
	size_t from_max;              /* bytes of the longest `from` */
	struct vl_merges *merges;     /* or NULL; borrowed */
	struct vl_keyfiles *keyfiles; /* the same */
	struct vl_fills *fills;       /* the same */
	struct vl_hasher *hasher;
	char *tempdir;
	struct vl_body body; /* of every record; set once */
	struct vl_rewrite_counts counts;

	/* Of the record in hand. */
	struct vl_buf content;     /* or the end of what is too long */
	uint64_t seen;             /* bytes, from its start */
	struct vl_buf other;       /* what replacing makes of it */
	struct vl_chunk_ref *refs; /* as they were read */
	size_t nrefs;
	size_t refs_cap;
	int more_fd; /* refs behind these; -1: none yet */
	uint64_t nmore;
	uint64_t given; /* of all refs, again */
	bool ended;     /* there are no more than these */

	int fd;       /* new contents, encrypted; -1: none yet */
	uint8_t *key; /* locked; of this run alone */
	uint64_t end;
	uint64_t from; /* the content in hand: what is not given yet */
	uint64_t at;
	uint64_t size; /* of it */
};

/* rewrite_read.c */
bool rewrite_is_text(struct vl_slice content);
/* All bytes of the file in hand, whatever they are, become the content. */
enum vl_status rewrite_read_whole(struct vl_rewrites *rw,
    const struct vl_entry *e, bool *text, struct vl_err *err);
/* The same, but of what is no text, or too long and with nothing to replace,
 * only a part; `*text` is false then. */
enum vl_status rewrite_read_text(struct vl_rewrites *rw,
    const struct vl_entry *e, bool *text, struct vl_err *err);

/* rewrite_body.c */
/* Into an unlinked file in the state directory. */
enum vl_status rewrite_aside(struct vl_rewrites *rw, int *fd,
    struct vl_slice bytes, uint64_t at, struct vl_err *err);
/*
 * The new content to the end of such a file.  It may hold secrets: it is
 * encrypted piece by piece, under a key that nobody has who finds it.
 */
enum vl_status rewrite_keep(
    struct vl_rewrites *rw, struct vl_slice content, struct vl_err *err);
/* The body as it came, from its start; or what was kept of the new content. */
void rewrite_serve_old(struct vl_rewrites *rw, struct vl_body *body);
void rewrite_serve_new(
    struct vl_rewrites *rw, struct vl_body *body, bool secret);

#endif
