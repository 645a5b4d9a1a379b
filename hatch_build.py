"""What the wheel carries besides `geo`: the declarations, the embedded district and the app.

They go inside `geo`, so that an installed copy takes no import name but its own. An editable
install reads them where they lie, which is why this is a hook and not a plain `force-include`:
that one would also copy them beside the link.
"""

from __future__ import annotations

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = ("layers", "data", "app.py")


class CarryBesideGeo(BuildHookInterface):  # type: ignore[type-arg]
    """Adds what `geo.bundled` looks for to a wheel that is to be installed."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each carried path into the package, except for an editable install."""
        if version != "editable":
            for name in CARRIED:
                build_data["force_include"][f"{self.root}/{name}"] = f"geo/_bundled/{name}"
