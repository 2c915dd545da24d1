"""What the rows become: orders, lines, opening orders, refunds, products, customers and their keys."""

from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from stormcom.importers.online_retail.instants import to_instants
from stormcom.importers.online_retail.keys import SOURCE, Keys
from stormcom.importers.online_retail.money import as_decimal, to_pence
from stormcom.importers.online_retail.preparation import Prepared, prepare
from stormcom.importers.online_retail.reading import read_file
from tests.stormcom.importers.retail_files import Line, write_parquet

STORE = UUID("0197c0de-0000-7000-8000-000000000001")


def prepared(tmp_path: Path, *lines: Line, store: UUID = STORE) -> Prepared:
    return prepare(read_file(write_parquet(tmp_path / "a.parquet", lines)), store_id=store, zone="Europe/London")


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=50))
def test_rounding_is_half_even_like_decimal(ticks: list[int]) -> None:
    pence = pl.DataFrame({"ticks": pl.Series(ticks, dtype=pl.Int64)}).select(to_pence(pl.col("ticks"))).to_series()
    expected = [int((Decimal(tick) / 100).to_integral_value(rounding=ROUND_HALF_EVEN)) for tick in ticks]
    assert pence.to_list() == expected


def test_exact_money_keeps_its_decimals() -> None:
    assert (str(as_decimal(30)), str(as_decimal(1_000)), str(as_decimal(-15))) == ("0.003", "0.10", "-0.0015")


def test_an_invoice_becomes_one_order_at_its_earliest_time(tmp_path: Path) -> None:
    frames = prepared(
        tmp_path,
        Line("536365", "1", 2, "2.55", at="1 08:27"),
        Line("536365", "POST", 1, "18", at="1 08:26"),
        Line("536365", "DOT", 1, "2", at="1 08:27"),
        Line("536365", "M", 1, "500"),
    ).frames
    order = frames["orders"].row(0, named=True)
    assert frames["orders"].height == 1
    assert (order["invoice"], order["origin"], order["subtotal_amount"]) == ("536365", "import", 510)
    assert (order["shipping_amount"], str(order["placed_at"])) == (2000, "2010-12-01 08:26:00+00:00")
    assert frames["order_items"]["sku"].to_list() == ["1"]


def test_exact_duplicates_are_kept_as_lines(tmp_path: Path) -> None:
    items = prepared(tmp_path, *[Line("536365", "1", 2, "2.55")] * 3).frames["order_items"]
    assert items["ordinal"].to_list() == [1, 2, 3]
    assert items["id"].n_unique() == 3
    assert items["subtotal_amount"].to_list() == [510] * 3


def test_amounts_are_rounded_per_line(tmp_path: Path) -> None:
    made = prepared(
        tmp_path,
        Line("536365", "1", 5, "0.001"),
        Line("536365", "1", 15, "0.001"),
        Line("536365", "1", 3, "0.125"),
        Line("536365", "1", 1, "0.005"),
    )
    items = made.frames["order_items"]
    assert items["subtotal_amount"].to_list() == [0, 2, 38, 0]
    assert items["unit_price_amount"].to_list() == [0, 0, 12, 0]
    assert made.figures.rounded_row_count == 4
    assert Decimal(made.figures.amount) / 100 + made.figures.rounding == Decimal("0.400")


def test_invoices_of_other_rows_are_orders_of_known_customers_only(tmp_path: Path) -> None:
    made = prepared(
        tmp_path,
        Line("1", "M", 1, "5"),
        Line("2", "M", 1, "5", customer=None),
        Line("3", "22139", 5, "0"),
        Line("C4", "M", -1, "5"),
        Line("A5", "B", 1, "5"),
        Line("6", "POST", 1, "5", customer=None),
    )
    assert made.frames["orders"]["invoice"].sort().to_list() == ["1", "3", "6"]
    assert made.frames["order_items"].height == made.frames["products"].height == 0
    counts = made.figures.counts
    assert (counts["orders"], counts["orders_of_sale_or_shipping"], counts["orders_of_other_rows"]) == (
        3,
        1,
        2,
    )
    assert counts["guest_invoices_without_order"] == 1


