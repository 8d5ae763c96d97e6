"""Takes in what simulations report and stores it."""
