from __future__ import annotations

from hypothesis import given

from any_facts import findings
from logonbell.logon import Finding, Selected
from logonbell.rule import Rules, rule_names


@given(findings)
def test_every_rule_can_be_named(finding: Finding) -> None:
    """Whatever rings has a rule that a filter can ask for by its name; rules over raw events bring their own."""
    rule = Rules().judge(finding).rule
    assert rule == finding.rule if isinstance(finding, Selected) else rule in rule_names()
