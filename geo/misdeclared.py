"""What is wrong with a file of declarations, in its author's words and not in those of the libraries that read it.

Each problem names key, value found and what is allowed, in English and Chinese; keys and values stand as in the file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from .errors import meant, reason_of
from .model import KINDS
from .said import NOTHING, Said, joined, quoted


def unreadable(error: OSError | ValueError) -> Said:
    """Why a declaration cannot be read: its disk would not have it, or it is no TOML.

    Examples
    --------
    >>> import tomllib
    >>> try:
    ...     tomllib.loads("name = street's")
    ... except tomllib.TOMLDecodeError as error:
    ...     print(unreadable(error).zh)
    不是 UTF-8 编码的 TOML：第 1 行第 8 列取值写法有误
    """
    if isinstance(error, OSError):
        return Said("cannot be read: ", "无法读取：") + reason_of(error)
    return Said(f"is not TOML in UTF-8: {error}", f"不是 UTF-8 编码的 TOML：{_toml_zh(error)}")


_TOML = {
    "Invalid value": "取值写法有误",
    "Invalid statement": "语句写法有误",
    "Invalid initial character for a key part": "键的写法有误",
    "Expected '=' after a key": "键后缺“=”",
    "Expected newline or end of document": "语句后有多余内容",
    "Expected ']": "缺右方括号",
    "Cannot overwrite a value": "同一键写了两次",
    "Duplicate inline table key": "同一键写了两次",
    "Cannot declare": "同一表写了两次",
    "Cannot mutate immutable": "不能再增改已写完的表或列表",
    "Unclosed": "括号未闭合",
    "Unterminated": "引号未闭合",
    "Illegal character": "含有不允许的字符",
    "Found invalid character": "含有不允许的字符",
    "Unescaped": "引号内的“\\”须写作“\\\\”",
    "Invalid hex value": "转义写法有误",
}
"""What Python says of TOML, by how it begins, in Chinese."""
_PLACE = re.compile(r"at line (\d+),? column (\d+)")


def _toml_zh(error: ValueError) -> str:
    """What a file is no TOML for, in Chinese: where, and what where that is known."""
    if isinstance(error, UnicodeDecodeError):
        return f"第 {error.start + 1} 个字节不是 UTF-8"
    said = str(error)
    what = next((zh for en, zh in _TOML.items() if said.startswith(en)), "写法有误")
    return _place_zh(said) + what


def _place_zh(said: str) -> str:
    """The place of a file that a library speaks of, in Chinese."""
    place = _PLACE.search(said)
    return f"第 {place[1]} 行第 {place[2]} 列" if place else "文件末尾"


def describe(error: ValidationError, declared: type[BaseModel]) -> list[Said]:
    """A pydantic error as one line a problem: key, value found, what is allowed.

    Parameters
    ----------
    error : what pydantic says
    declared : what the whole file is a declaration of
    """
    places: dict[Sequence[str | int], list[Mapping[str, Any]]] = {}
    for item in error.errors(include_url=False):
        places.setdefault(_place(item), []).append(item)
    return [
        _any_of(_key_path(place), items) if len(items) > 1 else _problem(items[0], declared)
        for place, items in places.items()
    ]


def _problem(item: Mapping[str, Any], declared: type[BaseModel]) -> Said:
    *parts, last = item["loc"] or ("",)
    key = _key_path(_without_lists(item["loc"]))
    if item["type"] == "extra_forbidden":
        known = [name for one in _at(declared, parts) for name in _keys(one)]
        said = Said(
            f"key {key!r} is not one a declaration has", f"键{quoted(key).zh}不是声明中的键"
        )
        return said + (meant(last, known) or Said("; there are: ", "；现有：") + joined(known))
    if item["type"] == "missing":
        return Said(f"key {key!r} is missing", f"缺少键{quoted(key).zh}")
    if not key:
        return _allowed(item)  # of the file as a whole
    found = item["input"]
    return at_key(key, NOTHING if isinstance(found, dict) else found) + _allowed(item)


def _any_of(key: str, items: Sequence[Mapping[str, Any]]) -> Said:
    """A value that may be of several sorts and is of none: pydantic says so of each."""
    sorts = joined(dict.fromkeys(_EXPECTED.get(one["type"]) or _allowed(one) for one in items))
    said = Said("expected one of: ", "应为下列之一：") + sorts
    return at_key(key, items[0]["input"]) + said


_SORTS = {"bool": "bool_", "int": "int_", "float": "float_", "str": "string_"}
"""What pydantic puts last into a place for each sort that a value may be of, and how the faults of it begin."""


def _place(item: Mapping[str, Any]) -> Sequence[str | int]:
    """Where a value is; the same for all sorts of value that it might be."""
    parts: tuple[str | int, ...] = item["loc"]
    if item["type"] not in _EXPECTED:
        return parts
    sort = _SORTS.get(str(parts[-1])) if parts else None
    return _without_lists(parts[:-1] if sort and item["type"].startswith(sort) else parts)


def _without_lists(parts: Sequence[str | int]) -> tuple[str | int, ...]:
    """A place without those of a list or table that might stand there."""
    return tuple(one for one in parts if not str(one).startswith(("tuple[", "dict[")))


def at_key(key: str, value: object = NOTHING) -> Said:
    """Where in a file a problem is, and what stands there.

    Examples
    --------
    >>> print(at_key("style.color_by", "depth"), at_key("covered").zh)
    style.color_by = 'depth':  covered：
    """
    stated = key if value is NOTHING else f"{key} = {_written(value)}"
    return Said(f"{stated}: ", f"{stated}：")


def _written(value: object) -> str:
    """A value as a file has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else repr(value)


