"""A ledger that an office filled in and sent back → a new round with the states and remarks it says.

`atlas report --format xlsx` writes the weak spots as a sheet in which states and remarks may be changed, and
says on a hidden sheet what it was made from. What the office changed is told by holding each row against
the round the ledger was printed from; a row that also changed in a newer round meanwhile is nobody's to
decide here: it stays as it is, and is listed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..district import District
from ..errors import DataError, Fault, SourceError, StoreError, UnknownNameError, amount
from ..model import Finding, ImportRecord, Layer
from ..placing.proposal import Proposal
from ..said import Said
from ..sources.base import LEDGER_SHEET, LeftOut, Request
from .merging import TAKEN, LedgerRecord, Line, Merge, Value
from .report import ImportReport
from .target import now, of_the_future, require_folder

if TYPE_CHECKING:
    import pandas as pd

    from ..mapping import ImportMapping
    from ..store.base import Store

Progress = Callable[[int, int, str], None]
FORMAT = "1"
_NEEDED = ("district", "round", "data_digest", "layer", "key", "sheet", "header_row", "columns")


def returned_ledger(
    district: District,
    file: Path | str,
    layer: str | None,
    mapping: ImportMapping,
    *,
    round: str | None,
    accept_proposals: bool,
    dry_run: bool,
    progress: Progress,
    waiting: Callable[[str], None] | None = None,
) -> ImportReport | None:
    """Import a file that is a returned ledger, where no layer is named and nothing is said of its columns.

    Parameters
    ----------
    layer, mapping : what the user says of the file; a ledger says all of it itself

    Returns
    -------
    ImportReport or None
        None where it is an ordinary file.
    """
    if layer is not None or mapping != type(mapping)():
        return None
    record = ledger_record(file)
    if record is None:
        return None
    return import_ledger(
        district, file, record, round=round, accept_proposals=accept_proposals,
        dry_run=dry_run, progress=progress, waiting=waiting,
    )  # fmt: skip


def ledger_record(file: Path | str) -> LedgerRecord | None:
    """What a file says of itself if it is a ledger of this program; None where it is none.

    Raises
    ------
    SourceError
        It is a workbook that cannot be opened.
    DataError
        It is a ledger of a form that this version does not know.
    """
    from ..sources.registry import read_source

    if Path(file).suffix.lower() not in (".xlsx", ".xlsm"):
        return None
    try:
        source, _ = read_source(file, Request(LEDGER_SHEET, grid=True))
    except SourceError as error:
        if any(fault.expected == f"a layer {LEDGER_SHEET!r}" for fault in error.faults):
            return None
        raise
    if source.frame.shape[1] < 2:
        return None
    pairs = source.frame.iloc[:, :2].itertuples(index=False)
    said = {str(name): str(value) for name, value in pairs if name is not None}
    if "format" not in said:
        return None
    name = Path(file).name
    if said["format"] != FORMAT:
        raise _fault(
            name,
            Said(f"a ledger of form {said['format']}", f"台账格式为第 {said['format']} 版"),
            Said(f"one of form {FORMAT}", f"第 {FORMAT} 版"),
            Said(
                "take it back with the version that wrote it, or a newer one",
                "用生成该台账的程序版本或更新版本导入",
            ),
        )
    missing = [one for one in _NEEDED if one not in said]
    if missing:
        raise _fault(
            name,
            Said(f"a ledger without {', '.join(missing)}", f"台账缺 {'、'.join(missing)}"),
            Said("one with a list of things to put right", "含整改清单的台账"),
            Said(
                "write the ledger of a round that has such a list", "用含整改清单的轮次重新生成台账"
            ),
        )
    return LedgerRecord(said)


def import_ledger(
    district: District,
    file: Path | str,
    record: LedgerRecord,
    *,
    round: str | None = None,
    accept_proposals: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> ImportReport:
    """Take the states and remarks of a returned ledger into a new round.

    The new round is a copy of the newest round that has the layer; only what the ledger changes differs.

    Parameters
    ----------
    district : the one the ledger was written for
    file : the workbook
    record : what it says of itself; see `ledger_record`
    round : ISO date of the new round; None means today
    accept_proposals : take it even where the round it was printed from has changed since
    dry_run : do everything but write
    progress : called with the step's number, how many there are, and what is being done
    waiting : told once, in words, for whom a writer has to wait; None means that `progress` is

    Returns
    -------
    ImportReport
        `left_out` lists the rows that could not be taken: unknown keys, words that are no state, rows that
        changed in a newer round. Its round is None where the ledger changes nothing.

    Raises
    ------
    DataError
        It is the ledger of another district, or its round changed since and that was not accepted.
    UnknownNameError
        The round it was printed from, or its layer, is not there.
    StoreError
        The new round exists, or cannot be written.
    """
    from ..sources.registry import read_source
    from ..store import open_store
    from ..store.lock import current_user

    step = progress or (lambda done, total, what: None)
    step(0, 3, Said("reading", "读取"))
    said = record.said
    name = Path(file).name
    if said["district"] != district.spec.code:
        raise _fault(
            name,
            Said(f"a ledger of district {said['district']}", f"{said['district']} 区的台账"),
            Said(f"one of {district.spec.code}", f"{district.spec.code} 区的台账"),
            Said("choose the district it was written for with --district", "改选该台账所属的区"),
        )
    layer = _layer(district, record, name)
    source, provenance = read_source(file, Request(said["sheet"], grid=True))
    lines, left_out = _lines(source.frame, source.rows, record)
    target = round or dt.date.today().isoformat()
    require_folder(district.rounds_folder)
    store = open_store(
        district.rounds_folder,
        district.catalog.layers,
        new_as=district.spec.rounds,
        waiting=waiting or (lambda words: step(2, 3, words)),
    )
    step(1, 3, Said(f"comparing {amount(len(lines), 'row')}", f"比对 {len(lines):,} 行"))
    with store.turn():
        _require_new(store, target)
        newest = _newest(store, layer.name, said["round"])
        proposals = _aged(district, store, record, name, accept_proposals)
        merge = Merge(layer, store, said["round"], newest, record)
        merge.take(lines)
        left_out += merge.left_out
        if merge.changes and not dry_run:
            step(2, 3, Said(f"writing round {target}", f"写入轮次 {target}"))
            tables: dict[str, Any] = {
                table: merge.changed() if table == layer.name else store.read(newest, table)
                for table in store.tables(newest)
            }
            records = store.imports(newest)
            made = ImportRecord(
                id=max((one.id for one in records), default=0) + 1,
                layer=layer.name,
                file=provenance.file,
                sha256=provenance.sha256,
                source_layer=said["sheet"],
                mapping=json.dumps(
                    {
                        "ledger": {key: said[key] for key in ("round", "data_digest")},
                        "onto": newest,
                        "changes": merge.changes,
                        "left_out": [[item.row, item.reason] for item in left_out],
                    },
                    ensure_ascii=False,
                ),
                crs=str(getattr(tables[layer.name], "crs", None) or ""),
                imported_at=now(),
                imported_by=current_user(),
                rows_read=len(lines) + len(left_out) - len(merge.left_out),
                rows_taken=len(lines) - len(merge.left_out),
            )
            store.write(target, tables, [*records, made])
            step(3, 3, Said(f"round {target} was written", f"轮次 {target} 已写入"))
    rows_read = len(lines) + len(left_out) - len(merge.left_out)
    return ImportReport(
        layer.name,
        target if merge.changes else None,
        rows_read,
        len(lines) - len(merge.left_out),
        tuple(left_out),
        tuple(proposals),
        (*merge.findings(), *(_of_the_round(layer, target) if merge.changes else ())),
    )


def _of_the_round(layer: Layer, round_: str) -> tuple[Finding, ...]:
    """What is odd about the round that was written, or would be."""
    odd = of_the_future(round_)
    return () if odd is None else (Finding("future-round", "warning", layer.name, (), *odd),)


def _layer(district: District, record: LedgerRecord, name: str) -> Layer:
    layer = district.catalog.layer(record.said["layer"])
    missing = [field for field in TAKEN if field not in layer.fields]
    if missing or layer.key != record.said["key"]:
        raise _fault(
            name,
            Said(
                f"a ledger of {layer.name} by {record.said['key']}, with states and remarks",
                f"{layer.called.zh}的台账，编号字段为 {record.said['key']}，含状态和备注",
            ),
            Said(
                f"the layer with the key {layer.key} and the fields {', '.join(TAKEN)}",
                f"图层的编号字段为 {layer.key}，且有字段 {'、'.join(TAKEN)}",
            ),
            Said(
                "write the ledger again with the layers as they are declared now",
                "按现行图层声明重新生成台账",
            ),
        )
    return layer


def _lines(
    frame: pd.DataFrame, labels: pd.Series[Any], record: LedgerRecord
) -> tuple[list[Line], list[LeftOut]]:
    """The rows below the heading; those with no key are listed."""
    head = int(record.said["header_row"])
    nothing = record.said.get("nothing", "")
    lines, left_out = [], []
    for cells, label in zip(frame.itertuples(index=False), labels.tolist(), strict=True):
        if int(label.rpartition(" ")[2]) <= head:
            continue
        texts = {
            column: _text(cell, nothing)
            for column, cell in zip(record.columns, cells, strict=False)
        }
        key = texts.pop("key", None)
        if key is not None:
            lines.append(Line(label, key, texts))
        elif any(texts.values()):
            left_out.append(LeftOut(label, Said("no key", "无编号")))
    return lines, left_out


def _text(cell: object, nothing: str) -> Value:
    if cell is None or cell != cell:  # noqa: PLR0124 - NaN is not itself
        return None
    text = str(cell.date().isoformat() if isinstance(cell, dt.datetime) else cell).strip()
    return None if text in ("", nothing) else text


def _newest(store: Store, layer: str, printed: str) -> str:
    rounds = store.rounds()
    if printed not in rounds:
        raise UnknownNameError("round", printed, rounds)
    later = [one for one in rounds if one >= printed and layer in store.tables(one)]
    if not later:
        raise UnknownNameError(
            Said(f"layer in round {printed}", f"{printed} 轮次的图层"), layer, store.tables(printed)
        )
    return later[-1]


def _require_new(store: Store, target: str) -> None:
    from ..store.base import require_date

    store.require_draft(require_date(target))
    if target in store.rounds():
        raise StoreError(
            Said(
                f"round {target} exists already, and a ledger makes a round of its own; choose another date"
                " with --round",
                f"轮次 {target} 已存在，而台账须自成一轮；请另选日期",
            )
        )


def _aged(
    district: District, store: Store, record: LedgerRecord, name: str, accept: bool
) -> list[Proposal]:
    """Whether the round is still what the ledger was printed from."""
    from ..survey import Survey

    printed = record.said["round"]
    found = Survey(district, printed, store).digest
    if found == record.said["data_digest"]:
        return []
    was = record.said["data_digest"][:16]
    evidence = Said(
        f"round {printed} is no longer what the ledger was printed from (data digest {found[:16]}, not"
        f" {was}): what changed there since looks as if the office had changed it back",
        f"轮次 {printed} 已不是打印台账时的数据（数据摘要 {found[:16]}，原为 {was}）："
        "其后的改动看起来会像是被填报单位改了回去",
    )
    if not accept:
        raise _fault(
            name,
            evidence,
            Said("a ledger of the round as it is", "与该轮次现状一致的台账"),
            Said(
                "take it all the same with --accept-proposals (--dry-run shows the changes), or send a new ledger",
                "采纳建议以照旧导入（可先试导入查看改动），或重新下发台账",
            ),
        )
    return [Proposal("older-ledger", evidence, True)]


def _fault(name: str, found: Said, expected: Said, remedy: Said) -> DataError:
    return DataError(Fault(name, found, expected, remedy))
