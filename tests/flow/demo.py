#!/usr/bin/env python3
"""Run docs/demo.sh as it stands, with the programs of VALISE_BIN.

    demo.py CLONE

It runs in what looks like a clone: the script, the list of packages, and
programs that are built already, so that `cmake` has nothing to do.  Whatever
the demo did not expect ends it with an error.  Without VALISE_TEST_ALL=1 a
part of /usr/include stands for the whole.
"""
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WHOLE = Path("/usr/include")
PART = ("stdio.h", "errno.h", "arpa", "net", "netinet", "rpc", "scsi")
ALL = os.environ.get("VALISE_TEST_ALL") == "1"


def take_part(own):
    """The script carries a few of the headers."""
    tree = own / "part"
    tree.mkdir()
    for name in PART:
        if (WHOLE / name).exists():
            subprocess.run(["cp", "-a", WHOLE / name, tree], check=True)
    script = own / "docs/demo.sh"
    text = script.read_text()
    if text.count(f"{WHOLE} ") != 1:
        raise SystemExit(f"the demo does not copy {WHOLE} once")
    script.write_text(text.replace(f"{WHOLE} ", f"{tree} "))


def main():
    clone = Path(sys.argv[1])
    programs = Path(os.environ["VALISE_BIN"]).resolve()
    with tempfile.TemporaryDirectory(prefix="demo.") as folder:
        own = Path(folder)
        for name in ("docs/demo.sh", "tests/tools/packages.sh"):
            (own / name).parent.mkdir(parents=True)
            shutil.copy(clone / name, own / name)
        (own / "build").mkdir()
        (own / "build" / "release").symlink_to(programs)
        (own / "bin").mkdir()
        (own / "bin" / "cmake").write_text("#!/bin/sh\n")
        (own / "bin" / "cmake").chmod(0o755)
        (own / "tmp").mkdir()
        if not ALL:
            take_part(own)
        done = subprocess.run(
            ["sh", "-eu", own / "docs/demo.sh"], check=False, env={
                **os.environ, "TMPDIR": str(own / "tmp"),
                "PATH": f"{own / 'bin'}:{os.environ['PATH']}"})
        left = list((own / "tmp").iterdir())
    if left:
        print(f"the demo leaves {left} behind")
        return 1
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
