"""Background work of the room `customers`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
