#!/usr/bin/env python3
"""Fail or kill a command at each of its state-changing calls.

    crashmatrix.py --faultat PROGRAM --reset CMD --recover CMD
        --state CMD | --tree DIR... [--database FILE]...
        [--leftovers CMD] [--action A]... [--sticky] [--prefix PATH]...
        [--cases N] [--nested kinds|all] -- COMMAND...

RESET brings the target to its old state; RECOVER is what a user runs after a
crash; STATE prints one line that identifies what users see; LEFTOVERS prints
what should not be there any more, or nothing.  These four are shell lines.  In
place of STATE are trees and databases, each behind its word, as sitestate.py
tells their state.
ACTIONs are those of faultat.c: kill, after, torn, term, short, ENOSPC, EIO ...

Held against each point at which COMMAND was hit:
  1  after RECOVER, which succeeds, the state is OLD or NEW
  2  RECOVER once more changes nothing
  3  COMMAND exited with 0 only if the state is NEW
  4  once a kill or term left NEW, none at a later point leaves OLD
  5  from OLD, COMMAND once more reaches NEW
  6  after RECOVER, LEFTOVERS prints nothing
  7  COMMAND that was asked to stop (term) exited with 0 and left NEW, or with
     143 and left OLD, before any RECOVER and with no LEFTOVERS
With --nested, RECOVER is itself killed at each of its points in turn and run
again: rules 1 and 6.  `kinds` does so from one point of each kind of call and
state, `all` from every point.

--cases N takes N points an action, evenly spread.  Exit 0: no case was bad.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

from sitestate import add_options, site_state

KILLS = ("kill", "after", "torn")
IN_ORDER = (*KILLS, "term")
TEARS = ("torn", "short")
KILLED = 137
STOPPED = 143


def kind_of(point):
    """A point without what tells it from its like: numbers and ids."""
    call, path = point.split(" ", 2)[1:]
    path = re.sub(r" len=\d+$", "", path)
    last = [os.path.basename(p) for p in path.split(" -> ")]
    return call, re.sub(r"[0-9a-f]{8,}|\d+", "#", " -> ".join(last))


class Matrix:
    def __init__(self, options):
        self.o = options
        self.cases = 0
        self.bad = 0
        self.points = []
        self.old = None
        self.new = None
        self.nested_kinds = set()
        # The leak checker is a tracer itself and fails under another.
        os.environ["ASAN_OPTIONS"] = ":".join(filter(None, (
            os.environ.get("ASAN_OPTIONS"), "detect_leaks=0")))

    # What the four shell lines and the command say.

    def shell(self, line):
        return subprocess.run(["sh", "-c", line], capture_output=True,
                              text=True, errors="replace",
                              stdin=subprocess.DEVNULL)

    def reset(self):
        done = self.shell(self.o.reset)
        if done.returncode != 0:
            raise SystemExit(f"reset failed: {done.stderr}")

    def state(self):
        if self.o.state is None:
            return site_state(self.o.tree, self.o.database)
        return self.shell(self.o.state).stdout.strip()

    def recover(self):
        """What is wrong with the recovery, or None."""
        done = self.shell(self.o.recover)
        if done.returncode != 0:
            return (f"recovery exits {done.returncode}: "
                    f"{done.stderr.strip()[-300:]}")
        return None

    def leftovers(self):
        if not self.o.leftovers:
            return None
        left = self.shell(self.o.leftovers).stdout.split("\n")
        left = [name for name in left if name]
        return f"left behind: {' '.join(left)}" if left else None

    def faultat(self, arguments, command):
        line = [self.o.faultat]
        for prefix in self.o.prefix:
            line += ["-p", prefix]
        done = subprocess.run(line + arguments + ["--"] + command,
                              stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        return done.returncode

    def run_hit(self, action, nth):
        arguments = ["-n", str(nth), "-a", action]
        if self.o.sticky:
            arguments.append("-S")
        return self.faultat(arguments, self.o.command)

    def rerun(self):
        subprocess.run(self.o.command, stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # The two known states, and the points between them.

    def survey(self):
        self.reset()
        self.old = self.state()
        with tempfile.NamedTemporaryFile(mode="r", errors="replace",
                                         prefix="crashmatrix.") as log:
            code = self.faultat(["-l", log.name], self.o.command)
            self.points = [re.sub(r"^(\d+) \d+ ", r"\1 ", line.strip())
                           for line in log if line[0].isdigit()]
        self.new = self.state()
        print(f"points={len(self.points)} exit={code} old={self.old} "
              f"new={self.new}")
        if code != 0:
            raise SystemExit("the command fails when it is left alone")
        if self.old == self.new:
            raise SystemExit("the command changes nothing: no test")
        left = self.leftovers()
        if left:
            raise SystemExit(f"the command itself leaves things: {left}")

    def chosen(self, action):
        """Numbers of the points at which to act, ascending."""
        numbers = [n for n, point in enumerate(self.points, 1)
                   if action not in TEARS
                   or not re.search(r" len=[01]$", point)]
        if self.o.cases and len(numbers) > self.o.cases:
            # The first and the last are always among them.
            step = (len(numbers) - 1) / max(self.o.cases - 1, 1)
            numbers = [numbers[round(i * step)]
                       for i in range(self.o.cases)]
        return numbers

    # One case.

    def verdict(self, state):
        return {self.old: "OLD", self.new: "NEW"}.get(state, "NEITHER")

    def not_as_said(self, code):
        """What the exit code of one that was asked to stop does not tell."""
        said = {0: "NEW", STOPPED: "OLD"}.get(code)
        verdict = self.verdict(self.state())
        if verdict != said:
            return [f"asked to stop it exits {code} and leaves {verdict}"]
        left = self.leftovers()
        return [left] if left else []

    def complaints(self, action, nth, first_new):
        """(verdict, what is wrong) of one case."""
        wrong = []
        self.reset()
        code = self.run_hit(action, nth)
        if action == "term":
            wrong += self.not_as_said(code)
        failed = self.recover()
        if failed:
            wrong.append(failed)
        state = self.state()
        verdict = self.verdict(state)
        if verdict == "NEITHER":
            wrong.append("neither old nor new")
        if verdict == "OLD" and first_new and action in IN_ORDER:
            wrong.append(f"old again, after point {first_new} was new")
        if code == 0 and verdict != "NEW":
            wrong.append(f"exit 0, but the state is {verdict}")
        left = self.leftovers()
        if left:
            wrong.append(left)
        if not wrong:
            failed = self.recover()
            if failed or self.state() != state:
                wrong.append(failed or "a second recovery changed something")
        if not wrong and verdict == "OLD":
            self.rerun()
            if self.state() != self.new:
                wrong.append("running again does not reach new")
        return verdict, wrong

    def wants_nested(self, nth, verdict):
        if self.o.nested == "all":
            return True
        kind = kind_of(self.points[nth - 1]), verdict
        if self.o.nested != "kinds" or kind in self.nested_kinds:
            return False
        self.nested_kinds.add(kind)
        return True

    def nested(self, action, nth):
        """Kill the recovery at its 1st, 2nd ... point; what went wrong."""
        kill_at = 0
        while True:
            kill_at += 1
            self.reset()
            self.run_hit(action, nth)
            code = self.faultat(["-n", str(kill_at), "-a", "kill"],
                                ["sh", "-c", self.o.recover])
            if code != KILLED:
                return []
            self.cases += 1
            wrong = self.recover() or self.leftovers()
            if self.verdict(self.state()) == "NEITHER":
                wrong = "neither old nor new"
            if wrong:
                return [f"recovery killed at {kill_at}: {wrong}"]

    def run_action(self, action):
        counts = {"OLD": 0, "NEW": 0, "NEITHER": 0}
        first_new = None
        for nth in self.chosen(action):
            self.cases += 1
            verdict, wrong = self.complaints(action, nth, first_new)
            counts[verdict] += 1
            if verdict == "NEW" and first_new is None:
                first_new = nth
            if not wrong and action in KILLS and \
                    self.wants_nested(nth, verdict):
                wrong = self.nested(action, nth)
            if wrong:
                self.bad += 1
                print(f"BAD {action}@{nth} [{self.points[nth - 1]}]: "
                      f"{'; '.join(wrong)}", flush=True)
        print(f"action={action} old={counts['OLD']} new={counts['NEW']} "
              f"neither={counts['NEITHER']} first_new={first_new}",
              flush=True)

    def run(self):
        start = time.monotonic()
        self.survey()
        for action in self.o.action or ["kill"]:
            self.run_action(action)
        self.reset()
        print(f"cases={self.cases} bad={self.bad} "
              f"seconds={time.monotonic() - start:.0f}")
        return 1 if self.bad else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faultat", required=True)
    parser.add_argument("--reset", required=True)
    parser.add_argument("--recover", required=True)
    parser.add_argument("--state")
    add_options(parser)
    parser.add_argument("--leftovers")
    parser.add_argument("--action", action="append")
    parser.add_argument("--sticky", action="store_true")
    parser.add_argument("--prefix", action="append", default=[])
    parser.add_argument("--cases", type=int, default=0)
    parser.add_argument("--nested", choices=("off", "kinds", "all"),
                        default="off")
    parser.add_argument("command", nargs="+")
    return Matrix(parser.parse_args()).run()


if __name__ == "__main__":
    sys.exit(main())
