#!/bin/sh
# run.sh BUILD SECONDS [TARGET...]
#
# Run the libFuzzer targets in BUILD (preset `fuzz`), each for SECONDS, from
# its seeds; with RUNS in the environment for at most so many executions.
# What they find new stays in BUILD/corpus; a crash is named, its input lies
# in BUILD/crash-*, and belongs into fixtures/fuzz/ with the fix.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
seconds=$2
shift 2
if [ $# -eq 0 ]; then
	for program in "$build"/tests/fuzz/fuzz_*; do
		name=${program##*/fuzz_}
		set -- "$@" "$name"
	done
fi

cd "$build"
failed=0
for name in "$@"; do
	mkdir -p "corpus/$name"
	if "tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 \
		-runs="${RUNS:--1}" -rss_limit_mb=2048 \
		-print_final_stats=1 "corpus/$name" \
		"$root/fixtures/fuzz/$name" >"corpus/$name.log" 2>&1; then
		sed -n "s/^stat::number_of_executed_units: */$name: /p" \
			"corpus/$name.log"
	else
		echo "$name: FAILED, see $build/corpus/$name.log"
		failed=1
	fi
done
exit $failed
