"""The catalogue: brands, categories, products and variants composed from a shop's words."""

import json
import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from stormcom.demo.chance import Ints, generator
from stormcom.demo.keys import time_keys
from stormcom.demo.rhythm import DAY, as_instants
from stormcom.demo.shops import PRODUCTS_PER_SHOP, Shop
from stormcom.demo.words import Kind

MINIMUM_WORDS = 40
PROPER_NOUNS = frozenset({"German", "Swedish", "Japanese", "Irish", "Shetland", "Toquilla", "Pima"})
# The catalogue is older than the history: every product can be sold on its first day.
CATALOGUE_AGE = 120 * DAY


@dataclass(frozen=True)
class Catalogue:
    """Frames in table form, and per product or variant the numbers that baskets and events draw from."""

    brands: pl.DataFrame
    categories: pl.DataFrame
    products: pl.DataFrame
    variants: pl.DataFrame
    kinds: Ints
    first_variant: Ints
    variant_count: Ints
    category_slugs: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """A product before it has keys: words, money and options only."""

    kind: int
    brand: int
    colour: str
    name: str
    sku: str
    brief: str
    description: str
    price: int
    compare_at: int | None


def slugify(text: str) -> str:
    """Lower-case a-z, 0-9 and hyphens, as product slugs demand."""
    plain = text.lower().replace("ü", "u").replace("ê", "e").replace("é", "e").replace("&", "and")
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def make_catalogue(shop: Shop, store_id: str, *, seed: int, start: int) -> Catalogue:
    """``start`` is the first instant of the history, in milliseconds."""
    rng = generator(seed, shop.slug, "catalogue")
    drafts = _drafts(shop, rng)
    born = start - CATALOGUE_AGE
    brands = _brands(shop, store_id, rng, born)
    categories = _categories(shop, store_id, rng, born)
    created = np.sort(start - rng.integers(DAY, CATALOGUE_AGE, size=len(drafts)))
    products = _products(shop, store_id, drafts, time_keys(rng, created), created, rng, brands, categories)
    variants, first, counts = _variants(shop, store_id, drafts, products, created, rng)
    leaves = dict(zip(categories["id"], categories["slug"], strict=True))
    slugs = tuple(leaves[category] for category in products["category_id"])
    kinds = np.array([draft.kind for draft in drafts], dtype=np.int64)
    return Catalogue(brands, categories, products, variants, kinds, first, counts, slugs)


def _drafts(shop: Shop, rng: np.random.Generator) -> list[Draft]:
    kinds = shop.words.kinds
    base, more = divmod(PRODUCTS_PER_SHOP, len(kinds))
    drafts: list[Draft] = []
    for index, kind in enumerate(kinds):
        count = base + (index < more)
        models = rng.permutation(len(shop.words.models))[:count]
        names = [name for name, _ in shop.words.brands]
        makers = [names.index(name) for name in shop.words.makers[kind.path[0]]]
        for tier in range(count):
            brand = makers[(tier + index) % len(makers)]
            drafts.append(_draft(shop, rng, index, brand, shop.words.models[models[tier]], tier, count))
    return drafts


