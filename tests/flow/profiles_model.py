#!/usr/bin/env python3
"""What check-profile says of random databases is what an export does.

    profiles_model.py [--first SEED] [--runs N]

A run is its seed: a database and a profile of tests/tools/make_rows.py, both
hurt at random: rows gone, values doubled, lines of the profile left out.  The
exit code must be that of an export, something must be said where that is
refused, and nothing where it is not.  What init drafts of the database must
load, and speak of nothing that is not there.
"""
import argparse
import collections
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "../tools"))
import make_rows  # noqa: E402

BIN = Path(os.environ.get("VALISE_BIN", "build/dev")).resolve()
ALL = os.environ.get("VALISE_TEST_ALL") == "1"


class Failed(Exception):
    pass


def run(*command):
    done = subprocess.run([str(word) for word in command], check=False,
                          capture_output=True)
    text = (done.stdout + done.stderr).decode(errors="replace")
    if done.returncode not in (0, 2, 4) or "Sanitizer" in text:
        raise Failed(f"{' '.join(map(str, command))} ends with "
                     f"{done.returncode}:\n{text}")
    return done.returncode, text


def hurt_rows(rng, path):
    db = sqlite3.connect(path, isolation_level=None)
    db.text_factory = bytes
    tables = [name for (name,) in db.execute(
        "select name from sqlite_schema where type = 'table' and "
        "name not like 'sqlite%' order by name")]
    for _ in range(rng.randrange(3)):
        table = rng.choice(tables).decode()
        quoted = '"' + table.replace('"', '""') + '"'
        rows = db.execute(f"select * from {quoted} limit 50").fetchall()
        columns = [row[1].decode() for row in db.execute(
            f"pragma table_info({quoted})")]
        if not rows:
            continue
        column = '"' + rng.choice(columns).replace('"', '""') + '"'
        try:
            if rng.random() < 0.4:
                db.execute(f"delete from {quoted} where {column} is ?",
                           (rng.choice(rows)[0],))
            else:
                db.execute(f"update {quoted} set {column} = (select {column} "
                           f"from {quoted} order by 1 limit 1) where {column}"
                           f" = (select max({column}) from {quoted})")
        except sqlite3.Error:
            pass    # a constraint forbids it
    db.close()


def hurt_profile(rng, path):
    lines = path.read_text().split("\n")
    items = [i for i, line in enumerate(lines) if line.strip()[:3] == "- {"]
    for i in sorted(rng.sample(items, min(len(items), rng.randrange(3))),
                    reverse=True):
        if rng.random() < 0.7:
            del lines[i]
        else:
            lines[i] = lines[i].replace("_id", "_di")
    path.write_text("\n".join(lines))


def look(folder, site):
    code, said = run(BIN / "valise", "check-profile", site)
    kinds = {line.split("\t")[0] for line in said.split("\n")}
    if (code == 2) != ("wrong" in kinds) and "names what is not" in said:
        raise Failed(f"ends with {code}:\n{said}")
    if code != 2 and (code == 4) != ("refused" in kinds):
        raise Failed(f"ends with {code}:\n{said}")
    # What only the export said has no table.
    if "refused\tdb\t" in said:
        raise Failed(f"not found by looking:\n{said}")
    if code != 2:
        exported, why = run(BIN / "valise-export", site, "--dry-run",
                            "--allow-empty")
        if exported != code:
            raise Failed(f"ends with {code}, and an export with {exported}:\n"
                         f"{said}\n{why}")
    return code


def one(folder, seed, codes):
    rng = random.Random(seed)
    if seed % 10 == 9:
        make_rows.make_octopus(folder, seed, 200)
    else:
        make_rows.make_random(folder, seed)
    if seed % 3 > 0:
        hurt_rows(rng, folder / "source.db")
        hurt_profile(rng, folder / "profile.yaml")
    site = folder / "site.yaml"
    site.write_text(
        f"site: model\nstate: {folder}/state\nprofile: ./profile.yaml\n"
        "resources:\n  - {name: db, kind: sqlite, path: source.db}\n")
    codes[look(folder, site)] += 1
    draft = folder / "draft.yaml"
    run(BIN / "valise", "init", "--sqlite", folder / "source.db", "-o", draft)
    code = look(folder, draft)
    if code == 2:
        raise Failed(f"the draft is wrong:\n{draft.read_text()}\n"
                     f"{run(BIN / 'valise', 'check-profile', draft)[1]}")
    codes["draft", code] += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1000 if ALL else 15)
    args = parser.parse_args()
    codes = collections.Counter()
    bad = 0
    for seed in range(args.first, args.first + args.runs):
        with tempfile.TemporaryDirectory(prefix="profiles.") as folder:
            try:
                one(Path(folder), seed, codes)
            except Failed as why:
                bad += 1
                print(f"seed {seed}: {why}")
    print(f"{args.runs} runs, {bad} bad; exit codes {dict(codes)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
