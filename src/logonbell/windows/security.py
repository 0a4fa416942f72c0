"""Whose is a file, who may write to it, which SID has a name: asked of Windows through pywin32."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Protocol


class Security(Protocol):
    """Asks and sets. Raises ``OSError`` for a path that is not there or may not be asked about."""

    def elevated(self) -> bool:
        """Tell whether this process has an administrator's whole rights."""
        ...

    def system(self) -> bool:
        """Tell whether this process runs as SYSTEM."""
        ...

    def sddl(self, path: Path) -> str:
        """Give the owner and the access list of a file or folder, as SDDL writes them."""
        ...

    def secure(self, path: Path, sddl: str) -> None:
        """Set owner and access list; what lies below inherits it."""
        ...

    def sid_of(self, name: str) -> str | None:
        r"""Look up the SID of an account or a group (``CORP\\Admins``); None where nobody has the name."""
        ...


if sys.platform == "win32":
    import pywintypes
    import win32security as w

    _ASKED = w.OWNER_SECURITY_INFORMATION | w.DACL_SECURITY_INFORMATION

    class OwnSecurity:
        """Asks the machine that it runs on."""

        def elevated(self) -> bool:
            """Tell by the group of administrators in this process's own token; a filtered token only denies by it."""
            administrators = w.ConvertStringSidToSid("S-1-5-32-544")
            return bool(w.CheckTokenMembership(0, administrators))

        def system(self) -> bool:
            """Tell by the user of this process's own token."""
            return bool(w.CheckTokenMembership(0, w.ConvertStringSidToSid("S-1-5-18")))

        def sddl(self, path: Path) -> str:
            """Give it as text."""
            try:
                found = w.GetNamedSecurityInfo(str(path), w.SE_FILE_OBJECT, _ASKED)
                return w.ConvertSecurityDescriptorToStringSecurityDescriptor(found, w.SDDL_REVISION_1, _ASKED)
            except pywintypes.error as error:
                raise _as_os_error(error, path) from error

        def secure(self, path: Path, sddl: str) -> None:
            """Set it; an access list that is marked protected inherits nothing from above."""
            try:
                wanted = w.ConvertStringSecurityDescriptorToSecurityDescriptor(sddl, w.SDDL_REVISION_1)
                protected = "D:P" in sddl
                how = (
                    w.PROTECTED_DACL_SECURITY_INFORMATION
                    if protected
                    else w.UNPROTECTED_DACL_SECURITY_INFORMATION
                )
                w.SetNamedSecurityInfo(
                    str(path),
                    w.SE_FILE_OBJECT,
                    _ASKED | how,
                    wanted.GetSecurityDescriptorOwner(),
                    None,
                    wanted.GetSecurityDescriptorDacl(),
                    None,
                )
            except pywintypes.error as error:
                raise _as_os_error(error, path) from error

        def sid_of(self, name: str) -> str | None:
            """Ask this machine, its domain, and the domains that it trusts."""
            try:
                sid, _, _ = w.LookupAccountName(None, name)
            except pywintypes.error:
                return None
            return str(w.ConvertSidToStringSid(sid))

    def _as_os_error(error: pywintypes.error, path: Path) -> OSError:
        return OSError(0, error.strerror, str(path), error.winerror)
