"""Keras is imported without what only costs time, and nothing is left behind that others would notice."""

import gc
import subprocess
import sys

import pytest

from nnt_simulation.quick_import import quick_import

PROGRAM = """
import gc, sys
from nnt_simulation.quick_import import quick_import
with quick_import():
    import keras
assert "sklearn" not in sys.modules
assert gc.isenabled()
assert gc.get_freeze_count() > 200_000, gc.get_freeze_count()
import sklearn
"""


def test_keras_is_imported_without_scikit_learn_and_its_objects_are_looked_through_no_more():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_collector_works_again_after_an_import_that_failed():
    with pytest.raises(ModuleNotFoundError), quick_import():
        assert not gc.isenabled()
        import nothing_of_that_name  # type: ignore[import-not-found]  # noqa: F401
    assert gc.isenabled()
    gc.unfreeze()
