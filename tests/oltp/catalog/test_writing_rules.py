"""Rules of what is written to the catalog: slugs, options, weights, versions."""

from datetime import timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oltp.catalog.errors import OptionsInvalid, SlugInvalid
from oltp.catalog.rules import (
    check_slug,
    grams,
    kilograms,
    next_version,
    numbered,
    options_text,
    published_at_after,
    read_list,
    read_options,
    slug_of,
)
from tests.conftest import NOON


@given(st.text(max_size=400))
def test_any_name_gives_a_slug_that_is_one(name: str) -> None:
    slug = slug_of(name, default="product")
    assert check_slug(slug) == slug
    assert all(check_slug(each) for each in islice(numbered(slug), 1000))


@pytest.mark.parametrize(("name", "slug"), [
    ("Desk lamp", "desk-lamp"), ("  A--b__c ", "a-b-c"), ("Crème Brûlée", "creme-brulee"), ("Ærø", "aero"), ("灯", "x"),
    ("№ 5", "no-5"), ("-", "x")])
def test_slugs_of_names(name: str, slug: str) -> None:
    assert slug_of(name, default="x") == slug


@pytest.mark.parametrize("slug", ["", "-a", "a-", "a--b", "A", "a b", "ä", "a" * 201, "a\n"])
def test_what_is_no_slug(slug: str) -> None:
    with pytest.raises(SlugInvalid):
        check_slug(slug)


@given(st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=9).filter(
    lambda word: word.strip() == word), st.just("x"), max_size=10))
def test_options_are_read_as_they_were_written(options: dict[str, str]) -> None:
    assert read_options(options_text(options)) == options


@pytest.mark.parametrize("options", [{"": "x"}, {"x": " "}, {"x": "y" * 101}, {str(n): "x" for n in range(11)}])
def test_what_options_may_not_be(options: dict[str, str]) -> None:
    with pytest.raises(OptionsInvalid):
        options_text(options)


def test_legacy_texts_are_read_with_patience() -> None:
    assert [read_options(text) for text in ("", "[1]", '{"a": 1}', "[" * 100_000)] == [{}, {}, {"a": "1"}, {}]
    assert [read_list(text) for text in ("", "{}", '["a", 1]')] == [[], [], ["a", "1"]]


@given(st.integers(0, 100_000_000))
def test_a_weight_in_grams_survives_its_column(weight: int) -> None:
    assert grams(kilograms(weight)) == weight


def test_published_at_is_set_on_first_active_and_cleared_otherwise() -> None:
    later = NOON + timedelta(hours=1)
    assert published_at_after(status="ACTIVE", published_at=None, now=NOON) == NOON
    assert published_at_after(status="ACTIVE", published_at=NOON, now=later) == NOON
    assert published_at_after(status="DRAFT", published_at=NOON, now=later) is None


def test_no_two_states_have_one_version() -> None:
    assert next_version(before=NOON, now=NOON) > NOON
    assert next_version(before=NOON, now=NOON - timedelta(days=1)) > NOON
