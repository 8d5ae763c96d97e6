"""The form of a new simulation: what it makes, and what it says about wrong fields."""

import hashlib
import json
import os
import re
from html import unescape

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from nnt_contract.simulation_config import Configuration
from nnt_contract.status import Status, Wanted
from nnt_server.simulations.forms import NewSimulationForm
from nnt_server.simulations.models import Dataset, Experiment, Simulation
from tests.server.conftest import MODEL, SERVICE_TOKEN, npz

HTMX = {"HX-Request": "true"}


def file(content: bytes | str, name: str = "file") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content.encode() if isinstance(content, str) else content)


def errors_in(fragment: str) -> dict[str, str]:
    """What the answer says about each field that is wrong."""
    found = re.findall(r'<p class="error" id="error-([^"]*)"[^>]*>([^<]*)</p>', fragment)
    return {name: unescape(text) for name, text in found if text.strip() and name != "form"}


def errors_of(sent) -> dict[str, str]:
    """What the form itself says about each field that is wrong."""
    files = {name: value for name, value in sent.items() if isinstance(value, SimpleUploadedFile)}
    return {
        name: " ".join(map(str, errors))
        for name, errors in NewSimulationForm(sent, files).errors.items()
    }


def test_a_right_form_makes_rows_and_files_and_rings(alice, site, doorbell, form):
    sent = form()
    contents = {part: sent[f"{part}_file"].read() for part in ("train", "validation", "test")}
    for part in contents:
        sent[f"{part}_file"].seek(0)
    answer = alice.post(reverse("new_simulation"), sent)
    assert answer.status_code == 302 and answer.url == reverse("simulation_list")
    simulation = Simulation.objects.select_related("experiment").get()
    assert simulation.owner == alice.user and simulation.experiment.owner == alice.user
    assert (simulation.status, simulation.wanted) == (Status.QUEUED, Wanted.RUNNING)
    assert simulation.model == MODEL
    assert simulation.expected_collections == 11
    assert 0 <= simulation.seed < 2**31
    configuration = Configuration.model_validate(simulation.configuration)
    assert configuration.optimizer.conf == {"beta_1": 0.9} and configuration.epoch_period == 2
    for part, content in contents.items():
        sha256 = hashlib.sha256(content).hexdigest()
        assert getattr(simulation.experiment, f"{part}_dataset_id") == sha256
        assert (site / "datasets" / sha256[:2] / sha256).read_bytes() == content
        assert Dataset.objects.get(sha256=sha256).bytes == len(content)
    assert doorbell.rings == [("POST", "/simulations", {"conf": {"id": str(simulation.id)}})]
    assert doorbell.tokens == {f"Bearer {SERVICE_TOKEN}"}


def test_htmx_is_told_to_go_to_the_list(alice, doorbell, form):
    answer = alice.post(reverse("new_simulation"), form(), headers=HTMX)
    assert answer.headers["HX-Redirect"] == reverse("simulation_list")


def test_the_same_file_is_kept_once_however_often_it_comes(alice, site, doorbell, form):
    same = npz(x=[1, 2, 3])
    files = {f"{part}_file": file(same) for part in ("train", "validation", "test")}
    alice.post(reverse("new_simulation"), form(**files))
    for upload in files.values():
        upload.seek(0)
    alice.post(reverse("new_simulation"), form(**files))
    assert Experiment.objects.count() == 2 and Dataset.objects.count() == 1
    assert len([path for path in (site / "datasets").rglob("*") if path.is_file()]) == 1


def test_a_large_upload_is_streamed_through_the_data_folder(alice, site, doorbell, form):
    large = npz(x=[0]) + bytes(3 * 2**20)
    alice.post(reverse("new_simulation"), form(train_file=file(large)))
    assert Dataset.objects.filter(bytes=len(large)).exists()


