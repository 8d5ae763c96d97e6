"""Which commit is run, for the records of trainings."""

import subprocess  # nosec B404  # git, of the machine's own
from pathlib import Path

# No locks: nobody who commits at this moment is disturbed.
_DESCRIBE = (
    *("git", "--no-optional-locks", "describe"),
    *("--always", "--abbrev=40", "--exclude=*", "--dirty"),
)
_TIMEOUT_S = 10


def commit(folder: Path) -> str:
    """The commit of a working copy, with "-dirty" where files differ from it; empty where that cannot be told."""
    if not (folder / ".git").exists():  # of a repository around it nothing follows
        return ""
    try:
        told = subprocess.run(  # nosec B603
            _DESCRIBE,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired):  # there is no git
        return ""
    return told.stdout.strip()
