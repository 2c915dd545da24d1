"""A shop with orders to reserve for, and what the tests of stock look at."""

from collections.abc import Callable, Sequence
from threading import Thread
from uuid import UUID

from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.invariants import INVARIANTS
from oltp.kit.ids import new_id
from tests.selling import Shop

NONE = dict.fromkeys(INVARIANTS, 0)


def offenders(database: Database) -> dict[str, int]:
    """Return how many rows break each invariant of stock."""
    with database.owner_session() as session:
        return {name: len(session.execute(text(sql)).all()) for name, sql in INVARIANTS.items()}


def add_order(shop: Shop) -> UUID:
    """Add an empty order to reserve for."""
    return shop.execute("""
        INSERT INTO orders (store_id, order_number, currency, order_subtotal_amount, order_tax_amount,
                            order_shipping_amount, order_discount_amount, order_total_amount)
        VALUES (:store, :number, 'USD', 0, 0, 0, 0, 0) RETURNING id""", number=f"T-{new_id().hex}")


def events(shop: Shop, *names: str) -> list[tuple[str, dict]]:
    """Return the store's domain events of these names, oldest first."""
    with shop.database.session_for(shop.store_id) as session:
        return [(row.name, row.payload) for row in session.execute(text("""
            SELECT name, payload FROM domain_event WHERE store_id = :store AND name = ANY (:names)
            ORDER BY occurred_at, id"""), {"store": shop.store_id, "names": list(names)})]


def expire(shop: Shop) -> None:
    """Let every reservation of the shop have ended a second ago."""
    shop.execute("""
        UPDATE stock_reservation SET created_at = now() - interval '1 hour', expires_at = now() - interval '1 second'
        WHERE store_id = :store""")


def at_once(tasks: Sequence[Callable[[], None]]) -> None:
    """Run the tasks in a thread each and wait for all; what one raises is raised here."""
    raised: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:
            raised.append(error)

    threads = [Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
