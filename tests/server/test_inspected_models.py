"""What a model is made of: shown before a simulation is created, and in its page."""

import json
import re
from html import unescape

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nnt_contract.status import Status, Wanted
from nnt_server.simulations.models import ModelInspection, Simulation
from tests.conftest import FIXTURES
from tests.server.conftest import MODEL, a_simulation
from tests.server.model_reports import (
    PROBLEM,
    REPORT,
    begins,
    is_found,
    is_refused,
    waits_for_its_model,
)

HTMX = {"HX-Request": "true"}


def sent(model: object = MODEL, **more: str) -> dict[str, object]:
    content = model if isinstance(model, bytes) else json.dumps(model).encode()
    return {"model": SimpleUploadedFile("model.json", content), **more}


def look(visitor, model: object = MODEL, **more: str) -> str:
    answer = visitor.post(reverse("inspect_model"), sent(model, **more), headers=HTMX)
    assert answer.status_code == 200
    return str(answer.content.decode())


def address_in(fragment: str) -> str:
    """Where the fragment asks again."""
    found = re.search(r'hx-get="([^"]+)"', fragment)
    assert found is not None
    return found[1]


def texts(fragment: str) -> list[str]:
    """What the cells of the table say."""
    cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", fragment, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split()) for cell in cells]


# In the form


def test_a_model_that_was_chosen_is_inspected_at_once_and_its_layers_follow(alice, doorbell):
    fragment = look(alice)
    inspection = ModelInspection.objects.get()
    assert (inspection.model, inspection.backend) == (MODEL, "tensorflow")
    assert doorbell.rings == [("POST", f"/model_inspections/{inspection.id}", None)]
    assert "The model waits to be inspected." in fragment
    begins()
    fragment = alice.get(address_in(fragment), headers=HTMX).content.decode()
    assert "The model is being inspected." in fragment
    is_found()
    fragment = alice.get(address_in(fragment), headers=HTMX).content.decode()
    assert "hx-get" not in fragment
    assert texts(fragment)[4:] == [
        *("rows", "Bidirectional", "(None, 32)", "5,760"),
        *("forward_rows", "LSTM", "—", "2,880"),
        *("backward_rows", "LSTM", "—", "2,880"),
        *("classes", "Dense", "(None, 10)", "330"),
    ]
    assert "6,090 parameters, 6,090 of them trainable" in fragment
    assert "from (None, 28, 28) to (None, 10)" in fragment
    assert all(remark in fragment for remark in REPORT["remarks"])


def test_a_model_that_was_inspected_before_is_shown_without_waiting(alice, bob, doorbell):
    look(alice)
    is_found()
    fragment = look(bob)
    assert "classes" in fragment and "hx-get" not in fragment
    assert ModelInspection.objects.count() == 1


def test_each_backend_is_asked_about_the_model(alice, doorbell):
    for backend in ("tensorflow", "torch"):
        look(alice, backend=backend)
    assert set(ModelInspection.objects.values_list("backend", flat=True)) == {"tensorflow", "torch"}
    answer = alice.post(reverse("inspect_model"), sent(backend="abacus"))
    assert answer.status_code == 422
    assert "tensorflow or torch was expected; received “abacus”" in answer.content.decode()


@pytest.mark.parametrize(
    ("model", "told"),
    [
        (b"{", "JSON was expected"),
        ({"a": 1}, "A Keras model"),
        (MODEL | {"class_name": "Lambda"}, "another layer than Lambda (it holds Python code"),
        (
            {
                "class_name": "Functional",
                "config": {
                    "layers": [],
                    "input_layers": [["a", 0, 0], ["b", 0, 0]],
                    "output_layers": [["c", 0, 0]],
                },
            },
            "as datasets have one array of features and one of labels, received 2 inputs: 'a', 'b'.",
        ),
    ],
)
def test_what_is_no_model_for_a_dataset_is_told_at_once(alice, doorbell, model, told):
    answer = alice.post(reverse("inspect_model"), sent(model))
    assert answer.status_code == 422 and told in unescape(answer.content.decode())
    assert doorbell.rings == [] and not ModelInspection.objects.exists()