def test_what_broken_uploads_left_behind_long_ago_is_removed(alice, site, doorbell, form):
    left = [site / "datasets" / ".incoming-x", settings.NNT.uploads_dir / "x.upload.npz"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.touch()
        os.utime(path, (0, 0))
    alice.post(reverse("new_simulation"), form())
    assert Simulation.objects.exists() and not any(path.exists() for path in left)


def test_a_deployer_that_is_away_loses_nothing(alice, form, caplog):
    answer = alice.post(reverse("new_simulation"), form())
    assert answer.url == reverse("simulation_list")
    assert Simulation.objects.get().wanted == Wanted.RUNNING
    assert "did not hear" in caplog.text


@pytest.mark.parametrize("answer", [401, 404, 500])
def test_a_deployer_that_refuses_loses_nothing(alice, doorbell, form, caplog, answer):
    doorbell.answer = answer
    alice.post(reverse("new_simulation"), form())
    assert Simulation.objects.exists() and "did not hear" in caplog.text


def test_rows_and_folds_make_a_simulation_for_every_combination(alice, doorbell, form):
    sent = form(
        **{"optimizer-2": "sgd", "optimizer_conf-2": '{"momentum": 0.9}'},
        **{"optimizer-17": "lion", "learning_rate-3": "0.5"},  # rows between were taken away
        folds="2",
        fold_tag="folds",
        tags="mine",
    )
    answer = alice.post(reverse("new_simulation"), sent)
    experiment = Experiment.objects.get()
    assert answer.url == f"{reverse('simulation_list')}?experiment={experiment.id}"
    made = Simulation.objects.order_by("id")
    assert len(made) == 12 and {one.seed for one in made} == {made[0].seed}
    assert (made[0].name, made[11].name) == ("digits (O1) (LR1) (1)", "digits (O3) (LR2) (2)")
    optimizers = [simulation.configuration["optimizer"] for simulation in made[::4]]
    assert optimizers == [
        {"name": "adam", "conf": {"beta_1": 0.9}},
        {"name": "sgd", "conf": {"momentum": 0.9}},
        {"name": "lion", "conf": {}},
    ]
    assert [one.configuration["learning_rate"] for one in made[:4]] == [0.01, 0.01, 0.5, 0.5]
    for simulation in made:
        assert sorted(tag.name for tag in simulation.tags.all()) == ["folds", "mine"]
    page = alice.get(answer.url).content.decode()
    assert "Of one experiment, “digits”" in page and page.count('scope="row"') == 12
    page = alice.get(reverse("simulation", args=[made[1].id])).content.decode()
    assert f"?experiment={experiment.id}" in page and "12 simulations" in page
    assert "2 of 2" in page


def test_extra_metrics_are_measured_in_every_simulation(alice, doorbell, form):
    sent = form(
        metric="KLDivergence",
        metric_conf="",
        **{"metric-2": "", "metric_conf-2": "{}"},  # a row left empty is none
        **{"metric-5": "top_k_categorical_accuracy", "metric_conf-5": '{"k": 3, "name": "top_3"}'},
        **{"learning_rate-2": "0.5"},
    )
    assert alice.post(reverse("new_simulation"), sent).status_code == 302
    measured = [one.configuration["extra_metrics"] for one in Simulation.objects.all()]
    assert measured == 2 * [
        [
            {"name": "KLDivergence", "conf": {}},
            {"name": "top_k_categorical_accuracy", "conf": {"k": 3, "name": "top_3"}},
        ]
    ]


@pytest.mark.parametrize("sent", [{}, {"metric": "", "metric_conf": "{}"}, {"metric": "  "}])
def test_without_extra_metrics_there_are_none(alice, doorbell, form, sent):
    alice.post(reverse("new_simulation"), form(**sent))
    assert Simulation.objects.get().configuration["extra_metrics"] == []


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"metric-2": "AUCC"}, "metric-2", "near to it: AUC"),
        ({"metric": "AUC", "loss_function": "mse", "loss_function_conf": ""}, "metric", "suits"),
        ({"metric": "AUC", "metric_conf": '{"curv": "PR"}'}, "metric_conf", "near to it: curve"),
        ({"metric": "AUC", "metric_conf": '{"a": {}}'}, "metric_conf", "a: a number, true,"),
        ({"metric-2": "F1Score"}, "metric_conf-2", "'macro' or 'micro' or 'weighted'"),
        ({"metric": "AUC", "metric_conf": "{"}, "metric_conf", "JSON was expected"),
        ({"metric": "AUC", "metric-2": "auc"}, "metric", "received 2 that are named 'auc'"),
        ({"metric_conf-2": '{"k": 3}'}, "metric-2", "A metric was expected"),
        ({"metric": "x" * 101}, "metric", "100"),
    ],
)
def test_what_is_wrong_with_an_extra_metric_is_said_beside_it(form, sent, field, said):
    errors = errors_of(form(**sent))
    assert errors.keys() == {field} and said in errors[field]


