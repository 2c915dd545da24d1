"""The gate before publishing: a mart goes out only if every blocking check on it, or on what it is made of, passed.

Dagster already skips what is downstream of a failed blocking check in the same run. The gate holds as well when
somebody publishes alone, or when another run has changed the lake since the checks ran.
"""

from functools import cache

from warehouse.checks import CHECKS, CheckResult, run_check

from pipelines.publish.errors import GateClosed
from pipelines.resources import River
from warehouse.models import MODELS


@cache
def sources_of(full_name: str) -> frozenset[str]:
    """The lake table and everything it is made of, directly or not."""
    model = MODELS.get(full_name)
    upstream = model.depends_on if model else ()
    return frozenset({full_name}.union(*(sources_of(name) for name in upstream)))


@cache
def gating_checks(mart: str) -> tuple[str, ...]:
    """Names of the blocking checks that a mart has to pass."""
    made_of = sources_of(f"marts.{mart}")
    return tuple(name for name, check in CHECKS.items() if check.is_blocking and made_of.intersection(check.targets))


def examine(river: River, name: str) -> CheckResult:
    """Run a check and remember its verdict for the snapshot that it has at least seen."""
    snapshot = river.lake.snapshot_id()
    result = run_check(river.lake, name)
    river.verdicts[name] = (snapshot, result.offender_count)
    return result


def require_passed(river: River, mart: str) -> int:
    """The lake snapshot for which every blocking check of the mart has passed; GateClosed otherwise."""
    snapshot = river.lake.snapshot_id()
    for name in gating_checks(mart):
        if river.verdicts.get(name, (None, 0))[0] != snapshot:
            examine(river, name)
        count = river.verdicts[name][1]
        if count:
            raise GateClosed(target=f"published/{mart}", check=name, count=count)
    return snapshot
