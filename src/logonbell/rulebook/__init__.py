"""The rules as people write and keep them: YAML files read, checked, compiled, and kept compiled.

The only room with pySigma, and ``compiling`` its only module: whoever has no rules of their own needs neither.
"""
