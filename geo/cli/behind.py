"""`atlas rows`: what a figure is the sum of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import amount
from ..said import Said
from ..views.format import number, yes_no
from .figures import tell_illustrative, told_of
from .output import (
    DISTRICT,
    FORMAT,
    LANG,
    ROUND,
    Format,
    Reader,
    note,
    print_csv,
    print_json,
    print_table,
    records,
)
from .wording import file_called, headed, layer_titled, row_called

if TYPE_CHECKING:
    from ..model import Layer
    from ..survey import Survey


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rows)


def rows(
    indicator: str = typer.Argument(metavar="INDICATOR", help="The indicator, by its id or title."),
    unit: str | None = typer.Option(
        None, "--unit", metavar="UNIT", help="Only the unit of this code, or of this name."
    ),
    district: Path | None = DISTRICT,
    round_: str | None = ROUND,
    format_: Format = FORMAT,
    lang: Reader = LANG,
) -> None:
    """The rows behind a figure: each feature's part, and the file and line it came from."""
    from ..coverage import rows_behind
    from ..indicators import MEASURES
    from ..survey import open_survey
    from ..units import code_of_unit, units_of

    survey = open_survey(district, round_)
    layer, wanted = survey.district.catalog.indicator(indicator)
    with told_of(survey):
        if unit is not None:
            unit = code_of_unit(unit, units_of(survey).names)
        frame = rows_behind(survey, wanted.id, unit)
    table = list(records(frame))
    columns = tuple(frame.columns)
    if format_ is Format.json:
        print_json(
            {
                "district": survey.district.spec.name.zh,
                "code": survey.district.spec.code,
                "round": survey.round,
                "data_digest": survey.digest,
                "indicator": wanted.id,
                "unit_code": unit,
                "rows": table,
            }
        )
    elif format_ is Format.csv:
        print_csv(table, columns)
    else:
        places = 0 if MEASURES[wanted.kind] == "count" else 1
        print_table(
            table,
            headed(columns, lang.language),
            {name: _amount(name, places) for name in ("covered", "not_covered", "unknown")},
            {
                "inside": lambda row: yes_no(row["inside"]),
                "source_file": lambda row: (
                    file_called(row["source_file"], "zh") if row["source_file"] else ""
                ),
                "source_row": lambda row: (
                    row_called(row["source_row"], "zh") if row["source_row"] else ""
                ),
            }
            if lang is Reader.zh
            else {},
        )
        _tell_unsourced(survey, layer, sum(row["source_file"] is None for row in table))
        tell_illustrative(survey)


def _amount(name: str, places: int) -> Callable[[Mapping[str, Any]], str]:
    return lambda row: number(row[name], places)


def _tell_unsourced(survey: Survey, layer: Layer, count: int) -> None:
    """Say where rows come from that no file is named for."""
    if count:
        note(
            Said(
                f"{amount(count, 'row comes', 'rows come')} from no imported file, but {'was' if count == 1 else 'were'}"
                f" written into round {survey.round} itself: see its table {layer.name}, by fid",
                f"{count:,} 行并非由文件导入，而是直接写在轮次 {survey.round} 中：见其图层"
                f"{layer_titled(layer.name, survey.district.catalog, 'zh')}，按轮次内行号查找",
            )
        )
