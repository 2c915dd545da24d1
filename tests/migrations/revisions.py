"""What the revisions would do to a living database, told without one: every statement, and how it would be run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock, patch

import migrations.versions
from migrations import steps

FOLDER = Path(next(iter(migrations.versions.__path__)))
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
STRING = re.compile(r"'(?:[^']|'')*'")
COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True)
class Statement:
    """One statement; `way` is plain (the revision's own transaction), step, or batch."""

    revision: str
    way: str
    sql: str


def main_revisions() -> list[Path]:
    return sorted(FOLDER.glob("0*.py"))


def split(sql: str) -> list[str]:
    """Cut SQL into statements; bodies of functions and comments are left out."""
    bare = COMMENT.sub("", BODY.sub("$$", sql))
    return [" ".join(each.split()) for each in bare.split(";") if each.strip()]


def statements(path: Path) -> list[Statement]:
    """Every statement that `upgrade` of the revision at `path` hands over."""
    spec = spec_from_file_location(f"revision_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: list[tuple[str, str]] = []
    with _recorded(module, found):
        module.upgrade()
    return [Statement(path.stem[:4], way, each) for way, sql in found for each in split(sql)]


@contextmanager
def _recorded(module: ModuleType, found: list[tuple[str, str]]) -> Iterator[None]:
    op = MagicMock()
    # A revision may ask for the edges of what is there.
    op.get_bind().execute().one.return_value = ("2026-01-01", "2026-02-01")
    op.execute.side_effect = lambda sql: found.append(("plain", str(sql)))
    ways = {
        "step": lambda sql: found.append(("step", sql)),
        "batches": lambda label, sql, **_: found.append(("batch", sql)),
        "index_concurrently": lambda name, target, unique=False: found.append(
            ("step", f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {target}")),
    }
    with patch.multiple(steps, **ways), patch.object(module, "op", op, create=True):
        for name, way in ways.items():
            if hasattr(module, name):
                setattr(module, name, way)
        yield
