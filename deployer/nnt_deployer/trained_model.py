"""The file of a trained network in a run folder."""

from pathlib import Path
from typing import BinaryIO

from nnt_contract.environment import MODEL
from nnt_deployer import strange_folder


def open_model(run_dir: Path) -> BinaryIO | None:
    """The file, open to be read; None if there is none."""
    try:
        with strange_folder.opened(run_dir) as folder:
            return folder.open(MODEL)
    except strange_folder.NO_FOLDER:
        return None
