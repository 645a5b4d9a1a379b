"""That a round was published, and what it held then: what is published never changes.

The record tells an accident or a quiet edit from the published state. It is no signature: who can write to
the folder can write a new record too.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

from ..errors import StoreError
from ..model import ImportRecord
from ..said import Said
from .digest import combined


@dataclass(frozen=True)
class Publication:
    """A published round as it was."""

    round: str
    digest: str
    """Of the round's data: all its tables."""
    tables: Mapping[str, str]
    """The digest of each."""
    imports: str
    """The digest of its import records."""
    published_at: str
    """ISO 8601, UTC."""
    published_by: str

    def as_json(self) -> str:
        """The record as it is kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def read_publication(text: str) -> Publication:
    """A record from the text it is kept as.

    Raises
    ------
    StoreError
        It is not one.
    """
    try:
        found = json.loads(text)
        tables = {str(name): str(digest) for name, digest in found["tables"].items()}
        plain = ("round", "digest", "imports", "published_at", "published_by")
        words = {name: str(found[name]) for name in plain}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StoreError(
            Said(f"is no record of a publication ({error})", f"不是发布记录（{error}）")
        ) from error
    return Publication(tables=tables, **words)


def imports_digest(imports: Iterable[ImportRecord]) -> str:
    """The SHA-256, in hex, of import records."""
    return combined({str(one.id): json.dumps(asdict(one), sort_keys=True) for one in imports})


def changes(
    publication: Publication, tables: Mapping[str, str], imports: Iterable[ImportRecord]
) -> Iterator[Said]:
    """What is no longer as it was published, in words; nothing where all is.

    Parameters
    ----------
    tables : the digest of each table now
    imports : the import records now
    """
    then = publication.tables
    for name in sorted(then.keys() | tables.keys()):
        if name not in tables:
            yield Said(f"{name} is gone", f"{name} 已缺失")
        elif name not in then:
            yield Said(f"{name} was added", f"新增了 {name}")
        elif then[name] != tables[name]:
            yield Said(f"{name} was changed", f"{name} 已改动")
    if imports_digest(imports) != publication.imports:
        yield Said("the import records were changed", "导入记录已改动")
    if combined(then) != publication.digest:
        yield Said("the record of the publication was changed", "发布记录已改动")
