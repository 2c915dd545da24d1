"""Cancellations take back the customer's latest earlier lines of the same SKU and price."""

from pathlib import Path

from stormcom.importers.online_retail.buckets import classify
from stormcom.importers.online_retail.matching import match_cancellations, settle_buckets
from stormcom.importers.online_retail.reading import read_file
from tests.stormcom.importers.retail_files import Line, write_parquet


def matched(tmp_path: Path, *lines: Line) -> tuple[list[tuple[int, int | None, int]], dict[int, str]]:
    """([(row, line row, quantity)], bucket of each C row)."""
    classified = classify(read_file(write_parquet(tmp_path / "a.parquet", lines)).rows)
    parts = match_cancellations(classified)
    settled = settle_buckets(classified, parts)
    assert settled.drop("bucket").equals(classified.drop("bucket"))
    buckets = {row: bucket for row, bucket in settled.select("row", "bucket").iter_rows() if "refund" in bucket}
    return parts.sort("row", "part").select("row", "line_row", "part_quantity").rows(), buckets


def sold(quantity: int, at: str, *, sku: str = "1", price: str = "2", customer: int | None = 7) -> Line:
    return Line(f"5{at[:2]}{at[-2:]}".replace(" ", ""), sku, quantity, price, customer, at)


def taken(quantity: int, at: str, *, sku: str = "1", price: str = "2", customer: int | None = 7) -> Line:
    return Line(f"C5{at[:2]}{at[-2:]}".replace(" ", ""), sku, -quantity, price, customer, at)


def test_the_latest_earlier_line_is_taken_first(tmp_path: Path) -> None:
    parts, buckets = matched(tmp_path, sold(5, "1 08:00"), sold(5, "2 08:00"), taken(2, "3 08:00"))
    assert parts == [(2, 1, 2)]
    assert buckets == {2: "refund_matched"}


def test_of_lines_at_one_time_the_later_row_is_taken_first(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, sold(5, "1 08:00"), sold(5, "1 08:00"), taken(2, "3 08:00"))
    assert parts == [(2, 1, 2)]


def test_several_lines_are_taken_if_one_does_not_suffice(tmp_path: Path) -> None:
    parts, buckets = matched(tmp_path, sold(5, "1 08:00"), sold(3, "2 08:00"), taken(7, "3 08:00"))
    assert parts == [(2, 1, 3), (2, 0, 4)]
    assert buckets == {2: "refund_matched"}


def test_what_is_left_over_hangs_on_nothing(tmp_path: Path) -> None:
    parts, buckets = matched(tmp_path, sold(5, "1 08:00"), taken(7, "3 08:00"), taken(1, "4 08:00"))
    assert parts == [(1, 0, 5), (1, None, 2), (2, None, 1)]
    assert buckets == {1: "refund_split", 2: "refund_opening"}


def test_cancellations_are_served_by_time_not_by_row(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, taken(2, "4 08:00"), taken(3, "3 08:00"), sold(4, "1 08:00"))
    assert parts == [(0, 2, 1), (0, None, 1), (1, 2, 3)]


def test_only_strictly_earlier_lines_are_taken(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, sold(5, "3 08:00"), sold(5, "3 08:01"), taken(2, "3 08:00"))
    assert parts == [(2, None, 2)]


def test_a_line_is_not_taken_twice(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, sold(3, "1 08:00"), taken(2, "2 08:00"), taken(2, "3 08:00"))
    assert parts == [(1, 0, 2), (2, 0, 1), (2, None, 1)]


def test_customer_sku_and_price_must_be_the_same(tmp_path: Path) -> None:
    parts, _ = matched(
        tmp_path,
        sold(5, "1 08:00", customer=8),
        sold(5, "1 08:01", sku="2"),
        sold(5, "1 08:02", price="2.01"),
        taken(1, "3 08:00"),
    )
    assert parts == [(3, None, 1)]


def test_codes_compare_upper_cased(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, sold(5, "1 08:00", sku="85123a"), taken(1, "3 08:00", sku="85123A"))
    assert parts == [(1, 0, 1)]


def test_guests_are_never_matched(tmp_path: Path) -> None:
    parts, buckets = matched(tmp_path, sold(5, "1 08:00", customer=None), taken(1, "3 08:00", customer=None))
    assert parts == [(1, None, 1)]
    assert buckets == {1: "refund_opening"}


def test_shipping_refunds_take_shipping_rows(tmp_path: Path) -> None:
    parts, buckets = matched(
        tmp_path,
        sold(2, "1 08:00", sku="POST", price="18"),
        sold(1, "1 08:00", sku="DOT", price="18"),
        taken(1, "3 08:00", sku="POST", price="18"),
        taken(1, "4 08:00", sku="POST", price="5"),
    )
    assert parts == [(2, 0, 1), (3, None, 1)]
    assert buckets == {2: "shipping_refund", 3: "shipping_refund"}


def test_a_free_line_is_a_stock_note_and_not_taken(tmp_path: Path) -> None:
    parts, _ = matched(tmp_path, sold(5, "1 08:00", price="0"), taken(1, "3 08:00", price="0"))
    assert parts == []
