"""Reads of the search. Every statement names the store, and runs under its row-level security as well."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from oltp.search.actions import vector_literal
from oltp.search.documents import search_configuration, stemmer
from oltp.search.encoders import Encoder
from oltp.search.errors import StaleCursor
from oltp.search.gathering import lexemes, normalised, normalised_code
from oltp.search.ranking import any_term, filters, lexical_score, ranking
from oltp.search.rules import (
    MAX_DEPTH,
    MAX_WORDS,
    SYNONYM_BOOST,
    TYPO_BOOST,
    Plan,
    Position,
    Search,
    Term,
    allowed_edits,
    corrections,
    highlight,
    position_of,
    raw_words,
    semantic_weight,
    terms_of,
)
from oltp.search.synonyms import synonyms_of
from oltp.tenancy.errors import StoreNotFound

Semantic = Literal["used", "not_ready", "off"]


@dataclass(frozen=True)
class Hit:
    """A product found. `lexical` is the plain score by words, `similarity` the cosine; the parts are 0 … 1 of the
    store's best, and `score` mixes them by `semantic_weight`, plus two for an exact SKU or barcode."""

    product_id: UUID
    sku: str
    title: str
    slug: str
    thumbnail_url: str | None
    is_available: bool
    price_amount: int
    currency: str
    score: float
    highlight: str
    has_code: bool
    lexical: float
    similarity: float | None
    lexical_part: float
    semantic_part: float


@dataclass(frozen=True)
class Found:
    """A page of hits, best first; `next` continues it, None at the end. `semantic` says whether meaning counted."""

    hits: list[Hit]
    next: list[str] | None
    semantic: Semantic
    semantic_weight: float
    corrected: dict[str, list[str]]


@dataclass(frozen=True)
class Shelf:
    """Where a store's documents and vectors lie."""

    store_id: UUID
    locale: str
    shard: int
    active_model_id: str | None

    @property
    def bound(self) -> dict[str, object]:
        """The parameters that every statement shares."""
        return {"store_id": self.store_id, "locale": self.locale}

    @property
    def configuration(self) -> str:
        """Postgres's text search configuration."""
        return search_configuration(self.locale)


def get_shelf(session: Session, *, store_id: UUID) -> Shelf:
    """Return where the store's documents lie. Errors: StoreNotFound."""
    statement = text("""
        SELECT s.id, s.locale, h.shard, h.active_model_id
        FROM stores s JOIN store_shard h ON h.store_id = s.id WHERE s.id = :store_id AND s.deleted_at IS NULL""")
    row = session.execute(statement, {"store_id": store_id}).first()
    if row is None:
        raise StoreNotFound()
    return Shelf(*row)


def search_products(session: Session, *, store_id: UUID, search: Search, encoder: Encoder) -> Found:
    """Find the store's products for a query, at most MAX_DEPTH of them over all pages.

    Where the encoder is not loaded or the store's vectors are not of its model, words alone decide and the answer
    says so. Errors: StoreNotFound, StaleCursor.
    """
    shelf = get_shelf(session, store_id=store_id)
    position = position_of(search.after, key=search.key) if search.after is not None else None
    model_id = _choose_model(search, shelf, encoder, position)
    words = list_words(session, shelf=shelf, query=search.query)
    plan = position.plan if position else make_plan(session, shelf=shelf, words=words)
    weight = semantic_weight([word for word, _ in words], search.mode) if model_id else 0.0
    depth = position.depth if position else 0
    rows_wanted = min(search.limit, MAX_DEPTH - depth)
    vector = encoder.encode_query(search.query) if model_id else None
    given = {
        "shard": shelf.shard,
        "model_id": model_id,
        "query_vector": None if vector is None else vector_literal(vector),
        "floor": encoder.relevance_floor,
        "semantic_weight": weight,
        "rows": rows_wanted + 1,
    }
    rows = _rank(session, shelf=shelf, search=search, plan=plan, position=position, given=given)
    page = rows[:rows_wanted]
    more = len(rows) > rows_wanted and depth + rows_wanted < MAX_DEPTH
    following = _following(search, model_id, plan, depth, page).parts() if more else None
    state: Semantic = "off" if search.mode == "lexical" else "used" if model_id else "not_ready"
    marked = _matched_words(session, shelf=shelf, plan=plan, titles=[row.title for row in page])
    return Found([_hit(row, marked) for row in page], following, state, weight, _corrected(plan, words))


