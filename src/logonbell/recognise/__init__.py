"""Events in, logons out: pure, stateful, and its state is a value."""
