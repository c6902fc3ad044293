"""What the commands that show a bundle make of each case, and `rekey`.

`inspect` reads the form of what anybody can read.  `ls`, `diff` and `rekey` are
given the key of the sender, `ls --json` and `cat` are not.  Each is held to
look at what it needs and to refuse all that is wrong there, in one line, with
the code that the case has; and to print nothing that was not released before:
`ls --json` lines as the bundle has them, none from the one that fails on, `cat`
the beginning of the body.  Nothing is written; `rekey` replaces a bundle whole
or leaves it.

Who refuses follows from where the fault is found:

    form    seal.txt, seal.sig, head.jsn, keys.jsn as they are     all
    sender  who signed                           who is given the sender's key
    seal    hashes, sizes, names, comment        all but inspect
    pack    bytes of a pack                      rekey; cat, of some paths
    open    keys, inner head, map                all but inspect
    inner   who the inner head says made it      ls, diff
    lines   lines, their order, their number     ls, diff; cat, from there on
    bodies  lists, blocks                        cat, of some paths
    end     what only all of it tells            none
"""
import itertools
import os
import re
import subprocess
from fnmatch import fnmatchcase

from base import PASSWORD, Bundle, base_tree
from bundlewriter import Identity, Password, Sender
from flow import environment, remove_tree

SHOWING = {"ls", "json", "diff"}
REFUSE = {"form": {"inspect", "rekey", *SHOWING},
          "sender": {"ls", "diff", "rekey"},
          "seal": {"rekey", *SHOWING},
          "pack": {"rekey"},
          "open": {"rekey", *SHOWING},
          "inner": {"ls", "diff"},
          "lines": SHOWING,
          "bodies": set(),
          "end": set()}
BIG, MORE, THIRD, F, ZERO = PATHS = "a/big", "a/more", "a/third", "f", "zero"

