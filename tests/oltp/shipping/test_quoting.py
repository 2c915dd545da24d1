"""What shipping costs, from the store's own rows: one statement, and legacy's fees as a profile."""

from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.kit.ids import new_id
from oltp.shipping.quoting import quote_shipping
from oltp.shipping.rules import ShippableLine, ShippingOption
from tests.selling import Shop, open_shop
from tests.statements import statements


def quote(shop: Shop, *lines: ShippableLine, country: str | None = "US", region: str | None = None,
          currency: str = "USD") -> list[ShippingOption]:
    """What the shop offers for these lines."""
    with shop.database.session_for(shop.store_id) as session:
        return quote_shipping(session, store_id=shop.store_id, lines=lines, country=country, region=region,
                              currency=currency)


def line(amount: int = 1000, *, profile: UUID | None = None, quantity: int = 1, grams: int = 500) -> ShippableLine:
    """A line of one piece of half a kilogram, unless told."""
    return ShippableLine(new_id(), profile, grams, quantity, amount)


def prices(options: list[ShippingOption]) -> list[tuple[str, int]]:
    """Names and amounts."""
    return [(option.name, option.amount) for option in options]


def rates(shop: Shop, *rows: tuple[str, str | None, int, int, int | None, int, int]) -> UUID:
    """Add (name, country, amount, from, to, least, most) by price to a new default profile; return it."""
    profile = shop.execute(
        "INSERT INTO shipping_profile (store_id, name, is_default) VALUES (:store, 'Legacy', true) RETURNING id")
    for name, country, amount, since, until, least, most in rows:
        shop.execute("""
            INSERT INTO shipping_rate (store_id, profile_id, name, country, amount, currency, band_from, band_to,
                                       least_days, most_days)
            VALUES (:store, :profile, :name, :country, :amount, 'USD', :since, :until, :least, :most)""",
            profile=profile, name=name, country=country, amount=amount, since=since, until=until, least=least,
            most=most)
    return profile


# docs/shipping.md shows the same rows.
LEGACY = [
    *[(name, country, amount, since, None, least, most) for country in ("BD", "US")
      for name, amount, since, least, most in (
          ("Standard", 599, 0, 5, 7), ("Express", 1299, 0, 2, 3), ("Free", 0, 5000, 7, 10))],
    ("Standard", None, 1599, 0, None, 10, 15), ("Express", None, 2999, 0, None, 5, 7),
]


def test_a_store_without_any_rate_ships_free(shop: Shop) -> None:
    assert quote(shop, line()) == [ShippingOption("Standard", 0, "USD", None, None, ())]
    assert quote(shop) == []
    shop.shipping(500)
    assert prices(quote(shop, line())) == [("Standard", 500)]
    assert quote(shop, line(), currency="EUR") == []
    shop.execute("UPDATE shipping_rate SET is_active = false WHERE store_id = :store")
    assert quote(shop, line()) == []


def test_legacy_fees_are_a_profile(shop: Shop) -> None:
    rates(shop, *LEGACY)
    domestic = [("Standard", 599), ("Express", 1299)]
    for country in ("BD", "US"):
        assert prices(quote(shop, line(4999), country=country)) == domestic
        assert prices(quote(shop, line(2000), line(3000), country=country)) == [("Free", 0), *domestic]
    assert prices(quote(shop, line(9999), country="DE")) == [("Standard", 1599), ("Express", 2999)]
    days = {option.name: (option.least_days, option.most_days) for option in quote(shop, line(5000))}
    assert days == {"Standard": (5, 7), "Express": (2, 3), "Free": (7, 10)}


def test_profiles_add_up_and_one_that_is_gone_gives_way(shop: Shop) -> None:
    shop.shipping(500)
    bulky = shop.execute("INSERT INTO shipping_profile (store_id, name) VALUES (:store, 'Bulky') RETURNING id")
    shop.shipping(4000, profile_id=bulky, country="US")
    assert prices(quote(shop, line(), line(profile=bulky))) == [("Standard", 4500)]
    assert quote(shop, line(), line(profile=bulky), country="DE") == []
    shop.execute("UPDATE shipping_profile SET deleted_at = now() WHERE store_id = :store AND id = :id", id=bulky)
    assert prices(quote(shop, line(), line(profile=bulky), country="DE")) == [("Standard", 500)]


def test_another_stores_rates_are_none_of_ours(shop: Shop) -> None:
    other = open_shop(shop.database)
    foreign = other.shipping(1)
    shop.shipping(500)
    assert prices(quote(shop, line(profile=foreign))) == [("Standard", 500)]
    assert prices(quote(open_shop(shop.database), line())) == [("Standard", 0)]


@pytest.mark.parametrize("count", [1, 50])
def test_a_quote_is_one_statement(shop: Shop, count: int) -> None:
    profiles = [shop.shipping(500)]
    for number in range(count - 1):
        profiles.append(shop.execute(
            "INSERT INTO shipping_profile (store_id, name) VALUES (:store, :name) RETURNING id", name=f"P{number}"))
        shop.shipping(7, profile_id=profiles[-1])
    with statements(shop.database) as sent:
        found = quote(shop, *[line(profile=profile) for profile in profiles])
    assert prices(found) == [("Standard", 500 + 7 * (count - 1))]
    assert len([statement for statement in sent if "set_config" not in statement]) == 1


def test_regions_are_compared_in_capital_letters(shop: Shop) -> None:
    profile = shop.shipping(500)
    shop.execute("""
        INSERT INTO shipping_rate (store_id, profile_id, name, country, region, amount, currency)
        VALUES (:store, :profile, 'Standard', 'US', 'CA', 9, 'USD')""", profile=profile)
    assert prices(quote(shop, line(), region="ca ")) == [("Standard", 9)]
    assert prices(quote(shop, line(), region="CAL")) == [("Standard", 500)]
    with shop.database.session_for(shop.store_id) as session:
        assert session.scalar(text("SELECT count(*) FROM shipping_rate")) == 2
