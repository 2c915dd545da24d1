"""Exact integer money in Polars: ten-thousandths of a pound → pence."""

from decimal import Decimal

import polars as pl

from stormcom.importers.online_retail.columns import PRICE_SCALE

TICKS_PER_PENNY = PRICE_SCALE // 100


def to_pence(ticks: pl.Expr) -> pl.Expr:
    """Round half-even, as `oltp.kit.money.to_minor` does for one Decimal; here for a column of integers."""
    floor = ticks // TICKS_PER_PENNY
    twice = (ticks - floor * TICKS_PER_PENNY) * 2
    up = (twice > TICKS_PER_PENNY) | ((twice == TICKS_PER_PENNY) & (floor % 2 != 0))
    return floor + up.cast(pl.Int64)


def as_decimal(ticks: int) -> Decimal:
    """Ten-thousandths → pounds, exactly, without trailing zeros beyond two decimals."""
    exact = Decimal(ticks) / PRICE_SCALE
    return exact.quantize(Decimal("0.01")) if ticks % TICKS_PER_PENNY == 0 else exact
