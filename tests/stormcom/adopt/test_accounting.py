"""Every row of the source is in the target or set aside, every value is the same or its change is reported."""

from collections import Counter
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from oltp.kit.money import exponent
from stormcom.adopt.keys import adopted_id
from stormcom.adopt.tables import BY_NAME, TABLES, LegacyTable
from tests.stormcom.adopt.conftest import Adoption
from tests.stormcom.adopt.legacy_shop import SIZE

Rows = dict[str, dict[str, Any]]
# The ORM's sign-in adapter writes these as they are.
SNAKE = {"refresh_token", "access_token", "expires_at", "token_type", "scope", "id_token", "session_state"}
CURRENCIES = {"shop-1": "USD", "shop-2": "BDT", "shop-3": "JPY", "shop-4": "KWD", "shop-5": "USD", "shop-6": "USD"}


def _legacy_name(column: str) -> str:
    head, *rest = column.split("_")
    return column if column in SNAKE else head + "".join(part.capitalize() for part in rest)


def _legacy_rows(pair: Adoption, table: LegacyTable) -> Rows:
    columns = [column.name for column in table.columns]
    listed = ", ".join(f'"{_legacy_name(name)}"' for name in columns)
    rows = pair.legacy(f'SELECT "{table.key}", {listed} FROM "{table.legacy_names[0]}"')
    return {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}


def _new_rows(pair: Adoption, table: LegacyTable) -> dict[UUID | str, dict[str, Any]]:
    columns = [column.name for column in table.columns]
    listed = ", ".join(f'"{name}"' for name in columns)
    return {row[0]: dict(zip(columns, row[1:], strict=True))
            for row in pair.new(f"SELECT {table.key}, {listed} FROM {table.name}")}


def _findings(pair: Adoption) -> dict[tuple[str, str], Counter[str]]:
    found: dict[tuple[str, str], Counter[str]] = {}
    for kind, table, key in pair.new("SELECT kind, table_name, old_key FROM adoption.finding"):
        found.setdefault((kind, table), Counter())[key] += 1
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_is_accounted_for(adopted: Adoption, table: LegacyTable) -> None:
    ((report,),) = adopted.new("SELECT report FROM adoption.run")
    counts = report["tables"][table.name]
    ((source,),) = adopted.legacy(f'SELECT count(*) FROM "{table.legacy_names[0]}"')
    ((target,),) = adopted.new(f"SELECT count(*) FROM {table.name}")
    ((aside,),) = adopted.new(f"SELECT count(*) FROM adoption.set_aside WHERE table_name = '{table.name}'")
    assert source > 0
    assert counts["source"] == source == target + aside
    assert (counts["inserted"], counts["updated"], counts["unchanged"], counts["deleted"]) == (target, 0, 0, 0)
    assert counts["set_aside"] == aside


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_values_are_the_same_or_their_change_is_reported(adopted: Adoption, table: LegacyTable) -> None:
    old, new = _legacy_rows(adopted, table), _new_rows(adopted, table)
    aside = {key for (key,) in adopted.new(
        f"SELECT old_key FROM adoption.set_aside WHERE table_name = '{table.name}'")}
    changes = {(key, column) for key, column in adopted.new(f"""
        SELECT old_key, coalesce(detail ->> 'column', CASE kind WHEN 'currency replaced' THEN 'currency'
          WHEN 'time zone replaced' THEN 'timezone' ELSE 'store_id' END) FROM adoption.finding
        WHERE table_name = '{table.name}' AND kind IN ('currency replaced', 'time zone replaced',
          'review''s store replaced', 'reference cleared', 'default used')""")}
    differing = set()
    for key, row in old.items():
        if key in aside:
            continue
        there = new.pop(adopted_id(table.name, key) if table.key == "id" else key)
        for name, value in row.items():
            parent = table.column(name).parent
            expected = adopted_id(parent, value) if parent and value is not None else value
            if there[name] != expected:
                differing.add((key, name))
    assert differing == changes
    assert new == {}


def _is_whole(value: float, currency: str) -> bool:
    """Whether 15 digits of the float, which is what numeric keeps of it, are whole minor units."""
    return Decimal(f"{value:.15g}").scaleb(exponent(currency)) % 1 == 0


