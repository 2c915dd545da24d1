"""Whatever the code imports is declared: a package that happens to be installed here is missing on a fresh machine."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

from tests.architecture.source import FLOORS, ROOT, sources

# Parts of a declared package that have a distribution of their own.
COMES_WITH = {"starlette": "fastapi", "transformers": "sentence-transformers"}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared(*, with_tests: bool) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = project["dependencies"] + (project["optional-dependencies"]["test"] if with_tests else [])
    return {_normal(re.split(r"[\[<>=!~ ]", line, maxsplit=1)[0]) for line in lines}


def _undeclared(folders: tuple[str, ...], declared: set[str]) -> set[str]:
    known = packages_distributions()
    own = {*FLOORS, "benchmarks", "tests", *sys.stdlib_module_names}
    wrong = set()
    for source in sources(*folders):
        for module in {name.split(".")[0] for name in source.imports} - own:
            names = {_normal(COMES_WITH.get(module, name)) for name in known.get(module, [module])}
            if not names & declared:
                wrong.add(f"{source.path}: {module}")
    return wrong


def test_every_import_is_declared() -> None:
    assert _undeclared(FLOORS, _declared(with_tests=False)) == set()
    assert _undeclared(("tests", "benchmarks"), _declared(with_tests=True)) == set()


def test_every_declared_package_is_pinned() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = {_normal(line.split("==")[0]) for line in lines if "==" in line}
    assert _declared(with_tests=True) - pinned == set()
    assert [line for line in lines if "+" in line and not line.startswith("#")] == [], "no local versions"
