"""What is true of Keras' optimizers, loss functions and metrics, and neither their names nor their signatures tell."""

from typing import NamedTuple

from nnt_contract.catalogue import Argument, Kind, Labels, Predictions, Task, Type


class Loss(NamedTuple):
    task: Task
    labels: Labels
    predictions: Predictions


class Measure(NamedTuple):
    labels: Labels
    predictions: Predictions
    tasks: tuple[Task, ...]
    several_outputs: bool = False


_CLASSES: tuple[Task, ...] = ("binary", "classification", "distributions", "masks")
_ANY: tuple[Task, ...] = (*_CLASSES, "regression")

_OF_NUMBERS = Loss("regression", "like the output", "values")
_OF_PROBABILITIES = Loss("binary", "like the output", "probabilities")
_OF_SIDES = Loss("binary", "like the output", "scores")
_OF_ONE_HOT = Loss("classification", "one per class", "probabilities")
_OF_CLASS_NUMBERS = Loss("classification", "class numbers", "probabilities")
_OF_AREAS = Loss("masks", "like the output", "probabilities")

LOSSES = {
    "BinaryCrossentropy": _OF_PROBABILITIES,
    "BinaryFocalCrossentropy": _OF_PROBABILITIES,
    "CTC": Loss("sequences", "class numbers", "scores"),
    "CategoricalCrossentropy": _OF_ONE_HOT,
    "CategoricalFocalCrossentropy": _OF_ONE_HOT,
    "CategoricalGeneralizedCrossEntropy": _OF_CLASS_NUMBERS,
    "CategoricalHinge": Loss("classification", "one per class", "scores"),
    "Circle": Loss("embeddings", "class numbers", "values"),
    "CosineSimilarity": _OF_NUMBERS,
    "Dice": _OF_AREAS,
    "Hinge": _OF_SIDES,
    "Huber": _OF_NUMBERS,
    "KLDivergence": Loss("distributions", "one per class", "probabilities"),
    "LogCosh": _OF_NUMBERS,
    "MeanAbsoluteError": _OF_NUMBERS,
    "MeanAbsolutePercentageError": _OF_NUMBERS,
    "MeanSquaredError": _OF_NUMBERS,
    "MeanSquaredLogarithmicError": _OF_NUMBERS,
    "Poisson": _OF_NUMBERS,
    "SparseCategoricalCrossentropy": _OF_CLASS_NUMBERS,
    "SquaredHinge": _OF_SIDES,
    "Tversky": _OF_AREAS,
}

_DISTANCE = Measure("like the output", "values", _ANY)
_DISTANCE_OF_ROWS = _DISTANCE._replace(several_outputs=True)
_DISTANCE_OF_PROBABILITIES = _DISTANCE._replace(predictions="probabilities")
_CONFUSION = Measure("like the output", "decisions", _CLASSES)
_LIKELIHOOD = Measure("like the output", "probabilities", _CLASSES)
_MARGIN = Measure("like the output", "scores", _CLASSES)
_OF_MANY = Measure("one per class", "decisions", _CLASSES, several_outputs=True)
_OF_MANY_BY_NUMBER = _OF_MANY._replace(labels="class numbers")
_LIKELIHOOD_OF_MANY = _OF_MANY._replace(predictions="probabilities")
_OVERLAP = Measure("class numbers", "class numbers", _CLASSES)
_ONE_HOT_OVERLAP = Measure("one per class", "class numbers", _CLASSES, several_outputs=True)

METRICS = {
    "AUC": _CONFUSION,
    "Accuracy": _CONFUSION,
    "BinaryAccuracy": _CONFUSION,
    "BinaryCrossentropy": _LIKELIHOOD,
    "BinaryIoU": _CONFUSION,
    "CategoricalAccuracy": _OF_MANY,
    "CategoricalCrossentropy": _LIKELIHOOD_OF_MANY,
    "CategoricalHinge": _MARGIN._replace(several_outputs=True),
    "ConcordanceCorrelation": _DISTANCE_OF_ROWS,
    "CosineSimilarity": _DISTANCE_OF_ROWS,
    "F1Score": _CONFUSION,
    "FBetaScore": _CONFUSION,
    "FalseNegatives": _CONFUSION,
    "FalsePositives": _CONFUSION,
    "Hinge": _MARGIN,
    "IoU": _OVERLAP,
    "KLDivergence": _DISTANCE_OF_PROBABILITIES,
    "LogCoshError": _DISTANCE,
    "MeanAbsoluteError": _DISTANCE,
    "MeanAbsolutePercentageError": _DISTANCE,
    "MeanIoU": _OVERLAP,
    "MeanSquaredError": _DISTANCE,
    "MeanSquaredLogarithmicError": _DISTANCE,
    "OneHotIoU": _ONE_HOT_OVERLAP,
    "OneHotMeanIoU": _ONE_HOT_OVERLAP,
    "PearsonCorrelation": _DISTANCE_OF_ROWS,
    "Poisson": _DISTANCE_OF_PROBABILITIES,
    "Precision": _CONFUSION,
    "PrecisionAtRecall": _CONFUSION,
    "R2Score": _DISTANCE,
    "Recall": _CONFUSION,
    "RecallAtPrecision": _CONFUSION,
    "RootMeanSquaredError": _DISTANCE,
    "SensitivityAtSpecificity": _CONFUSION,
    "SparseCategoricalAccuracy": _OF_MANY_BY_NUMBER,
    "SparseCategoricalCrossentropy": _LIKELIHOOD_OF_MANY._replace(labels="class numbers"),
    "SparseTopKCategoricalAccuracy": _OF_MANY_BY_NUMBER,
    "SpecificityAtSensitivity": _CONFUSION,
    "SquaredHinge": _MARGIN,
    "TopKCategoricalAccuracy": _OF_MANY,
    "TrueNegatives": _CONFUSION,
    "TruePositives": _CONFUSION,
    "binary_focal_crossentropy": _LIKELIHOOD,
    "categorical_focal_crossentropy": _LIKELIHOOD_OF_MANY,
    "crossentropy": _LIKELIHOOD,
    "huber": _DISTANCE,
}

