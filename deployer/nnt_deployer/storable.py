"""Texts that the database can keep: whatever a training prints, its end is written down."""

import re

_NEITHER = re.compile("[\x00\ud800-\udfff]")  # a NUL, or half a character


def storable(text: str) -> str:
    return _NEITHER.sub("\N{REPLACEMENT CHARACTER}", text)
