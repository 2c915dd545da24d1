"""Products of a store under test, written as the store's own application would write them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import polars as pl
from sqlalchemy import text
from sqlalchemy.orm import Session

from oltp.db.planning import count_rows_anew
from oltp.db.session import Database
from oltp.kit.ids import new_id
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import Encoder

ONLINE_RETAIL = Path("/work/shared/data/online_retail.parquet")


@dataclass(frozen=True)
class Offer:
    """A product to add; `price` in minor units, `stock` None for one whose stock is not tracked."""

    name: str
    sku: str
    price: int = 1000
    stock: int | None = None
    description: str | None = None
    status: str = "ACTIVE"
    brand_id: UUID | None = None
    category_id: UUID | None = None
    barcode: str | None = None


_INSERT = text("""
    INSERT INTO products (id, store_id, name, slug, sku, description, status, price_amount, currency,
                          track_inventory, brand_id, category_id, barcode)
    SELECT :id, :store, :name, :id, :sku, :description, CAST(:status AS product_status), :price,
           s.currency, :tracked, :brand, :category, :barcode FROM stores s WHERE s.id = :store""")
_INSERT_VARIANT = """
    WITH v AS (INSERT INTO product_variants (store_id, product_id, name, sku, currency, options, is_default)
               SELECT id, :product, CAST(:sku AS text), :sku, currency, :options, :is_default FROM stores
               WHERE id = :store RETURNING id)
    INSERT INTO inventory_level (store_id, variant_id, on_hand) SELECT :store, id, :stock FROM v"""


def add_products(session: Session, store: UUID, offers: Iterable[Offer]) -> list[UUID]:
    """Add products and return their ids in the same order; default variants of untracked ones come with the commit."""
    offers = list(offers)
    rows = [
        {
            "id": new_id(),
            "store": store,
            "name": offer.name,
            "sku": offer.sku,
            "description": offer.description,
            "status": offer.status,
            "price": offer.price,
            "tracked": offer.stock is not None,
            "brand": offer.brand_id,
            "category": offer.category_id,
            "barcode": offer.barcode,
        }
        for offer in offers
    ]
    session.execute(_INSERT, rows)
    for row, offer in zip(rows, offers, strict=True):
        if offer.stock is not None:
            add_variant(session, store, row["id"], offer.sku, options={}, stock=offer.stock, is_default=True)
    return [row["id"] for row in rows]


def add_variant(
    session: Session, store: UUID, product: UUID, sku: str, *, options: dict[str, str] | str, stock: int = 1,
    is_default: bool = False,
) -> None:
    """Add a variant; `options` as a mapping, or as the text that shall stand in the column."""
    session.execute(
        text(_INSERT_VARIANT),
        {
            "store": store,
            "product": product,
            "sku": sku,
            "stock": stock,
            "is_default": is_default,
            "options": options if isinstance(options, str) else json.dumps(options),
        },
    )


def add_category(session: Session, store: UUID, name: str, parent: UUID | None = None) -> UUID:
    """Add a category and return its id."""
    row = {"id": new_id(), "store": store, "name": name, "parent": parent}
    session.execute(
        text("INSERT INTO categories (id, store_id, name, slug, parent_id) VALUES (:id, :store, :name, :id, :parent)"),
        row,
    )
    return row["id"]


def add_brand(session: Session, store: UUID, name: str) -> UUID:
    """Add a brand and return its id."""
    row = {"id": new_id(), "store": store, "name": name}
    session.execute(text("INSERT INTO brands (id, store_id, name, slug) VALUES (:id, :store, :name, :id)"), row)
    return row["id"]


def fill_store(
    database: Database, store: UUID, offers: Sequence[Offer], encoder: Encoder | None = None
) -> dict[str, UUID]:
    """Add products, refresh their documents and, with an encoder, embed them; returns SKU → id."""
    with database.session_for(store) as session:
        ids = add_products(session, store, offers)
    with database.session_for(store) as session:
        refresh_documents(session, store_id=store)
    if encoder is not None:
        embed_products(database, store_id=store, encoder=encoder)
    count_rows_anew(database)
    return {offer.sku: product for offer, product in zip(offers, ids, strict=True)}


def online_retail_offers() -> list[Offer]:
    """The distinct goods of the real file: SKU and its most frequent trimmed description on rows with a price."""
    rows = pl.scan_parquet(ONLINE_RETAIL).select(
        pl.col("StockCode").cast(pl.String).str.strip_chars().str.to_uppercase().alias("sku"),
        pl.col("Description").cast(pl.String).str.strip_chars().alias("name"),
        pl.col("UnitPrice").cast(pl.Float64).alias("price"),
    )
    goods = (
        rows.with_row_index()
        .filter(pl.col("price") > 0, pl.col("name").is_not_null(), pl.col("name") != "")
        .filter(pl.col("sku").str.contains(r"^(\d{5}|DCGS|PADS)"))
        .group_by("sku", "name")
        .agg(pl.len().alias("count"), pl.col("index").min(), pl.col("price").median())
        .sort(["count", "index"], descending=[True, False])
        .group_by("sku", maintain_order=True)
        .first()
        .sort("sku")
        .collect()
    )
    return [
        Offer(name, sku, price=round(price * 100)) for sku, name, price in goods.select("sku", "name", "price").rows()
    ]
