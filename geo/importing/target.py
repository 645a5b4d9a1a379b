"""The round an import writes to."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..district import District
from ..errors import GeoError, StoreError
from ..model import ImportRecord
from ..said import Said

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from ..store.base import Store


class Target:
    """A layer of a round: a new one, or a draft made by imports that lacks the layer."""

    def __init__(
        self,
        district: District,
        round_: str,
        layer: str,
        waiting: Callable[[str], None] | None = None,
        new_as: str | None = None,
    ) -> None:
        from ..store import open_store
        from ..store.base import require_date

        self.round = require_date(round_)
        self.layer = layer
        self.folder = district.rounds_folder
        self._chosen = new_as or district.spec.rounds
        self.store = open_store(
            self.folder, district.catalog.layers, new_as=self._chosen, waiting=waiting
        )
        self.outgrown = False
        """Whether the round became a folder of GeoParquet, because what was added is too large for a file."""

    def require_writable(self) -> None:
        """Find out before the work rather than after it.

        Raises
        ------
        StoreError
            The folder is read-only, or the round is published, made by another program, or has the layer.
        """
        require_folder(self.folder)
        require_addable(self.store, self.round, [self.layer])

    def write(
        self,
        frame: gpd.GeoDataFrame | pd.DataFrame,
        labels: pd.Series[str],
        record: Callable[[int], ImportRecord],
    ) -> None:
        """Make the round, or add the layer to it, whatever another import added meanwhile.

        Parameters
        ----------
        frame : the layer's rows
        labels : what each is called in its file
        record : the import's record, by its id
        """
        with self.store.turn():
            self.require_writable()
            exists = self.round in self.store.rounds()
            records = self.store.imports(self.round) if exists else ()
            number = max((one.id for one in records), default=0) + 1
            origin = labels.set_axis(frame.index).astype("string")
            tables = {self.layer: frame.assign(src_import=number, src_row=origin)}
            made = (record(number),)
            if exists:
                self.outgrown = self._outgrow(tables)
                try:
                    self.store.add(self.round, tables, made, onto=self.store.digest(self.round))
                except BaseException:
                    self._shrink()
                    raise
            else:
                self.store.write(self.round, tables, made)

    def _outgrow(self, tables: Mapping[str, gpd.GeoDataFrame | pd.DataFrame]) -> bool:
        """Keep the round in the form that suits its new table, unless this import or the district says which."""
        from ..store.both import BothStore, suitable_form

        if self._chosen or suitable_form(tables) == "geopackage":
            return False
        if not isinstance(self.store, BothStore):
            return False
        try:
            return self.store.convert(self.round, "geoparquet", onto=self.store.digest(self.round))
        except StoreError:
            # It holds a project of QGIS, say, or is open there: then it stays a file, which takes longer.
            return False

    def _shrink(self) -> None:
        """Make the round a file again, since what it had outgrown it for could not be added."""
        from ..store.both import BothStore

        if self.outgrown and isinstance(self.store, BothStore):
            with suppress(
                GeoError
            ):  # what is told is why nothing could be added; the rows are whole either way
                self.store.convert(self.round, "geopackage", onto=self.store.digest(self.round))
            self.outgrown = False


def require_addable(store: Store, round_: str, layers: Iterable[str]) -> None:
    """Refuse a round that is not to be added to, or that has one of these layers already.

    Raises
    ------
    StoreError
        It is published, made by another program, or has the layer.
    """
    store.require_draft(round_)
    if round_ not in store.rounds():
        return
    if not store.imports(round_):
        raise StoreError(
            Said(
                f"round {round_} was not made by imports, so it is not added to; choose another date",
                f"轮次 {round_} 不是由导入生成，不予追加；请另选日期",
            )
        )
    held = [name for name in layers if name in store.tables(round_)]
    if held:
        names = ", ".join(held)
        raise StoreError(
            Said(
                f"round {round_} has {names} already, and what a round holds is never replaced;"
                f" choose another date, or take it back first: atlas undo --round {round_}",
                f"轮次 {round_} 已有 {names}，已有内容不予替换；请另选日期，或先撤回：atlas undo --round {round_}",
            )
        )


def require_folder(folder: Path) -> None:
    """Refuse a folder that cannot be written to.

    Raises
    ------
    StoreError
        It is read-only.
    """
    present = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(present, os.W_OK):
        raise StoreError(
            Said(
                f"{present} is read-only; copy the district to a folder of your own and import there",
                f"{present} 为只读；请将本区数据复制到自己的文件夹后再导入",
            )
        )


def of_the_future(round_: str) -> tuple[Said, Said, Said] | None:
    """What is odd of a round dated later than today: found, expected, remedy; None where it is not.

    A survey may be dated ahead on purpose, so it is taken; a slip of the year makes it the newest for decades.
    """
    today = dt.date.today().isoformat()
    if round_ <= today:
        return None
    return (
        Said(
            f"round {round_} is dated in the future (today is {today}); until then it counts as the newest",
            f"轮次 {round_} 的日期晚于今天（{today}）；到该日之前，它一直算作最新轮次",
        ),
        Said("the date of the survey, today at the latest", "调查日期，不晚于今天"),
        Said(
            f"if the date is a slip: atlas undo --round {round_}, and import again with the right one",
            f"如日期有误，先撤回（atlas undo --round {round_}），再以正确日期导入",
        ),
    )


def now() -> str:
    """The time, as records keep it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
