"""What a program does outside itself, as the kernel sees it: under strace, with all its threads and children."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_CALLS = (
    "connect,sendto,sendmsg,sendmmsg,bind,open,openat,openat2,creat,mkdir,mkdirat,mknod,mknodat,rename,renameat,"
    "renameat2,link,linkat,symlink,symlinkat,truncate"
)
_OTHERS = re.compile(r"(connect|bind|sendto|sendmsg|sendmmsg)\((.*)")
_SOCKET = re.compile(r"sa_family=(AF_\w+)")
_MAKES = re.compile(r"^\d+\s+(creat|mkdir|mkdirat|mknod|mknodat|rename\w*|link|linkat|symlink\w*|truncate)\(")
_OPENS_TO_WRITE = re.compile(r"\b(open|openat|openat2)\(.*\b(O_WRONLY|O_RDWR|O_CREAT|O_TRUNC)\b")
_PATH = re.compile(r'"((?:[^"\\]|\\.)*)"')
# Where a program learns which machine it runs on, to tell it to somebody.
_IDENTITY = re.compile(r'"(/etc/machine-id|/var/lib/dbus/machine-id|/sys/class/(dmi|net)/|/proc/net/)')


@dataclass(frozen=True, slots=True)
class Traced:
    """reached: addresses of other programs, as strace writes them. bound: addresses listened on. written: paths opened
    for writing, made, linked or renamed, as the program named them. identified: reads of what tells the machine."""

    reached: tuple[str, ...]
    bound: tuple[str, ...]
    written: frozenset[str]
    identified: tuple[str, ...]


def strace_command(output: Path) -> tuple[str, ...]:
    """What goes before a command; nothing where strace is not installed or may not trace processes."""
    strace = shutil.which("strace")
    if strace is None:
        return ()
    fast = (strace, "-f", "--seccomp-bpf", "-s", "512", "-e", f"trace={_CALLS}", "-o", str(output))
    for command in (fast, tuple(word for word in fast if word != "--seccomp-bpf")):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    return ()


def read_trace(output: Path) -> Traced:
    """Reads what strace wrote. Failed calls count too: whoever tries will succeed one day."""
    reached, bound, written, identified = [], [], set(), []
    for line in _whole_lines(output.read_text(errors="replace").splitlines()):
        if found := _OTHERS.search(line):
            family = _SOCKET.search(line)
            if family is not None and family[1] != "AF_UNSPEC":
                (bound if found[1] == "bind" else reached).append(line)
        elif _MAKES.search(line) or _OPENS_TO_WRITE.search(line):
            written.update(_PATH.findall(line))
        elif _IDENTITY.search(line):
            identified.append(line)
    return Traced(tuple(reached), tuple(bound), frozenset(written), tuple(identified))


def _whole_lines(lines: list[str]) -> Iterator[str]:
    """A call that another thread interrupted says its arguments in its first half."""
    return (line for line in lines if " resumed>" not in line and "(" in line)
