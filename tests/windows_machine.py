"""A stand-in for Windows' own commands and its security, that refuses what Windows refuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from logonbell.programs import Answer
from logonbell.windows.audit_policy import FAILURE, SUCCESS
from logonbell.windows.machine import Windows
from logonbell.windows.scheduled_task import NOT_YET, RUNNING

PLAIN = "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1200a9;;;BU)"
"""As below %ProgramFiles%: users read and execute."""
OPEN = "O:BAG:SYD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;0x1301bf;;;BU)"
"""A folder in which users may write."""
ROOT = "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464D:PAI(A;;LC;;;AU)(A;OICIIO;SDGXGWGR;;;AU)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)"
"""As C:\\ is: users may make folders there, and write in those, but not replace another's."""

LOGON, LOGOFF, SPECIAL, MEMBERSHIP, OTHER, USERS, GROUPS, POLICY = (
    f"{{0CCE{part}-69AE-11D9-BED3-505054503030}}"
    for part in ("9215", "9216", "921B", "9249", "921C", "9235", "9237", "922F")
)
SHIPPED = {
    LOGON: SUCCESS | FAILURE,
    LOGOFF: SUCCESS,
    SPECIAL: SUCCESS,
    MEMBERSHIP: 0,
    OTHER: 0,
    USERS: SUCCESS,
    GROUPS: SUCCESS,
    POLICY: SUCCESS,
}
"""What a Windows Server audits as it is shipped."""


