"""The fields of the events that Windows writes about logons, in Windows' own order."""

from __future__ import annotations

from typing import NamedTuple

from logonbell.simulate.people import Person

YES, NO = "%%1842", "%%1843"
NO_GUID = "00000000-0000-0000-0000-000000000000"
NO_LOGON_ID = "0x0"

_PRIVILEGES = """SeSecurityPrivilege
			SeTakeOwnershipPrivilege
			SeLoadDriverPrivilege
			SeBackupPrivilege
			SeRestorePrivilege
			SeDebugPrivilege
			SeSystemEnvironmentPrivilege
			SeImpersonatePrivilege
			SeDelegateSessionUserImpersonatePrivilege""".replace("\n", "\r\n")


class Subject(NamedTuple):
    """Who asked for a logon."""

    sid: str
    name: str
    domain: str
    logon_id: str

    @property
    def fields(self) -> dict[str, str]:
        """The Subject fields."""
        return {
            "SubjectUserSid": self.sid,
            "SubjectUserName": self.name,
            "SubjectDomainName": self.domain,
            "SubjectLogonId": self.logon_id,
        }


NOBODY = Subject("S-1-0-0", "-", "-", NO_LOGON_ID)


class Process(NamedTuple):
    """What asked for a logon: a program's path and number, the logon process and the authentication package."""

    path: str
    pid: int
    logon_process: str = "Advapi  "
    package: str = "Negotiate"


NTLM = Process("-", 0, "NtLmSsp ", "NTLM")
KERBEROS = Process("-", 0, "Kerberos", "Kerberos")


class Origin(NamedTuple):
    """Where a logon came from, as the log writes it."""

    address: str = "-"
    port: str = "-"
    workstation: str = "-"


class Attempt(NamedTuple):
    """How somebody, or something, asks to come in: by which program, from where, in whose name."""

    process: Process
    origin: Origin = Origin()
    subject: Subject = NOBODY


class Token(NamedTuple):
    """What a logon gives: a logon id, the linked one of the other half, and its rights."""

    logon_id: str
    elevated: bool
    linked: str = NO_LOGON_ID
    virtual: bool = False


def account_fields(person: Person, logon_id: str) -> dict[str, str]:
    """Name who was logged on."""
    return {
        "TargetUserSid": person.sid,
        "TargetUserName": person.name,
        "TargetDomainName": person.domain,
        "TargetLogonId": logon_id,
    }


def logon_fields(
    person: Person, logon_type: int, attempt: Attempt, token: Token, logon_guid: str
) -> dict[str, str]:
    """Lay out 4624, version 2."""
    process, origin, subject = attempt
    ntlm = process.package == "NTLM"
    return {
        **subject.fields,
        **account_fields(person, token.logon_id),
        "LogonType": str(logon_type),
        "LogonProcessName": process.logon_process,
        "AuthenticationPackageName": process.package,
        "WorkstationName": origin.workstation,
        "LogonGuid": logon_guid,
        "TransmittedServices": "-",
        "LmPackageName": "NTLM V2" if ntlm else "-",
        "KeyLength": "128" if ntlm else "0",
        "ProcessId": hex(process.pid),
        "ProcessName": process.path,
        "IpAddress": origin.address,
        "IpPort": origin.port,
        "ImpersonationLevel": "%%1833",
        "RestrictedAdminMode": NO if logon_type == 10 else "-",
        "TargetOutboundUserName": "-",
        "TargetOutboundDomainName": "-",
        "VirtualAccount": YES if token.virtual else NO,
        "TargetLinkedLogonId": token.linked,
        "ElevatedToken": YES if token.elevated else NO,
    }


def failed_logon_fields(name: str, domain: str | None, logon_type: int, attempt: Attempt) -> dict[str, str]:
    """Lay out 4625: a wrong password, or an unknown name where ``domain`` is None."""
    process, origin, subject = attempt
    return {
        **subject.fields,
        "TargetUserSid": "S-1-0-0",
        "TargetUserName": name,
        "TargetDomainName": domain or "",
        "Status": "0xc000006d",
        "FailureReason": "%%2313",
        "SubStatus": "0xc0000064" if domain is None else "0xc000006a",
        "LogonType": str(logon_type),
        "LogonProcessName": process.logon_process,
        "AuthenticationPackageName": process.package,
        "WorkstationName": origin.workstation,
        "TransmittedServices": "-",
        "LmPackageName": "-",
        "KeyLength": "0",
        "ProcessId": hex(process.pid),
        "ProcessName": process.path,
        "IpAddress": origin.address,
        "IpPort": origin.port,
    }


