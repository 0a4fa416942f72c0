"""What is set: one TOML file, read into frozen values."""
