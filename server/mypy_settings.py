"""The settings with made-up values, for the type checker: it imports them without an environment."""

import os
from pathlib import Path

os.environ.update(
    NNT_DATABASE_URL="postgresql://nobody@localhost/none",
    NNT_SECRET_KEY="-" * 50,
    NNT_SERVICE_TOKEN="-" * 50,
    NNT_DATA_DIR=str(Path(__file__).parents[1] / ".mypy_cache"),
)

from nnt_server.settings import *  # noqa: F403
