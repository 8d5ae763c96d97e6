"""Uploaded models that mean harm: refused with a word for what is wrong, and never run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnt_simulation.errors import ModelError
from tests.hostile.payloads import code, dumped, function, honest_model, keras_2, keras_3

Layers = Callable[[Path], list[dict[str, Any]]]


def dense(**config: Any) -> dict[str, Any]:
    return keras_3("Dense", name="out", units=3, **config)


def lambda_of_keras_3(canary: Path) -> dict[str, Any]:
    value = {"code": code(canary), "defaults": None, "closure": None}
    return {"class_name": "__lambda__", "config": {"value": value}}


# What stands after the first layer, and the words that name it in the answer.
LAYERS: dict[str, tuple[Layers, tuple[str, ...]]] = {
    "a Lambda of Keras 3": (
        lambda canary: [keras_3("Lambda", name="l", function=lambda_of_keras_3(canary))],
        ("layers[2]", "Lambda", "Python code"),
    ),
    "a Lambda of Keras 2": (
        lambda canary: [keras_2("Lambda", name="l", function=[code(canary), None, None])],
        ("layers[2]", "Lambda", "Python code"),
    ),
    "a Lambda in a TimeDistributed": (
        lambda canary: [
            keras_3("TimeDistributed", layer=keras_2("Lambda", function=[code(canary), None, None]))
        ],
        ("layers[2].config.layer", "Lambda"),
    ),
    "a Lambda in a model in a model": (
        lambda canary: [
            honest_model(keras_3("Lambda", function=lambda_of_keras_3(canary))),
        ],
        ("layers[2].config.layers[2]", "Lambda"),
    ),
    "a Lambda in a model that is a list of layers": (
        lambda canary: [
            {
                "class_name": "Sequential",
                "config": [keras_2("Lambda", name="l", function=[code(canary), None, None])],
            },
        ],
        ("layers[2].config[0]", "Lambda", "Python code"),
    ),
    "a function of TensorFlow that reads files": (
        lambda canary: [keras_2("TFOpLambda", name="l", function="io.read_file")],
        ("layers[2].config.function", "io.read_file"),
    ),
    "a lambda as an activation": (
        lambda canary: [dense(activation=lambda_of_keras_3(canary))],
        ("Dense 'out'", "activation", "__lambda__"),
    ),
    "a TFSMLayer": (
        lambda canary: [keras_3("TFSMLayer", filepath=str(canary))],
        ("TFSMLayer", "loads a program"),
    ),
    "a JaxLayer": (lambda canary: [keras_3("JaxLayer", call_fn="eval")], ("JaxLayer", "code")),
    "a FlaxLayer": (lambda canary: [keras_3("FlaxLayer", module="os")], ("FlaxLayer", "code")),
    "a TorchModuleWrapper": (
        lambda canary: [keras_3("TorchModuleWrapper", module=code(canary))],
        ("TorchModuleWrapper", "code"),
    ),
    "a StringLookup that reads a file": (
        lambda canary: [keras_3("StringLookup", vocabulary="/etc/passwd")],
        ("StringLookup", "read files"),
    ),
    "a TextVectorization of Keras 2 that reads a file": (
        lambda canary: [keras_2("TextVectorization", vocabulary="/etc/passwd")],
        ("TextVectorization", "read files"),
    ),
    "os.system as a layer": (
        lambda canary: [keras_3("system", "os", command=f"mkdir {canary}")],
        ("layers[2]", "'system' of the module 'os'"),
    ),
    "subprocess.Popen as a layer": (
        lambda canary: [keras_3("Popen", "subprocess", args=["mkdir", str(canary)])],
        ("'Popen' of the module 'subprocess'",),
    ),
    "builtins.eval as a layer": (
        lambda canary: [keras_3("eval", "builtins", source=f"open({str(canary)!r}, 'w')")],
        ("'eval' of the module 'builtins'",),
    ),
    "a Dense of a foreign module": (
        lambda canary: [keras_3("Dense", "evil.layers", units=3)],
        ("'Dense' of the module 'evil.layers'",),
    ),
    "a module that only begins like Keras": (
        lambda canary: [keras_3("Dense", "keras_hub.layers", units=3)],
        ("keras_hub.layers",),
    ),
    "a class of Keras that is none of a model": (
        lambda canary: [keras_3("TensorBoard", "keras.callbacks", log_dir=str(canary))],
        ("'TensorBoard' of the module 'keras.callbacks'",),
    ),
    "a function of Keras that loads": (
        lambda canary: [keras_3("load_model", "keras.saving", filepath=str(canary))],
        ("'load_model'",),
    ),
    "a function of Keras that fetches": (
        lambda canary: [function("get_file", "keras.utils")],
        ("'get_file' of the module 'keras.utils'",),
    ),
    "an internal module of Keras": (
        lambda canary: [keras_3("VectorizedMap", "keras.src.ops.core", function="eval")],
        ("'VectorizedMap'",),
    ),
    "a registered name": (
        lambda canary: [dense() | {"registered_name": "evil>Dense"}],
        ("layers[2]", "registered as 'evil>Dense'"),
    ),
    "a class that only its author has": (
        lambda canary: [keras_3("Mine", "mine") | {"registered_name": "mine>Mine"}],
        ("registered as 'mine>Mine'",),
    ),
    "a text as an activation": (
        lambda canary: [dense(activation="os.system")],
        ("Dense 'out'", "activation", "'os.system'"),
    ),
    "a function of os as an activation": (
        lambda canary: [dense(activation=function("system", "os"))],
        ("activation", "'system' of the module 'os'"),
    ),
    "a function of builtins as an activation": (
        lambda canary: [dense(activation=function("exec", "builtins"))],
        ("activation", "'exec' of the module 'builtins'"),
    ),
    "an own name, from a foreign module, as an activation": (
        lambda canary: [dense(activation=function("relu", "evil"))],
        ("'relu' of the module 'evil'",),
    ),
    "a text as the activation of a cell": (
        lambda canary: [
            keras_3("RNN", cell=keras_2("LSTMCell", name="c", units=2, recurrent_activation="eval"))
        ],
        ("recurrent_activation", "LSTMCell 'c'", "'eval'"),
    ),
    "a text as an initializer": (
        lambda canary: [dense(kernel_initializer="os.system")],
        ("kernel_initializer", "'os.system'"),
    ),
    "a function of numpy as an initializer": (
        lambda canary: [dense(bias_initializer=keras_3("load", "numpy", file=str(canary)))],
        ("bias_initializer", "'load' of the module 'numpy'"),
    ),
    "a layer as an initializer": (
        lambda canary: [dense(bias_initializer=dense())],
        ("bias_initializer", "an initializer", "'Dense'"),
    ),
    "a function as a regularizer": (
        lambda canary: [dense(kernel_regularizer=function("rmtree", "shutil"))],
        ("kernel_regularizer", "'rmtree'"),
    ),
    "a text as a constraint": (
        lambda canary: [dense(kernel_constraint="shutil.rmtree")],
        ("kernel_constraint", "'shutil.rmtree'"),
    ),
    "a data type of a gigabyte": (
        lambda canary: [dense(dtype="S1000000000")],
        ("dtype", "'S1000000000'"),
    ),
    "a function in the arguments of a call": (
        lambda canary: [
            dense() | {"inbound_nodes": [{"args": [], "kwargs": {"a": function("popen", "os")}}]}
        ],
        ("inbound_nodes[0].kwargs.a", "'popen'"),
    ),
    "a type of TensorFlow": (
        lambda canary: [
            dense()
            | {
                "build_config": {
                    "class_name": "__typespec__",
                    "spec_name": "Popen",
                    "module": "subprocess",
                    "config": ["true"],
                    "registered_name": None,
                }
            }
        ],
        ("build_config", "__typespec__"),
    ),
    "a module without a class": (
        lambda canary: [dense(note={"module": "os", "config": "system"})],
        ("config.note", "class_name"),
    ),
    "a class that is a list": (
        lambda canary: [dense() | {"class_name": ["Dense"]}],
        ("layers[2]", "class_name"),
    ),
    "a name of a million letters": (
        lambda canary: [dense() | {"config": {"name": "x" * 10**6, "units": 3}}],
        ("layers[2].config.name", "at most 200 characters"),
    ),
    "10,000 layers": (lambda canary: [dense()] * 10_000, ("at most 3000 layers",)),
    "10,000 layers in wrappers and models": (
        lambda canary: [keras_3("TimeDistributed", layer=honest_model(*[dense()] * 98))] * 100,
        ("at most 3000 layers",),
    ),
}
COMPILED = {
    "a function of os as the loss": ({"loss": function("system", "os")}, "compile_config.loss"),
    "a text as the loss": ({"loss": {"out": "os.system"}}, "compile_config.loss.out"),
    "a text as a metric": ({"metrics": [["os.system"]]}, "compile_config.metrics[0][0]"),
    "a foreign optimizer": (
        {"optimizer": keras_3("system", "os", command="true")},
        "compile_config.optimizer",
    ),
    "a foreign schedule": (
        {
            "optimizer": keras_3(
                "Adam", "keras.optimizers", learning_rate=keras_3("system", "posix")
            )
        },
        "compile_config.optimizer.config.learning_rate",
    ),
}
RAW: dict[str, tuple[Callable[[], bytes], str]] = {
    "100,000 levels": (lambda: b"[" * 100_000 + b"]" * 100_000, "deeper than"),
    "100,000 levels within a model": (
        lambda: (
            b'{"class_name": "Sequential", "config": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
        ),
        "deeper than",
    ),
    "150 levels within a model": (
        lambda: b'{"class_name": "Sequential", "config": ' + b'{"a":' * 150 + b"1" + b"}" * 151,
        "at most 100 levels",
    ),
    "50 MB": (lambda: dumped(honest_model(note="x" * 50_000_000)), "At most 16 MB"),
    "a million and one values": (
        lambda: dumped(honest_model(note=[0] * 1_000_001)),
        "at most 1000000 values",
    ),
    "a key that comes twice": (
        lambda: b'{"class_name": "Lambda", "class_name": "Sequential", "config": {}}',
        "“class_name” stands twice",
    ),
    "NaN": (lambda: dumped(honest_model(note=float("nan"))), "NaN is not JSON"),
    "infinity": (lambda: dumped(honest_model(note=float("inf"))), "Infinity is not JSON"),
    "a number of 5,000 digits": (
        lambda: dumped(honest_model()).replace(b"3", b"9" * 5000),
        "digits",
    ),
    "a list": (lambda: dumped([honest_model()]), "received a list"),
    "a model in a text": (lambda: dumped(dumped(honest_model()).decode()), "received a text"),
    "no model": (lambda: dumped({"class_name": "Popen", "config": {}}), "'Popen'"),
    "a NUL": (lambda: dumped(honest_model(note="a\0b")), "NUL"),
    "half a character": (lambda: dumped(honest_model(note="\ud800")), "half a character"),
    "no UTF-8": (lambda: dumped(honest_model()).replace(b"honest", b"\xff\xfe"), "not text"),
    "a pickle": (lambda: b"\x80\x04cos\nsystem\n.", "JSON was expected"),
    "nothing": (lambda: b"", "empty"),
}
FIELDS = {
    "an object as an argument of the loss": (
        {"loss_function_conf": '{"fn": {"class_name": "function", "module": "os"}}'},
        "fn: a number",
    ),
    "an object as an argument of the optimizer": (
        {"optimizer_conf": '{"beta_1": {"class_name": "Lambda", "config": {}}}'},
        "beta_1: a number",
    ),
    "a function of os as the loss": ({"loss_function": "os.system"}, "'os.system'"),
    "a function of os as the optimizer": ({"optimizer": "os.system"}, "'os.system'"),
    "a function as an argument of the loss": (
        {"loss_function_conf": '{"fn": "os.system"}'},
        "fn: an argument of SparseCategoricalCrossentropy",
    ),
    "a text as an argument of the optimizer": (
        {"optimizer_conf": '{"beta_1": "os.system"}'},
        "beta_1: a number",
    ),
}


@pytest.mark.parametrize("case", LAYERS)
def test_a_hostile_layer_is_named_and_not_made(case, told, canary):
    layers, words = LAYERS[case]
    text = told(model=dumped(honest_model(*layers(canary))))
    assert [word for word in words if word not in text] == []


@pytest.mark.parametrize("case", LAYERS)
def test_the_simulation_looks_again(case, canary):
    """Who reaches it on another way than the form finds the same door."""
    from nnt_simulation import models

    layers, words = LAYERS[case]
    with pytest.raises(ModelError) as refused:
        models.build(honest_model(*layers(canary)), (4,))
    assert [word for word in words if word not in str(refused.value)] == []


@pytest.mark.parametrize("case", COMPILED)
def test_what_a_model_was_compiled_with_is_looked_through(case, told):
    compiled, place = COMPILED[case]
    assert place in told(model=dumped(honest_model() | {"compile_config": compiled}))


@pytest.mark.parametrize("case", RAW)
def test_what_is_no_model_is_refused(case, told):
    content, words = RAW[case]
    assert words in told(model=content())


@pytest.mark.parametrize("case", FIELDS)
def test_what_stands_beside_the_model_is_not_run_either(case, told):
    fields, words = FIELDS[case]
    assert words in told(**fields)


def test_every_problem_is_told_at_once(told):
    model = honest_model(dense(activation="a.b", kernel_initializer="c.d"), keras_3("Lambda"))
    text = told(model=dumped(model))
    assert all(word in text for word in ("'a.b'", "'c.d'", "Lambda"))
