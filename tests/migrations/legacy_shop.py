"""A legacy shop's images and prices as its programs write them, and what both sides say of them afterwards."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from tests.conftest import create_store

_NUMBERS = count(1)
CAPABILITIES = ("images", "pricing")


@dataclass(frozen=True)
class LegacyShop:
    """One store of a database with legacy columns; every `run` is one transaction."""

    database: Database
    id: UUID

    @classmethod
    def make(cls, database: Database, step: str = "off", currency: str = "USD") -> "LegacyShop":
        """Return a new store whose images and prices stand at `step`."""
        shop = cls(database, create_store(database, slug=f"legacy-shop-{next(_NUMBERS)}", currency=currency))
        if step != "off":
            shop.stand_at(step)
        return shop

    def stand_at(self, step: str) -> None:
        """Move the capabilities to `step`, in the order the database allows."""
        with self.database.owner_session() as session:
            higher = session.scalar(text("SELECT step_ordinal(capability_step(:store, 'pricing')) < step_ordinal(:b)"),
                                    {"store": self.id, "b": step})
            for name in CAPABILITIES if higher else reversed(CAPABILITIES):
                session.execute(text("""
                    INSERT INTO capability_state (store_id, capability, step) VALUES (:store, :name, :step)
                    ON CONFLICT (store_id, capability) DO UPDATE SET step = excluded.step"""),
                    {"store": self.id, "name": name, "step": step})

    def run(self, statement: str, **parameters: Any) -> list[Any]:
        """Run one statement as the app in one transaction; `:store` is bound. Returns the first column."""
        with self.database.session_for(self.id) as session:
            done = session.execute(text(statement), {"store": self.id, **parameters})
            return list(done.scalars()) if done.returns_rows else []

    def rows(self, statement: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Return all rows of a query."""
        with self.database.session_for(self.id) as session:
            return [tuple(row) for row in session.execute(text(statement), {"store": self.id, **parameters})]

    def add(self, sku: str, *, images: str = "[]", price: float = 9.99, compare_at: float | None = None) -> UUID:
        """Insert a product as a legacy program does, created three days ago."""
        (product,) = self.run("""
            INSERT INTO products (store_id, name, slug, sku, price, compare_at_price, images, created_at, updated_at)
            VALUES (:store, :sku, :sku, :sku, :price, :compare_at, :images, now() - interval '3 days', now())
            RETURNING id""", sku=sku, images=images, price=price, compare_at=compare_at)
        assert isinstance(product, UUID)
        return product

    def add_variant(self, product: UUID, sku: str, price: float | None) -> UUID:
        """Insert a variant as a legacy program does, created two days ago."""
        (variant,) = self.run("""
            INSERT INTO product_variants (store_id, product_id, name, sku, options, price, created_at)
            VALUES (:store, :product, :sku, :sku, '{}', :price, now() - interval '2 days') RETURNING id""",
            product=product, sku=sku, price=price)
        assert isinstance(variant, UUID)
        return variant

    def backfill(self, capability: str, size: int = 500, most: int = 10**6) -> dict[str, Any]:
        """Backfill at most `most` batches, each committed; return the reports added up (numbers) or joined (lists)."""
        total: dict[str, Any] = {}
        last: UUID | None = None
        for _ in range(most):
            with self.database.owner_session() as session:
                row = session.execute(text(f"SELECT * FROM backfill_{capability}(:store, :after, :size)"),
                                      {"store": self.id, "after": last, "size": size}).one()
            if row.last_id is None:
                break
            last = row.last_id
            for key, value in row.report.items():
                total[key] = total[key] + value if key in total else value
        return total

    def divergences(self, capability: str) -> list[tuple[str, dict[str, Any]]]:
        """Return what legacy and new say differently, as (kind, detail)."""
        with self.database.owner_session() as session:
            rows = session.execute(text(f"SELECT kind, detail FROM divergences_{capability}(:store)"),
                                   {"store": self.id})
            return [tuple(row) for row in rows]

    def images(self, product: UUID) -> list[tuple[Any, ...]]:
        """Return the rows of a product's images in order: (URL, alternative text, id)."""
        return self.rows("SELECT url, alt, id FROM product_image WHERE product_id = :id ORDER BY position", id=product)

    def windows(self, owner: UUID) -> list[tuple[Any, ...]]:
        """Return the base windows of a product or variant: (currency, amount, starts, ends)."""
        return self.rows("""
            SELECT currency, amount, effective_at, expires_at FROM product_price
            WHERE :id IN (product_id, variant_id) AND segment_id IS NULL AND min_quantity = 1
            ORDER BY effective_at""", id=owner)
