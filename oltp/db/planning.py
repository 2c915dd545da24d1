"""Planning: what the planner must know after many rows came at once.

Until autovacuum has been there, it takes a table for what it was before, and a search that joins thousands of rows may
be planned as if there were one: minutes instead of milliseconds.
"""

from sqlalchemy import text

from oltp.db.session import Database

# The tables that grow by thousands in one transaction, and are joined by the next request.
TABLES = ("products", "product_variants", "product_price", "inventory_level", "product_search_document",
          "product_embedding", "customers", "subject", "orders", "order_items")


def count_rows_anew(database: Database) -> None:
    """Let Postgres look at the tables that a load has filled."""
    with database.owner_session() as session:
        session.execute(text(f"ANALYZE {', '.join(TABLES)}"))
