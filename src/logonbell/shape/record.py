"""One record's XML without whom it is about: its elements, their order and their kinds of values stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, quoteattr

from logonbell.recognise.windows import CHANNELS, LSM, PROVIDERS, RCM, SECURITY, WANTED
from logonbell.shape.pseudonyms import Pseudonyms
from logonbell.sources.rendered import as_xml

RELEVANT: Mapping[str, frozenset[int]] = MappingProxyType(
    {
        **{channel: WANTED[channel] for channel in CHANNELS},
        SECURITY: WANTED[SECURITY] | {4648, 4724, 4725, 4738},
        LSM: WANTED[LSM] | {40, 41, 42},
        RCM: WANTED[RCM] | {261},
    }
)
"""The event ids that are worth a look, by channel: those that are read, and those that stand around them."""

_BEGINS = datetime(2000, 1, 1, tzinfo=UTC)
"""So late is the first record in what is shown: times are told by their distances only."""
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,9})?(Z|[+-]00:00)?", re.ASCII)
_NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAMESPACES = re.compile(r"https?://(?:schemas|manifests)\.microsoft\.com/[A-Za-z0-9/._-]{1,100}|Event_NS")
_CODE = re.compile(
    r"-?\d{1,10}|0x[0-9A-Fa-f]{1,16}|%%\d{1,6}|true|false|-|Se[A-Za-z]{1,50}(?:Privilege|Right)",
    re.ASCII,
)
_SUBCATEGORY = re.compile(r"\{?0CCE92[0-9A-F]{2}-69AE-11D9-BED3-505054503030\}?", re.IGNORECASE)
_ACCEPTED = re.compile(
    r"(.* for (?:invalid user )?)(.*)( from )(\S+)( port )(\d{1,5})\b(.*)", re.DOTALL | re.ASCII
)
_LINE = 2_000
"""No line of sshd's is longer; what is may be made to be hard to take apart."""
_LOGON_IDS = frozenset({0, 0x3E4, 0x3E5, 0x3E7})
_PORTS = frozenset({0, 22, 3389, 5985, 5986})
_WORDS = frozenset(
    """
    Accepted Advapi Authz Chrome Connection CredPro Disconnected ECDSA ED25519 Failed IAS Kerberos NTLM Negotiat Negotiate
    NtLmSsp Other Planned Unplanned RDP-Tcp RSA Received SHA256 Schannel Server User32 V1 V2 Winlogon authenticating by
    closed disconnect for from invalid keyboard-interactive listening on password pam port preauth publickey reset restart
    seclogo shutdown ssh2 sshd subsystem user
    Console Services LOCAL
    C Amazon OpenSSH Program Files ProgramData SSM System32 SysWOW64 Users Windows WindowsPowerShell bin usr wbem x86
    amazon-ssm-agent cmd consent dllhost dwm exe dll explorer lsass mstsc powershell runas sacsess scrcons services sethc shutdown
    ssh ssh-shellhost sshd-session ssm-agent-worker ssm-document-worker ssm-session-worker svchost taskhostw tiworker
    trustedinstaller userinit winlogon wininit winrs wmiprvse wsmprovhost
    """.casefold().split()
)
"""Words of Windows and its programs: where no name can stand they are kept."""

