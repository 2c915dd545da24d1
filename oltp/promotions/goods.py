"""The lines of a cart, and which of them are meant: worked out once for each filter, by the ids that it names."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from oltp.promotions.conditions import Items
from oltp.promotions.facts import PromoLine

Index = dict[UUID, list[int]]


class Goods:
    """Lines in canonical order; a place is an index into `lines`."""

    def __init__(self, lines: Sequence[PromoLine]) -> None:
        self.lines = lines
        self._everything = tuple(range(len(lines)))
        self._products = _index((line.product_id,) for line in lines)
        self._variants = _index((line.variant_id,) for line in lines)
        self._collections = _index(line.collection_ids for line in lines)
        self._categories = _index(line.category_ids for line in lines)

    def places(self, items: Items | None) -> tuple[int, ...]:
        """Return the places of the lines that are meant, in order; without a filter all of them."""
        if items is None:
            return self._everything
        named = ((self._products, items.product_ids), (self._variants, items.variant_ids),
                 (self._collections, items.collection_ids), (self._categories, items.category_ids))
        return tuple(sorted({place for index, ids in named for key in ids for place in index.get(key, ())}))

    def quantity(self, places: Iterable[int]) -> int:
        """Return how many pieces stand there."""
        return sum(self.lines[place].quantity for place in places)

    def amount(self, places: Iterable[int]) -> int:
        """Return what they cost before promotions."""
        return sum(self.lines[place].amount for place in places)


def _index(ids: Iterable[Iterable[UUID]]) -> Index:
    index: Index = {}
    for place, keys in enumerate(ids):
        for key in keys:
            index.setdefault(key, []).append(place)
    return index
