"""Rules of the search: words that weigh, typos that count, scores that mix, pages that continue. Pure."""

import hashlib
import html
import json
import math
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Literal, cast, get_args
from uuid import UUID

from oltp.search.errors import StaleCursor

Mode = Literal["hybrid", "lexical", "semantic"]
Kind = Literal["stem", "word", "prefix", "joined", "typo"]

MAX_QUERY = 200
MAX_WORDS = 16
MAX_DEPTH = 1_000
MIN_PREFIX = 2
# A whole word beats its beginnings, a word as typed beats a corrected one; by edits: none, one, two.
PREFIX_BOOST = 0.6
JOINED_BOOST = 0.9
SYNONYM_BOOST = 0.8
TYPO_BOOST = (1.0, 0.6, 0.35)
CORRECTIONS = 3
# Scores are compared across pages, so they are rounded to where arithmetic still agrees.
SCORE_DIGITS = 9
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_RAW_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Search:
    """What is asked. Prices are in minor units of the store's currency; `after` is where the last page ended."""

    query: str
    mode: Mode = "hybrid"
    limit: int = 20
    in_stock: bool | None = None
    price_min: int | None = None
    price_max: int | None = None
    after: Sequence[str] | None = None

    @property
    def key(self) -> str:
        """Digest of everything that must stay the same from page to page."""
        asked = [self.query, self.mode, self.in_stock, self.price_min, self.price_max]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Term:
    """One way to meet the query's word number `position`; `count` documents of the store have it."""

    position: int
    kind: Kind
    text: str
    boost: float
    count: int = 0

    @property
    def is_typed(self) -> bool:
        """Whether this is the word as it was typed, but for its ending."""
        return self.boost == 1.0

    @property
    def tsquery(self) -> str:
        """The term as a Postgres tsquery, quoted: nothing in it can act as an operator."""
        marker = {"stem": "", "joined": "+"}.get(self.kind, "=")
        return quoted(marker + self.text) + (":*" if self.kind == "prefix" else "")


@dataclass(frozen=True)
class Plan:
    """The query against the store's statistics: its terms, words only trigrams can still find, documents' number
    and mean length in lexemes."""

    terms: tuple[Term, ...]
    fuzzy: tuple[str, ...]
    documents: int
    mean_length: float

    def weight(self, term: Term) -> float:
        """Return what a document with the term once in its title scores for it.

        Another way to meet a word never outweighs the word as typed, however rare that other way is.
        """
        typed = [other.count for other in self.terms if other.position == term.position and other.is_typed]
        return term.boost * min(rarity(count, self.documents) for count in (term.count, *typed))


@dataclass(frozen=True)
class Position:
    """Where a page ended, and all that scoring took from the store, so that the next page scores alike.

    `model_id` is empty where the meaning was left out; `depth` counts the rows given out so far.
    """

    key: str
    model_id: str
    score: float
    product_id: UUID
    depth: int
    lexical_max: float
    similarity_max: float
    plan: Plan

    def parts(self) -> list[str]:
        """Return the position as strings, for an opaque cursor."""
        numbers = [self.score, self.depth, self.lexical_max, self.similarity_max]
        return [self.key, self.model_id, str(self.product_id), json.dumps(numbers), json.dumps(asdict(self.plan))]


def position_of(parts: Sequence[str], *, key: str) -> Position:
    """Read a position back. Errors: StaleCursor, when it belongs to another search or was tampered with."""
    try:
        given_key, model_id, product_id, numbers, plan = parts
        score, depth, lexical_max, similarity_max = (float(number) for number in json.loads(numbers))
        known = json.loads(plan)
        terms = tuple(_term_of(term) for term in known["terms"])
        fuzzy = tuple(str(word) for word in known["fuzzy"])
        read = Plan(terms, fuzzy, int(known["documents"]), float(known["mean_length"]))
        position = Position(given_key, model_id, score, UUID(product_id), int(depth), lexical_max, similarity_max, read)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise StaleCursor(field="query.cursor") from None
    numbers_read = (score, lexical_max, similarity_max, read.mean_length, *(term.boost for term in terms))
    if given_key != key or not all(map(math.isfinite, numbers_read)) or len(terms) + len(fuzzy) > 8 * MAX_WORDS:
        raise StaleCursor(field="query.cursor")
    return position


