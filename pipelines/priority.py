"""Order of steps that could run at once: all tables first, then all checks, then publishing.

With it the lake stands still between checks and publishing, so that a verdict need not be asked for twice.
"""

TABLES_PRIORITY, CHECKS_PRIORITY, PUBLISH_PRIORITY, LEARN_PRIORITY = "3", "2", "1", "0"
