"""Background work of the room `checkout`."""

from oltp.jobs.task import Task

TASKS: tuple[Task, ...] = ()
