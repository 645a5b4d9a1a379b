"""How columns come from Arrow into pandas, such that a missing value stays missing: for files and for stores alike."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

NULLABLE = {
    pa.bool_(): pd.BooleanDtype(),
    pa.int16(): pd.Int32Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.string(): pd.StringDtype(),
    pa.large_string(): pd.StringDtype(),
}
"""pyarrow → pandas types."""
