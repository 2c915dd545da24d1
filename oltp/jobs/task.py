"""Background work, declared: each room lists its tasks in its tasks.py, `oltp/handlers.py` gathers them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oltp.db.session import Database
from oltp.kit.clock import Clock
from oltp.kit.secrets import SecretBox


@dataclass(frozen=True)
class Work:
    """What every task is given besides its arguments. `followers`: domain event name → names of tasks.

    `secrets` seals what must not lie open in the database; None where no key is set. `rates_url` is where the ECB's
    daily rates are; None: nobody asks for them. `gateways` are the payment gateways
    (oltp.payments.gateway.Gateways, of a room above this one); None: nobody is asked about payments.
    """

    database: Database
    clock: Clock
    followers: Mapping[str, tuple[str, ...]]
    secrets: SecretBox | None = None
    rates_url: str | None = None
    gateways: object = None


@dataclass(frozen=True)
class Task:
    """A kind of job. `run(work, **arguments)` may run more than once, so it must not mind.

    A task with a `cron` line (UTC) takes no arguments; it also runs whenever a worker starts, because a machine that is
    off at night would otherwise never do it.
    """

    name: str
    run: Callable[..., None]
    cron: str | None = None
    attempts: int = 5
