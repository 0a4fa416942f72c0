"""One module for each command: what it is given, what it does, the exit code it ends with."""
