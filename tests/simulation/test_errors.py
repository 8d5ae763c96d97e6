import pytest

from nnt_simulation.errors import DatasetError, ModelError, essence, explain


class ResourceExhaustedError(Exception):
    """Named like TensorFlow's."""


def test_our_own_words_stay_as_they_are():
    assert explain(DatasetError("Training data: 'x' is empty.")) == "Training data: 'x' is empty."


def test_the_kind_of_a_foreign_error_is_told():
    assert explain(KeyError("layer")) == "KeyError: 'layer'"
    assert explain(ValueError()) == "ValueError: no further details"


class OutOfMemoryError(RuntimeError):
    """Named like PyTorch's of graphics processors."""


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("7 TiB"),
        ResourceExhaustedError("OOM: 7 TiB"),
        OutOfMemoryError("CUDA out of memory. Tried to allocate 7 TiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory:"
            " you tried to allocate 7 TiB"
        ),
    ],
)
def test_too_little_memory_is_told_in_words(error):
    assert explain(error).startswith("There was not enough memory to train.")
    assert "7 TiB" in explain(error)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Exception encountered when calling Dense.call().\n\n\x1b[1mMatrix size-incompatible"
            "\x1b[0m\n\nArguments received by Dense.call():\n  • inputs=…",
            "Matrix size-incompatible",
        ),
        (
            "Graph execution error:\n\nDetected at node gather defined at (most recent call last):\n"
            "<stack traces unavailable>\nindices[0,1] = 12 is not in [0, 10)\n"
            "\t [[{{node gather}}]] [Op:__inference_multi_step_on_data_99]",
            "indices[0,1] = 12 is not in [0, 10)",
        ),
        (
            "{{function_node __wrapped__AddV2}} OOM when allocating tensor [Op:AddV2] name: ",
            "OOM when allocating tensor",
        ),
        (
            "<class 'Sequential'> could not be deserialized properly.\n\nconfig={'layers': 1}.\n\n"
            "Exception encountered: <class 'Dense'> could not be.\n\nException encountered: units=-3",
            "units=-3",
        ),
        (
            "expected self and mat2 to have the same dtype\nException raised from addmm at Linear.cpp:30"
            " (most recent call first):\nframe #0: c10::Error::Error(…)",
            "expected self and mat2 to have the same dtype",
        ),
        (
            "Layer Hashing requires TensorFlow. Install it via `pip install tensorflow`.",
            "Layer Hashing requires TensorFlow. Choose the backend tensorflow.",
        ),
    ],
)
def test_of_a_foreign_text_only_what_helps_is_told(text, told):
    assert essence(RuntimeError(text)) == told


@pytest.mark.parametrize("kind", [ValueError, ModelError])
def test_what_no_message_may_hold_is_left_out(kind):
    assert explain(kind("a\0b")).endswith("a\ufffdb")


def test_a_text_of_any_length_is_told_in_bounds():
    assert len(explain(ValueError("long " * 10_000))) < 3000