_IN_A_LINE = {"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}

Replaced = Callable[[Pseudonyms, str], str]


def _name(kind: str) -> Replaced:
    return lambda stand, text: stand.name(text, kind)


def _word_is_known(word: str) -> bool:
    return word.casefold() in _WORDS


def _said(stand: Pseudonyms, text: str) -> str:
    """Replace in what a program says; the name in what sshd says of who was accepted is whatever its client sent."""
    found = _ACCEPTED.fullmatch(text) if len(text) <= _LINE else None
    if found is None:
        return stand.text(text, keeps=_word_is_known)
    before, name, from_, address, port, number, behind = found.groups()
    return "".join(
        (
            stand.text(before, keeps=_word_is_known),
            stand.name(name, "USER"),
            from_,
            _address(stand, address),
            port,
            _port(stand, number),
            stand.text(behind, keeps=_word_is_known),
        )
    )


def _code(stand: Pseudonyms, text: str) -> str:
    """Keep the numbers that Windows' documentation explains, and lists of them."""
    return "".join(
        piece if not piece.strip(" \t\r\n,;") or _CODE.fullmatch(piece) else _said(stand, piece)
        for piece in re.split(r"([ \t\r\n,;]+)", text)
    )


def _sids(stand: Pseudonyms, text: str) -> str:
    return stand.text(text)


def _numbered(kind: str, known: frozenset[int]) -> Replaced:
    def replaced(stand: Pseudonyms, text: str) -> str:
        if re.fullmatch(r"0[xX][0-9A-Fa-f]{1,16}|[0-9]{1,20}", text):
            return stand.number(text, kind, known=known)
        return stand.text(text)

    return replaced


def _guid(stand: Pseudonyms, text: str) -> str:
    return text if _SUBCATEGORY.fullmatch(text) else stand.text(text)


def _address(stand: Pseudonyms, text: str) -> str:
    known = stand.address(text)
    return stand.name(text, "ADDRESS") if known is None else known


def _channel(stand: Pseudonyms, text: str) -> str:
    return text if text in CHANNELS else stand.text(text)


_user, _host, _domain = _name("USER"), _name("HOST"), _name("DOMAIN")
_process, _logon_id = _numbered("process", frozenset({0, 4})), _numbered("logon", _LOGON_IDS)
_port = _numbered("port", _PORTS)
_FIELDS: Mapping[str, Replaced] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                "SubjectUserName",
                "TargetUserName",
                "TargetOutboundUserName",
                "AccountName",
                "SamAccountName",
                "MemberName",
            ),
            _user,
        ),
        **dict.fromkeys(
            ("SubjectDomainName", "TargetDomainName", "TargetOutboundDomainName", "AccountDomain"), _domain
        ),
        **dict.fromkeys(("WorkstationName", "ClientName", "TargetServerName", "TargetInfo"), _host),
        **dict.fromkeys(("User", "user"), _user),
        **dict.fromkeys(("SubjectUserSid", "TargetUserSid", "TargetSid", "MemberSid"), _sids),
        **dict.fromkeys(("GroupMembership", "SidList"), _sids),
        **dict.fromkeys(("SubjectLogonId", "TargetLogonId", "TargetLinkedLogonId", "LogonID"), _logon_id),
        **dict.fromkeys(("ProcessId", "process"), _process),
        **dict.fromkeys(("IpAddress", "ClientAddress", "Address"), _address),
        "IpPort": _port,
        **dict.fromkeys(("LogonGuid", "TargetLogonGuid", "SubcategoryGuid"), _guid),
        **dict.fromkeys(
            ("ProcessName", "payload", "SessionName", "listenerName", "resourceUri", "Reason"), _said
        ),
        **dict.fromkeys(
            (
                "LogonType",
                "LogonProcessName",
                "AuthenticationPackageName",
                "LmPackageName",
                "KeyLength",
                "Status",
                "SubStatus",
                "FailureReason",
                "ImpersonationLevel",
                "VirtualAccount",
                "ElevatedToken",
                "RestrictedAdminMode",
                "EventIdx",
                "EventCountTotal",
                "CategoryId",
                "SubcategoryId",
                "AuditPolicyChanges",
                "PrivilegeList",
                "SessionID",
                "Session",
                "OldUacValue",
                "NewUacValue",
                "UserAccountControl",
                "PrimaryGroupId",
                "Source",
            ),
            _code,
        ),
    }
)
"""How the values of known fields are replaced; whatever is not known is replaced word by word."""
_OF_EVENT: Mapping[tuple[str, int], Mapping[str, Replaced]] = MappingProxyType(
    {
        (RCM, 1149): {"Param1": _user, "Param2": _domain, "Param3": _address},
        ("System", 1074): {
            "param1": _said, "param2": _host, "param3": _code, "param4": _code, "param5": _said, "param7": _user
        },
        ("System", 104): {"Channel": _channel},
    }
)  # fmt: skip


