"""What happens around the epochs of a training, one idea per file."""