def test_there_are_not_more_extra_metrics_than_a_file_may_have(form):
    rows = {f"metric-{at}": "AUC" for at in range(2, 103)}
    names = {f"metric_conf-{at}": json.dumps({"name": f"m{at}"}) for at in range(2, 103)}
    assert errors_of(form(**rows, **names)) == {
        "metric": "At most 100 extra metrics were expected; received 101."
    }


def test_every_wrong_argument_is_told_at_once(form):
    errors = errors_of(form(optimizer_conf='{"beta1": 0.9, "beta_2": "x"}'))
    assert "near to it: beta_1" in errors["optimizer_conf"]
    assert "received 'x'" in errors["optimizer_conf"]


def test_choices_are_checked_whatever_else_is_wrong(form):
    sent = form(
        total_epochs="x",
        optimizer="adamm",
        optimizer_conf="{",
        metric="AUCC",
        **{"loss_function-2": "mse", "metric-2": "AUC"},
    )
    errors = errors_of(sent)
    assert errors.keys() == {"total_epochs", "optimizer", "optimizer_conf", "metric", "metric-2"}
    assert "near to it: Adam" in errors["optimizer"] and "suits Mean" in errors["metric-2"]


def test_what_is_wrong_in_a_row_is_said_in_that_row(form):
    errors = errors_of(
        form(
            **{"optimizer-2": "sgd", "optimizer_conf-2": '{"learning_rate": 1, "a": [[]]}'},
            **{"loss_function-2": "", "loss_function_conf-2": "{"},
            **{"learning_rate-2": "-1", "learning_rate-3": "fast"},
            folds="-1",
        )
    )
    expected = {
        "optimizer_conf-2": "a list of numbers",
        "loss_function-2": "required",
        "loss_function_conf-2": "JSON was expected",
        "learning_rate-2": "greater than 0; received -1.0",
        "learning_rate-3": "received “fast”",
        "folds": "0",
    }
    assert errors.keys() == expected.keys()
    assert {name: text for name, text in expected.items() if text not in errors[name]} == {}
    assert "must not hold a learning_rate" in errors["optimizer_conf-2"]


def test_too_many_simulations_are_refused_beside_what_makes_them(alice, form):
    sent = form(folds="60", **{"learning_rate-2": "0.5"})
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    assert errors_in(answer.content.decode()) == {
        "folds": "At most 100 simulations in one experiment; received 120: 2 learning rates × 60 folds."
    }
    errors = errors_of(form(name="x" * 197, folds="2"))
    assert errors.keys() == {"name"} and "At most 196 characters" in errors["name"]


