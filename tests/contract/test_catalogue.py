"""What Keras offers, found without Keras."""

import pytest

from nnt_contract import catalogue
from nnt_contract.catalogue import Argument


@pytest.mark.parametrize(
    ("find", "spelling", "name"),
    [
        (catalogue.optimizer, "rmsprop", "RMSprop"),
        (catalogue.optimizer, "RMSProp", "RMSprop"),
        (catalogue.optimizer, "adam_w", "AdamW"),
        (catalogue.loss_function, "mse", "MeanSquaredError"),
        (catalogue.loss_function, "MSE", "MeanSquaredError"),
        (catalogue.loss_function, "kld", "KLDivergence"),
        (catalogue.loss_function, "kl_divergence", "KLDivergence"),
        (catalogue.loss_function, "kullback_leibler_divergence", "KLDivergence"),
        (
            catalogue.loss_function,
            "sparse_categorical_crossentropy",
            "SparseCategoricalCrossentropy",
        ),
        (catalogue.loss_function, "logcosh", "LogCosh"),
        (catalogue.loss_function, "cosine_proximity", "CosineSimilarity"),
        (catalogue.metric, "acc", "Accuracy"),
        (catalogue.metric, "ce", "crossentropy"),
        (catalogue.metric, "LogCoshError", "LogCoshError"),
        (catalogue.metric, "logcosh", "LogCoshError"),
        (catalogue.metric, "mean_io_u", "MeanIoU"),
        (catalogue.metric, "fbeta_score", "FBetaScore"),
    ],
)
def test_one_is_found_in_any_spelling_of_its_names(find, spelling, name):
    assert find(spelling).name == name


@pytest.mark.parametrize("name", ["LossScaleOptimizer", "Mean", "MeanMetricWrapper", ""])
def test_what_a_file_cannot_describe_is_not_there(name):
    for find in (catalogue.optimizer, catalogue.loss_function, catalogue.metric):
        with pytest.raises(KeyError):
            find(name)


def test_no_spelling_stands_for_two_of_a_kind():
    keras = catalogue.installed()
    for entries in (keras.optimizers, keras.loss_functions, keras.metrics):
        spellings = [catalogue.plain(name) for one in entries for name in (one.name, *one.also)]
        assert len(spellings) == len(set(spellings))


@pytest.mark.parametrize(
    ("types", "accepted", "refused"),
    [
        (("boolean",), [True, False], [1, "true", None]),
        (("integer",), [0, -3], [1.0, True, "1", None, [1]]),
        (("number",), [0, 1e-7], [True, "1", None, float("nan"), float("inf")]),
        (("numbers",), [[], [1, 0.5]], [0.5, [True], ["a"]]),
        (("integers",), [[1, 2]], [1, [0.5]]),
        (("number", "numbers"), [0.5, [0.5]], ["0.5"]),
        (("text",), ["", "auc"], [1, None]),
    ],
)
def test_an_argument_takes_values_of_its_types_only(types, accepted, refused):
    argument = Argument(types=types)
    assert [argument.accepts(value) for value in accepted] == [True] * len(accepted)
    assert [argument.accepts(value) for value in refused] == [False] * len(refused)


def test_an_argument_that_may_be_null_or_is_one_of_a_few_says_so():
    argument = Argument(types=("text",), choices=("PR", "ROC"), nullable=True, default="ROC")
    assert argument.accepts(None) and argument.accepts("PR") and not argument.accepts("roc")
    assert argument.in_words() == "'PR' or 'ROC' or null (say 'ROC')"