def test_what_is_left_hangs_on_one_opening_order_per_cancellation(tmp_path: Path) -> None:
    made = prepared(
        tmp_path,
        Line("536365", "1", 5, "2", at="1 08:00"),
        Line("536365", "POST", 1, "18", at="1 08:00"),
        Line("C2", "1", -7, "2", at="3 08:00"),
        Line("C2", "2", -1, "3.5", at="3 08:00"),
        Line("C2", "POST", -2, "18", at="3 08:00"),
    )
    orders = {order["invoice"]: order for order in made.frames["orders"].to_dicts()}
    opening = orders["C2"]
    assert set(orders) == {"536365", "C2"}
    assert (opening["origin"], opening["subtotal_amount"], opening["shipping_amount"]) == (
        "opening",
        750,
        1800,
    )
    assert str(opening["placed_at"]) == "2010-12-03 08:00:00+00:00"
    lines = made.frames["order_items"].filter(pl.col("order_id") == opening["id"])
    assert lines.select("sku", "quantity", "subtotal_amount", "ordinal").rows() == [
        ("1", 2, 400, 1),
        ("2", 1, 350, 2),
    ]
    amounts = dict(made.frames["refunds"].select("target_invoice", "amount").rows())
    assert amounts == {"536365": 1000 + 1800, "C2": 400 + 350 + 1800}


def test_refund_items_name_the_line_they_take_back(tmp_path: Path) -> None:
    frames = prepared(
        tmp_path,
        Line("1", "1", 5, "2", at="1 08:00"),
        Line("2", "1", 3, "2", at="2 08:00"),
        Line("C3", "1", -4, "2", at="3 08:00"),
        Line("C3", "POST", -1, "5", at="3 08:00"),
    ).frames
    lines = {item["id"]: (item["quantity"], item["order_id"]) for item in frames["order_items"].to_dicts()}
    orders = dict(frames["orders"].select("id", "invoice").rows())
    found = [
        (
            item["kind"],
            item["quantity"],
            item["amount"],
            orders[item["order_id"]],
            lines.get(item["order_item_id"], (0, ""))[0],
        )
        for item in frames["refund_items"].to_dicts()
    ]
    assert found == [("item", 3, 600, "2", 3), ("item", 1, 200, "1", 5), ("shipping", None, 500, "C3", 0)]
    for item in frames["refund_items"].filter(pl.col("kind") == "item").to_dicts():
        assert lines[item["order_item_id"]][1] == item["order_id"]


def test_parts_of_a_split_row_add_up_to_its_amount(tmp_path: Path) -> None:
    items = prepared(
        tmp_path,
        *(Line(str(n), "1", 1, "0.335", at=f"{n} 08:00") for n in range(1, 3)),
        Line("C9", "1", -3, "0.335", at="9 08:00"),
    ).frames["refund_items"]
    assert items["amount"].to_list() == [34, 33, 33]  # 3 × 0.335 is 1.005, half-even 1.00


def test_rows_of_one_cancellation_at_two_times_are_two_refunds(tmp_path: Path) -> None:
    made = prepared(
        tmp_path,
        Line("1", "1", 5, "2", at="1 08:00"),
        Line("C3", "1", -1, "2", at="3 08:00"),
        Line("C3", "1", -2, "2", at="3 08:01"),
    )
    refunds = made.frames["refunds"]
    assert refunds["amount"].to_list() == [200, 400]
    assert refunds["processed_at"].dt.strftime("%H:%M").to_list() == ["08:00", "08:01"]


