"""What the system speaks of: declarations (frozen, checked by pydantic) and the shape of a result.

A declaration says *what and how much is enough*; it holds no place, no data and no figure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from .errors import Fault
from .said import Said, joined, quoted

GeometryKind = Literal["Point", "LineString", "Polygon", "Raster", "Table"]
FieldType = Literal["text", "integer", "number", "bool", "category", "date"]
Project = Literal[
    "cleaning", "greening", "hardening", "lighting", "facades", "certification", "weak_spots"
]
Level = Literal["village", "town", "district"]
Measure = Literal["m", "m2", "count"]
Status = Literal["met", "not_met", "undecided", "no_data"]
Decision = Literal["in", "partly", "out"]
Side = Literal["north", "east", "south", "west"]
RuleName = Literal["area_share", "representative_point", "any_overlap"]
Scalar = bool | int | float | str

SIDES: tuple[Side, ...] = ("north", "east", "south", "west")
"""Round the area clockwise, so that each side meets the next one at a corner."""
SIDES_ZH: dict[Side, str] = {"north": "北", "east": "东", "south": "南", "west": "西"}


def corner_zh(sides: Iterable[Side]) -> str:
    """A corner as Chinese has it: east or west comes first.

    Examples
    --------
    >>> corner_zh(("south", "west"))
    '西南'
    """
    return "".join(
        SIDES_ZH[side] for side in sorted(sides, key=("east", "west").count, reverse=True)
    )


class Declared(BaseModel):
    """A declaration: frozen, and a key it does not know is an error rather than a silent typo."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False)


class Title(Declared):
    """A name for readers, in both languages."""

    zh: str
    en: str

    def in_(self, language: str) -> str:
        """The title in `language` ("zh" or "en")."""
        return self.zh if language == "zh" else self.en


class FieldSpec(Declared):
    """One attribute of a layer. A missing value of any type is *unknown*."""

    type: FieldType
    required: bool = False
    title: Title | None = None
    values: tuple[str, ...] = ()
    value_titles: dict[str, Title] = Field(default_factory=dict)
    """What a category's values are called, or a text where it reads just so; another text stands as it is."""
    unit: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    refers_to: tuple[str, ...] = ()
    """Layers, any of which must have the value as a key: the unit an inspection was held in, say."""
    not_after_round: bool = False
    """A date of something that has happened: none can be later than the round it is surveyed in."""
    seldom: bool = False
    """Filled in only where there is something to say, as remarks are: that most rows lack it is no finding."""

    @model_validator(mode="after")
    def _only_dates_have_happened(self) -> Self:
        if self.not_after_round and self.type != "date":
            raise ValueError(
                Said("only a date has `not_after_round`", "只有 date 字段有 `not_after_round`")
            )
        return self

    @model_validator(mode="after")
    def _category_lists_its_values(self) -> Self:
        if (self.type == "category") != bool(self.values):
            raise ValueError(
                Said(
                    "a category needs `values`, and only a category has them",
                    "category 字段须有 `values`，其他字段没有",
                )
            )
        if self.value_titles and self.type not in ("category", "text"):
            raise ValueError(
                Said(
                    "only a category or a text has `value_titles`",
                    "只有 category 或 text 字段有 `value_titles`",
                )
            )
        stray = set(self.value_titles) - set(self.values)
        if stray and self.type == "category":
            listed = joined(map(quoted, sorted(stray)))
            raise ValueError(
                Said(
                    f"value_titles for values that are not declared: {listed}",
                    f"value_titles 中有未声明的取值：{listed.zh}",
                )
            )
        return self


class Style(Declared):
    """How a layer is drawn: one colour, or colours by the values of a field."""

    color: str = "#5b6770"
    color_by: str | None = None
    colors: dict[str, str] = Field(default_factory=dict)
    width_px: float = 2.0
    radius_px: float = 4.0
    fill_opacity: float = Field(default=0.25, ge=0, le=1)
    dashed: bool = False
    order: int = 50
    """Drawing order: smaller is drawn first, so lies underneath."""
    shown: bool = True


class Target(Declared):
    """A threshold for a rate that the policy itself sets, with its clause."""

    at_least: float = Field(ge=0, le=1)
    by: dt.date | None = None
    source: str
    clause: str


