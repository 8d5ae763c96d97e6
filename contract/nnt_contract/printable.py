"""Texts of strangers, as they may be shown."""

_SHOWN_CHARACTERS = 60


def printable(text: str) -> str:
    """Without what no database takes, and what a terminal or a page would obey."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


def shown(text: str, characters: int = _SHOWN_CHARACTERS) -> str:
    """Printable, and short enough to stand in a sentence."""
    return printable(text if len(text) <= characters else f"{text[:characters]}…")
