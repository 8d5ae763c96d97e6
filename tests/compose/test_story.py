"""The platform in containers, from the first visit to the last row, as it is seen from outside."""

import io
import signal
import socket
import zipfile
from collections import Counter
from uuid import UUID

import pytest

from tests.compose.installation import Installation, Visitor
from tests.conftest import wait_for
from tests.stored_rows import Stored, stored_rows

pytestmark = pytest.mark.timeout(900)

EPOCHS = 26
CONFIGURATION = {
    "name": "digits",
    "total_epochs": EPOCHS,
    "batch_size": 8,  # many small steps: an epoch lasts long enough to be disturbed
    "learning_rates": [0.001],
    "optimizers": [{"optimizer": "adam"}],
    "loss_functions": [
        {"loss_function": "SparseCategoricalCrossentropy", "conf": {"from_logits": True}}
    ],
    "seed": 7,
}
_PARAMETERS = 101_770  # of the report's model (Appendix D)
_TRAINED_S = 120


@pytest.fixture
def create(visitor: Visitor, digits):
    return lambda **more: visitor.create(CONFIGURATION | more, digits)


def wait_until(visitor: Visitor, sim_id: UUID, status: str) -> str:
    """The reason that comes with the status."""
    seen: list[dict[str, object]] = []

    def is_there() -> bool:
        seen.append(visitor.state(sim_id))
        return seen[-1]["status"] == status

    wait_for(is_there, f"{status}, while it is said to be {seen[-1:]}", _TRAINED_S)
    return str(seen[-1]["reason"])


def wait_for_epochs(visitor: Visitor, sim_id: UUID, count: int) -> None:
    wait_for(lambda: visitor.state(sim_id)["received"] >= count, f"{count} collections", _TRAINED_S)


def stored(installation: Installation, sim_id: UUID) -> Counter[Stored]:
    return stored_rows(installation.query, sim_id)


def test_paused_killed_and_started_it_stores_what_one_left_in_peace_does(
    installation, visitor, create
):
    in_peace, disturbed = create(), create()

    wait_for_epochs(visitor, disturbed, 3)
    visitor.ask(disturbed, "pause")
    wait_until(visitor, disturbed, "paused")
    assert installation.simulation(disturbed).status == "paused"
    visitor.ask(disturbed, "resume")
    wait_until(visitor, disturbed, "running")  # the place is taken before the process goes on
    wait_for(lambda: installation.simulation(disturbed).status == "running", "it to go on")

    arrived = visitor.state(disturbed)["received"]
    wait_for_epochs(visitor, disturbed, arrived + 2)
    installation.simulation(disturbed).kill()
    assert "SIGKILL" in wait_until(visitor, disturbed, "failed")
    visitor.ask(disturbed, "start")
    for sim_id in (in_peace, disturbed):
        assert wait_until(visitor, sim_id, "finished") == ""

    assert visitor.state(disturbed)["attempt"] == 2
    assert stored(installation, disturbed) == stored(installation, in_peace)
    [(values, chunks)] = installation.query(
        "SELECT (SELECT sum(cardinality(weight)) FROM weights WHERE sim_id = %s),"
        " (SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'weights')",
        (str(disturbed),),
    )
    assert values == EPOCHS * _PARAMETERS
    assert chunks > 0

    exported = visitor.get(f"/simulations/{disturbed}/export").raise_for_status()
    with zipfile.ZipFile(io.BytesIO(exported.content)) as archive:
        assert archive.testzip() is None
        assert len(archive.read("epoch_values.csv").splitlines()) == 1 + EPOCHS

    visitor.delete(disturbed)
    wait_for(
        lambda: visitor.get(f"/simulations/{disturbed}").status_code == 404, "it to be deleted"
    )
    assert not stored(installation, disturbed)
    assert stored(installation, in_peace)
    assert not [one for one in installation.simulations() if str(disturbed) in one.name]
    assert not installation.networks(disturbed)
    assert not (installation.data_dir / "runs" / str(disturbed)).exists()


def test_a_training_goes_on_when_every_container_of_the_platform_was_made_anew(
    installation, visitor, create
):
    sim_id = create(seed=8)
    wait_for_epochs(visitor, sim_id, 3)
    container = installation.simulation(sim_id)
    installation.start("--force-recreate")
    wait_for_epochs(visitor, sim_id, EPOCHS)
    assert wait_until(visitor, sim_id, "finished") == ""
    assert visitor.state(sim_id)["attempt"] == 1
    assert installation.simulation(sim_id) in (container, None)  # it may be cleared away by now


