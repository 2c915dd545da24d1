"""A timeout leaves `unknown`; the reconciler asks the provider; nobody is charged twice."""

import random
from datetime import timedelta
from uuid import UUID

import pytest

from oltp.checkout.hearing import hear_callback, settle_payment
from oltp.checkout.reconciling import GIVE_UP_AFTER, reconcile_payments
from oltp.checkout.refunds import refund_order
from oltp.db.transactions import Transactions
from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from oltp.payments.actions import NewEntry, record_entries
from oltp.payments.charging import capture_attempt, charge_attempt
from oltp.payments.errors import GatewayDeclined, GatewayUnreachable
from oltp.payments.gateway import Gateways
from oltp.payments.gateways.fake import FakeGateway, Fault
from tests.conftest import IS_FULL
from tests.oltp.payments.orders import CLOCK, attempt_of, charge, order_of
from tests.selling import Shop


def _later(shop: Shop, gateways: Gateways, minutes: int = 3) -> Work:
    return Work(shop.database, FixedClock(shop.later(minutes)), FOLLOWERS, gateways=gateways)


def _state(shop: Shop, attempt_id: UUID) -> str:
    return str(shop.execute("SELECT a.status || ' ' || o.status || ' ' || o.payment_status FROM payment_attempt a "
                            "JOIN orders o ON o.id = a.order_id WHERE a.id = :id", id=attempt_id))


