"""Background work of the room `carts`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
