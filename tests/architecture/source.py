"""What the architecture tests read: the project's Python files, parsed once."""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLOORS = ("oltp", "warehouse", "pipelines", "search_api", "stormcom", "migrations")


@dataclass(frozen=True)
class Source:
    """One file: its path below the project, its module name, its tree and its lines."""

    path: Path
    module: str
    tree: ast.Module
    lines: tuple[str, ...]

    @property
    def imports(self) -> set[str]:
        """Every module named in an import, wherever it stands (late imports too)."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        return names


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """Return every Python file below the given top-level folders."""
    found = []
    for folder in folders or FLOORS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            body = path.read_text()
            relative = path.relative_to(ROOT)
            module = ".".join(relative.with_suffix("").parts).removesuffix(".__init__")
            found.append(Source(relative, module, ast.parse(body), tuple(body.splitlines())))
    return tuple(found)
