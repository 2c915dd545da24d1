"""SQL of ranking: one exact pass over the store's documents, and beside them the vectors of one model."""

from oltp.search.rules import SCORE_DIGITS, Plan, Search

# Weight of a word in a title, brand, category path, body; ts_rank wants them in the order D, C, B, A.
WEIGHTS = "{0.1, 0.25, 0.5, 1.0}"
# ts_rank of one word once in a title, by its definition: 6 / π² of the weight.
_TS_RANK_UNIT = 1.6449340668
# How far a long document is held against it (BM25's b); product titles differ little in length.
LENGTH_PENALTY = 0.25
# Trigram similarity from which a title may mean an unknown word, and what such a find counts at most.
FUZZY_FLOOR = 0.45
FUZZY_WEIGHT = 1.5
# A vector well below the best one is noise, whatever its absolute value.
RELATIVE_FLOOR = 0.55

# Added for an exact SKU or barcode: words and meaning together reach one at most, so two can never be tied.
CODE_BONUS = 2

Bound = dict[str, object]


def lexical_score(plan: Plan) -> tuple[str, Bound]:
    """Return SQL that scores document `d` for the plan, BM25-like: rarity × saturated weight, over length.

    Of the ways to meet one word of the query (as typed, as a beginning, corrected) the best counts.
    """
    by_word: dict[int, list[str]] = {}
    bound: Bound = {"mean_length": max(plan.mean_length, 1.0), "any_term": any_term(plan)}
    for n, term in enumerate(plan.terms):
        bound |= {f"term_{n}": term.tsquery, f"weight_{n}": plan.weight(term) * _TS_RANK_UNIT}
        by_word.setdefault(term.position, []).append(
            f"CAST(:weight_{n} AS float8) * ts_rank('{WEIGHTS}', d.document, CAST(:term_{n} AS tsquery))"
        )
    sums = [f"greatest({', '.join(ways)})" for ways in by_word.values()]
    length = f"(1 - {LENGTH_PENALTY} + {LENGTH_PENALTY} * length(d.document) / CAST(:mean_length AS float8))"
    words = f"CASE WHEN d.document @@ CAST(:any_term AS tsquery) THEN ({' + '.join(sums)}) / {length} ELSE 0 END"
    fuzzy, fuzzy_bound = _fuzzy_score(plan)
    return (f"{words if sums else '0'} + {fuzzy}"), bound | fuzzy_bound


def _fuzzy_score(plan: Plan) -> tuple[str, Bound]:
    # A word inside another one ("candleholder", or any two letters of an unspaced script), or nearly a word.
    parts, bound = ["0"], Bound()
    for n, word in enumerate(plan.fuzzy):
        bound |= {f"fuzzy_{n}": word}
        title = "lower(unaccent(d.title))"
        near = f"CASE WHEN strpos({title}, :fuzzy_{n}) > 0 THEN 1 ELSE word_similarity(:fuzzy_{n}, {title}) END"
        parts.append(
            f"(SELECT CASE WHEN s >= {FUZZY_FLOOR} THEN {FUZZY_WEIGHT} * s ELSE 0 END FROM (VALUES ({near})) AS v (s))"
        )
    return " + ".join(parts), bound


def any_term(plan: Plan) -> str:
    """Return the tsquery that any term of the plan meets."""
    return " | ".join(term.tsquery for term in plan.terms)


def filters(search: Search) -> tuple[str, Bound]:
    """Return SQL conditions on document `d` for the filters that are set."""
    conditions, bound = [""], Bound()
    if search.in_stock is not None:
        conditions.append("d.is_available = :in_stock")
        bound["in_stock"] = search.in_stock
    if search.price_min is not None:
        conditions.append("d.price_amount >= :price_min")
        bound["price_min"] = search.price_min
    if search.price_max is not None:
        conditions.append("d.price_amount <= :price_max")
        bound["price_max"] = search.price_max
    return " AND ".join(conditions), bound


_WITH_VECTORS = """
  LEFT JOIN product_embedding e ON e.shard = :shard AND e.store_id = :store_id AND e.model_id = :model_id
    AND e.locale = :locale AND e.product_id = d.product_id"""


def ranking(lexical: str, conditions: str, *, with_vectors: bool) -> str:
    """Return the whole statement: (hits …, scores …) best first, after a position if one is bound.

    Both scores are brought to 0 … 1 by their best in the store, the similarity above the floor; a document that
    has the query as one of its codes stands above all.
    """
    similarity = "-(e.embedding <#> CAST(:query_vector AS halfvec))" if with_vectors else "NULL::float8"
    return f"""
WITH scored AS MATERIALIZED (
  SELECT d.product_id, (d.document @@ CAST(:code AS tsquery))::int AS has_code, {lexical} AS lexical,
         {similarity} AS similarity
  FROM product_search_document d
  JOIN products p ON p.store_id = d.store_id AND p.id = d.product_id AND p.status = 'ACTIVE' AND p.deleted_at IS NULL
  {_WITH_VECTORS if with_vectors else ""}
  WHERE d.store_id = :store_id AND d.locale = :locale {conditions}),
best AS (
  SELECT coalesce(CAST(:lexical_max AS float8), max(lexical), 0) AS lexical,
         coalesce(CAST(:similarity_max AS float8), max(similarity), 0) AS similarity FROM scored),
bounds AS (
  SELECT *, greatest(CAST(:floor AS float8), {RELATIVE_FLOOR} * similarity) AS floor FROM best),
normalised AS (
  SELECT s.*, b.lexical AS lexical_max, b.similarity AS similarity_max,
         CASE WHEN s.lexical > 0 THEN least(1, s.lexical / greatest(b.lexical, 1e-9)) ELSE 0 END AS lexical_part,
         CASE WHEN s.similarity > b.floor
           THEN least(1, (s.similarity - b.floor) / greatest(b.similarity - b.floor, 1e-9)) ELSE 0 END
           AS semantic_part
  FROM scored s CROSS JOIN bounds b),
ranked AS (
  SELECT n.*, round(({CODE_BONUS} * has_code + (1 - CAST(:semantic_weight AS float8)) * lexical_part
                     + CAST(:semantic_weight AS float8) * semantic_part)::numeric, {SCORE_DIGITS})::float8 AS score
  FROM normalised n
  WHERE has_code = 1 OR (lexical_part > 0 AND :semantic_weight < 1) OR (semantic_part > 0 AND :semantic_weight > 0))
SELECT r.product_id, d.sku, d.title, p.slug, p.thumbnail_url, d.is_available, d.price_amount, d.currency, r.score,
       r.has_code, r.lexical, r.similarity, r.lexical_part, r.semantic_part, r.lexical_max, r.similarity_max
FROM ranked r
JOIN product_search_document d ON d.store_id = :store_id AND d.product_id = r.product_id AND d.locale = :locale
JOIN products p ON p.store_id = :store_id AND p.id = r.product_id
WHERE CAST(:after_score AS float8) IS NULL OR r.score < :after_score
   OR (r.score = :after_score AND r.product_id > CAST(:after_id AS uuid))
ORDER BY r.score DESC, r.product_id LIMIT :rows"""