def test_without_script_rows_come_back_as_they_were_typed(alice, form):
    rows = {"optimizer-2": "sgd", "learning_rate-9": "7", "metric-3": "AUC"}
    sent = form(name="", **rows, **{"optimizer_conf-2": "{}", "metric_conf-3": '{"curve": "PR"}'})
    page = alice.post(reverse("new_simulation"), sent).content.decode()
    assert '{"curve": "PR"}' in unescape(page)
    for name, value in (rows | {"optimizer": "adam"}).items():
        assert re.search(rf'<input[^>]* name="{name}" value="{value}"', page)
    assert page.count('id="error-optimizer_conf-2"') == 1


def test_every_field_is_required_but_the_arguments():
    assert errors_of({}).keys() == {
        *("name", "model", "optimizer", "loss_function"),
        *("batch_size", "total_epochs", "epoch_period", "learning_rate"),
        *(
            f"{p}_{key}"
            for p in ("train", "validation", "test")
            for key in ("file", "features", "labels")
        ),
    }


def test_arguments_may_be_left_empty(alice, doorbell, form):
    alice.post(reverse("new_simulation"), form(optimizer_conf="", loss_function_conf=None))
    configuration = Simulation.objects.get().configuration
    assert configuration["optimizer"]["conf"] == configuration["loss_function"]["conf"] == {}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [({}, "tensorflow"), ({"backend": ""}, "tensorflow"), ({"backend": "torch"}, "torch")],
)
def test_the_backend_is_tensorflow_unless_another_is_chosen(alice, doorbell, form, sent, kept):
    alice.post(reverse("new_simulation"), form(**sent))
    assert Simulation.objects.get().configuration["backend"] == kept


def test_every_wrong_field_is_named_at_once_with_what_was_expected_and_what_came(alice, form):
    sent = form(
        name="x" * 201,
        model=file('{"class_name": "Sequential"}'),
        train_file=file(""),
        batch_size="0",
        total_epochs="1.5",
        learning_rate="-1",
        optimizer_conf='{"a": {"b": 1}, "learning_rate": 0.1}',
        loss_function_conf="[1]",
        test_labels="",
    )
    answer = alice.post(reverse("new_simulation"), sent, headers=HTMX)
    assert answer.status_code == 422 and not Simulation.objects.exists()
    errors = errors_in(answer.content.decode())
    expected = {
        "name": "200",
        "model": "“class_name”",
        "train_file": "empty",
        "batch_size": "greater than 0; received 0",
        "total_epochs": "whole number was expected; received “1.5”",
        "learning_rate": "greater than 0; received -1.0",
        "optimizer_conf": "a: a number, true, false, null, a string or a list of numbers; received",
        "loss_function_conf": "received a list",
        "test_labels": "required",
    }
    assert errors.keys() == expected.keys()
    assert {name: text for name, text in expected.items() if text not in errors[name]} == {}
    assert "must not hold a learning_rate" in errors["optimizer_conf"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("optimizer", "adem", "near to it: Adam"),
        ("optimizer_conf", '{"beta1": 0.9}', "an argument of Adam (near to it: beta_1"),
        ("loss_function", "entropy", "a loss function of Keras"),
        ("loss_function_conf", '{"from_logits": 1}', "received 1"),
        ("total_epochs", "1000001", "1000000"),
        ("total_epochs", "9" * 5000, "whole number"),
        ("epoch_period", "0", "greater than 0"),
        ("batch_size", "many", "received “many”"),
        ("learning_rate", "0", "greater than 0"),
        ("learning_rate", "1e-400", "greater than 0"),
        ("learning_rate", "nan", "number"),
        ("learning_rate", "1e999", "number"),
        ("optimizer", "x" * 101, "100"),
        ("optimizer", "a\0b", "Null characters"),
        ("optimizer_conf", '{"learning_rate": 0.1}', "must not hold a learning_rate"),
        ("optimizer_conf", '{"a": [1, "x"]}', "a list of numbers"),
        ("optimizer_conf", '{"a": 1, "a": 2}', "“a” stands twice"),
        ("optimizer_conf", '{"a": NaN}', "NaN"),
        ("loss_function_conf", '{"a": "\\u0000"}', "NUL"),
        ("loss_function_conf", "{'from_logits': true}", "line 1, column 2"),
        ("train_features", "x" * 201, "200"),
        ("backend", "jax", "tensorflow or torch was expected; received “jax”"),
    ],
)
def test_a_wrong_value_is_explained_beside_its_field(form, field, value, said):
    errors = errors_of(form(**{field: value}))
    assert errors.keys() == {field} and said in errors[field]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "empty"),
        ("hello", "JSON was expected"),
        (b"\xff\xfe\x00", "not text"),
        ("[]", "received a list"),
        (json.dumps(json.dumps(MODEL)), "received a text"),
        ('{"class_name": "Sequential"}', "received an object with “class_name”."),
        ('{"class_name": "Sequential", "config": []}', "config: expected at least one layer"),
        ('{"class_name": "Sequential", "config": 5}', "an object under “config”, received 5"),
        ('{"class_name": 5, "config": {}}', "texts as “class_name”"),
        (b"PK\x03\x04\x14\x00", "a zip archive, which a .keras file is"),
        (b"\x89HDF\r\n\x1a\n\x00", "an HDF5 file, such as .h5"),
        ('{"class_name": "Sequential", "config": {"a": Infinity}}', "Infinity"),
        ('{"class_name": "Sequential", "config": {"a": 1e999}}', "too large"),
        ('{"class_name": "A", "class_name": "B", "config": {}}', "stands twice"),
        ('{"class_name": "A", "config": {"\\u0000": 1}}', "NUL"),
        ('{"class_name": "A", "config": {"a": "\\ud800"}}', "half a character"),
        ('{"class_name": "A", "config": ' + '{"a":' * 300 + "1" + "}" * 301, "deeper"),
        ("[" * 100_000, "deeper"),
        ('{"class_name": "A", "config": {"a": ' + "1" * 5000 + "}}", "digits"),
    ],
)
def test_a_model_that_cannot_be_one_is_refused_with_its_reason(form, content, said):
    errors = errors_of(form(model=file(content)))
    assert errors.keys() == {"model"} and said in errors["model"]


