"""Background work of the room `shipping`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
