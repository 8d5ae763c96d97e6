"""One reader per format: from a file to a Dataset."""
