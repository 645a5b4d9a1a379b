"""城乡图 Chengxiang Atlas: urban-rural integration in layers, scope, coverage and maps.

The names below are loaded when first used, so that `import geo` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__

_WHERE = {
    "open_district": "district",
    "load_catalog": "catalog",
    "open_survey": "survey",
    "scope_of": "scope",
    "coverage_of": "coverage",
    "rows_behind": "coverage",
    "stretches_of": "stretches",
    "import_file": "importing",
    "carry_layers": "carrying",
    "check_round": "check.report",
    "repair_round": "check.repair",
    "report_of": "report.build",
    "write_report": "report.write",
    "write_map": "views.map",
    "map_html": "views.map",
    "show_map": "views.inline",
    "GeoError": "errors",
    "DataError": "errors",
    "DeclarationError": "errors",
    "ScopeError": "errors",
    "StoreError": "errors",
    "UnknownNameError": "errors",
}

__all__ = ["__version__", *_WHERE]  # noqa: PLE0604

if TYPE_CHECKING:
    from .carrying import carry_layers as carry_layers
    from .catalog import load_catalog as load_catalog
    from .check.repair import repair_round as repair_round
    from .check.report import check_round as check_round
    from .coverage import coverage_of as coverage_of
    from .coverage import rows_behind as rows_behind
    from .district import open_district as open_district
    from .errors import DataError as DataError
    from .errors import DeclarationError as DeclarationError
    from .errors import GeoError as GeoError
    from .errors import ScopeError as ScopeError
    from .errors import StoreError as StoreError
    from .errors import UnknownNameError as UnknownNameError
    from .importing import import_file as import_file
    from .report.build import report_of as report_of
    from .report.write import write_report as write_report
    from .scope import scope_of as scope_of
    from .stretches import stretches_of as stretches_of
    from .survey import open_survey as open_survey
    from .views.inline import show_map as show_map
    from .views.map import map_html as map_html
    from .views.map import write_map as write_map


def __getattr__(name: str) -> object:
    if name in _WHERE:
        return getattr(import_module(f".{_WHERE[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
