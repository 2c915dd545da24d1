"""GET /v1/search: what is found, in which order, over how many pages, and what bad input gets."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event, text

from oltp.db.session import Database
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import HashEncoder
from tests.oltp.search.shop import Offer, add_variant, fill_store
from tests.search_api.conftest import MakeToken, bearer

Ask = Callable[..., Any]

OFFERS = [
    Offer("White hanging heart candle holder", "HEART-1", price=295, stock=3),
    Offer("Red hanging heart lantern", "HEART-2", price=595, stock=0),
    Offer("Small brass lantern", "LAN-1", price=1250),
    Offer("Large brass lantern <b>bold</b> & bright", "LAN-2", price=2500),
    Offer("Café crème mug", "MUG-1", price=450, barcode="4006381333931"),
    Offer("Blue cotton shirt", "SHIRT-1", price=1999, description="A shirt for summer lantern festivals."),
    Offer("Tealight glass", "TEA-1", price=199),
    Offer("Draft lantern", "LAN-3", status="DRAFT"),
]


@pytest.fixture
def ask(client: TestClient, database: Database, store: UUID, make_token: MakeToken) -> Ask:
    """A function that searches the store."""
    fill_store(database, store, OFFERS, HashEncoder())
    headers = bearer(make_token(store, ["search.read"]))
    return lambda q, **query: client.get("/v1/search", params={"q": q, **query}, headers=headers)


def skus(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["sku"] for item in answer.json()["items"]]


def walk(ask: Ask, q: str, **query: object) -> list[str]:
    """SKUs of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = ask(q, **query, **({"cursor": cursor} if cursor else {}))
        found += skus(page)
        cursor = page.json()["next"]
        if cursor is None:
            return found


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    sent: list[str] = []

    def listen(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    event.listen(database.app, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(database.app, "before_cursor_execute", listen)


def test_a_hit_says_what_it_is(ask: Ask) -> None:
    hit = ask("hanging heart").json()["items"][0]
    assert hit["sku"] in ("HEART-1", "HEART-2") and UUID(hit["product_id"])
    first = next(item for item in ask("white heart").json()["items"] if item["sku"] == "HEART-1")
    assert first["price"] == {"amount": 295, "currency": "USD"} and first["in_stock"] is True
    assert first["highlight"] == "<mark>White</mark> hanging <mark>heart</mark> candle holder"
    assert first["explain"] is None


def test_explain_gives_the_component_scores(ask: Ask) -> None:
    answer = ask("brass lantern", explain=True).json()
    assert answer["semantic"] == "used"
    for item in answer["items"]:
        parts = item["explain"]
        weight = parts["semantic_weight"]
        mixed = (1 - weight) * parts["lexical_part"] + weight * parts["semantic_part"] + 2 * parts["exact_code"]
        assert item["score"] == pytest.approx(mixed, abs=1e-8)
        assert parts["lexical"] >= 0 and -1 <= parts["similarity"] <= 1


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "semantic"])
@pytest.mark.parametrize("code", ["LAN-2", "lan-2", "  Lan-2 ", "4006381333931", "VAR 7/x", "var  7/X"])
def test_a_code_is_always_first(ask: Ask, database: Database, store: UUID, mode: str, code: str) -> None:
    with database.session_for(store) as session:
        product = session.scalar(text("SELECT id FROM products WHERE sku = 'SHIRT-1'"))
        add_variant(session, store, product, "VAR 7/X", options={})
        refresh_documents(session, store_id=store)
    expected = {"4": "MUG-1", "v": "SHIRT-1"}.get(code[0].lower(), "LAN-2")
    answer = ask(code, mode=mode, explain=True)
    assert skus(answer)[0] == expected
    assert [item["explain"]["exact_code"] for item in answer.json()["items"]].count(True) == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("lan", {"HEART-2", "LAN-1", "LAN-2"}),  # as one types
        ("hangin", {"HEART-1", "HEART-2"}),  # the stem "hang" does not begin with it
        ("lanterns", {"HEART-2", "LAN-1", "LAN-2", "SHIRT-1"}),  # endings, and the body
        ("CAFE CREME", {"MUG-1"}),  # accents and case
        ("crème", {"MUG-1"}),
        ("lanten", {"HEART-2", "LAN-1", "LAN-2"}),  # one letter missing
        ("lantren", {"HEART-2", "LAN-1", "LAN-2"}),  # two swapped
        ("tea light", {"TEA-1"}),  # two words for one
        ("candleholder", {"HEART-1"}),  # one word for two
        ("flashlight", set()),
        ("sofa", set()),
    ],
)
def test_words_are_met_in_other_forms(ask: Ask, query: str, expected: set[str]) -> None:
    assert set(skus(ask(query, mode="lexical"))) == expected


