"""Background work of the room `subscriptions`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
