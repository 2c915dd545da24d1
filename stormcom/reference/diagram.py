"""docs/er.md: the tables and their relations, drawn in Mermaid from the foreign keys."""

from collections.abc import Iterator

from sqlalchemy import ForeignKeyConstraint, Table, UniqueConstraint

from oltp.metadata import metadata
from stormcom.reference.names import rooms

HEAD = """# Entities and relations

Made by `make docs` from the foreign keys of the models; [schema.md](schema.md) has the columns.
`||` is exactly one, `|o` none or one, `o{` any number. Nearly every table belongs to a store by its `store_id`; that
line is drawn only in the first picture, for the tables that hang on nothing else there. A table of another picture
stands here where one refers to it.
"""
# One picture holds what one looks at together.
PICTURES: dict[str, tuple[str, ...]] = {
    "Stores, people and rights": ("tenancy", "access", "apps", "audit", "idempotency", "jobs", "outbox",
                                  "webhooks"),
    "What a store offers": ("catalog", "merchandising", "pricing", "inventory"),
    "Customers and orders": ("customers", "carts", "orders", "promotions", "reviews", "subscriptions"),
    "Payment, shipping and returns": ("payments", "shipping", "returns", "fraud"),
    "Events, search and published figures": (
        "events", "extraction", "imports", "insights", "recommendations", "search"),
}
FIRST = next(iter(PICTURES))


def render_diagram() -> str:
    """Return all pictures as Markdown."""
    return "\n".join([HEAD, *("\n".join(_picture(title)) for title in PICTURES)])


def _picture(title: str) -> Iterator[str]:
    tables = [metadata.tables[str(mapper.local_table)] for room in PICTURES[title] for mapper in rooms()[room]]
    yield f"## {title}\n\n```mermaid\nerDiagram\n  direction LR"
    drawn: set[str] = set()
    for table in tables:
        keys = sorted(table.foreign_key_constraints, key=lambda each: each.column_keys[-1])
        inner = [key for key in keys if key.referred_table.name != "stores"]
        for key in inner or (keys if title == FIRST else []):
            drawn |= {table.name, key.referred_table.name}
            yield f"  {_line(table, key)}"
    yield "```\n"
    alone = [f"`{table.name}`" for table in tables if table.name not in drawn]
    if alone:
        yield f"Beside them, with no relation to draw: {', '.join(alone)}.\n"


def _line(table: Table, key: ForeignKeyConstraint) -> str:
    columns = [column for column in key.column_keys if column.endswith("_id")] or list(key.column_keys)
    parent = "|o" if any(table.columns[column].nullable for column in key.column_keys) else "||"
    child = "o|" if _is_single(table, set(key.column_keys)) else "o{"
    return f'{key.referred_table.name} {parent}--{child} {table.name} : "{columns[-1]}"'


def _is_single(table: Table, columns: set[str]) -> bool:
    """Say whether a parent can have one child at most."""
    keys = [set(each.columns.keys()) for each in table.constraints if isinstance(each, UniqueConstraint)]
    # A unique index over the rows that have a parent at all says as much.
    keys += [set(each.columns.keys()) for each in table.indexes if each.unique
             and "IS NOT NULL" in str(each.dialect_options["postgresql"].get("where"))]
    return any(key and key <= columns for key in [set(table.primary_key.columns.keys()), *keys])
