"""`make up` itself: its first start, its restart, its end, and what it says when it cannot start."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx
import psutil
import pytest

from scripts.up.settings import ROOT
from tests.conftest import wait_for
from tests.platform import Platform, environment_of

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nnt-up-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def own_platform(data_dir: Path) -> Iterator[Platform]:
    made = Platform(data_dir, environment_of(data_dir))
    yield made
    made.stop()


def services_of(data_dir: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("NNT_INSTANCE") == str(data_dir):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.ZombieProcess, psutil.AccessDenied):
            continue
    return found


def test_the_password_is_told_once_and_the_data_survives_a_restart(own_platform, data_dir):
    own_platform.start()
    first = own_platform.said
    with logged_in(own_platform):
        pass
    own_platform.stop()
    assert services_of(data_dir) == []
    own_platform.start()
    assert "password" not in own_platform.said
    own_platform.said = first
    with logged_in(own_platform):
        pass


@contextmanager
def logged_in(platform: Platform) -> Iterator[httpx.Client]:
    """A client of the administrator that the first start announced."""
    [(name, password)] = re.findall(r"administrator: (\S+)\s+password: (\S+)", platform.said)
    with httpx.Client(base_url=platform.url, follow_redirects=True) as client:
        answer = post(client, "/accounts/log-in/", {"username": name, "password": password})
        assert answer.url.path == "/simulations/", answer.url
        yield client


def post(
    client: httpx.Client, path: str, form: dict[str, str], **files: BinaryIO
) -> httpx.Response:
    [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(path).text)
    answer = client.post(path, data=form | {"csrfmiddlewaretoken": token}, files=files or None)
    answer.raise_for_status()
    return answer


def test_a_taken_port_is_named_with_its_setting(data_dir):
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        environment = environment_of(data_dir) | {"NNT_PARSER_PORT": str(port)}
        ended = subprocess.run(
            [sys.executable, "-m", "scripts.up"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 1
    assert f"port {port} (NNT_PARSER_PORT) is taken" in ended.stderr


def test_a_second_start_says_that_it_runs_already(own_platform):
    own_platform.start()
    ended = subprocess.run(
        [sys.executable, "-m", "scripts.up"],
        cwd=ROOT,
        env=own_platform.environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 1 and "it runs already" in ended.stderr


def test_what_a_killed_start_left_behind_is_ended_by_the_next(own_platform, data_dir):
    own_platform.start()
    for process in services_of(data_dir):
        if "supervisord" in " ".join(process.cmdline()):
            process.kill()
    own_platform.stop(signal.SIGKILL)
    assert services_of(data_dir)
    own_platform.start()
    assert "earlier start left behind" in own_platform.said


def test_ctrl_c_suspends_trainings_and_the_next_start_goes_on_with_them(
    own_platform, data_dir, digits
):
    own_platform.start()
    with logged_in(own_platform) as client:
        page = launch_endless(client, digits)
        wait_for(lambda: "epoch 2 of" in client.get(f"{page}log.txt").text, "two epochs", 60)
        cookies = client.cookies
    own_platform.stop()
    assert "suspended 1 simulation" in own_platform.said
    assert services_of(data_dir) == []
    own_platform.start()
    with httpx.Client(base_url=own_platform.url, cookies=cookies) as client:

        def log() -> str:
            return client.get(f"{page}log.txt").text

        wait_for(lambda: "attempt 2: going on" in log(), "it to go on", 60)
        assert "running" in client.get(page).text
        assert "the platform was stopped" in client.get(f"{page}history/").text
        [epoch] = re.findall(r"attempt 2: going on after epoch (\d+)", log())
        following = f"epoch {int(epoch) + 1} of"
        wait_for(lambda: following in log(), "the next epoch", 60)
        assert log().count(f"epoch {epoch} of") == 1 and log().count(following) == 1


def launch_endless(client: httpx.Client, digits: dict[str, Path]) -> str:
    """Starts a training that has no end; returns the address of its page."""
    form = {
        "name": "endless",
        "total_epochs": "5000",
        "epoch_period": "1000",
        "batch_size": "32",
        "learning_rate": "0.001",
        "optimizer": "sgd",
        "loss_function": "SparseCategoricalCrossentropy",
        "loss_function_conf": '{"from_logits": true}',
    }
    parts = {"train": "train", "val": "validation", "test": "test"}
    for part, field in parts.items():
        form |= {f"{field}_features": f"x_{part}", f"{field}_labels": f"y_{part}"}
    with ExitStack() as files:
        opened = {
            f"{field}_file": files.enter_context(digits[part].open("rb"))
            for part, field in parts.items()
        }
        model = files.enter_context(digits["model"].open("rb"))
        answer = post(client, "/simulations/new/", form, model=model, **opened)
    [page] = set(re.findall(r'"(/simulations/[0-9a-f-]{36}/)"', answer.text))
    return str(page)
