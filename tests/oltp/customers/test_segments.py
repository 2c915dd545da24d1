"""Segments: by hand and by rule, membership history; statistics and segments that follow orders equal a rebuild."""

import json
import random
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.customers.editing import create_customer, delete_customer, update_customer
from oltp.customers.errors import MembersUnknown, SegmentByHand, SegmentHasRule
from oltp.customers.fields import create_field, put_values
from oltp.customers.membership import load_facts, refresh_segment
from oltp.customers.queries import segments_of_customer
from oltp.customers.segment_rules import read_rule
from oltp.customers.segments import change_members, create_segment, delete_segment, update_segment
from oltp.customers.tasks import FOLLOW_CUSTOMER, FOLLOW_ORDER, FOLLOW_SEGMENT, TASKS
from oltp.db.session import Database
from oltp.handlers import FOLLOWERS
from oltp.jobs.task import Work
from oltp.kit.clock import FixedClock
from oltp.kit.ids import new_id
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.oltp.inventory.stocked import at_once, events
from tests.selling import open_shop

EDITS = 1000 if IS_FULL else 60
RUN = {task.name: task.run for task in TASKS}
RULES = (
    {"type": "total_spent", "at_least": 3000, "currency": "USD"},
    {"type": "all", "rules": [{"type": "orders_count", "at_least": 2}, {"type": "country", "countries": ["DE", "US"]}]},
    {"type": "any", "rules": [{"type": "custom_field", "key": "tier", "values": ["gold"]},
                              {"type": "email_domain", "domains": ["b.test"]}]},
    {"type": "not", "rule": {"type": "accepts_marketing"}},
    {"type": "last_order_after", "at": NOON.isoformat()},
)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    with cloned_database(server_url, template) as database:
        yield database


class Club:
    """A shop whose worker has always just run."""

    def __init__(self, database: Database) -> None:
        self.shop, self.clock = open_shop(database), FixedClock(NOON)
        self.work = Work(database, self.clock, FOLLOWERS)
        self.store = self.shop.store_id

    def session(self):
        return self.shop.database.session_for(self.store)

    def run(self, task: str, entity: UUID) -> None:
        RUN[task](self.work, store_id=str(self.store), entity_id=str(entity), event_id=str(entity))

    def segment(self, rule: dict | None = None) -> UUID:
        with self.session() as session:
            made = create_segment(session, store_id=self.store, name="S", slug=f"s-{new_id().hex}", clock=self.clock,
                                  rule=None if rule is None else read_rule(rule))
        self.run(FOLLOW_SEGMENT, made.id)
        return made.id

    def customer(self, email: str) -> UUID:
        with self.session() as session:
            made = create_customer(session, store_id=self.store, email=email, first_name="A", last_name="B",
                                   clock=self.clock)
        self.run(FOLLOW_CUSTOMER, made.id)
        return made.id

    def order(self, customer: UUID, amount: int = 1000, country: str = "DE", currency: str = "USD") -> UUID:
        made = self.shop.execute("""
            INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount, order_tax_amount,
              order_shipping_amount, order_discount_amount, order_total_amount, placed_at, customer_id,
              shipping_address)
            VALUES (:store, :number, :currency, :amount, 0, 0, 0, :amount, :now, :customer, :address) RETURNING id""",
            number=new_id().hex, amount=amount, now=self.clock.now(), customer=customer, currency=currency,
            address=json.dumps({"country": country}))
        self.run(FOLLOW_ORDER, made)
        return made

    def members(self, segment: UUID) -> set[UUID]:
        with self.session() as session:
            return set(session.scalars(text(
                "SELECT customer_id FROM customer_segment_member WHERE segment_id = :id AND left_at IS NULL"),
                {"id": segment}))

    def expected(self, rule: dict) -> set[UUID]:
        """Whom the rule finds when everybody is looked at."""
        with self.session() as session:
            ids = session.scalars(text("SELECT id FROM customers WHERE store_id = :store"), {"store": self.store}).all()
            facts = load_facts(session, store_id=self.store, customer_ids=ids)
        return {each.customer_id for each in facts if read_rule(rule).matches(each)}


