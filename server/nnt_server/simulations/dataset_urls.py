"""URLs of datasets: which ones are taken. Whoever fetches them checks them again, and every redirect."""

from urllib.parse import urlsplit

MAX_CHARACTERS = 2000
_SCHEMES = ("http", "https")


def check(url: str) -> str:
    """The URL; raises ValueError with what was expected."""
    if len(url) > MAX_CHARACTERS:
        raise ValueError(f"a URL of at most {MAX_CHARACTERS:,} characters")
    if not url.isprintable() or any(character.isspace() for character in url):
        raise ValueError("a URL without spaces and control characters")
    try:
        parts = urlsplit(url)
        is_complete = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
    except ValueError:  # of a port or an address that is none
        is_complete = False
    if not is_complete:
        raise ValueError("a URL that begins with http:// or https:// and a host")
    if "@" in parts.netloc:
        raise ValueError("a URL without a name or a password, which would be kept and shown")
    return url
