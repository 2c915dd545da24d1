"""GET /v1/search: what is found, in which order, over how many pages, and what bad input gets."""

from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from oltp.db.session import Database
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import HashEncoder
from tests.conftest import create_store
from tests.oltp.search.shop import Offer, add_variant, fill_store
from tests.search_api.conftest import Counter
from tests.search_api.searched import OFFERS, Ask, searcher, skus, walk


@pytest.fixture(scope="module")
def store(counter: Counter) -> UUID:
    """The store that the tests of this module read."""
    return counter.create_store()


@pytest.fixture(scope="module")
def ask(counter: Counter, store: UUID) -> Ask:
    """A function that searches the store."""
    return searcher(counter, store, OFFERS)


@pytest.fixture(scope="module")
def ask_with_variant(counter: Counter) -> Ask:
    """A function that searches a store whose shirt has a variant with a code of its own."""
    store = counter.create_store()
    ask = searcher(counter, store, OFFERS)
    with counter.database.session_for(store) as session:
        product = session.scalar(text("SELECT id FROM products WHERE sku = 'SHIRT-1'"))
        add_variant(session, store, product, "VAR 7/X", options={})
        refresh_documents(session, store_id=store)
    return ask


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
def test_a_code_is_always_first(ask_with_variant: Ask, mode: str, code: str) -> None:
    expected = {"4": "MUG-1", "v": "SHIRT-1"}.get(code[0].lower(), "LAN-2")
    answer = ask_with_variant(code, mode=mode, explain=True)
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


def test_what_is_exact_stands_above_what_is_nearly_so(counter: Counter) -> None:
    store, client = counter.create_store(), counter.client
    fill_store(
        counter.database,
        store,
        [Offer("Hearts", "1"), Offer("Hearth rug", "2"), Offer("Heart", "3"), Offer("Heartfelt card", "4")],
    )
    headers = counter.headers(store, "search.read")
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
    ask: Ask, counter: Counter, store: UUID, query: dict[str, object], condition: str
) -> None:
    database = counter.database
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


def test_words_alone_decide_until_there_are_vectors(
    counter: Counter, client: TestClient, app: FastAPI, database: Database
) -> None:
    store = create_store(database, slug="demo")
    headers = replace(counter, database=database, client=client).headers(store, "search.read")

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


def test_highlights_are_safe_html(ask: Ask) -> None:
    (hit,) = [item for item in ask("bold lantern bright").json()["items"] if item["sku"] == "LAN-2"]
    assert hit["highlight"] == (
        "Large brass <mark>lantern</mark> &lt;b&gt;<mark>bold</mark>&lt;/b&gt; &amp; <mark>bright</mark>"
    )


def test_only_words_in_another_form_are_marked(ask: Ask) -> None:
    (hit,) = ask("creme").json()["items"][:1]
    assert hit["highlight"] == "Café <mark>crème</mark> mug"
    assert ask("lanterns", mode="lexical").json()["items"][0]["highlight"].count("<mark>") == 1


def test_a_store_finds_its_own_products_only(ask: Ask, counter: Counter) -> None:
    other_store, client = counter.create_store(), counter.client
    fill_store(counter.database, other_store, [Offer("Their lantern", "THEIRS")], HashEncoder())
    assert "THEIRS" not in walk(ask, "their lantern")
    headers = counter.headers(other_store, "search.read")
    for q in ("lantern", "LAN-1", "hanging heart", "lanten"):
        assert set(skus(client.get("/v1/search", params={"q": q}, headers=headers))) <= {"THEIRS"}


def test_a_product_that_is_withdrawn_is_gone_at_once(counter: Counter) -> None:
    store = counter.create_store()
    ask = searcher(counter, store, OFFERS)
    assert "LAN-1" in skus(ask("lantern"))
    with counter.database.session_for(store) as session:
        session.execute(text("UPDATE products SET status = 'ARCHIVED' WHERE sku = 'LAN-1'"))
    assert "LAN-1" not in skus(ask("lantern"))
