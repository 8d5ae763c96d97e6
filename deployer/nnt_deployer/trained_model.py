"""The file of a trained network in a run folder."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from nnt_contract.environment import MODEL


def open_model(run_dir: Path) -> BinaryIO | None:
    """The file, open to be read; None if there is none."""
    # A training wrote into that folder, and it is a stranger's: a link would lead out of it, a pipe would hold us.
    try:
        descriptor = os.open(run_dir / MODEL, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    return None
