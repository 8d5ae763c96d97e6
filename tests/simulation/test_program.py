"""The program as the deployer starts it: a process with an environment, signals and an exit code."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from threading import Event

from keras import layers

from nnt_contract import environment
from nnt_contract.updates import INITIAL_EPOCH
from tests.conftest import wait_for
from tests.simulation.builders import make_run, model_json, run_attempt
from tests.simulation.fake_parser import FakeParser, Received

EPOCHS = 10  # two more than the training is ahead of what is delivered, when it is stopped
SMALL_OUTBOX = {"NNT_OUTBOX_MAX_FILES": "1"}


def prepare(folder: Path, attempt: int = 1) -> None:
    model = model_json(layers.Dense(8), layers.Dropout(0.5), layers.Dense(3))
    make_run(folder, model=model, total_epochs=EPOCHS, attempt=attempt)


def do_at(parser: FakeParser, epoch: int, act: Callable[[], None]) -> None:
    """Acts while that epoch's collection is being delivered; the full outbox keeps the training from running off."""

    def answer(received: Received) -> tuple[int, bytes]:
        if received.what == epoch:
            act()
        return 202, b""

    parser.answer = answer


def ask_to_stop(process: "subprocess.Popen[str]") -> None:
    """Returns when it has heard: what has trained its last epoch meanwhile is finished and not stopped."""
    process.terminate()
    status = Path(f"/proc/{process.pid}/status")
    wait_for(lambda: "\nShdPnd:\t0000000000000000\n" in status.read_text(), "it to hear")


def test_a_process_that_is_killed_and_one_that_is_stopped_lose_nothing(tmp_path, parser, start):
    prepare(tmp_path / "whole")
    assert run_attempt(tmp_path / "whole", parser.url) == environment.EXIT_FINISHED
    uninterrupted = {received.what: received.arrays for received in parser.collections}
    parser.accepted.clear()

    folder = tmp_path / "parts"
    prepare(folder)
    started = Event()
    killed = start(folder, **SMALL_OUTBOX)

    def kill() -> None:
        if not started.is_set():
            started.set()
            killed.kill()
            killed.wait()

    do_at(parser, 2, kill)
    out, _ = killed.communicate(timeout=60)
    assert f"epoch 1 of {EPOCHS}" in out

    prepare(folder, attempt=2)
    stopped = start(folder, **SMALL_OUTBOX)
    do_at(parser, 5, lambda: ask_to_stop(stopped))
    out, _ = stopped.communicate(timeout=60)
    assert stopped.returncode == environment.EXIT_STOPPED
    assert "going on after epoch" in out
    assert "stopped as asked" in out

    prepare(folder, attempt=3)
    assert run_attempt(folder, parser.url) == environment.EXIT_FINISHED
    arrived = {received.what: received.arrays for received in parser.collections}
    assert arrived.keys() == {INITIAL_EPOCH, *range(EPOCHS)}
    for epoch, arrays in uninterrupted.items():
        for place, values in arrays.items():
            assert values.tobytes() == arrived[epoch][place].tobytes(), (epoch, place)


def test_a_missing_run_file_is_a_crash_that_names_it(tmp_path, start):
    _, err = (process := start(tmp_path, **SMALL_OUTBOX)).communicate(timeout=60)
    assert process.returncode == 1
    assert environment.RUN_FILE in err
