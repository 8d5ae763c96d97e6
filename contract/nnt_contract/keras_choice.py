"""What is wrong with the optimizer, the loss function and the metrics of a configuration, told without Keras."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nnt_contract import catalogue
from nnt_contract.catalogue import Entry, Kind, LossFunction, Metric, Task, plain
from nnt_contract.errors import FieldError
from nnt_contract.simulation_config import Configuration, KerasChoice

_ACCURACY = KerasChoice(name="accuracy")
_MAX_TEXT = 80
_IS_FOR: dict[Task, str] = {
    "binary": "yes or no at each output",
    "classification": "one class of many",
    "distributions": "probabilities",
    "embeddings": "classes that no output stands for",
    "masks": "areas",
    "regression": "regression, whose labels are numbers",
    "sequences": "labels that no output stands for",
}


def problems(configuration: Configuration) -> list[FieldError]:
    """Everything that is wrong with what was chosen; fields are paths in the configuration."""
    loss, metrics = configuration.loss_function, configuration.extra_metrics
    found = [
        *_at("optimizer", complaints("optimizer", configuration.optimizer)),
        *_at("loss_function", complaints("loss function", loss)),
    ]
    for position, metric in enumerate(metrics):
        found += _at(f"extra_metrics.{position}", complaints("metric", metric))
    for sound in filter(None, without_complaints("loss function", [loss])):
        found += combined(sound, without_complaints("metric", metrics))
    return found


def without_complaints(
    kind: Kind, choices: Sequence[KerasChoice | None]
) -> list[KerasChoice | None]:
    """The same, None where one has any."""
    return [None if choice and complaints(kind, choice) else choice for choice in choices]


def combined(loss: KerasChoice, metrics: Sequence[KerasChoice | None]) -> list[FieldError]:
    """What is wrong with metrics beside this loss, all without complaints; None is passed over.

    Fields are "extra_metrics.<position>.name", and "extra_metrics" where several are collected under one name.
    """
    unsuitable = [
        found
        for position, metric in enumerate(metrics)
        for found in _at(f"extra_metrics.{position}", misfits(loss, metric) if metric else [])
    ]
    return [*unsuitable, *_repeated(loss, [metric for metric in metrics if metric])]


def complaints(kind: Kind, choice: KerasChoice) -> list[FieldError]:
    """Everything that is wrong with its name or its arguments; fields are "name" and "conf.<argument>"."""
    entries: dict[Kind, tuple[Entry, ...]] = {
        "optimizer": catalogue.installed().optimizers,
        "loss function": catalogue.installed().loss_functions,
        "metric": catalogue.installed().metrics,
    }
    try:
        entry = catalogue.named(choice.name, entries[kind])
    except KeyError:
        return [_unknown_name(kind, choice.name, entries[kind])]
    return [*_wrong_arguments(entry, choice), *_missing_arguments(entry, choice)]


def misfits(loss: KerasChoice, metric: KerasChoice) -> list[FieldError]:
    """Why a metric means nothing with a loss function, its field being "name"; both without complaints."""
    trained, wanted = catalogue.loss_function(loss.name), catalogue.metric(metric.name)
    if _suits(trained, wanted):
        return []
    suited = [one.name for one in catalogue.installed().metrics if _suits(trained, one)]
    listed = f"one of {', '.join(suited)}" if suited else "there is none"
    expected = f"a metric that suits {trained.name}, which is for {_IS_FOR[trained.task]}: {listed}"
    received = f"{wanted.name}, which {_needs(trained, wanted)}"
    return [FieldError(field="name", expected=expected, received=received)]


def collected(loss: KerasChoice, metrics: Sequence[KerasChoice]) -> list[KerasChoice]:
    """These metrics and accuracy where it means something, once unless it was asked for under another name."""
    if not catalogue.loss_function(loss.name).is_for_classes:
        return list(metrics)
    accuracy = catalogue.metric(_ACCURACY.name)
    others = [
        one for one in metrics if catalogue.metric(one.name) is not accuracy or "name" in one.conf
    ]
    return [_ACCURACY, *others]


def collected_as(metric: KerasChoice) -> str:
    name = metric.conf.get("name", catalogue.metric(metric.name).arguments["name"].default)
    return str(name)


def _at(path: str, found: Iterable[FieldError]) -> Iterator[FieldError]:
    for one in found:
        yield one.model_copy(update={"field": f"{path}.{one.field}"})


def _repeated(loss: KerasChoice, metrics: Sequence[KerasChoice]) -> Iterator[FieldError]:
    names = ["loss", *map(collected_as, collected(loss, metrics))]
    of_validation = {f"val_{name}" for name in names}
    for name in dict.fromkeys(names):
        times = names.count(name) + (name in of_validation)
        if times > 1:
            expected = "metrics of different names, which their conf can give them"
            received = f"{times} that are named {_shown(name)}"
            yield FieldError(field="extra_metrics", expected=expected, received=received)


def _suits(trained: LossFunction, wanted: Metric) -> bool:
    asks_too_much = (trained.predictions, wanted.predictions) == ("scores", "probabilities")
    return trained.task in wanted.tasks and not asks_too_much


def _needs(trained: LossFunction, wanted: Metric) -> str:
    if trained.task in wanted.tasks:
        return "needs outputs that are probabilities, not scores"
    needed = "its label" if "regression" in wanted.tasks else "a class"
    return f"compares each output with {needed}"


def _unknown_name(kind: Kind, name: str, entries: Iterable[Entry]) -> FieldError:
    known = {plain(text): entry.name for entry in entries for text in (entry.name, *entry.also)}
    listed = f"there are {', '.join(dict.fromkeys(known.values()))}"
    article = "an" if kind == "optimizer" else "a"
    version = catalogue.installed().keras
    expected = f"{article} {kind} of Keras {version} ({_near(name, known) or listed})"
    return FieldError(field="name", expected=expected, received=_shown(name))


def _wrong_arguments(entry: Entry, choice: KerasChoice) -> Iterator[FieldError]:
    for name, value in choice.conf.items():
        argument = entry.arguments.get(name)
        if argument is None or not argument.accepts(value):
            expected = argument.in_words() if argument else _unknown_argument(entry, name)
            field = f"conf.{name[:_MAX_TEXT]}"
            yield FieldError(field=field, expected=expected, received=_shown(value))


def _unknown_argument(entry: Entry, name: str) -> str:
    near = _near(name, {plain(known): known for known in entry.arguments})
    listed = f"there are {', '.join(entry.arguments)}"
    return f"an argument of {entry.name} ({'; '.join(filter(None, (near, listed)))})"


def _missing_arguments(entry: Entry, choice: KerasChoice) -> Iterator[FieldError]:
    for name, argument in entry.arguments.items():
        if argument.required and name not in choice.conf:
            expected = argument.in_words()
            yield FieldError(field=f"conf.{name}", expected=expected, received="nothing")


def _near(name: str, known: Mapping[str, str]) -> str:
    """`known` are the names there are, by how they are compared."""
    found = difflib.get_close_matches(plain(name)[:_MAX_TEXT], known, n=3, cutoff=0.5)
    near = ", ".join(dict.fromkeys(known[one] for one in found))
    return f"near to it: {near}" if near else ""


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