def test_what_is_exact_stands_above_what_is_nearly_so(
    database: Database, store: UUID, client: TestClient, make_token: MakeToken
) -> None:
    fill_store(
        database,
        store,
        [Offer("Hearts", "1"), Offer("Hearth rug", "2"), Offer("Heart", "3"), Offer("Heartfelt card", "4")],
    )
    headers = bearer(make_token(store, ["search.read"]))
    found = skus(client.get("/v1/search", params={"q": "heart"}, headers=headers))
    assert set(found[:2]) == {"1", "3"} and set(found[2:]) == {"2", "4"}
    # A known word is never corrected into its neighbour.
    assert client.get("/v1/search", params={"q": "hearth"}, headers=headers).json()["corrected"] == {}
    assert skus(client.get("/v1/search", params={"q": "hearth"}, headers=headers)) == ["2"]


def test_a_correction_is_said(ask: Ask) -> None:
    assert ask("brass lanten").json()["corrected"] == {"lanten": ["lantern"]}
    # Numbers are never corrected.
    assert ask("LAN-9", mode="lexical").json()["corrected"] == {}


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ({"in_stock": True}, "is_available"),
        ({"in_stock": False}, "NOT is_available"),
        ({"price_min": 595}, "price_amount >= 595"),
        ({"price_max": 595}, "price_amount <= 595"),
        ({"price_min": 500, "price_max": 1300, "in_stock": True}, "price_amount BETWEEN 500 AND 1300 AND is_available"),
        ({"price_min": 10, "price_max": 5}, "false"),
    ],
)
def test_filters_equal_plain_sql(
    ask: Ask, database: Database, store: UUID, query: dict[str, object], condition: str
) -> None:
    with database.session_for(store) as session:
        expected = set(
            session.scalars(
                text(f"SELECT sku FROM product_search_document WHERE title ~* 'lantern|heart' AND {condition}")
            )
        )
    assert set(walk(ask, "lantern heart", mode="lexical", limit=2, **query)) - {"SHIRT-1"} == expected
    for mode in ("hybrid", "semantic"):
        found = set(walk(ask, "lantern heart", mode=mode, **query))
        with database.session_for(store) as session:
            allowed = set(session.scalars(text(f"SELECT sku FROM product_search_document WHERE {condition}")))
        assert found <= allowed


@pytest.fixture
def many(client: TestClient, database: Database, store: UUID, make_token: MakeToken) -> Ask:
    """A store of 120 products with many equal scores."""
    offers = [Offer(f"Lamp {'red' if n % 3 else 'blue'}", f"L{n}") for n in range(90)]
    fill_store(database, store, [*offers, *(Offer(f"Desk number{n}", f"D{n}") for n in range(30))], HashEncoder())
    headers = bearer(make_token(store, ["search.read"]))
    return lambda q, **query: client.get("/v1/search", params={"q": q, **query}, headers=headers)


@pytest.mark.parametrize("mode", ["hybrid", "lexical", "semantic"])
def test_pages_neither_repeat_nor_skip(many: Ask, mode: str) -> None:
    found = walk(many, "red lamp", mode=mode, limit=7)
    assert len(found) == len(set(found))
    assert found == skus(many("red lamp", mode=mode, limit=100))
    # By meaning alone, lamps of another colour lie below the floor.
    lamps = {f"L{n}" for n in range(90) if mode != "semantic" or n % 3}
    assert {sku for sku in found if sku.startswith("L")} == lamps


