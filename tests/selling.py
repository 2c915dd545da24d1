"""A shop to sell in: made in Postgres directly, so that a test of one room needs no other."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.ids import new_id
from tests.conftest import create_store

_PRODUCT = text("""
    INSERT INTO products (id, store_id, name, slug, sku, status, published_at, currency, price_amount, track_inventory,
                          category_id, tax_class, weight, shipping_profile_id)
    VALUES (:product, :store, :name, :slug, :sku, 'ACTIVE', now(), :currency, :price, :tracked, :category, :tax_class,
            :weight, :profile)""")
_VARIANT = text("""
    INSERT INTO product_variants (id, store_id, product_id, name, sku, options, is_default, currency)
    VALUES (:variant, :store, :product, :name, :sku, '{}', true, :currency)""")
_STOCK = text("""
    INSERT INTO inventory_level (store_id, variant_id, is_tracked) VALUES (:store, :variant, :tracked)
    ON CONFLICT (store_id, variant_id) DO UPDATE SET is_tracked = excluded.is_tracked""")
_FILL = text("UPDATE inventory_level SET on_hand = on_hand + :stock WHERE store_id = :store AND variant_id = :variant")
_LEDGER = text("""
    INSERT INTO inventory_adjustment (store_id, variant_id, delta, reason_code)
    VALUES (:store, :variant, :stock, 'initial')""")


@dataclass(frozen=True)
class Goods:
    """A product with its one variant."""

    product_id: UUID
    variant_id: UUID
    sku: str


@dataclass
class Shop:
    """A store of a test, and what is needed to sell in it. Amounts are minor units of the shop's currency."""

    database: Database
    store_id: UUID
    currency: str = "USD"
    numbers: count = field(default_factory=lambda: count(1))

    def execute(self, statement: str, **values: Any) -> Any:
        """Run one statement in the store, as the application; return its first value, None where there is none."""
        with self.database.session_for(self.store_id) as session:
            result = session.execute(text(statement), {"store": self.store_id, **values})
            return result.scalar() if result.returns_rows else None

    def product(
        self, price: int = 1000, *, stock: int = 100, sku: str | None = None, name: str | None = None,
        currency: str | None = None, is_tracked: bool = True, category_id: UUID | None = None,
        tax_class: str = "standard", weight_kg: float | None = None, profile_id: UUID | None = None,
    ) -> Goods:
        """Add an active product with one variant and so many of it in stock."""
        sku = sku or f"SKU-{next(self.numbers)}"
        goods = Goods(new_id(), new_id(), sku)
        values = {
            "store": self.store_id, "product": goods.product_id, "variant": goods.variant_id, "sku": sku,
            "name": name or f"Product {sku}", "slug": sku.lower(), "currency": currency or self.currency,
            "price": price, "tracked": is_tracked, "category": category_id, "tax_class": tax_class,
            "weight": weight_kg, "profile": profile_id, "stock": stock}
        with self.database.session_for(self.store_id) as session:
            for statement in (_PRODUCT, _VARIANT, _STOCK):
                session.execute(statement, values)
            if stock:
                session.execute(_FILL, values)
                session.execute(_LEDGER, values)
        return goods

    def customer(self, email: str | None = None) -> UUID:
        """Add a customer."""
        return self.execute("""
            INSERT INTO customers (store_id, email, first_name, last_name, currency, total_spent_amount,
                                   average_order_amount)
            VALUES (:store, :email, 'Ada', 'Byron', :currency, 0, 0) RETURNING id""",
            email=email or f"c{next(self.numbers)}@example.test", currency=self.currency)

    def segment(self, *customer_ids: UUID, since: datetime | None = None) -> UUID:
        """Add a segment by hand whose members these customers are, since a year ago unless told."""
        slug = f"segment-{next(self.numbers)}"
        segment = self.execute(
            "INSERT INTO customer_segment (store_id, name, slug) VALUES (:store, :slug, :slug) RETURNING id", slug=slug)
        for customer in customer_ids:
            self.execute("""
                INSERT INTO customer_segment_member (store_id, segment_id, customer_id, joined_at)
                VALUES (:store, :segment, :customer, :since)""", segment=segment, customer=customer,
                since=since or datetime(2025, 11, 24, tzinfo=UTC))
        return segment

    def settings(self, **values: Any) -> None:
        """Set columns of selling_settings."""
        names = ", ".join(values)
        given = ", ".join(f":{name}" for name in values)
        changed = ", ".join(f"{name} = excluded.{name}" for name in values)
        self.execute(f"""INSERT INTO selling_settings (store_id, {names}) VALUES (:store, {given})
                         ON CONFLICT (store_id) DO UPDATE SET {changed}""", **values)

    def tax(self, country: str, rate: str, *, region: str | None = None, tax_class: str = "standard") -> UUID:
        """Add a tax rate: `rate` is a share, "0.19" is 19 %."""
        return self.execute("""
            INSERT INTO tax_rate (store_id, name, country, region, tax_class, rate)
            VALUES (:store, 'Tax', :country, :region, :tax_class, :rate) RETURNING id""",
            country=country, region=region, tax_class=tax_class, rate=Decimal(rate))

    def shipping(self, amount: int, *, name: str = "Standard", profile_id: UUID | None = None,
                 country: str | None = None, currency: str | None = None) -> UUID:
        """Add a flat rate to the default profile, or to another one; return the profile."""
        profile = profile_id or self.execute(
            "SELECT id FROM shipping_profile WHERE store_id = :store AND is_default AND deleted_at IS NULL")
        profile = profile or self.execute(
            "INSERT INTO shipping_profile (store_id, name, is_default) VALUES (:store, 'Parcels', true) RETURNING id")
        self.execute("""
            INSERT INTO shipping_rate (store_id, profile_id, name, country, amount, currency)
            VALUES (:store, :profile, :name, :country, :amount, :currency)""", profile=profile, name=name,
            country=country, amount=amount, currency=currency or self.currency)
        return profile

    def price(self, goods: Goods, amount: int, **values: Any) -> UUID:
        """Add a price row of the variant, in force since a year ago unless told; `values` are further columns."""
        row = {"currency": self.currency, "effective_at": datetime(2025, 11, 24, tzinfo=UTC), **values}
        names, given = ", ".join(row), ", ".join(f":{name}" for name in row)
        return self.execute(f"""INSERT INTO product_price (store_id, variant_id, amount, {names})
                                VALUES (:store, :variant, :amount, {given}) RETURNING id""",
                            variant=goods.variant_id, amount=amount, **row)

    def gateway(self, kind: str = "MANUAL", *, name: str | None = None) -> UUID:
        """Add an account with a gateway; without credentials, as a fake one needs none."""
        return self.execute("""
            INSERT INTO payment_provider_config (store_id, gateway, name, is_test)
            VALUES (:store, CAST(:kind AS payment_gateway), :name, true) RETURNING id""",
            kind=kind, name=name or kind.lower())

    def on_hand(self, goods: Goods) -> int:
        """Return how many of the variant are there."""
        return self.execute("SELECT on_hand FROM inventory_level WHERE store_id = :store AND variant_id = :variant",
                            variant=goods.variant_id)

    def reserved(self, goods: Goods) -> int:
        """Return how many of the variant are promised."""
        return self.execute("SELECT reserved FROM inventory_level WHERE store_id = :store AND variant_id = :variant",
                            variant=goods.variant_id)

    def later(self, minutes: int) -> datetime:
        """Return a moment so many minutes after the database's now."""
        moment: datetime = self.execute("SELECT now()")
        return moment + timedelta(minutes=minutes)


def open_shop(database: Database, *, slug: str | None = None, currency: str = "USD") -> Shop:
    """Make a store that may take any number of orders and products."""
    store_id = create_store(database, slug=slug or f"shop-{new_id().hex[-10:]}", currency=currency)
    with database.owner_session() as session:
        session.execute(text("UPDATE stores SET product_limit = 1000000, order_limit = 1000000, "
                             "subscription_plan = 'ENTERPRISE', subscription_status = 'ACTIVE' WHERE id = :id"),
                        {"id": store_id})
    return Shop(database, store_id, currency)
