"""SQL that gathers a store's search documents and writes those that differ from what is stored.

Lexemes of a document: word stems in the fields' weights (A title and SKU, B brand and keywords, C category path,
D body); `=word` for each whole word of the fields A to C, for prefixes and typos; `+joined` for each two neighbours in
the title, for what others write in one word; `#code` for each SKU and barcode of the product and its variants.
"""

from oltp.search.documents import BODY_WORDS, TEMPLATE_VERSION


def normalised(text: str) -> str:
    """SQL that folds accents and case of the SQL expression `text` and leaves words with single spaces between.

    The collation is named because under the database's own (often C) letters beyond ASCII would be no letters.
    """
    return f"btrim(regexp_replace(lower(unaccent({text}) COLLATE pg_c_utf8), '[^[:alnum:]]+', ' ', 'g'))"


def normalised_code(text: str) -> str:
    """SQL for the form in which SKUs and barcodes compare: any case, single spaces."""
    return f"left(lower(btrim(regexp_replace({text}, '\\s+', ' ', 'g')) COLLATE pg_c_utf8), 200)"


def _chosen(column: str) -> str:
    # NULL stands for all of the store's products.
    return f"(CAST(:product_ids AS uuid[]) IS NULL OR {column} = ANY (CAST(:product_ids AS uuid[])))"


def _words(text: str, weight: str) -> str:
    # Words hold letters and digits only, so nothing needs quoting. Positions end at 16383.
    return (
        f"(SELECT string_agg('''=' || left(word, 100) || ''':' || least(n, 16383) || '{weight}', ' ')::tsvector FROM "
        f"unnest(string_to_array({normalised(text)}, ' ')) WITH ORDINALITY AS split (word, n) WHERE word <> '')"
    )


def _joined(text: str, weight: str) -> str:
    return (
        f"(SELECT string_agg('''+' || left(pair, 100) || ''':' || least(n, 16383) || '{weight}', ' ')::tsvector FROM "
        f"(SELECT word || lead(word) OVER (ORDER BY n) AS pair, n "
        f"FROM unnest(string_to_array({normalised(text)}, ' ')) WITH ORDINALITY AS split (word, n)) AS pairs)"
    )


def _stems(text: str, weight: str) -> str:
    return f"setweight(to_tsvector(CAST(:configuration AS regconfig), {normalised(text)}), '{weight}')"


def lexemes(text: str, weight: str) -> str:
    """SQL for the stems and whole words of the SQL expression `text`."""
    return f"({_stems(text, weight)} || coalesce({_words(text, weight)}, ''))"


_FIELDS = (
    ("c.title || ' ' || c.sku", "A"),
    ("c.brand || ' ' || c.keywords", "B"),
    ("c.category_path", "C"),
    ("c.body", "D"),
)
_DOCUMENT = " || ".join(
    [
        *(_stems(text, weight) for text, weight in _FIELDS),
        *(f"coalesce({_words(text, weight)}, '')" for text, weight in _FIELDS if weight != "D"),
        f"coalesce({_joined('c.title', 'A')}, '')",
        "array_to_tsvector(c.codes)",
    ]
)

# A path is built from the roots down; what hangs below a deleted category goes by its own name alone.
_PATHS = """
  SELECT id, name AS path FROM categories
    WHERE store_id = :store_id AND parent_id IS NULL AND deleted_at IS NULL
  UNION ALL
  SELECT c.id, paths.path || ' > ' || c.name FROM categories c JOIN paths ON paths.id = c.parent_id
    WHERE c.store_id = :store_id AND c.deleted_at IS NULL"""

# Options are JSON in text that nobody has ever checked.
_VARIANTS = f"""
  SELECT v.product_id,
         array_agg(DISTINCT option.value) FILTER (WHERE option.value <> '') AS options,
         array_agg(DISTINCT '#' || {normalised_code("code.value")}) FILTER (WHERE code.value <> '') AS codes
  FROM product_variants v
  CROSS JOIN LATERAL (VALUES (v.sku), (v.barcode)) AS code (value)
  LEFT JOIN LATERAL jsonb_each_text(CASE WHEN v.options IS JSON OBJECT THEN v.options::jsonb END) AS option ON true
  WHERE v.store_id = :store_id AND {_chosen("v.product_id")}
  GROUP BY v.product_id"""

