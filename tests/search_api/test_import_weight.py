"""Importing the application is light: it serves before any model is loaded, and needs no pipeline."""

import subprocess
import sys

HEAVY = ("torch", "sentence_transformers", "transformers", "dagster", "duckdb", "polars", "fastapi_offline")


def test_importing_the_application_loads_nothing_heavy() -> None:
    script = f"import sys, search_api.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.strip() == "[]"
