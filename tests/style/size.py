#!/usr/bin/env python3
"""Name the files that have grown past 600 lines.

    size.py ROOT

A report, not a gate: whether to cut such a file is for people to judge.
"""
import sys
from pathlib import Path

LONG = 600


def main():
    root = Path(sys.argv[1])
    files = 0
    for folder in ("include", "src", "tests"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".c", ".h", ".py", ".sh"):
                continue
            files += 1
            lines = len(path.read_bytes().splitlines())
            if lines > LONG:
                print(f"{path.relative_to(root)}: {lines} lines")
    print(f"{files} files looked at")
    return 0


if __name__ == "__main__":
    sys.exit(main())
