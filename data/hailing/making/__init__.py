"""The parts of `make.py`, from what is true to what is written."""
