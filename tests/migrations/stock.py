"""A legacy shop's stock as its programs write it, and what both sides say of it afterwards."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from tests.conftest import create_store

_NUMBERS = count(1)
CAPABILITIES = ("images", "pricing", "inventory")


@dataclass(frozen=True)
class Shop:
    """One store of a database with legacy columns; every method is one transaction of a legacy program."""

    database: Database
    id: UUID

    @classmethod
    def make(cls, database: Database, step: str = "off") -> "Shop":
        """Return a new store whose stock stands at `step`."""
        shop = cls(database, create_store(database, slug=f"shop-{next(_NUMBERS)}"))
        shop.stand_at(step)
        return shop

    def run(self, statement: str, **values: Any) -> Any:
        """Run statements parted by semicolons in one transaction; return the first column of the last one's rows."""
        result: list[Any] = []
        with self.database.session_for(self.id) as session:
            for each in statement.split(";"):
                done = session.execute(text(each), {"store": self.id, **values})
                result = list(done.scalars()) if done.returns_rows else []
        return result

    def stand_at(self, step: str) -> None:
        """Move the capabilities up to inventory to `step`, in the order the database allows."""
        with self.database.owner_session() as session:
            now = session.scalar(text("SELECT capability_step(:store, 'inventory')"), {"store": self.id})
            if now == step:
                return
            higher = session.scalar(text("SELECT step_ordinal(:a) < step_ordinal(:b)"), {"a": now, "b": step})
            for name in CAPABILITIES if higher else reversed(CAPABILITIES):
                session.execute(text("""
                    INSERT INTO capability_state (store_id, capability, step) VALUES (:store, :name, :step)
                    ON CONFLICT (store_id, capability) DO UPDATE SET step = excluded.step"""),
                    {"store": self.id, "name": name, "step": step})

    def add_product(self, sku: str, quantity: int, **more: Any) -> UUID:
        """Insert a product as a legacy program does."""
        (product,) = self.run("""
            INSERT INTO products (id, store_id, name, slug, sku, price, images, inventory_qty, track_inventory,
                                  low_stock_threshold, updated_at)
            VALUES (uuidv7(), :store, :sku, :sku, :sku, 9.99, '[]', :quantity, :tracked, 5, now()) RETURNING id""",
            sku=sku, quantity=quantity, tracked=more.get("tracked", True))
        assert isinstance(product, UUID)
        return product

    def add_product_with_variants(self, sku: str, quantity: int, *variants: int) -> UUID:
        """Insert a product and its variants in one transaction; `variants` are their quantities."""
        values = ", ".join(f"('{sku}-{place}', {held})" for place, held in enumerate(variants, 1))
        (product,) = self.run(f"""
            WITH p AS (
              INSERT INTO products (id, store_id, name, slug, sku, price, images, inventory_qty, updated_at)
              VALUES (uuidv7(), :store, :sku, :sku, :sku, 9.99, '[]', :quantity, now()) RETURNING id),
            v AS (INSERT INTO product_variants (store_id, product_id, name, sku, options, inventory_qty, updated_at)
                  SELECT :store, p.id, n.sku, n.sku, '{{"size": "' || n.sku || '"}}', n.quantity, now()
                  FROM p, (VALUES {values}) n (sku, quantity))
            SELECT id FROM p""", sku=sku, quantity=quantity)
        assert isinstance(product, UUID)
        return product

    def log(self, product: UUID, *changes: tuple[int, int, str]) -> None:
        """Insert log rows of (previous quantity, change, reason), a minute apart, in the past."""
        for minute, (previous, change, reason) in enumerate(changes):
            self.run("""
                INSERT INTO inventory_logs (id, store_id, product_id, previous_qty, new_qty, change_qty, reason,
                                            created_at)
                VALUES (uuidv7(), :store, :product, :previous, :new, :change, :reason,
                        timestamptz '2026-01-01 12:00Z' + :minute * interval '1 minute')""",
                product=product, previous=previous, new=previous + change, change=change, reason=reason, minute=minute)

    def backfill(self, size: int = 500) -> dict[str, Any]:
        """Backfill in batches, each committed; return the reports added up (numbers) or joined (lists)."""
        total: dict[str, Any] = {}
        last: UUID | None = None
        while True:
            with self.database.owner_session() as session:
                row = session.execute(text("SELECT * FROM backfill_inventory(:store, :after, :size)"),
                                      {"store": self.id, "after": last, "size": size}).one()
            if row.last_id is None:
                return total
            last = row.last_id
            for key, value in row.report.items():
                total[key] = total[key] + value if key in total else value

    def divergences(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what legacy and new say differently, as (kind, detail)."""
        with self.database.owner_session() as session:
            rows = session.execute(text("SELECT kind, detail FROM divergences_inventory(:store)"), {"store": self.id})
            return [tuple(row) for row in rows]

    def levels(self) -> dict[str, int]:
        """Return SKU → on hand."""
        with self.database.session_for(self.id) as session:
            rows = session.execute(text("""SELECT v.sku, l.on_hand FROM inventory_level l
                                           JOIN product_variants v ON v.id = l.variant_id"""))
            return {row.sku: row.on_hand for row in rows}

    def legacy(self) -> dict[str, int]:
        """Return SKU → quantity of products, and of variants with a star behind."""
        with self.database.session_for(self.id) as session:
            rows = session.execute(text("""SELECT sku, inventory_qty FROM products UNION ALL
                                           SELECT sku || '*', inventory_qty FROM product_variants"""))
            return {row.sku: row.inventory_qty for row in rows}

    def ledger(self, sku: str) -> list[tuple[str, int, str | None]]:
        """Return a variant's adjustments in order: (reason code, delta, reason detail)."""
        with self.database.session_for(self.id) as session:
            rows = session.execute(text("""
                SELECT a.reason_code, a.delta, a.reason_detail FROM inventory_adjustment a
                JOIN product_variants v ON v.id = a.variant_id WHERE v.sku = :sku ORDER BY a.created_at, a.id"""),
                {"sku": sku})
            return [tuple(row) for row in rows]

    def move_level(self, sku: str, change: int) -> None:
        """Change a level and its ledger as a program of the new kind does, locks first."""
        self.run("""
            SELECT lock_stock(:store, ARRAY(SELECT id FROM product_variants WHERE sku = :sku));
            UPDATE inventory_level SET on_hand = on_hand + :change
              WHERE variant_id = (SELECT id FROM product_variants WHERE sku = :sku);
            INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
              SELECT :store, id, :change, 'sale' FROM product_variants WHERE sku = :sku""", sku=sku, change=change)
