"""Selections as people type them."""

import dagster as dg
import pytest

from oltp.kit.settings import Settings
from pipelines.definitions import build_definitions
from pipelines.selection import UnknownSelection, selected_keys


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings(), None)


def names(definitions: dg.Definitions, select: str) -> set[str]:
    return {key.to_user_string() for key in selected_keys(definitions, select)}


def test_one_table(definitions: dg.Definitions) -> None:
    assert names(definitions, "marts/cohort_metrics") == {"marts/cohort_metrics"}


def test_a_layer_and_a_list(definitions: dg.Definitions) -> None:
    found = names(definitions, "marts/*, published/cohort_metrics")
    assert "published/cohort_metrics" in found and "marts/order_attribution" in found and "staging/orders" not in found


def test_a_group(definitions: dg.Definitions) -> None:
    assert names(definitions, "group:attribution") == {"marts/order_attribution"}


def test_plus_takes_neighbours_on_its_side(definitions: dg.Definitions) -> None:
    down, up = names(definitions, "marts/cohort_metrics+"), names(definitions, "+marts/cohort_metrics")
    assert down == {"marts/cohort_metrics", "published/cohort_metrics"}
    assert "raw/orders" in up and "published/cohort_metrics" not in up


@pytest.mark.parametrize("select", ["raw/orders", "+staging/orders", "+marts/cohort_metrics"])
def test_what_one_step_fills_is_selected_together(definitions: dg.Definitions, select: str) -> None:
    assert names(definitions, "raw/*") <= names(definitions, select)


@pytest.mark.parametrize("select", ["nonsense", "marts/nothing", "group:none", "<script>/x", "'; DROP TABLE orders/*"])
def test_an_unknown_name_is_refused_with_the_known_ones(definitions: dg.Definitions, select: str) -> None:
    with pytest.raises(UnknownSelection, match="marts/daily_store_metrics"):
        selected_keys(definitions, select)
