"""What an analytics event is about: its product or order, the page it happened on, and its properties."""

import numpy as np
import polars as pl

from stormcom.demo.baskets import Baskets
from stormcom.demo.clicks import LINES_FROM
from stormcom.demo.orders import Sales
from stormcom.demo.products import Catalogue
from stormcom.demo.shops import Shop

SPARE_QUERIES = ("gift card", "discount code", "opening hours", "returns", "gifts under 50")
ODD_SEARCH_SHARE = 0.04
ABOUT_PRODUCT = ("product_view", "add_to_cart", "remove_from_cart", "recommendation_click")


def describe(
    rng: np.random.Generator, shop: Shop, catalogue: Catalogue, sales: Sales, baskets: Baskets, events: pl.DataFrame
) -> pl.DataFrame:
    """Add product_id, order_id, page_path and properties; the order of the rows stays."""
    facts = _facts(rng, shop, catalogue, sales, baskets, events).with_row_index("place")
    parts = [
        part.with_columns(properties=_properties(str(name)), page_path=_path(str(name)))
        for (name,), part in facts.partition_by("name", as_dict=True, maintain_order=True).items()]
    return pl.concat(parts).sort("place").with_columns(
        order_id=pl.when(pl.col("name") == "purchase").then("order_key"),
        product_id=pl.when(pl.col("name").is_in(ABOUT_PRODUCT) & (pl.col("product") >= 0)).then("product_key"))


def _facts(
    rng: np.random.Generator, shop: Shop, catalogue: Catalogue, sales: Sales, baskets: Baskets, events: pl.DataFrame
) -> pl.DataFrame:
    """Look the numbers up: every event gets a product, a variant and an order, of which its kind uses what it needs."""
    product, variant, source, order = (
        events[name].clip(lower_bound=0) for name in ("product", "variant", "source", "order"))
    units = np.bincount(sales.row_of[baskets.order], weights=baskets.quantity, minlength=sales.orders.height)
    products, variants, orders = catalogue.products, catalogue.variants, sales.orders
    return events.with_columns(
        product_key=products["id"].gather(product), slug=products["slug"].gather(product),
        price=products["price_amount"].gather(product), category=pl.Series(catalogue.category_slugs).gather(product),
        variant_key=variants["id"].gather(variant), selling=variants["selling_amount"].gather(variant),
        source_key=products["id"].gather(source), source_slug=products["slug"].gather(source),
        order_key=orders["id"].gather(order),
        order_number=orders["order_number"].gather(order), value=orders["order_total_amount"].gather(order),
        units=pl.Series(units.astype(np.int64)).gather(order), query=_queries(rng, shop, catalogue, product),
        found=pl.Series(rng.integers(1, 25, events.height)), rank=pl.Series(rng.integers(1, 7, events.height)),
        money=pl.lit(shop.currency))


def _queries(rng: np.random.Generator, shop: Shop, catalogue: Catalogue, product: pl.Series) -> pl.Series:
    """What people type for a product of this kind: its noun or other words for it; rarely something unrelated."""
    phrases = [(kind.noun.lower(), *kind.searches) for kind in shop.words.kinds]
    lengths = np.array([len(each) for each in phrases])
    starts = np.cumsum(lengths) - lengths
    kind = catalogue.kinds[product.to_numpy()]
    flat = [phrase for each in phrases for phrase in each] + list(SPARE_QUERIES)
    index = starts[kind] + (rng.random(len(kind)) * lengths[kind]).astype(np.int64)
    spare = len(flat) - 1 - rng.integers(0, len(SPARE_QUERIES), len(kind))
    odd = rng.random(len(kind)) < ODD_SEARCH_SHARE
    return pl.Series(flat).gather(pl.Series(np.where(odd, spare, index)))


def _object(**columns: str | pl.Expr) -> pl.Expr:
    named = [(pl.col(value) if isinstance(value, str) else value).alias(name) for name, value in columns.items()]
    return pl.struct(named).struct.json_encode()


def _properties(name: str) -> pl.Expr:
    """Properties as JSON text; amounts are minor units."""
    bought = pl.col("order") >= 0
    match name:
        case "product_view":
            return _object(price_amount="price", currency="money")
        case "search":
            return _object(query="query", results_count="found")
        case "add_to_cart":
            value = pl.col("selling") * pl.col("quantity")
            return _object(variant_id="variant_key", quantity="quantity", value_amount=value, currency="money")
        case "remove_from_cart":
            return _object(variant_id="variant_key", quantity="quantity")
        case "begin_checkout":
            return _object(
                item_count=pl.when(bought).then("units").otherwise(1),
                value_amount=pl.when(bought).then("value").otherwise("selling"), currency="money")
        case "purchase":
            return _object(order_number="order_number", item_count="units", value_amount="value", currency="money")
        case "identify":
            return pl.lit('{"method":"checkout"}')
        case "recommendation_click":
            # Companions are clicked in the cart's widget; while looking around, alternatives are.
            is_companion = pl.col("step") > LINES_FROM - 10
            kind = pl.when(is_companion).then(pl.lit("bought_together")).otherwise(pl.lit("similar"))
            return _object(kind=kind, rank="rank", source_product_id="source_key")
        case _:
            return pl.lit("{}")


def _path(name: str) -> pl.Expr:
    match name:
        case "page_view":
            # A landing is step 0; a category page comes just before a view.
            is_landing = pl.col("step") == 0
            page = pl.when(is_landing).then(pl.format("/p/{}", "slug")).otherwise(pl.format("/c/{}", "category"))
            return pl.when(pl.col("product") >= 0).then(page).otherwise(pl.lit("/"))
        case "product_view":
            return pl.format("/p/{}", "slug")
        case "recommendation_click":
            return pl.when(pl.col("step") > LINES_FROM - 10).then(pl.lit("/cart")).otherwise(
                pl.format("/p/{}", "source_slug"))
        case "search":
            return pl.lit("/search")
        case "add_to_cart" | "remove_from_cart":
            return pl.lit("/cart")
        case _:
            return pl.lit("/checkout")
