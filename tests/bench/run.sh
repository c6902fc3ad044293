#!/bin/sh
# run.sh [-n RUNS] [-p PEER,...] [TREE]
# run.sh scale [FILES]...
# run.sh [--kdf light] rows [ROWS]...
# run.sh insides [ROWS]...
# run.sh secrets [ROWS]...
# run.sh cage [TREE]
#
# valise against its peers on one tree in one run; the figures on stdout as
# TSV.  Without TREE the Linux sources of Debian (linux-source-6.1) are
# unpacked.  `scale` takes trees of small files, by default 100,000 and
# 1,000,000, and shows how time and memory grow.  `rows` takes SQLite databases
# instead, by default of 1,000,000 and 10,000,000 rows, beside `sqlite3` and a
# guarded upsert written by hand; `insides` what ids inside values cost,
# `secrets` what columns that hold them do, and `cage`, in memory, what it costs
# that a child without rights reads the bundle.  Wants the preset `release` and,
# as root, a fresh ext4 on a loop device for every restore.
set -eu
cd "$(dirname "$0")/../.."
cmake --preset release -DBUILD_TESTING=ON >/dev/null
cmake --build --preset release --target valise valise-export valise-import \
	valise-import-uncaged >/dev/null
VALISE_BIN=$PWD/build/release exec python3 -B tests/bench/bench.py "$@"
