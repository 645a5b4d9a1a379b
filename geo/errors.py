"""The one family of errors: everything this package raises on purpose is a GeoError."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .likeness import NAMED, nearest
from .said import NOTHING, Said, alike, in_language, joined

ROWS_SHOWN = 10


def abridge(rows: Sequence[object], shown: int = ROWS_SHOWN) -> Said:
    """The first few of many row names, and how many more there are.

    Parameters
    ----------
    rows : ids or line numbers
    shown : how many to print before abridging

    Returns
    -------
    Said

    Examples
    --------
    >>> print(abridge([1, 2, 3], shown=2), abridge([1, 2, 3], shown=2).zh)
    1, 2 and 1 more 1、2 等 3 个
    """
    head = joined([row if isinstance(row, str) else str(row) for row in rows[:shown]])
    rest = len(rows) - shown
    return head if rest <= 0 else head + Said(f" and {rest} more", f" 等 {len(rows):,} 个")


def amount(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    Examples
    --------
    >>> amount(1, "row"), amount(2, "row")
    ('1 row', '2 rows')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with data: where, what was found, what was expected, what to do.

    `rows` are ids (or line numbers of the file where there are no ids yet); `choices` are what there is to
    choose from where nothing was wrong but that no choice was made.
    """

    layer: str
    found: Said
    expected: Said
    remedy: Said
    rows: tuple[object, ...] = ()
    choices: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" rows {abridge(self.rows)}:" if self.rows else ""
        return f"{self.layer}:{where} found {self.found}; expected {self.expected}; {self.remedy}"

    def in_(self, language: str) -> str:
        """The fault in `language` ("zh" or "en"); the same as `str` in English."""
        if language != "zh":
            return str(self)
        said = (("发现", self.found), ("应为", self.expected), ("建议", self.remedy))
        parts = [f"{label}：{in_language(text, language)}" for label, text in said if text]
        where = f"（涉及 {abridge(self.rows).zh}）" if self.rows else ""
        return f"{self.layer}{where}：{'；'.join(parts)}"


class GeoError(Exception):
    """Base of every error of this package; goes from process to process as it is."""

    def __reduce__(self) -> tuple[Any, ...]:
        """An error is not made again from its message, which is not what it was made from."""
        return _again, (type(self), self.args, self.__dict__)

    def in_(self, language: str) -> str:
        """The message in `language` ("zh" or "en"); the same as `str` in English, and where there is no Chinese."""
        return in_language(self.args[0], language) if self.args else str(self)


def _again(kind: type[GeoError], said: tuple[Any, ...], known: dict[str, Any]) -> GeoError:
    error = kind.__new__(kind, *said)
    error.args = said
    error.__dict__.update(known)
    return error


class DataError(GeoError, ValueError):
    """Data cannot be used as it is; carries all the faults that were found, not only the first."""

    def __init__(self, faults: Iterable[Fault] | Fault) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def in_(self, language: str) -> str:
        """All the faults in `language`, a line each."""
        return "\n".join(fault.in_(language) for fault in self.faults)


class ScopeError(DataError):
    """The four edges do not enclose an area."""


class DeclarationError(GeoError, ValueError):
    """A layer or district file says something it may not; names file, key, value and what is allowed."""

    def __init__(self, file: object, problems: Iterable[Said]) -> None:
        self.file = file if isinstance(file, str) else str(file)
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{self.file}: {problem}" for problem in self.problems))

    def in_(self, language: str) -> str:
        """All the problems in `language`, a line each."""
        file, between = in_language(self.file, language), "：" if language == "zh" else ": "
        said = (in_language(problem, language) for problem in self.problems)
        return "\n".join(f"{file}{between}{problem}" for problem in said)


_FULL = re.compile(r"disk is full|no space left", re.IGNORECASE)
_STATEMENT = re.compile(r"\Asqlite3?_exec\(.*\) failed: ", re.DOTALL)
_REASONS = {
    errno.EACCES: "没有权限",
    errno.EDQUOT: "超出磁盘配额",
    errno.EISDIR: "是文件夹",
    errno.ENAMETOOLONG: "文件名过长",
    errno.ENOENT: "没有该文件或文件夹",
    errno.ENOSPC: "磁盘空间已满",
    errno.ENOTDIR: "其上级不是文件夹",
    errno.EPERM: "没有权限",
    errno.EROFS: "磁盘为只读",
}
"""What the machine says of a file, in Chinese."""


def reason_of(error: Exception) -> Said:
    """Why a file cannot be read or written, without the names and statements that a library was dealing with.

    What this package says of it, it says in both languages.

    Examples
    --------
    >>> reason_of(OSError(errno.ENOSPC, "No space left on device", "/tmp/.part")).zh
    '磁盘空间已满'
    >>> print(reason_of(RuntimeError("sqlite3_exec(CREATE TABLE t (a);) failed: database or disk is full")))
    No space left on device
    """
    if isinstance(error, GeoError):
        return Said(str(error), error.in_("zh"))
    text = _STATEMENT.sub("", str(error))
    number = error.errno if isinstance(error, OSError) else None
    if number is None and _FULL.search(text):
        number = errno.ENOSPC
    if number is not None and number in _REASONS:
        return Said(os.strerror(number), _REASONS[number])
    return alike((error.strerror if isinstance(error, OSError) else None) or text)


