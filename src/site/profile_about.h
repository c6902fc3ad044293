#ifndef VL_SITE_PROFILE_ABOUT_H
#define VL_SITE_PROFILE_ABOUT_H

/* Words of a profile, for people. */

#include "words.h"

struct vl_word_about {
	enum vl_scope scope;
	const char *word;
	const char *about;
	const char *fallback; /* what holds without it; NULL: as the table of
	                       * words says */
	const char *example;  /* an entry in which it stands */
};

extern const struct vl_word_about vl_profile_about[]; /* NULL at the end */

/* Of that word, or NULL. */
const struct vl_word_about *vl_word_about_of(
    enum vl_scope scope, const char *word);

#endif
