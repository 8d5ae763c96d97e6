"""The form of a new simulation with a configuration file in the place of what else would be typed."""

import json

from django.urls import reverse

from nnt_server.simulations.models import Simulation
from tests.server.test_new_simulation import HTMX, errors_in, file

CONFIG = {
    "name": "by a file",
    "total_epochs": 4,
    "optimizers": [{"optimizer": "sgd", "conf": {}}],
    "loss_functions": [{"loss_function": "mse"}],
    "learning_rates": [0.5],
    "tags": ["filed"],
    "seed": 3,
}


def test_a_configuration_file_stands_for_every_field_but_the_files(alice, doorbell, form):
    sent = form(config=file(json.dumps(CONFIG)), name="", total_epochs="many", optimizer_conf="{")
    assert alice.post(reverse("new_simulation"), sent).status_code == 302
    simulation = Simulation.objects.get()
    assert (simulation.name, simulation.seed) == ("by a file", 3)
    assert simulation.configuration["total_epochs"] == 4
    assert simulation.configuration["optimizer"]["name"] == "sgd"
    assert [tag.name for tag in simulation.tags.all()] == ["filed"]


def test_what_is_wrong_with_it_is_said_beside_it_and_the_files_are_looked_at_too(alice, form):
    wrong = {key: value for key, value in CONFIG.items() if key != "name"} | {"total_epochs": 0}
    sent = form(config=file(json.dumps(wrong)), train_file=file(""), batch_size="0")
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    assert answer.status_code == 422 and not Simulation.objects.exists()
    errors = errors_in(answer.content.decode())
    assert errors.keys() == {"config", "train_file"}
    assert "name: it must be there" in errors["config"]
    assert "total_epochs: Input should be greater" in errors["config"]
    assert errors_in(alice.post(reverse("new_simulation"), sent).content.decode()).keys()


def test_what_was_typed_beside_a_wrong_file_stays(alice, form):
    sent = form(config=file("{"), name="kept")
    page = alice.post(reverse("new_simulation"), sent).content.decode()
    assert 'value="kept"' in page and 'value="0.01"' in page
    assert errors_in(page).keys() == {"config"}


def test_tags_may_be_typed(alice, doorbell, form):
    alice.post(reverse("new_simulation"), form(tags=" one, two ,, one"))
    assert sorted(tag.name for tag in Simulation.objects.get().tags.all()) == ["one", "two"]


def test_a_tag_that_is_too_long_is_refused(alice, form):
    answer = alice.post(reverse("new_simulation"), form(tags="x" * 101), headers=HTMX)
    assert "At most 100 characters" in errors_in(answer.content.decode())["tags"]
