"""What the specification says (version 2.1, https://github.com/SigmaHQ/sigma-specification), sentence by sentence.

Sections in capitals are those of ``sigma-rules-specification``; modifiers are those of ``sigma-appendix-modifiers``.
"""

# ruff: noqa: RUF001, S104  letters that look like others, and addresses, are what it is about

from __future__ import annotations

from base64 import b64encode
from zoneinfo import ZoneInfo

import pytest

from logonbell.rulebook.patterns import linear
from logonbell.sigma.detect import Detector
from logonbell.sigma.evaluate import LONGEST
from sigma_texts import book, compiled, event, rule, says, wrong

TOKYO = ZoneInfo("Asia/Tokyo")


def test_texts_are_compared_without_case() -> None:
    """GENERAL: all values are treated as case-insensitive strings."""
    says(
        """
        selection: {User: Administrator}
        condition: selection
        """,
        yes=[{"User": "Administrator"}, {"User": "ADMINISTRATOR"}, {"User": "administrator"}],
        no=[{"User": "Administrators"}, {"User": " Administrator"}, {"User": ""}, {}],
    )


@pytest.mark.parametrize(
    ("written", "same", "other"),
    [
        ("山田太郎", ["山田太郎"], ["山田太朗", "山田"]),
        ("ＡＢＣ", ["ａｂｃ"], ["ABC", "abc"]),
        ("ÄÖÜ", ["äöü", "Äöü"], ["AOU", "aou"]),
        ("ΣΑΣ", ["σασ", "Σασ"], ["σας"]),  # letter by letter: a final sigma is another letter
        ("K", ["k", "\u212a"], []),  # the Kelvin sign
        ("straße", ["STRAẞE", "Straße"], ["STRASSE", "strasse"]),
        ("İ", ["İ"], ["i", "i\u0307", "I"]),  # Turkish: no letter of one character is its small form
        ("I", ["i"], ["İ", "ı"]),
        ("é", ["É"], ["e\u0301", "E\u0301"]),  # composed and decomposed are different texts
        ("Я", ["я"], ["R"]),
        ("😀", ["😀"], ["😁", ""]),
    ],
)
def test_case_is_folded_letter_by_letter(written: str, same: list[str], other: list[str]) -> None:
    """GENERAL: case-insensitive in every script, and no text changes its length by that."""
    detection = f"""
        selection: {{User: '{written}'}}
        condition: selection
    """
    says(detection, yes=[{"User": one} for one in [written, *same]], no=[{"User": one} for one in other])


