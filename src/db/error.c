/* What SQLite answers, as a status and one line. */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <valise/text.h>

#include "private.h"

/* The cause where the system failed. */
static const char *
system_cause(struct vl_db *db, int rc)
{
	int error = db->sql == NULL ? 0 : sqlite3_system_errno(db->sql);

	return error != 0 ? strerror(error) : sqlite3_errstr(rc);
}

static const char *
readonly_cause(int rc)
{
	switch (rc) {
	case SQLITE_READONLY_ROLLBACK:
	case SQLITE_READONLY_RECOVERY:
		return "a write that was cut off must be undone first, and"
		       " the file cannot be written; start the application"
		       " once";
	case SQLITE_READONLY_CANTINIT:
	case SQLITE_READONLY_CANTLOCK:
	case SQLITE_READONLY_DIRECTORY:
		return "a database in WAL mode needs files beside it, and its"
		       " directory cannot be written";
	default:
		return "it cannot be written";
	}
}

/* The status of an answer, and the cause in words; NULL: SQLite's own. */
static enum vl_status
classify(struct vl_db *db, int rc, const char **cause)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		if (db_stops(db)) {
			*cause = "stopped: nothing was changed";
			return VL_ESIGNAL;
		}
		*cause = "it is locked by another program; stop the"
		         " application, or wait longer";
		return VL_ETEMP;
	case SQLITE_NOMEM:
		*cause = "out of memory";
		return VL_EIO;
	case SQLITE_NOTADB:
		*cause = "it is no SQLite database, or it is encrypted";
		return VL_EUSAGE;
	case SQLITE_READONLY:
		*cause = readonly_cause(rc);
		return VL_EIO;
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		*cause = system_cause(db, rc);
		return VL_EIO;
	case SQLITE_FULL:
		*cause = strerror(ENOSPC);
		return VL_EIO;
	case SQLITE_INTERRUPT:
		*cause = "stopped: nothing was changed";
		return VL_ESIGNAL;
	case SQLITE_TOOBIG:
		return VL_ELIMIT;
	case SQLITE_CORRUPT:
		return VL_EFORMAT;
	/* The schema needs what only the application brings. */
	case SQLITE_ERROR:
	case SQLITE_CONSTRAINT:
		return VL_EREFUSED;
	default:
		return VL_EIO;
	}
}

static const char *
own_words(struct vl_db *db, int rc)
{
	if (db->sql != NULL && sqlite3_errcode(db->sql) != SQLITE_OK)
		return sqlite3_errmsg(db->sql);
	return sqlite3_errstr(rc);
}

enum vl_status
db_fail(struct vl_db *db, int rc, struct vl_err *err, const char *format, ...)
{
	const char *cause = NULL;
	char what[1024];
	enum vl_status st;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	st = classify(db, rc, &cause);
	if (cause == NULL)
		cause = own_words(db, rc);
	(void)vl_fail(err, st, "%s: %s%s", what,
	    st == VL_EFORMAT ? "it is damaged, restore it or recover it with"
	                       " .recover of sqlite3: " :
	                       "",
	    cause);
	vl_tame(err->text);
	return st;
}
