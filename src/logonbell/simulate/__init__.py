"""Made logs, for the demo, the tests and the benches."""
