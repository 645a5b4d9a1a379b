"""The file that a reader sends: set aside on disk, looked into once, and dropped with all that was said of it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from ..errors import Fault, GeoError, SourceError, StoreError, reason_of
from ..said import Said
from .choices import forget, say
from .parts import fault, heading
from .work import shown_at_work

if TYPE_CHECKING:
    from streamlit.runtime.uploaded_file_manager import UploadedFile

    from ..importing.look import Look
    from ..importing.merging import LedgerRecord
    from ..model import GeometryKind

_LONGEST_NAME = 80
_SAID_OF_IT = ("for_layer", "source_layer", "import_crs", "import_accept", "import_join")
"""Choices that are about one file and not about the next."""


def file_at_hand() -> Path | None:
    """The file that was sent, under its name and with a way to another; else the place to send one."""
    file: Path | None = st.session_state.get("file_at_hand")
    if file is not None and file.is_file():
        from ..views.format import size

        name, other = st.columns([10, 2], vertical_alignment="center")
        with name:
            heading(
                f"{file.name} · {size(sum(one.stat().st_size for one in file.parent.iterdir()))}"
            )
        if other.button(say("other_file"), key="other_file", width="stretch"):
            drop_file()
            st.rerun()
        return file
    held = st.session_state.setdefault("uploads", 0)
    sent = st.file_uploader(say("upload"), key=f"upload_{held}", accept_multiple_files=True)
    if sent:
        try:
            _set_aside(sent)
            st.session_state.pop("upload_fault", None)
        except GeoError as error:
            st.session_state["upload_fault"] = error
        st.rerun()  # what was sent is shown in one way, now and later
    st.caption(say("upload_help"))
    if "upload_fault" in st.session_state:
        fault(st.session_state["upload_fault"])
    return None


def drop_file() -> None:
    """Give the file back, and forget what was said of it."""
    folder = st.session_state.pop("file_folder", None)
    for key in ("file_at_hand", "looks", "ledger", "tried"):
        st.session_state.pop(key, None)
    for key in [one for one in st.session_state if str(one).startswith("field_")]:
        del st.session_state[key]
    for key in _SAID_OF_IT:
        forget(key)
    if folder is not None:
        folder.cleanup()


def look(file: Path, geometry: GeometryKind | None = None, source_layer: str | None = None) -> Look:
    """What is in the file; read once, however often it is asked."""
    from ..importing.look import look_into

    looks: dict[object, Look] = st.session_state.setdefault("looks", {})
    asked = (file, geometry, source_layer)
    if asked not in looks:
        with shown_at_work("contents") as step:
            looks[asked] = look_into(file, geometry, source_layer, progress=step)
    return looks[asked]


def ledger_in(file: Path) -> LedgerRecord | None:
    """What the file says of itself where it is a ledger of this program that comes back."""
    from ..importing.ledger import ledger_record

    held: tuple[Path, LedgerRecord | None] | None = st.session_state.get("ledger")
    if held is None or held[0] != file:
        held = st.session_state["ledger"] = (file, ledger_record(file))
    return held[1]


def _set_aside(sent: Sequence[UploadedFile]) -> None:
    """Put what was sent on disk under names that are only names, and give its memory back at once.

    The server's own endpoint takes any file, so what it is is looked at here, not in the widget.
    """
    names = [
        re.sub(r"[^\w.-]+", "_", Path(one.name).name)[-_LONGEST_NAME:].lstrip(".") or "file"
        for one in sent
    ]
    try:
        main = the_one_meant(names)
        folder = tempfile.TemporaryDirectory(prefix="atlas-", ignore_cleanup_errors=True)
        try:
            for name, one in zip(names, sent, strict=True):
                (Path(folder.name) / name).write_bytes(one.getbuffer())
        except OSError:
            folder.cleanup()  # the fault is kept to be told, and would keep it
            raise
        st.session_state["file_folder"] = folder  # gone with the session
        st.session_state["file_at_hand"] = Path(folder.name) / main
        st.session_state.pop("import_done", None)
    except OSError as error:
        raise StoreError(
            Said("what was sent cannot be kept: ", "上传的文件无法暂存：") + reason_of(error)
        ) from error
    finally:
        for one in sent:
            _forget(one)
        st.session_state["uploads"] += 1


def the_one_meant(names: Collection[str]) -> str:
    """The file that the others are parts of.

    Examples
    --------
    >>> the_one_meant(["streets.dbf", "streets.shp", "streets.shx"])
    'streets.shp'

    Raises
    ------
    SourceError
        There are several, or none is of a known format.
    """
    from ..sources.registry import formats_named

    if len(names) == 1:
        (name,) = names
        formats_named(name)
        return name
    found = []
    for name in names:
        stem = Path(name).stem.lower()
        others = [Path(other) for other in names if other != name]
        if all(other.name.lower().startswith(f"{stem}.") for other in others):
            parts = _companions(name)
            if any(other.suffix.lower() in parts for other in others):
                found.append(name)
    if len(found) == 1:
        return found[0]
    raise SourceError(
        Fault(
            ", ".join(sorted(names)),
            Said(f"{len(names)} files", f"{len(names)} 个文件"),
            Said(
                "one file, or the parts of one shapefile", "一个文件，或同一个 Shapefile 的各部分"
            ),
            Said("send them one after the other", "逐个导入"),
        )
    )


def _companions(name: str) -> set[str]:
    """The suffixes of the further files that belong to one of that name."""
    from ..sources.registry import formats_named

    try:
        named = formats_named(name)
    except SourceError:
        return set()
    return {suffix for one in named for suffix in one.companions}


def _forget(uploaded: UploadedFile) -> None:
    """Streamlit keeps an upload in memory until long after its reader has left; nobody needs it now."""
    from streamlit.runtime import exists, get_instance
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    if exists() and context is not None:
        manager = cast("Any", get_instance().uploaded_file_mgr)
        manager.remove_file(session_id=context.session_id, file_id=uploaded.file_id)
