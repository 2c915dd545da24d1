"""Uses: consumed with the order by real connections at once, given back once, and counted by the invariants."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.kit.clock import FixedClock
from oltp.kit.errors import Conflict
from oltp.kit.ids import new_id
from oltp.promotions.actions import activate_rule, create_rule, pause_rule
from oltp.promotions.codes import create_code
from oltp.promotions.errors import PromotionUsedUp
from oltp.promotions.invariants import INVARIANTS
from oltp.promotions.queries import list_active_rules
from oltp.promotions.rules import Applied
from oltp.promotions.using import AppliedShare, consume_promotions, reclaim_promotions, release_promotions
from tests.conftest import IS_FULL, NOON, cloned_database
from tests.oltp.shipping.orders import place
from tests.selling import Shop, open_shop

WORKERS, ROUNDS = (64, 20) if IS_FULL else (12, 2)
TEN = {"type": "percent", "percent": 10}
CLOCK = FixedClock(NOON)


@pytest.fixture(scope="module")
def shared(server_url: str, template: str) -> Iterator[Database]:
    """One database for the module; each test has a shop of its own."""
    with cloned_database(server_url, template) as database:
        yield database


@pytest.fixture
def shop(shared: Database) -> Iterator[Shop]:
    """A shop; afterwards every use in it is accounted for."""
    shop = open_shop(shared)
    yield shop
    assert offenders(shop) == {}


def offenders(shop: Shop) -> dict[str, int]:
    """Return how many rows of the shop break each invariant."""
    with shop.database.owner_session() as session:
        found = {name: sum(row.store_id == shop.store_id for row in session.execute(text(sql)))
                 for name, sql in INVARIANTS.items()}
    return {name: count for name, count in found.items() if count}


def new_rule(shop: Shop, **fields: Any) -> UUID:
    """Make a rule that gives ten percent and switch it on."""
    with shop.database.session_for(shop.store_id) as session:
        made = create_rule(session, store_id=shop.store_id, clock=CLOCK,
                           fields={"name": "Sale", "actions": TEN, **fields})
        activate_rule(session, store_id=shop.store_id, rule_id=made.id, clock=CLOCK)
        return made.id


def new_code(shop: Shop, code: str, **fields: Any) -> UUID:
    """Make a code."""
    with shop.database.session_for(shop.store_id) as session:
        return create_code(session, store_id=shop.store_id, code=code, fields=fields, clock=CLOCK).id


def share(item: UUID | None, amount: int = 100, **values: Any) -> AppliedShare:
    """Return a share of a line, of which all is net."""
    applied = Applied(**{"rule_id": None, "code_id": None, "code": None, "name": "Sale",
                         "target": "line" if item else "shipping", "line_id": "1" if item else None, "amount": amount,
                         "unit_amounts": (amount,), "snapshot": {}, **values})
    return AppliedShare(applied, item, amount)


class Buyer:
    """Somebody who places an order of two lines with what he is given."""

    def __init__(self, shop: Shop, subject: UUID | None = None) -> None:
        self.shop, self.goods = shop, shop.product(stock=1000)
        self.subject = subject

    def buy(self, *, amount: int = 100, **values: Any) -> UUID:
        """Place an order that uses a promotion twice, on each of its lines."""
        placed = place(self.shop, (self.goods, 1), (self.goods, 1))
        with self.shop.database.session_for(self.shop.store_id) as session:
            subject = session.scalar(text("SELECT subject_id FROM orders WHERE id = :id"), {"id": placed.order_id})
            if self.subject is not None:
                subject = self.subject
                session.execute(text("UPDATE orders SET subject_id = :subject WHERE id = :id"),
                                {"id": placed.order_id, "subject": subject})
            consume_promotions(
                session, store_id=self.shop.store_id, order_id=placed.order_id, subject_id=subject,
                applied=[share(item, amount, **values) for item in placed.lines])
        return placed.order_id


def race(act: Callable[[], object], workers: int = WORKERS) -> int:
    """Let workers act at once; return how many weren't refused."""
    barrier = Barrier(workers)

    def one(_: int) -> bool:
        barrier.wait()
        try:
            act()
        except Conflict as refused:
            assert isinstance(refused, PromotionUsedUp)
            return False
        return True

    with ThreadPoolExecutor(workers) as pool:
        return sum(pool.map(one, range(workers)))


def subject_of(shop: Shop) -> UUID:
    """Return a person."""
    customer = shop.customer()
    return shop.execute("SELECT id FROM subject WHERE store_id = :store AND customer_id = :id", id=customer)


