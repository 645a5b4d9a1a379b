"""A survey → the report on the district, a town or a village."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ..bundled import embedded_district
from ..errors import DataError, Fault
from ..said import Said, quoted
from ..version import __version__
from ..views.format import Language
from .area import area_section
from .changes import changes_section
from .features import features_table
from .figures import basis_section, figures_section
from .findings import findings_table
from .gaps import gaps_section, ranking_section
from .material import Material, Progress, gather
from .memory import give_back
from .model import Block, Column, Heading, Paragraph, Report, Section, Table, pair
from .spots import SPOTS_LAYER, spots_section, state_words
from .streets import streets_table
from .summary import summary_section
from .wording import long_date, numbered

if TYPE_CHECKING:
    from ..survey import Survey

NOT_PUBLIC = ("内部资料 不得公开", "Internal: not for publication")
_DIGITS = 16
_LEVELS = {
    "district": ("全区", "District"),
    "town": ("镇（街道）", "Town or street"),
    "village": ("村（社区）", "Village or community"),
}


def report_of(
    survey: Survey,
    unit: str | None = None,
    *,
    language: Language = "zh",
    date: str | None = None,
    author: str = "",
    progress: Progress | None = None,
) -> Report:
    """The report on a district, a town or a village in one round.

    Parameters
    ----------
    survey : the round
    unit : code of a town or village; None means the district
    language : "zh" or "en"
    date : ISO date to print; None means the round's own
    author : who answers for the report; empty leaves a line to be filled in by hand
    progress : called with (done, of how many, what is being done)

    Returns
    -------
    Report
        The same survey and options give an equal report, on any machine and any day.

    Raises
    ------
    UnknownNameError
        There is no unit of that code.
    DataError
        A layer cannot be used, or `date` is no date; ScopeError where the edges enclose no area.

    Examples
    --------
    >>> from geo.survey import open_survey
    >>> report = report_of(open_survey(), "321202003", language="en")
    >>> report.level, [section.title for section in report.sections][2]
    ('town', 'How far each project has come')
    """
    require_date(date)
    return report_from(gather(survey, unit, language, date, progress), author=author)


def report_from(
    material: Material, *, author: str = "", progress: Progress | None = None
) -> Report:
    """The report on what was measured; `progress` is called with (done, of how many, section)."""
    from ..check.report import check_round

    tell = progress or (lambda done, total, name: None)
    survey, language, unit = material.survey, material.language, material.unit
    spec = survey.district.spec
    clean = material.clean
    author = clean(author, "report", "", "author")
    # First, since it holds all layers in its own way, and lets go of them.
    tell(0, len(_SECTIONS) + 1, Said("check", "检查数据"))
    found = check_round(survey).findings
    give_back()
    made_sections: list[Section] = []
    for number, (title, write) in enumerate(_SECTIONS.items(), start=1):
        tell(number, len(_SECTIONS) + 1, title)
        made_sections.append(write(material))
    features = features_table(material)
    streets = streets_table(material)
    give_back()
    findings = findings_table(material, found)
    review = clean(spec.map_review_number, "district", "", "map_review_number")
    stamp = pair(language, *NOT_PUBLIC)
    if review:
        stamp = pair(language, f"审图号：{review}", f"Map review number {review}")
    title = pair(
        language,
        f"{unit.name}城乡一体化长效管理情况报告",
        f"{unit.name}: report on urban-rural integration",
    )
    banner = spec.illustrative.in_(language) if spec.illustrative else None
    command = _command(material, author)
    everything = numbered([*made_sections, _appendix(material, command, findings)], language)
    made = Report(
        language=language,
        title=title,
        district_code=spec.code,
        unit_code=unit.code,
        unit_name=unit.name,
        level=unit.level,
        round=survey.round,
        previous_round=material.previous.round if material.previous else None,
        date=material.date,
        author=author,
        crs=spec.metric_crs,
        digest=survey.digest,
        version=__version__,
        command=command,
        banner=banner,
        stamp=stamp,
        facts=_facts(material, author, stamp),
        summary=summary_section(material, dict(zip(_SECTIONS, everything, strict=False))),
        sections=everything[:-1],
        appendix=everything[-1],
        states=tuple(state_words(material).items()) if survey.has(SPOTS_LAYER) else (),
        features=features,
        streets=streets,
        findings=findings,
        removed=clean.removed,
    )
    whole: Report = clean.everywhere(made)
    return whole


_SECTIONS: Mapping[str, Callable[[Material], Section]] = {
    Said("area", "范围与依据"): area_section,
    Said("definitions", "口径与数据"): basis_section,
    Said("figures by unit", "完成情况"): figures_section,
    Said("what is missing", "差距"): gaps_section,
    Said("ranking", "排名"): ranking_section,
    Said("weak spots", "整改清单"): spots_section,
    Said("changes", "与上期比较"): changes_section,
}
"""The sections in order, by what progress calls them."""


def _facts(material: Material, author: str, stamp: str) -> tuple[tuple[str, str], ...]:
    language, survey, unit = material.language, material.survey, material.unit
    spec = survey.district.spec
    place = f"{unit.name}（{unit.code}）" if language == "zh" else f"{unit.name} ({unit.code})"
    if unit.level != "district":
        above = material.name_of(unit.parent)
        place = (
            f"{spec.name.in_(language)} · {above} · {place}"
            if above != spec.name.in_(language)
            else f"{spec.name.in_(language)} · {place}"
        )
    blank = "＿＿＿＿＿＿" if language == "zh" else "____________"
    return (
        (pair(language, "报告对象", "Subject"), place),
        (pair(language, "层级", "Level"), pair(language, *_LEVELS[unit.level])),
        (pair(language, "数据轮次", "Survey round"), survey.round),
        (pair(language, "报告日期", "Date"), long_date(material.date, language)),
        (pair(language, "编制单位", "Prepared by"), author or blank),
        (pair(language, "签发", "Signed by"), blank),
        (pair(language, "数据摘要", "Data digest"), survey.digest[:_DIGITS]),
        (pair(language, "密级与公开", "Publication"), stamp),
    )


def _appendix(material: Material, command: str, findings: Table) -> Section:
    language, survey = material.language, material.survey
    crs = survey.district.spec.metric_crs
    blocks: list[Block] = [
        Heading(pair(language, "数据核对", "Findings in the data")),
        findings
        if findings.rows
        else Paragraph(
            pair(language, "核对本轮数据，没有发现问题。", "A check of the round found nothing.")
        ),
    ]
    removed = material.clean.removed
    if removed:
        blocks += [
            Heading(pair(language, "已剔除的控制字符", "Control characters taken out")),
            Table(
                "removed",
                pair(language, "文字中无法印出的字符", "Characters that cannot be printed"),
                (
                    Column("layer", pair(language, "图层", "Layer"), "code"),
                    Column("row", pair(language, "编号", "Row"), "code", 1.4),
                    Column("field", pair(language, "字段", "Field"), "code"),
                    Column("characters", pair(language, "字符", "Characters"), "code", 2.0),
                ),
                tuple((item.layer, item.row, item.field, item.characters) for item in removed),
                limit=200,
            ),
        ]
    blocks += [
        Heading(pair(language, "可复核", "So that it can be checked")),
        Paragraph(
            pair(
                language,
                f"长度与面积在 {crs} 中量算。数据摘要（SHA-256）：{survey.digest}。城乡图 {__version__}。"
                "同样的数据、版本和选项，任何时候在任何机器上生成的报告逐字节相同。",
                f"Lengths and areas are measured in {crs}. Data digest (SHA-256): {survey.digest}. Chengxiang Atlas {__version__}. "
                "The same data, version and options give the same report, byte for byte, on any machine and any day.",
            )
        ),
        Paragraph(
            pair(
                language,
                f"重新生成本报告的命令：{command}",
                f"The command that makes this report again: {command}",
            )
        ),
    ]
    return Section(
        pair(language, "附件", "Appendix"),
        pair(language, "数据核对与复核方法", "Findings, digest and command"),
        tuple(blocks),
    )


def _command(material: Material, author: str) -> str:
    survey, unit = material.survey, material.unit
    words = ["atlas report"]
    folder = survey.district.folder.resolve()
    if folder != embedded_district().resolve():
        words.append(f"--district {folder.name}")
    words.append(f"--round {survey.round}")
    if unit.level != "district":
        words.append(f"--unit {unit.code}")
    if material.date != survey.round:
        words.append(f"--date {material.date}")
    if author:
        words.append(f'--author "{author}"')
    words.append(f"--lang {material.language} --format pdf|docx|xlsx|html|gpkg -o FILE")
    return " ".join(words)


def require_date(date: str | None) -> None:
    """Refuse a date that is none; None is the round's own."""
    if date is None:
        return
    try:
        good = dt.date.fromisoformat(date).isoformat() == date
    except ValueError:
        good = False
    if not good:
        raise DataError(
            Fault(
                "report",
                Said(f"the date {date!r}", f"日期{quoted(date).zh}"),
                Said("a date as YYYY-MM-DD", "YYYY-MM-DD 形式的日期"),
                Said("write it as 2007-12-31", "写作 2007-12-31"),
            )
        )
