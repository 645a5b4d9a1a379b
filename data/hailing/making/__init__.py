"""The parts of `make.py`: facts, chance, land, network, streets, places, state, greenery, writing."""
