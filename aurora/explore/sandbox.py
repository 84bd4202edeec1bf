"""What the process of a query may not do, whatever the query achieves: memory, time, files, other processes.

The limits of POSIX hold everywhere. Landlock is the Linux kernel's: it names the folders that may be read, and what
is not named is neither read nor written nor run; where the kernel has none, the engine's own locks are what there is.
"""

import ctypes
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MB = 1 << 20
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
NO_NEW_PRIVILEGES = 38
READ = 1 << 2 | 1 << 3
WRITE = 1 << 1 | 1 << 5 | 1 << 8 | 1 << 14  # write, remove, make and shorten files
# How much memory and how many cores there are; the engine ends itself where it may not look.
MACHINE = ("/proc/self/cgroup", "/proc/self/mountinfo", "/proc/meminfo", "/proc/stat", "/sys/fs/cgroup",
           "/sys/devices/system/cpu")  # fmt: skip
RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15}  # later ones have 16


def limit(memory_mb: int, cpu_s: int, wall_s: float, written_bytes: int = 0) -> None:
    """Bound this process for good. The clock is the parent's to watch; the alarm is for when the parent is gone."""
    used_s = math.ceil(time.process_time())  # by the imports
    for what, most in (
        (resource.RLIMIT_AS, memory_mb * MB),
        (resource.RLIMIT_CPU, cpu_s + used_s),
        (resource.RLIMIT_FSIZE, written_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        # Of computing, the first limit sends SIGXCPU, by which the parent knows why; the second one kills.
        with suppress(ValueError):  # macOS takes no limit of address space
            resource.setrlimit(what, (most, hard if what == resource.RLIMIT_CPU else most))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.alarm(int(wall_s) + 5)


def die_first() -> None:
    """Where the machine runs out of memory, the kernel ends a query and not the app."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


@dataclass(frozen=True)
class _Kernel:
    call: Callable[..., int]
    version: int

    @property
    def rights(self) -> int:
        return (1 << RIGHTS_BY_VERSION.get(self.version, 16)) - 1

    def rules(self) -> int:
        """A ruleset that forbids all access to files and, where the kernel can, to the network and other processes."""
        fields = [self.rights, 3 if self.version >= 4 else 0, 3 if self.version >= 6 else 0]
        fields = fields[: 1 if self.version < 4 else 2 if self.version < 6 else 3]
        told = (ctypes.c_uint64 * len(fields))(*fields)
        return int(self.call(CREATE_RULESET, told, ctypes.sizeof(told), 0))

    def allow(self, ruleset: int, path: Path, rights: int) -> None:
        with suppress(OSError):
            opened = os.open(path, os.O_PATH)
            if not path.is_dir():
                rights &= ~(1 << 3 | 1 << 5 | 1 << 8)
            told = (rights & self.rights).to_bytes(8, sys.byteorder) + opened.to_bytes(4, sys.byteorder)
            self.call(ADD_RULE, ruleset, 1, told, 0)
            os.close(opened)


def confine(read: Iterable[Path], write: Iterable[Path] = ()) -> bool:
    """Let this process reach no files but those beneath the paths; True if the kernel holds it to that.

    Threads that run already are not held: call it before the engine is opened.
    """
    if not sys.platform.startswith("linux"):
        return False
    library = ctypes.CDLL(None, use_errno=True)
    version = int(library.syscall(CREATE_RULESET, None, 0, 1))
    if version < 1:
        return False
    kernel = _Kernel(library.syscall, version)
    ruleset = kernel.rules()
    for path in (*read, *map(Path, (*MACHINE, sys.prefix, sys.base_prefix))):
        kernel.allow(ruleset, path, READ)
    for path in write:
        kernel.allow(ruleset, path, READ | WRITE)
    library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    held = int(library.syscall(RESTRICT_SELF, ruleset, 0)) == 0
    os.close(ruleset)
    return held
