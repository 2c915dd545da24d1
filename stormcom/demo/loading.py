"""Write a demo shop's frames into the database, as the app and within its store.

COPY into a table is refused under row-level security, so rows are copied into temporary tables and inserted from
there: every trigger, foreign key and policy has its say.
"""

import io
from collections.abc import Callable

import polars as pl
from psycopg import Cursor
from sqlalchemy import text
from sqlalchemy.orm import Session

from stormcom.demo.shop_data import ShopData

ADD_STORE = text("""
    INSERT INTO stores (id, organization_id, name, slug, email, website, city, state, country, currency, timezone,
                        locale, subscription_plan, subscription_status, product_limit, order_limit, created_at)
    VALUES (:id, :organization_id, :name, :slug, :email, :website, :city, :region, :country, :currency, :timezone,
            :locale, 'ENTERPRISE', 'ACTIVE', -1, -1, :created_at)
    ON CONFLICT DO NOTHING RETURNING id""")

# No legacy program writes to a demo shop.
START = text("SELECT start_at_done(:id)")

# Visitors are linked to subjects that triggers made as customers and orders came in.
ADD_VISITORS = """
    INSERT INTO subject (id, store_id, kind, visitor_id, created_at, linked_at, linked_subject_id)
    SELECT v.id, v.store_id, v.kind, v.visitor_id, v.created_at, v.linked_at, coalesce(person.id, o.subject_id)
    FROM staged_subject v
    LEFT JOIN subject person ON person.store_id = v.store_id AND person.customer_id = v.customer_id
    LEFT JOIN orders o ON o.store_id = v.store_id AND o.id = v.guest_order_id"""
VISITOR_COLUMNS = """
    id uuid, store_id uuid, kind text, visitor_id text, created_at timestamptz, linked_at timestamptz, customer_id uuid,
    guest_order_id uuid"""


def add_store(session: Session, *, data: ShopData, organization_id: object) -> bool:
    """Add the store's own row; False if another one has its slug."""
    shop = data.shop
    facts = {name: getattr(shop, name) for name in (
        "name", "slug", "email", "city", "region", "country", "currency", "timezone", "locale")}
    facts |= {
        "id": data.store_id, "organization_id": organization_id, "website": f"https://{shop.slug}.stormcom.test",
        "created_at": data.tables["brands"]["created_at"][0]}
    is_added = session.execute(ADD_STORE, facts).first() is not None
    if is_added:
        session.execute(START, facts)
    return is_added


def load_tables(session: Session, *, data: ShopData, told: Callable[[int], object]) -> dict[str, int]:
    """Insert every table's rows; returns rows per table. ``told`` hears the number of rows after each table."""
    connection = session.connection().connection.driver_connection
    assert connection is not None
    written = {}
    with connection.cursor() as cursor:
        for table, frame in data.tables.items():
            written[table] = _load(cursor, table, frame)
            told(frame.height)
    return written


def _load(cursor: Cursor[tuple[object, ...]], table: str, frame: pl.DataFrame) -> int:
    columns = ", ".join(frame.columns)
    insert = f"INSERT INTO {table} ({columns}) SELECT {columns} FROM staged_{table}"
    if table == "subject":
        insert = ADD_VISITORS
        cursor.execute(f"CREATE TEMP TABLE staged_subject ({VISITOR_COLUMNS}) ON COMMIT DROP".encode())
    else:
        # Made by a query, the temporary table has the columns' types without their constraints.
        shape = f"ON COMMIT DROP AS SELECT {columns} FROM {table} WITH NO DATA"
        cursor.execute(f"CREATE TEMP TABLE staged_{table} {shape}".encode())
    with cursor.copy(f"COPY staged_{table} ({columns}) FROM STDIN (FORMAT csv)".encode()) as copy:
        copy.write(as_csv(frame))
    cursor.execute(insert.encode())
    return cursor.rowcount


def as_csv(frame: pl.DataFrame) -> bytes:
    """The rows as COPY reads them: nothing for null, quotes around an empty text."""
    buffer = io.BytesIO()
    frame.write_csv(buffer, include_header=False, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    return buffer.getvalue()
