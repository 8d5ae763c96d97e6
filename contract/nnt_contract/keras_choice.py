"""What is wrong with the optimizer, the loss function and the metrics of a configuration, told without Keras."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from nnt_contract import catalogue
from nnt_contract.catalogue import Entry, Kind, LossFunction, Metric, Task, plain
from nnt_contract.errors import FieldError
from nnt_contract.simulation_config import Configuration, KerasChoice

Choices = Sequence[KerasChoice | None]  # None: it is wrong in another way, which is told elsewhere

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
    found = problems_of_all(
        [configuration.optimizer], [configuration.loss_function], configuration.extra_metrics
    )
    for several, one in (("optimizers.0.", "optimizer."), ("loss_functions.0.", "loss_function.")):
        found = [_renamed(problem, problem.field.replace(several, one, 1)) for problem in found]
    return found


def problems_of_all(optimizers: Choices, losses: Choices, metrics: Choices) -> list[FieldError]:
    """Everything wrong with any of them, and with metrics beside any loss function, once; None is passed over.

    Fields are "optimizers.0.name", "loss_functions.1.conf.delta", "extra_metrics.0.name", and "extra_metrics" where
    two are collected under one name.
    """
    of_optimizers = [_complaints("optimizer", one) for one in optimizers]
    of_losses = [_complaints("loss function", one) for one in losses]
    of_metrics = [_complaints("metric", one) for one in metrics]
    found = [
        *_of_each("optimizers", of_optimizers),
        *_of_each("loss_functions", of_losses),
        *_of_each("extra_metrics", of_metrics),
    ]
    suitable = _sound(metrics, of_metrics)
    for loss in filter(None, _sound(losses, of_losses)):
        unsuitable = [misfits(loss, metric) if metric else [] for metric in suitable]
        found += _of_each("extra_metrics", unsuitable)
        found += _repeated(loss, [metric for metric in suitable if metric])
    return list(dict.fromkeys(found))


def _complaints(kind: Kind, choice: KerasChoice | None) -> list[FieldError]:
    return complaints(kind, choice) if choice else []


def _sound(choices: Choices, wrong: Sequence[list[FieldError]]) -> list[KerasChoice | None]:
    return [None if found else one for one, found in zip(choices, wrong, strict=True)]


def _of_each(key: str, wrong: Iterable[list[FieldError]]) -> Iterator[FieldError]:
    for position, found in enumerate(wrong):
        for one in found:
            yield _renamed(one, f"{key}.{position}.{one.field}")


def _renamed(problem: FieldError, field: str) -> FieldError:
    return problem.model_copy(update={"field": field})


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