_ATTRIBUTES = f"""
  SELECT product_id, array_agg(DISTINCT value) FILTER (WHERE value <> '') AS attributes
  FROM product_attribute_values
  WHERE store_id = :store_id AND {_chosen("product_id")}
  GROUP BY product_id"""

_BODY = f"""coalesce(substring(
    btrim(regexp_replace(concat_ws(' ', p.short_description, p.description), '(<[^>]*>|\\s)+', ' ', 'g'))
    FROM '^(?:\\S+ ){{0,{BODY_WORDS - 1}}}\\S+'), '')"""

_PRODUCTS = f"""
  SELECT p.id AS product_id, p.sku, p.price_amount, p.currency,
         left(btrim(regexp_replace(p.name, '\\s+', ' ', 'g')), 500) AS title,
         coalesce(b.name, '') AS brand, coalesce(paths.path, g.name, '') AS category_path,
         left(concat_ws(', ', nullif(p.meta_keywords, ''), array_to_string(a.attributes, ', '),
                        array_to_string(v.options, ', ')), 1000) AS keywords,
         left({_BODY}, 2000) AS body,
         ARRAY(SELECT DISTINCT code FROM unnest(ARRAY['#' || {normalised_code("p.sku")},
                 '#' || {normalised_code("nullif(p.barcode, '')")}] || coalesce(v.codes, '{{}}')) AS code
               WHERE code IS NOT NULL ORDER BY code) AS codes,
         product_is_available(p.store_id, p.id) AS is_available
  FROM products p
  LEFT JOIN brands b ON b.store_id = p.store_id AND b.id = p.brand_id AND b.deleted_at IS NULL
  LEFT JOIN categories g ON g.store_id = p.store_id AND g.id = p.category_id AND g.deleted_at IS NULL
  LEFT JOIN paths ON paths.id = g.id
  LEFT JOIN variants v ON v.product_id = p.id
  LEFT JOIN attributes a ON a.product_id = p.id
  WHERE p.store_id = :store_id AND p.status = 'ACTIVE' AND p.deleted_at IS NULL
    AND {_chosen("p.id")}"""

# The hash covers everything that the tsvector and the vector are made of; price and stock are not in it.
_HASHED = f"""
  SELECT p.*, encode(sha256(convert_to(concat_ws(E'\\x1f', '{TEMPLATE_VERSION}', CAST(:locale AS text), p.title,
           p.brand, p.category_path, p.keywords, p.body, p.sku, array_to_string(p.codes, E'\\x1f')), 'UTF8')), 'hex')
         AS content_hash
  FROM gathered p"""

# Rows come in the order of the key, so that two refreshes of one store wait for each other instead of deadlocking.
UPSERT = f"""
WITH RECURSIVE paths AS ({_PATHS}), variants AS ({_VARIANTS}), attributes AS ({_ATTRIBUTES}),
gathered AS ({_PRODUCTS}), composed AS ({_HASHED})
INSERT INTO product_search_document AS d
  (store_id, product_id, locale, title, brand, category_path, keywords, body, sku, document, content_hash,
   is_available, price_amount, currency)
SELECT :store_id, c.product_id, :locale, c.title, c.brand, c.category_path, c.keywords, c.body, c.sku,
       CASE WHEN old.content_hash = c.content_hash THEN old.document ELSE {_DOCUMENT} END, c.content_hash,
       c.is_available, c.price_amount, c.currency
FROM composed c
LEFT JOIN product_search_document old
  ON old.store_id = :store_id AND old.product_id = c.product_id AND old.locale = :locale
WHERE (old.content_hash, old.is_available, old.price_amount, old.currency)
  IS DISTINCT FROM (c.content_hash, c.is_available, c.price_amount, c.currency)
ORDER BY c.product_id
ON CONFLICT (store_id, product_id, locale) DO UPDATE SET
  title = excluded.title, brand = excluded.brand, category_path = excluded.category_path,
  keywords = excluded.keywords, body = excluded.body, sku = excluded.sku, document = excluded.document,
  content_hash = excluded.content_hash, is_available = excluded.is_available,
  price_amount = excluded.price_amount, currency = excluded.currency, updated_at = now()
"""

DELETE_GONE = f"""
DELETE FROM product_search_document d
WHERE d.store_id = :store_id AND {_chosen("d.product_id")}
  AND (d.locale <> :locale OR NOT EXISTS (
    SELECT FROM products p
    WHERE p.store_id = d.store_id AND p.id = d.product_id AND p.status = 'ACTIVE' AND p.deleted_at IS NULL))
"""
