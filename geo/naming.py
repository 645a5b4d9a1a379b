"""A thing by the name that somebody gives it: its id or code, or what it is called where no other is called so."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import UnknownNameError
from .likeness import plain_name
from .said import Said, in_language

CODE = Said("code", "代码")
ID = Said("id", "标识")
NAME = Said("name", "名称")


def named(what: str, asked: str, called: Mapping[str, str], by: Said = ID) -> str:
    """The id of the thing that is asked for.

    Parameters
    ----------
    what : the kind of thing
    asked : as somebody wrote it: an id, or what a thing is called, in either language
    called : what the things are called, by their ids
    by : what an id of the kind is

    Raises
    ------
    UnknownNameError
        None has that id or is called so, or several are.

    Examples
    --------
    >>> layers = {"lamps": Said("Street lamps", "路灯"), "towns": Said("Towns", "镇街")}
    >>> named("layer", "路灯", layers), named("layer", "street-lamps", layers), named("layer", "towns", layers)
    ('lamps', 'lamps', 'towns')
    """
    if asked in called:
        return asked
    word = plain_name(asked)
    found = [
        one
        for one, title in called.items()
        if word and word in (plain_name(title), plain_name(in_language(title, "zh")))
    ]
    if len(found) > 1:
        raise UnknownNameError.several(what, asked, found, by)
    if not found:
        raise UnknownNameError(what, asked, called, called=called)
    return found[0]
