#!/usr/bin/env python3
"""What becomes of a profile that forgets one word.

    profile_lines.py [--all] [--seed N] [--list]

Of each profile that is shipped with a real site, one word at a time is taken
away: a word of an entry, one of a list, one text of a list in SQL, one part of
an `or`.  It is found by check-profile, which says of the site of the sample
what it does not say otherwise, or is refused; or by the transfer, where the
export or the import is refused or ends with another target: two imports, the
source changed between them.  What is not found stands with the reason in
lib/profile_samples.py, and nothing else may.

SAMPLE of them, or all where VALISE_TEST_ALL is 1.
"""
import argparse
import collections
import json
import os
import random
import re
import shutil
import subprocess
import sqlite3
import sys
import tempfile
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).parent / "lib"))
from flow import BIN, environment  # noqa: E402
from profile_samples import KNOWN, N8N, WORDPRESS  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
ALL = os.environ.get("VALISE_TEST_ALL") == "1"
SAMPLE = 12


# ------------------------------------------------------------------ mutants

def without(tree, way):
    """A copy of the tree without what the way leads to."""
    if not way:
        raise ValueError(way)
    tree = tree.copy()
    if len(way) > 1:
        tree[way[0]] = without(tree[way[0]], way[1:])
    elif isinstance(way[0], tuple):
        raise ValueError(way)
    else:
        del tree[way[0]]
    return tree


def replaced(tree, way, value):
    tree = tree.copy()
    tree[way[0]] = replaced(tree[way[0]], way[1:], value) if len(way) > 1 \
        else value
    return tree


def name_of(item):
    """What people would call an entry."""
    if not isinstance(item, dict):
        return str(item)
    said = item.get("table") or item.get("from") or item.get("of") or \
        item.get("name") or item.get("path") or item.get("column") or \
        item.get("resource")
    if isinstance(said, list):
        said = "+".join(said)
    for word in ("where", "php", "json", "pattern"):
        if word in item:
            said = f"{said} {word} {item[word]}"
    said = " ".join(str(said).split())
    return said if len(said) < 80 else said[:80] + "..."


def parts_of_sql(text):
    """The text without one of what it lists, and which."""
    for found in re.finditer(r"(?<=[(\s])'[^']*',\s*|,\s*'[^']*'(?=\))",
                             text):
        if found[0].startswith(",") or "(" in text[:found.start()]:
            yield found[0].strip(", \n"), \
                text[:found.start()] + text[found.end():]
    depth = 0
    start = 0
    cuts = []
    for found in re.finditer(r"[()]|\s+or\s+", text):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
        elif depth == 0:
            cuts.append(found.span())
    bounds = [0] + [end for _, end in cuts]
    ends = [at for at, _ in cuts] + [len(text)]
    for i, (at, end) in enumerate(zip(bounds, ends)):
        if cuts:
            start = at if i + 1 < len(bounds) else cuts[i - 1][0]
            stop = bounds[i + 1] if i + 1 < len(bounds) else end
            yield text[at:end], text[:start] + text[stop:]


def mutants(tree, way=(), label=()):
    """(label, the tree without one thing), of everything in it."""
    node = tree
    for step in way:
        node = node[step]
    if isinstance(node, dict):
        steps = [(key, str(key)) for key in node]
    elif isinstance(node, list):
        steps = [(i, name_of(item)) for i, item in enumerate(node)]
    else:
        if isinstance(node, str) and label[-1] in ("where", "skip", "derive"):
            for what, text in parts_of_sql(node):
                yield (*label, what), replaced(tree, way, text)
        return
    for step, name in steps:
        inner = (*label, name)
        # One alone is its word.
        if not (isinstance(node, list) and len(node) == 1):
            yield inner, without(tree, (*way, step))
        yield from mutants(tree, (*way, step), inner)


def all_mutants(profile):
    """Label to profile; what is the same twice gets a number."""
    seen = collections.Counter()
    found = {}
    for label, tree in mutants(profile):
        text = " / ".join(label[2:] if label[0] == "resources" else label)
        text = " ".join(text.split())
        seen[text] += 1
        if seen[text] > 1:
            text += f" #{seen[text]}"
        found[text] = tree
    return found


# -------------------------------------------------------------------- sites

