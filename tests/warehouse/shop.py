"""A small shop to write into: real rows in the real schema, with exactly the values a test is about."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from oltp.db.session import Database


def at(stamp: str) -> datetime:
    """`2026-03-08 12:00` as UTC."""
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


class Shop:
    """Writes rows of one store as the owner; each call is a transaction of its own."""

    def __init__(self, database: Database, store_id: UUID, *, currency: str = "USD") -> None:
        self.database = database
        self.store_id = store_id
        self.currency = currency
        self._numbers = 0

    def execute(self, statement: str, **values: Any) -> Any:
        """Run one statement and commit it; returns the first value it yields, if any. `:store` is bound."""
        with self.database.owner_session() as session:
            result = session.execute(text(statement), {"store": self.store_id, **values})
            return result.scalar() if result.returns_rows else None

    def insert(self, table: str, **values: Any) -> UUID:
        """Insert one row of this store."""
        row = {"id": uuid4(), "store_id": self.store_id, **values}
        names = ", ".join(row)
        self.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in row)})", **row)
        key = row["id"]
        assert isinstance(key, UUID)
        return key

    def number(self) -> int:
        """A number that was not given out before."""
        self._numbers += 1
        return self._numbers

    def product(self, sku: str, *, price: int = 1000, status: str = "ACTIVE") -> UUID:
        return self.insert(
            "products",
            name=sku.title(),
            slug=sku.lower(),
            sku=sku,
            price_amount=price,
            currency=self.currency,
            status=status,
            updated_at=at("2026-01-01"),
        )

    def customer(self, email: str) -> UUID:
        return self.insert(
            "customers",
            email=email,
            first_name="Ada",
            last_name="Byron",
            currency=self.currency,
            updated_at=at("2026-01-01"),
        )

    def order(
        self,
        placed_at: str,
        *lines: tuple[UUID | None, int, int],
        customer: UUID | None = None,
        discount: int = 0,
        shipping: int = 0,
        tax: int = 0,
        **values: Any,
    ) -> UUID:
        """An order of (product, quantity, subtotal in minor units) lines."""
        subtotal = sum(line[2] for line in lines)
        order_id = self.insert(
            "orders",
            customer_id=customer,
            placed_at=at(placed_at),
            currency=self.currency,
            order_subtotal_amount=subtotal,
            order_discount_amount=discount,
            order_shipping_amount=shipping,
            order_tax_amount=tax,
            order_total_amount=subtotal - discount + shipping + tax,
            **{"order_number": f"N{self.number()}", "status": "PAID", "updated_at": at(placed_at), **values},
        )
        for ordinal, line in enumerate(lines, start=1):
            self.line(order_id, ordinal, *line)
        return order_id

    def line(self, order_id: UUID, ordinal: int, product: UUID | None, quantity: int, subtotal: int) -> UUID:
        return self.insert(
            "order_items",
            order_id=order_id,
            product_id=product,
            ordinal=ordinal,
            product_name="thing",
            sku="thing",
            quantity=quantity,
            unit_price_amount=subtotal // quantity,
            line_subtotal_amount=subtotal,
            line_discount_amount=0,
            line_tax_amount=0,
            line_total_amount=subtotal,
            currency=self.currency,
            updated_at=at("2026-01-01"),
        )

    def lines_of(self, order_id: UUID) -> list[UUID]:
        with self.database.owner_session() as session:
            rows = session.execute(
                text("SELECT id FROM order_items WHERE order_id = :order ORDER BY ordinal"), {"order": order_id}
            )
            return [row[0] for row in rows]

    def refund(
        self, order_id: UUID, processed_at: str | None, *parts: tuple[str, int, int | None], line: UUID | None = None
    ) -> UUID:
        """A refund of (kind, amount, quantity) parts; unprocessed without a moment."""
        refund_id = self.insert(
            "refund",
            order_id=order_id,
            currency=self.currency,
            amount=sum(part[1] for part in parts),
            status="processed" if processed_at else "pending",
            processed_at=at(processed_at) if processed_at else None,
        )
        item = line or (self.lines_of(order_id) or [None])[0]
        for kind, amount, quantity in parts:
            self.insert(
                "refund_item",
                refund_id=refund_id,
                order_id=order_id,
                order_item_id=item if kind == "item" else None,
                kind=kind,
                quantity=quantity,
                amount=amount,
            )
        return refund_id

    def happened(self, name: str, entity: UUID, occurred_at: str, **payload: int) -> UUID:
        return self.insert(
            "domain_event", name=name, entity_type=name.split(".")[0], entity_id=entity, occurred_at=at(occurred_at),
            payload=json.dumps(payload),
        )

    def visitor(self, name: str) -> UUID:
        """Subject of an anonymous visitor."""
        return self.insert("subject", kind="visitor", visitor_id=name)

    def subject_of(self, customer: UUID) -> UUID:
        found = self.execute("SELECT id FROM subject WHERE customer_id = :customer", customer=customer)
        assert isinstance(found, UUID)
        return found

    def identify(self, visitor: UUID, customer: UUID) -> None:
        """The visitor turns out to be the customer."""
        self.execute(
            "UPDATE subject SET linked_subject_id = :person, linked_at = now() WHERE id = :visitor",
            person=self.subject_of(customer),
            visitor=visitor,
        )

    def event(self, name: str, stamp: str, subject: UUID | None, **values: Any) -> UUID:
        """An event whose three times are the same unless given."""
        moment = at(stamp)
        row = {
            "store_id": self.store_id,
            "event_id": uuid4(),
            "occurred_at": moment,
            "corrected_at": moment,
            "received_at": moment,
            "name": name,
            "subject_id": subject,
            "ingest_batch_id": uuid4(),
            **values,
        }
        with self.database.owner_session() as session:
            session.execute(text("SELECT ensure_event_partitions(:day, :day)"), {"day": row["occurred_at"].date()})
            names = ", ".join(row)
            session.execute(
                text(f"INSERT INTO analytics_event ({names}) VALUES ({', '.join(f':{name}' for name in row)})"), row
            )
        key = row["event_id"]
        assert isinstance(key, UUID)
        return key
