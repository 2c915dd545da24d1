"""The shape of a shop's hand-written vocabulary; the words themselves are in ``stormcom.demo.catalogue``."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Kind:
    """A kind of product, from which about five products are composed.

    ``facts`` maps a name to values ordered from modest to best: the dearer a product, the later its value. The first
    fact is the headline that goes into the title. ``brief``, ``opens`` and ``features`` may name ``{brand}``,
    ``{model}``, ``{colour}`` and every fact. ``prices`` are the lowest and highest price in minor units.
    ``options`` are variant names with the surcharge in minor units; with no options a product has one variant.
    ``goes_with`` are keys of kinds bought in the same basket, most likely first.
    """

    key: str
    path: tuple[str, str]
    noun: str
    prices: tuple[int, int]
    popularity: float
    facts: Mapping[str, tuple[str, ...]]
    brief: str
    opens: tuple[str, ...]
    features: tuple[str, ...]
    option: str = ""
    options: tuple[tuple[str, int], ...] = ()
    goes_with: tuple[str, ...] = ()
    searches: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShopWords:
    """Everything a shop's titles and descriptions are made of; ``makers`` names each department's brands."""

    sku_prefix: str
    brands: tuple[tuple[str, str], ...]
    makers: Mapping[str, tuple[str, ...]]
    models: tuple[str, ...]
    colours: tuple[str, ...]
    closings: tuple[str, ...]
    kinds: tuple[Kind, ...] = field(default=())
