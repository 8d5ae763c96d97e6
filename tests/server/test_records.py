"""What was recorded of a simulation, in its page: evaluation, environment, pace, and the trained network."""

import math
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from nnt_contract.records import ClassScores, EpochRecord, Evaluation, Record, TrainedModel
from nnt_contract.status import Status, Wanted
from nnt_contract.updates import Collection, Finish
from nnt_server.simulations.confusion import MAX_SHOWN
from nnt_server.simulations.models import Simulation
from tests.conftest import ROOT
from tests.server import data_reports
from tests.server.conftest import Visitor, a_simulation, arrives

EXAMPLES = ROOT / "contract" / "examples"
ENVIRONMENT = Collection.model_validate_json((EXAMPLES / "collection.json").read_text()).records[0]
EVALUATION, TRAINED = Finish.model_validate_json((EXAMPLES / "finish.json").read_text()).records


def tells(simulation: Simulation, *records: Record, attempt: int = 1, ago_s: float = 0) -> None:
    """What the parser writes when records come."""
    time = timezone.now() - timedelta(seconds=ago_s)
    with connection.cursor() as cursor:
        for record in records:
            content = record.model_dump_json(exclude={"kind", "epoch"})
            row = (simulation.id, record.kind, record.epoch, attempt, time, content)
            cursor.execute("INSERT INTO records VALUES (%s, %s, %s, %s, %s, %s)", row)


def took(simulation: Simulation, epoch: int, seconds: float, ago_s: float = 0) -> None:
    """The same of an epoch that is collected."""
    arrives(simulation, epoch, 0.5, 0.5, None, None)
    tells(
        simulation,
        EpochRecord(epoch=epoch, duration_s=seconds, learning_rate=0.00123456),
        ago_s=ago_s,
    )


def page_of(visitor: Visitor, simulation: Simulation, **headers: str) -> str:
    address = reverse("simulation", args=[simulation.id])
    return str(visitor.get(address, headers=headers).content.decode())


def cells(page: str, title: str) -> list[list[str]]:
    """The text of the body of the table below that title."""
    table = page[page.index(f'id="{title}"') :]
    body = table[table.index("<tbody>") : table.index("</tbody>")]
    return [re.findall(r"<t[hd][^>]*>([^<]*)</t[hd]>", row) for row in body.split("</tr>")[:-1]]


def an_evaluation(**changes: Any) -> Evaluation:
    told: dict[str, Any] = {"epoch": 19, "rows": 8, "metrics": {"loss": 0.5}, **changes}
    return Evaluation(**told)