def test_the_platform_is_ended_and_trainings_go_on_with_it(installation, visitor, create):
    """As docs/operations.md says."""
    sim_id = create(seed=9)
    wait_for_epochs(visitor, sim_id, 3)
    installation.compose("stop", "server", "deployer-worker", "reconciler")
    ends = [
        installation.service(name).attrs["State"]["ExitCode"]
        for name in ("deployer-worker", "reconciler")
    ]
    assert ends == [0, 128 + signal.SIGTERM]  # told to end, and not left to be killed
    suspend = ("python", "-m", "nnt_deployer.shutdown")
    installation.compose("run", "--rm", "--no-deps", "reconciler", *suspend)
    assert not [one for one in installation.simulations() if one.status == "running"]
    installation.compose("down")
    installation.start()
    assert wait_until(visitor, sim_id, "finished") == ""
    state = visitor.state(sim_id)
    assert (state["attempt"], state["received"]) == (2, EPOCHS)


def test_datasets_are_fetched_by_the_one_that_can_leave(installation, visitor, digits):
    with installation.file_server(digits["train"].parent) as address:
        urls = {
            f"dataset_{part}": f"{address}/{digits[part].name}" for part in ("train", "val", "test")
        }
        configuration = CONFIGURATION | {"total_epochs": 1, **urls}
        sim_id = visitor.create(configuration, {"model": digits["model"]})
        assert wait_until(visitor, sim_id, "finished") == ""


_WHO_ANSWERS = """
import socket
def answers(place):
    try:
        socket.create_connection(place, 1).close()
    except OSError:
        return False
    return True
print([place for place in %r if answers(place)])
"""
_PORTS = {"timescaledb": 5432, "redis": 6379, "deployer": 7000, "server": 8000, "nginx": 8000}


def test_a_simulation_reaches_the_parser_and_nobody_else(installation, visitor, create):
    sim_id = create(total_epochs=200)
    wait_for_epochs(visitor, sim_id, 1)
    others = [
        place
        for service, port in _PORTS.items()
        for place in [(service, port), *((one, port) for one in installation.addresses(service))]
    ]
    with socket.create_server(("", 0)) as host:
        port = host.getsockname()[1]
        others += [(address, port) for address in installation.gateways()]
        command = ["/opt/nnt/bin/python", "-c", _WHO_ANSWERS % [*others, ("parser", 6000)]]
        code, printed = installation.simulation(sim_id).exec_run(command)
    assert (code, printed.decode().strip()) == (0, "[('parser', 6000)]")
    visitor.ask(sim_id, "stop")
    wait_until(visitor, sim_id, "stopped")


def test_images_of_services_are_small(installation):
    size = {
        name: installation.engine.images.get(name).attrs["Size"]
        for name in (installation.settings["BASE_IMAGE"], "nnt-parser", "nnt-deployer")
    }
    base = size.pop(installation.settings["BASE_IMAGE"])
    assert {name for name, total in size.items() if total - base > 250 * 10**6} == set()


def test_the_log_of_a_container_is_there_after_it(installation, visitor, create):
    sim_id = create(total_epochs=2)
    assert wait_until(visitor, sim_id, "finished") == ""
    container = installation.simulation(sim_id)
    if container is not None:
        container.remove(force=True)
    assert "epoch 2 of 2" in visitor.get(f"/simulations/{sim_id}/log").text


def test_nobody_has_the_docker_socket_but_those_who_start_containers(installation):
    with_socket = {
        container.labels["com.docker.compose.service"]
        for container in installation.engine.containers.list(
            all=True, filters={"label": f"com.docker.compose.project={installation.project}"}
        )
        if any("docker.sock" in mount["Source"] for mount in container.attrs["Mounts"])
    }
    assert with_socket == {"deployer-worker", "reconciler"}


@pytest.mark.parametrize("secret", ["NNT_SECRET", "DATABASE_PASSWORD"])
def test_a_missing_secret_is_named(installation, secret):
    done = installation.try_compose("--env-file", ".env", "config", "--quiet")
    assert done.returncode == 0
    text = (installation.folder / ".env").read_text()
    without = [line for line in text.splitlines() if not line.startswith(f"{secret}=")]
    (installation.folder / "incomplete.env").write_text("\n".join(without) + "\n")
    done = installation.try_compose("--env-file", "incomplete.env", "config", "--quiet")
    assert done.returncode != 0
    assert secret in done.stderr
    assert "make env" in done.stderr
