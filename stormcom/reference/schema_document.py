"""docs/schema.md: every table as the models declare it, and where each name of the seed's plan went."""

from collections.abc import Iterable, Iterator

from sqlalchemy import CheckConstraint, Column, Computed, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapper
from sqlalchemy.schema import ForeignKeyConstraint

from stormcom.reference.names import rooms
from stormcom.reference.seed_fields import FIELDS, PATTERNS
from stormcom.reference.seed_map import RELATIONS, TABLES, Mapped

HEAD = """# Schema

Made by `make docs` from the models; a test holds it to them, and another one holds the models to the migrated database.
[er.md](er.md) draws it. The last chapter maps the schema plan that StormCom grew from, name by name.

- A table with `store_id` belongs to one store: row-level security is forced on it, and it refers to other tables of a
  store by `(store_id, id)`, so that no row can point into another store.
- `*_amount` is money in minor units, with an ISO 4217 `currency` beside it. `*_at` is a moment in UTC, `*_on` a day.
- Names in the plural are older than the rest: those tables come from the legacy schema. Its own columns for money,
  stock and images stand beside these until the contract migration drops them; no model maps them.
- Keys whose name ends in `_no_overlap` hold `WITHOUT OVERLAPS` on their last column: no two spans may share a moment.
"""
MAP_HEAD = """## Where the plan's names went

The plan is written in Prisma's names (camelCase, one table a model). What has no remark differs in nothing but its
spelling. An arrow is a foreign key, from the child up to the parent.
"""
_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def render_schema() -> str:
    """Return the document as Markdown."""
    parts = [HEAD]
    for room, mappers in rooms().items():
        parts.append(f"## {room}\n")
        parts += ["\n".join(_table(mapper)) for mapper in mappers]
    return "\n".join([*parts, *_map()])


def _table(mapper: Mapper[object]) -> Iterator[str]:
    table = mapper.local_table
    assert isinstance(table, Table)
    yield f"### {table.name}\n\n{_flat(mapper.class_.__doc__ or '')}\n"
    yield "| column | type | null | default |\n|---|---|---|---|"
    yield from (_column(column) for column in table.columns)
    yield ""
    yield from _keys(table)
    yield ""


def _column(column: Column[object]) -> str:
    default = column.server_default
    text = ""
    if isinstance(default, Computed):
        text = f"always {_code(default.sqltext)}"
    elif default is not None:
        text = _code(getattr(default, "arg", "identity"))
    kind = column.type.compile(_DIALECT).lower()
    return f"| {column.name} | {kind} | {'yes' if column.nullable else ''} | {text} |"


def _keys(table: Table) -> Iterator[str]:
    """Name what holds the table together: the primary key, unique keys, references, checks, indexes."""
    keys = table.dialect_options["postgresql"].get("partition_by")
    if keys:
        yield f"- partitioned by {keys}"
    if table.primary_key.columns:
        yield f"- primary key ({', '.join(table.primary_key.columns.keys())})"
    constraints = sorted(table.constraints, key=lambda each: str(each.name))
    yield from (_unique(each) for each in constraints if isinstance(each, UniqueConstraint))
    yield from (_reference(each) for each in constraints if isinstance(each, ForeignKeyConstraint))
    yield from (f"- check `{each.name}`: {_code(each.sqltext)}" for each in constraints
                if isinstance(each, CheckConstraint))
    yield from (_index(each) for each in sorted(table.indexes, key=lambda each: str(each.name)))


def _unique(key: UniqueConstraint) -> str:
    nulls = ", NULL equals NULL" if key.dialect_options["postgresql"].get("nulls_not_distinct") else ""
    late = ", checked at commit" if key.deferrable else ""
    return f"- unique `{key.name}` ({', '.join(key.columns.keys())}){nulls}{late}"


def _reference(key: ForeignKeyConstraint) -> str:
    targets = ", ".join(element.column.name for element in key.elements)
    gone = f", on delete {key.ondelete.lower()}" if key.ondelete else ""
    return f"- ({', '.join(key.column_keys)}) → {key.referred_table.name} ({targets}){gone}"


def _index(index: Index) -> str:
    kind = "unique index" if index.unique else "index"
    columns = ", ".join(_flat(str(each)).removeprefix(f"{index.table}.") for each in index.expressions)
    where = index.dialect_options["postgresql"].get("where")
    using = index.dialect_options["postgresql"].get("using")
    return (f"- {kind} `{index.name}` ({columns}){f' using {using}' if using else ''}"
            f"{f' where {_code(where)}' if where is not None else ''}")


def _map() -> Iterator[str]:
    yield MAP_HEAD
    yield from _mapped("Tables", TABLES)
    yield from _mapped("Fields of the drafts", FIELDS)
    yield from _mapped("Patterns", PATTERNS)
    yield "### Relationships\n\n| the plan | here | remark |\n|---|---|---|"
    for each in RELATIONS:
        path = " → ".join(f"`{step}`" for step in (each.path if each.is_key else each.path[:1]))
        yield f"| {each.parent} has {each.child} | {path} | {each.note} |"
    yield ""


def _mapped(title: str, names: Iterable[Mapped]) -> Iterator[str]:
    yield f"### {title}\n\n| the plan | here | remark |\n|---|---|---|"
    for each in names:
        ours = " → ".join(f"`{step}`" for step in each.ours.split(" → "))
        yield f"| {each.seed} | {ours} | {each.note} |"
    yield ""


def _code(sql: object) -> str:
    return f"`{_flat(str(sql)).replace('|', chr(92) + '|')}`"


def _flat(text: str) -> str:
    return " ".join(text.split())
