#!/usr/bin/env python3
"""Bundles made to harm: each is refused, for the reason it was made for.

    hostile.py GROUP [--show] [WORD]

GROUP is one of the files cases_GROUP.py; a WORD picks the cases whose names
hold it, --show prints what the programs say.  Each bundle is wrong in one
place, and hashed, signed and encrypted again behind it, so that it reaches the
check it is meant for.  Held against `valise verify`, `valise verify --open`
and valise-import: exit code, the words of the message, and that the target is
byte for byte what it was, that a refusal is one line, that nothing is said
which a terminal would obey, and that no run takes the memory that it claims to
need.  A few look hostile and are not: of these it is
held what comes out.  README.md says which case is for what.  Programs are those
in VALISE_BIN.

With VALISE_TEST_WHOLE=1, for programs as they are released, no reader of a
bundle goes on with less than the whole cage, and of each kind of refusal there
is one case; all of them with VALISE_TEST_ALL=1.
"""
import importlib
import os
import re
import resource
import sqlite3
import sys
import tempfile
from pathlib import Path

try:
    import nacl  # noqa: F401
    import zstandard  # noqa: F401
except ImportError as missing:
    print(f"skipped: {missing.name} is not installed "
          "(python3-nacl, python3-zstandard)")
    sys.exit(1 if os.environ.get("VALISE_TEST_WHOLE") == "1" else 77)

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "flow" / "lib"))
from base import PASSWORD, Case  # noqa: E402
from bundlewriter import Identity, Sender, b64u  # noqa: E402
from commands import Commands, sample, unused  # noqa: E402
from flow import WHOLE, Site, remove_tree, write_tree  # noqa: E402

ANY = tuple(range(-64, 256))  # exit codes
# What a terminal obeys: C0 but the ends of lines and the tabs of records, DEL,
# C1, and what turns the direction of writing.
RAW = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069"
                 "\ud800-\udfff]")


# Of what reads a bundle in a child; else a warning says what is not there.
CAGE = ("--require-sandbox",) if WHOLE else ()

# Where a file has a greatest size that is less than the greatest of a bundle:
# in memory there is none.
PLACES = {"manifest": "/var/tmp"}

# MiB that a program may have in memory at once, with a sanitizer or without.
# It counts from what this program has when it starts another.
PEAK = 160


