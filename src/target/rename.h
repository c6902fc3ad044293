#ifndef VALISE_TARGET_RENAME_H
#define VALISE_TARGET_RENAME_H

/*
 * Rename without replacing: EEXIST where `to` is there.  A file system whose
 * driver has no such call (libfuse 2) is asked first and then renamed on, so
 * that what comes to be in between is replaced there.
 */
int vl_rename_new(int fromfd, const char *from, int tofd, const char *to);

#endif
