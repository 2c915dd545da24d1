"""Locks: the only home of advisory locks and FOR UPDATE, so that their order can be seen in one place."""

from collections.abc import Collection, Iterable
from typing import Literal
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.orm import Session


def try_lock(session: Session, *, scope: str, key: UUID | str) -> bool:
    """Take the transaction-long advisory lock of (scope, key); False when another transaction holds it."""
    statement = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
    return bool(session.scalar(statement, {"name": f"{scope}:{key}"}))


def lock_schema(connection: psycopg.Connection, key: int) -> None:
    """Wait for the transaction-long lock `key`, so that two programs starting at once change a schema in turn."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (key,))


def lock_stock(session: Session, *, store_id: UUID, variant_ids: Collection[UUID]) -> str:
    """Lock what a change of these variants' levels must lock before the levels; return the step `inventory` stands at.

    Products, then variants, each by id, while legacy stock columns follow the levels; nothing after the contract.
    """
    statement = text("SELECT lock_stock(:store, CAST(:variants AS uuid[]))")
    return str(session.scalar(statement, {"store": store_id, "variants": list(variant_ids)}))


def lock_products(session: Session, *, store_id: UUID, product_ids: Iterable[UUID]) -> list[UUID]:
    """Lock products against other writers until the transaction ends; return those that exist, in the order taken.

    Whatever belongs to a product (variants, images, prices, stock) is locked after it.
    """
    statement = text("""
        SELECT id FROM products WHERE store_id = :store AND id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE""")
    return list(session.scalars(statement, {"store": store_id, "ids": list(product_ids)}))


def lock_variants(session: Session, *, store_id: UUID, variant_ids: Iterable[UUID]) -> list[UUID]:
    """Lock variants, after their products, until the transaction ends; return those that exist."""
    statement = text("""
        SELECT id FROM product_variants WHERE store_id = :store AND id = ANY (:ids) ORDER BY id FOR NO KEY UPDATE""")
    return list(session.scalars(statement, {"store": store_id, "ids": list(variant_ids)}))


def lock_order(session: Session, *, store_id: UUID, order_id: UUID) -> bool:
    """Lock an order until the transaction ends; False where there is none.

    Whatever belongs to it (lines, payments, fulfilments, returns) is locked after it.
    """
    statement = text("SELECT id FROM orders WHERE store_id = :store AND id = :order FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id, "order": order_id}) is not None


def lock_shipping_profiles(session: Session, *, store_id: UUID) -> None:
    """Lock a store's live shipping profiles, by id, until the transaction ends.

    All of them, since one of them is the default. A store's first profile meets no lock: of two first ones the
    database's unique key lets one pass.
    """
    statement = text("""
        SELECT id FROM shipping_profile WHERE store_id = :store AND deleted_at IS NULL ORDER BY id
        FOR NO KEY UPDATE""")
    session.execute(statement, {"store": store_id})


def lock_levels(session: Session, *, store_id: UUID, variant_ids: Iterable[UUID]) -> list[UUID]:
    """Lock stock levels, after lock_stock, until the transaction ends; return those that exist, in the order taken.

    Whatever belongs to a level (reservations, ledger rows) is written only under its lock, so two orders that want
    the same variants in another order wait for each other and never deadlock.
    """
    statement = text("""
        SELECT variant_id FROM inventory_level WHERE store_id = :store AND variant_id = ANY (:ids)
        ORDER BY variant_id FOR NO KEY UPDATE""")
    return list(session.scalars(statement, {"store": store_id, "ids": list(variant_ids)}))


def lock_levels_of(session: Session, *, store_id: UUID, product_id: UUID) -> None:
    """Lock the stock levels of a locked product's variants, in the order of lock_levels(): a trigger moves them all."""
    statement = text("""
        SELECT variant_id FROM inventory_level WHERE store_id = :store AND variant_id = ANY (ARRAY(
          SELECT id FROM product_variants WHERE store_id = :store AND product_id = :product))
        ORDER BY variant_id FOR NO KEY UPDATE""")
    session.execute(statement, {"store": store_id, "product": product_id})


