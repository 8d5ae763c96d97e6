"""Datasets of every format: read into arrays, and inspected before anybody trains on them."""

from nnt_contract.part import Part
from nnt_datasets.dataset import Dataset, File, Keys, Strange
from nnt_datasets.errors import DatasetError, Place
from nnt_datasets.inspection import inspect
from nnt_datasets.limits import Limits, Means
from nnt_datasets.read import read, read_parts
from nnt_datasets.recognise import recognise
from nnt_datasets.report import Report
from nnt_datasets.shapes import shape_rows

__all__ = [
    "Dataset",
    "DatasetError",
    "File",
    "Keys",
    "Limits",
    "Means",
    "Part",
    "Place",
    "Report",
    "Strange",
    "inspect",
    "read",
    "read_parts",
    "recognise",
    "shape_rows",
]