def test_products_are_named_by_their_most_frequent_description_with_a_price(tmp_path: Path) -> None:
    lines = [
        Line("1", "1", 1, "2", description="early"),
        Line("1", "1", 1, "2", description="late "),
        Line("2", "1", 1, "0", description="damaged"),
        Line("2", "1", 1, "0", description="damaged"),
        Line("3", "1", 1, "0", description="damaged"),
        Line("3", "2", 1, "3", description=None),
        Line("4", "3", 1, "3", description="x"),
        Line("4", "3", 1, "4", description="most"),
        Line("5", "3", 1, "4", description="most"),
        Line("C6", "9", -1, "4", description="BACK"),
        Line("7", "8", 1, "0", description="only a note"),
        Line("7", "POST", 1, "4", description="POSTAGE"),
    ]
    products = {row["sku"]: row for row in prepared(tmp_path, *lines).frames["products"].to_dicts()}
    assert {sku: row["name"] for sku, row in products.items()} == {
        "1": "early",
        "2": "2",
        "3": "most",
        "9": "BACK",
    }
    assert (products["3"]["price_amount"], products["3"]["slug"]) == (400, "most-3")


def test_slugs_of_alike_codes_stay_apart(tmp_path: Path) -> None:
    lines = [Line("1", "A 1", 1, "2"), Line("1", "A-1", 1, "2"), Line("1", "a_1", 1, "2")]
    slugs = prepared(tmp_path, *lines).frames["products"]["slug"]
    assert slugs.n_unique() == 3
    assert "a-thing-a-1" in slugs.to_list()


def test_every_known_customer_is_kept_and_no_guest(tmp_path: Path) -> None:
    customers = prepared(
        tmp_path,
        Line("1", "1", 1, "2", customer=12346),
        Line("2", "1", 1, "2", customer=None),
        Line("C3", "M", -1, "2", customer=99),
    ).frames["customers"]
    assert sorted(customers["email"]) == ["12346@online-retail.invalid", "99@online-retail.invalid"]


def test_events_tell_of_placed_orders_and_refunds_when_they_happened(tmp_path: Path) -> None:
    events = prepared(tmp_path, Line("1", "1", 1, "2"), Line("C2", "9", -1, "2", at="4 10:00")).frames["domain_events"]
    assert events.select("name", "reference", "amount").rows() == [
        ("order.placed", "1", 200),
        ("refund.processed", "C2", 200),
    ]
    assert str(events["occurred_at"][1]) == "2010-12-04 10:00:00+00:00"


def test_keys_depend_on_store_and_file_only(tmp_path: Path) -> None:
    lines = [Line("1", "1", 5, "2", at="1 08:00"), Line("C2", "1", -6, "2", at="3 08:00")]
    first, again = prepared(tmp_path, *lines).frames, prepared(tmp_path, *lines).frames
    other = prepared(tmp_path, *lines, store=uuid4()).frames
    later = prepared(tmp_path, *lines, Line("3", "1", 1, "2", at="9 08:00")).frames
    for entity, frame in first.items():
        assert frame["id"].n_unique() == frame.height > 0
        assert frame["id"].to_list() == again[entity]["id"].to_list()
        assert not set(frame["id"]) & set(other[entity]["id"])
        assert set(frame["id"]) <= set(later[entity]["id"])


def test_keys_are_valid_uuids_in_the_order_of_time() -> None:
    keys = Keys(STORE)
    names = pl.Series(["a", "ü", "c"])
    plain = keys.column("product", names)
    assert [UUID(key) for key in plain] == [uuid5(uuid5(STORE, SOURCE), f"product:{name}") for name in names]
    times = pl.Series([0, 1_291_191_960_000, 1_291_191_960_001]).cast(pl.Datetime("ms", "UTC"))
    dated = [UUID(key) for key in keys.dated_column("order", names, times)]
    assert [(key.version, key.int >> 80) for key in dated] == [
        (8, 0),
        (8, 1_291_191_960_000),
        (8, 1_291_191_960_001),
    ]
    assert {key.variant for key in dated} == {"specified in RFC 4122"}


def test_clock_changes_of_the_zone() -> None:
    local = pl.Series(["2011-03-27 00:59", "2011-03-27 01:30", "2011-06-01 12:00", "2011-10-30 01:30"])
    frame = pl.DataFrame({"local": local.str.to_datetime("%Y-%m-%d %H:%M", time_unit="us")})
    instants = frame.select(to_instants(pl.col("local"), zone="Europe/London")).to_series()
    assert instants.dt.strftime("%d %H:%M").to_list() == ["27 00:59", "27 01:30", "01 11:00", "30 00:30"]