_KINDS = {
    "cluster": "计算集群",
    "command": "命令",
    "coordinate system": "坐标系",
    "engine": "计算引擎",
    "engine with a scheduler": "带调度的计算引擎",
    "format": "格式",
    "indicator": "指标",
    "layer": "图层",
    "level": "层级",
    "level to draw": "可绘层级",
    "option": "选项",
    "round": "轮次",
    "round with the layer": "含此图层的轮次",
    "rule": "判定规则",
    "scope": "范围",
    "unit": "单元",
}
"""What can be asked for by name, in Chinese."""


_LISTED_BY = {
    "indicator": "atlas layers",
    "layer": "atlas layers",
    "round": "atlas rounds",
    "unit": "atlas scope",
}
"""The command that lists all there are of a kind."""
_ALL_LISTED = 40
"""So many names are read to the end; of more, the nearest and how to list them are of more use."""


class UnknownNameError(GeoError, LookupError):
    """A layer, indicator, round, unit or level of that name does not exist; says what comes near.

    Parameters
    ----------
    what : the kind of thing
    name : what was asked for
    known : the names there are
    remedy : what else may help
    called : of the names, what the things are called besides; may be what somebody asked for
    """

    def __init__(
        self,
        what: str,
        name: object,
        known: Iterable[object],
        remedy: Said | None = None,
        *,
        called: Mapping[str, str] | None = None,
    ) -> None:
        names = [item if isinstance(item, str) else str(item) for item in known]
        super().__init__(
            Said(f"no {what} named {name!r}", f"没有名为“{name}”的{_kind(what)}")
            + meant(name, names, called)
            + _listed(what, names)
            + (Said("; ", "；") + remedy if remedy else NOTHING)
        )

    @classmethod
    def several(cls, what: str, name: object, known: Sequence[str], by: Said) -> UnknownNameError:
        """More than one has that name, so that it names none; `by` is what tells them apart."""
        listed = joined(known)
        return cls._saying(
            Said(
                f"{len(known)} {what}s are named {name!r}: {listed}; say which by its {by}",
                f"名为“{name}”的{_kind(what)}有 {len(known)} 个：{listed.zh}；请用{by.zh}指明",
            )
        )

    @classmethod
    def nothing(cls, what: str, where: object, remedy: str) -> UnknownNameError:
        """There is none of the kind at all, so that no name could be right."""
        return cls._saying(
            Said(
                f"{where} has no {what} yet; {remedy}",
                f"{where} 尚无{_kind(what)}；{in_language(remedy, 'zh')}",
            )
        )

    @classmethod
    def _saying(cls, said: Said) -> UnknownNameError:
        error = cls.__new__(cls)
        LookupError.__init__(error, said)
        return error


def _kind(what: str) -> str:
    """A kind of thing, in Chinese."""
    return _KINDS.get(what) or in_language(what, "zh")


def _listed(what: str, names: Sequence[str]) -> Said:
    """All names there are, or how many and how to list them."""
    if len(names) <= _ALL_LISTED or what not in _LISTED_BY:
        listed = abridge(names, _ALL_LISTED) if names else Said("none", "无")
        return Said("; there are: ", "；现有：") + listed
    command = _LISTED_BY[what]
    return Said(
        f"; there are {len(names):,}, which `{command}` lists",
        f"；共有 {len(names):,} 个，可用 {command} 列出",
    )


def meant(name: object, names: Iterable[str], called: Mapping[str, str] | None = None) -> Said:
    """What may have been meant, by its name or by what it is called; nothing where no name comes near.

    Examples
    --------
    >>> print("no such key" + meant("keys", ["key", "title"]))
    no such key; nearest: key
    """
    called = called or {}
    bearers: dict[str, list[str]] = {one: [one] for one in names}
    for one, text in called.items():
        for title in dict.fromkeys((str(text), in_language(text, "zh"))):
            bearers.setdefault(title, []).append(one)
    # A thing may be near by its name and by its title, and a title may be that of several.
    found = list(dict.fromkeys(one for near in nearest(name, bearers) for one in bearers[near]))
    if not found:
        return NOTHING
    likely = joined(_titled(one, called.get(one, "")) for one in found[:NAMED])
    return Said("; nearest: ", "；最接近的：") + likely


def _titled(name: str, title: str) -> Said:
    """A name with what the thing is called, where that says more."""
    en, zh = str(title), in_language(title, "zh")
    return Said(
        f"{name} ({en})" if en not in ("", name) else name,
        f"{name}（{zh}）" if zh not in ("", name) else name,
    )


class StoreError(GeoError, OSError):
    """A round cannot be read or written; what was there before is untouched."""

    def __init__(self, said: Said) -> None:
        super().__init__(said)


class EngineError(GeoError, RuntimeError):
    """What cuts features cannot: a cluster that is not there, or that failed."""


class SourceError(DataError):
    """A user's file cannot be read as what it claims to be."""


class MissingExtraError(GeoError, ImportError):
    """An optional package is absent; names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        install = f"pip install 'chengxiang-atlas[{extra}]'"
        super().__init__(
            Said(f"this needs the package {package}: {install}", f"需要安装 {package}：{install}")
        )
