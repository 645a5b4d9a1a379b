"""The lists of what a check or an import found wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import abridge
from ..said import in_language
from .listing import FINDINGS, Column, Listing, Row, number_cell, text_of

if TYPE_CHECKING:
    from ..model import Finding
    from .format import Language

_SAID: dict[str, tuple[str, str]] = {
    "severity": ("程度", "Severity"),
    "layer": ("图层", "Layer"),
    "finding": ("问题", "Finding"),
    "found": ("发现", "Found"),
    "count": ("行数", "Rows"),
    "reason": ("原因", "Reason"),
    "row": ("行", "Row"),
    "remedy": ("处理：", "What to do: "),
    "expected": ("应为：", "Expected: "),
    "of_rows": ("所涉行：", "Rows: "),
}


def findings_listing(
    findings: Iterable[Finding], titles: Mapping[str, str], language: Language
) -> Listing:
    """What a check or an import found, errors first."""
    from ..check.titles import SEVERITIES

    rows = tuple(
        Row(
            str(number),
            (
                (
                    SEVERITIES[finding.severity].in_(language),
                    ["error", "warning", "info"].index(finding.severity),
                    finding.severity,
                ),
                titles.get(finding.layer, finding.layer),
                _code(finding.code, language),
                in_language(finding.found, language),
                number_cell(len(finding.rows) or None),
            ),
            _remedy(finding, language),
            finding.code,
        )
        for number, finding in enumerate(findings)
    )
    columns = (
        Column(_said("severity", language), "chip", filtered=True),
        Column(_said("layer", language), filtered=True),
        Column(_said("finding", language)),
        Column(_said("found", language), "prose"),
        Column(_said("count", language), "number"),
    )
    title = _said("found", language)
    worst_first = (0, False)
    return Listing(title, language, columns, rows, FINDINGS, order=worst_first, height_px=460)


def left_out_listing(left_out: Sequence[Any], language: Language) -> Listing:
    """The rows of a file that an import cannot take, and why."""
    rows = tuple(
        Row(str(number), (text_of(item.row), in_language(item.reason, language)))
        for number, item in enumerate(left_out)
    )
    columns = (Column(_said("row", language)), Column(_said("reason", language), "prose"))
    return Listing(_said("row", language), language, columns, rows, height_px=260)


def _code(code: str, language: Language) -> str:
    """What a code of a check, or of an import, is called."""
    from ..check.titles import title_of
    from ..importing.titles import CODES

    return (CODES.get(code) or title_of(code)).in_(language)


def _remedy(finding: Finding, language: Language) -> str:
    parts = [in_language(finding.found, language)]
    if finding.expected:
        parts.append(_said("expected", language) + in_language(finding.expected, language))
    if finding.remedy:
        parts.append(_said("remedy", language) + in_language(finding.remedy, language))
    if finding.rows:
        parts.append(_said("of_rows", language) + in_language(abridge(finding.rows), language))
    return " · ".join(parts)


def _said(name: str, language: Language) -> str:
    return _SAID[name][0 if language == "zh" else 1]
