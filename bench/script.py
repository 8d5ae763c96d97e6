"""The same training by a user who has Keras and nothing of ours: python train.py."""

import shutil
import subprocess
import sys
from pathlib import Path

from bench.experiment import Experiment
from bench.settings import not_ours
from scripts.up.settings import ROOT

NAME = "train.py"
_SCRIPT = ROOT / "bench" / "programs" / NAME
_THREADS = 1  # as the deployer has it unless told otherwise
# Keras imports scikit-learn where it can, and goes on where that fails.
_ABSENT = "raise ImportError\n"


class Script:
    """A folder with the script and all that it reads."""

    def __init__(self, folder: Path, experiment: Experiment) -> None:
        self.folder = folder
        self.arguments = (str(experiment.epochs), str(_THREADS))
        shutil.copy(_SCRIPT, folder / NAME)
        experiment.write(folder)
        self._absent = folder / "absent"
        self._absent.mkdir()
        (self._absent / "sklearn.py").write_text(_ABSENT)

    def run(self) -> None:
        """From its start to its end."""
        self._run({})

    def run_without_sklearn(self) -> None:
        """The same as if scikit-learn were not installed."""
        self._run({"PYTHONPATH": str(self._absent)})

    @property
    def first_epoch_ended(self) -> float:
        """By the script's own mark, in seconds since 1970."""
        return (self.folder / "epoch-0").stat().st_mtime

    def _run(self, environment: dict[str, str]) -> None:
        subprocess.run(
            [sys.executable, NAME, *self.arguments],
            cwd=self.folder,
            env=not_ours() | environment,
            check=True,
            capture_output=True,
        )
