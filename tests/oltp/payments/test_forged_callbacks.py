"""Callbacks that somebody may sign, but not for this payment."""

import json
from uuid import UUID

import pytest

from oltp.checkout.hearing import hear_callback
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import SECRET, SIGNATURE
from oltp.payments.signing import sign
from tests.oltp.payments.orders import CLOCK, attempt_of, order_of
from tests.selling import Shop, open_shop


def call(shop: Shop, gateways: Gateways, account: UUID, attempt_id: UUID, *, currency: str = "USD",
         amount: int = 1000) -> None:
    """Call back, signed as it should be, that the attempt's money was captured."""
    body = json.dumps({"step": "authorize", "key": f"{attempt_id}:{account}", "ref": f"fake_{attempt_id.hex}",
                       "amount": amount, "currency": currency, "outcome": "captured"}).encode()
    key = shop.execute("SELECT callback_key FROM payment_provider_config WHERE id = :id", id=account)
    hear_callback(shop.database, gateways=gateways, callback_key=key, body=body, clock=CLOCK,
                  headers={SIGNATURE: sign(body, secret=SECRET, at=CLOCK.now())})


def captured(shop: Shop, attempt_id: UUID) -> int:
    return int(shop.execute("SELECT captured_amount FROM payment_attempt WHERE id = :id", id=attempt_id))


@pytest.mark.parametrize("gateway", ["STRIPE", "MANUAL"])
def test_another_account_of_the_store_says_nothing_of_a_payment(
    shop: Shop, account: UUID, gateways: Gateways, gateway: str
) -> None:
    sold = order_of(shop, (shop.product(), 1, 1000, 0))
    config = account if gateway == "STRIPE" else None
    attempt_id = attempt_of(shop, sold.order_id, config_id=config, gateway=gateway)
    trial = shop.gateway("STRIPE", name="trial")
    call(shop, gateways, trial, attempt_id)
    assert captured(shop, attempt_id) == 0
    if gateway == "STRIPE":
        call(shop, gateways, account, attempt_id, currency="EUR")
        assert captured(shop, attempt_id) == 0


@pytest.mark.parametrize(("is_test", "heard"), [(True, 1000), (False, 0)])
def test_for_an_account_that_was_taken_away_a_later_one_of_its_kind_speaks(
    shop: Shop, account: UUID, gateways: Gateways, is_test: bool, heard: int
) -> None:
    sold = order_of(shop, (shop.product(), 1, 1000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    shop.execute("UPDATE payment_provider_config SET deleted_at = now(), is_test = :is_test WHERE id = :id",
                 is_test=is_test, id=account)
    call(shop, gateways, shop.gateway("STRIPE", name="later"), attempt_id)
    assert captured(shop, attempt_id) == heard


def test_another_store_says_nothing_of_a_payment(shop: Shop, account: UUID, gateways: Gateways) -> None:
    other = open_shop(shop.database)
    theirs = other.gateway("STRIPE")
    attempt_id = attempt_of(shop, order_of(shop, (shop.product(), 1, 1000, 0)).order_id, config_id=account)
    call(other, gateways, theirs, attempt_id)
    assert captured(shop, attempt_id) == 0