def test_wildcards() -> None:
    """STRING WILDCARD: ``?`` is one mandatory character, ``*`` any number of them."""
    says(
        """
        selection: {Image: 'prog?.exe'}
        condition: selection
        """,
        yes=[{"Image": "progA.exe"}, {"Image": "PROGé.EXE"}, {"Image": "prog?.exe"}, {"Image": "prog\n.exe"}],
        no=[{"Image": "prog.exe"}, {"Image": "progAB.exe"}, {"Image": "xprogA.exe"}, {"Image": "progA.exe "}],
    )
    says(
        """
        selection: {Image: 'antivirus_V*.exe'}
        condition: selection
        """,
        yes=[{"Image": "antivirus_V1.exe"}, {"Image": "antivirus_v21.2.1.exe"}, {"Image": "antivirus_V.exe"}],
        no=[{"Image": "antivirus_.exe"}, {"Image": "antivirus_V1.ex"}, {"Image": "my antivirus_V1.exe"}],
    )


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        ("*", ["", "x", "*"], []),
        ("?", ["x", "?", "山"], ["", "xx"]),
        ("??", ["ab"], ["a", "abc"]),
        ("?*", ["a", "abc"], [""]),
        ("*?", ["a", "abc"], [""]),
        ("*?*", ["a", "abc"], [""]),
        ("?*?", ["ab", "abc"], ["", "a"]),
        ("a*b", ["ab", "axb", "abab", "a*b"], ["a", "b", "aba", "ba"]),
        ("a*a", ["aa", "aba"], ["a"]),  # begin and end do not overlap
        ("*ab*ab*", ["abab", "xabxabx", "ababab"], ["ab", "aba"]),
        ("*a?c*", ["abc", "xabcx", "aacbc", "abcabd"], ["ac", "ab c"]),
        ("a**b", ["ab", "axb"], ["a"]),
        ("*.e?e", ["x.exe", ".eee"], ["x.ee", "x.exe1"]),
        ("a?b*c?d", ["a1bc2d", "a1bxxc2d"], ["abc2d", "a1bcd"]),
        ("*ab*b", ["abb", "ab-b"], ["ab"]),  # the middle and the end do not overlap
        ("*a?*b", ["axb", "a?-b"], ["ab", "b"]),
        ("?ab*", ["xab", "xabc"], ["ab", "xxab"]),
    ],
)
def test_wildcards_at_every_place(written: str, yes: list[str], no: list[str]) -> None:
    """STRING WILDCARD: at the beginning, in the middle, at the end, and next to each other."""
    says(
        f"""
        selection: {{x: '{written}'}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[{"x": one} for one in no],
    )


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        (r"C:\Windows", [r"C:\Windows", r"c:\windows"], [r"C:\\Windows", "C:Windows"]),  # a plain backslash
        (r"C:\\Windows", [r"C:\Windows"], [r"C:\\Windows"]),  # the same, doubled
        (r"a\*b", ["a*b"], ["axb", r"a\*b", "ab"]),  # an escaped wildcard is plain
        (r"a\?b", ["a?b"], ["axb", r"a\?b"]),
        (r"a\\*", ["a\\", "a\\xyz"], ["axyz", "a*"]),  # a backslash, and then a wildcard
        (r"a\\?", ["a\\x"], ["a\\", "ax", r"a\?x"]),
        (r"a\\\*b", [r"a\*b"], [r"a\\b", r"a\xb", "a*b"]),  # both escaped
        (r"a\\\b", [r"a\\b"], [r"a\b"]),  # three are two
        (r"a\\\\b", [r"a\\b"], [r"a\b", r"a\\\\b"]),  # four are two
        ("a\\", ["a\\"], ["a"]),  # at the end
        (r"\\server\share", [r"\server\share"], [r"\\server\share"]),
        (r"\\\\server\\share", [r"\\server\share"], [r"\server\share"]),
        (r"*\\cmd.exe", [r"C:\cmd.exe", r"\CMD.EXE"], ["cmd.exe", "xcmd.exe"]),
    ],
)
def test_escapes(written: str, yes: list[str], no: list[str]) -> None:
    """ESCAPE CHARACTER: all five of its sentences, and what follows from them."""
    says(
        f"""
        selection: {{x: '{written}'}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[{"x": one} for one in no],
    )


def test_lists_of_texts_are_any_of_them_in_the_whole_event() -> None:
    """LISTS, KEYWORDS SEARCH: applied to the full log message, linked by or."""
    says(
        """
        keywords:
          - EVILSERVICE
          - 'svchost.exe -n evil'
        condition: keywords
        """,
        yes=[
            {"a": "the EvilService starts"},
            {"a": "nothing", "b": "c:\\svchost.exe -N EVIL -x"},
            {"a": "evilservice"},
        ],
        no=[{"a": "evil service"}, {"evilservice": "a name is no value"}, {}, {"a": ""}],
    )


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        ("'a*c'", ["xx abc xx", "ac", "AxxC"], ["a b", "ca"]),
        ("'?bc'", ["abc", "xx abc"], ["bc"]),  # one letter must stand in front, wherever that is
        ("'ab?'", ["abc", "abc xx", "xx ab!"], ["ab", "xxab"]),
        ("'*abc'", ["abc", "abc and more", "x abc"], ["ab"]),
        ("'abc*'", ["abc", "in front of abc"], ["ab"]),
        (r"'a\*c'", ["xa*cx"], ["abc"]),
        ("4624", ["4624", "id 4624.", "14624"], ["4625", "462"]),
        ("1.5", ["v1.5"], ["1.6", "15"]),
    ],
)
def test_keywords_stand_anywhere(written: str, yes: list[str], no: list[str]) -> None:
    """KEYWORDS SEARCH: across an entire event, with wildcards, and numbers as well."""
    says(
        f"""
        keywords: [{written}]
        condition: keywords
        """,
        yes=[{"x": "", "y": one} for one in yes],
        no=[{"x": "", "y": one} for one in no],
    )


def test_all_keywords() -> None:
    """KEYWORDS SEARCH: ``'|all'`` links them by and; each may stand in another value."""
    says(
        """
        keywords_cmdlet:
          '|all':
            - OabVirtualDirectory
            - ' -ExternalUrl '
        condition: keywords_cmdlet
        """,
        yes=[
            {"a": "Set-OabVirtualDirectory", "b": "x -externalurl y"},
            {"a": "OABVirtualDirectory -ExternalUrl x"},
        ],
        no=[{"a": "OabVirtualDirectory"}, {"a": " -ExternalUrl "}, {"a": "OabVirtualDirectory-ExternalUrl"}],
    )


def test_keywords_with_expressions_and_case() -> None:
    """KEYWORDS SEARCH: modifiers stand behind an empty name."""
    says(
        """
        keywords: {'|re': ['lsass\\.exe$', '^evil']}
        condition: keywords
        """,
        yes=[{"a": "C:\\lsass.exe"}, {"a": "x", "b": "evil"}],
        no=[{"a": "lsass.exe.bak"}, {"a": "an evil"}, {"a": "EVIL"}],
    )
    says(
        """
        keywords: {'|cased': Mimikatz}
        condition: keywords
        """,
        yes=[{"a": "run Mimikatz now"}],
        no=[{"a": "run mimikatz now"}],
    )


def test_lists_of_maps_are_any_of_them() -> None:
    """LISTS: all map items of a list are linked by or; MAPS: all elements of a map by and."""
    says(
        r"""
        selection:
          - Image|endswith: '\example.exe'
            User: bob
          - Description|contains: 'Test executable'
        condition: selection
        """,
        yes=[{"Image": r"C:\example.exe", "User": "Bob"}, {"Description": "a test executable."}],
        no=[{"Image": r"C:\example.exe"}, {"User": "bob"}, {"Description": "Test"}, {}],
    )


