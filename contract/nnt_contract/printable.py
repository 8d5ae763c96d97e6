"""Texts of strangers, as they may be shown."""


def printable(text: str) -> str:
    """Without what no database takes, and what a terminal or a page would obey."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
