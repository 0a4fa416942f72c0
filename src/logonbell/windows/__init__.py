"""Windows as its own commands show it: what is set there, and setting it."""
