"""Why an import is refused. Every one of these is raised before the first row is written."""


class BrokenFile(Exception):
    """{file}: {reason}"""

    def __init__(self, *, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
