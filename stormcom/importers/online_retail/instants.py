"""The till's local times → instants."""

import polars as pl

ONE_HOUR = pl.duration(hours=1)


def to_instants(local_times: pl.Expr, *, zone: str) -> pl.Expr:
    """Local time in an IANA zone → UTC. A doubled hour (autumn) means its first pass.

    An hour that the clocks skipped (spring) is read as a clock that was not yet put forward: one hour on,
    same day.
    """
    placed = local_times.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    not_put_forward = (local_times - ONE_HOUR).dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    ) + ONE_HOUR
    return pl.coalesce(placed, not_put_forward).dt.convert_time_zone("UTC")
