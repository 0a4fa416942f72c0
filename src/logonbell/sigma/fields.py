"""Events and logons as rules see them: their fields by the names of Sigma's taxonomy, and by our own for logons."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo

from logonbell.address import address_of
from logonbell.event import Event
from logonbell.logon import Logon
from logonbell.sigma.evaluate import Fields
from logonbell.week import within

PRODUCT, CATEGORY = "logonbell", "logon"
"""The log source of rules over recognised logons."""
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

LOGON_FIELDS = {
    "Door": "by which door: `rdp`, `ssm-shell`, …",
    "User": "the name of the account, without its domain",
    "Domain": "its domain, or the machine's name",
    "Sid": "its security identifier",
    "Rid": "the last number of its SID: 500 is the built-in Administrator",
    "Principal": "the IAM identity behind an SSM session, as an ARN or as its name",
    "Address": "from where, as the log has it",
    "AddressClass": "`loopback`, `link-local`, `private` or `public`",
    "Workstation": "the name that the far side gave itself",
    "LogonType": "Windows' number for the kind of the logon",
    "DomainAdmin": "`true` or `false`; missing where the groups of logons are not audited",
    "Elevated": "`true` or `false`; missing where the log does not tell",
    "NewAdministrator": "`true` where the user was made an administrator within the day before, else `false`",
    "Resumed": "`true` where an existing session was taken up again, else `false`",
    "System": "`windows` or `linux`",
    "Method": "how sshd was convinced: `publickey`, `password`, …",
    "Key": "type and fingerprint of the key: `ED25519 SHA256:…`",
    "CertificateId": "whom the maker of the certificate named",
    "CertificateSerial": "the number of the certificate",
    "CertificateAuthority": "type and fingerprint of its maker's key",
    "Uid": "Linux' number of the user",
    "By": "who asked for it: the user behind `su` and `sudo`",
    "Terminal": "where they sit: `tty1`, `ttyS0`, `pts/0`",
    "SsmSession": "the id of the SSM session",
    "SsmDocument": "the document it was opened with",
    "SsmPort": "where its tunnel leads",
    "SsmObserved": "`true` where the SSM sessions of the host were known at that moment, else `false`",
    "Host": "the machine, as the log names it",
    "Time": "the time of the logon, ISO 8601 in UTC; its parts by the modifiers `hour`, `day`, …",
    "Hour": "its hour, 0 to 23, in the time zone of the settings",
    "Weekday": "its day, `mon` to `sun`, in the time zone of the settings",
    "OutOfHours": "`true` or `false`; missing unless `[rules.hours]` is set",
    "FirstOfUser": "`true` for the first logon of this user on this host, else `false`; missing while it is being learnt",
    "FirstFromAddress": "`true` for the first logon from this address; missing while it is being learnt, and without an address",
    "FirstFromNetwork": "the same for its network: /24, or /64 of IPv6",
    "IdleDays": "whole days since the last logon of this user on this host; missing for the first",
    "Channel": "the channel of its main event",
    "EventID": "the id of its main event",
}
"""What a rule over logons may ask for, and what it means (docs/rules.md tells it to people)."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of work, in the wall clock of the settings: on these days (0 is Monday), from ``begins`` until ``ends``.

    Where it ends earlier than it begins, it ends on the next day.
    """

    days: frozenset[int]
    begins: time
    ends: time

    def hold(self, there: datetime) -> bool:
        """Whether a moment, given in that clock, is within them."""
        return within(there, self.days, self.begins, self.ends)


def of_event(event: Event) -> Fields:
    """Give an event's own fields, without the spaces in their names, and those of its System block as Sigma names them."""
    return {
        **event.fields,
        **{name.replace(" ", ""): value for name, value in event.fields.items() if " " in name},
        "Channel": event.channel,
        "EventID": str(event.event_id),
        "EventRecordID": str(event.record_id),
        "Computer": event.host,
        "ComputerName": event.host,
        "Provider_Name": event.provider,
        "TimeCreated_SystemTime": event.time.astimezone(UTC).isoformat(),
    }


def of_logon(logon: Logon, zone: tzinfo, hours: Hours | None = None) -> dict[str, str]:
    """Give a logon's own facts; what is known of its user from before, ``acquaintance`` adds."""
    there = logon.time.astimezone(zone)
    user, address, certificate = logon.user, logon.address, logon.certificate
    known = {
        "Door": str(logon.door),
        "User": user.name if user else None,
        "Domain": (user.domain or None) if user else None,
        "Sid": user.sid if user else None,
        "Rid": user.sid.rpartition("-")[2] if user and user.sid else None,
        "Principal": logon.principal,
        "Address": address,
        "AddressClass": _class_of(address) if address else None,
        "Workstation": logon.workstation,
        "LogonType": str(int(logon.logon_type)) if logon.logon_type is not None else None,
        "DomainAdmin": _truth(logon.domain_admin),
        "Elevated": _truth(logon.elevated),
        "NewAdministrator": _truth(logon.promotion is not None),
        "Resumed": _truth(logon.resumes is not None),
        "System": str(logon.system),
        "Method": logon.method,
        "Key": logon.key,
        "CertificateId": certificate.identity if certificate else None,
        "CertificateSerial": certificate.serial if certificate else None,
        "CertificateAuthority": certificate.ca if certificate else None,
        "Uid": str(logon.uid) if logon.uid is not None else None,
        "By": logon.by.name if logon.by else None,
        "Terminal": logon.terminal,
        "SsmSession": logon.ssm_session,
        "SsmDocument": logon.ssm_document,
        "SsmPort": logon.ssm_port,
        "SsmObserved": _truth(logon.ssm_observed),
        "Host": logon.host,
        "Time": logon.time.astimezone(UTC).isoformat(),
        "Hour": str(there.hour),
        "Weekday": WEEKDAYS[there.weekday()],
        "OutOfHours": _truth(not hours.hold(there)) if hours else None,
        "Channel": logon.main.channel,
        "EventID": str(logon.main.event_id),
    }
    return {name: value for name, value in known.items() if value is not None}


def _truth(value: bool | None) -> str | None:
    return None if value is None else str(value).lower()


def _class_of(text: str) -> str | None:
    address = address_of(text)
    if address is None:
        return None
    if address.is_loopback:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    return "private" if address.is_private else "public"
