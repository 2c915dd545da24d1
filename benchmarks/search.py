"""Searching a store, beside the raw SQL under it and bare dot products over the same vectors, in the same run.

Usage: python -m benchmarks.search [PRODUCTS]. Vectors come from HashEncoder: their content does not change the work,
and its queries cost next to nothing, so the search itself is what is measured. Medians of 40 queries.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from uuid import UUID

import numpy as np
from sqlalchemy import text

from benchmarks._server import throwaway_database
from benchmarks.encode import make_store
from oltp.db.session import Database
from oltp.search.actions import embed_products, refresh_documents, vector_literal
from oltp.search.encoders import HashEncoder
from oltp.search.queries import get_shelf, search_products
from oltp.search.rules import Mode, Search

QUERIES = 40
WORDS = tuple(
    f"{a}{b}{c}"
    for a in ("bra", "sil", "wo", "pa", "li", "cu")
    for b in ("ken", "mo", "ta", "ri", "del")
    for c in ("ne", "sto", "wick", "la", "rum", "pet")
)


def main(products: int) -> None:
    with throwaway_database() as url:
        measure(url, products)


def measure(url: str, products: int) -> None:
    database, encoder, chance = Database(url), HashEncoder(), random.Random(7)
    titles = [" ".join(chance.sample(WORDS, chance.randint(3, 6))) for _ in range(products)]
    store = make_store(database, titles)
    with database.session_for(store) as session:
        refresh_documents(session, store_id=store)
    embed_products(database, store_id=store, encoder=encoder)
    with database.owner_session() as session:
        session.connection().exec_driver_sql("ANALYZE")
    queries = [" ".join(chance.sample(WORDS, 3)) for _ in range(QUERIES)]

    def searching(mode: Mode) -> Callable[[str], object]:
        def search(query: str) -> object:
            with database.session_for(store) as session:
                return search_products(session, store_id=store, search=Search(query, mode), encoder=encoder)

        return search

    vectors = encoder.encode_documents(titles)
    bare = median(queries, lambda query: np.argpartition(vectors @ encoder.encode_query(query), -20)[-20:])
    raw = {
        "lexical": median(queries, lambda query: raw_words(database, store, query)),
        "semantic": median(queries, lambda query: raw_vectors(database, store, encoder, query)),
    }
    raw["hybrid"] = raw["lexical"] + raw["semantic"]
    print(f"products {products:,}; medians in milliseconds")
    print(f"bare dot products (numpy, float32)   {bare:>8.2f}")
    for mode in ("lexical", "semantic", "hybrid"):
        ours = median(queries, searching(mode))  # type: ignore[arg-type]
        print(
            f"{mode:9} ours {ours:>8.2f}   raw SQL {raw[mode]:>8.2f}   ratio {ours / raw[mode]:>5.1f}   "
            f"to bare dot products {ours / bare:>6.1f}"
        )
    database.dispose()


def raw_words(database: Database, store: UUID, query: str) -> object:
    """The plainest full-text query in the store: any word, ts_rank, no statistics, no prefix."""
    statement = text("""
        SELECT product_id, title FROM product_search_document
        WHERE store_id = :store AND document @@ CAST(:any AS tsquery)
        ORDER BY ts_rank(document, CAST(:any AS tsquery)) DESC LIMIT 20""")
    with database.session_for(store) as session:
        words = " | ".join(f"'={word}'" for word in query.split())
        return session.execute(statement, {"store": store, "any": words}).all()


def raw_vectors(database: Database, store: UUID, encoder: HashEncoder, query: str) -> object:
    """The plainest nearest-neighbour query in the store."""
    statement = text("""
        SELECT product_id FROM product_embedding WHERE shard = :shard AND store_id = :store AND model_id = :model
        ORDER BY embedding <#> CAST(:vector AS halfvec) LIMIT 20""")
    with database.session_for(store) as session:
        shard = get_shelf(session, store_id=store).shard
        vector = vector_literal(encoder.encode_query(query))
        given = {"shard": shard, "store": store, "model": encoder.model_id, "vector": vector}
        return session.execute(statement, given).all()


def median(queries: list[str], ask: Callable[[str], object]) -> float:
    """Median milliseconds of asking each query, after a first one that is not counted."""
    ask(queries[0])
    times = []
    for query in queries:
        began = time.perf_counter()
        ask(query)
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