def orders_with(shop: Shop, column: str, key: UUID) -> int:
    """Return how many orders hold the promotion."""
    return shop.execute(f"SELECT count(DISTINCT order_id) FROM applied_promotion WHERE store_id = :store "
                        f"AND {column} = :key AND released_at IS NULL", key=key)


def test_usage_limit_is_consumed_atomically_with_the_order(shop: Shop) -> None:
    buyer = Buyer(shop)
    for turn in range(ROUNDS):
        limit = 1 + turn % 7
        rule = new_rule(shop, usage_limit=limit)
        assert race(lambda rule=rule: buyer.buy(rule_id=rule)) == limit
        used = shop.execute("SELECT used_count FROM promotion_rule WHERE id = :id", id=rule)
        assert used == orders_with(shop, "promotion_rule_id", rule) == limit


def test_the_usage_limit_of_a_code_is_consumed_atomically(shop: Shop) -> None:
    rule, buyer = new_rule(shop), Buyer(shop)
    for turn in range(ROUNDS):
        code = new_code(shop, f"RACE{turn}", promotion_rule_id=rule, usage_limit=5)
        assert race(lambda code=code: buyer.buy(rule_id=rule, code_id=code, code="RACE")) == 5
        used = shop.execute("SELECT used_count FROM discount_code WHERE id = :id", id=code)
        assert used == orders_with(shop, "discount_code_id", code) == 5


@pytest.mark.race
def test_the_per_customer_limit_is_consumed_atomically(shop: Shop) -> None:
    rule = new_rule(shop, per_customer_limit=3)
    first, second = Buyer(shop, subject_of(shop)), Buyer(shop, subject_of(shop))
    assert race(lambda: first.buy(rule_id=rule)) == 3
    second.buy(rule_id=rule)
    used = shop.execute("SELECT array_agg(used_count ORDER BY used_count) FROM promotion_usage WHERE store_id = :store")
    assert used == [1, 3]


@pytest.mark.race
def test_the_budget_is_consumed_atomically(shop: Shop) -> None:
    rule, buyer = new_rule(shop, budget_amount=1000), Buyer(shop)
    # Two lines of 150 each: three orders fit, and a hundred stay.
    assert race(lambda: buyer.buy(rule_id=rule, amount=150)) == 3
    assert shop.execute("SELECT spent_amount FROM promotion_rule WHERE id = :id", id=rule) == 900


@pytest.mark.race
def test_uses_are_released_once_however_often(shop: Shop) -> None:
    rule, buyer = new_rule(shop, usage_limit=1, per_customer_limit=1, budget_amount=500), Buyer(shop, subject_of(shop))
    code = new_code(shop, "ONCE", promotion_rule_id=rule, usage_limit=1)
    order = buyer.buy(rule_id=rule, code_id=code, code="ONCE")

    def release() -> None:
        with shop.database.session_for(shop.store_id) as session:
            release_promotions(session, store_id=shop.store_id, order_id=order)

    race(release, 8)
    counters = "SELECT used_count + spent_amount FROM promotion_rule WHERE id = :id"
    assert shop.execute(counters, id=rule) == 0
    assert shop.execute("SELECT max(used_count) FROM promotion_usage WHERE store_id = :store") == 0
    again = buyer.buy(rule_id=rule, code_id=code, code="ONCE")
    with pytest.raises(PromotionUsedUp), shop.database.session_for(shop.store_id) as session:
        reclaim_promotions(session, store_id=shop.store_id, order_id=order)
    with shop.database.session_for(shop.store_id) as session:
        release_promotions(session, store_id=shop.store_id, order_id=again)
        reclaim_promotions(session, store_id=shop.store_id, order_id=order)
    assert shop.execute(counters, id=rule) == 201


def test_nothing_is_used_where_the_order_fails(shop: Shop) -> None:
    good, spent = new_rule(shop), new_rule(shop, usage_limit=0)
    placed = place(shop, (shop.product(), 1))
    with pytest.raises(PromotionUsedUp) as refused, shop.database.session_for(shop.store_id) as session:
        consume_promotions(
            session, store_id=shop.store_id, order_id=placed.order_id, subject_id=subject_of(shop),
            applied=[share(placed.lines[0], rule_id=good), share(None, rule_id=spent, name="Spent")])
    assert refused.value.facts["name"] == "Spent"
    assert shop.execute("SELECT max(used_count) FROM promotion_rule WHERE store_id = :store") == 0


def test_a_rule_that_was_switched_off_meanwhile_is_not_used(shop: Shop) -> None:
    rule, buyer = new_rule(shop), Buyer(shop)
    with shop.database.session_for(shop.store_id) as session:
        pause_rule(session, store_id=shop.store_id, rule_id=rule, clock=CLOCK)
    assert race(lambda: buyer.buy(rule_id=rule), 1) == 0


