"""The real model on the goods of a real shop: 3,813 titles in capitals, nothing else to go by."""

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from oltp.db.session import Database
from oltp.recommendations.queries import recommend
from oltp.search.encoders import SentenceTransformerEncoder
from oltp.search.queries import Found, search_products
from oltp.search.rules import Search
from tests.conftest import create_database, create_store, drop_database
from tests.oltp.search.shop import ONLINE_RETAIL, fill_store, online_retail_offers

pytestmark = pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason=f"{ONLINE_RETAIL} is not on this machine")

Titles = Callable[..., Found]
Retail = tuple[Database, UUID, dict[str, UUID], SentenceTransformerEncoder]


@pytest.fixture(scope="module")
def retail(server_url: str, template: str) -> Iterator[Retail]:
    """The shop with its vectors, made once: encoding all titles takes a while."""
    name = f"stormcom_test_{uuid4().hex[:12]}"
    database = Database(create_database(server_url, name, template))
    store = create_store(database, slug="retail", currency="GBP", timezone="Europe/London")
    encoder = SentenceTransformerEncoder()
    yield database, store, fill_store(database, store, online_retail_offers(), encoder), encoder
    database.dispose()
    drop_database(server_url, name)


@pytest.fixture(scope="module")
def find(retail: Retail) -> Titles:
    """A function that searches the shop."""
    database, store, _, encoder = retail

    def ask(query: str, **wanted: object) -> Found:
        with database.session_for(store) as session:
            return search_products(session, store_id=store, search=Search(query, **wanted), encoder=encoder)

    return ask


def test_all_goods_of_the_file_are_there(
    retail: Retail,
) -> None:
    assert len(retail[2]) == 3_813


def test_a_title_with_one_word_replaced_is_found_first(find: Titles) -> None:
    found = find("white hanging heart candle holder", limit=5)
    assert found.semantic == "used"
    assert found.hits[0].sku == "85123A"


def test_a_paraphrase_finds_lanterns(find: Titles) -> None:
    titles = [hit.title for hit in find("small lantern for a tea light", limit=10).hits]
    assert "LANTERN" in titles[0] and sum("LANTERN" in title for title in titles) >= 4
    assert sum(any(word in title for word in ("LANTERN", "T-LIGHT", "TEALIGHT")) for title in titles) >= 8


def test_meaning_finds_what_shares_no_word(find: Titles) -> None:
    titles = [hit.title for hit in find("timepiece", limit=10).hits]
    assert sum("CLOCK" in title for title in titles) >= 5
    assert find("timepiece", mode="lexical").hits == []


@pytest.mark.parametrize("query", ["85123a", "85123A", "22423", "47566b"])
def test_a_sku_is_found_first(find: Titles, query: str) -> None:
    assert find(query).hits[0].sku == query.upper()


def test_typing_finds_titles(find: Titles) -> None:
    """Of every 40th title, its first words with the last one cut to three letters find it among ten."""
    offers = [offer for offer in online_retail_offers()[::40] if len(offer.name.split()) >= 2]
    found = 0
    for offer in offers:
        words = offer.name.split()
        typed = " ".join([*words[:-1], words[-1][:3]])
        found += offer.sku in [hit.sku for hit in find(typed, mode="lexical", limit=10).hits]
    assert found >= 0.95 * len(offers), f"{found} of {len(offers)}"


@pytest.mark.parametrize(
    ("sku", "word", "least"),
    [("85123A", "HOLDER", 8), ("22423", "CAKE", 7), ("47566", "BUNTING", 9), ("20725", "BAG", 8), ("84879", "BIRD", 8)],
)
def test_similar_products_are_of_the_same_sort(retail: Retail, sku: str, word: str, least: int) -> None:
    database, store, ids, _ = retail
    with database.session_for(store) as session:
        found = recommend(session, store_id=store, kind="similar", product_id=ids[sku], limit=10)
    assert len(found) == 10 and sku not in [each.sku for each in found]
    assert sum(word in each.title for each in found) >= least
