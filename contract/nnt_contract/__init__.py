"""What crosses a process boundary of Neural Net Tracker, and nothing else."""