# Texts for which Keras looks at labels and outputs to choose a metric; so does it here for Accuracy, which in Keras
# counts outputs that are equal to their label to the last bit.
STANDS_FOR: dict[str, dict[Labels, str]] = {
    "Accuracy": {
        "class numbers": "SparseCategoricalAccuracy",
        "one per class": "CategoricalAccuracy",
        "like the output": "BinaryAccuracy",
    },
    "crossentropy": {
        "class numbers": "SparseCategoricalCrossentropy",
        "one per class": "CategoricalCrossentropy",
        "like the output": "BinaryCrossentropy",
    },
}

# What a configuration file cannot describe.
REFUSED: dict[Kind, set[str]] = {
    "optimizer": {"LossScaleOptimizer", "MultiOptimizer", "OptimizerMap"},  # they wrap other ones
    "loss function": set(),
    "metric": {
        "Mean",  # of values, not of labels and outputs
        "MeanMetricWrapper",  # takes a function
        "Sum",  # like Mean
    },
}

# Beyond those that Keras 3 has: of Keras 2, and texts that both knew.
ALSO: dict[Kind, dict[str, str]] = {
    "optimizer": {},
    "loss function": {
        "cosine": "CosineSimilarity",
        "cosine_proximity": "CosineSimilarity",
        "huber_loss": "Huber",
        "kullback_leibler_divergence": "KLDivergence",
    },
    "metric": {
        "acc": "Accuracy",
        "ce": "crossentropy",
        "cosine": "CosineSimilarity",
        "cosine_proximity": "CosineSimilarity",
        "huber_loss": "huber",
        "kld": "KLDivergence",
        "kullback_leibler_divergence": "KLDivergence",
        "log_cosh": "LogCoshError",
    },
}

NOT_ARGUMENTS = {
    "exclude_layers",  # a list of texts, which a configuration file cannot hold
    "learning_rate",  # an entry of its own
}

_ONE_VALUE = "otherwise there is one value for each class, and a metric has one"


def _of(*types: Type) -> Argument:
    return Argument(types=types)


def _one_of(*texts: str, required: bool = False, why: str = "") -> Argument:
    return Argument(types=("text",), choices=texts, required=required, why=why)


# Arguments whose default does not tell what they take; "of" a class where it is another one there.
ARGUMENTS = {
    "adam_lr_ratio": _of("number"),
    "alpha of CategoricalFocalCrossentropy": _of("number", "numbers"),
    "alpha of categorical_focal_crossentropy": _of("number", "numbers"),
    "average": _one_of("macro", "micro", "weighted", required=True, why=_ONE_VALUE),
    "axis of Dice": _of("integer", "integers"),
    "axis of Tversky": _of("integer", "integers"),
    "class_aggregation": _one_of("uniform_average", "variance_weighted_average", why=_ONE_VALUE),
    "class_id": _of("integer"),
    "clipnorm": _of("number"),
    "clipvalue": _of("number"),
    "curve": _one_of("PR", "PRGAIN", "ROC"),
    "dtype": _one_of("bfloat16", "float16", "float32", "float64"),
    "ema_overwrite_frequency": _of("integer"),
    "global_clipnorm": _of("number"),
    "gradient_accumulation_steps": _of("integer"),
    "ignore_class": _of("integer"),
    "label_smoothing": _of("number"),
    "label_weights": _of("numbers"),
    "loss_scale_factor": _of("number"),
    "name": _of("text"),
    "num_classes": _of("integer"),
    "num_labels": _of("integer"),
    "precision": _of("number"),
    "recall": _of("number"),
    "reduction": Argument(
        types=("text",),
        choices=("mean", "mean_with_sample_weight", "none", "sum", "sum_over_batch_size"),
        nullable=True,
    ),
    "sensitivity": _of("number"),
    "specificity": _of("number"),
    "summation_method": _one_of("interpolation", "majoring", "minoring"),
    "target_class_ids": _of("integers"),
    "threshold": _of("number"),
    "thresholds": Argument(types=("number",), why="several would give as many values"),
    "thresholds of AUC": _of("numbers"),
    "top_k": _of("integer"),
    "weight_decay": _of("number"),
}
