"""The catalogue: brands, categories, products and variants composed from a shop's words."""

import json
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import Ints, generator
from stormcom.demo.drafts import Draft, compose_products
from stormcom.demo.keys import time_keys
from stormcom.demo.rhythm import DAY, as_instants
from stormcom.demo.shops import Shop

# The catalogue is older than the history: every product can be sold on its first day.
CATALOGUE_AGE = 120 * DAY
SOLD_OUT_SHARE = 0.04


@dataclass(frozen=True)
class Catalogue:
    """Frames in table form, and per product or variant the numbers that baskets and events draw from."""

    brands: pl.DataFrame
    categories: pl.DataFrame
    products: pl.DataFrame
    variants: pl.DataFrame
    images: pl.DataFrame
    levels: pl.DataFrame
    adjustments: pl.DataFrame
    kinds: Ints
    first_variant: Ints
    variant_count: Ints
    category_slugs: tuple[str, ...]


def slugify(text: str) -> str:
    """Lower-case a-z, 0-9 and hyphens, as product slugs demand."""
    plain = text.lower().replace("ü", "u").replace("ê", "e").replace("é", "e").replace("&", "and")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def make_catalogue(shop: Shop, store_id: str, *, seed: int, start: int) -> Catalogue:
    """``start`` is the first instant of the history, in milliseconds."""
    rng = generator(seed, shop.slug, "catalogue")
    drafts = compose_products(shop, rng)
    born = start - CATALOGUE_AGE
    brands = _brands(shop, store_id, rng, born)
    categories = _categories(shop, store_id, rng, born)
    created = np.sort(start - rng.integers(DAY, CATALOGUE_AGE, size=len(drafts)))
    products = _products(shop, store_id, drafts, time_keys(rng, created), created, rng, brands, categories)
    variants, first, counts = _variants(shop, store_id, drafts, products, created, rng)
    images, (levels, adjustments) = _images(products, created, rng), _stock(variants, created, counts, rng)
    leaves = dict(zip(categories["id"], categories["slug"], strict=True))
    slugs = tuple(leaves[category] for category in products["category_id"])
    kinds = np.array([draft.kind for draft in drafts], dtype=np.int64)
    return Catalogue(
        brands, categories, products, variants, images, levels, adjustments, kinds, first, counts, slugs)


def _brands(shop: Shop, store_id: str, rng: np.random.Generator, born: int) -> pl.DataFrame:
    names = [name for name, _ in shop.words.brands]
    instants = np.full(len(names), born, dtype=np.int64)
    return pl.DataFrame(
        {
            "id": time_keys(rng, instants),
            "name": names,
            "slug": [slugify(name) for name in names],
            "description": [text for _, text in shop.words.brands],
            "is_published": True,
            "created_at": as_instants(instants),
            "updated_at": as_instants(instants),
        }
    ).with_columns(store_id=pl.lit(store_id))


def _categories(shop: Shop, store_id: str, rng: np.random.Generator, born: int) -> pl.DataFrame:
    """Departments first, so that a parent is inserted before its children."""
    departments = list(dict.fromkeys(kind.path[0] for kind in shop.words.kinds))
    leaves = list(dict.fromkeys(kind.path for kind in shop.words.kinds))
    instants = np.full(len(departments) + len(leaves), born, dtype=np.int64)
    ids = time_keys(rng, instants).to_list()
    parents = dict(zip(departments, ids, strict=False))
    return pl.DataFrame(
        {
            "id": ids,
            "name": departments + [leaf for _, leaf in leaves],
            "slug": [slugify(name) for name in departments]
            + [slugify(f"{top} {leaf}") for top, leaf in leaves],
            "parent_id": [None] * len(departments) + [parents[top] for top, _ in leaves],
            "is_published": True,
            "sort_order": list(range(len(departments))) + list(range(len(leaves))),
            "created_at": as_instants(instants),
            "updated_at": as_instants(instants),
        }
    ).with_columns(store_id=pl.lit(store_id))