class Sample:
    """The site of a sample, made once; each transfer begins with a copy."""

    def __init__(self, sample, folder):
        self.sample = sample
        self.folder = folder
        self.fresh = folder / "fresh"
        self.keys = folder / "keys"
        for side in ("src", "dst"):
            (self.fresh / side).mkdir(parents=True)
            sample.make(self.fresh, side)
        self.run("valise", "keygen", self.keys)
        self.work = folder / "work"
        self.expected = None
        self.said = None

    def run(self, program, *words, codes=(0,)):
        done = subprocess.run(
            [BIN / program, *map(str, words)], check=False, cwd=self.folder,
            capture_output=True, stdin=subprocess.DEVNULL,
            env=environment(self.folder))
        text = (done.stdout + done.stderr).decode(errors="replace")
        if done.returncode not in codes or "Sanitizer" in text:
            raise AssertionError(f"{program} {' '.join(map(str, words))}: "
                                 f"ends with {done.returncode}\n{text}")
        return done.returncode, done.stdout.decode(errors="replace"), text

    def begin(self, profile):
        """A copy of the site, with that profile on both sides."""
        if self.work.exists():
            shutil.rmtree(self.work)
        shutil.copytree(self.fresh, self.work)
        (self.work / "app.yaml").write_text(json.dumps(
            profile, ensure_ascii=False))
        for side in ("src", "dst"):
            (self.work / f"{side}.yaml").write_text(
                self.sample.site(self.work, side, self.keys))

    def complaints(self):
        """What check-profile says that is no count; None: refused."""
        code, out, _ = self.run("valise", "check-profile",
                                self.work / "src.yaml", codes=(0, 2, 4))
        if code != 0:
            return None
        return sorted(line for line in out.splitlines()
                      if line.split()[0] in ("hint", "wrong", "refused"))

    def transfer(self):
        """Everything at the target after each of two imports; or who refuses
        one."""
        for step in (None, self.sample.later):
            if step:
                step(self.work)
            code, out, _ = self.run(
                "valise-export", self.work / "src.yaml", "--to", self.work,
                "--sign-key", self.keys / "sender.key", "--recipient",
                self.keys / "recipient.pub", "--frame-log2", "16",
                codes=(0, 2, 3, 4))
            if code not in (0, 3):
                yield "export"
                return
            code, _, _ = self.run(
                "valise-import", self.work / "dst.yaml", out.strip(),
                "--identity", self.keys / "recipient.key", "--yes",
                "--allow-delete", codes=(0, 2, 4))
            yield self.target() if code == 0 else "import"
            if code != 0:
                return

    def target(self):
        root = self.work / "dst"
        db = sqlite3.connect(root / "app.db")
        db.text_factory = bytes
        found = {name: sorted(repr(tuple(map(self.sample.plain, row)))
                              for row in db.execute(
                                  f'select * from "{name.decode()}"'))
                 for (name,) in db.execute(
                     "select name from sqlite_schema where type = 'table' "
                     "and name not like 'valise%'").fetchall()}
        db.close()
        for path in sorted((root / "tree").rglob("*")):
            if path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
        return found

    def expect(self, profile):
        self.begin(profile)
        self.said = self.complaints()
        self.expected = list(self.transfer())
        if self.said is None or {"export", "import"} & {
                one for one in self.expected if isinstance(one, str)}:
            raise AssertionError("the whole profile is refused")

    def found_by(self, mutant):
        """Who finds that something is missing, or None."""
        self.begin(mutant)
        said = self.complaints()
        if said is None:
            return "check-profile"
        if set(said) - set(self.said):
            return "a hint"
        for target, expected in zip(self.transfer(), self.expected):
            if isinstance(target, str):
                return f"the {target}"
            if target != expected:
                return "the target"
        return None


def look(sample, draw, args, bad):
    profile = yaml.safe_load(
        (ROOT / f"formats/profiles/{sample.name}.yaml").read_text())
    every = all_mutants(profile)
    known = KNOWN[sample.name]
    for label in sorted(known - every.keys()):
        bad.append(f"{sample.name}: no such word: {label}")
    labels = sorted(every)
    if args.like:
        labels = [label for label in labels if re.search(args.like, label)]
    elif not args.all:
        labels = draw.sample(labels, SAMPLE // 2)
    with tempfile.TemporaryDirectory(prefix="profile_lines.") as folder:
        site = Sample(sample, Path(folder))
        site.expect(profile)
        found = collections.Counter()
        for label in labels:
            by = site.found_by(every[label])
            found[by] += 1
            if args.list:
                print(f"{sample.name}\t{by}\t{label}", flush=True)
            if by and label in known:
                bad.append(f"{sample.name}: found by {by}, and known not to "
                           f"be: {label}")
            if not by and label not in known:
                bad.append(f"{sample.name}: not found: {label}")
    print(f"{sample.name}: {len(labels)} of {len(every)} words: " + ", ".join(
        f"{n} by {by}" if by else f"{n} by nobody"
        for by, n in found.most_common()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--all", action="store_true", default=ALL)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", metavar="PROFILE")
    parser.add_argument("--like", metavar="PATTERN", help="of words")
    args = parser.parse_args()
    bad = []
    draw = random.Random(args.seed)
    for sample in (WORDPRESS, N8N):
        if args.only in (None, sample.name):
            look(sample, draw, args, bad)
    print(*bad, sep="\n")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
