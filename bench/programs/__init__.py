"""Trainings in processes of their own, so that each is measured from a fresh start."""
