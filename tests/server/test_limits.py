"""What a simulation may use: as asked for, as usual, and never above what this server allows."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import reverse

from nnt_contract.simulation_config import Configuration, Limits
from nnt_server.simulations.forms import NewSimulationForm
from nnt_server.simulations.models import Simulation
from tests.server.conftest import CONFIGURATION, Visitor, a_simulation

Form = Callable[..., dict[str, object]]


@contextmanager
def told(**limits: int) -> Iterator[None]:
    update = {f"limit_{name}": value for name, value in limits.items()}
    with override_settings(NNT=settings.NNT.model_copy(update=update)):
        yield


def limits_of(visitor: Visitor, sent: dict[str, object]) -> Limits:
    """What is stored with the simulation that this form makes."""
    answer = visitor.post(reverse("new_simulation"), sent)
    assert answer.status_code == 302, answer.content.decode()
    return Configuration.model_validate(Simulation.objects.get().configuration).limits


def test_who_asks_for_no_limit_has_none_where_none_is_usual(alice, doorbell, form):
    assert limits_of(alice, form()) == Limits()


def test_what_is_asked_for_is_stored(alice, doorbell, form):
    sent = form(limit_memory_mb="2048", limit_cpu_s="7200", limit_wall_s="1:30:05")
    assert limits_of(alice, sent) == Limits(memory_mb=2048, cpu_s=7200, wall_s=5405)


def test_who_asks_for_no_limit_has_the_usual_one(alice, doorbell, form):
    with told(memory_mb=1000, cpu_s=60, cpu_s_max=600):
        assert limits_of(alice, form()) == Limits(memory_mb=1000, cpu_s=60)


def test_who_asks_for_no_limit_has_the_highest_where_none_is_usual(alice, doorbell, form):
    with told(wall_s_max=600):
        assert limits_of(alice, form()) == Limits(wall_s=600)


def test_what_is_asked_for_may_be_more_than_is_usual_up_to_the_highest(alice, doorbell, form):
    with told(wall_s=60, wall_s_max=600):
        assert limits_of(alice, form(limit_wall_s="600")) == Limits(wall_s=600)


def errors(sent: dict[str, object]) -> dict[str, str]:
    form = NewSimulationForm(sent, sent)
    return {name: " ".join(map(str, said)) for name, said in form.errors.items() if "limit" in name}


@pytest.mark.parametrize(
    ("field", "asked", "highest", "said"),
    [
        ("memory_mb", "2001", 2000, "At most 2,000 MiB can be given; received 2,001 MiB."),
        ("cpu_s", "3601", 3600, "At most 1:00:00 can be given; received 1:00:01."),
        ("wall_s", "1:00:01", 3600, "At most 1:00:00 can be given; received 1:00:01."),
    ],
)
def test_more_than_the_highest_is_refused_with_both(form, field, asked, highest, said):
    with told(**{f"{field}_max": highest}):
        assert errors(form(**{f"limit_{field}": asked})) == {f"limit_{field}": said}


@pytest.mark.parametrize(
    ("field", "asked", "said"),
    [
        ("memory_mb", "0", "greater than or equal to 1"),
        ("memory_mb", "1.5", "whole number was expected; received “1.5”"),
        ("memory_mb", "much", "whole number was expected; received “much”"),
        *(
            (field, asked, f"Seconds or h:mm:ss were expected; received “{asked}”.")
            for field in ("cpu_s", "wall_s")
            for asked in ("0", "0:00:00", "-5", "1.5", "1:60:00", "90:00", "an hour", "1" * 10, "²")
        ),
    ],
)
def test_what_is_no_limit_is_refused_with_what_was_expected(form, field, asked, said):
    found = errors(form(**{f"limit_{field}": asked}))
    assert found.keys() == {f"limit_{field}"} and said in found[f"limit_{field}"]


@pytest.mark.parametrize(
    ("settings_told", "said"),
    [
        (told(), "Left empty: as much as there is."),
        (told(wall_s=3600), "Left empty: 1:00:00."),
        (told(wall_s_max=7200), "Left empty: 2:00:00. At most 2:00:00."),
        (told(memory_mb=512, memory_mb_max=4096), "Left empty: 512 MiB. At most 4,096 MiB."),
    ],
)
def test_the_form_says_what_is_usual_and_what_is_the_highest(
    alice, settings_told: AbstractContextManager[None], said
):
    with settings_told:
        assert said in alice.get(reverse("new_simulation")).content.decode()


def test_the_limits_are_shown_with_the_configuration(alice):
    limits = {"memory_mb": 2048, "cpu_s": None, "wall_s": 3600}
    simulation = a_simulation(alice.user, configuration=CONFIGURATION | {"limits": limits})
    page = alice.get(reverse("simulation", args=[simulation.id])).content.decode()
    assert "<dt>Limits</dt><dd>2,048 MiB of memory, 1:00:00 of training time</dd>" in page


def test_a_simulation_older_than_limits_has_none(alice):
    page = alice.get(reverse("simulation", args=[a_simulation(alice.user).id])).content.decode()
    assert "<dt>Limits</dt><dd>none</dd>" in page
