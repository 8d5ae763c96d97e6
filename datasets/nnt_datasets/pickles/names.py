"""What a pickle may name: exactly this, and only as words; what is not here is refused by its name.

Frames of numbers name these as pandas 1 (`pandas.core…`, `numpy.core…`), 2 and 3 (`pandas.…`, `numpy._core…`) write
them. Kinds of columns that are no numbers are here to be refused with the column's name, and kinds of row labels,
which nothing looks at, to be passed over. An attribute, which pickles get from `getattr`, is a name with a dot.
"""

_MADE_BY = {
    "builtins": "slice object bytearray",
    "__builtin__": "slice object bytearray",
    "copyreg": "_reconstructor",
    "copy_reg": "_reconstructor",
    "_codecs": "encode",
    "numpy": "dtype ndarray",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy.core.numeric": "_frombuffer",
    "numpy._core.numeric": "_frombuffer",
    "pandas.core.internals.managers": "BlockManager SingleBlockManager",
    "pandas._libs.internals": "_unpickle_block",
    "pandas._libs.arrays": "__pyx_unpickle_NDArrayBacked",
    "pandas._libs.missing": "NA",
    "pandas._libs.sparse": "IntIndex BlockIndex",
    "pandas._libs.tslibs.offsets": (
        "Nano Micro Milli Second Minute Hour Day BusinessDay BusinessHour Week SemiMonthEnd"
        " SemiMonthBegin MonthEnd MonthBegin BusinessMonthEnd BusinessMonthBegin QuarterEnd"
        " QuarterBegin BQuarterEnd BQuarterBegin YearEnd YearBegin BYearEnd BYearBegin"
    ),
    "pandas._libs.tslibs.timestamps": "Timestamp _unpickle_timestamp",
    "pandas._libs.tslibs.timedeltas": "Timedelta _timedelta_unpickle",
    "datetime": "datetime date time timedelta timezone",
    "pytz": "_UTC _p",
    "zoneinfo": "ZoneInfo ZoneInfo._unpickle",
    "decimal": "Decimal",
    "pyarrow.lib": "_restore_array chunked_array type_for_alias py_buffer",
}
_OLD_CLASSES = {
    "pandas._libs.interval": "Interval __pyx_unpickle_IntervalMixin",
    "pandas._libs.tslibs.period": "Period",
    "pandas.core.frame": "DataFrame",
    "pandas.core.series": "Series",
    "pandas.core.indexes.base": "Index _new_Index",
    "pandas.core.indexes.range": "RangeIndex",
    "pandas.core.indexes.numeric": "Int64Index UInt64Index Float64Index",
    "pandas.core.indexes.multi": "MultiIndex",
    "pandas.core.indexes.category": "CategoricalIndex",
    "pandas.core.indexes.datetimes": "DatetimeIndex _new_DatetimeIndex",
    "pandas.core.indexes.timedeltas": "TimedeltaIndex _new_TimedeltaIndex",
    "pandas.core.indexes.interval": "IntervalIndex _new_IntervalIndex",
    "pandas.core.indexes.period": "PeriodIndex _new_PeriodIndex",
    "pandas.core.arrays.categorical": "Categorical",
    "pandas.core.arrays.boolean": "BooleanArray BooleanDtype",
    "pandas.core.arrays.integer": (
        "IntegerArray Int8Dtype Int16Dtype Int32Dtype Int64Dtype"
        " UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype"
    ),
    "pandas.core.arrays.floating": "FloatingArray Float32Dtype Float64Dtype",
    "pandas.core.arrays.string_": "StringArray StringArrayNumpySemantics StringDtype",
    "pandas.core.arrays.string_arrow": "ArrowStringArray ArrowStringArrayNumpySemantics",
    "pandas.core.arrays.datetimes": "DatetimeArray",
    "pandas.core.arrays.timedeltas": "TimedeltaArray",
    "pandas.core.arrays.period": "PeriodArray",
    "pandas.core.arrays.interval": "IntervalArray",
    "pandas.core.arrays.sparse.array": "SparseArray",
    "pandas.core.arrays.sparse.dtype": "SparseDtype",
    "pandas.core.dtypes.dtypes": "CategoricalDtype DatetimeTZDtype IntervalDtype PeriodDtype SparseDtype",
}


def _pairs(names: dict[str, str]) -> set[tuple[str, str]]:
    return {(module, name) for module, all_of_it in names.items() for name in all_of_it.split()}


def _as_pandas_3_says(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Its classes say where they are to be imported from, not where they are."""
    return {("pandas", "NA")} | {
        ("pandas.arrays" if name.endswith("Array") else "pandas", name)
        for _, name in pairs
        if not name.startswith("_")
    }


KNOWN = frozenset(_pairs(_MADE_BY) | _pairs(_OLD_CLASSES) | _as_pandas_3_says(_pairs(_OLD_CLASSES)))