def _choose_model(search: Search, shelf: Shelf, encoder: Encoder, position: Position | None) -> str:
    """Return the model whose vectors count, '' for none; a later page keeps to what the first one did."""
    ready = search.mode != "lexical" and encoder.is_ready and shelf.active_model_id == encoder.model_id
    model_id = encoder.model_id if ready else ""
    if position is None or position.model_id == model_id:
        return model_id
    if position.model_id:
        raise StaleCursor(field="query.cursor")
    return ""


def list_words(session: Session, *, shelf: Shelf, query: str) -> list[tuple[str, str | None]]:
    """Return the query's first distinct words, normalised, each with its stem (None: a stop word)."""
    statement = text(f"""
        SELECT word, (ts_lexize(CAST(:dictionary AS regdictionary), word))[1] AS stem
        FROM (SELECT word, min(n) AS n
              FROM unnest(string_to_array({normalised(":query")}, ' ')) WITH ORDINALITY AS split (word, n)
              WHERE word <> '' GROUP BY word ORDER BY n LIMIT {MAX_WORDS}) words
        ORDER BY n""")
    rows = session.execute(statement, {"query": query, "dictionary": stemmer(shelf.configuration)})
    return [(row.word, row.stem) for row in rows]


def make_plan(
    session: Session, *, shelf: Shelf, words: Sequence[tuple[str, str | None]], is_growing: bool = True
) -> Plan:
    """Weigh a query's words by the store's own document frequencies, and correct those that it has never seen."""
    terms = terms_of(words, is_growing=is_growing) + _synonyms(session, shelf=shelf, words=words)
    plan = _count(session, shelf=shelf, terms=terms)
    known = {term.position for term in plan.terms if term.count}
    unknown = [words[n][0] for n in sorted({term.position for term in terms} - known)]
    plan = replace(plan, terms=tuple(term for term in plan.terms if term.count))
    if not unknown:
        return plan
    corrected = _correct(session, shelf=shelf, words=words, unknown=unknown)
    still_unknown = {words[term.position][0] for term in corrected}
    fuzzy = tuple(word for word in unknown if word not in still_unknown and len(word) > 1)
    return replace(plan, terms=plan.terms + corrected, fuzzy=fuzzy)


def _synonyms(session: Session, *, shelf: Shelf, words: Sequence[tuple[str, str | None]]) -> tuple[Term, ...]:
    meant = [(n, other) for n, (word, _) in enumerate(words) for other in synonyms_of(word, shelf.configuration)]
    if not meant:
        return ()
    statement = text(f"""
        SELECT {normalised("word")} AS word, (ts_lexize(CAST(:dictionary AS regdictionary), {normalised("word")}))[1]
        FROM unnest(CAST(:words AS text[])) WITH ORDINALITY AS given (word, n) ORDER BY n""")
    given = {"words": [other for _, other in meant], "dictionary": stemmer(shelf.configuration)}
    rows = session.execute(statement, given).all()
    return tuple(
        term
        for (place, _), (word, stem) in zip(meant, rows, strict=True)
        for term in (
            Term(place, "stem", stem or word, SYNONYM_BOOST),
            Term(place, "joined", word, SYNONYM_BOOST),
        )
    )


def _count(session: Session, *, shelf: Shelf, terms: Sequence[Term]) -> Plan:
    counts = "".join(f", count(*) FILTER (WHERE document @@ CAST(:term_{n} AS tsquery))" for n, _ in enumerate(terms))
    statement = text(f"""
        SELECT count(*), coalesce(avg(length(document)), 0)::float8 {counts}
        FROM product_search_document WHERE store_id = :store_id AND locale = :locale""")
    given = {f"term_{n}": term.tsquery for n, term in enumerate(terms)}
    documents, mean_length, *found = session.execute(statement, {**shelf.bound, **given}).one()
    counted = (
        Term(term.position, term.kind, term.text, term.boost, count) for term, count in zip(terms, found, strict=True)
    )
    return Plan(tuple(counted), (), documents, mean_length)


