/* Counts, sizes and times for people; sizes and misspelt words from them. */

#include <inttypes.h>

#include <valise/text.h>

size_t
vl_int_text(char text[VL_INT_SIZE], int64_t n)
{
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	uint64_t power = 10;
	size_t size = 1 + (n < 0);
	size_t at = 0;

	/* 10^19 is more than any, and no more than 64 bits hold. */
	for (; rest >= power; power *= 10)
		size++;
	text[0] = '-';
	text[size] = '\0';
	at = size;
	do
		text[--at] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	return size;
}

char *
vl_format_count(char *text, size_t size, uint64_t n)
{
	char shown[32];
	size_t at = sizeof(shown);
	unsigned digits = 0;

	shown[--at] = '\0';
	do {
		if (digits > 0 && digits % 3 == 0)
			shown[--at] = ' ';
		shown[--at] = (char)('0' + n % 10);
		n /= 10;
		digits++;
	} while (n > 0);
	(void)snprintf(text, size, "%s", shown + at);
	return text;
}

char *
vl_format_counted(
    char *text, size_t size, uint64_t n, const char *one, const char *many)
{
	char count[32];

	(void)snprintf(text, size, "%s %s",
	    vl_format_count(count, sizeof(count), n), n == 1 ? one : many);
	return text;
}

char *
vl_format_bytes(char *text, size_t size, uint64_t n)
{
	static const char *const names[] = { "kB", "MB", "GB", "TB", "PB",
		"EB" };
	uint64_t tenth = 100; /* a tenth of the unit */
	uint64_t shown = 0;   /* in tenths, rounded */
	size_t i = 0;

	if (n < 1000) {
		(void)snprintf(text, size, "%" PRIu64 " B", n);
		return text;
	}
	for (i = 0;; i++, tenth *= 1000) {
		shown = n / tenth + (n % tenth >= tenth / 2);
		if (shown < 10000 || i == 5)
			break;
	}
	(void)snprintf(text, size, "%" PRIu64 ".%" PRIu64 " %s", shown / 10,
	    shown % 10, names[i]);
	return text;
}

char *
vl_format_time_utc(char *text, size_t size, int64_t seconds)
{
	struct tm tm = { 0 };
	time_t t = (time_t)seconds;

	/* A year that does not fit is shown as it was stored. */
	if (gmtime_r(&t, &tm) == NULL) {
		(void)snprintf(text, size, "@%" PRId64, seconds);
		return text;
	}
	(void)snprintf(text, size, "%04ld-%02d-%02dT%02d:%02d:%02dZ",
	    tm.tm_year + 1900L, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
	return text;
}

static enum vl_status
not_a_size(const char *text, struct vl_err *err)
{
	char shown[64];

	return vl_fail(err, VL_EUSAGE,
	    "'%s' is not a size; write bytes, or a number with K, M, G or T",
	    vl_escape_text(shown, sizeof(shown), vl_slice_of(text)));
}

enum vl_status
vl_parse_size(const char *text, uint64_t *bytes, struct vl_err *err)
{
	static const char units[] = "KMGT";
	const char *p = text;
	const char *unit = NULL;
	uint64_t whole = 0;
	uint64_t part = 0;  /* digits behind the point ... */
	uint64_t scale = 1; /* ... in units of 1/scale */
	unsigned shift = 0;

	*bytes = 0;
	if (*p < '0' || *p > '9')
		return not_a_size(text, err);
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return not_a_size(text, err);
	if (*p == '.') {
		/* Six digits: 10^6 * 2^40 still fits. */
		for (p++; *p >= '0' && *p <= '9' && scale < 1000000; p++) {
			part = part * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
		if (scale == 1 || *p == '\0')
			return not_a_size(text, err);
	}
	if (*p != '\0') {
		unit = strchr(units, *p);
		if (unit == NULL || p[1] != '\0')
			return not_a_size(text, err);
		shift = 10 * ((unsigned)(unit - units) + 1);
	}
	if (whole > UINT64_MAX >> shift)
		return not_a_size(text, err);
	*bytes = whole << shift;
	if (__builtin_add_overflow(*bytes, (part << shift) / scale, bytes))
		return not_a_size(text, err);
	return VL_OK;
}

#define WORD_MAX 64

/*
 * How many letters must be put in, left out, changed, or swapped with their
 * neighbour to make `b` of `a`.  Both are at most WORD_MAX long.
 */
static size_t
distance(const char *a, const char *b)
{
	size_t row[3][WORD_MAX + 1];
	size_t *before = row[0]; /* two rows up */
	size_t *last = row[1];
	size_t *now = row[2];
	size_t *spare = NULL;
	size_t i = 0;
	size_t j = 0;
	size_t best = 0;

	for (j = 0; j <= strlen(b); j++) {
		before[j] = 0;
		last[j] = j;
	}
	for (i = 1; a[i - 1] != '\0'; i++) {
		now[0] = i;
		for (j = 1; b[j - 1] != '\0'; j++) {
			best = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (best > last[j] + 1)
				best = last[j] + 1;
			if (best > now[j - 1] + 1)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && best > before[j - 2] + 1)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[strlen(b)];
}

const char *
vl_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t length = strlen(word);
	size_t best = (length + 2) / 3 + 1; /* one slip in three letters */
	size_t n = 0;

	if (length < 2 || length > WORD_MAX)
		return NULL;
	for (; *words != NULL; words++) {
		if (strlen(*words) > WORD_MAX)
			continue;
		n = distance(word, *words);
		if (n < best && n < strlen(*words)) {
			best = n;
			nearest = *words;
		}
	}
	return nearest;
}
