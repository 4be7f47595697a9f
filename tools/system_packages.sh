#!/usr/bin/env bash
# Debian packages that the tests need: installed when missing and permitted, otherwise named in one sentence.
set -euo pipefail
declare -A need=(
  [chromium]=chromium [xmlsec1]=xmlsec1 [pdfsig]=poppler-utils [qpdf]=qpdf [softhsm2-util]=softhsm2
  [pkcs11-tool]=opensc [openssl]=openssl
)
missing=()
for command in "${!need[@]}"; do command -v "$command" >/dev/null || missing+=("${need[$command]}"); done
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
[ ${#missing[@]} -eq 0 ] && exit 0
if command -v apt-get >/dev/null; then
  if [ "$(id -u)" = 0 ]; then sudo=(); elif sudo -n true 2>/dev/null; then sudo=(sudo -n); else sudo=(none); fi
  if [ "${sudo[*]-}" != none ]; then
    echo "Installing Debian packages: ${missing[*]}"
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
    exit 0
  fi
fi
echo "The tests need these Debian packages, and this account may not install them: ${missing[*]}" >&2
exit 1
