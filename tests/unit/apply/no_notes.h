#ifndef TEST_APPLY_NO_NOTES_H
#define TEST_APPLY_NO_NOTES_H

#include <valise/state.h>

/* It would stop every import until the machine starts anew. */
void __wrap_vl_state_note_failed_sync(struct vl_state *s, const char *where);

void
__wrap_vl_state_note_failed_sync(struct vl_state *s, const char *where)
{
	(void)s, (void)where;
}

#endif