@dataclass(slots=True)
class Shape:
    """Shows records, one after the other, each log's in its order."""

    _stand: Pseudonyms = field(default_factory=Pseudonyms)
    _earlier: timedelta | None = None
    _first: dict[str, int] = field(default_factory=dict)

    def of(self, text: str) -> str | None:
        """Show a record in one line of ASCII; None where it is none that is worth a look. Raises ``ValueError`` for no XML."""
        try:
            event = as_xml(text)
        except ET.ParseError as error:
            raise ValueError(str(error)) from error
        system = next((each for each in event if _tag(each) == "System"), None)
        told = {_tag(each): each for each in system} if system is not None else {}
        channel, number = _text(told.get("Channel")), _text(told.get("EventID")).strip()
        if not number.isascii() or not number.isdigit() or len(number) > 5:
            return None
        if int(number) not in RELEVANT.get(channel, ()):
            return None
        provider = told["Provider"].attrib.get("Name", "") if "Provider" in told else ""
        if provider not in PROVIDERS.get(channel, (provider,)):
            return None
        try:
            return "".join(self._element(event, "", channel, int(number)))
        except RecursionError as error:
            raise ValueError("its elements lie too deep in each other") from error

    def _element(self, node: ET.Element, above: str, channel: str, number: int) -> list[str]:
        namespace, tag = node.tag.rpartition("}")[0].lstrip("{"), _tag(node)
        name = tag if _NAMED.fullmatch(tag) else "element"
        given = "" if namespace == above else f" xmlns={quoteattr(self._namespace(namespace))}"
        attributes = "".join(
            f" {key if _NAMED.fullmatch(key) else 'attribute'}={quoteattr(self._attribute(tag, key, value, channel))}"
            for key, value in ((key.rpartition("}")[2], value) for key, value in node.attrib.items())
        )
        if len(node):
            inner = [part for each in node for part in self._element(each, namespace, channel, number)]
        else:
            inner = [escape(self._value(node, channel, number), _IN_A_LINE)]
        return [f"<{name}{given}{attributes}>", *inner, f"</{name}>"]

    def _namespace(self, text: str) -> str:
        return text if _NAMESPACES.fullmatch(text) else self._stand.text(text)

    def _attribute(self, tag: str, key: str, value: str, channel: str) -> str:
        stand = self._stand
        match tag, key:
            case "Provider", "Name" | "EventSourceName":
                return (
                    value if channel in PROVIDERS or value == channel.partition("/")[0] else stand.text(value)
                )
            case "Provider", "Guid":
                return value if re.fullmatch(r"\{?[0-9A-Fa-f-]{36}\}?", value) else stand.text(value)
            case "Data" | "ComplexData", "Name":
                return value if _NAMED.fullmatch(value) else stand.text(value)
            case "EventID", "Qualifiers":
                return _code(stand, value)
            case "TimeCreated", "SystemTime":
                return self._time(value)
            case "Execution", _:
                return _process(stand, value)
            case "Security", "UserID":
                return _sids(stand, value)
            case _:
                return stand.text(value)

    def _value(self, node: ET.Element, channel: str, number: int) -> str:
        tag, text = _tag(node), _text(node)
        if "\n" in text and not text.strip():
            return ""  # where it was rendered with line breaks between its elements
        if text in {"", "-"}:
            return text
        match tag:
            case "EventID" | "Version" | "Level" | "Task" | "Opcode" | "Keywords":
                return _code(self._stand, text)
            case "EventRecordID":
                return self._record_id(text, channel)
            case "Channel" if not node.attrib and text == channel:
                return text
            case "Computer":
                return self._computer(text)
            case _:
                name = node.attrib.get("Name", "") if tag == "Data" else tag
                replaced = _OF_EVENT.get((channel, number), {}).get(name) or _FIELDS.get(name)
                return replaced(self._stand, text) if replaced else _unknown(self._stand, text)

    def _computer(self, text: str) -> str:
        """Replace the host's name; what stands behind its first dot is the domain."""
        host, dot, domain = text.partition(".")
        return self._stand.name(host, "HOST") + dot + (self._stand.name(domain, "DOMAIN") if dot else "")

    def _record_id(self, text: str, channel: str) -> str:
        if not text.isascii() or not text.isdigit() or len(text) > 20:
            return self._stand.text(text)
        return str(int(text) - self._first.setdefault(channel, int(text) - 1))

    def _time(self, text: str) -> str:
        """Move a time, by whole seconds, so that the first record's is that of ``_BEGINS``."""
        found = _TIME.fullmatch(text)
        try:
            second = datetime.fromisoformat(found[1]).replace(tzinfo=UTC) if found else None
            if found is None or second is None:
                return self._stand.text(text)
            if self._earlier is None:
                self._earlier = second - _BEGINS
            return f"{second - self._earlier:%Y-%m-%dT%H:%M:%S}{found[2] or ''}{found[3] or ''}"
        except (ValueError, OverflowError):
            return self._stand.text(text)


def _unknown(stand: Pseudonyms, text: str) -> str:
    return text if re.fullmatch(r"%%[0-9]{1,6}", text) else stand.text(text)


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _text(element: ET.Element | None) -> str:
    return "" if element is None else "".join(element.itertext())
