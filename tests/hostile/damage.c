/*
 * One bundle, damaged in every place, one at a time, in one process:
 *
 *	damage flips N         one bit at every Nth byte of every file
 *	damage sealed_flips N  the same, sealed and signed anew
 *	damage cuts            cut at every 512 bytes, and between frames
 *	damage sealed_cuts
 *	damage swaps           two files exchanged, or one of another bundle
 *	damage sealed_swaps
 *	damage opened_flips N  one bit of what is encrypted, every Nth byte,
 *	                       encrypted, sealed and signed anew
 *
 * Each must be refused, with the file named; where it is sealed anew, with
 * the place below the seal: the frame, or the record that a frame holds.  N is
 * also that of the bits: with 16 or less each of the eight bits of a text is
 * tried.
 */

#include <time.h>

#include "held.h"

#define CUT       512
#define BITS_UPTO 16
#define SHOWN     20

static struct held bundle;
static struct held other; /* of the same series */
static bool sealed;
static size_t cases;
static size_t bad;

/*
 * What is said of damage without the name of its file.  Why a key does not fit
 * is not told, since it may be the wrong one; and the keys are parsed and
 * opened as they were taken in, when their file is closed.
 */
static const struct {
	const char *file;
	enum vl_status st;
	const char *text;
} unnamed[] = {
	{ "head.jsn", VL_EKEY, "no key opens this bundle" },
	{ "head.jsn", VL_EAUTH, "the keys are not those that the head" },
	/* With another size of frames no file is whole frames. */
	{ "head.jsn", VL_EFORMAT, "'i0000001.vli' is 65600 bytes, which are" },
	{ "keys.jsn", VL_EKEY, "no key opens this bundle" },
	{ "keys.jsn", VL_EAUTH, "the wrapped keys do not authenticate" },
};

#define UNNAMED (sizeof(unnamed) / sizeof(unnamed[0]))

static size_t met[UNNAMED];

static bool
is_unnamed(const struct outcome *o, const char *file)
{
	const size_t end = UNNAMED;
	size_t i = 0;

	for (i = 0; i < end; i++)
		if (strcmp(file, unnamed[i].file) == 0 &&
		    o->st == unnamed[i].st &&
		    strncmp(
		        o->text, unnamed[i].text, strlen(unnamed[i].text)) == 0)
			break;
	if (i < end)
		met[i]++;
	return i < end;
}

/* Refused for what it is, not for what the system could not do. */
static bool
is_refusal(enum vl_status st)
{
	return st == VL_EFORMAT || st == VL_EAUTH || st == VL_ELIMIT ||
	    st == VL_ETRUST || st == VL_EKEY || st == VL_EREFUSED;
}

static bool
names(const struct outcome *o, const char *file)
{
	return strstr(o->text, file) != NULL ||
	    strstr(o->wrong, file) != NULL || is_unnamed(o, file);
}

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

/* And no digit or letter behind them. */
static bool
has_words(const char *text, const char *words)
{
	const size_t n = strlen(words);
	const char *p = text;

	for (p = strstr(p, words); p != NULL; p = strstr(p + n, words))
		if (p[n] == '\0' || strchr(": ,s", p[n]) != NULL)
			return true;
	return false;
}

/* Read it, hold the outcome against what is due, and mend the bundle. */
static void
expect(const char *what, const struct held_file *f, const struct held_file *g,
    const char *says)
{
	struct outcome o = { 0 };
	const char *wrong = NULL;

	held_put(&bundle);
	held_try(&bundle, &o);
	if (o.st == VL_OK)
		wrong = "it is not noticed";
	else if (!is_refusal(o.st))
		wrong = "it is not what is refused";
	else if (!names(&o, f->name) && (g == NULL || !names(&o, g->name)))
		wrong = "the file is not named";
	else if (says != NULL && !has_words(o.text, says))
		wrong = "the place is not named";
	else if (!is_plain(o.text))
		wrong = "the message is not fit for a terminal";
	held_mend(&bundle);
	cases++;
	if (wrong == NULL)
		return;
	if (bad++ < SHOWN)
		printf("BAD %s %s%s%s: %s (%d: %s)\n", what, f->name,
		    g == NULL ? "" : " ", g == NULL ? "" : g->name, wrong,
		    (int)o.st, o.text);
}

/* As it is now, and with a seal that fits it, it is whole. */
static void
prove_whole(void)
{
	struct outcome o = { 0 };

	held_try(&bundle, &o);
	if (o.st == VL_OK) {
		held_mend_head(&bundle);
		held_seal(&bundle);
		held_put(&bundle);
		held_try(&bundle, &o);
		held_mend(&bundle);
	}
	if (o.st != VL_OK)
		fprintf(stderr, "without damage it is refused: %s\n", o.text);
	MUST(o.st == VL_OK);
}

