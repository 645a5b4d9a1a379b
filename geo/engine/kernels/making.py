"""Kernels made into machine code by numba: done once for a machine, and the only place that loads numba."""

from __future__ import annotations

import logging
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .compiling import Array, Record, Scalar, parts, woven

if TYPE_CHECKING:
    from .compiling import Kernel, Type

KNOWN = ("0.68",)
"""Releases of numba whose way to take arguments is the one that `compiling` follows: the tests were run with them."""
_log = logging.getLogger(__name__)

_OPTIONS = {
    "nogil": True,
    "error_model": "numpy",
    # Kernels make no arrays, and so need not count who holds one: in inner loops that costs more than the work.
    "_nrt": False,
}


def machine_code(kernel: Kernel) -> tuple[str, bytes] | None:
    """The name of a kernel's function and the object file that holds it; None where numba does not give it away."""
    import numba

    if numba.__version__.rpartition(".")[0] not in KNOWN:
        return None
    _log.info("atlas: compiling %s, once for this machine", kernel.name)
    compiled = _njit(kernel, no_cpython_wrapper=True, no_cfunc_wrapper=True)
    try:
        (made,) = compiled.overloads.values()
        return str(made.fndesc.llvm_func_name), bytes(made.library._get_compiled_object())
    except (AttributeError, RuntimeError, TypeError, ValueError):
        return None


def by_numba(kernel: Kernel) -> Callable[..., Any]:
    """A kernel as numba itself calls it."""
    compiled: Callable[..., Any] = _njit(kernel)
    return compiled


def _njit(kernel: Kernel, **options: bool) -> Any:
    import numba

    njit: Any = numba.njit
    signature = kernel.signature
    returns: Any = _numba_type(signature.returns)
    if signature.several > 1:
        returns = numba.types.UniTuple(returns, signature.several)
    return njit(returns(*map(_numba_type, signature.takes)), **_OPTIONS, **options)(
        _copied(kernel.function)
    )


_made: dict[Any, Any] = {}
"""Parts as numba holds them."""
_scopes: dict[str, dict[str, Any]] = {}
"""Of each module of kernels, what its names mean while it is compiled."""


def _copied(function: Any) -> Any:
    """A function that finds the compiled parts where the plain one finds the plain ones."""
    import numba

    scope = _scopes.get(function.__module__)
    if scope is None:
        scope = _scopes[function.__module__] = dict(function.__globals__)
        for name, value in function.__globals__.items():
            if isinstance(value, types.FunctionType) and value in parts:
                if value not in _made:
                    njit: Any = numba.njit
                    options = _OPTIONS | {"forceinline": value in woven}
                    _made[value] = njit(**options)(_copied(value))
                scope[name] = _made[value]
    copy = types.FunctionType(function.__code__, scope, function.__name__)
    copy.__module__ = function.__module__
    return copy


def _numba_type(one: Type) -> Any:
    import numba

    if isinstance(one, Scalar):
        return getattr(numba, "boolean" if one.name == "bool" else one.name)
    if isinstance(one, Array):
        return numba.types.Array(_numba_type(one.of), one.dimensions, "C")
    assert isinstance(one, Record)
    return numba.types.NamedTuple([_numba_type(field) for field in one.of], one.kind)
