"""Products and customers of the file."""

import polars as pl

from stormcom.importers.online_retail.buckets import REFUND_MATCHED, REFUND_OPENING, REFUND_SPLIT, SALE
from stormcom.importers.online_retail.keys import Keys
from stormcom.importers.online_retail.money import to_pence

GOODS = (SALE, REFUND_MATCHED, REFUND_SPLIT, REFUND_OPENING)
EMAIL_DOMAIN = "online-retail.invalid"
SLUG_LENGTH = 80


def product_frame(rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """One row per goods SKU that was sold or taken back.

    Columns: id, variant_id, sku, name, slug, price_amount (pence), first_at (UTC instant of its first row).
    """
    goods = rows.filter(pl.col("bucket").is_in(GOODS))
    products = (
        goods.group_by("sku")
        .agg(pl.col("instant").min().alias("first_at"))
        .join(_names(rows), on="sku", how="left")
        .join(_prices(goods), on="sku", how="left")
        .with_columns(pl.coalesce("name", "sku").alias("name"))
        .sort("first_at", "sku")
    )
    slugs = _slug(pl.col("name")).str.slice(0, SLUG_LENGTH) + pl.lit("-") + _slug(pl.col("sku"))
    ids = keys.column("product", products["sku"]).alias("id")
    variants = keys.column("variant", products["sku"]).alias("variant_id")
    named = products.with_columns(slugs.alias("slug"), ids, variants)
    # Two SKUs may differ in signs alone ("A-1", "A 1"): the second and later ones carry a piece of their id.
    unique = pl.when(pl.col("slug").is_first_distinct()).then(pl.col("slug"))
    apart = pl.coalesce(unique, pl.col("slug") + pl.lit("-") + pl.col("id").str.slice(0, 8))
    return named.with_columns(apart.alias("slug")).select(
        "id", "variant_id", "sku", "name", "slug", "price_amount", "first_at"
    )


def _names(rows: pl.DataFrame) -> pl.DataFrame:
    """The most frequent description of each SKU on rows with a price, ties to the earliest row.

    Rows without a price are the warehouse's notes: "damaged", "found in box 12".
    """
    return (
        rows.filter((pl.col("price_e4") > 0) & pl.col("description").is_not_null())
        .group_by("sku", "description")
        .agg(pl.len().alias("count"), pl.col("row").min().alias("first_row"))
        .sort(["count", "first_row"], descending=[True, False])
        .group_by("sku", maintain_order=True)
        .agg(pl.col("description").first().alias("name"))
    )


def _prices(goods: pl.DataFrame) -> pl.DataFrame:
    """The list price is what most lines paid, ties to the latest: the last line alone may be a bulk price."""
    return (
        goods.group_by("sku", "price_e4")
        .agg(pl.len().alias("count"), pl.col("row").max().alias("last_row"))
        .sort(["count", "last_row"], descending=True)
        .group_by("sku", maintain_order=True)
        .agg(to_pence(pl.col("price_e4").first()).alias("price_amount"))
    )


def _slug(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^a-z0-9]+", "-").str.strip_chars("-")


def email_of(customer: pl.Expr) -> pl.Expr:
    """The address under which a CustomerID is kept; null for a guest. `.invalid` never receives mail."""
    return customer.cast(pl.String) + pl.lit(f"@{EMAIL_DOMAIN}")


def customer_frame(rows: pl.DataFrame, keys: Keys) -> pl.DataFrame:
    """One row per CustomerID of the file.

    Columns: id, customer, email, first_name, last_name, first_at.
    """
    known = (
        rows.filter(pl.col("customer").is_not_null())
        .group_by("customer")
        .agg(pl.col("instant").min().alias("first_at"))
        .sort("first_at", "customer")
    )
    number = pl.col("customer").cast(pl.String)
    return known.select(
        keys.column("customer", known["customer"].cast(pl.String)).alias("id"),
        "customer",
        email_of(pl.col("customer")).alias("email"),
        pl.lit("Customer").alias("first_name"),
        number.alias("last_name"),
        "first_at",
    )
