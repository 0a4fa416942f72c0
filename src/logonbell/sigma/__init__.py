"""Sigma: rules in the field's own format, as values, and what they say of events and logons.

Nothing here reads YAML or imports pySigma: ``rulebook/`` does, and hands over the intermediate form (``form``).
"""
