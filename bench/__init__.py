"""What is promised about speed, memory and disk, measured on real services: python -m bench."""
