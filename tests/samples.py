"""Where the real sample files lie; they are never copied into the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SAMPLES = Path(
    os.environ.get("ATLAS_SAMPLES", Path(__file__).resolve().parents[1] / "../shared/samples")
)
needs_samples = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no sample files at {SAMPLES}: set ATLAS_SAMPLES to their folder"
)