def test_the_evaluation_has_every_table(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    tells(simulation, EVALUATION)
    page = page_of(alice, simulation)
    assert "8 rows after its last epoch" in page and "<dt>auc</dt><dd>NaN</dd>" in page
    metrics = page[page.index('id="evaluation"') :]
    assert re.findall(r"<dt>(\w+)</dt>", metrics)[:3] == ["loss", "accuracy", "auc"]
    assert "In 1 of 8 rows an output is NaN" in page
    assert cells(page, "confusion-title") == [["0", "4", "1"], ["1", "1", "2"]]
    assert cells(page, "classes-title") == [
        ["0", "0.8000", "0.8000", "5"],
        ["1", "0.6667", "0.6667", "3"],
    ]
    assert cells(page, "cut-points-title")[0] == ["0.01", "0.3750", "1.0000"]
    assert cells(page, "cut-points-title")[1][1] == "—", "nothing to divide by"


def test_classes_have_the_names_that_the_data_give_them(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    tells(simulation, EVALUATION)
    labels = data_reports.classes(4, 4, names=("no", "<b>"))
    found = data_reports.report(train=data_reports.part(labels))
    data_reports.is_inspected(simulation, found)
    page = page_of(alice, simulation)
    assert cells(page, "confusion-title") == [["no", "4", "1"], ["&lt;b&gt;", "1", "2"]]
    assert [row[0] for row in cells(page, "classes-title")] == ["no", "&lt;b&gt;"]


def test_cells_are_coloured_by_their_share_of_the_row_without_inline_styles(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    scores = ClassScores(precision=None, recall=None, support=0)
    rows = ((0, 0, 0), (99, 1, 0), (0, 0, 7))
    tells(simulation, an_evaluation(confusion=rows, classes=(scores,) * 3))
    page = page_of(alice, simulation)
    levels = re.findall(r"level-(\d+)", page)
    assert levels == ["0", "0", "0", "10", "1", "0", "0", "0", "10"]
    assert "style=" not in page[page.index('id="evaluation"') :]


def test_a_matrix_of_very_many_classes_is_not_drawn_and_it_is_said_where_it_is(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    scores = ClassScores(precision=0.5, recall=0.5, support=1)
    for classes in (MAX_SHOWN, MAX_SHOWN + 1):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM records")
        row = (0,) * classes
        tells(simulation, an_evaluation(confusion=(row,) * classes, classes=(scores,) * classes))
        page = page_of(alice, simulation)
        assert len(cells(page, "classes-title")) == classes
        assert ("confusion-title" in page) == (classes == MAX_SHOWN)
    assert f"{MAX_SHOWN + 1} classes" in page and "/records?kind=evaluation" in page


def test_a_regression_shows_metrics_only_and_no_test_data_is_said(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    tells(simulation, an_evaluation(metrics={"loss": 0.25, "mean_absolute_error": math.inf}))
    page = page_of(alice, simulation)
    assert "<dt>mean_absolute_error</dt><dd>∞</dd>" in page
    for title in ("confusion-title", "classes-title", "cut-points-title"):
        assert title not in page
    other = a_simulation(alice.user, status=Status.FINISHED)
    tells(other, an_evaluation(rows=0, metrics={}, remarks=("There is no test data.",)))
    page = page_of(alice, other)
    assert "There is no test data." in page and "rows after its last epoch" not in page


def test_before_and_without_an_evaluation_the_page_says_so(alice):
    running = page_of(alice, a_simulation(alice.user, status=Status.RUNNING))
    assert "After the last epoch, the network is evaluated" in running
    old = page_of(alice, a_simulation(alice.user, status=Status.FINISHED))
    assert "was not evaluated" in old and "Nothing is known of it." in old


def test_the_trained_model_is_offered_once_there_is_one(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    address = f"/api/simulations/{simulation.id}/model"
    assert address not in page_of(alice, simulation)
    tells(simulation, TrainedModel(epoch=19, bytes=1234567, sha256="9f86d0"))
    page = page_of(alice, simulation)
    assert f'href="{address}"' in page and "1.2\xa0MB" in page and "9f86d0" in page


def test_every_environment_is_told_the_latest_first(alice):
    simulation = a_simulation(alice.user)
    other = {"epoch": 4, "host": "boreas", "gpus": (), "platform_commit": None}
    tells(simulation, ENVIRONMENT)
    tells(simulation, ENVIRONMENT.model_copy(update=other | {"split_sha256": "beef"}), attempt=3)
    page = page_of(alice, simulation)
    facts = page[page.index('id="environment"') :]
    assert facts.index("3, from epoch 4 on") < facts.index("1, from epoch 0 on")
    for shown in ("boreas", "atlas", "none", "NVIDIA A30", "keras 3.15.0", "beef", "12dd739"):
        assert shown in facts
    assert "AMD EPYC 7313 16-Core Processor, 32 in all, 1 used" in facts
    assert "128.0 GiB" in facts


def test_what_was_recorded_comes_with_the_live_part(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHING)
    tells(simulation, ENVIRONMENT, EVALUATION, TRAINED)
    fragment = page_of(alice, simulation, **{"HX-Request": "true"})
    for part in ("evaluation", "environment"):
        assert f'hx-swap-oob="innerHTML:#{part}"' in fragment
    assert "confusion-title" in fragment and "atlas" in fragment


def test_epochs_show_what_they_took_and_their_learning_rate(alice):
    simulation = a_simulation(alice.user, status=Status.FINISHED)
    took(simulation, 0, 0.01234)
    took(simulation, 2, 3725)
    arrives(simulation, 4, 0.5, None, None, None)
    page = page_of(alice, simulation)
    table = page[page.index('<table class="values">') :]
    rows = table[table.index("<tbody>") : table.index("</tbody>")].split("</tr>")
    assert ">—</td>" in rows[0].replace("\n", "")
    assert "1:02:05" in rows[1] and "0.001235" in rows[1]
    assert "0.0123\u202fs" in rows[2]
    pace = re.search(r'id="pace">(.*?)</p>', page)
    assert pace and "31:02" in pace[1] and "left" not in pace[1]


@pytest.mark.parametrize(
    ("columns", "left"),
    [
        ({"status": Status.RUNNING}, "about 16 min left"),
        ({"status": Status.RUNNING, "wanted": Wanted.PAUSED}, None),
        ({"status": Status.PAUSED, "wanted": Wanted.PAUSED}, None),
        ({"status": Status.STOPPED, "wanted": Wanted.STOPPED}, None),
    ],
)
def test_the_time_that_is_left_is_said_while_it_runs(alice, columns, left):
    long_ago = timezone.now() - timedelta(hours=1)
    simulation = a_simulation(alice.user, status_changed_at=long_ago, **columns)
    for epoch, seconds in ((0, 100_000), *((epoch, 90) for epoch in range(1, 9))):
        took(simulation, epoch, seconds if epoch else 90, ago_s=30)
    page = page_of(alice, simulation)  # 11 epochs of 90 s, less the 30 s since the last
    assert "90\u202fs per epoch" in page
    assert (left in page) if left else (" left</span>" not in page)


def test_time_that_a_pause_took_is_not_taken_off(alice):
    simulation = a_simulation(alice.user, status=Status.RUNNING)
    took(simulation, 9, 60, ago_s=7200)
    assert "about 10 min left" in page_of(alice, simulation)


def test_an_epoch_that_takes_longer_than_expected_leaves_little_and_never_less_than_nothing(alice):
    long_ago = timezone.now() - timedelta(hours=9)
    simulation = a_simulation(alice.user, status=Status.RUNNING, status_changed_at=long_ago)
    took(simulation, 18, 60, ago_s=7200)
    assert "less than a minute left" in page_of(alice, simulation)
