"""Fraud: as-of features only, hold and release, the log of decisions."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from oltp.db.session import Database
from oltp.fraud.actions import assess_order, review_assessment
from oltp.fraud.errors import AlreadyReviewed, AssessmentNotFound, ReviewNotNeeded
from oltp.fraud.models import FraudAssessment
from oltp.fraud.queries import AssessmentFilter, collect_features, list_assessments
from oltp.fraud.rules import Features, judge, read_features
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from tests.conftest import NOON, cloned_database
from tests.oltp.inventory.stocked import events
from tests.selling import Shop, open_shop

HOME = {"email": "eve@example.test", "address": "1 Main  St", "city": "Berlin", "postalCode": "10115", "country": "DE"}


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Shop:
    return open_shop(shared)


def order(shop: Shop, *, minutes: float = 0, amount: int = 1000, customer: UUID | None = None, tries: int = 0,
          ip: str | None = "8.8.8.8", address: dict[str, Any] | None = None, billing: dict[str, Any] | None = None,
          ) -> UUID:
    """Insert an order placed so many minutes before noon, with payment attempts in the minutes before."""
    placed = NOON - timedelta(minutes=minutes)
    made = shop.execute("""
        INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount, order_tax_amount,
          order_shipping_amount, order_discount_amount, order_total_amount, created_at, placed_at, customer_id,
          ip_address, shipping_address, billing_address)
        VALUES (:store, :number, 'USD', :amount, 0, 0, 0, :amount, :placed, :placed, :customer, :ip, :address, :billing)
        RETURNING id""", number=new_id().hex, amount=amount, placed=placed, customer=customer, ip=ip,
        address=json.dumps(address or HOME), billing=json.dumps(billing) if billing else None)
    for n in range(tries):
        shop.execute("""
            INSERT INTO payment_attempt (store_id, order_id, gateway, currency, amount, created_at)
            VALUES (:store, :order, 'MANUAL', 'USD', 1, :at)""", order=made, at=placed - timedelta(seconds=n))
    return made


def assess(shop: Shop, order_id: UUID, clock: FixedClock | None = None) -> FraudAssessment:
    with shop.database.session_for(shop.store_id) as session:
        return assess_order(session, store_id=shop.store_id, order_id=order_id, clock=clock or FixedClock(NOON))


def known(shop: Shop, order_id: UUID) -> Features:
    with shop.database.session_for(shop.store_id) as session:
        return collect_features(session, store_id=shop.store_id, order_id=order_id)


def review(shop: Shop, assessment: UUID, decision: Any) -> FraudAssessment:
    with shop.database.session_for(shop.store_id) as session:
        return review_assessment(session, store_id=shop.store_id, assessment_id=assessment, decision=decision,
                                 clock=FixedClock(NOON))


def held(shop: Shop, order_id: UUID) -> str | None:
    return shop.execute("SELECT hold_reason FROM orders WHERE id = :id", id=order_id)


def suspect(shop: Shop) -> UUID:
    """An order that is suspected: the card was tried too often."""
    return order(shop, tries=8)


def test_features_count_what_came_before(shop: Shop) -> None:
    customer = shop.customer()
    for minutes, amount in ((3000, 500), (60, 700)):
        order(shop, minutes=minutes, amount=amount, customer=customer, ip=None)
    # The same person as a guest, and two strangers from the same address of the network.
    order(shop, minutes=50, amount=900, ip=None)
    for name in ("a", "b"):
        order(shop, minutes=10, amount=1000, address={**HOME, "email": f"{name}@example.test"})
    me = order(shop, customer=customer, amount=4000, tries=3, billing={**HOME, "country": "US"})
    found = known(shop, me)
    assert found == Features(
        amount=4000, person_order_count=2, ip_order_count=2, ip_person_count=2, retry_count=2, is_first_order=False,
        person_mean_amount=700, store_mean_amount=820, store_sample_count=5, is_other_country=True,
        is_new_address=False, address_key=found.address_key)
    assert known(shop, order(shop, minutes=9000)).is_first_order
    assert known(shop, order(shop, ip="10.0.0.1", address={**HOME, "email": "z@example.test"})).ip_order_count == 0


def test_an_address_is_new_only_to_a_person_who_had_another(shop: Shop) -> None:
    first = assess(shop, order(shop, minutes=30))
    assert not first.features["is_new_address"]
    again = known(shop, order(shop, minutes=20, address={**HOME, "address": "1 main st", "city": " BERLIN "}))
    elsewhere = known(shop, order(shop, minutes=10, address={**HOME, "address": "2 Main St"}))
    assert (again.is_new_address, elsewhere.is_new_address) == (False, True)


def test_as_of_features_only_later_facts_do_not_change_the_score_on_replay(shop: Shop) -> None:
    customer = shop.customer()
    earlier = order(shop, minutes=90, customer=customer, amount=100)
    me = order(shop, minutes=30, customer=customer, amount=900, tries=2)
    before = assess(shop, me)
    for minutes in (29, 10, 0):
        assess(shop, order(shop, minutes=minutes, customer=customer, amount=10**7, tries=5))
    shop.execute("""
        UPDATE orders SET status = 'CANCELED', canceled_at = now(), deleted_at = now() WHERE id = :id""", id=earlier)
    shop.execute("UPDATE customers SET email = 'other@example.test' WHERE id = :id", id=customer)
    shop.execute("""
        INSERT INTO payment_attempt (store_id, order_id, gateway, currency, amount, created_at)
        VALUES (:store, :order, 'MANUAL', 'USD', 1, :at)""", order=me, at=NOON)
    assert known(shop, me) == read_features(before.features)
    assert judge(known(shop, me), version=before.rules_version).score == before.score


def test_hold_and_release(shop: Shop) -> None:
    fine = assess(shop, order(shop))
    assert (fine.decision, fine.score, held(shop, fine.order_id)) == ("approve", 0, None)
    suspected = assess(shop, suspect(shop))
    assert (suspected.decision, suspected.reasons) == ("review", ["many_payment_tries"])
    assert held(shop, suspected.order_id) == "fraud"
    approved = review(shop, suspected.id, "approve")
    assert (approved.review_decision, approved.score, held(shop, suspected.order_id)) == ("approve", 40, None)
    declined = review(shop, approved.id, "decline")
    assert held(shop, declined.order_id) == "fraud"
    told = events(shop, "fraud.suspected", "fraud.reviewed", "order.held", "order.released")
    assert sorted(name for name, _ in told) == [
        "fraud.reviewed", "fraud.reviewed", "fraud.suspected", "order.held", "order.held", "order.released"]


def test_a_review_does_not_release_what_was_held_for_another_reason(shop: Shop) -> None:
    suspected = assess(shop, suspect(shop))
    shop.execute("UPDATE orders SET hold_reason = 'address unclear' WHERE id = :id", id=suspected.order_id)
    review(shop, suspected.id, "approve")
    assert held(shop, suspected.order_id) == "address unclear"


def test_the_decision_log_is_only_added_to(shop: Shop) -> None:
    suspected = assess(shop, suspect(shop))
    approved = review(shop, suspected.id, "approve")
    with pytest.raises(AlreadyReviewed):
        review(shop, suspected.id, "decline")
    with pytest.raises(ReviewNotNeeded):
        review(shop, assess(shop, order(shop, minutes=9000)).id, "decline")
    with pytest.raises(AssessmentNotFound):
        review(shop, new_id(), "decline")
    with shop.database.session_for(shop.store_id) as session:
        log = list_assessments(session, store_id=shop.store_id, wanted=AssessmentFilter(suspected.order_id),
                               after=None, limit=9)
    assert [(each.id, each.decision, each.review_decision) for each in log] == [
        (approved.id, "review", "approve"), (suspected.id, "review", None)]
    with pytest.raises(IntegrityError, match="append-only"), shop.database.owner_session() as session:
        session.execute(text("UPDATE fraud_assessment SET score = 1 WHERE id = :id"), {"id": suspected.id})
