/*
 * What belongs to the programs and stands beside them: in the tree they were
 * installed to, or in the directory they were built in.
 */

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <valise/cli.h>

#define SHARED "share/valise/profiles"

char *
vl_cli_profiles(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash = NULL;

	(void)snprintf(path, size, "/usr/" SHARED);
	if (n <= 0)
		return path;
	self[n] = '\0';
	slash = strrchr(self, '/');
	*slash = '\0';
	if ((size_t)snprintf(path, size, "%s/profiles", self) < size &&
	    access(path, R_OK | X_OK) == 0)
		return path;
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	(void)snprintf(path, size, "%s/" SHARED, self);
	return path;
}