def groups_fields(
    person: Person, logon_type: int, subject: Subject, token: Token, *, local: bool
) -> dict[str, str]:
    """Lay out 4627, which lists the groups of a token, the filtered half's too."""
    sids = [f"{person.authority}-513", "S-1-1-0", "S-1-5-32-545"]
    sids += ["S-1-5-32-544"] if person.elevated else []
    sids += ["S-1-5-113"] if local else []
    sids += ["S-1-5-114"] if local and person.elevated else []
    sids += {3: ["S-1-5-2"], 4: ["S-1-5-3"], 10: ["S-1-5-14", "S-1-5-4"]}.get(logon_type, ["S-1-5-4"])
    sids += ["S-1-5-11", "S-1-5-15"]
    sids += [f"{person.authority}-512", f"{person.authority}-572"] if person.domain_admin else []
    sids += ["S-1-5-64-10", "S-1-16-12288" if token.elevated else "S-1-16-8192"]
    return {
        **subject.fields,
        **account_fields(person, token.logon_id),
        "LogonType": str(logon_type),
        "EventIdx": "1",
        "EventCountTotal": "1",
        "GroupMembership": "".join(f"\r\n\t\t%{{{sid}}}" for sid in sids),
    }


def credentials_fields(person: Person, attempt: Attempt) -> dict[str, str]:
    """Lay out 4648: somebody's password was given by a program."""
    process, origin, subject = attempt
    return {
        **subject.fields,
        "LogonGuid": NO_GUID,
        "TargetUserName": person.name,
        "TargetDomainName": person.domain,
        "TargetLogonGuid": NO_GUID,
        "TargetServerName": "localhost",
        "TargetInfo": "localhost",
        "ProcessId": hex(process.pid),
        "ProcessName": process.path,
        "IpAddress": origin.address,
        "IpPort": origin.port,
    }


def privileges_fields(person: Person, logon_id: str) -> dict[str, str]:
    """Lay out 4672: a logon with the rights of an administrator."""
    return {
        **Subject(person.sid, person.name, person.domain, logon_id).fields,
        "PrivilegeList": _PRIVILEGES,
    }


def account_changed_fields(person: Person, subject: Subject) -> dict[str, str]:
    """Lay out 4720, 4722, 4724, 4725 and 4738, as far as they are alike."""
    return {
        "TargetUserName": person.name,
        "TargetDomainName": person.domain,
        "TargetSid": person.sid,
        **subject.fields,
    }


def administrator_made_fields(person: Person, subject: Subject) -> dict[str, str]:
    """Lay out 4732: somebody became a member of Administrators."""
    administrators = Person("Administrators", "Builtin", "S-1-5-32-544")
    return {
        "MemberName": "-",
        "MemberSid": person.sid,
        **account_changed_fields(administrators, subject),
        "PrivilegeList": "-",
    }


def audit_changed_fields(subcategory: str, changes: str, subject: Subject) -> dict[str, str]:
    """Lay out 4719: a subcategory, by the part of its GUID that differs, is audited otherwise from now on."""
    return {
        **subject.fields,
        "CategoryId": "%%8273",
        "SubcategoryId": "%%12544",
        "SubcategoryGuid": f"{{0CCE{subcategory}-69AE-11D9-BED3-505054503030}}",
        "AuditPolicyChanges": changes,
    }


def shutdown_asked_fields(host: str, user: Person) -> dict[str, str]:
    """Lay out System 1074: somebody asked for a restart, and said why."""
    return {
        "param1": f"C:\\Windows\\system32\\shutdown.exe ({host})",
        "param2": host,
        "param3": "Other (Planned)",
        "param4": "0x85000000",
        "param5": "restart",
        "param6": "monthly updates",
        "param7": user.full_name,
    }