@pytest.mark.race
def test_orders_that_use_the_same_rules_the_other_way_round_never_deadlock(shop: Shop) -> None:
    rules, goods = [new_rule(shop) for _ in range(4)], shop.product()

    def both(turn: int) -> None:
        placed = place(shop, (goods, 1))
        given = [share(placed.lines[0], rule_id=rule) for rule in (rules if turn % 2 else reversed(rules))]
        with shop.database.session_for(shop.store_id) as session:
            subject = session.scalar(text("SELECT subject_id FROM orders WHERE id = :id"), {"id": placed.order_id})
            consume_promotions(session, store_id=shop.store_id, order_id=placed.order_id, subject_id=subject,
                               applied=given)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(both, range(24))) == [None] * 24


def test_cancelled_pieces_leave_every_discount_where_it_is(shop: Shop) -> None:
    rule = new_rule(shop)
    order = Buyer(shop).buy(rule_id=rule)
    kept = "SELECT jsonb_agg(jsonb_build_array(ordinal, amount, gross_amount, snapshot -> 'units') ORDER BY ordinal) " \
           "FROM applied_promotion WHERE store_id = :store AND order_id = :order"
    before = shop.execute(kept, order=order)
    shop.execute("UPDATE order_items SET cancelled_quantity = 1 WHERE store_id = :store AND order_id = :order "
                 "AND ordinal = 1", order=order)
    assert shop.execute(kept, order=order) == before == [[1, 100, 100, [100]], [2, 100, 100, [100]]]


def active(shop: Shop, *codes: str, **person: Any) -> list[tuple[str | None, bool]]:
    """Return code and whether it is used up, of each rule that may apply."""
    with shop.database.session_for(shop.store_id) as session:
        rules = list_active_rules(
            session, store_id=shop.store_id, currency="USD", codes=codes, at=CLOCK.now(),
            customer_id=person.get("customer"), email=person.get("email"))
    return [(each.code, each.is_used_up) for each in rules]


def test_a_rule_with_codes_is_given_by_code_only(shop: Shop) -> None:
    new_rule(shop)
    keyed = new_rule(shop, per_customer_limit=1)
    new_code(shop, "key", promotion_rule_id=keyed)
    own = new_code(shop, "OWN", type="PERCENTAGE", percent=5, max_discount_amount=300, min_subtotal_amount=1000)
    new_code(shop, "YEN", type="FIXED", amount=5, currency="JPY")
    assert active(shop) == [(None, False)]
    assert active(shop, " Key", "own", "yen", "nope") == [(None, False), ("KEY", False), ("OWN", False)]
    shop.execute("UPDATE discount_code SET usage_limit = 0 WHERE id = :id", id=own)
    assert active(shop, "OWN")[-1] == ("OWN", True)


def test_a_customer_who_has_used_a_rule_is_known_by_account_and_by_mail(shop: Shop) -> None:
    rule, customer = new_rule(shop, per_customer_limit=1), shop.customer()
    person = shop.execute("SELECT id FROM subject WHERE store_id = :store AND customer_id = :id", id=customer)
    Buyer(shop, person).buy(rule_id=rule)
    guest = shop.execute("SELECT subject_of_guest(:store, :order, :address)", order=new_id(),
                         address='{"email": "Ada@example.test"}')
    Buyer(shop, guest).buy(rule_id=rule)
    assert active(shop, customer=customer) == active(shop, email="ada@example.test ") == [(None, True)]
    assert active(shop, customer=shop.customer(), email="b@example.test") == [(None, False)]


@pytest.mark.parametrize(("broken", "name"), [
    ("UPDATE promotion_rule SET used_count = used_count + 1 WHERE store_id = :store", "a_rule_counts_its_orders"),
    ("UPDATE promotion_rule SET spent_amount = 1 WHERE store_id = :store", "a_budget_is_what_orders_were_given"),
    ("UPDATE discount_code SET used_count = 0 WHERE store_id = :store", "a_code_counts_its_orders"),
    ("DELETE FROM promotion_usage WHERE store_id = :store", "a_person_has_used_what_his_orders_show")])
def test_a_corrupted_counter_is_found(shared: Database, broken: str, name: str) -> None:
    shop = open_shop(shared)
    rule = new_rule(shop)
    code = new_code(shop, "C", promotion_rule_id=rule)
    Buyer(shop, subject_of(shop)).buy(rule_id=rule, code_id=code, code="C")
    assert offenders(shop) == {}
    with shared.owner_session() as session:
        session.execute(text(broken), {"store": shop.store_id})
    assert list(offenders(shop)) == [name]
