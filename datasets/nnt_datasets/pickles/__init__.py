"""Pickled DataFrames: read as the descriptions they are; nothing that a pickle names is ever imported or called."""
