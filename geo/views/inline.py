"""A map within a notebook: the page of an exported map, in a frame of its own."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .map import map_html

if TYPE_CHECKING:
    from ..model import Level
    from ..survey import Survey
    from .basemap import Basemap
    from .format import Language


@dataclass(frozen=True)
class InlineMap:
    """A map that a notebook draws where it is the value of a cell."""

    page: str = field(repr=False)
    """The page, with everything in it."""
    title: str
    height_px: int

    def _repr_html_(self) -> str:
        # Without allow-same-origin the page has no address of its own: it reaches neither the notebook around it nor
        # the server that the notebook came from.
        return (
            f'<iframe title="{html.escape(self.title)}" sandbox="allow-scripts allow-downloads" '
            f'style="width: 100%; height: {self.height_px}px; border: 0" '
            f'srcdoc="{html.escape(self.page)}"></iframe>'
        )


def show_map(
    survey: Survey,
    indicator: str | None = None,
    level: Level | None = None,
    language: Language = "zh",
    basemap: Basemap | None = None,
    *,
    height_px: int = 520,
) -> InlineMap:
    """A survey's map for a notebook, drawn without a network.

    Parameters
    ----------
    survey, indicator, level, language, basemap : as for `map_html`
    height_px : height of the frame; it is as wide as the notebook

    Returns
    -------
    InlineMap
        Drawn where it is the last value of a cell; its `page` is the whole page as text.

    Raises
    ------
    UnknownNameError, DataError
        As `map_html`.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> show_map(open_survey(), "hardening.back_streets", language="en")
    InlineMap(title='Hailing District, Taizhou', height_px=520)
    """
    page = map_html(survey, indicator, level, language, basemap)
    return InlineMap(page, survey.district.spec.name.in_(language), height_px)