/* Where the damage lies below the seal, as a message has to say it. */
static const char *
place(const struct held_file *f, size_t at)
{
	static char text[64];

	if (!sealed || !held_is_frames(f) || at < VL_FILE_HEADER_SIZE)
		return NULL;
	snprintf(text, sizeof(text), "%s: frame %zu does not authenticate",
	    f->name, (at - VL_FILE_HEADER_SIZE) / HELD_FRAME);
	return text;
}

/*
 * A seal over a list or a comment with one bit flipped.  False: the byte is
 * one of those that signing makes.
 */
static bool
seal_flipped(struct held_file *f, size_t at)
{
	const struct held_file *sig = held_find(&bundle, "seal.sig");
	const struct held_file *list = held_find(&bundle, "seal.txt");
	struct vl_slice comment = { 0 };
	struct vl_seal_sig s = { 0 };
	struct vl_buf text = { 0 };
	struct vl_err err = { 0 };
	size_t from = 0;

	MUST(vl_seal_sig_decode(&s, vl_buf_slice(&sig->was), &err) == VL_OK);
	from = (size_t)(s.comment_text.p - sig->was.p);
	if (f == sig && (at < from || at >= from + s.comment_text.n))
		return false;
	comment = s.comment_text;
	if (f == sig)
		comment.p = f->now.p + from;
	MUST(vl_buf_add(&text, vl_buf_slice(&list->now), &err) == VL_OK);
	MUST(vl_buf_reserve(&text, comment.n, &err) == VL_OK);
	memcpy(text.p + text.n, comment.p, comment.n);
	held_sign(&bundle, vl_buf_slice(&text),
	    (struct vl_slice){ text.p + text.n, comment.n });
	vl_buf_free(&text);
	return true;
}

static void
flip(struct held_file *f, size_t at, unsigned bit)
{
	char what[64];

	f->now.p[at] ^= (uint8_t)(1u << bit);
	f->touched = true;
	if (sealed && held_is_seal(f)) {
		(void)seal_flipped(f, at);
	} else if (sealed) {
		if (held_is_frames(f))
			held_mend_head(&bundle);
		held_seal(&bundle);
	}
	snprintf(what, sizeof(what), "flip %zu.%u of", at, bit);
	expect(what, f, NULL, place(f, at));
}

static void
flips(size_t step)
{
	struct held_file *f = NULL;
	unsigned bit = 0;
	size_t at = 0;

	for (f = bundle.files; f < bundle.files + bundle.n; f++)
		for (at = 0; at < f->was.n; at++) {
			if (!held_is_frames(f) && step <= BITS_UPTO) {
				for (bit = 0; bit < 8; bit++)
					flip(f, at, bit);
			} else if (at % step == 0) {
				flip(f, at, (unsigned)(at / step % 8));
			}
		}
}

/* The list of what is unnamed is of no more than there is. */
static void
met_all(void)
{
	size_t i = 0;

	for (i = 0; i < UNNAMED; i++)
		if (met[i] == 0) {
			printf("BAD of %s nothing says '%s'\n", unnamed[i].file,
			    unnamed[i].text);
			bad++;
		}
}

/* All that the frames of a file hold. */
static void
open_frames(const struct held_file *f, struct vl_buf *plain)
{
	const size_t frames = f->was.n / HELD_FRAME;
	uint8_t key[VL_KEY_SIZE];
	struct vl_err err = { 0 };
	size_t i = 0;

	vl_buf_clear(plain);
	held_file_key(&bundle, f, key);
	for (i = 0; i < frames; i++) {
		held_open_frame(f, i, key);
		MUST(vl_buf_add(plain,
		         (struct vl_slice){ held_frame, HELD_PLAIN },
		         &err) == VL_OK);
	}
}

/*
 * The record in which byte `at` stands, as a message has to say it; `text` has
 * room for it.  Its first byte says of which kind it is: of another it may be
 * said that it stands where none should, or that the records end before it.
 * Behind the last there are zeros.
 */
static const char *
record_of(const struct vl_buf *plain, size_t at, char text[64])
{
	struct vl_record_header h = { 0 };
	struct vl_err err = { 0 };
	size_t from = 0;
	size_t size = 0;

	while (from < plain->n && plain->p[from] != 0) {
		MUST(vl_record_header_decode(&h,
		         (struct vl_slice){
		             plain->p + from, VL_RECORD_HEADER_SIZE },
		         &err) == VL_OK);
		size = VL_RECORD_HEADER_SIZE + h.stored;
		if (h.kind == VL_RECORD_BLOCK)
			size += (size_t)4 * h.items;
		if (at < from + size) {
			snprintf(text, 64, "record at %zu", from);
			if (at == from)
				text[strlen("record")] = '\0';
			return text;
		}
		from += size;
	}
	snprintf(text, 64, "padding");
	return text;
}