class Reference(Declared):
    """A value from elsewhere to read a rate against; never a verdict."""

    value: float = Field(ge=0, le=1)
    source: str
    year: int | None = None


class UnitSpec(Declared):
    """Says that the features of a layer are units, at which level, and which fields name them."""

    level: Literal["village", "town"]
    code: str = "code"
    name: str = "name"
    parent: str | None = None
    """The field that holds the code of the coarser unit."""


class Reach(Declared):
    """How far a point serves along a line: a distance, or a multiple of a recorded height.

    Where the height is unknown the reach is unknown, but no more than `at_most_m`.
    """

    distance_m: float | None = Field(default=None, gt=0)
    field: str | None = None
    times: float | None = Field(default=None, gt=0)
    at_most_m: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_way_or_the_other(self) -> Self:
        by_height = (self.field, self.times, self.at_most_m)
        if self.distance_m is not None:
            if any(item is not None for item in by_height):
                raise ValueError(
                    Said(
                        "give either `distance_m`, or `field`, `times` and `at_most_m`",
                        "或写 `distance_m`，或写 `field`、`times` 与 `at_most_m`",
                    )
                )
        elif any(item is None for item in by_height):
            raise ValueError(
                Said(
                    "without `distance_m`, all of `field`, `times`, `at_most_m` are needed",
                    "不写 `distance_m` 时，`field`、`times`、`at_most_m` 缺一不可",
                )
            )
        return self


class Ratio(Declared):
    """A feature's own ratio: a field over the feature's area or over another field."""

    numerator: str
    denominator: str = "area"
    """`area` (of the polygon, m²) or the name of a numeric field."""


Where = dict[str, Scalar | tuple[Scalar, ...]]
Condition = str | tuple[str, ...] | Where
"""A bool field; several bool fields that must all hold; or fields and the values they must have."""


def condition_fields(condition: Condition) -> tuple[str, ...]:
    """The names of the fields a condition looks at."""
    return (condition,) if isinstance(condition, str) else tuple(condition)


class IndicatorBase(Declared):
    """What all kinds of indicator share."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
    project: Project
    title: Title
    definition: Title
    """The numerator over the denominator, in words."""
    where: Where = Field(default_factory=dict)
    by: str | None = None
    """A category field: the indicator is also given for each of its values."""
    target: Target | None = None
    reference: Reference | None = None


class ShareOfCount(IndicatorBase):
    """Number of features for which `covered` holds, of all."""

    kind: Literal["share_of_count"]
    covered: Condition


class ShareOfLength(IndicatorBase):
    """Length of lines for which `covered` holds, of all."""

    kind: Literal["share_of_length"]
    covered: Condition


class ShareOfArea(IndicatorBase):
    """Area of polygons for which `covered` holds, of all."""

    kind: Literal["share_of_area"]
    covered: Condition


class ShareWithinDistance(IndicatorBase):
    """Length of lines within reach of the points of another layer, of all."""

    kind: Literal["share_within_distance"]
    of: str
    of_where: Where = Field(default_factory=dict)
    reach: Reach


class ShareOfPixels(IndicatorBase):
    """Area of polygons whose raster value is at least `at_least`, pixels weighted by overlap."""

    kind: Literal["share_of_pixels"]
    raster: str
    at_least: float
    band: int = Field(default=1, ge=1)


class ShareMeeting(IndicatorBase):
    """Number of features whose own ratio passes the threshold of their category, of all."""

    kind: Literal["share_meeting"]
    ratio: Ratio
    category: str
    thresholds: dict[str, float]


Indicator = Annotated[
    ShareOfCount | ShareOfLength | ShareOfArea | ShareWithinDistance | ShareOfPixels | ShareMeeting,
    Field(discriminator="kind"),
]
KINDS: dict[str, type[IndicatorBase]] = {
    get_args(kind.model_fields["kind"].annotation)[0]: kind
    for kind in get_args(get_args(Indicator)[0])
}
"""The kinds of indicator, by what a declaration says is its `kind`."""


class Layer(Declared):
    """One kind of thing: its fields, its key, how it is drawn, and what is measured on it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    geometry: GeometryKind
    key: str | None = None
    label: str | None = None
    """The field a reader knows a feature by; the key where there is none."""
    fields: dict[str, FieldSpec] = Field(default_factory=dict)
    unit: UnitSpec | None = None
    style: Style = Field(default_factory=Style)
    points_too: bool = False
    """A layer of lines in which a point may stand for a line (a sluice that names an edge)."""
    network: bool = False
    """Lines that meet at their ends, as streets do: an end that falls just short is a slip."""
    backdrop: bool = False
    """Drawn underneath for orientation; never measured."""
    rows_at_least: float = Field(default=0.75, ge=0, le=1)
    """Of the rows of the round before, the share from which on those of a round are not remarked on as few."""
    indicators: tuple[Indicator, ...] = Field(default=(), alias="indicator")

    @property
    def called(self) -> Said:
        """The layer as a finding speaks of it: its name, and to a Chinese reader its title."""
        return Said(self.name, self.title.zh)

    def field_called(self, name: str) -> Said:
        """A field as a finding speaks of it: its name, after its title for a Chinese reader."""
        spec = self.fields.get(name)
        title = spec.title.zh if spec is not None and spec.title is not None else None
        return Said(name, f"{title}（{name}）" if title is not None else name)

    @property
    def bool_fields(self) -> tuple[str, ...]:
        """The names of the three-valued fields."""
        return tuple(name for name, spec in self.fields.items() if spec.type == "bool")


