"""The Procfile and the supervisord configuration made of it."""

import configparser
from pathlib import Path

from scripts.up.processes import Program, configuration, procfile_programs, socket_path
from scripts.up.settings import ROOT

PORTS = {
    "NNT_BIND_HOST": "127.0.0.1",
    "NNT_SERVER_PORT": "1",
    "NNT_DEPLOYER_PORT": "2",
    "NNT_PARSER_PORT": "3",
}


def test_every_service_has_its_processes():
    names = [program.name for program in procfile_programs((ROOT / "Procfile").read_text(), PORTS)]
    assert names == [
        "server",
        "deployer",
        "deployer-worker",
        "data-worker",
        "reconciler",
        "parser",
        "parser-worker",
        "parser-sweeper",
    ]


def test_variables_are_filled_in_and_quotes_respected():
    [program] = procfile_programs('web: run --port ${PORT} "make()"', {"PORT": "8000"})
    assert program.command == ["run", "--port", "8000", "make()"]


def test_a_percent_sign_reaches_the_program(tmp_path: Path):
    text = configuration([Program("worker", ["celery", "--hostname", "x@%h"])], tmp_path)
    parser = configparser.ConfigParser(interpolation=configparser.BasicInterpolation())
    parser.read_string(text)
    assert parser["program:worker"]["command"] == "celery --hostname x@%h"


def test_a_deep_data_folder_still_has_a_socket_the_kernel_takes(tmp_path: Path):
    assert socket_path(tmp_path) == tmp_path / "supervisord.sock"
    assert len(bytes(socket_path(tmp_path / ("deep" * 40)))) <= 107
