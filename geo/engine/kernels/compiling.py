"""How kernels are compiled: for stated types only, without the interpreter's lock, once for a machine.

A kernel is an ordinary function until it is first called. Then its machine code is taken from where it was kept
(`kept`), or made by numba (`making`) and kept. To run what is kept takes LLVM's loader alone: loading numba and
its own cache takes a second and more, which is much of what a million streets take.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

_T = TypeVar("_T")


@dataclass(frozen=True)
class Scalar:
    """A number, as kernels take and return it."""

    name: str
    """As numba and numpy call it."""

    def __call__(self, *takes: Type) -> Signature:
        """The signature of a kernel that returns one."""
        return Signature(self, 1, takes)


@dataclass(frozen=True)
class Array:
    """A contiguous array."""

    of: Scalar
    dimensions: int


@dataclass(frozen=True)
class Record:
    """A named tuple of arrays."""

    of: tuple[Type, ...]
    kind: type


Type = Scalar | Array | Record


@dataclass(frozen=True)
class Signature:
    """What a kernel returns, one or several of a kind, and what it takes."""

    returns: Scalar
    several: int
    takes: tuple[Type, ...]


# Types of arguments, named so that a signature is one line.
number, metres, flag = Scalar("int64"), Scalar("float64"), Scalar("bool")
_short, _octet = Scalar("int32"), Scalar("uint8")
floats, pairs = Array(metres, 1), Array(metres, 2)
ints, int_pairs = Array(number, 1), Array(number, 2)
short_ints, short_pairs, short_cubes = Array(_short, 1), Array(_short, 2), Array(_short, 3)
octets, flags, masks = Array(_octet, 1), Array(flag, 1), Array(flag, 2)

parts: set[Any] = set()
"""The functions that kernels call."""


def part(function: Any) -> Any:
    """A function that kernels call: compiled with them and kept with them."""
    parts.add(function)
    return function


woven: set[Any] = set()
"""Those of them that are copied into what calls them."""


def woven_part(function: Any) -> Any:
    """A part for inner loops: to call one hands over each array of an index, which is more than a short part does."""
    woven.add(function)
    return part(function)


def kernel(signature: Signature) -> Callable[[Any], Kernel]:
    """A kernel of that signature, compiled when it is first called."""
    return lambda function: Kernel(function, signature)


def several(returns: Scalar, count: int, *takes: Type) -> Signature:
    """The signature of a kernel that returns so many numbers."""
    return Signature(returns, count, takes)


class Kernel:
    """A function that is machine code from its first call on."""

    def __init__(self, function: Any, signature: Signature) -> None:
        self.function = function
        self.signature = signature
        self.__doc__ = function.__doc__
        self._native: Callable[..., Any] | None = None

    @property
    def name(self) -> str:
        """Its module and its own name."""
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"

    def ready(self) -> Kernel:
        """Load it, or compile it: what its first call would do."""
        if self._native is None:
            with _loading:
                if self._native is None:
                    self._native = _native(self)
                    _loaded.add(self.name)
        return self

    def __call__(self, *arguments: Any) -> Any:
        """Run it; other threads go on meanwhile."""
        if self._native is None:
            self.ready()
        assert self._native is not None
        return self._native(*arguments)


_loading = threading.Lock()
_loaded: set[str] = set()


def _native(kernel: Kernel) -> Callable[..., Any]:
    from . import kept, making

    code = kept.read(kernel.name)
    if code is None:
        code = making.machine_code(kernel)
        if code is None:  # another numba than is known: slower to load, and the same figures
            return making.by_numba(kernel)
        kept.write(kernel.name, code)
    return _called(kernel, kept.address(code))


def _called(kernel: Kernel, address: int) -> Callable[..., Any]:
    """Machine code as a function: numba's own convention is plain numbers and addresses, one after another."""
    takes, count = kernel.signature.takes, kernel.signature.several
    returned: Any = _C[kernel.signature.returns.name] * count
    types = [kind for one in takes for kind in _plain_types(one)]
    native = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, *types)(address)

    def call(*arguments: Any) -> Any:
        if len(arguments) != len(takes):
            raise TypeError(
                f"{kernel.name} takes {len(takes)} arguments, {len(arguments)} were given"
            )
        result, error = returned(), ctypes.c_void_p()
        plain = [
            value
            for one, argument in zip(takes, arguments, strict=True)
            for value in _plain(one, argument)
        ]
        status = native(ctypes.byref(result), ctypes.byref(error), *plain)
        if status:
            raise RuntimeError(f"{kernel.name} failed with status {status}")
        return result[0] if count == 1 else tuple(result)

    return call


_C: dict[str, Any] = {
    "int64": ctypes.c_int64,
    "float64": ctypes.c_double,
    "bool": ctypes.c_bool,
}
_PLAIN: dict[str, Any] = {"int64": int, "float64": float, "bool": bool}
_DTYPES = {name: np.dtype(name) for name in ("int64", "float64", "bool", "int32", "uint8")}
"""Of this machine's own byte order; no other is equal to them."""
_HEAD = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)
"""Of an array: who counts its holders (nobody), whose it is (nobody's), items, bytes of one, where they lie."""


def _plain_types(one: Type) -> Iterator[Any]:
    if isinstance(one, Scalar):
        yield _C[one.name]
    elif isinstance(one, Array):
        yield from _HEAD
        yield from (ctypes.c_int64,) * (2 * one.dimensions)
    else:
        for field in one.of:
            yield from _plain_types(field)


def _plain(one: Type, argument: Any) -> Iterator[Any]:
    if isinstance(one, Scalar):
        yield _PLAIN[one.name](argument)
    elif isinstance(one, Array):
        if (
            argument.dtype != _DTYPES[one.of.name]
            or argument.ndim != one.dimensions
            or not argument.flags.c_contiguous
            or not argument.flags.aligned
        ):
            raise TypeError(
                f"an array of {argument.dtype}, {argument.ndim}D, not a contiguous one of this machine's, {one}"
            )
        address = argument.__array_interface__["data"][0]
        yield from (None, None, argument.size, argument.itemsize, address)
        yield from argument.shape
        yield from argument.strides
    else:
        for field, value in zip(one.of, argument, strict=True):
            yield from _plain(field, value)


def ready(*kernels: Kernel) -> None:
    """Load kernels before they are needed, say while a file is read."""
    for one in kernels:
        one.ready()


def loaded() -> bool:
    """Whether a kernel has been loaded in this process: the next one then takes a millisecond."""
    return bool(_loaded)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_threads(work: Callable[[int, int], _T], count: int, least: int = 4096) -> list[_T]:
    """`work(first, last)` over ranges of `count` items on every core, results in order.

    The ranges depend on `count` alone, so that no figure depends on the number of cores.

    Parameters
    ----------
    least : items a range holds at least
    """
    pieces = max(1, min(64, count // least))
    edges = [count * k // pieces for k in range(pieces + 1)]
    ranges = list(pairwise(edges))
    return each_in_thread(lambda number: work(*ranges[number]), pieces)


def each_in_thread(work: Callable[[int], _T], count: int) -> list[_T]:
    """`work(0)` to `work(count - 1)` on every core, results in order."""
    workers = min(cores(), count)
    if workers <= 1:
        return [work(number) for number in range(count)]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, range(count)))