class ScopeRule(Declared):
    """How a unit's place in the area is decided.

    `area_share`: in from `in_at_least` of its area, out up to `out_at_most`, else partly.
    `representative_point`: in where a point inside the unit lies in the area.
    `any_overlap`: in where any of it lies in the area.
    """

    rule: RuleName = "area_share"
    in_at_least: float = Field(default=0.95, gt=0, le=1)
    out_at_most: float = Field(default=0.05, ge=0, lt=1)
    close_within_m: float | None = Field(default=None, gt=0)
    """The widest corner that may be closed; unsaid: 500 m or the two edges' accuracies together."""

    @model_validator(mode="after")
    def _thresholds_in_order(self) -> Self:
        if self.out_at_most >= self.in_at_least:
            raise ValueError(
                Said(
                    "`out_at_most` must be less than `in_at_least`",
                    "`out_at_most` 须小于 `in_at_least`",
                )
            )
        return self


class DistrictSpec(Declared):
    """What `district.toml` says of a district."""

    name: Title
    code: str
    metric_crs: str
    levels: tuple[str, ...] = ("villages", "towns")
    """Unit layers from fine to coarse."""
    illustrative: Title | None = None
    """Set where layers are made up: the words that every view must carry."""
    scope: ScopeRule = Field(default_factory=ScopeRule)
    targets: dict[str, Target] = Field(default_factory=dict)
    value_titles: dict[str, dict[str, dict[str, Title]]] = Field(default_factory=dict)
    """Texts of the district's own data in both languages: by layer, field and the text as stored."""
    map_review_number: str | None = None
    rounds: Literal["geopackage", "geoparquet"] | None = None
    """What new rounds are kept as: one file for QGIS, or a folder for large layers; unsaid: by their size."""
    memory_mb: int | None = Field(default=None, ge=768)
    """What measuring may take; unsaid: 1024. Layers too large for that are read batch by batch."""


Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One thing a check found in a layer; an `error` keeps the layer from being used."""

    code: str
    severity: Severity
    layer: str
    rows: tuple[object, ...]
    """Ids, or line numbers where there are no ids; empty where the whole layer is meant."""
    found: Said
    expected: Said
    remedy: Said
    repairable: bool = False

    def fault(self) -> Fault:
        """The finding as a fault that an error can carry."""
        return Fault(self.layer, self.found, self.expected, self.remedy, self.rows)


@dataclass(frozen=True)
class ImportRecord:
    """Where the rows of a layer came from: one record a file brought in."""

    id: int
    layer: str
    file: str
    sha256: str
    source_layer: str | None
    mapping: str
    """The field mapping as JSON."""
    crs: str
    imported_at: str
    """ISO 8601, UTC."""
    imported_by: str
    rows_read: int
    rows_taken: int