def peak():
    """Of all programs that ran so far, children of theirs among them."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10


def manner(name, result):
    """What is wrong with how it was said."""
    if RAW.search(result.said):
        yield f"{name}: prints a raw control byte: {result.said!r}"
    lines = [line for line in result.err.splitlines()
             if re.match(r"valise(-import)?: ", line)]
    # The exception: several files that are wrong have a line each, and the
    # last one counts them.
    if result.code and len(lines) != 1 and not (
            lines and lines[-1].endswith("as listed above")):
        yield f"{name}: refuses in {len(lines)} lines: {result}"


class Runner:
    def __init__(self, folder, show):
        self.show = show
        self.peak = PEAK
        self.site = Site(folder)
        self.keys = self.site.keys
        self.keys.mkdir()
        for label in ("sender", "other"):
            (self.keys / f"{label}.pub").write_text(
                Sender(label).public_text())
        (self.keys / "recipient.key").write_text(
            b64u(Identity("recipient").secret) + "\n")
        (self.keys / "password").write_bytes(PASSWORD)
        for name in ("recipient.key", "password"):
            (self.keys / name).chmod(0o600)  # else a warning says so
        write_tree(self.site.target, {"f": "old\n", "a/own": "kept\n",
                                      "l": ("link", "a")})
        self.before = self.site.state()

    def words(self, case):
        if "password" in case.opener:
            return ("--password-file", self.keys / "password")
        return self.site.identity

    def runs(self, case, bundle):
        """Name, exit code that is due, and words of each run."""
        verify = ("valise", "verify", "--sender",
                  self.keys / f"{case.trusted}.pub")
        yield "verify", case.exit if case.seal else 0, (*verify, bundle)
        yield "open", case.open_exit, (*verify, "--open", *CAGE,
                                       *self.words(case), bundle)
        yield "import", case.exit, (
            "valise-import", self.site.target_yaml, bundle,
            *self.words(case), "--yes", "--allow-delete", *CAGE,
            *(("--only", case.only) if case.only else ()))

    def make_database(self, sql):
        """Beside the tree; its bytes."""
        file = self.site.folder / "app.db"
        file.unlink(missing_ok=True)
        if sql is None:
            return None
        db = sqlite3.connect(file)
        db.executescript(sql)
        db.close()
        yaml = self.site.target_yaml
        yaml.write_text(yaml.read_text().replace(
            "resources:\n",
            f"resources:\n  - {{name: app, kind: sqlite, path: {file}}}\n"))
        return file.read_bytes()

    def complaints(self, case, bundle):
        self.site.write_target_yaml(case.words, extra=(
            f"trust:\n  - {{sender: {self.keys}/{case.trusted}.pub"
            f"{case.trust}}}\n"))
        database = self.make_database(case.database)
        for name, code, words in self.runs(case, bundle):
            result = self.site.run(*words, expect=ANY)
            if peak() > self.peak:
                yield f"{name}: {peak()} MiB at its peak"
                self.peak = peak()  # of all: it stays
            if self.show:
                print(f"    {name}: {result.said.strip()} "
                      f"[exit {result.code}]")
            if result.code != code:
                yield f"{name}: exit {result.code}, not {code}: {result}"
            for text in case.says if code else ():
                if not re.search(text, result.said):
                    yield f"{name}: does not say '{text}': {result}"
            yield from manner(name, result)
            if re.search(r"(\w[^:\n]*: )\1", result.said):
                yield f"{name}: says a place twice: {result}"
        if case.comes_out:
            yield from case.comes_out(self.site.target)
        elif self.site.state() != self.before:
            yield "the target changed"
        if database and not case.comes_out and database != (
                self.site.folder / "app.db").read_bytes():
            yield "the database changed"
        if self.site.leftovers():
            yield f"left behind: {self.site.leftovers()}"

    def run(self, case):
        bundle = self.site.folder / "case" / case.folder
        case.write(bundle)
        wrong = list(self.complaints(case, bundle))
        remove_tree(bundle.parent)
        return wrong

    def shown(self, case, commands):
        """The same of the commands that show it."""
        bundle = self.site.folder / "case" / case.folder
        whole = case.write(bundle)
        wrong = list(commands.complaints(
            case, bundle, whole, self.words(case),
            ("--sender", self.keys / f"{case.trusted}.pub")))
        remove_tree(bundle.parent)
        return wrong


def main():
    arguments = sys.argv[1:]
    show = "--show" in arguments
    group, *picked = [word for word in arguments if word != "--show"]
    cases = importlib.import_module("cases_" + group).CASES
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), "two cases of one name"
    assert not unused(group, cases), f"no case has {unused(group, cases)}"
    failed = done = 0
    place = PLACES.get(group)
    with tempfile.TemporaryDirectory(prefix="hostile.", dir=place) as folder:
        os.chmod(folder, 0o755)
        runner = Runner(folder, show)
        commands = Commands(runner.site, group, manner)
        chosen = sample(group, cases)
        for case in cases:
            if picked and not any(word in case.name for word in picked):
                continue
            if WHOLE and not picked and case not in chosen:
                continue
            if case.root and os.geteuid() != 0:
                print(f"skipped, needs root: {case.name}")
                continue
            done += 1
            if show:
                print(case.name)
            if case.comes_out:
                # A target of its own, since this one changes.
                with tempfile.TemporaryDirectory(prefix="hostile.") as own:
                    wrong = Runner(own, show).run(case)
            else:
                wrong = runner.run(case)
            if case in chosen:
                wrong += runner.shown(case, commands)
            failed += bool(wrong)
            for line in wrong:
                print(f"FAILED {case.name}: {line}", flush=True)
        # That all this was refused for what was done to it.
        wrong = [str(line) for line in runner.run(Case("none", 0, ()))]
        if wrong != ["the target changed"]:
            print(f"the base bundle is refused: {wrong}")
            failed += 1
    print(f"{done} of {len(cases)} cases, {failed} failed, at most {peak()} MiB")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