def test_a_choice_that_is_taken_back_shows_nothing(alice, doorbell):
    answer = alice.post(reverse("inspect_model"), {})
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_problem_is_shown_with_the_layers_and_ends_the_asking(alice, doorbell):
    fragment = look(alice)
    is_refused("The model's parameters take 3.6 GiB of memory, and the machine has 2 GiB.", REPORT)
    fragment = alice.get(address_in(fragment), headers=HTMX).content.decode()
    assert "and the machine has 2 GiB." in fragment and "classes" in fragment
    assert "hx-get" not in fragment
    assert "hx-get" in look(alice)  # asked about again, it is inspected again


def test_a_model_that_leaves_its_input_open_is_shown_with_what_is_known(alice, doorbell):
    look(alice)
    layer = {"name": "out", "type": "Dense"}
    is_found({"keras": "3.15.1", "backend": "tensorflow", "layers": [layer]})
    fragment = look(alice)
    assert texts(fragment)[4:] == ["out", "Dense", "—", "—"]
    assert "leaves the shape of its input open" in fragment


def test_a_deployer_that_is_away_is_only_late(alice, caplog):
    assert "hx-get" in look(alice)
    assert "did not hear" in caplog.text


def test_whoever_has_not_asked_sees_nothing(alice, bob, administrator, doorbell):
    address = address_in(look(alice))
    for stranger in (bob, administrator):
        assert stranger.get(address).status_code == 404
    assert alice.get(reverse("inspected_model", args=["0" * 64])).status_code == 404
    ModelInspection.objects.all().delete()
    assert alice.get(address).status_code == 404


# What is created


def test_several_inputs_are_refused_by_the_form(alice, doorbell, form):
    model = {"class_name": "Functional", "config": {"layers": [], "output_layers": ["c", 0, 0]}}
    model["config"]["input_layers"] = [["a", 0, 0], ["b", 0, 0]]  # type: ignore[index]
    answer = alice.post(reverse("new_simulation"), form(model=sent(model)["model"]), headers=HTMX)
    assert answer.status_code == 422 and b"received 2 inputs" in answer.content


def test_the_reports_own_model_is_taken(alice, doorbell):
    assert "hx-get" in look(alice, (FIXTURES / "appendix_d_model.json").read_bytes())


# The page of a simulation


def page_of(visitor, simulation: Simulation) -> str:
    answer = visitor.get(reverse("simulation", args=[simulation.id]), headers=HTMX)
    return str(unescape(answer.content.decode()))


def test_a_simulation_tells_that_it_waits_for_its_model(alice):
    simulation = a_simulation(alice.user)
    waits_for_its_model(simulation)
    assert "the model waits to be inspected" in page_of(alice, simulation)
    begins()
    assert "the model is being inspected" in page_of(alice, simulation)
    assert "the model is being inspected" in alice.get(reverse("simulation_list")).content.decode()
    is_found()
    page = page_of(alice, simulation)
    assert "the model" not in page and "backward_rows" in page


def test_a_simulation_that_does_not_wait_is_not_said_to(alice):
    simulation = a_simulation(alice.user, wanted=Wanted.STOPPED, status=Status.STOPPED)
    waits_for_its_model(simulation)
    begins()
    page = page_of(alice, simulation)
    assert "being inspected" not in page and "The model has not been inspected." in page


def test_the_page_of_a_simulation_tells_why_its_model_cannot_be_trained(alice):
    simulation = a_simulation(alice.user, status=Status.FAILED, reason=PROBLEM)
    waits_for_its_model(simulation)
    is_refused()
    page = page_of(alice, simulation)
    assert page.count(PROBLEM) == 2 and "No process was started." in page


def test_a_simulation_of_before_says_so(alice):
    assert "before models were inspected" in page_of(alice, a_simulation(alice.user))


def test_names_of_layers_are_no_markup(alice):
    simulation = a_simulation(alice.user)
    waits_for_its_model(simulation)
    layers = [REPORT["layers"][0] | {"name": "<script>alert(1)</script>"}]
    is_found(REPORT | {"layers": layers})
    answer = alice.get(reverse("simulation", args=[simulation.id]))
    assert b"<script>alert" not in answer.content and b"&lt;script&gt;alert" in answer.content


def test_the_api_tells_what_the_model_is_made_of(alice):
    simulation = a_simulation(alice.user)
    address = f"/api/simulations/{simulation.id}"
    assert alice.get(address).json()["model_inspection"] is None
    waits_for_its_model(simulation)
    assert alice.get(address).json()["model_inspection"]["found"] is None
    is_found()
    told = alice.get(address).json()["model_inspection"]
    assert told["found"] == REPORT and told["problem"] == ""
