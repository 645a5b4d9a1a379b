"""A user's file of rows → a layer of a round."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..district import District, open_district
from ..errors import abridge, amount, reason_of
from ..model import ImportRecord, Layer
from ..said import Said, in_language
from .report import ImportReport

if TYPE_CHECKING:
    from ..crs import Shift
    from ..intake import Rows
    from ..mapping import ImportMapping, Mapped
    from ..sources.base import Request, Source
    from ..sources.registry import Provenance
    from ..store.base import Store
    from .plan import Plan

Progress = Callable[[int, int, str], None]
_READING, _MAPPING, _CHECKING, _WRITING = range(4)
_STEPS = 4


# A broken file's coordinates may be anything; what comes of them is found and said row by row.
@np.errstate(all="ignore")
def import_file(
    district: District | Path | str,
    file: Path | str,
    layer: str | None = None,
    *,
    fields: Sequence[str] = (),
    mapping: ImportMapping | Path | str | None = None,
    crs: str | None = None,
    round: str | None = None,
    source_layer: str | None = None,
    join: str | None = None,
    accept_proposals: bool = False,
    dry_run: bool = False,
    new_as: str | None = None,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> ImportReport:
    """Take a file's rows into a district as one layer of a round, or a raster as one of its rasters.

    Parameters
    ----------
    district : a district or its folder
    file : a regular file on this machine, of a known format
    layer : the declared layer, by name or title; None where the mapping names it, or the file is a ledger that comes back
    fields : `NAME=COLUMN`, on top of the mapping
    mapping : a mapping, or its TOML file
    crs : what the coordinates are: `EPSG:n`, `gcj02` or `bd09`; needed where the file does not say
    round : ISO date; a new one, or a draft made by imports that lacks the layer; None means today
    source_layer : one of the file's layers or sheets, where it has several
    join : `LAYER` or `LAYER=COLUMN`: rows take the place, or the code, of the row of that layer which the
        column names
    accept_proposals : use what the importer believes where the file does not say
    dry_run : do everything but write
    new_as : `geopackage` or `geoparquet`: what a new round is kept as; None means what the district says, or
        else what suits its size
    progress : called with the step's number, how many there are, and what is being done; once all is
        written, with the number of steps and what was written
    waiting : told once, in words, for whom a writer has to wait; None means that `progress` is

    Returns
    -------
    ImportReport
        Rows that could not be taken are in `left_out`; entries that could not be read are unknown and in
        `findings`.

    Raises
    ------
    DeclarationError
        The district's or the mapping's declaration is wrong.
    UnknownNameError
        There is no such layer or coordinate system.
    SourceError, DataError
        The file cannot be read, lacks a column, states no coordinate system, or has no usable row.
    StoreError
        The round cannot be written; all is as it was before.
    """
    from ..intake import Rows, filled_by_join, place, require_geometry, resolve_names, take_usable
    from ..intake import join as join_with
    from ..store.lock import current_user
    from .ledger import returned_ledger
    from .plan import FOLDER, Plan, layer_of, mapping_of
    from .target import Target, now

    step = progress or (lambda done, total, what: None)
    opened = district if isinstance(district, District) else open_district(district)
    wanted = mapping_of(mapping, fields, join, source_layer)
    ledger = returned_ledger(
        opened, file, layer, wanted, round=round, accept_proposals=accept_proposals,
        dry_run=dry_run, progress=step, waiting=waiting,
    )  # fmt: skip
    if ledger is not None:
        return ledger
    declared = layer_of(opened, layer, wanted)
    if declared.geometry == "Raster":
        from .raster import import_raster

        return import_raster(
            opened, file, declared, crs or wanted.crs, dry_run=dry_run, progress=step
        )
    target = Target(
        opened,
        round or dt.date.today().isoformat(),
        declared.name,
        waiting=waiting or (lambda words: step(_WRITING, _STEPS, words)),
        new_as=new_as,
    )
    target.require_writable()

    plan = Plan(
        declared, opened.folder / FOLDER, wanted, mapping is not None, accept_proposals, fields
    )
    source, provenance, mapped = plan.read(
        _reader(file, step), lambda name: filled_by_join(declared, name)
    )
    rows = Rows(declared, source)
    _tell_mapping(rows, mapped, source, opened, filled_by_join(declared, plan.mapping.join))
    for words in mapped.doubled:
        rows.find(
            "ambiguous-column",
            (),
            words,
            Said("one column for a field", "一个字段对应一列"),
            Said("say which with --field", "在字段对应中指明用哪一列"),
        )
    for words in source.notes:
        rows.remark("file", words)
    rows.proposals += plan.proposals
    # From here on the rows alone hold the file's content, so that none of it is kept twice.
    facts = (source.layer, source.rows_read, source.columns)
    shift = _named_shift(source, declared)
    del source

    store = target.store
    rows.choose(mapped.mapping)
    joining = plan.mapping.join
    rows.read_fields(
        mapped,
        lambda done, total, name: step(
            _MAPPING,
            _STEPS,
            Said(
                f"mapping field {done + 1} of {total}: {name}",
                f"对应字段 {done + 1}/{total}：{declared.field_called(name).zh}",
            ),
        ),
        keep_raw=joining is not None,
    )
    if joining is not None:
        join_with(rows, joining, opened, store, target.round, provenance.file)
    require_geometry(rows, opened, store, target.round)
    resolve_names(
        rows, opened, store, target.round, joining and joining.partition("=")[0], accept_proposals
    )
    step(_CHECKING, _STEPS, _of_rows("checking", "检查", len(rows.frame)))
    said = crs or plan.mapping.crs
    stated = place(rows, said, opened, store, accept=accept_proposals, named_shift=shift)
    take_usable(rows, opened.spec.metric_crs, accept=accept_proposals)
    _tell_of_round(rows, opened, store, target.round)

    imported_at = now()

    def record(number: int) -> ImportRecord:
        return ImportRecord(
            id=number,
            layer=declared.name,
            file=provenance.file,
            sha256=provenance.sha256,
            source_layer=facts[0],
            mapping=mapped.as_json,
            crs=stated,
            imported_at=imported_at,
            imported_by=current_user(),
            rows_read=facts[1],
            rows_taken=len(rows.frame),
        )

    if not dry_run:
        step(_WRITING, _STEPS, _of_rows("writing", "写入", len(rows.frame)))
        target.write(rows.frame, rows.labels, record)
        if target.outgrown:
            rows.remark(
                "round-form",
                Said(
                    f"round {target.round} is kept as GeoParquet from now on, since a GeoPackage is slow with so many"
                    " rows; `atlas convert` makes it one again",
                    f"因行数较多，轮次 {target.round} 自此以 GeoParquet 保存；可用 atlas convert 改回 GeoPackage",
                ),
            )
        step(
            _STEPS,
            _STEPS,
            Said(
                f"{declared.name} was written to round {target.round}",
                f"{declared.called.zh}已写入轮次 {target.round}",
            ),
        )
        _keep_mapping(rows, plan, mapped, facts[2], provenance.file, imported_at, said)
    return ImportReport(
        declared.name,
        target.round,
        facts[1],
        len(rows.frame),
        tuple(rows.left_out),
        tuple(rows.proposals),
        tuple(rows.findings),
    )


def _reader(file: Path | str, step: Progress) -> Callable[[Request], tuple[Source, Provenance]]:
    from ..sources.registry import read_source

    def told(done: int, total: int, what: str) -> None:
        of, of_zh = (f" of {total:,}", f"/{total:,}") if total else ("", "")
        unit = in_language(what, "zh")
        said = Said(
            f"reading {done:,}{of} {what}".rstrip(), f"读取 {done:,}{of_zh} {unit}".rstrip()
        )
        step(_READING, _STEPS, said)

    def read(request: Request) -> tuple[Source, Provenance]:
        step(_READING, _STEPS, Said("reading", "读取"))
        return read_source(file, request, progress=told)

    return read


def _of_rows(en: str, zh: str, count: int) -> Said:
    """What is being done, and with how many rows."""
    return Said(f"{en} {amount(count, 'row')}", f"{zh} {count:,} 行")


def _tell_mapping(
    rows: Rows, mapped: Mapped, source: Source, district: District, joined: frozenset[str]
) -> None:
    """What each field was taken from, what no field took, and what is measured with a field that took nothing."""
    from ..sources.places import place_columns
    from ..validate import expected_values

    places = place_columns(source.columns, mapped.layer.geometry)
    join = (mapped.mapping.join or "").partition("=")[2].strip()
    others = [name for one in places for name in one.names] + [join] * bool(join)
    unused = mapped.unused(source.columns, others)
    text = mapped.shown
    if unused and source.format != "OSM PBF":  # whose hundreds of tags are not this file's columns
        left = abridge(unused, 20)
        text += Said(f"; not used: {left}", f"；未用的列：{left.zh}")
    rows.remark("field-mapping", text)
    for near in mapped.other_words:
        field, column = near.match.field, near.match.column
        rows.find(
            "other-words",
            (),
            near.in_other_words,
            expected_values(mapped.layer.fields[field]),
            Said(
                f'if it is that, say in a mapping file what its words mean: [fields.{field}] column = "{column}"'
                + (
                    ", yes = […], no = […]"
                    if mapped.layer.fields[field].type == "bool"
                    else ", values = {…}"
                ),
                f'若确为该项，请在字段对应文件中说明各词的含义：[fields.{field}] column = "{column}"'
                + (
                    "，yes = […]，no = […]"
                    if mapped.layer.fields[field].type == "bool"
                    else "，values = {…}"
                ),
            ),
        )
    measured = district.catalog.measuring_fields(mapped.layer)
    blank = [name for name in mapped.blank if name in measured and name not in joined]
    if blank:
        uses = district.catalog.indicators_called(use for name in blank for use in measured[name])
        rows.find(
            "unmapped-field",
            (),
            Said(
                f"no column for {', '.join(blank)}: unknown in every row, and measured with by {uses}",
                f"{'、'.join(mapped.layer.field_called(name).zh for name in blank)}没有对应的列："
                f"各行均为“情况不明”，影响指标：{uses.zh}",
            ),
            Said(
                "a column for each field that an indicator rests on", "指标所用的字段均有对应的列"
            ),
            Said(
                f"map them with --field {blank[0]}=COLUMN where the file has them under another name",
                f"文件中如以其他名称存有，请在字段对应中指定（命令行：--field {blank[0]}=列名）",
            ),
        )


def _tell_of_round(rows: Rows, district: District, store: Store, round_: str) -> None:
    """Whether its date is to come, and what the round before has that the rows lack: units, or a great part of them."""
    from .fewer import fewer_rows
    from .target import of_the_future
    from .units import units_left_out

    odd = of_the_future(round_)
    if odd is not None:
        rows.find("future-round", (), *odd)
    layer = rows.layer
    few = fewer_rows(district, store, round_, layer, rows.frame)
    if few is not None:
        rows.find("fewer-rows", (), few.found, few.expected, few.remedy)
    if layer not in district.levels:
        return
    left = units_left_out(layer, store, round_, rows.frame[str(layer.key)])
    if left is not None:
        rows.find("units-left-out", left.codes, left.found, left.expected, left.remedy)


def _keep_mapping(
    rows: Rows,
    plan: Plan,
    mapped: Mapped,
    columns: Sequence[str],
    file: str,
    at: str,
    crs: str | None,
) -> None:
    """Keep what the user had to say for the next file of these columns, and say that it was kept."""
    from .plan import FOLDER

    try:
        path = plan.keep(mapped, columns, file, at, crs)
    except OSError as error:
        told = Said("the mapping could not be kept: ", "字段对应未能保存：") + reason_of(error)
        rows.remark("mapping-kept", told)
        return
    if path is not None:
        where = f"{FOLDER}/{path.name}"
        told = Said(
            f"for the next file of these columns: {where}", f"供列名相同的后续文件使用：{where}"
        )
        rows.remark("mapping-kept", told)


def _named_shift(source: Source, layer: Layer) -> tuple[Shift, Said] | None:
    """The shift that the names of a table's coordinate columns speak of, as `高德经度` does."""
    from ..sources.places import place_columns

    if source.format not in ("CSV", "Excel"):
        return None
    said = [one for one in place_columns(source.columns, layer.geometry) if one.kind != "wkt"]
    if not said or said[0].datum not in ("gcj02", "bd09"):
        return None
    shift: Shift = "gcj02" if said[0].datum == "gcj02" else "bd09"
    return shift, Said(
        f"the names {' and '.join(said[0].names)} say so",
        f"列名{'、'.join(said[0].names)}如此注明",
    )
