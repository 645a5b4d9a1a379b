"""How a file is to be understood: the user's mapping, one kept from an earlier file, and what comes near."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..district import District
from ..errors import DataError, Fault, SourceError
from ..mapping import (
    ImportMapping,
    Mapped,
    columns_wanted,
    fitting,
    keep,
    kept_mappings,
    load_mapping,
    map_columns,
    require_fields,
    with_options,
)
from ..model import Layer
from ..placing.proposal import Proposal
from ..said import NOTHING, Said
from ..sources.base import Request

if TYPE_CHECKING:
    from ..sources.base import Source
    from ..sources.registry import Provenance

    Read = Callable[[Request], tuple[Source, Provenance]]

FOLDER = "mappings"
"""Where a district keeps its mappings."""


def mapping_of(
    given: ImportMapping | Path | str | None,
    fields: Sequence[str],
    join: str | None = None,
    source_layer: str | None = None,
) -> ImportMapping:
    """The user's mapping, with `NAME=COLUMN` and other options on top.

    Raises
    ------
    DeclarationError
        The file or an option says what it may not.
    """
    if given is None:
        given = ImportMapping()
    elif not isinstance(given, ImportMapping):
        given = load_mapping(Path(given))
    said = {"join": join, "source_layer": source_layer}
    own = {name: value for name, value in said.items() if value is not None}
    return with_options(given, fields).model_copy(update=own)


def layer_of(district: District, name: str | None, mapping: ImportMapping) -> Layer:
    """The layer that is imported to: the one named, or the mapping's.

    Raises
    ------
    DataError
        Neither names one.
    UnknownNameError
        It is not declared, or the one that its rows are joined to is not.
    """
    if mapping.join is not None:
        district.catalog.layer(mapping.join.partition("=")[0].strip())
    chosen = name or mapping.layer
    if chosen is None:
        raise DataError(
            Fault(
                "import",
                Said("no layer named", "未指定图层"),
                Said("a declared layer", "已声明的图层"),
                Said(
                    "add --layer NAME, or `layer` to the mapping",
                    "用 --layer 指定图层，或在字段对应文件中写明 `layer`",
                ),
            )
        )
    return district.catalog.layer_asked_for(chosen)


@dataclass
class Plan:
    """The mapping of one file to one layer, and what was proposed for it."""

    layer: Layer
    folder: Path
    """The district's mappings."""
    mapping: ImportMapping
    given: bool
    """Whether the user named a mapping; then none that is kept is proposed."""
    accept: bool
    options: Sequence[str] = ()
    proposals: list[Proposal] = field(default_factory=list)

    def read(
        self, read: Read, filled: Callable[[str | None], frozenset[str]]
    ) -> tuple[Source, Provenance, Mapped]:
        """Read the file and hold the mapping against it.

        Parameters
        ----------
        read : reads the file for a request
        filled : the fields that a join gives

        Raises
        ------
        SourceError, DataError
            The file cannot be read; the mapping does not fit; a required field has no column.
        """
        kept = {} if self.given else kept_mappings(self.folder, self.layer)
        wanted = columns_wanted((self.mapping, *kept.values()), self.layer)
        source, provenance = self._first(read, wanted, kept)
        best = fitting(kept, source.columns)
        if best is not None:
            self._propose(Proposal("saved-mapping", best.evidence, self.accept))
            if self.accept:
                own = self.mapping.model_dump(include={"source_layer", "join"}, exclude_none=True)
                kept_one = best.mapping.model_copy(update=own)
                self.mapping = with_options(kept_one, self.options)
        mapped = map_columns(
            self.mapping, self.layer, provenance.file, source.columns, source.frame
        )
        for near in mapped.near:
            self._propose(Proposal("column-match", near.evidence, self.accept))
        if self.accept and mapped.near:
            mapped = mapped.with_fields({near.match.field: near.mapping for near in mapped.near})
            missing = {near.match.column for near in mapped.near} - set(source.frame.columns)
            if missing:
                # A format that gives only what it is asked for is asked again.
                source, provenance = read(self._request(wanted | missing))
        advice = best.evidence if best is not None and not self.accept else NOTHING
        require_fields(mapped, source.columns, filled(self.mapping.join), advice)
        return source, provenance, mapped

    def keep(
        self, mapped: Mapped, columns: Sequence[str], file: str, at: str, crs: str | None
    ) -> Path | None:
        """Keep what the user had to say, for the next file of the same columns; None where that is nothing.

        Raises
        ------
        OSError
            The district's folder cannot be written.
        """
        plain = ImportMapping(layer=self.mapping.layer, columns=self.mapping.columns)
        said = self.mapping != plain or crs is not None or (self.accept and mapped.near)
        if not said or not columns:
            return None
        used = mapped.used.model_copy(
            update={
                "layer": self.layer.name,
                "columns": tuple(columns),
                "crs": crs or self.mapping.crs,
            }
        )
        if any(used == one for one in kept_mappings(self.folder, self.layer).values()):
            return None
        return keep(self.folder, used, file, at)

    def _first(
        self, read: Read, wanted: frozenset[str], kept: Mapping[Path, ImportMapping]
    ) -> tuple[Source, Provenance]:
        """The file's layer that is named, or else the one that an earlier file was read by."""
        try:
            return read(self._request(wanted))
        except SourceError:
            layers = {one.source_layer for one in kept.values()} - {None}
            if not (self.accept and self.mapping.source_layer is None and len(layers) == 1):
                raise
        self.mapping = self.mapping.model_copy(update={"source_layer": layers.pop()})
        return read(self._request(wanted))

    def _request(self, columns: frozenset[str]) -> Request:
        return Request(self.mapping.source_layer, self.layer.geometry, columns)

    def _propose(self, proposal: Proposal) -> None:
        self.proposals.append(proposal)
