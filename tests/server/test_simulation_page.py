"""The page of one simulation: state, charts, table, configuration."""

import math
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nnt_contract.status import Status
from nnt_server.simulations.models import Simulation
from tests.server.conftest import CONFIGURATION, Visitor, a_simulation, arrives


def page_of(visitor: Visitor, simulation: Simulation, **headers: str) -> str:
    address = reverse("simulation", args=[simulation.id])
    return str(visitor.get(address, headers=headers).content.decode())


def values_of(visitor: Visitor, simulation: Simulation) -> dict[str, Any]:
    return visitor.get(reverse("epoch_values", args=[simulation.id])).json()  # type: ignore[no-any-return]


def test_the_page_shows_how_it_was_configured(alice):
    configuration = CONFIGURATION | {"backend": "torch"}
    page = page_of(alice, a_simulation(alice.user, threads=3, configuration=configuration))
    for shown in ("adam", "&quot;beta_1&quot;: 0.9", "SparseCategoricalCrossentropy", "0.01"):
        assert shown in page
    assert "<dt>Backend</dt><dd>torch</dd>" in page
    assert "&quot;class_name&quot;: &quot;Sequential&quot;" in page
    assert "<code>x_train</code>, <code>y_train</code>" in page


def test_the_page_says_when_nothing_has_arrived(alice):
    assert "Nothing has arrived yet." in page_of(alice, a_simulation(alice.user))
    ended = page_of(alice, a_simulation(alice.user, status=Status.FAILED, reason="bad data"))
    assert "Nothing has arrived." in ended and "bad data" in ended


def test_epoch_values_are_columns_in_the_order_of_epochs(alice):
    simulation = a_simulation(alice.user)
    arrives(simulation, 2, 0.5, 0.75, 0.6, 0.7)
    arrives(simulation, 0, 1.5, 0.25, 1.6, 0.2)
    values = values_of(alice, simulation)
    assert values.pop("time")
    assert values == {
        "epoch": [0, 2],
        "loss": [1.5, 0.5],
        "accuracy": [0.25, 0.75],
        "val_loss": [1.6, 0.6],
        "val_accuracy": [0.2, 0.7],
    }


def test_values_that_are_not_finite_come_as_words_and_absent_ones_as_null(alice):
    simulation = a_simulation(alice.user)
    arrives(simulation, 0, math.nan, None, math.inf, -math.inf)
    values = values_of(alice, simulation)
    assert [values[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")] == [
        ["NaN"],
        [None],
        ["Infinity"],
        ["-Infinity"],
    ]
    page = page_of(alice, simulation)
    assert "NaN" in page and "-∞" in page


def test_the_table_shows_the_newest_epoch_first_and_says_how_many_it_leaves_out(alice):
    simulation = a_simulation(alice.user)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO epoch_values SELECT %s, n, now(), 1, 1, 1, 1 FROM generate_series(0, 599) n",
            [simulation.id],
        )
    page = page_of(alice, simulation)
    assert "The latest 500 of 600" in page
    assert page.index(">599</th>") < page.index(">598</th>") and ">99</th>" not in page


def test_the_page_asks_again_until_the_simulation_has_ended(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    assert 'hx-trigger="every 1s"' in page_of(alice, simulation)
    type(simulation).objects.update(status=Status.FINISHED.value)
    assert "hx-trigger" not in page_of(alice, simulation, **{"HX-Request": "true"})


def test_what_the_page_asks_again_for_holds_state_and_table_but_no_model(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    arrives(simulation, 0, 1.25, 0.5, 1.5, 0.4)
    with CaptureQueriesContext(connection) as queries:
        fragment = page_of(alice, simulation, **{"HX-Request": "true"})
    assert fragment.lstrip().startswith("<section")
    assert 'hx-swap-oob="innerHTML:#epoch-values"' in fragment and "1.2500" in fragment
    assert not any('"simulations"."model"' in query["sql"] for query in queries)


def test_what_people_write_is_never_markup(alice):
    name = "<script>alert(1)</script>\"'"
    simulation = a_simulation(alice.user, name, reason="<b>no</b>", status=Status.FAILED)
    for page in (
        page_of(alice, simulation),
        alice.get(reverse("simulation_list")).content.decode(),
    ):
        assert "<script>alert" not in page and "<b>no" not in page and "&lt;script&gt;" in page


def test_the_style_sheet_that_plotly_would_add_inline_is_kept_out(alice):
    from nnt_server.settings import STATICFILES_DIRS

    bundle = (STATICFILES_DIRS[0] / "vendor" / "plotly-strict.min.js").read_text()
    guard = bundle.partition('if(!document.getElementById("')[2].partition('"')[0]
    assert len(guard) == 64
    assert f'<template id="{guard}">' in page_of(alice, a_simulation(alice.user))