# GROUP: NAME, where it is found, and which paths cat refuses where that does
# not follow.  The first that fits counts; what none fits has that of its group.
FOUND = [
    *(("seal: " + name, "form", PATHS) for name in (
        "no seal.*", "edited untrusted comment", "CR in seal.txt",
        "capitals in a hash", "a name twice", "names not sorted",
        "a path as name", "a name that leads out", "an absolute name",
        "a long name", "two points as name", "seal.txt lists itself",
        "names that differ in case", "a link as seal", "a pipe as seal.sig",
        "a device as seal.txt", "* as bundle", "a folder that was not finished",
        "no trusted comment", "a trusted comment of minisign", "* is too long",
        "seal.txt has too many lines", "a line behind what was signed",
        "the comment has more files")),
    ("seal: signed by another", "sender", ()),
    ("seal: edited key id", "sender", ()),
    ("seal: a sender for another series", "end", ()),
    ("seal: a bit is different", "pack", (BIG, MORE)),

    ("keys: head: other frames than the files have", "seal", PATHS),
    ("keys: head: no feature is named", "end", ()),
    ("keys: head: secrets are announced and there are none", "end", ()),
    *(("keys: " + name, "form", PATHS) for name in (
        "head.jsn with *", "keys.jsn with *", "head: *",
        "stanza: 4 TiB of memory", "stanza: two lanes", "stanza: a short *",
        "no stanza", "nine stanzas", "stanza: a wrap of the other role",
        "stanza: stray bits", "stanza: padding", "stanza: a member too many",
        "keys.jsn: another version", "keys.jsn: an unknown member",
        "keys.jsn: a space")),
    ("keys: inner head: sealed again by another*", "inner", ()),
    ("keys: inner head: sender", "inner", ()),
    ("keys: inner head: packs", "end", ()),
    ("keys: inner head: kind of a resource", "lines", None),
    ("keys: inner head: *resource*", "lines", None),

    *(("frames: size: " + name, "seal", PATHS) for name in ("*",)),
    *(("frames: " + name, "lines", None) for name in (
        "record: secrets behind the lists", "record: a map in a file of lines",
        "record: lines behind the last one",
        "record: fewer lines than it says", "record: more lines than it says")),
    *(("frames: " + name, "end", ()) for name in (
        "frames: a superfluous one", "record: an ordinal left out",
        "record: bytes behind the padding", "bomb: * than total_plain says",
        "counts: more *", "counts: 10^15 - 1 chunks",
        "counts: 10^15 - 1 plain bytes", "lists: of a *")),
    *(("frames: " + name, "bodies", PATHS) for name in (
        "header: magic", "header: version", "header: flags", "header: type",
        "header: frames of another size", "header: reserved bytes",
        "header: bundle id", "header: number", "frames: cut at a frame",
        "frames: of an older attempt", "lists: 2^32 - 1 references",
        "cut: *")),
    *(("frames: " + name, "bodies", (BIG, MORE)) for name in (
        "a chunk that is not its id", "frames: one of another bundle",
        "record: too many chunks in a block", "record: lines in a pack",
        "record: chunk lengths *", "record: a chunk of no bytes",
        "map: a chunk left out", "map: another length",
        "map: an offset between records", "map: an index beyond the block")),
    # The first copy is in the block of the other file.
    ("frames: map: not the lowest copy", "bodies", (MORE,)),
    *(("frames: " + name, "bodies", (BIG, MORE, THIRD, F)) for name in (
        "frames: exchanged", "frames: one twice",
        "frames: the last one too early")),
    *(("frames: " + name, "bodies", (THIRD, F, ZERO)) for name in (
        "frames: one too many", "frames: no last one",
        "record: more lists than it says")),
    *(("frames: " + name, "bodies", (ZERO,)) for name in (
        "record: past the end of the file", "lists: fewer zero blocks",
        "lists: more zero blocks", "lists: a byte too many")),
    ("frames: lists: zero blocks within a block", "bodies", (F,)),
    ("frames: lists: *", "bodies", (BIG,)),

    *(("manifest: manifest: " + name, "open", None) for name in (
        "first line missing", "another series", "another epoch",
        "another site", "another version in the first line",
        "extension in the first line")),
    *(("manifest: " + name, "bodies", (F,)) for name in (
        "line: a size of 2^3*", "line: 10^15 bytes that are not there")),
    *(("manifest: tree: " + name, "end", ()) for name in (
        "a char", "a block", "a fifo", "a set?id file", "an attribute *",
        "a link out of the tree*", "a link to an absolute path",
        "our own directory", "a hole over content", "10^15 bytes *")),
    # Each line stands where it may; which it names, all lines tell.
    *(("manifest: tree: hard link " + name, "end", ()) for name in (
        "through a link", "to a directory", "below a *",
        "to the directory above it", "to what *", "to a hard link",
        "to a link, out of the tree", "into another resource")),
    ("manifest: neutral: *", "end", ()),

    ("rows: database: that nobody here knows", "end", ()),
    ("rows: here: *", "end", ()),
    ("rows: database: secret before its line", "open", PATHS),
    *(("rows: database: body " + name, "end", ()) for name in (
        "of other chunks than its size", "of another content hash",
        "without a chunk list")),
    *(("rows: database: secret " + name, "lines", None) for name in (
        "of another line", "of another number")),
    # Who lists or compares opens no secret (formats/manifest.md).
    *(("rows: database: secret " + name, "end", ()) for name in (
        "of another *", "of the line behind it", "that says another epoch",
        "under another key", "with another tag", "with the end of its tag *",
        "with other bytes", "that is not padded", "that is padded *",
        "that is all padding*", "another than its *", "with a fingerprint *")),
    *(("slots: file: " + name, "lines", None) for name in (
        "of another line", "of another number")),
    *(("slots: file: " + name, "end", ()) for name in (
        "of another *", "under another key", "of a row", "of a column",
        "of the whole file", "of a blob", "of the file behind it",
        "with another tag", "with other bytes", "another than its *",
        "with a fingerprint *", "the second that does not open")),
]
DEFAULT = {"seal": ("seal", PATHS), "keys": ("open", PATHS),
           "frames": ("open", PATHS), "manifest": ("lines", None),
           "rows": ("lines", None), "slots": ("lines", None)}
# Codes of single commands that differ.
OTHER = {("seal: a seal of other hashes", "json"): 5,
         ("seal: a seal of other hashes", "cat"): 5,
         ("keys: inner head: no resource of the manifest", "cat"): 2}
# In every sample: bytes that would be shown and are not those of the id.
ALWAYS = {"a chunk that is not its id", "a name for terminals"}
# Bytes of a body that are asked for; one that says 10^15 has no end.
BODY_MAX = 1 << 20


def found(group, case):
    name = f"{group}: {case.name}"
    for pattern, where, paths in FOUND:
        if fnmatchcase(name, pattern):
            return where, paths
    if not case.exit:
        return "end", ()
    return DEFAULT[group]


def unused(group, cases):
    """Patterns that no case has."""
    names = [f"{group}: {case.name}" for case in cases]
    return [pattern for pattern, *_ in FOUND
            if pattern.startswith(group + ": ")
            and not any(fnmatchcase(name, pattern) for name in names)]


def sample(group, cases):
    """One of each place and outcome, the first; all where that is asked."""
    if os.environ.get("VALISE_TEST_ALL") == "1":
        return set(cases)
    first = {}
    for case in cases:
        if not case.root:
            first.setdefault((found(group, case), case.exit), case)
    return {*first.values(), *(case for case in cases if case.name in ALWAYS)}


def snapshot(folder):
    """Names, kinds, times and bytes of all below it."""
    seen = {}
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(root, name)
            st = os.lstat(path)
            data = None
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as file:
                    data = file.read()
            seen[path] = st.st_mode, st.st_mtime_ns, data
    return seen


