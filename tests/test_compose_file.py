"""docker-compose.yml runs what the Procfile runs, and gives no container more than it needs."""

import re
import shlex
from typing import Any

import pytest
import yaml

from nnt_deployer.settings import DataWorkerSettings
from scripts.up.processes import procfile_programs
from tests.conftest import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PORTS = {
    "NNT_BIND_HOST": "0.0.0.0",
    "NNT_SERVER_PORT": "8000",
    "NNT_DEPLOYER_PORT": "7000",
    "NNT_PARSER_PORT": "6000",
}
PROGRAMS = {
    program.name: program.command
    for program in procfile_programs((ROOT / "Procfile").read_text(), PORTS)
}
ENDING = {"folders", "migrate", "simulation"}
OTHERS = {"nginx", "timescaledb", "redis", "grafana"}


def test_there_is_a_container_for_every_process_and_for_what_they_stand_on():
    assert SERVICES.keys() == PROGRAMS.keys() | ENDING | OTHERS


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_container_runs_the_command_of_the_procfile(name):
    assert shlex.split(SERVICES[name]["command"]) == PROGRAMS[name]


@pytest.mark.parametrize("name", SERVICES)
def test_what_ends_is_started_again_unless_that_was_its_work(name):
    assert SERVICES[name]["restart"] == ("no" if name in ENDING else "unless-stopped")


@pytest.mark.parametrize("name", ["server", "deployer", "parser", "timescaledb", "redis"])
def test_what_others_wait_for_says_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"]


@pytest.mark.parametrize("name", [name for name in SERVICES if "build" not in SERVICES[name]])
def test_what_is_not_built_here_is_of_one_version(name):
    assert re.search(r":\d+\.\d+\.\d+", SERVICES[name]["image"])


@pytest.mark.parametrize("name", SERVICES.keys() - {"simulation", "timescaledb", "redis"})
def test_a_container_can_change_nothing_but_what_is_mounted_into_it(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_nothing_is_reached_from_outside_but_nginx():
    assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_only_nginx_and_who_fetches_datasets_can_leave_the_inner_network():
    outside = {
        name for name, service in SERVICES.items() if set(service.get("networks", [])) - {"inside"}
    }
    assert outside == {"nginx", "data-worker"}


def test_who_gives_logs_and_trained_networks_away_changes_none():
    volumes = SERVICES["deployer"]["volumes"]
    assert {volume.split("/")[-1] for volume in volumes} == {"processes:ro", "runs:ro"}


def test_who_fetches_datasets_has_no_socket_and_no_secret_but_the_database_s():
    service = SERVICES["data-worker"]
    assert not any("docker.sock" in volume for volume in service["volumes"])
    assert "env_file" not in service
    assert "NNT_SECRET" not in service["environment"]


def test_who_fetches_and_inspects_datasets_is_told_what_it_can_be_told():
    told = SERVICES["data-worker"]["environment"]
    for name, field in DataWorkerSettings.model_fields.items():
        variable = f"NNT_{name}".upper()
        if not field.is_required() and name != "watchdog_s":
            assert told[variable] == f"${{{variable}:-{field.default}}}"


def test_base_images_are_a_choice_and_nobody_is_root_in_ours():
    for folder in ("server", "deployer", "parser", "simulation"):
        lines = (ROOT / folder / "Dockerfile").read_text().splitlines()
        assert any(line.startswith("ARG BASE_IMAGE=python:3.11-slim") for line in lines)
        assert sum(line.startswith("FROM ") for line in lines) >= 2
        assert lines[-1] == "USER 10001:10001"
