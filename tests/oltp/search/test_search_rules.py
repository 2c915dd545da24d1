"""Rules of the search, for any input: edits are a distance, marks are safe, positions come back as they were."""

import html
import math
import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.search.errors import StaleCursor
from oltp.search.rules import (
    Plan,
    Position,
    Term,
    allowed_edits,
    clean,
    corrections,
    edits,
    highlight,
    position_of,
    quoted,
    rarity,
    raw_words,
    semantic_weight,
    terms_of,
)
from oltp.search.synonyms import synonyms_of

WORDS = st.text(alphabet="abcdé", max_size=8)


@given(WORDS, WORDS)
def test_edits_are_symmetric_and_zero_only_between_equals(one: str, other: str) -> None:
    assert edits(one, other) == edits(other, one)
    assert (edits(one, other) == 0) == (one == other)
    assert abs(len(one) - len(other)) <= edits(one, other) <= max(len(one), len(other))


@given(WORDS.filter(lambda word: len(word) > 1), st.data())
def test_one_slip_is_one_edit(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    assert edits(word, swapped) <= 1
    assert edits(word, word[:at] + word[at + 1 :]) == 1
    assert edits(word, word[:at] + "z" + word[at:]) == 1


def test_short_words_and_numbers_are_taken_as_typed() -> None:
    assert [allowed_edits(word) for word in ("lamp", "lamps", "lanterns", "lanterns1", "candlestick")] == [
        0,
        1,
        1,
        0,
        2,
    ]


def test_corrections_prefer_few_edits_then_the_first_letter_then_what_is_frequent() -> None:
    vocabulary = [("lantern", 3), ("pantern", 9), ("lanterns", 5), ("lanten", 1), ("lattern", 8)]
    assert [word for word, *_ in corrections("lantenr", vocabulary)] == ["lantern", "lanten"]
    assert corrections("lantern", [("lantern", 3)]) == []
    assert corrections("lamp", [("lamb", 3)]) == []


def test_rare_words_weigh_more_and_none_weighs_nothing() -> None:
    weights = [rarity(count, 100) for count in (0, 1, 10, 50, 100, 200)]
    assert weights == sorted(weights, reverse=True) and min(weights) > 0


def test_another_way_never_outweighs_the_word_as_typed() -> None:
    typed, rare = Term(0, "stem", "candl", 1.0, 50), Term(0, "joined", "tlight", 0.8, 1)
    plan = Plan((typed, rare), (), 100, 5.0)
    assert plan.weight(rare) == pytest.approx(0.8 * plan.weight(typed))


def test_stop_words_count_only_where_there_is_nothing_else() -> None:
    kinds = {term.text: term.kind for term in terms_of([("the", None), ("lamp", "lamp")]) if term.kind != "joined"}
    assert kinds.get("the") is None and kinds["lamp"] in ("stem", "prefix")
    assert ("the", "word") in {(term.text, term.kind) for term in terms_of([("the", None)])}
    assert "prefix" not in {term.kind for term in terms_of([("lamp", "lamp")], is_growing=False)}


@given(st.text(max_size=60))
def test_what_is_cleaned_can_be_stored_and_stays(query: str) -> None:
    cleaned = clean(query)
    cleaned.encode()
    assert "\x00" not in cleaned and cleaned == cleaned.strip() and clean(cleaned) == cleaned


@given(st.text(max_size=60))
def test_highlights_hold_the_title_and_no_other_markup(title: str) -> None:
    marked = highlight(title, set(raw_words([title])[::2]))
    plain = re.sub("</?mark>", "", marked)
    assert html.unescape(plain) == html.unescape(html.escape(title))
    assert "<" not in plain and ">" not in plain


@given(st.text(min_size=1, max_size=20))
def test_a_quoted_lexeme_has_no_quote_of_its_own_left(lexeme: str) -> None:
    inner = quoted(lexeme)[1:-1]
    assert inner.replace("''", "").replace("\\\\", "").count("'") == 0


PLAN = Plan((Term(0, "stem", "candl", 1.0, 4), Term(1, "typo", "holder", 0.6, 2)), ("café",), 100, 6.5)
POSITION = Position("key", "model/1", 0.123456789, UUID(int=7), 40, 3.25, 0.875, PLAN)


def test_a_position_comes_back_as_it_was() -> None:
    assert position_of(POSITION.parts(), key="key") == POSITION


@pytest.mark.parametrize("part", range(5))
@pytest.mark.parametrize("forged", ["", "[]", "{}", "null", "[NaN, 0, 1, 1]", '{"terms": [{}]}', "x" * 50])
def test_a_forged_position_is_refused(part: int, forged: str) -> None:
    parts = POSITION.parts()
    parts[part] = forged
    if part == 1:
        # Any model id may be claimed; the query compares it with the store's own.
        assert position_of(parts, key="key").model_id == forged
        return
    with pytest.raises(StaleCursor):
        position_of(parts, key="key")


@given(st.lists(st.text(min_size=1), max_size=6), st.sampled_from(["hybrid", "lexical", "semantic"]))
def test_the_weight_of_meaning_is_a_share(words: list[str], mode: str) -> None:
    weight = semantic_weight(words, mode)  # type: ignore[arg-type]
    assert 0 <= weight <= 1 and math.isfinite(weight)
    assert (mode == "hybrid") == (0 < weight < 1)


def test_synonyms_are_mutual_and_by_language() -> None:
    assert "tlight" in synonyms_of("candle", "english") and "candle" in synonyms_of("tlight", "english")
    assert synonyms_of("candle", "german") == [] and synonyms_of("sofa", "simple") == []
    assert synonyms_of("purse", "english") == ["handbag", "wallet"]
