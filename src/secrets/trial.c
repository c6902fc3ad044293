/* Whether a master key is the right one, told from values under it. */

#include <valise/masters.h>

/* Where one that opens proves nothing, as many; of so many that were tried. */
#define SURE_MIN  8
#define TRIED_MAX 64

bool
vl_trial_ends(const struct vl_trial *t)
{
	if (t->proves)
		return t->opened > 0;
	return t->opened + t->failed >= TRIED_MAX ||
	    (t->opened >= SURE_MIN && t->failed == 0);
}

/* Another key opens one in 256 by chance, where nothing proves it. */
bool
vl_trial_fails(const struct vl_trial *t)
{
	return t->failed > 0 &&
	    (t->opened == 0 || (!t->proves && t->opened < t->failed));
}