def bodies(case):
    """Number of the line, path and body of each file that can be named."""
    tree = case.tree if case.tree is not None else base_tree()
    for number, (line, body) in enumerate(tree):
        if (isinstance(line, dict) and line.get("t") == "file"
                and line.get("r") == "files"
                and re.fullmatch("[!-~]+", str(line.get("path")))):
            yield number, line["path"], body


class Commands:
    """`words` opens the cases, `complaint` says how a run was manner-less."""

    def __init__(self, site, group, manner):
        self.site = site
        self.group = group
        self.manner = manner
        self.good = site.folder / "good.vls"
        self.new = site.folder / "new-keys"
        site.run("valise", "keygen", self.new)

    def write_good(self, case):
        """What `diff` compares with, for the same key."""
        remove_tree(self.good)
        opener = (Password(PASSWORD) if "password" in case.opener
                  else Identity("recipient"))
        Bundle(base_tree(), openers=(opener,),
               sender=Sender(case.trusted)).write(self.good)

    def code(self, case, command, refused):
        if not refused:
            return 0
        name = f"{self.group}: {case.name}", command.split()[0]
        return OTHER.get(name, case.open_exit or case.exit)

    def cat(self, words, limit):
        """Exit code, the first bytes, stderr; of what is longer no more."""
        with subprocess.Popen(
                [str(word) for word in (self.site.bin / "valise", *words)],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, cwd=self.site.folder,
                env=environment(self.site.folder)) as running:
            out = running.stdout.read(limit + 1)
            running.stdout.close()
            err = running.stderr.read().decode(errors="surrogateescape")
        return running.returncode, out, err

    def cats(self, case, bundle, opener, before):
        """`before` lines are right."""
        where, refused = found(self.group, case)
        for number, path, body in itertools.islice(bodies(case), 6):
            data = body if isinstance(body, bytes) else None
            if data is None or len(data) > BODY_MAX:
                continue
            due = self.code(case, "cat", where in ("form", "seal", "open")
                            or where == "lines" and number >= before
                            or path in (refused or ()))
            code, out, err = self.cat(("cat", *opener, bundle,
                                       "files/" + path), len(data))
            if code != due:
                yield f"cat {path}: exit {code}, not {due}: {err}"
            if not data.startswith(out) or not code and out != data:
                yield f"cat {path}: prints {len(out)} bytes that are not its"
            if code and len(err.splitlines()) != 1:
                yield f"cat {path}: refuses in more lines: {err}"

    def lines(self, case, out, err, whole):
        """`ls --json`: a beginning of what was written, and not so far as the
        line that is told.  Returns how many."""
        shown = out.encode(errors="surrogateescape")
        if err:
            # Behind them one line for programs says so, too.
            *lines, last = shown.splitlines(keepends=True)
            shown = b"".join(lines)
            if not last.startswith(b'{"message_type":"exit_error",'):
                return 0, f"json: its last line is {last!r}"
        if not whole.startswith(shown):
            return 0, "json: prints what is no line of the bundle"
        n = max(shown.count(b"\n") - 1, 0)
        told = re.search(r"\bline (\d+)", err)
        if told and n > int(told[1]):
            return n, f"json: prints {n} lines: {err}"
        return n, None

    def runs(self, case, bundle, opener, sender):
        yield "inspect", ("inspect", bundle)
        yield "ls", ("ls", *sender, *opener, bundle)
        yield "json", ("ls", "--json", *opener, bundle)
        yield "diff", ("diff", *sender, *opener, self.good, bundle)
        yield "rekey", ("rekey", *sender, *opener, "--sign-key",
                        self.new / "sender.key", "--recipient",
                        self.new / "recipient.pub", bundle)

    def complaints(self, case, bundle, whole, opener, sender):
        """`whole` is the manifest as it was written."""
        self.write_good(case)
        where, _ = found(self.group, case)
        before = 0
        for name, words in self.runs(case, bundle, opener, sender):
            was = snapshot(bundle.parent)
            if name == "rekey":
                yield from self.cats(case, bundle, opener, before)
                if snapshot(bundle.parent) != was:
                    yield "cat: changed the bundle"
            due = self.code(case, name, name in REFUSE[where])
            result = self.site.run("valise", *words,
                                   expect=tuple(range(-64, 256)))
            if result.code != due:
                yield f"{name}: exit {result.code}, not {due}: {result}"
            if name == "json":
                before, wrong = self.lines(case, result.out, result.err, whole)
                if wrong:
                    yield wrong
                result.out = ""  # for programs: what it says is as it is
            yield from self.manner(name, result)
            if ((result.code or name != "rekey")
                    and snapshot(bundle.parent) != was):
                yield f"{name}: changed the bundle, or left something"
            if name == "rekey" and os.listdir(bundle.parent) != [bundle.name]:
                yield f"rekey: there is {os.listdir(bundle.parent)}"