def _term_of(given: dict[str, object]) -> Term:
    position, kind, text, boost, count = (given[name] for name in ("position", "kind", "text", "boost", "count"))
    if kind not in get_args(Kind) or not isinstance(text, str) or not clean(text):
        raise ValueError("no term")
    return Term(int(str(position)), cast(Kind, kind), clean(text)[:MAX_QUERY], float(str(boost)), int(str(count)))


def clean(query: str) -> str:
    """Return a query that Postgres can store: composed, without control characters, single spaces, no ends."""
    return " ".join(_CONTROL.sub(" ", unicodedata.normalize("NFC", query)).split())


def quoted(lexeme: str) -> str:
    """Return a lexeme in the quotes of tsquery and tsvector."""
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"


def terms_of(words: Sequence[tuple[str, str | None]], *, is_growing: bool = True) -> tuple[Term, ...]:
    """Turn normalised words and their stems (None: a stop word) into terms; while growing, the last is unfinished.

    Stop words weigh nothing, unless the query has nothing else. "tealight" also meets TEA LIGHT, and the reverse.
    """
    terms: list[Term] = []
    only_stops = not any(stem for _, stem in words)
    for position, (word, stem) in enumerate(words):
        if stem is not None:
            terms.append(Term(position, "stem", stem, 1.0))
        elif only_stops:
            terms.append(Term(position, "word", word, 1.0))
        if is_growing and position == len(words) - 1 and len(word) >= MIN_PREFIX:
            terms.append(Term(position, "prefix", word, PREFIX_BOOST))
        terms.append(Term(position, "joined", word, JOINED_BOOST))
        if position:
            pair = words[position - 1][0] + word
            terms.extend(Term(place, "word", pair, JOINED_BOOST) for place in (position - 1, position))
    return tuple(terms)


def rarity(count: int, documents: int) -> float:
    """Return BM25's inverse document frequency, kept above zero by the one inside the logarithm."""
    return math.log(1 + (max(documents - count, 0) + 0.5) / (count + 0.5))


def allowed_edits(word: str) -> int:
    """Return how many typos a word of this length may have; a number or a SKU none."""
    if any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= 9 else 1 if len(word) >= 5 else 0


def edits(one: str, other: str) -> int:
    """Count insertions, deletions, substitutions and swaps of neighbours between two words."""
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        ahead = [i]
        for j, second in enumerate(other, start=1):
            cost = min(row[j] + 1, ahead[j - 1] + 1, row[j - 1] + (letter != second))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == second:
                cost = min(cost, before[j - 2] + 1)
            ahead.append(cost)
        before, row = row, ahead
    return row[-1]


def corrections(word: str, vocabulary: Collection[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Return the likeliest words meant by `word`, as (word, edits, documents): fewest edits, then most frequent.

    `vocabulary` holds (word, documents) of the store. A typo hits the first letter rarely, so those come later.
    """
    limit = allowed_edits(word)
    found = [(other, edits(word, other), count) for other, count in vocabulary]
    near = [(other, typos, count) for other, typos, count in found if 0 < typos <= limit]
    near.sort(key=lambda each: (each[1], each[0][:1] != word[:1], -each[2], each[0]))
    return near[:CORRECTIONS]


def semantic_weight(words: Sequence[str], mode: Mode) -> float:
    """Return how much the meaning counts against the words, 0 … 1, by the class of the query.

    A query with digits names a thing exactly. The words lead: titles are short, so a word met in one says much.
    """
    if mode != "hybrid":
        return 1.0 if mode == "semantic" else 0.0
    if any(letter.isdigit() for word in words for letter in word):
        return 0.3
    return 0.4


def highlight(title: str, matched: Collection[str]) -> str:
    """Return the title as HTML with <mark> around the words in `matched`; everything else is escaped."""
    pieces: list[str] = []
    end = 0
    for word in _RAW_WORD.finditer(title):
        pieces.append(html.escape(title[end : word.start()]))
        escaped = html.escape(word.group())
        pieces.append(f"<mark>{escaped}</mark>" if word.group() in matched else escaped)
        end = word.end()
    return "".join(pieces) + html.escape(title[end:])


def raw_words(titles: Sequence[str]) -> list[str]:
    """Return the distinct words of titles as they are written, sorted."""
    return sorted({word for title in titles for word in _RAW_WORD.findall(title)})
