"""What stands in the memory of a running program, and where it can be stopped.

Gate stops a program at the moment it opens a file: the kernel asks this test
before it lets the open go on (fanotify), so nothing depends on time.  Memory
reads a process as root can: every page that is there, guard pages included.
"""
import ctypes
import os
import select
import struct

FAN_CLASS_CONTENT, FAN_CLOEXEC = 0x4, 0x1
FAN_MARK_ADD, FAN_MARK_REMOVE, FAN_OPEN_PERM, FAN_ALLOW = 1, 2, 0x10000, 1
AT_FDCWD = -100
EVENT = struct.Struct("IBBHQii")
PAGE = os.sysconf("SC_PAGESIZE")
# AddressSanitizer's shadow is larger, and holds no byte of the program.
LARGEST = 4 << 30
WHOLE = os.environ.get("VALISE_TEST_WHOLE") == "1"


class Gate:
    """Whoever opens `path` waits until the gate is opened, or left."""

    def __init__(self, path):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.path = os.fsencode(path)
        self.held = []
        self.fd = self.libc.fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC,
                                          os.O_RDONLY | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "fanotify_init")

    def mark(self, how):
        if self.libc.fanotify_mark(self.fd, how,
                                   ctypes.c_uint64(FAN_OPEN_PERM), AT_FDCWD,
                                   self.path) != 0:
            raise OSError(ctypes.get_errno(), "fanotify_mark")

    def __enter__(self):
        try:
            self.mark(FAN_MARK_ADD)
        except OSError:
            os.close(self.fd)
            raise
        return self

    def wait(self, process, seconds=120):
        """Until `process` stands at the gate."""
        if not select.select([self.fd], [], [], seconds)[0]:
            raise AssertionError(f"nobody opened {self.path}, "
                                 f"exit {process.poll()}")
        events = os.read(self.fd, 4096)
        for at in range(0, len(events), EVENT.size):
            event = EVENT.unpack_from(events, at)
            self.held.append(event[5])
            if event[6] != process.pid:
                raise AssertionError(f"{event[6]} opened {self.path}, not "
                                     f"{process.pid}")

    def open(self):
        """Whoever stands there goes on, and nobody is stopped any more."""
        if self.fd < 0:
            return
        self.mark(FAN_MARK_REMOVE)
        for fd in self.held:
            os.write(self.fd, struct.pack("iI", fd, FAN_ALLOW))
            os.close(fd)
        # Who came meanwhile is let pass with it.
        os.close(self.fd)
        self.fd = -1

    def __exit__(self, *_):
        self.open()


class Mapping:
    def __init__(self, line):
        self.begin, self.end = (int(x, 16) for x in
                                line.split()[0].split("-"))
        self.rights = line.split()[1]
        self.name = " ".join(line.split()[5:])
        self.flags = set()

    @property
    def locked(self):
        return "lo" in self.flags

    @property
    def dumped(self):
        return "dd" not in self.flags

    def __str__(self):
        return (f"{self.begin:x}-{self.end:x} {self.rights} {self.name} "
                f"{' '.join(sorted(self.flags))}")


def mappings(pid):
    found = []
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if not line[0].isupper():
                found.append(Mapping(line))
            elif line.startswith("VmFlags:"):
                found[-1].flags = set(line.split()[1:])
    return found


def present(pagemap, mapping):
    """Runs of pages that are in memory or in swap."""
    first = mapping.begin // PAGE
    pages = mapping.end // PAGE - first
    pagemap.seek(first * 8)
    words = struct.unpack(f"{pages}Q", pagemap.read(pages * 8))
    begin = None
    for i, word in enumerate((*words, 0)):
        there = word >> 62 != 0
        if there and begin is None:
            begin = i
        elif not there and begin is not None:
            yield (first + begin) * PAGE, (i - begin) * PAGE
            begin = None


def where(pid, *wanted):
    """For each of `wanted` the mappings that hold it."""
    found = [[] for _ in wanted]
    with open(f"/proc/{pid}/mem", "rb", 0) as memory, \
            open(f"/proc/{pid}/pagemap", "rb", 0) as pagemap:
        for mapping in mappings(pid):
            if (mapping.end - mapping.begin > LARGEST or
                    mapping.name in ("[vvar]", "[vsyscall]")):
                continue
            for begin, size in present(pagemap, mapping):
                # A worker may have given the memory back since.
                try:
                    data = os.pread(memory.fileno(), size, begin)
                except OSError:
                    continue
                for i, one in enumerate(wanted):
                    if one in data:
                        found[i].append(mapping)
    return found


def locked_kib(pid):
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmLck:"):
                return int(line.split()[1])
    return 0


def is_sanitized(pid):
    """AddressSanitizer's mlock() does nothing.  Where the tests run to leave
    nothing out (tests/run.sh) it must not be there."""
    found = any(m.end - m.begin > LARGEST for m in mappings(pid))
    if found and WHOLE:
        raise AssertionError("VALISE_TEST_WHOLE=1 with a sanitizer")
    return found
