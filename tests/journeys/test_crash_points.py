"""kill −9 of the API at each named point of checkout and refund: no money and no stock is lost or doubled."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oltp.kit.points import POINTS, VARIABLE
from oltp.payments.gateways.fake import FakeGateway
from tests.conftest import IS_FULL, cloned_database
from tests.journeys.crashes import PRICE, STOCK, UNITS, Scene, prepare, run_due_jobs
from tests.journeys.processes import serving

SIGKILL = -9
# Where a customer who never asks again leaves the most behind.
LEFT_BEHIND = ("place.committed", "place.charged", "refund.committed")
FULL = [(point, returns, count) for count in (1, 8) for point in POINTS for returns in (True, False)]
CASES = FULL if IS_FULL else [(point, returns, 1) for point, returns, count in FULL
                              if count == 1 and (returns or point in LEFT_BEHIND)]
# Up to here nothing is kept, so a customer who does not come back has bought nothing.
NOTHING_YET = ("place.before_order", "place.after_order", "place.before_commit", "place.committed")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file in which the fake gateway keeps what it did, whoever dies."""
    return tmp_path_factory.mktemp("gateway") / "book.jsonl"


@pytest.fixture(scope="module")
def scenes(server_url: str, template: str, book: Path) -> Iterator[dict[Any, Scene]]:
    """Every case after its crash, after the restart, and after all the background work that follows."""
    variables = {"STORMCOM_GATEWAY": "fake", "STORMCOM_FAKE_GATEWAY_BOOK": str(book)}
    with cloned_database(server_url, template) as database:
        found = {case: Scene.open(database, case[0], returns=case[1]) for case in CASES}
        with serving(database.url, variables) as server:
            for (_, _, count), scene in found.items():
                prepare(scene, server.url, count=count)
        for scene in found.values():
            with serving(database.url, {**variables, VARIABLE: scene.point}) as server:
                scene.send(server.url)
                scene.exit_code = server.ended_with()
        with serving(database.url, variables) as server:
            for scene in found.values():
                scene.wait_out_leases()
                if scene.returns:
                    scene.send(server.url)
            for minutes in (5, 20, 75):
                run_due_jobs(database, book, after=timedelta(minutes=minutes))
                for scene in found.values():
                    if scene.returns:
                        scene.pay_again(server.url)
        yield found


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{'returning' if case[1] else 'gone'}-{case[2]}")
def scene(request: pytest.FixtureRequest, scenes: dict[Any, Scene]) -> Scene:
    """One case."""
    return scenes[request.param]


def test_nothing_is_lost_or_doubled(scene: Scene, book: Path) -> None:
    """The gateway's book = the attempts = what the orders say; on hand + sold = before; nothing stays reserved."""
    assert scene.exit_code == SIGKILL
    assert scene.offenders() == []
    orders = scene.orders()
    charged = FakeGateway(book).charged(orders)
    assert charged == {key: kept for key, (_, kept, _) in orders.items()}
    assert scene.shop.on_hand(scene.goods) + sum(sold for _, _, sold in orders.values()) == STOCK
    assert scene.shop.reserved(scene.goods) == 0
    for status, kept, sold in orders.values():
        assert kept == sold * PRICE, status


def test_everybody_gets_what_he_asked_for_once(scene: Scene) -> None:
    orders = scene.orders()
    if scene.returns:
        assert len(orders) == len(scene.buyers)
        assert all(buyer.answer is not None and buyer.answer.is_success for buyer in scene.buyers), [
            buyer.answer and buyer.answer.text for buyer in scene.buyers]
    states = {(status, sold) for status, _, sold in orders.values()}
    before, after = _states(scene.point)
    if scene.returns or (len(scene.buyers) == 1 and scene.point not in NOTHING_YET):
        assert states == {after}
    else:
        # Whoever was elsewhere when the process died, and does not ask again, is where he was before or gone on.
        assert states <= {before, after}


def _states(point: str) -> tuple[tuple[str, int], tuple[str, int]]:
    """Return the order's status and its units sold, where nothing came of the request, and where all did."""
    if point.startswith("cancel."):
        return ("PAID", UNITS), ("CANCELED", 0)
    if point.startswith("refund."):
        return ("PAID", UNITS), ("PAID", UNITS - 1)
    if point.startswith("return."):
        return ("SHIPPED", UNITS), ("SHIPPED", UNITS - 1)
    return ("CANCELED", 0), ("PAID", UNITS)