def _products(
    shop: Shop,
    store_id: str,
    drafts: list[Draft],
    ids: pl.Series,
    created: Ints,
    rng: np.random.Generator,
    brands: pl.DataFrame,
    categories: pl.DataFrame,
) -> pl.DataFrame:
    by_slug = dict(zip(categories["slug"], categories["id"], strict=True))
    kinds = [shop.words.kinds[draft.kind] for draft in drafts]
    prices = [draft.price for draft in drafts]
    slugs = [slugify(draft.name) for draft in drafts]
    pictures = [f"https://images.{shop.slug}.stormcom.test/{slug}.jpg" for slug in slugs]
    return pl.DataFrame(
        {
            "id": ids,
            "name": [draft.name for draft in drafts],
            "slug": slugs,
            "sku": [draft.sku for draft in drafts],
            "description": [draft.description for draft in drafts],
            "short_description": [draft.brief for draft in drafts],
            "category_id": [by_slug[slugify(" ".join(kind.path))] for kind in kinds],
            "brand_id": [brands["id"][draft.brand] for draft in drafts],
            "thumbnail_url": pictures,
            "status": "ACTIVE",
            "published_at": as_instants(created),
            "price_amount": prices,
            "compare_at_amount": pl.Series([draft.compare_at for draft in drafts], dtype=pl.Int64),
            "cost_amount": [price * 55 // 100 for price in prices],
            "currency": shop.currency,
            "is_featured": rng.random(len(drafts)) < 0.1,
            "track_inventory": True,
            "created_at": as_instants(created),
            "updated_at": as_instants(created),
        }
    ).with_columns(store_id=pl.lit(store_id))


def _images(products: pl.DataFrame, created: Ints, rng: np.random.Generator) -> pl.DataFrame:
    """One picture per product: the one that listings show."""
    return products.select(
        time_keys(rng, created).alias("id"), "store_id", pl.col("id").alias("product_id"),
        pl.col("thumbnail_url").alias("url"), pl.col("name").alias("alt"), "created_at", "updated_at")


def _stock(
    variants: pl.DataFrame, created: Ints, counts: Ints, rng: np.random.Generator
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Levels, and the ledger that they are the sum of: one entry for what a variant began with, none for nothing."""
    sold_out = np.repeat(rng.random(len(counts)) < SOLD_OUT_SHARE, counts)
    held = np.where(sold_out, 0, rng.integers(2, 120, size=variants.height))
    levels = variants.select(
        "store_id", pl.col("id").alias("variant_id"), pl.Series("on_hand", held),
        pl.col("created_at").alias("updated_at"))
    ledger = variants.select(
        time_keys(rng, np.repeat(created, counts)).alias("id"), "store_id", pl.col("id").alias("variant_id"),
        pl.Series("delta", held), pl.lit("initial").alias("reason_code"), "created_at")
    return levels, ledger.filter(pl.col("delta") != 0)


def _variants(
    shop: Shop,
    store_id: str,
    drafts: list[Draft],
    products: pl.DataFrame,
    created: Ints,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, Ints, Ints]:
    """Every product's variants, the first the default one; also the first row and the count per product."""
    rows = _variant_rows(shop, drafts)
    places = np.array([row["place"] for row in rows], dtype=np.int64)
    counts = np.bincount(places, minlength=len(drafts)).astype(np.int64)
    instants = created[places]
    frame = pl.DataFrame(rows, schema_overrides={"price_amount": pl.Int64}).with_columns(
        time_keys(rng, instants).alias("id"),
        pl.lit(store_id).alias("store_id"),
        products["id"].gather(pl.Series(places)).alias("product_id"),
        pl.lit(shop.currency).alias("currency"),
        as_instants(instants, "created_at"),
        as_instants(instants, "updated_at"),
    )
    return frame, np.r_[0, np.cumsum(counts)[:-1]].astype(np.int64), counts


def _variant_rows(shop: Shop, drafts: list[Draft]) -> list[dict[str, object]]:
    """One row per option of each product, or a single one; a price of its own only where there is a surcharge."""
    rows: list[dict[str, object]] = []
    for place, draft in enumerate(drafts):
        kind = shop.words.kinds[draft.kind]
        for number, (option, surcharge) in enumerate(kind.options or (("", 0),)):
            rows.append(
                {
                    "place": place,
                    "name": option or "Default",
                    "sku": f"{draft.sku}-{number + 1}" if option else draft.sku,
                    "price_amount": draft.price + surcharge if surcharge else None,
                    "options": json.dumps({kind.option: option} if option else {}),
                    "is_default": number == 0,
                    "selling_amount": draft.price + surcharge,
                }
            )
    return rows
