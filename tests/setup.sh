#!/bin/sh
# A Chromium and a font with Chinese in it, for the browser tests: what is there is used; what is not
# is installed where this may be done; otherwise this says what to install, and fails.
set -u

has_chromium() {
    [ -n "${CHROMIUM:-}" ] && [ -x "$CHROMIUM" ] && return 0
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    [ -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" ] ||
        [ -x "/Applications/Chromium.app/Contents/MacOS/Chromium" ]
}

has_font() {
    [ "$(uname -s)" = Darwin ] && return 0 # macOS always has one
    command -v fc-list >/dev/null 2>&1 && [ -n "$(fc-list :lang=zh family)" ]
}

missing=
has_chromium || missing="chromium"
has_font || missing="$missing fontconfig fonts-noto-cjk"
[ -z "$missing" ] && exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if command -v apt-get >/dev/null 2>&1 && { [ -z "$as_root" ] || $as_root true 2>/dev/null; }; then
    echo "the browser tests need$( for package in $missing; do printf ' %s' "$package"; done ): installing"
    log=$(mktemp)
    # shellcheck disable=SC2086 # a list of packages
    { $as_root apt-get update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install --yes --no-install-recommends $missing; } >"$log" 2>&1 || tail -n 20 "$log"
    rm -f "$log"
fi

status=0
if ! has_chromium; then
    echo "the browser tests need Chromium or Chrome: install it (Debian: apt-get install chromium), or set CHROMIUM=/path/to/it" >&2
    status=1
fi
if ! has_font; then
    echo "the browser tests need fontconfig and a font with Chinese in it (Debian: apt-get install fontconfig fonts-noto-cjk)" >&2
    status=1
fi
exit $status