def test_lists_of_maps_and_texts() -> None:
    """LISTS: what is mixed is any of it, each by its own meaning."""
    says(
        """
        selection:
          - User: bob
          - evil
        condition: selection
        """,
        yes=[{"User": "bob"}, {"Other": "an evil thing"}],
        no=[{"User": "bobby"}, {"Other": "bob"}],
    )


def test_maps_are_all_of_them_and_lists_of_values_any() -> None:
    """MAPS: EventLog ``Security`` and (517 or 1102)."""
    says(
        """
        selection:
          EventLog: Security
          EventID:
            - 517
            - 1102
        condition: selection
        """,
        yes=[{"EventLog": "Security", "EventID": "517"}, {"EventLog": "security", "EventID": "1102"}],
        no=[
            {"EventLog": "Security", "EventID": "4624"},
            {"EventID": "517"},
            {"EventLog": "System", "EventID": "517"},
        ],
    )


def test_texts_that_look_like_numbers_are_texts() -> None:
    """MAPS: ``TicketOptions: '0x40810000'`` is a text."""
    says(
        """
        selection: {EventID: 4769, TicketOptions: '0x40810000', TicketEncryption: '0x17'}
        condition: selection
        """,
        yes=[{"EventID": "4769", "TicketOptions": "0x40810000", "TicketEncryption": "0X17"}],
        no=[{"EventID": "4769", "TicketOptions": "1082195968", "TicketEncryption": "23"}],
    )


