"""Many steps in a row: store by store, in an order that the plan allows."""

from collections.abc import Callable, Iterator, Sequence

from oltp.db.session import Database
from oltp.rollout.actions import Moved, Progress
from oltp.rollout.errors import NoStores
from oltp.rollout.queries import RolloutStore, get_standing
from oltp.rollout.rules import plan_moves
from oltp.rollout.states import Capability, Step

OneStep = Callable[[Database, RolloutStore, Capability, Progress], Moved]


def stores_or_refuse(stores: list[RolloutStore], slugs: Sequence[str]) -> list[RolloutStore]:
    """Return the stores. Errors: NoStores, naming the first slug without one."""
    missing = sorted(set(slugs) - {store.slug for store in stores})
    if missing:
        raise NoStores(slug=missing[0], field="store")
    return stores


def walk(
    database: Database, one: OneStep, *, stores: list[RolloutStore], capabilities: tuple[Capability, ...],
    target: Step | None, forward: bool, bar: Callable[[str], Progress],
) -> Iterator[tuple[RolloutStore, Moved]]:
    """Take the steps one after the other and give each as it was taken; the first refusal ends the walk."""
    for store in stores:
        with database.owner_session() as session:
            standing = {name: state.step for name, state in get_standing(session, store_id=store.id).items()}
        for name in plan_moves(standing, capabilities, target=target, forward=forward):
            yield store, one(database, store, name, bar(f"{store.slug}: {name}"))