def test_a_model_that_lists_its_layers_is_kept_as_its_owner_wrote_it(alice, doorbell, form):
    """As Keras 2 wrote it before 2.2.3."""
    layers = [{"class_name": "Dense", "config": {"name": "only", "units": 1}}]
    old = {"class_name": "Sequential", "config": layers, "backend": "theano"}
    alice.post(reverse("new_simulation"), form(model=file(json.dumps(old))))
    assert Simulation.objects.get().model == old


def test_a_model_that_is_too_large_is_refused(form):
    content = json.dumps(MODEL | {"padding": "x" * 17_000_000})
    assert "At most 16 MB" in errors_of(form(model=file(content)))["model"]


def test_without_script_the_page_comes_back_with_every_error_and_what_was_typed(alice, form):
    answer = alice.post(reverse("new_simulation"), form(batch_size="0", name="kept"))
    page = answer.content.decode()
    assert answer.status_code == 422 and "<!doctype html>" in page
    assert errors_in(page).keys() == {"batch_size"} and 'value="kept"' in page


def test_the_answer_to_htmx_replaces_error_messages_and_nothing_else(alice, form):
    answer = alice.post(reverse("new_simulation"), form(batch_size="0"), headers=HTMX)
    fragment = answer.content.decode()
    assert "<input" not in fragment
    assert fragment.count("hx-swap-oob") == fragment.count("<p ") == fragment.count("error-")


def test_the_page_names_a_place_for_the_errors_of_every_field(alice):
    page = alice.get(reverse("new_simulation")).content.decode()
    for name in re.findall(r'<(?:input|textarea|select)[^>]* name="(\w+)"', page):
        if name != "csrfmiddlewaretoken":
            assert f'id="error-{name}"' in page and f"error-{name}" in page
    assert "from_logits" in page