def _key_path(parts: Sequence[str | int]) -> str:
    """Where in a file a fault is, as its author would say it: the first indicator is number 1."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part + 1}]"
        elif not (path.endswith("]") and part in KINDS):
            path += f".{part}" if path else part
    return path


def _at(annotation: Any, parts: Sequence[str | int]) -> Iterator[type[BaseModel]]:
    """The declarations that may stand at a place of the file."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not parts:
            yield annotation
        elif annotation is KINDS.get(str(parts[0])):
            yield from _at(annotation, parts[1:])
        else:
            for name, field in annotation.model_fields.items():
                if parts[0] == (field.alias or name):
                    yield from _at(field.annotation, parts[1:])
        return
    if get_origin(annotation) in (tuple, dict):
        parts = parts[1:]
    for inner in get_args(annotation):
        yield from _at(inner, parts)


def _keys(declared: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in declared.model_fields.items())


_TABLE = Said(
    'a table of keys, as in { zh = "…", en = "…" }', '由键组成的表，如 { zh = "…", en = "…" }'
)
_LIST = Said("a list in square brackets", "方括号中的列表")
_TRUTH = Said("true or false", "true 或 false")
_NUMBER = Said("a number", "数")
_WHOLE = Said("a whole number", "整数")
_DAY = Said("a date such as 2007-12-31", "日期，如 2007-12-31")
_EXPECTED = {
    "model_type": _TABLE,
    "model_attributes_type": _TABLE,
    "dict_type": Said("a table of keys", "由键组成的表"),
    "string_type": Said("text in quotation marks", "引号中的文字"),
    "tuple_type": _LIST,
    "list_type": _LIST,
    "bool_type": _TRUTH,
    "bool_parsing": _TRUTH,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": _WHOLE,
    "int_from_float": _WHOLE,
    "date_type": _DAY,
    "date_parsing": _DAY,
    "date_from_datetime_parsing": _DAY,
    "date_from_datetime_inexact": _DAY,
}
"""What a value of the wrong sort should have been, by pydantic's name of the fault."""
_BOUNDS = {
    "less_than_equal": ("le", "不大于"),
    "less_than": ("lt", "小于"),
    "greater_than_equal": ("ge", "不小于"),
    "greater_than": ("gt", "大于"),
}
_QUOTED = re.compile(r"'([^']*)'")


def _allowed(item: Mapping[str, Any]) -> Said:
    """What is allowed, in words of a declaration and not of the library that checks it."""
    kind, context = item["type"], item.get("ctx", {})
    if kind in _EXPECTED:
        sort = _EXPECTED[kind]
        return Said(f"expected {sort}", f"应为{' ' * sort.zh[0].isascii()}{sort.zh}")
    if kind == "literal_error":
        return _one_of(item["input"], context["expected"])
    if kind == "union_tag_invalid":
        tag = context["tag"]
        known = _one_of(tag, context["expected_tags"])
        return Said(f"the kind {tag!r}; ", f"类型{quoted(tag).zh}；") + known
    if kind == "union_tag_not_found":
        known = _one_of(None, ", ".join(map(repr, KINDS)))
        return Said("key 'kind' is missing; ", "缺少键“kind”；") + known
    if kind == "value_error" and isinstance(context["error"].args[0], Said):
        said: Said = context["error"].args[0]
        return said
    return _in_range(kind, context, item["msg"])


def _in_range(kind: str, context: Mapping[str, Any], msg: str) -> Said:
    """What is allowed of a value of the right sort, as pydantic says it."""
    said = msg.replace("Input should be", "expected", 1)
    if kind in _BOUNDS:
        bound, zh = _BOUNDS[kind]
        return Said(said, f"应{zh} {context[bound]:g}")
    if kind == "string_pattern_mismatch":
        return Said(said, f"须符合 {context['pattern']}")
    if kind == "json_invalid":
        return Said(said, f"不是 JSON：{_place_zh(context['error'])}写法有误")
    return Said(said, f"取值不合要求（{said}）")


def _one_of(found: object, expected: str) -> Said:
    """The values of which it should have been one, as pydantic lists them, and those that come near."""
    names = _QUOTED.findall(expected)
    listed = Said(f"expected one of {expected}", f"应为 {'、'.join(names)} 之一")
    return listed + (meant(found, names) if isinstance(found, str) else NOTHING)
