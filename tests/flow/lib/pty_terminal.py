"""A person at a terminal: a program runs on a pty of its own, is waited for
until it shows something, and is answered.  No wait is without end."""
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl

from flow import Result, environment

SECONDS = 120


class Terminal:
    """`site.run()`, with a terminal as stdin, stdout and stderr."""

    def __init__(self, site, program, *words):
        self.command = [str(w) for w in
                        [*site.wrapper, site.bin / program, *words]]
        self.shown = ""
        self.seen = 0
        self.status = None
        env = {**environment(site.folder), "TERM": "dumb",
               "TMPDIR": str(site.folder)}
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                os.chdir(site.folder)
                os.execve(self.command[0], self.command, env)
            finally:
                os._exit(127)
        # Long lines are shown whole.
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", 50, 300, 0, 0))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self, end):
        """More of what is shown; False when the program is gone."""
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.fd], [], [], left)[0]:
            raise AssertionError(f"{self.command} still runs:\n{self.shown}")
        try:
            got = os.read(self.fd, 65536)
        except OSError:
            # What Linux says when nobody has the other side open any more.
            return False
        self.shown += got.decode(errors="surrogateescape")
        return len(got) > 0

    def expect(self, text, seconds=SECONDS):
        """Until `text` is shown, behind what was expected before."""
        end = time.monotonic() + seconds
        while (at := self.shown.find(text, self.seen)) < 0:
            if not self.read(end):
                raise AssertionError(f"{text!r} is not shown:\n{self.shown}")
        self.seen = at + len(text)

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def answer(self, prompt, line):
        self.expect(prompt)
        self.type(line)

    def echoes(self):
        return termios.tcgetattr(self.fd)[3] & termios.ECHO != 0

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self, expect=0, seconds=SECONDS):
        """To the end of the program; all it showed, as lines.  `expect` as
        in site.run()."""
        end = time.monotonic() + seconds
        while self.read(end):
            pass
        self.status = os.waitpid(self.pid, 0)[1]
        result = Result(self.command, os.waitstatus_to_exitcode(self.status),
                        self.shown.replace("\r\n", "\n"), "")
        wanted = expect if isinstance(expect, tuple) else (expect,)
        if result.code not in wanted:
            raise AssertionError(f"exit code {result.code}, not {expect}:\n"
                                 f"{result}")
        return result


def without_terminal(site, result, expect=0):
    """Run the command line that a run said would ask nothing, as somebody
    does who pastes it into a script."""
    mark = "the same without questions: "
    lines = [line.split(mark, 1)[1] for line in result.said.splitlines()
             if mark in line]
    if len(lines) != 1 or mark not in result.said.splitlines()[-1]:
        raise AssertionError(f"no such line at the end:\n{result}")
    env = environment(site.folder)
    env["PATH"] = f"{site.bin}:{env['PATH']}"
    done = subprocess.run(["bash", "-c", lines[0]], cwd=site.folder, env=env,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=SECONDS, start_new_session=True)
    again = Result([lines[0]], done.returncode, done.stdout, done.stderr)
    if again.code != expect:
        raise AssertionError(f"exit code {again.code}, not {expect}:\n"
                             f"{again}")
    return again