@pytest.mark.parametrize(("token", "soon", "late", "charged"), [
    ("fake_timeout_after", "captured PAID PAID", "captured PAID PAID", 500),
    ("fake_timeout_before", "unknown PENDING PENDING", "failed PAYMENT_FAILED FAILED", 0),
])
def test_a_timeout_leaves_unknown_and_the_reconciler_asks_the_provider(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, token: str, soon: str, late: str, charged: int
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    assert charge(shop, gateways, attempt_id, token).status == "unknown"
    reconcile_payments(_later(shop, gateways, minutes=1))
    assert _state(shop, attempt_id) == "unknown PENDING PENDING"
    reconcile_payments(_later(shop, gateways))
    assert _state(shop, attempt_id) == soon
    reconcile_payments(_later(shop, gateways, minutes=int(GIVE_UP_AFTER / timedelta(minutes=1)) + 1))
    assert _state(shop, attempt_id) == late
    assert fake.charged([sold.order_id]) == {sold.order_id: charged}


def test_a_process_that_died_before_it_heard_the_answer_has_charged_once(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    charge(shop, gateways, attempt_id)
    with shop.database.owner_session() as session:
        session.connection().exec_driver_sql(f"DELETE FROM payment_entry WHERE payment_attempt_id = '{attempt_id}'")
        session.connection().exec_driver_sql(
            "UPDATE payment_attempt SET status = 'created', authorized_amount = 0, captured_amount = 0, "
            f"external_ref = NULL WHERE id = '{attempt_id}'")
    assert charge(shop, gateways, attempt_id).status == "captured"
    assert fake.charged([sold.order_id]) == {sold.order_id: 500}


def test_an_order_follows_money_of_which_nobody_told_it(shop: Shop, account: UUID, gateways: Gateways) -> None:
    """The answer was recorded; then whoever had asked died."""
    attempt_id = attempt_of(shop, order_of(shop, (shop.product(), 1, 500, 0)).order_id, config_id=account)
    assert charge(shop, gateways, attempt_id).status == "captured"
    reconcile_payments(_later(shop, gateways, minutes=1))
    assert _state(shop, attempt_id) == "captured PENDING PENDING"
    reconcile_payments(_later(shop, gateways))
    assert _state(shop, attempt_id) == "captured PAID PAID"


def test_fault_injected_runs_charge_nobody_twice(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, transactions: Transactions
) -> None:
    """Charge, capture and refund under random faults, with retries and repeated callbacks; then all is reconciled."""
    rng = random.Random(7)
    shop.execute("""UPDATE payment_provider_config SET public_settings = '{"capture": "manual"}' WHERE id = :id""",
                 id=account)
    key = shop.execute("SELECT callback_key FROM payment_provider_config WHERE id = :id", id=account)
    kinds = ("timeout_before", "timeout_after", "down", None, None)
    expected = {}
    for _ in range(50 if IS_FULL else 6):
        sold = order_of(shop, (shop.product(), 2, 1000, 0))
        attempt_id = attempt_of(shop, sold.order_id, config_id=account)
        faults = [Fault(step, kind) for step in ("authorize", "capture", "refund")
                  for kind in rng.choices(kinds, k=1) if kind]
        fake.script(*faults)
        for _ in range(rng.randrange(1, 3)):
            charge(shop, gateways, attempt_id)
        reconcile_payments(_later(shop, gateways))
        for _ in range(rng.randrange(1, 4)):
            try:
                capture_attempt(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
            except (GatewayUnreachable, GatewayDeclined):
                continue
            except Exception as error:
                assert type(error).__name__ in ("CaptureRefused", "PaymentStepUnderWay"), error
        calls = fake.callbacks(now=CLOCK.now(), attempt_id=attempt_id) * 2
        rng.shuffle(calls)
        for body, headers in calls:
            hear_callback(shop.database, gateways=gateways, callback_key=key, body=body, headers=headers, clock=CLOCK)
        captured = shop.execute("SELECT captured_amount FROM payment_attempt WHERE id = :id", id=attempt_id)
        if captured:
            refund_order(transactions, gateways=gateways, order_id=sold.order_id, refund_id=new_id(), clock=CLOCK,
                         reason=None, amount=300)
        fake._faults.clear()
        for minutes in (3, 20, 23):
            reconcile_payments(_later(shop, gateways, minutes=minutes))
        expected[sold.order_id] = shop.execute(
            "SELECT CASE WHEN captured_amount > 0 THEN captured_amount - refunded_amount ELSE authorized_amount END "
            "FROM payment_attempt WHERE id = :id AND status <> 'unknown'", id=attempt_id)
        assert expected[sold.order_id] in (0, 700, 1000), faults
    assert fake.charged(expected) == expected
    assert shop.execute("SELECT count(*) FROM refund WHERE store_id = :store AND status = 'pending'") == 0


def test_random_event_sequences_through_the_database_give_the_same_final_state(
    shop: Shop, account: UUID, transactions: Transactions
) -> None:
    """Each gateway event any number of times in any order → same final state; the pure rule proves it on 10,000."""
    rng = random.Random(4)
    facts = (NewEntry("authorized", "a", 100), NewEntry("captured", "c", 80), NewEntry("refunded", "r", 30),
             NewEntry("charged_back", "d", 50), NewEntry("charge_back_reversed", "d", 50), NewEntry("failed", "f"))
    goods = shop.product()
    for _ in range(500 if IS_FULL else 30):
        sold = order_of(shop, (goods, 1, 100, 0))
        attempt_id = attempt_of(shop, sold.order_id, config_id=account)
        sequence = [*facts, *rng.choices(facts, k=3)]
        rng.shuffle(sequence)
        while sequence:
            count = rng.randrange(1, len(sequence) + 1)
            with transactions() as session:
                attempt = record_entries(session, store_id=shop.store_id, attempt_id=attempt_id,
                                         entries=sequence[:count], clock=CLOCK)
            sequence = sequence[count:]
        state = (attempt.status, attempt.authorized_amount, attempt.captured_amount, attempt.refunded_amount,
                 attempt.charged_back_amount)
        assert state == ("captured", 100, 80, 30, 0)
    assert shop.execute("SELECT count(*) FROM refund WHERE store_id = :store") == (500 if IS_FULL else 30)


def test_a_charge_back_disputes_the_order_until_it_is_won(
    shop: Shop, account: UUID, gateways: Gateways, transactions: Transactions
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    charge(shop, gateways, attempt_id)
    settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
    for kind, status in (("charged_back", "DISPUTED"), ("charge_back_reversed", "PAID")):
        with transactions() as session:
            record_entries(session, store_id=shop.store_id, attempt_id=attempt_id,
                           entries=[NewEntry(kind, "dispute", 500)], clock=CLOCK)
        settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
        assert _state(shop, attempt_id) == f"captured PAID {status}"


def test_money_that_is_taken_back_before_the_order_hears_of_it_pays_for_it_when_it_is_won(
    shop: Shop, account: UUID, gateways: Gateways, transactions: Transactions
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    charge(shop, gateways, attempt_id)
    for kind, state in (("charged_back", "PENDING DISPUTED"), ("charge_back_reversed", "PAID PAID")):
        with transactions() as session:
            record_entries(session, store_id=shop.store_id, attempt_id=attempt_id,
                           entries=[NewEntry(kind, "dispute", 500)], clock=CLOCK)
        settle_payment(transactions, gateways=gateways, attempt_id=attempt_id, clock=CLOCK)
        assert _state(shop, attempt_id) == f"captured {state}"


def test_an_old_attempt_is_never_sent_again(
    shop: Shop, account: UUID, gateways: Gateways, fake: FakeGateway, transactions: Transactions
) -> None:
    sold = order_of(shop, (shop.product(), 1, 500, 0))
    attempt_id = attempt_of(shop, sold.order_id, config_id=account)
    shop.execute("UPDATE payment_attempt SET created_at = now() - interval '13 hours' WHERE id = :id", id=attempt_id)
    charge_attempt(transactions, gateways=gateways, attempt_id=attempt_id, token=None, clock=CLOCK)
    assert fake.charged([sold.order_id]) == {sold.order_id: 0}
