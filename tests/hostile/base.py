"""The small bundle that every hostile one is a variant of, and what a variant
is: edits of the stages of tests/tools/bundlewriter.py, and the outcome."""
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from bundlewriter import Body, Bundle, fixed  # noqa: E402

RESOURCE = "files"
PASSWORD = b"correct horse"


def entry(t, path, **more):
    """Members of a line, as a directory, file or link has them."""
    members = {"path": path, "r": RESOURCE, "t": t}
    if t not in ("hard", "left_out"):
        members |= {"gid": 0, "mtime": "1700000000.000000000", "uid": 0}
    if t not in ("hard", "left_out", "link"):
        members["mode"] = "0755" if t == "dir" else "0644"
    return {**members, **more}


def base_tree():
    """Paths in manifest order; `a/big` and `a/more` fill several frames."""
    return [
        (entry("dir", ""), None),
        (entry("dir", "a"), None),
        (entry("file", "a/big"), fixed("big", 60000)),
        (entry("file", "a/more"), fixed("more", 60000)),
        (entry("file", "a/third"), fixed("third", 60000)),
        (entry("file", "f"), b"hello\n"),
        (entry("link", "l", target="f"), None),
        (entry("file", "zero"), bytes(65536) + b"end"),
    ]


SMALL = 5  # number of the line of `f`


# What messages of many checks have: files, lines, members, places in a bundle.
PLACE = re.compile(
    r"'[^']*'|\b\w+\.(vls|par|txt|sig|jsn|vlp|vli)\b|\b[pi]\d{7}\b"
    r"|\b(inner head|head|record|line|row|path|version)\b( \d+)?")


def names_check(says):
    """Whether one of the patterns has words of a check, two at least, in each
    of its alternatives; a place alone is in the message of many."""
    def words(text):
        text = re.sub(r"\\.|\.\*", " ", PLACE.sub(" ", text))
        return re.findall(r"\w\w+|\d", text)
    return any(all(len(words(alternative)) >= 2
                   for alternative in pattern.split("|"))
               for pattern in says)


class Case:
    """`says` are patterns of which each must be in what a program prints, and
    one must have words that name the check (`names_check`).

    seal       the public check finds it already
    open_exit  of `valise verify --open`, where it is another
    reader_exit  of the second reader, where it is another still
    opener     `identity`, or `password`
    folder     name of the bundle's folder
    trust      more words of the target's entry of `trust`
    words      more words of the target's resource
    database   SQL of the database `app` that the target has, too
    only       the one resource that the target takes
    trusted    label of the sender whom the target trusts
    root       only root can make it
    comes_out  nothing refuses it: a function that gets the target and says
               what is wrong with it
    Anything else goes to the Bundle.
    """

    def __init__(self, name, exit_code, says, edits=None, **more):
        self.name = name
        self.exit = exit_code
        self.says = (says,) if isinstance(says, str) else says
        if exit_code and not names_check(self.says):
            raise ValueError(f"'{name}': {self.says} names a place, no check")
        self.edits = edits or {}
        self.seal = more.pop("seal", False)
        self.open_exit = more.pop("open_exit", exit_code)
        self.reader_exit = more.pop("reader_exit", self.open_exit)
        self.opener = more.pop("opener", "identity")
        self.folder = more.pop("folder", "case.vls")
        self.trust = more.pop("trust", "")
        self.words = more.pop("words", "")
        self.only = more.pop("only", None)
        self.database = more.pop("database", None)
        self.trusted = more.pop("trusted", "sender")
        self.root = more.pop("root", False)
        self.comes_out = more.pop("comes_out", None)
        self.tree = more.pop("tree", None)
        self.bundle = more

    def write(self, folder):
        """Returns the manifest as it stands in it."""
        tree = self.tree if self.tree is not None else base_tree()
        bundle = Bundle(tree, self.edits, **self.bundle)
        bundle.write(folder)
        return b"".join(bundle.whole)


__all__ = ["PASSWORD", "SMALL", "Body", "Bundle", "Case", "base_tree", "entry"]
