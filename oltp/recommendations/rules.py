"""Rules of recommending: which sources a kind draws from, in order, until enough is found. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args
from uuid import UUID

from oltp.recommendations.errors import KindUnknown, ProductNeeded

Kind = Literal["similar", "bought_together", "bestsellers"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Source = Literal["published", "content", "words", "category", "sales", "newest"]

# What behaviour says comes first, then what the products say, then what everybody buys, then what is new.
SOURCES: dict[Kind, tuple[Source, ...]] = {
    "similar": ("content", "words", "category", "sales", "newest"),
    "bought_together": ("published", "category", "content", "words", "sales", "newest"),
    "bestsellers": ("published", "sales", "newest"),
}


@dataclass(frozen=True)
class Candidate:
    """A product that one source recommends. Scores of different sources do not compare."""

    product_id: UUID
    score: float
    source: str
    reason: str
    model_version: str


def kind_of(name: str) -> Kind:
    """Return the kind of this name. Errors: KindUnknown, naming the kinds there are."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise KindUnknown(kind=name, kinds=", ".join(KINDS))


def check_product(kind: Kind, product_id: UUID | None) -> UUID | None:
    """Return the product that recommendations go with, None for kinds about the whole store.

    Errors: ProductNeeded.
    """
    if kind == "bestsellers":
        return None
    if product_id is None:
        raise ProductNeeded(kind=kind, field="query.product_id")
    return product_id


def add_new(chosen: Sequence[Candidate], offered: Iterable[Candidate], *, limit: int) -> list[Candidate]:
    """Append what is not chosen yet, in the offered order, up to `limit` in all."""
    result = list(chosen)
    known = {candidate.product_id for candidate in chosen}
    for candidate in offered:
        if len(result) >= limit:
            break
        if candidate.product_id not in known:
            known.add(candidate.product_id)
            result.append(candidate)
    return result