def test_pages_hold_while_the_catalogue_changes(many: Ask, database: Database, store: UUID) -> None:
    everything = skus(many("red lamp", limit=100, mode="lexical"))
    first = many("red lamp", limit=40, mode="lexical")
    fill_store(database, store, [Offer("Red red lamp lamp", f"NEW{n}") for n in range(40)])
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


def test_words_alone_decide_until_there_are_vectors(
    client: TestClient, app: FastAPI, database: Database, store: UUID, make_token: MakeToken
) -> None:
    headers = bearer(make_token(store, ["search.read"]))

    def state(**query: object) -> tuple[str, list[str]]:
        answer = client.get("/v1/search", params={"q": "lantern", **query}, headers=headers)
        return answer.json()["semantic"], skus(answer)

    fill_store(database, store, OFFERS)
    assert state()[0] == "not_ready" and "LAN-1" in state()[1]
    assert state(mode="semantic") == state()
    assert state(mode="lexical")[0] == "off"

    class Loading(HashEncoder):
        is_ready = False
        asked = 0

        def begin_loading(self) -> None:
            self.asked += 1

    embed_products(database, store_id=store, encoder=HashEncoder())
    assert state()[0] == "used"
    app.state.encoder = Loading()
    assert state()[0] == "not_ready" and app.state.encoder.asked == 1

    class OtherModel(HashEncoder):
        model_id = "other/1"

    # A query is never compared with vectors of another model.
    app.state.encoder = OtherModel()
    assert state()[0] == "not_ready"


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
def test_bad_input_is_named(
    ask: Ask, client: TestClient, query: dict[str, object], field: str, make_token: MakeToken, store: UUID
) -> None:
    answer = client.get("/v1/search", params=query, headers=bearer(make_token(store, ["search.read"])))
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_highlights_are_safe_html(ask: Ask) -> None:
    (hit,) = [item for item in ask("bold lantern bright").json()["items"] if item["sku"] == "LAN-2"]
    assert hit["highlight"] == (
        "Large brass <mark>lantern</mark> &lt;b&gt;<mark>bold</mark>&lt;/b&gt; &amp; <mark>bright</mark>"
    )


def test_only_words_in_another_form_are_marked(ask: Ask) -> None:
    (hit,) = ask("creme").json()["items"][:1]
    assert hit["highlight"] == "Café <mark>crème</mark> mug"
    assert ask("lanterns", mode="lexical").json()["items"][0]["highlight"].count("<mark>") == 1


def test_a_store_finds_its_own_products_only(
    ask: Ask, client: TestClient, database: Database, other_store: UUID, make_token: MakeToken
) -> None:
    fill_store(database, other_store, [Offer("Their lantern", "THEIRS")], HashEncoder())
    assert "THEIRS" not in walk(ask, "their lantern")
    headers = bearer(make_token(other_store, ["search.read"]))
    for q in ("lantern", "LAN-1", "hanging heart", "lanten"):
        assert set(skus(client.get("/v1/search", params={"q": q}, headers=headers))) <= {"THEIRS"}


def test_a_product_that_is_withdrawn_is_gone_at_once(ask: Ask, database: Database, store: UUID) -> None:
    assert "LAN-1" in skus(ask("lantern"))
    with database.session_for(store) as session:
        session.execute(text("UPDATE products SET status = 'ARCHIVED' WHERE sku = 'LAN-1'"))
    assert "LAN-1" not in skus(ask("lantern"))


def test_the_scope_is_needed(client: TestClient, store: UUID, make_token: MakeToken) -> None:
    assert client.get("/v1/search", params={"q": "a"}).status_code == 401
    refused = client.get("/v1/search", params={"q": "a"}, headers=bearer(make_token(store, ["product.read"])))
    assert refused.status_code == 403 and "search.read" in refused.text


def test_a_page_costs_the_same_number_of_statements(many: Ask, database: Database) -> None:
    counts = set()
    for limit in (1, 10, 100):
        with statements(database) as sent:
            assert many("red lamp", limit=limit).status_code == 200
        counts.add(len(sent))
    assert len(counts) == 1
    cursor = many("red lamp", limit=5).json()["next"]
    with statements(database) as sent:
        many("red lamp", limit=5, cursor=cursor)
    assert len(sent) < counts.pop()
