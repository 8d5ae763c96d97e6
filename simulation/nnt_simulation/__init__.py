"""The program that trains one Keras network and reports every epoch of it."""
