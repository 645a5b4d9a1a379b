"""What a process gives up before it looks at a user's file: time, memory, network, other files.

Each step does what the system it runs on can do, and says whether it could: Linux all of it, macOS the
limits but not on memory, Windows none. The parent's clock and the checks of what was written hold everywhere.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from pathlib import Path

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
# The same numbers on every processor Linux runs on.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_FLAG = 1
_PATH_BENEATH = 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 1, 2, 4, 8, 1 << 14
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE
_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
"""Rights over files that a version of Landlock knows."""
_TCP_SINCE, _TCP = 4, 0b11
_SCOPES_SINCE, _SCOPES = 6, 0b11
# Python's own doors to the network and to other programs, whatever the system.
_SHUT = frozenset(
    {
        "socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname",
        "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork",
        "os.forkpty", "os.startfile", "webbrowser.open", "urllib.Request", "ftplib.connect",
        "http.client.connect", "winreg.OpenKey",
    }
)  # fmt: skip


class _Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scopes", ctypes.c_uint64),
    )


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("folder", ctypes.c_int32))


def die_with_parent(parent: int) -> bool:
    """End when the parent does, however it ends; also gain no rights, and leave no picture of memory.

    Parameters
    ----------
    parent : its process id, since it may be gone already
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    done = libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0
    if os.getppid() != parent:
        os._exit(1)
    return bool(done)


def leave_network() -> bool:
    """Move to a network of our own, in which there is nothing; before any thread is started."""
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    # The second is open to those who are not root, on most systems.
    return any(
        libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET)
    )


def limit(
    *, cpu_seconds: int, memory_bytes: int, written_bytes: int, open_files: int, final: bool
) -> bool:
    """Set limits on what is used from now on.

    Parameters
    ----------
    cpu_seconds, memory_bytes : beyond what this process has used so far
    written_bytes : of the largest file
    open_files : at once
    final : they cannot be set higher again
    """
    if sys.platform == "win32":
        return False
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime) + 1
    _lower(resource.RLIMIT_CPU, spent + cpu_seconds, final)
    _lower(resource.RLIMIT_FSIZE, written_bytes, final)
    _lower(resource.RLIMIT_NOFILE, open_files, final)
    _lower(resource.RLIMIT_CORE, 0, final)
    # What is past its limit is told by an error of the call, not by a signal.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    if sys.platform == "linux":
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        _lower(resource.RLIMIT_AS, mapped + memory_bytes, final)
    return True


def _lower(kind: int, value: int, final: bool) -> None:
    if sys.platform == "win32":
        return
    import resource

    hard = resource.getrlimit(kind)[1]
    # Past the first a process is told, past the second it is killed without a word.
    last = value + 2 if kind == resource.RLIMIT_CPU else value
    if hard != resource.RLIM_INFINITY:
        value, last = min(value, hard), min(last, hard)
    resource.setrlimit(kind, (value, last if final else hard))


def keep_to(own: Path, readable: Iterable[Path]) -> bool:
    """Reach only these files from now on, and no address, by the kernel's word (Landlock).

    Parameters
    ----------
    own : the folder that may be written to
    readable : folders and files that may be read; those that are absent are passed over
    """
    if sys.platform != "linux":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if version < 1:
        return False
    rights = _BY_VERSION[max(known for known in _BY_VERSION if known <= version)]
    rules = _Ruleset(
        rights, _TCP if version >= _TCP_SINCE else 0, _SCOPES if version >= _SCOPES_SINCE else 0
    )
    size = 8 if version < _TCP_SINCE else 16 if version < _SCOPES_SINCE else 24
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), size, 0)
    if ruleset < 0:
        return False
    try:
        _allow(libc, ruleset, own, rights & ~_EXECUTE)
        for path in readable:
            _allow(libc, ruleset, path, rights & (_READ_FILE | _READ_DIR))
        _allow(libc, ruleset, Path(os.devnull), rights & (_READ_FILE | _WRITE_FILE))
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        folder = os.open(path, os.O_PATH | os.O_CLOEXEC)  # type: ignore[attr-defined,unused-ignore]
    except OSError:
        return
    try:
        rule = _Beneath(rights if path.is_dir() else rights & _OF_FILES, folder)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(folder)


def program_files(package: Path) -> list[Path]:
    """Where Python, its packages and the system's libraries lie.

    Parameters
    ----------
    package : the folder of our own code; what lies beside it may be the user's
    """
    root = package.parent
    folders = [Path(entry) for entry in sys.path if entry and Path(entry).is_absolute()]
    folders = [one for one in folders if one != root or one.name.endswith("-packages")]
    named = [
        os.environ[name] for name in ("PROJ_DATA", "PROJ_LIB", "GDAL_DATA") if os.environ.get(name)
    ]
    system = (
        "/usr", "/lib", "/lib32", "/lib64", "/nix/store", "/etc/ld.so.cache", "/etc/localtime",
        "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system", "/dev/urandom",
    )  # fmt: skip
    return [
        package,
        Path(sys.prefix),
        Path(sys.base_prefix),
        *folders,
        *map(Path, [*named, *system]),
    ]


def shut_doors() -> None:
    """Refuse, in Python itself, every way to the network and to another program; there is no way back."""

    def refuse(event: str, _: object) -> None:
        if event in _SHUT:
            raise PermissionError(f"{event} while a user's file is open")

    sys.addaudithook(refuse)
