"""Programs that use the API: each with a token of its own, and a network that was collected."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from nnt_server.accounts.models import User
from nnt_server.accounts.tokens import create_token
from nnt_server.simulations.models import Simulation
from tests.server.conftest import MODEL, Visitor, npz

CONFIG: dict[str, Any] = {
    "name": "digits",
    "total_epochs": 20,
    "epoch_period": 2,
    "optimizers": [{"optimizer": "rmsprop", "conf": {"rho": 0.8}}],
    "loss_functions": [
        {"loss_function": "SparseCategoricalCrossentropy", "conf": {"from_logits": True}}
    ],
    "learning_rates": [0.01],
}


class Program(Client):
    """What sends a token, and no cookies."""

    def __init__(self, user: User | None = None) -> None:
        super().__init__(SERVER_NAME="localhost", enforce_csrf_checks=True)
        self.raise_request_exception = False
        if user is not None:
            self.defaults["HTTP_AUTHORIZATION"] = f"Bearer {create_token(user, 'a program')}"


@pytest.fixture
def program(alice: Visitor) -> Program:
    return Program(alice.user)


@pytest.fixture
def strangers_program(bob: Visitor) -> Program:
    return Program(bob.user)


@pytest.fixture
def administrators_program(administrator: Visitor) -> Program:
    return Program(administrator.user)


def path_to(simulation: Simulation, what: str = "") -> str:
    return f"/api/simulations/{simulation.id}" + (f"/{what}" if what else "")


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


def json_of(answer: Any) -> Any:
    """The JSON that was streamed, in which no literal stands that JSON does not have."""

    def refuse(literal: str) -> None:
        raise AssertionError(f"{literal} is not JSON")

    assert answer.status_code == 200, body_of(answer)
    return json.loads(body_of(answer), parse_constant=refuse)


@pytest.fixture
def parts() -> Callable[..., dict[str, Any]]:
    """What a program sends for a new experiment; keyword arguments replace parts, None leaves one out."""

    def fill(config: Any = CONFIG, **changes: Any) -> dict[str, Any]:
        text = config if isinstance(config, bytes) else json.dumps(config).encode()
        sent = {
            "model": SimpleUploadedFile("model.json", json.dumps(MODEL).encode()),
            "config": SimpleUploadedFile("config.json", text),
            "train": SimpleUploadedFile("a.npz", npz(x_train=[1.0], y_train=[0])),
            "val": SimpleUploadedFile("b.npz", npz(x_val=[2.0], y_val=[0])),
            "test": SimpleUploadedFile("c.npz", npz(x_test=[3.0], y_test=[0])),
            **changes,
        }
        return {name: value for name, value in sent.items() if value is not None}

    return fill


def insert(table: str, *rows: tuple[Any, ...]) -> None:
    with connection.cursor() as cursor:
        for row in rows:
            cursor.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)


def weights_arrive(
    simulation: Simulation,
    epoch: int,
    values: list[float],
    shape: list[int],
    layer: tuple[int, str] = (1, "dense"),
    variable: str = "kernel",
    values_per_row: int = 2**20,
) -> None:
    """What the parser writes of one variable."""
    for start in range(0, len(values), values_per_row):
        part = values[start : start + values_per_row]
        row = (simulation.id, epoch, "2026-01-01", *layer, variable, shape, start + 1, part)
        insert("weights", row)
