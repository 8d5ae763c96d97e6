"""Files that hold a whole model and not its JSON, known by their first bytes."""

_WANTED = "A model's JSON was expected, the text that model.to_json() returns"
_KINDS = {
    b"PK\x03\x04": "a zip archive, which a .keras file is: load it with Keras and take that text of it",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file, such as .h5: load it with Keras and take that text of it",
}


def refusal(content: bytes) -> str:
    """Why this content is not taken, in a sentence for its owner; empty where it may be text."""
    for beginning, kind in _KINDS.items():
        if content.startswith(beginning):
            return f"{_WANTED}; received {kind}."
    return ""
