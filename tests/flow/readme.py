#!/usr/bin/env python3
"""Run the first transfer by hand as README.md has it.

    readme.py README.md

The fenced sh blocks under the heading "A first transfer by hand" are run as
one script, in an empty directory that is also HOME, with the programs of
VALISE_BIN on the PATH.  Lines that begin with "sudo " are taken without it.
"""
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HEADING = re.compile(r"^(#+) .*first transfer", re.I)


def script_of(text):
    lines, level, fenced = [], None, False
    for line in text.splitlines():
        found = HEADING.match(line)
        if found and level is None:
            level = len(found.group(1))
        elif level is not None and not fenced and \
                re.match(rf"^#{{1,{level}}} ", line):
            break
        elif level is not None and line.startswith("```"):
            fenced = line.strip() == "```sh" and not fenced
        elif level is not None and fenced:
            lines.append(line.removeprefix("sudo "))
    return "\n".join(lines)


def main():
    script = script_of(Path(sys.argv[1]).read_text())
    if not script.strip():
        print("README.md has no first transfer by hand")
        return 1
    programs = Path(os.environ["VALISE_BIN"]).resolve()
    with tempfile.TemporaryDirectory(prefix="readme.") as folder:
        done = subprocess.run(
            ["sh", "-eux", "-c", script], cwd=folder,
            stdin=subprocess.DEVNULL, env={
                **os.environ, "HOME": folder,
                "PATH": f"{programs}:{os.environ['PATH']}"})
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
