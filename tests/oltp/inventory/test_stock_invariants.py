"""Each invariant of stock finds the row that breaks it, and none before."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from oltp.db.session import Database
from oltp.inventory.invariants import INVARIANTS
from tests.conftest import cloned_database
from tests.oltp.inventory.stocked import NONE, offenders
from tests.selling import Shop, open_shop

# As the owner; the CHECK that stands in the way is dropped, and all of it rolled back.
CORRUPTIONS = {
    "level_is_the_sum_of_its_adjustments":
        "UPDATE inventory_level SET on_hand = on_hand + 1 WHERE variant_id = :variant",
    "reserved_is_the_sum_of_its_reservations":
        "UPDATE inventory_level SET reserved = 1 WHERE variant_id = :variant",
    "no_more_is_promised_than_there_is": """
        UPDATE inventory_level SET reserved = on_hand + 1 WHERE variant_id = :variant""",
    "every_variant_has_a_level": "DELETE FROM inventory_level WHERE variant_id = :variant",
}


@pytest.fixture(scope="module")
def shop(server_url: str, template: str) -> Iterator[Shop]:
    with cloned_database(server_url, template) as database:
        yield open_shop(database)


class Undone(Exception):
    """Ends a transaction that must leave nothing behind."""


def find_after(database: Database, name: str, corruption: str, variant: object) -> list[object]:
    found: list[object] = []
    with pytest.raises(Undone), database.owner_session() as session:
        session.execute(text("ALTER TABLE inventory_level DROP CONSTRAINT inventory_level_available_check"))
        session.execute(text(corruption), {"variant": variant})
        found = [row.variant_id for row in session.execute(text(INVARIANTS[name]))]
        raise Undone
    return found


@pytest.mark.parametrize("name", INVARIANTS)
def test_a_corrupted_row_is_found(shop: Shop, name: str) -> None:
    goods = shop.product(stock=3)
    shop.product(stock=3)
    assert offenders(shop.database) == NONE
    assert find_after(shop.database, name, CORRUPTIONS[name], goods.variant_id) == [goods.variant_id]
    assert offenders(shop.database) == NONE
