"""What simulations and the machine use, as the deployer saw it last."""

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from nnt_contract.status import Status, Wanted
from tests.server.conftest import CONFIGURATION, Visitor, a_simulation, host_uses, uses

LIMITS = {"memory_mb": 1024, "cpu_s": 7200, "wall_s": None}


def usage_of(visitor: Visitor, **columns: object) -> str:
    simulation = a_simulation(visitor.user, status=Status.RUNNING)
    uses(simulation, **columns)  # type: ignore[arg-type]
    page = visitor.get(reverse("simulation", args=[simulation.id])).content.decode()
    return str(page.partition('aria-label="What it uses"')[2].partition("</section>")[0])


def machine_of(visitor: Visitor, **headers: str) -> str:
    return str(visitor.get(reverse("machine"), headers=headers).content.decode())


def test_the_page_shows_what_its_process_uses(alice):
    usage = usage_of(alice)
    for shown in ("187\u202f%", "412 MiB", "500 MiB", "1:02:05", "0:30:00"):
        assert shown in usage
    assert "Last seen" not in usage


def test_the_page_shows_how_much_of_its_limits_it_has_used(alice):
    simulation = a_simulation(alice.user, configuration=CONFIGURATION | {"limits": LIMITS})
    uses(simulation)
    page = alice.get(reverse("simulation", args=[simulation.id])).content.decode()
    assert "500 MiB <small>of 1,024 MiB</small>" in page
    assert "1:02:05 <small>of 2:00:00</small>" in page
    assert "0:30:00</dd>" in page, "no limit is named where there is none"


def test_what_was_seen_some_time_ago_says_when(alice):
    assert "Last seen" in usage_of(alice, ago_s=60)


def test_what_has_no_process_any_more_uses_nothing_and_has_used_what_it_has(alice):
    usage = usage_of(alice, is_running=False, cpu_percent=None, memory_bytes=0)
    assert usage.count("<dd>—</dd>") == 2 and "500 MiB" in usage and "1:02:05" in usage


def test_what_never_had_a_process_shows_no_usage(alice):
    page = alice.get(reverse("simulation", args=[a_simulation(alice.user).id])).content.decode()
    assert "What it uses" not in page


def test_the_machine_page_shows_the_machine_and_whose_processes_it_runs(alice, administrator):
    host_uses()
    uses(a_simulation(alice.user, "training", status=Status.RUNNING))
    uses(a_simulation(alice.user, "paused", status=Status.PAUSED, wanted=Wanted.PAUSED))
    a_simulation(alice.user, "waiting")
    uses(a_simulation(alice.user, "done", status=Status.FINISHED))
    page = machine_of(administrator)
    for shown in ("atlas", "62\u202f%", "of 8", "25\u202f%", "8,192 MiB of 32.0 GiB"):
        assert shown in page
    assert ">training</a>" in page and ">paused</a>" in page and page.count(">alice</td>") == 2
    assert ">waiting</a>" not in page and ">done</a>" not in page
    assert "It may be away." not in page


def test_a_machine_that_is_not_looked_at_any_more_says_so(administrator):
    host_uses(ago_s=120)
    page = machine_of(administrator)
    assert "last seen" in page and "It may be away." in page


def test_the_machine_page_says_what_is_missing_before_the_deployer_has_run(administrator):
    page = machine_of(administrator)
    assert "No machine was measured yet" in page and "None at the moment." in page


def test_the_machine_page_follows(administrator):
    assert 'hx-trigger="every 5s"' in machine_of(administrator)
    fragment = machine_of(administrator, **{"HX-Request": "true"})
    assert fragment.lstrip().startswith("<section")


def test_the_machine_page_costs_the_same_however_much_runs(alice, administrator):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            machine_of(administrator)
        return len(captured)

    uses(a_simulation(alice.user, status=Status.RUNNING))
    cost = queries()
    for _ in range(20):
        uses(a_simulation(alice.user, status=Status.RUNNING))
    assert queries() == cost == 4  # session, user, machines, simulations


def test_only_administrators_are_led_to_the_machine_page(alice, administrator):
    address = f'href="{reverse("machine")}"'
    assert address in administrator.get(reverse("simulation_list")).content.decode()
    assert address not in alice.get(reverse("simulation_list")).content.decode()
