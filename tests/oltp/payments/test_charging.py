"""Charging, capturing, voiding: the attempt is what the gateway says, whatever goes wrong on the way."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from oltp.db.transactions import Transactions
from oltp.kit.ids import new_id
from oltp.orders.actions import hold
from oltp.orders.errors import OrderHeld
from oltp.payments.charging import capture_attempt, void_attempt
from oltp.payments.errors import CaptureRefused, CaptureTooLarge, GatewayDeclined, GatewayUnreachable, VoidRefused
from oltp.payments.facts import ChargeRequest
from oltp.payments.gateway import Gateways, GuardedGateway
from oltp.payments.gateways.fake import FakeGateway, Fault
from tests.oltp.payments.orders import CLOCK, attempt_of, charge, order_of
from tests.selling import Shop

MANUAL_CAPTURE = """UPDATE payment_provider_config SET public_settings = '{"capture": "manual"}' WHERE id = :id"""


def _events(shop: Shop) -> list[str]:
    found = shop.execute("SELECT array_agg(name ORDER BY id) FROM domain_event WHERE store_id = :store "
                         "AND name LIKE 'payment.%'")
    return found or []


def test_a_charge_is_captured_once_however_often_it_is_asked(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway
) -> None:
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    for _ in range(3):
        attempt = charge(shop, gateways, attempt_id)
        assert (attempt.status, attempt.authorized_amount, attempt.captured_amount) == ("captured", 2000, 2000)
    assert fake.charged() == {sold.order_id: 2000}
    assert _events(shop) == ["payment.captured"]


@pytest.mark.parametrize(("token", "status", "code"), [
    ("fake_declined", "failed", "declined"), ("fake_down", "failed", "gateway_down"),
    ("fake_timeout_before", "unknown", None), ("fake_timeout_after", "unknown", None),
    ("fake_pending", "created", None),
])
def test_what_goes_wrong_is_told(
    shop: Shop, account: UUID, gateways: Gateways, token: str, status: str, code: str | None
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt = charge(shop, gateways, attempt_of(shop, sold.order_id, config_id=account), token)
    assert (attempt.status, attempt.failure_code, attempt.captured_amount) == (status, code, 0)


def test_an_authorized_payment_is_captured_in_part_and_the_rest_released(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, transactions: Transactions
) -> None:
    shop.execute(MANUAL_CAPTURE, id=account)
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    assert charge(shop, gateways, attempt_id).status == "authorized"
    with pytest.raises(CaptureTooLarge, match="2000"):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, amount=2001, clock=CLOCK)
    attempt = capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, amount=1500, clock=CLOCK)
    assert (attempt.status, attempt.captured_amount) == ("captured", 1500)
    with pytest.raises(CaptureRefused):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    with pytest.raises(VoidRefused):
        void_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    assert fake.charged() == {sold.order_id: 1500}


def test_a_capture_without_an_answer_is_unknown_and_sent_again_with_the_same_key(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, transactions: Transactions
) -> None:
    shop.execute(MANUAL_CAPTURE, id=account)
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    charge(shop, gateways, attempt_id)
    fake.script(Fault("capture", "down"), Fault("capture", "decline"), Fault("capture", "timeout_after"))
    with pytest.raises(GatewayUnreachable):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    with pytest.raises(GatewayDeclined):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    attempt = capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    assert attempt.status == "unknown"
    attempt = capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    assert (attempt.status, attempt.captured_amount) == ("captured", 2000)
    assert fake.charged() == {sold.order_id: 2000}


def test_a_promise_is_let_go_of(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, transactions: Transactions
) -> None:
    shop.execute(MANUAL_CAPTURE, id=account)
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    charge(shop, gateways, attempt_id)
    for _ in range(2):
        assert void_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK).status == "voided"
    assert fake.charged() == {sold.order_id: 0}
    assert _events(shop) == ["payment.authorized", "payment.voided"]


def test_a_held_order_is_only_authorized_and_not_captured(
    shop: Shop, account: UUID, gateways: Gateways, transactions: Transactions
) -> None:
    sold = order_of(shop, (shop.product(), 1, 700, 0))
    with transactions() as session:
        hold(session, store_id=shop.store_id, order_id=sold.order_id, reason="looks odd", clock=CLOCK)
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    assert charge(shop, gateways, attempt_id).status == "authorized"
    with pytest.raises(OrderHeld):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)


def test_cash_is_recorded_in_parts_each_operation_once(
    shop: Shop, gateways: Gateways, transactions: Transactions
) -> None:
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=shop.gateway("MANUAL"), gateway="MANUAL")
    assert charge(shop, gateways, attempt_id).status == "created"
    first = new_id()
    for operation, amount, captured in ((first, 500, 500), (first, 500, 500), (new_id(), None, 2000)):
        attempt = capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, amount=amount,
                                  operation_id=operation, clock=CLOCK)
        assert attempt.captured_amount == captured
    with pytest.raises(CaptureRefused):
        capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)


def test_no_gateway_is_called_while_a_transaction_is_open(
    transactions: Transactions, fake: FakeGateway, gateways: Gateways
) -> None:
    guarded = GuardedGateway(fake, transactions)
    request = ChargeRequest(new_id(), new_id(), transactions.store_id, 1, "USD", None, True, "", "k")
    with transactions(), pytest.raises(RuntimeError, match="open"):
        guarded().authorize(request)
    assert guarded().authorize(request).outcome == "captured"


@pytest.mark.race
def test_sixteen_who_charge_one_attempt_charge_it_once(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway
) -> None:
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    with ThreadPoolExecutor(16) as pool:
        states = list(pool.map(lambda _: charge(shop, gateways, attempt_id).status, range(16)))
    assert set(states) == {"captured"}
    assert fake.charged() == {sold.order_id: 2000}
    assert shop.execute("SELECT count(*) FROM payment_entry WHERE store_id = :store") == 1


def test_a_book_in_a_file_outlives_its_process(shop: Shop, account: UUID, tmp_path: Path) -> None:
    sold = order_of(shop, (shop.product(), 2, 2000, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    first, second = (Gateways.fake(FakeGateway(tmp_path / "book.jsonl")) for _ in range(2))
    assert charge(shop, first, attempt_id, "fake_timeout_after").status == "unknown"
    assert second.faked is not None
    facts = second.faked.find(attempt_id) or []
    assert [(fact.kind, fact.amount) for fact in facts] == [("captured", 2000)]
    assert second.faked.charged() == {sold.order_id: 2000}
