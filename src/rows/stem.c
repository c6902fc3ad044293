/* Which table a name may mean: "author_id" an author, or authors. */

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "plan.h"

/* "authorId", "author_id" -> "author"; words parted by '_', lower case. */
void
rows_stem(char stem[ROWS_STEM_MAX], const char *name)
{
	size_t n = strlen(name);
	size_t at = 0;
	size_t i = 0;

	n -= name[n - 3] == '_' ? 3 : 2;
	for (i = 0; i < n && at < ROWS_STEM_MAX - 2; i++) {
		if (isupper((unsigned char)name[i]) && i > 0 &&
		    islower((unsigned char)name[i - 1]))
			stem[at++] = '_';
		stem[at++] = (char)tolower((unsigned char)name[i]);
	}
	stem[at] = '\0';
}

/* `word` in the singular or plural is what `name` is. */
static bool
is_plural(const char *name, const char *word)
{
	size_t n = strlen(word);

	if (n == 0 || strncasecmp(name, word, n - 1) != 0)
		return false;
	if (strcasecmp(name + n - 1, "ies") == 0 && word[n - 1] == 'y')
		return true;
	if (strncasecmp(name, word, n) != 0)
		return false;
	return name[n] == '\0' || strcasecmp(name + n, "s") == 0 ||
	    strcasecmp(name + n, "es") == 0;
}

/* How well a column of that stem may mean the table: 1 is best, 0 not. */
unsigned
rows_stem_rank(const char *stem, const char *table, bool self)
{
	const char *part = NULL;
	size_t n = strlen(stem);

	if (self && strstr(stem, "parent") != NULL)
		return 1;
	if (is_plural(table, stem))
		return 1;
	for (part = strchr(table, '_'); part != NULL;
	     part = strchr(part + 1, '_'))
		if (is_plural(part + 1, stem))
			return 2;
	if (strncasecmp(table, stem, n) == 0 && table[n] == '_')
		return 3;
	for (part = strchr(stem, '_'); part != NULL;
	     part = strchr(part + 1, '_'))
		if (is_plural(table, part + 1))
			return 4;
	return 0;
}

bool
rows_names_amount(const char *name)
{
	static const char *const words[] = { "num", "max", "min", "limit",
		"count", "total", "per_", "days", "size", NULL };
	size_t i = 0;

	for (i = 0; words[i] != NULL; i++)
		if (strcasestr(name, words[i]) != NULL)
			return true;
	return false;
}
