"""The three demo shops: what each sells, in which money and zone, and how large it is at scale 1."""

from collections.abc import Mapping
from dataclasses import dataclass

from stormcom.demo.catalogue.electronics import ELECTRONICS
from stormcom.demo.catalogue.fashion import FASHION
from stormcom.demo.catalogue.home import HOME
from stormcom.demo.words import ShopWords

HISTORY_MONTHS = 6
PRODUCTS_PER_SHOP = 120


@dataclass(frozen=True)
class Shop:
    """One demo shop. Sizes are rows at scale 1; ``tax`` maps a state to its rate in basis points (empty: no tax)."""

    slug: str
    name: str
    currency: str
    timezone: str
    locale: str
    country: str
    region: str
    city: str
    words: ShopWords
    customers: int
    orders: int
    events: int
    shipping_amount: int
    free_shipping_from: int
    tax: Mapping[str, int]

    @property
    def email(self) -> str:
        return f"hello@{self.slug}.stormcom.test"


US_TAX = {"CA": 725, "NY": 800, "TX": 625, "FL": 600, "WA": 650, "MA": 625, "IL": 625, "OR": 0}

# fmt: off
SHOPS: tuple[Shop, ...] = (
    Shop("electronics", "Voltage & Vine", "USD", "America/New_York", "en-US", "US", "NY", "New York", ELECTRONICS,
         1_200, 4_700, 98_000, 599, 10_000, US_TAX),
    Shop("fashion", "Atelier Spree", "EUR", "Europe/Berlin", "en-DE", "DE", "BE", "Berlin", FASHION,
         1_000, 4_200, 86_000, 490, 8_000, {}),
    Shop("home", "Hearth & Harbor", "USD", "America/New_York", "en-US", "US", "MA", "Boston", HOME,
         800, 3_100, 66_000, 699, 7_500, US_TAX),
)