def lock_cart(session: Session, *, store_id: UUID, cart_id: UUID) -> bool:
    """Lock a cart, before its items, until the transaction ends; False where there is none."""
    statement = text("SELECT id FROM cart WHERE store_id = :store AND id = :cart FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id, "cart": cart_id}) is not None


def lock_quote(session: Session, *, store_id: UUID, quote_id: UUID) -> bool:
    """Lock a quote until the transaction ends, so that it is placed once; False where there is none.

    Its cart is locked before it: whoever throws a cart away comes from there, and takes it out of its quotes.
    """
    statement = text("""
        WITH of_cart AS MATERIALIZED (
          SELECT c.id FROM cart c JOIN quote q ON q.store_id = c.store_id AND q.cart_id = c.id
          WHERE q.store_id = :store AND q.id = :quote FOR NO KEY UPDATE OF c)
        SELECT q.id FROM quote q LEFT JOIN of_cart ON true WHERE q.store_id = :store AND q.id = :quote
        FOR NO KEY UPDATE OF q""")
    return session.scalar(statement, {"store": store_id, "quote": quote_id}) is not None


def lock_store_counter(session: Session, *, store_id: UUID) -> bool:
    """Lock a store's counter, after everything else, until the transaction ends; False where there is none yet."""
    statement = text("SELECT store_id FROM store_counter WHERE store_id = :store FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id}) is not None


def lock_collection(session: Session, *, store_id: UUID, collection_id: UUID) -> bool:
    """Lock a live collection and what is in it until the transaction ends; False where there is none.

    It comes before the products in it.
    """
    statement = text("""
        SELECT id FROM collection WHERE store_id = :store AND id = :id AND deleted_at IS NULL FOR NO KEY UPDATE""")
    return session.scalar(statement, {"store": store_id, "id": collection_id}) is not None


def share_rules(session: Session, *, store_id: UUID) -> list[UUID]:
    """Hold the store's collections by rule as they are, by id, until the transaction ends; return their ids.

    Any number of transactions may; whoever changes a rule or fills a collection anew waits, and they for him.
    """
    statement = text("""
        SELECT id FROM collection WHERE store_id = :store AND kind = 'rule' AND deleted_at IS NULL
        ORDER BY id FOR SHARE""")
    return list(session.scalars(statement, {"store": store_id}))


def lock_bundle(session: Session, *, store_id: UUID, bundle_id: UUID) -> bool:
    """Lock a live bundle and its items until the transaction ends; False where there is none."""
    statement = text("""
        SELECT id FROM product_bundle WHERE store_id = :store AND id = :id AND deleted_at IS NULL FOR NO KEY UPDATE""")
    return session.scalar(statement, {"store": store_id, "id": bundle_id}) is not None


CatalogTable = Literal["categories", "brands", "product_attributes", "shipping_profile", "reviews"]


def lock_catalog_rows(session: Session, *, table: CatalogTable, store_id: UUID, ids: Iterable[UUID]) -> list[UUID]:
    """Lock rows of the catalog against other writers, and against those who are about to point to them."""
    statement = text(f"SELECT id FROM {table} WHERE store_id = :store AND id = ANY (:ids) ORDER BY id "
                     "FOR NO KEY UPDATE")
    return list(session.scalars(statement, {"store": store_id, "ids": list(ids)}))


def share_catalog_rows(session: Session, *, table: CatalogTable, store_id: UUID, ids: Iterable[UUID]) -> list[UUID]:
    """Hold rows as they are until the transaction ends, together with others who point to them; after products."""
    statement = text(f"SELECT id FROM {table} WHERE store_id = :store AND id = ANY (:ids) ORDER BY id FOR SHARE")
    return list(session.scalars(statement, {"store": store_id, "ids": list(ids)}))


def lock_keys(session: Session, *, scope: str, keys: Collection[str]) -> None:
    """Wait for the transaction-long advisory locks of (scope, key), once a transaction and scope, in their order.

    For what no row stands for yet: a SKU that is about to be given away, the first review of a customer.
    """
    names = [f"{scope}:{key}" for key in sorted(set(keys))]
    session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) "
                         "FROM unnest(CAST(:names AS text[])) WITH ORDINALITY AS n (name, place) ORDER BY place"),
                    {"names": names})


def lock_tax_rate(session: Session, *, store_id: UUID, tax_rate_id: UUID) -> bool:
    """Lock a tax rate until the transaction ends; False where there is none."""
    statement = text("SELECT id FROM tax_rate WHERE store_id = :store AND id = :id FOR UPDATE")
    return session.scalar(statement, {"store": store_id, "id": tax_rate_id}) is not None


def lock_customer(session: Session, *, store_id: UUID, customer_id: UUID) -> bool:
    """Lock a customer, before segment spells and values, until the transaction ends; False where there is none."""
    statement = text("SELECT id FROM customers WHERE store_id = :store AND id = :id FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id, "id": customer_id}) is not None


def lock_segment(session: Session, *, store_id: UUID, segment_id: UUID) -> bool:
    """Lock a segment, before its spells, until the transaction ends; False where there is none."""
    statement = text("SELECT id FROM customer_segment WHERE store_id = :store AND id = :id FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id, "id": segment_id}) is not None


def share_segments(session: Session, *, store_id: UUID) -> None:
    """Keep a store's segments as they are until the transaction ends: rules that change meanwhile wait."""
    statement = text("SELECT id FROM customer_segment WHERE store_id = :store ORDER BY id FOR SHARE")
    session.execute(statement, {"store": store_id})


def lock_subscription(session: Session, *, store_id: UUID, subscription_id: UUID) -> bool:
    """Lock a subscription, before its cycles, until the transaction ends; False where there is none."""
    statement = text("SELECT id FROM subscription WHERE store_id = :store AND id = :id FOR NO KEY UPDATE")
    return session.scalar(statement, {"store": store_id, "id": subscription_id}) is not None


def lock_promotions(
    session: Session, *, store_id: UUID, rule_ids: Collection[UUID], code_ids: Collection[UUID]
) -> None:
    """Lock promotion rules, then discount codes, each by id, until the transaction ends.

    Uses and budgets change only under these locks; they come after the order's own.
    """
    for table, ids in (("promotion_rule", rule_ids), ("discount_code", code_ids)):
        if ids:
            statement = text(f"SELECT id FROM {table} WHERE store_id = :store AND id = ANY (:ids) ORDER BY id "
                             "FOR NO KEY UPDATE")
            session.execute(statement, {"store": store_id, "ids": sorted(ids, key=str)})


def lock_fields(session: Session, *, store_id: UUID) -> None:
    """Lock a store's custom fields, by id, until the transaction ends: values are written by what they are now."""
    statement = text("SELECT id FROM customer_custom_field WHERE store_id = :store ORDER BY id FOR NO KEY UPDATE")
    session.execute(statement, {"store": store_id})


def share_fields(session: Session, *, store_id: UUID) -> None:
    """Keep a store's custom fields as they are until the transaction ends."""
    statement = text("SELECT id FROM customer_custom_field WHERE store_id = :store ORDER BY id FOR SHARE")
    session.execute(statement, {"store": store_id})
