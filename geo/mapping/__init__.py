"""Which column of a file becomes which declared field, and what its words mean."""

from __future__ import annotations

from .columns import Mapped, NearMiss, columns_wanted, map_columns, require_fields
from .declared import ROW, FieldMapping, ImportMapping, load_mapping, with_options
from .reading import chosen, mapped_fields
from .saved import Kept, fitting, keep, kept_mappings, set_aside

__all__ = [
    "ROW",
    "FieldMapping",
    "ImportMapping",
    "Kept",
    "Mapped",
    "NearMiss",
    "chosen",
    "columns_wanted",
    "fitting",
    "keep",
    "kept_mappings",
    "load_mapping",
    "map_columns",
    "mapped_fields",
    "require_fields",
    "set_aside",
    "with_options",
]
