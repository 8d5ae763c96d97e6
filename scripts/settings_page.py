"""Writes docs/settings.md from the settings classes: python -m scripts.settings_page."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from nnt_contract.installation import (
    DATABASE_PARTS,
    DATABASE_PASSWORD,
    DERIVED,
    REPORT_NAMES,
    SECRET,
)
from nnt_deployer.settings import DataWorkerSettings, DeployerSettings
from nnt_parser.settings import ParserSettings
from nnt_server.server_settings import ServerSettings
from nnt_simulation.settings import DatasetSettings, SimulationSettings
from scripts.up.settings import ROOT, UpSettings

PAGE = ROOT / "docs" / "settings.md"

_INTRODUCTION = """# Settings

All are environment variables. Both ways to run read a file `.env` beside the Makefile: `docker compose` gives it to
the containers of server, deployer and parser, `make up` to all its processes, and each sets itself what the services
need to find each other. A value that makes no sense ends the start with the variable's name. This page is written by
`python -m scripts.settings_page`.
"""
_CLASSES: dict[str, tuple[type[BaseSettings], ...]] = {
    "`make up`": (UpSettings,),
    "Server": (ServerSettings,),
    "Deployer": (DeployerSettings,),
    "Data worker": (DataWorkerSettings,),
    "Parser": (ParserSettings,),
    "Simulation": (SimulationSettings, DatasetSettings),
}
_REMARKS = {
    "Data worker": "A worker of the deployer, which fetches datasets from URLs and inspects all. It needs no more.\n",
    "Simulation": "The deployer sets what is required, and passes on the rest if it was given it.\n",
}
# Depends on the machine, so that the page cannot show a value.
_IN_WORDS = {
    "NNT_DATA_DIR": "`.data` in this folder",
    "NNT_DB_DIR": "`db` in this folder",
    "NNT_DOCKER_GID": "the group of who runs it; root: 10001",
    "NNT_DOCKER_UID": "who runs it; root: 10001",
    "NNT_MAX_RUNNING": "the number of processors",
}


_TOLD_TO_ALL = """## Told to all services at once

| variable | meaning |
|---|---|
| `{secret}` | A secret of at least 32 characters, of which {derived} are made where they are not given |
{report}
| `{password}` | The database's password; with it, the other parts may be given too: {parts} |

All but the first are names from the report that the project grew from. Of its others, `SELF_PORT` is the port of the
site with `docker compose` (`NNT_SERVER_PORT` goes before it). These mean nothing any more: `RESULT_BACKEND` and
`RESULT_BACKEND_URL`, since no task has a result that anybody waits for; `DEPLOYER_DELETE_URL`, since simulations have
nothing to do with their deletion; `COMPONENTS`, since every simulation's usage is shown without being listed;
`GRAFANA_BASE_URL`, since Grafana is always below `/grafana/`.
"""


def render() -> str:
    parts = [_INTRODUCTION, _told_to_all()]
    for title, classes in _CLASSES.items():
        rows = "\n".join(row for settings in classes for row in _rows(settings))
        remark = f"{_REMARKS[title]}\n" if title in _REMARKS else ""
        parts.append(
            f"## {title}\n\n{remark}| variable | meaning | default |\n|---|---|---|\n{rows}\n"
        )
    return "\n".join(parts)


def _told_to_all() -> str:
    report = "\n".join(
        f"| `{theirs}` | The same as {_variable(ours)} |"
        for ours, theirs in sorted(REPORT_NAMES.items())
    )
    return _TOLD_TO_ALL.format(
        secret=SECRET,
        derived=", ".join(map(_variable, DERIVED)),
        report=report,
        password=DATABASE_PASSWORD,
        parts=", ".join(f"`{part}` (`{usual}`)" for part, usual in DATABASE_PARTS.items()),
    )


def _variable(field: str) -> str:
    return f"`NNT_{field.upper()}`"


def _rows(settings: type[BaseSettings]) -> Iterator[str]:
    prefix = settings.model_config["env_prefix"]
    for name, field in settings.model_fields.items():
        variable = f"{prefix}{name}".upper()
        yield f"| `{variable}` | {field.description} | {_default(variable, field)} |"


def _default(variable: str, field: FieldInfo) -> str:
    if field.is_required():
        return "none: it is required"
    if variable in _IN_WORDS:
        return _IN_WORDS[variable]
    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, Path):
        raise TypeError(f"{variable} needs words for its default, which differs between machines")
    if value in (None, ""):
        return ""
    return f"`{json.dumps(value) if isinstance(value, bool | list) else value}`"


if __name__ == "__main__":
    PAGE.write_text(render())
