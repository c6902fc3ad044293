#!/usr/bin/env python3
"""Sites of a made application carried into others, each as a slow and
obvious model says.

    made_app.py [--first SEED] [--cases N] [--dir DIR]

A case is its seed (tests/tools/make_app.py): a source, a target, and what
either is a while later.  Bundles go as in preview_rows.py: what a preview says
is what the import does, and the same bundle again changes no byte.
"""
import argparse
import collections
import os
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "lib"))
import preview_rows  # noqa: E402
import rows  # noqa: E402
import make_app  # noqa: E402


class Run(preview_rows.Run):
    def make(self):
        make_app.make_app(self.folder, self.seed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--cases", type=int, default=1000 if rows.ALL else 8)
    parser.add_argument("--dir")
    parser.add_argument("--all-failures", action="store_true")
    args = parser.parse_args()
    preview_rows.make_keys()
    found = collections.Counter()
    for seed in range(args.first, args.first + args.cases):
        run, why = rows.run_seed(seed, args.dir, Run)
        if why:
            print(why)
            found["failures"] += 1
            if not args.all_failures:
                return 1
            continue
        found["imports"] += run.done
        found["refused"] += run.refused
        found["unclear"] += run.unclear
    print(f"{args.cases} pairs of sites: {found['imports']} imports as the "
          f"model says, {found['refused']} of them refused; "
          f"{found['unclear']} left out")
    return 1 if found["failures"] else 0


if __name__ == "__main__":
    os.umask(0o077)
    try:
        sys.exit(main())
    finally:
        shutil.rmtree(preview_rows.KEYS)
