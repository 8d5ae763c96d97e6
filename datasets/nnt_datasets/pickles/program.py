"""A pickle is a program; this reads what it would make, as a description, without making it.

Nothing that a pickle names is imported, called or built: a call stays a record of what was to be called with what.
"""

import pickletools  # nosec B403  # it reads the steps of a pickle and takes none
from collections.abc import Callable, Set
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from nnt_contract.printable import shown
from nnt_datasets.errors import DatasetError, quoted

_STEPS = 10_000_000
_WHAT = "a DataFrame as DataFrame.to_pickle writes it"

# Whose first argument is the class of what they make.
_MAKERS_OF_ANY = (
    "_reconstructor",
    "__pyx_unpickle_NDArrayBacked",
    "__pyx_unpickle_IntervalMixin",
)
_GETATTR = {("builtins", "getattr"), ("__builtin__", "getattr")}
_OF_ROW_LABELS = ("pandas", "datetime", "dateutil", "pytz", "zoneinfo")


@dataclass(frozen=True, slots=True)
class Named:
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True, eq=False, repr=False)
class Made:
    """What calling `maker` with `arguments` would make; `state` is what it would be told afterwards."""

    maker: Named
    arguments: tuple[Any, ...]
    state: Any = None


def described(content: bytes, known: Set[tuple[str, str]]) -> Any:
    """What the pickle describes, of plain values, Named and Made; names that are not known are refused.

    Raises DatasetError. It may hold itself: whoever walks through it goes only where they expect something.
    """
    machine = _Machine(known)
    try:
        for step, (opcode, argument, _) in enumerate(pickletools.genops(BytesIO(content))):
            if step > _STEPS:
                raise DatasetError(_WHAT, f"a pickle of more than {_STEPS:,} steps")
            machine.step(opcode, argument)
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise DatasetError("a whole pickle", f"a damaged one: {shown(str(error))}") from error
    return machine.result


def class_of(described: Any) -> str:
    """The name of the class of what a description makes, without its module."""
    if not isinstance(described, Made):
        return ""
    if described.maker.name in _MAKERS_OF_ANY and described.arguments:
        of = described.arguments[0]
        return of.name if isinstance(of, Named) else ""
    return described.maker.name


def _unknown(module: str, name: str) -> DatasetError:
    may_be_of_labels = module.partition(".")[0] in _OF_ROW_LABELS
    hint = "Where row labels need it, DataFrame.reset_index(drop=True) leaves them out."
    return DatasetError(
        _WHAT,
        f"a pickle that names {quoted(f'{module}.{name}')}",
        hint=hint if may_be_of_labels else "",
    )


class _Mark:
    pass


class _Getattr:
    """Stands for the function, which is understood where it would be called and nowhere else."""


class _Machine:
    def __init__(self, known: Set[tuple[str, str]]) -> None:
        self._known = known
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}
        self.result: Any = None

    def step(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        if opcode.name in _LITERALS:
            self._stack.append(argument)
        elif opcode.name in _CONSTANTS:
            self._stack.append(_CONSTANTS[opcode.name]())
        elif opcode.name in _ACTIONS:
            _ACTIONS[opcode.name](self, argument)
        elif opcode.name not in _NOTHING:
            raise DatasetError(_WHAT, f"a pickle with the step {opcode.name}")

    def mark(self, _: Any) -> None:
        self._stack.append(_Mark)

    def stop(self, _: Any) -> None:
        self.result = self._stack.pop()

    def pop(self, _: Any) -> None:
        self._stack.pop()

    def pop_mark(self, _: Any) -> None:
        self._above_mark()

    def duplicate(self, _: Any) -> None:
        self._stack.append(self._stack[-1])

    def put(self, index: Any) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def name(self, both: str) -> None:
        module, _, name = both.partition(" ")
        self._push_name(module, name)

    def name_from_stack(self, _: Any) -> None:
        module, name = self._last(2)
        self._push_name(module, name)

    def _push_name(self, module: Any, name: Any) -> None:
        if not isinstance(module, str) or not isinstance(name, str):
            raise ValueError("a name that is no text")
        if (module, name) in _GETATTR:
            self._stack.append(_Getattr)
        elif (module, name) in self._known:
            self._stack.append(Named(module, name))
        else:
            raise _unknown(module, name)

    def call(self, _: Any) -> None:
        maker, arguments = self._last(2)
        if maker is _Getattr:
            self._push_attribute(arguments)
        elif isinstance(maker, Named) and isinstance(arguments, tuple):
            self._stack.append(Made(maker, arguments))
        else:
            raise ValueError("a call of what is no name")

    def _push_attribute(self, arguments: Any) -> None:
        # As protocol 4 writes it without a call: by a name with a dot, which has to be a known one.
        of, attribute = arguments
        if not isinstance(of, Named) or not isinstance(attribute, str):
            raise ValueError("an attribute of what is no name")
        self._push_name(of.module, f"{of.name}.{attribute}")

    def build(self, _: Any) -> None:
        state = self._stack.pop()
        made = self._stack[-1]
        if not isinstance(made, Made):
            raise ValueError("a state of what was not made")
        made.state = state

    def tuple_of(self, size: int) -> None:
        self._stack.append(tuple(self._last(size)))

    def tuple_from_mark(self, _: Any) -> None:
        self._stack.append(tuple(self._above_mark()))

    def list_from_mark(self, _: Any) -> None:
        self._stack.append(self._above_mark())

    def dict_from_mark(self, _: Any) -> None:
        items = self._above_mark()
        self._stack.append({})
        self._set(items)

    def append(self, _: Any) -> None:
        self._extend([self._stack.pop()])

    def appends(self, _: Any) -> None:
        self._extend(self._above_mark())

    def set_item(self, _: Any) -> None:
        self._set(self._last(2))

    def set_items(self, _: Any) -> None:
        self._set(self._above_mark())

    def _extend(self, items: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise ValueError("items of what is no list")
        self._stack[-1].extend(items)

    def _set(self, items: list[Any]) -> None:
        target = self._stack[-1]
        keys, values = items[::2], items[1::2]
        # To hash what is deep or refers to itself takes for ever; a DataFrame's own keys are texts.
        if not isinstance(target, dict) or not all(isinstance(key, str | int) for key in keys):
            raise ValueError("keys that are no texts")
        target.update(zip(keys, values, strict=True))

    def _last(self, count: int) -> list[Any]:
        if len(self._stack) < count:
            raise IndexError("too little on its stack")
        items = self._stack[-count:]
        del self._stack[-count:]
        return items

    def _above_mark(self) -> list[Any]:
        items = []
        while (item := self._stack.pop()) is not _Mark:
            items.append(item)
        return items[::-1]


_NOTHING = {"PROTO", "FRAME"}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": _Machine.mark,
    "STOP": _Machine.stop,
    "POP": _Machine.pop,
    "POP_MARK": _Machine.pop_mark,
    "DUP": _Machine.duplicate,
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.get),
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_from_stack,
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.call,
    "BUILD": _Machine.build,
    "TUPLE1": lambda machine, _: machine.tuple_of(1),
    "TUPLE2": lambda machine, _: machine.tuple_of(2),
    "TUPLE3": lambda machine, _: machine.tuple_of(3),
    "TUPLE": _Machine.tuple_from_mark,
    "LIST": _Machine.list_from_mark,
    "DICT": _Machine.dict_from_mark,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
}
