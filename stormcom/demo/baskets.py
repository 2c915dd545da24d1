"""What is bought together: a main product by popularity, then the things that go with it."""

from dataclasses import dataclass

import numpy as np

from stormcom.demo.chance import Bools, Floats, Ints, count_within, generator, pick, pick_by_row
from stormcom.demo.products import Catalogue
from stormcom.demo.shops import Shop

# Chance that the first, second, third companion kind joins a basket, and that something unrelated does.
COMPANION_CHANCE = (0.42, 0.26, 0.14, 0.08)
STRAY_CHANCE = 0.10
FAITHFUL_CHANCE = 0.7
QUANTITIES = (0.86, 0.1, 0.03, 0.01)


@dataclass(frozen=True)
class Baskets:
    """One entry per line, sorted by order and ordinal (from 0). ``is_companion``: bought because of the main one."""

    order: Ints
    ordinal: Ints
    product: Ints
    variant: Ints
    quantity: Ints
    is_companion: Bools


def popularity(shop: Shop, catalogue: Catalogue, *, seed: int) -> Floats:
    """Relative demand per product: the kind's, times a long tail within the kind."""
    rng = generator(seed, shop.slug, "popularity")
    by_kind = np.array([kind.popularity for kind in shop.words.kinds])
    return np.asarray(
        by_kind[catalogue.kinds] * rng.pareto(1.6, len(catalogue.kinds)) + 0.08, dtype=np.float64
    )


def make_baskets(shop: Shop, catalogue: Catalogue, orders: int, *, seed: int) -> Baskets:
    rng = generator(seed, shop.slug, "baskets")
    demand = popularity(shop, catalogue, seed=seed)
    main = pick(rng, demand, orders)
    order, product, companion = [np.arange(orders)], [main], [np.zeros(orders, dtype=np.bool_)]
    friends = _friends(shop)
    for place, chance in enumerate(COMPANION_CHANCE):
        kind = friends[catalogue.kinds[main], place]
        joins = np.flatnonzero((rng.random(orders) < chance) & (kind >= 0))
        order.append(joins)
        product.append(_companions(rng, catalogue, demand, main[joins], kind[joins]))
        companion.append(np.ones(len(joins), dtype=np.bool_))
    strays = np.flatnonzero(rng.random(orders) < STRAY_CHANCE)
    order.append(strays)
    product.append(pick(rng, demand, len(strays)))
    companion.append(np.zeros(len(strays), dtype=np.bool_))
    return _lines(rng, catalogue, np.concatenate(order), np.concatenate(product), np.concatenate(companion))


def _friends(shop: Shop) -> Ints:
    """Per kind the indexes of the kinds that go with it, padded with -1."""
    index = {kind.key: place for place, kind in enumerate(shop.words.kinds)}
    table = np.full((len(index), len(COMPANION_CHANCE)), -1, dtype=np.int64)
    for row, kind in enumerate(shop.words.kinds):
        known = [index[key] for key in kind.goes_with[: len(COMPANION_CHANCE)]]
        table[row, : len(known)] = known
    return table


def _companions(
    rng: np.random.Generator, catalogue: Catalogue, demand: Floats, main: Ints, kind: Ints
) -> Ints:
    """Mostly the one product of the kind that suits the main one; so pairs repeat and can be learnt."""
    members = np.where(
        catalogue.kinds[None, :] == np.arange(catalogue.kinds.max() + 1)[:, None], demand[None, :], 0.0
    )
    chosen = pick_by_row(rng, members, kind)
    sizes = (members > 0).sum(axis=1)
    suited = (members > 0).argmax(axis=1)[kind] + main % sizes[kind]
    return np.where(rng.random(len(main)) < FAITHFUL_CHANCE, suited, chosen).astype(np.int64)


def _lines(
    rng: np.random.Generator, catalogue: Catalogue, order: Ints, product: Ints, companion: Bools
) -> Baskets:
    keys = order * len(catalogue.kinds) + product
    kept = np.sort(np.unique(keys, return_index=True)[1])
    kept = kept[np.argsort(order[kept], kind="stable")]
    order, product, companion = order[kept], product[kept], companion[kept]
    # The default variant sells best; each further one half as well.
    drawn = np.minimum(rng.geometric(0.45, size=len(order)) - 1, catalogue.variant_count[product] - 1)
    variant = catalogue.first_variant[product] + drawn
    quantity = pick(rng, QUANTITIES, len(order)) + 1
    return Baskets(order, count_within(order), product, variant, quantity, companion)