@pytest.mark.parametrize("name", ["products", "product_variants", "customers", "orders", "order_items"])
def test_roundings_are_reported_one_by_one(adopted: Adoption, name: str) -> None:
    table = BY_NAME[name]
    owner = {"product_variants": "(SELECT p.store_id FROM products p WHERE p.id = product_id)",
             "order_items": "(SELECT o.store_id FROM orders o WHERE o.id = order_id)"}.get(name, "store_id")
    rows = adopted.new(f"""
        SELECT k.old_key, s.slug, {', '.join(f't.{money}' for money in table.money)} FROM {name} t
        JOIN adoption.adopted_key k ON k.table_name = '{name}' AND k.new_id = t.id JOIN stores s ON s.id = {owner}""")
    expected = {(key, column) for key, slug, *values in rows
                for column, value in zip(table.money, values, strict=True)
                if value is not None and not _is_whole(value, CURRENCIES[slug])}
    found = set(adopted.new(f"""SELECT old_key, detail ->> 'column' FROM adoption.finding
                                WHERE table_name = '{name}' AND kind = 'amount rounded'"""))
    assert found == expected
    assert expected


def test_every_kind_of_dirt_is_counted(adopted: Adoption) -> None:
    """The generator's rules, once more in Python."""
    products, orders, _ = SIZE
    numbers = [n for n in range(1, products + 1) if n != 77]
    lines = [o for o in range(1, orders + 1) if o % 111 and o not in (60, 62)]
    expected = {
        ("images are one bare address", "products"): sum(n % 40 in (1, 2) for n in numbers),
        ("images are invalid JSON", "products"): sum(n % 40 == 3 for n in numbers),
        ("images are null", "products"): sum(n % 40 == 4 for n in numbers),
        ("images are empty text", "products"): sum(n % 40 == 5 for n in numbers),
        ("images are JSON but no list", "products"): sum(n % 40 == 6 for n in numbers),
        ("negative stock", "products"): sum(n % 50 == 7 for n in numbers),
        ("negative price", "products"): 1,
        ("several default variants", "products"): sum(n % 44 == 0 for n in numbers),
        ("variant has another product's SKU", "product_variants"): sum(n % 100 == 4 for n in numbers),
        ("attribute value given twice", "product_attribute_values"): sum(n % 25 == 0 for n in numbers),
        ("header differs from lines", "orders"): sum(o % 31 == 0 for o in lines),
        ("order without lines", "orders"): orders // 111,
        ("address is no JSON object", "orders"): sum(o % 43 == 0 for o in range(1, orders + 1)),
        ("rating outside 1 to 5", "reviews"): 1,
        ("review's store replaced", "reviews"): sum(
            n % 50 == 0 or (n % 50 == 1 and n * 4 % 20 not in (12, 13, 14)) for n in range(1, products // 10 + 1)),
        ("e-mail of users differs only in case", "users"): 1,
        ("currency replaced", "stores"): 2,
        ("time zone replaced", "stores"): 2,
        ("all prices look like minor units", "stores"): 1,
    }
    found = {key: counter.total() for key, counter in _findings(adopted).items()}
    assert {key: found.get(key) for key in expected} == expected
    for kind in ("total differs from its parts", "price is 100 times what it sells for", "stock differs from variants",
                 "e-mail of customers differs only in case", "customer is a user", "options are no JSON object",
                 "values are no JSON list", "line without units", "amount with noise"):
        assert any(key[0] == kind for key in found), kind


def test_what_can_not_be_held_is_set_aside_as_it_was(adopted: Adoption) -> None:
    reasons = Counter({(table, reason): count for table, reason, count in adopted.new(
        "SELECT table_name, reason, count(*) FROM adoption.set_aside GROUP BY 1, 2")})
    assert reasons["products", "price is no amount"] == 1
    assert reasons["orders", "store_id names no adopted row of stores"] == 1
    assert reasons["orders", "total_amount is no amount"] == 1
    assert reasons["product_attribute_values", "attribute_id belongs to another store"] == 1
    assert reasons["inventory_logs", "product_id belongs to another store"] == 1
    assert reasons["order_items", "order_id names no adopted row of orders"] > 0
    ((row,),) = adopted.new("SELECT \"row\" FROM adoption.set_aside WHERE table_name = 'products'")
    assert (row["sku"], row["price"], row["name"]) == ("P-77", "NaN", "Product 77")


def test_what_is_left_out_is_named(adopted: Adoption) -> None:
    ((report,),) = adopted.new("SELECT report FROM adoption.run")
    assert report["left_out_tables"] == {"Project": 2, "ProjectMember": 2}
    assert report["missing_tables"] == [] and report["left_out_columns"] == {}


@pytest.mark.parametrize("role", ["stormcom_app", "stormcom_worker", "stormcom_pipelines"])
def test_old_keys_are_the_owners_alone(adopted: Adoption, role: str) -> None:
    with psycopg.connect(adopted.target.url) as connection:
        connection.execute(f"SET ROLE {role}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM adoption.adopted_key")
