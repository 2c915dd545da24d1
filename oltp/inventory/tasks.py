"""Background work of the room `inventory`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