/* One bit of what a frame holds, and the frame encrypted again. */
static void
opened_flip(struct held_file *f, size_t at, const char *says)
{
	uint8_t key[VL_KEY_SIZE];
	char what[64];

	held_file_key(&bundle, f, key);
	held_open_frame(f, at / HELD_PLAIN, key);
	held_frame[at % HELD_PLAIN] ^= (uint8_t)(1u << at / 16 % 8);
	held_close_frame(f, at / HELD_PLAIN, key);
	held_mend_head(&bundle);
	held_seal(&bundle);
	snprintf(what, sizeof(what), "flip %zu of what is in", at);
	expect(what, f, NULL, says);
}

static void
opened_flips(size_t step)
{
	struct vl_buf plain = { 0 };
	struct held_file *f = NULL;
	char text[64];
	size_t at = 0;

	for (f = bundle.files; f < bundle.files + bundle.n; f++) {
		if (!held_is_frames(f))
			continue;
		open_frames(f, &plain);
		for (at = 0; at < plain.n; at += step)
			opened_flip(f, at, record_of(&plain, at, text));
	}
	vl_buf_free(&plain);
}

static void
cut(struct held_file *f, size_t size)
{
	char what[64];

	f->now.n = size;
	f->touched = true;
	if (sealed) {
		if (held_is_frames(f))
			held_mend_head(&bundle);
		held_seal(&bundle);
	}
	snprintf(what, sizeof(what), "cut to %zu", size);
	expect(what, f, NULL, NULL);
}

static void
cuts(void)
{
	struct held_file *f = NULL;
	size_t at = 0;

	for (f = bundle.files; f < bundle.files + bundle.n; f++) {
		/* A seal over a seal that was cut would be a whole one. */
		if (sealed && held_is_seal(f))
			continue;
		for (at = 0; at < f->was.n; at += CUT)
			cut(f, at);
		cut(f, f->was.n - 1);
		if (!held_is_frames(f))
			continue;
		for (at = VL_FILE_HEADER_SIZE; at < f->was.n; at += HELD_FRAME)
			cut(f, at);
	}
}

static void
put_in_place(struct held_file *f, struct held_file *g, struct vl_slice bytes)
{
	if (g != NULL)
		held_set(g, vl_buf_slice(&f->was));
	held_set(f, bytes);
	if (sealed) {
		held_mend_head(&bundle);
		held_seal(&bundle);
	}
	expect(g == NULL ? "another bundle's" : "exchanged", f, g, NULL);
}

static void
swaps(void)
{
	struct held_file *f = NULL;
	struct held_file *g = NULL;

	MUST(bundle.n == other.n);
	for (f = bundle.files; f < bundle.files + bundle.n; f++) {
		if (sealed && held_is_seal(f))
			continue;
		for (g = f + 1; g < bundle.files + bundle.n; g++)
			if (!sealed || !held_is_seal(g))
				put_in_place(f, g, vl_buf_slice(&g->was));
		g = held_find(&other, f->name);
		MUST(g != NULL);
		/* Of two bundles one file is the same. */
		if (strcmp(f->name, "readme.txt") != 0)
			put_in_place(f, NULL, vl_buf_slice(&g->was));
	}
}

/* The seal of another bundle with its signature, which fits. */
static void
other_seal(void)
{
	struct held_file *f = held_find(&bundle, "seal.txt");
	struct held_file *g = held_find(&bundle, "seal.sig");

	held_set(f, vl_buf_slice(&held_find(&other, "seal.txt")->was));
	held_set(g, vl_buf_slice(&held_find(&other, "seal.sig")->was));
	expect("another bundle's seal over", held_find(&bundle, "i0000001.vli"),
	    NULL, NULL);
}

static double
now(void)
{
	struct timespec t = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool
run(const char *what, size_t step)
{
	sealed = strncmp(what, "sealed_", 7) == 0;
	what += sealed ? 7 : 0;
	if (strcmp(what, "flips") == 0 && step > 0)
		flips(step);
	else if (strcmp(what, "opened_flips") == 0 && step > 0)
		opened_flips(step);
	else if (strcmp(what, "cuts") == 0)
		cuts();
	else if (strcmp(what, "swaps") == 0)
		swaps();
	else
		return false;
	if (strcmp(what, "swaps") == 0 && !sealed)
		other_seal();
	if (strcmp(what, "flips") == 0 && sealed && step <= BITS_UPTO)
		met_all();
	return true;
}

int
main(int argc, char **argv)
{
	const double start = now();
	struct maker maker;
	bool known = false;

	make_begin(&maker);
	held_make(&bundle, &maker);
	held_make(&other, &maker);
	prove_whole();
	known =
	    argc > 1 && run(argv[1], argc > 2 ? strtoul(argv[2], NULL, 10) : 0);
	prove_whole();
	printf("cases=%zu bad=%zu seconds=%.0f processor=%.0f\n", cases, bad,
	    now() - start, (double)clock() / CLOCKS_PER_SEC);
	held_free(&bundle);
	held_free(&other);
	make_end(&maker);
	return known && cases > 0 && bad == 0 ? 0 : 1;
}
