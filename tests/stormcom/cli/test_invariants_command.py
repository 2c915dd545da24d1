"""`stormcom invariants`: ends with 1 and shows the rows where something is broken."""

from sqlalchemy import text

from oltp.db.session import Database
from oltp.invariants import names
from tests.selling import open_shop
from tests.stormcom.cli.conftest import Command

NAME = "inventory.level_is_the_sum_of_its_adjustments"


def test_it_checks_everything_and_ends_with_one_where_something_is_broken(database: Database, command: Command) -> None:
    shop, other = open_shop(database, slug="lamps"), open_shop(database, slug="chairs")
    goods = shop.product(stock=5)
    assert command("invariants", "--list").out.split() == list(names())
    whole = command("invariants")
    assert (whole.code, f"All {len(list(names()))} invariants hold." in whole.out + whole.err) == (0, True)
    with database.owner_session() as session:
        session.execute(text("UPDATE inventory_level SET on_hand = on_hand + 1 WHERE store_id = :store"),
                        {"store": shop.store_id})
    for wanted in ((), ("--store", "lamps"), ("--name", NAME)):
        found = command("invariants", *wanted)
        assert found.code == 1 and f"{NAME}: 1 break it" in found.out, found
        assert str(goods.variant_id)[:8] in found.out and "are broken." in found.err
    assert command("invariants", "--store", "chairs").code == 0 and other.store_id != shop.store_id
    unknown = command("invariants", "--name", "stock.unicorns")
    assert unknown.code == 1 and "stock.unicorns" in unknown.err