@pytest.fixture
def club(shared: Database) -> Club:
    return Club(shared)


def statistics(club: Club, customer: UUID) -> tuple:
    with club.session() as session:
        return tuple(session.execute(text("""
            SELECT total_orders, total_spent_amount, average_order_amount, last_order_at FROM customers
            WHERE id = :id"""), {"id": customer}).one())


def test_statistics_are_all_orders_but_cancelled_ones(club: Club) -> None:
    ada = club.customer("ada@a.test")
    assert statistics(club, ada) == (0, 0, 0, None)
    orders = [club.order(ada, amount) for amount in (1000, 501)]
    # Half a cent goes to the even side.
    assert statistics(club, ada) == (2, 1501, 750, NOON)
    club.order(ada, 99, currency="JPY")
    assert statistics(club, ada)[:2] == (3, 1501)
    club.shop.execute("UPDATE orders SET status = 'CANCELED', canceled_at = now() WHERE id = :id", id=orders[0])
    for _ in range(2):
        club.run(FOLLOW_ORDER, orders[0])
        assert statistics(club, ada)[:3] == (2, 501, 501)
    assert {FOLLOWERS[name][-1] for name in ("order.placed", "order.cancelled", "order.reactivated")} == {FOLLOW_ORDER}


def test_membership_history_has_spells_that_never_overlap(club: Club) -> None:
    ada, segment = club.customer("ada@a.test"), club.segment()
    moments = []
    for n in range(6):
        with club.session() as session:
            assert change_members(session, store_id=club.store, segment_id=segment, customer_ids=[ada, ada],
                                  is_in=n % 2 == 0, clock=club.clock) == 1
            assert change_members(session, store_id=club.store, segment_id=segment, customer_ids=[ada],
                                  is_in=n % 2 == 0, clock=club.clock) == 0
        moments.append((club.clock.now(), n % 2 == 0))
        # Twice the clock stands still: a spell has a length all the same.
        club.clock.advance(timedelta(minutes=n // 2))
    with club.session() as session:
        for moment, _ in moments[2:]:
            found = segments_of_customer(session, store_id=club.store, customer_id=ada, at=moment)
            is_in = [is_in for at, is_in in moments if at <= moment][-1]
            assert (segment in found) == is_in
    spells = club.shop.execute("SELECT count(*) FROM customer_segment_member WHERE store_id = :store")
    assert spells == 3
    assert len(events(club.shop, "customer.joined_segment", "customer.left_segment")) == 6


def test_segments_by_hand_and_by_rule_do_not_mix(club: Club) -> None:
    ada = club.customer("ada@a.test")
    ruled, manual = club.segment({"type": "orders_count", "at_most": 0}), club.segment()
    assert (club.members(ruled), club.members(manual)) == ({ada}, set())
    with pytest.raises(SegmentHasRule), club.session() as session:
        change_members(session, store_id=club.store, segment_id=ruled, customer_ids=[ada], is_in=False,
                       clock=club.clock)
    with pytest.raises(MembersUnknown) as refusal, club.session() as session:
        change_members(session, store_id=club.store, segment_id=manual, customer_ids=[ada, new_id()], is_in=True,
                       clock=club.clock)
    assert refusal.value.field == "customer_ids.1"
    with pytest.raises(SegmentByHand), club.session() as session:
        update_segment(session, store_id=club.store, segment_id=manual, clock=club.clock,
                       changes={"rule": read_rule(RULES[0])})
    with club.session() as session:
        delete_segment(session, store_id=club.store, segment_id=ruled, clock=club.clock)
    assert club.members(ruled) == set()


def edit(club: Club, dice: random.Random, people: list[UUID], orders: list[UUID]) -> None:
    """One random edit, and what the worker does after it."""
    kind, who = dice.randrange(8), dice.choice(people)
    if kind == 0:
        people.append(club.customer(f"{new_id().hex}@{dice.choice('ab')}.test"))
    elif kind == 1 and len(people) > 3:
        people.remove(who)
        with club.session() as session:
            delete_customer(session, store_id=club.store, customer_id=who, clock=club.clock)
    elif kind == 2:
        changes = {"accepts_marketing": dice.random() < 0.5, "email": f"{new_id().hex}@{dice.choice('ab')}.test"}
        with club.session() as session:
            update_customer(session, store_id=club.store, customer_id=who, changes=changes, clock=club.clock)
        club.run(FOLLOW_CUSTOMER, who)
    elif kind == 3:
        with club.session() as session:
            put_values(session, store_id=club.store, customer_id=who, clock=club.clock,
                       values={"tier": dice.choice(["gold", "silver", None])})
        club.run(FOLLOW_CUSTOMER, who)
    elif kind == 4 and orders:
        order = dice.choice(orders)
        club.shop.execute("""
            UPDATE orders SET status = CAST(CASE status WHEN 'PENDING' THEN 'CANCELED' ELSE 'PENDING' END
              AS order_status), canceled_at = CASE status WHEN 'PENDING' THEN now() END WHERE id = :id""", id=order)
        club.run(FOLLOW_ORDER, order)
    else:
        orders.append(club.order(who, dice.randrange(3000), dice.choice(["DE", "US", "FR"])))


def test_incremental_equals_full_rebuild_on_random_edits(club: Club) -> None:
    dice, orders = random.Random(4), []
    with club.session() as session:
        create_field(session, store_id=club.store, key="tier", label="Tier", kind="choice",
                     choices=["gold", "silver"], clock=club.clock)
    segments = [club.segment(rule) for rule in RULES]
    people = [club.customer(f"{n}@a.test") for n in range(5)]
    for n in range(EDITS):
        club.clock.advance(timedelta(seconds=dice.randrange(2)))
        edit(club, dice, people, orders)
        if n % 20 == 19:
            assert [club.members(each) for each in segments] == [club.expected(rule) for rule in RULES], n
    # Looking at everybody anew changes nobody.
    told = len(events(club.shop, "customer.joined_segment", "customer.left_segment"))
    for segment in segments:
        club.run(FOLLOW_SEGMENT, segment)
    assert len(events(club.shop, "customer.joined_segment", "customer.left_segment")) == told > 5
    swapped = RULES[0] | {"at_least": 0}
    with club.session() as session:
        update_segment(session, store_id=club.store, segment_id=segments[0], changes={"rule": read_rule(swapped)},
                       clock=club.clock)
    club.run(FOLLOW_SEGMENT, segments[0])
    assert club.members(segments[0]) == club.expected(swapped) == set(people)


@pytest.mark.race
def test_who_looks_at_one_and_who_looks_at_all_take_turns(club: Club) -> None:
    people = [club.customer(f"{n}@a.test") for n in range(8)]
    segments = [club.segment(rule) for rule in RULES[3:]]
    at_once([lambda who=who: club.run(FOLLOW_CUSTOMER, who) for who in people * 2]
            + [lambda each=each: club.run(FOLLOW_SEGMENT, each) for each in segments * 4])
    assert [club.members(each) for each in segments] == [club.expected(rule) for rule in RULES[3:]]


def test_who_is_deleted_while_a_segment_is_filled_is_in_none(club: Club) -> None:
    rule = {"type": "orders_count", "at_least": 0}
    person, segment = club.customer("x@a.test"), club.segment(rule)

    def delete() -> None:
        with club.session() as session:
            delete_customer(session, store_id=club.store, customer_id=person, clock=club.clock)

    club.shop.execute("DELETE FROM customer_segment_member WHERE store_id = :store")
    thread = Thread(target=delete)
    with club.session() as session:
        refresh_segment(session, store_id=club.store, segment_id=segment, after=None, limit=10, at=club.clock.now())
        thread.start()
        while not club.shop.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
            assert thread.is_alive()
    thread.join()
    assert club.members(segment) == club.expected(rule) == set()
