"""What if: values changed on top of a survey, so that figures can be had for a trial; the survey stays as it is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .errors import DataError, DeclarationError, Fault, StoreError, reason_of
from .misdeclared import describe
from .model import (
    Declared,
    Indicator,
    Layer,
    ShareMeeting,
    ShareOfPixels,
    ShareWithinDistance,
    condition_fields,
)
from .said import Said
from .survey import Survey
from .whole import write_whole

if TYPE_CHECKING:
    import geopandas as gpd

    from .store.scan import Scan

FOLDER = "scenarios"
_SUFFIX = ".json"
_LONGEST = 60


class Edit(Declared):
    """Some rows of a layer get one value in one field; None makes it unknown."""

    layer: str
    field: str
    keys: tuple[str, ...]
    value: bool | float | str | None


class Scenario(Declared):
    """A named set of edits, and the data they were made on."""

    name: str
    round: str
    data_digest: str
    edits: tuple[Edit, ...] = ()


@dataclass(eq=False)
class TrialSurvey(Survey):
    """A survey seen through a scenario."""

    base: Survey | None = None
    scenario: Scenario | None = None
    _changed: dict[str, Any] = field(default_factory=dict, repr=False)

    def frame(self, name: str) -> gpd.GeoDataFrame:
        """The rows of a layer with the scenario's values in the place of the survey's own."""
        assert self.base is not None
        assert self.scenario is not None
        if name not in self._changed:
            frame = self.base.frame(name)
            edits = [edit for edit in self.scenario.edits if edit.layer == name]
            self._changed[name] = _edited(frame, self.base, edits) if edits else frame
        changed: gpd.GeoDataFrame = self._changed[name]
        return changed

    def scan(self, name: str) -> Scan | None:
        """The survey's own layer in parts, where the scenario leaves it as it is."""
        assert self.base is not None
        assert self.scenario is not None
        touched = any(edit.layer == name for edit in self.scenario.edits)
        return None if touched else self.base.scan(name)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over the survey's digest and the edits."""
        assert self.base is not None
        assert self.scenario is not None
        edits = [edit.model_dump(mode="json") for edit in self.scenario.edits]
        said = json.dumps(edits, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(f"{self.base.digest}\n{said}".encode()).hexdigest()


def overlay(survey: Survey, scenario: Scenario) -> Survey:
    """The survey as it would be if the scenario's values were so.

    Parameters
    ----------
    survey : the round, which stays as it is
    scenario : a later edit of the same row and field holds over an earlier one

    Returns
    -------
    Survey
        All that is measured on it follows; its digest differs from the survey's own.

    Raises
    ------
    DataError
        An edit names a layer without a key, a field that is not declared, or a value that the field
        cannot have: all of these at once.
    UnknownNameError
        An edit names a layer that is not declared or that the round lacks.

    Examples
    --------
    >>> from geo.coverage import coverage_of
    >>> from geo.survey import open_survey
    >>> survey = open_survey()
    >>> streets = survey.frame("back_streets")
    >>> trial = Scenario(name="all", round=survey.round, data_digest=survey.digest, edits=(
    ...     Edit(layer="back_streets", field="hardened", keys=tuple(streets["id"]), value=True),))
    >>> rows = coverage_of(overlay(survey, trial), ["hardening.back_streets"])
    >>> float(rows[(rows.level == "district") & (rows.scope == "all")].rate.item())
    1.0
    """
    faults = [fault for edit in scenario.edits for fault in _faults(survey, edit)]
    if faults:
        raise DataError(faults)
    if not scenario.edits:
        return survey
    return TrialSurvey(
        survey.district, survey.round, survey.store, survey.findings, base=survey, scenario=scenario
    )


def missing_rows(survey: Survey, scenario: Scenario) -> int:
    """How many of the rows a scenario changes the survey does not hold: it was made on other data."""
    count = 0
    for edit in scenario.edits:
        layer = survey.district.catalog.layer(edit.layer)
        known = set(survey.frame(edit.layer)[layer.key]) if layer.key else set()
        count += len(set(edit.keys) - known)
    return count


def affected(survey: Survey, scenario: Scenario) -> tuple[str, ...]:
    """The indicators whose figures a scenario can move: those that look at a field it changes."""
    from .indicators import needed_layers

    changed = {(edit.layer, edit.field) for edit in scenario.edits}
    return tuple(
        indicator.id
        for layer, indicator in survey.district.catalog.indicators()
        if changed & fields_used(layer, indicator)
        and all(survey.has(name) for name in needed_layers(indicator, layer))
    )


def fields_used(layer: Layer, indicator: Indicator) -> set[tuple[str, str]]:
    """The fields, each with its layer, whose values an indicator's figure depends on."""
    own: set[str] = set(indicator.where)
    used: set[tuple[str, str]] = set()
    if isinstance(indicator, ShareMeeting):
        own |= {indicator.ratio.numerator, indicator.ratio.denominator, indicator.category}
    elif isinstance(indicator, ShareWithinDistance):
        used = {(indicator.of, name) for name in indicator.of_where}
        if indicator.reach.field is not None:
            used.add((indicator.of, indicator.reach.field))
    elif not isinstance(indicator, ShareOfPixels):
        own |= set(condition_fields(indicator.covered))
    return used | {(layer.name, name) for name in own & set(layer.fields)}


def with_edit(scenario: Scenario, edit: Edit) -> Scenario:
    """The scenario with that layer's field changed for those rows and for no others.

    Examples
    --------
    >>> one = Edit(layer="a", field="b", keys=("1",), value=True)
    >>> trial = Scenario(name="x", round="2007-06-30", data_digest="", edits=(one,))
    >>> with_edit(trial, one.model_copy(update={"keys": ()})).edits
    ()
    """
    kept = [item for item in scenario.edits if (item.layer, item.field) != (edit.layer, edit.field)]
    edits = (*kept, edit) if edit.keys else tuple(kept)
    return scenario.model_copy(update={"edits": edits})


def scenario_json(scenario: Scenario) -> str:
    """A scenario as it is written to a file."""
    return json.dumps(scenario.model_dump(mode="json"), ensure_ascii=False, indent=1) + "\n"


def save_scenario(folder: Path, scenario: Scenario) -> Path:
    """Write a scenario under a district's folder; one of the same name is replaced.

    Parameters
    ----------
    folder : the district's folder; the file goes into its `scenarios/`
    scenario : its name becomes the file's name, as far as a file can bear it

    Returns
    -------
    Path

    Raises
    ------
    StoreError
        It has no name, another scenario has the file, or the folder cannot be written.
    """
    stem = re.sub(r"[^\w-]+", "-", scenario.name).strip("-_")[:_LONGEST]
    if not stem:
        raise StoreError(
            Said("a scenario needs a name of letters or digits", "方案名须含文字或数字")
        )
    file = folder / FOLDER / f"{stem}{_SUFFIX}"
    if file.exists() and load_scenario(file).name != scenario.name:
        raise StoreError(
            Said(
                f"{file.name} holds a scenario of another name; choose another name",
                f"{file.name} 中已有另一名称的方案；请改用其他名称",
            )
        )
    try:
        file.parent.mkdir(exist_ok=True)
        write_whole(file, scenario_json(scenario).encode("utf-8"))
    except OSError as error:
        raise StoreError(
            Said(f"cannot write {file}: ", f"无法写入 {file}：") + reason_of(error)
        ) from error
    return file


def load_scenario(file: Path) -> Scenario:
    """Read one scenario.

    Raises
    ------
    DeclarationError
        It cannot be read, is not JSON, or says something a scenario may not say.
    """
    try:
        return Scenario.model_validate_json(file.read_bytes())
    except OSError as error:
        raise DeclarationError(file, [reason_of(error)]) from error
    except ValidationError as error:
        raise DeclarationError(file, describe(error, Scenario)) from error


def saved_scenarios(folder: Path) -> Mapping[str, Scenario]:
    """The scenarios of a district by name; a file that is none is passed over."""
    found = {}
    for file in sorted((folder / FOLDER).glob(f"*{_SUFFIX}")):
        try:
            scenario = load_scenario(file)
        except DeclarationError:
            continue
        found[scenario.name] = scenario
    return found


def _faults(survey: Survey, edit: Edit) -> Sequence[Fault]:
    layer = survey.district.catalog.layer(edit.layer)
    if not survey.has(edit.layer):
        raise survey.absent(edit.layer)
    if layer.key is None:
        return [
            Fault(
                edit.layer,
                Said("a layer without a key", "该图层没有编号"),
                Said("rows that can be named", "各行有编号"),
                Said("declare a key", "在声明中设编号字段"),
            )
        ]
    spec = layer.fields.get(edit.field)
    if spec is None:
        fields = ", ".join(layer.fields)
        return [
            Fault(
                edit.layer,
                Said(f"an edit of {edit.field!r}", f"修改了“{edit.field}”"),
                Said(f"one of {fields}", f"{fields.replace(', ', '、')}之一"),
                Said("correct the name", "更正字段名"),
            )
        ]
    value = edit.value
    fits = (
        value is None
        or {
            "bool": isinstance(value, bool),
            "category": value in spec.values,
            "text": isinstance(value, str),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
            "integer": isinstance(value, (int, float)) and float(value).is_integer(),
            "date": False,
        }[spec.type]
    )
    if edit.field == layer.key or not fits:
        return [
            Fault(
                edit.layer,
                Said(f"{edit.field} = {value!r}", f"{edit.field} 取值为 {value!r}"),
                Said(
                    f"a {spec.type} in a field that is not the key",
                    f"非编号字段，取值类型为 {spec.type}",
                ),
                Said("correct the edit", "更正修改"),
            )
        ]
    return []


def _edited(frame: gpd.GeoDataFrame, survey: Survey, edits: Sequence[Edit]) -> gpd.GeoDataFrame:
    import pandas as pd

    changed = frame.copy()
    for edit in edits:
        key = survey.district.catalog.layer(edit.layer).key
        rows = changed[key].isin(edit.keys)
        value = pd.NA if edit.value is None else edit.value
        if changed[edit.field].dtype.kind == "f" and edit.value is None:
            value = float("nan")
        changed.loc[rows, edit.field] = value
    return changed
