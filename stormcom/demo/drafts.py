"""Products in words and prices: composed from a shop's vocabulary, before anything has a key."""

from dataclasses import dataclass

import numpy as np

from stormcom.demo.shops import PRODUCTS_PER_SHOP, Shop
from stormcom.demo.words import Kind

MINIMUM_WORDS = 40
REDUCED_SHARE = 0.18
PROPER_NOUNS = frozenset({"German", "Swedish", "Japanese", "Irish", "Shetland", "Toquilla", "Pima"})


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


def compose_products(shop: Shop, rng: np.random.Generator) -> list[Draft]:
    """Equally many of each kind, the first kinds one more; within a kind from modest to best."""
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
    reduced = rng.random() < REDUCED_SHARE
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
