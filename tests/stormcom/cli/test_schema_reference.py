"""docs/schema.md and docs/er.md say what the models say, and the plan's map leaves out no name of the plan."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from oltp.metadata import metadata
from stormcom.reference.diagram import PICTURES, render_diagram
from stormcom.reference.names import broken_step, find_column, named_things, rooms
from stormcom.reference.schema_document import render_schema
from stormcom.reference.seed_fields import FIELDS, PATTERNS
from stormcom.reference.seed_map import RELATIONS, TABLES

ROOT = Path(__file__).parents[3]
PLAN = ROOT.parent / "shared" / "seed" / "stormcom-schema-evolution.md"


@pytest.fixture(scope="module")
def plan() -> str:
    if not PLAN.exists():
        pytest.skip(f"the schema plan is not beside this checkout: {PLAN}")
    return PLAN.read_text()


@pytest.mark.parametrize(("name", "render"), [("schema.md", render_schema), ("er.md", render_diagram)])
def test_the_document_is_what_the_models_say(name: str, render: Callable[[], str]) -> None:
    assert (ROOT / "docs" / name).read_text() == render(), "run `make docs`"


def test_every_table_is_described_and_drawn() -> None:
    described = {str(mapper.local_table) for mappers in rooms().values() for mapper in mappers}
    assert described == set(metadata.tables)
    assert {room for drawn in PICTURES.values() for room in drawn} == set(rooms())
    document = render_schema()
    assert [name for name in metadata.tables if f"\n### {name}\n" not in document] == []
    assert [name for name in metadata.tables if not re.search(rf"\b{name}\b", render_diagram())] == []
    assert [str(mapper) for mappers in rooms().values() for mapper in mappers if not mapper.class_.__doc__] == []


def test_every_table_of_the_map_exists() -> None:
    assert [each.ours for each in TABLES if each.ours not in metadata.tables] == []


def test_every_field_of_the_map_exists() -> None:
    things = named_things()
    wrong = []
    for each in (*FIELDS, *PATTERNS):
        path = tuple(each.ours.split(" → "))
        known = broken_step(path) is None if len(path) > 1 else bool(find_column(path[0]) is not None
                                                                     or path[0] in things)
        if not known:
            wrong.append(each.ours)
    assert wrong == []


def test_every_relation_of_the_map_exists() -> None:
    assert [each for each in RELATIONS if (broken_step(each.path) is None) != each.is_key] == []
    assert [each for each in RELATIONS if find_column(each.path[0]) is None] == []
    # Whatever goes another way than from child to parent, or by no key, says why.
    assert [each for each in RELATIONS if (len(each.path) > 2 or not each.is_key) and not each.note] == []


def test_every_table_of_the_plan_is_mapped(plan: str) -> None:
    additions = _part(plan, "## Proposed Additions")
    rows = re.findall(r"^\| ([A-Z]\w+(?: / \w+)*)(?: \([^|]*\))? \|", additions, re.MULTILINE)
    named = [name for row in rows for name in row.split(" / ") if name != "Table"]
    assert len(named) >= 40
    assert sorted(named) == sorted(each.seed for each in TABLES)


def test_every_field_of_the_plan_is_mapped(plan: str) -> None:
    named = []
    for model, body in re.findall(r"^model (\w+) \{\n(.*?)^\}", plan, re.MULTILINE | re.DOTALL):
        for line in body.splitlines():
            words = line.split("//")[0].strip()
            if words:
                named.append(f"{model} {words}" if words.startswith("@@") else f"{model}.{words.split()[0]}")
    assert len(named) > 100
    assert sorted(named) == sorted(each.seed for each in FIELDS)


def test_every_relation_of_the_plan_is_mapped(plan: str) -> None:
    named = re.findall(r"^  ([A-Z]+) \|\|--o\{ ([A-Z]+) :", _part(plan, "## Mermaid ER Diagram"), re.MULTILINE)
    assert len(named) > 30
    assert named == [(each.parent, each.child) for each in RELATIONS]


def test_both_ids_stand_where_the_plan_asks_for_them(plan: str) -> None:
    tables = re.search(r"Add `correlationId` \(UUID\) and `requestId` to (.*) for trace", plan)
    assert tables is not None
    asked = {f"{model}.{field}" for model in re.findall(r"`(\w+)`", tables.group(1))
             for field in ("correlationId", "requestId")}
    assert asked and asked <= {each.seed for each in PATTERNS}


def _part(plan: str, heading: str) -> str:
    return plan.split(heading, 1)[1].split("\n## ", 1)[0]
