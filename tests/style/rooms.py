#!/usr/bin/env python3
"""Hold every #include of the rooms against src/ROOMS.

    rooms.py ROOT

Checked are: that a room names only rooms above it; that each public header
has exactly one owner; that a room includes only its own private headers and
the public headers of itself and of the rooms it names; that a library's
headers stay in the room that wraps it, and out of public headers; and that
USES in a room's CMakeLists.txt names no other room than ROOMS does.

Prints one line a violation; exit 1 if there is any.
"""
import re
import sys
from pathlib import Path

# One library, one room (docs/architecture.md).
LIBRARIES = {
    "sodium.h": {"crypt"},
    "xxhash.h": {"crypt"},
    "zstd.h": {"seal"},
    "zstd_errors.h": {"seal"},
    "cjson/cJSON.h": {"format", "record"},
    "yaml.h": {"place", "site"},
    "archive.h": {"tree"},
    "archive_entry.h": {"tree"},
    "pcre2.h": {"place"},
    "zlib.h": {"place"},
    "sqlite3.h": {"db", "rows"},
    "openssl/evp.h": {"vault"},
    "openssl/hmac.h": {"vault"},
    "unicase.h": {"target"},
    "uninorm.h": {"target"},
    "unictype.h": {"target"},
    "unistr.h": {"target"},
}

# What C17, POSIX and Linux give to every room.
SYSTEM = set("""
    assert ctype dirent endian errno fcntl float fnmatch getopt glob grp
    inttypes iso646 libgen limits locale math poll pthread pwd sched setjmp
    signal spawn
    stdalign stdarg stdatomic stdbool stddef stdint stdio stdlib stdnoreturn
    string strings syscall termios threads time unistd wchar wctype
""".split())
SYSTEM_FOLDERS = ("sys/", "linux/")

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:<([^>]+)>|"([^"]+)"|(.*))')


class Room:
    def __init__(self, name, uses, headers):
        self.name = name
        self.uses = uses
        self.headers = headers


def read_rooms(path):
    """The table of ROOMS, in its order."""
    rooms = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        fields = [field.split() for field in line.split("|")]
        headers = fields[2] if len(fields) > 2 else []
        rooms[fields[0][0]] = Room(fields[0][0], fields[1], headers)
    return rooms


def includes_of(path):
    """(line number, <system name> or None, "private name" or None)."""
    lines = path.read_text(errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1), found.group(2)


class Check:
    def __init__(self, root):
        self.root = root
        self.rooms = read_rooms(root / "src" / "ROOMS")
        self.owner = {}
        self.violations = []

    def refuse(self, where, text):
        self.violations.append(f"{where}: {text}")

    def check_table(self):
        above = set()
        for room in self.rooms.values():
            for used in room.uses:
                if used not in above:
                    self.refuse("src/ROOMS",
                                f"'{room.name}' names '{used}', which does "
                                "not stand above it")
            above.add(room.name)
            for header in room.headers:
                if header in self.owner:
                    self.refuse("src/ROOMS",
                                f"'{header}' has two owners: "
                                f"'{self.owner[header]}', '{room.name}'")
                self.owner[header] = room.name

    def check_owners(self):
        there = {p.name for p in self.root.glob("include/valise/*.h")}
        for header in sorted(there - self.owner.keys()):
            self.refuse(f"include/valise/{header}", "nobody owns it")
        for header in sorted(self.owner.keys() - there):
            self.refuse("src/ROOMS",
                        f"'{header}' of '{self.owner[header]}' is not there")
        for folder in sorted(p for p in self.root.glob("src/*")
                             if p.is_dir() and p.name not in self.rooms):
            self.refuse(f"src/{folder.name}", "is not in ROOMS")

    def check_public_name(self, where, room, name):
        owner = self.owner.get(name.removeprefix("valise/"))
        if owner is None:
            self.refuse(where, f"<{name}> has no owner in ROOMS")
        elif owner != room.name and owner not in room.uses:
            self.refuse(where, f"<{name}> is of '{owner}', which "
                               f"'{room.name}' may not use")

    def check_library_name(self, where, room, name, is_public):
        if name in LIBRARIES:
            if is_public:
                self.refuse(where, f"<{name}> does not belong into a public "
                                   "header")
            elif room.name not in LIBRARIES[name]:
                self.refuse(where, f"<{name}> belongs to "
                                   f"{sorted(LIBRARIES[name])} alone")
        elif not (name.startswith(SYSTEM_FOLDERS)
                  or name.removesuffix(".h") in SYSTEM):
            self.refuse(where, f"<{name}> is of a library that tests/style/"
                               "rooms.py does not know")

    def check_file(self, path, room, is_public):
        for number, system, private in includes_of(path):
            where = f"{path.relative_to(self.root)}:{number}"
            if system is not None and system.startswith("valise/"):
                self.check_public_name(where, room, system)
            elif system is not None:
                self.check_library_name(where, room, system, is_public)
            elif private is None:
                self.refuse(where, "an include that is not a plain name")
            elif is_public or "/" in private or \
                    not (path.parent / private).is_file():
                self.refuse(where, f'"{private}" is not a private header of '
                                   f"'{room.name}'")

    def check_uses(self, room):
        path = self.root / "src" / room.name / "CMakeLists.txt"
        if not path.is_file():
            return
        found = re.search(r"\bUSES\b([^)]*?)(?:\bLIBS\b|\bSOURCES\b|\))",
                          path.read_text())
        for used in found.group(1).split() if found else []:
            if used not in room.uses:
                self.refuse(path.relative_to(self.root),
                            f"USES names '{used}', ROOMS does not")

    def run(self):
        self.check_table()
        self.check_owners()
        for room in self.rooms.values():
            for header in room.headers:
                path = self.root / "include" / "valise" / header
                if path.is_file():
                    self.check_file(path, room, True)
            folder = self.root / "src" / room.name
            for path in sorted(folder.rglob("*.[ch]")):
                self.check_file(path, room, False)
            self.check_uses(room)
        return self.violations


def main():
    violations = Check(Path(sys.argv[1])).run()
    for line in violations:
        print(line)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
