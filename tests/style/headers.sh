#!/bin/sh
# headers.sh ROOT [FLAGS]
#
# Each public header compiles alone, and twice in one file, with the warnings
# of the project as errors, under gcc and clang.
set -u
root=$1
flags=${2-}
failed=0
compilers=0

# Sanitizers and coverage are of no use to a check of syntax.
warnings=
for flag in $flags; do
	case $flag in
	-W*) warnings="$warnings $flag" ;;
	esac
done

for cc in gcc clang; do
	if ! command -v "$cc" >/dev/null; then
		echo "no $cc here: its half of the check is skipped"
		continue
	fi
	compilers=$((compilers + 1))
	# shellcheck disable=SC2086 # a list of words
	for header in "$root"/include/valise/*.h; do
		name=valise/$(basename "$header")
		printf '#include <%s>\n#include <%s>\nextern int standing;\n' \
			"$name" "$name" |
			"$cc" -std=c17 -D_GNU_SOURCE $warnings -Werror \
				-fsyntax-only -I "$root/include" -x c - || {
			echo "'$name' does not stand alone with $cc"
			failed=1
		}
	done
done
[ "$compilers" -gt 0 ] || exit 77
exit "$failed"
