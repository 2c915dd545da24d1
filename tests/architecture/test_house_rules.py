"""The house rules, where a test can hold them."""

import ast
import re

import pytest

from tests.architecture.source import ROOT, Source, sources

LONGEST_FILE = 300
BANNED_NAMES = {"utils", "helpers", "common", "misc"}
FLOORS_AND_TESTS = ("oltp", "warehouse", "pipelines", "search_api", "stormcom", "migrations", "benchmarks", "tests")


def test_no_file_is_longer_than_a_reader_holds() -> None:
    long = {str(source.path): len(source.lines) for source in sources(*FLOORS_AND_TESTS)
            if len(source.lines) > LONGEST_FILE}
    assert long == {}


def test_no_module_is_a_drawer_for_everything() -> None:
    assert [str(s.path) for s in sources(*FLOORS_AND_TESTS) if s.path.stem in BANNED_NAMES] == []


def test_packages_are_empty() -> None:
    full = [str(s.path) for s in sources(*FLOORS_AND_TESTS) if s.path.name == "__init__.py" and s.lines]
    assert full == []


def test_imports_are_absolute() -> None:
    relative = [str(s.path) for s in sources(*FLOORS_AND_TESTS) for node in ast.walk(s.tree)
                if isinstance(node, ast.ImportFrom) and node.level > 0]
    assert relative == []


def _calls(source: Source, pattern: str) -> list[str]:
    return [f"{source.path}:{number}" for number, line in enumerate(source.lines, 1)
            if re.search(pattern, line.split("#")[0])]


def test_only_the_clock_asks_the_time() -> None:
    pattern = r"datetime\.(now|utcnow|today)\(|date\.today\("
    wrong = [place for source in sources() if source.module != "oltp.kit.clock" for place in _calls(source, pattern)]
    assert wrong == []


def test_only_the_session_and_the_lake_commit() -> None:
    homes = {"oltp.db.session", "warehouse.connection", "migrations.env"}
    wrong = [place for source in sources() if source.module not in homes
             for place in _calls(source, r"\.commit\(\)")]
    assert wrong == []


def test_row_locks_have_one_home() -> None:
    wrong = [place for source in sources("oltp", "search_api") if source.module != "oltp.db.locking"
             for place in _calls(source, r"FOR UPDATE|with_for_update|pg_(try_)?advisory")
             if "roles" not in place]
    assert wrong == []


def test_no_float_near_money() -> None:
    annotated = re.compile(r"\b\w*(amount|price|total|subtotal|money)\w*\s*:\s*float\b")
    wrong = [place for source in sources("oltp", "search_api", "pipelines", "warehouse", "stormcom")
             for place in _calls(source, annotated.pattern)]
    assert wrong == []


def test_every_migration_opens_with_a_timeout() -> None:
    for source in sources("migrations"):
        if "versions" not in source.path.parts or source.path.name == "__init__.py":
            continue
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and node.name in {"upgrade", "downgrade"}:
                first = ast.unparse(node.body[0])
                # A revision made of steps has its timeout in each of them.
                is_stepped = node.name == "upgrade" and "op.execute" not in ast.unparse(node)
                assert "lock_timeout" in first or is_stepped, f"{source.path}: {node.name} opens without a lock_timeout"


def test_migrations_are_one_line_with_the_phase_in_the_name() -> None:
    names = sorted(path.stem for path in (ROOT / "migrations/versions").glob("0*.py"))
    assert names
    for number, name in enumerate(names, 1):
        assert re.fullmatch(rf"{number:04d}_p[0-7]_[a-z_]+", name), name


def _signature_breaks(node: ast.FunctionDef) -> bool:
    names = [argument.arg for argument in node.args.args]
    return bool(names) and names[0] == "session" and len(names) > 1


def test_everything_after_the_session_is_named() -> None:
    wrong = [f"{source.path}:{node.lineno} {node.name}" for source in sources("oltp", "search_api", "pipelines")
             for node in ast.walk(source.tree) if isinstance(node, ast.FunctionDef) and _signature_breaks(node)]
    assert wrong == []


def test_functions_are_mostly_short() -> None:
    sizes = [node.end_lineno - node.lineno + 1 for source in sources() if "versions" not in source.path.parts
             for node in ast.walk(source.tree)
             if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None]
    assert sizes
    over = sum(size > 25 for size in sizes)
    assert over / len(sizes) <= 0.05, f"{over} of {len(sizes)} functions are longer than 25 lines"
    assert max(sizes) <= 60


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX", "NotImplementedError"])
def test_nothing_is_left_half_done(word: str) -> None:
    wrong = [f"{s.path}:{n}" for s in sources() for n, line in enumerate(s.lines, 1) if word in line]
    assert wrong == []
