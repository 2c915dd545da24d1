"""Profiles and rates: one default, no name twice, overlaps said in words; products are assigned in bulk."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.kit.clock import FixedClock
from oltp.kit.errors import Stale
from oltp.kit.ids import new_id
from oltp.kit.money import InvalidCurrency
from oltp.shipping import errors
from oltp.shipping.models import ShippingProfile, ShippingRate
from oltp.shipping.profiles import (
    RateFields,
    assign_products,
    create_profile,
    create_rate,
    delete_profile,
    delete_rate,
    update_profile,
    update_rate,
)
from oltp.shipping.queries import check_profile, list_shippable_facts
from tests.conftest import NOON
from tests.oltp.shipping.orders import column, event_names
from tests.selling import Shop, open_shop
from tests.statements import statements

CLOCK = FixedClock(NOON)


def do(shop: Shop, action: Any, **values: Any) -> Any:
    """Run an action in a transaction of its own."""
    with shop.database.session_for(shop.store_id) as session:
        return action(session, store_id=shop.store_id, clock=CLOCK, **values)


def profile(shop: Shop, name: str = "Parcels", **values: Any) -> ShippingProfile:
    """Add a profile."""
    return do(shop, create_profile, name=name, **values)


def rate(shop: Shop, profile_id: UUID, **values: Any) -> ShippingRate:
    """Add a rate, for everything unless told."""
    return do(shop, create_rate, profile_id=profile_id,
              rate=RateFields(**{"name": "Standard", "currency": "USD", "amount": 500, **values}))


def test_there_is_one_default_and_the_first_is_it(shop: Shop) -> None:
    first, second = profile(shop), profile(shop, "Bulky")
    assert (first.is_default, second.is_default) == (True, False)
    third = profile(shop, "Cold", is_default=True)
    assert [column(shop, "shipping_profile", each.id, "is_default") for each in (first, second, third)] == [
        False, False, True]
    do(shop, update_profile, profile_id=second.id, is_default=True, name="Heavy")
    assert column(shop, "shipping_profile", second.id, "name") == "Heavy"
    for attempt in (lambda: do(shop, update_profile, profile_id=second.id, is_default=False),
                    lambda: do(shop, delete_profile, profile_id=second.id)):
        with pytest.raises(errors.DefaultProfileNeeded):
            attempt()
    for each in (first, third, second):
        do(shop, delete_profile, profile_id=each.id)
    assert profile(shop).is_default
    assert event_names(shop, ("shipping_profile",))[-2:] == ["shipping_profile.deleted", "shipping_profile.created"]


def test_a_name_is_taken_once_among_the_live(shop: Shop) -> None:
    one, other = profile(shop), profile(shop, "Bulky")
    with pytest.raises(errors.ProfileNameTaken):
        profile(shop, "Bulky")
    with pytest.raises(errors.ProfileNameTaken):
        do(shop, update_profile, profile_id=one.id, name="Bulky")
    do(shop, update_profile, profile_id=other.id, name="Bulky")
    do(shop, delete_profile, profile_id=other.id)
    assert profile(shop, "Bulky")
    with pytest.raises(errors.ProfileNotFound):
        do(shop, update_profile, profile_id=other.id, name="x")


def test_of_two_who_edit_the_second_hears_of_it(shop: Shop) -> None:
    made = profile(shop)
    priced = rate(shop, made.id)
    read = NOON.replace(year=2025)
    for action, values in ((update_profile, {"name": "x"}), (delete_profile, {}),
                           (update_rate, {"rate_id": priced.id, "changes": {}}), (delete_rate, {"rate_id": priced.id})):
        with pytest.raises(Stale):
            do(shop, action, profile_id=made.id, expected_updated_at=read, **values)
        with pytest.raises(errors.ProfileNotFound):
            do(open_shop(shop.database), action, profile_id=made.id, **values)
    assert do(shop, update_profile, profile_id=made.id, name="x", expected_updated_at=made.updated_at).name == "x"


def test_overlaps_are_refused_in_words(shop: Shop) -> None:
    made = profile(shop).id
    low = rate(shop, made, band_to=5000)
    high = rate(shop, made, band_from=5000, region="ca ", country="US")
    assert high.region == "CA"
    with pytest.raises(errors.RatesOverlap, match=r"two prices from 40\.00 USD to below 50\.00 USD"):
        rate(shop, made, band_from=4000)
    with pytest.raises(errors.RatesOverlap, match=r"from 50\.00 USD up in US-CA \(USD\)"):
        rate(shop, made, country="US", region="CA")
    assert rate(shop, made, band_from=5000, name="Standard")
    with pytest.raises(errors.RatesOverlap):
        do(shop, update_rate, profile_id=made, rate_id=low.id, changes={"band_to": None})
    assert do(shop, update_rate, profile_id=made, rate_id=low.id, changes={"amount": 0}).amount == 0
    with shop.database.session_for(shop.store_id) as session:
        found = check_profile(session, store_id=shop.store_id, profile_id=made)
    assert [(finding.kind, finding.since, finding.until, finding.is_uncovered) for finding in found] == [
        ("gap", 0, 5000, True)]
    do(shop, delete_rate, profile_id=made, rate_id=high.id)
    with pytest.raises(errors.RateNotFound):
        do(shop, delete_rate, profile_id=made, rate_id=high.id)


@pytest.mark.parametrize("values,field", [
    ({"region": "CA"}, "region"), ({"amount": -1}, "amount"), ({"band_from": -1}, "band_from"),
    ({"band_from": 5, "band_to": 5}, "band_to"), ({"most_days": 3}, "most_days"),
    ({"least_days": 4, "most_days": 3}, "most_days"), ({"basis": "colour"}, "basis")])
def test_rates_that_make_no_sense_are_refused_by_name(shop: Shop, values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.RateInvalid) as refused:
        rate(shop, profile(shop).id, **values)
    assert refused.value.field == field


def test_currencies_are_codes(shop: Shop) -> None:
    with pytest.raises(InvalidCurrency):
        rate(shop, profile(shop).id, currency="usd")


@pytest.mark.parametrize("count", [1, 50])
def test_products_are_assigned_in_bulk(shop: Shop, count: int) -> None:
    made = profile(shop).id
    goods = [shop.product(weight_kg=0.25) for _ in range(count)]
    products = [each.product_id for each in goods]
    with statements(shop.database) as sent:
        assert do(shop, assign_products, profile_id=made, product_ids=products) == count
    assert len(sent) <= 8
    assert do(shop, assign_products, profile_id=made, product_ids=products) == 0
    with shop.database.session_for(shop.store_id) as session:
        facts = list_shippable_facts(
            session, store_id=shop.store_id, variant_ids=[each.variant_id for each in goods])
        assert session.scalar(text("SELECT count(*) FROM domain_event WHERE name LIKE 'product.shipping%'")) == count
    assert {(fact.profile_id, fact.weight_grams) for fact in facts.values()} == {(made, 250)}
    assert do(shop, assign_products, profile_id=None, product_ids=products) == count
    with pytest.raises(errors.ProductsUnknown) as refused:
        do(shop, assign_products, profile_id=made, product_ids=[new_id()])
    assert refused.value.field == "product_ids"
