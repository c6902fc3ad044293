"""Writes what a bundle holds: one body, or all of it into an empty folder.

Into the folder go, as far as anybody may make them, directories, regular
files, their hard links and symbolic links, with time and permission bits.
Owners, attributes, devices and the lines of databases are only in the manifest.
"""

import os
import sys

from common import Wrong, shown

BLOCK = 65536
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


# One body

def write_body(out, line, chunks, bundle):
    """A body from its start to its end, zeros and secrets too."""
    if "slots" in line:
        out.write(bundle.whole(line, chunks))
        return
    at = 0
    for offset, data in bundle.body(line, chunks):
        write_zeros(out, offset - at)
        out.write(data)
        at = offset + len(data)
    write_zeros(out, line["size"] - at)


def write_zeros(out, count):
    while count > 0:
        piece = bytes(min(count, BLOCK))
        out.write(piece)
        count -= len(piece)


# All of it

class Place:
    """Where a line stands below the folder: its name, and a descriptor of
    the directory that it is in. Directories are opened one by one, since a
    path may be longer than the system takes, and no link is followed."""

    def __init__(self, root, resource, path):
        *above, self.name = [resource.encode(), *filter(None, path.split(b"/"))]
        self.fd = os.dup(root)
        for part in above:
            fd, self.fd = self.fd, -1
            try:
                self.fd = os.open(part, DIRECTORY, dir_fd=fd)
            finally:
                os.close(fd)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.fd)


def extract(bundle, found, folder):
    """found: all of the manifest, checked. Returns how many entries could
    not be made here. Links come when all files are there, and what a
    directory says of itself when all in it is made."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.listdir(folder):
        raise Wrong(f"{folder!a} is not empty")
    root = os.open(folder, DIRECTORY)
    lines = [(line, chunks) for _, line, chunks in found
             if line and "path" in line]
    links = [item for item in lines if item[0]["t"] in ("hard", "link")]
    dirs = [item for item in lines if item[0]["t"] == "dir"]
    files = [item for item in lines if item[0]["t"] not in ("hard", "link")]
    failed = 0
    try:
        for work, items in ((make, files), (make_link, links),
                            (finish_dir, reversed(dirs))):
            for line, chunks in items:
                failed += not attempt(work, bundle, root, line, chunks)
    finally:
        os.close(root)
    return failed


def attempt(work, bundle, root, line, chunks):
    """Does one line; what cannot be done is told, and the rest goes on."""
    name = shown(line["r"], line["path"])
    try:
        with Place(root, line["r"], line["path"]) as place:
            reason = work(bundle, root, place, line, chunks)
    except (OSError, OverflowError) as error:
        print(f"{name}: {error}", file=sys.stderr)
        return False
    if reason:
        print(f"{name}: not made: {reason}", file=sys.stderr)
    return True


def make(bundle, root, place, line, chunks):
    if line["t"] == "dir":
        os.mkdir(place.name, 0o700, dir_fd=place.fd)
    elif None in line["secrets"]:
        return "it holds secrets, which this key does not open"
    elif line["t"] == "file":
        fd = os.open(place.name, NEW_FILE, 0o600, dir_fd=place.fd)
        with os.fdopen(fd, "wb") as out:
            if "slots" in line:
                out.write(bundle.whole(line, chunks))
            else:
                for offset, data in bundle.body(line, chunks):
                    out.seek(offset)
                    out.write(data)
                out.truncate(line["size"])
        finish(place, line)
    elif line["t"] == "left_out":
        return f"left out at the source ({line['why']})"
    else:
        return f"a {line['t']}"


def make_link(bundle, root, place, line, chunks):
    if line["t"] == "link":
        os.symlink(line["target"], place.name, dir_fd=place.fd)
        os.utime(place.name, ns=times(line), dir_fd=place.fd,
                 follow_symlinks=False)
        return None
    with Place(root, line["r"], line["to"]) as first:
        try:
            os.link(first.name, place.name, src_dir_fd=first.fd,
                    dst_dir_fd=place.fd, follow_symlinks=False)
        except FileNotFoundError:
            return "one more name of what was not made"


def finish_dir(bundle, root, place, line, chunks):
    finish(place, line)


def finish(place, line):
    os.chmod(place.name, int(line["mode"], 8) & 0o777, dir_fd=place.fd)
    os.utime(place.name, ns=times(line), dir_fd=place.fd)


def times(line):
    seconds, fraction = line["mtime"].split(".")
    return (int(seconds) * 10 ** 9 + int(fraction),) * 2
