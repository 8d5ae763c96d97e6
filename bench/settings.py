"""What this process was told by its environment."""

import os


def not_ours() -> dict[str, str]:
    """The environment without Neural Net Tracker's own settings: a benchmark makes those."""
    return {name: value for name, value in os.environ.items() if not name.startswith("NNT_")}