def _draft(
    shop: Shop, rng: np.random.Generator, index: int, brand: int, model: str, tier: int, count: int
) -> Draft:
    kind, words = shop.words.kinds[index], shop.words
    level = tier / max(count - 1, 1)
    facts = {
        name: values[min(int(level * len(values)), len(values) - 1)] for name, values in kind.facts.items()
    }
    colour = str(words.colours[int(rng.integers(len(words.colours)))])
    brand_name = words.brands[brand][0]
    first, headline = next(iter(facts.items()))
    slots = {
        **facts,
        first: _inside_a_sentence(headline),
        "brand": brand_name,
        "model": model,
        "colour": colour,
    }
    price = _price(shop, kind, level, rng)
    reduced = rng.random() < 0.18
    return Draft(
        kind=index,
        brand=brand,
        colour=colour,
        name=f"{brand_name} {model} {_sentence(headline)} {kind.noun}",
        sku=f"{words.sku_prefix}-{_code(kind.key)}-{tier + 1:02d}",
        brief=_sentence(kind.brief.format(**slots)),
        description=_describe(shop, kind, rng, slots),
        price=price,
        compare_at=_charm(shop, price * 6 // 5) if reduced else None,
    )


def _code(key: str) -> str:
    return "".join(part[:3] for part in key.split("-")).upper()


def _inside_a_sentence(fact: str) -> str:
    """Take the capital from "Washed", but not from "German steel" or "VG-10"."""
    if fact.split()[0] in PROPER_NOUNS or not fact[1:2].islower():
        return fact
    return fact[0].lower() + fact[1:]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _describe(shop: Shop, kind: Kind, rng: np.random.Generator, slots: dict[str, str]) -> str:
    """An opening, features in their written order until there are enough words, and a closing: 40 to 80 words."""
    opening = kind.opens[int(rng.integers(len(kind.opens)))]
    closing = shop.words.closings[int(rng.integers(len(shop.words.closings)))]
    chosen: list[int] = []
    for feature in rng.permutation(len(kind.features)):
        chosen.append(int(feature))
        parts = [opening, *(kind.features[place] for place in sorted(chosen)), closing]
        text = " ".join(_sentence(part.format(**slots)) for part in parts)
        if len(chosen) >= 2 and len(text.split()) >= MINIMUM_WORDS:
            break
    return text


def _price(shop: Shop, kind: Kind, level: float, rng: np.random.Generator) -> int:
    """Between the kind's prices; the best of a kind stands out, hence the exponent. Shares are in thousandths."""
    low, high = kind.prices
    share, spread = round(1000 * level**1.3), int(rng.integers(950, 1051))
    return _charm(shop, (low * 1000 + (high - low) * share) * spread // 1_000_000)


def _charm(shop: Shop, amount: int) -> int:
    """A price as shops write it: 49.99 in dollars, 49.90 in euros."""
    return max(amount // 100, 1) * 100 + (90 if shop.currency == "EUR" else 99)


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
    stock = rng.integers(0, 240, size=len(drafts))
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
            "images": [json.dumps([picture]) for picture in pictures],
            "thumbnail_url": pictures,
            "status": "ACTIVE",
            "published_at": as_instants(created),
            "price_amount": prices,
            "compare_at_amount": pl.Series([draft.compare_at for draft in drafts], dtype=pl.Int64),
            "cost_amount": [price * 55 // 100 for price in prices],
            "currency": shop.currency,
            "is_featured": rng.random(len(drafts)) < 0.1,
            "track_inventory": True,
            "inventory_qty": stock,
            "created_at": as_instants(created),
            "updated_at": as_instants(created),
        }
    ).with_columns(store_id=pl.lit(store_id))


def _variants(
    shop: Shop,
    store_id: str,
    drafts: list[Draft],
    products: pl.DataFrame,
    created: Ints,
    rng: np.random.Generator,
) -> tuple[pl.DataFrame, Ints, Ints]:
    """Every product's variants, the first the default one; also the first row and the count per product."""
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
    places = np.array([row["place"] for row in rows], dtype=np.int64)
    counts = np.bincount(places, minlength=len(drafts)).astype(np.int64)
    instants = created[places]
    frame = pl.DataFrame(rows, schema_overrides={"price_amount": pl.Int64}).with_columns(
        time_keys(rng, instants).alias("id"),
        pl.lit(store_id).alias("store_id"),
        products["id"].gather(pl.Series(places)).alias("product_id"),
        pl.lit(shop.currency).alias("currency"),
        pl.Series("inventory_qty", rng.integers(0, 90, size=len(rows))),
        as_instants(instants, "created_at"),
        as_instants(instants, "updated_at"),
    )
    return frame, np.r_[0, np.cumsum(counts)[:-1]].astype(np.int64), counts