def _correct(
    session: Session, *, shelf: Shelf, words: Sequence[tuple[str, str | None]], unknown: Sequence[str]
) -> tuple[Term, ...]:
    """Return terms for the store's own words that are a typo away from the unknown ones."""
    typed = [word for word in unknown if allowed_edits(word)]
    if not typed:
        return ()
    # A swap of neighbours is two edits to Postgres and one to us, hence the plus one.
    statement = text("""
        SELECT t.word AS typed, v.word, v.documents
        FROM (SELECT substr(lexeme, 2) AS word, count(*) AS documents
              FROM product_search_document d CROSS JOIN LATERAL unnest(tsvector_to_array(d.document)) AS lexeme
              WHERE d.store_id = :store_id AND d.locale = :locale AND lexeme LIKE '=%' GROUP BY lexeme) v
        JOIN unnest(CAST(:words AS text[]), CAST(:limits AS integer[])) AS t (word, edits)
          ON abs(length(v.word) - length(t.word)) <= t.edits
            AND levenshtein_less_equal(v.word, t.word, t.edits + 1) <= t.edits + 1""")
    given = {"words": typed, "limits": [allowed_edits(word) for word in typed]}
    near: dict[str, list[tuple[str, int]]] = {}
    for row in session.execute(statement, {**shelf.bound, **given}):
        near.setdefault(row.typed, []).append((row.word, row.documents))
    places = {word: n for n, (word, _) in enumerate(words)}
    return tuple(
        Term(places[word], "typo", other, TYPO_BOOST[typos], count)
        for word in typed
        for other, typos, count in corrections(word, near.get(word, []))
    )


def _rank(
    session: Session,
    *,
    shelf: Shelf,
    search: Search,
    plan: Plan,
    position: Position | None,
    given: dict[str, object],
) -> Sequence[Row[Any]]:
    lexical, lexical_bound = lexical_score(plan) if search.mode != "semantic" or not given["model_id"] else ("0", {})
    conditions, filter_bound = filters(search)
    statement = ranking(lexical, conditions, with_vectors=bool(given["model_id"]))
    code = session.scalar(
        text(f"SELECT array_to_tsvector(ARRAY['#' || {normalised_code(':query')}])::text"), {"query": search.query}
    )
    paging = {
        "code": code,
        "lexical_max": position.lexical_max if position else None,
        "similarity_max": position.similarity_max if position else None,
        "after_score": position.score if position else None,
        "after_id": position.product_id if position else None,
    }
    bound = {**shelf.bound, **lexical_bound, **filter_bound, **given, **paging}
    return session.execute(text(statement), bound).all()


def _following(search: Search, model_id: str, plan: Plan, depth: int, page: Sequence[Row[Any]]) -> Position:
    last = page[-1]
    bounds = (last.lexical_max, last.similarity_max)
    return Position(search.key, model_id, last.score, last.product_id, depth + len(page), *bounds, plan)


def _matched_words(session: Session, *, shelf: Shelf, plan: Plan, titles: Sequence[str]) -> set[str]:
    """Return the words of titles, as written, that any term of the plan meets."""
    if not plan.terms or not titles:
        return set()
    statement = text(f"""
        SELECT word FROM unnest(CAST(:words AS text[])) AS word
        WHERE {lexemes("word", "A")} @@ CAST(:any_term AS tsquery)""")
    given = {"words": raw_words(titles), "any_term": any_term(plan), "configuration": shelf.configuration}
    return set(session.scalars(statement, given))


def _hit(row: Row[Any], marked: set[str]) -> Hit:
    shown = (row.product_id, row.sku, row.title, row.slug, row.thumbnail_url, row.is_available, row.price_amount)
    parts = (bool(row.has_code), row.lexical, row.similarity, row.lexical_part, row.semantic_part)
    return Hit(*shown, row.currency, row.score, highlight(row.title, marked), *parts)


def _corrected(plan: Plan, words: Sequence[tuple[str, str | None]]) -> dict[str, list[str]]:
    meant: dict[str, list[str]] = {}
    for term in plan.terms:
        if term.kind == "typo" and term.position < len(words):
            meant.setdefault(words[term.position][0], []).append(term.text)
    return meant
