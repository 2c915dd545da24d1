"""Demo shops made once per test process: two small ones and one at full size."""

from datetime import date

import pytest

from stormcom.demo.shop_data import ShopData, make_shop
from stormcom.demo.shops import SHOPS

TODAY = date(2026, 11, 24)
SMALL = 0.05


@pytest.fixture(scope="session", params=SHOPS, ids=lambda shop: shop.slug)
def small_shop(request: pytest.FixtureRequest) -> ShopData:
    return make_shop(request.param, today=TODAY, scale=SMALL)


@pytest.fixture(scope="session")
def full_shops() -> list[ShopData]:
    return [make_shop(shop, today=TODAY) for shop in SHOPS]
