#!/bin/sh
# recover_after_restart.sh COMMAND...
#
# A recovery that believes nothing, because a sync failed since the machine
# started, is right: it exits with 9 and names the note it goes by.  This runs
# COMMAND; where it stopped so, it does what a restart does, removes the note,
# and runs COMMAND again.
said=$("$@" 2>&1)
code=$?
note=$(printf '%s\n' "$said" |
	sed -n "s/.*a sync failed.*'\([^']*unsynced\)'.*/\1/p" | head -n 1)
if [ "$code" -eq 9 ] && [ -n "$note" ]; then
	rm -f "$note"
	exec "$@"
fi
printf '%s\n' "$said" >&2
exit "$code"
