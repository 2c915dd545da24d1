"""Embedding the documents of a store, beside bare SentenceTransformer.encode over the same texts in the same run.

Usage: python -m benchmarks.encode [PRODUCTS]. The database is made for the run and thrown away; it is durable, as a
user's is. The model is loaded before the clock starts, for both.
"""

import random
import re
import sys
import time
from uuid import UUID

from sentence_transformers import SentenceTransformer
from sqlalchemy import text

from benchmarks._server import throwaway_database
from oltp.db.session import Database
from oltp.search.actions import embed_products, refresh_documents
from oltp.search.encoders import SentenceTransformerEncoder, bundled_model_folder

WORDS = re.findall(
    r"\w+",
    """white red pink vintage hanging wooden heart star candle lantern holder tea light cake stand set of paper bunting
    party retrospot polkadot lunch bag jumbo shopper metal sign garden glass bowl mug ceramic frame clock alarm
    christmas tree decoration ribbon doormat cushion cover drawer knob key ring napkins jam jar small large tier""",
)


def main(products: int) -> None:
    with throwaway_database() as url:
        measure(url, products)


def measure(url: str, products: int) -> None:
    database = Database(url)
    titles = make_titles(products)
    store = make_store(database, titles)
    began = time.perf_counter()
    with database.session_for(store) as session:
        refresh_documents(session, store_id=store)
    composing = time.perf_counter() - began
    encoder = SentenceTransformerEncoder()
    encoder.encode_query("warm up")
    bare_model = SentenceTransformer(str(bundled_model_folder()), device="cpu", local_files_only=True)
    bare_model.encode(["warm up"])
    ours = embed_products(database, store_id=store, encoder=encoder).seconds
    began = time.perf_counter()
    bare_model.encode(titles, normalize_embeddings=True, show_progress_bar=False)
    bare = time.perf_counter() - began
    database.dispose()
    print(f"products                         {products:>8,}")
    print(f"compose and write the documents  {composing:>8.2f} s")
    print(f"embed_products                   {ours:>8.2f} s  ({products / ours:,.0f} a second)")
    print(f"bare SentenceTransformer.encode  {bare:>8.2f} s")
    print(f"ratio                            {ours / bare:>8.2f}")


def make_titles(products: int) -> list[str]:
    """Titles of three to six words, the same for every run."""
    chance = random.Random(7)
    return [" ".join(chance.sample(WORDS, chance.randint(3, 6))).upper() for _ in range(products)]


def make_store(database: Database, titles: list[str]) -> UUID:
    """Create a store that sells the titles; returns its id."""
    with database.owner_session() as session:
        organization = session.scalar(text("INSERT INTO organizations (name, slug) VALUES ('b', 'b') RETURNING id"))
        store = session.scalar(
            text("""INSERT INTO stores (organization_id, name, slug, email) VALUES (:o, 'b', 'b', 'b@example.test')
                    RETURNING id"""),
            {"o": organization},
        )
    assert isinstance(store, UUID)
    with database.session_for(store) as session:
        session.execute(
            text("""INSERT INTO products (store_id, name, slug, sku, status, price_amount, currency,
                                          track_inventory)
                    SELECT :store, title, 'p' || n, 'SKU' || n, 'ACTIVE', 995, 'USD', false
                    FROM unnest(CAST(:titles AS text[])) WITH ORDINALITY AS given (title, n)"""),
            {"store": store, "titles": titles},
        )
    return store


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3_813)
