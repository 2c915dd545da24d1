"""Background work of the room `payments`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
