"""The measurements of the report's chapter 5: its configuration, model and queries, through the API, twice."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import psycopg2
import pytest

from scripts.up.secrets import load_or_make
from tests.conftest import FIXTURES, wait_for
from tests.e2e.test_make_up import post
from tests.platform import Platform

pytestmark = pytest.mark.timeout(300)

_TRAINED_S = 240
_COLLECTIONS = 11  # of 20 epochs, every second and the last
_KERNEL = 128 * 10  # of the layer that the report asks for
_PASSWORD = "a long enough passphrase"


@pytest.fixture(scope="module")
def api(platform: Platform) -> Iterator[httpx.Client]:
    """What a program of a new user's talks to."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    with httpx.Client(base_url=platform.url, follow_redirects=True) as browser:
        form = {"username": name, "password1": _PASSWORD, "password2": _PASSWORD}
        post(browser, "/accounts/sign-up/", form)
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        said = client.post("/api/token", json={"username": name, "password": _PASSWORD}).json()
        client.headers["Authorization"] = f"Bearer {said['token']}"
        yield client


@pytest.fixture(scope="module")
def experiments(api: httpx.Client, digits: dict[str, Path]) -> list[list[uuid.UUID]]:
    """The simulations of each of the two, trained."""
    made = [_create(api, digits) for _ in range(2)]
    everything = [sim_id for experiment in made for sim_id in experiment]

    def ends() -> list[str]:
        found = [api.get(f"/api/simulations/{sim_id}").json() for sim_id in everything]
        assert not [one["reason"] for one in found if one["status"] == "failed"]
        return [one["name"] for one in found if one["status"] == "finished"]

    wait_for(lambda: len(ends()) == len(everything), "the simulations to finish", _TRAINED_S)
    assert Counter(ends()) == {
        f"digits two rates (LR{rate}) ({fold})": 2 for rate in (1, 2) for fold in (1, 2)
    }
    return made


def _create(api: httpx.Client, digits: dict[str, Path]) -> list[uuid.UUID]:
    files = {"config": FIXTURES / "experiment_config.json", **digits}
    with ExitStack() as opened:
        parts = {part: opened.enter_context(path.open("rb")) for part, path in files.items()}
        answer = api.post("/api/experiments", files=parts)
    assert answer.status_code == 201, answer.text
    return [uuid.UUID(one["id"]) for one in answer.json()["simulations"]]


@pytest.fixture
def cursor(platform: Platform) -> Iterator["psycopg2.extensions.cursor"]:
    password = load_or_make(platform.data_dir / "secrets.json").postgres_password
    port = platform.environment["NNT_POSTGRES_PORT"]
    url = f"postgresql://nnt:{password}@127.0.0.1:{port}/nnt"
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as opened:
        yield opened


def test_the_configuration_twice_stores_what_the_report_counted(experiments, cursor):
    everything = [sim_id for experiment in experiments for sim_id in experiment]
    assert len(everything) == 8
    counts = {}
    for table in ("epoch_values", "extra_metrics", "weights"):
        cursor.execute(f"SELECT count(*) FROM {table} WHERE sim_id = ANY(%s)", (everything,))
        counts[table] = cursor.fetchone()[0]
    # Of weights the report counted a row fewer for each collection.
    assert counts == {"epoch_values": 88, "extra_metrics": 352, "weights": 352}


def test_the_reports_queries_run_as_they_stand(experiments, cursor):
    text = (FIXTURES / "appendix_e.sql").read_text()
    queries = [query for query in text.replace(":sim", "%(sim)s").split(";\n") if query]
    found = []
    for query in queries:
        cursor.execute(query, {"sim": experiments[0][0]})
        found.append(cursor.rowcount)
    assert found == [_COLLECTIONS * _KERNEL, _COLLECTIONS, _COLLECTIONS * 2 * 2]


def test_the_folds_of_an_experiment_are_of_one_split_and_each_trains_on_the_other(api, experiments):
    for experiment in experiments:
        logs = [api.get(f"/api/simulations/{sim_id}/log").text for sim_id in experiment]
        told = [
            re.findall(r"fold (\d) of 2: (\d+) rows train, (\d+) validate; .* SHA-256 (\w+)", log)
            for log in logs
        ]
        assert [fold for [(fold, *_)] in told] == ["1", "2", "1", "2"]
        assert {rows for [(_, *both, _)] in told for rows in both} == {"750"}
        assert len({sha256 for [(*_, sha256)] in told}) == 1


def test_a_network_learns_in_every_one_of_them(api, experiments):
    last = json.loads((FIXTURES / "experiment_config.json").read_text())["total_epochs"] - 1
    validated = set()
    for experiment in experiments:
        for sim_id in experiment:
            epochs = api.get(f"/api/simulations/{sim_id}/epochs").json()
            assert epochs[-1]["epoch"] == last and epochs[-1]["val_accuracy"] > 0.8
            validated.add(epochs[-1]["val_loss"])
    assert len(validated) == 8, "each has data, a rate or a seed of its own"
