"""What stands in the way of a start."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from scripts.free_port import free_port
from scripts.up.leftovers import end_leftovers, taken_ports
from scripts.up.settings import INSTANCE


def test_a_taken_port_is_named_with_its_setting_and_its_holder():
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        [said] = taken_ports({"NNT_SERVER_PORT": port}, "127.0.0.1")
    assert f"port {port} (NNT_SERVER_PORT) is taken by" in said
    assert f"pid {os.getpid()}" in said


def test_a_free_port_is_not_named():
    assert taken_ports({"NNT_SERVER_PORT": free_port()}, "127.0.0.1") == []


def test_a_port_of_two_settings_is_named_with_both():
    port = free_port()
    settings = {"NNT_SERVER_PORT": port, "NNT_PARSER_PORT": free_port(), "NNT_REDIS_PORT": port}
    [said] = taken_ports(settings, "127.0.0.1")
    assert said == (
        f"port {port} is that of NNT_SERVER_PORT and NNT_REDIS_PORT; set one of them to another"
    )


def test_only_processes_marked_as_of_this_data_folder_are_ended(tmp_path: Path):
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    ours = subprocess.Popen(sleep, env=os.environ | {INSTANCE: str(tmp_path)})
    others = subprocess.Popen(sleep, env=os.environ | {INSTANCE: str(tmp_path / "other")})
    try:
        assert end_leftovers(tmp_path) == 1
        ours.wait(10)
        assert others.poll() is None
    finally:
        others.kill()
        others.wait()
