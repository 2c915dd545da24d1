"""Pages of GET /v1/search, and what strange and bad input gets."""

import pytest

from tests.oltp.search.shop import Offer, fill_store
from tests.search_api.conftest import Counter
from tests.search_api.searched import OFFERS, Ask, searcher, skus, walk
from tests.statements import statements

MANY = [Offer(f"Lamp {'red' if n % 3 else 'blue'}", f"L{n}") for n in range(90)]
MANY += [Offer(f"Desk number{n}", f"D{n}") for n in range(30)]


@pytest.fixture(scope="module")
def ask(counter: Counter) -> Ask:
    """A function that searches a small store."""
    return searcher(counter, counter.create_store(), OFFERS)


@pytest.fixture(scope="module")
def many(counter: Counter) -> Ask:
    """A function that searches a store of 120 products with many equal scores."""
    return searcher(counter, counter.create_store(), MANY)


@pytest.fixture(scope="module")
def headers(counter: Counter) -> dict[str, str]:
    """Header of a token that may search a store."""
    return counter.headers(counter.create_store(), "search.read")


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "semantic"])
def test_pages_neither_repeat_nor_skip(many: Ask, mode: str) -> None:
    found = walk(many, "red lamp", mode=mode, limit=7)
    assert len(found) == len(set(found))
    assert found == skus(many("red lamp", mode=mode, limit=100))
    # By meaning alone, lamps of another colour lie below the floor.
    lamps = {f"L{n}" for n in range(90) if mode != "semantic" or n % 3}
    assert {sku for sku in found if sku.startswith("L")} == lamps


def test_pages_hold_while_the_catalogue_changes(counter: Counter) -> None:
    store = counter.create_store()
    many = searcher(counter, store, MANY)
    everything = skus(many("red lamp", limit=100, mode="lexical"))
    first = many("red lamp", limit=40, mode="lexical")
    fill_store(counter.database, store, [Offer("Red red lamp lamp", f"NEW{n}") for n in range(40)])
    rest = walk_from(many, "red lamp", first.json()["next"], limit=40, mode="lexical")
    assert [sku for sku in skus(first) + rest if not sku.startswith("NEW")] == everything


def walk_from(ask: Ask, q: str, cursor: str, **query: object) -> list[str]:
    found: list[str] = []
    following: str | None = cursor
    while following:
        page = ask(q, cursor=following, **query)
        found += skus(page)
        following = page.json()["next"]
    return found


def test_pages_end_at_the_greatest_depth(many: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oltp.search.queries.MAX_DEPTH", 25)
    assert len(walk(many, "lamp", limit=10)) == 25


def test_a_cursor_fits_its_search_only(many: Ask) -> None:
    cursor = many("red lamp", limit=5).json()["next"]
    for q, query in (("red lamps", {}), ("red lamp", {"mode": "lexical"}), ("red lamp", {"price_min": 1})):
        refused = many(q, cursor=cursor, **query)
        assert refused.status_code == 400 and "cursor" in refused.text
    assert many("red lamp", cursor=cursor, limit=50).status_code == 200
    for broken in ("x", "W10", cursor[:-4], cursor[10:], cursor.swapcase()):
        assert many("red lamp", cursor=broken).status_code == 400, broken


@pytest.mark.parametrize(
    "query",
    [
        "'; DROP TABLE products; --",
        '" OR 1=1',
        "a & b | !c <-> (d:*",
        "'",
        "\\",
        "%",
        "_",
        "<script>alert(1)</script>",
        "😀",
        "😀 lantern 🏮",
        "the of and",
        "the",
        "a",
        "1",
        "日本語",
        "Привет мир",
        "lantern\x00heart",
        "é" * 200,
        "x" * 200,
        "a b c d e f g h i j k l m n o p q r s t u v w x y z " * 3,
        "½ ﬁ İ ß",
        "-",
        "lan*",
        "=lantern",
        "#lan-1",
        "+smallbrass",
        ":param",
        "{0}",
        "\\'",
        "1e309",
        "\u202e\u200b",
        "٣٤",
        "e\u0301" * 50,
    ],
)
@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
def test_strange_queries_get_an_answer(ask: Ask, query: str, mode: str) -> None:
    answer = ask(query, mode=mode)
    assert answer.status_code == 200, answer.text
    assert "<script" not in "".join(item["highlight"] for item in answer.json()["items"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"q": ""}, "query.q"),
        ({"q": "   "}, "query.q"),
        ({"q": "\x00\x01"}, "query.q"),
        ({"q": "x" * 201}, "query.q"),
        ({}, "query.q"),
        ({"q": "a", "limit": 0}, "query.limit"),
        ({"q": "a", "limit": 101}, "query.limit"),
        ({"q": "a", "mode": "magic"}, "query.mode"),
        ({"q": "a", "price_min": -1}, "query.price_min"),
        ({"q": "a", "price_max": 2**63}, "query.price_max"),
        ({"q": "a", "price_max": "1.5"}, "query.price_max"),
        ({"q": "a", "in_stock": "maybe"}, "query.in_stock"),
        ({"q": "a", "cursor": "x" * 12_001}, "query.cursor"),
    ],
)
def test_bad_input_is_named(counter: Counter, headers: dict[str, str], query: dict[str, object], field: str) -> None:
    answer = counter.client.get("/v1/search", params=query, headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_the_scope_is_needed(counter: Counter) -> None:
    assert counter.client.get("/v1/search", params={"q": "a"}).status_code == 401
    headers = counter.headers(counter.create_store(), "product.read")
    refused = counter.client.get("/v1/search", params={"q": "a"}, headers=headers)
    assert refused.status_code == 403 and "search.read" in refused.text


def test_a_page_costs_the_same_number_of_statements(many: Ask, counter: Counter) -> None:
    counts = set()
    for limit in (1, 10, 100):
        with statements(counter.database) as sent:
            assert many("red lamp", limit=limit).status_code == 200
        counts.add(len(sent))
    assert len(counts) == 1
    cursor = many("red lamp", limit=5).json()["next"]
    with statements(counter.database) as sent:
        many("red lamp", limit=5, cursor=cursor)
    assert len(sent) < counts.pop()
