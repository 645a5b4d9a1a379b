"""`atlas rounds`, `carry`, `publish`, `undo` and `convert`: what there is, and what is done with a whole round."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import amount
from ..said import Said, joined
from ..views.format import NOTHING, number
from .dates import iso_day
from .output import (
    DISTRICT,
    FORMAT,
    LANG,
    Form,
    Format,
    Reader,
    Speaks,
    note,
    print_csv,
    print_json,
    print_table,
)
from .wording import file_called, headed, layer_titled, layers_titled, worded

if TYPE_CHECKING:
    from ..district import District
    from ..rounds import RoundSummary

COLUMNS = (
    "round",
    "state",
    "digest",
    "table",
    "rows",
    "import",
    "file",
    "source_layer",
    "rows_read",
    "rows_taken",
    "imported_at",
    "imported_by",
)
SHOWN = ("round", "state", "table", "rows", "file", "source_layer", "imported_at", "imported_by")
_DIGITS = 12

Folder = Annotated[
    Path, typer.Option("--district", metavar="FOLDER", help="The district's folder.")
]
Round = Annotated[
    str | None,
    typer.Option(
        "--round",
        metavar="DAY",
        callback=iso_day,
        help="The round, YYYY-MM-DD [default: the newest].",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (rounds, carry, publish, undo, convert):
        app.command()(command)


def rounds(district: Path | None = DISTRICT, format_: Format = FORMAT, lang: Reader = LANG) -> None:
    """Every round with its tables, its imports, its digest, and whether it is published."""
    from ..district import open_district
    from ..rounds import rounds_of

    opened = open_district(district)
    summaries = rounds_of(opened)
    rows = [row for summary in summaries for row in summary.rows()]
    if format_ is Format.json:
        print_json(
            {
                "district": opened.spec.name.zh,
                "code": opened.spec.code,
                "rounds": [_plain(summary) for summary in summaries],
                "rows": rows,
            }
        )
    elif format_ is Format.csv:
        print_csv(rows, COLUMNS)
    else:
        language = lang.language
        headings = headed(SHOWN, language, **{name: name.replace("_", " ") for name in SHOWN})
        words = {"state": lambda row: worded(row["state"], language)}
        if lang is Reader.zh:
            words["table"] = lambda row: (
                layer_titled(row["table"], opened.catalog, language) if row["table"] else NOTHING
            )
            words["file"] = lambda row: (
                file_called(row["file"], language) if row["file"] else NOTHING
            )
            words["imported_at"] = lambda row: _when(row["imported_at"])
        print_table(
            rows,
            headings,
            {"rows": lambda row: NOTHING if row["rows"] is None else number(row["rows"])},
            words,
        )
        for summary in summaries:
            _remark(summary)
    if not summaries:
        from ..store.base import no_round

        note(no_round(opened.folder).args[0])


def carry(
    district: Folder,
    round_: Annotated[
        str | None,
        typer.Option(
            "--round",
            metavar="DAY",
            callback=iso_day,
            help="The draft, YYYY-MM-DD [default: the newest].",
        ),
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only these layers, each by its name or title [default: the units and edges that the round lacks].",
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="DAY",
            callback=iso_day,
            help="The round to take them from [default: the newest earlier one].",
        ),
    ] = None,
    new: Annotated[
        bool, typer.Option("--new", help="Begin a round of that date with them.")
    ] = False,
    lang: Speaks = Reader.en,
) -> None:
    """Take layers as they stand in an earlier round into an unpublished one: units and edges, unless said otherwise."""
    from ..carrying import carry_layers

    report = carry_layers(district, round_, layer, source=source, new=new, waiting=note)
    for name, date in report.origins.items():
        rows = report.rows[name]
        note(
            Said(
                f"{name}: {amount(rows, 'row')} of round {date} carried into {report.round}",
                f"{name}：轮次 {date} 的 {rows:,} 行已沿用到轮次 {report.round}",
            )
        )
    if not report.origins:
        note(
            Said(
                f"round {report.round} lacks no units and no edges that an earlier round has",
                f"以往轮次有的单元和四至，轮次 {report.round} 都有，无需沿用",
            )
        )


def publish(
    district: Folder,
    round_: Round = None,
    as_it_is: Annotated[
        bool,
        typer.Option(
            "--as-it-is", help="Though it lacks units or edges that an earlier round has."
        ),
    ] = False,
    lang: Speaks = Reader.en,
) -> None:
    """Mark a round as published: it is never changed after, and if it is, that shows."""
    from ..district import open_district
    from ..rounds import publish_round

    opened = open_district(district)
    if not as_it_is:
        _require_whole(opened, round_)
    record = publish_round(opened, round_)
    digest = record.digest[:_DIGITS]
    note(
        Said(
            f"round {record.round} is published by {record.published_by}, {record.published_at},"
            f" its tables {digest}; corrections go into a new round",
            f"轮次 {record.round} 已由 {record.published_by} 于 {_when(record.published_at)} 发布，"
            f"各表摘要 {digest}；更正内容请导入新轮次",
        )
    )


def _require_whole(district: District, round_: str | None) -> None:
    """Refuse to publish a round that has no units or edges: it would have no figures by unit for ever."""
    from ..carrying import left_behind
    from ..errors import StoreError
    from ..said import Said
    from ..store import open_store
    from ..store.base import chosen_round

    store = open_store(district.rounds_folder)
    wanted = chosen_round(store, round_, district.folder)
    if store.publication(wanted) is not None:
        return
    lacking = left_behind(district, store, wanted)
    if lacking:
        raise StoreError(
            Said(
                f"round {wanted} has no {', '.join(lacking)}, which round {max(lacking.values())} has, and what is published is never"
                f" changed: carry them over first (atlas carry --district DIR --round {wanted}), or say --as-it-is",
                f"轮次 {wanted} 没有{layers_titled(lacking, district.catalog).zh}，而轮次 {max(lacking.values())} 有；"
                f"发布后不能再改：请先沿用（atlas carry --district DIR --round {wanted}），或加 --as-it-is 照此发布",
            )
        )


def undo(district: Folder, round_: Round = None, lang: Speaks = Reader.en) -> None:
    """Take back the last import of an unpublished round, and the column mapping that it kept."""
    from ..rounds import undo_import

    report = undo_import(district, round_)
    for record in report.imports:
        note(
            Said(
                f"taken back: {record.layer}, {amount(record.rows_taken, 'row')} of {record.file}",
                f"已撤回：{record.layer}，{file_called(record.file, 'zh')} 的 {record.rows_taken:,} 行",
            )
        )
    for told in report.mappings:
        note(told)
    if report.digest is not None:
        digest = report.digest[:_DIGITS]
        note(
            Said(
                f"round {report.round} is as it was before, its tables {digest}",
                f"轮次 {report.round} 已恢复原样，各表摘要 {digest}",
            )
        )
    else:
        note(
            Said(
                f"round {report.round} held nothing else, and is gone",
                f"轮次 {report.round} 再无其他内容，已移除",
            )
        )


def convert(
    district: Folder,
    as_: Annotated[Form, typer.Option("--as", help="What the round is to be kept as.")],
    round_: Round = None,
    lang: Speaks = Reader.en,
) -> None:
    """Keep an unpublished round as the other form: a GeoPackage for QGIS, or GeoParquet for large layers."""
    from ..store.conversion import convert_round

    done = convert_round(district, as_.value, round_, waiting=note)
    words, words_zh = ("is now", "现") if done.changed else ("was already", "原已")
    digest = done.digest[:_DIGITS]
    note(
        Said(
            f"round {done.round} {words} kept as {_CALLED[as_]}, its tables {digest}",
            f"轮次 {done.round} {words_zh}以 {_CALLED[as_].split()[-1]} 保存，各表摘要 {digest}",
        )
    )


_CALLED = {Form.geopackage: "a GeoPackage", Form.geoparquet: "GeoParquet"}


def _plain(summary: RoundSummary) -> dict[str, object]:
    return {
        "round": summary.round,
        "state": summary.state,
        "digest": summary.digest,
        "data_digest": summary.data_digest,
        "publication": asdict(summary.publication) if summary.publication else None,
        "changes": list(summary.changes),
        "tables": [{"table": name, "rows": rows} for name, rows in summary.tables.items()],
        "imports": [asdict(record) for record in summary.imports],
    }


def _remark(summary: RoundSummary) -> None:
    data = (
        Said(f"data {summary.data_digest[:_DIGITS]}", f"数据摘要 {summary.data_digest[:_DIGITS]}")
        if summary.data_digest
        else Said("no data", "无数据")
    )
    words = Said(summary.state, worded(summary.state, "zh"))
    if summary.publication is not None:
        said = summary.publication
        words += Said(
            f", published {said.published_at} by {said.published_by}",
            f"，{said.published_by} 于 {_when(said.published_at)} 发布",
        )
    changes = joined(summary.changes, "; ", "；")
    if summary.state == "changed":
        words = (
            Said("CHANGED SINCE IT WAS PUBLISHED (", "发布后有改动（")
            + changes
            + Said("); ", "）；")
            + words
        )
    elif summary.changes:
        words += Said(": ", "：") + changes
    note(
        Said(f"round {summary.round}: ", f"轮次 {summary.round}：")
        + data
        + Said(", ", "，")
        + words
    )


def _when(moment: object) -> str:
    """An ISO moment to the minute, as a Chinese reader has it: `2008-01-02 08:30 UTC`."""
    import datetime as dt

    try:
        found = dt.datetime.fromisoformat(str(moment))
    except ValueError:
        return NOTHING if moment is None else str(moment)
    zone = f" {found.tzname()}" if found.tzinfo is not None else ""
    return f"{found:%Y-%m-%d %H:%M}{zone}"
