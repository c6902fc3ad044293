#!/bin/sh
# run.sh [--all]
#
# Install what is missing, build with the preset `dev` and run every test, on
# a machine that has nothing but Debian 12 and this clone.  --all runs the
# long matrices too, which takes hours.  Ends with ctest's summary and its
# exit code.
#
# A sanitizer needs system calls that the child which reads bundles may not
# make, memory above its limit, and an mlock() that does nothing.  So what
# tests the cage and locked memory runs before all others as it is released
# (preset `release`), where nothing may be left out for a sanitizer's sake:
# there a test that is skipped has failed, unless the machine cannot do what it
# needs (root, events of fanotify, core files).  Of bundles made to harm it is
# one of each kind, or all with --all.  It ends there, with that summary, when
# one of these fails.  What shows the cage by long runs is not repeated with
# sanitizers, but with --all.
#
# Tests wait for disks longer than for anything else.  So what one puts nowhere
# in particular lies in memory here, if there is room and what lies there may
# have attributes (Linux 6.6) and run; with --all, and what is released, on the
# disk.  What is about disks asks for one: images that are mounted, /var/tmp.
set -eu

case ${1-} in
'') labels="-LE long -E ^flow[.](cage|hanging)$" ;;
--all)
	labels=
	VALISE_TEST_ALL=1
	export VALISE_TEST_ALL
	;;
*)
	echo "usage: sh tests/run.sh [--all]" >&2
	exit 2
	;;
esac

# Set TMPDIR to a folder in memory, which goes when this ends, if there is
# one that will do.  The most that was seen there, of four tests, was 203 MB.
lie_in_memory() {
	room=$(df -k --output=avail /dev/shm 2>/dev/null | tail -n 1)
	free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
	[ "${room:-0}" -ge 2000000 ] && [ "${free:-0}" -ge 6000000 ] || return 0
	folder=$(mktemp -d /dev/shm/valise.XXXXXX)
	trap 'rm -rf "$folder"' EXIT
	trap 'exit 130' HUP INT TERM
	if setfattr -n user.x -v 1 "$folder" && chattr +d "$folder" &&
		cp /bin/true "$folder/" && "$folder/true" && rm "$folder/true"; then
		chmod 1777 "$folder"
		TMPDIR=$folder
		export TMPDIR
	fi 2>/dev/null
}

cd "$(dirname "$0")/.."
# Only so much output as a log wants, and never a question.
exec </dev/null

# shellcheck source=tests/tools/packages.sh
. tests/tools/packages.sh
# shellcheck disable=SC2086 # lists of words
install_missing $packages_build $packages_test
VALISE_PACKAGES=$PWD/build/packages
export VALISE_PACKAGES
# shellcheck disable=SC2086
unpack_missing "$VALISE_PACKAGES" $packages_read

cmake --preset dev
cmake --build --preset dev
cmake --preset release -DBUILD_TESTING=ON # docs/demo.sh says OFF
cmake --build --preset release --target valise-export valise-import valise \
	unit_cage_cage
# One more than there are processors, since tests wait for disks and clocks.
jobs=$(($(nproc) + 1))
ctest --preset release -j "$jobs" \
	-R '^(unit\.cage\.|flow\.(cage|hanging|secrets_in_memory)$|hostile\.(busy_reader|seal|keys|frames|manifest|rows|slots)$)'
[ -n "${VALISE_TEST_ALL-}" ] || lie_in_memory
# shellcheck disable=SC2086
ctest --preset dev -j "$jobs" $labels