@pytest.mark.parametrize(
    ("written", "yes", "no"),
    [
        ("3", ["3", " 3 ", "03", "3.0", "+3"], ["33", "3a", "", "0x3", "³", "three"]),
        ("-1", ["-1", "-1.0"], ["1", "- 1", "4294967295"]),
        ("1.5", ["1.5", "01.50"], ["1,5", "15", "1.5.0"]),
        ("0", ["0", "-0", "0.0"], ["", "false", "00x"]),
        ("9007199254740992", ["9007199254740992"], ["9007199254740993", "9007199254740991"]),
        ("'18446744073709551615'", ["18446744073709551615"], ["18446744073709551616"]),
        ("'3'", ["3"], ["3.0", "03"]),
        ("true", ["true", "True", "TRUE"], ["1", "yes", "false", ""]),
        ("false", ["false", "False"], ["0", "no", "true", ""]),
    ],
)
def test_types(written: str, yes: list[str], no: list[str]) -> None:
    """MAPS: a value is a string or an integer; a float, a truth (YAML's) are read as such, too."""
    says(
        f"""
        selection: {{x: {written}}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[*({"x": one} for one in no), {}],
    )


def test_empty_and_null_are_two_things() -> None:
    """SPECIAL FIELD VALUES: ``''`` is an empty value; ``null`` is none, for us a field that is not there."""
    says(
        """
        selection: {x: ''}
        condition: selection
        """,
        yes=[{"x": ""}],
        no=[{}, {"x": " "}, {"x": "-"}, {"y": ""}],
    )
    says(
        """
        selection: {x: null}
        condition: selection
        """,
        yes=[{}, {"y": ""}],
        no=[{"x": ""}, {"x": "null"}],
    )


def test_not_null() -> None:
    """SPECIAL FIELD VALUES: ``not null`` is another selection, negated."""
    says(
        """
        selection: {EventID: 4738}
        filter: {PasswordLastSet: null}
        condition: selection and not filter
        """,
        yes=[{"EventID": "4738", "PasswordLastSet": "x"}, {"EventID": "4738", "PasswordLastSet": ""}],
        no=[{"EventID": "4738"}, {"PasswordLastSet": "x"}],
    )


def test_empty_or_null() -> None:
    """SPECIAL FIELD VALUES: its valid example, and a list with null in it, which is not one, but means the same."""
    yes = [{"FieldA": "something", "FieldB": ""}, {"FieldA": "something"}]
    no = [{"FieldA": "something", "FieldB": "x"}, {"FieldB": ""}]
    says(
        """
        selection_main: {FieldA: something}
        selection_empty1: {FieldB: ''}
        selection_empty2: {FieldB: null}
        condition: selection_main and 1 of selection_empty*
        """,
        yes=yes,
        no=no,
    )
    says(
        """
        selection_main: {FieldA: something, FieldB: ['', null]}
        condition: selection_main
        """,
        yes=yes,
        no=no,
    )


def test_exists() -> None:
    """FIELD EXISTENCE: whether it is there, whatever it holds."""
    says(
        """
        selection: {EventID: 4738, PasswordLastSet|exists: true}
        condition: selection
        """,
        yes=[{"EventID": "4738", "PasswordLastSet": ""}, {"EventID": "4738", "PasswordLastSet": "x"}],
        no=[{"EventID": "4738"}],
    )
    says(
        """
        selection: {x|exists: false}
        condition: selection
        """,
        yes=[{}, {"y": "x"}],
        no=[{"x": ""}],
    )


def test_fields_of_windows_events() -> None:
    """FIELD USAGE: spaces are stripped from names; attributes of System are joined by an underscore."""
    made = book(
        rule(
            """
            selection:
              SAMUserAccount: bob
              Provider_Name: Microsoft-Windows-Test
              Channel: Security
              EventID: 4625
              Computer: bastion
            condition: selection
            """
        )
    )
    happened = event(
        1, fields={"SAM User Account": "BOB", "Channel": "forged", "Event ID": "1", "EventID": "1"}
    )
    assert len(Detector(made).event(happened)) == 1


@pytest.mark.parametrize(
    ("modifier", "value", "yes", "no"),
    [
        ("contains", "adm", ["adm", "xADMx", "my adm"], ["ad", "", "a dm"]),
        ("startswith", "adm", ["adm", "ADMIN"], ["xadm", ""]),
        ("endswith", "'.exe'", [".exe", "a.EXE"], ["a.exe1", "exe"]),
        ("contains", "'a*c'", ["xabcx", "ac"], ["ca"]),
        ("contains", r"'\*'", ["a*b"], ["ab", ""]),
        ("contains", r"'\'", ["a\\b"], ["ab"]),
        ("endswith", r"'\cmd.exe'", [r"C:\CMD.exe"], ["cmd.exe"]),
        ("startswith", r"'C:\\'", ["c:\\x"], ["c:x"]),
        ("contains", "''", ["", "x"], []),
        ("contains", "'?'", ["x", "xyz"], [""]),
        ("cased", "Admin", ["Admin"], ["admin", "ADMIN", "Admins"]),
        ("contains|cased", "Adm", ["xAdmx"], ["xadmx"]),
        ("cased", "[Admin, root]", ["Admin", "root"], ["admin", "Root"]),
        ("cased|contains", "Adm", ["xAdmx"], ["xadmx"]),
        ("startswith|cased", "Adm", ["Admin"], ["admin", "xAdm"]),
        ("cased|endswith", "'?in'", ["Admin", "1in"], ["AdmIN", "in"]),
        ("neq", "a", ["b", "", "ab"], ["a", "A"]),
        ("neq", "[a, b]", ["c"], ["A", "b"]),
        ("contains|neq", "a", ["b", ""], ["xax"]),
        ("neq", "5", ["4", "x"], ["5", "5.0"]),
        ("contains|all", "[a, b]", ["ab", "b a"], ["a", "b", ""]),
        ("contains", "[a, b]", ["ab", "a", "b"], ["c", ""]),
        ("all|contains", "[a, b]", ["ab"], ["a"]),
        ("startswith|all", "[a, ab]", ["abc"], ["ac"]),
    ],
)
def test_generic_modifiers(modifier: str, value: str, yes: list[str], no: list[str]) -> None:
    """GENERIC MODIFIERS: contains, startswith, endswith, all, cased and neq, alone and behind each other."""
    says(
        f"""
        selection: {{'x|{modifier}': {value}}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[{"x": one} for one in no],
    )


def test_missing_fields_pass_no_test() -> None:
    """What is not there is equal to nothing, neither less nor more; so it *is* different (neq)."""
    for test in ("''", "'*'", "null|x"):
        says(f"selection: {{x: {test}}}\ncondition: selection", no=[{}, {"y": ""}])
    for test in ("x|re: '.*'", "x|lt: 5", "x|gte: 0", "x|cidr: 0.0.0.0/0", "x|fieldref: y", "x|hour|gte: 0"):
        says(f"selection: {{{test}}}\ncondition: selection", no=[{}, {"y": ""}])
    says("selection: {x|neq: a}\ncondition: selection", yes=[{}], no=[{"x": "a"}])
    says("selection: {x: a}\ncondition: not selection", yes=[{}], no=[{"x": "a"}])


def test_expressions() -> None:
    """REGULAR EXPRESSION: found anywhere, case-sensitive by default; ``i``, ``m`` and ``s`` change that."""
    says(
        r"selection: {x|re: 'b[a-c]+\.(exe|dll)'}" + "\ncondition: selection",
        yes=[{"x": "xxbac.exe"}, {"x": "ba.dll.bak"}],
        no=[{"x": "BAC.EXE"}, {"x": "b.exe"}, {"x": "baxexe"}, {"x": ""}],
    )
    says("selection: {x|re|i: 'ab'}\ncondition: selection", yes=[{"x": "xABx"}, {"x": "ab"}], no=[{"x": "a"}])
    says(
        "selection: {x|re: '^a$'}\ncondition: selection", yes=[{"x": "a"}], no=[{"x": "b\na\nb"}, {"x": "aa"}]
    )
    says(
        "selection: {x|re|m: '^a$'}\ncondition: selection",
        yes=[{"x": "a"}, {"x": "b\na\nb"}],
        no=[{"x": "ba"}],
    )
    says(
        "selection: {x|re: 'a.b'}\ncondition: selection",
        yes=[{"x": "axb"}, {"x": "a山b"}],
        no=[{"x": "a\nb"}],
    )
    says("selection: {x|re|s: 'a.b'}\ncondition: selection", yes=[{"x": "a\nb"}], no=[{"x": "ab"}])
    says(
        "selection: {x|re|i|m|s: '^a.b$'}\ncondition: selection", yes=[{"x": "c\nA\nB\nc"}], no=[{"x": "ab"}]
    )
    says(
        "selection: {x|re: ['^a', 'b$']}\ncondition: selection",
        yes=[{"x": "ax"}, {"x": "xb"}],
        no=[{"x": "ba"}],
    )
    says("selection: {x|re|all: ['^a', 'b$']}\ncondition: selection", yes=[{"x": "ab"}], no=[{"x": "ax"}])
    says(
        r"selection: {x|re: '\\\\srv'}" + "\ncondition: selection", yes=[{"x": r"\\srv"}], no=[{"x": r"\srv"}]
    )
    says("selection: {x|re: 'a{2,3}?b*'}\ncondition: selection", yes=[{"x": "aa"}], no=[{"x": "a"}])


def test_expressions_look_at_so_much_of_a_value() -> None:
    """What stands behind 64 Ki characters no expression is tried on."""
    says(
        "selection: {x|re: 'b'}\ncondition: selection",
        yes=[{"x": "a" * (LONGEST - 1) + "b"}],
        no=[{"x": "a" * LONGEST + "b"}],
    )


@pytest.mark.parametrize(
    ("network", "yes", "no"),
    [
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["11.0.0.0", "9.255.255.255"]),
        ("192.0.2.7/32", ["192.0.2.7"], ["192.0.2.8"]),
        ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::1", "2001:db8::"]),
        ("2001:db8::/32", ["2001:db8::", "2001:DB8:0:0::5", "2001:0db8::1%4"], ["2001:db9::", "10.0.0.0"]),
        ("fe80::/10", ["fe80::1%eth0", "febf::"], ["fec0::"]),
        ("::1/128", ["::1", "0:0:0:0:0:0:0:1"], ["::2", "127.0.0.1"]),
        ("::ffff:10.0.0.0/104", ["10.1.2.3", "::ffff:10.1.2.3"], ["11.0.0.0", "::1"]),
    ],
)
def test_networks(network: str, yes: list[str], no: list[str]) -> None:
    """IP MODIFIERS: ``cidr`` knows IPv4 and IPv6; what is no address is in no network."""
    says(
        f"""
        selection: {{x|cidr: '{network}'}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[{"x": one} for one in (*no, "-", "", "LOCAL", "10.0.0.0/8", "10.0.0", "010.0.0.1", "ローカル")],
    )


def test_several_networks() -> None:
    """IP MODIFIERS: a list of them is any of them."""
    says(
        """
        selection: {x|cidr: [10.0.0.0/8, 'fc00::/7']}
        condition: selection
        """,
        yes=[{"x": "10.1.1.1"}, {"x": "fd00::1"}],
        no=[{"x": "192.168.0.1"}, {"x": "fe80::1"}],
    )


@pytest.mark.parametrize(
    ("modifier", "yes", "no"),
    [
        ("lt", ["9", "-20", "9.99", "0"], ["10", "10.0", "11"]),
        ("lte", ["9", "10", "10.0"], ["10.01", "11"]),
        ("gt", ["11", "10.01", "100", "99999999999999999999999"], ["10", "9", "-11"]),
        ("gte", ["10", "10.0", "11"], ["9.99", "9", "-10"]),
        ("neq", ["9", "x", ""], ["10", "10.0"]),
    ],
)
def test_numbers_are_compared(modifier: str, yes: list[str], no: list[str]) -> None:
    """NUMERIC MODIFIERS: as numbers, not as texts; what is no number is neither less nor more."""
    says(
        f"""
        selection: {{x|{modifier}: 10}}
        condition: selection
        """,
        yes=[{"x": one} for one in yes],
        no=[{"x": one} for one in no],
    )
    if modifier != "neq":
        says(
            f"""
            selection: {{x|{modifier}: 10}}
            condition: selection
            """,
            no=[{"x": one} for one in ("", "-", "x9", "9x", "1e1", "inf", "nan", "0x1", "٣", "9 9", "1_0")],
        )


def test_numbers_are_compared_with_fractions_and_below_zero() -> None:
    """NUMERIC MODIFIERS: of any size and sign."""
    says("selection: {x|gt: -1.5}\ncondition: selection", yes=[{"x": "-1.4"}, {"x": "0"}], no=[{"x": "-1.5"}])
    says(
        "selection: {x|gte: 1, x|lt: 3}\ncondition: selection",
        yes=[{"x": "1"}, {"x": "2.9"}],
        no=[{"x": "0"}, {"x": "3"}],
    )
    says(
        "selection: {x|gt: 9007199254740992}\ncondition: selection",
        yes=[{"x": "9007199254740993"}],  # as floats the two are the same
        no=[{"x": "9007199254740992"}],
    )


@pytest.mark.parametrize(
    ("modifier", "yes", "no"),
    [
        ("minute: 5", "2026-05-04T12:05:59Z", "2026-05-04T12:06:00Z"),
        ("hour: 12", "2026-05-04T12:59:59.9999999Z", "2026-05-04T13:00:00Z"),
        ("day: 4", "2026-05-04T00:00:00Z", "2026-05-05T00:00:00Z"),
        ("week: 19", "2026-05-10T23:59:59Z", "2026-05-11T00:00:00Z"),
        ("week: 53", "2027-01-03T12:00:00Z", "2027-01-04T12:00:00Z"),
        ("month: 5", "2026-05-31T23:59:59Z", "2026-06-01T00:00:00Z"),
        ("year: 2026", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"),
        ("hour|gte: 22", "2026-05-04T22:00:00+00:00", "2026-05-04T21:59:59+00:00"),
        ("hour|lt: 6", "2026-05-04T05:59:59", "2026-05-04T06:00:00"),
        ("hour|gt: 22", "2026-05-04T23:00:00Z", "2026-05-04T22:59:59Z"),
        ("day|lte: 7", "2026-05-07 23:59:59Z", "2026-05-08 00:00:00Z"),
        ("hour: [1, 2]", "2026-05-04T02:00:00Z", "2026-05-04T03:00:00Z"),
        ("hour|neq: 3", "2026-05-04T02:00:00Z", "2026-05-04T03:00:00Z"),
        ("hour: 12", "2026-05-04T14:30:00+02:00", "2026-05-04T12:30:00+02:00"),
        ("hour: 12", " 2026-05-04T12:00:00Z ", "noon"),
        ("year|gte: 1", "0001-01-01T00:00:00Z", ""),
    ],
)
def test_times(modifier: str, yes: str, no: str) -> None:
    """TIME MODIFIERS: a numeric value is taken from a date, and compared like any other."""
    says(
        f"""
        selection: {{x|{modifier}}}
        condition: selection
        """,
        yes=[{"x": yes}],
        no=[{"x": no}],
    )


def test_times_are_read_in_the_zone_of_the_settings() -> None:
    """TIME MODIFIERS: whose hour it is, the specification leaves open; for us it is that of the settings."""
    says(
        """
        selection: {x|hour: 0, x|day: 1, x|month: 1, x|year: 2027}
        condition: selection
        """,
        yes=[{"x": "2026-12-31T15:30:00Z"}, {"x": "2026-12-31T15:30:00"}, {"x": "2027-01-01T00:30:00+09:00"}],
        no=[{"x": "2027-01-01T00:30:00Z"}],
        zone=TOKYO,
    )
    says(  # the same wall clock twice: both are the hour 2
        "selection: {x|hour: 2}\ncondition: selection",
        yes=[{"x": "2026-10-25T00:30:00Z"}, {"x": "2026-10-25T01:30:00Z"}],
        no=[{"x": "2026-10-25T02:30:00Z"}],
        zone=ZoneInfo("Europe/Berlin"),
    )
    says(  # the first and last moments that there are, which no zone can move
        "selection: {x|year|gte: 1}\ncondition: selection",
        no=[{"x": "9999-12-31T23:00:00Z"}],
        zone=TOKYO,
    )


def test_references_to_fields() -> None:
    """SPECIFIC MODIFIERS: ``fieldref`` compares the fields of the event, also with neq."""
    says(
        "selection: {SubjectUserName|fieldref: TargetUserName}\ncondition: selection",
        yes=[
            {"SubjectUserName": "Bob", "TargetUserName": "BOB"},
            {"SubjectUserName": "", "TargetUserName": ""},
        ],
        no=[
            {"SubjectUserName": "bob", "TargetUserName": "eve"},
            {"SubjectUserName": "TargetUserName"},
            {"TargetUserName": "bob"},
            {"SubjectUserName": "b*", "TargetUserName": "bob"},
            {"SubjectUserName": "bob", "TargetUserName": "b*"},
        ],
    )
    says(
        "selection: {a|fieldref|neq: b}\ncondition: selection",
        yes=[{"a": "1", "b": "2"}, {"a": "1"}],
        no=[{"a": "x", "b": "X"}],
    )
    says(
        "selection: {a|fieldref|startswith: b}\ncondition: selection",
        yes=[{"a": "abc", "b": "AB"}],
        no=[{"a": "ab", "b": "abc"}, {"a": "xab", "b": "ab"}],
    )
    says(
        "selection: {a|fieldref|endswith: b}\ncondition: selection",
        yes=[{"a": "abc", "b": "BC"}],
        no=[{"a": "abc", "b": "ab"}],
    )
    says(
        "selection: {a|fieldref|contains: b}\ncondition: selection",
        yes=[{"a": "abc", "b": "B"}],
        no=[{"a": "abc", "b": "ac"}],
    )
    says(
        "selection: {a|fieldref: [b, c]}\ncondition: selection",
        yes=[{"a": "1", "b": "1"}, {"a": "1", "c": "1", "b": "2"}],
        no=[{"a": "1", "b": "2", "c": "3"}],
    )


def test_windash() -> None:
    """STRING MODIFIERS: ``windash`` makes every dash of it what Windows takes for one."""
    says(
        "selection: {x|windash|contains: ' -exec '}\ncondition: selection",
        yes=[{"x": f"cmd {dash}EXEC y"} for dash in "-/\u2013\u2014\u2015"],
        no=[{"x": "cmd exec y"}, {"x": "cmd +exec y"}, {"x": "cmd _exec y"}],
    )
    says(
        "selection: {x|contains|windash|all: [' -a', ' /b']}\ncondition: selection",
        yes=[{"x": "cmd -a -b"}, {"x": "cmd /b \u2013a"}],
        no=[{"x": "cmd -a"}, {"x": "cmd /b"}],
    )


def test_base64() -> None:
    """ENCODING: ``base64`` encodes the value; ``base64offset`` finds it wherever it stands in what is encoded."""
    says(
        "selection: {x|base64|contains: 'net user'}\ncondition: selection",
        yes=[{"x": f"powershell -e {b64encode(b'net user').decode()}"}],
        no=[{"x": "net user"}, {"x": b64encode(b"net group").decode()}],
    )
    says(
        "selection: {x|base64offset|contains: 'net user'}\ncondition: selection",
        yes=[
            {"x": b64encode(before + b"net user" + behind).decode()}
            for before in (b"", b"a", b"ab", b"abc")
            for behind in (b"", b"x", b"xy", b"xyz")
        ],
        no=[{"x": b64encode(b"net group").decode()}, {"x": "net user"}],
    )


@pytest.mark.parametrize(
    ("modifier", "codec", "mark"),
    [
        ("wide", "utf-16-le", b""),
        ("utf16le", "utf-16-le", b""),
        ("utf16be", "utf-16-be", b""),
        ("utf16", "utf-16-le", b"\xff\xfe"),
    ],
)
def test_wide(modifier: str, codec: str, mark: bytes) -> None:
    """ENCODING: ``utf16le`` (also called ``wide``), ``utf16be``, and ``utf16`` with its byte order mark."""
    says(
        f"selection: {{x|{modifier}|base64offset|contains: 'cmd.exe'}}\ncondition: selection",
        yes=[
            {"x": b64encode(before + mark + "cmd.exe".encode(codec)).decode()}
            for before in (b"", b"a", b"ab")
        ],
        no=[{"x": b64encode(b"cmd.exe").decode()}, {"x": "cmd.exe"}],
    )


def test_placeholders() -> None:
    """PLACEHOLDERS: with ``expand`` a name in percent signs stands for values, which the settings give."""
    values = {"Administrators": ["root", "adm-*"], "n": ["1", "2"]}
    says(
        "selection: {x|expand: '%Administrators%'}\ncondition: selection",
        yes=[{"x": "ROOT"}, {"x": "adm-bob"}],
        no=[{"x": "%Administrators%"}, {"x": "bob"}],
        placeholders=values,
    )
    says(
        "selection: {x|expand: 'a%n%b%n%'}\ncondition: selection",
        yes=[{"x": f"a{one}b{two}"} for one in "12" for two in "12"],
        no=[{"x": "ab"}, {"x": "a1b"}, {"x": "a3b1"}],
        placeholders=values,
    )
    says(
        "selection: {x|expand|contains: '%n%'}\ncondition: selection",
        yes=[{"x": "x2x"}],
        no=[{"x": "x3x"}],
        placeholders=values,
    )
    says(
        "selection: {x|cased|expand: '%Administrators%'}\ncondition: selection",
        yes=[{"x": "root"}],
        no=[{"x": "Root"}],
        placeholders=values,
    )
    says(
        "selection: {x|expand|all: ['%n%', '1']}\ncondition: selection",
        yes=[{"x": "1"}],
        no=[{"x": "2"}],
        placeholders=values,
    )


def test_placeholders_without_expand_are_plain() -> None:
    """PLACEHOLDERS: ``field: %name%`` handles ``%name%`` as a literal value."""
    says(
        "selection: {x: '%name%'}\ncondition: selection",
        yes=[{"x": "%NAME%"}],
        no=[{"x": "root"}],
        placeholders={"name": ["root"]},
    )
    says("selection: {x|expand: '100%'}\ncondition: selection", yes=[{"x": "100%"}], no=[{"x": "100"}])


def test_placeholders_that_cannot_be_done_are_refused() -> None:
    """PLACEHOLDERS: if a tool cannot handle them, it must reject the rule; that goes for an escaped ``%``, too."""
    assert wrong(rule("selection: {x|expand: '%Servers%'}\ncondition: selection")) == [
        (3, "asks for the values of %Servers%; name them in the settings, under [rules.placeholders]")
    ]
    assert wrong(rule(r"selection: {x|expand: '\%plain%name%'}" + "\ncondition: selection")) == [
        (4, r"\% is not supported together with expand")
    ]


A, B, C, U = {"a": "1"}, {"b": "1"}, {"c": "1"}, {"u": "1"}


@pytest.mark.parametrize(
    ("condition", "yes", "no"),
    [
        ("sel_a and sel_b", [A | B], [A, B, C, {}]),
        ("sel_a or sel_b", [A, B, A | B], [C, {}]),
        ("not sel_a", [{}, B], [A, A | B]),
        ("sel_a and not sel_b", [A, A | C], [A | B, B, {}]),
        # least to most binding: or, and, not, x of, brackets
        ("sel_a or sel_b and other", [A, B | C, A | B], [B, C]),
        ("sel_a and sel_b or other", [A | B, C], [A, B]),
        ("(sel_a or sel_b) and other", [A | C, B | C], [A, B, C, A | B]),
        ("not sel_a and sel_b", [B], [A | B, {}, A]),
        ("not (sel_a and sel_b)", [A, B, {}], [A | B]),
        ("not sel_a or sel_b", [{}, B, A | B], [A]),
        ("not not sel_a", [A], [{}, B]),
        ("not 1 of sel*", [C, {}], [A, B, A | B]),
        ("((sel_a))", [A], [{}]),
        ("((sel_a or (sel_b and (other or not sel_a))))", [A, B, B | C], [C, {}]),
        ("1 of them", [A, B, C], [U, {}]),
        ("any of them", [A, B, C], [U, {}]),
        ("all of them", [A | B | C], [A | B, A | B | U, {}]),
        ("1 of sel*", [A, B], [C, U, {}]),
        ("any of sel_*", [A, B], [C, {}]),
        ("all of sel*", [A | B], [A, B, C, {}]),
        ("1 of *a", [A], [B, C]),
        ("all of s*l_*", [A | B], [A, B]),
        ("1 of sel_a", [A], [B]),
        ("1 of sel* and other", [A | C, B | C], [A | B, C]),
        ("1 of sel* and not 1 of oth*", [A, B], [A | C, C]),
        ("all of sel* or other", [A | B, C], [A, B]),
        ("_unused and sel_a", [U | A], [U, A]),
        ("1 of _un*", [U], [A]),
        ("sel_a AND sel_b", None, None),
    ],
)
def test_conditions(
    condition: str, yes: list[dict[str, str]] | None, no: list[dict[str, str]] | None
) -> None:
    """CONDITION: each of its forms; ``them`` leaves out what begins with an underscore."""
    detection = f"""
        sel_a: {{a: 1}}
        sel_b: {{b: 1}}
        other: {{c: 1}}
        _unused: {{u: 1}}
        condition: {condition}
    """
    if yes is None or no is None:
        assert wrong(rule(detection)) != []
        return
    says(detection, yes=yes, no=no)


def test_lists_of_conditions_are_any_of_them() -> None:
    """CONDITION: the condition can be a list; they are linked by or."""
    says(
        """
        sel_a: {a: 1}
        sel_b: {b: 1}
        condition:
          - sel_a and sel_b
          - sel_b and not sel_a
        """,
        yes=[A | B, B],
        no=[A, {}],
    )


def test_operators_are_words_of_their_own() -> None:
    """CONDITION: a name may begin with an operator."""
    says(
        """
        notepad: {a: 1}
        android: {b: 1}
        orders: {c: 1}
        condition: notepad and android or orders
        """,
        yes=[A | B, C],
        no=[A, B],
    )


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "sel_a and",
        "nobody",
        "1 of nobody*",
        "2 of sel*",
        "sel_a | count() > 5",
        "(sel_a",
        "sel_a sel_b",
        "near sel_a",
    ],
)
def test_conditions_that_cannot_be_done_are_refused(condition: str) -> None:
    """CONDITION: what is not in the list of its forms is a mistake at its line, never another condition."""
    mistakes = wrong(rule(f"sel_a: {{a: 1}}\nsel_b: {{b: 1}}\ncondition: '{condition}'"))
    assert [line for line, _ in mistakes] == [6]


def test_conditions_are_nested_as_deep_as_they_are_taken() -> None:
    """What is compiled can be asked; what is nested too deeply is refused when it is compiled."""
    taken = 0
    for depth in (10, 41, 320):
        text = "(sel_a and not " * depth + "sel_b" + ")" * depth
        made = compiled(rule(f"sel_a: {{a: 1}}\nsel_b: {{b: 1}}\ncondition: '{text}'"))
        for one in made.book.rules:
            taken += 1
            assert len(Detector(made.book, patterns=linear).event(event(1, fields=A | B))) == (
                depth % 2 == 0
            ), one
        assert len(made.book.rules) + len(made.mistakes) == 1
    assert taken >= 2


def test_names_with_spaces_and_letters_of_any_script() -> None:
    """A field is called what the log calls it."""
    says(
        """
        selection: {'Logon Type': 10, ユーザー名: 山田, 'a.b-c': x}
        condition: selection
        """,
        yes=[{"Logon Type": "10", "ユーザー名": "山田", "a.b-c": "X"}],
        no=[{"LogonType": "10", "ユーザー名": "山田", "a.b-c": "x"}],
    )


@pytest.mark.parametrize(
    ("written", "modifier"),
    [
        ("x|contains: 5", "contains"),
        ("x|cidr: 10.0.0.1/8", "cidr"),
        ("x|cidr: nonsense", "cidr"),
        ("x|lt: abc", "lt"),
        ("x|exists: maybe", "exists"),
        ("x|re|contains|re: a", "re"),
        ("x|cased|re: a", "re"),
        ("x|gte|hour: 5", "hour"),
        ("x|base64: 'a*'", "base64"),
        ("x|fieldref: 'a*'", "fieldref"),
        ("x|cased|windash: ' -a'", "windash"),
        ("x|cased|fieldref: y", "fieldref"),
        ("x|wide|base64: é", "wide"),
        ("x|hour: noon", "hour"),
        ("x: 18446744073709551615", "too large to be kept exactly"),
    ],
)
def test_modifiers_that_do_not_fit_are_refused(written: str, modifier: str) -> None:
    """VALUE MODIFIERS: one that does not fit its value, or the one before it, is a mistake at its line."""
    mistakes = wrong(rule(f"selection:\n  y: 1\n  {written}\ncondition: selection"))
    assert [line for line, _ in mistakes] == [6], modifier