class FakeWindows:
    """Remembers what was set. ``encoding`` is the console's code page; ``broken`` names programs that fail."""

    def __init__(self, folder: Path, *, encoding: str = "cp932") -> None:
        self.folder = folder
        self.encoding = encoding
        self.is_elevated = True
        self.audit = dict(SHIPPED)
        self.by_policy: dict[str, int] = {}
        self.tasks: dict[str, str] = {}
        self.running: set[str] = set()
        self.starts: list[str] = []
        self.registry: dict[str, dict[str, str]] = {}
        self.sddls: dict[str, str] = {}
        self.sids: dict[str, str] = {}
        self.broken: set[str] = set()
        self.absent_channels: set[str] = set()
        self.called: list[tuple[str, ...]] = []

    def machine(self, python: str = r"C:\Program Files\logonbell\Scripts\python.exe") -> Windows:
        """Give the machine that is tried."""
        place = self.folder.parent / "Program Files" / "logonbell"
        place.mkdir(parents=True, exist_ok=True)
        return Windows(self, self, self.folder, python, (place,))

    def __call__(self, program: str, *arguments: str) -> Answer:
        """Run a command."""
        self.called.append((program, *arguments))
        if program in self.broken:
            return Answer(87, "", "パラメーターが間違っています。\r\n")
        answer: Answer = getattr(self, f"_{program}")(arguments)
        return answer

    def elevated(self) -> bool:
        """Tell it as it was set."""
        return self.is_elevated

    def system(self) -> bool:
        """Tell that an administrator tries it, not SYSTEM."""
        return False

    def sddl(self, path: Path) -> str:
        """Give what was set, else what is usual for what is there."""
        if str(path) in self.sddls and (path.exists() or not str(path).startswith(str(self.folder))):
            return self.sddls[str(path)]
        if not path.exists():
            raise FileNotFoundError(2, "not there", str(path))
        return PLAIN if "Program Files" in path.parts else ROOT

    def secure(self, path: Path, sddl: str) -> None:
        """Set it, as Windows notes it."""
        if not self.is_elevated:
            raise PermissionError(13, "access is denied", str(path))
        self.sddls[str(path)] = sddl.replace("D:P(", "D:PAI(")

    def sid_of(self, name: str) -> str | None:
        """Know the names that were given."""
        return self.sids.get(name.casefold())

    def _auditpol(self, arguments: Sequence[str]) -> Answer:
        if not self.is_elevated:
            return Answer(1314, "", "クライアントは要求された特権を保有していません。\r\n")
        if arguments[0] == "/backup":
            path = Path(arguments[1].removeprefix("/file:"))
            rows = [
                "Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,Exclusion Setting,Setting Value"
            ]
            rows += [
                f"EC2AMAZ,System,監査の項目,{guid.lower()},成功および失敗,,{self.by_policy.get(guid, bits)}"
                for guid, bits in self.audit.items()
            ]
            rows.append("EC2AMAZ,,Option:CrashOnAuditFail,,無効,,0")
            path.write_bytes("\r\n".join(rows).encode("cp932"))
            return Answer(0, "コマンドは正常に実行されました。\r\n", "")
        if arguments[0] == "/set":
            guid = arguments[1].removeprefix("/subcategory:")
            if guid not in self.audit:
                return Answer(87, "", "パラメーターが間違っています。\r\n")
            for option in arguments[2:]:
                word, _, how = option.strip("/").partition(":")
                bit = {"success": SUCCESS, "failure": FAILURE}[word]
                self.audit[guid] = self.audit[guid] | bit if how == "enable" else self.audit[guid] & ~bit
            return Answer(0, "", "")
        raise AssertionError(arguments)

    def _schtasks(self, arguments: Sequence[str]) -> Answer:
        options = dict(zip(arguments, [*arguments[1:], ""], strict=True))
        name = options["/TN"]
        if arguments[0] == "/Query":
            return self._queried(arguments, name)
        if not self.is_elevated:
            return Answer(1, "", "エラー: アクセスが拒否されました。\r\n")
        return self._changed(arguments, name, options)

    def _queried(self, arguments: Sequence[str], name: str) -> Answer:
        match arguments[0]:
            case "/Query" if name not in self.tasks:
                return Answer(1, "", "エラー: 指定されたファイルが見つかりません。\r\n")
            case "/Query" if "/XML" in arguments:
                printed = self.tasks[name].replace("\n", "\r\n")
                return Answer(0, printed.encode(self.encoding, "replace").decode(self.encoding), "")
            case _:
                result = RUNNING if name in self.running else NOT_YET
                row = f'"EC2AMAZ","{name}","N/A","準備完了","対話型/バックグラウンド","2026/03/03 9:00:00","{result}","x"'
                return Answer(0, f"{row}\r\n{row}\r\n", "")

    def _changed(self, arguments: Sequence[str], name: str, options: dict[str, str]) -> Answer:
        there = name in self.tasks
        match arguments[0]:
            case "/Create":
                if there and "/F" not in arguments:
                    return Answer(1, "", "エラー: そのタスク名は既に存在しています。\r\n")
                raw = Path(options["/XML"]).read_bytes()
                if not raw.startswith(b"\xff\xfe"):
                    return Answer(1, "", "エラー: タスク XML の形式が正しくありません。\r\n")
                # Windows leaves out what is so anyway.
                self.tasks[name] = raw.decode("utf-16").replace("    <Enabled>true</Enabled>\n", "")
                return Answer(0, "成功\r\n", "")
            case "/Run" if there:
                self.running.add(name)
                self.starts.append(name)
            case "/End" if name in self.running:
                self.running.discard(name)
            case "/Delete" if there:
                del self.tasks[name]
                self.running.discard(name)
            case _:
                return Answer(1, "", "エラー: 指定されたファイルが見つかりません。\r\n")
        return Answer(0, "成功\r\n", "")

    def _reg(self, arguments: Sequence[str]) -> Answer:
        what, key, *rest = arguments
        options = dict(zip(rest, [*rest[1:], ""], strict=True))
        if what == "query":
            value = self.registry.get(key, {}).get(options["/v"])
            if value is None:
                return Answer(1, "", "エラー: 指定されたレジストリ キーまたは値が見つかりませんでした\r\n")
            return Answer(0, f"\r\n{key}\r\n    {options['/v']}    REG_EXPAND_SZ    {value}\r\n\r\n", "")
        if not self.is_elevated:
            return Answer(1, "", "エラー: アクセスが拒否されました。\r\n")
        if what == "add":
            self.registry.setdefault(key, {})[options["/v"]] = options["/d"]
        elif self.registry.pop(key, None) is None:
            return Answer(1, "", "エラー\r\n")
        return Answer(0, "", "")

    def _wevtutil(self, arguments: Sequence[str]) -> Answer:
        what, channel, *rest = arguments
        if channel in self.absent_channels:
            return Answer(15007, "", "指定されたチャネルが見つかりませんでした。\r\n")
        if channel == "Security" and not self.is_elevated and what != "gl":
            return Answer(5, "", "アクセスが拒否されました。\r\n")
        if what == "gl":
            return Answer(0, f"name: {channel}\r\nenabled: true\r\nlogging:\r\n  maxSize: 20971520\r\n", "")
        if what == "gli":
            return Answer(
                0, "creationTime: 2026-01-01\r\nfileSize: 1052672\r\nnumberOfLogRecords: 41\r\n", ""
            )
        oldest = "/rd:false" in rest
        record, hour = (1, "00") if oldest else (41, "09")
        event = (
            "<Event><System><EventID>4624</EventID>"
            f"<TimeCreated SystemTime='2026-03-03T{hour}:00:00.1234567Z'/>"
            f"<EventRecordID>{record}</EventRecordID></System></Event>"
        )
        return Answer(0, event, "")
