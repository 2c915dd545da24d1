"""Where the real data set is, for the tests that need it."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]


def online_retail_file() -> Path:
    """The public Parquet file; skips the test where it is not on this machine."""
    folder = Path(os.environ.get("STORMCOM_TEST_DATA", REPOSITORY.parent / "shared" / "data"))
    file = folder / "online_retail.parquet"
    if not file.exists():
        pytest.skip(f"{file} is not there (set STORMCOM_TEST_DATA to the folder that holds it)")
    return file
