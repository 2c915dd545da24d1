"""The import table between floors, and the order of rooms inside oltp."""

import pytest

from tests.architecture.source import FLOORS, Source, sources

# floor → what it may import besides itself; oltp.kit stands for the part that everybody may use.
MAY_IMPORT = {
    "oltp": {"oltp"},
    "warehouse": {"oltp.kit"},
    "pipelines": {"oltp", "warehouse"},
    "search_api": {"oltp"},
    "stormcom": {"oltp", "warehouse", "pipelines", "search_api", "migrations"},
    "migrations": {"oltp.metadata"},
}
NEVER = {
    "oltp": {"fastapi", "dagster", "duckdb"},
    "warehouse": {"fastapi", "dagster"},
    "search_api": {"duckdb", "polars", "dagster"},
}
# From low to high; a room imports only rooms of lower lines.
ROOMS = (
    ("kit",), ("db",), ("jobs",), ("idempotency", "outbox", "audit"), ("tenancy",), ("access",),
    ("catalog", "customers"), ("pricing", "inventory"), ("merchandising", "promotions"), ("carts", "orders"),
    ("payments", "shipping", "fraud", "reviews"), ("checkout",), ("returns", "subscriptions"),
    ("events", "insights", "webhooks"), ("search",), ("recommendations", "apps"),
    ("rollout", "privacy", "extraction", "imports"), ("handlers", "invariants", "metadata"),
)
LEVEL = {room: level for level, line in enumerate(ROOMS) for room in line}


def _allowed(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


@pytest.mark.parametrize("floor", FLOORS)
def test_floors_import_downwards(floor: str) -> None:
    wrong = [f"{source.path}: {name}" for source in sources(floor) for name in source.imports
             if name.split(".")[0] in FLOORS and name.split(".")[0] != floor
             and not _allowed(name, MAY_IMPORT[floor])]
    assert wrong == []


@pytest.mark.parametrize("floor", sorted(NEVER))
def test_floors_stay_free_of_foreign_worlds(floor: str) -> None:
    wrong = [f"{source.path}: {name}" for source in sources(floor) for name in source.imports
             if name.split(".")[0] in NEVER[floor]]
    assert wrong == []


def test_revisions_import_no_application_code() -> None:
    wrong = [f"{source.path}: {name}" for source in sources("migrations") if "versions" in source.path.parts
             # SQL that several revisions make and drop stands beside them.
             for name in source.imports if name.split(".")[0] in set(FLOORS) - {"migrations"}]
    assert wrong == []


def _room(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "oltp" else None


def _breaks_order(source: Source, name: str) -> bool:
    here, there = _room(source.module), _room(name)
    if here is None or there is None or here == there:
        return False
    return LEVEL[there] >= LEVEL[here]


def test_every_room_has_its_place() -> None:
    rooms = {_room(source.module) for source in sources("oltp")} - {None}
    assert rooms - set(LEVEL) == set()


def test_rooms_import_lower_rooms_only() -> None:
    wrong = [f"{source.path}: {name}" for source in sources("oltp") for name in source.imports
             if _breaks_order(source, name)]
    assert wrong == []
