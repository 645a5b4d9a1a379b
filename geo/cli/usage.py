"""What is wrong with a line as it was typed, said as every other fault is: in one message, in the reader's language.

The framework parses; it has English sentences for what it refuses, of which none is read here: what was wrong is
known by the kind of the error, and by the option or argument that it names.
"""

from __future__ import annotations

import inspect
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from ..errors import DataError, Fault, GeoError, UnknownNameError
from ..said import Said, joined, quoted
from .output import Reader, onto_standard_output, speak

if TYPE_CHECKING:
    # The framework's own, which it has no public name for.
    from typer._click import Context

_UsageError: type[Exception] = typer.BadParameter.__mro__[1]
"""What the framework raises for any line it cannot take; it exports but one of the family."""
_NOTHING = Said("nothing", "未给出")
_A_VALUE = Said("a value", "一个值")


class Command(TyperCommand):
    """A command that tells what is wrong with its options and arguments."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """The same, with every fault as one of this program's.

        Raises
        ------
        GeoError
            A word of the line is none that the command takes, or one that it needs is not there.
        """
        # What is left over is told below.
        ctx.allow_extra_args = True
        with _in_our_words(self, ctx, args):
            names = _names(self.params)
            for word in args:
                if (
                    word[2:3] == "=" and word[:2] in names
                ):  # else part of the value, as a file named =m.html
                    blank = (
                        Said("a blank in place of =: ", "以空格代替等号：")
                        + f"{word[:2]} {word[3:]}"
                    )
                    raise _fault(ctx, word[:2], quoted(word[2:]), blank)
            left = super().parse_args(ctx, list(args))
            _require_once(self, ctx, args)
            for param in self.params:
                given = ctx.params.get(param.name)
                values = given if isinstance(given, (list, tuple)) else [given]
                if any(str(value).partition("=")[0] in names for value in values):
                    # It has swallowed the option after it.
                    raise _fault(ctx, _called(param), _NOTHING, _expected(self, param.name))
            if left:
                raise _too_many(ctx, left)
        return left


class Commands(TyperGroup):
    """All commands; tells what is wrong before one of them is reached."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """The same, with every fault as one of this program's.

        Raises
        ------
        GeoError
            An option stands before the command, or is none.
        """
        if not args:
            return super().parse_args(ctx, args)  # which tells what there is
        with _in_our_words(self, ctx, args):
            return super().parse_args(ctx, list(args))

    def resolve_command(self, ctx: Context, args: list[str]) -> Any:
        """The same; a command that is none is answered with those that come near.

        Raises
        ------
        UnknownNameError
            There is no such command.
        """
        if self.get_command(ctx, args[0]) is None:
            speak(_asked_for(args))
            raise UnknownNameError("command", args[0], self.list_commands(ctx), _see(ctx))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Context) -> Any:
        """The same; a line without a command, as `atlas --`, is told what is missing.

        Raises
        ------
        GeoError
            There is none.
        """
        try:
            return super().invoke(ctx)
        except _UsageError as error:
            command = Said("a command", "一个命令")
            raise _fault(ctx, _line(ctx), _NOTHING, command) from error


@contextmanager
def _in_our_words(
    command: TyperCommand | TyperGroup, ctx: Context, args: Sequence[str]
) -> Iterator[None]:
    """Any fault of the line, in the language it asks for: the framework may not have come so far."""
    try:
        # A line that is read writes nothing but what it asks for: the help, the version.
        with onto_standard_output():
            yield
    except _UsageError as error:
        speak(_asked_for(args))
        raise _told(error, command, ctx, args) from error
    except GeoError:
        speak(_asked_for(args))
        raise


def _told(
    error: Any, command: TyperCommand | TyperGroup, ctx: Context, args: Sequence[str]
) -> GeoError:
    """The framework's error as one of this program's, by its kind."""
    option: str | None = getattr(error, "option_name", None)
    if option is not None and hasattr(error, "possibilities"):
        return _no_option(option, command, ctx)
    if option is not None:
        param = next(one for one in _options(command, ctx) if option in _names((one,)))
        if getattr(param, "is_flag", False):
            switch = Said("no value: it is a switch", "不带值：它是开关")
            return _fault(ctx, option, _A_VALUE, switch)
        return _fault(ctx, option, _NOTHING, _expected(command, str(param.name)))
    param = error.param
    found = _NOTHING
    if not hasattr(error, "param_type"):  # which says that it is missing
        given, _, _ = command.make_parser(ctx).parse_args(list(args))
        found = quoted(given[param.name])
    return _fault(ctx, _called(param), found, _expected(command, param.name))


def _require_once(command: TyperCommand, ctx: Context, args: Sequence[str]) -> None:
    """Refuse a second value for what takes one: of two units only the last would be looked at, without a word."""
    _, _, order = command.make_parser(ctx).parse_args(list(args))
    for param, times in Counter(order).items():
        several = getattr(param, "multiple", False) or getattr(param, "is_flag", False)
        if times > 1 and param.param_type_name == "option" and not several:
            found = Said(f"it {times} times", f"给出 {times} 次")
            raise _fault(ctx, _called(param), found, Said("it once", "只给一次"))


def _fault(ctx: Context, where: str, found: Said, expected: Said) -> DataError:
    return DataError(Fault(where, found, expected, _see(ctx)))


def _line(ctx: Context) -> str:
    """The command as it is written everywhere, however it was started."""
    return "atlas" if ctx.parent is None else f"atlas {ctx.info_name}"


def _see(ctx: Context) -> Said:
    return Said(f"see `{_line(ctx)} --help`", f"用法见 {_line(ctx)} --help")


def _no_option(option: str, command: TyperCommand | TyperGroup, ctx: Context) -> GeoError:
    names = _names(_options(command, ctx))
    remedy = _see(ctx)
    if isinstance(command, TyperGroup):
        takers = [name for name, one in command.commands.items() if option in _names(one.params)]
        if takers:
            line = f"{_line(ctx)} {takers[0]} {option}"
            remedy = Said(
                f"it comes after the command, as in `{line}`", f"它应写在命令之后，如 {line}"
            )
    return UnknownNameError("option", option, names, remedy)


def _too_many(ctx: Context, left: Sequence[str]) -> DataError:
    if unicodedata.category(left[0][:1] or " ") == "Pd":
        # A word processor's, or an input method's: —lang for --lang.
        return _fault(
            ctx,
            _line(ctx),
            quoted(left[0]),
            Said("an option, which begins with two hyphens: --", "选项以两个半角连字符开头：--")
            + "".join(one for one in left[0] if unicodedata.category(one) != "Pd"),
        )
    return DataError(
        Fault(
            _line(ctx),
            joined(map(quoted, left)),
            Said("nothing more", "不再有其他词"),
            Said("put a text with blanks in quotes; ", "带空格的文字请加引号；") + _see(ctx),
        )
    )


def _expected(command: TyperCommand | TyperGroup, name: str) -> Said:
    """What an option or argument takes, as the command declares it."""
    function: Any = inspect.unwrap(command.callback) if command.callback else None
    declared = get_type_hints(function, include_extras=True)[name]
    info = inspect.signature(function).parameters[name].default
    if get_origin(declared) is Annotated:
        declared, info = get_args(declared)
    kind = next(iter(get_args(declared)), declared)  # of `int | None` the first
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Said("one of ", "下列之一：") + joined(map(str, kind))
    if kind is Path:
        return Said("a path", "路径")
    if kind is not int:
        return _A_VALUE
    if info.max is None:
        return Said(f"a whole number of at least {info.min}", f"不小于 {info.min} 的整数")
    return Said(f"a whole number from {info.min} to {info.max}", f"{info.min} 至 {info.max} 的整数")


def _called(param: Any) -> str:
    """An option or argument by the name that says most."""
    is_option = param.param_type_name == "option"
    return str(max(param.opts, key=len) if is_option else param.name.upper())


def _options(command: TyperCommand | TyperGroup, ctx: Context) -> list[Any]:
    return [*command.params, *filter(None, [command.get_help_option(ctx)])]


def _names(params: Iterable[Any]) -> list[str]:
    return [
        name
        for param in params
        if param.param_type_name == "option"
        for name in sorted([*param.opts, *param.secondary_opts], key=len, reverse=True)
    ]


def _asked_for(args: Sequence[str]) -> Reader:
    """The language that a line asks for, whatever else is wrong with it.

    Examples
    --------
    >>> _asked_for(["coverage", "--lvel", "town", "--lang", "zh"]).value, _asked_for(["zh", "--lang=fr"]).value
    ('zh', 'en')
    """
    said = [after for word, after in pairwise(args) if word == "--lang"]
    said += [word.removeprefix("--lang=") for word in args if word.startswith("--lang=")]
    return Reader.zh if said[-1:] == ["zh"] else Reader.en
